'use strict';

// The common part of the tests of the Node-API glue. Their last two arguments are the URL of an echo server and the path of the
// compiled addon; tests/js.rs passes both.

const assert = require('node:assert');
const crypto = require('node:crypto');
const net = require('node:net');
const test = require('node:test');
const tls = require('node:tls');
const install = require('../../bindings/js/node');

const TIMEOUT_MS = 60_000;

const [echoUrl, addon] = process.argv.slice(-2);
assert(/^ws:/.test(echoUrl), 'two arguments are missing: cargo test --test js passes them');

/** Installs into a new object, which has no EventTarget. */
function start(options = {}) {
  const global = {};
  return Object.assign(install(global, { addon, ...options }), {
    WebSocket: global.WebSocket,
    egret_native: global.egret_native,
  });
}

/** Defines two tests, with and without an I/O thread. `body` gets { WebSocket, egret_native, poll, free, reported }. */
function both(name, body) {
  for (const inline of [false, true]) {
    test(`${name} (${inline ? 'inline' : 'threaded'})`, { timeout: TIMEOUT_MS }, async () => {
      const reported = [];
      const host = start({ inline, reportError: (error) => reported.push(error) });
      Object.assign(host, { inline, reported });
      try {
        await body(host);
      } finally {
        host.free();
      }
      assert.deepStrictEqual(reported, [], 'a handler threw an unexpected exception');
    });
  }
}

/** Returns a promise of the next event of this type. */
function next(socket, type) {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

async function connected(host, url = echoUrl, protocols = []) {
  const socket = new host.WebSocket(url, protocols);
  await next(socket, 'open');
  return socket;
}

async function echo(socket, data) {
  socket.send(data);
  return (await next(socket, 'message')).data;
}

async function closed(socket) {
  const event = next(socket, 'close');
  socket.close(1000);
  return event;
}

/**
 * Starts a WebSocket server that calls `behaviour(peer)` when it has read a request. peer.target and peer.headers describe the
 * request. peer.accept(protocol, extensions) answers it. peer.frame(opcode, payload) writes a frame, peer.write(bytes) writes any
 * bytes. peer.onframe(opcode, payload) is called for each received frame. The opcode of a compressed message includes RSV1, 0x40.
 * With `secure`, a certificate and its key, the server uses TLS.
 */
async function serve(behaviour, address = '127.0.0.1', secure = null) {
  const serveStream = (stream) => {
    const peer = {
      stream,
      write: (bytes) => stream.write(bytes),
      accept(protocol, extensions) {
        const key = peer.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
        stream.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' +
            crypto.createHash('sha1').update(key).digest('base64') +
            (protocol ? `\r\nSec-WebSocket-Protocol: ${protocol}` : '') +
            (extensions ? `\r\nSec-WebSocket-Extensions: ${extensions}` : '') + '\r\n\r\n');
      },
      frame(opcode, payload) {
        stream.write(Buffer.concat([frameHead(opcode, payload.length), Buffer.from(payload)]));
      },
      onframe() {},
    };
    let unread = Buffer.alloc(0);
    stream.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      const end = unread.indexOf('\r\n\r\n');
      if (!peer.headers && end >= 0) {
        readRequest(peer, unread.subarray(0, end).toString('latin1'));
        unread = unread.subarray(end + 4);
        behaviour(peer);
      }
      for (let frame; peer.headers && (frame = readFrame(unread)); unread = unread.subarray(frame.size)) {
        peer.onframe(frame.opcode, frame.payload);
        // The server ends the TCP stream after the closing handshake.
        if (frame.opcode === 8) stream.end(frameHead(8, 0));
      }
    });
    stream.on('error', () => {}); // the client has closed the connection
  };
  const server = secure ? tls.createServer(secure, serveStream) : net.createServer(serveStream);
  server.unref(); // so the tests do not need to stop it
  await new Promise((resolve) => server.listen(0, address, resolve));
  const authority = `${address.includes(':') ? `[${address}]` : address}:${server.address().port}`;
  return { authority, url: `${secure ? 'wss' : 'ws'}://${authority}/` };
}

function readRequest(peer, head) {
  const [request, ...lines] = head.split('\r\n');
  peer.target = request.split(' ')[1];
  peer.headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
}

/** Returns the header of an unmasked frame, RFC 6455 section 5.2. */
function frameHead(opcode, length) {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  const head = Buffer.alloc(length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 65536 ? 126 : 127;
  head.writeUIntBE(length, head.length === 4 ? 2 : 4, head.length === 4 ? 2 : 6);
  return head;
}

/** Returns the masked frame at the start of `bytes`, or null if it is incomplete. Supports only short frames (below 126 bytes). */
function readFrame(bytes) {
  if (bytes.length < 6) return null;
  const length = bytes[1] & 0x7f;
  assert(length < 126, 'this server reads only short frames');
  if (bytes.length < 6 + length) return null;
  const mask = bytes.subarray(2, 6);
  const payload = Buffer.from(bytes.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
  return { opcode: bytes[0] & 0x4f, payload, size: 6 + length };
}

module.exports = { TIMEOUT_MS, addon, both, closed, connected, echo, echoUrl, next, serve, start };
