// Defines both objects.

function install(global, host, defaults = undefined, hooks = undefined) {
    const options = readOptions(defaults, NO_OPTIONS);
    const sockets = new Sockets(global, host, readHooks(host, hooks));
    define(global, 'WebSocket', makeWebSocket(global, host, sockets, options));
    if (!global.egret_native) global.egret_native = {};
    global.egret_native.WebSocket = makeNativeWebSocket(host, sockets, options);
    return sockets.events;
}
