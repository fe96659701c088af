// A host without a native library, for the tests of egret_ws.js. It records all calls, and the test acts as the peer.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const SCRIPT = path.join(__dirname, '../../bindings/js/egret_ws.js');
const source = fs.readFileSync(SCRIPT, 'utf8');
const install = vm.runInThisContext(source, { filename: SCRIPT });

const ERR = { INVALID_ARGUMENT: -1, BAD_HANDLE: -2, NO_RESOURCES: -7, INTERNAL: -8, UNSUPPORTED: -9, NOT_OPEN: -10, TOO_BIG: -11,
    INVALID_UTF8: -12, BACKPRESSURE: -13, INVALID_URL: -14, CONNECT: -31, TIMEOUT: -50, CONNECTION_LOST: -51, PROTOCOL: -52,
    ABORTED: -53, TLS: -60, TLS_ISSUER: -63, TLS_OPTIONS: -65 };
const MAX_MESSAGE_BYTES = 131072;
const URL_ = 'ws://game.test/';

// `global` contains the engine's objects. An empty one stands for an engine without these classes.
function makeHost(global = {}, defaults = undefined, hooks = undefined, texts = { hooks: 'resolve findProxy ' }) {
    let lastId = 0;
    const host = {
        calls: [], // all calls, as [name, ...arguments]
        reported: [], // exceptions of handlers
        reason: 'a reason', // the result of lastError
        tasks: 0, // the number of queued tasks of the script
        buffered: 0, // the result of bufferedAmount
        statistics: '', // the result of stats
        failing: {}, // errors to return, by function name
        answers: [], // results of the next calls of answer
        open(url, protocols, options) {
            host.calls.push(options === '' ? ['open', url, protocols] : ['open', url, protocols, options]);
            return host.failing.open ?? ++lastId;
        },
        sendText(id, text) {
            if (typeof text !== 'string') throw new Error('sendText needs a string');
            return send('text', id, text, Buffer.byteLength(text));
        },
        sendBinary(id, data) {
            // Copies the bytes, as the library does.
            const bytes = ArrayBuffer.isView(data)
                ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(new Uint8Array(data));
            return send('binary', id, bytes.toString('hex'), bytes.length);
        },
        close(id, code, reason) {
            host.calls.push(['close', id, code, reason]);
            return host.failing.close ?? 0;
        },
        bufferedAmount: () => host.buffered,
        notifyDrain: (id, bytes) => { host.calls.push(['notifyDrain', id, bytes]); return 0; },
        normalizeUrl(url) {
            if (url.includes('\0')) return null; // C would read only the part before the NUL
            try {
                const parsed = new URL(url.replace(/^http/, 'ws'));
                return /^wss?:$/.test(parsed.protocol) && !url.includes('#') ? parsed.href : null;
            } catch {
                return null;
            }
        },
        stats: () => host.statistics,
        texts, // the results of text, by name
        buffers: {}, // the results of bytes, by name: arrays
        text: (id, name) => host.texts[name] ?? '',
        bytes: (id, name, index) => host.buffers[name]?.[index] ?? null,
        answer(ticket, list) {
            if (list !== null && typeof list !== 'string') throw new Error('answer needs a string or null');
            host.calls.push(['answer', ticket, list]);
            return host.answers.shift() ?? 0;
        },
        lastError: () => host.reason,
        wake: () => { host.tasks++; },
        reportError: (thrown) => host.reported.push(thrown),
    };
    function send(kind, id, payload, size) {
        if (size > MAX_MESSAGE_BYTES) return ERR.TOO_BIG;
        if (host.failing.send) return host.failing.send;
        host.buffered += size;
        host.calls.push([kind, id, payload]);
        return size;
    }
    const events = install(global, host, defaults, hooks);

    // Like egret_ws_host_poll: runs the tasks that were queued before the call. Returns their number.
    function runTasks() {
        const count = host.tasks;
        for (let i = 0; i < count; i++) {
            host.tasks--;
            events.task();
        }
        return count;
    }

    return {
        global, host, events,
        WebSocket: global.WebSocket,
        NativeWebSocket: global.egret_native.WebSocket,
        // Returns the id of the last open().
        get id() { return lastId; },
        connected: (id = lastId, protocol = '', extensions = '') => events.connected(id, protocol, extensions),
        text: (text, id = lastId) => events.text(id, text),
        binary: (bytes, id = lastId) => events.binary(id, new Uint8Array(bytes).buffer),
        closed(code = 1000, reason = '', id = lastId) {
            runTasks();
            events.closed(id, code, reason, true, 0, 'closed');
        },
        lost(id = lastId) {
            runTasks();
            events.failed(id, ERR.CONNECTION_LOST, 'the connection was lost');
            events.closed(id, 1006, '', false, ERR.CONNECTION_LOST, 'the connection was lost');
        },
        // The connection could not be made, or another unclean end happened.
        failed(error, id = lastId, code = 1006) {
            runTasks();
            events.failed(id, error, 'a failure');
            events.closed(id, code, '', false, error, 'a failure');
        },
        poll: runTasks,
        sent: () => host.calls.filter(([name]) => name === 'text' || name === 'binary').map((call) => call[2]),
        // Returns the arguments of all calls of one function.
        callsOf: (name) => host.calls.filter((call) => call[0] === name).map((call) => call.slice(1)),
    };
}

// Returns a socket and the log of its events.
function makeSocket(host, ...rest) {
    const ws = new host.WebSocket(URL_, ...rest);
    const log = [];
    ws.onopen = () => log.push(['open', ws.readyState]);
    ws.onmessage = (event) => log.push(['message', event.data]);
    ws.onerror = (event) => log.push(['error', ws.readyState, event.error]);
    ws.onclose = (event) => log.push(['close', ws.readyState, event.code, event.reason, event.wasClean]);
    return { ws, log };
}

// Returns the result of makeSocket with an open socket and an empty log.
function openedSocket(host = makeHost(), ...rest) {
    const socket = makeSocket(host, ...rest);
    host.connected();
    socket.log.length = 0;
    return { host, ...socket };
}

// A Blob. The test decides when reading it ends.
class SlowBlob extends Blob {
    reading = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    arrayBuffer() { return this.reading; }
}

module.exports = { makeHost, makeSocket, openedSocket, SlowBlob, install, source, ERR, MAX_MESSAGE_BYTES, URL_ };
