'use strict';

// Tests shared, resizable and detached buffers, including the addon, which reads their memory.

const assert = require('node:assert');
const { addon, both, connected, echo, next, start } = require('./node_support.js');
const test = require('node:test');

const INVALID_ARGUMENT = -1, BAD_HANDLE = -2;

function detached(make) {
  const buffer = new ArrayBuffer(16);
  const data = make(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return data;
}

both('shared and resizable memory is refused, and nothing is sent', async (host) => {
  const socket = await connected(host);
  for (const buffer of [new SharedArrayBuffer(8), new SharedArrayBuffer(8, { maxByteLength: 16 }),
    new ArrayBuffer(8, { maxByteLength: 16 })]) {
    for (const data of [buffer, new Uint8Array(buffer), new Float64Array(buffer, 0, 1), new DataView(buffer, 2)]) {
      assert.throws(() => socket.send(data), TypeError);
    }
  }
  assert.throws(() => socket.send(Buffer.from(new SharedArrayBuffer(8))), TypeError);
  assert.strictEqual(await echo(socket, 'the first message'), 'the first message');
});

both('detached buffers and their views are sent as empty messages', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  for (const make of [(buffer) => buffer, (buffer) => new Uint16Array(buffer, 2), (buffer) => new DataView(buffer, 3, 5)]) {
    assert.strictEqual((await echo(socket, detached(make))).byteLength, 0);
  }
});

both('the memory of WebAssembly is sent, before and after it grew', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const view = new Uint8Array(memory.buffer, 100, 3);
  view.set([1, 2, 3]);
  assert.deepStrictEqual([...new Uint8Array(await echo(socket, view))], [1, 2, 3]);
  memory.grow(1);
  assert.strictEqual((await echo(socket, view)).byteLength, 0);
  assert.deepStrictEqual([...new Uint8Array(await echo(socket, new Uint8Array(memory.buffer, 100, 3)))], [1, 2, 3]);
});

// egret_ws.js passes none of these buffers to the addon; the addon also checks them.
test('the addon itself refuses shared memory, and reads no byte outside of a buffer', async () => {
  const host = require(addon).createHost(0, true);
  const refused = [new SharedArrayBuffer(8), new Uint8Array(new SharedArrayBuffer(8)), new DataView(new SharedArrayBuffer(8)),
    new Float64Array(new SharedArrayBuffer(16), 8, 1), Buffer.from(new SharedArrayBuffer(4))];
  for (const data of refused) assert.strictEqual(host.sendBinary(1, data), INVALID_ARGUMENT);

  // These buffers are accepted; the error is that no socket has this id.
  const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
  const follows = [new Uint16Array(buffer), new DataView(buffer), new Uint16Array(buffer, 4), new DataView(buffer, 4)];
  const fixed = [new Uint16Array(buffer, 8, 4), new DataView(buffer, 8, 8)];
  for (const length of [32, 16, 10, 6, 2, 0, 32]) {
    buffer.resize(length);
    for (const data of [buffer, ...follows, ...fixed]) {
      assert([BAD_HANDLE, INVALID_ARGUMENT].includes(host.sendBinary(1, data))); // Node-API does not support all of these kinds
    }
  }
  for (const make of [(buffer) => buffer, (buffer) => new Uint32Array(buffer), (buffer) => new DataView(buffer, 8)]) {
    assert.strictEqual(host.sendBinary(1, detached(make)), BAD_HANDLE);
  }
  host.free();
});

// Calls the addon's sendBinary directly, with the id of a socket of the script.
both('the addon sends the current bytes of a resizable buffer, or refuses it', async ({ inline }) => {
  const glue = require(addon);
  const { createHost } = glue;
  let native, id;
  glue.createHost = (...words) => {
    native = createHost(...words);
    const { open } = native;
    native.open = (...wordsOfOpen) => (id = open(...wordsOfOpen));
    return native;
  };
  const host = start({ inline });
  glue.createHost = createHost;
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  new Uint8Array(buffer).set([0, 1, 2, 3, 4, 5, 6, 7]);
  const views = { whole: buffer, bytes: new Uint8Array(buffer, 2), view: new DataView(buffer, 3), fixed: new Uint8Array(buffer, 4, 4) };
  for (const [length, whole, bytes, view, fixed] of [[8, 8, 6, 5, 4], [16, 16, 14, 13, 4], [6, 6, 4, 3, 0], [2, 2, 0, 0, 0]]) {
    buffer.resize(length);
    const expected = { whole, bytes, view, fixed };
    for (const name of Object.keys(views)) {
      const message = next(socket, 'message');
      const result = native.sendBinary(id, views[name]);
      // Node-API of Node 20 does not know a DataView of a resizable buffer. For a view out of bounds it reports the old length.
      if (result === INVALID_ARGUMENT && (name === 'view' || expected[name] === 0)) continue;
      assert.strictEqual(result, expected[name]);
      assert.strictEqual((await message).data.byteLength, expected[name], `${name} of ${length}`);
    }
  }
  host.free();
});
