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
