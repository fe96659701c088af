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
