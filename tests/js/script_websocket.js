// The W3C WebSocket of egret_ws.js: constructor, attributes, send, close and the order of its events.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, source, ERR, MAX_MESSAGE_BYTES } = require('./script_host.js');

const URL_ = 'ws://game.test/';
const bytes = (...values) => new Uint8Array(values);
const named = (name) => (error) => error.name === name;

// A socket and the log of its events.
function make(host, ...rest) {
    const ws = new host.WebSocket(URL_, ...rest);
    const log = [];
    ws.onopen = () => log.push(['open', ws.readyState]);
    ws.onmessage = (event) => log.push(['message', event.data]);
    ws.onerror = (event) => log.push(['error', ws.readyState, event.error]);
    ws.onclose = (event) => log.push(['close', ws.readyState, event.code, event.reason, event.wasClean]);
    return { ws, log };
}

function opened(host = makeHost(), ...rest) {
    const socket = make(host, ...rest);
    host.connected();
    socket.log.length = 0;
    return { host, ...socket };
}

test('the script needs ES5 only, and typed arrays', () => {
    const code = source.replace(/\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, '');
    const words = /\b(let|const|class|async|await|yield|import|export|super|of)\b/;
    for (const later of [words, /=>/, /`/, /\.\.\./]) {
        assert.equal(code.match(later)?.[0], undefined);
    }
    const { Symbol, Promise, Map, WeakMap } = globalThis;
    Object.assign(globalThis, { Symbol: undefined, Promise: undefined, Map: undefined, WeakMap: undefined });
    let log, text;
    try {
        const socket = opened(makeHost(), ['chat']);
        socket.host.text('hello');
        socket.ws.send('there');
        socket.host.closed();
        log = socket.log;
        text = socket.host.sent();
    } finally {
        Object.assign(globalThis, { Symbol, Promise, Map, WeakMap });
    }
    assert.deepEqual(log, [['message', 'hello'], ['close', 3, 1000, '', true]]);
    assert.deepEqual(text, ['there']);
});

test('the objects that install defines', () => {
    const global = {};
    const { WebSocket } = makeHost(global);
    assert.deepEqual(Object.getOwnPropertyNames(global).sort(),
        ['CloseEvent', 'Event', 'MessageEvent', 'WebSocket', 'egret_native']);
    assert.equal(Object.getOwnPropertyDescriptor(global, 'WebSocket').enumerable, false);
    assert.equal(WebSocket.name, 'WebSocket');
    assert.equal(WebSocket.length, 1);
    assert.equal(WebSocket.prototype.constructor, WebSocket);
    assert.equal(WebSocket.prototype.send.length, 1);
    assert.equal(WebSocket.prototype.close.length, 0);
    assert.equal(Object.prototype.toString.call(new WebSocket(URL_)), '[object WebSocket]');

    const native = { other: 1 };
    class Event {}
    const engine = { Event, egret_native: native, WebSocket: 'an older one' };
    makeHost(engine);
    assert.equal(engine.Event, Event);
    assert.equal(engine.egret_native, native);
    assert.equal(native.other, 1);
    assert.equal(typeof engine.WebSocket, 'function');
});

test('constants, on constructor, prototype and instance', () => {
    const { WebSocket } = makeHost();
    ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, value) => {
        for (const object of [WebSocket, WebSocket.prototype]) {
            assert.deepEqual(Object.getOwnPropertyDescriptor(object, name),
                { value, writable: false, enumerable: true, configurable: false });
        }
        assert.equal(new WebSocket(URL_)[name], value);
    });
});

test('attributes are accessors on the prototype and cannot be set', () => {
    const { ws } = opened();
    for (const name of ['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions']) {
        const before = ws[name];
        assert.equal(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(ws), name).enumerable, true);
        assert.throws(() => { ws[name] = 'x'; }, TypeError);
        assert.equal(ws[name], before);
    }
    assert.throws(() => Object.getPrototypeOf(ws).readyState, TypeError);
    assert.throws(() => Object.getPrototypeOf(ws).send.call({}, 'x'), TypeError);
    assert.deepEqual(Object.keys(ws), []);
});

test('the constructor refuses the arguments that the standard refuses', () => {
    const { WebSocket, host } = makeHost();
    assert.throws(() => WebSocket(URL_), TypeError);
    assert.throws(() => new WebSocket(), TypeError);
    assert.throws(() => new WebSocket(Symbol('url')), TypeError);
    for (const url of ['', 'no url', 'ftp://game.test/', 'ws://game.test/#here', 'ws://game.test/#', 'mailto:a@b.c']) {
        assert.throws(() => new WebSocket(url), named('SyntaxError'), url);
    }
    for (const bad of ['', ' ', 'a b', 'a,b', 'a/b', 'a\tb', 'caf\u00e9', '\u0000', '(x)', '"x"', 'a@b', 'x=y', 'a;b',
        '{a}']) {
        assert.throws(() => new WebSocket(URL_, bad), named('SyntaxError'), JSON.stringify(bad));
        assert.throws(() => new WebSocket(URL_, ['ok', bad]), named('SyntaxError'), JSON.stringify(bad));
    }
    assert.throws(() => new WebSocket(URL_, ['chat', 'chat']), named('SyntaxError'));
    assert.throws(() => new WebSocket(URL_, { [Symbol.iterator]() { throw new RangeError('mine'); } }), RangeError);
    assert.deepEqual(host.calls, []);
    try {
        new WebSocket('');
    } catch (error) {
        assert.equal(error.code, 12);
        assert.ok(error instanceof Error);
    }
});

test('an exception is a DOMException if the engine has that class', () => {
    const { WebSocket } = makeHost({ DOMException });
    assert.throws(() => new WebSocket(''), (error) => error instanceof DOMException && error.name === 'SyntaxError');
});

test('the URL and the protocols that the host gets', () => {
    const host = makeHost();
    const ask = (...given) => {
        const ws = new host.WebSocket(...given);
        const [url, protocols] = host.callsOf('open').pop();
        assert.equal(ws.url, url);
        return [url, protocols];
    };
    assert.deepEqual(ask('ws://GAME.test'), ['ws://game.test/', '']);
    assert.deepEqual(ask('https://game.test:443/a?b'), ['wss://game.test/a?b', '']);
    assert.deepEqual(ask({ toString: () => 'ws://game.test:1/' }), ['ws://game.test:1/', '']);
    assert.deepEqual(ask(URL_, 'chat'), [URL_, 'chat']);
    assert.deepEqual(ask(URL_, []), [URL_, '']);
    assert.deepEqual(ask(URL_, ['a', 'A', 'b.c-d']), [URL_, 'a, A, b.c-d']);
    assert.deepEqual(ask(URL_, new Set(['x', 'y'])), [URL_, 'x, y']);
    assert.deepEqual(ask(URL_, undefined), [URL_, '']);
    assert.deepEqual(ask(URL_, null), [URL_, 'null']);
    assert.deepEqual(ask(URL_, 5), [URL_, '5']);
});

test('attributes before, while and after the socket is open', () => {
    const host = makeHost();
    const { ws, log } = make(host, ['a', 'b']);
    assert.deepEqual([ws.readyState, ws.protocol, ws.extensions, ws.bufferedAmount], [0, '', '', 0]);
    assert.throws(() => ws.send('early'), (error) => error.name === 'InvalidStateError' && error.code === 11);
    host.connected(host.id, 'b', 'permessage-deflate');
    assert.deepEqual([ws.readyState, ws.protocol, ws.extensions], [1, 'b', 'permessage-deflate']);
    host.text('hello');
    host.text('');
    host.closed(4001, 'game over');
    assert.deepEqual([ws.readyState, ws.protocol], [3, 'b']);
    assert.deepEqual(log, [['open', 1], ['message', 'hello'], ['message', ''], ['close', 3, 4001, 'game over', true]]);
    // Events for an id that has ended are ignored.
    host.text('late', 1);
    host.connected(1);
    host.closed(1000, '', 1);
    assert.equal(log.length, 4);
});

test('a failed connect: error, then close 1006, and readyState is CLOSED in both', () => {
    const host = makeHost();
    const { log } = make(host);
    host.events.closed(host.id, 1006, '', false, ERR.CONNECT, 'no connection');
    assert.deepEqual(log, [['error', 3, ERR.CONNECT], ['close', 3, 1006, '', false]]);
});

test('a connect that fails at once is reported by the poll', () => {
    const host = makeHost();
    host.host.answer.open = ERR.UNSUPPORTED;
    const { ws, log } = make(host);
    assert.equal(ws.readyState, 0);
    assert.deepEqual(log, []);
    assert.equal(host.poll(), 1);
    assert.deepEqual(log, [['error', 3, ERR.UNSUPPORTED], ['close', 3, 1006, '', false]]);
    assert.equal(host.poll(), 0);
});

test('closing a socket whose connect failed at once', () => {
    const host = makeHost();
    host.host.answer.open = ERR.UNSUPPORTED;
    const { ws, log } = make(host);
    ws.close();
    assert.equal(ws.readyState, 2);
    host.poll();
    assert.deepEqual(log, [['error', 3, ERR.UNSUPPORTED], ['close', 3, 1006, '', false]]);
    assert.deepEqual(host.callsOf('close'), []);
});

test('closing while connecting: there is no open, and the close is not clean', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    ws.close();
    assert.equal(ws.readyState, 2);
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    host.connected();
    host.events.closed(host.id, 1006, '', false, ERR.ABORTED, 'aborted');
    assert.deepEqual(log, [['error', 3, ERR.ABORTED], ['close', 3, 1006, '', false]]);
});

test('close: codes and reasons', () => {
    const wire = (...given) => {
        const { ws, host } = opened();
        ws.close(...given);
        assert.equal(ws.readyState, 2);
        return host.callsOf('close')[0].slice(1);
    };
    assert.deepEqual(wire(), [0, '']);
    assert.deepEqual(wire(undefined), [0, '']);
    assert.deepEqual(wire(1000), [1000, '']);
    assert.deepEqual(wire(3000, 'bye'), [3000, 'bye']);
    assert.deepEqual(wire(4999, undefined), [4999, '']);
    assert.deepEqual(wire('4000', null), [4000, 'null']);
    assert.deepEqual(wire(999.5), [1000, '']); // clamped numbers round halves to even
    assert.deepEqual(wire(3000.5), [3000, '']);
    assert.deepEqual(wire(undefined, 'why'), [1000, 'why']);
    assert.deepEqual(wire(1000, 'x'.repeat(123)), [1000, 'x'.repeat(123)]);
    assert.deepEqual(wire(1000, '\u00e9'.repeat(61) + 'x'), [1000, '\u00e9'.repeat(61) + 'x']);
    assert.deepEqual(wire(1000, '\ud800'), [1000, '\ufffd']);
});

test('close: exceptions in any state, without an effect', () => {
    const connecting = make(makeHost()).ws;
    const { ws: open } = opened();
    const { ws: over, host } = opened();
    host.closed();
    for (const ws of [connecting, open, over]) {
        const state = ws.readyState;
        for (const code of [0, 1, 999, 1001, 1004, 1005, 1006, 1011, 1015, 2999, 5000, 65535, 65536 + 1000, -1, NaN,
            null, Infinity, 'reason only', {}]) {
            assert.throws(() => ws.close(code), (error) => error.name === 'InvalidAccessError' && error.code === 15);
        }
        assert.throws(() => ws.close(1000, 'x'.repeat(124)), named('SyntaxError'));
        assert.throws(() => ws.close(1000, '\u00e9'.repeat(62)), named('SyntaxError'));
        assert.throws(() => ws.close(undefined, '\ud83d\ude00'.repeat(31)), named('SyntaxError'));
        assert.throws(() => ws.close(1000, Symbol('s')), TypeError);
        assert.equal(ws.readyState, state);
    }
});

test('close: a second call does nothing, and no message comes after the first', () => {
    const { ws, host, log } = opened();
    ws.close(4000);
    ws.close(4001);
    assert.equal(host.callsOf('close').length, 1);
    host.text('on its way');
    host.binary([1]);
    host.closed(4000);
    ws.close();
    assert.deepEqual(log, [['close', 3, 4000, '', true]]);
    assert.equal(host.callsOf('close').length, 1);
});

test('a close that the host refuses still ends the socket', () => {
    const { ws, host, log } = opened();
    host.host.answer.close = ERR.INTERNAL;
    ws.close();
    assert.deepEqual(log, []);
    host.poll();
    host.closed();
    assert.deepEqual(log, [['error', 3, ERR.INTERNAL], ['close', 3, 1006, '', false]]);
});

test('close in onopen and in onmessage', () => {
    const host = makeHost();
    const { ws, log } = make(host);
    ws.onopen = () => ws.close();
    host.connected();
    host.text('too late');
    host.closed();
    assert.deepEqual(log, [['close', 3, 1000, '', true]]);

    const second = opened();
    second.ws.addEventListener('message', () => second.ws.close());
    second.host.text('1');
    second.host.text('2');
    assert.deepEqual(second.log, [['message', '1']]);
});

test('send: text', () => {
    const { ws, host } = opened();
    ws.send('');
    ws.send('\u4f60\u597d \ud83d\ude00 \u0000');
    ws.send('\ud83d, \ude00\ud83d');
    ws.send(null);
    ws.send(undefined);
    ws.send(1);
    ws.send({ toString: () => 'mine' });
    ws.send([1, 2]);
    assert.deepEqual(host.sent(),
        ['', '\u4f60\u597d \ud83d\ude00 \u0000', '\ufffd, \ufffd\ufffd', 'null', 'undefined', '1', 'mine', '1,2']);
    assert.throws(() => ws.send(), TypeError);
    assert.throws(() => ws.send(Symbol('s')), TypeError);
    assert.throws(() => ws.send({ toString() { throw new RangeError('mine'); } }), RangeError);
});

test('send: buffers and every kind of view', () => {
    const { ws, host } = opened();
    const buffer = bytes(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    ws.send(buffer);
    ws.send(new ArrayBuffer(0));
    ws.send(new DataView(buffer, 1, 2));
    for (const View of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
        Float32Array, Float64Array, BigInt64Array]) {
        ws.send(new View(buffer));
    }
    ws.send(new Uint16Array(buffer, 2, 2));
    ws.send(new Uint8Array(buffer, 8));
    const whole = '0102030405060708';
    assert.deepEqual(host.sent(), [whole, '', '0203', ...Array(10).fill(whole), '03040506', '']);
});

test('131072 bytes are sent; one more gives an error event, and the socket stays open', () => {
    const { ws, host, log } = opened();
    ws.send('x'.repeat(MAX_MESSAGE_BYTES));
    ws.send(new ArrayBuffer(MAX_MESSAGE_BYTES));
    const before = ws.bufferedAmount;
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    ws.send('\u00e9'.repeat(MAX_MESSAGE_BYTES / 2) + 'x');
    ws.send(new ArrayBuffer(MAX_MESSAGE_BYTES + 1));
    assert.equal(ws.bufferedAmount, before);
    assert.deepEqual(log, []);
    assert.equal(host.poll(), 3);
    assert.deepEqual(log, Array(3).fill(['error', 1, ERR.TOO_BIG]));
    ws.send('still here');
    assert.equal(host.sent().length, 3);
});

test('an error of a send comes before the close, never after it', () => {
    const { ws, host, log } = opened();
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    host.closed();
    host.poll();
    assert.deepEqual(log, [['error', 1, ERR.TOO_BIG], ['close', 3, 1000, '', true]]);

    const second = opened();
    second.ws.onerror = () => second.ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    second.ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    assert.equal(second.host.poll(), 1);
    second.host.closed();
    assert.equal(second.host.poll(), 0);
    assert.deepEqual(second.log, [['close', 3, 1000, '', true]]);
});

test('backpressure gives an error event; a connection that has just ended does not', () => {
    const { ws, host, log } = opened();
    host.host.answer.send = ERR.BACKPRESSURE;
    ws.send('x');
    host.poll();
    host.host.answer.send = ERR.NOT_OPEN;
    ws.send('four');
    host.host.answer.send = ERR.BAD_HANDLE;
    ws.send('four');
    assert.equal(ws.bufferedAmount, 8);
    assert.equal(host.poll(), 0);
    host.lost();
    assert.deepEqual(log,
        [['error', 1, ERR.BACKPRESSURE], ['error', 3, ERR.CONNECTION_LOST], ['close', 3, 1006, '', false]]);
});

test('bufferedAmount: exact within a task; between tasks it is that of the host', () => {
    const { ws, host } = opened();
    host.host.buffered = 100;
    ws.send('\u4f60\u00e9x\ud83d\ude00');
    assert.equal(ws.bufferedAmount, 110);
    host.host.buffered = 0; // the buffer was written meanwhile, which this task does not see
    assert.equal(ws.bufferedAmount, 110);
    ws.send(new ArrayBuffer(5));
    assert.equal(ws.bufferedAmount, 115);
    host.poll();
    assert.equal(ws.bufferedAmount, 5);
    host.host.buffered = 0;
    host.text('another task');
    assert.equal(ws.bufferedAmount, 0);
});

test('bufferedAmount: counts bytes that are sent while not open, and is not reset', () => {
    const { ws, host } = opened();
    ws.send('12345');
    ws.close();
    ws.send('abc');
    ws.send('\ud800');
    ws.send(new ArrayBuffer(4));
    assert.equal(ws.bufferedAmount, 15);
    assert.deepEqual(host.sent(), ['12345']);
    host.closed();
    assert.equal(ws.bufferedAmount, 15);
    ws.send(bytes(1, 2));
    ws.send('');
    assert.equal(ws.bufferedAmount, 17);
    assert.equal(host.poll(), 0);
});

test('binaryType: only arraybuffer if there is no Blob', () => {
    const { ws, host, log } = opened();
    assert.equal(ws.binaryType, 'arraybuffer');
    for (const ignored of ['blob', 'ArrayBuffer', '', null, 5]) {
        ws.binaryType = ignored;
        assert.equal(ws.binaryType, 'arraybuffer');
    }
    host.binary([1, 2, 3]);
    assert.ok(log[0][1] instanceof ArrayBuffer);
    assert.deepEqual(new Uint8Array(log[0][1]), bytes(1, 2, 3));
});

test('binaryType: blob is the default if there is Blob', async () => {
    const { ws, host, log } = opened(makeHost({ Blob }));
    assert.equal(ws.binaryType, 'blob');
    host.binary([1, 2]);
    host.text('text stays a string');
    ws.binaryType = 'arraybuffer';
    host.binary([3]);
    ws.binaryType = 'nonsense';
    assert.equal(ws.binaryType, 'arraybuffer');
    assert.ok(log[0][1] instanceof Blob);
    assert.deepEqual(new Uint8Array(await log[0][1].arrayBuffer()), bytes(1, 2));
    assert.equal(log[1][1], 'text stays a string');
    assert.ok(log[2][1] instanceof ArrayBuffer);
});

// A Blob whose read ends when the test says so.
class SlowBlob extends Blob {
    reading = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    arrayBuffer() { return this.reading; }
}
const settled = () => new Promise(setImmediate);

test('send: a Blob keeps its place in the order, and close waits for it', async () => {
    const { ws, host, log } = opened(makeHost({ Blob }));
    const [first, second] = [new SlowBlob(['abc']), new SlowBlob(['de'])];
    const view = bytes(7, 8);
    ws.send('before');
    ws.send(first);
    ws.send('between');
    ws.send(view.subarray(1));
    view.fill(0); // send has copied the bytes
    ws.send(second);
    ws.close(4000, 'bye');
    ws.send('dropped');
    assert.equal(ws.bufferedAmount, 6 + 3 + 7 + 1 + 2 + 7);
    second.resolve(bytes(4, 5).buffer);
    await settled();
    assert.deepEqual(host.sent(), ['before']);
    first.resolve(bytes(1, 2, 3).buffer);
    await settled();
    assert.deepEqual(host.sent(), ['before', '010203', 'between', '08', '0405']);
    assert.equal(ws.bufferedAmount, 26);
    assert.deepEqual(host.host.calls.at(-1), ['close', 1, 4000, 'bye']);
    host.closed(4000);
    assert.deepEqual(log, [['close', 3, 4000, '', true]]);
});

test('send: a Blob that cannot be read, one over the limit, one whose socket has ended', async () => {
    const { ws, host, log } = opened(makeHost({ Blob }));
    const [broken, large, late] = [new SlowBlob(['abc']), new SlowBlob(['x']), new SlowBlob(['yz'])];
    ws.send(broken);
    ws.send(large);
    ws.send('after');
    broken.reject(new Error('unreadable'));
    large.resolve(new ArrayBuffer(MAX_MESSAGE_BYTES + 1));
    await settled();
    assert.deepEqual(host.sent(), ['after']);
    host.poll();
    assert.equal(ws.bufferedAmount, 5);
    ws.send(late);
    ws.close();
    host.closed();
    late.resolve(new ArrayBuffer(2));
    await settled();
    assert.deepEqual(host.sent(), ['after']);
    assert.deepEqual(host.callsOf('close'), []);
    assert.equal(ws.bufferedAmount, 7);
    assert.deepEqual(log,
        [['error', 1, ERR.INVALID_ARGUMENT], ['error', 1, ERR.TOO_BIG], ['close', 3, 1000, '', true]]);
});

test('an exception of a handler is reported, and the other events still come', () => {
    const { ws, host, log } = opened();
    const thrown = [new Error('1'), 'not an Error', undefined];
    ws.addEventListener('message', () => { throw thrown[0]; });
    ws.addEventListener('message', () => { throw thrown[1]; });
    ws.addEventListener('close', () => { throw thrown[2]; });
    host.text('a');
    host.text('b');
    host.closed();
    assert.deepEqual(log, [['message', 'a'], ['message', 'b'], ['close', 3, 1000, '', true]]);
    assert.deepEqual(host.host.reported, [thrown[0], thrown[1], thrown[0], thrown[1], thrown[2]]);
});

test('a new socket inside the close handler', () => {
    const host = makeHost();
    const { ws } = make(host);
    let second;
    ws.onclose = () => { second = make(host); };
    host.lost();
    host.connected();
    assert.deepEqual(second.log, [['open', 1]]);
    assert.equal(ws.readyState, 3);
});

test('each of two sockets gets only the events of its peer', () => {
    const host = makeHost();
    const [a, b] = [make(host), make(host)];
    host.connected(2);
    host.text('to b', 2);
    host.connected(1);
    host.text('to a', 1);
    host.closed(1000, '', 2);
    host.text('more', 1);
    assert.deepEqual(a.log, [['open', 1], ['message', 'to a'], ['message', 'more']]);
    assert.deepEqual(b.log, [['open', 1], ['message', 'to b'], ['close', 3, 1000, '', true]]);
});

test('a class that extends it', () => {
    const host = makeHost();
    class Chat extends host.WebSocket {
        constructor() { super(URL_, 'chat'); }
        hello() { this.send('hello'); }
    }
    const chat = new Chat();
    host.connected();
    chat.hello();
    assert.ok(chat instanceof host.WebSocket);
    assert.deepEqual(host.sent(), ['hello']);
});
