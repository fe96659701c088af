'use strict';

// Tests the W3C WebSocket with the library and the Node-API glue, with an echo server and a scripted server.

const assert = require('node:assert');
const test = require('node:test');
const { addon, both, closed, connected, echo, echoUrl, next, serve, start } = require('./node_support.js');

const CAP = 131072;
const DEAD_URL = 'ws://127.0.0.1:1/';

function bytes(length) {
  return Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);
}

both('text is echoed unchanged', async (host) => {
  const socket = await connected(host);
  for (const text of ['hello', '', 'a\0b', '\u00e9\u4f60\u597d', '\u{1f600}', 'x'.repeat(70000)]) {
    assert.strictEqual(await echo(socket, text), text);
  }
  assert.strictEqual(await echo(socket, 'lone \ud83d surrogate'), 'lone \ufffd surrogate');
  const event = await closed(socket);
  assert.deepStrictEqual([event.code, event.reason, event.wasClean], [1000, '', true]);
});

both('every kind of buffer is sent', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  const whole = bytes(64);
  const views = [
    whole.buffer,
    whole.subarray(3, 9),
    new DataView(whole.buffer, 5, 11),
    new Uint8ClampedArray(whole.buffer, 1, 2),
    new Int16Array(whole.buffer, 2, 5),
    new Uint32Array(whole.buffer, 4, 3),
    new Float32Array(whole.buffer, 8, 2),
    new Float64Array(whole.buffer, 8, 3),
    new BigInt64Array(whole.buffer, 16, 2),
    Buffer.from('node'),
    new ArrayBuffer(0),
  ];
  for (const view of views) {
    const sent = Buffer.from(view.buffer || view, view.byteOffset || 0, view.byteLength);
    const data = await echo(socket, view);
    assert(data instanceof ArrayBuffer);
    assert.deepStrictEqual(Buffer.from(data), sent);
  }
});

both('messages of exactly 128 KiB are sent and received', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  const text = '\u4f60'.repeat((CAP - 2) / 3) + 'ab';
  assert.strictEqual(Buffer.byteLength(text), CAP);
  assert.strictEqual(await echo(socket, text), text);
  assert.deepStrictEqual(new Uint8Array(await echo(socket, bytes(CAP))), bytes(CAP));
});

both('sending more causes an error event, and the socket stays open', async (host) => {
  const socket = await connected(host);
  for (const tooMuch of ['x'.repeat(CAP + 1), '\u4f60'.repeat(CAP), 'x'.repeat(1e6), bytes(CAP + 1)]) {
    socket.send(tooMuch);
    await next(socket, 'error');
    assert.strictEqual(socket.readyState, host.WebSocket.OPEN);
    assert.strictEqual(await echo(socket, 'still here'), 'still here');
  }
});

both('receiving more ends the connection with 1009', async (host) => {
  const seen = [];
  const server = await serve((peer) => {
    peer.onframe = (opcode, payload) => seen.push(opcode, payload.readUInt16BE(0));
    peer.accept();
    peer.frame(2, bytes(CAP + 1));
  });
  const socket = new host.WebSocket(server.url);
  const order = [];
  for (const type of ['open', 'message', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  const event = await next(socket, 'close');
  assert.deepStrictEqual(order, ['open', 'error', 'close']);
  assert.strictEqual(event.wasClean, false);
  assert.deepStrictEqual(seen, [8, 1009]);
});

both('a thousand messages, text and binary mixed, are echoed in order', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  const received = [];
  const all = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      received.push(typeof data === 'string' ? data : 'binary ' + new Uint32Array(data)[0]);
      if (received.length === 1000) resolve();
    };
  });
  const sent = [];
  for (let index = 0; index < 1000; index++) {
    const binary = index % 3 === 0;
    sent.push(binary ? `binary ${index}` : `text ${index}`);
    socket.send(binary ? Uint32Array.of(index) : sent[index]);
  }
  await all;
  assert.deepStrictEqual(received, sent);
});

both('messages of two sockets are not mixed', async (host) => {
  const [one, two] = await Promise.all([connected(host), connected(host)]);
  assert.deepStrictEqual(await Promise.all([echo(one, 'one'), echo(two, 'two')]), ['one', 'two']);
  await closed(one);
  assert.strictEqual(one.readyState, host.WebSocket.CLOSED);
  assert.strictEqual(await echo(two, 'two again'), 'two again');
});

both('an exception of a handler is reported, and the other events still come', async (host) => {
  const socket = await connected(host);
  socket.onmessage = ({ data }) => {
    throw new Error(data);
  };
  await echo(socket, 'first');
  await echo(socket, 'second');
  const event = await closed(socket);
  assert.strictEqual(event.wasClean, true);
  assert.deepStrictEqual(host.reported.splice(0).map((error) => error.message), ['first', 'second']);
});

both('the server closes, with a code and a reason', async (host) => {
  const server = await serve((peer) => {
    peer.accept();
    peer.frame(1, 'last words');
    peer.frame(8, [0x0f, 0xa1, ...Buffer.from('r\u00e9ason')]);
  });
  const socket = new host.WebSocket(server.url);
  const messages = [];
  socket.onmessage = ({ data }) => messages.push(data);
  socket.onerror = () => messages.push('error');
  const event = await next(socket, 'close');
  assert.deepStrictEqual([event.code, event.reason, event.wasClean], [4001, 'r\u00e9ason', true]);
  assert.deepStrictEqual(messages, ['last words']);
});

both('close sends its code and reason', async (host) => {
  const seen = [];
  const server = await serve((peer) => {
    peer.onframe = (opcode, payload) => seen.push(opcode, payload.readUInt16BE(0), payload.subarray(2).toString());
    peer.accept();
  });
  const socket = await connected(host, server.url);
  const end = next(socket, 'close');
  socket.close(3456, 'enough \u2713');
  const event = await end;
  assert.deepStrictEqual(seen, [8, 3456, 'enough \u2713']);
  assert.deepStrictEqual([event.code, event.wasClean], [1005, true]); // the server's Close frame has no code
});

both('after a refused connection, a new socket made in the close handler connects', async (host) => {
  const order = [];
  const socket = new host.WebSocket(DEAD_URL);
  socket.onerror = () => order.push('error');
  const second = await new Promise((resolve) => {
    socket.onclose = (event) => {
      order.push('close', event.code, event.wasClean);
      resolve(new host.WebSocket(echoUrl));
    };
    assert.deepStrictEqual(order, [], 'no event is fired inside the constructor');
  });
  await next(second, 'open');
  assert.deepStrictEqual(order, ['error', 'close', 1006, false]);
  assert.strictEqual(await echo(second, 'again'), 'again');
});

both('a connect that fails immediately ends with error and close', async (host) => {
  const socket = new host.WebSocket('ws://127.0.0.1:0/');
  const order = [];
  socket.onerror = () => order.push('error');
  socket.onclose = () => order.push('close');
  assert.deepStrictEqual(order, []);
  await next(socket, 'close');
  assert.deepStrictEqual(order, ['error', 'close']);
});

both('bufferedAmount is 0 after everything was written', async (host) => {
  const socket = await connected(host);
  assert.strictEqual(socket.bufferedAmount, 0);
  socket.send(bytes(1000));
  assert.strictEqual(socket.bufferedAmount, 1000);
  await next(socket, 'message');
  assert.strictEqual(socket.bufferedAmount, 0);
});

both('a poll inside a handler is refused without other effects', async (host) => {
  const socket = await connected(host);
  socket.onmessage = () => host.poll();
  assert.strictEqual(await echo(socket, 'one'), 'one');
  assert.deepStrictEqual(host.reported.splice(0).map((error) => error.code), ['EGRET_WS_ERR_REENTRANT']);
  socket.onmessage = null;
  assert.strictEqual(await echo(socket, 'two'), 'two');
});

both('free inside a handler takes effect when the poll returns', async (host) => {
  const gone = new Promise((resolve) => {
    serve((peer) => {
      peer.accept();
      peer.onframe = (opcode, payload) => resolve([opcode, payload.readUInt16BE(0)]);
      peer.frame(1, 'now');
      peer.frame(1, 'too late');
    }).then((server) => {
      const socket = new host.WebSocket(server.url);
      socket.onmessage = () => {
        host.free();
      };
    });
  });
  assert.deepStrictEqual(await gone, [8, 1001]);
  assert.strictEqual(host.poll(), 0);
  host.free(); // the second call does nothing
});

both('with the option poll, events come only from poll', async ({ inline }) => {
  const host = start({ inline, poll: true });
  let accepted = false;
  const server = await serve((peer) => {
    peer.accept();
    accepted = true;
  });
  const socket = new host.WebSocket(server.url);
  let opened = false;
  socket.onopen = () => (opened = true);
  // The inline loop works only inside polls: it must be polled until the server has the connection.
  while (!accepted) {
    if (inline) host.poll();
    assert.strictEqual(opened, false);
    await new Promise(setImmediate);
  }
  while (!opened) assert(host.poll(1000) > 0, 'no event arrived within a second');
  host.free();
});

test('the addon refuses invalid arguments, and does not crash', () => {
  const { createHost } = require(addon);
  const host = createHost(0, false);
  const INVALID_ARGUMENT = -1;
  createHost().free();
  createHost('libuv', {}).free();
  createHost(99, 1).free();
  assert.strictEqual(host.poll.call({}), 0, 'the functions do not use `this`');
  assert.strictEqual(host.open(), INVALID_ARGUMENT);
  assert.strictEqual(host.open(DEAD_URL, 'a, b\0c', ''), INVALID_ARGUMENT);
  assert.strictEqual(host.open(DEAD_URL, ''), INVALID_ARGUMENT);
  assert.strictEqual(host.open('ws://127.0.0.1:1/\0', '', ''), INVALID_ARGUMENT);
  for (const id of [undefined, {}, NaN, -1, 0, 0.5, 12345, 2 ** 60, Infinity]) {
    assert(host.sendText(id, 'text') < 0);
    assert(host.sendBinary(id, new ArrayBuffer(1)) < 0);
    assert(host.close(id, 1000, '') < 0);
    assert.strictEqual(host.bufferedAmount(id), 0);
  }
  const other = createHost(1, true);
  const id = other.open(DEAD_URL, '', '');
  assert.strictEqual(other.sendText(id, 7), INVALID_ARGUMENT);
  assert.match(other.lastError(), /data/);
  assert.strictEqual(other.sendBinary(id, 'text'), INVALID_ARGUMENT);
  assert.strictEqual(other.sendBinary(id, {}), INVALID_ARGUMENT);
  assert.strictEqual(other.close(id, 70000, ''), -15);
  assert.match(other.lastError(), /code/);
  other.free();
  assert.strictEqual(host.normalizeUrl({}), null);
  assert.strictEqual(host.normalizeUrl('ftp://h/'), null);
  assert.match(host.lastError(), /scheme|ws/);
  for (const events of [undefined, {}, { connected() {} }]) assert.throws(() => host.listen(events, undefined), Error);
  assert.strictEqual(host.poll(0), 0);
  assert.strictEqual(host.poll('now'), 0);
  host.free();
  assert.strictEqual(host.poll(0), 0);
  assert(host.open(DEAD_URL, '', '') < 0);
});

test('install reports the mistake in its arguments', () => {
  const install = require('../../bindings/js/node');
  const mistakes = [
    [[null], /global must be an object/],
    [[5], /global must be an object/],
    [[{}, null], /options must be an object/],
    [[{}, 'addon'], /options must be an object/],
    [[{ addon }], /options are the second argument/],
    [[{}, { addon: 5 }], /addon must be a path/],
    [[{}, { addon: 'no/such/file.node' }], /there is no addon[^]*no\/such\/file\.node[^]*build\.sh/],
    [[{}, { addon, interval: 5 }], /^TypeError: there is no option interval; there are addon, poll, /],
  ];
  for (const [given, words] of mistakes) assert.throws(() => install(...given), words);
  const relative = require('node:path').relative(process.cwd(), addon);
  install({}, { addon: relative }).free();
});

test('the message about an unknown option of install lists each option of the types', () => {
  const fs = require('node:fs');
  const path = require('node:path');
  const vm = require('node:vm');
  const install = require('../../bindings/js/node');
  const members = (file, name) => {
    const text = fs.readFileSync(path.join(__dirname, '..', '..', 'bindings', 'js', file), 'utf8');
    const [, body] = text.match(new RegExp(`\\binterface ${name}\\b[^{]*\\{\\n([^]*?)\\n *\\}\\n`));
    return [...body.matchAll(/^ +(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member);
  };
  const names = [
    ...members('index.d.ts', 'InstallOptions'), ...members('types.d.ts', 'Hooks'), ...members('types.d.ts', 'WebSocketOptions'),
  ];
  for (const name of ['addon', 'poll', 'resolve', 'findProxy', 'headers']) assert(names.includes(name), name);
  for (const global of [{}, vm.createContext({})]) {
    assert.throws(() => install(global, { addon, finProxy() {} }), ({ message }) => {
      const [words, list] = message.split('; there are ');
      assert.strictEqual(words, 'there is no option finProxy (did you mean findProxy?)');
      assert.deepStrictEqual(list.split(', ').sort(), [...names].sort());
      return true;
    });
  }
});
