// Conversions of values: WebIDL strings, text and bytes, subprotocols.

function define(object, name, value) {
    Object.defineProperty(object, name, { value: value, writable: true, configurable: true });
}

// `instanceof Object` is false for objects of another realm.
function isObject(value) {
    return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

var NON_ASCII = /[^\x00-\x7F]/;
var SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;

function replaceLone(surrogates) {
    return surrogates.length === 2 ? surrogates : '\uFFFD';
}

// WebIDL's USVString: a lone surrogate has no UTF-8, so U+FFFD replaces it.
function toText(value) {
    if (typeof value === 'symbol') throw new TypeError('cannot convert a symbol to a string');
    var text = String(value);
    return NON_ASCII.test(text) ? text.replace(SURROGATES, replaceLone) : text;
}

function utf8Length(text) {
    if (!NON_ASCII.test(text)) return text.length;
    var bytes = 0;
    for (var i = 0; i < text.length; i++) {
        var unit = text.charCodeAt(i);
        // A surrogate pair is four bytes, so each half counts two.
        bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xD800 && unit <= 0xDFFF) ? 2 : 3;
    }
    return bytes;
}

function getterOf(prototype, name) {
    var property = Object.getOwnPropertyDescriptor(prototype, name);
    return property && property.get ? property.get : null;
}

var lengthOf = getterOf(ArrayBuffer.prototype, 'byteLength');
var isResizable = getterOf(ArrayBuffer.prototype, 'resizable');

function nameOf(value) {
    return Object.prototype.toString.call(value);
}

// True for an ArrayBuffer of any realm, false for a SharedArrayBuffer: the engine's getter throws for all other values.
function isArrayBuffer(value) {
    if (lengthOf === null) return nameOf(value) === '[object ArrayBuffer]';
    try {
        lengthOf.call(value);
        return true;
    } catch (other) {
        return false;
    }
}

function isBuffer(value) {
    return isObject(value) && (isArrayBuffer(value) || nameOf(value) === '[object SharedArrayBuffer]');
}

// WebIDL's BufferSource without [AllowShared] and [AllowResizable].
function checkBuffer(buffer) {
    if (!isArrayBuffer(buffer)) throw new TypeError('cannot send a SharedArrayBuffer: send a copy of its bytes');
    if (isResizable !== null && isResizable.call(buffer)) {
        throw new TypeError('cannot send a resizable ArrayBuffer: send a copy of its bytes');
    }
}

// 0 for a detached buffer, also for a DataView of it, whose byteLength throws.
function byteLength(data) {
    try {
        return data.byteLength;
    } catch (detached) {
        return 0;
    }
}

function copyBytes(data) {
    var copy = new Uint8Array(byteLength(data));
    if (copy.length > 0) {
        copy.set(ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, copy.length) : new Uint8Array(data));
    }
    return copy.buffer;
}

var NO_BYTES = new ArrayBuffer(0);

// A token of RFC 9110: a name without separators.
var TOKEN = /^[!#-\x27*+\-.\x5E-\x60|~0-9A-Za-z]+$/;

// WebIDL's (DOMString or sequence<DOMString>).
function toList(protocols) {
    if (protocols === undefined) return [];
    var list = [];
    if (Array.isArray(protocols)) {
        for (var i = 0; i < protocols.length; i++) list.push(toText(protocols[i]));
    } else if (typeof Symbol === 'function' && isObject(protocols) && protocols[Symbol.iterator]) {
        var iterator = protocols[Symbol.iterator]();
        for (var step = iterator.next(); !step.done; step = iterator.next()) list.push(toText(step.value));
    } else {
        list.push(toText(protocols));
    }
    return list;
}

function areValidProtocols(list) {
    var seen = Object.create(null);
    return list.every(function (protocol) {
        var isValid = TOKEN.test(protocol) && !seen[protocol];
        seen[protocol] = true;
        return isValid;
    });
}
