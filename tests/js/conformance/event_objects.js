// Tests the constructors of Event, MessageEvent and CloseEvent, the WebIDL conversions of their arguments, and the attributes of
// events.
(function (global) {
    'use strict';
    const { test, equal, sameList, throws, rethrows, need } = suite;

    ['Event', 'MessageEvent', 'CloseEvent'].forEach((name) => {
        suite.group(name);
        const make = (type, init) => new global[name](type, init);

        test('needs a type', () => throws(TypeError, () => new global[name]()));
        test('converts the type to a string', () => {
            [[undefined, 'undefined'], [null, 'null'], [5, '5'], ['', ''], [true, 'true'], [['a', 'b'], 'a,b'],
                [{ toString: () => 'object' }, 'object'], ['\ud800', '\ud800'], ['a\0b', 'a\0b']].forEach(([type, text]) => {
                equal(make(type).type, text);
            });
            throws(TypeError, () => make(Symbol('x')), 'a symbol');
            const error = new RangeError('mine');
            rethrows(error, () => make({ toString() { throw error; } }));
        });
        test('converts the type before it reads the dictionary', () => {
            const order = [];
            make({ toString: () => order.push('type') }, { get bubbles() { order.push('bubbles'); return true; } });
            equal(order.join(), 'type,bubbles');
        });
        test('takes undefined, null and any object as dictionary', () => {
            [undefined, null, {}, [], () => {}, new Date(), new Map(), Object.create(null)].forEach((init) => {
                equal(make('x', init).bubbles, false);
            });
        });
        test('refuses other values as dictionary', () => {
            [0, 1, '', 'x', true, false, Symbol('x')].forEach((init) => throws(TypeError, () => make('x', init), String(init)));
        });
        test('has the defaults of the standard', () => {
            const event = make('x');
            const expected = {
                type: 'x', target: null, srcElement: null, currentTarget: null, eventPhase: 0, bubbles: false, cancelable: false,
                defaultPrevented: false, composed: false, isTrusted: false, cancelBubble: false, returnValue: true,
            };
            Object.keys(expected).forEach((member) => equal(event[member], expected[member], member));
            sameList(event.composedPath(), [], 'composedPath()');
        });
        test('converts its flags to booleans', () => {
            ['bubbles', 'cancelable', 'composed'].forEach((member) => {
                [[1, true], ['false', true], [{}, true], [Symbol('x'), true], [0, false], ['', false], [NaN, false], [null, false],
                    [undefined, false]].forEach(([value, flag]) => equal(make('x', { [member]: value })[member], flag, member));
            });
        });
        test('reads inherited members of the dictionary', () => {
            equal(make('x', Object.create({ bubbles: true })).bubbles, true);
        });
        test('passes on an exception of a getter of the dictionary', () => {
            const error = new RangeError('mine');
            rethrows(error, () => make('x', { get composed() { throw error; } }));
        });
        test('reads the members of the dictionary once, in the order of WebIDL', () => {
            const order = [];
            const init = new Proxy({}, { get(target, key) { if (typeof key === 'string') order.push(key); } });
            make('x', init);
            const own = { Event: [], MessageEvent: ['data', 'lastEventId', 'origin', 'ports', 'source'],
                CloseEvent: ['code', 'reason', 'wasClean'] };
            equal(order.join(), ['bubbles', 'cancelable', 'composed'].concat(own[name]).join());
        });
        test('has a time stamp that does not go back', () => {
            const [first, second] = [make('x'), make('x')];
            equal(typeof first.timeStamp, 'number', 'type');
            equal(first.timeStamp >= 0 && first.timeStamp <= second.timeStamp, true, first.timeStamp + ', ' + second.timeStamp);
            equal(first.timeStamp, first.timeStamp, 'timeStamp');
        });
        test('has a time stamp that is relative to the start', () => {
            equal(make('x').timeStamp < 1e9, true); // less than twelve days, so not the time since 1970
        });
        test('can be the parent of a class', () => {
            class Own extends global[name] {
                get kind() { return 'own'; }
            }
            const event = new Own('x', { bubbles: true });
            equal(event instanceof Own && event instanceof Event, true, 'instanceof');
            equal(event.kind + event.type + event.bubbles, 'ownxtrue');
            let found = null;
            const target = new EventTarget();
            target.addEventListener('x', (it) => { found = it; });
            target.dispatchEvent(event);
            equal(found, event, 'the event of the listener');
        });
    });

    suite.group('Event');
    test('is canceled by preventDefault, if it is cancelable', () => {
        const [yes, no] = [new Event('x', { cancelable: true }), new Event('x')];
        [yes, no].forEach((event) => equal(event.preventDefault(), undefined));
        sameList([yes.defaultPrevented, yes.returnValue, no.defaultPrevented, no.returnValue], [true, false, false, true]);
    });
    test('is canceled by returnValue = false, and not restored by true', () => {
        const event = new Event('x', { cancelable: true });
        event.returnValue = true;
        equal(event.defaultPrevented, false, 'after true');
        event.returnValue = 0;
        equal(event.defaultPrevented, true, 'after false');
        event.returnValue = true;
        equal(event.defaultPrevented, true, 'after true');
    });
    test('reports stopped propagation in cancelBubble, which cannot be reset', () => {
        ['stopPropagation', 'stopImmediatePropagation'].forEach((method) => {
            const event = new Event('x');
            equal(event[method](), undefined);
            equal(event.cancelBubble, true, method);
            event.cancelBubble = false;
            equal(event.cancelBubble, true, 'after false');
        });
        const event = new Event('x');
        event.cancelBubble = 1;
        equal(event.cancelBubble, true, 'after 1');
    });
    test('is reset by initEvent', () => {
        const event = new Event('x', { cancelable: true, composed: true });
        event.preventDefault();
        event.stopPropagation();
        equal(event.initEvent('y', true), undefined);
        sameList([event.type, event.bubbles, event.cancelable, event.defaultPrevented, event.cancelBubble], ['y', true, false, false, false]);
        throws(TypeError, () => event.initEvent(), 'without a type');
    });
    test('is not changed by initEvent while it is dispatched', () => {
        const target = new EventTarget();
        const event = new Event('x');
        target.addEventListener('x', () => event.initEvent('y', true, true));
        target.dispatchEvent(event);
        sameList([event.type, event.bubbles, event.cancelable], ['x', false, false]);
    });
    test('returns a new list from each composedPath()', () => {
        const target = new EventTarget();
        let path = null;
        target.addEventListener('x', (event) => {
            event.composedPath().push('mine');
            path = event.composedPath();
        });
        target.dispatchEvent(new Event('x'));
        sameList(path, [target]);
    });
    test('keeps its attributes when a game assigns to them', () => {
        const event = new Event('x');
        ['type', 'target', 'currentTarget', 'eventPhase', 'timeStamp', 'isTrusted'].forEach((name) => {
            const before = event[name];
            throws(TypeError, () => { event[name] = 'mine'; }, name); // in strict mode
            equal(event[name], before, name);
        });
    });

    suite.group('MessageEvent');
    test('has the defaults of the standard for its own members', () => {
        const event = new MessageEvent('x');
        sameList([event.data, event.origin, event.lastEventId, event.source], [null, '', '', null]);
        sameList(event.ports, [], 'ports');
    });
    test('keeps any data as it is', () => {
        [0, '', 'x', false, null, {}, [], Symbol('x'), () => {}].forEach((data) => equal(new MessageEvent('x', { data }).data, data));
        equal(new MessageEvent('x', { data: undefined }).data, null, 'undefined');
    });
    test('converts origin to a USVString and lastEventId to a DOMString', () => {
        const event = new MessageEvent('x', { origin: 'a\ud800', lastEventId: 'b\ud800' });
        sameList([event.origin, event.lastEventId], ['a\ufffd', 'b\ud800']);
        equal(new MessageEvent('x', { origin: null }).origin, 'null', 'null');
        equal(new MessageEvent('x', { lastEventId: 5 }).lastEventId, '5', '5');
        throws(TypeError, () => new MessageEvent('x', { origin: Symbol('x') }), 'a symbol as origin');
        throws(TypeError, () => new MessageEvent('x', { lastEventId: Symbol('x') }), 'a symbol as lastEventId');
    });
    test('takes null as source, and no other value than a window, a port or a worker', () => {
        equal(new MessageEvent('x', { source: null }).source, null);
        [{}, 5, 'x', new EventTarget()].forEach((source) => throws(TypeError, () => new MessageEvent('x', { source }), String(source)));
    });
    test('converts ports to a frozen list', () => {
        const event = new MessageEvent('x', { ports: new Set() });
        equal(Object.isFrozen(event.ports), true, 'frozen');
        equal(event.ports, event.ports, 'ports');
        [null, 5, 'x', {}, [{}], [null], ['x']].forEach((ports) => {
            throws(TypeError, () => new MessageEvent('x', { ports }), JSON.stringify(ports));
        });
    });
    test('takes ports of a MessageChannel', () => {
        const { port1, port2 } = new (need('MessageChannel'))();
        const event = new MessageEvent('x', { source: port1, ports: [port1, port2] });
        sameList(event.ports, [port1, port2]);
        equal(event.source, port1, 'source');
        port1.close();
    });
    test('is reset by initMessageEvent', () => {
        const event = new MessageEvent('x', { data: 1 });
        event.initMessageEvent('y', true, true, 'data', 'origin', 'id', null, []);
        sameList([event.type, event.bubbles, event.cancelable, event.data, event.origin, event.lastEventId, event.source],
            ['y', true, true, 'data', 'origin', 'id', null]);
        event.initMessageEvent('z');
        sameList([event.type, event.bubbles, event.data, event.origin], ['z', false, null, '']);
        throws(TypeError, () => event.initMessageEvent(), 'without a type');
    });

    suite.group('CloseEvent');
    test('has the defaults of the standard for its own members', () => {
        const event = new CloseEvent('x');
        sameList([event.wasClean, event.code, event.reason], [false, 0, '']);
    });
    test('converts code to an unsigned short', () => {
        [[1000, 1000], [65535, 65535], [65536, 0], [65537, 1], [-1, 65535], [1.9, 1], [-1.9, 65535], [NaN, 0], [Infinity, 0],
            [-Infinity, 0], ['1000', 1000], ['x', 0], [null, 0], [true, 1], [undefined, 0], [{ valueOf: () => 7 }, 7], [[8], 8],
            [Math.pow(2, 53), 0], [-0.5, 0]].forEach(([code, number]) => {
            equal(new CloseEvent('x', { code }).code, number, 'code of ' + String(code));
        });
        throws(TypeError, () => new CloseEvent('x', { code: Symbol('x') }), 'a symbol');
        if (typeof BigInt === 'function') throws(TypeError, () => new CloseEvent('x', { code: BigInt(1) }), 'a BigInt');
    });
    test('converts reason to a USVString', () => {
        equal(new CloseEvent('x', { reason: 'a\ud800b\ud83d\ude00' }).reason, 'a\ufffdb\ud83d\ude00');
        equal(new CloseEvent('x', { reason: null }).reason, 'null', 'null');
        throws(TypeError, () => new CloseEvent('x', { reason: Symbol('x') }), 'a symbol');
    });
    test('converts wasClean to a boolean', () => {
        equal(new CloseEvent('x', { wasClean: 'false' }).wasClean, true);
        equal(new CloseEvent('x', { wasClean: null }).wasClean, false);
    });
})(this);
