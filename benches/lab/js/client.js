// The client of the benchmark, for every JavaScript engine that has a W3C WebSocket. The completion value is a function:
//
//     run({ WebSocket, mode, url, size, count, kind, now, cpu, later, print })
//
// mode: receive, send or ping-pong. url: the URL of the lab's server, without a path. kind: binary or text. now() and cpu() return
// microseconds: a clock, and the CPU time of the process. later(function) calls the function in another task, after I/O.
// print(line) is called once, at the end, with the result: cpu_us and wall_us of one message, and p50_us of one answer.
//
// The payloads are described in payload.h. The client checks each length, and the numbers of one message in 16. The server checks
// all.
(function () {
'use strict';

const PATHS = { receive: '/source', send: '/sink', 'ping-pong': '/echo' };
const BUFFERED = 1 << 20, BUFFERED_STEP = 1 << 16;
const CHECKED = 16;

// Eight bytes: the four-bit digits of the number, each as a letter.
function spread(half) {
    let digits = (half | half << 8) & 0x00FF00FF;
    digits = (digits | digits << 4) & 0x0F0F0F0F;
    return digits + 0x41414141;
}

function tag(words, at, number) {
    words[at] = spread(number & 0xFFFF);
    words[at + 1] = spread(number >>> 16);
}

function stamp(words, number) {
    tag(words, 0, number);
    tag(words, words.length - 2, Math.imul(number, 0x9E3779B1));
}

function toText(bytes) {
    const parts = []; // the parts are joined to a flat string, so that a send does not include the flattening of a string
    for (let at = 0; at < bytes.length; at += 4096) parts.push(String.fromCharCode.apply(null, bytes.subarray(at, at + 4096)));
    return parts.join('');
}

return function run({ WebSocket, mode, url, size, count, kind, now, cpu, later, print }) {
    const isText = kind === 'text';
    const words = new Uint32Array(size / 4), expected = new Uint32Array(words.length);
    const bytes = new Uint8Array(words.buffer);
    for (const pattern of [bytes, new Uint8Array(expected.buffer)]) {
        for (let at = 0; at < size; at++) pattern[at] = 97 + at * 7 % 26;
    }

    function payload(number) {
        stamp(words, number);
        return isText ? toText(bytes) : bytes;
    }

    // The texts are made before the measurement, so that the creation of strings does not count.
    const texts = isText && mode !== 'receive' ? Array.from({ length: count }, (_, number) => payload(number)) : [];
    const message = isText ? (number) => texts[number] : payload;

    const waits = [];
    let sent = 0, received = 0, begunAt = 0, begunCpu = 0, askedAt = 0;

    function fail(why) {
        throw new Error(`${mode} ${size} ${kind}: ${why} after ${received} of ${count} messages`);
    }

    function check(data) {
        if ((isText ? data.length : data.byteLength) !== size) fail(`a message has the wrong length ${data.length || data.byteLength}`);
        if (received % CHECKED !== 0) return;
        stamp(expected, received);
        const found = isText ? null : new Uint32Array(data);
        const first = isText ? toText(new Uint8Array(expected.buffer, 0, 8)) : expected[0];
        if (isText ? data.slice(0, 8) !== first : found[0] !== first || found[words.length - 1] !== expected[words.length - 1]) {
            fail('a wrong message');
        }
    }

    function end() {
        const cpuUs = (cpu() - begunCpu) / count, wallUs = (now() - begunAt) / count;
        waits.sort((a, b) => a - b);
        const p50 = waits.length > 0 ? waits[waits.length >> 1] : wallUs;
        socket.onclose = null;
        print(`cpu_us=${cpuUs.toFixed(4)} wall_us=${wallUs.toFixed(4)} p50_us=${p50.toFixed(2)}`);
        socket.close();
    }

    function ask() {
        askedAt = now();
        socket.send(message(sent++));
    }

    function flood() {
        const atOnce = Math.ceil(BUFFERED_STEP / size);
        while (sent < count && socket.bufferedAmount < BUFFERED) {
            for (let left = Math.min(atOnce, count - sent); left > 0; left--) socket.send(message(sent++));
        }
        if (sent < count) later(flood);
    }

    const socket = new WebSocket(url + PATHS[mode]);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
        begunAt = now();
        begunCpu = cpu();
        if (mode !== 'ping-pong') socket.send(`${size} ${count} 100 ${kind}`);
        if (mode === 'send') flood();
        if (mode === 'ping-pong') ask();
    };
    socket.onmessage = ({ data }) => {
        if (mode === 'send') {
            if (data !== `ok ${count} 0`) fail(`the server reports: ${data}`);
            end();
            return;
        }
        check(data);
        received++;
        if (mode === 'ping-pong') waits.push(now() - askedAt);
        if (received === count) end();
        else if (mode === 'ping-pong') ask();
    };
    socket.onerror = (event) => fail(`an error (${event.message})`);
    socket.onclose = () => fail('the end');
};
})();
