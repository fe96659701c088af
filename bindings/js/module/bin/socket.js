var __extends = (this && this.__extends) || (function () {
    var extendStatics = function (d, b) {
        extendStatics = Object.setPrototypeOf ||
            ({ __proto__: [] } instanceof Array && function (d, b) { d.__proto__ = b; }) ||
            function (d, b) { for (var p in b) if (b.hasOwnProperty(p)) d[p] = b[p]; };
        return extendStatics(d, b);
    }
    return function (d, b) {
        extendStatics(d, b);
        function __() { this.constructor = d; }
        d.prototype = b === null ? Object.create(b) : (__.prototype = b.prototype, new __());
    };
})();
/** @internal */
var egret;
(function (egret) {
    var ws;
    (function (ws) {
        /** First in, first out, in amortised constant time. (`Array.shift` moves all items.) */
        var Queue = /** @class */ (function () {
            function Queue() {
                this.items = [];
                this.head = 0;
            }
            Object.defineProperty(Queue.prototype, "length", {
                get: function () {
                    return this.items.length - this.head;
                },
                enumerable: true,
                configurable: true
            });
            /** The item at this index, counted from the first. */
            Queue.prototype.at = function (index) {
                return this.items[this.head + index];
            };
            Queue.prototype.push = function (item) {
                this.items.push(item);
            };
            Queue.prototype.shift = function () {
                var item = this.items[this.head];
                this.items[this.head++] = null;
                if (2 * this.head >= this.items.length) {
                    this.items.splice(0, this.head);
                    this.head = 0;
                }
                return item;
            };
            return Queue;
        }());
        ws.Queue = Queue;
    })(ws = egret.ws || (egret.ws = {}));
})(egret || (egret = {}));
/** @internal */
var egret;
(function (egret) {
    var ws;
    (function (ws) {
        /** The limit for waiting messages in the format that the game does not read: bytes, or characters of text. */
        var MOST_WAITING = 1 << 20;
        /** The amount that each waiting message counts in addition to its length. */
        var MESSAGE_COST = 64;
        /**
         * Received messages that are not read yet. Text and bytes have separate queues, so that a read in one format never
         * gets a message of the other. Until the game selects the binary format, there is only one queue, and binary messages
         * are read as UTF-8.
         *
         * A game may never read the other format, so its queue is bounded: the oldest messages are dropped.
         */
        var ReceiveQueue = /** @class */ (function () {
            function ReceiveQueue() {
                this.texts = new ws.Queue();
                this.textLength = 0;
                this.chunks = null;
                /** The number of bytes of the first chunk that were read. */
                this.offset = 0;
                this.bytesAvailable = 0;
                this.hasWarned = false;
            }
            Object.defineProperty(ReceiveQueue.prototype, "binary", {
                /** Whether the game has selected the binary format. */
                get: function () {
                    return this.chunks != null;
                },
                enumerable: true,
                configurable: true
            });
            ReceiveQueue.prototype.acceptBinary = function () {
                if (this.binary) {
                    return;
                }
                var waiting = this.texts;
                this.texts = new ws.Queue();
                this.textLength = 0;
                this.chunks = new ws.Queue();
                while (waiting.length > 0) {
                    this.add(waiting.shift());
                }
            };
            /** `isBinary`: whether the game currently reads bytes. */
            ReceiveQueue.prototype.push = function (message, isBinary) {
                this.add(message);
                if (isBinary) {
                    this.dropOldTexts();
                }
                else if (this.binary) {
                    this.dropOldChunks();
                }
            };
            ReceiveQueue.prototype.add = function (message) {
                if (typeof message == "string") {
                    this.addText(message);
                    return;
                }
                var bytes = new Uint8Array(message);
                if (!this.binary) {
                    this.addText(bytes);
                    return;
                }
                // Games read the header of a message and leave the rest, which must not be read as the header of the next message.
                if (this.offset > 0) {
                    this.skip(this.chunks.at(0).length - this.offset);
                }
                this.chunks.push(bytes);
                this.bytesAvailable += bytes.length;
            };
            ReceiveQueue.prototype.addText = function (message) {
                this.texts.push(message);
                this.textLength += message.length;
            };
            ReceiveQueue.prototype.shiftText = function () {
                var message = this.texts.shift();
                this.textLength -= message.length;
                return message;
            };
            ReceiveQueue.prototype.dropOldTexts = function () {
                while (this.texts.length > 1 && this.textLength + MESSAGE_COST * this.texts.length > MOST_WAITING) {
                    this.shiftText();
                    this.warnOfLoss("text");
                }
            };
            ReceiveQueue.prototype.dropOldChunks = function () {
                while (this.chunks.length > 1 && this.bytesAvailable + MESSAGE_COST * this.chunks.length > MOST_WAITING) {
                    this.skip(this.chunks.at(0).length - this.offset);
                    this.warnOfLoss("binary");
                }
            };
            ReceiveQueue.prototype.warnOfLoss = function (format) {
                if (!this.hasWarned) {
                    this.hasWarned = true;
                    egret.warn("egret.WebSocket: old " + format + " messages are dropped, because the game does not read that format");
                }
            };
            /** The next message as text; empty if there is none. */
            ReceiveQueue.prototype.readText = function () {
                var message = this.texts.length > 0 ? this.shiftText() : "";
                if (typeof message == "string") {
                    return message;
                }
                return message.length > 0 ? new egret.ByteArray(message.buffer).readUTFBytes(message.length) : "";
            };
            /** The next string that `ByteArray.writeUTF` wrote: its length in two bytes, then UTF-8. */
            ReceiveQueue.prototype.readUTF = function () {
                var length = 2 + this.peek(2).readUnsignedShort();
                var text = this.peek(length).readUTF();
                this.skip(length);
                return text;
            };
            /** Copies `length` bytes to `target`, or all bytes if it is 0. */
            ReceiveQueue.prototype.readBytes = function (target, offset, length) {
                length = length || this.bytesAvailable;
                this.peek(length).readBytes(target, offset);
                this.skip(length);
            };
            /** The next bytes, of one or several messages. Throws the engine's error 1025 if there are too few. */
            ReceiveQueue.prototype.peek = function (length) {
                if (length > this.bytesAvailable) {
                    egret.$error(1025);
                }
                var bytes = new Uint8Array(length);
                var start = this.offset;
                for (var i = 0, filled = 0; filled < length; i++) {
                    var part = this.chunks.at(i).subarray(start, start + length - filled);
                    bytes.set(part, filled);
                    filled += part.length;
                    start = 0;
                }
                return new egret.ByteArray(bytes.buffer);
            };
            ReceiveQueue.prototype.skip = function (length) {
                this.bytesAvailable -= length;
                this.offset += length;
                while (this.chunks.length > 0 && this.offset >= this.chunks.at(0).length) {
                    this.offset -= this.chunks.shift().length;
                }
            };
            return ReceiveQueue;
        }());
        ws.ReceiveQueue = ReceiveQueue;
    })(ws = egret.ws || (egret.ws = {}));
})(egret || (egret = {}));
/** @internal */
var egret;
(function (egret) {
    var ws;
    (function (ws) {
        // The engine's events are printed as "[object Object]".
        function describe(event) {
            var data = event.data || {};
            var members = Object.keys(data).map(function (name) { return " " + name + "=" + JSON.stringify(data[name]); }).join("");
            return "[" + egret.getQualifiedClassName(event) + " type=" + JSON.stringify(event.type) + members + "]";
        }
        var ConnectionEvent = /** @class */ (function (_super) {
            __extends(ConnectionEvent, _super);
            function ConnectionEvent() {
                return _super !== null && _super.apply(this, arguments) || this;
            }
            ConnectionEvent.prototype.toString = function () {
                return describe(this);
            };
            return ConnectionEvent;
        }(egret.Event));
        ws.ConnectionEvent = ConnectionEvent;
        var ConnectionErrorEvent = /** @class */ (function (_super) {
            __extends(ConnectionErrorEvent, _super);
            function ConnectionErrorEvent() {
                return _super !== null && _super.apply(this, arguments) || this;
            }
            ConnectionErrorEvent.prototype.toString = function () {
                return describe(this);
            };
            return ConnectionErrorEvent;
        }(egret.IOErrorEvent));
        ws.ConnectionErrorEvent = ConnectionErrorEvent;
        var MessageEvent = /** @class */ (function (_super) {
            __extends(MessageEvent, _super);
            function MessageEvent() {
                return _super !== null && _super.apply(this, arguments) || this;
            }
            MessageEvent.prototype.toString = function () {
                return describe(this);
            };
            // A separate pool, because on some engines a class starts with a copy of the static members of its parent.
            MessageEvent.eventPool = [];
            return MessageEvent;
        }(egret.ProgressEvent));
        ws.MessageEvent = MessageEvent;
        // Registered with the names of the engine's classes, so that a game sees those.
        egret.registerClass(ConnectionEvent, "egret.Event");
        egret.registerClass(ConnectionErrorEvent, "egret.IOErrorEvent");
        egret.registerClass(MessageEvent, "egret.ProgressEvent");
        function dispatchConnection(target, type, data) {
            var event = new ConnectionEvent(type);
            event.data = data;
            target.dispatchEvent(event);
        }
        ws.dispatchConnection = dispatchConnection;
        function dispatchError(target, data) {
            var event = new ConnectionErrorEvent(egret.IOErrorEvent.IO_ERROR);
            event.data = data;
            target.dispatchEvent(event);
        }
        ws.dispatchError = dispatchError;
        /** Pooled like the engine's events, because there is one event for each message. */
        function dispatchMessage(target) {
            var event = egret.Event.create(MessageEvent, egret.ProgressEvent.SOCKET_DATA);
            target.dispatchEvent(event);
            egret.Event.release(event);
        }
        ws.dispatchMessage = dispatchMessage;
    })(ws = egret.ws || (egret.ws = {}));
})(egret || (egret = {}));
/** @internal */
var egret;
(function (egret) {
    var ws;
    (function (ws) {
        var CLOSED = 3;
        function isSupported() {
            return !!(standard() || egretNative());
        }
        ws.isSupported = isSupported;
        /**
         * Starts a connection with the W3C's WebSocket, or with `egret_native.WebSocket` if a runtime (up to 5.0) has no other.
         * Throws the exceptions of its constructor.
         */
        function connect(url, listener) {
            return standard() ? connectStandard(url, listener) : connectEgretNative(url, listener);
        }
        ws.connect = connect;
        /** Whether the connection has ended. After an error it may still be open: a message that is too big to send causes one. */
        function isLost(socket) {
            return socket.readyState === CLOSED;
        }
        ws.isLost = isLost;
        function connectStandard(url, listener) {
            var socket = new (standard())(url);
            socket.binaryType = "arraybuffer";
            socket.onopen = function () { return listener.onConnect(socket); };
            socket.onretry = function () { return listener.onRetry(socket); };
            // Some runtimes pass the message itself, without an event; the engine's module accepts that from 5.4 on.
            socket.onmessage = function (event) { return listener.onMessage(event.data !== undefined ? event.data : event); };
            socket.onerror = function (event) { return listener.onError(socket, numberOf(event, "error"), event && event.message || ""); };
            socket.onclose = function (event) { return listener.onClose(socket, event && typeof event.code == "number" ? {
                code: event.code, reason: event.reason || "", wasClean: !!event.wasClean,
            } : null); };
            return socket;
        }
        function connectEgretNative(url, listener) {
            var socket = new (egretNative())(url);
            socket.onOpen = function () { return listener.onConnect(socket); };
            socket.onMessage = function (message) { return listener.onMessage(message); };
            socket.onError = function (error) { return listener.onError(socket, Number(error) || 0, ""); };
            socket.onClose = function () { return listener.onClose(socket, null); };
            return socket;
        }
        function numberOf(event, name) {
            return event && Number(event[name]) || 0;
        }
        // Through `window`, because here `WebSocket` alone is the class of this module.
        function standard() {
            return window.WebSocket;
        }
        function egretNative() {
            var native = window.egret_native;
            return native && native.WebSocket;
        }
    })(ws = egret.ws || (egret.ws = {}));
})(egret || (egret = {}));
var egret;
(function (egret) {
    /** The code if the runtime does not report how a connection ended. */
    var NO_CLOSE_FRAME = 1006;
    /**
     * A WebSocket connection that exchanges strings or bytes. Everything is asynchronous: listen for the events.
     *
     * @event egret.Event.CONNECT The connection is open.
     * @event egret.ProgressEvent.SOCKET_DATA A message was received: read it with `readUTF` or `readBytes`.
     * @event egret.IOErrorEvent.IO_ERROR Connecting or sending failed; `event.data` is a `WebSocketErrorData`. If
     * `connected` is false the connection is gone, and CLOSE follows.
     * @event egret.Event.CLOSE The connection is closed, the last event of each connection; `event.data` is a
     * `WebSocketCloseData`. The object can connect again, also inside this event.
     */
    var WebSocket = /** @class */ (function (_super) {
        __extends(WebSocket, _super);
        /**
         * @param host Ignored, like `port`: call `connect`.
         */
        function WebSocket(host, port) {
            if (host === void 0) { host = ""; }
            if (port === void 0) { port = 0; }
            var _this = _super.call(this) || this;
            // Names with a dollar are reserved for the engine, so a game's subclass does not use them.
            _this.$socket = null;
            _this.$state = 0 /* Closed */;
            _this.$type = WebSocket.TYPE_STRING;
            _this.$uri = "";
            _this.$receiveQueue = new egret.ws.ReceiveQueue();
            if (!egret.ws.isSupported()) {
                egret.$error(3100);
            }
            return _this;
        }
        /**
         * Connects to `URI + host + ":" + port`, see the static `URI`; without a port to `URI + host`. Does nothing if
         * connecting or connected. Throws if `URI` is neither `"ws://"` nor `"wss://"`, and if `host` is a URL.
         * @param host A name or an address; an IPv6 address in brackets.
         * @param port `null`: the default port of the scheme, 80 or 443.
         */
        WebSocket.prototype.connect = function (host, port) {
            var scheme = WebSocket.URI;
            if (scheme !== "ws://" && scheme !== "wss://") {
                throw new Error("egret.WebSocket.URI is " + JSON.stringify(scheme) + ": set it to \"ws://\" or \"wss://\"");
            }
            var begin = /^\s*([a-z][a-z0-9+.-]*:\/\/)/i.exec(host);
            if (begin) {
                throw new Error("egret.WebSocket.connect: the host begins with " + JSON.stringify(begin[1])
                    + ": give a host, for example \"example.com\", or call connectByUrl");
            }
            this.$open(scheme + host + (port != null ? ":" + port : ""));
        };
        /**
         * Connects to a URL. Does nothing if connecting or connected.
         * @param url For example `wss://example.com:8443/game?room=1`. An invalid URL throws.
         */
        WebSocket.prototype.connectByUrl = function (url) {
            this.$open(url);
        };
        WebSocket.prototype.$open = function (url) {
            var _this = this;
            if (this.$state != 0 /* Closed */) {
                return;
            }
            this.$socket = egret.ws.connect(url, {
                onConnect: function (socket) { return _this.$onConnect(socket); },
                onRetry: function (socket) { return _this.$onRetry(socket); },
                onMessage: function (message) { return _this.$onMessage(message); },
                onError: function (socket, error, message) { return _this.$onError(socket, error, message); },
                onClose: function (socket, end) { return _this.$onClose(socket, end); },
            });
            this.$state = 1 /* Connecting */;
            this.$uri = url;
        };
        /** Closes the connection, or stops connecting. CLOSE follows. */
        WebSocket.prototype.close = function () {
            if (this.$state == 1 /* Connecting */) {
                this.$state = 2 /* Cancelled */;
            }
            else if (this.$state != 3 /* Connected */) {
                return;
            }
            this.$socket.close();
        };
        WebSocket.prototype.$onConnect = function (socket) {
            if (this.$state == 2 /* Cancelled */) {
                socket.close(); // Before this, the runtime could not close it.
                return;
            }
            this.$state = 3 /* Connected */;
            egret.ws.dispatchConnection(this, egret.Event.CONNECT);
        };
        WebSocket.prototype.$onRetry = function (socket) {
            if (socket == this.$socket && this.$state == 3 /* Connected */) {
                this.$state = 1 /* Connecting */;
            }
        };
        WebSocket.prototype.$onMessage = function (message) {
            this.$receiveQueue.push(message, this.$type == WebSocket.TYPE_BINARY);
            egret.ws.dispatchMessage(this);
        };
        WebSocket.prototype.$onError = function (socket, error, message) {
            var wasConnected = this.$state == 3 /* Connected */;
            var isOpen = wasConnected && !egret.ws.isLost(socket);
            if (socket == this.$socket && !isOpen) {
                var cancelled = this.$state == 2 /* Cancelled */;
                this.$state = 0 /* Closed */;
                if (cancelled) {
                    return; // The game called `close()` and waits for CLOSE.
                }
            }
            var failure = isOpen ? "a message was not sent" : wasConnected ? "the connection was lost" : "cannot connect";
            egret.ws.dispatchError(this, { error: error, message: message || failure });
        };
        WebSocket.prototype.$onClose = function (socket, end) {
            // A game that reconnects in IO_ERROR gets the CLOSE of the failed connection while the next one connects.
            if (socket == this.$socket) {
                this.$state = 0 /* Closed */;
                this.$socket = null;
            }
            egret.ws.dispatchConnection(this, egret.Event.CLOSE, end || { code: NO_CLOSE_FRAME, reason: "", wasClean: false });
        };
        /** Does nothing: every write is sent at once, as one message. */
        WebSocket.prototype.flush = function () {
            this.$isConnected();
        };
        /** Sends a string: as text, or if `type` is binary, as bytes in the format of `ByteArray.writeUTF`. */
        WebSocket.prototype.writeUTF = function (message) {
            if (!this.$isConnected()) {
                return;
            }
            if (this.$type == WebSocket.TYPE_BINARY) {
                var bytes = new egret.ByteArray();
                bytes.writeUTF(message);
                this.$socket.send(bytes.buffer);
            }
            else {
                this.$socket.send("" + message);
            }
        };
        /**
         * Reads the next message as a string, or returns an empty string if there is none. If `type` is binary, reads a
         * string in the format of `ByteArray.writeUTF`.
         */
        WebSocket.prototype.readUTF = function () {
            return this.$type == WebSocket.TYPE_BINARY ? this.$receiveQueue.readUTF() : this.$receiveQueue.readText();
        };
        /**
         * Sends bytes as one message.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all from `offset` on.
         */
        WebSocket.prototype.writeBytes = function (bytes, offset, length) {
            if (offset === void 0) { offset = 0; }
            if (length === void 0) { length = 0; }
            if (!this.$isConnected() || !this.$isBinary()) {
                return;
            }
            var message = new egret.ByteArray();
            message.writeBytes(bytes, offset, length);
            this.$socket.send(message.buffer);
        };
        /**
         * Reads received bytes.
         * @param bytes The array to which the bytes are copied.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all received bytes.
         */
        WebSocket.prototype.readBytes = function (bytes, offset, length) {
            if (offset === void 0) { offset = 0; }
            if (length === void 0) { length = 0; }
            if (this.$isBinary()) {
                this.$receiveQueue.readBytes(bytes, offset, length);
            }
        };
        Object.defineProperty(WebSocket.prototype, "connected", {
            /** Whether the connection is open. */
            get: function () {
                return this.$state == 3 /* Connected */;
            },
            enumerable: true,
            configurable: true
        });
        Object.defineProperty(WebSocket.prototype, "URI", {
            /** The URL of the last connection attempt, or an empty string. */
            get: function () {
                return this.$uri;
            },
            enumerable: true,
            configurable: true
        });
        Object.defineProperty(WebSocket.prototype, "type", {
            /** The format of messages that are sent and read: `TYPE_STRING`, which is the default, or `TYPE_BINARY`. */
            get: function () {
                return this.$type;
            },
            set: function (value) {
                this.$type = value;
                if (value == WebSocket.TYPE_BINARY) {
                    this.$receiveQueue.acceptBinary();
                }
            },
            enumerable: true,
            configurable: true
        });
        WebSocket.prototype.$isConnected = function () {
            if (!this.connected) {
                egret.$warn(3101);
            }
            return this.connected;
        };
        // As in the engine, it is sufficient that `type` was binary once.
        WebSocket.prototype.$isBinary = function () {
            if (!this.$receiveQueue.binary) {
                egret.$warn(3102);
            }
            return this.$receiveQueue.binary;
        };
        /** The `type` for strings. */
        WebSocket.TYPE_STRING = "webSocketTypeString";
        /** The `type` for bytes. */
        WebSocket.TYPE_BINARY = "webSocketTypeBinary";
        /** The start of URLs in `connect`: `"ws://"`, or `"wss://"` for encrypted connections. It applies to all sockets. */
        WebSocket.URI = "ws://";
        return WebSocket;
    }(egret.EventDispatcher));
    egret.WebSocket = WebSocket;
    egret.registerClass(WebSocket, "egret.WebSocket");
})(egret || (egret = {}));
