'use strict';

// Tests that ten thousand sockets (or EGRET_WS_TEST_SOCKETS) and a hundred thousand messages (or EGRET_WS_TEST_MESSAGES) leak no
// memory and no descriptor. Needs --expose-gc. Also needs --max-semi-space-size=1: otherwise V8's young generation grows to 16
// MiB and more, which changes the result.

const assert = require('node:assert');
const fs = require('node:fs');
const test = require('node:test');
const { closed, connected, start } = require('./node_support.js');

const SOCKETS = Number(process.env.EGRET_WS_TEST_SOCKETS || 10_000);
const MESSAGES = Number(process.env.EGRET_WS_TEST_MESSAGES || 100_000);
const WINDOW = 1000;

/** Opens and closes `count` sockets, 50 at a time. */
async function churn(host, count) {
  for (let done = 0; done < count; done += 50) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connected(host)));
    await Promise.all(sockets.map(closed));
  }
}

/** Sends `count` messages and receives the echoes, WINDOW at a time. The messages have three kinds and lengths up to 1999. */
async function exchange(socket, count) {
  const bytes = new Uint8Array(2000), text = 'x'.repeat(2000), wide = '\u4f60'.repeat(2000);
  let received = 0, sent = 0;
  const whole = new Promise((resolve) => {
    socket.onmessage = () => {
      received++;
      if (received === count) resolve();
      else if (received === sent) send();
    };
  });
  const send = () => {
    for (const end = Math.min(sent + WINDOW, count); sent < end; sent++) {
      const length = sent % 40 === 0 ? sent % 2000 : 32;
      if (sent % 3 === 0) socket.send(bytes.subarray(0, length));
      else socket.send((sent % 3 === 1 ? text : wide).slice(0, length));
    }
  };
  send();
  await whole;
}

/** Returns the bytes of the process, the bytes of JavaScript's objects, and the number of descriptors. */
async function memory() {
  for (let round = 0; round < 4; round++) {
    gc();
    await new Promise(setImmediate); // finalizers run here
  }
  const descriptors = fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0;
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed + external + arrayBuffers, descriptors };
}

function compare(name, before, after, count, rssOfEach, heapOfEach) {
  const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
  console.log(`${name}: RSS ${kib(before.rss)} -> ${kib(after.rss)}, heap ${kib(before.heap)} -> ${kib(after.heap)}`);
  assert(after.rss - before.rss < rssOfEach * count, `RSS grew by ${kib(after.rss - before.rss)}`);
  assert(after.heap - before.heap < heapOfEach * count, `the heap grew by ${kib(after.heap - before.heap)}`);
  assert.strictEqual(after.descriptors, before.descriptors);
}

for (const inline of [false, true]) {
  const driver = inline ? 'inline' : 'threaded';

  test(`${SOCKETS} sockets leak no memory (${driver})`, { timeout: 25_000 + 3 * SOCKETS }, async () => {
    const host = start({ inline });
    await churn(host, SOCKETS / 4); // after this, code and allocators have their final size
    const before = await memory();
    await churn(host, SOCKETS);
    const after = await memory();
    host.free();
    // The limit is less than one leaked object per socket would need, here or in the library, and twice the variation of the
    // allocators.
    compare(driver, before, after, SOCKETS, 256, 64);
  });

  test(`${MESSAGES} messages leak no memory (${driver})`, { timeout: 25_000 + MESSAGES / 10 }, async () => {
    const host = start({ inline });
    const socket = await connected(host);
    socket.binaryType = 'arraybuffer';
    await exchange(socket, MESSAGES / 2);
    const before = await memory();
    await exchange(socket, MESSAGES);
    const after = await memory();
    host.free();
    // The limit is less than one leaked reference, handle or event per message would need.
    compare(driver, before, after, MESSAGES, 16, 8);
  });
}
