'use strict';

// Tests hooks, addresses, refusals, frames and details of a connection with the addon.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const net = require('node:net');
const test = require('node:test');
const { Worker } = require('node:worker_threads');
const { TIMEOUT_MS, addon, closed, echo, echoUrl, next, serve, start } = require('./node_support.js');

const support = JSON.stringify(require.resolve('./node_support.js'));
const port = Number(new URL(echoUrl).port);
const namedUrl = `ws://game.test:${port}/`;
const DRIVERS = { inline: {}, threaded: { inline: false }, 'wake-up': { descriptor: false }, polled: { poll: true } };
const ERR = { RESOLVE: -30, PROXY: -32, HTTP_STATUS: -41 };

/**
 * Defines a test for each driver. `body` gets a function that makes an installation with options and has the property `reported`.
 */
function each(name, body) {
  for (const [driver, settings] of Object.entries(DRIVERS)) {
    test(`${name} (${driver})`, { timeout: TIMEOUT_MS }, async () => {
      const hosts = [], timers = [];
      try {
        await body((options) => {
          const reported = [];
          const host = start({ ...settings, reportError: (error) => reported.push(error), ...options });
          hosts.push(host);
          if (settings.poll) timers.push(setInterval(() => host.poll(), 1));
          return Object.assign(host, { reported });
        });
      } finally {
        for (const host of hosts) host.free();
        timers.forEach(clearInterval);
      }
    });
  }
}

async function opened(host, url, options) {
  const socket = new host.WebSocket(url, [], options);
  const event = await Promise.race([next(socket, 'open'), next(socket, 'close')]);
  assert.strictEqual(event.type, 'open', event.message);
  return socket;
}

async function failed(host, url, options) {
  const socket = new host.WebSocket(url, [], options);
  const event = await Promise.race([next(socket, 'error'), next(socket, 'open')]);
  assert.strictEqual(event.type, 'error');
  return event;
}

const later = (value) => new Promise((resolve) => setTimeout(resolve, 1, value));

each('resolve: at once, and later', async (install) => {
  for (const answer of ['127.0.0.1', ['127.0.0.1'], [`127.0.0.1:${port}`], later('127.0.0.1'), later(['127.0.0.1'])]) {
    const asked = [];
    const host = install({ resolve: (name) => (asked.push(name), answer) });
    const socket = await opened(host, namedUrl);
    assert.deepStrictEqual(asked, ['game.test']);
    assert.strictEqual(socket.remoteAddress, `127.0.0.1:${port}`);
    assert.match(socket.localAddress, /^127\.0\.0\.1:\d+$/);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(socket.triedAddresses)), [{ address: `127.0.0.1:${port}`, result: 'connected' }]);
    assert.strictEqual(socket.stats().addressesTried, 1);
    assert.strictEqual(socket.tls, null);
    assert.strictEqual(await echo(socket, 'hello'), 'hello');
    await closed(socket);
    assert.deepStrictEqual(host.reported, []);
  }
});

each('resolve: exceptions, rejections and wrong answers fail the attempt', async (install) => {
  const boom = new Error('boom');
  for (const [answer, expected] of [
    [() => { throw boom; }, boom],
    [() => Promise.reject(boom), boom],
    [async () => { await later(); throw boom; }, boom],
    [() => 5, /resolve returned a value that is not a string/],
    [() => 'game.example', /resolve returned a wrong value: .*game\.example/],
    [async () => ['127.0.0.1', 'x y'], /resolve returned a wrong value/],
  ]) {
    const host = install({ resolve: answer });
    const { error } = await failed(host, namedUrl);
    assert.strictEqual(error, ERR.RESOLVE);
    assert.strictEqual(host.reported.length, 1);
    if (expected === boom) assert.strictEqual(host.reported[0], boom);
    else assert.match(String(host.reported[0]), expected);
  }
  for (const none of ['', []]) {
    const host = install({ resolve: () => none });
    const { error, message } = await failed(host, namedUrl);
    assert.strictEqual(error, ERR.RESOLVE);
    assert.match(message, /on_resolve/);
    assert.deepStrictEqual(host.reported, []);
  }
});

each('resolve: a hook that never answers in time delays no other socket, and its late answer has no effect', async (install) => {
  let answer;
  const host = install({ resolve: (name) => (name === 'slow.test' ? new Promise((resolve) => { answer = resolve; }) : '127.0.0.1') });
  // On a busy machine a short time-out may end before the hook is called.
  for (let resolveTimeout = 250; !answer; resolveTimeout *= 2) {
    const slow = failed(host, `ws://slow.test:${port}/`, { resolveTimeout });
    for (let count = 0; count < 5; count++) await closed(await opened(host, namedUrl));
    assert.match((await slow).message, /time/);
  }
  answer('127.0.0.1');
  await closed(await opened(host, namedUrl));
  assert.deepStrictEqual(host.reported, []);
});

each('resolve: a hook may use sockets of the installation', async (install) => {
  const host = install({
    async resolve() {
      const socket = await opened(host, echoUrl);
      const address = await echo(socket, '127.0.0.1');
      await closed(socket);
      return address;
    },
  });
  await closed(await opened(host, namedUrl));
});

each('findProxy: no proxy, a list, and a failure', async (install) => {
  for (const none of [null, '', [], 'direct', later(null)]) {
    const asked = [];
    const host = install({ findProxy: (url) => (asked.push(url), none) });
    const socket = await opened(host, echoUrl);
    assert.deepStrictEqual([asked, socket.proxy], [[echoUrl], '']);
    await closed(socket);
  }
  const requests = [];
  const proxy = net.createServer((stream) => stream.once('data', (request) => {
    requests.push(String(request).split('\r\n')[0]);
    stream.end('HTTP/1.1 407 Proxy Authentication Required\r\nSet-Cookie: p=1\r\nContent-Length: 5\r\n\r\nnever');
  })).unref();
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${proxy.address().port}`;
  const host = install({ findProxy: async () => [url] });
  const socket = new host.WebSocket(echoUrl);
  const event = await next(socket, 'error');
  assert.deepStrictEqual([event.error, requests, socket.proxy], [ERR.PROXY, [`CONNECT 127.0.0.1:${port} HTTP/1.1`], url]);
  assert.deepStrictEqual([event.status, Buffer.from(event.body).toString()], [407, 'never']);

  const boom = new Error('boom');
  for (const [answer, expected] of [[() => { throw boom; }, boom], [() => Promise.reject(boom), boom],
    [() => 'gopher://x', /findProxy returned a wrong value/]]) {
    const failing = install({ findProxy: answer });
    const { error } = await failed(failing, echoUrl);
    assert.strictEqual(error, ERR.PROXY);
    assert.strictEqual(failing.reported.length, 1);
    if (expected === boom) assert.strictEqual(failing.reported[0], boom);
    else assert.match(String(failing.reported[0]), expected);
  }
  proxy.close();
});

each('addresses: a string or an array, instead of a look-up', async (install) => {
  const host = install({ attemptDelay: 0 });
  for (const addresses of ['127.0.0.1', ['127.0.0.1'], `127.0.0.1:${port}`, ['192.0.2.1:9', `127.0.0.1:${port}`]]) {
    await closed(await opened(host, namedUrl, { addresses, localAddress: '127.0.0.1' }));
  }
  assert.throws(() => new host.WebSocket(namedUrl, [], { addresses: 'game.test' }), /TypeError|addresses/);
  assert.throws(() => new host.WebSocket(namedUrl, [], { attemptDelay: 1 }), /attemptDelay/);
  assert.throws(() => new host.WebSocket(namedUrl, [], { localAddress: 'x' }), /localAddress/);
});

each('a refusal has a status, a body and cookies', async (install) => {
  const server = await serve((peer) => peer.write('HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n3\r\nban\r\n4\r\nned!\r\n0\r\n\r\n'));
  const host = install({});
  const socket = new host.WebSocket(server.url);
  const [error, close] = await Promise.all([next(socket, 'error'), next(socket, 'close')]);
  for (const event of [error, close]) {
    assert.deepStrictEqual([event.error, event.status, Buffer.from(event.body).toString()], [ERR.HTTP_STATUS, 403, 'banned!']);
    assert.deepStrictEqual(event.cookies.map(({ url, cookie }) => [url, cookie]), [[server.url, 'a=1; Path=/'], [server.url, 'b=2']]);
  }
  assert.strictEqual(Buffer.from((await failed(host, server.url, { maxRefusalBody: 3 })).body).toString(), 'ban');
  assert.strictEqual((await failed(host, server.url, { maxRefusalBody: 0 })).body.byteLength, 0);
});

each('frames: sent and received frames are reported', async (install) => {
  const host = install({ deflate: false });
  const seen = [];
  const socket = await opened(host, echoUrl, { frames: true });
  socket.onframe = ({ direction, opcode, isFinal, isCompressed, length }) =>
    seen.push([direction, opcode, isFinal, isCompressed, length].join(' '));
  await echo(socket, 'hello');
  await closed(socket);
  assert.deepStrictEqual(seen.sort(), ['received 1 true false 5', 'received 8 true false 2', 'sent 1 true false 5', 'sent 8 true false 2']);
});

test('hooks that are not functions are refused', () => {
  for (const name of ['resolve', 'findProxy']) assert.throws(() => start({ [name]: '127.0.0.1' }), TypeError);
});

// The end while a hook has not answered.

each('an installation is freed, and then a hook answers', async (install) => {
  for (const isLate of [true, false]) {
    let asked, answer;
    const wasAsked = new Promise((resolve) => { asked = resolve; });
    const host = install({
      resolve() {
        asked();
        if (!isLate) host.free();
        return new Promise((resolve) => { answer = resolve; });
      },
    });
    const socket = new host.WebSocket(namedUrl);
    await wasAsked;
    if (isLate) host.free();
    answer('127.0.0.1');
    await later();
    assert.strictEqual(socket.readyState, 0);
    assert.deepStrictEqual(host.reported, []);
  }
});

for (const [driver, settings] of Object.entries(DRIVERS)) {
  const program = `
    const { start } = require(${support});
    const host = start({ ...${JSON.stringify(settings)}, resolve() { END; return new Promise(() => {}); } });
    ${settings.poll ? 'setInterval(() => host.poll(), 1);' : ''}
    new host.WebSocket('${namedUrl}');`;

  test(`a worker and the process end while a hook has not answered (${driver})`, { timeout: TIMEOUT_MS }, async () => {
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(program.replace('END', "require('node:worker_threads').parentPort.postMessage('asked')"),
        { eval: true, argv: [echoUrl, addon] });
      worker.on('message', () => worker.terminate());
      await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    }
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', program.replace('END', 'process.exit(17)'), echoUrl, addon],
      { timeout: TIMEOUT_MS, encoding: 'utf8' });
    assert.deepStrictEqual([status, signal], [17, null], stderr);
  });
}
