// Tests the details of a connection, refusals, frames, and the hooks of an installation.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, makeSocket, openedSocket, install, ERR, URL_ } = require('./script_host.js');

// Converts an object of another class or realm to a plain object.
const plain = (value) => JSON.parse(JSON.stringify(value));
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('details: the texts of the host, empty before the connection and after its end', () => {
    const host = makeHost();
    host.host.texts = {
        local_address: '10.0.0.1:5000',
        remote_address: '[2001:db8::1]:443',
        proxy: 'http://127.0.0.1:8080',
        tried_addresses: '192.0.2.1:443 Connection refused\n[2001:db8::1]:443 connected\n',
        response_cookies: 'ws://game.test/ a=1; Path=/\nws://other.test/ b=2\n',
    };
    const { ws } = openedSocket(host);
    const details = () => plain([ws.localAddress, ws.remoteAddress, ws.proxy, ws.triedAddresses, ws.cookies, ws.tls]);
    const expected = ['10.0.0.1:5000', '[2001:db8::1]:443', 'http://127.0.0.1:8080',
        [{ address: '192.0.2.1:443', result: 'Connection refused' }, { address: '[2001:db8::1]:443', result: 'connected' }],
        [{ url: 'ws://game.test/', cookie: 'a=1; Path=/' }, { url: 'ws://other.test/', cookie: 'b=2' }], null];
    assert.deepEqual(details(), expected);
    let atClose;
    ws.onclose = () => { atClose = details(); };
    host.lost();
    assert.deepEqual(atClose, expected);
    assert.deepEqual(details(), ['', '', '', [], [], null]);

    host.host.failing.open = ERR.NO_RESOURCES;
    const { ws: never } = makeSocket(host);
    assert.equal(never.localAddress, '');
    assert.throws(() => Object.create(ws).localAddress, TypeError);
    assert.throws(() => { 'use strict'; ws.proxy = 'x'; }, TypeError);
});

test('tls: the version, the names, and all certificates', () => {
    const host = makeHost();
    const { ws } = openedSocket(host);
    host.host.statistics = 'tls_version\x00772\0tls_resumed\x001\0';
    host.host.texts = { tls_cipher: 'TLS_AES_256_GCM_SHA384', tls_alpn: 'http/1.1' };
    const chain = [new ArrayBuffer(3), new ArrayBuffer(4)];
    host.host.buffers = { peer_certificate: chain };
    const { certificates, ...rest } = ws.tls;
    assert.deepEqual(plain(rest), { version: '1.3', cipher: 'TLS_AES_256_GCM_SHA384', alpn: 'http/1.1', resumed: true });
    assert.deepEqual([...certificates], chain);
    // After a failed handshake.
    host.host.statistics = 'tls_version\x000\0tls_resumed\x000\0';
    assert.equal(ws.tls.version, '');
    assert.equal(ws.tls.certificates.length, 2);
    host.host.buffers = {};
    assert.equal(ws.tls, null);
    host.host.statistics = 'tls_version\x00771\0tls_resumed\x000\0';
    assert.equal(ws.tls.version, '1.2');
    assert.equal(ws.tls.resumed, false);
});

test('a refusal: status, body and cookies are in the events of the failure, and in no other events', () => {
    const host = makeHost({}, { retryAttempts: 1 });
    const ws = new host.WebSocket(URL_);
    const seen = [];
    for (const type of ['retry', 'error', 'close']) {
        ws.addEventListener(type, ({ status, body, cookies }) => seen.push([type, status, body, plain(cookies ?? null)]));
    }
    const body = new Uint8Array([98, 97, 110]).buffer;
    host.host.buffers = { response_body: [body] };
    host.host.texts = { http_status: '403', response_cookies: `${URL_} seen=yes\n` };
    const cookies = [{ url: URL_, cookie: 'seen=yes' }];
    host.events.retrying(host.id, -33, 'refused', 1000, 1006, '');
    host.failed(-33);
    assert.deepEqual(seen, [['retry', 403, body, cookies], ['error', 403, body, cookies], ['close', 403, body, cookies]]);

    // Without a body, `body` is empty. Without an answer, and after an upgrade, there is no status.
    for (const [status, expected] of [['503', 503], ['', undefined], ['101', undefined]]) {
        const other = new host.WebSocket(URL_);
        host.host.texts = { http_status: status };
        host.host.buffers = {};
        let event;
        other.onerror = (given) => { event = given; };
        host.failed(-33);
        assert.equal(event.status, expected);
        assert.equal(event.body?.byteLength, expected && 0);
    }
    const { ws: lost } = openedSocket(host);
    host.host.texts = { http_status: '101' };
    let close;
    lost.onclose = (event) => { close = event; };
    host.lost();
    assert.ok(!('status' in close) && close.error === ERR.CONNECTION_LOST);
});

test('frames: each frame is an event, for a socket that requests them', () => {
    const host = makeHost();
    const { ws } = makeSocket(host, [], { frames: true });
    assert.deepEqual(host.host.calls[0].slice(3), ['frames\x001\0']);
    const seen = [];
    ws.onframe = ({ type, direction, opcode, isFinal, isCompressed, length }) =>
        seen.push([type, direction, opcode, isFinal, isCompressed, length]);
    host.connected();
    host.events.frame(host.id, 1, 1, 3, 5);
    host.events.frame(host.id, 2, 8, 1, 2 ** 40);
    host.events.frame(host.id, 3, 0, 0, 7);
    host.events.frame(99, 1, 1, 1, 1);
    assert.deepEqual(seen, [['frame', 'sent', 1, true, true, 5], ['frame', 'received', 8, true, false, 2 ** 40],
        ['frame', 'lost', 0, false, false, 7]]);
    new host.NativeWebSocket(URL_);
    host.events.frame(host.id, 1, 1, 1, 1);
    assert.deepEqual(host.host.reported, []);
});

// Returns the answer of a hook that the host gets, and the reported exceptions.
async function answered(hook, value, results = []) {
    const { host, events } = makeHost({}, undefined, { [hook]: () => (typeof value === 'function' ? value() : value) });
    host.answers = results;
    events.asked(5, hook, 'game.test');
    await settle();
    const answers = host.calls.filter(([name]) => name === 'answer').map(([, ticket, list]) => (assert.equal(ticket, 5), list));
    return [answers, host.reported.map(String)];
}

test('hooks: each kind of answer, directly and as a promise', async () => {
    for (const [value, ofResolve, ofProxy = ofResolve] of [
        ['192.0.2.1', '192.0.2.1'],
        ['a, b', 'a, b'],
        [['192.0.2.1', '[2001:db8::1]:443'], '192.0.2.1,[2001:db8::1]:443'],
        [new Set(['a', 'b']), 'a,b'],
        ['', ''],
        [[], ''],
        [null, null, ''],
        [undefined, null, ''],
    ]) {
        for (const given of [value, Promise.resolve(value), { then: (done) => done(value) }]) {
            assert.deepEqual(await answered('resolve', () => given), [[ofResolve], []]);
            assert.deepEqual(await answered('findProxy', () => given), [[ofProxy], []]);
        }
    }
});

test('hooks: after an exception, a rejection and a wrong answer the attempt fails, and the exception is reported', async () => {
    const boom = () => { throw new Error('boom'); };
    for (const [hook, nothing] of [['resolve', ''], ['findProxy', null]]) {
        for (const value of [boom, async () => boom(), () => Promise.reject(new Error('boom')), () => ({ then: boom }),
            () => ({ get then() { return boom(); } })]) {
            assert.deepEqual(await answered(hook, value), [[nothing], ['Error: boom']]);
        }
        for (const value of [5, true, {}, [5], [null], ['a\0b'], 'a\0b', Symbol('x')]) {
            const wrong = `TypeError: ${hook} returned a value that is not a string, an array of strings or null`;
            for (const given of [() => value, async () => value]) assert.deepEqual(await answered(hook, given), [[nothing], [wrong]]);
        }
        // The library refuses the text, or no connection waits any more.
        const wrong = `TypeError: ${hook} returned a wrong value: a reason`;
        assert.deepEqual(await answered(hook, 'no address', [ERR.INVALID_ARGUMENT]), [['no address', nothing], [wrong]]);
        assert.deepEqual(await answered(hook, async () => 'no address', [ERR.INVALID_ARGUMENT]), [['no address', nothing], [wrong]]);
        assert.deepEqual(await answered(hook, 'late', [ERR.BAD_HANDLE]), [['late'], []]);
    }
});

test('hooks: a hook gets the text, and may use sockets', () => {
    const calls = [];
    const host = makeHost({}, undefined, {
        resolve(...given) {
            calls.push([this, ...given]);
            new host.WebSocket('ws://dns.test/');
            return null;
        },
        findProxy(...given) {
            calls.push(given);
            return 'direct';
        },
    });
    host.events.asked(1, 'resolve', 'game.test');
    host.events.asked(2, 'findProxy', 'ws://game.test:80/');
    assert.deepEqual(calls, [[undefined, 'game.test'], ['ws://game.test:80/']]);
    assert.deepEqual(host.host.calls, [['open', 'ws://dns.test/', ''], ['answer', 1, null], ['answer', 2, 'direct']]);
});

test('hooks: wrong hooks, and hooks that the shell already has, are refused', () => {
    for (const hooks of [5, 'resolve', { resolve: 'x' }, { findProxy: {} }]) {
        assert.throws(() => makeHost({}, undefined, hooks), TypeError);
    }
    for (const none of [undefined, null, {}, { resolve: undefined, findProxy: null }]) makeHost({}, undefined, none, {});
    const hooks = { resolve: () => null, findProxy: () => null };
    assert.throws(() => makeHost({}, undefined, hooks, { hooks: 'findProxy ' }),
        { name: 'Error', message: 'the hook resolve is not called: the shell has a hook of its own' });
    assert.throws(() => makeHost({}, undefined, hooks, {}), /the hook resolve/);
    assert.throws(() => makeHost({}, undefined, { findProxy: hooks.findProxy }, { hooks: 'resolve ' }), /the hook findProxy/);
    // The objects were not defined.
    const { host } = makeHost();
    host.texts = {};
    const global = {};
    assert.throws(() => install(global, host, undefined, hooks));
    assert.deepEqual(global, {});
});

test('the sample of the page', async () => {
    const page = require('node:fs').readFileSync(require('node:path').join(__dirname, '../../bindings/js/README.md'), 'utf8');
    const [, sample] = /^## Hooks$.*?^```js$(.*?)^```$/ms.exec(page);
    const urls = [];
    const fetch = async (url) => (urls.push(url), { json: async () => ({ ips: ['192.0.2.1', '192.0.2.2'] }) });
    let hooks;
    new Function('install', 'fetch', sample)((global, options) => { hooks = options; }, fetch);
    const host = makeHost({}, undefined, hooks);
    host.events.asked(1, 'resolve', 'game.test');
    host.events.asked(2, 'findProxy', 'wss://internal.test:443/');
    host.events.asked(3, 'findProxy', 'wss://game.test:443/');
    await settle();
    assert.deepEqual(host.host.calls.map(([, ...call]) => call), [[2, ''], [3, 'http://proxy.example:3128,direct'], [1, '192.0.2.1,192.0.2.2']]);
    assert.deepEqual([urls, host.host.reported], [['https://192.0.2.53/resolve?name=game.test'], []]);
});
