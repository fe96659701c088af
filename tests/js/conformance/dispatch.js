// Tests the dispatch of events by the rules of the DOM standard, on an EventTarget and on a WebSocket.
(function () {
    'use strict';
    const { test, equal, sameList, throws } = suite;

    const TARGETS = {
        EventTarget: () => new EventTarget(),
        WebSocket: (t) => t.socket('/hold'),
    };

    function onEach(name, body) {
        Object.keys(TARGETS).forEach((kind) => {
            suite.group('dispatch on ' + kind);
            test(name, (t) => body(TARGETS[kind](t), t));
        });
    }

    /** Adds a listener that appends `name` to `log`, then calls `action`. */
    function logged(target, log, name, options, action) {
        target.addEventListener('x', (event) => {
            log.push(name);
            if (action) action(event);
        }, options);
    }

    onEach('sets the fields of the event for its listeners', (target) => {
        let called = 0;
        target.addEventListener('x', function (event) {
            called++;
            sameList([event.target, event.srcElement, event.currentTarget, this], [target, target, target, target]);
            equal(event.eventPhase, Event.AT_TARGET, 'eventPhase');
            sameList(event.composedPath(), [target], 'composedPath()');
            equal(arguments.length, 1, 'arguments');
            equal(event.isTrusted, false, 'isTrusted');
        });
        equal(target.dispatchEvent(new Event('x')), true, 'the result');
        equal(called, 1, 'calls');
    });
    onEach('resets the fields of the event after it', (target) => {
        const event = new Event('x');
        target.dispatchEvent(event);
        sameList([event.target, event.srcElement, event.currentTarget, event.eventPhase], [target, target, null, Event.NONE]);
        sameList(event.composedPath(), [], 'composedPath()');
    });
    onEach('calls capturing listeners first, and each kind in its order', (target) => {
        const log = [];
        logged(target, log, 'a', false);
        logged(target, log, 'A', true, (event) => equal(event.eventPhase, Event.AT_TARGET, 'eventPhase'));
        logged(target, log, 'b');
        logged(target, log, 'B', { capture: true });
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'A,B,a,b');
    });
    onEach('calls only listeners of exactly this type', (target) => {
        const log = [];
        ['x', 'X', 'x ', '', 'xx'].forEach((type) => target.addEventListener(type, () => log.push('<' + type + '>')));
        target.dispatchEvent(new Event('x'));
        target.dispatchEvent(new Event(''));
        equal(log.join(), '<x>,<>');
    });
    onEach('calls nothing after stopPropagation before it, and resets the flag', (target) => {
        ['stopPropagation', 'stopImmediatePropagation'].forEach((method) => {
            const log = [];
            const event = new Event('x');
            logged(target, log, 'capturing', true);
            logged(target, log, 'other');
            event[method]();
            equal(target.dispatchEvent(event), true, 'the result');
            equal(log.join(), '', 'calls after ' + method);
            equal(event.cancelBubble, false, 'cancelBubble');
            target.dispatchEvent(event);
            equal(log.join(), 'capturing,other', 'calls of the second dispatch');
        });
    });
    onEach('calls nothing after cancelBubble = true before it', (target) => {
        const log = [];
        const event = new Event('x');
        logged(target, log, 'a');
        event.cancelBubble = true;
        target.dispatchEvent(event);
        equal(log.join(), '');
    });
    onEach('skips the other listeners after stopPropagation of a capturing one', (target) => {
        const log = [];
        logged(target, log, 'a');
        logged(target, log, 'A', true, (event) => event.stopPropagation());
        logged(target, log, 'B', true);
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'A,B');
    });
    onEach('calls the rest of a phase after stopPropagation', (target) => {
        const log = [];
        logged(target, log, 'a', false, (event) => event.stopPropagation());
        logged(target, log, 'b', false, (event) => equal(event.cancelBubble, true, 'cancelBubble'));
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,b');
    });
    onEach('ends with stopImmediatePropagation', (target) => {
        const log = [];
        const event = new Event('x');
        logged(target, log, 'a', false, (it) => it.stopImmediatePropagation());
        logged(target, log, 'b');
        target.dispatchEvent(event);
        equal(event.cancelBubble, false, 'cancelBubble');
        equal(log.join(), 'a');
        target.dispatchEvent(event);
        equal(log.join(), 'a,a');
    });
    onEach('returns false when a cancelable event was canceled', (target) => {
        target.addEventListener('x', (event) => event.preventDefault());
        const cancelable = new Event('x', { cancelable: true });
        equal(target.dispatchEvent(new Event('x')), true, 'not cancelable');
        equal(target.dispatchEvent(cancelable), false, 'cancelable');
        equal(cancelable.defaultPrevented, true, 'defaultPrevented');
        equal(new EventTarget().dispatchEvent(cancelable), false, 'a second dispatch');
    });
    onEach('ignores preventDefault of passive listeners', (target) => {
        const event = new Event('x', { cancelable: true });
        target.addEventListener('x', (it) => {
            it.preventDefault();
            Reflect.set(it, 'returnValue', false);
            equal(it.defaultPrevented, false, 'defaultPrevented');
        }, { passive: true });
        equal(target.dispatchEvent(event), true, 'the result');
        target.addEventListener('x', (it) => it.preventDefault());
        equal(target.dispatchEvent(event), false, 'the result with another listener');
    });
    onEach('does not dispatch an event that is being dispatched', (target) => {
        let thrown = 0;
        const event = new Event('x');
        target.addEventListener('x', () => {
            throws('InvalidStateError', () => target.dispatchEvent(event));
            throws('InvalidStateError', () => new EventTarget().dispatchEvent(event), 'another target');
            thrown++;
        });
        target.dispatchEvent(event);
        equal(thrown, 1, 'calls');
        equal(event.target, target, 'target');
    });
    onEach('dispatches another event inside a listener', (target) => {
        const log = [];
        target.addEventListener('x', (event) => {
            log.push('x');
            target.dispatchEvent(new Event('y'));
            sameList([event.currentTarget, event.eventPhase], [target, 2]);
        });
        target.addEventListener('y', () => log.push('y'));
        logged(target, log, 'second x');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'x,y,second x');
    });
    onEach('dispatches an event again, to the next target', (target) => {
        const other = new EventTarget();
        const event = new Event('x');
        const seen = [];
        [target, other].forEach((it) => it.addEventListener('x', (found) => seen.push(found.target, found.currentTarget)));
        target.dispatchEvent(event);
        other.dispatchEvent(event);
        target.dispatchEvent(event);
        sameList(seen, [target, target, other, other, target, target]);
        equal(event.target, target, 'target');
    });
    onEach('refuses values that are no events', (target) => {
        throws(TypeError, () => target.dispatchEvent(), 'no argument');
        [null, undefined, {}, 'x', 5, { type: 'x' }, Event.prototype, Object.create(Event.prototype), Object.create(new Event('x')),
            { type: 'x', [Symbol.toStringTag]: 'Event' }, new Proxy(new Event('x'), {})].forEach((event, index) => {
            throws(TypeError, () => target.dispatchEvent(event), 'value ' + index);
        });
    });
    onEach('does not call listeners that are added during it', (target) => {
        const log = [];
        logged(target, log, 'a', { once: true }, () => logged(target, log, 'new'));
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,new');
    });
    onEach('calls a listener that a capturing one adds for the other phase', (target) => {
        const log = [];
        logged(target, log, 'A', { capture: true, once: true }, () => logged(target, log, 'new'));
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'A,new');
    });
    onEach('does not call listeners that are removed during it', (target) => {
        const log = [];
        const second = () => log.push('b');
        logged(target, log, 'a', false, () => target.removeEventListener('x', second));
        target.addEventListener('x', second);
        logged(target, log, 'c');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,c');
    });
    onEach('does not call a listener that is removed and added again during it', (target) => {
        const log = [];
        const second = () => log.push('b');
        logged(target, log, 'a', { once: true }, () => {
            target.removeEventListener('x', second);
            target.addEventListener('x', second);
        });
        target.addEventListener('x', second);
        logged(target, log, 'c');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,c');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,c,c,b');
    });
    onEach('calls the other listeners when one removes itself', (target) => {
        const log = [];
        const first = () => {
            log.push('a');
            target.removeEventListener('x', first);
        };
        target.addEventListener('x', first);
        logged(target, log, 'b');
        target.dispatchEvent(new Event('x'));
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,b,b');
    });
    onEach('reports the exception of a listener, and calls the others', (target, t) => {
        const log = [];
        const error = t.willReport('a listener throws on ' + target.constructor.name);
        logged(target, log, 'a', false, () => { throw error; });
        logged(target, log, 'b');
        equal(target.dispatchEvent(new Event('x')), true, 'the result');
        equal(log.join(), 'a,b');
    });
    onEach('runs all listeners in one call, without microtasks between them', (target) => {
        const log = [];
        logged(target, log, 'a', false, () => Promise.resolve().then(() => log.push('microtask')));
        logged(target, log, 'b');
        target.dispatchEvent(new Event('x'));
        equal(log.join(), 'a,b');
    });
    onEach('takes events of all classes', (target) => {
        const data = {};
        const seen = [];
        target.addEventListener('x', (event) => seen.push(event.data, event.code));
        target.dispatchEvent(new MessageEvent('x', { data }));
        target.dispatchEvent(new CloseEvent('x', { code: 4000 }));
        sameList(seen, [data, undefined, undefined, 4000]);
    });

    suite.group('dispatch of events of a socket');
    test('dispatches an event that a socket fired to another target', function* (t) {
        const socket = yield t.open('/send?text=hello&close=4001');
        const other = new EventTarget();
        const [message, close] = [yield suite.next(socket, 'message'), yield suite.next(socket, 'close')];
        const seen = [];
        ['message', 'close'].forEach((type) => other.addEventListener(type, (event) => {
            seen.push(event.target, event.currentTarget, event.isTrusted, event.data, event.code);
        }));
        [message, close].forEach((event) => equal(other.dispatchEvent(event), true));
        sameList(seen, [other, other, false, 'hello', undefined, other, other, false, undefined, 4001]);
    });
    test('does not dispatch it again while its socket dispatches it', function* (t) {
        const socket = t.socket('/echo');
        let thrown = null;
        socket.addEventListener('open', (event) => {
            try {
                new EventTarget().dispatchEvent(event);
            } catch (error) {
                thrown = error;
            }
        });
        yield suite.next(socket, 'open');
        equal(thrown && thrown.name, 'InvalidStateError');
    });
    test('lets a game dispatch the events of a socket', (t) => {
        const socket = t.socket('/hold');
        const log = [];
        socket.onmessage = (event) => log.push(event.data);
        socket.onclose = (event) => log.push(event.code);
        socket.dispatchEvent(new MessageEvent('message', { data: 'mine' }));
        socket.dispatchEvent(new CloseEvent('close', { code: 4000 }));
        equal(log.join(), 'mine,4000');
        equal(socket.readyState, 0, 'readyState');
    });
})();
