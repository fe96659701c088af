/*
 * The WebSocket objects of Egret games, for any JavaScript engine: the W3C `WebSocket` and `egret_native.WebSocket`.
 *
 * This is a classic script. Its completion value is a function:
 *
 *     events = install(global, host, defaults, hooks, names)
 *
 * `host` contains the functions of the native library, and `events` contains the functions that the glue calls. GLUE.md describes
 * both. This script contains all rules of WebSocket; a glue only converts values.
 *
 * Generated from the files in script/ by "make header"; do not edit. It is one file because a shell evaluates one script,
 * without a module loader or a build step.
 */
(function () {
'use strict';

/* ---- script/constants.js ---- */

// States of a socket, and numbers of egret_ws.h.

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

// generated: errors, by "make header"; do not edit
const ERR_INVALID_ARGUMENT = -1,
    ERR_BAD_HANDLE = -2,
    ERR_UNSUPPORTED = -9,
    ERR_NOT_OPEN = -10,
    ERR_MESSAGE_TOO_BIG = -11,
    ERR_BACKPRESSURE = -13,
    ERR_INVALID_URL = -14,
    ERR_TIMEOUT = -50,
    ERR_CONNECTION_LOST = -51,
    ERR_ABORTED = -53,
    ERR_TLS = -60,
    ERR_TLS_ISSUER = -63,
    ERR_TLS_OPTIONS = -65;
// generated: end

// Values of options: no limit, and no wait.
const UNLIMITED = 0xFFFFFFFF, AT_ONCE = 0xFFFFFFFE;
const TLS_VERSIONS = { '1.2': 771, '1.3': 772 };

// A number that is less than every number of bytes.
const DRAIN_IS_DUE = -Infinity;

const NO_CLOSE_FRAME = 1006;
const MESSAGE_TOO_BIG_CODE = 1009;
const MAX_REASON_BYTES = 123;

/* ---- script/convert.js ---- */

// Conversions of values by WebIDL: strings, numbers, dictionaries, buffers, subprotocols.

// `instanceof Object` is false for objects of another realm.
function isObject(value) {
    return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

function define(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

// Makes a class an interface of WebIDL: its members are enumerable, and its objects have its name as their tag.
function defineInterface(Class, name) {
    for (const member of Object.getOwnPropertyNames(Class.prototype)) {
        if (member !== 'constructor') Object.defineProperty(Class.prototype, member, { enumerable: true });
    }
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function defineConstants(Class, constants) {
    for (const name of Object.keys(constants)) {
        const constant = { value: constants[name], enumerable: true };
        Object.defineProperty(Class, name, constant);
        Object.defineProperty(Class.prototype, name, constant);
    }
}

function needArguments(given, needed, what) {
    if (given < needed) throw new TypeError(`${what} needs ${needed} ${needed === 1 ? 'argument' : 'arguments'}`);
}

// Returns the object of a dictionary argument, or null if there is none.
function toDictionary(value) {
    if (value === undefined || value === null) return null;
    if (!isObject(value)) throw new TypeError('not an object of options');
    return value;
}

function toUint16(value) {
    return +value & 0xFFFF;
}

// [Clamp] unsigned short. A half is rounded to the even number.
function clampToUint16(value) {
    const number = +value;
    if (!(number > 0)) return 0;
    if (number >= 65535) return 65535;
    const floor = Math.floor(number);
    const rest = number - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

const isWellFormed = String.prototype.isWellFormed;
// With the flag `u`, a pair of surrogates is one character, which is not in this class.
const LONE_SURROGATES = /[\uD800-\uDFFF]/gu;

// USVString. U+FFFD replaces a lone surrogate, which has no UTF-8.
function toText(value) {
    const text = typeof value === 'string' ? value : `${value}`; // throws for a symbol, which String() does not
    if (isWellFormed !== undefined ? isWellFormed.call(text) : text.search(LONE_SURROGATES) < 0) return text;
    return text.replace(LONE_SURROGATES, '\uFFFD');
}

function utf8Length(text) {
    const length = text.length;
    let bytes = length;
    for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        // A surrogate pair has four bytes, so each half counts two.
        if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xD800 && unit <= 0xDFFF) ? 1 : 2;
    }
    return bytes;
}

// The getter reads an internal slot of the engine, so it throws for every object that only imitates its class.
function getterOf(Class, name) {
    const property = Class && Object.getOwnPropertyDescriptor(Class.prototype, name);
    return property && property.get ? property.get : null;
}

function hasSlot(getter, value) {
    if (getter === null || !isObject(value)) return false;
    try {
        getter.call(value);
        return true;
    } catch (other) {
        return false;
    }
}

const TypedArray = Object.getPrototypeOf(Uint8Array);
const lengthOfBuffer = getterOf(ArrayBuffer, 'byteLength');
const lengthOfShared = getterOf(typeof SharedArrayBuffer === 'function' ? SharedArrayBuffer : null, 'byteLength');
const isResizable = getterOf(ArrayBuffer, 'resizable');
const bufferOfArray = getterOf(TypedArray, 'buffer'), bufferOfDataView = getterOf(DataView, 'buffer');
const lengthOfArray = getterOf(TypedArray, 'byteLength'), lengthOfDataView = getterOf(DataView, 'byteLength');
const offsetOfArray = getterOf(TypedArray, 'byteOffset'), offsetOfDataView = getterOf(DataView, 'byteOffset');
const tagOfArray = getterOf(TypedArray, Symbol.toStringTag);

function isTypedArray(view) {
    return tagOfArray.call(view) !== undefined;
}

function isArrayBuffer(value) {
    return hasSlot(lengthOfBuffer, value);
}

// BufferSource without [AllowShared] and [AllowResizable].
function checkBuffer(buffer) {
    if (isResizable !== null && isResizable.call(buffer)) {
        throw new TypeError('cannot send a resizable ArrayBuffer: send a copy of its bytes');
    }
}

function refuseShared() {
    throw new TypeError('cannot send a SharedArrayBuffer: send a copy of its bytes');
}

function checkView(view) {
    const buffer = (isTypedArray(view) ? bufferOfArray : bufferOfDataView).call(view);
    if (!isArrayBuffer(buffer)) refuseShared();
    checkBuffer(buffer);
}

// Returns the bytes of a buffer or a view; a detached one has none. It uses the engine's getters, because a game can overwrite the
// properties of an object.
function bytesOf(data) {
    if (!ArrayBuffer.isView(data)) return new Uint8Array(data, 0, lengthOfBuffer.call(data));
    if (isTypedArray(data)) return new Uint8Array(bufferOfArray.call(data), offsetOfArray.call(data), lengthOfArray.call(data));
    return new Uint8Array(bufferOfDataView.call(data), offsetOfDataView.call(data), lengthOfDataView.call(data));
}

function byteLength(data) {
    if (!ArrayBuffer.isView(data)) return lengthOfBuffer.call(data);
    if (isTypedArray(data)) return lengthOfArray.call(data);
    try {
        return lengthOfDataView.call(data);
    } catch (detached) {
        return 0;
    }
}

function copyBytes(data) {
    return byteLength(data) === 0 ? NO_BYTES : new Uint8Array(bytesOf(data)).buffer;
}

const NO_BYTES = new ArrayBuffer(0);

// A token of RFC 9110: a name without separators.
const TOKEN = /^[!#-\x27*+\-.\x5E-\x60|~0-9A-Za-z]+$/;

// sequence<T>. `convert` converts each value before the next one is fetched. As in WebIDL, and unlike in `for of`, `return` of the
// iterator is not called.
function toSequence(iterable, method, convert) {
    if (typeof method !== 'function') throw new TypeError('Symbol.iterator is not a function');
    const list = [];
    const iterator = method.call(iterable);
    if (!isObject(iterator)) throw new TypeError('the iterator is not an object');
    const { next } = iterator;
    for (;;) {
        const step = next.call(iterator);
        if (!isObject(step)) throw new TypeError('the result of an iterator is not an object');
        if (step.done) return list;
        list.push(convert(step.value));
    }
}

function iteratorMethodOf(value) {
    const method = isObject(value) ? value[Symbol.iterator] : undefined;
    return method === undefined ? null : method;
}

// (DOMString or sequence<DOMString>)
function toList(protocols) {
    if (protocols === undefined) return [];
    const method = iteratorMethodOf(protocols);
    return method === null ? [toText(protocols)] : toSequence(protocols, method, toText);
}

function areValidProtocols(list) {
    return list.every((protocol) => TOKEN.test(protocol)) && new Set(list).size === list.length;
}

// Converts a URL to a text for C, which ends at a NUL. WHATWG's parser removes a NUL at the ends, and writes %00 for it elsewhere.
// There, %00 has the effect of the NUL itself: both are invalid in the scheme, the host and the port.
function toUrlText(value) {
    const text = toText(value);
    if (text.indexOf('\0') < 0) return text;
    let start = 0, end = text.length;
    while (start < end && text.charCodeAt(start) <= 0x20) start++;
    while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
    return text.slice(start, end).replace(/\0/g, '%00');
}

/* ---- script/queue.js ---- */

// First in, first out, in amortised constant time. (Array.shift moves all items.)
class Queue {
    constructor() {
        this.items = [];
        this.head = 0;
    }

    push(item) {
        this.items.push(item);
    }

    isEmpty() {
        return this.head === this.items.length;
    }

    first() {
        return this.items[this.head];
    }

    removeFirst() {
        this.items[this.head++] = null;
        if (2 * this.head >= this.items.length) {
            this.items.splice(0, this.head);
            this.head = 0;
        }
    }
}

/* ---- script/options.js ---- */

// Options of a socket: the third argument of the constructor, and `defaults` of install.

function refuse(name, expected) {
    throw new TypeError(`the option ${name} ${expected}`);
}

function textOption(name, value) {
    if (typeof value !== 'string') refuse(name, 'must be a string');
    if (value.indexOf('\0') >= 0) refuse(name, 'contains a NUL');
    return toText(value);
}

// `special` contains the numbers with a special meaning.
function numberOption(name, value, special) {
    if (special.has(value)) return String(special.get(value));
    if (typeof value !== 'number' || !(value > 0 && value < AT_ONCE) || Math.floor(value) !== value) {
        refuse(name, `must be a whole number from ${special.has(0) ? 0 : 1} to ${AT_ONCE - 1}${special.has(Infinity) ? ', or Infinity' : ''}`);
    }
    return String(value);
}

function booleanOption(name, value) {
    if (typeof value !== 'boolean') refuse(name, 'must be true or false');
    return value;
}

function listOption(name, value) {
    if (typeof value === 'string') return [textOption(name, value)];
    const method = iteratorMethodOf(value);
    if (method === null) refuse(name, 'must be a string or an array of strings');
    return toSequence(value, method, (item) => {
        // A Buffer, such as a file that was read without 'utf8', is a list of numbers.
        if (typeof item !== 'string') refuse(name, 'must be a string or an array of strings');
        return textOption(name, item);
    });
}

// A list that the library splits at its commas.
const joinedField = (field) => (name, value) => [[field, listOption(name, value).join(',')]];

// The characters outside of the certificates, which are comments, may be wrong: a PEM file is not always UTF-8.
function textOfBytes(value) {
    if (!isObject(value) || !(ArrayBuffer.isView(value) || isArrayBuffer(value))) return value;
    const bytes = bytesOf(value);
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
    return text;
}

// Without the check for an empty text, a file that could not be read would mean the system's authorities.
function rootsOption(name, value) {
    const list = listOption(name, Array.isArray(value) ? value.map(textOfBytes) : textOfBytes(value));
    if (list.some((pem) => pem.trim() === '')) refuse(name, 'has an empty text');
    if (list.some((pem) => pem.indexOf('-----BEGIN ') < 0)) {
        refuse(name, 'must be the text of a PEM file (-----BEGIN CERTIFICATE-----), not its path');
    }
    return list.join('\n');
}

// Headers for which the library has options. Other clients accept them among the headers.
const HEADER_FIELDS = new Map([['origin', 'origin'], ['user-agent', 'user_agent']]);

function header(name, value) {
    if (typeof name !== 'string' || !TOKEN.test(name)) refuse('headers', `has a name that is not a token: ${toText(name)}`);
    if (typeof value !== 'string' && typeof value !== 'number') refuse('headers', `has a value that is neither a string nor a number: ${name}`);
    const content = textOption('headers', `${value}`);
    const field = HEADER_FIELDS.get(name.toLowerCase());
    return field === undefined ? ['header', `${name}: ${content}`] : [field, content];
}

// Pairs, or an object whose values may be arrays.
function readHeaders(headers) {
    const method = iteratorMethodOf(headers);
    if (method !== null && typeof headers !== 'string') {
        return toSequence(headers, method, (pair) => {
            const items = iteratorMethodOf(pair) === null ? [] : toSequence(pair, pair[Symbol.iterator], (item) => item);
            if (items.length !== 2) refuse('headers', 'must be an object, or an array of pairs: name, value');
            return header(items[0], items[1]);
        });
    }
    if (!isObject(headers)) refuse('headers', 'must be an object, or an array of pairs: name, value');
    const list = [];
    for (const name of Object.keys(headers)) {
        const given = headers[name];
        for (const value of Array.isArray(given) ? given : [given]) list.push(header(name, value));
    }
    return list;
}

const POSITIVE = new Map();
const OR_NONE = new Map([[0, 0]]);
const OR_NEVER = new Map([[Infinity, UNLIMITED]]);
const OR_AT_ONCE = new Map([[0, AT_ONCE]]);
const OR_ENDLESS = new Map([[0, 0], [Infinity, UNLIMITED]]);

// Each function returns a function that reads an option and returns options of the library, as pairs of a name and a value.
const textField = (field) => (name, value) => [[field, textOption(name, value)]];
const numberField = (field, special) => (name, value) => [[field, numberOption(name, value, special)]];
// The library's flag is set for one of the two values.
const flagField = (field, set) => (name, value) => (booleanOption(name, value) === set ? [[field, '1']] : []);

const OPTIONS = {
    __proto__: null,
    headers: (name, value) => readHeaders(value),
    origin: textField('origin'),
    userAgent: textField('user_agent'),
    username: textField('username'),
    password: textField('password'),
    proxy: textField('proxy'),
    proxyFromEnvironment: flagField('proxy_from_environment', true),
    roots: (name, value) => [['tls_roots', rootsOption(name, value)]],
    onlyTheseRoots: flagField('only_these_roots', true),
    pins: joinedField('tls_pins'),
    serverName: textField('tls_server_name'),
    minTlsVersion(name, value) {
        if (value !== '1.2' && value !== '1.3') refuse(name, 'is "1.2" or "1.3"');
        return [['tls_min_version', TLS_VERSIONS[value]]];
    },
    maxMessage: numberField('max_message_bytes', POSITIVE),
    maxSendBuffer: numberField('max_send_buffer_bytes', POSITIVE),
    maxReceiveQueue: numberField('max_receive_queue_bytes', POSITIVE),
    maxRefusalBody: numberField('max_refusal_body_bytes', OR_AT_ONCE),
    maxRedirects: numberField('max_redirects', OR_NONE),
    retryAttempts: numberField('retry_attempts', OR_ENDLESS),
    retryMinWait: numberField('retry_min_wait_ms', OR_AT_ONCE),
    retryFirstWait: numberField('retry_first_wait_ms', OR_AT_ONCE),
    retryMaxWait: numberField('retry_max_wait_ms', POSITIVE),
    retryTotal: numberField('retry_total_ms', OR_NEVER),
    resend: flagField('resend', true),
    deflate: flagField('disable_deflate', false),
    alpn: flagField('disable_alpn', false),
    tlsResumption: flagField('disable_tls_resumption', false),
    addresses: joinedField('addresses'),
    attemptDelay: numberField('attempt_delay_ms', OR_AT_ONCE),
    localAddress: textField('local_address'),
    localInterface: textField('local_interface'),
    frames: flagField('frames', true),
    connectTimeout: numberField('connect_timeout_ms', POSITIVE),
    resolveTimeout: numberField('resolve_timeout_ms', POSITIVE),
    proxyTimeout: numberField('proxy_timeout_ms', POSITIVE),
    tlsTimeout: numberField('tls_timeout_ms', POSITIVE),
    handshakeTimeout: numberField('handshake_timeout_ms', POSITIVE),
    openTimeout: numberField('open_timeout_ms', POSITIVE),
    flushTimeout: numberField('flush_timeout_ms', OR_AT_ONCE),
    closeTimeout: numberField('close_timeout_ms', OR_AT_ONCE),
    pingInterval: numberField('ping_interval_ms', OR_NEVER),
    pongTimeout: numberField('pong_timeout_ms', OR_NEVER),
    probeTimeout: numberField('probe_timeout_ms', OR_NEVER),
    // Options of this script only.
    highWaterMark(name, value) {
        numberOption(name, value, OR_NEVER);
        return [];
    },
    overCap(name, value) {
        if (value !== 'error' && value !== 'close') refuse(name, 'is "error" or "close"');
        return [];
    }
};

// `encoded` is for the host, the other members for this script. The C host has the same default of maxSendBuffer.
const NO_OPTIONS = {
    encoded: '', given: {}, overCap: 'error', highWaterMark: 1 << 20, maxSendBuffer: 16 << 20, resend: false
};

// How many letters must be added, removed or changed to make one name of the other.
function distance(from, to) {
    let row = Array.from({ length: to.length + 1 }, (unused, index) => index);
    for (let i = 1; i <= from.length; i++) {
        const next = [i];
        for (let j = 1; j <= to.length; j++) {
            next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)));
        }
        row = next;
    }
    return row[to.length];
}

// Returns a part of the sentence about an unknown option. In C, an option ends with its unit.
function suggestion(wrong, names) {
    const name = (NAMES[wrong] || wrong.slice(0, 40).replace(/_?ms$/i, '')).toLowerCase();
    const near = names.map((known) => [distance(name, known.toLowerCase()), known]).sort((a, b) => a[0] - b[0])[0];
    return near[0] <= Math.min(2, name.length / 3) ? ` (did you mean ${near[1]}?)` : '';
}

// Throws a TypeError that names the wrong option. A given option replaces the whole default with its name. `others` are more names
// for the message about an unknown option.
function readOptions(options, defaults, others = []) {
    if (options === undefined || options === null) return defaults;
    if (!isObject(options)) throw new TypeError('the options of a socket must be an object');
    const given = Object.assign({}, defaults.given);
    for (const name of Object.keys(options)) {
        if (!(name in OPTIONS)) {
            const names = others.concat(Object.keys(OPTIONS));
            throw new TypeError(`there is no option ${name}${suggestion(name, names)}; there are ${names.join(', ')}`);
        }
        const value = options[name];
        if (value !== undefined) given[name] = value;
    }
    let encoded = '';
    for (const name of Object.keys(given)) {
        for (const [field, value] of OPTIONS[name](name, given[name])) encoded += `${field}\0${value}\0`;
    }
    return Object.assign({}, NO_OPTIONS, given, { encoded, given });
}

// The names of options in C, which the library uses in its reasons.
const NAMES = {
    __proto__: null,
    user_agent: 'userAgent', tls_roots: 'roots', EGRET_WS_ONLY_THESE_ROOTS: 'onlyTheseRoots', tls_pins: 'pins',
    tls_server_name: 'serverName', max_message_bytes: 'maxMessage', EGRET_WS_MAX_MESSAGE_BYTES: '131072',
    max_send_buffer_bytes: 'maxSendBuffer', max_receive_queue_bytes: 'maxReceiveQueue', max_redirects: 'maxRedirects',
    max_refusal_body_bytes: 'maxRefusalBody', attempt_delay_ms: 'attemptDelay', local_address: 'localAddress',
    local_interface: 'localInterface', 'retry.min_wait_ms': 'retryMinWait', 'retry.first_wait_ms': 'retryFirstWait',
    'retry.max_wait_ms': 'retryMaxWait'
};

// Converts a reason of the library, so that it contains the names of options in JavaScript.
function inNamesOfOptions(text) {
    return text.replace(/(?:retry\.)?[A-Za-z]+(?:_[A-Za-z]+)+/g, (name) => NAMES[name] || name);
}

// Converts the text of host.stats (for each number a name, NUL, the number, NUL) to an object. Returns null for an empty text.
function readStats(text) {
    if (text === '') return null;
    const words = text.split('\0');
    const stats = {};
    for (let i = 0; i + 1 < words.length; i += 2) {
        stats[words[i].replace(/_(.)/g, (match, letter) => letter.toUpperCase())] = Number(words[i + 1]);
    }
    return stats;
}

/* ---- script/event_target.js ---- */

// Event and EventTarget by the DOM standard (https://dom.spec.whatwg.org/#events), for an engine without them. A target has no
// parent, so an event has only one target.

// Slots with the state of an event and of a target. An object that inherits from an event or a target also has the slot, but its
// content belongs to the other object.
const EVENT = Symbol('event'), LISTENERS = Symbol('listeners');

// Flags of an event.
const BUBBLES = 1, CANCELABLE = 2, COMPOSED = 4, STOPPED = 8, STOPPED_AT_ONCE = 16, CANCELED = 32, PASSIVE = 64,
    DISPATCHED = 128, TRUSTED = 256;

const AT_TARGET = 2;
const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 };
const NO_LISTENERS = [];

class EventState {
    constructor(event, type, flags, timeStamp) {
        this.event = event;
        this.type = type;
        this.flags = flags;
        this.timeStamp = timeStamp;
        this.target = null;
    }

    has(flag) {
        return (this.flags & flag) !== 0;
    }

    cancel() {
        if ((this.flags & (CANCELABLE | PASSIVE)) === CANCELABLE) this.flags |= CANCELED;
    }
}

function eventOf(value) {
    const state = isObject(value) ? value[EVENT] : undefined;
    if (state === undefined || state.event !== value) throw new TypeError('not an Event');
    return state;
}

function toFlags(init) {
    const members = toDictionary(init);
    if (members === null) return 0;
    return (members.bubbles ? BUBBLES : 0) | (members.cancelable ? CANCELABLE : 0) | (members.composed ? COMPOSED : 0);
}

function makeEventClass(now) {
    class Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'Event');
            const text = `${type}`; // converted before `init`
            this[EVENT] = new EventState(this, text, init === undefined ? 0 : toFlags(init), now());
        }
        get type() { return eventOf(this).type; }
        get target() { return eventOf(this).target; }
        get srcElement() { return eventOf(this).target; }
        get currentTarget() {
            const state = eventOf(this);
            return state.has(DISPATCHED) ? state.target : null;
        }
        composedPath() {
            const state = eventOf(this);
            return state.has(DISPATCHED) ? [state.target] : [];
        }
        get eventPhase() { return eventOf(this).has(DISPATCHED) ? AT_TARGET : 0; }
        stopPropagation() { eventOf(this).flags |= STOPPED; }
        get cancelBubble() { return eventOf(this).has(STOPPED); }
        set cancelBubble(value) {
            const state = eventOf(this);
            if (value) state.flags |= STOPPED;
        }
        stopImmediatePropagation() { eventOf(this).flags |= STOPPED | STOPPED_AT_ONCE; }
        get bubbles() { return eventOf(this).has(BUBBLES); }
        get cancelable() { return eventOf(this).has(CANCELABLE); }
        get returnValue() { return !eventOf(this).has(CANCELED); }
        set returnValue(value) {
            const state = eventOf(this);
            if (!value) state.cancel();
        }
        preventDefault() { eventOf(this).cancel(); }
        get defaultPrevented() { return eventOf(this).has(CANCELED); }
        get composed() { return eventOf(this).has(COMPOSED); }
        get isTrusted() { return eventOf(this).has(TRUSTED); }
        get timeStamp() { return eventOf(this).timeStamp; }
        initEvent(type, bubbles = false, cancelable = false) {
            const state = eventOf(this);
            needArguments(arguments.length, 1, 'initEvent');
            const text = `${type}`;
            if (state.has(DISPATCHED)) return;
            state.type = text;
            state.flags = (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
            state.target = null;
        }
    }
    defineInterface(Event, 'Event');
    defineConstants(Event, PHASES);
    return Event;
}

class Listener {
    constructor(callback, options) {
        const isDictionary = isObject(options);
        this.callback = callback;
        this.capture = isDictionary ? !!options.capture : !!options;
        this.once = isDictionary && !!options.once;
        this.passive = isDictionary && !!options.passive;
        this.signal = isDictionary ? toSignal(options.signal) : null;
        this.isRemoved = false;
    }

    // An aborted signal removes the listener. It is checked here, instead of in a listener of the signal, because the signal would
    // keep that listener, and it may live longer than the target.
    isActive() {
        return !this.isRemoved && (this.signal === null || !this.signal.aborted);
    }
}

function checkListener(callback) {
    if (callback !== null && callback !== undefined && !isObject(callback)) {
        throw new TypeError('a listener must be a function or an object');
    }
}

// The engine, or a library, may define the class of signals.
function toSignal(signal) {
    if (signal === undefined) return null;
    if (isObject(signal) && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal;
    throw new TypeError('the signal of a listener is not an AbortSignal');
}

// The listeners of a target, by type. The arrays are replaced instead of changed, so a dispatch needs no copy.
class ListenerTable {
    constructor(target) {
        this.target = target;
        this.types = new Map();
    }

    of(type) {
        const listeners = this.types.get(type);
        return listeners === undefined ? NO_LISTENERS : listeners;
    }

    find(type, callback, capture) {
        return this.of(type).find((listener) =>
            listener.callback === callback && listener.capture === capture && listener.isActive());
    }

    add(type, listener) {
        this.types.set(type, this.of(type).filter((other) => other.isActive()).concat(listener));
    }

    remove(type, listener) {
        listener.isRemoved = true;
        this.types.set(type, this.of(type).filter((other) => other.isActive()));
    }
}

function tableOf(value) {
    const table = isObject(value) ? value[LISTENERS] : undefined;
    if (table === undefined || table.target !== value) throw new TypeError('not an EventTarget');
    return table;
}

// Calls either the capturing listeners or the others.
function invoke(table, state, capture, report) {
    if (state.has(STOPPED)) return;
    const type = state.type;
    const listeners = table.of(type);
    for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        if (listener.capture !== capture || !listener.isActive()) continue;
        if (listener.once) table.remove(type, listener);
        if (listener.passive) state.flags |= PASSIVE;
        try {
            const callback = listener.callback;
            if (typeof callback === 'function') callback.call(table.target, state.event);
            else callback.handleEvent(state.event);
        } catch (thrown) {
            report(thrown);
        }
        state.flags &= ~PASSIVE;
        if (state.has(STOPPED_AT_ONCE)) return;
    }
}

// Returns false if a listener has cancelled the event. `report` gets the exceptions of listeners.
function dispatch(table, state, report) {
    state.target = table.target;
    state.flags |= DISPATCHED;
    // Capturing listeners are called first at a target, too.
    invoke(table, state, true, report);
    invoke(table, state, false, report);
    state.flags &= ~(DISPATCHED | STOPPED | STOPPED_AT_ONCE);
    return !state.has(CANCELED);
}

function makeEventTargetClass(exception, report) {
    class EventTarget {
        constructor() {
            Object.defineProperty(this, LISTENERS, { value: new ListenerTable(this) });
        }
        addEventListener(type, callback, options = undefined) {
            const table = tableOf(this);
            needArguments(arguments.length, 2, 'addEventListener');
            const name = `${type}`;
            checkListener(callback);
            const listener = new Listener(callback, options); // reads all options, also for the callback null
            if (callback === null || callback === undefined || !listener.isActive()) return;
            if (!table.find(name, callback, listener.capture)) table.add(name, listener);
        }
        removeEventListener(type, callback, options = undefined) {
            const table = tableOf(this);
            needArguments(arguments.length, 2, 'removeEventListener');
            const name = `${type}`;
            checkListener(callback);
            const listener = table.find(name, callback, isObject(options) ? !!options.capture : !!options);
            if (listener !== undefined) table.remove(name, listener);
        }
        dispatchEvent(event) {
            const table = tableOf(this);
            needArguments(arguments.length, 1, 'dispatchEvent');
            const state = eventOf(event);
            if (state.has(DISPATCHED)) throw exception('InvalidStateError', 'the event is being dispatched');
            state.flags &= ~TRUSTED;
            return dispatch(table, state, report);
        }
    }
    defineInterface(EventTarget, 'EventTarget');
    return EventTarget;
}

/* ---- script/message_events.js ---- */

// MessageEvent and CloseEvent of the HTML and WebSockets standards, for an engine without them. `Event` may be the engine's.

// Slots with the members of an event.
const MESSAGE = Symbol('message'), CLOSE = Symbol('close');

const NO_PORTS = Object.freeze([]);

function isPort(value, MessagePort) {
    return typeof MessagePort === 'function' && value instanceof MessagePort;
}

function toPorts(value, MessagePort) {
    if (value === undefined) return NO_PORTS;
    const method = iteratorMethodOf(value);
    if (method === null) throw new TypeError('ports is not a sequence');
    return Object.freeze(toSequence(value, method, (port) => {
        if (!isPort(port, MessagePort)) throw new TypeError('ports has a value that is not a MessagePort');
        return port;
    }));
}

function toSource(value, MessagePort) {
    if (value === undefined || value === null) return null;
    if (!isPort(value, MessagePort)) throw new TypeError('source is not a MessagePort');
    return value;
}

class MessageMembers {
    constructor(event) {
        this.event = event;
        this.data = null;
        this.origin = '';
        this.lastEventId = '';
        this.source = null;
        this.ports = NO_PORTS;
    }
}

function messageOf(value) {
    const members = isObject(value) ? value[MESSAGE] : undefined;
    if (members === undefined || members.event !== value) throw new TypeError('not a MessageEvent');
    return members;
}

function makeMessageEventClass(Event, MessagePort) {
    class MessageEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'MessageEvent');
            super(type, init);
            const members = new MessageMembers(this);
            this[MESSAGE] = members;
            if (init === undefined || init === null) return;
            const { data } = init;
            if (data !== undefined) members.data = data;
            const { lastEventId } = init;
            if (lastEventId !== undefined) members.lastEventId = `${lastEventId}`;
            const { origin } = init;
            if (origin !== undefined) members.origin = toText(origin);
            members.ports = toPorts(init.ports, MessagePort);
            members.source = toSource(init.source, MessagePort);
        }
        get data() { return messageOf(this).data; }
        get origin() { return messageOf(this).origin; }
        get lastEventId() { return messageOf(this).lastEventId; }
        get source() { return messageOf(this).source; }
        get ports() { return messageOf(this).ports; }
        initMessageEvent(type, bubbles = false, cancelable = false, data = null, origin = '', lastEventId = '', source = null,
            ports = undefined) {
            const members = messageOf(this);
            needArguments(arguments.length, 1, 'initMessageEvent');
            const text = `${type}`;
            const given = { data, origin: toText(origin), lastEventId: `${lastEventId}`, source: toSource(source, MessagePort),
                ports: toPorts(ports, MessagePort) };
            if (this.eventPhase !== 0) return;
            this.initEvent(text, bubbles, cancelable);
            Object.assign(members, given);
        }
    }
    defineInterface(MessageEvent, 'MessageEvent');
    return MessageEvent;
}

function closeOf(value) {
    const members = isObject(value) ? value[CLOSE] : undefined;
    if (members === undefined || members.event !== value) throw new TypeError('not a CloseEvent');
    return members;
}

function makeCloseEventClass(Event) {
    class CloseEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'CloseEvent');
            super(type, init);
            const { code, reason, wasClean } = toDictionary(init) || {};
            Object.defineProperty(this, CLOSE, {
                value: {
                    event: this,
                    code: code === undefined ? 0 : toUint16(code),
                    reason: reason === undefined ? '' : toText(reason),
                    wasClean: !!wasClean
                }
            });
        }
        get wasClean() { return closeOf(this).wasClean; }
        get code() { return closeOf(this).code; }
        get reason() { return closeOf(this).reason; }
    }
    defineInterface(CloseEvent, 'CloseEvent');
    return CloseEvent;
}

/* ---- script/events.js ---- */

// The event classes of a global object: the classes of the engine, or otherwise ours. WebSocket works with both.

const EXCEPTION_CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15 };

function makeException(global) {
    return (name, message) => {
        if (typeof global.DOMException === 'function') return new global.DOMException(message, name);
        const error = new Error(message);
        define(error, 'name', name);
        define(error, 'code', EXCEPTION_CODES[name]);
        return error;
    };
}

// If `performance` is missing, the milliseconds since this script was evaluated replace it.
const EPOCH = Date.now();

function makeClock(global) {
    const performance = global.performance;
    if (isObject(performance) && typeof performance.now === 'function') return () => performance.now();
    return () => Date.now() - EPOCH;
}

// Our classes, by their EventTarget. A second `install` on the same global object reuses them, with its own `report`.
const ours = new WeakMap();

function makeTargets(global, exception, host) {
    const hasBoth = typeof global.EventTarget === 'function' && typeof global.Event === 'function';
    let own = hasBoth ? ours.get(global.EventTarget) : undefined;
    if (hasBoth && own === undefined) {
        const { dispatchEvent } = global.EventTarget.prototype;
        return {
            Event: global.Event,
            EventTarget: global.EventTarget,
            fire(target, event) { dispatchEvent.call(target, event); }
        };
    }
    if (own === undefined) {
        own = { Event: makeEventClass(makeClock(global)), EventTarget: null, report: null };
        own.EventTarget = makeEventTargetClass(exception, (thrown) => own.report(thrown));
        ours.set(own.EventTarget, own);
        // If only one of the two exists, the shell may use it, so ours do not replace it.
        if (typeof global.Event !== 'function' && typeof global.EventTarget !== 'function') {
            define(global, 'Event', own.Event);
            define(global, 'EventTarget', own.EventTarget);
        }
    }
    const report = (thrown) => host.reportError(thrown);
    own.report = report;
    return {
        Event: own.Event,
        EventTarget: own.EventTarget,
        fire(target, event) {
            const state = event[EVENT];
            state.flags |= TRUSTED;
            dispatch(target[LISTENERS], state, report);
        }
    };
}

// The engine's class for this name, if it extends this Event.
function engineClass(global, name, Event) {
    const Class = global[name];
    return typeof Class === 'function' && isObject(Class.prototype) && Event.prototype.isPrototypeOf(Class.prototype)
        ? Class : null;
}

function defineMissing(global, name, Class) {
    if (typeof global[name] !== 'function') define(global, name, Class);
}

function makeEvents(global, exception, host) {
    const { Event, EventTarget, fire } = makeTargets(global, exception, host);

    // The constructor of the engine's class converts its arguments each time. In some engines this takes several times as long
    // as the dispatch. An event of this class inherits from the engine's, and its own accessors read the values that `message`
    // has set.
    const EngineMessageEvent = engineClass(global, 'MessageEvent', Event);
    const MessageEvent = makeMessageEventClass(Event, global.MessagePort);
    if (EngineMessageEvent === null) {
        defineMissing(global, 'MessageEvent', MessageEvent);
    } else {
        delete MessageEvent.prototype.constructor;
        Object.setPrototypeOf(MessageEvent.prototype, EngineMessageEvent.prototype);
    }

    let CloseEvent = engineClass(global, 'CloseEvent', Event);
    if (CloseEvent === null) {
        CloseEvent = makeCloseEventClass(Event);
        defineMissing(global, 'CloseEvent', CloseEvent);
    }

    return {
        EventTarget,
        fire,
        event: (type) => new Event(type),
        message(data, origin) {
            const event = new MessageEvent('message');
            event[MESSAGE].data = data;
            event[MESSAGE].origin = origin;
            return event;
        },
        close: (code, reason, wasClean) => new CloseEvent('close', { code, reason, wasClean })
    };
}

// Defines the attributes `on<type>` of a class of targets. `handlersOf` returns the object with the handlers of a target.
function defineHandlers(Class, types, EventTarget, handlersOf) {
    const { addEventListener, removeEventListener } = EventTarget.prototype;

    // A listener calls the current handler, so a replaced handler keeps its place among the listeners.
    function activate(target, type, handlers, callback) {
        const handler = { callback, listener: null };
        handler.listener = function (event) {
            // An object that is not callable is stored, but not called ([LegacyTreatNonObjectAsNull]).
            if (typeof handler.callback === 'function' && handler.callback.call(this, event) === false) event.preventDefault();
        };
        handlers[type] = handler;
        addEventListener.call(target, type, handler.listener);
    }

    for (const type of types) {
        const name = `on${type}`;
        const attribute = {
            get [name]() {
                const handler = handlersOf(this)[type];
                return handler === undefined ? null : handler.callback;
            },
            set [name](value) {
                const handlers = handlersOf(this);
                const handler = handlers[type];
                if (!isObject(value)) {
                    if (handler === undefined) return;
                    removeEventListener.call(this, type, handler.listener);
                    handlers[type] = undefined;
                } else if (handler === undefined) {
                    activate(this, type, handlers, value);
                } else {
                    handler.callback = value;
                }
            }
        };
        Object.defineProperty(Class.prototype, name, Object.getOwnPropertyDescriptor(attribute, name));
    }
}

/* ---- script/connection.js ---- */

// One connection: the common part of the sockets of both objects.

class Connection {
    // `settings` is a result of readOptions.
    constructor(sockets, settings) {
        this.sockets = sockets;
        this.id = 0; // the id of the host; 0 before `open` and after `closed`
        this.state = CONNECTING;
        this.isEstablished = false;
        this.hasEnded = false;
        this.protocol = '';
        this.extensions = '';
        this.failure = null; // the reason why this side closed an established connection: { error, text }

        // Messages that wait for a Blob or for the next connection, their bytes, and a close() that was called after them.
        this.queue = null;
        this.waiting = 0;
        this.pendingClose = null;
        this.maxWaiting = settings.maxSendBuffer;
        this.resend = settings.resend; // whether messages are kept when the connection is made again

        // The bytes that will never be sent, and the lowest possible bufferedAmount until the task ends.
        this.lost = 0;
        this.task = -1;
        this.floor = 0;

        // onDrain is called when bufferedAmount has reached the mark and half of it is written. `unwritten` is an upper bound of
        // bufferedAmount, so that few sends need the amount from the host; DRAIN_IS_DUE until onDrain.
        this.highWaterMark = Infinity;
        this.unwritten = 0;
    }

    // Both kinds of sockets override these events of their connection. onRefused reports an error that was caused by a message;
    // onError and onClose report the end.
    onOpen() {}
    onMessage(data) {}
    onRefused(error, text, size) {}
    onRetry(error, text, delay, code, reason) {}
    onDrain() {}
    onFrame(direction, opcode, flags, length) {}
    onError(error, text) {}
    onClose(code, reason, wasClean, error, text) {}
    // Returns whether this end of the connection causes an error event.
    isFailure(error) {
        return true;
    }

    // By the standard, the amount falls only between tasks. A message that was sent in this task counts until the task ends, even
    // if the library has already written it. So a send does not need the amount from the host.
    bufferedAmount() {
        this.beginTask();
        this.floor = Math.max(this.floor, this.lost + this.waiting + this.hostAmount());
        return this.floor;
    }

    beginTask() {
        const task = this.sockets.currentTask();
        if (this.task === task) return;
        this.task = task;
        this.floor = this.lost + this.waiting;
    }

    hostAmount() {
        return this.id === 0 || this.state === CLOSED ? 0 : this.sockets.host.bufferedAmount(this.id);
    }

    stats() {
        return this.id === 0 ? null : readStats(this.sockets.host.stats(this.id));
    }

    // Returns a text of the host; '' if there is none.
    text(name) {
        return this.id === 0 ? '' : this.sockets.host.text(this.id, name);
    }

    // Returns an ArrayBuffer of the host, or null.
    bytes(name, index = 0) {
        return this.id === 0 ? null : this.sockets.host.bytes(this.id, name, index);
    }

    // `data` is a result of toPayload.
    send(data) {
        this.beginTask();
        if (this.state !== OPEN) {
            const size = this.sockets.sizeOf(data);
            this.floor += size;
            this.lost += size;
        } else if (this.queue !== null || this.sockets.isBlob(data)) {
            this.enqueue(data);
        } else {
            const result = this.transmit(data);
            if (result >= 0) this.count(result);
            else if (this.isHeld(result)) this.enqueue(data);
            else this.floor += this.notSent(result, this.sockets.sizeOf(data));
        }
    }

    // Returns the bytes of the message, or an error.
    transmit(data) {
        const { host } = this.sockets;
        return typeof data === 'string' ? host.sendText(this.id, data)
            : host.sendBinary(this.id, byteLength(data) > 0 ? data : NO_BYTES);
    }

    // Counts a message that was accepted.
    count(size) {
        this.floor += size;
        this.unwritten += size;
        if (this.unwritten >= this.highWaterMark) this.watch();
    }

    // The connection is lost, but this was not reported yet. Returns whether the message waits for the next connection.
    isHeld(error) {
        return error === ERR_NOT_OPEN && this.resend;
    }

    // This does not use the host's amount: a game that sends until bufferedAmount reaches the mark continues in onDrain, even
    // if the library has already written much of it in this task.
    watch() {
        this.unwritten = this.bufferedAmount();
        if (this.unwritten < this.highWaterMark) return;
        this.unwritten = DRAIN_IS_DUE;
        this.askForDrain();
    }

    // Requests `drained` from the host if onDrain is due and no message waits here.
    askForDrain() {
        if (this.unwritten !== DRAIN_IS_DUE || this.queue !== null) return;
        this.sockets.host.notifyDrain(this.id, Math.floor(this.highWaterMark / 2));
    }

    // Returns the number of bytes that count in bufferedAmount.
    notSent(error, size) {
        if (error !== ERR_NOT_OPEN && error !== ERR_BAD_HANDLE) return this.onRefused(error, this.sockets.host.lastError(), size);
        // The connection has ended, but this was not reported yet. It behaves as if `readyState` were CLOSING.
        this.lost += size;
        return size;
    }

    // Reports an error of the game's call in a separate task. No event follows `close`.
    reportLater(error, text) {
        this.sockets.runLater(() => {
            if (this.state !== CLOSED) this.onError(error, text);
        });
    }

    // A Blob waits in the queue until it is read, and every later message waits behind it.
    enqueue(data) {
        const isBlob = this.sockets.isBlob(data);
        const size = this.sockets.sizeOf(data);
        if (this.waiting + size > this.maxWaiting) {
            this.floor += this.onRefused(ERR_BACKPRESSURE, 'the send queue is full', size);
            return;
        }
        const item = { data: null, size, isReadable: true };
        if (!isBlob) item.data = typeof data === 'string' ? data : copyBytes(data);
        if (this.queue === null) this.queue = new Queue();
        this.queue.push(item);
        this.waiting += size;
        this.count(size);
        if (isBlob) this.sockets.readBlob(data, item, () => this.sendQueue());
    }

    // Sends the messages that no longer wait for a Blob, then the Close frame if it also waits.
    sendQueue() {
        const queue = this.queue;
        // The connection has ended, or is being made again.
        if (queue === null || this.state === CONNECTING) return;
        while (!queue.isEmpty() && queue.first().data !== null) {
            const item = queue.first();
            const result = item.isReadable ? this.transmit(item.data) : 0;
            if (this.isHeld(result)) return;
            queue.removeFirst();
            this.waiting -= item.size;
            if (!item.isReadable) this.reportLater(ERR_INVALID_ARGUMENT, 'message not sent: its Blob cannot be read');
            else if (result < 0) this.notSent(result, item.size);
            if (this.queue === null) return; // the send queue is full, and the connection is closed
        }
        if (!queue.isEmpty()) return;
        this.queue = null;
        this.askForDrain();
        this.closePending();
    }

    // Sends the Close frame that waits behind the queue, if there is one.
    closePending() {
        if (this.pendingClose === null) return;
        const { code, reason } = this.pendingClose;
        this.pendingClose = null;
        this.closeHost(code, reason);
    }

    dropQueue() {
        this.lost += this.waiting;
        this.waiting = 0;
        this.queue = null;
        this.pendingClose = null;
    }

    close(code, reason) {
        if (this.state >= CLOSING) return;
        if (this.state === CONNECTING) this.dropQueue();
        this.state = CLOSING;
        if (this.id === 0) return; // `open` failed; a task reports it
        if (this.queue !== null) this.pendingClose = { code, reason };
        else this.closeHost(code, reason);
    }

    // Closes the connection because of a message, and reports the reason when it has ended. Accepted messages are still sent.
    closeBecause(error, text, code, reason) {
        const close = this.pendingClose || { code, reason };
        this.failure = { error, text };
        this.dropQueue();
        this.state = CLOSING;
        this.closeHost(close.code, close.reason);
    }

    closeHost(code, reason) {
        const { host } = this.sockets;
        const result = host.close(this.id, code, reason);
        if (result < 0) this.endLater(result, `cannot close: ${host.lastError()}`);
    }

    // The events of the host

    connected(protocol, extensions) {
        if (this.state !== CONNECTING) return;
        this.state = OPEN;
        this.isEstablished = true;
        this.protocol = protocol;
        this.extensions = extensions;
        if (this.queue === null) this.askForDrain();
        else this.sendQueue();
        if (this.state === OPEN) this.onOpen(); // not if these messages have filled the send queue
    }

    retrying(error, text, delay, code, reason) {
        if (this.state >= CLOSING) {
            this.closePending();
            this.dropQueue();
            return;
        }
        this.state = CONNECTING;
        this.isEstablished = false;
        this.protocol = '';
        this.extensions = '';
        if (!this.resend) {
            // The library also drops its messages. They no longer count; otherwise a game could wait forever for the amount to
            // fall.
            this.queue = null;
            this.waiting = 0;
            this.lost = 0;
        }
        this.onRetry(error, text, delay === UNLIMITED ? Infinity : delay, code, reason);
    }

    drained() {
        // It is requested again when the queue is empty, or when the connection is made again.
        if (this.queue !== null || this.state === CONNECTING) return;
        this.unwritten = this.hostAmount();
        if (this.state === OPEN) this.onDrain();
    }

    // The first task at the end of a connection. It does not run after a clean end, and does nothing if the end is not a failure.
    failed(error, text) {
        if (this.failure !== null) this.fail(this.failure.error, this.failure.text);
        else if (this.isFailure(error)) this.fail(error, text);
    }

    closed(code, reason, wasClean, error, text) {
        if (this.failure === null || this.state === CLOSED) {
            this.end(code, reason, wasClean, error, text);
        } else {
            this.fail(this.failure.error, this.failure.text);
            this.sockets.runLater(() => this.end(code, reason, wasClean, error, text));
        }
    }

    endLater(error, text) {
        this.sockets.runLater(() => this.fail(error, text));
        this.sockets.runLater(() => this.end(NO_CLOSE_FRAME, '', false, error, text));
    }

    fail(error, text) {
        if (this.state === CLOSED) return;
        this.shut();
        this.onError(error, text);
    }

    end(code, reason, wasClean, error, text) {
        if (this.hasEnded) return;
        this.hasEnded = true;
        this.shut();
        this.sockets.forget(this);
        this.onClose(code, reason, wasClean, error, text);
        this.id = 0;
    }

    shut() {
        if (this.state === CLOSED) return;
        this.lost += this.hostAmount();
        this.dropQueue();
        this.state = CLOSED;
    }
}

/* ---- script/hooks.js ---- */

// Hooks of an installation: functions that find the addresses of a name, or the proxies for a URL.

const HOOKS = ['resolve', 'findProxy'];

// Throws if the shell has its own hook for a question.
function readHooks(host, given) {
    const hooks = { resolve: null, findProxy: null };
    if (given === undefined || given === null) return hooks;
    if (!isObject(given)) throw new TypeError('the hooks of an installation must be an object');
    for (const name of HOOKS) {
        const hook = given[name];
        if (hook === undefined || hook === null) continue;
        if (typeof hook !== 'function') throw new TypeError(`the hook ${name} is not a function`);
        const answered = host.text(0, 'hooks').split(' ');
        if (answered.indexOf(name) < 0) throw new Error(`the hook ${name} is not called: the shell has a hook of its own`);
        hooks[name] = hook;
    }
    return hooks;
}

// Converts an answer: a text, a list of texts, or null for the default of the library (the system's resolver, a direct connection).
function toAnswer(hook, value) {
    if (value === undefined || value === null) return hook === 'resolve' ? null : '';
    const method = typeof value === 'string' ? null : iteratorMethodOf(value);
    const list = typeof value === 'string' ? [value] : method === null ? null : toSequence(value, method, (item) => item);
    if (list === null || list.some((item) => typeof item !== 'string' || item.indexOf('\0') >= 0)) {
        throw new TypeError(`${hook} returned a value that is not a string, an array of strings or null`);
    }
    return toText(list.join(','));
}

// Calls a hook. After an exception or a wrong answer the attempt fails: the name has no address, or no proxy was found.
function answerHook(host, hooks, ticket, hook, text) {
    const fail = (thrown) => {
        host.answer(ticket, hook === 'resolve' ? '' : null);
        host.reportError(thrown);
    };
    const answer = (value) => {
        try {
            // It is not an error if no connection waits for the answer any more.
            const result = host.answer(ticket, toAnswer(hook, value));
            if (result < 0 && result !== ERR_BAD_HANDLE) throw new TypeError(`${hook} returned a wrong value: ${host.lastError()}`);
        } catch (thrown) {
            fail(thrown);
        }
    };
    try {
        const value = hooks[hook].call(undefined, text);
        if (isObject(value) && typeof value.then === 'function') Promise.resolve(value).then(answer, fail);
        else answer(value);
    } catch (thrown) {
        fail(thrown);
    }
}

/* ---- script/sockets.js ---- */

// Connections by id, tasks, and the events of the glue.

const RESOLVED = Promise.resolve();

class Sockets {
    // `hooks` is a result of readHooks.
    constructor(global, host, hooks) {
        this.host = host;
        this.hooks = hooks;
        // Reading a Blob is asynchronous. Without arrayBuffer() a Blob cannot be read, so it is treated as unknown.
        const { Blob } = global;
        this.Blob = typeof Blob === 'function' && typeof Blob.prototype.arrayBuffer === 'function' ? Blob : null;
        // The members of the class, because a game can define other members on its object.
        this.sizeOfBlob = getterOf(this.Blob, 'size');
        this.bufferOfBlob = this.Blob === null ? null : Blob.prototype.arrayBuffer;
        // Connections by id. This table keeps a socket alive, even if the game holds no reference to it.
        this.live = new Map();
        // Functions that report errors found during a call of the game.
        this.tasks = new Queue();
        // Counts the tasks of the event loop: one for each call of the glue, and one between two calls.
        this.task = 0;
        this.isInEvent = false;
        this.willEndTask = false;
        this.endTask = () => {
            this.willEndTask = false;
            this.task++;
        };
        this.events = this.makeEvents();
    }

    // The number of the current task. If no event of the glue started the task (a timer did, for example), a microtask ends it.
    currentTask() {
        if (!this.isInEvent && !this.willEndTask) {
            this.willEndTask = true;
            RESOLVED.then(this.endTask);
        }
        return this.task;
    }

    runLater(run) {
        this.tasks.push(run);
        this.host.wake();
    }

    isBlob(data) {
        return this.Blob !== null && typeof data === 'object' && data instanceof this.Blob &&
            (this.sizeOfBlob === null || hasSlot(this.sizeOfBlob, data));
    }

    // (BufferSource or Blob or USVString). Throws a TypeError for a value that cannot be converted.
    toPayload(data) {
        if (typeof data === 'string') return toText(data);
        if (ArrayBuffer.isView(data)) checkView(data);
        else if (this.isBlob(data)) return data;
        else if (isArrayBuffer(data)) checkBuffer(data);
        else if (hasSlot(lengthOfShared, data)) refuseShared();
        else return toText(data);
        return data;
    }

    sizeOf(data) {
        return typeof data === 'string' ? utf8Length(data) : this.isBlob(data) ? this.blobSize(data) : byteLength(data);
    }

    blobSize(blob) {
        return this.sizeOfBlob === null ? blob.size : this.sizeOfBlob.call(blob);
    }

    // Fills in the item and calls `done`, even if the Blob comes from a library and does not follow the rules.
    readBlob(blob, item, done) {
        new Promise((resolve) => resolve(this.bufferOfBlob.call(blob))).then((data) => {
            if (!isArrayBuffer(data)) throw new TypeError('not an ArrayBuffer');
            item.data = data;
        }).catch(() => {
            item.data = '';
            item.isReadable = false;
        }).then(done);
    }

    // Returns the id, or an error.
    open(connection, url, protocols, options) {
        const id = this.host.open(url, protocols.join(', '), options);
        if (id > 0) {
            connection.id = id;
            this.live.set(id, connection);
        }
        return id;
    }

    forget(connection) {
        this.live.delete(connection.id);
    }

    begin(id) {
        this.task++;
        this.isInEvent = true;
        return this.live.get(id);
    }

    end() {
        this.task++;
        this.isInEvent = false;
    }

    makeEvents() {
        const message = (id, data) => {
            const connection = this.begin(id);
            // By the standard, a message is dropped unless readyState is OPEN, so none is delivered after close().
            if (connection !== undefined && connection.state === OPEN) connection.onMessage(data);
            this.end();
        };
        return {
            connected: (id, protocol, extensions) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.connected(protocol, extensions);
                this.end();
            },
            text: message,
            binary: message,
            retrying: (id, error, text, delay, code, reason) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.retrying(error, inNamesOfOptions(text), delay, code, reason);
                this.end();
            },
            drained: (id) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.drained();
                this.end();
            },
            failed: (id, error, text) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.failed(error, inNamesOfOptions(text));
                this.end();
            },
            closed: (id, code, reason, wasClean, error, text) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.closed(code, reason, wasClean, error, inNamesOfOptions(text));
                this.end();
            },
            frame: (id, direction, opcode, flags, length) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.onFrame(direction, opcode, flags, length);
                this.end();
            },
            asked: (ticket, hook, text) => {
                this.begin(0);
                answerHook(this.host, this.hooks, ticket, hook, text);
                this.end();
            },
            task: () => {
                this.begin(0);
                if (!this.tasks.isEmpty()) {
                    const run = this.tasks.first();
                    this.tasks.removeFirst();
                    run();
                }
                this.end();
            }
        };
    }
}

/* ---- script/websocket.js ---- */

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

/* ---- script/native.js ---- */

// egret_native.WebSocket, the object of runtimes up to 5.0.

class NativeConnection extends Connection {
    constructor(sockets, webSocket, settings) {
        super(sockets, settings);
        this.webSocket = webSocket;
    }

    // Handlers are looked up at each event, because games assign them after construction, and replace them.
    call(name, ...given) {
        try {
            let handler = this.webSocket[name];
            if (typeof handler !== 'function') handler = this.webSocket[name.toLowerCase()];
            if (typeof handler === 'function') handler.apply(this.webSocket, given);
        } catch (thrown) {
            this.sockets.host.reportError(thrown);
        }
    }

    onOpen() { this.call('onOpen'); }
    onMessage(data) { this.call('onMessage', data); }
    onRefused(error, text, size) {
        this.reportLater(error, `message not sent: ${text}`);
        return 0;
    }
    onError(error, text) { this.call('onError', error, text); }
    onClose() { this.call('onClose'); }
}

// It never throws: onError reports invalid arguments in a separate task.
function makeNativeWebSocket(host, sockets, defaults) {
    class WebSocket {
        constructor(url, protocols) {
            const connection = new NativeConnection(sockets, this, defaults);
            Object.defineProperty(this, CONNECTION, { value: connection });
            let address, list;
            try {
                address = host.normalizeUrl(toUrlText(url));
                if (address === null) {
                    connection.endLater(ERR_INVALID_URL, `cannot connect: ${host.lastError()}`);
                    return;
                }
                list = toList(protocols);
            } catch (thrown) {
                connection.endLater(ERR_INVALID_ARGUMENT, 'cannot connect: the URL or the subprotocols are not text');
                return;
            }
            if (!areValidProtocols(list)) {
                connection.endLater(ERR_INVALID_ARGUMENT, 'cannot connect: subprotocols must be distinct tokens');
                return;
            }
            const result = sockets.open(connection, address, list, defaults.encoded);
            if (result < 0) connection.endLater(result, `cannot connect: ${host.lastError()}`);
        }
        get readyState() { return connectionOf(this).state; }
        send(data) {
            const connection = connectionOf(this);
            let payload;
            try {
                payload = sockets.toPayload(data);
            } catch (thrown) {
                connection.reportLater(ERR_INVALID_ARGUMENT, 'message not sent: it is not a string, an ArrayBuffer or a view of one');
                return;
            }
            if (connection.state === CONNECTING) connection.reportLater(ERR_NOT_OPEN, 'message not sent: the socket is still connecting: send after onOpen');
            else connection.send(payload);
        }
        close() { connectionOf(this).close(0, ''); }
        disconnect() { connectionOf(this).close(0, ''); }
    }
    for (const name of ['onOpen', 'onMessage', 'onError', 'onClose']) WebSocket.prototype[name] = null;
    defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
    return WebSocket;
}

/* ---- script/install.js ---- */

// Defines both objects. If the function of a glue takes its own options together with `defaults`, `names` contains their names.

function install(global, host, defaults = undefined, hooks = undefined, names = undefined) {
    const options = readOptions(defaults, NO_OPTIONS, names);
    const sockets = new Sockets(global, host, readHooks(host, hooks));
    define(global, 'WebSocket', makeWebSocket(global, host, sockets, options));
    if (!global.egret_native) global.egret_native = {};
    global.egret_native.WebSocket = makeNativeWebSocket(host, sockets, options);
    return sockets.events;
}

return install;
})();
