// A dead port: error, then close, from the poll; from the close handler a new socket to a live one.
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
