// egret_native.WebSocket, the object of runtimes up to 5.0.

class NativeConnection extends Connection {
    constructor(sockets, webSocket, settings) {
        super(sockets, settings);
        this.webSocket = webSocket;
    }

    // Handlers are looked up at each event, because games assign them after construction, and replace them.
    call(name, ...given) {
        try {
            let handler = this.webSocket[name];
            if (typeof handler !== 'function') handler = this.webSocket[name.toLowerCase()];
            if (typeof handler === 'function') handler.apply(this.webSocket, given);
        } catch (thrown) {
            this.sockets.host.reportError(thrown);
        }
    }

    onOpen() { this.call('onOpen'); }
    onMessage(data) { this.call('onMessage', data); }
    onRefused(error, text, size) {
        this.reportLater(error, `message not sent: ${text}`);
        return 0;
    }
    onError(error, text) { this.call('onError', error, text); }
    onClose() { this.call('onClose'); }
}

// It never throws: onError reports invalid arguments in a separate task.
function makeNativeWebSocket(host, sockets, defaults) {
    class WebSocket {
        constructor(url, protocols) {
            const connection = new NativeConnection(sockets, this, defaults);
            Object.defineProperty(this, CONNECTION, { value: connection });
            let address, list;
            try {
                address = host.normalizeUrl(toUrlText(url));
                if (address === null) {
                    connection.endLater(ERR_INVALID_URL, `cannot connect: ${host.lastError()}`);
                    return;
                }
                list = toList(protocols);
            } catch (thrown) {
                connection.endLater(ERR_INVALID_ARGUMENT, 'cannot connect: the URL or the subprotocols are not text');
                return;
            }
            if (!areValidProtocols(list)) {
                connection.endLater(ERR_INVALID_ARGUMENT, 'cannot connect: subprotocols must be distinct tokens');
                return;
            }
            const result = sockets.open(connection, address, list, defaults.encoded);
            if (result < 0) connection.endLater(result, `cannot connect: ${host.lastError()}`);
        }
        get readyState() { return connectionOf(this).state; }
        send(data) {
            const connection = connectionOf(this);
            let payload;
            try {
                payload = sockets.toPayload(data);
            } catch (thrown) {
                connection.reportLater(ERR_INVALID_ARGUMENT, 'message not sent: it is not a string, an ArrayBuffer or a view of one');
                return;
            }
            if (connection.state === CONNECTING) connection.reportLater(ERR_NOT_OPEN, 'message not sent: the socket is still connecting: send after onOpen');
            else connection.send(payload);
        }
        close() { connectionOf(this).close(0, ''); }
        disconnect() { connectionOf(this).close(0, ''); }
    }
    for (const name of ['onOpen', 'onMessage', 'onError', 'onClose']) WebSocket.prototype[name] = null;
    defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
    return WebSocket;
}
