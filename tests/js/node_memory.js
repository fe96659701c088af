'use strict';

// Ten thousand sockets, or EGRET_WS_TEST_SOCKETS, leak no memory. Needs --expose-gc, and --max-semi-space-size=1, because otherwise
// V8's young generation grows to 16 MiB and more and changes the result.

const assert = require('node:assert');
const test = require('node:test');
const { closed, connected, start } = require('./node_support.js');

const SOCKETS = Number(process.env.EGRET_WS_TEST_SOCKETS || 10_000);

/** Opens and closes `count` sockets, 50 at a time. */
async function churn(host, count) {
  for (let done = 0; done < count; done += 50) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connected(host)));
    await Promise.all(sockets.map(closed));
  }
}

/** Bytes of the process, and of the objects of JavaScript. */
async function memory() {
  for (let round = 0; round < 4; round++) {
    gc();
    await new Promise(setImmediate); // finalizers run here
  }
  return { rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed };
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

    const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
    console.log(`${driver}: RSS ${kib(before.rss)} -> ${kib(after.rss)}, heap ${kib(before.heap)} -> ${kib(after.heap)}`);
    // Less than one socket needs, here or in the library, and twice the variation of the allocators.
    assert(after.rss - before.rss < 256 * SOCKETS, `RSS grew by ${kib(after.rss - before.rss)}`);
    assert(after.heap - before.heap < 64 * SOCKETS, `the heap grew by ${kib(after.heap - before.heap)}`);
  });
}
