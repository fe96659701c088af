declare namespace egret {
    /**
     * A WebSocket connection that exchanges strings or bytes. Everything is asynchronous: listen for the events.
     *
     * @event egret.Event.CONNECT The connection is open.
     * @event egret.ProgressEvent.SOCKET_DATA A message has come: read it by `readUTF` or `readBytes`.
     * @event egret.IOErrorEvent.IO_ERROR Connecting or sending failed. If the connection is lost, CLOSE follows.
     * @event egret.Event.CLOSE The connection is closed. The object can connect anew, also from inside this event.
     */
    class WebSocket extends EventDispatcher {
        /** The `type` for strings. */
        static TYPE_STRING: string;
        /** The `type` for bytes. */
        static TYPE_BINARY: string;
        /** How `connect` begins its URLs: `"ws://"`, or `"wss://"` for encrypted connections. One for all sockets. */
        static URI: "ws://" | "wss://";
        private $socket;
        private $state;
        private $type;
        private $uri;
        private $inbox;
        /**
         * @param host Not used, and nor is `port`: call `connect`.
         */
        constructor(host?: string, port?: number);
        /**
         * Connects to `URI + host + ":" + port`, see the static `URI`; without a port to `URI + host`. Does nothing if
         * connecting or connected. Throws if `URI` is neither `"ws://"` nor `"wss://"`.
         * @param host A name or an address; one of IPv6 in brackets.
         * @param port `null`: the default port of the scheme, 80 or 443.
         */
        connect(host: string, port: number): void;
        /**
         * Connects to a URL. Does nothing if connecting or connected.
         * @param url Such as `wss://example.com:8443/game?room=1`. A bad one throws.
         */
        connectByUrl(url: string): void;
        private $open;
        /** Closes the connection, or gives up connecting. CLOSE follows. */
        close(): void;
        private $onConnect;
        private $onMessage;
        private $onError;
        private $onClose;
        /** Every write is sent at once, as one message: there is nothing left to flush. */
        flush(): void;
        /** Sends a string: as text, or if `type` is binary, as bytes in the format of `ByteArray.writeUTF`. */
        writeUTF(message: string): void;
        /**
         * Reads the next message as a string, an empty one if there is none. If `type` is binary, reads a string in the
         * format of `ByteArray.writeUTF`.
         */
        readUTF(): string;
        /**
         * Sends bytes as one message.
         * @param offset Where in `bytes` to begin.
         * @param length How many bytes; 0 for all from `offset` on.
         */
        writeBytes(bytes: ByteArray, offset?: number, length?: number): void;
        /**
         * Reads bytes that have come.
         * @param bytes What they are copied to.
         * @param offset Where in `bytes` to begin.
         * @param length How many bytes; 0 for all that have come.
         */
        readBytes(bytes: ByteArray, offset?: number, length?: number): void;
        /** Whether the connection is open. */
        readonly connected: boolean;
        /** The URL of the last connection that was begun, or an empty string. */
        readonly URI: string;
        /** The format of what is sent and read: `TYPE_STRING`, which is the default, or `TYPE_BINARY`. */
        type: string;
        private $isConnected;
        private $isBinary;
    }
}
