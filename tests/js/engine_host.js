'use strict';

// Loads the unmodified Egret engine and a socket module into this process. Their global object has our WebSocket.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const vm = require('node:vm');
const install = require('../../bindings/js/node');
const { addon, echoUrl } = require('./node_support.js');

/** ENGINE is the `build` directory of egret-engine, SOCKET_MODULE a `socket.js`. */
function loadEngine(engine, socketModule) {
  globalThis.window = globalThis;
  install(globalThis, { addon });
  for (const script of [path.join(engine, 'egret', 'egret.js'), socketModule]) {
    vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
  }
}

/** Returns a promise of the next event of this type from an egret.EventDispatcher. */
function nextEvent(dispatcher, type) {
  return new Promise((resolve) => dispatcher.once(type, resolve, null));
}

/** Starts a relay to the echo server. Returns its URL and `cut()`, which ends all its connections without a Close frame. */
async function relayToEcho() {
  const { hostname, port } = new URL(echoUrl);
  const streams = [];
  const relay = net.createServer((client) => {
    const server = net.connect(Number(port), hostname);
    for (const [from, to] of [[client, server], [server, client]]) {
      streams.push(from);
      from.on('error', () => {}).on('close', () => to.destroy()).pipe(to);
    }
  });
  relay.unref();
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${relay.address().port}/`,
    cut: () => streams.splice(0).forEach((stream) => stream.end()),
  };
}

module.exports = { loadEngine, nextEvent, relayToEcho };
