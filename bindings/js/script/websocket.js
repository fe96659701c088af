// The W3C WebSocket.

// The slot with the connection of a WebSocket. If another object has this slot, the connection does not belong to it.
const CONNECTION = Symbol('connection');

// Ends of an established connection for which browsers fire only `close`.
const LOSSES = new Set([ERR_CONNECTION_LOST, ERR_TIMEOUT, ERR_ABORTED, ERR_TLS]);
// Results of `open` for options that the library refuses.
const OPTION_ERRORS = new Set([ERR_INVALID_ARGUMENT, ERR_UNSUPPORTED, ERR_TLS_OPTIONS]);

const TYPES = ['open', 'message', 'error', 'close', 'drain', 'retry', 'frame'];

const DIRECTIONS = { 1: 'sent', 2: 'received', 3: 'lost' };
// The HTTP status of a successful upgrade.
const SWITCHING_PROTOCOLS = 101;

const FRAME_FIN = 1, FRAME_COMPRESSED = 2;

// The origin of a message: the scheme and authority of the server.
function originOf(url) {
    return url.replace(/^(wss?:\/\/)(?:[^\/?#]*@)?([^\/?#]*).*$/, '$1$2');
}

class StandardConnection extends Connection {
    constructor(sockets, events, webSocket, url, settings) {
        super(sockets, settings);
        this.events = events;
        this.webSocket = webSocket;
        this.url = url;
        this.origin = originOf(url);
        this.overCap = settings.overCap;
        this.highWaterMark = settings.highWaterMark;
        this.binaryType = sockets.Blob === null ? 'arraybuffer' : 'blob';
        this.handlers = {};
        for (const type of TYPES) this.handlers[type] = undefined;
    }

    isFailure(error) {
        return !(this.isEstablished && LOSSES.has(error));
    }

    fire(event) {
        this.events.fire(this.webSocket, event);
    }

    // Fires an event with more members than the standard defines. A browser only writes them to its console.
    fireWith(event, members) {
        for (const name of Object.keys(members)) define(event, name, members[name]);
        this.fire(event);
    }

    onOpen() {
        this.fire(this.events.event('open'));
    }

    onMessage(data) {
        const isBlob = this.binaryType === 'blob' && typeof data !== 'string';
        this.events.fire(this.webSocket, this.events.message(isBlob ? new this.sockets.Blob([data]) : data, this.origin));
    }

    onRefused(error, text, size) {
        if (error === ERR_BACKPRESSURE) {
            const amount = this.waiting + this.hostAmount();
            this.closeBecause(error, `the send queue is full: ${amount} bytes wait to be sent, so a message of ${size} bytes ` +
                'was not sent, and the connection was closed', 0, '');
        } else if (error === ERR_MESSAGE_TOO_BIG && this.overCap === 'close') {
            this.closeBecause(error, `message not sent, and the connection was closed: ${text}`, MESSAGE_TOO_BIG_CODE,
                'message too big');
        } else {
            this.reportLater(error, `message not sent: ${text}`);
            return 0;
        }
        this.lost += size;
        return size;
    }

    // Returns the answer of a server, or of a proxy, that has refused the connection.
    refusal() {
        const status = Number(this.text('http_status'));
        if (status === 0 || status === SWITCHING_PROTOCOLS) return {};
        return { status, body: this.bytes('response_body') || NO_BYTES, cookies: this.cookies() };
    }

    onRetry(error, text, delay, code, reason) {
        this.fireWith(this.events.event('retry'), Object.assign(this.eventOfEnd(error, text), { delay, code, reason }));
    }

    // Returns the properties that the events for the end of a connection have in common.
    eventOfEnd(error, text) {
        const advice = error === ERR_TLS_ISSUER ? '; if you trust its authority, pass the authority\'s certificate in the option roots' : '';
        return Object.assign({ error, message: `${text}${advice}` }, this.refusal());
    }

    onFrame(direction, opcode, flags, length) {
        const isFinal = (flags & FRAME_FIN) !== 0, isCompressed = (flags & FRAME_COMPRESSED) !== 0;
        this.fireWith(this.events.event('frame'), { direction: DIRECTIONS[direction], opcode, isFinal, isCompressed, length });
    }

    onDrain() {
        this.fire(this.events.event('drain'));
    }

    onError(error, text) {
        this.fireWith(this.events.event('error'), this.eventOfEnd(error, text));
    }

    onClose(code, reason, wasClean, error, text) {
        this.fireWith(this.events.close(code, reason, wasClean), wasClean ? {} : this.eventOfEnd(error, text));
    }

    // Splits lines of two parts: a URL and a cookie, or an address and its result.
    pairs(name, first, second) {
        return this.text(name).split('\n').filter((line) => line !== '').map((line) => {
            const space = line.indexOf(' ');
            return { [first]: line.slice(0, space), [second]: line.slice(space + 1) };
        });
    }

    cookies() {
        return this.pairs('response_cookies', 'url', 'cookie');
    }

    triedAddresses() {
        return this.pairs('tried_addresses', 'address', 'result');
    }

    // Returns null without TLS, and before the handshake.
    tls() {
        const stats = this.stats();
        if (stats === null) return null;
        const certificates = [];
        for (let der = this.bytes('peer_certificate', 0); der !== null; der = this.bytes('peer_certificate', certificates.length)) {
            certificates.push(der);
        }
        const version = Object.keys(TLS_VERSIONS).find((name) => TLS_VERSIONS[name] === stats.tlsVersion);
        if (version === undefined && certificates.length === 0) return null;
        return {
            version: version || '',
            cipher: this.text('tls_cipher'),
            alpn: this.text('tls_alpn'),
            resumed: stats.tlsResumed === 1,
            certificates
        };
    }
}

function connectionOf(webSocket) {
    const connection = isObject(webSocket) ? webSocket[CONNECTION] : undefined;
    if (connection === undefined || connection.webSocket !== webSocket) throw new TypeError('not a WebSocket');
    return connection;
}

function makeWebSocket(global, host, sockets, defaults) {
    const exception = makeException(global);
    const events = makeEvents(global, exception, host);

    class WebSocket extends events.EventTarget {
        constructor(url, protocols = undefined, options = undefined) {
            needArguments(arguments.length, 1, 'WebSocket');
            const text = toUrlText(url);
            const list = toList(protocols);
            const settings = readOptions(options, defaults);
            const address = host.normalizeUrl(text);
            if (address === null) throw exception('SyntaxError', `'${text}': ${host.lastError()}`);
            if (!areValidProtocols(list)) {
                const hint = isObject(protocols) && iteratorMethodOf(protocols) === null ? '; options are the third argument' : '';
                throw exception('SyntaxError', `subprotocols must be distinct tokens: ${list.join(', ')}${hint}`);
            }
            super();
            const connection = new StandardConnection(sockets, events, this, address, settings);
            Object.defineProperty(this, CONNECTION, { value: connection });
            const result = sockets.open(connection, address, list, settings.encoded);
            if (result > 0) return;
            const reason = host.lastError();
            if (settings !== defaults && OPTION_ERRORS.has(result)) throw new TypeError(`options of a WebSocket: ${inNamesOfOptions(reason)}`);
            connection.endLater(result, `cannot connect: ${inNamesOfOptions(reason)}`);
        }
        get url() { return connectionOf(this).url; }
        get readyState() { return connectionOf(this).state; }
        get bufferedAmount() { return connectionOf(this).bufferedAmount(); }
        get protocol() { return connectionOf(this).protocol; }
        get extensions() { return connectionOf(this).extensions; }
        get binaryType() { return connectionOf(this).binaryType; }
        set binaryType(value) {
            const connection = connectionOf(this);
            const type = `${value}`;
            // Other values are ignored, as in every enumeration of WebIDL.
            if (type === 'arraybuffer' || (type === 'blob' && sockets.Blob !== null)) connection.binaryType = type;
        }
        send(data) {
            const connection = connectionOf(this);
            needArguments(arguments.length, 1, 'send');
            const payload = sockets.toPayload(data);
            if (connection.state === CONNECTING) throw exception('InvalidStateError', 'the socket is still connecting: send after open');
            connection.send(payload);
        }
        close(code = undefined, reason = undefined) {
            const connection = connectionOf(this);
            let number = code === undefined ? 0 : clampToUint16(code);
            const text = reason === undefined ? '' : toText(reason);
            if (code !== undefined && number !== 1000 && !(number >= 3000 && number <= 4999)) {
                throw exception('InvalidAccessError', `close code ${number} is neither 1000 nor 3000 to 4999`);
            }
            if (utf8Length(text) > MAX_REASON_BYTES) {
                throw exception('SyntaxError', `the reason is longer than ${MAX_REASON_BYTES} bytes`);
            }
            // A Close frame with a reason needs a code.
            if (number === 0 && text !== '') number = 1000;
            connection.close(number, text);
        }
        stats() { return connectionOf(this).stats(); }
        get localAddress() { return connectionOf(this).text('local_address'); }
        get remoteAddress() { return connectionOf(this).text('remote_address'); }
        get triedAddresses() { return connectionOf(this).triedAddresses(); }
        get proxy() { return connectionOf(this).text('proxy'); }
        get cookies() { return connectionOf(this).cookies(); }
        get tls() { return connectionOf(this).tls(); }
    }
    defineHandlers(WebSocket, TYPES, events.EventTarget, (webSocket) => connectionOf(webSocket).handlers);
    defineInterface(WebSocket, 'WebSocket');
    defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
    return WebSocket;
}
