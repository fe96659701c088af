// Tests the shape of the classes, as WebIDL defines it for JavaScript: names, lengths, attributes of properties, prototypes and
// brands.
(function (global) {
    'use strict';
    const { test, equal, sameList, throws, next } = suite;

    const READ_ONLY = ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'];
    const WRITABLE = ['onopen', 'onerror', 'onclose', 'onmessage', 'binaryType'];
    const METHODS = { close: 0, send: 1 };
    const CONSTANTS = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

    function property(object, name) {
        const found = Object.getOwnPropertyDescriptor(object, name);
        if (!found) suite.fail('there is no own property ' + String(name));
        return found;
    }

    function flags(object, name) {
        const found = property(object, name);
        return (found.writable ? 'w' : '-') + (found.enumerable ? 'e' : '-') + (found.configurable ? 'c' : '-');
    }

    // These tests run for every interface.
    function checkClass(name, length, parent) {
        suite.group(name);
        test('is a property of the global object that is not enumerable', () => {
            equal(flags(global, name), 'w-c', 'flags');
            equal(global[name].name, name, 'name');
        });
        test('has the number of its required arguments as length', () => equal(global[name].length, length));
        test('cannot be called without new', () => throws(TypeError, () => global[name]('ws://host/')));
        test('has a prototype that is read-only', () => equal(flags(global[name], 'prototype'), '---'));
        test('is the constructor of its prototype', () => {
            equal(global[name].prototype.constructor, global[name]);
            equal(flags(global[name].prototype, 'constructor'), 'w-c', 'flags');
        });
        test('inherits from ' + parent, () => {
            const classParent = parent === 'Object' ? Function.prototype : global[parent];
            equal(Object.getPrototypeOf(global[name]), classParent, 'parent of the class');
            equal(Object.getPrototypeOf(global[name].prototype), global[parent].prototype, 'parent of the prototype');
        });
        test('has a toStringTag', () => {
            equal(global[name].prototype[Symbol.toStringTag], name);
            equal(flags(global[name].prototype, Symbol.toStringTag), '--c', 'flags');
        });
    }

    function checkConstants(name, constants) {
        test('has its constants on the class and on the prototype', () => {
            Object.keys(constants).forEach((constant) => {
                [global[name], global[name].prototype].forEach((holder) => {
                    equal(property(holder, constant).value, constants[constant], constant);
                    equal(flags(holder, constant), '-e-', 'flags of ' + constant);
                });
            });
        });
    }

    function checkAccessors(name, readOnly, writable) {
        test('has accessors with the names and lengths of WebIDL', () => {
            readOnly.concat(writable).forEach((attribute) => {
                const found = property(global[name].prototype, attribute);
                equal(typeof found.get, 'function', 'getter of ' + attribute);
                equal(found.get.name, 'get ' + attribute, 'name');
                equal(found.get.length, 0, 'length of the getter');
                equal(flags(global[name].prototype, attribute), '-ec', 'flags of ' + attribute);
                if (readOnly.includes(attribute)) {
                    equal(found.set, undefined, 'setter of ' + attribute);
                } else {
                    equal(found.set.name, 'set ' + attribute, 'name');
                    equal(found.set.length, 1, 'length of the setter');
                }
            });
        });
    }

    function checkMethods(name, methods) {
        test('has methods with the names and lengths of WebIDL', () => {
            Object.keys(methods).forEach((method) => {
                const found = property(global[name].prototype, method);
                equal(flags(global[name].prototype, method), 'wec', 'flags of ' + method);
                equal(found.value.name, method, 'name');
                equal(found.value.length, methods[method], 'length of ' + method);
            });
        });
        test('has methods that are no constructors', () => {
            Object.keys(methods).forEach((method) => {
                const { value } = property(global[name].prototype, method);
                equal(Object.prototype.hasOwnProperty.call(value, 'prototype'), false, 'prototype of ' + method);
                throws(TypeError, () => new value('x', () => {}), method);
            });
        });
    }

    function checkMembers(name, members) {
        test('has the members of the standard and no other', () => {
            const own = Object.getOwnPropertyNames(global[name].prototype).filter((member) => member !== 'constructor');
            sameList(own.sort(), members.slice().sort(), 'the members');
        });
    }

    checkClass('WebSocket', 1, 'EventTarget');
    checkConstants('WebSocket', CONSTANTS);
    checkAccessors('WebSocket', READ_ONLY, WRITABLE);
    checkMethods('WebSocket', METHODS);
    checkMembers('WebSocket', READ_ONLY.concat(WRITABLE, Object.keys(METHODS), Object.keys(CONSTANTS)));

    // All accessors and methods, as functions with the parameter `receiver`.
    function operations() {
        const list = [];
        READ_ONLY.concat(WRITABLE).forEach((name) => {
            const found = property(WebSocket.prototype, name);
            list.push(['get ' + name, (receiver) => found.get.call(receiver)]);
            if (found.set) list.push(['set ' + name, (receiver) => found.set.call(receiver, 'blob')]);
        });
        list.push(['send', (receiver) => WebSocket.prototype.send.call(receiver, 'x')]);
        list.push(['close', (receiver) => WebSocket.prototype.close.call(receiver)]);
        return list;
    }

    const FOREIGN = {
        'a plain object': () => ({}),
        'null': () => null,
        'a number': () => 5,
        'the prototype': () => WebSocket.prototype,
        'an object with a forged toStringTag': () => ({ [Symbol.toStringTag]: 'WebSocket' }),
        'an object made from the prototype': () => Object.create(WebSocket.prototype),
        'an object that inherits from a socket': (t) => Object.create(t.socket('/hold')),
        'a proxy of a socket': (t) => new Proxy(t.socket('/hold'), {}),
        'an event target': () => new EventTarget(),
    };
    Object.keys(FOREIGN).forEach((kind) => {
        test('refuses as receiver ' + kind, (t) => {
            const receiver = FOREIGN[kind](t);
            operations().forEach(([name, operation]) => throws(TypeError, () => operation(receiver), name));
        });
    });
    test('checks the receiver before it converts an argument', () => {
        const touched = { toString() { throw new RangeError('converted'); }, valueOf() { throw new RangeError('converted'); } };
        throws(TypeError, () => WebSocket.prototype.send.call({}, touched), 'send');
        throws(TypeError, () => WebSocket.prototype.close.call({}, touched), 'close');
        throws(TypeError, () => property(WebSocket.prototype, 'binaryType').set.call({}, touched), 'binaryType');
    });
    test('has instances that are targets, without own names', (t) => {
        const socket = t.socket('/hold');
        equal(socket instanceof EventTarget, true, 'instanceof');
        equal(Object.prototype.toString.call(socket), '[object WebSocket]', 'toString');
        sameList(Object.getOwnPropertyNames(socket), [], 'own names');
        equal(JSON.stringify(socket).length > 1, true, 'JSON');
    });
    test('lists its members in for-in, and only them', (t) => {
        const listed = [];
        for (const name in t.socket('/hold')) listed.push(name);
        const standard = READ_ONLY.concat(WRITABLE, Object.keys(METHODS), Object.keys(CONSTANTS),
            ['addEventListener', 'removeEventListener', 'dispatchEvent']);
        standard.forEach((name) => equal(listed.includes(name), true, name));
    });
    test('ignores assignments to attributes that are read-only', (t) => {
        const socket = t.socket('/hold');
        READ_ONLY.concat('CONNECTING').forEach((name) => {
            const before = socket[name];
            throws(TypeError, () => { socket[name] = 'x'; }, name); // in strict mode
            equal(socket[name], before, name);
        });
    });
    test('takes properties of a game without a conflict', (t) => {
        const socket = t.socket('/hold');
        ['_url', '_socket', '_listeners', 'id', 'state', 'listener'].forEach((name) => {
            equal(socket[name], undefined, name);
            socket[name] = 'mine';
        });
        equal(socket.readyState, 0, 'readyState');
        equal(socket.url, t.url + '/hold', 'url');
    });
    test('can be frozen and still works', function* (t) {
        const socket = Object.freeze(t.socket('/send?text=hello'));
        const events = suite.record(socket);
        yield next(socket, 'message');
        socket.close();
        yield next(socket, 'close');
        equal(events.join(), 'open,message,close');
    });
    test('can be the parent of a class', function* (t) {
        class Game extends WebSocket {
            constructor(url) {
                super(url, []);
                this.score = 1;
            }

            get readyState() {
                return 'state ' + super.readyState;
            }
        }
        const game = new Game(t.url + '/echo');
        equal(game instanceof Game && game instanceof WebSocket, true, 'instanceof');
        equal(game.readyState, 'state 0', 'readyState');
        yield next(game, 'open');
        equal(game.readyState, 'state 1', 'readyState');
        equal(yield t.echo(game, 'x'), 'x', 'echo');
        yield t.end(game);
    });
    test('makes an object with the prototype of new.target', (t) => {
        function Other() {}
        Other.prototype = Object.create(WebSocket.prototype);
        const socket = Reflect.construct(WebSocket, [t.url + '/hold'], Other);
        equal(Object.getPrototypeOf(socket), Other.prototype, 'prototype');
        socket.close();
    });
    test('works on an object whose prototype a game has changed', (t) => {
        const socket = t.socket('/hold');
        Object.setPrototypeOf(socket, null);
        try {
            equal(property(WebSocket.prototype, 'readyState').get.call(socket), 0);
            WebSocket.prototype.close.call(socket);
            equal(property(WebSocket.prototype, 'readyState').get.call(socket), 2);
        } finally {
            Object.setPrototypeOf(socket, WebSocket.prototype);
        }
    });

    checkClass('EventTarget', 0, 'Object');
    checkMethods('EventTarget', { addEventListener: 2, removeEventListener: 2, dispatchEvent: 1 });
    checkMembers('EventTarget', ['addEventListener', 'removeEventListener', 'dispatchEvent']);
    test('refuses other receivers', () => {
        [{}, EventTarget.prototype, Object.create(EventTarget.prototype), new Proxy(new EventTarget(), {})].forEach((receiver) => {
            throws(TypeError, () => EventTarget.prototype.addEventListener.call(receiver, 'x', () => {}), 'addEventListener');
            throws(TypeError, () => EventTarget.prototype.removeEventListener.call(receiver, 'x', () => {}), 'removeEventListener');
            throws(TypeError, () => EventTarget.prototype.dispatchEvent.call(receiver, new Event('x')), 'dispatchEvent');
        });
    });
    test('can be the parent of a class', () => {
        class Scene extends EventTarget {}
        const scene = new Scene();
        let called = 0;
        scene.addEventListener('x', () => called++);
        scene.dispatchEvent(new Event('x'));
        equal(called, 1);
        equal(Object.prototype.toString.call(scene), '[object EventTarget]');
    });

    const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
    const EVENT_READ_ONLY = ['type', 'target', 'srcElement', 'currentTarget', 'eventPhase', 'bubbles', 'cancelable', 'defaultPrevented',
        'composed', 'timeStamp'];
    const EVENT_METHODS = { composedPath: 0, stopPropagation: 0, stopImmediatePropagation: 0, preventDefault: 0, initEvent: 1 };
    checkClass('Event', 1, 'Object');
    checkConstants('Event', PHASES);
    checkAccessors('Event', EVENT_READ_ONLY, ['cancelBubble', 'returnValue']);
    checkMethods('Event', EVENT_METHODS);
    checkMembers('Event', EVENT_READ_ONLY.concat(['cancelBubble', 'returnValue'], Object.keys(EVENT_METHODS), Object.keys(PHASES)));
    test('has isTrusted as an accessor of each instance, which cannot be changed', () => {
        equal(flags(new Event('x'), 'isTrusted'), '-e-');
        sameList(Object.getOwnPropertyNames(new Event('x')), ['isTrusted'], 'own names');
    });

    checkClass('MessageEvent', 1, 'Event');
    checkAccessors('MessageEvent', ['data', 'origin', 'lastEventId', 'source', 'ports'], []);
    checkMethods('MessageEvent', { initMessageEvent: 1 });
    checkMembers('MessageEvent', ['data', 'origin', 'lastEventId', 'source', 'ports', 'initMessageEvent']);

    checkClass('CloseEvent', 1, 'Event');
    checkAccessors('CloseEvent', ['wasClean', 'code', 'reason'], []);
    checkMembers('CloseEvent', ['wasClean', 'code', 'reason']);

    const OWN = { Event: EVENT_READ_ONLY, MessageEvent: ['data', 'origin', 'lastEventId', 'source', 'ports'],
        CloseEvent: ['wasClean', 'code', 'reason'] };
    Object.keys(OWN).forEach((name) => {
        suite.group(name);
        test('has getters that refuse other receivers', () => {
            const { prototype } = global[name];
            const receivers = [{}, null, prototype, Object.create(prototype), Object.create(new global[name]('x')),
                { [Symbol.toStringTag]: name }].concat(name === 'Event' ? [] : [new Event('x')]);
            OWN[name].forEach((attribute) => {
                const { get } = property(prototype, attribute);
                receivers.forEach((receiver, index) => throws(TypeError, () => get.call(receiver), attribute + ' ' + index));
            });
        });
    });
    suite.group('Event');
    test('has methods that refuse other receivers', () => {
        Object.keys(EVENT_METHODS).forEach((method) => {
            [{}, Event.prototype, Object.create(Event.prototype)].forEach((receiver) => {
                throws(TypeError, () => Event.prototype[method].call(receiver, 'x'), method);
            });
        });
    });

    suite.group('DOMException');
    test('is the class of the exceptions', (t) => {
        const Exception = global.DOMException;
        equal(typeof Exception, 'function', 'the type');
        [() => new WebSocket('ws://['), () => t.socket('/hold').close(1), () => t.socket('/hold').send('x')].forEach((body) => {
            try {
                body();
                suite.fail('no exception');
            } catch (thrown) {
                equal(thrown instanceof Exception, true, String(thrown));
            }
        });
    });
})(this);
