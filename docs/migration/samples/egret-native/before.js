// Sends a message to a server, prints the answer, and closes.
var socket = new egret_native.WebSocket(serverUrl);
socket.onOpen = function () {
    socket.send("Hello Egret WebSocket");
};
socket.onMessage = function (message) {
    console.log("received: " + message);
    socket.close();
};
socket.onError = function (error) {
    console.log("failed: " + error);
};
socket.onClose = function () {
    console.log("closed");
};
