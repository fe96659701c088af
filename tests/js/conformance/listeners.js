// Tests addEventListener and removeEventListener by the rules of the DOM standard, on an EventTarget and on a WebSocket.
(function () {
    'use strict';
    const { test, equal, throws, rethrows, need } = suite;

    function onEach(name, body) {
        [['EventTarget', () => new EventTarget()], ['WebSocket', (t) => t.socket('/hold')]].forEach(([kind, make]) => {
            suite.group('listeners of ' + kind);
            test(name, (t) => body(make(t), t));
        });
    }

    function fire(target, type) {
        target.dispatchEvent(new Event(type || 'x'));
    }

    // A counter and a listener that counts.
    function counter() {
        const listener = () => { listener.calls++; };
        listener.calls = 0;
        return listener;
    }

    onEach('returns undefined', (target) => {
        equal(target.addEventListener('x', () => {}), undefined);
        equal(target.removeEventListener('x', () => {}), undefined);
    });
    onEach('needs two arguments', (target) => {
        ['addEventListener', 'removeEventListener'].forEach((method) => {
            throws(TypeError, () => target[method](), method);
            throws(TypeError, () => target[method]('x'), method);
        });
    });
    onEach('takes null and undefined as listener, without effect', (target) => {
        [null, undefined].forEach((listener) => {
            target.addEventListener('x', listener);
            target.removeEventListener('x', listener);
        });
        fire(target);
    });
    onEach('refuses listeners that are no objects', (target) => {
        [0, 1, '', 'x', true, false, Symbol('x')].forEach((listener) => {
            throws(TypeError, () => target.addEventListener('x', listener), String(listener));
            throws(TypeError, () => target.removeEventListener('x', listener), String(listener));
        });
    });
    onEach('converts the type to a string', (target) => {
        [[null, 'null'], [undefined, 'undefined'], [5, '5'], [{ toString: () => 'y' }, 'y']].forEach(([type, text]) => {
            const listener = counter();
            target.addEventListener(type, listener);
            fire(target, text);
            target.removeEventListener(type, listener);
            fire(target, text);
            equal(listener.calls, 1, 'calls for ' + text);
        });
        throws(TypeError, () => target.addEventListener(Symbol('x'), () => {}), 'a symbol');
    });
    onEach('adds the same listener once', (target) => {
        const listener = counter();
        target.addEventListener('x', listener);
        target.addEventListener('x', listener, { once: true });
        target.addEventListener('x', listener, { passive: true });
        fire(target);
        fire(target);
        equal(listener.calls, 2);
    });
    onEach('adds a listener for each phase', (target) => {
        const listener = counter();
        target.addEventListener('x', listener);
        target.addEventListener('x', listener, true);
        fire(target);
        equal(listener.calls, 2, 'calls');
        target.removeEventListener('x', listener);
        fire(target);
        equal(listener.calls, 3, 'calls of the capturing listener');
        target.removeEventListener('x', listener, { capture: true });
        fire(target);
        equal(listener.calls, 3, 'calls after both were removed');
    });
    onEach('removes by type, listener and capture only', (target) => {
        const listener = counter();
        target.addEventListener('x', listener, { capture: false, once: false, passive: true });
        target.removeEventListener('y', listener);
        target.removeEventListener('x', () => {});
        target.removeEventListener('x', listener, true);
        fire(target);
        equal(listener.calls, 1, 'calls');
        target.removeEventListener('x', listener, { once: true, passive: false });
        fire(target);
        equal(listener.calls, 1, 'calls after it was removed');
    });
    onEach('converts other options than objects to capture', (target) => {
        [[1, true], ['false', true], [Symbol('x'), true], [0, false], ['', false], [undefined, false], [null, false], [NaN, false]]
            .forEach(([options, capture]) => {
                const listener = counter();
                target.addEventListener('x', listener, options);
                target.removeEventListener('x', listener, !capture);
                fire(target);
                equal(listener.calls, 1, 'calls with the options ' + String(options));
                target.removeEventListener('x', listener, capture);
                fire(target);
                equal(listener.calls, 1, 'calls after it was removed');
            });
    });
    onEach('converts the members of the options to booleans', (target) => {
        const once = counter();
        target.addEventListener('x', once, { once: 'yes', capture: 0, passive: null });
        fire(target);
        fire(target);
        equal(once.calls, 1);
    });
    onEach('reads the members of the options in the order of WebIDL', (target) => {
        const order = [];
        const options = new Proxy({}, { get(object, key) { if (typeof key === 'string') order.push(key); } });
        target.addEventListener('x', () => {}, options);
        equal(order.splice(0).join(), 'capture,once,passive,signal', 'addEventListener');
        target.removeEventListener('x', () => {}, options);
        equal(order.join(), 'capture', 'removeEventListener');
    });
    onEach('converts the options also without a listener', (target) => {
        const error = new RangeError('mine');
        rethrows(error, () => target.addEventListener('x', null, { get once() { throw error; } }));
        throws(TypeError, () => target.addEventListener('x', null, { signal: {} }), 'signal');
    });
    onEach('adds nothing when the options throw', (target) => {
        const listener = counter();
        const error = new RangeError('mine');
        rethrows(error, () => target.addEventListener('x', listener, { get passive() { throw error; } }));
        fire(target);
        equal(listener.calls, 0);
    });
    onEach('removes a `once` listener before its call', (target) => {
        const log = [];
        target.addEventListener('x', () => {
            log.push('a');
            if (log.length < 5) fire(target);
        }, { once: true });
        fire(target);
        fire(target);
        equal(log.join(), 'a');
    });
    onEach('calls handleEvent of an object, as it is at the event', (target) => {
        const log = [];
        const listener = {
            handleEvent(event) {
                log.push(this === listener, event.type, arguments.length);
            },
        };
        target.addEventListener('x', listener);
        fire(target);
        listener.handleEvent = () => log.push('replaced');
        fire(target);
        target.removeEventListener('x', listener);
        fire(target);
        equal(log.join(), 'true,x,1,replaced');
    });
    onEach('reads handleEvent at each event, not when it is added', (target) => {
        let reads = 0;
        const listener = { get handleEvent() { reads++; return () => {}; } };
        target.addEventListener('x', listener);
        equal(reads, 0, 'reads');
        fire(target);
        fire(target);
        equal(reads, 2, 'reads');
    });
    onEach('calls a function and not its handleEvent', (target) => {
        const listener = counter();
        listener.handleEvent = () => suite.fail('handleEvent was called');
        target.addEventListener('x', listener);
        fire(target);
        equal(listener.calls, 1);
    });
    onEach('reports an object whose handleEvent is no function', (target, t) => {
        const after = counter();
        target.addEventListener('x', { handleEvent: 5 });
        target.addEventListener('x', after);
        t.willReport('TypeError');
        fire(target);
        equal(after.calls, 1);
    });
    onEach('reports an object without handleEvent', (target, t) => {
        const after = counter();
        target.addEventListener('x', {});
        target.addEventListener('x', after);
        t.willReport('TypeError');
        fire(target);
        equal(after.calls, 1);
    });
    onEach('reports an exception of the getter of handleEvent', (target, t) => {
        const error = t.willReport('a getter of handleEvent throws on ' + target.constructor.name);
        const after = counter();
        target.addEventListener('x', { get handleEvent() { throw error; } });
        target.addEventListener('x', after);
        fire(target);
        equal(after.calls, 1);
    });
    onEach('refuses a signal that is no AbortSignal', (target) => {
        const listener = counter();
        [null, {}, 5, 'x', { aborted: false, addEventListener() {} }, new EventTarget()].forEach((signal, index) => {
            throws(TypeError, () => target.addEventListener('x', listener, { signal }), 'signal ' + index);
        });
        fire(target);
        equal(listener.calls, 0, 'calls');
        target.addEventListener('x', listener, { signal: undefined });
        fire(target);
        equal(listener.calls, 1, 'calls with undefined');
    });
    onEach('refuses a forged AbortSignal', (target) => {
        const signal = new (need('AbortController'))().signal;
        [Object.create(signal), Object.create(need('AbortSignal').prototype), { [Symbol.toStringTag]: 'AbortSignal' }]
            .forEach((forged, index) => {
                throws(TypeError, () => target.addEventListener('x', () => {}, { signal: forged }), 'signal ' + index);
            });
    });
    onEach('adds nothing with an aborted signal', (target) => {
        const listener = counter();
        const controller = new (need('AbortController'))();
        controller.abort();
        target.addEventListener('x', listener, { signal: controller.signal });
        fire(target);
        equal(listener.calls, 0);
    });
    onEach('removes the listeners of a signal when it is aborted', (target) => {
        const [one, two, other] = [counter(), counter(), counter()];
        const controller = new (need('AbortController'))();
        target.addEventListener('x', one, { signal: controller.signal });
        target.addEventListener('x', two, { signal: controller.signal, capture: true, once: true });
        target.addEventListener('x', other);
        controller.abort();
        fire(target);
        equal([one.calls, two.calls, other.calls].join(), '0,0,1');
        target.addEventListener('x', one);
        fire(target);
        equal(one.calls, 1, 'calls of a listener that was added again');
    });
    onEach('does not call a listener whose signal is aborted during the dispatch', (target) => {
        const late = counter();
        const controller = new (need('AbortController'))();
        target.addEventListener('x', () => controller.abort());
        target.addEventListener('x', late, { signal: controller.signal });
        fire(target);
        equal(late.calls, 0);
    });
    onEach('keeps a listener that was added again without the signal', (target) => {
        const listener = counter();
        const controller = new (need('AbortController'))();
        target.addEventListener('x', listener, { signal: controller.signal });
        target.removeEventListener('x', listener);
        target.addEventListener('x', listener);
        controller.abort();
        fire(target);
        equal(listener.calls, 1);
    });
    onEach('keeps the listeners of two sets of options apart', (target) => {
        const log = [];
        const options = { once: true };
        target.addEventListener('x', () => log.push('a'), options);
        options.once = false; // no effect: a dictionary is read when the listener is added
        fire(target);
        fire(target);
        equal(log.join(), 'a');
    });
})();
