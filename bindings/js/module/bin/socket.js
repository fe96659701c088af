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
        /** First in, first out, in amortised constant time: `Array.shift` moves all items. */
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
        /**
         * The messages that have come and are not read yet. Text and bytes wait apart and each kind in its order, so that a
         * read in one format never meets a message of the other. Until the game asks for the binary format there is one
         * queue only, and what comes in binary frames is read as UTF-8.
         */
        var Inbox = /** @class */ (function () {
            function Inbox() {
                this.texts = new ws.Queue();
                this.chunks = null;
                /** How much of the first chunk has been read. */
                this.offset = 0;
                this.bytesAvailable = 0;
            }
            Object.defineProperty(Inbox.prototype, "binary", {
                /** Whether the game has asked for the binary format. */
                get: function () {
                    return this.chunks != null;
                },
                enumerable: true,
                configurable: true
            });
            Inbox.prototype.acceptBinary = function () {
                if (this.binary) {
                    return;
                }
                var waiting = this.texts;
                this.texts = new ws.Queue();
                this.chunks = new ws.Queue();
                while (waiting.length > 0) {
                    this.push(waiting.shift());
                }
            };
            Inbox.prototype.push = function (message) {
                if (typeof message == "string") {
                    this.texts.push(message);
                    return;
                }
                var bytes = new Uint8Array(message);
                if (!this.binary) {
                    this.texts.push(bytes);
                    return;
                }
                // Games read the head of a message and leave the rest: that must not be taken for the next message's head.
                if (this.offset > 0) {
                    this.skip(this.chunks.at(0).length - this.offset);
                }
                this.chunks.push(bytes);
                this.bytesAvailable += bytes.length;
            };
            /** The next message as text; empty if there is none. */
            Inbox.prototype.readText = function () {
                var message = this.texts.length > 0 ? this.texts.shift() : "";
                if (typeof message == "string") {
                    return message;
                }
                return message.length > 0 ? new egret.ByteArray(message.buffer).readUTFBytes(message.length) : "";
            };
            /** The next string that `ByteArray.writeUTF` wrote: its length in two bytes, then UTF-8. */
            Inbox.prototype.readUTF = function () {
                var length = 2 + this.peek(2).readUnsignedShort();
                var text = this.peek(length).readUTF();
                this.skip(length);
                return text;
            };
            /** Copies `length` bytes to `target`, or with 0 all there are. */
            Inbox.prototype.readBytes = function (target, offset, length) {
                length = length || this.bytesAvailable;
                this.peek(length).readBytes(target, offset);
                this.skip(length);
            };
            /** The next bytes, from one message or several. If there are too few, throws the engine's error 1025. */
            Inbox.prototype.peek = function (length) {
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
            Inbox.prototype.skip = function (length) {
                this.bytesAvailable -= length;
                this.offset += length;
                while (this.chunks.length > 0 && this.offset >= this.chunks.at(0).length) {
                    this.offset -= this.chunks.shift().length;
                }
            };
            return Inbox;
        }());
        ws.Inbox = Inbox;
    })(ws = egret.ws || (egret.ws = {}));
})(egret || (egret = {}));
/** @internal */
var egret;
(function (egret) {
    var ws;
    (function (ws) {
        function isSupported() {
            return !!(standard() || egretNative());
        }
        ws.isSupported = isSupported;
        /**
         * Starts a connection by the WebSocket of the W3C, or by that of `egret_native` where a runtime (up to 5.0) has no
         * other. Throws what its constructor throws.
         */
        function connect(url, listener) {
            return standard() ? connectStandard(url, listener) : connectEgretNative(url, listener);
        }
        ws.connect = connect;
        function connectStandard(url, listener) {
            var socket = new (standard())(url);
            socket.binaryType = "arraybuffer";
            socket.onopen = function () { return listener.onConnect(socket); };
            // As the engine's module does from 5.4 on: some runtimes pass the message itself, without an event.
            socket.onmessage = function (event) { return listener.onMessage(event.data !== undefined ? event.data : event); };
            socket.onerror = function () { return listener.onError(socket); };
            socket.onclose = function () { return listener.onClose(socket); };
            return socket;
        }
        function connectEgretNative(url, listener) {
            var socket = new (egretNative())(url);
            socket.onOpen = function () { return listener.onConnect(socket); };
            socket.onMessage = function (message) { return listener.onMessage(message); };
            socket.onError = function () { return listener.onError(socket); };
            socket.onClose = function () { return listener.onClose(socket); };
            return socket;
        }
        // By way of `window`, for a bare `WebSocket` is the class of this module here.
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
    /**
     * A WebSocket connection that exchanges strings or bytes. Everything is asynchronous: listen for the events.
     *
     * @event egret.Event.CONNECT The connection is open.
     * @event egret.ProgressEvent.SOCKET_DATA A message has come: read it by `readUTF` or `readBytes`.
     * @event egret.IOErrorEvent.IO_ERROR Connecting or sending failed. If the connection is lost, CLOSE follows.
     * @event egret.Event.CLOSE The connection is closed. The object can connect anew, also from inside this event.
     */
    var WebSocket = /** @class */ (function (_super) {
        __extends(WebSocket, _super);
        /**
         * @param host Not used, and nor is `port`: call `connect`.
         */
        function WebSocket(host, port) {
            if (host === void 0) { host = ""; }
            if (port === void 0) { port = 0; }
            var _this = _super.call(this) || this;
            // Names with a dollar are the engine's: a game's subclass does not use them.
            _this.$socket = null;
            _this.$state = 0 /* Closed */;
            _this.$type = WebSocket.TYPE_STRING;
            _this.$uri = "";
            _this.$inbox = new egret.ws.Inbox();
            if (!egret.ws.isSupported()) {
                egret.$error(3100);
            }
            return _this;
        }
        /**
         * Connects to `URI + host + ":" + port`, see the static `URI`; without a port to `URI + host`. Does nothing if
         * connecting or connected. Throws if `URI` is neither `"ws://"` nor `"wss://"`.
         * @param host A name or an address; one of IPv6 in brackets.
         * @param port `null`: the default port of the scheme, 80 or 443.
         */
        WebSocket.prototype.connect = function (host, port) {
            var scheme = WebSocket.URI;
            if (scheme !== "ws://" && scheme !== "wss://") {
                throw new Error("egret.WebSocket.URI is " + JSON.stringify(scheme) + ": set it to \"ws://\" or \"wss://\"");
            }
            this.$open(scheme + host + (port != null ? ":" + port : ""));
        };
        /**
         * Connects to a URL. Does nothing if connecting or connected.
         * @param url Such as `wss://example.com:8443/game?room=1`. A bad one throws.
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
                onMessage: function (message) { return _this.$onMessage(message); },
                onError: function (socket) { return _this.$onError(socket); },
                onClose: function (socket) { return _this.$onClose(socket); },
            });
            this.$state = 1 /* Connecting */;
            this.$uri = url;
        };
        /** Closes the connection, or gives up connecting. CLOSE follows. */
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
                socket.close(); // A runtime that could not do it before.
                return;
            }
            this.$state = 3 /* Connected */;
            this.dispatchEventWith(egret.Event.CONNECT);
        };
        WebSocket.prototype.$onMessage = function (message) {
            this.$inbox.push(message);
            egret.ProgressEvent.dispatchProgressEvent(this, egret.ProgressEvent.SOCKET_DATA);
        };
        WebSocket.prototype.$onError = function (socket) {
            // An open connection may survive an error: a message that was too big to send.
            if (socket == this.$socket && this.$state != 3 /* Connected */) {
                var cancelled = this.$state == 2 /* Cancelled */;
                this.$state = 0 /* Closed */;
                if (cancelled) {
                    return; // The game gave up itself: CLOSE is what it waits for.
                }
            }
            this.dispatchEventWith(egret.IOErrorEvent.IO_ERROR);
        };
        WebSocket.prototype.$onClose = function (socket) {
            // A game that reconnects on IO_ERROR gets the CLOSE of the failed connection while the next is under way.
            if (socket == this.$socket) {
                this.$state = 0 /* Closed */;
                this.$socket = null;
            }
            this.dispatchEventWith(egret.Event.CLOSE);
        };
        /** Every write is sent at once, as one message: there is nothing left to flush. */
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
         * Reads the next message as a string, an empty one if there is none. If `type` is binary, reads a string in the
         * format of `ByteArray.writeUTF`.
         */
        WebSocket.prototype.readUTF = function () {
            return this.$type == WebSocket.TYPE_BINARY ? this.$inbox.readUTF() : this.$inbox.readText();
        };
        /**
         * Sends bytes as one message.
         * @param offset Where in `bytes` to begin.
         * @param length How many bytes; 0 for all from `offset` on.
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
         * Reads bytes that have come.
         * @param bytes What they are copied to.
         * @param offset Where in `bytes` to begin.
         * @param length How many bytes; 0 for all that have come.
         */
        WebSocket.prototype.readBytes = function (bytes, offset, length) {
            if (offset === void 0) { offset = 0; }
            if (length === void 0) { length = 0; }
            if (this.$isBinary()) {
                this.$inbox.readBytes(bytes, offset, length);
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
            /** The URL of the last connection that was begun, or an empty string. */
            get: function () {
                return this.$uri;
            },
            enumerable: true,
            configurable: true
        });
        Object.defineProperty(WebSocket.prototype, "type", {
            /** The format of what is sent and read: `TYPE_STRING`, which is the default, or `TYPE_BINARY`. */
            get: function () {
                return this.$type;
            },
            set: function (value) {
                this.$type = value;
                if (value == WebSocket.TYPE_BINARY) {
                    this.$inbox.acceptBinary();
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
        // As in the engine, it is enough that `type` has been binary once.
        WebSocket.prototype.$isBinary = function () {
            if (!this.$inbox.binary) {
                egret.$warn(3102);
            }
            return this.$inbox.binary;
        };
        /** The `type` for strings. */
        WebSocket.TYPE_STRING = "webSocketTypeString";
        /** The `type` for bytes. */
        WebSocket.TYPE_BINARY = "webSocketTypeBinary";
        /** How `connect` begins its URLs: `"ws://"`, or `"wss://"` for encrypted connections. One for all sockets. */
        WebSocket.URI = "ws://";
        return WebSocket;
    }(egret.EventDispatcher));
    egret.WebSocket = WebSocket;
    egret.registerClass(WebSocket, "egret.WebSocket");
})(egret || (egret = {}));
