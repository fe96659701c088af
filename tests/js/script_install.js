// Tests install: the classes of the engine or of this library, several global objects, other realms, frozen intrinsics, memory.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { setMaxListeners } = require('node:events');
const { setFlagsFromString } = require('node:v8');
const { inspect } = require('node:util');
const vm = require('node:vm');
const { makeHost, source, URL_ } = require('./script_host.js');

const engine = () => ({ Event, EventTarget, MessageEvent, DOMException, CloseEvent: globalThis.CloseEvent });

test("with the engine's classes: events are of these classes, and CloseEvent is ours if the engine has none", () => {
    const host = makeHost(engine());
    const { global, WebSocket } = host;
    assert.equal(global.Event, Event);
    assert.equal(global.EventTarget, EventTarget);
    assert.equal(global.MessageEvent, MessageEvent);
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    assert.equal(Object.getPrototypeOf(global.CloseEvent.prototype), Event.prototype);
    const ws = new WebSocket(URL_);
    const seen = [];
    for (const type of ['open', 'message', 'close']) ws.addEventListener(type, (event) => seen.push(event));
    host.connected();
    host.text('hello');
    host.lost();
    assert.deepEqual(seen.map((event) => event.constructor), [Event, MessageEvent, global.CloseEvent]);
    for (const event of seen) {
        const target = new EventTarget();
        let again;
        target.addEventListener(event.type, (given) => { again = given.target; });
        target.dispatchEvent(event);
        assert.equal(again, target);
    }
    const message = seen[1];
    assert.deepEqual([message.data, message.origin, message.lastEventId, message.source, message.ports],
        ['hello', 'ws://game.test', '', null, []]);
    assert.equal(Object.prototype.toString.call(message), '[object MessageEvent]');
    assert.match(inspect(ws), /^WebSocket/);
    assert.match(inspect(message), /^MessageEvent \{[^]*type: 'message'/);
    assert.match(inspect(seen[2]), /^CloseEvent \{[^]*type: 'close'/);
});

test("with the engine's classes: a handler keeps its place, and the engine handles its exception", () => {
    const program = `
        const { makeHost, URL_ } = require('./script_host.js');
        const host = makeHost({ Event, EventTarget });
        process.on('uncaughtException', (error) => console.log(error.message));
        const ws = new host.WebSocket(URL_);
        ws.addEventListener('open', () => console.log('1'));
        ws.onopen = () => console.log('replaced');
        ws.addEventListener('open', () => console.log('3'));
        ws.onopen = () => { console.log('2'); throw new Error('mine'); };
        host.connected();
        console.log(host.host.reported.length);`;
    assert.equal(node(['-e', program]), '1\n2\n3\n0\nmine\n');
});

function node(parameters) {
    return execFileSync(process.execPath, parameters, { cwd: __dirname, encoding: 'utf8' });
}

test('if the engine has only Event or only EventTarget, that class is kept and not used', () => {
    class Lone {}
    for (const name of ['Event', 'EventTarget']) {
        const host = makeHost({ [name]: Lone });
        assert.equal(host.global[name], Lone);
        const ws = new host.WebSocket(URL_);
        let opened = 0;
        ws.onopen = () => opened++;
        host.connected();
        assert.equal(opened, 1);
    }
});

test('a MessageEvent or CloseEvent that does not inherit from Event of this global object is kept, and not used', () => {
    class Other {}
    const host = makeHost({ MessageEvent: Other, CloseEvent: Other });
    const ws = new host.WebSocket(URL_);
    const seen = [];
    ws.onmessage = (event) => seen.push(event.data);
    ws.onclose = (event) => seen.push(event.code);
    host.connected();
    host.text('x');
    host.closed(4000);
    assert.deepEqual(seen, ['x', 4000]);
    assert.equal(host.global.MessageEvent, Other);
});

test('a second install in a global object: both sockets work, with the same classes, and each reports to its own host', () => {
    const global = {};
    const first = makeHost(global);
    const ws = new first.WebSocket(URL_);
    const { Event, EventTarget, CloseEvent } = global;
    const second = makeHost(global);
    assert.notEqual(second.WebSocket, first.WebSocket);
    assert.deepEqual([global.Event, global.EventTarget, global.CloseEvent], [Event, EventTarget, CloseEvent]);
    const other = new second.WebSocket(URL_);
    for (const socket of [ws, other]) socket.onmessage = (event) => { throw event; };
    first.connected();
    first.text('1');
    second.connected();
    second.text('2');
    assert.deepEqual(first.host.reported.map((event) => event.data), ['1']);
    assert.deepEqual(second.host.reported.map((event) => event.data), ['2']);
    assert.ok(second.host.reported[0] instanceof global.MessageEvent);
    assert.ok(second.host.reported[0].isTrusted);
    assert.throws(() => Object.getOwnPropertyDescriptor(first.WebSocket.prototype, 'url').get.call({}), TypeError);
});

test('the script in a separate context, and values of another realm', () => {
    const context = vm.createContext({});
    const install = vm.runInContext(source, context);
    const global = vm.runInContext('globalThis', context);
    const calls = [];
    const host = {
        open: () => 1, wake() {}, lastError: () => 'a reason', reportError: (error) => { throw error; }, bufferedAmount: () => 0,
        normalizeUrl: (url) => (url.startsWith('ws:') ? url : null), close: () => 0,
        sendText: (id, text) => { calls.push(text); return text.length; },
        sendBinary: (id, data) => { calls.push(data); return data.byteLength; },
    };
    const events = install(global, host);
    const run = (text) => vm.runInContext(text, context);
    run(`var log = []; var ws = new WebSocket('ws://game.test/'); ws.binaryType = 'arraybuffer';
        ws.onmessage = (event) => log.push(event.data, event instanceof MessageEvent, event instanceof Event);`);
    events.connected(1, '', '');
    const received = new ArrayBuffer(2);
    events.binary(1, received);
    assert.deepEqual([...run('log')], [received, true, true]);
    run('ws').send(received);
    run('ws.send(new Uint8Array(3))');
    run('ws').send(new DataView(received));
    assert.deepEqual(calls.map((data) => data.byteLength), [2, 3, 2]);
    assert.equal(run(`try { new WebSocket('x', Symbol()); } catch (error) { error instanceof TypeError }`), true);
    assert.equal(run(`try { new WebSocket('x'); } catch (error) { error instanceof Error && error.name }`), 'SyntaxError');
    run('ws').addEventListener('close', () => calls.push('closed'));
    const controller = new AbortController();
    run('ws').addEventListener('close', () => calls.push('never'), { signal: controller.signal });
    controller.abort();
    events.closed(1, 1000, '', true, 0, 'closed');
    assert.equal(calls.pop(), 'closed');
});

test('the script is ES2015, without later syntax', () => {
    const program = `
        const { parse } = require('internal/deps/acorn/acorn/dist/acorn');
        const parses = (text) => { try { return !!parse(text, { ecmaVersion: 2015 }); } catch { return false; } };
        console.log(parses('a ?? b'), parses(require('./script_host.js').source));`;
    assert.equal(node(['--expose-internals', '-e', program]), 'false true\n');
});

test('frozen intrinsics', () => {
    const program = `
        for (const Class of [Object, Array, Function, Error, TypeError, Map, Set, Promise, String, Symbol]) {
            Object.freeze(Class); Object.freeze(Class.prototype);
        }
        const { makeHost, URL_ } = require('./script_host.js');
        for (const global of [{}, { Event, EventTarget, MessageEvent, DOMException }]) {
            const host = makeHost(global);
            const log = [];
            const ws = new host.WebSocket(URL_, ['a', 'b'], { headers: { A: 'b' } });
            const native = new host.NativeWebSocket(URL_);
            native.onOpen = () => log.push('onOpen');
            native.toString = undefined;
            for (const type of ['open', 'message', 'error', 'close']) ws['on' + type] = (event) => log.push(event.type);
            host.connected(1);
            host.connected(2);
            host.text('x', 1);
            ws.send('y');
            host.failed(-52, 1);
            try { new host.WebSocket(''); } catch (error) { log.push(error.name, error.code); }
            console.log(log.join(' '));
        }`.replace('native.toString = undefined;', '');
    assert.equal(node(['-e', program]), 'open onOpen message error close SyntaxError 12\n'.repeat(2));
});

for (const [name, makeGlobal] of Object.entries({ 'a bare engine': () => ({}), "Node's classes": engine })) {
    test(`${name}: a signal that stays alive does not keep closed sockets`, async () => {
        const { signal } = new AbortController();
        setMaxListeners(0, signal);
        const host = makeHost(makeGlobal());
        let collected = 0;
        const registry = new FinalizationRegistry(() => collected++);
        (() => {
            for (let id = 1; id <= 100; id++) {
                const ws = new host.WebSocket(URL_);
                ws.addEventListener('message', () => ws, { signal });
                ws.onclose = () => ws;
                registry.register(ws, id);
                host.connected(id);
                host.closed(1000, '', id);
            }
        })();
        for (let turn = 0; turn < 50 && collected < 90; turn++) await collect();
        assert.ok(collected >= 90, `${collected} of 100 sockets were collected`);
        assert.equal(signal.aborted, false);
    });
}

async function collect() {
    setFlagsFromString('--expose-gc');
    vm.runInNewContext('gc')();
    await new Promise(setImmediate);
}
