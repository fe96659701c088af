// Two sockets receive a thousand messages each at the same time, in order, and each message on the correct socket.
var COUNT = 1000, open_sockets = 2;
['a', 'b'].forEach(function (name) {
    var socket = open();
    var next = 0, sent = 0;
    function send() {
        // The messages are sent in portions, so that the send queue never reaches its limit.
        for (var i = 0; i < 100 && sent < COUNT; i++) socket.send(name + sent++);
    }
    socket.onopen = send;
    socket.onmessage = function (event) {
        equal(event.data, name + next++, 'message');
        if (next === COUNT) socket.close();
        else if (next === sent) send();
    };
    socket.onclose = function () {
        equal(next, COUNT, 'messages on ' + name);
        if (--open_sockets === 0) passed();
    };
});
