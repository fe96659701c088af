// Tests the events of egret_ws.js: listeners, handler attributes, their order, and the event classes.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, ERR } = require('./script_host.js');

function opened(global) {
    const host = makeHost(global);
    const ws = new host.WebSocket('ws://user:secret@game.test:8080/room?x=1');
    host.connected();
    const log = [];
    return { host, ws, log, note: (name) => () => log.push(name) };
}

// A bare engine has no event classes. Node has some, and they must work as well as ours.
const engines = { 'a bare engine': () => ({}), "Node's classes": () => ({ Event, EventTarget, MessageEvent }) };

for (const [engine, global] of Object.entries(engines)) {
    test(`${engine}: the events are instances of the global classes`, () => {
        const { host, ws } = opened(global());
        const seen = {};
        for (const type of ['message', 'error', 'close']) ws.addEventListener(type, (event) => { seen[type] = event; });
        host.text('hello');
        host.failed(ERR.PROTOCOL);
        const { Event, MessageEvent, CloseEvent } = host.global;
        for (const [type, Class] of Object.entries({ message: MessageEvent, error: Event, close: CloseEvent })) {
            const event = seen[type];
            assert.ok(event instanceof Class);
            assert.ok(event instanceof Event);
            assert.equal(event.constructor, Class);
            assert.equal(event.type, type);
            assert.equal(event.target, ws);
            assert.equal(event.srcElement, ws);
            assert.equal(event.currentTarget, null);
            assert.equal(event.eventPhase, 0);
            assert.deepEqual([event.bubbles, event.cancelable, event.defaultPrevented], [false, false, false]);
        }
        assert.equal(seen.message.data, 'hello');
        assert.equal(seen.message.origin, 'ws://game.test:8080');
        assert.equal(seen.message.lastEventId, '');
        assert.deepEqual([seen.close.code, seen.close.reason, seen.close.wasClean], [1006, '', false]);
        assert.deepEqual([seen.error.error, seen.error.message], [ERR.PROTOCOL, 'a failure']);
    });

    test(`${engine}: while an event is dispatched`, () => {
        const { host, ws } = opened(global());
        let seen;
        ws.onmessage = function (event) {
            seen = [this, event.target, event.currentTarget, event.eventPhase, event.composedPath()[0]];
            try {
                ws.dispatchEvent(event);
            } catch (thrown) {
                seen.push(thrown);
            }
        };
        host.text('x');
        // This is checked here, because the engine reports an exception of a listener only after the test.
        const [thrown] = seen.splice(5);
        assert.deepEqual(seen, [ws, ws, ws, 2, ws]);
        assert.ok(thrown instanceof Error && (thrown.name === 'InvalidStateError' || thrown.code === 'ERR_EVENT_RECURSION'));
    });

    test(`${engine}: dispatchEvent with an event that the game made`, () => {
        const { host, ws, log, note } = opened(global());
        ws.addEventListener('custom', (event) => {
            log.push('first');
            event.stopImmediatePropagation();
        });
        ws.addEventListener('custom', note('stopped'));
        const event = new host.global.Event('custom', { cancelable: true });
        assert.equal(ws.dispatchEvent(event), true);
        assert.equal(event.target, ws);

        ws.addEventListener('refused', (given) => given.preventDefault());
        assert.equal(ws.dispatchEvent(new host.global.Event('refused', { cancelable: true })), false);
        assert.equal(ws.dispatchEvent(new host.global.Event('refused')), true);
        ws.onclose = () => false;
        assert.equal(ws.dispatchEvent(new host.global.CloseEvent('close', { cancelable: true })), false);
        assert.deepEqual(log, ['first']);
        for (const wrong of [undefined, null, 'message', {}]) assert.throws(() => ws.dispatchEvent(wrong), TypeError);
    });
}

test('a socket is an EventTarget of the engine', () => {
    const { ws, host } = opened({ Event, EventTarget });
    assert.ok(ws instanceof EventTarget);
    assert.ok(ws instanceof host.WebSocket);
});

test('the event classes of a bare engine', () => {
    const { Event, MessageEvent, CloseEvent } = opened().host.global;
    const close = new CloseEvent('close', { code: '3000', reason: 5, wasClean: 1, bubbles: true });
    assert.deepEqual([close.type, close.code, close.reason], ['close', 3000, '5']);
    assert.deepEqual([close.wasClean, close.bubbles], [true, true]);
    const plain = new CloseEvent('x');
    assert.deepEqual([plain.code, plain.reason, plain.wasClean, plain.isTrusted], [0, '', false, false]);
    assert.equal(new MessageEvent('message').data, null);
    assert.equal(new MessageEvent('message', { data: 0 }).data, 0);
    assert.throws(() => new Event(), TypeError);
    assert.throws(() => Event('x'), TypeError);
    const event = new Event('x');
    event.preventDefault();
    assert.equal(event.defaultPrevented, false);
});

test('listeners run in the order of registration, with the handler attribute among them', () => {
    const { host, ws, log, note } = opened();
    ws.addEventListener('message', note('1'));
    ws.onmessage = note('replaced');
    ws.addEventListener('message', note('3'));
    ws.onmessage = note('2');
    host.text('x');
    ws.onmessage = null;
    ws.onmessage = note('now last');
    host.text('x');
    assert.deepEqual(log, ['1', '2', '3', '1', '3', 'now last']);
});

test('capturing listeners run first', () => {
    const { host, ws, log, note } = opened();
    ws.addEventListener('message', note('bubble'));
    ws.addEventListener('message', note('capture'), true);
    ws.addEventListener('message', note('capture 2'), { capture: true });
    host.text('x');
    assert.deepEqual(log, ['capture', 'capture 2', 'bubble']);
});

test('handler attributes', () => {
    const { host, ws, log, note } = opened();
    for (const name of ['onopen', 'onmessage', 'onerror', 'onclose']) {
        assert.equal(ws[name], null);
        ws[name] = null;
        const handler = note(name);
        ws[name] = handler;
        assert.equal(ws[name], handler);
        for (const none of [null, undefined, 5, 'code']) {
            ws[name] = handler;
            ws[name] = none;
            assert.equal(ws[name], null);
        }
    }
    const object = { handleEvent: note('an attribute accepts only functions') };
    ws.onmessage = object;
    assert.equal(ws.onmessage, object);
    host.text('x');
    assert.deepEqual(log, []);
});

test('a listener is registered once for each type, callback and capture', () => {
    const { host, ws, log, note } = opened();
    const listener = note('x');
    ws.addEventListener('message', listener);
    ws.addEventListener('message', listener, { once: true });
    ws.addEventListener('message', listener, { capture: false });
    ws.addEventListener('message', listener, true);
    host.text('x');
    assert.equal(log.length, 2);
    ws.removeEventListener('message', listener, { capture: true });
    host.text('x');
    assert.equal(log.length, 3);
    ws.removeEventListener('close', listener);
    ws.removeEventListener('message', listener);
    ws.removeEventListener('message', listener);
    host.text('x');
    assert.equal(log.length, 3);
});

test('removeEventListener does not remove the handler attribute', () => {
    const { host, ws, log, note } = opened();
    const both = note('x');
    ws.onmessage = both;
    ws.addEventListener('message', both);
    host.text('x');
    assert.equal(log.length, 2);
    ws.removeEventListener('message', both);
    host.text('x');
    assert.equal(log.length, 3);
});

test('handleEvent of a listener object is looked up at each call', () => {
    const { host, ws, log } = opened();
    const object = { name: 'object' };
    ws.addEventListener('message', object);
    host.text('none yet');
    assert.equal(host.host.reported.length, 1);
    object.handleEvent = function (event) { log.push(this.name + ' ' + event.data); };
    host.text('x');
    assert.deepEqual(log, ['object x']);
});

test('arguments of addEventListener', () => {
    const { ws } = opened();
    ws.addEventListener('message', null);
    ws.addEventListener('message', undefined);
    ws.removeEventListener('message', null);
    for (const wrong of [1, 'code', true]) assert.throws(() => ws.addEventListener('message', wrong), TypeError);
    assert.throws(() => ws.addEventListener('message'), TypeError);
});

test('once', () => {
    const { host, ws, log } = opened();
    ws.addEventListener('message', (event) => {
        log.push(event.data);
        host.text('nested');
    }, { once: true });
    host.text('first');
    host.text('second');
    assert.deepEqual(log, ['first']);
});

test('signal', () => {
    const { host, ws, log, note } = opened();
    const controller = new AbortController();
    ws.addEventListener('message', note('while not aborted'), { signal: controller.signal });
    ws.addEventListener('message', note('never'), { signal: AbortSignal.abort() });
    host.text('x');
    controller.abort();
    host.text('x');
    assert.deepEqual(log, ['while not aborted']);
});

test('listeners are added and removed during a dispatch', () => {
    const { host, ws, log, note } = opened();
    const [added, removed] = [note('added'), note('removed')];
    ws.addEventListener('message', () => {
        ws.removeEventListener('message', removed);
        ws.addEventListener('message', added);
    });
    ws.addEventListener('message', removed);
    host.text('x');
    assert.deepEqual(log, []);
    host.text('x');
    assert.deepEqual(log, ['added']);
});

test('stopPropagation does not stop the other listeners of the target', () => {
    const { host, ws, log, note } = opened();
    ws.addEventListener('message', (event) => event.stopPropagation());
    ws.addEventListener('message', note('reached'));
    host.text('x');
    assert.deepEqual(log, ['reached']);
});

test('for every listener, close comes after error', () => {
    const { host, ws, log, note } = opened();
    ws.onclose = note('close');
    ws.addEventListener('close', note('close'));
    ws.addEventListener('error', note('error'));
    ws.onerror = note('error');
    host.failed(ERR.PROTOCOL);
    assert.deepEqual(log, ['error', 'error', 'close', 'close']);
});
