'use strict';

// Ownership and garbage collection. Needs --expose-gc.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const test = require('node:test');
const { Worker } = require('node:worker_threads');
const { TIMEOUT_MS, addon, both, closed, connected, echoUrl, serve, start } = require('./node_support.js');

const support = JSON.stringify(require.resolve('./node_support.js'));

function runNode(script) {
  return spawnSync(process.execPath, ['-e', script, echoUrl, addon], { timeout: TIMEOUT_MS, encoding: 'utf8' });
}

const turn = () => new Promise(setImmediate);

/** Collects garbage until `done()`. An object that `done` derefs lives until its turn ends; finalizers run in another turn. */
async function collectUntil(done) {
  const deadline = Date.now() + TIMEOUT_MS / 2;
  while (!done()) {
    assert(Date.now() < deadline, 'the garbage was not collected');
    await turn();
    gc();
    await turn();
  }
}

/** A server that can send text (`say`), and whose `closeCode` is the code of the Close frame that it got. */
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
  // Only after an object of the same age was collected does it count that the socket was not.
  const other = new WeakRef({});
  await collectUntil(() => other.deref() === undefined);
  assert.notStrictEqual(dropped.deref(), undefined);
  server.say('hello');
  await collectUntil(() => dropped.deref() === undefined);
  assert.strictEqual(received, 'hello');
});

both('an AbortSignal does not keep a socket alive, and loses its listeners with those of the socket', async (host) => {
  const { signal } = new AbortController();
  let waiting = 0;
  const add = signal.addEventListener, remove = signal.removeEventListener;
  signal.addEventListener = (...words) => (waiting++, add.apply(signal, words));
  signal.removeEventListener = (...words) => (waiting--, remove.apply(signal, words));
  const dropped = await (async () => {
    const socket = await connected(host);
    const onEvent = () => socket.readyState;
    socket.addEventListener('message', onEvent, { signal });
    socket.addEventListener('error', onEvent, { signal });
    socket.addEventListener('close', () => {}, { signal, once: true });
    assert.strictEqual(waiting, 3);
    socket.removeEventListener('error', onEvent);
    assert.strictEqual(waiting, 2);
    await closed(socket);
    assert.strictEqual(waiting, 1);
    return new WeakRef(socket);
  })();
  await collectUntil(() => dropped.deref() === undefined);
  assert.strictEqual(signal.aborted, false);
});

for (const inline of [false, true]) {
  const driver = inline ? 'inline' : 'threaded';

  test(`an installation that nothing can poll any more is collected (${driver})`, { timeout: TIMEOUT_MS }, async () => {
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

  test(`a terminated worker closes its sockets (${driver})`, { timeout: TIMEOUT_MS }, async () => {
    const server = await recordingServer();
    const worker = new Worker(
      `const { start, connected } = require(${support});
       connected(start({ inline: ${inline} }), '${server.url}')
         .then(() => require('node:worker_threads').parentPort.postMessage('open'));`,
      { eval: true, argv: [echoUrl, addon] });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    while (server.closeCode === undefined) await turn();
    assert.strictEqual(server.closeCode, 1001);
  });

  test(`the process may end inside a handler (${driver})`, () => {
    const script = `
      const { start, echoUrl } = require(${support});
      const host = start({ inline: ${inline} });
      const socket = new host.WebSocket(echoUrl);
      socket.onopen = () => process.exit(17);`;
    const { status, signal, stderr } = runNode(script);
    assert.deepStrictEqual([status, signal], [17, null], stderr);
  });

  test(`the timer stops when the last socket has closed, so that the process ends (${driver})`, () => {
    const script = `
      const { start, echoUrl } = require(${support});
      const host = start({ inline: ${inline} });
      const socket = new host.WebSocket(echoUrl);
      socket.onopen = () => socket.close();
      socket.onclose = () => new host.WebSocket('ws://127.0.0.1:1').onclose = () => console.log('end');`;
    const { status, stdout, stderr } = runNode(script);
    assert.deepStrictEqual([status, stdout], [0, 'end\n'], stderr);
  });
}
