// A thousand messages each on two sockets at once, in order, and none on the wrong one.
var COUNT = 1000, open_sockets = 2;
['a', 'b'].forEach(function (name) {
    var socket = open();
    var next = 0, sent = 0;
    function send() {
        // In portions, so that the bound on what waits to be sent is not reached.
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
