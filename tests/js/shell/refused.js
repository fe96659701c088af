// Invalid arguments throw, or cause an error in the poll, and no socket remains.
['ftp://h/', 'ws://', 'ws://h/#f', 'ws://h/\ud800#'].forEach(function (bad) {
    try {
        new WebSocket(bad);
    } catch (exception) {
        equal(exception.name, 'SyntaxError', bad);
        return;
    }
    throw new Error(bad + ' was not refused');
});
equal(new WebSocket('http://127.0.0.1:1?q=\u4e2d').url, 'ws://127.0.0.1:1/?q=%E4%B8%AD', 'url');
equal(open('ws://[::1]:1').url, 'ws://[::1]:1/', 'url');
var socket = open('ws://127.0.0.1:0/'); // port 0 is invalid: the library refuses it immediately
var failed = false;
socket.onerror = function () { failed = true; };
socket.onclose = function () {
    equal(failed, true, 'error was fired before close');
    passed();
};
equal(failed, false, 'error was fired before the poll');
