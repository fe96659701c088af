'use strict';

// Compiles the samples of docs/egret-games.md and docs/zh/egret-games.md with the engine's own compiler, and runs them in the
// engine with our WebSocket: egret_page.js ENGINE SOCKET_MODULE SOCKET_IO MQTT ECHO_URL ADDON. ENGINE is the `build` directory of
// egret-engine, SOCKET_MODULE is a `socket.js`, SOCKET_IO and MQTT are the directories of socket.io-client and mqtt.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const vm = require('node:vm');
const { loadEngine, nextEvent, relayToEcho } = require('./engine_host.js');
const { TIMEOUT_MS, echoUrl, serve } = require('./node_support.js');

const [engine, socketModule, socketIo, mqttDirectory] = process.argv.slice(2);
const root = path.join(__dirname, '../..');
const TEXT = 1, BINARY = 2, CLOSE = 8;
const LIMIT = 131072;

/** Returns the code blocks of a page that are in this language. */
function blocksOf(page, language) {
  const text = fs.readFileSync(path.join(root, 'docs', page), 'utf8');
  return text.split('```').filter((_, index) => index % 2 === 1).filter((block) => block.startsWith(`${language}\n`))
    .map((block) => block.slice(language.length + 1));
}

const samples = blocksOf('egret-games.md', 'ts');

/** Compiles the samples as one game, with the engine's declarations. */
function compile(sources) {
  const ts = require(path.join(engine, '../tools/lib/typescript-plus/lib/typescript.js'));
  const files = [path.join(engine, 'egret/egret.d.ts'), socketModule.replace(/js$/, 'd.ts')];
  const options = { target: ts.ScriptTarget.ES5, noImplicitAny: true, noImplicitThis: true, noImplicitReturns: true };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  const game = 'game.ts';
  host.getSourceFile = (name, ...rest) =>
    name === game ? ts.createSourceFile(game, sources.join('\n'), options.target) : read.call(host, name, ...rest);
  const program = ts.createProgram([...files, game], options, host);
  const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  assert.deepStrictEqual(problems, [], 'the samples do not compile');
  let script;
  program.emit(program.getSourceFile(game), (_, text) => { script = text; });
  return script;
}

/**
 * The timers of the samples. The time of each setTimeout is recorded, and the timer fires immediately unless `frozen`. The test
 * makes the ticks of setInterval.
 */
const timers = {
  waits: [],
  frozen: false,
  tick: null,
  setTimeout(callback, delay) {
    timers.waits.push(delay);
    if (!timers.frozen) setTimeout(callback, 0);
  },
  setInterval(callback) {
    timers.tick = callback;
    return 1;
  },
  clearInterval() {
    timers.tick = null;
  },
};

loadEngine(engine, socketModule);
globalThis.navigator ??= { language: 'zh' }; // exists since Node 21
for (const script of [path.join(socketIo, 'dist/socket.io.js'), path.join(mqttDirectory, 'dist/mqtt.js')]) {
  vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
}
const names = ['Connection', 'sendLarge', 'LargeMessages', 'Heartbeat', 'followLifecycle', 'readGbk', 'connectSocketIo',
  'inPortions', 'publishAll', 'connectMqtt'];
const game = vm.runInThisContext(`(function ({ setTimeout, setInterval, clearInterval }) {
  ${compile(samples)}
  return { ${names.join()} };
})`)(timers);

function pageTest(name, body) {
  test(name, { timeout: TIMEOUT_MS }, body);
}

/** Starts a server that calls `behaviours[n]` for the n-th connection, and the last function for all further connections. */
async function serveInTurn(...behaviours) {
  let count = 0;
  const server = await serve((peer) => {
    peer.accept();
    behaviours[Math.min(count++, behaviours.length - 1)](peer);
  });
  return Object.assign(server, { connections: () => count });
}

const closeFrame = (code, reason) => [code >> 8, code & 255, ...Buffer.from(reason)];

async function connected(url) {
  const socket = new egret.WebSocket();
  socket.connectByUrl(url);
  await nextEvent(socket, egret.Event.CONNECT);
  return socket;
}

async function closed(socket) {
  const event = nextEvent(socket, egret.Event.CLOSE);
  socket.close();
  return event;
}

test('both pages have the same code, and the test knows all of it', () => {
  for (const language of ['ts', 'json', 'console']) {
    assert.deepStrictEqual(blocksOf('zh/egret-games.md', language), blocksOf('egret-games.md', language));
  }
  const defined = samples.flatMap((sample) => [...sample.matchAll(/^(?:class|function) (\w+)/gm)].map((match) => match[1]));
  assert.deepStrictEqual(defined, names);
  for (const page of ['egret-games.md', 'zh/egret-games.md']) {
    const languages = fs.readFileSync(path.join(root, 'docs', page), 'utf8').match(/^```\w+/gm);
    assert.deepStrictEqual([...new Set(languages)].sort(), ['```console', '```json', '```ts']);
  }
});

test('the modules in the page are those of the example project', () => {
  const [block] = blocksOf('egret-games.md', 'json').map((text) => JSON.parse(text));
  const project = JSON.parse(fs.readFileSync(path.join(root, 'examples/egret_project/egretProperties.json'), 'utf8'));
  assert.deepStrictEqual(block.modules.map(({ name }) => name), project.modules.map(({ name }) => name));
  for (const { modules } of [block, project]) assert.match(modules[1].path, /\/bindings\/js\/module$/);
});

pageTest('Connection reconnects after an error and after a normal close, and stops after a kick', async () => {
  const server = await serveInTurn(
    (peer) => peer.frame(0x0f, []), // breaks the protocol
    (peer) => peer.frame(CLOSE, closeFrame(1001, 'restart')),
    (peer) => peer.frame(CLOSE, closeFrame(4001, 'another device')));
  timers.waits.length = 0;
  const reason = await new Promise((resolve) => new game.Connection(server.url, resolve));
  assert.strictEqual(reason, 'another device');
  assert.strictEqual(server.connections(), 3);
  assert.strictEqual(timers.waits.length, 2, 'there is no attempt after a kick');
});

pageTest('Connection does not reconnect after a kick or a log-out, also not at a resume', async () => {
  const server = await serveInTurn(
    (peer) => peer.frame(CLOSE, closeFrame(4001, 'another device')),
    (peer) => { peer.onframe = (opcode) => { if (opcode === CLOSE) peer.frame(CLOSE, closeFrame(1000, '')); }; });
  timers.waits.length = 0;
  const kicked = await new Promise((resolve) => { const connection = new game.Connection(server.url, () => resolve(connection)); });
  kicked.connect();
  assert.strictEqual(server.connections(), 1);
  const player = new game.Connection(server.url, assert.fail);
  await nextEvent(player.socket, egret.Event.CONNECT);
  player.logOut();
  await nextEvent(player.socket, egret.Event.CLOSE);
  player.connect();
  await connected(server.url).then(closed);
  assert.deepStrictEqual([server.connections(), timers.waits], [3, []]);
});

pageTest('Connection reconnects after a lost connection', async () => {
  const relay = await relayToEcho();
  const { socket } = new game.Connection(relay.url, () => {});
  await nextEvent(socket, egret.Event.CONNECT);
  const closed = nextEvent(socket, egret.Event.CLOSE);
  relay.cut();
  const { data } = await closed;
  assert.deepStrictEqual([data.code, data.wasClean], [1006, false]);
  await nextEvent(socket, egret.Event.CONNECT);
  socket.writeUTF('again');
  await nextEvent(socket, egret.ProgressEvent.SOCKET_DATA);
  assert.strictEqual(socket.readUTF(), 'again');
  timers.frozen = true;
  socket.close();
  await nextEvent(socket, egret.Event.CLOSE);
  timers.frozen = false;
});

pageTest('Connection waits longer after each failure', async () => {
  const server = await serveInTurn((peer) => peer.frame(CLOSE, closeFrame(4001, '')));
  timers.waits.length = 0;
  const deadUrl = 'ws://127.0.0.1:1/';
  await new Promise((resolve) => {
    const connection = new game.Connection(deadUrl, resolve);
    connection.socket.addEventListener(egret.Event.CLOSE, () => {
      if (timers.waits.length === 6) connection.url = server.url;
    }, null);
  });
  const most = [500, 1000, 2000, 4000, 8000, 15000];
  const rightWaits = timers.waits.filter((wait, index) => wait >= most[index] / 2 && wait <= most[index]);
  assert.deepStrictEqual(timers.waits, rightWaits);
  assert.strictEqual(rightWaits.length, most.length);
});

pageTest('Connection stays open after a message that is too large', async () => {
  const server = await serveInTurn((peer) => {
    peer.onframe = (opcode, payload) => {
      if (opcode === TEXT) peer.frame(CLOSE, closeFrame(4001, payload.toString()));
    };
  });
  const reason = await new Promise((resolve) => {
    const { socket } = new game.Connection(server.url, resolve);
    socket.once(egret.Event.CONNECT, () => socket.writeUTF('x'.repeat(LIMIT + 1)), null);
    socket.once(egret.IOErrorEvent.IO_ERROR, () => {
      assert.strictEqual(socket.connected, true);
      socket.writeUTF('small');
    }, null);
  });
  assert.strictEqual(reason, 'small');
  assert.strictEqual(server.connections(), 1);
});

const randomBytes = (length) => Uint8Array.from({ length }, (_, index) => (index * 2654435761) >>> 13);

function received(socket, count) {
  return new Promise((resolve) => {
    const messages = [];
    new game.LargeMessages(socket, (message) => {
      messages.push(new Uint8Array(message.buffer));
      if (messages.length === count) resolve(messages);
    });
  });
}

pageTest('sendLarge and LargeMessages carry messages of any size', async () => {
  const socket = await connected(echoUrl);
  const messages = [3, 0, 500000, LIMIT, LIMIT + 1, 64 * 1024, 0, 1].map(randomBytes);
  const arrived = received(socket, messages.length);
  for (const message of messages) game.sendLarge(socket, new egret.ByteArray(message.buffer));
  assert.deepStrictEqual(await arrived, messages);
  await closed(socket);
});

pageTest('LargeMessages joins parts that are split anywhere', async () => {
  const messages = [5, 0, 300, 70000].map(randomBytes);
  const stream = Buffer.concat(messages.flatMap((message) => [Buffer.from([0, message.length >> 16, message.length >> 8, message.length]), message]));
  const server = await serveInTurn((peer) => {
    // The game sends a message when its listener is ready.
    peer.onframe = (opcode) => {
      if (opcode !== BINARY) return;
      for (let start = 0, size = 1; start < stream.length; start += size, size = size % 100 + 700 * (start > 400) + 1) {
        peer.frame(BINARY, stream.subarray(start, start + size));
      }
    };
  });
  const socket = await connected(server.url);
  const arrived = received(socket, messages.length);
  socket.writeBytes(new egret.ByteArray(new ArrayBuffer(1)));
  assert.deepStrictEqual(await arrived, messages);
  await closed(socket);
});

pageTest('LargeMessages drops an incomplete message when the next connection begins', async () => {
  const server = await serveInTurn(
    (peer) => {
      peer.frame(BINARY, [0, 0, 0, 9, 1, 2]);
      peer.frame(CLOSE, closeFrame(1001, ''));
    },
    (peer) => peer.frame(BINARY, [0, 0, 0, 1, 7]));
  const socket = new egret.WebSocket();
  const arrived = received(socket, 1);
  socket.once(egret.Event.CLOSE, () => socket.connectByUrl(server.url), null);
  socket.connectByUrl(server.url);
  assert.deepStrictEqual(await arrived, [Uint8Array.of(7)]);
  await closed(socket);
});

pageTest('Heartbeat closes when the server is silent, and not before', async () => {
  const ANSWERED = 5;
  let pings = 0;
  const server = await serveInTurn((peer) => {
    peer.onframe = (opcode) => {
      if (opcode === TEXT && ++pings <= ANSWERED) peer.frame(TEXT, Buffer.from('pong'));
    };
  });
  const socket = new egret.WebSocket();
  new game.Heartbeat(socket, 1000, () => socket.writeUTF('ping'));
  socket.connectByUrl(server.url);
  await nextEvent(socket, egret.Event.CONNECT);
  for (let i = 0; i < ANSWERED; i++) {
    const answer = nextEvent(socket, egret.ProgressEvent.SOCKET_DATA);
    timers.tick();
    await answer;
  }
  const end = nextEvent(socket, egret.Event.CLOSE);
  let silent = 0;
  for (; timers.tick; silent++) timers.tick();
  assert.strictEqual((await end).data.wasClean, true);
  assert.deepStrictEqual([silent, pings], [4, ANSWERED + 3], 'three pings, and the fourth tick closes');
});

pageTest('Heartbeat stops at the end of a connection, and starts again on the next one', async () => {
  const server = await serveInTurn((peer) => peer.frame(CLOSE, closeFrame(1001, '')));
  const socket = new egret.WebSocket();
  new game.Heartbeat(socket, 1000, () => assert.fail('no tick'));
  for (let i = 0; i < 2; i++) {
    let isTicking;
    socket.once(egret.Event.CONNECT, () => { isTicking = timers.tick !== null; }, null);
    socket.connectByUrl(server.url);
    await nextEvent(socket, egret.Event.CLOSE);
    assert.deepStrictEqual([isTicking, timers.tick], [true, null]);
  }
});

pageTest('a resume connects immediately', async () => {
  const calls = [];
  egret.lifecycle.stage = new egret.EventDispatcher();
  for (const type of ['activate', 'deactivate']) egret.lifecycle.stage.addEventListener(type, () => calls.push(type), null);
  const server = await serveInTurn(
    (peer) => peer.frame(CLOSE, closeFrame(1001, '')),
    (peer) => peer.frame(CLOSE, closeFrame(4001, 'the second')));
  timers.frozen = true;
  const reason = await new Promise((resolve) => {
    const connection = new game.Connection(server.url, resolve);
    game.followLifecycle(connection);
    connection.socket.once(egret.Event.CLOSE, () => {
      egret_native.pauseApp();
      egret_native.resumeApp();
    }, null);
  });
  timers.frozen = false;
  assert.deepStrictEqual([reason, calls, server.connections()], ['the second', ['deactivate', 'activate'], 2]);
});

pageTest('readGbk reads the text of a server that sends GBK', async () => {
  const server = await serveInTurn((peer) => {
    peer.frame(BINARY, [0xc4, 0xe3, 0xba, 0xc3]);
    peer.frame(BINARY, [0xb0, 0xd7, 0xf0, 0xd8]);
  });
  const socket = new egret.WebSocket();
  socket.type = egret.WebSocket.TYPE_BINARY;
  const texts = [];
  socket.connectByUrl(server.url);
  await new Promise((resolve) => socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, () => {
    texts.push(game.readGbk(socket));
    if (texts.length === 2) resolve();
  }, null));
  assert.deepStrictEqual(texts, ['\u4f60\u597d', '\u767d\u9e6d']);
  await closed(socket);
});

// The codes in the table of the page.
for (const [code, reason, ...frame] of [
  [1000, 'bye', CLOSE, closeFrame(1000, 'bye')],
  [1005, '', CLOSE, []],
  [4001, '\u8e22', CLOSE, closeFrame(4001, '\u8e22')],
]) {
  pageTest(`CLOSE has the code ${code}`, async () => {
    const server = await serveInTurn((peer) => peer.frame(...frame));
    const socket = new egret.WebSocket();
    socket.connectByUrl(server.url);
    const { data } = await nextEvent(socket, egret.Event.CLOSE);
    assert.deepStrictEqual([data.code, data.reason], [code, reason]);
  });
}

for (const [name, code, words, payload] of [
  ['GBK in a text message', 1007, /UTF-8/, [0xc4, 0xe3]],
  ['a message that is too large', 1009, /too big|longer|larger/, Buffer.alloc(LIMIT + 1, 'x')],
]) {
  pageTest(`${name} ends the connection: the server gets ${code}, the game 1006 after an IO_ERROR with a message`, async () => {
    let closing;
    const server = await serveInTurn((peer) => {
      peer.frame(TEXT, payload);
      closing = new Promise((resolve) => { peer.onframe = (opcode, payload) => resolve(payload.readUInt16BE()); });
    });
    const socket = new egret.WebSocket();
    let message;
    socket.once(egret.IOErrorEvent.IO_ERROR, ({ data }) => { message = data.message; }, null);
    socket.connectByUrl(server.url);
    const { data } = await nextEvent(socket, egret.Event.CLOSE);
    assert.match(message, words);
    assert.deepStrictEqual([data.code, await closing], [1006, code]);
  });
}

pageTest('the real client of socket.io, with only the WebSocket transport', async () => {
  const targets = [];
  const server = await serve((peer) => {
    targets.push(peer.target);
    peer.accept();
    peer.frame(TEXT, Buffer.from('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}'));
    peer.onframe = (opcode, payload) => {
      if (payload.toString() === '40') peer.frame(TEXT, Buffer.from('40{"sid":"t"}'));
      if (payload.toString().startsWith('42')) peer.frame(TEXT, payload);
    };
  });
  const socket = game.connectSocketIo(server.url.replace('ws:', 'http:'));
  const words = await new Promise((resolve, reject) => {
    socket.on('connect_error', reject);
    socket.on('hello', (...words) => resolve(words));
    socket.on('connect', () => socket.emit('hello', 'Egret', 1));
  });
  assert.deepStrictEqual(words, ['Egret', 1]);
  assert.match(targets[0], /transport=websocket/);
  await new Promise((resolve) => {
    socket.on('disconnect', resolve);
    socket.disconnect();
  });
});

/** A client that joins all data of one task into one message. */
function joiningClient(socket) {
  let waiting = [];
  return (item) => {
    if (waiting.push(item) === 1) {
      queueMicrotask(() => {
        socket.writeUTF(waiting.join(''));
        waiting = [];
      });
    }
    return item.length;
  };
}

pageTest('inPortions keeps a client that joins messages below the limit', async () => {
  const socket = await connected(echoUrl);
  const items = Array.from({ length: 200 }, (_, index) => `${index},`.padEnd(1000, '.'));
  const failed = nextEvent(socket, egret.IOErrorEvent.IO_ERROR);
  const client = joiningClient(socket);
  items.forEach((item) => client(item));
  assert.strictEqual((await failed).target, socket, 'all parts together are too large');

  let text = '';
  const arrived = new Promise((resolve) => socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, () => {
    text += socket.readUTF();
    if (text.length === 200000) resolve();
  }, null));
  game.inPortions(items, client);
  await arrived;
  assert.strictEqual(text, items.join(''));
  await closed(socket);
});

// MQTT 3.1.1: a CONNECT packet begins with 0x10, and its answer with 0x20.
pageTest('the real client of MQTT joins a burst, and inPortions keeps it below the limit', async () => {
  const server = await serve((peer) => {
    peer.accept('mqtt');
    peer.onframe = (_, payload) => {
      if (payload[0] === 0x10) peer.frame(BINARY, [0x20, 2, 0, 0]);
    };
  });
  const client = game.connectMqtt(server.url);
  await new Promise((resolve, reject) => client.on('error', reject).on('connect', resolve));

  const { send } = WebSocket.prototype;
  const items = Array.from({ length: 200 }, () => 'x'.repeat(1000));
  const publish = (item) => {
    client.publish('topic', item);
    return item.length;
  };
  /** Returns the sizes of the messages of a burst. The messages are not sent. */
  const sizesOf = (burst, all = 200 * 1000) => new Promise((resolve) => {
    const sizes = [];
    WebSocket.prototype.send = (data) => {
      sizes.push(data.byteLength);
      if (sizes.reduce((sum, size) => sum + size) >= all) resolve(sizes);
    };
    burst();
  });
  try {
    const [joined] = await sizesOf(() => items.forEach(publish));
    assert.ok(joined > LIMIT, `${joined}`);
    const portions = await sizesOf(() => game.inPortions(items, publish));
    assert.ok(portions.every((size) => size < LIMIT), `${portions}`);

    // A Chinese character has three bytes. Two portions that are joined are below the limit, too.
    const chinese = Array.from({ length: 200 }, () => '\u4f60'.repeat(1000));
    const sizes = await sizesOf(() => game.publishAll(client, 'topic', chinese), 200 * 3000);
    assert.ok(sizes.length > 5 && sizes.every((size, index) => size + (sizes[index + 1] ?? 0) < LIMIT), `${sizes}`);
  } finally {
    WebSocket.prototype.send = send;
    await new Promise((resolve) => client.end(true, resolve));
  }
});
