// Each exception of a handler is reported, and the other events still come.
var received = 0;
var other = open();
other.onopen = function () {
    var socket = open();
    socket.onopen = function () {
        socket.send('one');
        socket.send('two');
        throw new Error('open on purpose');
    };
    socket.addEventListener('message', function (event) { throw new Error(event.data + ' on purpose'); });
    socket.addEventListener('message', function () { if (++received === 2) socket.close(); });
    socket.onclose = function () {
        other.send('after');
        throw new Error('close on purpose');
    };
};
other.onmessage = function (event) {
    equal(event.data, 'after', 'message on the other socket');
    other.close();
    passed();
};
