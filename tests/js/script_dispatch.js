// Tests Event and EventTarget of egret_ws.js, for an engine without these classes, by the rules of the DOM standard.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost } = require('./script_host.js');

// A target, the event classes of a bare engine, and a log.
function bare() {
    const host = makeHost();
    const { Event, EventTarget } = host.global;
    const log = [];
    return { host, Event, EventTarget, target: new EventTarget(), log, note: (name) => () => log.push(name) };
}

const named = (name) => (error) => error.name === name;
const refuses = (run) => assert.throws(run, TypeError);

test('interfaces: names, lengths, getters, constants, enumerability, prototype chain', () => {
    const { global, WebSocket } = makeHost();
    const { Event, EventTarget, MessageEvent, CloseEvent } = global;
    const lengths = { Event: 1, EventTarget: 0, MessageEvent: 1, CloseEvent: 1, WebSocket: 1 };
    for (const [name, length] of Object.entries(lengths)) {
        const Class = global[name];
        assert.deepEqual([Class.name, Class.length], [name, length]);
        assert.deepEqual(Object.getOwnPropertyDescriptor(global, name),
            { value: Class, writable: true, enumerable: false, configurable: true });
        assert.equal(Object.getOwnPropertyDescriptor(Class, 'prototype').writable, false);
        assert.deepEqual(Object.getOwnPropertyDescriptor(Class.prototype, Symbol.toStringTag),
            { value: name, writable: false, enumerable: false, configurable: true });
        for (const [member, property] of Object.entries(Object.getOwnPropertyDescriptors(Class.prototype))) {
            if (member === 'constructor') assert.deepEqual([property.value, property.enumerable], [Class, false]);
            if (member === 'constructor' || member === member.toUpperCase()) continue;
            assert.equal(property.enumerable, true, member);
            assert.equal(property.configurable, true, member);
            if (property.get) assert.equal(property.get.name, `get ${member}`);
            if (property.set) assert.equal(property.set.name, `set ${member}`);
            if (property.value) assert.deepEqual([property.value.name, property.writable], [member, true]);
            const call = property.get || property.value;
            refuses(() => call.call({}, 'x', 'y'));
            refuses(() => call.call(Object.create(Class.prototype), 'x', 'y'));
        }
        refuses(() => Class('x'));
    }
    assert.equal(Object.getPrototypeOf(CloseEvent), Event);
    assert.equal(Object.getPrototypeOf(MessageEvent.prototype), Event.prototype);
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    assert.equal(Object.getPrototypeOf(WebSocket.prototype), EventTarget.prototype);
    const methods = { addEventListener: 2, removeEventListener: 2, dispatchEvent: 1 };
    for (const [name, length] of Object.entries(methods)) {
        assert.equal(EventTarget.prototype[name].length, length);
        assert.equal(Object.hasOwn(WebSocket.prototype, name), false);
    }
    for (const [name, value] of [['NONE', 0], ['CAPTURING_PHASE', 1], ['AT_TARGET', 2], ['BUBBLING_PHASE', 3]]) {
        assert.deepEqual([Event[name], Event.prototype[name]], [value, value]);
    }
});

test('an event: attributes before, during and after a dispatch', () => {
    const { Event, target } = bare();
    const event = new Event('x', { cancelable: 1 });
    const look = () => [event.type, event.target, event.srcElement, event.currentTarget, event.eventPhase,
        event.composedPath().length, event.bubbles, event.cancelable, event.composed, event.isTrusted, event.defaultPrevented,
        event.returnValue, event.cancelBubble];
    assert.deepEqual(look(), ['x', null, null, null, 0, 0, false, true, false, false, false, true, false]);
    target.addEventListener('x', () => {
        assert.deepEqual(look(), ['x', target, target, target, 2, 1, false, true, false, false, false, true, false]);
        assert.equal(event.composedPath()[0], target);
    });
    target.dispatchEvent(event);
    assert.deepEqual(look(), ['x', target, target, null, 0, 0, false, true, false, false, false, true, false]);
    assert.equal(typeof event.timeStamp, 'number');
    assert.ok(new Event('later').timeStamp >= event.timeStamp);
});

test('an event of a socket is trusted, until a script dispatches it again', () => {
    const host = makeHost();
    const ws = new host.WebSocket('ws://game.test/');
    let event;
    ws.onopen = (given) => { event = given; };
    host.connected();
    assert.equal(event.isTrusted, true);
    const other = new host.global.EventTarget();
    const seen = [];
    other.addEventListener('open', (again) => seen.push(again.target, again.isTrusted));
    other.dispatchEvent(event);
    assert.deepEqual(seen, [other, false]);
    assert.equal(event.target, other);
});

test('conversions of an event\'s arguments', () => {
    const { Event } = bare();
    for (const init of [undefined, null, {}, () => {}]) assert.equal(new Event('x', init).bubbles, false);
    for (const init of [5, 'x', true, Symbol('x')]) refuses(() => new Event('x', init));
    refuses(() => new Event());
    refuses(() => new Event(Symbol('x')));
    assert.equal(new Event(null).type, 'null');
    assert.equal(new Event('\ud800').type, '\ud800');
    const order = [];
    const watched = new Proxy({}, { get: (object, name) => { order.push(name); } });
    new Event({ toString: () => { order.push('type'); return 'x'; } }, watched);
    assert.deepEqual(order, ['type', 'bubbles', 'cancelable', 'composed']);
});

test('conversions of CloseEvent and MessageEvent', () => {
    const { CloseEvent, MessageEvent } = makeHost().global;
    for (const [given, code] of [[65536 + 1000, 1000], [-1, 65535], [1000.9, 1000], ['3000', 3000], [NaN, 0], [Infinity, 0],
        [true, 1], [null, 0], [2 ** 32 + 5, 5]]) {
        assert.equal(new CloseEvent('close', { code: given }).code, code, String(given));
    }
    refuses(() => new CloseEvent('close', { code: 1n }));
    refuses(() => new CloseEvent('close', { code: Symbol('x') }));
    refuses(() => new CloseEvent('close', { reason: Symbol('x') }));
    refuses(() => new CloseEvent('close', 5));
    assert.equal(new CloseEvent('close', { reason: 'a\ud800' }).reason, 'a\ufffd');
    assert.equal(new CloseEvent('close', { wasClean: 'yes' }).wasClean, true);
    const message = new MessageEvent('m', { data: [1], origin: '\udc00', lastEventId: 5, bubbles: 1 });
    assert.deepEqual([message.data, message.origin, message.lastEventId, message.source, message.bubbles],
        [[1], '\ufffd', '5', null, true]);
    assert.ok(Object.isFrozen(message.ports) && message.ports === message.ports);
    for (const init of [undefined, null, {}]) {
        const plain = new MessageEvent('m', init);
        assert.deepEqual([plain.data, plain.origin, plain.lastEventId, plain.source, plain.ports], [null, '', '', null, []]);
    }
    refuses(() => new MessageEvent());
    refuses(() => new CloseEvent());
    for (const wrong of [{ source: {} }, { ports: 5 }, { ports: [{}] }, { origin: Symbol('x') }]) {
        refuses(() => new MessageEvent('m', wrong));
    }
});

test('ports and source of a MessageEvent', () => {
    const { MessageEvent } = makeHost({ MessagePort }).global;
    const { port1, port2 } = new MessageChannel();
    const message = new MessageEvent('m', { source: port1, ports: new Set([port1, port2]) });
    assert.equal(message.source, port1);
    assert.deepEqual([message.ports.length, message.ports[0] === port1, message.ports[1] === port2], [2, true, true]);
    assert.ok(Object.isFrozen(message.ports));
    assert.equal(new MessageEvent('m', { source: null }).source, null);
    for (const wrong of [{ source: {} }, { ports: null }, { ports: 5 }, { ports: {} }, { ports: [port1, {}] }, { ports: [null] }]) {
        refuses(() => new MessageEvent('m', wrong));
    }
    port1.close();
});

test('initMessageEvent, and frozen events', () => {
    const { EventTarget, Event, MessageEvent } = makeHost().global;
    const event = new MessageEvent('m', { data: 1 });
    event.initMessageEvent('n', true, true, 2, 'o\ud800', 3);
    assert.deepEqual([event.type, event.bubbles, event.cancelable, event.data, event.origin, event.lastEventId, event.source],
        ['n', true, true, 2, 'o\ufffd', '3', null]);
    refuses(() => event.initMessageEvent());
    refuses(() => event.initMessageEvent('n', false, false, null, '', '', {}));
    const listening = new EventTarget();
    listening.addEventListener('n', () => event.initMessageEvent('other', false, false, 'changed'));
    listening.dispatchEvent(event);
    assert.deepEqual([event.type, event.data], ['n', 2]);
    const frozen = Object.freeze(new Event('x', { cancelable: true }));
    const target = new EventTarget();
    target.addEventListener('x', (given) => given.preventDefault());
    assert.equal(target.dispatchEvent(frozen), false);
    assert.equal(frozen.target, target);
});

test('an object that only inherits from an event, a target or a socket is not accepted as one', () => {
    const { host, Event, target } = bare();
    const ws = new host.WebSocket('ws://game.test/');
    const event = new Event('x');
    target.dispatchEvent(event);
    const fakes = [Object.create(event), { ...event }, { [Symbol.toStringTag]: 'Event', type: 'x' }];
    for (const fake of fakes) {
        refuses(() => target.dispatchEvent(fake));
        refuses(() => Event.prototype.preventDefault.call(fake));
        refuses(() => Object.getOwnPropertyDescriptor(Event.prototype, 'type').get.call(fake));
    }
    const { CloseEvent, MessageEvent } = host.global;
    for (const [whole, member] of [[new CloseEvent('x'), 'code'], [new MessageEvent('x'), 'data']]) {
        refuses(() => Object.create(whole)[member]);
    }
    const copy = Object.create(host.WebSocket.prototype, Object.getOwnPropertyDescriptors(ws));
    for (const fake of [Object.create(ws), copy, new Proxy(ws, {})]) {
        for (const use of [() => fake.readyState, () => fake.send('x'), () => fake.close(), () => fake.onopen,
            () => { fake.onopen = null; }, () => fake.addEventListener('x', () => {}), () => fake.dispatchEvent(event)]) {
            refuses(use);
        }
    }
});

test('preventDefault and returnValue', () => {
    const { Event, target } = bare();
    const result = (init, listener, options) => {
        const other = new target.constructor();
        other.addEventListener('x', listener, options);
        return other.dispatchEvent(new Event('x', init));
    };
    assert.equal(result({ cancelable: true }, (event) => event.preventDefault()), false);
    assert.equal(result({ cancelable: true }, (event) => { event.returnValue = false; }), false);
    assert.equal(result({ cancelable: true }, (event) => { event.returnValue = true; }), true);
    assert.equal(result({}, (event) => event.preventDefault()), true);
    assert.equal(result({ cancelable: true }, (event) => event.preventDefault(), { passive: true }), true);
    const event = new Event('x', { cancelable: true });
    target.addEventListener('x', (given) => given.preventDefault(), { passive: true });
    target.addEventListener('x', (given) => given.preventDefault());
    assert.equal(target.dispatchEvent(event), false);
    assert.equal(event.defaultPrevented, true);
});

test('stopPropagation before a dispatch, and in a capturing listener', () => {
    const { Event, target, log, note } = bare();
    target.addEventListener('x', note('x'));
    const goes = new Event('x');
    goes.cancelBubble = false;
    target.dispatchEvent(goes);
    assert.deepEqual(log.splice(0), ['x']);
    for (const stop of [(event) => event.stopPropagation(), (event) => event.stopImmediatePropagation(),
        (event) => { event.cancelBubble = true; }]) {
        const event = new Event('x');
        stop(event);
        assert.equal(event.cancelBubble, true);
        event.cancelBubble = false; // no effect
        assert.equal(target.dispatchEvent(event), true);
        assert.deepEqual(log, []);
        assert.equal(event.cancelBubble, false);
        target.dispatchEvent(event); // the flags are valid for one dispatch
        assert.deepEqual(log.splice(0), ['x']);
    }
    target.addEventListener('x', (event) => event.stopPropagation(), true);
    target.addEventListener('x', note('capture'), true);
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, ['capture']);
});

test('stopImmediatePropagation', () => {
    const { Event, target, log, note } = bare();
    target.addEventListener('x', (event) => event.stopImmediatePropagation());
    target.addEventListener('x', note('stopped'));
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, []);
});

test('an event that is dispatched or initialised again', () => {
    const { Event, EventTarget, target, log } = bare();
    const event = new Event('x');
    target.addEventListener('x', () => {
        assert.throws(() => target.dispatchEvent(event), named('InvalidStateError'));
        assert.throws(() => new EventTarget().dispatchEvent(event), named('InvalidStateError'));
        event.initEvent('y', true);
        log.push(event.type);
    });
    target.dispatchEvent(event);
    assert.deepEqual(log, ['x']);
    event.initEvent('y', true, true);
    assert.deepEqual([event.type, event.bubbles, event.cancelable, event.target], ['y', true, true, null]);
    refuses(() => event.initEvent());
});

test('capturing listeners are called first, and each phase includes the listeners that were added in the phase before', () => {
    const { Event, target, log, note } = bare();
    target.addEventListener('x', note('bubble'));
    target.addEventListener('x', () => {
        log.push('capture');
        target.addEventListener('x', note('added'));
        target.addEventListener('x', note('not in this dispatch'), true);
    }, { capture: true, once: true });
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, ['capture', 'bubble', 'added']);
});

test('arguments of addEventListener and removeEventListener', () => {
    const { host, Event, target } = bare();
    for (const method of ['addEventListener', 'removeEventListener']) {
        refuses(() => target[method]('x'));
        refuses(() => target[method](Symbol('x'), null));
        for (const wrong of [1, 'code', true, Symbol('x')]) refuses(() => target[method]('x', wrong));
        for (const nothing of [null, undefined]) target[method]('x', nothing);
    }
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(host.host.reported, []);
    const read = [];
    const options = new Proxy({}, { get: (object, name) => { read.push(name); } });
    target.addEventListener('x', null, options); // libraries detect the support of options in this way
    assert.deepEqual(read, ['capture', 'once', 'passive', 'signal']);
});

test('signal: invalid values, aborted, and an abort during a dispatch', () => {
    const { Event, target, log, note } = bare();
    for (const signal of [null, {}, 5, 'x', new EventTarget()]) {
        refuses(() => target.addEventListener('x', note('x'), { signal }));
        refuses(() => target.addEventListener('x', null, { signal }));
    }
    const controller = new AbortController();
    const { signal } = controller;
    const again = note('again');
    target.addEventListener('x', () => controller.abort());
    target.addEventListener('x', again, { signal });
    target.addEventListener('x', note('never'), { signal: AbortSignal.abort() });
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, []);
    target.addEventListener('x', again); // the aborted listener was removed, so this one is added
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, ['again']);
});

test('once, with a nested dispatch and a new registration', () => {
    const { Event, target, log } = bare();
    const listener = () => {
        log.push('once');
        target.dispatchEvent(new Event('x'));
        if (log.length === 1) target.addEventListener('x', listener, { once: true });
    };
    target.addEventListener('x', listener, { once: true });
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(log, ['once', 'once']);
});

test('exceptions of listeners are passed to the host, also from a dispatch of the game', () => {
    const { host, Event, target, log, note } = bare();
    const thrown = new Error('mine');
    target.addEventListener('x', () => { throw thrown; });
    target.addEventListener('x', { handleEvent: 'no function' });
    target.addEventListener('x', { get handleEvent() { throw thrown; } });
    target.addEventListener('x', note('reached'));
    assert.equal(target.dispatchEvent(new Event('x')), true);
    assert.deepEqual(log, ['reached']);
    const [first, second, third] = host.host.reported;
    assert.deepEqual([first, third], [thrown, thrown]);
    assert.ok(second instanceof TypeError);
});
