'use strict';

// Tests the URLs and subprotocols that a server gets, and egret_native.WebSocket.

const assert = require('node:assert');
const { both, connected, echoUrl, next, serve } = require('./node_support.js');

/** Connects to the URL `toUrl(authority)` and returns the request that the server got. */
async function request(host, toUrl, address) {
  let seen;
  const server = await serve((peer) => {
    seen = peer;
    peer.accept();
  }, address);
  const socket = await connected(host, toUrl(server.authority));
  assert.strictEqual(seen.headers.host, server.authority);
  return { target: seen.target, url: socket.url, authority: server.authority };
}

both('URL forms that failed in the past are sent as browsers send them', async (host) => {
  const forms = [
    [(at) => `ws://${at}`, '/'],
    [(at) => `ws://${at}?x=1`, '/?x=1'],
    [(at) => `ws://${at}/path/?x=1&y=2`, '/path/?x=1&y=2'],
    [(at) => `ws://${at}/?name=\u4f60\u597d \u{1f600}`, '/?name=%E4%BD%A0%E5%A5%BD%20%F0%9F%98%80'],
    [(at) => `ws://${at}/caf\u00e9/%41`, '/caf%C3%A9/%41'],
    [(at) => ` WS://${at}/a/../b `, '/b'],
    [(at) => `http://${at}/mapped`, '/mapped'],
    [(at) => `ws://${at}/a\0b`, '/a%00b'],
  ];
  for (const [toUrl, target] of forms) {
    const seen = await request(host, toUrl);
    assert.strictEqual(seen.target, target);
    assert.strictEqual(seen.url, `ws://${seen.authority}${target}`);
  }
});

both('an IPv6 literal connects', async (host) => {
  const seen = await request(host, (at) => `ws://${at}?six`, '::1');
  assert.strictEqual(seen.url, `ws://${seen.authority}/?six`);
  assert.strictEqual(seen.target, '/?six');
});

both('URLs that are invalid, or not for a WebSocket, cause a SyntaxError', async ({ WebSocket }) => {
  for (const url of ['', 'h', 'ws://', 'ws://h:99999/', 'ftp://h/', 'ws://h/#part', 'ws://h\0/', 'ws://[::1/']) {
    assert.throws(() => new WebSocket(url), { name: 'SyntaxError' }, url);
  }
});

both('the server chooses a subprotocol', async (host) => {
  let offered;
  const server = await serve((peer) => {
    offered = peer.headers['sec-websocket-protocol'];
    peer.accept('v2.chat');
  });
  const socket = await connected(host, server.url, ['v1.chat', 'v2.chat']);
  assert.deepStrictEqual(offered.split(/\s*,\s*/), ['v1.chat', 'v2.chat']);
  assert.strictEqual(socket.protocol, 'v2.chat');
  assert.strictEqual(socket.extensions, '');
});

both('a subprotocol that was not offered fails the connection', async (host) => {
  const server = await serve((peer) => peer.accept('other'));
  const order = [];
  const socket = new host.WebSocket(server.url, 'chat');
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => order.push(type));
  await next(socket, 'close');
  assert.deepStrictEqual(order, ['error', 'close']);
});

both('egret_native.WebSocket sends and receives', async ({ egret_native }) => {
  const log = [];
  await new Promise((resolve) => {
    const socket = new egret_native.WebSocket(echoUrl);
    socket.onOpen = () => {
      log.push('open');
      socket.send('hello');
      socket.send('');
      socket.send(Uint8Array.of(1, 2, 3).subarray(1));
    };
    socket.onMessage = (data) => {
      log.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
      if (typeof data !== 'string') socket.close();
    };
    socket.onError = (error) => log.push(error);
    socket.onClose = () => {
      log.push('close');
      resolve();
    };
  });
  assert.deepStrictEqual(log, ['open', 'hello', '', [2, 3], 'close']);
});

both('a failed egret_native.WebSocket calls onError, then onClose, and can reconnect there', async ({ egret_native }) => {
  const log = [];
  await new Promise((resolve) => {
    const dead = new egret_native.WebSocket('ws://127.0.0.1:1');
    dead.onError = (error) => log.push(typeof error);
    dead.onClose = () => {
      log.push('close');
      const alive = new egret_native.WebSocket(echoUrl);
      alive.onopen = () => {
        log.push('open');
        resolve();
      };
    };
  });
  assert.deepStrictEqual(log, ['number', 'close', 'open']);
});

both('the options of waits: how long and until when a socket connects again', async ({ WebSocket }) => {
  const delaysOf = async (options) => {
    const socket = new WebSocket('ws://127.0.0.1:1/', [], options);
    const delays = [];
    socket.onretry = ({ delay }) => delays.push(delay);
    await next(socket, 'close');
    return delays;
  };
  assert.deepStrictEqual(await delaysOf({ retryAttempts: 3, retryFirstWait: 0 }), [0, 0, 0]);
  assert.deepStrictEqual(await delaysOf({ retryAttempts: 2, retryMinWait: 7, retryFirstWait: 7, retryMaxWait: 7 }), [7, 7]);
  assert.deepStrictEqual(await delaysOf({ retryAttempts: Infinity, retryMinWait: 50, retryFirstWait: 50, retryTotal: 20 }), []);
  assert.throws(() => new WebSocket('ws://127.0.0.1:1/', [], { retryFirstWait: 9, retryMaxWait: 8 }), /retryFirstWait <= retryMaxWait/);
});
