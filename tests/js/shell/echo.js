// Strings and buffers of all kinds are echoed; then the close is clean.
var buffer = new Uint8Array([0, 1, 2, 253, 254, 255]).buffer;
var texts = ['hello', '', 'a\0b', '\u00e9\u4e2d\ufeff', '\ud83d\ude00 \udbff\udfff', '\ud800'];
var answers = texts.slice(0, 5).concat('\ufffd');
var binaries = [
    buffer, new ArrayBuffer(0), new Uint8Array(buffer, 1, 3), new Uint16Array(buffer, 2, 2), new DataView(buffer, 4)
];
var contents = ['0 1 2 253 254 255', '', '1 2 253', '2 253 254 255', '254 255'];

var socket = open();
var order = [];
socket.onopen = function (event) {
    order.push(event.type);
    equal(socket.readyState, WebSocket.OPEN, 'readyState');
    equal(socket.url, url, 'url');
    texts.concat(binaries).forEach(function (data) { socket.send(data); });
};
socket.onmessage = function (event) {
    if (typeof event.data === 'string') equal(event.data, answers.shift(), 'text');
    else equal(bytes(event.data), contents.shift(), 'binary');
    if (answers.length + contents.length === 0) socket.close(3000, 'd\u00e9j\u00e0 vu');
};
socket.onclose = function (event) {
    equal(order.join(), 'open', 'events before close');
    equal(event.code, 3000, 'code');
    equal(event.reason, 'd\u00e9j\u00e0 vu', 'reason');
    equal(event.wasClean, true, 'wasClean');
    passed();
};
equal(socket.readyState, WebSocket.CONNECTING, 'readyState');
