'use strict';

// Tests an installation in a vm context, in workers, and after free(). The last two arguments are an echo server and the addon.

const assert = require('node:assert');
const net = require('node:net');
const test = require('node:test');
const vm = require('node:vm');
const { Worker } = require('node:worker_threads');
const install = require('../../bindings/js');

const TIMEOUT_MS = 60_000;
const [echoUrl, addon] = process.argv.slice(-2);

/** Installs, and polls until `done` has settled. */
async function polling(global, body) {
  const host = install(global, { addon, poll: true });
  const timer = setInterval(() => host.poll(), 1);
  try {
    return await body(host);
  } finally {
    clearInterval(timer);
    host.free();
  }
}

const GAME = `
  function play(url) {
    return new Promise((resolve, reject) => {
      const seen = [];
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => { socket.send('text'); socket.send(new Uint8Array([1, 2, 3])); };
      socket.onerror = ({ message }) => reject(new Error(message));
      socket.onmessage = ({ data }) => {
        seen.push(data);
        if (seen.length === 2) socket.close(1000);
      };
      socket.onclose = ({ code }) => resolve({
        code,
        text: seen[0],
        isBuffer: seen[1] instanceof ArrayBuffer && seen[1].constructor === ArrayBuffer,
        bytes: String(new Uint8Array(seen[1])),
        copy: seen[1].slice(1).byteLength,
      });
    });
  }
  function errorOf(call) {
    try {
      call();
    } catch (error) {
      return [error instanceof Error, error.name];
    }
  }
`;

// The object from which the context was made, and the global object that the code inside uses.
for (const which of ['sandbox', 'global']) {
  test(`a game runs in a vm context, installed into its ${which} object`, { timeout: TIMEOUT_MS }, async () => {
    const context = vm.createContext({});
    const global = which === 'sandbox' ? context : vm.runInContext('globalThis', context);
    await polling(global, async () => {
      vm.runInContext(GAME, context);
      assert.deepStrictEqual({ ...await vm.runInContext('play', context)(echoUrl) },
        { code: 1000, text: 'text', isBuffer: true, bytes: '1,2,3', copy: 2 });
      const errors = vm.runInContext(
        `[errorOf(() => WebSocket('${echoUrl}')), errorOf(() => new WebSocket('ws://[')), errorOf(() => new WebSocket('${echoUrl}', 'a b'))]`,
        context);
      assert.deepStrictEqual(JSON.parse(JSON.stringify(errors)), [[true, 'TypeError'], [true, 'SyntaxError'], [true, 'SyntaxError']]);
      assert.strictEqual(vm.runInContext('typeof egret_native.WebSocket', context), 'function');
    });
    assert.strictEqual(Object.getPrototypeOf(globalThis).WebSocket, undefined);
  });
}

test('the body of a refusal is an object of the realm of its context', { timeout: TIMEOUT_MS }, async () => {
  const server = net.createServer((stream) => stream.once('data', () => stream.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nban')));
  await new Promise((resolve) => server.unref().listen(0, '127.0.0.1', resolve));
  const context = vm.createContext({});
  await polling(context, async () => {
    const seen = await vm.runInContext(`(url) => new Promise((resolve) => {
      new WebSocket(url).onerror = ({ status, body }) => resolve(
        [status, body instanceof ArrayBuffer, String.fromCharCode(...new Uint8Array(body))].join());
    })`, context)(`ws://127.0.0.1:${server.address().port}/`);
    assert.strictEqual(seen, '403,true,ban');
  });
  server.close();
});

test('contexts do not share anything', { timeout: TIMEOUT_MS }, async () => {
  const [a, b] = [vm.createContext({}), vm.createContext({})];
  await polling(a, () => polling(b, async () => {
    assert.notStrictEqual(a.WebSocket, b.WebSocket);
    for (const context of [a, b]) vm.runInContext(GAME, context);
    const games = await Promise.all([a, b].map((context) => vm.runInContext('play', context)(echoUrl)));
    assert.deepStrictEqual(games.map(({ isBuffer }) => isBuffer), [true, true]);
  }));
});

test('installations in one context share classes, and report to their own hosts', { timeout: TIMEOUT_MS }, async () => {
  const context = vm.createContext({});
  const global = vm.runInContext('globalThis', context);
  const reported = [];
  const installations = [context, context, global].map((object, index) => {
    const host = install(object, { addon, poll: true, reportError: (error) => reported.push([index, error]) });
    return { host, WebSocket: context.WebSocket, EventTarget: context.EventTarget, Event: context.Event };
  });
  for (const [index, { host, WebSocket, EventTarget, Event }] of installations.entries()) {
    assert.deepStrictEqual([EventTarget, Event], [installations[0].EventTarget, installations[0].Event]);
    const socket = new WebSocket(echoUrl);
    const opened = new Promise((resolve) => {
      socket.onopen = () => {
        resolve();
        throw index;
      };
    });
    const timer = setInterval(() => host.poll(), 1);
    await opened;
    clearInterval(timer);
    host.free();
  }
  assert.deepStrictEqual(reported, [[0, 0], [1, 1], [2, 2]]);
});

test('workers and the main thread have separate installations', { timeout: TIMEOUT_MS }, async () => {
  const module = JSON.stringify(require.resolve('../../bindings/js'));
  const code = `
    const install = require(${module});
    const { parentPort } = require('node:worker_threads');
    ${GAME}
    const host = install(globalThis, { addon: ${JSON.stringify(addon)}, poll: true });
    const timer = setInterval(() => host.poll(), 1);
    play(${JSON.stringify(echoUrl)}).then((result) => {
      clearInterval(timer);
      parentPort.postMessage(result);
    });`;
  const ends = [1, 2].map(() => {
    const worker = new Worker(code, { eval: true });
    const result = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const exit = new Promise((resolve) => worker.once('exit', resolve));
    return Promise.all([result, exit]);
  });
  const scope = {};
  const here = polling(scope, () => new Promise((resolve, reject) => {
    const socket = new scope.WebSocket(echoUrl);
    socket.onopen = () => socket.close(1000);
    socket.onerror = ({ message }) => reject(new Error(message));
    socket.onclose = ({ code: closeCode }) => resolve(closeCode);
  }));
  for (const [result, exitCode] of await Promise.all(ends)) {
    assert.deepStrictEqual(result, { code: 1000, text: 'text', isBuffer: true, bytes: '1,2,3', copy: 2 });
    assert.strictEqual(exitCode, 0);
  }
  assert.strictEqual(await here, 1000);
});

test('a poll after free() does nothing', { timeout: TIMEOUT_MS }, async () => {
  const scope = {};
  const host = install(scope, { addon, poll: true });
  const socket = new scope.WebSocket(echoUrl);
  const events = [];
  for (const type of ['open', 'message', 'error', 'close']) socket.addEventListener(type, () => events.push(type));
  host.free();
  assert.strictEqual(host.poll(), 0);
  assert.strictEqual(host.poll(1), 0);
  host.free();
  assert.strictEqual(host.poll(), 0);
  await new Promise(setImmediate);
  assert.deepStrictEqual(events, []);
});
