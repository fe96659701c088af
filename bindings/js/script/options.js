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
