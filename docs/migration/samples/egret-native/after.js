// Sends a message to a server, prints the answer, and closes.
var socket = new WebSocket(serverUrl);
socket.binaryType = "arraybuffer";
socket.onopen = function () {
    socket.send("Hello Egret WebSocket");
};
socket.onmessage = function (event) {
    console.log("received: " + event.data);
    socket.close(1000);
};
socket.onerror = function (event) {
    console.log("failed: " + event.message);
};
socket.onclose = function (event) {
    console.log("closed: " + event.code);
};
