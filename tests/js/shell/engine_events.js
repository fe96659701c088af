// The events of our socket module: a connection that fails, a message that is too large, and a close.
var socket = new egret.WebSocket();
var log = [];
function record(event) {
    log.push(String(event).replace(/(error=)-\d+ message=".+"/, '$1N message=WORDS') + ' ' + socket.connected);
}
[egret.Event.CONNECT, egret.IOErrorEvent.IO_ERROR, egret.Event.CLOSE].forEach(function (type) {
    socket.addEventListener(type, record, this);
});
socket.addEventListener(egret.IOErrorEvent.IO_ERROR, function () {
    if (socket.connected) socket.writeUTF('small');
    else socket.connect(host, port); // the CLOSE of the other connection is dispatched while this one connects
}, this);
socket.addEventListener(egret.Event.CONNECT, function () {
    socket.writeUTF(repeat('x', 131073));
}, this);
socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, function () {
    log.push(socket.readUTF());
    socket.close();
}, this);
socket.addEventListener(egret.Event.CLOSE, function () {
    if (log.indexOf('small') < 0) return;
    equal(log.join('\n'), [
        '[egret.IOErrorEvent type="ioError" error=N message=WORDS] false',
        '[egret.Event type="close" code=1006 reason="" wasClean=false] false',
        '[egret.Event type="connect"] true',
        '[egret.IOErrorEvent type="ioError" error=N message=WORDS] true',
        'small',
        '[egret.Event type="close" code=1005 reason="" wasClean=true] false'
    ].join('\n'), 'events');
    passed();
}, this);
socket.connectByUrl(dead_url);
