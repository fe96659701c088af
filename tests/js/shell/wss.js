// wss to a server with a trusted certificate. The server sends one message and gets the answer.
var socket = open();
socket.onmessage = function (event) {
    equal(event.data, 'in secret', 'message');
    equal(socket.url, url, 'url');
    equal(socket.extensions, '', 'extensions');
    socket.close();
};
socket.onclose = function (event) {
    equal(event.wasClean, true, 'clean');
    passed();
};
