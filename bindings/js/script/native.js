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
