// wss to a server whose certificate nobody vouches for: an error and a close, from the poll only.
var happened = [];
var socket = open();
socket.onopen = function () { happened.push('open'); };
socket.onerror = function (event) {
    happened.push('error');
    equal(/certificate/.test(event.message), true, event.message);
};
socket.onclose = function (event) {
    equal(happened.join(), 'error', 'what came first');
    equal(event.code, 1006, 'code');
    equal(event.wasClean, false, 'clean');
    passed();
};
equal(happened.length, 0, 'events in the constructor');
