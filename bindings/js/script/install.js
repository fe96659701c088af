// Defines both objects. If the function of a glue takes its own options together with `defaults`, `names` contains their names.

function install(global, host, defaults = undefined, hooks = undefined, names = undefined) {
    const options = readOptions(defaults, NO_OPTIONS, names);
    const sockets = new Sockets(global, host, readHooks(host, hooks));
    define(global, 'WebSocket', makeWebSocket(global, host, sockets, options));
    if (!global.egret_native) global.egret_native = {};
    global.egret_native.WebSocket = makeNativeWebSocket(host, sockets, options);
    return sockets.events;
}
