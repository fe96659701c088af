// Tests the W3C WebSocket of egret_ws.js: constructor, attributes, close and the order of the events.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, makeSocket, openedSocket, source, ERR, URL_ } = require('./script_host.js');

const named = (name) => (error) => error.name === name;


test('the objects that install defines', () => {
    const global = {};
    const { WebSocket } = makeHost(global);
    assert.deepEqual(Object.getOwnPropertyNames(global).sort(),
        ['CloseEvent', 'Event', 'EventTarget', 'MessageEvent', 'WebSocket', 'egret_native']);
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
    const { ws } = openedSocket();
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
    const iterable = (next) => ({ [Symbol.iterator]: () => ({ next }) });
    for (const bad of [{ [Symbol.iterator]: 5 }, { [Symbol.iterator]: { call() { return { next: () => ({ done: true }) }; } } },
        { [Symbol.iterator]: () => 5 }, { [Symbol.iterator]: () => Object.prototype }, iterable(() => 5), iterable(5),
        iterable(() => ({ value: Symbol('x') })), [Symbol('x')]]) {
        assert.throws(() => new WebSocket(URL_, bad), TypeError);
    }
    let fetched = 0;
    const unreadable = { toString() { throw new RangeError('mine'); } };
    assert.throws(() => new WebSocket(URL_, iterable(() => { fetched++; return { value: unreadable }; })), RangeError);
    assert.equal(fetched, 1);
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
    assert.deepEqual(ask(URL_, Object.assign(['x'], { [Symbol.iterator]: () => ['y'].values() })), [URL_, 'y']);
    assert.deepEqual(ask(URL_, { [Symbol.iterator]: null, toString: () => 'z' }), [URL_, 'z']);
    assert.deepEqual(ask(URL_, undefined), [URL_, '']);
    assert.deepEqual(ask(URL_, null), [URL_, 'null']);
    assert.deepEqual(ask(URL_, 5), [URL_, '5']);
});

test('attributes before, during and after the open state', () => {
    const host = makeHost();
    const { ws, log } = makeSocket(host, ['a', 'b']);
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
    const { log } = makeSocket(host);
    host.failed(ERR.CONNECT);
    assert.deepEqual(log, [['error', 3, ERR.CONNECT], ['close', 3, 1006, '', false]]);
});

test('an established connection that is lost: only close, as in browsers, with the reason in two additional fields', () => {
    for (const error of [ERR.CONNECTION_LOST, ERR.TIMEOUT, ERR.ABORTED, ERR.TLS]) {
        for (const close of [false, true]) {
            const { ws, host, log } = openedSocket();
            let why;
            ws.addEventListener('close', (event) => { why = [event.error, event.message]; });
            if (close) ws.close();
            host.failed(error, 1, 1006);
            assert.deepEqual(log, [['close', 3, 1006, '', false]]);
            assert.deepEqual(why, [error, 'a failure']);
        }
    }
    const { host, log, ws } = openedSocket();
    let fields;
    ws.addEventListener('close', (event) => { fields = [event.error, event.message]; });
    host.events.failed(1, ERR.CONNECTION_LOST, 'reset after its Close frame');
    assert.equal(ws.readyState, 1);
    host.events.closed(1, 4001, 'kicked', false, ERR.CONNECTION_LOST, 'reset after its Close frame');
    assert.deepEqual(log, [['close', 3, 4001, 'kicked', false]]);
    const clean = openedSocket();
    clean.ws.addEventListener('close', (event) => { fields = [event.error, event.message]; });
    clean.host.closed();
    assert.deepEqual(fields, [undefined, undefined]);
});

test('error and close, each in a separate task: failures before open, and protocol errors of the server', () => {
    for (const error of [ERR.CONNECTION_LOST, ERR.TIMEOUT, ERR.ABORTED, ERR.TLS, ERR.CONNECT]) {
        const host = makeHost();
        const { log } = makeSocket(host);
        host.failed(error);
        assert.deepEqual(log, [['error', 3, error], ['close', 3, 1006, '', false]]);
    }
    for (const error of [ERR.PROTOCOL, ERR.TOO_BIG, ERR.INVALID_UTF8, ERR.INTERNAL, ERR.NO_RESOURCES]) {
        const { host, log } = openedSocket();
        host.events.failed(1, error, 'a failure');
        assert.deepEqual(log, [['error', 3, error]]);
        host.events.closed(1, 1006, '', false, error, 'a failure');
        assert.deepEqual(log, [['error', 3, error], ['close', 3, 1006, '', false]]);
    }
});

test('a NUL in a URL: removed at the ends, %00 in the path, the query and the user name, invalid elsewhere', () => {
    const { WebSocket } = makeHost();
    for (const [given, url] of [['\0 ws://h/\0', 'ws://h/'], ['ws://h/a\0b', 'ws://h/a%00b'], ['ws://h/?a\0b\0c', 'ws://h/?a%00b%00c'],
        ['ws://a\0b@h/', 'ws://a%00b@h/']]) {
        assert.equal(new WebSocket(given).url, url);
    }
    for (const bad of ['ws://h\0/', 'ws://h:8\x000/', 'w\0s://h/', 'ws\0://h/', 'ws:\0//h/', 'ws://h/#\0x', '\0']) {
        assert.throws(() => new WebSocket(bad), named('SyntaxError'), JSON.stringify(bad));
    }
});

test('a connect that fails immediately is reported by the poll', () => {
    const host = makeHost();
    host.host.failing.open = ERR.UNSUPPORTED;
    const { ws, log } = makeSocket(host);
    assert.equal(ws.readyState, 0);
    assert.deepEqual(log, []);
    assert.equal(host.poll(), 2);
    assert.deepEqual(log, [['error', 3, ERR.UNSUPPORTED], ['close', 3, 1006, '', false]]);
    assert.equal(host.poll(), 0);
});

test('closing a socket after its connect failed immediately', () => {
    const host = makeHost();
    host.host.failing.open = ERR.UNSUPPORTED;
    const { ws, log } = makeSocket(host);
    ws.close();
    assert.equal(ws.readyState, 2);
    host.poll();
    assert.deepEqual(log, [['error', 3, ERR.UNSUPPORTED], ['close', 3, 1006, '', false]]);
    assert.deepEqual(host.callsOf('close'), []);
});

test('closing while connecting: open is not fired, and the close is not clean', () => {
    const host = makeHost();
    const { ws, log } = makeSocket(host);
    ws.close();
    assert.equal(ws.readyState, 2);
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    host.connected();
    host.failed(ERR.ABORTED);
    assert.deepEqual(log, [['error', 3, ERR.ABORTED], ['close', 3, 1006, '', false]]);
});

test('close: codes and reasons', () => {
    const wire = (...given) => {
        const { ws, host } = openedSocket();
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
    assert.deepEqual(wire(999.5), [1000, '']); // a clamped number rounds a half to the even neighbour
    assert.deepEqual(wire(3000.5), [3000, '']);
    assert.deepEqual(wire(undefined, 'why'), [1000, 'why']);
    assert.deepEqual(wire(1000, 'x'.repeat(123)), [1000, 'x'.repeat(123)]);
    assert.deepEqual(wire(1000, '\u00e9'.repeat(61) + 'x'), [1000, '\u00e9'.repeat(61) + 'x']);
    assert.deepEqual(wire(1000, '\ud800'), [1000, '\ufffd']);
});

test('close: invalid arguments throw in any state and have no effect', () => {
    const connecting = makeSocket(makeHost()).ws;
    const { ws: open } = openedSocket();
    const { ws: over, host } = openedSocket();
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

test('close: a second call does nothing, and no message is delivered after the first call', () => {
    const { ws, host, log } = openedSocket();
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
    const { ws, host, log } = openedSocket();
    host.host.failing.close = ERR.INTERNAL;
    ws.close();
    assert.deepEqual(log, []);
    host.poll();
    host.closed();
    assert.deepEqual(log, [['error', 3, ERR.INTERNAL], ['close', 3, 1006, '', false]]);

    // The end of the connection is reported before the task of the refused close.
    const second = openedSocket();
    second.host.host.failing.close = ERR.INTERNAL;
    second.ws.close();
    second.host.events.failed(1, ERR.PROTOCOL, 'a failure');
    second.host.events.closed(1, 1006, '', false, ERR.PROTOCOL, 'a failure');
    second.host.poll();
    assert.deepEqual(second.log, [['error', 3, ERR.PROTOCOL], ['close', 3, 1006, '', false]]);
});

test('close in onopen and in onmessage', () => {
    const host = makeHost();
    const { ws, log } = makeSocket(host);
    ws.onopen = () => ws.close();
    host.connected();
    host.text('too late');
    host.closed();
    assert.deepEqual(log, [['close', 3, 1000, '', true]]);

    const second = openedSocket();
    second.ws.addEventListener('message', () => second.ws.close());
    second.host.text('1');
    second.host.text('2');
    assert.deepEqual(second.log, [['message', '1']]);
});

test('an exception of a handler is reported, and the other events still come', () => {
    const { ws, host, log } = openedSocket();
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
    const { ws } = makeSocket(host);
    let second;
    ws.onclose = () => { second = makeSocket(host); };
    host.lost();
    host.connected();
    assert.deepEqual(second.log, [['open', 1]]);
    assert.equal(ws.readyState, 3);
});

test('each of two sockets gets only the events of its peer', () => {
    const host = makeHost();
    const [a, b] = [makeSocket(host), makeSocket(host)];
    host.connected(2);
    host.text('to b', 2);
    host.connected(1);
    host.text('to a', 1);
    host.closed(1000, '', 2);
    host.text('more', 1);
    assert.deepEqual(a.log, [['open', 1], ['message', 'to a'], ['message', 'more']]);
    assert.deepEqual(b.log, [['open', 1], ['message', 'to b'], ['close', 3, 1000, '', true]]);
});

test('events of an unknown id, and a task that was not requested, do nothing', () => {
    const { host, log } = openedSocket();
    for (const [name, ...rest] of [['connected', '', ''], ['text', 'x'], ['binary', new ArrayBuffer(1)], ['drained'],
        ['retrying', ERR.CONNECT, 'no connection', 5], ['failed', ERR.CONNECT, 'no connection'],
        ['closed', 1006, '', false, ERR.CONNECT, 'no connection']]) {
        assert.equal(host.events[name](77, ...rest), undefined);
    }
    host.events.task();
    assert.deepEqual(log, []);
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
