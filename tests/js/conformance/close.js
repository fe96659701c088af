// Tests the arguments of close() and its effect in each state.
(function () {
    'use strict';
    const { test, equal, sameList, throws, rethrows, next, record } = suite;

    suite.group('close');

    test('returns undefined', (t) => equal(t.socket('/hold').close(), undefined));
    test('takes 1000 and 3000 to 4999, after rounding to an integer', (t) => {
        [1000, 3000, 4999, '1000', '0x3e8', 999.5, 1000.5, 2999.5, 3000.5, 4998.7, 4999.4, { valueOf: () => 3000 }, [3000], undefined]
            .forEach((code) => {
                const socket = t.socket('/hold');
                socket.close(code);
                equal(socket.readyState, WebSocket.CLOSING, 'readyState after close(' + String(code) + ')');
            });
    });
    test('refuses other codes', (t) => {
        const socket = t.socket('/hold');
        [0, 1, 999, 999.4, 1000.6, 1001, 1005, 1006, 1015, 2999, 2999.4, 4999.5, 5000, 65535, 65536, 66536, -1000, NaN, Infinity,
            -Infinity, null, true, 'x', '', {}, 1e300].forEach((code) => {
            throws('InvalidAccessError', () => socket.close(code), String(code));
            equal(socket.readyState, WebSocket.CONNECTING, 'readyState');
        });
    });
    test('refuses codes that are no numbers', (t) => {
        const socket = t.socket('/hold');
        throws(TypeError, () => socket.close(Symbol('x')), 'a symbol');
        if (typeof BigInt === 'function') throws(TypeError, () => socket.close(BigInt(1000)), 'a BigInt');
    });
    test('takes a reason of at most 123 bytes of UTF-8', (t) => {
        const short = ['', 'x'.repeat(123), '\u00e9'.repeat(61), '\u4e2d'.repeat(41), '\ud83d\ude00'.repeat(30) + 'abc', '\ud800'.repeat(41)];
        short.forEach((reason) => {
            const socket = t.socket('/hold');
            socket.close(1000, reason);
            equal(socket.readyState, WebSocket.CLOSING, 'readyState');
        });
        const socket = t.socket('/hold');
        ['x'.repeat(124), '\u00e9'.repeat(62), '\u4e2d'.repeat(41) + 'x', '\ud83d\ude00'.repeat(31), '\ud800'.repeat(41) + 'x'].forEach((reason) => {
            throws('SyntaxError', () => socket.close(1000, reason));
            throws('SyntaxError', () => socket.close(undefined, reason), 'without a code');
        });
        equal(socket.readyState, WebSocket.CONNECTING, 'readyState');
    });
    test('converts the code, then the reason, then checks the code, then the reason', (t) => {
        const socket = t.socket('/hold');
        const order = [];
        const code = { valueOf() { order.push('code'); return 1; } };
        const reason = { toString() { order.push('reason'); return 'x'.repeat(124); } };
        throws('InvalidAccessError', () => socket.close(code, reason));
        equal(order.join(), 'code,reason');
        const mine = new RangeError('mine');
        rethrows(mine, () => socket.close(1, { toString() { throw mine; } }));
        throws(TypeError, () => socket.close(1000, Symbol('x')), 'a symbol');
        throws(TypeError, () => socket.close(Symbol('x'), { toString() { throw mine; } }), 'a symbol as code');
    });
    test('checks its arguments in every state', function* (t) {
        const socket = yield t.open('/echo');
        throws('InvalidAccessError', () => socket.close(1), 'open');
        equal(socket.readyState, WebSocket.OPEN, 'readyState');
        socket.close();
        throws('InvalidAccessError', () => socket.close(1), 'closing');
        throws('SyntaxError', () => socket.close(1000, 'x'.repeat(124)), 'closing');
        yield next(socket, 'close');
        throws('InvalidAccessError', () => socket.close(1), 'closed');
        throws(TypeError, () => socket.close(Symbol('x')), 'closed');
        equal(socket.close(), undefined);
    });

    // The Close frame that the server gets for these arguments.
    const FRAMES = [
        [[], '8 '], [[undefined], '8 '], [[undefined, undefined], '8 '],
        [[1000], '8 03e8'], [[3000], '8 0bb8'], [[4999], '8 1387'], [['3000.4'], '8 0bb8'],
        [[1000, ''], '8 03e8'], [[1000, undefined], '8 03e8'], [[1000, null], '8 03e86e756c6c'],
        [[3001, 'bye'], '8 0bb9627965'], [[3001, '\u4e2d\ud800'], '8 0bb9e4b8adefbfbd'], [[3001, 5, 'more'], '8 0bb935'],
        // On the wire a reason needs a code, so the standard adds 1000.
        [[undefined, 'x'], '8 03e878'],
    ];
    FRAMES.forEach(([args, frame]) => {
        const shown = args.map((arg) => arg === undefined ? 'undefined' : JSON.stringify(arg)).join(', ');
        test('(' + shown + ') sends its arguments in the Close frame', function* (t) {
            const key = t.key();
            const socket = yield t.open('/record?key=' + key);
            socket.close.apply(socket, args);
            yield next(socket, 'close');
            equal((yield next(t.socket('/recorded?key=' + key), 'message')).data, JSON.stringify([frame]));
        });
    });
    test('sends the Close frame after the messages before it', function* (t) {
        const key = t.key();
        const socket = yield t.open('/record?key=' + key);
        const expected = [];
        for (let index = 0; index < 50; index++) {
            socket.send(String(index));
            expected.push('1 ' + Array.from(String(index), (digit) => '3' + digit).join(''));
        }
        socket.close(4000);
        yield next(socket, 'close');
        const recorded = JSON.parse((yield next(t.socket('/recorded?key=' + key), 'message')).data);
        sameList(recorded, expected.concat('8 0fa0'));
    });
    test('while connecting: error and close, and no open', function* (t) {
        for (const path of ['/hold', '/silent', '/status?code=403']) {
            const socket = t.socket(path);
            const log = record(socket);
            socket.close(3000, 'mine');
            equal(socket.readyState, WebSocket.CLOSING, 'readyState');
            equal(log.join(), '', 'events inside close()');
            const event = yield next(socket, 'close');
            sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
            yield t.barrier();
            equal(log.join(), 'error,close', path);
        }
    });
    test('when open: the state is CLOSING, then CLOSED in the close event', function* (t) {
        const socket = yield t.open('/echo');
        const log = record(socket);
        socket.close(3000, 'mine');
        equal(socket.readyState, WebSocket.CLOSING, 'readyState');
        equal(log.join(), '', 'events inside close()');
        const event = yield next(socket, 'close');
        equal(socket.readyState, WebSocket.CLOSED, 'readyState');
        sameList([event.code, event.reason, event.wasClean], [3000, 'mine', true]);
        equal(log.join(), 'close');
    });
    test('has no effect a second time', function* (t) {
        const socket = yield t.open('/echo');
        socket.close(3000, 'first');
        socket.close(3001, 'second');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason], [3000, 'first']);
        socket.close(3002);
        equal(socket.readyState, WebSocket.CLOSED, 'readyState');
        const log = record(socket);
        yield t.barrier();
        equal(log.join(), '', 'events after the close');
    });
    test('inside onopen closes cleanly', function* (t) {
        const socket = t.socket('/echo');
        socket.onopen = () => socket.close(3000);
        const event = yield next(socket, 'close');
        sameList([event.code, event.wasClean], [3000, true]);
    });
    test('inside onmessage: no more messages', function* (t) {
        const socket = t.socket('/send?text=1&text=2&text=3');
        const seen = [];
        socket.onmessage = (event) => {
            seen.push(event.data);
            if (event.data === '2') socket.close();
        };
        yield next(socket, 'close');
        equal(seen.join(), '1,2');
    });
    test('no message is delivered after it, also when the server still sends one', function* (t) {
        const socket = yield t.open('/answer?text=late&code=3000');
        const log = record(socket);
        socket.close();
        yield next(socket, 'close');
        equal(log.join(), 'close');
    });
    test('inside onclose does nothing', function* (t) {
        const socket = t.socket('/send?close=1000');
        const log = record(socket);
        socket.addEventListener('close', () => socket.close());
        yield next(socket, 'close');
        yield t.barrier();
        equal(log.join(), 'open,close');
    });
    test('a new socket can be made inside onclose', function* (t) {
        const first = t.socket('/send?close=1000');
        const second = yield new Promise((resolve) => {
            first.onclose = () => resolve(t.open('/echo'));
        });
        equal(yield t.echo(second, 'x'), 'x');
    });
})();
