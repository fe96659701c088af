'use strict';

// Tests wss with a certificate of a trusted authority, and with an untrusted certificate. The arguments are the files of the
// authority and of the two certificates with their keys.

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { both, closed, connected, echo, echoUrl, next, serve, start } = require('./node_support.js');

const [root, ...files] = process.argv.slice(2, 7);
const [cert, key, strangeCert, strangeKey] = files.map((path) => fs.readFileSync(path));

// This replaces the system's authorities. The library reads them when it first needs TLS.
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
  const { version, cipher, alpn, resumed, certificates } = socket.tls;
  assert.deepStrictEqual([version, cipher.startsWith('TLS_'), alpn, typeof resumed], ['1.3', true, '', 'boolean']);
  const [own] = certificates.map((der) => new crypto.X509Certificate(Buffer.from(der)));
  assert.strictEqual(own.fingerprint256, new crypto.X509Certificate(cert).fingerprint256);
  const event = await closed(socket);
  assert.deepStrictEqual([event.code, event.wasClean], [1005, true]);
});

both('a session is resumed, unless an option or a change of the network forbids it', async (host) => {
  const server = await serve((peer) => {
    peer.onframe = (opcode, payload) => opcode === 1 && peer.frame(opcode, payload);
    peer.accept();
  }, '127.0.0.1', { cert, key });
  // Returns whether the session was resumed. After the echo, the tickets of the server were also read.
  const isResumed = async ({ WebSocket }, options) => {
    const socket = new WebSocket(server.url, [], options);
    await next(socket, 'open');
    const { resumed, certificates } = socket.tls;
    assert.strictEqual(Number(resumed), socket.stats().tlsResumed);
    assert.notStrictEqual(certificates.length, 0);
    await echo(socket, 'x');
    await closed(socket);
    return resumed;
  };
  assert.deepStrictEqual([await isResumed(host), await isResumed(host)], [false, true]);
  assert.strictEqual(await isResumed(host, { tlsResumption: false }), false);
  host.networkChanged();
  assert.strictEqual(await isResumed(host), true);

  const forgetful = start({ inline: host.inline, forgetTlsSessions: true });
  assert.deepStrictEqual([await isResumed(forgetful), await isResumed(forgetful)], [false, true]);
  forgetful.networkChanged();
  assert.strictEqual(await isResumed(forgetful), false);
  forgetful.free();
});

both('an untrusted certificate causes an error and a close, and no exception', async (host) => {
  const requests = [];
  const server = await serve((peer) => requests.push(peer.target), '127.0.0.1', { cert: strangeCert, key: strangeKey });
  const socket = new host.WebSocket(server.url);
  const order = [];
  let message;
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  let seen;
  socket.onerror = (event) => {
    message = event.message;
    seen = socket.tls;
  };
  const event = await next(socket, 'close');
  assert.deepStrictEqual([...order, event.code, event.wasClean], ['error', 'close', 1006, false]);
  assert.match(message, /certificate/);
  assert.strictEqual(new crypto.X509Certificate(Buffer.from(seen.certificates[0])).fingerprint256,
    new crypto.X509Certificate(strangeCert).fingerprint256);
  assert.deepStrictEqual(requests, [], 'no request is sent to an untrusted server');
});

both('a server without TLS causes an error and a close', async (host) => {
  const socket = new host.WebSocket(echoUrl.replace('ws:', 'wss:'));
  const order = [];
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  await next(socket, 'close');
  assert.deepStrictEqual(order, ['error', 'close']);
});
