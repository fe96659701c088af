// Runs 100,000 random operations of games and peers on both objects of egret_ws.js, and compares them with a small model.
// EGRET_WS_SEED selects another run.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { install, ERR, MAX_MESSAGE_BYTES } = require('./script_host.js');

const OPERATIONS = 100000;
const SEED = Number(process.env.EGRET_WS_SEED ?? 20250101);
const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];
const URL_ = 'ws://game.test/';
const OVER_CAP = 'x'.repeat(MAX_MESSAGE_BYTES + 1);

// the algorithm mulberry32
function randomBy(seed) {
    return (below) => {
        seed = (seed + 0x6d2b79f5) | 0;
        let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
}

// A small model of the native library: connections by id, with a send queue and events of a peer.
function makeNative() {
    let lastId = 0;
    const native = { connections: new Map(), tasks: 0, openError: 0, sendError: 0 };
    native.host = {
        open() {
            if (native.openError) return native.openError;
            native.connections.set(++lastId, { sent: [], buffered: 0, closing: false, inbox: [] });
            return lastId;
        },
        sendText: (id, text) => take(id, text, Buffer.byteLength(text)),
        sendBinary: (id, data) => take(id, data[0], data.byteLength),
        close(id) {
            const connection = native.connections.get(id);
            assert.ok(connection && !connection.closing, 'the host is called only once to close');
            connection.closing = true;
            return 0;
        },
        bufferedAmount: (id) => native.connections.get(id).buffered,
        text: () => '',
        normalizeUrl: (url) => (url.startsWith('ws:') ? url : null),
        lastError: () => 'a reason',
        wake: () => { native.tasks++; },
        reportError: (thrown) => assert.equal(thrown, 'a handler that throws', thrown?.stack),
    };
    function take(id, payload, size) {
        const connection = native.connections.get(id);
        assert.ok(connection, 'nothing is sent to a connection that has ended');
        if (size > MAX_MESSAGE_BYTES) return ERR.TOO_BIG;
        if (native.sendError) return native.sendError;
        connection.sent.push(payload);
        connection.buffered += size;
        return size;
    }
    return native;
}

test(`100,000 operations, seed ${SEED}`, (context) => {
    const random = randomBy(SEED);
    const chance = (percent) => random(100) < percent;
    const native = makeNative();
    const global = {};
    const events = install(global, native.host);

    let serial = 0; // is part of every payload, so that all payloads differ
    const tasks = []; // tasks of the model, as generators: errors and ends that were found in calls of the game
    let expected = null; // the calls of handlers that the model expects, as a generator
    const alive = [];
    const counts = { sockets: 0, messages: 0, sent: 0, errors: 0, closes: 0, handlers: 0, dropped: 0,
        full: 0, retries: 0 };

    // The model: the expected calls of a task, in order. A handler may act between them, which changes the next ones.
    function* report(socket, error) {
        if (socket.state !== CLOSED) yield [socket, 'error', error];
    }
    function shut(socket) {
        if (socket.state === CLOSED) return;
        socket.lost += native.connections.get(socket.id)?.buffered ?? 0;
        socket.state = CLOSED;
    }
    function* fail(socket, error) {
        if (socket.state === CLOSED) return;
        shut(socket);
        yield [socket, 'error', error];
    }
    function* end(socket, code) {
        shut(socket);
        yield [socket, 'close', socket.isNative ? undefined : code];
    }
    // A lost connection is not an error for the standard's object.
    function* failed(socket, error) {
        if (socket.full) yield* fail(socket, ERR.BACKPRESSURE);
        else if (socket.isNative || !socket.isEstablished) yield* fail(socket, error);
    }
    function* closed(socket, code) {
        if (socket.full && socket.state !== CLOSED) {
            yield* fail(socket, ERR.BACKPRESSURE);
            tasks.push(end(socket, code));
        } else {
            yield* end(socket, code);
        }
    }
    function* happened(socket, [kind, payload]) {
        if (kind === 'connected') {
            if (socket.state !== CONNECTING) return;
            socket.state = OPEN;
            socket.isEstablished = true;
            yield [socket, 'open', undefined];
        } else if (kind === 'retrying') {
            if (socket.state >= CLOSING) return;
            socket.state = CONNECTING;
            socket.isEstablished = false;
            socket.lost = 0; // dropped messages no longer count
            counts.retries++;
            if (!socket.isNative) yield [socket, 'retry', ERR.CONNECTION_LOST];
        } else if (socket.state === OPEN) {
            yield [socket, 'message', payload];
        } else {
            counts.dropped++;
        }
    }

    function handle(socket, kind, payload) {
        counts.handlers++;
        assert.ok(expected, 'handlers run only in a poll');
        const { value, done } = expected.next();
        assert.equal(done, false, `${kind} was called and nothing was due`);
        assert.equal(value[0], socket, `${kind} was called for another socket`);
        assert.deepEqual([kind, payload], value.slice(1));
        assert.equal(socket.ws.readyState, socket.state);
        if (kind === 'message') counts.messages++;
        if (kind === 'error') counts.errors++;
        if (kind === 'close') counts.closes++;
        if (chance(30)) act(socket);
        if (chance(3)) create();
        if (chance(5)) throw 'a handler that throws';
    }

    // Actions of a game.
    function create() {
        native.openError = chance(5) ? ERR.UNSUPPORTED : 0;
        const isNative = chance(50);
        const isInvalid = isNative && chance(3);
        const socket = { isNative, id: 0, state: CONNECTING, isEstablished: false, full: false, lost: 0, sent: [] };
        const before = native.connections.size;
        const ws = socket.ws = new (isNative ? global.egret_native : global).WebSocket(isInvalid ? 'no url' : URL_);
        counts.sockets++;
        if (isInvalid) tasks.push(fail(socket, ERR.INVALID_URL), end(socket, 1006));
        else if (native.openError) tasks.push(fail(socket, native.openError), end(socket, 1006));
        else [socket.id] = [...native.connections.keys()].slice(-1);
        assert.equal(native.connections.size, before + (socket.id ? 1 : 0));
        native.openError = 0;
        if (isNative) {
            const [open, message, error, close] = chance(50)
                ? ['onOpen', 'onMessage', 'onError', 'onClose'] : ['onopen', 'onmessage', 'onerror', 'onclose'];
            ws[open] = () => handle(socket, 'open');
            ws[message] = (data) => handle(socket, 'message', read(data));
            ws[error] = (code) => handle(socket, 'error', code);
            ws[close] = () => handle(socket, 'close');
        } else {
            ws.onopen = () => handle(socket, 'open');
            ws.addEventListener('message', (event) => handle(socket, 'message', read(event.data)));
            ws.onerror = (event) => handle(socket, 'error', event.error);
            ws.addEventListener('close', (event) => handle(socket, 'close', event.code));
            ws.onretry = (event) => handle(socket, 'retry', event.error);
        }
        alive.push(socket);
    }

    const read = (data) => (typeof data === 'string' ? data : new Uint32Array(data)[0]);

    function act(socket) {
        if (chance(8)) close(socket);
        else send(socket);
    }

    function close(socket) {
        if (socket.isNative) socket.ws[chance(50) ? 'close' : 'disconnect']();
        else socket.ws.close(...[[], [1000], [4000, 'bye']][random(3)]);
        if (socket.state < CLOSING) socket.state = CLOSING;
        assert.equal(socket.ws.readyState, socket.state);
    }

    function send(socket) {
        const isBinary = chance(40);
        const isTooBig = chance(3);
        const number = ++serial;
        const text = isTooBig ? OVER_CAP : `message ${number} \u4f60\u597d`;
        const data = isTooBig && isBinary ? new Uint8Array(MAX_MESSAGE_BYTES + 1) : isBinary ? new Uint32Array([number]) : text;
        const size = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
        native.sendError = chance(5) ? [ERR.BACKPRESSURE, ERR.NOT_OPEN, ERR.BAD_HANDLE][random(3)] : 0;
        if (socket.state === CONNECTING && !socket.isNative) {
            assert.throws(() => socket.ws.send(data), { name: 'InvalidStateError' });
        } else {
            socket.ws.send(data);
            const error = socket.state === CONNECTING ? ERR.NOT_OPEN : isTooBig ? ERR.TOO_BIG : native.sendError;
            if (socket.state >= CLOSING) socket.lost += size;
            else if (socket.state === OPEN && (error === ERR.NOT_OPEN || error === ERR.BAD_HANDLE)) socket.lost += size;
            else if (error === ERR.BACKPRESSURE && !socket.isNative) {
                socket.lost += size;
                socket.full = true;
                socket.state = CLOSING;
                counts.full++;
            } else if (error) tasks.push(report(socket, error));
            else socket.sent.push(isBinary ? number : text);
        }
        native.sendError = 0;
    }

    // Actions of a peer and the network. The next poll reports them.
    function peer(socket) {
        const connection = native.connections.get(socket.id);
        if (!connection || connection.ended) return;
        if (!connection.connected && !connection.closing && chance(70)) {
            connection.connected = true;
            connection.inbox.push(['connected']);
        } else if (connection.connected && chance(80)) {
            const number = ++serial;
            if (chance(50)) connection.inbox.push(['text', chance(10) ? '' : `message ${number}`]);
            else connection.inbox.push(['binary', number]);
        } else if (connection.connected && !connection.closing && chance(20)) {
            connection.connected = false;
            connection.buffered = 0;
            connection.inbox.push(['retrying']);
        } else if (connection.closing || chance(20)) {
            connection.ended = true;
            const wasClean = connection.connected && chance(70);
            connection.inbox.push(['closed', wasClean ? [4000, 0] : [1006, ERR.CONNECTION_LOST]]);
        }
        connection.buffered = random(connection.buffered + 1);
    }

    function during(generator, deliver) {
        expected = generator;
        deliver();
        const { value, done } = expected.next();
        assert.ok(done, `${value?.[1]} was due and was not called`);
        expected = null;
    }

    // Only the tasks that were queued before the call: a handler may add others.
    function runTasks() {
        assert.equal(native.tasks, tasks.length, 'the script requests a call for each task');
        for (const task of tasks.splice(0)) {
            native.tasks--;
            during(task, () => events.task());
        }
    }

    function poll() {
        const isFirst = chance(50);
        if (isFirst) runTasks();
        for (const socket of alive.slice()) {
            const connection = native.connections.get(socket.id);
            // Some events wait for a later poll, as they do with a budget.
            for (let budget = random(8); connection && budget > 0 && connection.inbox.length > 0; budget--) {
                const [kind, payload] = connection.inbox.shift();
                if (kind !== 'closed') during(happened(socket, [kind, payload]), () => {
                    if (kind === 'connected') events.connected(socket.id, '', '');
                    else if (kind === 'text') events.text(socket.id, payload);
                    else if (kind === 'binary') events.binary(socket.id, new Uint32Array([payload]).buffer);
                    else events.retrying(socket.id, ERR.CONNECTION_LOST, 'lost', 100);
                });
                else {
                    const [code, error] = payload;
                    runTasks();
                    if (error) during(failed(socket, error), () => events.failed(socket.id, error, 'over'));
                    during(closed(socket, code), () => events.closed(socket.id, code, '', error === 0, error, 'over'));
                    assert.deepEqual(connection.sent, socket.sent, 'the library got exactly the messages of the game');
                    counts.sent += connection.sent.length;
                    native.connections.delete(socket.id);
                }
            }
        }
        if (!isFirst) runTasks();
        events.drained(0); // no socket has this id, so this only begins a new task, in which bufferedAmount may be smaller
        for (const socket of alive) {
            const buffered = native.connections.get(socket.id)?.buffered ?? 0;
            if (!socket.isNative) assert.equal(socket.ws.bufferedAmount, socket.lost + buffered);
            assert.equal(socket.ws.readyState, socket.state);
        }
        // Some closed sockets stay for a while, because a game may still call them.
        for (let i = alive.length - 1; i >= 0; i--) if (alive[i].state === CLOSED && chance(20)) alive.splice(i, 1);
    }

    for (let operation = 0; operation < OPERATIONS; operation++) {
        const choice = random(100);
        if (alive.length === 0 || (choice < 6 && alive.length < 20)) create();
        else if (choice < 45) act(alive[random(alive.length)]);
        else if (choice < 85) peer(alive[random(alive.length)]);
        else poll();
    }
    while (alive.some((socket) => socket.state !== CLOSED)) {
        for (const socket of alive) {
            if (socket.state < CLOSING) close(socket);
            peer(socket);
        }
        poll();
    }
    assert.equal(counts.closes, counts.sockets, 'one close for each socket');
    assert.equal(native.connections.size, 0);
    // The run must have used all kinds of actions.
    const enough = { sockets: 1000, messages: 5000, sent: 5000, errors: 500, dropped: 50, full: 50, retries: 50 };
    for (const [what, least] of Object.entries(enough)) {
        assert.ok(counts[what] >= least, `${counts[what]} ${what} are too few for a test`);
    }
    context.diagnostic(JSON.stringify(counts));
});
