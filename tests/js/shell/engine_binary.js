// Uses egret.WebSocket with type = TYPE_BINARY.
var socket = new egret.WebSocket();
socket.type = egret.WebSocket.TYPE_BINARY;
socket.addEventListener(egret.Event.CONNECT, function () {
    var sent = new egret.ByteArray();
    sent.writeInt(-123456);
    sent.writeUTF('na\u00efve \u4e2d');
    sent.writeByte(200);
    socket.writeBytes(sent);
}, this);
socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, function () {
    var received = new egret.ByteArray();
    socket.readBytes(received);
    equal(received.readInt(), -123456, 'int');
    equal(received.readUTF(), 'na\u00efve \u4e2d', 'text');
    equal(received.readUnsignedByte(), 200, 'byte');
    equal(received.bytesAvailable, 0, 'bytes left');
    socket.close();
}, this);
socket.addEventListener(egret.Event.CLOSE, passed, this);
socket.connect(host, port);
