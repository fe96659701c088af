namespace egret {
    /** @internal */
    const enum State {
        /** Not connected, or a connection failed and its close event is still to come. */
        Closed,
        Connecting,
        /** `close()` was called while connecting. */
        Cancelled,
        Connected,
    }

    /** The code if the runtime does not report how a connection ended. */
    const NO_CLOSE_FRAME = 1006;

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
    export class WebSocket extends EventDispatcher {
        /** The `type` for strings. */
        public static TYPE_STRING: string = "webSocketTypeString";

        /** The `type` for bytes. */
        public static TYPE_BINARY: string = "webSocketTypeBinary";

        /** The start of URLs in `connect`: `"ws://"`, or `"wss://"` for encrypted connections. It applies to all sockets. */
        public static URI: "ws://" | "wss://" = "ws://";

        // Names with a dollar are reserved for the engine, so a game's subclass does not use them.
        private $socket: ws.NativeSocket = null;
        private $state: State = State.Closed;
        private $type: string = WebSocket.TYPE_STRING;
        private $uri: string = "";
        private $receiveQueue: ws.ReceiveQueue = new ws.ReceiveQueue();

        /**
         * @param host Ignored, like `port`: call `connect`.
         */
        public constructor(host: string = "", port: number = 0) {
            super();
            if (!ws.isSupported()) {
                $error(3100);
            }
        }

        /**
         * Connects to `URI + host + ":" + port`, see the static `URI`; without a port to `URI + host`. Does nothing if
         * connecting or connected. Throws if `URI` is neither `"ws://"` nor `"wss://"`, and if `host` is a URL.
         * @param host A name or an address; an IPv6 address in brackets.
         * @param port `null`: the default port of the scheme, 80 or 443.
         */
        public connect(host: string, port: number): void {
            const scheme: string = WebSocket.URI;
            if (scheme !== "ws://" && scheme !== "wss://") {
                throw new Error("egret.WebSocket.URI is " + JSON.stringify(scheme) + ": set it to \"ws://\" or \"wss://\"");
            }
            const begin = /^\s*([a-z][a-z0-9+.-]*:\/\/)/i.exec(host);
            if (begin) {
                throw new Error("egret.WebSocket.connect: the host begins with " + JSON.stringify(begin[1])
                    + ": give a host, for example \"example.com\", or call connectByUrl");
            }
            this.$open(scheme + host + (port != null ? ":" + port : ""));
        }

        /**
         * Connects to a URL. Does nothing if connecting or connected.
         * @param url For example `wss://example.com:8443/game?room=1`. An invalid URL throws.
         */
        public connectByUrl(url: string): void {
            this.$open(url);
        }

        private $open(url: string): void {
            if (this.$state != State.Closed) {
                return;
            }
            this.$socket = ws.connect(url, {
                onConnect: socket => this.$onConnect(socket),
                onRetry: socket => this.$onRetry(socket),
                onMessage: message => this.$onMessage(message),
                onError: (socket, error, message) => this.$onError(socket, error, message),
                onClose: (socket, end) => this.$onClose(socket, end),
            });
            this.$state = State.Connecting;
            this.$uri = url;
        }

        /** Closes the connection, or stops connecting. CLOSE follows. */
        public close(): void {
            if (this.$state == State.Connecting) {
                this.$state = State.Cancelled;
            } else if (this.$state != State.Connected) {
                return;
            }
            this.$socket.close();
        }

        private $onConnect(socket: ws.NativeSocket): void {
            if (this.$state == State.Cancelled) {
                socket.close(); // Before this, the runtime could not close it.
                return;
            }
            this.$state = State.Connected;
            ws.dispatchConnection(this, Event.CONNECT);
        }

        private $onRetry(socket: ws.NativeSocket): void {
            if (socket == this.$socket && this.$state == State.Connected) {
                this.$state = State.Connecting;
            }
        }

        private $onMessage(message: string | ArrayBuffer): void {
            this.$receiveQueue.push(message, this.$type == WebSocket.TYPE_BINARY);
            ws.dispatchMessage(this);
        }

        private $onError(socket: ws.NativeSocket, error: number, message: string): void {
            const wasConnected = this.$state == State.Connected;
            const isOpen = wasConnected && !ws.isLost(socket);
            if (socket == this.$socket && !isOpen) {
                const cancelled = this.$state == State.Cancelled;
                this.$state = State.Closed;
                if (cancelled) {
                    return; // The game called `close()` and waits for CLOSE.
                }
            }
            const failure = isOpen ? "a message was not sent" : wasConnected ? "the connection was lost" : "cannot connect";
            ws.dispatchError(this, { error, message: message || failure });
        }

        private $onClose(socket: ws.NativeSocket, end: WebSocketCloseData): void {
            // A game that reconnects in IO_ERROR gets the CLOSE of the failed connection while the next one connects.
            if (socket == this.$socket) {
                this.$state = State.Closed;
                this.$socket = null;
            }
            ws.dispatchConnection(this, Event.CLOSE, end || { code: NO_CLOSE_FRAME, reason: "", wasClean: false });
        }

        /** Does nothing: every write is sent at once, as one message. */
        public flush(): void {
            this.$isConnected();
        }

        /** Sends a string: as text, or if `type` is binary, as bytes in the format of `ByteArray.writeUTF`. */
        public writeUTF(message: string): void {
            if (!this.$isConnected()) {
                return;
            }
            if (this.$type == WebSocket.TYPE_BINARY) {
                const bytes = new ByteArray();
                bytes.writeUTF(message);
                this.$socket.send(bytes.buffer);
            } else {
                this.$socket.send("" + message);
            }
        }

        /**
         * Reads the next message as a string, or returns an empty string if there is none. If `type` is binary, reads a
         * string in the format of `ByteArray.writeUTF`.
         */
        public readUTF(): string {
            return this.$type == WebSocket.TYPE_BINARY ? this.$receiveQueue.readUTF() : this.$receiveQueue.readText();
        }

        /**
         * Sends bytes as one message.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all from `offset` on.
         */
        public writeBytes(bytes: ByteArray, offset: number = 0, length: number = 0): void {
            if (!this.$isConnected() || !this.$isBinary()) {
                return;
            }
            const message = new ByteArray();
            message.writeBytes(bytes, offset, length);
            this.$socket.send(message.buffer);
        }

        /**
         * Reads received bytes.
         * @param bytes The array to which the bytes are copied.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all received bytes.
         */
        public readBytes(bytes: ByteArray, offset: number = 0, length: number = 0): void {
            if (this.$isBinary()) {
                this.$receiveQueue.readBytes(bytes, offset, length);
            }
        }

        /** Whether the connection is open. */
        public get connected(): boolean {
            return this.$state == State.Connected;
        }

        /** The URL of the last connection attempt, or an empty string. */
        public get URI(): string {
            return this.$uri;
        }

        /** The format of messages that are sent and read: `TYPE_STRING`, which is the default, or `TYPE_BINARY`. */
        public get type(): string {
            return this.$type;
        }

        public set type(value: string) {
            this.$type = value;
            if (value == WebSocket.TYPE_BINARY) {
                this.$receiveQueue.acceptBinary();
            }
        }

        private $isConnected(): boolean {
            if (!this.connected) {
                $warn(3101);
            }
            return this.connected;
        }

        // As in the engine, it is sufficient that `type` was binary once.
        private $isBinary(): boolean {
            if (!this.$receiveQueue.binary) {
                $warn(3102);
            }
            return this.$receiveQueue.binary;
        }
    }

    registerClass(WebSocket, "egret.WebSocket");
}
