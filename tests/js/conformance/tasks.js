// Tests tasks and microtasks: each event is a separate task, with a microtask checkpoint after it.
(function () {
    'use strict';
    const { test, equal, next, record, TYPES } = suite;

    suite.group('tasks');

    test('no message is lost between `await open` and onmessage', function* (t) {
        for (let round = 0; round < 20; round++) {
            const socket = t.socket('/send?text=welcome');
            yield new Promise((resolve) => { socket.onopen = resolve; });
            const event = yield new Promise((resolve, reject) => {
                socket.onmessage = resolve;
                socket.onclose = reject;
            });
            equal(event.data, 'welcome');
            socket.close();
        }
    });
    test('no message is lost between two `await message`', function* (t) {
        const socket = t.socket('/send?text=1&text=2&text=3&close=1000');
        const seen = [];
        for (let count = 0; count < 3; count++) seen.push((yield next(socket, 'message')).data);
        yield next(socket, 'close');
        equal(seen.join(), '1,2,3');
    });
    test('microtasks run between all events', function* (t) {
        for (const path of ['/send?text=1&text=2&hex=00&close=1000', '/raw?hex=8101618300', '/status?code=403', '/send?text=1&cut']) {
            const socket = t.socket(path);
            const log = [];
            TYPES.forEach((type) => socket.addEventListener(type, () => {
                log.push(type);
                Promise.resolve().then(() => Promise.resolve()).then(() => log.push('microtask'));
            }));
            yield next(socket, 'close');
            yield t.barrier();
            const events = log.filter((entry) => entry !== 'microtask');
            equal(log.join(), events.map((type) => type + ',microtask').join(), path);
        }
    });
    test('microtasks run between error and close', function* (t) {
        const socket = t.socket('/status?code=403');
        const log = [];
        next(socket, 'error').then(() => {
            log.push('after error');
            socket.onclose = () => log.push('close');
        });
        yield next(socket, 'close');
        equal(log.join(), 'after error,close');
    });
    test('microtasks run between the listeners of an event of the network', function* (t) {
        const socket = t.socket('/hold');
        const log = [];
        socket.addEventListener('open', () => {
            log.push('first');
            Promise.resolve().then(() => log.push('microtask'));
        });
        socket.addEventListener('open', () => log.push('second'));
        yield next(socket, 'open');
        equal(log.join(), 'first,microtask,second');
    });
    test('microtasks run between the events of two sockets', function* (t) {
        const log = [];
        const sockets = [t.socket('/send?text=1&close=1000'), t.socket('/send?text=1&close=1000')];
        let last = '';
        sockets.forEach((socket, index) => TYPES.forEach((type) => socket.addEventListener(type, () => {
            if (last !== '') log.push(last + ' has no checkpoint');
            last = type + index;
            Promise.resolve().then(() => { last = ''; });
        })));
        yield Promise.all(sockets.map((socket) => next(socket, 'close')));
        equal(log.join(), '');
    });
    test('a handler that is set after `await error` gets the close event', function* (t) {
        const socket = t.socket('/garbage');
        yield next(socket, 'error');
        const event = yield next(socket, 'close');
        equal(event.code, 1006);
    });
    test('messages come before the close that was sent with them', function* (t) {
        const socket = t.socket('/send?text=1&hex=02&text=3&close=4000');
        const log = record(socket);
        yield next(socket, 'close');
        equal(log.join(), 'open,message,message,message,close');
    });
    test('no event of a socket is delivered inside a call of a game', function* (t) {
        const socket = t.socket('/echo');
        let inside = true;
        let early = false;
        TYPES.forEach((type) => socket.addEventListener(type, () => { early = early || inside; }));
        inside = false;
        yield next(socket, 'open');
        inside = true;
        socket.send('x');
        inside = false;
        yield next(socket, 'message');
        inside = true;
        socket.close();
        inside = false;
        yield next(socket, 'close');
        equal(early, false);
    });
    test('a failure that is found immediately is an event of a later task', function* (t) {
        const socket = new WebSocket('ws://127.0.0.1:1/');
        const log = [];
        TYPES.forEach((type) => socket.addEventListener(type, () => log.push(type)));
        for (let count = 0; count < 20; count++) yield Promise.resolve();
        equal(log.join(), '', 'events in the microtasks of the constructor');
        yield next(socket, 'close');
        equal(log.join(), 'error,close');
        yield t.barrier();
    });
    test('a game may send from each handler', function* (t) {
        const socket = t.socket('/echo');
        const log = [];
        yield new Promise((resolve) => {
            socket.onopen = () => {
                socket.send('0');
                socket.send('x');
            };
            socket.onmessage = (event) => {
                log.push(event.data);
                if (event.data === 'x') return;
                if (event.data === '9') resolve();
                else socket.send(String(Number(event.data) + 1));
            };
        });
        equal(log.join(), '0,x,1,2,3,4,5,6,7,8,9');
        yield t.end(socket);
        socket.send('closed');
    });
    test('a handler of open may drop the socket: the next events are still delivered', function* (t) {
        const log = [];
        yield new Promise((resolve) => {
            const socket = new WebSocket(t.url + '/send?text=1&close=1000');
            TYPES.forEach((type) => socket.addEventListener(type, () => {
                log.push(type);
                if (type === 'close') resolve();
            }));
        });
        equal(log.join(), 'open,message,close');
    });
})();
