'use strict';

// wss with a certificate of a trusted authority, and with an untrusted one. The arguments are the files of the authority, and of
// the two certificates with their keys.

const assert = require('node:assert');
const fs = require('node:fs');
const { both, closed, connected, echo, echoUrl, next, serve } = require('./node_support.js');

const [root, ...files] = process.argv.slice(2, 7);
const [cert, key, strangeCert, strangeKey] = files.map((path) => fs.readFileSync(path));

// Replaces the system's authorities. The library reads them when it first needs TLS.
process.env.SSL_CERT_FILE = root;
process.env.SSL_CERT_DIR = '/nowhere';

both('a server with a trusted certificate', async (host) => {
  const server = await serve((peer) => {
    peer.onframe = (opcode, payload) => opcode === 1 && peer.frame(opcode, payload);
    peer.accept();
  }, '127.0.0.1', { cert, key });
  const socket = await connected(host, server.url);
  assert.strictEqual(socket.url, server.url);
  assert.strictEqual(await echo(socket, 'in secret'), 'in secret');
  const event = await closed(socket);
  assert.deepStrictEqual([event.code, event.wasClean], [1005, true]);
});

both('an untrusted certificate causes an error and a close, and no exception', async (host) => {
  const requests = [];
  const server = await serve((peer) => requests.push(peer.target), '127.0.0.1', { cert: strangeCert, key: strangeKey });
  const socket = new host.WebSocket(server.url);
  const order = [];
  let message;
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  socket.onerror = (event) => (message = event.message);
  const event = await next(socket, 'close');
  assert.deepStrictEqual([...order, event.code, event.wasClean], ['error', 'close', 1006, false]);
  assert.match(message, /certificate/);
  assert.deepStrictEqual(requests, [], 'nothing is asked of a server that is not trusted');
});

both('a server without TLS causes an error and a close', async (host) => {
  const socket = new host.WebSocket(echoUrl.replace('ws:', 'wss:'));
  const order = [];
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  await next(socket, 'close');
  assert.deepStrictEqual(order, ['error', 'close']);
});
