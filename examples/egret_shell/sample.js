// The sample of Egret's documentation, except that host and port are parameters.
var socket = new egret.WebSocket();
socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, onReceiveMessage, this);
socket.addEventListener(egret.Event.CONNECT, onSocketOpen, this);
socket.connect(host, port);

function onSocketOpen() {
    var cmd = "Hello Egret WebSocket";
    console.log("The connection is successful, send data: " + cmd);
    socket.writeUTF(cmd);
}

function onReceiveMessage(e) {
    var msg = socket.readUTF();
    console.log("Receive data:" + msg);
}
