// Tests shared, resizable and detached buffers.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const vm = require('node:vm');
const { makeHost, ERR } = require('./script_host.js');

const VIEWS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
    Float64Array, BigInt64Array, BigUint64Array, DataView];

const shared = () => new SharedArrayBuffer(16);
const growable = () => new SharedArrayBuffer(16, { maxByteLength: 32 });
const resizable = () => new ArrayBuffer(16, { maxByteLength: 32 });
const wasm = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
const REFUSED = [['shared', shared, /cannot send a SharedArrayBuffer/], ['growable', growable, /cannot send a SharedArrayBuffer/],
    ['of WebAssembly', wasm, /cannot send a SharedArrayBuffer/], ['resizable', resizable, /cannot send a resizable/]];

// Each buffer, and each kind of view: a view of a part, and a view of the whole buffer (which follows the length of a resizable
// buffer).
function* refused() {
    for (const [name, make, message] of REFUSED) {
        yield [name, make(), message];
        for (const View of VIEWS) {
            yield [`${View.name} of ${name}`, new View(make(), 8, 1), message];
            yield [`${View.name} of the whole of ${name}`, new View(make()), message];
        }
    }
    yield ['another realm', vm.runInNewContext('new Uint8Array(new SharedArrayBuffer(4))'), /cannot send a SharedArrayBuffer/];
    yield ['another realm', vm.runInNewContext('new ArrayBuffer(4, { maxByteLength: 8 })'), /cannot send a resizable/];
}

function opened(host = makeHost()) {
    const ws = new host.WebSocket('ws://game.test/');
    host.connected();
    return { host, ws };
}

function detach(make) {
    const buffer = new ArrayBuffer(16);
    const data = make(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    return data;
}

test('a view of shared or resizable memory throws a TypeError in each state, and nothing is sent', () => {
    const { host, ws } = opened();
    const connecting = new host.WebSocket('ws://game.test/');
    const closing = new host.WebSocket('ws://game.test/');
    closing.close();
    for (const [name, data, message] of refused()) {
        for (const socket of [ws, connecting, closing]) {
            assert.throws(() => socket.send(data), (error) => error instanceof TypeError && message.test(error.message), name);
            assert.equal(socket.bufferedAmount, 0);
        }
    }
    assert.deepEqual(host.sent(), []);
    ws.send('still open');
    assert.deepEqual(host.sent(), ['still open']);
});

test('egret_native reports such a view by onError, and does not throw', () => {
    const host = makeHost();
    const socket = new host.NativeWebSocket('ws://game.test/');
    const errors = [];
    socket.onError = (error) => errors.push(error);
    host.connected();
    const all = [...refused()];
    for (const [, data] of all) socket.send(data);
    host.poll();
    assert.deepEqual(errors, all.map(() => ERR.INVALID_ARGUMENT));
    assert.deepEqual(host.sent(), []);
});

test('an object that pretends to be a buffer is sent as text', () => {
    const { host, ws } = opened();
    const fake = { byteLength: 4, toString: () => 'fake', [Symbol.toStringTag]: 'ArrayBuffer' };
    ws.send(fake);
    ws.send(Object.create(ArrayBuffer.prototype, { toString: { value: () => 'no bytes in it' } }));
    assert.deepEqual(host.sent(), ['fake', 'no bytes in it']);
});

test('properties of a view that a game has overwritten have no effect', () => {
    const { host, ws } = opened();
    const lies = { byteLength: { value: 99 }, byteOffset: { value: 0 }, buffer: { value: new ArrayBuffer(99) } };
    for (const View of VIEWS) {
        for (const [, make, message] of REFUSED) {
            const view = Object.defineProperties(new View(make(), 8, 1), lies);
            assert.throws(() => ws.send(view), (error) => error instanceof TypeError && message.test(error.message));
            assert.throws(() => ws.send(Object.setPrototypeOf(view, null)), TypeError);
        }
    }
    assert.deepEqual(host.sent(), []);
    ws.close();
    ws.send(Object.defineProperties(new Uint8Array(5), lies));
    ws.send(Object.defineProperties(new DataView(new ArrayBuffer(6)), lies));
    ws.send(Object.defineProperties(new ArrayBuffer(7), lies));
    assert.equal(ws.bufferedAmount, 5 + 6 + 7);
});

test('a detached buffer and its views are sent as empty messages', () => {
    const { host, ws } = opened();
    const makes = [(buffer) => buffer, ...VIEWS.map((View) => (buffer) => new View(buffer, 8, 1))];
    for (const make of makes) ws.send(detach(make));
    assert.equal(ws.bufferedAmount, 0);
    assert.deepEqual(host.sent(), makes.map(() => ''));
});

test('after a Blob, a buffer that was detached before the send is empty, and one detached later keeps its bytes', async () => {
    const { host, ws } = opened(makeHost({ Blob }));
    ws.send(new Blob(['ab']));
    ws.send(detach((buffer) => buffer));
    ws.send(detach((buffer) => new DataView(buffer)));
    const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
    ws.send(new DataView(buffer, 1, 2));
    ws.send(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    ws.send('last');
    assert.equal(ws.bufferedAmount, 2 + 0 + 0 + 2 + 4 + 4);
    for (let turns = 0; host.sent().length < 6 && turns < 1000; turns++) await new Promise(setImmediate);
    assert.deepEqual(host.sent(), ['6162', '', '', '0203', '01020304', 'last']);
});
