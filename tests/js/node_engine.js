'use strict';

// Runs the unmodified Egret engine with a socket module and our WebSocket: node_engine.js ENGINE SOCKET_MODULE ECHO_URL ADDON.
// ENGINE is the `build` directory of egret-engine, SOCKET_MODULE is a `socket.js`.

const assert = require('node:assert');
const test = require('node:test');
const { loadEngine, nextEvent: next, relayToEcho } = require('./engine_host.js');
const { TIMEOUT_MS, echoUrl, serve } = require('./node_support.js');

const [engine, socketModule] = process.argv.slice(2);
const { hostname: host, port } = new URL(echoUrl);

loadEngine(engine, socketModule);

function engineTest(name, body) {
  test(name, { timeout: TIMEOUT_MS }, body);
}

async function connect() {
  const socket = new egret.WebSocket();
  socket.connect(host, Number(port));
  await next(socket, egret.Event.CONNECT);
  return socket;
}

engineTest('the sample of the documentation', async () => {
  const lines = [];
  let main;
  await new Promise((resolve) => {
    const console = {
      log(line) {
        lines.push(line);
        if (lines.length === 2) resolve();
      },
    };
    class Main {
      constructor() {
        this.socket = new egret.WebSocket();
        this.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, this.onReceiveMessage, this);
        this.socket.addEventListener(egret.Event.CONNECT, this.onSocketOpen, this);
        this.socket.connect(host, Number(port));
      }
      onSocketOpen() {
        const cmd = 'Hello Egret WebSocket';
        console.log('The connection is successful, send data: ' + cmd);
        this.socket.writeUTF(cmd);
      }
      onReceiveMessage() {
        const msg = this.socket.readUTF();
        console.log('Receive data:' + msg);
      }
    }
    main = new Main();
  });
  main.socket.close(); // the sample never closes its socket, and the timer polls as long as there is a socket
  assert.deepStrictEqual(lines, [
    'The connection is successful, send data: Hello Egret WebSocket',
    'Receive data:Hello Egret WebSocket',
  ]);
});

engineTest('text in several writing systems, and a close', async () => {
  const socket = await connect();
  for (const text of ['\u4f60\u597d', 'a'.repeat(100000), '\u{1f600}']) {
    socket.writeUTF(text);
    await next(socket, egret.ProgressEvent.SOCKET_DATA);
    assert.strictEqual(socket.readUTF(), text);
  }
  assert.strictEqual(socket.connected, true);
  socket.close();
  await next(socket, egret.Event.CLOSE);
  assert.strictEqual(socket.connected, false);
});

engineTest('ints and UTF in binary mode', async () => {
  const socket = await connect();
  socket.type = egret.WebSocket.TYPE_BINARY;
  const out = new egret.ByteArray();
  out.writeInt(-123456789);
  out.writeDouble(Math.PI);
  out.writeUTF('\u4f60\u597d');
  out.writeBoolean(true);
  socket.writeBytes(out);
  await next(socket, egret.ProgressEvent.SOCKET_DATA);
  const back = new egret.ByteArray();
  socket.readBytes(back);
  back.position = 0;
  assert.strictEqual(back.length, out.length);
  assert.deepStrictEqual([back.readInt(), back.readDouble(), back.readUTF(), back.readBoolean()],
    [-123456789, Math.PI, '\u4f60\u597d', true]);

  socket.writeBytes(out, 4, 8); // only the double
  await next(socket, egret.ProgressEvent.SOCKET_DATA);
  const part = new egret.ByteArray();
  socket.readBytes(part);
  part.position = 0;
  assert.deepStrictEqual([part.length, part.readDouble()], [8, Math.PI]);
  socket.close();
  await next(socket, egret.Event.CLOSE);
});

engineTest('a refused connection, then the same object connects inside CLOSE', async () => {
  const log = [];
  const socket = new egret.WebSocket();
  socket.addEventListener(egret.IOErrorEvent.IO_ERROR, () => log.push('ioError'), null);
  socket.once(egret.Event.CLOSE, () => {
    log.push('close');
    socket.connect(host, Number(port));
  }, null);
  socket.connect('127.0.0.1', 1);
  await next(socket, egret.Event.CONNECT);
  assert.deepStrictEqual(log, ['ioError', 'close']);
  socket.writeUTF('again');
  await next(socket, egret.ProgressEvent.SOCKET_DATA);
  assert.strictEqual(socket.readUTF(), 'again');
  socket.close();
  await next(socket, egret.Event.CLOSE);
});

engineTest('the server closes, and the same object connects to another server inside CLOSE', async () => {
  const server = await serve((peer) => {
    peer.accept();
    peer.frame(8, [0x03, 0xe8]);
  });
  const socket = new egret.WebSocket();
  socket.once(egret.Event.CLOSE, () => socket.connectByUrl(echoUrl), null);
  socket.connectByUrl(server.url);
  await next(socket, egret.Event.CONNECT);
  await next(socket, egret.Event.CONNECT);
  socket.writeUTF('elsewhere');
  await next(socket, egret.ProgressEvent.SOCKET_DATA);
  assert.strictEqual(socket.readUTF(), 'elsewhere');
  socket.close();
  await next(socket, egret.Event.CLOSE);
});

engineTest('an open connection is lost, and the same object reconnects inside CLOSE', async () => {
  const relay = await relayToEcho();
  const socket = new egret.WebSocket();
  const closed = [];
  socket.once(egret.Event.CLOSE, () => {
    closed.push(socket.connected);
    socket.connectByUrl(echoUrl);
  }, null);
  socket.connectByUrl(relay.url);
  await next(socket, egret.Event.CONNECT);
  relay.cut();
  await next(socket, egret.Event.CONNECT);
  socket.close();
  await next(socket, egret.Event.CLOSE);
  assert.deepStrictEqual(closed, [false]);
});

engineTest('connectByUrl with a query and without a slash', async () => {
  let target;
  const server = await serve((peer) => {
    target = peer.target;
    peer.accept();
  });
  const socket = new egret.WebSocket();
  socket.connectByUrl(`ws://${server.authority}?room=1`);
  await next(socket, egret.Event.CONNECT);
  assert.strictEqual(target, '/?room=1');
  socket.close();
  await next(socket, egret.Event.CLOSE);
});
