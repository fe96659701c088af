// A connection by wss to a server with an untrusted certificate: error and close are fired, only in the poll.
var happened = [];
var socket = open();
socket.onopen = function () { happened.push('open'); };
socket.onerror = function (event) {
    happened.push('error');
    equal(/certificate/.test(event.message), true, event.message);
    equal(bytes(socket.tls.certificates[0]).indexOf('48 130 '), 0, 'a sequence of DER');
};
socket.onclose = function (event) {
    equal(happened.join(), 'error', 'events before close');
    equal(event.code, 1006, 'code');
    equal(event.wasClean, false, 'clean');
    passed();
};
equal(happened.length, 0, 'events in the constructor');
