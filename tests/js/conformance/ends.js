// Tests how connections end: a table of servers, the events of a socket, the members of the close event, and the order.
(function () {
    'use strict';
    const { test, equal, sameList, next, record, TYPES } = suite;

    suite.group('ends');

    // [the action of the server, its path, the events, code, reason, wasClean]
    const ENDS = [
        ['refuses with status 403', '/status?code=403', 'error,close', 1006, '', false],
        ['answers with status 200', '/status?code=200', 'error,close', 1006, '', false],
        ['redirects', '/status?code=302&location=/echo', 'error,close', 1006, '', false],
        ['answers with garbage', '/garbage', 'error,close', 1006, '', false],
        ['answers with a wrong Sec-WebSocket-Accept', '/echo?accept=AAAA', 'error,close', 1006, '', false],
        ['answers with another Upgrade', '/echo?upgrade=h2c', 'error,close', 1006, '', false],
        ['answers with another Connection', '/echo?connection=close', 'error,close', 1006, '', false],
        ['chooses an extension that was not offered', '/echo?extensions=x-unknown', 'error,close', 1006, '', false],

        ['closes without a code', '/send?close=', 'open,close', 1005, '', true],
        ['closes with 1000', '/send?close=1000', 'open,close', 1000, '', true],
        ['closes with 1001', '/send?close=1001:going', 'open,close', 1001, 'going', true],
        ['closes with 1002', '/send?close=1002', 'open,close', 1002, '', true],
        ['closes with 1007', '/send?close=1007', 'open,close', 1007, '', true],
        ['closes with 1011', '/send?close=1011:fault', 'open,close', 1011, 'fault', true],
        ['closes with 1013', '/send?close=1013', 'open,close', 1013, '', true],
        ['closes with 3000', '/send?close=3000', 'open,close', 3000, '', true],
        ['closes with 4999 and text', '/send?close=4999:%E4%B8%AD%F0%9F%98%80', 'open,close', 4999, '\u4e2d\ud83d\ude00', true],
        ['closes with 123 bytes of reason', '/send?close=4000:' + 'x'.repeat(123), 'open,close', 4000, 'x'.repeat(123), true],
        ['closes and ends the stream at once', '/send?close=4000:x&cut', 'open,close', 4000, 'x', true],
        ['sends two messages and closes', '/send?text=1&text=2&close=4000', 'open,message,message,close', 4000, '', true],
        ['sends a message after its Close frame', '/send?text=1&close=4000&text=2', 'open,message,close', 4000, '', true],
        ['sends two Close frames', '/send?close=4000:a&close=4001:b', 'open,close', 4000, 'a', true],

        ['closes with the invalid code 0', '/send?close=0', 'open,error,close', 1006, '', false],
        ['closes with the invalid code 999', '/send?close=999', 'open,error,close', 1006, '', false],
        ['closes with the invalid code 1005', '/send?close=1005', 'open,error,close', 1006, '', false],
        ['closes with the invalid code 1006', '/send?close=1006', 'open,error,close', 1006, '', false],
        ['closes with the invalid code 1015', '/send?close=1015', 'open,error,close', 1006, '', false],
        ['closes with the invalid code 5000', '/send?close=5000', 'open,error,close', 1006, '', false],
        ['closes with half a code', '/raw?hex=880103', 'open,error,close', 1006, '', false],
        ['closes with a reason that is not UTF-8', '/raw?hex=880403e8c328', 'open,error,close', 1006, '', false],

        ['ends the stream', '/cut', 'open,close', 1006, '', false],
        ['ends the stream after a message', '/send?text=1&cut', 'open,message,close', 1006, '', false],
        ['ends the stream inside a frame', '/raw?hex=81056162&cut', 'open,close', 1006, '', false],
        ['ends the stream inside a message', '/raw?hex=010161&cut', 'open,close', 1006, '', false],

        ['sends a reserved bit', '/raw?hex=c10161', 'open,error,close', 1006, '', false],
        ['sends an unknown opcode', '/raw?hex=8300', 'open,error,close', 1006, '', false],
        ['sends an unknown control opcode', '/raw?hex=8b00', 'open,error,close', 1006, '', false],
        ['sends a masked frame', '/raw?hex=81810000000061', 'open,error,close', 1006, '', false],
        ['sends a ping in fragments', '/raw?hex=0900', 'open,error,close', 1006, '', false],
        ['sends a ping of 126 bytes', '/raw?hex=897e007e', 'open,error,close', 1006, '', false],
        ['continues no message', '/raw?hex=8000', 'open,error,close', 1006, '', false],
        ['begins a message inside a message', '/raw?hex=0101618101620', 'open,error,close', 1006, '', false],
        ['sends text that is not UTF-8', '/raw?hex=8102c328', 'open,error,close', 1006, '', false],
        ['sends text that ends inside a character', '/raw?hex=8102e4b8', 'open,error,close', 1006, '', false],
        ['sends a message, then an unknown opcode', '/raw?hex=8101618300', 'open,message,error,close', 1006, '', false],
        ['sends a message, and then a message after an unknown opcode',
            '/raw?hex=8101618300810162', 'open,message,error,close', 1006, '', false],
    ];
    ENDS.forEach(([what, path, events, code, reason, wasClean]) => {
        test('when the server ' + what, function* (t) {
            const socket = t.socket(path);
            const log = record(socket);
            const event = yield next(socket, 'close');
            sameList([log.join(), event.code, event.reason, event.wasClean], [events, code, reason, wasClean]);
            equal(socket.readyState, WebSocket.CLOSED, 'readyState');
            yield t.barrier();
            equal(log.join(), events, 'the events later');
        });
    });
    test('when the server resets the connection', function* (t) {
        const socket = yield t.open('/reset?on=message');
        const log = record(socket);
        socket.send('x');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
        yield t.barrier();
        equal(log.join(), 'close');
    });
    test('when the server ends the stream while it is open', function* (t) {
        const socket = yield t.open('/cut?on=message');
        const log = record(socket);
        socket.send('x');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
        yield t.barrier();
        equal(log.join(), 'close');
    });
    test('when the server answers close() with another code', function* (t) {
        const socket = yield t.open('/answer?code=4001:other');
        socket.close(3000, 'mine');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [4001, 'other', true]);
    });
    test('when the server answers close() without a code', function* (t) {
        const socket = yield t.open('/answer?code=');
        socket.close(3000, 'mine');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1005, '', true]);
    });
    test('when the server answers close() with the end of the stream', function* (t) {
        const socket = yield t.open('/answer?how=cut');
        const log = record(socket);
        socket.close(3000, 'mine');
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
        equal(log.join(), 'close');
    });
    test('when nothing listens at the address', function* (t) {
        const socket = new WebSocket('ws://127.0.0.1:1/');
        const log = record(socket);
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
        yield t.barrier();
        equal(log.join(), 'error,close');
    });
    test('when a wss: URL leads to a server without TLS', function* (t) {
        const socket = new WebSocket(t.url.replace('ws:', 'wss:') + '/echo');
        const log = record(socket);
        const event = yield next(socket, 'close');
        sameList([event.code, event.reason, event.wasClean], [1006, '', false]);
        equal(log.join(), 'error,close');
    });
    test('readyState is CLOSED in the error event and in the close event', function* (t) {
        for (const path of ['/status?code=403', '/raw?hex=8300']) {
            const socket = t.socket(path);
            const states = [];
            ['error', 'close'].forEach((type) => socket.addEventListener(type, () => states.push(type + socket.readyState)));
            yield next(socket, 'close');
            equal(states.join(), 'error3,close3', path);
        }
    });
    test('each of many sockets gets one close event, as its last event', function* (t) {
        const paths = ENDS.map((end) => end[1]);
        const logs = [];
        const sockets = paths.concat(paths).map((path) => t.socket(path));
        sockets.forEach((socket) => logs.push(record(socket)));
        yield Promise.all(sockets.map((socket) => next(socket, 'close')));
        yield t.barrier();
        logs.forEach((log, index) => {
            equal(log.filter((type) => type === 'close').length, 1, 'close events');
            equal(log[log.length - 1], 'close', 'the last event of ' + index);
        });
    });

    suite.group('events of a socket');

    function flagsOf(event) {
        return [event.bubbles, event.cancelable, event.composed, event.defaultPrevented, event.eventPhase].join();
    }

    test('have the classes of the standard', function* (t) {
        const socket = t.socket('/send?text=x&close=1000');
        const failed = t.socket('/status?code=403');
        const classes = {};
        TYPES.forEach((type) => {
            socket.addEventListener(type, (event) => { classes[type] = event; });
            failed.addEventListener('error', (event) => { classes.error = event; });
        });
        yield Promise.all([next(socket, 'close'), next(failed, 'close')]);
        const expected = { open: Event, message: MessageEvent, error: Event, close: CloseEvent };
        TYPES.forEach((type) => {
            equal(Object.getPrototypeOf(classes[type]), expected[type].prototype, type);
            equal(classes[type].type, type, 'type');
        });
    });
    test('can be read by the getters of their classes', function* (t) {
        const socket = t.socket('/send?text=x&close=4000');
        const [message, close] = [yield next(socket, 'message'), yield next(socket, 'close')];
        const read = (Class, name, event) => Object.getOwnPropertyDescriptor(Class.prototype, name).get.call(event);
        equal(read(MessageEvent, 'data', message), 'x', 'data');
        equal(read(CloseEvent, 'code', close), 4000, 'code');
        equal(read(Event, 'type', message), 'message', 'type');
    });
    test('do not bubble and cannot be canceled', function* (t) {
        const flags = [];
        for (const path of ['/send?text=x&close=1000', '/status?code=403']) {
            const socket = t.socket(path);
            TYPES.forEach((type) => socket.addEventListener(type, (event) => {
                event.preventDefault();
                flags.push(type + ' ' + flagsOf(event));
                equal(event.target, socket, 'target');
            }));
            yield next(socket, 'close');
        }
        sameList(flags, ['open', 'message', 'close', 'error', 'close'].map((type) => type + ' false,false,false,false,2'));
    });
    test('are trusted', function* (t) {
        const socket = t.socket('/send?text=x&close=1000');
        const trusted = [];
        TYPES.forEach((type) => socket.addEventListener(type, (event) => trusted.push(event.isTrusted)));
        yield next(socket, 'close');
        sameList(trusted, [true, true, true]);
    });
    test('have no members beyond those of the standard', function* (t) {
        for (const path of ['/send?text=x&close=1000', '/status?code=403']) {
            const socket = t.socket(path);
            TYPES.forEach((type) => socket.addEventListener(type, (event) => {
                sameList(Object.getOwnPropertyNames(event).filter((name) => name !== 'isTrusted'), [], 'own names of ' + type);
            }));
            const events = [];
            TYPES.forEach((type) => socket.addEventListener(type, (event) => events.push(event)));
            yield next(socket, 'close');
            events.forEach((event) => {
                equal(Object.getOwnPropertyNames(event).filter((name) => name !== 'isTrusted').join(), '', 'own names of ' + event.type);
            });
        }
    });
    test('message: the members of the standard', function* (t) {
        const event = yield next(t.socket('/send?text=x'), 'message');
        sameList([event.data, event.origin, event.lastEventId, event.source], ['x', t.url, '', null]);
        sameList(event.ports, [], 'ports');
    });
    test('message: the origin has no user, path or query', function* (t) {
        const socket = new WebSocket(t.url.replace('//', '//user:pass@') + '/send?text=x&text=@');
        equal((yield next(socket, 'message')).origin, t.url);
        socket.close();
    });
    test('open: readyState, protocol and extensions are set', function* (t) {
        const socket = t.socket('/hold?protocol=b', ['a', 'b']);
        let seen = null;
        socket.onopen = () => { seen = [socket.readyState, socket.protocol, socket.extensions].join('|'); };
        yield next(socket, 'open');
        equal(seen, '1|b|');
    });
})();
