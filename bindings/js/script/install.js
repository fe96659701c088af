// Defines both objects.

function install(global, host) {
    var sockets = makeSockets(global, host);
    define(global, 'WebSocket', makeWebSocket(global, host, sockets));
    if (!global.egret_native) global.egret_native = {}
    global.egret_native.WebSocket = makeNativeWebSocket(host, sockets);
    return sockets.events;
}
