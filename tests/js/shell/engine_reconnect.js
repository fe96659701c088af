// The port refuses the connection; then the same object connects again inside its CLOSE handler.
var socket = new egret.WebSocket();
var log = [];
socket.addEventListener(egret.IOErrorEvent.IO_ERROR, function () { log.push('ioError'); }, this);
socket.addEventListener(egret.Event.CONNECT, function () {
    log.push('connect');
    socket.writeUTF('again');
}, this);
socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, function () {
    log.push(socket.readUTF());
    socket.close();
}, this);
socket.addEventListener(egret.Event.CLOSE, function () {
    log.push('close');
    if (log.length === 2) socket.connect(host, port);
    else {
        equal(log.join(), 'ioError,close,connect,again,close', 'events');
        passed();
    }
}, this);
socket.connectByUrl(dead_url);
