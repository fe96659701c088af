// Tests egret_native.WebSocket of egret_ws.js, which behaves as in the runtimes up to 5.0.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, ERR, MAX_MESSAGE_BYTES } = require('./script_host.js');

const URL_ = 'ws://game.test/';

function make(host, ...rest) {
    const ws = new host.NativeWebSocket(...(rest.length ? rest : [URL_]));
    const log = [];
    ws.onOpen = (...given) => log.push(['open', ws.readyState, ...given]);
    ws.onMessage = (...given) => log.push(['message', ...given]);
    ws.onError = (error, message, ...more) => {
        assert.match(message, /^[a-z][^-]*$/, 'a sentence without an error number');
        log.push(['error', ws.readyState, error, ...more]);
    };
    ws.onClose = (...given) => log.push(['close', ws.readyState, ...given]);
    return { ws, log };
}

function opened(host = makeHost()) {
    const socket = make(host);
    host.connected();
    socket.log.length = 0;
    return { host, ...socket };
}

test('one connection: open, text, an empty text, binary, close', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    assert.equal(ws.readyState, host.NativeWebSocket.CONNECTING);
    host.connected();
    ws.send('hello');
    ws.send('');
    ws.send(new Uint8Array([1, 2]));
    ws.send(new Uint8Array([3]).buffer);
    ws.send(new DataView(new Uint8Array([4, 5, 6]).buffer, 1, 1));
    ws.send(7);
    host.text('hi');
    host.text('');
    host.binary([8]);
    assert.equal(ws.readyState, 1);
    host.closed();
    assert.equal(ws.readyState, 3);
    assert.deepEqual(host.sent(), ['hello', '', '0102', '03', '05', '7']);
    assert.deepEqual(log.map(([name]) => name), ['open', 'message', 'message', 'message', 'close']);
    assert.deepEqual(log.slice(0, 3), [['open', 1], ['message', 'hi'], ['message', '']]);
    assert.ok(log[3][1] instanceof ArrayBuffer);
    assert.deepEqual(new Uint8Array(log[3][1]), new Uint8Array([8]));
    assert.deepEqual(log[4], ['close', 3]);
});

test('the URL and the protocols that the host gets', () => {
    const host = makeHost();
    make(host, 'ws://GAME.test:81');
    make(host, URL_, 'chat');
    make(host, URL_, ['a', 'b']);
    assert.deepEqual(host.callsOf('open'), [['ws://game.test:81/', ''], [URL_, 'chat'], [URL_, 'a, b']]);
});

test('invalid arguments cause onError and onClose in the poll, and never throw', () => {
    const unreadable = { toString() { throw new Error('mine'); } };
    for (const [given, error] of [
        [['no url'], ERR.INVALID_URL], [[undefined], ERR.INVALID_URL], [['ws://game.test/#x'], ERR.INVALID_URL],
        [[Symbol('url')], ERR.INVALID_ARGUMENT], [[unreadable], ERR.INVALID_ARGUMENT],
        [[URL_, 'a b'], ERR.INVALID_ARGUMENT], [[URL_, ['a', 'a']], ERR.INVALID_ARGUMENT],
    ]) {
        const host = makeHost();
        const { log } = make(host, ...given);
        assert.deepEqual(log, []);
        assert.equal(host.poll(), 2);
        assert.deepEqual(log, [['error', 3, error], ['close', 3]]);
        assert.deepEqual(host.callsOf('open'), []);
    }
});

test('every failure calls onError and then onClose', () => {
    const atOnce = makeHost();
    atOnce.host.failing.open = ERR.UNSUPPORTED;
    const first = make(atOnce);
    atOnce.poll();
    assert.deepEqual(first.log, [['error', 3, ERR.UNSUPPORTED], ['close', 3]]);

    const host = makeHost();
    const second = make(host);
    host.failed(ERR.CONNECT);
    assert.deepEqual(second.log, [['error', 3, ERR.CONNECT], ['close', 3]]);

    const third = opened();
    third.host.lost();
    assert.deepEqual(third.log, [['error', 3, ERR.CONNECTION_LOST], ['close', 3]]);
});

test('onClose is called exactly once', () => {
    const { ws, host, log } = opened();
    ws.close();
    ws.disconnect();
    assert.equal(ws.readyState, 2);
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    host.text('too late');
    host.closed();
    host.closed(1000, '', 1);
    ws.close();
    ws.send('x');
    host.poll();
    assert.deepEqual(log, [['close', 3]]);
});

test('disconnect does the same as close, also while connecting', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    ws.disconnect();
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    host.connected();
    host.failed(ERR.ABORTED);
    assert.deepEqual(log, [['error', 3, ERR.ABORTED], ['close', 3]]);
});

test('send never throws: too early, too long, or not data', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    ws.send('early');
    assert.deepEqual(log, []);
    host.poll();
    assert.deepEqual(log, [['error', 0, ERR.NOT_OPEN]]);
    host.connected();
    log.length = 0;
    ws.send('x'.repeat(MAX_MESSAGE_BYTES));
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    ws.send(new ArrayBuffer(MAX_MESSAGE_BYTES + 1));
    ws.send(Symbol('s'));
    ws.send({ toString() { throw new Error('mine'); } });
    ws.send();
    assert.equal(host.poll(), 4);
    assert.deepEqual(log, [['error', 1, ERR.TOO_BIG], ['error', 1, ERR.TOO_BIG],
        ['error', 1, ERR.INVALID_ARGUMENT], ['error', 1, ERR.INVALID_ARGUMENT]]);
    assert.equal(ws.readyState, 1);
    assert.deepEqual(host.sent(), ['x'.repeat(MAX_MESSAGE_BYTES), 'undefined']);
});

test('a full send queue: onError, and the socket stays open, whatever overCap is', () => {
    const { ws, host, log } = opened(makeHost({}, { overCap: 'close' }));
    host.host.failing.send = ERR.BACKPRESSURE;
    ws.send('x');
    host.host.failing.send = 0;
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    host.poll();
    ws.send('y');
    assert.deepEqual(log, [['error', 1, ERR.BACKPRESSURE], ['error', 1, ERR.TOO_BIG]]);
    assert.deepEqual(host.sent(), ['y']);
});

test('lower-case handlers are called when the others are not set', () => {
    const host = makeHost();
    const ws = new host.NativeWebSocket(URL_);
    const log = [];
    for (const name of ['onopen', 'onmessage', 'onerror', 'onclose']) {
        ws[name] = function (...given) { log.push([name, this === ws, ...given]); };
    }
    host.connected();
    host.text('1');
    ws.onMessage = () => log.push('upper');
    host.text('2');
    ws.onMessage = null;
    host.text('3');
    host.lost();
    assert.deepEqual(log, [['onopen', true], ['onmessage', true, '1'], 'upper', ['onmessage', true, '3'],
        ['onerror', true, ERR.CONNECTION_LOST, 'the connection was lost'], ['onclose', true]]);
});

test('without handlers, or with values that are not functions', () => {
    const host = makeHost();
    const ws = new host.NativeWebSocket(URL_);
    host.connected();
    ws.onMessage = 'no function';
    host.text('x');
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    host.poll();
    host.lost();
    assert.deepEqual(host.host.reported, []);
    assert.equal(ws.readyState, 3);
});

test('an exception of a handler is reported, and the other events still come', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    const thrown = new Error('mine');
    ws.onOpen = ws.onError = () => { throw thrown; };
    Object.defineProperty(ws, 'onmessage', { get() { throw thrown; } });
    ws.onMessage = null;
    host.connected();
    host.text('x');
    host.lost();
    assert.deepEqual(log, [['close', 3]]);
    assert.deepEqual(host.host.reported, [thrown, thrown, thrown]);
});

test('a new connection inside onClose', () => {
    const host = makeHost();
    const { ws } = make(host);
    let second;
    ws.onClose = () => { second = make(host); };
    host.lost();
    host.connected();
    assert.deepEqual(second.log, [['open', 1]]);
});

test('a live socket is kept although the game dropped it, and it is released after its close', async () => {
    const host = makeHost();
    const received = [];
    let weak;
    (() => {
        const ws = new host.NativeWebSocket(URL_);
        ws.onMessage = (text) => received.push(text);
        weak = new WeakRef(ws);
    })();
    await collect();
    host.connected();
    host.text('still here');
    assert.deepEqual(received, ['still here']);
    host.closed();
    for (let i = 0; i < 20 && weak.deref(); i++) await collect();
    assert.equal(weak.deref(), undefined);
});

// A WeakRef holds its target until the task ends.
async function collect() {
    await new Promise(setImmediate);
    require('node:v8').setFlagsFromString('--expose-gc');
    require('node:vm').runInNewContext('gc')();
}
