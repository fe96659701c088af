// The server answers with the request's path and chooses the subprotocol "b".
var asked = 0;
['?x=1', '/?q=\u4e2d', '/chat%20room?a=b'].forEach(function (suffix, index) {
    var socket = new WebSocket(url.slice(0, -1) + suffix, ['a', 'b']);
    socket.onmessage = function (event) {
        equal(event.data, ['/?x=1', '/?q=%E4%B8%AD', '/chat%20room?a=b'][index], 'path');
        equal(socket.protocol, 'b', 'protocol');
        equal(socket.extensions, '', 'extensions');
        socket.close();
        if (++asked === 3) passed();
    };
});
