/*
 * The WebSocket objects of Egret games, for any JavaScript engine: the W3C `WebSocket` and `egret_native.WebSocket`.
 *
 * A classic script whose completion value is a function:
 *
 *     events = install(global, host, defaults)
 *
 * `host` has the functions of the native library, `events` the functions that the glue calls. The README next to this file
 * describes both. This script has all rules of WebSocket; a glue only converts values.
 *
 * Generated from the files in script/ by "make header"; do not edit. It is one file because a shell evaluates one script,
 * without a module loader or a build step.
 */
(function () {
'use strict';

/* ---- script/constants.js ---- */

// States of a socket, and error codes of egret_ws.h.

var CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

// generated: errors, by "make header"; do not edit
var ERR_INVALID_ARGUMENT = -1,
    ERR_BAD_HANDLE = -2,
    ERR_NOT_OPEN = -10,
    ERR_INVALID_URL = -14;
// generated: end

var ABNORMAL_CLOSURE = 1006;
var MAX_REASON_BYTES = 123;

/* ---- script/convert.js ---- */

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

/* ---- script/queue.js ---- */

// First in, first out, in amortised constant time. (Array.shift moves all items.)
function Queue() {
    this.items = [];
    this.head = 0;
}

Queue.prototype.push = function (item) {
    this.items.push(item);
};
Queue.prototype.isEmpty = function () {
    return this.head === this.items.length;
};
Queue.prototype.first = function () {
    return this.items[this.head];
};
Queue.prototype.removeFirst = function () {
    this.items[this.head++] = null;
    if (2 * this.head >= this.items.length) {
        this.items.splice(0, this.head);
        this.head = 0;
    }
};

/* ---- script/events.js ---- */

// Events and their targets.

var AT_TARGET = 2;

function stopAll() {
    this.cancelBubble = this._isStopped = true;
}

// Only the engine can set these fields of its own event classes, so fields of ours hide them.
function adopt(event) {
    var fields = {
        target: null, srcElement: null, currentTarget: null, eventPhase: 0, cancelBubble: false, _isStopped: false,
        stopImmediatePropagation: stopAll
    };
    for (var field in fields) define(event, field, fields[field]);
}

var EVENT_DEFAULTS = { bubbles: false, cancelable: false, composed: false };

// The engine's event class if it has one. Else a class of ours, which is then defined on `global`.
function eventClass(global, name, Base, defaults) {
    if (typeof global[name] === 'function') return global[name];

    function Constructor(type) {
        if (!(this instanceof Constructor)) throw new TypeError(name + ' is a constructor: use new');
        if (arguments.length === 0) throw new TypeError(name + ' needs a type');
        this.type = toText(type);
        this.timeStamp = Date.now();
        assign(this, EVENT_DEFAULTS, arguments[1]);
        assign(this, defaults, arguments[1]);
    }

    function assign(event, fields, init) {
        for (var field in fields) {
            var value = init ? init[field] : undefined;
            event[field] = value === undefined ? fields[field] : convert(value, typeof fields[field]);
        }
    }

    function convert(value, kind) {
        switch (kind) {
        case 'boolean': return !!value;
        case 'number': return Number(value);
        case 'string': return toText(value);
        default: return value;
        }
    }

    var prototype = Object.create(Base ? Base.prototype : Object.prototype);
    // Data properties hide the accessors of an engine's Event, which accept only events of that engine.
    var fields = {
        constructor: Constructor, type: '', timeStamp: 0, target: null, srcElement: null, currentTarget: null,
        eventPhase: 0, defaultPrevented: false, cancelBubble: false, isTrusted: false,
        preventDefault: function () { if (this.cancelable) this.defaultPrevented = true; },
        stopPropagation: function () { this.cancelBubble = true; },
        stopImmediatePropagation: stopAll, _isStopped: false,
        composedPath: function () { return this.currentTarget ? [this.currentTarget] : []; }
    };
    [fields, EVENT_DEFAULTS, defaults].forEach(function (members) {
        for (var member in members) define(prototype, member, members[member]);
    });
    Constructor.prototype = prototype;
    define(global, name, Constructor);
    return Constructor;
}

// Adds addEventListener, removeEventListener, dispatchEvent and the attributes `on<type>` to a prototype. Objects have a
// property `_listeners`, in order of registration: { type, callback, capture, once, passive, isHandler, isRemoved }.
function makeEventTarget(prototype, types, host, exception) {
    function indexOf(target, type, callback, capture) {
        for (var i = 0; i < target._listeners.length; i++) {
            var listener = target._listeners[i];
            if (listener.type === type && listener.capture === capture && !listener.isHandler &&
                listener.callback === callback) return i;
        }
        return -1;
    }

    function remove(target, listener) {
        var index = target._listeners.indexOf(listener);
        listener.isRemoved = true;
        if (listener.signal) listener.signal.removeEventListener('abort', listener.onAbort);
        if (index >= 0) target._listeners.splice(index, 1);
    }

    // A signal may live longer than the target, so it refers to the listener weakly, where the engine has WeakRef.
    function weakReference(listener) {
        return typeof WeakRef === 'function' ? new WeakRef(listener) : { deref: function () { return listener; } };
    }

    function makeOnAbort(reference) {
        return function () {
            var listener = reference.deref();
            if (listener) remove(listener.target, listener);
        };
    }

    function isCapture(options) {
        return isObject(options) ? !!options.capture : !!options;
    }

    function handlerOf(target, type) {
        for (var i = 0; i < target._listeners.length; i++) {
            if (target._listeners[i].isHandler && target._listeners[i].type === type) return target._listeners[i];
        }
        return null;
    }

    function call(listener, target, event) {
        var callback = listener.callback;
        try {
            if (typeof callback === 'function') {
                var result = callback.call(target, event);
                if (listener.isHandler && result === false) event.preventDefault();
            } else if (!listener.isHandler) {
                callback.handleEvent(event);
            }
        } catch (thrown) {
            host.reportError(thrown);
        }
    }

    // Calls the capturing listeners or the others. At a target the capturing ones come first.
    function invoke(target, event, capture) {
        var listeners = target._listeners.slice();
        for (var i = 0; i < listeners.length && !event._isStopped; i++) {
            var listener = listeners[i];
            if (listener.type !== event.type || listener.capture !== capture || listener.isRemoved) continue;
            if (listener.once) remove(target, listener);
            if (listener.passive) define(event, 'preventDefault', function () {});
            call(listener, target, event);
            if (listener.passive) delete event.preventDefault;
        }
    }

    function dispatch(target, event) {
        if (!('_isStopped' in event)) adopt(event);
        event._isStopped = false;
        event.target = event.srcElement = event.currentTarget = target;
        event.eventPhase = AT_TARGET;
        invoke(target, event, true);
        invoke(target, event, false);
        event.currentTarget = null;
        event.eventPhase = 0;
    }

    var methods = {
        addEventListener: function (type, callback) {
            var options = arguments[2];
            if (arguments.length < 2) throw new TypeError('addEventListener needs a type and a listener');
            if (callback === null || callback === undefined) return;
            if (!isObject(callback)) throw new TypeError('a listener is a function or an object');
            var settings = isObject(options) ? options : {};
            var signal = settings.signal;
            var listener = {
                type: toText(type), callback: callback, capture: isCapture(options), once: !!settings.once,
                passive: !!settings.passive, isHandler: false, isRemoved: false
            };
            if (signal && signal.aborted) return;
            if (indexOf(this, listener.type, callback, listener.capture) >= 0) return;
            this._listeners.push(listener);
            if (signal) {
                listener.target = this;
                listener.signal = signal;
                listener.onAbort = makeOnAbort(weakReference(listener));
                signal.addEventListener('abort', listener.onAbort);
            }
        },
        removeEventListener: function (type, callback) {
            var index = indexOf(this, toText(type), callback, isCapture(arguments[2]));
            if (index >= 0) remove(this, this._listeners[index]);
        },
        dispatchEvent: function (event) {
            if (!isObject(event) || typeof event.type !== 'string') throw new TypeError('not an event');
            if (event.eventPhase) throw exception('InvalidStateError', 'the event is being dispatched');
            dispatch(this, event);
            return !event.defaultPrevented;
        }
    };
    for (var name in methods) {
        Object.defineProperty(prototype, name, {
            value: methods[name], writable: true, enumerable: true, configurable: true
        });
    }

    types.forEach(function (type) {
        Object.defineProperty(prototype, 'on' + type, {
            enumerable: true,
            configurable: true,
            get: function () {
                var handler = handlerOf(this, type);
                return handler ? handler.callback : null;
            },
            // A replaced handler keeps its place among the listeners. A handler set to null loses it.
            set: function (value) {
                var handler = handlerOf(this, type);
                if (!isObject(value)) {
                    if (handler) remove(this, handler);
                } else if (handler) {
                    handler.callback = value;
                } else {
                    this._listeners.push({
                        type: type, callback: value, capture: false, once: false, passive: false,
                        isHandler: true, isRemoved: false
                    });
                }
            }
        });
    });

    return dispatch;
}

var EXCEPTION_CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15 };

function makeException(global) {
    return function (name, message) {
        if (typeof global.DOMException === 'function') return new global.DOMException(message, name);
        var error = new Error(message);
        define(error, 'name', name);
        define(error, 'code', EXCEPTION_CODES[name]);
        return error;
    };
}

/* ---- script/sockets.js ---- */

// Connections by id: the part that both objects share.

// A socket calls its listener: open(), message(data), error(number, text), close(code, reason, wasClean).
function makeSockets(global, host) {
    // Reading a Blob is asynchronous. Without arrayBuffer() a Blob cannot be read, so it is treated as unknown.
    var Blob = typeof global.Blob === 'function' && typeof global.Blob.prototype.arrayBuffer === 'function'
        ? global.Blob : null;
    // Sockets by id. This table keeps a socket alive although the game has dropped it.
    var live = new Map();
    // Functions that report errors found during a call of the game. Each runs as a task of its own.
    var tasks = new Queue();
    // Counts tasks, in the sense of an event loop: one for each call of the glue.
    var task = 0;

    function isBlob(data) {
        return Blob !== null && data instanceof Blob;
    }

    // WebIDL's (BufferSource or Blob or USVString). Throws a TypeError for a value that cannot be converted.
    function toPayload(data) {
        if (typeof data === 'string') return toText(data);
        if (ArrayBuffer.isView(data)) checkBuffer(data.buffer);
        else if (isBlob(data)) return data;
        else if (isBuffer(data)) checkBuffer(data);
        else return toText(data);
        return data;
    }

    function sizeOf(data) {
        return typeof data === 'string' ? utf8Length(data) : isBlob(data) ? data.size : byteLength(data);
    }

    function runLater(run) {
        tasks.push(run);
        host.wake();
    }

    // No event follows `close`.
    function reportLater(socket, error, text) {
        runLater(function () {
            if (socket.state !== CLOSED) socket.listener.error(error, text);
        });
    }

    function endLater(socket, error, text) {
        runLater(function () { fail(socket, error, text); });
        runLater(function () { end(socket, ABNORMAL_CLOSURE, '', false); });
    }

    function hostBuffered(socket) {
        return socket.id === 0 ? 0 : Math.max(0, host.bufferedAmount(socket.id));
    }

    // By the standard the amount falls only between tasks. Within a task it grows by exactly the bytes that the game sends.
    function bufferedAmount(socket) {
        if (socket.task !== task) {
            socket.task = task;
            socket.buffered = socket.lost + socket.waiting + hostBuffered(socket);
        }
        return socket.buffered;
    }

    // The first task of an end that is not clean.
    function fail(socket, error, text) {
        shut(socket);
        socket.listener.error(error, text);
    }

    function end(socket, code, reason, wasClean) {
        shut(socket);
        socket.listener.close(code, reason, wasClean);
    }

    function shut(socket) {
        if (socket.state === CLOSED) return;
        socket.lost += socket.waiting + hostBuffered(socket);
        socket.waiting = 0;
        socket.sendQueue = null;
        socket.id = 0;
        socket.state = CLOSED;
    }

    function sendNative(socket, data, size) {
        var result = typeof data === 'string' ? host.sendText(socket.id, data)
            : host.sendBinary(socket.id, size > 0 ? data : NO_BYTES);
        if (result === ERR_NOT_OPEN || result === ERR_BAD_HANDLE) {
            // The connection has ended, and no poll has reported it yet: as if `readyState` were CLOSING.
            socket.lost += size;
        } else if (result < 0) {
            reportLater(socket, result, 'message not sent: ' + host.lastError());
            return;
        }
        socket.buffered += size;
    }

    function closeNative(socket, code, reason) {
        var result = host.close(socket.id, code, reason);
        if (result < 0) endLater(socket, result, 'cannot close: ' + host.lastError());
    }

    // Sends the messages that no longer wait for a Blob, then the Close frame if it waits too.
    function sendWaiting(socket) {
        var sendQueue = socket.sendQueue;
        while (!sendQueue.isEmpty() && sendQueue.first().data !== null) {
            var item = sendQueue.first();
            sendQueue.removeFirst();
            socket.waiting -= item.size;
            socket.buffered -= item.size;
            if (item.failed) reportLater(socket, ERR_INVALID_ARGUMENT, 'Blob not read');
            else sendNative(socket, item.data, item.size);
        }
        if (sendQueue.isEmpty() && socket.pendingClose !== null) {
            var close = socket.pendingClose;
            socket.pendingClose = null;
            closeNative(socket, close.code, close.reason);
        }
    }

    function readBlob(socket, blob, item) {
        function done(data, failed) {
            item.data = data;
            item.failed = failed;
            if (socket.state !== CLOSED) sendWaiting(socket);
        }
        blob.arrayBuffer().then(function (data) { done(data, false); }, function () { done('', true); });
    }

    // A Blob waits in the queue until it has been read, and every message sent after it waits behind it.
    function enqueue(socket, data, size) {
        var item = { data: null, size: size, failed: false };
        socket.sendQueue.push(item);
        socket.waiting += size;
        socket.buffered += size;
        if (isBlob(data)) readBlob(socket, data, item);
        else item.data = typeof data === 'string' ? data : copyBytes(data);
    }

    function find(id) {
        task++;
        return live.get(id);
    }

    function message(id, data) {
        var socket = find(id);
        // By the standard a message is dropped unless readyState is OPEN, so none comes after close().
        if (socket && socket.state === OPEN) socket.listener.message(data);
    }

    return {
        toPayload: toPayload,
        Blob: Blob,
        bufferedAmount: bufferedAmount,

        create: function (listener) {
            return {
                listener: listener, id: 0, state: CONNECTING, protocol: '', extensions: '',
                // Messages that wait for a Blob, their bytes, and a close() that came after them.
                sendQueue: new Queue(), waiting: 0, pendingClose: null,
                // Bytes that will never be sent; bufferedAmount as last returned, and in which task.
                lost: 0, buffered: 0, task: -1
            };
        },

        connect: function (socket, url, protocols) {
            var id = host.open(url, protocols.join(', '), '');
            if (id > 0) {
                socket.id = id;
                live.set(id, socket);
            } else {
                endLater(socket, id, 'cannot connect: ' + host.lastError());
            }
        },

        failConnect: function (socket, error) {
            endLater(socket, error, 'cannot connect');
        },

        refuseSend: function (socket, error) {
            reportLater(socket, error, 'message not sent');
        },

        send: function (socket, data) {
            var size = sizeOf(data);
            bufferedAmount(socket);
            if (socket.state !== OPEN) {
                socket.lost += size;
                socket.buffered += size;
            } else if (!socket.sendQueue.isEmpty() || isBlob(data)) {
                enqueue(socket, data, size);
            } else {
                sendNative(socket, data, size);
            }
        },

        close: function (socket, code, reason) {
            if (socket.state >= CLOSING) return;
            socket.state = CLOSING;
            if (socket.id === 0) return; // Its connect failed at once. The next poll reports that.
            if (!socket.sendQueue.isEmpty()) socket.pendingClose = { code: code, reason: reason };
            else closeNative(socket, code, reason);
        },

        events: {
            connected: function (id, protocol, extensions) {
                var socket = find(id);
                if (!socket || socket.state !== CONNECTING) return;
                socket.state = OPEN;
                socket.protocol = protocol;
                socket.extensions = extensions;
                socket.listener.open();
            },
            text: message,
            binary: message,
            retrying: function () {}, // no option of the script asks for it yet
            drained: function () {},
            failed: function (id, error, text) {
                var socket = find(id);
                if (socket) fail(socket, error, text);
            },
            closed: function (id, code, reason, wasClean) {
                var socket = find(id);
                live.delete(id);
                if (socket) end(socket, code, reason, wasClean);
            },
            task: function () {
                task++;
                if (!tasks.isEmpty()) {
                    var run = tasks.first();
                    tasks.removeFirst();
                    run();
                }
            }
        }
    };
}

/* ---- script/websocket.js ---- */

// The W3C WebSocket.

function defineConstants(constructor) {
    var constants = { CONNECTING: CONNECTING, OPEN: OPEN, CLOSING: CLOSING, CLOSED: CLOSED };
    for (var name in constants) {
        Object.defineProperty(constructor, name, { value: constants[name], enumerable: true });
        Object.defineProperty(constructor.prototype, name, { value: constants[name], enumerable: true });
    }
}

function defineGetter(prototype, name, getter, setter) {
    Object.defineProperty(prototype, name, { get: getter, set: setter, enumerable: true, configurable: true });
}

// WebIDL's [Clamp] unsigned short: a half is rounded to the even number.
function clampToUint16(value) {
    var number = Number(value);
    if (!(number > 0)) return 0;
    if (number >= 65535) return 65535;
    var floor = Math.floor(number);
    var rest = number - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

// The origin of a message: the scheme and authority of the server.
function originOf(url) {
    return url.replace(/^(wss?:\/\/)(?:[^\/?#]*@)?([^\/?#]*).*$/, '$1$2');
}

function makeWebSocket(global, host, sockets) {
    var exception = makeException(global);
    var Event = eventClass(global, 'Event', null, {});
    var MessageEvent = eventClass(global, 'MessageEvent', Event, {
        data: null, origin: '', lastEventId: '', source: null, ports: null
    });
    var CloseEvent = eventClass(global, 'CloseEvent', Event, { wasClean: false, code: 0, reason: '' });

    function WebSocket(url) {
        if (!(this instanceof WebSocket)) throw new TypeError('WebSocket is a constructor: use new');
        if (arguments.length === 0) throw new TypeError('WebSocket needs a URL');
        var given = toText(url);
        var protocols = toList(arguments[1]);
        var address = host.normalizeUrl(given);
        if (address === null) throw exception('SyntaxError', "'" + given + "': " + host.lastError());
        if (!areValidProtocols(protocols)) {
            throw exception('SyntaxError', 'subprotocols must be distinct tokens: ' + protocols.join(', '));
        }
        define(this, '_listeners', []);
        define(this, '_url', address);
        define(this, '_binaryType', sockets.Blob ? 'blob' : 'arraybuffer');
        define(this, '_socket', sockets.create(makeListener(this, originOf(address))));
        sockets.connect(this._socket, address, protocols);
    }

    function makeListener(webSocket, origin) {
        return {
            open: function () { dispatch(webSocket, new Event('open')); },
            message: function (data) {
                var isBlob = typeof data !== 'string' && webSocket._binaryType === 'blob';
                dispatch(webSocket, new MessageEvent('message', {
                    data: isBlob ? new sockets.Blob([data]) : data, origin: origin
                }));
            },
            // A browser writes this information to its console only.
            error: function (error, text) {
                var event = new Event('error');
                define(event, 'error', error);
                define(event, 'message', text);
                dispatch(webSocket, event);
            },
            close: function (code, reason, wasClean) {
                dispatch(webSocket, new CloseEvent('close', { code: code, reason: reason, wasClean: wasClean }));
            }
        };
    }

    var Base = typeof global.EventTarget === 'function' ? global.EventTarget : Object;
    var prototype = Object.create(Base.prototype);
    Object.defineProperty(WebSocket, 'prototype', { value: prototype, writable: false });
    define(prototype, 'constructor', WebSocket);
    if (typeof Symbol === 'function' && Symbol.toStringTag) {
        Object.defineProperty(prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });
    }
    defineConstants(WebSocket);
    var dispatch = makeEventTarget(prototype, ['open', 'message', 'error', 'close'], host, exception);

    function socketOf(webSocket) {
        if (!(webSocket instanceof WebSocket) || !webSocket._socket) throw new TypeError('not a WebSocket');
        return webSocket._socket;
    }

    defineGetter(prototype, 'url', function () { return socketOf(this) && this._url; });
    defineGetter(prototype, 'readyState', function () { return socketOf(this).state; });
    defineGetter(prototype, 'bufferedAmount', function () { return sockets.bufferedAmount(socketOf(this)); });
    defineGetter(prototype, 'protocol', function () { return socketOf(this).protocol; });
    defineGetter(prototype, 'extensions', function () { return socketOf(this).extensions; });
    defineGetter(prototype, 'binaryType', function () {
        return socketOf(this) && this._binaryType;
    }, function (value) {
        var type = toText(value);
        // Unknown values are ignored, as for every enumeration of WebIDL.
        var isKnown = type === 'arraybuffer' || (type === 'blob' && sockets.Blob !== null);
        if (socketOf(this) && isKnown) this._binaryType = type;
    });

    var methods = {
        send: function (data) {
            var socket = socketOf(this);
            if (arguments.length === 0) throw new TypeError('send needs data');
            var payload = sockets.toPayload(data);
            if (socket.state === CONNECTING) throw exception('InvalidStateError', 'still connecting');
            sockets.send(socket, payload);
        },
        close: function () {
            var socket = socketOf(this);
            var code = arguments[0] === undefined ? 0 : clampToUint16(arguments[0]);
            var reason = arguments[1] === undefined ? '' : toText(arguments[1]);
            if (arguments[0] !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
                throw exception('InvalidAccessError', 'close code ' + code + ' is neither 1000 nor 3000 to 4999');
            }
            if (utf8Length(reason) > MAX_REASON_BYTES) {
                throw exception('SyntaxError', 'the reason is longer than ' + MAX_REASON_BYTES + ' bytes');
            }
            // On the wire a reason needs a code.
            if (code === 0 && reason !== '') code = 1000;
            sockets.close(socket, code, reason);
        }
    };
    for (var name in methods) {
        Object.defineProperty(prototype, name, {
            value: methods[name], writable: true, enumerable: true, configurable: true
        });
    }
    return WebSocket;
}

/* ---- script/native.js ---- */

// egret_native.WebSocket, of runtimes up to 5.0.

// It never throws: onError reports invalid arguments, during the poll.
function makeNativeWebSocket(host, sockets) {
    function NativeWebSocket(url, protocols) {
        var socket = sockets.create(makeListener(this));
        define(this, '_socket', socket);
        var address, list;
        try {
            address = host.normalizeUrl(toText(url));
            list = toList(protocols);
        } catch (thrown) {
            sockets.failConnect(socket, ERR_INVALID_ARGUMENT);
            return;
        }
        if (address === null) sockets.failConnect(socket, ERR_INVALID_URL);
        else if (!areValidProtocols(list)) sockets.failConnect(socket, ERR_INVALID_ARGUMENT);
        else sockets.connect(socket, address, list);
    }

    // Handlers are looked up at each event: games assign them after construction, and replace them.
    function makeListener(webSocket) {
        function call(name, data) {
            try {
                var handler = webSocket[name];
                if (typeof handler !== 'function') handler = webSocket[name.toLowerCase()];
                if (typeof handler === 'function') handler.apply(webSocket, data);
            } catch (thrown) {
                host.reportError(thrown);
            }
        }
        return {
            open: function () { call('onOpen', []); },
            message: function (data) { call('onMessage', [data]); },
            error: function (error) { call('onError', [error]); },
            close: function () { call('onClose', []); }
        };
    }

    var prototype = NativeWebSocket.prototype;
    prototype.onOpen = prototype.onMessage = prototype.onError = prototype.onClose = null;
    prototype.send = function (data) {
        var payload;
        try {
            payload = sockets.toPayload(data);
        } catch (thrown) {
            sockets.refuseSend(this._socket, ERR_INVALID_ARGUMENT);
            return;
        }
        if (this._socket.state === CONNECTING) sockets.refuseSend(this._socket, ERR_NOT_OPEN);
        else sockets.send(this._socket, payload);
    };
    prototype.close = prototype.disconnect = function () {
        sockets.close(this._socket, 0, '');
    };
    defineGetter(prototype, 'readyState', function () { return this._socket.state; });
    defineConstants(NativeWebSocket);
    return NativeWebSocket;
}

/* ---- script/install.js ---- */

// Defines both objects.

function install(global, host) {
    var sockets = makeSockets(global, host);
    define(global, 'WebSocket', makeWebSocket(global, host, sockets));
    if (!global.egret_native) global.egret_native = {}
    global.egret_native.WebSocket = makeNativeWebSocket(host, sockets);
    return sockets.events;
}

return install;
})();
