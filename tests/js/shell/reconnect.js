// A port that refuses the connection causes error, then close, in the poll. The close handler then opens a socket to the echo server.
var log = [];
var first = open(dead_url);
first.onerror = function () { log.push('error'); };
first.onclose = function (event) {
    equal(log.join(), 'error', 'events before close');
    equal(event.code, 1006, 'code');
    equal(event.wasClean, false, 'wasClean');
    equal(first.readyState, WebSocket.CLOSED, 'readyState');
    var second = open();
    second.onopen = function () { second.close(); };
    second.onclose = function (event) {
        equal(event.wasClean, true, 'wasClean');
        passed();
    };
};
equal(first.readyState, WebSocket.CONNECTING, 'readyState');
