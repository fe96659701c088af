'use strict';

// Tests that the memory of large messages is returned to the system after a pause (with glibc). Needs --expose-gc.

const assert = require('node:assert');
const test = require('node:test');
const { connected, start } = require('./node_support.js');

const SIZE = 128 * 1024, COUNT = 1500, KEPT = 24 << 20;
const skip = !process.report.getReport().header.glibcVersionRuntime;

/** Sends `count` messages and receives the echoes, a few at a time. */
async function exchange(socket, count) {
  const bytes = new Uint8Array(SIZE);
  let received = 0, sent = 0;
  await new Promise((resolve) => {
    socket.onmessage = () => {
      if (++received === count) resolve();
      else if (sent++ < count) socket.send(bytes);
    };
    for (; sent < 4; sent++) socket.send(bytes);
  });
}

const rss = () => process.memoryUsage().rss;

/** Waits until V8 has freed all buffers. Another thread may free them. */
async function collect() {
  for (let round = 0; round < 4; round++) {
    gc();
    await new Promise(setImmediate);
  }
}

for (const poll of [false, true]) {
  test(`memory is returned after a pause (poll: ${poll})`, { skip, timeout: 30_000 }, async () => {
    const host = start({ inline: !poll, poll });
    const polls = poll ? setInterval(() => host.poll(), 1) : null;
    const socket = await connected(host);
    socket.binaryType = 'arraybuffer';
    await exchange(socket, COUNT);
    await collect();
    const kept = rss();
    while (rss() > kept - KEPT) await new Promise((resolve) => setTimeout(resolve, 50)); // the test fails by its time-out
    clearInterval(polls);
    host.free();
  });
}

test('free returns the memory immediately', { skip, timeout: 30_000 }, async () => {
  const host = start({ inline: true });
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  await exchange(socket, COUNT);
  await collect();
  const kept = rss();
  host.free();
  assert(rss() < kept - KEPT, `${kept - rss()} bytes were returned`);
});
