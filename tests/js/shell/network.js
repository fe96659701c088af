// Uses hooks of the script, addresses, frames and details of a connection. Three exceptions of hooks are reported.
var ends = [];
var names = ['game.test', 'later.test', 'throws.test', 'nowhere.test', 'wrong.test', 'rejects.test'];

function end(text) {
    ends.push(text);
    if (ends.length < names.length + 1) return;
    equal(ends.sort().join(), 'addresses,game.test,later.test,nowhere.test error -30,rejects.test error -30,' +
        'throws.test error -30,wrong.test error -30', 'ends');
    passed();
}

function check(socket, name) {
    socket.onopen = function () {
        equal(socket.remoteAddress, '127.0.0.1:' + port, 'remote');
        equal(socket.localAddress.indexOf('127.0.0.1:'), 0, 'local');
        equal(socket.triedAddresses.length, 1, 'tried');
        equal(socket.triedAddresses[0].address + ' ' + socket.triedAddresses[0].result, '127.0.0.1:' + port + ' connected', 'tried');
        equal(socket.proxy, '', 'proxy');
        equal(socket.tls, null, 'tls');
        equal(socket.cookies.length, 0, 'cookies');
        equal(socket.stats().addressesTried, 1, 'addresses tried');
        socket.send('hello');
    };
    socket.onmessage = function () { socket.close(1000); };
    socket.onerror = function (event) { name += ' error ' + event.error; };
    socket.onclose = function () { end(name); };
}

names.forEach(function (name) { check(open('ws://' + name + ':' + port), name); });
var socket = new WebSocket('ws://addresses.test:1/', [], { addresses: ['127.0.0.1:' + port], frames: true, deflate: false });
check(socket, 'addresses');
var frames = [];
socket.onframe = function (event) {
    frames.push([event.direction, event.opcode, event.isFinal, event.isCompressed, event.length].join(' '));
};
socket.addEventListener('close', function () {
    equal(frames.sort().join(), 'received 1 true false 5,received 8 true false 2,sent 1 true false 5,sent 8 true false 2', 'frames');
});
