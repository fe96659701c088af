// Tests new WebSocket(url, protocols): conversions, URLs, subprotocols, and the resulting request.
(function (global) {
    'use strict';
    const { test, equal, sameList, throws, rethrows, next, need } = suite;

    suite.group('constructor');

    test('needs a URL', () => throws(TypeError, () => new WebSocket()));
    test('has the initial state of the standard', (t) => {
        const socket = t.socket('/hold');
        sameList([socket.url, socket.readyState, socket.bufferedAmount, socket.extensions, socket.protocol],
            [t.url + '/hold', WebSocket.CONNECTING, 0, '', '']);
    });
    test('converts the URL to a string', (t) => {
        const socket = new WebSocket({ toString: () => t.url + '/object' });
        equal(socket.url, t.url + '/object');
        socket.close();
        throws(TypeError, () => new WebSocket(Symbol('x')), 'a symbol');
        const error = new RangeError('mine');
        rethrows(error, () => new WebSocket({ toString() { throw error; } }));
    });
    test('takes a URL object', (t) => {
        const socket = new WebSocket(new (need('URL'))(t.url + '/a?b'));
        equal(socket.url, t.url + '/a?b');
        socket.close();
    });
    test('converts the URL before the protocols, and both before it parses', (t) => {
        const order = [];
        const mine = new RangeError('mine');
        rethrows(mine, () => new WebSocket({ toString() { order.push('url'); return 'no URL'; } },
            { toString() { order.push('protocols'); throw mine; } }));
        equal(order.join(), 'url,protocols');
        throws(TypeError, () => new WebSocket(Symbol('x'), { get [Symbol.iterator]() { throw mine; } }), 'a symbol');
        rethrows(mine, () => new WebSocket('no URL', { get [Symbol.iterator]() { throw mine; } }));
        throws('SyntaxError', () => new WebSocket('no URL', ['a', 'a']), 'both invalid');
        t.socket('/hold');
    });

    const SERIALIZED = {
        'ws://localhost': 'ws://localhost/',
        'WS://LocalHost/Path': 'ws://localhost/Path',
        'ws://localhost:80/': 'ws://localhost/',
        'wss://localhost:443/': 'wss://localhost/',
        'wss://localhost:80/': 'wss://localhost:80/',
        'ws://localhost:0080/': 'ws://localhost/',
        'ws://localhost:/': 'ws://localhost/',
        'ws:localhost': 'ws://localhost/',
        'ws:\\\\localhost\\a\\b': 'ws://localhost/a/b',
        'ws:///localhost/': 'ws://localhost/',
        '  ws://localhost/ \n': 'ws://localhost/',
        '\0\x1fws://localhost/\0': 'ws://localhost/',
        'ws://local\nhost/a\tb\r': 'ws://localhost/ab',
        'ws://localhost/a/../b/./c': 'ws://localhost/b/c',
        'ws://localhost/%2e%2E/a': 'ws://localhost/a',
        'ws://localhost/a b"<>`{}': 'ws://localhost/a%20b%22%3C%3E%60%7B%7D',
        "ws://localhost/?a b\"<>'`{}": 'ws://localhost/?a%20b%22%3C%3E%27`{}',
        'ws://localhost/\u00e9?\u4e2d': 'ws://localhost/%C3%A9?%E4%B8%AD',
        'ws://localhost/a\0b?c\0d': 'ws://localhost/a%00b?c%00d',
        'ws://localhost/%zz%': 'ws://localhost/%zz%',
        'ws://localhost/\ud800?\udc00x': 'ws://localhost/%EF%BF%BD?%EF%BF%BDx',
        'ws://localhost?query': 'ws://localhost/?query',
        'ws://localhost/?': 'ws://localhost/?',
        'ws://user@localhost/': 'ws://user@localhost/',
        'ws://user:pass@localhost/': 'ws://user:pass@localhost/',
        'ws://127.1/': 'ws://127.0.0.1/',
        'ws://0x7f000001/': 'ws://127.0.0.1/',
        'ws://[0:0::1]/': 'ws://[::1]/',
        'ws://%6cocalhost/': 'ws://localhost/',
        'ws://b\u00fccher.localhost/': 'ws://xn--bcher-kva.localhost/',
        'ws://\uff4cocalhost/': 'ws://localhost/',
        'http://localhost/a': 'ws://localhost/a',
        'HTTPS://localhost/a': 'wss://localhost/a',
        'http://localhost:80/': 'ws://localhost/',
        'https://localhost:443/': 'wss://localhost/',
    };
    Object.keys(SERIALIZED).forEach((url) => {
        test('serialises the URL ' + JSON.stringify(url), () => {
            const socket = new WebSocket(url);
            equal(socket.url, SERIALIZED[url]);
            socket.close();
        });
    });

    [
        '', ' ', 'host', '/path', '//host/', 'ws', 'ws:', 'ws://', 'ws:///', 'ws://:80/', 'ws://host:65536/', 'ws://host:-1/',
        'ws://host:a/', 'ws://[::1/', 'ws://[::g]/', 'ws://a b/', 'ws://a\0b/', 'ws://a%00b/', 'ws://a<b/', 'ws://a%2fb/',
        'ws://1.2.3.256/', 'ws://0x100000000/', 'ws://xn--a\u00e9/', 'ftp://host/', 'mailto:a', 'javascript:0', 'data:,x', 'wsx://host/',
        'about:blank', 'blob:x', 'file:///x',
    ].forEach((url) => {
        test('refuses the URL ' + JSON.stringify(url), () => {
            const thrown = throws('SyntaxError', () => new WebSocket(url));
            equal(typeof thrown.message === 'string' && thrown.message.length > 0, true, 'a message');
        });
    });
    test('refuses a fragment, also an empty one', () => {
        ['ws://host/#', 'ws://host/#a', 'ws://host#', 'http://host/#a', 'ws://host/?a#b'].forEach((url) => {
            throws('SyntaxError', () => new WebSocket(url), url);
        });
    });
    test('sends path and query of the URL', function* (t) {
        const targets = { '/request': '/request', '/request?a=b': '/request?a=b',
            '/request?a\0b \u4e2d\ud800': '/request?a%00b%20%E4%B8%AD%EF%BF%BD',
            '/x/../request?': '/request?' };
        for (const target of Object.keys(targets)) {
            const event = yield next(t.socket(target), 'message');
            // A query that is empty is not part of the request.
            equal(JSON.parse(event.data).target.replace(/\?$/, ''), targets[target].replace(/\?$/, ''), 'the target');
        }
    });
    test('sends \\0 inside a path as %00', function* (t) {
        const socket = t.socket('/a\0b/../request');
        equal(JSON.parse((yield next(socket, 'message')).data).target, '/request');
    });
    test('connects to an http: URL as ws:', function* (t) {
        const socket = new WebSocket(t.url.replace('ws:', 'http:') + '/request');
        equal(socket.url, t.url + '/request', 'url');
        const { headers } = JSON.parse((yield next(socket, 'message')).data);
        equal(headers.upgrade.toLowerCase(), 'websocket', 'Upgrade');
        equal(headers['sec-websocket-version'], '13', 'version');
        socket.close();
    });
    test('fires no event before it returns', (t) => {
        let called = false;
        const socket = t.socket('/status?code=403');
        suite.TYPES.forEach((type) => socket.addEventListener(type, () => { called = true; }));
        equal(called, false);
    });

    suite.group('protocols');

    // Returns the subprotocols in the request for this value.
    function offered(t, protocols) {
        const socket = t.socket('/request?protocol=a', protocols);
        return new Promise((resolve) => {
            // Without an agreed subprotocol the connection fails and no message arrives, so the server chooses `a`.
            socket.onmessage = (event) => resolve(JSON.parse(event.data).headers['sec-websocket-protocol']);
            socket.onclose = () => resolve('closed');
        });
    }

    const VALUES = {
        'a string': [() => 'a', 'a'],
        'an array': [() => ['a', 'b'], 'a, b'],
        'a set': [() => new Set(['b', 'a']), 'b, a'],
        'a generator': [function* () { yield 'a'; yield 'c'; }, 'a, c'],
        'a typed array and a string': [() => ['a', 5, true, null, undefined], 'a, 5, true, null, undefined'],
        'elements with toString': [() => [{ toString: () => 'a' }, ['b']], 'a, b'],
        'an object with toString': [() => ({ toString: () => 'a' }), 'a'],
        'an object whose iterator is undefined': [() => ({ [Symbol.iterator]: undefined, toString: () => 'a' }), 'a'],
        'an object whose iterator is null': [() => ({ [Symbol.iterator]: null, toString: () => 'a' }), 'a'],
        'an array with an iterator of its own': [() => {
            const list = ['x', 'y'];
            list[Symbol.iterator] = function* () { yield 'a'; };
            return list;
        }, 'a'],
        'a String object, which is iterable': [() => new String('ab'), 'a, b'], // eslint-disable-line no-new-wrappers
        'a function with an iterator': [() => Object.assign(() => {}, { [Symbol.iterator]: function* () { yield 'a'; } }), 'a'],
        'all characters of a token': [() => ['a', "!#$%&'*+-.^_`|~09AZaz"], "a, !#$%&'*+-.^_`|~09AZaz"],
        'names that differ in case': [() => ['a', 'A'], 'a, A'],
    };
    Object.keys(VALUES).forEach((kind) => {
        test('offers ' + kind, function* (t) {
            equal(yield offered(t, VALUES[kind][0]()), VALUES[kind][1]);
        });
    });
    test('offers none for undefined and for an empty list', function* (t) {
        for (const protocols of [undefined, [], new Set()]) {
            const event = yield next(t.socket('/request', protocols), 'message');
            equal(JSON.parse(event.data).headers['sec-websocket-protocol'], undefined);
        }
    });
    test('converts null and numbers to a name', (t) => {
        [null, 5, true].forEach((protocols) => equal(t.socket('/hold', protocols).readyState, 0, String(protocols)));
    });
    test('refuses invalid names', (t) => {
        ['', ' ', 'a b', 'a,b', 'a\0', 'a\x7f', '\u00e9', '\u4e2d', 'a\ud800', 'a/b', '(a)', '"a"', 'a=b', 'a;b', '[a]',
            '{a}', 'a?', 'a@', 'a:b', 'a\\', '<a>', 'a\t', 'a\n'].forEach((name) => {
            throws('SyntaxError', () => t.socket('/hold', name), JSON.stringify(name));
            throws('SyntaxError', () => t.socket('/hold', ['a', name]), JSON.stringify([name]));
        });
        throws('SyntaxError', () => t.socket('/hold', {}), 'an object');
    });
    test('refuses duplicates', (t) => {
        throws('SyntaxError', () => t.socket('/hold', ['a', 'b', 'a']));
        throws('SyntaxError', () => t.socket('/hold', ['null', null]), 'after conversion');
        throws('SyntaxError', () => t.socket('/hold', ['__proto__', '__proto__']), '__proto__');
        t.socket('/hold', ['__proto__', 'constructor', 'toString']);
    });
    test('refuses values that cannot be converted', (t) => {
        throws(TypeError, () => t.socket('/hold', Symbol('x')), 'a symbol');
        throws(TypeError, () => t.socket('/hold', ['a', Symbol('x')]), 'a symbol in a list');
        throws(TypeError, () => t.socket('/hold', { [Symbol.iterator]: 5 }), 'an iterator that is no function');
        throws(TypeError, () => t.socket('/hold', { [Symbol.iterator]: () => 5 }), 'an iterator that is no object');
        let results = 0;
        const next = () => ++results < 9 ? 5 : { done: true };
        throws(TypeError, () => t.socket('/hold', { [Symbol.iterator]: () => ({ next }) }), 'a result that is no object');
        throws(TypeError, () => t.socket('/hold', { [Symbol.iterator]: () => ({}) }), 'an iterator without next');
        const mine = new RangeError('mine');
        rethrows(mine, () => t.socket('/hold', { [Symbol.iterator]: () => ({ next() { throw mine; } }) }));
        rethrows(mine, () => t.socket('/hold', ['a', { toString() { throw mine; } }]));
    });
    test('converts the elements one by one, in order', (t) => {
        const log = [];
        t.socket('/hold', (function* () {
            for (const name of ['a', 'b']) {
                log.push('yield ' + name);
                yield { toString() { log.push('convert ' + name); return name; } };
            }
        })());
        equal(log.join(), 'yield a,convert a,yield b,convert b');
    });
    test('reports the choice of the server', function* (t) {
        const socket = yield t.open('/echo?protocol=b', ['a', 'b']);
        equal(socket.protocol, 'b');
        yield t.end(socket);
        equal(socket.protocol, 'b', 'after the close');
    });
    [['none of those offered', '/echo', ['a', 'b']], ['another one', '/echo?protocol=c', ['a', 'b']],
        ['one with other case', '/echo?protocol=A', ['a', 'b']], ['one although none was offered', '/echo?protocol=a', []],
        ['two', '/echo?protocol=a,%20b', ['a', 'b']]].forEach(([kind, path, protocols]) => {
        test('fails when the server chooses ' + kind, function* (t) {
            const socket = t.socket(path, protocols);
            const log = suite.record(socket);
            const event = yield next(socket, 'close');
            equal(log.join(), 'error,close', 'events');
            sameList([event.code, event.wasClean, socket.protocol], [1006, false, '']);
        });
    });
})(this);
