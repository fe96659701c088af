// Uses egret_native.WebSocket, the older object.
var socket = new egret_native.WebSocket(url);
var received = [];
socket.onOpen = function () {
    socket.send('');
    socket.send(new Uint8Array([7, 8]));
};
socket.onMessage = function (data) {
    received.push(data);
    if (received.length === 2) socket.close();
};
socket.onClose = function () {
    equal(received[0], '', 'text');
    equal(bytes(received[1]), '7 8', 'binary');
    passed();
};
socket.onError = function (error) { throw new Error('error ' + error); };
