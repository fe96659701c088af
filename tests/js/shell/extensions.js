// The server accepts the extension, and sends one compressed and one uncompressed message.
var agreed = 'permessage-deflate; client_no_context_takeover';
var socket = open();
var expected = ['Hello', 'plain'];
equal(socket.extensions, '', 'extensions while connecting');
socket.onopen = function () {
    equal(socket.extensions, agreed, 'extensions');
};
socket.onmessage = function (event) {
    equal(event.data, expected.shift(), 'message');
    if (expected.length === 0) socket.close();
};
socket.onclose = function (event) {
    equal(event.wasClean, true, 'clean');
    equal(socket.extensions, agreed, 'extensions at the end');
    passed();
};
