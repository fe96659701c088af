'use strict';

// Tests ownership and garbage collection. Needs --expose-gc.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const test = require('node:test');
const { Worker } = require('node:worker_threads');
const { TIMEOUT_MS, addon, both, closed, connected, echoUrl, serve, start } = require('./node_support.js');

const support = JSON.stringify(require.resolve('./node_support.js'));

function runNode(script) {
  return spawnSync(process.execPath, ['-e', script, echoUrl, addon], { timeout: TIMEOUT_MS, encoding: 'utf8' });
}

const turn = () => new Promise(setImmediate);

/**
 * Collects garbage until `done()`. An object that `done` dereferences lives until the task ends; finalizers run in another task.
 */
async function collectUntil(done) {
  const deadline = Date.now() + TIMEOUT_MS / 2;
  while (!done()) {
    assert(Date.now() < deadline, 'the garbage was not collected');
    await turn();
    gc();
    await turn();
  }
}

/** Starts a server that can send text (`say`). Its `closeCode` is the code of the Close frame that it got. */
async function recordingServer() {
  const server = await serve((peer) => {
    peer.accept();
    peer.onframe = (opcode, payload) => {
      if (opcode === 8) server.closeCode = payload.readUInt16BE(0);
    };
    server.say = (text) => peer.frame(1, text);
  });
  return server;
}

both('an open socket without references lives until it is closed', async (host) => {
  const server = await recordingServer();
  let received = null;
  const dropped = await (async () => {
    const socket = await connected(host, server.url);
    socket.onmessage = ({ data, target }) => {
      received = data;
      target.close(1000);
    };
    return new WeakRef(socket);
  })();
  // First wait until another object of this age was collected. Only then the check shows that the socket was kept.
  const other = new WeakRef({});
  await collectUntil(() => other.deref() === undefined);
  assert.notStrictEqual(dropped.deref(), undefined);
  server.say('hello');
  await collectUntil(() => dropped.deref() === undefined);
  assert.strictEqual(received, 'hello');
});

both('an AbortSignal does not keep a socket alive', async (host) => {
  const { signal } = new AbortController();
  const dropped = await (async () => {
    const socket = await connected(host);
    const onEvent = () => socket.readyState;
    socket.addEventListener('message', onEvent, { signal });
    socket.addEventListener('close', () => {}, { signal, once: true });
    await closed(socket);
    return new WeakRef(socket);
  })();
  await collectUntil(() => dropped.deref() === undefined);
  assert.strictEqual(signal.aborted, false);
});

for (const inline of [false, true]) {
  test(`an installation that can no longer be polled is collected (${inline ? 'inline' : 'threaded'})`,
    { timeout: TIMEOUT_MS }, async () => {
      const server = await recordingServer();
      await (async () => {
        const host = start({ inline, poll: true });
        const socket = new host.WebSocket(server.url);
        while (socket.readyState !== host.WebSocket.OPEN) {
          host.poll();
          await turn();
        }
      })();
      await collectUntil(() => server.closeCode !== undefined);
      assert.strictEqual(server.closeCode, 1001);
    });
}

/** Returns the number of descriptors of this process, or 0 on systems without /proc. */
const descriptors = () => (fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0);

/** Starts a worker, and resolves when it has ended. `script` can use `host` and `server`, the URL of a server. */
async function runWorker(options, script, onMessage = () => {}) {
  const worker = new Worker(
    `const { start, connected, closed, echo, echoUrl } = require(${support});
     const { parentPort } = require('node:worker_threads');
     const host = start(${options});
     ${script}`,
    { eval: true, argv: [echoUrl, addon], stderr: true });
  worker.on('message', (message) => onMessage(message, worker));
  return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
}

const DRIVERS = { inline: '{}', threaded: '{ inline: false }', 'wake-up': '{ descriptor: false }', polled: '{ poll: true }' };
for (const [driver, options] of Object.entries(DRIVERS)) {
  const frames = driver === 'polled' ? 'setInterval(() => host.poll(), 1);' : '';

  test(`installations without sockets are collected, and their handles are closed (${driver})`, { timeout: TIMEOUT_MS }, async () => {
    const before = descriptors();
    const settings = eval(`(${options})`);
    const dropped = await (async () => {
      const list = Array.from({ length: 20 }, () => start(settings));
      if (driver !== 'polled') {
        const sockets = await Promise.all(list.map((host) => connected(host)));
        await Promise.all(sockets.map(closed));
      }
      return list.map((host) => new WeakRef(host.WebSocket));
    })();
    await collectUntil(() => dropped.every((each) => each.deref() === undefined) && descriptors() <= before);
  });

  test(`a terminated worker closes its sockets (${driver})`, { timeout: TIMEOUT_MS }, async () => {
    const server = await recordingServer();
    await runWorker(options, `${frames} connected(host, '${server.url}').then(() => parentPort.postMessage('open'));`,
      (message, worker) => worker.terminate());
    while (server.closeCode === undefined) await turn();
    assert.strictEqual(server.closeCode, 1001);
  });

  test(`a worker may end inside a handler, and during a flood (${driver})`, { timeout: TIMEOUT_MS }, async () => {
    const flood = `
      const socket = new host.WebSocket(echoUrl);
      socket.onopen = () => { for (let sent = 0; sent < 100; sent++) socket.send('ping'); };`;
    assert.strictEqual(await runWorker(options, `${frames} ${flood} socket.onmessage = () => process.exit(17);`), 17);
    assert.strictEqual(await runWorker(options, `
      ${frames} ${flood}
      let told = false;
      socket.onmessage = ({ data }) => {
        if (!told) parentPort.postMessage('now');
        told = true;
        socket.send(data);
      };`, (message, worker) => worker.terminate()), 1);
  });

  test(`the process may end inside a handler (${driver})`, () => {
    const script = `
      const { start, echoUrl } = require(${support});
      const host = start(${options});
      ${frames}
      const socket = new host.WebSocket(echoUrl);
      socket.onopen = () => process.exit(17);`;
    const { status, signal, stderr } = runNode(script);
    assert.deepStrictEqual([status, signal], [17, null], stderr);
  });
}

test('a function of a host works after its object was collected', { timeout: TIMEOUT_MS }, async () => {
  const { createHost } = require(addon);
  const before = descriptors();
  let close = await (async () => {
    const { free, ...rest } = createHost(1, true);
    void free;
    return rest.close;
  })();
  const other = new WeakRef({});
  await collectUntil(() => other.deref() === undefined);
  assert(close(1, 1000, '') < 0);
  assert(descriptors() > before || descriptors() === 0);
  close = null;
  await collectUntil(() => descriptors() <= before);
});

const WORKERS = Number(process.env.EGRET_WS_TEST_WORKERS || 20);

test(`${WORKERS} workers leave no descriptor and no memory behind`, { timeout: 30_000 + 1000 * WORKERS }, async () => {
  const round = (options) => runWorker(options, `
    connected(host).then(async (socket) => {
      await echo(socket, 'hello');
      parentPort.postMessage('done');
      if (${options.includes('inline')}) return;
      await closed(socket);
    });`, (message, worker) => options.includes('inline') && worker.terminate());
  const rounds = async (count) => {
    for (let index = 0; index < count; index++) await round(Object.values(DRIVERS)[index % 3]);
    gc();
    await turn();
  };
  await rounds(3);
  const before = { descriptors: descriptors(), rss: process.memoryUsage.rss() };
  await rounds(WORKERS);
  assert.strictEqual(descriptors(), before.descriptors);
  const grown = process.memoryUsage.rss() - before.rss;
  console.log(`RSS grew by ${Math.round(grown / 1024)} KiB`);
  assert(grown < 8 * 1024 * 1024 + 64 * 1024 * WORKERS, `RSS grew by ${grown} bytes`);
});
