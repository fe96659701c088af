// Shared and resizable memory is refused; detached buffers are sent as empty messages. Kinds that the engine does not have are
// skipped.
function refused(socket, data, what) {
    try {
        socket.send(data);
    } catch (exception) {
        equal(exception instanceof TypeError, true, what);
        return;
    }
    throw new Error(what + ' was sent');
}

function detached(make) {
    var buffer = new ArrayBuffer(16);
    var data = make(buffer);
    if (buffer.transfer) buffer.transfer();
    return data;
}

var socket = open();
var kept = new Uint8Array([1, 2, 3, 4]);
var expected = ['the first'];
socket.onopen = function () {
    var resizable = new ArrayBuffer(8, { maxByteLength: 16 });
    if (resizable.resizable) {
        [resizable, new Uint8Array(resizable), new Float64Array(resizable, 0, 1), new DataView(resizable, 2)]
            .forEach(function (data) { refused(socket, data, 'resizable'); });
    }
    if (typeof SharedArrayBuffer === 'function') {
        var shared = new SharedArrayBuffer(8);
        [shared, new Uint8Array(shared), new DataView(shared, 2)]
            .forEach(function (data) { refused(socket, data, 'shared'); });
    }
    socket.send('the first');
    if (ArrayBuffer.prototype.transfer) {
        [function (buffer) { return buffer; }, function (buffer) { return new Uint16Array(buffer, 2); },
            function (buffer) { return new DataView(buffer, 3, 5); }].forEach(function (make) {
            expected.push('');
            socket.send(detached(make));
        });
    }
    // The glue asks the engine and not the view: the bytes of the view are sent.
    var lies = new Uint8Array(kept.buffer, 0, 2);
    Object.defineProperty(lies, 'byteLength', { value: 4096 });
    Object.defineProperty(lies, 'byteOffset', { value: 2 });
    socket.send(lies);
    expected.push('1 2');
    expected.push('1 2 3 4');
    socket.send(kept);
};
socket.onmessage = function (event) {
    equal(typeof event.data === 'string' ? event.data : bytes(event.data), expected.shift(), 'message');
    if (expected.length === 0) socket.close();
};
socket.onclose = function (event) {
    equal(event.wasClean, true, 'wasClean');
    passed();
};
