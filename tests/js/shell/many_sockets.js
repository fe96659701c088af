// Opens and closes `sockets_to_open` sockets, 20 at a time, and checks that they are collected. Prints "warm" after the first tenth
// and "passed" at the end. Then it keeps running and collecting, so that the test can measure its memory.
var COUNT = sockets_to_open, AT_ONCE = 20;
var opened = 0, closed = 0;
var sockets = []; // WeakRefs of at most some thousand sockets, because WeakRefs also need memory

function another() {
    if (opened === COUNT) return;
    var socket = open();
    if (opened++ % Math.ceil(COUNT / 5000) === 0) sockets.push(new WeakRef(socket));
    socket.onopen = function () { socket.send('hello'); };
    socket.onmessage = function () { socket.close(); };
    socket.onclose = function (event) {
        equal(event.wasClean, true, 'wasClean');
        if (++closed % 100 === 0) gc();
        if (closed === COUNT / 10) console.log('warm');
        if (closed === COUNT) setTimeout(end, 0, 100);
        else another();
    };
}

// deref() keeps its object alive until the task ends, so a collection and its check are separate tasks. A few sockets may remain,
// because an old pointer on the stack may keep them for some time.
function end(attempts) {
    gc();
    setTimeout(function () {
        var left = sockets.filter(function (socket) { return socket.deref() !== undefined; }).length;
        if (left < AT_ONCE) passed();
        else if (attempts === 0) throw new Error(left + ' closed sockets are not collected');
        else return setTimeout(end, 10, attempts - 1);
        setInterval(gc, 100);
    });
}

for (var i = 0; i < AT_ONCE; i++) another();
