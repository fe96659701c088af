// Connects by wss to a server with a trusted certificate. The server sends one message and gets the answer.
var socket = open();
socket.onmessage = function (event) {
    equal(event.data, 'in secret', 'message');
    equal(socket.url, url, 'url');
    equal(socket.extensions, '', 'extensions');
    equal(socket.tls.version, '1.3', 'version');
    equal(/^TLS_/.test(socket.tls.cipher), true, socket.tls.cipher);
    equal(socket.tls.resumed, false, 'resumed');
    equal(bytes(socket.tls.certificates[0]).indexOf('48 130 '), 0, 'a sequence of DER');
    socket.close();
};
socket.onclose = function (event) {
    equal(event.wasClean, true, 'clean');
    passed();
};
