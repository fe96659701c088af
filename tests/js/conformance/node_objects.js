'use strict';

// node --expose-gc node_objects.js URL ADDON: tests that Node can print the objects, and that a signal does not keep them alive.

const assert = require('node:assert');
const { Writable } = require('node:stream');
const test = require('node:test');
const util = require('node:util');

const [url, addon] = process.argv.slice(-2);
require('../../../bindings/js/node')(globalThis, { addon });

const TIMEOUT_MS = 60_000;

function next(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/** Returns sockets in each state, and events of each type: real ones, and ones that a game has made. */
async function collectObjects() {
  const open = new WebSocket(`${url}/send?text=x`);
  const events = [await next(open, 'open'), await next(open, 'message')];
  const failed = new WebSocket(`${url}/status?code=403`);
  events.push(await next(failed, 'error'), await next(failed, 'close'));
  const closing = new WebSocket(`${url}/silent`);
  closing.close();
  class Game extends WebSocket {}
  const objects = {
    'a connecting WebSocket': [new WebSocket(`${url}/silent`), 'WebSocket'],
    'an open WebSocket': [open, 'WebSocket'],
    'a closing WebSocket': [closing, 'WebSocket'],
    'a closed WebSocket': [failed, 'WebSocket'],
    'a WebSocket of a class of the game': [new Game(`${url}/silent`), 'Game'],
    'a new Event': [new Event('x'), 'Event'],
    'a new MessageEvent': [new MessageEvent('x', { data: open }), 'MessageEvent'],
    'a new CloseEvent': [new CloseEvent('x', { code: 4000, reason: 'bye' }), 'CloseEvent'],
  };
  for (const event of events) objects[`a real ${event.type} event`] = [event, event.constructor.name];
  open.addEventListener('x', (event) => { objects['an event that is dispatched'] = [event, 'Event']; });
  open.dispatchEvent(new Event('x'));
  return { objects, sockets: Object.values(objects).map(([object]) => object).filter((object) => object instanceof WebSocket) };
}

const PRINTERS = {
  'util.inspect': (object) => util.inspect(object),
  'util.inspect with all': (object) => util.inspect(object, { showHidden: true, getters: true, depth: 5, showProxy: true }),
  'util.inspect without depth': (object) => util.inspect(object, { depth: 0, colors: true }),
  'util.inspect inside an array': (object) => util.inspect([object], { depth: 9 }),
  'util.inspect at the greatest depth': (object) => util.inspect({ object }, { depth: 0 }),
  'util.format': (object) => util.format('%o %O %j %s', object, object, object, object),
  'console.log': (object) => {
    let text = '';
    new console.Console(new Writable({ write(chunk, encoding, done) { text += chunk; done(); } })).log(object);
    return text;
  },
};

test('Node prints each object, with the name of its class', { timeout: TIMEOUT_MS }, async () => {
  const { objects, sockets } = await collectObjects();
  try {
    checkPrinting(objects);
  } finally {
    sockets.forEach((socket) => socket.close());
  }
});

function checkPrinting(objects) {
  assert.strictEqual(Object.keys(objects).length, 13);
  for (const [kind, [object, name]] of Object.entries(objects)) {
    for (const [printer, print] of Object.entries(PRINTERS)) {
      const text = print(object);
      assert(text.includes(name), `${printer} of ${kind} has no ${name}: ${text}`);
    }
    // These functions are not made for objects of a class, but they must not throw.
    JSON.stringify(object);
    Object.assign({}, object);
    assert.deepStrictEqual(object, object);
  }
  for (const prototype of [WebSocket.prototype, CloseEvent.prototype, MessageEvent.prototype, WebSocket, CloseEvent]) {
    assert.doesNotThrow(() => util.inspect(prototype, { depth: 0 }));
  }
}

const turn = () => new Promise(setImmediate);

async function collectUntil(done) {
  const deadline = Date.now() + TIMEOUT_MS / 2;
  while (!done()) {
    assert(Date.now() < deadline, 'the garbage was not collected');
    await turn();
    gc();
    await turn();
  }
}

const LISTENERS = {
  'a listener': (socket, signal) => socket.addEventListener('message', () => socket, { signal }),
  'a listener that is called once': (socket, signal) => socket.addEventListener('close', () => socket, { signal, once: true }),
  'a capturing listener': (socket, signal) => socket.addEventListener('error', () => socket, { signal, capture: true }),
  'an object': (socket, signal) => socket.addEventListener('close', { handleEvent() {}, socket }, { signal }),
  'a listener of a type that never comes': (socket, signal) => socket.addEventListener('x', () => socket, { signal }),
  'many listeners': (socket, signal) => {
    for (let count = 0; count < 20; count++) socket.addEventListener('message', () => count, { signal });
  },
};
const ENDS = { 'is refused': '/status?code=403', 'is closed': '/send?close=1000', 'is cut': '/cut' };

for (const [kind, listen] of Object.entries(LISTENERS)) {
  for (const [how, path] of Object.entries(ENDS)) {
    test(`a signal with ${kind} does not keep a socket alive that ${how}`, { timeout: TIMEOUT_MS }, async () => {
      const controller = new AbortController();
      const socketsGone = await (async () => {
        const gone = [];
        for (let count = 0; count < 3; count++) {
          const socket = new WebSocket(url + path);
          listen(socket, controller.signal);
          gone.push(new WeakRef(socket));
          await next(socket, 'close');
        }
        return gone;
      })();
      await collectUntil(() => socketsGone.every((reference) => reference.deref() === undefined));
      controller.abort(); // keeps the signal alive until here
      assert(controller.signal.aborted);
    });
  }
}
