// 131072 bytes are sent, as text and binary; one more causes an error event, and the socket stays open.
var LIMIT = 131072;
var socket = open();
var log = [];
socket.onopen = function () {
    socket.send(repeat('x', LIMIT));
    socket.send(new ArrayBuffer(LIMIT));
    socket.send(repeat('x', LIMIT + 1));
    socket.send(repeat('\u4e2d', LIMIT / 2)); // the number of characters is within the limit, the number of bytes is over it
    socket.send(new ArrayBuffer(LIMIT + 1));
    socket.send('still open');
};
socket.onerror = function () {
    equal(socket.readyState, WebSocket.OPEN, 'readyState');
    log.push('error');
};
socket.onmessage = function (event) {
    if (event.data === 'still open') socket.close();
    else log.push(typeof event.data === 'string' ? event.data.length : event.data.byteLength);
};
socket.onclose = function (event) {
    equal(log.sort().join(), '131072,131072,error,error,error', 'what came');
    equal(event.wasClean, true, 'wasClean');
    passed();
};
