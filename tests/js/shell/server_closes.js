var socket = open();
socket.onerror = function () { throw new Error('error'); };
socket.onclose = function (event) {
    equal(event.code, 4001, 'code');
    equal(event.reason, 'bye \u4e2d', 'reason');
    equal(event.wasClean, true, 'wasClean');
    passed();
};
