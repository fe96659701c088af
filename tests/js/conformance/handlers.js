// Tests the attributes onopen, onmessage, onerror and onclose, which are event handlers of the HTML standard.
(function () {
    'use strict';
    const { test, equal, TYPES } = suite;

    suite.group('handlers');

    function fire(socket, type, init) {
        return socket.dispatchEvent(new Event(type || 'message', init));
    }

    test('are null at first', (t) => {
        const socket = t.socket('/hold');
        TYPES.forEach((type) => equal(socket['on' + type], null, type));
    });
    test('return the function that was set', (t) => {
        const socket = t.socket('/hold');
        TYPES.forEach((type) => {
            const handler = () => {};
            socket['on' + type] = handler;
            equal(socket['on' + type], handler, type);
        });
    });
    test('take any object, which has no effect unless it is callable', (t) => {
        const socket = t.socket('/hold');
        const object = { handleEvent() { suite.fail('handleEvent was called'); } };
        socket.onmessage = object;
        equal(socket.onmessage, object, 'onmessage');
        equal(fire(socket), true, 'the result');
        const list = [];
        socket.onmessage = list;
        equal(socket.onmessage, list, 'onmessage');
        fire(socket);
    });
    test('become null by a value that is no object', (t) => {
        const socket = t.socket('/hold');
        [null, undefined, 0, 1, '', 'x', true, Symbol('x')].forEach((value) => {
            let calls = 0;
            socket.onmessage = () => calls++;
            socket.onmessage = value;
            equal(socket.onmessage, null, 'onmessage after ' + String(value));
            fire(socket);
            equal(calls, 0, 'calls');
        });
    });
    test('are called with the event and the socket', (t) => {
        const socket = t.socket('/hold');
        TYPES.forEach((type) => {
            let seen = null;
            socket['on' + type] = function (event) {
                seen = [this === socket, event.type, arguments.length].join();
            };
            fire(socket, type);
            equal(seen, 'true,' + type + ',1');
        });
    });
    test('belong to one socket', (t) => {
        const [one, two] = [t.socket('/hold'), t.socket('/hold')];
        one.onmessage = () => {};
        equal(two.onmessage, null);
    });
    test('are called at the place where they were set first', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.addEventListener('message', () => log.push('a'));
        socket.onmessage = () => log.push('first');
        socket.addEventListener('message', () => log.push('b'));
        socket.onmessage = () => log.push('handler');
        fire(socket);
        equal(log.join(), 'a,handler,b');
    });
    test('keep their place while they are no functions', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.onmessage = {};
        socket.addEventListener('message', () => log.push('a'));
        socket.onmessage = () => log.push('handler');
        fire(socket);
        equal(log.join(), 'handler,a');
    });
    test('lose their place by null', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.onmessage = () => log.push('first');
        socket.addEventListener('message', () => log.push('a'));
        socket.onmessage = null;
        socket.onmessage = () => log.push('handler');
        fire(socket);
        equal(log.join(), 'a,handler');
    });
    test('come after capturing listeners', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.onmessage = () => log.push('handler');
        socket.addEventListener('message', () => log.push('A'), true);
        fire(socket);
        equal(log.join(), 'A,handler');
    });
    test('cancel the event by returning false, and by nothing else', (t) => {
        const socket = t.socket('/hold');
        [[false, false], [undefined, true], [null, true], [0, true], ['', true], [true, true]].forEach(([result, expected]) => {
            TYPES.forEach((type) => {
                socket['on' + type] = () => result;
                equal(fire(socket, type, { cancelable: true }), expected, type + ' with the result ' + result);
            });
        });
        socket.onmessage = null;
        socket.addEventListener('message', () => false);
        equal(fire(socket, 'message', { cancelable: true }), true, 'a listener that returns false');
    });
    test('are independent of a listener with the same function', (t) => {
        const socket = t.socket('/hold');
        let calls = 0;
        const both = () => calls++;
        socket.onmessage = both;
        socket.addEventListener('message', both);
        fire(socket);
        equal(calls, 2, 'calls');
        socket.removeEventListener('message', both);
        fire(socket);
        equal(calls, 3, 'calls of the handler');
        socket.removeEventListener('message', both);
        equal(socket.onmessage, both, 'onmessage');
    });
    test('are looked up when their turn comes', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.addEventListener('message', () => {
            socket.onmessage = () => log.push('new');
        });
        socket.onmessage = () => log.push('old');
        fire(socket);
        equal(log.join(), 'new');
    });
    test('are not called when an earlier listener sets them to null', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.addEventListener('message', () => { socket.onmessage = null; });
        socket.onmessage = () => log.push('handler');
        fire(socket);
        equal(log.join(), '');
    });
    test('are not called in the dispatch that sets them first', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.addEventListener('message', () => {
            if (!socket.onmessage) socket.onmessage = () => log.push('handler');
        });
        fire(socket);
        equal(log.join(), '', 'calls');
        fire(socket);
        equal(log.join(), 'handler');
    });
    test('have their exceptions reported', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        const error = t.willReport('a handler throws');
        socket.onmessage = () => { throw error; };
        socket.addEventListener('message', () => log.push('a'));
        fire(socket);
        equal(log.join(), 'a');
    });
    test('report an exception also of a real event, and the next events come', function* (t) {
        const socket = t.socket('/send?text=1&text=2&close=1000');
        const error = t.willReport('a handler of a real event throws');
        const log = [];
        socket.onmessage = (event) => {
            log.push(event.data);
            if (event.data === '1') throw error;
        };
        yield new Promise((resolve) => { socket.onclose = resolve; });
        equal(log.join(), '1,2');
    });
    test('get a real event once', function* (t) {
        const socket = t.socket('/echo');
        const log = [];
        TYPES.forEach((type) => { socket['on' + type] = (event) => log.push('on' + event.type); });
        yield suite.next(socket, 'open');
        yield t.echo(socket, 'x');
        yield t.end(socket);
        equal(log.join(), 'onopen,onmessage,onclose');
    });
})();
