// The server sends messages with the handshake, and then a wrong frame. Each event is a separate task: a handler that is set after
// `await` gets all messages, and promise jobs run between error and close.
var socket = open();
var log = [];
function note(what) {
    return function (event) {
        log.push(typeof event.data === 'string' ? event.data : what);
        Promise.resolve().then(function () { log.push('job'); });
    };
}
new Promise(function (resolve) { socket.onopen = resolve; }).then(function () {
    socket.onmessage = note('message');
    socket.onerror = note('error');
});
socket.onclose = function () {
    equal(log.join(), 'one,job,two,job,three,job,error,job', 'events and jobs before close');
    passed();
};
