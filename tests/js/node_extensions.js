'use strict';

// Tests permessage-deflate from the view of a game: only `extensions` shows it. The server uses Node's zlib.

const assert = require('node:assert');
const zlib = require('node:zlib');
const { both, closed, connected, echo, next, serve } = require('./node_support.js');

const TEXT = 1;
const DEFLATED = 0x40;
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const FLUSH = { finishFlush: zlib.constants.Z_SYNC_FLUSH };

/** Echoes each text message. The message and the echo are compressed. */
function echoDeflated(peer, seen) {
  peer.onframe = (opcode, payload) => {
    seen.push(opcode);
    if (opcode !== (TEXT | DEFLATED)) return;
    const text = zlib.inflateRawSync(Buffer.concat([payload, TAIL]), FLUSH);
    peer.frame(opcode, zlib.deflateRawSync(text, FLUSH).subarray(0, -TAIL.length));
  };
}

both('extensions is the answer of the server, and messages are compressed', async (host) => {
  for (const agreed of [
    'permessage-deflate; client_no_context_takeover; server_no_context_takeover',
    'Permessage-Deflate;client_no_context_takeover;server_no_context_takeover;client_max_window_bits="12"',
  ]) {
    const seen = [];
    let offered;
    const server = await serve((peer) => {
      offered = peer.headers['sec-websocket-extensions'];
      echoDeflated(peer, seen);
      peer.accept('', agreed);
    });
    const socket = new host.WebSocket(server.url);
    assert.strictEqual(socket.extensions, '');
    await next(socket, 'open');
    assert.match(offered, /^permessage-deflate\b/);
    assert.strictEqual(socket.extensions, agreed);
    for (const text of ['first '.repeat(1000), 'second \u4f60\u597d '.repeat(1000)]) {
      assert.strictEqual(await echo(socket, text), text);
    }
    const event = await closed(socket);
    assert.strictEqual(event.wasClean, true);
    assert.strictEqual(socket.extensions, agreed, 'also after the end');
    assert.deepStrictEqual(seen, [TEXT | DEFLATED, TEXT | DEFLATED, 8]);
  }
});

both('without agreement of the server, extensions is empty and messages are not compressed', async (host) => {
  const seen = [];
  const server = await serve((peer) => {
    peer.onframe = (opcode, payload) => {
      seen.push(opcode);
      if (opcode === TEXT) peer.frame(TEXT, payload);
    };
    peer.accept();
  });
  const socket = await connected(host, server.url);
  assert.strictEqual(socket.extensions, '');
  const text = 'x'.repeat(125);
  assert.strictEqual(await echo(socket, text), text);
  await closed(socket);
  assert.deepStrictEqual(seen, [TEXT, 8]);
});

both('an extension that was not offered fails the connection', async (host) => {
  for (const extension of ['permessage-bzip2', 'permessage-deflate; unheard_of']) {
    const server = await serve((peer) => peer.accept('', extension));
    const socket = new host.WebSocket(server.url);
    const order = [];
    for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
    const { code } = await next(socket, 'close');
    assert.deepStrictEqual([...order, code, socket.extensions], ['error', 'close', 1006, '']);
  }
});
