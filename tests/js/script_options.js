// Tests the options of sockets, the statistics, and the events `drain` and `retry`.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost, makeSocket, openedSocket, install, SlowBlob, ERR, URL_ } = require('./script_host.js');

const PEM = '-----BEGIN CERTIFICATE-----';

// Returns the options that the host gets, as [name, value] pairs.
function encoded(options, defaults) {
    const { host, WebSocket } = makeHost({}, defaults);
    new WebSocket(URL_, [], options);
    const text = host.calls[0][3] ?? '';
    const words = text.split('\0');
    assert.equal(words.pop(), '', 'each value ends in a NUL');
    return words.flatMap((word, index) => (index % 2 ? [] : [[word, words[index + 1]]]));
}

test('every option: its name and value for the library', () => {
    for (const [name, value, ...expected] of [
        ['origin', 'https://a', ['origin', 'https://a']],
        ['userAgent', '', ['user_agent', '']],
        ['username', 'me', ['username', 'me']],
        ['password', 'caf\u00e9 \ud800', ['password', 'caf\u00e9 \ufffd']],
        ['proxy', 'http://p:1', ['proxy', 'http://p:1']],
        ['proxyFromEnvironment', true, ['proxy_from_environment', '1']],
        ['proxyFromEnvironment', false],
        ['roots', PEM, ['tls_roots', PEM]],
        ['roots', [`1 ${PEM}`, `2 ${PEM}`], ['tls_roots', `1 ${PEM}\n2 ${PEM}`]],
        ['roots', Buffer.from(PEM), ['tls_roots', PEM]],
        ['roots', [PEM, new Uint8Array(Buffer.from(`\u00e9 ${PEM}`, 'latin1'))], ['tls_roots', `${PEM}\n\u00e9 ${PEM}`]],
        ['roots', Buffer.from(PEM.repeat(9999)), ['tls_roots', PEM.repeat(9999)]],
        ['onlyTheseRoots', true, ['only_these_roots', '1']],
        ['pins', 'sha256/x', ['tls_pins', 'sha256/x']],
        ['pins', ['sha256/x', 'sha256/y'], ['tls_pins', 'sha256/x,sha256/y']],
        ['serverName', 'game.test', ['tls_server_name', 'game.test']],
        ['minTlsVersion', '1.2', ['tls_min_version', '771']],
        ['minTlsVersion', '1.3', ['tls_min_version', '772']],
        ['maxMessage', 1, ['max_message_bytes', '1']],
        ['maxSendBuffer', 2 ** 26, ['max_send_buffer_bytes', '67108864']],
        ['maxReceiveQueue', 5, ['max_receive_queue_bytes', '5']],
        ['maxRefusalBody', 5, ['max_refusal_body_bytes', '5']],
        ['maxRefusalBody', 0, ['max_refusal_body_bytes', '4294967294']],
        ['maxRedirects', 0, ['max_redirects', '0']],
        ['retryAttempts', 5, ['retry_attempts', '5']],
        ['retryAttempts', Infinity, ['retry_attempts', '4294967295']],
        ['retryMinWait', 50, ['retry_min_wait_ms', '50']],
        ['retryMinWait', 0, ['retry_min_wait_ms', '4294967294']],
        ['retryFirstWait', 200, ['retry_first_wait_ms', '200']],
        ['retryFirstWait', 0, ['retry_first_wait_ms', '4294967294']],
        ['retryMaxWait', 5000, ['retry_max_wait_ms', '5000']],
        ['retryTotal', 1, ['retry_total_ms', '1']],
        ['retryTotal', Infinity, ['retry_total_ms', '4294967295']],
        ['resend', true, ['resend', '1']],
        ['deflate', false, ['disable_deflate', '1']],
        ['deflate', true],
        ['alpn', false, ['disable_alpn', '1']],
        ['alpn', true],
        ['tlsResumption', false, ['disable_tls_resumption', '1']],
        ['tlsResumption', true],
        ['addresses', '192.0.2.1, [2001:db8::1]:443', ['addresses', '192.0.2.1, [2001:db8::1]:443']],
        ['addresses', ['192.0.2.1', '[2001:db8::1]:443'], ['addresses', '192.0.2.1,[2001:db8::1]:443']],
        ['attemptDelay', 100, ['attempt_delay_ms', '100']],
        ['attemptDelay', 0, ['attempt_delay_ms', '4294967294']],
        ['localAddress', '10.0.0.1', ['local_address', '10.0.0.1']],
        ['localInterface', 'wlan0', ['local_interface', 'wlan0']],
        ['frames', true, ['frames', '1']],
        ['frames', false],
        ['connectTimeout', 1, ['connect_timeout_ms', '1']],
        ['resolveTimeout', 1, ['resolve_timeout_ms', '1']],
        ['proxyTimeout', 1, ['proxy_timeout_ms', '1']],
        ['tlsTimeout', 1, ['tls_timeout_ms', '1']],
        ['handshakeTimeout', 1, ['handshake_timeout_ms', '1']],
        ['openTimeout', 4294967293, ['open_timeout_ms', '4294967293']],
        ['flushTimeout', 0, ['flush_timeout_ms', '4294967294']],
        ['closeTimeout', 0, ['close_timeout_ms', '4294967294']],
        ['pingInterval', Infinity, ['ping_interval_ms', '4294967295']],
        ['pongTimeout', Infinity, ['pong_timeout_ms', '4294967295']],
        ['probeTimeout', 9, ['probe_timeout_ms', '9']],
        ['overCap', 'close'],
        ['highWaterMark', 5],
        ['headers', { A: 'b', 'x-y': 5 }, ['header', 'A: b'], ['header', 'x-y: 5']],
        ['headers', { Cookie: ['a=1', 'b=2'] }, ['header', 'Cookie: a=1'], ['header', 'Cookie: b=2']],
        ['headers', [['A', 'b'], ['A', '']], ['header', 'A: b'], ['header', 'A: ']],
        ['headers', new Map([['A', 'b']]), ['header', 'A: b']],
        ['headers', new Headers({ A: 'b' }), ['header', 'a: b']],
        ['headers', {}],
        ['headers', { Origin: 'https://a', A: 'b', 'user-agent': 'me' }, ['origin', 'https://a'], ['header', 'A: b'], ['user_agent', 'me']],
        ['headers', new Headers({ Origin: 'https://a' }), ['origin', 'https://a']],
    ]) {
        assert.deepEqual(encoded({ [name]: value }), expected, name);
        assert.deepEqual(encoded(undefined, { [name]: value }), expected, `default ${name}`);
        assert.deepEqual(encoded({ [name]: undefined }), [], `no ${name}`);
    }
});

test('the tests know all options', () => {
    const program = require('node:fs').readFileSync(__filename, 'utf8');
    const parts = require('node:path').join(__dirname, '../../bindings/js/script/options.js');
    const names = [...require('node:fs').readFileSync(parts, 'utf8').matchAll(/^ {4}(\w+): (?:\w+\(|\{)/gm)];
    assert.ok(names.length > 25);
    for (const [, name] of names) assert.ok(program.includes(`['${name}', `), name);
});

// Returns the rows of the first table after a heading. A cell of code has no bar.
function rowsAfter(file, heading) {
    const root = require('node:path').join(__dirname, '../..');
    const page = require('node:fs').readFileSync(require('node:path').join(root, file), 'utf8');
    const lines = page.slice(page.indexOf(`\n${heading}\n`) + 1).split('\n');
    const rows = lines.slice(lines.findIndex((line) => line.startsWith('|')) + 2);
    return rows.slice(0, rows.findIndex((line) => !line.startsWith('|'))).map((row) => row.slice(2, -2).split(' | '));
}

test('the pages list all options, and the Chinese page has the tables of the English ones', () => {
    const code = (cell) => [...cell.matchAll(/`([^`]*)`/g)].map(([, text]) => text).filter((text) => /^[\w."]+$/.test(text));
    const numbers = (cell) => cell.match(/\d+/g) ?? [];
    const options = rowsAfter('bindings/js/README.md', '## Options'), chinese = rowsAfter('docs/zh/javascript.md', '## \u9009\u9879');
    const program = require('node:fs').readFileSync(__filename, 'utf8');
    const parts = require('node:path').join(__dirname, '../../bindings/js/script/options.js');
    const [, table] = /^const OPTIONS = \{([^]*?)^\};/m.exec(require('node:fs').readFileSync(parts, 'utf8'));
    const names = [...table.matchAll(/^ {4}(\w+)(?:: |\()/gm)].map(([, name]) => name).filter((name) => name !== '__proto__');
    assert.deepEqual(options.flatMap(([first]) => code(first)).sort(), names.sort());
    const facts = (row) => [code(row[0]), numbers(row[1]), numbers(row[2])];
    assert.deepEqual(chinese.map(facts), options.map(facts));

    const ours = rowsAfter('bindings/js/module/README.md', "## Differences from the engine's module");
    const theirs = rowsAfter('docs/zh/javascript.md', '## socket \u6a21\u5757\u4e0e\u5f15\u64ce\u6a21\u5757\u7684\u5dee\u5f02');
    assert.ok(ours.length > 15);
    assert.deepEqual(theirs.map((row) => row.map(code)), ours.map((row) => row.map(code)));
});

test('an option that is unknown or of a wrong type throws a TypeError that names it, and no socket is made', () => {
    const { host, WebSocket } = makeHost();
    const numbers = ['maxMessage', 'maxSendBuffer', 'maxReceiveQueue', 'connectTimeout', 'openTimeout'];
    const wrong = [
        ['unknown', 1], ['hasOwnProperty', 1], ['__proto__x', 1], ['Origin', 'x'],
        ...['origin', 'userAgent', 'proxy', 'serverName', 'localAddress', 'localInterface'].flatMap((name) => [[name, 5], [name, null], [name, 'a\0b'], [name, {}]]),
        ...numbers.flatMap((name) => [0, -1, 1.5, NaN, Infinity, '5', null, 2 ** 32, 1n].map((value) => [name, value])),
        ['maxRedirects', Infinity], ['highWaterMark', 0], ['highWaterMark', '5'], ['retryAttempts', -1], ['retryAttempts', '5'], ['flushTimeout', Infinity],
        ['retryMinWait', Infinity], ['retryFirstWait', -1], ['retryMaxWait', 0], ['retryTotal', 0],
        ['pingInterval', 0], ['minTlsVersion', 1.2], ['minTlsVersion', '1.1'], ['minTlsVersion', 'toString'],
        ['resend', 1], ['deflate', 'no'], ['overCap', 'ignore'], ['overCap', null],
        ['frames', 1], ['tlsResumption', 'no'], ['attemptDelay', Infinity], ['addresses', 5], ['addresses', [5]], ['addresses', ['a\0']],
        ['pins', 5], ['pins', [5]], ['roots', 5], ['roots', [5]], ['roots', new Uint8Array(8)], ['roots', [`${PEM}\0`]],
        ['headers', 'A: b'], ['headers', 5], ['headers', [['A']]], ['headers', [['A', 'b', 'c']]], ['headers', [5]], ['headers', ['ab']], ['headers', { 'A: b': 'c' }],
        ['headers', { '': 'c' }], ['headers', { A: null }], ['headers', { A: 'b\0' }], ['headers', { A: {} }],
    ];
    for (const [name, value] of wrong) {
        const names = (error) => error instanceof TypeError && error.message.includes(name);
        assert.throws(() => new WebSocket(URL_, [], { [name]: value }), names, `${name} ${String(value)}`);
        assert.throws(() => install({}, host, { [name]: value }), names);
    }
    for (const options of [5, 'headers', true, Symbol('x')]) {
        assert.throws(() => new WebSocket(URL_, [], options), TypeError);
    }
    assert.deepEqual(host.calls, []);
    new WebSocket(URL_, [], null);
});

test('defaults hold for both objects, and an option of a socket replaces the default of its name', () => {
    const { host, WebSocket, NativeWebSocket } = makeHost({}, { origin: 'https://a', headers: { A: 'b' } });
    new WebSocket(URL_);
    new NativeWebSocket(URL_, 'chat');
    new WebSocket(URL_, [], { headers: { C: 'd' } });
    const both = 'origin\0https://a\0header\0A: b\0';
    assert.deepEqual(host.calls, [['open', URL_, '', both], ['open', URL_, 'chat', both],
        ['open', URL_, '', 'origin\0https://a\0header\0C: d\0']]);
});

test('options that the library or the shell refuses throw a TypeError; without options a refusal is an error event', () => {
    for (const error of [ERR.INVALID_ARGUMENT, ERR.UNSUPPORTED, ERR.TLS_OPTIONS]) {
        const host = makeHost();
        host.host.failing.open = error;
        assert.throws(() => new host.WebSocket(URL_, [], { roots: PEM }),
            (thrown) => thrown instanceof TypeError && thrown.message.includes('a reason'));
        assert.equal(host.poll(), 0);
        const { log } = makeSocket(host);
        host.poll();
        assert.deepEqual(log, [['error', 3, error], ['close', 3, 1006, '', false]]);
    }
    const host = makeHost();
    host.host.failing.open = ERR.NO_RESOURCES;
    const { log } = makeSocket(host, [], { origin: 'https://a' });
    host.poll();
    assert.deepEqual(log, [['error', 3, ERR.NO_RESOURCES], ['close', 3, 1006, '', false]]);
});

test('stats: an object with JavaScript names, as long as the host knows the socket', () => {
    const { ws, host } = openedSocket();
    host.host.statistics = 'http_status\x00101\0rtt_smoothed_us\x00250\0bytes_sent\x009007199254740991\0';
    const expected = { httpStatus: 101, rttSmoothedUs: 250, bytesSent: 9007199254740991 };
    assert.deepEqual(ws.stats(), expected);
    let atClose;
    ws.onclose = () => { atClose = ws.stats(); };
    host.lost();
    assert.deepEqual(atClose, expected);
    assert.equal(ws.stats(), null);
    const second = openedSocket().ws;
    assert.equal(second.stats(), null);
});

test('retry: readyState is CONNECTING again, and open is fired again', () => {
    const host = makeHost();
    const { ws, log } = makeSocket(host);
    host.connected(1, 'chat', 'permessage-deflate');
    log.length = 0;
    const retries = [];
    ws.onretry = (event) => retries.push([ws.readyState, event.error, event.message, event.delay, event.code, event.reason]);
    ws.send('12345');
    host.events.retrying(1, 0, 'the server closed', 250, 4001, 'kicked');
    assert.deepEqual([ws.protocol, ws.extensions], ['', '']);
    assert.throws(() => ws.send('x'), { name: 'InvalidStateError' });
    host.text('no connection');
    host.events.retrying(1, ERR.CONNECT, 'no connection', 4294967295, 1006, '');
    assert.deepEqual(retries, [
        [0, 0, 'the server closed', 250, 4001, 'kicked'], [0, ERR.CONNECT, 'no connection', Infinity, 1006, '']
    ]);
    host.connected(1, 'chat');
    assert.deepEqual([ws.readyState, ws.protocol], [1, 'chat']);
    ws.send('again');
    assert.deepEqual(host.sent(), ['12345', 'again']);
    host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    host.failed(ERR.CONNECT);
    assert.deepEqual(log, [['open', 1], ['error', 3, ERR.CONNECT], ['close', 3, 1006, '', false]]);
});

test('retry: nothing is retried after close(), and close() during the wait ends the socket', () => {
    const { ws, host, log } = openedSocket();
    host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    ws.close();
    assert.equal(ws.readyState, 2);
    host.events.retrying(1, ERR.CONNECT, 'no connection', 250);
    assert.equal(ws.readyState, 2);
    host.failed(ERR.ABORTED);
    assert.deepEqual(log, [['error', 3, ERR.ABORTED], ['close', 3, 1006, '', false]]);
});

test('retry: messages after a Blob are dropped, or with the option resend they are sent on the next connection', async () => {
    const begin = (options) => {
        const socket = { ...openedSocket(makeHost({ Blob: SlowBlob }), [], options), blob: new SlowBlob(['ab']) };
        socket.ws.send(socket.blob);
        socket.ws.send('text');
        assert.equal(socket.ws.bufferedAmount, 6);
        socket.host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
        return socket;
    };
    const dropped = begin();
    const kept = begin({ resend: true });
    const closed = begin({ resend: true });
    assert.deepEqual([dropped, kept, closed].map(({ ws }) => ws.bufferedAmount), [0, 6, 6]);
    for (const { blob } of [dropped, kept, closed]) blob.resolve(Uint8Array.of(0x61, 0x62).buffer);
    await new Promise(setImmediate);
    kept.ws.onopen = () => kept.ws.send('new');
    for (const { host } of [dropped, kept]) host.connected();
    assert.deepEqual(kept.host.sent(), ['6162', 'text', 'new']);
    assert.deepEqual(dropped.host.sent(), []);
    closed.ws.close();
    assert.deepEqual(closed.host.callsOf('close'), [[1, 0, '']]);
    assert.equal(closed.ws.bufferedAmount, 6);
    closed.host.connected();
    assert.deepEqual(closed.host.sent(), []);
});

test('retry: messages between the loss and its report stay queued with the option resend, and are dropped without it', async () => {
    const lose = (options) => {
        const socket = openedSocket(makeHost(), [], options);
        socket.host.host.failing.send = ERR.NOT_OPEN;
        socket.ws.send('1');
        socket.ws.send('22');
        assert.equal(socket.ws.bufferedAmount, 3);
        socket.host.host.failing.send = 0;
        return socket;
    };
    for (const [options, amount, sent] of [[{ resend: true }, 3, ['1', '22']], [{}, 0, []]]) {
        const { ws, host } = lose(options);
        host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
        assert.equal(ws.bufferedAmount, amount);
        host.connected();
        assert.deepEqual(host.sent(), sent);
    }
    const blob = openedSocket(makeHost({ Blob: SlowBlob }), [], { resend: true });
    blob.host.host.failing.send = ERR.NOT_OPEN;
    const slow = new SlowBlob(['ab']);
    blob.ws.send(slow);
    slow.resolve(Uint8Array.of(0x61, 0x62).buffer);
    await new Promise(setImmediate);
    blob.host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    blob.host.host.failing.send = 0;
    blob.host.connected();
    assert.deepEqual(blob.host.sent(), ['6162']);
    const closing = lose({ resend: true });
    closing.ws.close(4000, 'bye');
    assert.deepEqual(closing.host.callsOf('close'), []);
    closing.host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    assert.deepEqual(closing.host.callsOf('close'), [[1, 4000, 'bye']]);
    const over = lose({ resend: true });
    over.host.lost();
    assert.equal(over.ws.bufferedAmount, 3);
    assert.deepEqual(over.log, [['close', 3, 1006, '', false]]);
});

test('egret_native: onOpen is called again after a retry', () => {
    const host = makeHost({}, { retryAttempts: 2 });
    const ws = new host.NativeWebSocket(URL_);
    const log = [];
    ws.onOpen = () => log.push(ws.readyState);
    host.connected();
    host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    log.push(ws.readyState);
    host.connected();
    assert.deepEqual(log, [1, 0, 1]);
});

test('drain: fired once after bufferedAmount has reached the high-water mark and half of it is written', () => {
    const { ws, host } = openedSocket(makeHost(), [], { highWaterMark: 1000 });
    const log = [];
    ws.ondrain = () => log.push('ondrain');
    ws.addEventListener('drain', (event) => log.push(event.type, event.target === ws));
    ws.send('x'.repeat(999));
    assert.deepEqual(host.callsOf('notifyDrain'), []);
    ws.send('x');
    ws.send('x'.repeat(1000));
    assert.deepEqual(host.callsOf('notifyDrain'), [[1, 500]]);
    host.host.buffered = 400;
    host.events.drained(1);
    assert.deepEqual(log, ['ondrain', 'drain', true]);
    ws.send('x'.repeat(599));
    assert.equal(host.callsOf('notifyDrain').length, 1);
    ws.send('x');
    assert.equal(host.callsOf('notifyDrain').length, 2);
    ws.close();
    host.events.drained(1);
    assert.equal(log.length, 3);
});

test('drain: the default mark is 1 MiB, and messages that were written in earlier tasks do not count', () => {
    const { ws, host } = openedSocket();
    for (let i = 0; i < 1000; i++) {
        ws.send('x'.repeat(100000));
        host.host.buffered = 100000;
        host.text('another task');
    }
    assert.deepEqual(host.callsOf('notifyDrain'), []);
    host.host.buffered = 2 ** 20 - 100000;
    ws.send('x'.repeat(99999));
    assert.deepEqual(host.callsOf('notifyDrain'), []);
    ws.send('x');
    assert.deepEqual(host.callsOf('notifyDrain'), [[1, 2 ** 19]]);
    const never = openedSocket(makeHost(), [], { highWaterMark: Infinity });
    for (let i = 0; i < 100; i++) never.ws.send('x'.repeat(100000));
    assert.deepEqual(never.host.callsOf('notifyDrain'), []);
});

test('drain: fired each time after bufferedAmount has reached the mark, also if the library wrote meanwhile', () => {
    const { ws, host } = openedSocket(makeHost(), [], { highWaterMark: 1000 });
    let drains = 0;
    ws.ondrain = () => drains++;
    while (ws.bufferedAmount < 1000) {
        ws.send('x'.repeat(100));
        host.host.buffered = 0; // the call has written everything
    }
    assert.deepEqual(host.callsOf('notifyDrain'), [[1, 500]]);
    host.events.drained(1);
    assert.equal(drains, 1);
});

test('drain: also fired after the messages behind a Blob are written', async () => {
    const { ws, host } = openedSocket(makeHost({ Blob }), [], { highWaterMark: 1000 });
    let drains = 0;
    ws.ondrain = () => drains++;
    ws.send(new Blob(['x'.repeat(600)]));
    ws.send('x'.repeat(400));
    assert.equal(ws.bufferedAmount, 1000);
    assert.deepEqual(host.callsOf('notifyDrain'), []);
    await new Promise(setImmediate);
    assert.deepEqual(host.callsOf('notifyDrain'), [[1, 500]]);
    ws.send(new Blob(['x']));
    host.events.drained(1);
    assert.equal(drains, 0);
    await new Promise(setImmediate);
    assert.equal(host.callsOf('notifyDrain').length, 2);
    host.events.drained(1);
    assert.equal(drains, 1);
});

test('drain: an event that was due before a retry is fired after it', () => {
    const { ws, host } = openedSocket(makeHost(), [], { highWaterMark: 1000, retryAttempts: 2 });
    let drains = 0;
    ws.ondrain = () => drains++;
    ws.send('x'.repeat(1000));
    host.events.retrying(1, ERR.CONNECTION_LOST, 'the connection was lost', 250);
    host.host.buffered = 0;
    host.events.drained(1);
    assert.equal(drains, 0);
    host.connected();
    assert.equal(host.callsOf('notifyDrain').length, 2);
    host.events.drained(1);
    assert.equal(drains, 1);
});

test('each member of an options object is read once', () => {
    const reads = [];
    const options = new Proxy({ origin: 'https://a', headers: {} }, {
        get(target, name) {
            reads.push(name);
            return target[name];
        },
    });
    assert.deepEqual(encoded(options), [['origin', 'https://a']]);
    assert.deepEqual(reads, ['origin', 'headers']);
});

test('the message about an unknown default lists the other options of the installation', () => {
    const { global, host } = makeHost();
    const refused = (expected, ...names) => assert.throws(() => install(global, host, { header: {} }, undefined, ...names), expected);
    refused(/^TypeError: there is no option header \(did you mean headers\?\); there are poll, resolve, headers, origin, /, ['poll', 'resolve']);
    refused(/^TypeError: there is no option header \(did you mean headers\?\); there are headers, origin, /);
});

test('the message about a wrong option uses JavaScript names', () => {
    const host = makeHost(), { WebSocket } = host;
    const refused = (expected, ...rest) => assert.throws(() => new WebSocket(URL_, ...rest), expected);
    refused(/^SyntaxError: .*; options are the third argument$/, { headers: { A: 'b' } });
    refused(/^SyntaxError: .*tokens: a b$/, 'a b');
    for (const [wrong, right] of [['header', 'headers'], ['retryAttempt', 'retryAttempts'], ['retryattempts', 'retryAttempts'],
        ['retryAtempts', 'retryAttempts'], ['rots', 'roots'], ['tls_roots', 'roots'], ['pongTimeoutMs', 'pongTimeout']]) {
        refused(new RegExp(`^TypeError: there is no option ${wrong} \\(did you mean ${right}\\?\\); there are headers, origin, `), [], { [wrong]: 1 });
    }
    for (const wrong of ['x', 'onlyRoots', 'toString']) refused(new RegExp(`^TypeError: there is no option ${wrong}; there are headers, `), [], { [wrong]: 1 });
    for (const roots of ['ca.pem', ['ca.pem'], [PEM, './ca.pem'], new Uint8Array([45])]) {
        refused(/^TypeError: the option roots must be the text of a PEM file \(-----BEGIN CERTIFICATE-----\), not its path$/, [], { roots });
    }
    for (const roots of ['', [PEM, '\n'], new Uint8Array(0)]) refused(/^TypeError: the option roots has an empty text$/, [], { roots });
    refused(/neither a string nor a number: A$/, [], { headers: { A: undefined } });
    refused(/^TypeError: the option retryAttempts must be a whole number from 0 to 4294967293, or Infinity$/, [], { retryAttempts: -1 });
    refused(/^TypeError: the option connectTimeout must be a whole number from 1 to 4294967293$/, [], { connectTimeout: 0 });
    host.host.failing.open = ERR.INVALID_ARGUMENT;
    host.host.reason = 'EGRET_WS_ONLY_THESE_ROOTS without tls_roots, some_name above EGRET_WS_MAX_MESSAGE_BYTES';
    refused(/^TypeError: options of a WebSocket: onlyTheseRoots without roots, some_name above 131072$/, [], { onlyTheseRoots: true });
});

test('a certificate of an unknown authority: the message names the option', () => {
    const { ws, host: { events, id } } = openedSocket();
    const messages = [];
    ws.onerror = ws.onclose = ws.onretry = ({ message }) => messages.push(message);
    events.retrying(id, ERR.TLS_ISSUER, 'unknown', 5, 1006, '');
    events.failed(id, ERR.TLS_ISSUER, 'unknown');
    events.closed(id, 1006, '', false, ERR.TLS_ISSUER, 'unknown');
    const expected = 'unknown; if you trust its authority, pass the authority\'s certificate in the option roots';
    assert.deepEqual(messages, [expected, expected, expected]);
});

test('waits that do not fit together: the reason has the names of the options', () => {
    const host = makeHost();
    host.host.failing.open = ERR.INVALID_ARGUMENT;
    host.host.reason = 'retry.min_wait_ms <= retry.first_wait_ms <= retry.max_wait_ms does not hold';
    assert.throws(() => new host.WebSocket(URL_, [], { retryMaxWait: 1 }),
        { name: 'TypeError', message: 'options of a WebSocket: retryMinWait <= retryFirstWait <= retryMaxWait does not hold' });
});

test('messages of events use the JavaScript names of options', () => {
    const { ws, host: { events, id } } = openedSocket();
    const messages = [];
    ws.onerror = ws.onclose = ({ message }) => messages.push(message);
    events.failed(id, ERR.PROTOCOL, 'larger than max_message_bytes');
    events.closed(id, 1006, '', false, ERR.PROTOCOL, 'larger than max_message_bytes');
    assert.deepEqual(messages, ['larger than maxMessage', 'larger than maxMessage']);
});
