declare namespace egret {
    /** `event.data` of IO_ERROR. */
    interface WebSocketErrorData {
        /**
         * An `EGRET_WS_ERR_*` of egret_ws.h, which is negative, or 0 if the runtime does not report it, for example in a
         * browser.
         */
        error: number;
        /** A sentence for a log. */
        message: string;
    }
    /** `event.data` of CLOSE. */
    interface WebSocketCloseData {
        /** The code of the server's Close frame, 1005 if the frame has no code, 1006 if no Close frame was received. */
        code: number;
        /** The reason of the server's Close frame, or an empty string. */
        reason: string;
        wasClean: boolean;
    }
}
declare namespace egret {
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
    class WebSocket extends EventDispatcher {
        /** The `type` for strings. */
        static TYPE_STRING: string;
        /** The `type` for bytes. */
        static TYPE_BINARY: string;
        /** The start of URLs in `connect`: `"ws://"`, or `"wss://"` for encrypted connections. It applies to all sockets. */
        static URI: "ws://" | "wss://";
        private $socket;
        private $state;
        private $type;
        private $uri;
        private $receiveQueue;
        /**
         * @param host Ignored, like `port`: call `connect`.
         */
        constructor(host?: string, port?: number);
        /**
         * Connects to `URI + host + ":" + port`, see the static `URI`; without a port to `URI + host`. Does nothing if
         * connecting or connected. Throws if `URI` is neither `"ws://"` nor `"wss://"`, and if `host` is a URL.
         * @param host A name or an address; an IPv6 address in brackets.
         * @param port `null`: the default port of the scheme, 80 or 443.
         */
        connect(host: string, port: number): void;
        /**
         * Connects to a URL. Does nothing if connecting or connected.
         * @param url For example `wss://example.com:8443/game?room=1`. An invalid URL throws.
         */
        connectByUrl(url: string): void;
        private $open;
        /** Closes the connection, or stops connecting. CLOSE follows. */
        close(): void;
        private $onConnect;
        private $onRetry;
        private $onMessage;
        private $onError;
        private $onClose;
        /** Does nothing: every write is sent at once, as one message. */
        flush(): void;
        /** Sends a string: as text, or if `type` is binary, as bytes in the format of `ByteArray.writeUTF`. */
        writeUTF(message: string): void;
        /**
         * Reads the next message as a string, or returns an empty string if there is none. If `type` is binary, reads a
         * string in the format of `ByteArray.writeUTF`.
         */
        readUTF(): string;
        /**
         * Sends bytes as one message.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all from `offset` on.
         */
        writeBytes(bytes: ByteArray, offset?: number, length?: number): void;
        /**
         * Reads received bytes.
         * @param bytes The array to which the bytes are copied.
         * @param offset The start in `bytes`.
         * @param length The number of bytes; 0 for all received bytes.
         */
        readBytes(bytes: ByteArray, offset?: number, length?: number): void;
        /** Whether the connection is open. */
        readonly connected: boolean;
        /** The URL of the last connection attempt, or an empty string. */
        readonly URI: string;
        /** The format of messages that are sent and read: `TYPE_STRING`, which is the default, or `TYPE_BINARY`. */
        type: string;
        private $isConnected;
        private $isBinary;
    }
}
