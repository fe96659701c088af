/*
 * The WebSocket objects of Egret games, for any JavaScript engine: the W3C `WebSocket` and `egret_native.WebSocket`.
 *
 * A classic ES5 script whose completion value is a function:
 *
 *     events = install(global, host)
 *
 * `host` is what the glue to the native library offers, `events` what the glue calls, from inside its poll only. The
 * README next to this file describes both. Everything that is WebSocket, and not a conversion, is decided here.
 */
(function () {
    'use strict';

    var CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

    // Numbers of egret_ws.h.
    // generated: errors, by "make header"; do not edit
    var ERR_INVALID_ARGUMENT = -1,
        ERR_BAD_HANDLE = -2,
        ERR_NOT_OPEN = -10,
        ERR_INVALID_URL = -14;
    // generated: end

    var ABNORMAL_CLOSURE = 1006;
    var MAX_REASON_BYTES = 123;

    function define(object, name, value) {
        Object.defineProperty(object, name, { value: value, writable: true, configurable: true });
    }

    // `instanceof Object` would not know the objects of another realm.
    function isObject(value) {
        return typeof value === 'function' || (typeof value === 'object' && value !== null);
    }

    /* ---- Text and bytes ------------------------------------------------------------------------------------------ */

    var NON_ASCII = /[^\x00-\x7F]/;
    var SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;

    function replaceLone(surrogates) {
        return surrogates.length === 2 ? surrogates : '\uFFFD';
    }

    // What WebIDL calls USVString: lone surrogates have no UTF-8, so U+FFFD takes their place.
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
            // Each half of a surrogate pair is half of four bytes.
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

    // Also one of another realm, but no SharedArrayBuffer: the engine's getter throws for everything but an ArrayBuffer.
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

    // 0 for a detached buffer. Its DataViews throw.
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

    /* ---- Subprotocols -------------------------------------------------------------------------------------------- */

    // RFC 9110's token: no separators.
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

    /* ---- Queue --------------------------------------------------------------------------------------------------- */

    // First in, first out, in amortised constant time: Array.shift moves all items.
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

    /* ---- Sockets: what both objects share ------------------------------------------------------------------------ */

    // A socket tells its listener: open(), message(data), error(number, text), close(code, reason, wasClean).
    function makeSockets(global, host) {
        // A Blob is read asynchronously; one that cannot be read is none.
        var Blob = typeof global.Blob === 'function' && typeof global.Blob.prototype.arrayBuffer === 'function'
            ? global.Blob : null;
        // By id. This is what keeps a socket alive that the game has dropped.
        var live = Object.create(null);
        // What was found out in a call of the game's, and is told in the next poll.
        var notices = [];
        // Counts tasks, in the sense of an event loop: one for each event that the glue brings.
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

        function later(socket, error, text, isEnd) {
            notices.push({ socket: socket, error: error, text: text + ': error ' + error, isEnd: isEnd });
        }

        function hostBuffered(socket) {
            return socket.id === 0 ? 0 : Math.max(0, host.bufferedAmount(socket.id));
        }

        // The standard: the amount falls between tasks only, so within one it is exactly what the game has sent.
        function bufferedAmount(socket) {
            if (socket.task !== task) {
                socket.task = task;
                socket.buffered = socket.lost + socket.waiting + hostBuffered(socket);
            }
            return socket.buffered;
        }

        function end(socket, code, reason, wasClean, error, text) {
            socket.lost += socket.waiting + hostBuffered(socket);
            socket.waiting = 0;
            socket.outbox = new Queue();
            delete live[socket.id];
            socket.id = 0;
            socket.state = CLOSED;
            if (!wasClean) socket.listener.error(error, text);
            socket.listener.close(code, reason, wasClean);
        }

        function deliverNotices() {
            var batch = notices;
            var delivered = 0;
            notices = [];
            for (var i = 0; i < batch.length; i++) {
                var notice = batch[i];
                // Nothing comes after `close`.
                if (notice.socket.state === CLOSED) continue;
                task++;
                delivered++;
                if (notice.isEnd) end(notice.socket, ABNORMAL_CLOSURE, '', false, notice.error, notice.text);
                else notice.socket.listener.error(notice.error, notice.text);
            }
            return delivered;
        }

        function handOver(socket, data, size) {
            var result = typeof data === 'string' ? host.sendText(socket.id, data)
                : host.sendBinary(socket.id, size > 0 ? data : NO_BYTES);
            if (result === ERR_NOT_OPEN || result === ERR_BAD_HANDLE) {
                // The connection has ended and the poll has not told yet: as if `readyState` were CLOSING.
                socket.lost += size;
            } else if (result < 0) {
                later(socket, result, 'message not sent');
                return;
            }
            socket.buffered += size;
        }

        function shut(socket, code, reason) {
            var result = host.close(socket.id, code, reason);
            if (result < 0) later(socket, result, 'cannot close', true);
        }

        // Hands over what no longer waits for a Blob.
        function drain(socket) {
            var outbox = socket.outbox;
            while (!outbox.isEmpty() && outbox.first().data !== null) {
                var item = outbox.first();
                outbox.removeFirst();
                socket.waiting -= item.size;
                socket.buffered -= item.size;
                if (item.failed) later(socket, ERR_INVALID_ARGUMENT, 'Blob not read');
                else handOver(socket, item.data, item.size);
            }
            if (outbox.isEmpty() && socket.goodbye !== null) {
                var goodbye = socket.goodbye;
                socket.goodbye = null;
                shut(socket, goodbye.code, goodbye.reason);
            }
        }

        function readBlob(socket, blob, item) {
            function done(data, failed) {
                item.data = data;
                item.failed = failed;
                if (socket.state !== CLOSED) drain(socket);
            }
            blob.arrayBuffer().then(function (data) { done(data, false); }, function () { done('', true); });
        }

        // A Blob, and whatever is sent before it has been read, waits in the outbox.
        function enqueue(socket, data, size) {
            var item = { data: null, size: size, failed: false };
            socket.outbox.push(item);
            socket.waiting += size;
            socket.buffered += size;
            if (isBlob(data)) readBlob(socket, data, item);
            else item.data = typeof data === 'string' ? data : copyBytes(data);
        }

        function find(id) {
            task++;
            return live[id];
        }

        function message(id, data) {
            var socket = find(id);
            // The standard: a message is dropped unless readyState is OPEN, so none comes after close().
            if (socket && socket.state === OPEN) socket.listener.message(data);
        }

        return {
            toPayload: toPayload,
            Blob: Blob,
            bufferedAmount: bufferedAmount,

            make: function (listener) {
                return {
                    listener: listener, id: 0, state: CONNECTING, protocol: '', extensions: '',
                    // Messages behind a Blob that is being read, their bytes, and the close() that came after them.
                    outbox: new Queue(), waiting: 0, goodbye: null,
                    // Bytes that will never be sent; and bufferedAmount as shown in which task.
                    lost: 0, buffered: 0, task: -1
                };
            },

            connect: function (socket, url, protocols) {
                var id = host.open(url, protocols.join(', '));
                if (id > 0) {
                    socket.id = id;
                    live[id] = socket;
                } else {
                    later(socket, id, 'cannot connect', true);
                }
            },

            fail: function (socket, error) {
                later(socket, error, 'cannot connect', true);
            },

            refuse: function (socket, error) {
                later(socket, error, 'message not sent');
            },

            send: function (socket, data) {
                var size = sizeOf(data);
                bufferedAmount(socket);
                if (socket.state !== OPEN) {
                    socket.lost += size;
                    socket.buffered += size;
                } else if (!socket.outbox.isEmpty() || isBlob(data)) {
                    enqueue(socket, data, size);
                } else {
                    handOver(socket, data, size);
                }
            },

            close: function (socket, code, reason) {
                if (socket.state >= CLOSING) return;
                socket.state = CLOSING;
                if (socket.id === 0) return; // Its connect failed at once, which the next poll tells.
                if (!socket.outbox.isEmpty()) socket.goodbye = { code: code, reason: reason };
                else shut(socket, code, reason);
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
                closed: function (id, code, reason, wasClean, error, text) {
                    // What a send found out comes before the close.
                    deliverNotices();
                    var socket = find(id);
                    if (socket) end(socket, code, reason, wasClean, error, text);
                },
                poll: function () {
                    task++;
                    return deliverNotices();
                }
            }
        };
    }

    /* ---- Events -------------------------------------------------------------------------------------------------- */

    var AT_TARGET = 2;

    function stopAll() {
        this.cancelBubble = this._isStopped = true;
    }

    // Fields of an event of the engine's own class, which only the engine can set, are hidden by fields of ours.
    function adopt(event) {
        var fields = {
            target: null, srcElement: null, currentTarget: null, eventPhase: 0, cancelBubble: false, _isStopped: false,
            stopImmediatePropagation: stopAll
        };
        for (var field in fields) define(event, field, fields[field]);
    }

    var EVENT_DEFAULTS = { bubbles: false, cancelable: false, composed: false };

    // The engine's own event class if it has one, else one of ours, which is then defined on `global`.
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
        // Data properties, so that accessors of an engine's Event, which know its own events only, are hidden.
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

    // Adds addEventListener, removeEventListener, dispatchEvent and the attributes `on<type>` to a prototype. Objects
    // have a property `_listeners`: { type, callback, capture, once, passive, isHandler, isRemoved } in order.
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

        // A signal may outlive the target, so it refers to the listener weakly, where the engine can do that.
        function refer(listener) {
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

        // `capture` says which of the two kinds of listeners to call: at a target the capturing ones come first.
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
                    listener.onAbort = makeOnAbort(refer(listener));
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
                // A handler keeps its place among the listeners while it is replaced, and loses it when set to null.
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

    /* ---- The W3C WebSocket --------------------------------------------------------------------------------------- */

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

    // WebIDL's [Clamp] unsigned short, which rounds halves to even.
    function clampToUint16(value) {
        var number = Number(value);
        if (!(number > 0)) return 0;
        if (number >= 65535) return 65535;
        var floor = Math.floor(number);
        var rest = number - floor;
        return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
    }

    // The origin of a message is that of the server.
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
            if (address === null) throw exception('SyntaxError', "'" + given + "' is no URL of a WebSocket");
            if (!areValidProtocols(protocols)) {
                throw exception('SyntaxError', 'subprotocols must be distinct tokens: ' + protocols.join(', '));
            }
            define(this, '_listeners', []);
            define(this, '_url', address);
            define(this, '_binaryType', sockets.Blob ? 'blob' : 'arraybuffer');
            define(this, '_socket', sockets.make(makeListener(this, originOf(address))));
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
                // `error` and `message` say what a browser writes to its console only.
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
            // As with any enumeration of WebIDL, other values are ignored.
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

    /* ---- egret_native.WebSocket, of runtimes up to 5.0 ----------------------------------------------------------- */

    // It never throws: what is wrong with an argument is told by onError, from the poll.
    function makeNativeWebSocket(host, sockets) {
        function NativeWebSocket(url, protocols) {
            var socket = sockets.make(makeListener(this));
            define(this, '_socket', socket);
            var address, list;
            try {
                address = host.normalizeUrl(toText(url));
                list = toList(protocols);
            } catch (thrown) {
                sockets.fail(socket, ERR_INVALID_ARGUMENT);
                return;
            }
            if (address === null) sockets.fail(socket, ERR_INVALID_URL);
            else if (!areValidProtocols(list)) sockets.fail(socket, ERR_INVALID_ARGUMENT);
            else sockets.connect(socket, address, list);
        }

        // Handlers are looked up when they are needed: games assign them after construction, and anew.
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
                sockets.refuse(this._socket, ERR_INVALID_ARGUMENT);
                return;
            }
            if (this._socket.state === CONNECTING) sockets.refuse(this._socket, ERR_NOT_OPEN);
            else sockets.send(this._socket, payload);
        };
        prototype.close = prototype.disconnect = function () {
            sockets.close(this._socket, 0, '');
        };
        defineGetter(prototype, 'readyState', function () { return this._socket.state; });
        defineConstants(NativeWebSocket);
        return NativeWebSocket;
    }

    /* ---- */

    return function install(global, host) {
        var sockets = makeSockets(global, host);
        define(global, 'WebSocket', makeWebSocket(global, host, sockets));
        if (!global.egret_native) global.egret_native = {};
        global.egret_native.WebSocket = makeNativeWebSocket(host, sockets);
        return sockets.events;
    };
})();
