// The server sends 131073 bytes: the connection ends with an error, and no part of the message is delivered.
var socket = open();
var failed = false;
socket.onmessage = function () { throw new Error('a message'); };
socket.onerror = function () { failed = true; };
socket.onclose = function (event) {
    equal(failed, true, 'error was fired before close');
    equal(event.wasClean, false, 'wasClean');
    passed();
};
