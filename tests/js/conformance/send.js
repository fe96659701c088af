// Tests send(), bufferedAmount and binaryType.
(function (global) {
    'use strict';
    const { test, equal, sameList, throws, rethrows, bytesOf, next, need } = suite;

    suite.group('send');

    test('needs an argument, in every state', function* (t) {
        const socket = t.socket('/echo');
        throws(TypeError, () => socket.send(), 'connecting');
        yield next(socket, 'open');
        throws(TypeError, () => socket.send(), 'open');
        yield t.end(socket);
        throws(TypeError, () => socket.send(), 'closed');
    });
    test('throws while the socket connects', (t) => {
        const socket = t.socket('/hold');
        ['x', '', new ArrayBuffer(1), new Uint8Array(1), undefined].forEach((data) => {
            throws('InvalidStateError', () => socket.send(data), String(data));
        });
        equal(socket.bufferedAmount, 0, 'bufferedAmount');
    });
    test('converts its argument before it looks at the state', (t) => {
        const socket = t.socket('/hold');
        const mine = new RangeError('mine');
        rethrows(mine, () => socket.send({ toString() { throw mine; } }));
        throws(TypeError, () => socket.send(Symbol('x')), 'a symbol');
        throws(TypeError, () => socket.send(Object.create(null)), 'an object without toString');
    });
    test('returns undefined and ignores more arguments', function* (t) {
        const socket = yield t.open('/echo');
        const message = next(socket, 'message');
        equal(socket.send('x', 'y', {}), undefined);
        equal((yield message).data, 'x');
    });

    const TEXTS = {
        'an empty string': ['', ''],
        'ASCII with \\0': ['a\0b', 'a\0b'],
        'text of all lengths in UTF-8': [
            '\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff',
            '\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff'],
        'a byte order mark': ['\ufeffa', '\ufeffa'],
        'lone surrogates': ['\ud800', '\ufffd'],
        'lone surrogates inside text': ['a\udc00b\ud800c\ud800\ud800\udc00\udc00', 'a\ufffdb\ufffdc\ufffd\ud800\udc00\ufffd'],
        'undefined': [undefined, 'undefined'],
        'null': [null, 'null'],
        'a number': [1e21, '1e+21'],
        'a boolean': [false, 'false'],
        'an object': [{}, '[object Object]'],
        'an array': [[1, [2, 3]], '1,2,3'],
        'an object with toString': [{ toString: () => 'text', valueOf: () => 5 }, 'text'],
        'an object with toPrimitive': [{ [Symbol.toPrimitive]: (hint) => hint }, 'string'],
        'a String object': [new String('x'), 'x'], // eslint-disable-line no-new-wrappers
        'an error': [new RangeError('mine'), 'RangeError: mine'],
        'an object with a forged toStringTag of a buffer': [{ [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 3 }, '[object ArrayBuffer]'],
        'an object with a forged toStringTag of a shared buffer': [{ [Symbol.toStringTag]: 'SharedArrayBuffer', byteLength: 3 },
            '[object SharedArrayBuffer]'],
        'an object with a forged toStringTag of a view': [{ [Symbol.toStringTag]: 'Uint8Array', buffer: new ArrayBuffer(2), byteLength: 2 },
            '[object Uint8Array]'],
        'an object made from a buffer': [Object.create(ArrayBuffer.prototype), '[object ArrayBuffer]'],
    };
    Object.keys(TEXTS).forEach((kind) => {
        test('sends as text: ' + kind, function* (t) {
            equal(yield t.echo(yield t.open('/echo'), TEXTS[kind][0]), TEXTS[kind][1]);
        });
    });
    test('sends as text: a BigInt', function* (t) {
        equal(yield t.echo(yield t.open('/echo'), need('BigInt')('12345678901234567890')), '12345678901234567890');
    });
    test('converts an object once', function* (t) {
        const socket = yield t.open('/echo');
        let calls = 0;
        equal(yield t.echo(socket, { toString() { calls++; return 'x'; } }), 'x');
        equal(calls, 1, 'calls');
    });

    function filled(length) {
        return Uint8Array.from({ length }, (_, index) => index * 7 + 1);
    }

    const BUFFERS = {
        'an ArrayBuffer': () => [filled(9).buffer, filled(9)],
        'an empty ArrayBuffer': () => [new ArrayBuffer(0), []],
        'an empty view': () => [new Uint8Array(filled(9).buffer, 4, 0), []],
        'a DataView of a part': () => [new DataView(filled(9).buffer, 2, 5), filled(9).subarray(2, 7)],
        'a buffer with a toStringTag of its own': () => [Object.defineProperty(filled(3).buffer, Symbol.toStringTag, { value: 'Blob' }), filled(3)],
        'a buffer with another byteLength': () => [Object.defineProperty(filled(3).buffer, 'byteLength', { value: 1 }), filled(3)],
        'a buffer with another prototype': () => [Object.setPrototypeOf(filled(3).buffer, null), filled(3)],
        'a view with other fields': () => [Object.defineProperties(filled(4).subarray(1), {
            buffer: { value: new ArrayBuffer(2) }, byteLength: { value: 1 }, byteOffset: { value: 0 }, length: { value: 1 },
        }), filled(4).subarray(1)],
        'a view with another prototype': () => [Object.setPrototypeOf(filled(3), null), filled(3)],
        'a view of a class of the game': () => [new (class Own extends Uint8Array {})(filled(3)), filled(3)],
    };
    ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array',
        'BigInt64Array', 'BigUint64Array'].forEach((name) => {
        if (typeof global[name] !== 'function') return;
        BUFFERS['a part of a buffer as ' + name] = () => {
            const size = global[name].BYTES_PER_ELEMENT;
            return [new global[name](filled(64).buffer, 8, 2), filled(64).subarray(8, 8 + 2 * size)];
        };
    });
    Object.keys(BUFFERS).forEach((kind) => {
        test('sends the bytes of ' + kind, function* (t) {
            const [data, bytes] = BUFFERS[kind]();
            sameList(bytesOf(yield t.echo(yield t.open('/echo'), data)), Array.from(bytes));
        });
    });
    test('sends the bytes as they were at the call', function* (t) {
        const socket = yield t.open('/echo');
        const bytes = filled(3);
        const message = next(socket, 'message');
        socket.send(bytes);
        bytes.fill(0);
        sameList(bytesOf((yield message).data), Array.from(filled(3)));
    });

    function detach(buffer) {
        if (typeof buffer.transfer === 'function') buffer.transfer();
        else need('structuredClone')(buffer, { transfer: [buffer] });
    }
    test('sends no bytes of a detached buffer and of its views', function* (t) {
        const socket = yield t.open('/echo');
        const buffer = new ArrayBuffer(8);
        const views = [buffer, new Uint8Array(buffer, 2), new DataView(buffer, 2, 3)];
        detach(buffer);
        for (const view of views) sameList(bytesOf(yield t.echo(socket, view)), []);
        equal(socket.bufferedAmount, 0, 'bufferedAmount');
    });
    test('sends a SharedArrayBuffer as its text', function* (t) {
        const shared = new (need('SharedArrayBuffer'))(4);
        equal(yield t.echo(yield t.open('/echo'), shared), '[object SharedArrayBuffer]');
    });
    test('refuses a view of a SharedArrayBuffer', function* (t) {
        const shared = new (need('SharedArrayBuffer'))(4);
        const socket = t.socket('/echo');
        throws(TypeError, () => socket.send(new Uint8Array(shared)), 'connecting');
        yield next(socket, 'open');
        throws(TypeError, () => socket.send(new Uint8Array(shared)), 'open');
        throws(TypeError, () => socket.send(new DataView(shared)), 'a DataView');
    });
    test('refuses a resizable ArrayBuffer and its views', function* (t) {
        const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
        if (!buffer.resizable) suite.skip('no resizable ArrayBuffer');
        const socket = yield t.open('/echo');
        throws(TypeError, () => socket.send(buffer), 'the buffer');
        throws(TypeError, () => socket.send(new Uint8Array(buffer)), 'a view');
        throws(TypeError, () => socket.send(new DataView(buffer, 1, 2)), 'a DataView');
        equal(socket.bufferedAmount, 0, 'bufferedAmount');
    });

    test('sends a Blob as binary, in the order of the calls', function* (t) {
        const Blob = need('Blob');
        const socket = yield t.open('/echo');
        const received = [];
        const all = new Promise((resolve) => {
            socket.onmessage = (event) => {
                received.push(typeof event.data === 'string' ? event.data : bytesOf(event.data).join('.'));
                if (received.length === 6) resolve();
            };
        });
        socket.send('first');
        socket.send(new Blob(['abc']));
        socket.send('second');
        socket.send(new Blob([]));
        socket.send(Uint8Array.of(1));
        socket.send(new Blob(['abcdef']).slice(1, 3));
        yield all;
        equal(received.join(), 'first,97.98.99,second,,1,98.99');
    });
    test('sends a Blob that was sent before close()', function* (t) {
        const Blob = need('Blob');
        const key = t.key();
        const socket = yield t.open('/record?key=' + key);
        socket.send(new Blob(['a']));
        socket.send('b');
        socket.close(3000);
        socket.send('too late');
        yield next(socket, 'close');
        equal((yield next(t.socket('/recorded?key=' + key), 'message')).data, '["2 61","1 62","8 0bb8"]');
    });
    test('counts a Blob in bufferedAmount', function* (t) {
        const Blob = need('Blob');
        const socket = yield t.open('/echo');
        const message = next(socket, 'message');
        socket.send(new Blob(['abc']));
        equal(socket.bufferedAmount, 3);
        yield message;
        yield t.barrier();
        equal(socket.bufferedAmount, 0, 'later');
    });
    test('sends objects that only look like a Blob as text', function* (t) {
        const Blob = need('Blob');
        const socket = yield t.open('/echo');
        equal(yield t.echo(socket, { [Symbol.toStringTag]: 'Blob', size: 3, arrayBuffer() {} }), '[object Blob]');
        equal(yield t.echo(socket, Object.create(Blob.prototype)), '[object Blob]');
    });

    test('keeps the order of a thousand messages', function* (t) {
        const socket = yield t.open('/echo');
        const received = [];
        const all = new Promise((resolve) => {
            socket.onmessage = (event) => {
                received.push(typeof event.data === 'string' ? Number(event.data) : new Uint32Array(event.data)[0]);
                if (received.length === 1000) resolve();
            };
        });
        for (let index = 0; index < 1000; index++) socket.send(index % 3 ? String(index) : Uint32Array.of(index));
        yield all;
        sameList(received, Array.from({ length: 1000 }, (_, index) => index));
    });
    [125, 126, 127, 65535, 65536, 131072].forEach((size) => {
        test('sends and receives ' + size + ' bytes', function* (t) {
            const socket = yield t.open('/echo');
            equal((yield t.echo(socket, 'x'.repeat(size))).length, size, 'text');
            equal((yield t.echo(socket, new Uint8Array(size))).byteLength, size, 'binary');
        });
    });
    test('sends a message of more than 131072 bytes', function* (t) {
        const socket = yield t.open('/echo');
        const end = new Promise((resolve) => ['message', 'error'].forEach((type) => socket.addEventListener(type, resolve)));
        socket.send('x'.repeat(131073));
        equal((yield end).type, 'message');
    });
    test('receives a message of more than 131072 bytes', function* (t) {
        const socket = t.socket('/send?zeros=131073');
        const end = new Promise((resolve) => ['message', 'error'].forEach((type) => socket.addEventListener(type, resolve)));
        equal((yield end).type, 'message');
    });
    test('does nothing after close(), and does not throw', function* (t) {
        const key = t.key();
        const socket = yield t.open('/record?key=' + key);
        socket.send('a');
        socket.close();
        equal(socket.send('b'), undefined);
        yield next(socket, 'close');
        equal(socket.send('c'), undefined);
        equal((yield next(t.socket('/recorded?key=' + key), 'message')).data, '["1 61","8 "]');
    });

    suite.group('receive');
    // [the name of the test, frames in hexadecimal, the messages]
    [
        ['text in fragments', '0102e4b8 0001ad 800161', ['\u4e2da']],
        ['a ping between fragments', '010161 890470696e67 800162', ['ab']],
        ['empty fragments', '0100 0000 8000', ['']],
        ['an empty text and an empty binary message', '8100 8200', ['', '']],
        ['binary data in fragments', '020101 0000 800102', ['1.2']],
        ['a byte order mark', '8104efbbbf61', ['\ufeffa']],
        ['\\0 and noncharacters', '810900efbfbeefbfbfc280', ['\0\ufffe\uffff\x80']],
        ['characters beyond U+FFFF', '8108f0908080f48fbfbf', ['\ud800\udc00\udbff\udfff']],
        ['pongs that were not asked for', '8a00 8a0161 810161', ['a']],
        ['text, binary and text in one write', '810161 820101 810162', ['a', '1', 'b']],
    ].forEach(([what, hex, messages]) => {
        test(what, function* (t) {
            const socket = t.socket('/raw?hex=' + hex.replace(/ /g, '') + '8800');
            socket.binaryType = 'arraybuffer';
            const received = [];
            socket.onmessage = (event) => received.push(typeof event.data === 'string' ? event.data : bytesOf(event.data).join('.'));
            yield next(socket, 'close');
            sameList(received, messages);
        });
    });

    suite.group('bufferedAmount');
    test('grows by the bytes of each message within a task', function* (t) {
        const socket = yield t.open('/hold');
        const steps = [['abc', 3], ['\u00e9', 5], ['\u4e2d', 8], ['\ud83d\ude00', 12], ['\ud800', 15], ['', 15], [new ArrayBuffer(7), 22],
            [new Uint16Array(new ArrayBuffer(8), 2, 2), 26], [new DataView(new ArrayBuffer(9), 4), 31], [null, 35]];
        steps.forEach(([data, sum]) => {
            socket.send(data);
            equal(socket.bufferedAmount, sum);
        });
    });
    test('counts a message of more than 131072 bytes', function* (t) {
        const socket = yield t.open('/hold');
        socket.send('x'.repeat(131073));
        equal(socket.bufferedAmount, 131073);
    });
    test('does not fall within a task, however much the network has taken', function* (t) {
        const socket = yield t.open('/hold');
        socket.send('abc');
        const end = Date.now() + 50; // during this time a thread of the library writes
        while (Date.now() < end) equal(socket.bufferedAmount, 3);
    });
    test('falls to 0 in a later task', function* (t) {
        const socket = yield t.open('/echo');
        yield t.echo(socket, 'abc');
        yield t.barrier();
        equal(socket.bufferedAmount, 0);
    });
    test('stays while the network takes nothing', function* (t) {
        const socket = yield t.open('/stall');
        for (let index = 0; index < 200; index++) socket.send(new Uint8Array(65536));
        equal(socket.bufferedAmount, 200 * 65536, 'within the task');
        yield t.barrier();
        equal(socket.bufferedAmount > 0, true, 'later');
    });
    test('counts everything within a task, however much it is', function* (t) {
        const socket = yield t.open('/stall');
        for (let index = 0; index < 400; index++) socket.send(new Uint8Array(65536));
        equal(socket.bufferedAmount, 400 * 65536);
    });
    test('only grows after close(), also when the socket is closed', function* (t) {
        const socket = yield t.open('/hold');
        socket.close();
        socket.send('abc');
        equal(socket.bufferedAmount, 3, 'closing');
        yield next(socket, 'close');
        equal(socket.bufferedAmount, 3, 'closed');
        socket.send(new Uint8Array(4));
        equal(socket.bufferedAmount, 7, 'after a message to the closed socket');
        yield t.barrier();
        equal(socket.bufferedAmount, 7, 'later');
    });
    test('grows also on a socket that never opened', function* (t) {
        const socket = t.socket('/status?code=403');
        yield next(socket, 'close');
        socket.send('abc');
        equal(socket.bufferedAmount, 3);
    });

    suite.group('binaryType');
    test('is "blob" at first', (t) => equal(t.socket('/hold').binaryType, 'blob'));
    test('takes its two values, in every state', function* (t) {
        const socket = t.socket('/echo');
        const check = () => ['arraybuffer', 'blob'].forEach((type) => {
            socket.binaryType = type;
            equal(socket.binaryType, type);
        });
        check();
        yield next(socket, 'open');
        check();
        yield t.end(socket);
        check();
    });
    test('ignores other values', (t) => {
        const socket = t.socket('/hold');
        socket.binaryType = 'arraybuffer';
        ['', 'ArrayBuffer', 'Blob', 'arraybuffer ', 'x', null, undefined, 5, {}].forEach((value) => {
            socket.binaryType = value;
            equal(socket.binaryType, 'arraybuffer', 'after ' + String(value));
        });
    });
    test('converts its value to a string', (t) => {
        const socket = t.socket('/hold');
        socket.binaryType = { toString: () => 'arraybuffer' };
        equal(socket.binaryType, 'arraybuffer');
        throws(TypeError, () => { socket.binaryType = Symbol('x'); }, 'a symbol');
    });
    test('"arraybuffer" makes an ArrayBuffer of the engine', function* (t) {
        const { data } = yield next(yield t.open('/send?hex=00ff&hex='), 'message');
        equal(data instanceof ArrayBuffer, true, 'instanceof');
        sameList(bytesOf(data), [0, 255]);
    });
    test('"blob" makes a Blob without a type', function* (t) {
        const Blob = need('Blob');
        const socket = t.socket('/send?hex=61ff');
        const { data } = yield next(socket, 'message');
        equal(data instanceof Blob, true, 'instanceof');
        sameList([data.size, data.type], [2, '']);
        sameList(bytesOf(yield data.arrayBuffer()), [97, 255]);
    });
    test('counts when the message is delivered', function* (t) {
        need('Blob');
        const socket = t.socket('/send?hex=61&hex=62&hex=63');
        const kinds = [];
        yield new Promise((resolve) => {
            socket.onmessage = (event) => {
                kinds.push(Object.prototype.toString.call(event.data));
                socket.binaryType = socket.binaryType === 'blob' ? 'arraybuffer' : 'blob';
                if (kinds.length === 3) resolve();
            };
        });
        equal(kinds.join(), '[object Blob],[object ArrayBuffer],[object Blob]');
    });
})(this);
