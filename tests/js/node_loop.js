'use strict';

// Tests Node's event loop: each event is a separate task, an idle socket needs no CPU time, and the process ends by itself.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const test = require('node:test');
const vm = require('node:vm');
const { TIMEOUT_MS, addon, connected, closed, echo, echoUrl, next, serve, start } = require('./node_support.js');
const install = require('../../bindings/js/node');

const support = JSON.stringify(require.resolve('./node_support.js'));
const glue = JSON.stringify(require.resolve('../../bindings/js/node'));

// The ways to poll. The last one calls poll() as a frame loop does.
const DRIVERS = {
  inline: {},
  threaded: { inline: false },
  'wake-up': { descriptor: false },
  polled: { poll: true, inline: true },
};

/** Defines a test for each driver. */
function each(name, body, drivers = Object.keys(DRIVERS)) {
  for (const driver of drivers) {
    test(`${name} (${driver})`, { timeout: TIMEOUT_MS }, async () => {
      const host = start(DRIVERS[driver]);
      const frames = driver === 'polled' ? setInterval(() => host.poll(), 1) : null;
      try {
        await body(host, DRIVERS[driver], driver);
      } finally {
        clearInterval(frames);
        host.free();
      }
    });
  }
}
const WITHOUT_POLL = ['inline', 'threaded', 'wake-up'];

/** Runs a program with the echo server's URL and the addon as arguments. */
function runNode(script) {
  const { status, signal, stdout, stderr } =
    spawnSync(process.execPath, ['-e', script, echoUrl, addon], { timeout: TIMEOUT_MS, encoding: 'utf8' });
  return { status, signal, stdout, stderr };
}

// Each event is a task.

each('a handler that is set after `await opened` gets the messages that came with the handshake', async (host) => {
  const server = await serve((peer) => {
    peer.accept();
    for (const text of ['one', 'two', 'three']) peer.frame(1, text);
  });
  for (let round = 0; round < 20; round++) {
    const socket = new host.WebSocket(server.url);
    await new Promise((resolve) => (socket.onopen = resolve));
    // A new handler reads each message, as `once` does.
    for (const text of ['one', 'two', 'three']) {
      assert.strictEqual((await new Promise((resolve) => (socket.onmessage = resolve))).data, text);
    }
    await closed(socket);
  }
});

each('jobs of a handler run before the next event, for each pair of events', async (host) => {
  const log = [];
  const record = (socket, name) => {
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, () => {
        log.push(`${name} ${type}`);
        process.nextTick(() => log.push('tick'));
        Promise.resolve().then(() => log.push('job')).then(() => log.push('job of the job'));
      });
    }
    return next(socket, 'close');
  };
  const server = await serve((peer) => {
    peer.accept();
    peer.frame(1, 'first');
    peer.frame(2, 'second');
    peer.frame(8, [0x03, 0xe8]);
  });
  await record(new host.WebSocket(server.url), 'good');
  await record(new host.WebSocket('ws://127.0.0.1:1/'), 'refused');
  await record(new host.WebSocket('ws://127.0.0.1:0/'), 'impossible');
  await new Promise(setImmediate);
  const expected = [];
  for (const event of ['good open', 'good message', 'good message', 'good close', 'refused error', 'refused close',
    'impossible error', 'impossible close']) {
    expected.push(event, 'tick', 'job', 'job of the job');
  }
  assert.deepStrictEqual(log, expected);
});

each('no event is delivered inside a call of the game', async (host) => {
  let inside = true;
  const socket = new host.WebSocket('ws://127.0.0.1:0/');
  const early = [];
  for (const type of ['error', 'close']) socket.addEventListener(type, () => inside && early.push(type));
  inside = false;
  await next(socket, 'close');
  assert.deepStrictEqual(early, []);
});

// Exceptions.

test('an exception of a handler is an uncaughtException, and the other events still come', () => {
  for (const options of ['{}', '{ inline: false }', '{ poll: true }']) {
    const { status, stdout, stderr } = runNode(`
      const [echoUrl, addon] = process.argv.slice(1);
      const host = require(${glue})(globalThis, { addon, ...${options} });
      const frames = setInterval(() => host.poll(), 1);
      const socket = new WebSocket(echoUrl);
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      socket.onopen = () => {
        socket.send('one');
        socket.send('two');
        throw new Error('open');
      };
      socket.onmessage = async ({ data }) => {
        if (data === 'two') socket.close();
        process.nextTick(() => { throw new Error(data); });
      };
      socket.onclose = () => clearInterval(frames);`);
    assert.deepStrictEqual([status, stdout], [0, 'uncaught open\nuncaught one\nuncaught two\n'], stderr);
  }
});

test('the jobs of an event run before the next event, also after a handler or a job throws', () => {
  for (const options of ['{}', '{ inline: false }', '{ descriptor: false }', '{ poll: true }']) {
    const { status, stdout, stderr } = runNode(`
      const [echoUrl, addon] = process.argv.slice(1);
      const host = require(${glue})(globalThis, { addon, ...${options} });
      const frames = setInterval(() => host.poll(), 1);
      const socket = new WebSocket(echoUrl);
      const texts = Array.from({ length: 100 }, (_, i) => String(i));
      const log = [];
      process.on('uncaughtException', (error) => log.push('uncaught ' + error.message));
      socket.onopen = () => texts.forEach((text) => socket.send(text));
      socket.onmessage = ({ data }) => {
        for (const job of ['first', 'second']) process.nextTick(() => { throw new Error(job); });
        process.nextTick(() => log.push('tick'));
        Promise.resolve().then(() => log.push('job of ' + data));
        if (data === texts[texts.length - 1]) socket.close();
        if (data % 2 === 0) throw new Error('handler');
      };
      socket.onclose = () => {
        clearInterval(frames);
        const expected = texts.flatMap((text) => ['uncaught first', 'uncaught second', 'tick']
          .concat(text % 2 === 0 ? ['uncaught handler'] : [], 'job of ' + text));
        require('node:assert').deepStrictEqual(log, expected);
        process.exit(7);
      };`);
    assert.strictEqual(status, 7, options + stdout + stderr);
  }
});

test('an exception of a handler ends the process, as in Node itself', () => {
  for (const global of ['globalThis', 'require("node:vm").createContext({})']) {
    const { status, stderr } = runNode(`
      const [echoUrl, addon] = process.argv.slice(1);
      const global = ${global};
      require(${glue})(global, { addon });
      new global.WebSocket(echoUrl).onopen = () => { throw new Error('lost'); };`);
    assert.strictEqual(status, 1);
    assert.match(stderr, /Error: lost/);
  }
});

// Keeping the process alive.

test('the process ends when the last socket has closed', () => {
  for (const options of ['{}', '{ inline: false }', '{ descriptor: false }']) {
    const { status, stdout, stderr } = runNode(`
      const { start, echoUrl } = require(${support});
      const host = start(${options});
      const socket = new host.WebSocket(echoUrl);
      socket.onopen = () => setTimeout(() => socket.send('alive'), 50).unref();
      socket.onmessage = () => socket.close();
      socket.onclose = () => {
        new host.WebSocket('ws://127.0.0.1:0').onclose = () => console.log('end');
      };`);
    assert.deepStrictEqual([status, stdout], [0, 'end\n'], stderr);
  }
});

test('unref lets the process end, and ref revokes it', () => {
  for (const options of ['{}', '{ inline: false }', '{ descriptor: false }']) {
    const { status, stdout, stderr } = runNode(`
      const { start, echoUrl } = require(${support});
      const host = start(${options});
      const socket = new host.WebSocket(echoUrl);
      host.unref().ref();
      socket.onopen = () => socket.send('alive');
      socket.onmessage = () => {
        console.log('open');
        host.unref();
      };
      socket.onclose = () => console.log('close');`);
    assert.deepStrictEqual([status, stdout], [0, 'open\n'], stderr);
  }
});

test('an installation without sockets, and one that was freed, let the process end', () => {
  const { status, stderr } = runNode(`
    const { start, echoUrl } = require(${support});
    for (const options of [{}, { inline: false }, { descriptor: false }, { poll: true }]) {
      start(options);
      start(options).free();
      const host = start(options);
      new host.WebSocket(echoUrl).onopen = () => host.free();
    }`);
  assert.strictEqual(status, 0, stderr);
});

// Idle sockets.

/** Returns the work of this process so far: passes of the event loop, waits of all threads that have ended, and CPU time. */
const work = () => {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches } = process.resourceUsage();
  return { passes: performance.nodeTiming.uvMetricsInfo.loopCount, waits: voluntaryContextSwitches, cpu: userCPUTime + systemCPUTime };
};

// A frame timer would cause 60 passes or waits in each second, and a thread that spins would need the whole of each second. The
// engine's own work, such as collecting garbage, ends: so there is a second without it.
test('an idle second with open sockets needs neither a timer nor a thread that spins', { timeout: TIMEOUT_MS }, async () => {
  const hosts = WITHOUT_POLL.map((driver) => start(DRIVERS[driver]));
  const sockets = [];
  for (const host of hosts) sockets.push(await connected(host), await connected(host));
  let used;
  for (let second = 0; second < 15; second++) {
    const before = work();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = work();
    used = { passes: after.passes - before.passes, waits: after.waits - before.waits, cpu: after.cpu - before.cpu };
    if (used.passes < 10 && used.waits < 50 && used.cpu < 500_000) break;
  }
  for (const host of hosts) host.free();
  assert(used.passes < 10, `${used.passes} passes`);
  assert(used.waits < 50, `${used.waits} waits`);
  assert(used.cpu < 500_000, `${used.cpu} µs of CPU time`);
});

// Other work of the process.

each('a flood of messages does not stop timers and other I/O', async (host) => {
  const frames = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.concat([Buffer.from([0x82, 125]), Buffer.alloc(125)])));
  let flooding = true;
  const server = await serve((peer) => {
    peer.accept();
    const flood = () => {
      while (flooding && peer.write(frames));
      if (flooding) peer.stream.once('drain', flood);
    };
    flood();
  });
  const socket = new host.WebSocket(server.url);
  socket.binaryType = 'arraybuffer';
  let messages = 0, ticks = 0, files = 0;
  socket.onmessage = () => messages++;
  await next(socket, 'message');
  while (ticks < 8 || files < 8) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    ticks++;
    await fs.promises.stat(__filename);
    files++;
  }
  flooding = false;
  assert(messages > 100, `${messages} messages`);
});

// Options of the shell.

test('allow refuses a URL by returning false, and the constructor throws the exception of allow', { timeout: TIMEOUT_MS }, async () => {
  const asked = [];
  const host = start({
    allow(url) {
      asked.push(url);
      if (url.endsWith('/throw')) throw new Error('no');
      return !url.endsWith('/no');
    },
  });
  await closed(await connected(host));
  assert.throws(() => new host.WebSocket(`${echoUrl}throw`), /no/);
  const socket = new host.WebSocket(`${echoUrl}no`);
  const error = await next(socket, 'error');
  assert.match(error.message, /refuses/);
  await next(socket, 'close');
  assert.deepStrictEqual(asked, [echoUrl, `${echoUrl}throw`, `${echoUrl}no`]);
  host.free();
});

test('a connection is allowed only if allow returns true', { timeout: TIMEOUT_MS }, async () => {
  for (const result of [undefined, null, 0, 1, 'true', {}, Promise.resolve(true)]) {
    const host = start({ allow: () => result });
    assert.match((await next(new host.WebSocket(echoUrl), 'error')).message, /refuses/);
    host.free();
  }
  for (const allow of [null, true, 'ws://a/', {}]) assert.throws(() => start({ allow }), TypeError);
});

test('options of a script can be refused', { timeout: TIMEOUT_MS }, async () => {
  const host = start({ refuseScriptOptions: true });
  assert.throws(() => new host.WebSocket(echoUrl, [], { origin: 'http://other.test' }), TypeError);
  await closed(await connected(host));
  host.free();
});

test('options of install are the defaults of sockets', { timeout: TIMEOUT_MS }, async () => {
  let headers;
  const server = await serve((peer) => {
    headers = peer.headers;
    peer.accept();
  });
  const host = start({ origin: 'http://game.test', headers: { Cookie: 'a=b' } });
  await closed(await connected(host, server.url));
  assert.deepStrictEqual([headers.origin, headers.cookie], ['http://game.test', 'a=b']);
  assert.throws(() => start({ interval: 10 }), TypeError);
  host.free();
});

each('suspend, resume and networkChanged reach the loop', async (host, options) => {
  const socket = await connected(host);
  host.suspend();
  host.resume();
  host.networkChanged();
  assert.strictEqual(await echo(socket, 'again'), 'again');
  const other = start({ ...options, closeOnSuspend: true });
  const frames = setInterval(() => options.poll && other.poll(), 1);
  const server = await serve((peer) => {
    peer.accept();
    peer.onframe = (opcode, payload) => (server.closeCode = payload.readUInt16BE(0));
  });
  const second = await connected(other, server.url);
  other.suspend();
  await next(second, 'close');
  assert.strictEqual(server.closeCode, 1001);
  clearInterval(frames);
  other.free();
  for (const call of ['suspend', 'resume', 'networkChanged', 'poll', 'ref', 'unref', 'free']) other[call]();
});

test('jobs run between the events also if a poll runs while libuv polls', { timeout: TIMEOUT_MS }, async () => {
  const server = await serve((peer) => {
    peer.accept();
    for (let index = 0; index < 50; index++) peer.frame(1, `${index}`);
  });
  const host = start();
  const socket = await connected(host, server.url);
  const log = [];
  assert.throws(() => host.poll(), { code: 'EGRET_WS_ERR_REENTRANT' }, 'this job runs in the poll of libuv');
  socket.onmessage = ({ data }) => {
    log.push(data);
    Promise.resolve().then(() => log.push('job'));
  };
  await new Promise((resolve) => {
    setImmediate(function frame() {
      host.poll(10);
      if (log.length < 100) setImmediate(frame);
      else resolve();
    });
  });
  log.forEach((entry, index) => assert.strictEqual(entry, index % 2 === 0 ? `${index / 2}` : 'job'));
  host.free();
});

each('drain is delivered without another event', async (host) => {
  const server = await serve((peer) => peer.accept());
  const socket = new host.WebSocket(server.url, [], { highWaterMark: 1000 });
  await next(socket, 'open');
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5)); // this task is not an event of the socket
    const drained = next(socket, 'drain');
    for (let left = 3; left > 0; left--) socket.send(new Uint8Array(120));
    for (let left = 10; left > 0; left--) socket.send('x'.repeat(120));
    await drained;
    assert.strictEqual(socket.bufferedAmount, 0);
  }
});

// Buffers.

each('a received ArrayBuffer contains only the message, and can be transferred', async (host) => {
  const socket = await connected(host);
  socket.binaryType = 'arraybuffer';
  for (const length of [0, 1, 32, 16_383, 16_384, 65_536, 131_072]) {
    const sent = Uint8Array.from({ length }, (_, index) => index * 7);
    const data = await echo(socket, sent);
    assert.strictEqual(Object.prototype.toString.call(data), '[object ArrayBuffer]');
    assert.deepStrictEqual(new Uint8Array(data), sent);
    assert.strictEqual(structuredClone(data, { transfer: [data] }).byteLength, length);
    assert.strictEqual(data.byteLength, 0);
  }
});

// Contexts.

each('a vm context has its own objects', async (host, options) => {
  const context = vm.createContext({ url: echoUrl });
  const inContext = install(context, { addon, ...options });
  const frames = setInterval(() => options.poll && inContext.poll(), 1);
  const text = await new Promise((resolve) => {
    context.resolve = resolve;
    vm.runInContext(`
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(new Uint8Array([104, 105]));
      socket.onmessage = ({ data }) => { socket.close(); resolve(String.fromCharCode(...new Uint8Array(data))); };`, context);
  });
  clearInterval(frames);
  inContext.free();
  assert.strictEqual(text, 'hi');
});

each('free during a handler ends all connections, and no further event is delivered', async (host, options) => {
  const other = start(options);
  const frames = setInterval(() => options.poll && other.poll(), 1);
  const server = await serve((peer) => {
    peer.accept();
    for (let index = 0; index < 100; index++) peer.frame(1, `${index}`);
  });
  const socket = new other.WebSocket(server.url);
  const log = [];
  for (const type of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(type, () => {
      log.push(type);
      if (type === 'message') other.free();
    });
  }
  await next(socket, 'message');
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  clearInterval(frames);
  assert.deepStrictEqual(log, ['open', 'message']);
  assert.strictEqual(other.poll(), 0);
});
