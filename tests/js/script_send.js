// Tests the W3C WebSocket of egret_ws.js: send, bufferedAmount, binaryType and Blobs.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { makeHost, openedSocket, SlowBlob, ERR, MAX_MESSAGE_BYTES, URL_ } = require('./script_host.js');

const bytes = (...values) => new Uint8Array(values);

test('send: text', () => {
    const { ws, host } = openedSocket();
    ws.send('');
    ws.send('\u4f60\u597d \ud83d\ude00 \u0000');
    ws.send('\ud83d, \ude00\ud83d');
    ws.send(null);
    ws.send(undefined);
    ws.send(1);
    ws.send({ toString: () => 'mine' });
    ws.send([1, 2]);
    assert.deepEqual(host.sent(),
        ['', '\u4f60\u597d \ud83d\ude00 \u0000', '\ufffd, \ufffd\ufffd', 'null', 'undefined', '1', 'mine', '1,2']);
    assert.throws(() => ws.send(), TypeError);
    assert.throws(() => ws.send(Symbol('s')), TypeError);
    assert.throws(() => ws.send({ toString() { throw new RangeError('mine'); } }), RangeError);
});

test('send: buffers and every kind of view', () => {
    const { ws, host } = openedSocket();
    const buffer = bytes(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    ws.send(buffer);
    ws.send(new ArrayBuffer(0));
    ws.send(new DataView(buffer, 1, 2));
    for (const View of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
        Float32Array, Float64Array, BigInt64Array]) {
        ws.send(new View(buffer));
    }
    ws.send(new Uint16Array(buffer, 2, 2));
    ws.send(new Uint8Array(buffer, 8));
    const whole = '0102030405060708';
    assert.deepEqual(host.sent(), [whole, '', '0203', ...Array(10).fill(whole), '03040506', '']);
});

test('131072 bytes are sent; one more causes an error event, and the socket stays open', () => {
    const { ws, host, log } = openedSocket();
    const reasons = new Set();
    ws.addEventListener('error', (event) => reasons.add(event.message));
    ws.send('x'.repeat(MAX_MESSAGE_BYTES));
    ws.send(new ArrayBuffer(MAX_MESSAGE_BYTES));
    const before = ws.bufferedAmount;
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    ws.send('\u00e9'.repeat(MAX_MESSAGE_BYTES / 2) + 'x');
    ws.send(new ArrayBuffer(MAX_MESSAGE_BYTES + 1));
    assert.equal(ws.bufferedAmount, before);
    assert.deepEqual(log, []);
    assert.equal(host.poll(), 3);
    assert.deepEqual(log, Array(3).fill(['error', 1, ERR.TOO_BIG]));
    assert.deepEqual([...reasons], ['message not sent: a reason']);
    ws.send('still here');
    assert.equal(host.sent().length, 3);
});

test('an error of a send is fired before the close, never after it', () => {
    const { ws, host, log } = openedSocket();
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    host.closed();
    host.poll();
    assert.deepEqual(log, [['error', 1, ERR.TOO_BIG], ['close', 3, 1000, '', true]]);

    const second = openedSocket();
    second.ws.onerror = () => second.ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    second.ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    assert.equal(second.host.poll(), 1);
    second.host.events.closed(second.host.id, 1000, '', true, 0, 'closed');
    assert.equal(second.host.poll(), 1);
    assert.deepEqual(second.log, [['close', 3, 1000, '', true]]);
});

test('a full send queue: the connection is closed, error and close are fired when it has ended, and later messages are only counted', () => {
    const { ws, host, log } = openedSocket();
    const messages = [];
    ws.addEventListener('error', (event) => messages.push(event.message));
    ws.send('first');
    host.host.failing.send = ERR.BACKPRESSURE;
    ws.send('does not fit');
    host.host.failing.send = 0;
    ws.send('behind it');
    ws.close(4000);
    assert.equal(ws.readyState, 2);
    assert.equal(ws.bufferedAmount, 5 + 12 + 9);
    assert.deepEqual(host.sent(), ['first']);
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    host.text('a browser fires no message while it closes');
    assert.deepEqual(log, []);

    host.host.buffered = 0;
    host.events.closed(1, 1005, '', true, 0, 'closed');
    assert.deepEqual(log, [['error', 3, ERR.BACKPRESSURE]]);
    assert.equal(host.poll(), 1);
    assert.deepEqual(log, [['error', 3, ERR.BACKPRESSURE], ['close', 3, 1005, '', true]]);
    assert.equal(ws.bufferedAmount, 12 + 9);
    assert.deepEqual(messages, ['the send queue is full: 5 bytes wait to be sent, so a message of 12 bytes was not sent, ' +
        'and the connection was closed']);
});

test('a full send queue: the connection is lost while it closes', () => {
    const { ws, host, log } = openedSocket();
    host.host.failing.send = ERR.BACKPRESSURE;
    ws.send('x');
    host.failed(ERR.TIMEOUT);
    assert.deepEqual(log, [['error', 3, ERR.BACKPRESSURE], ['close', 3, 1006, '', false]]);
    assert.equal(host.poll(), 0);
});

test('messages to a connection that has just ended count in bufferedAmount', () => {
    const { ws, host, log } = openedSocket();
    host.host.failing.send = ERR.NOT_OPEN;
    ws.send('four');
    host.host.failing.send = ERR.BAD_HANDLE;
    ws.send(bytes(1, 2, 3, 4));
    assert.equal(ws.bufferedAmount, 8);
    assert.equal(host.poll(), 0);
    host.lost();
    assert.equal(ws.bufferedAmount, 8);
    assert.deepEqual(log, [['close', 3, 1006, '', false]]);
});

test('the class of the README that splits a stream of bytes', () => {
    const page = fs.readFileSync(path.join(__dirname, '../../bindings/js/README.md'), 'utf8');
    const sample = page.match(/```js\n(class StreamSocket[^]*?)```/)[1];
    const host = makeHost();
    const StreamSocket = vm.runInThisContext(`(WebSocket) => { ${sample} return StreamSocket; }`)(host.WebSocket);
    const ws = new StreamSocket(URL_);
    host.connected();
    const data = new Uint8Array(MAX_MESSAGE_BYTES + 7).map((zero, index) => index % 251);
    ws.send(data.subarray(1));
    ws.send(data.buffer);
    const sent = host.sent().map((hex) => Buffer.from(hex, 'hex'));
    assert.deepEqual(sent.map((bytes) => bytes.length), [65536, 65536, 6, 65536, 65536, 7]);
    assert.deepEqual(Buffer.concat(sent), Buffer.concat([data.subarray(1), data]));
});

test('overCap: a message over the cap closes the connection with 1009', () => {
    for (const make of [(host) => openedSocket(host, undefined, { overCap: 'close' }), (host) => openedSocket(host)]) {
        const { ws, host, log } = make(makeHost({}, { overCap: 'close' }));
        let message;
        ws.addEventListener('error', (event) => { message = event.message; });
        ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
        assert.equal(ws.readyState, 2);
        assert.equal(ws.bufferedAmount, MAX_MESSAGE_BYTES + 1);
        assert.deepEqual(host.callsOf('close'), [[1, 1009, 'message too big']]);
        host.closed(1009);
        host.poll();
        assert.deepEqual(log, [['error', 3, ERR.TOO_BIG], ['close', 3, 1009, '', true]]);
        assert.equal(message, 'message not sent, and the connection was closed: a reason');
    }
    const { ws, host, log } = openedSocket(makeHost({}, { overCap: 'close' }), [], { overCap: 'error' });
    ws.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    host.poll();
    assert.deepEqual(log, [['error', 1, ERR.TOO_BIG]]);
});

test('bufferedAmount: exact within a task; between tasks it is the value of the host', () => {
    const { ws, host } = openedSocket();
    host.host.buffered = 100;
    ws.send('\u4f60\u00e9x\ud83d\ude00');
    assert.equal(ws.bufferedAmount, 110);
    host.host.buffered = 0; // the library has written the buffer meanwhile, which is not visible in this task
    assert.equal(ws.bufferedAmount, 110);
    ws.send(new ArrayBuffer(5));
    assert.equal(ws.bufferedAmount, 115);
    host.text('another task');
    assert.equal(ws.bufferedAmount, 5);
    host.host.buffered = 0;
    assert.equal(ws.bufferedAmount, 5);
    host.text('another task');
    assert.equal(ws.bufferedAmount, 0);
});

test('bufferedAmount: a message that is written at once counts until the task ends', () => {
    const { ws, host } = openedSocket();
    ws.send('12345');
    host.host.buffered = 0;
    ws.send('678');
    host.host.buffered = 0;
    assert.equal(ws.bufferedAmount, 8);
    host.events.drained(1);
    assert.equal(ws.bufferedAmount, 0);
});

test('bufferedAmount: messages behind a Blob and after close() also count', () => {
    const { ws, host } = openedSocket(makeHost({ Blob: SlowBlob }));
    host.host.buffered = 100;
    assert.equal(ws.bufferedAmount, 100);
    ws.send(new SlowBlob(['abc']));
    host.host.buffered = 0;
    assert.equal(ws.bufferedAmount, 103);
    ws.close();
    ws.send('12345');
    assert.equal(ws.bufferedAmount, 108);
    host.events.drained(1);
    assert.equal(ws.bufferedAmount, 8);
});

test('bufferedAmount falls between tasks in which the glue is not called, such as timers', async () => {
    const { ws, host } = openedSocket();
    ws.send('12345');
    assert.equal(ws.bufferedAmount, 5);
    host.host.buffered = 0;
    assert.equal(ws.bufferedAmount, 5);
    await new Promise(setImmediate);
    assert.equal(ws.bufferedAmount, 0);
    host.host.buffered = 7;
    assert.equal(ws.bufferedAmount, 7);
    await new Promise(setImmediate);
    host.host.buffered = 3;
    assert.equal(ws.bufferedAmount, 3);
});

test('bufferedAmount inside an event is the value of the event\'s task', () => {
    const { ws, host } = openedSocket();
    const amounts = [];
    ws.send('before the event');
    host.host.buffered = 0;
    ws.onmessage = () => {
        ws.send('1234');
        host.host.buffered = 0;
        amounts.push(ws.bufferedAmount);
    };
    host.text('x');
    host.text('x');
    amounts.push(ws.bufferedAmount);
    assert.deepEqual(amounts, [4, 4, 0]);
});

test('bufferedAmount: counts bytes that are sent while not open, and is not reset', () => {
    const { ws, host } = openedSocket();
    ws.send('12345');
    ws.close();
    ws.send('abc');
    ws.send('\ud800');
    ws.send(new ArrayBuffer(4));
    assert.equal(ws.bufferedAmount, 15);
    assert.deepEqual(host.sent(), ['12345']);
    host.closed();
    assert.equal(ws.bufferedAmount, 15);
    ws.send(bytes(1, 2));
    ws.send('');
    assert.equal(ws.bufferedAmount, 17);
    assert.equal(host.poll(), 0);
});

test('binaryType: only arraybuffer if there is no Blob', () => {
    const { ws, host, log } = openedSocket();
    assert.equal(ws.binaryType, 'arraybuffer');
    for (const ignored of ['blob', 'ArrayBuffer', '', null, 5]) {
        ws.binaryType = ignored;
        assert.equal(ws.binaryType, 'arraybuffer');
    }
    host.binary([1, 2, 3]);
    assert.ok(log[0][1] instanceof ArrayBuffer);
    assert.deepEqual(new Uint8Array(log[0][1]), bytes(1, 2, 3));
});

test('binaryType: blob is the default if there is Blob', async () => {
    const { ws, host, log } = openedSocket(makeHost({ Blob }));
    assert.equal(ws.binaryType, 'blob');
    host.binary([1, 2]);
    host.text('text stays a string');
    ws.binaryType = 'arraybuffer';
    host.binary([3]);
    ws.binaryType = 'nonsense';
    assert.equal(ws.binaryType, 'arraybuffer');
    assert.ok(log[0][1] instanceof Blob);
    assert.deepEqual(new Uint8Array(await log[0][1].arrayBuffer()), bytes(1, 2));
    assert.equal(log[1][1], 'text stays a string');
    assert.ok(log[2][1] instanceof ArrayBuffer);
});

const settled = () => new Promise(setImmediate);

test('send: a Blob keeps its place in the order, and close waits for it', async () => {
    const { ws, host, log } = openedSocket(makeHost({ Blob: SlowBlob }));
    const [first, second] = [new SlowBlob(['abc']), new SlowBlob(['de'])];
    const view = bytes(7, 8);
    ws.send('before');
    ws.send(first);
    ws.send('between');
    ws.send(view.subarray(1));
    view.fill(0); // send has copied the bytes
    ws.send(second);
    ws.close(4000, 'bye');
    ws.send('dropped');
    assert.equal(ws.bufferedAmount, 6 + 3 + 7 + 1 + 2 + 7);
    second.resolve(bytes(4, 5).buffer);
    await settled();
    assert.deepEqual(host.sent(), ['before']);
    first.resolve(bytes(1, 2, 3).buffer);
    await settled();
    assert.deepEqual(host.sent(), ['before', '010203', 'between', '08', '0405']);
    assert.equal(ws.bufferedAmount, 26);
    assert.deepEqual(host.host.calls.at(-1), ['close', 1, 4000, 'bye']);
    host.closed(4000);
    assert.deepEqual(log, [['close', 3, 4000, '', true]]);
});

test('send: if the messages behind a Blob exceed the send queue, the connection is closed', async () => {
    const { ws, host, log } = openedSocket(makeHost({ Blob: SlowBlob }), [], { maxSendBuffer: 200000 });
    const blob = new SlowBlob(['abc']);
    ws.send(blob);
    ws.send('x'.repeat(100000));
    ws.send('x'.repeat(99997));
    assert.equal(ws.readyState, 1);
    ws.send('x');
    assert.equal(ws.readyState, 2);
    assert.equal(ws.bufferedAmount, 200001);
    assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
    blob.resolve(bytes(1, 2, 3).buffer);
    await settled();
    assert.deepEqual(host.sent(), []);
    host.closed();
    host.poll();
    assert.deepEqual(log, [['error', 3, ERR.BACKPRESSURE], ['close', 3, 1000, '', true]]);
    assert.deepEqual(host.sent(), []);
    const other = openedSocket(makeHost({ Blob: SlowBlob })); // 16 MiB
    other.ws.send(new SlowBlob(['x'.repeat(1 << 24)]));
    assert.equal(other.ws.readyState, 1);
    other.ws.send('x');
    assert.equal(other.ws.readyState, 2);
});

test('send: only a Blob that cannot be read', async () => {
    const { ws, host, log } = openedSocket(makeHost({ Blob: SlowBlob }));
    const broken = new SlowBlob(['abc']);
    ws.send(broken);
    broken.reject(new Error('unreadable'));
    await settled();
    host.poll();
    assert.deepEqual(log, [['error', 1, ERR.INVALID_ARGUMENT]]);
    assert.equal(ws.bufferedAmount, 0);
});

test('send: a Blob that cannot be read, one over the limit, one whose socket has ended', async () => {
    const { ws, host, log } = openedSocket(makeHost({ Blob: SlowBlob }));
    const [broken, large, late] = [new SlowBlob(['abc']), new SlowBlob(['x']), new SlowBlob(['yz'])];
    ws.send(broken);
    ws.send(large);
    ws.send('after');
    broken.reject(new Error('unreadable'));
    large.resolve(new ArrayBuffer(MAX_MESSAGE_BYTES + 1));
    await settled();
    assert.deepEqual(host.sent(), ['after']);
    host.poll();
    assert.equal(ws.bufferedAmount, 5);
    ws.send(late);
    ws.close();
    host.closed();
    late.resolve(new ArrayBuffer(2));
    await settled();
    assert.deepEqual(host.sent(), ['after']);
    assert.deepEqual(host.callsOf('close'), []);
    assert.equal(ws.bufferedAmount, 7);
    assert.deepEqual(log,
        [['error', 1, ERR.INVALID_ARGUMENT], ['error', 1, ERR.TOO_BIG], ['close', 3, 1000, '', true]]);
});

test('send: members that a game has defined on a Blob are not used', async () => {
    class Odd extends Blob {
        get size() { return -5; }
        arrayBuffer() { throw new Error('arrayBuffer of the game'); }
    }
    const { ws, host } = openedSocket(makeHost({ Blob }));
    ws.send(new Odd(['abc']));
    assert.equal(ws.bufferedAmount, 3);
    ws.send('text');
    ws.close();
    while (host.callsOf('close').length === 0) await settled();
    assert.deepEqual(host.sent(), ['616263', 'text']);
});

test('send: a Blob of a library that cannot be read does not stop the messages behind it', async () => {
    for (const arrayBuffer of [() => { throw new Error(); }, () => 5, () => undefined, async () => 'abc', async () => new Uint8Array(3)]) {
        class LibraryBlob {
            get size() { return 3; }
        }
        LibraryBlob.prototype.arrayBuffer = arrayBuffer;
        const { ws, host, log } = openedSocket(makeHost({ Blob: LibraryBlob }));
        ws.send(new LibraryBlob());
        ws.send('text');
        ws.close();
        await settled();
        assert.deepEqual(host.sent(), ['text']);
        assert.deepEqual(host.callsOf('close'), [[1, 0, '']]);
        host.poll();
        assert.deepEqual(log, [['error', 2, ERR.INVALID_ARGUMENT]]);
    }
});
