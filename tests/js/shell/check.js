// The common part of the scenarios. The test defines `url`. A scenario has succeeded when it has printed "passed".
function equal(found, expected, what) {
    if (found !== expected) throw new Error(what + ': ' + found + ', not ' + expected);
}

function passed() {
    console.log('passed');
}

function open(address) {
    var socket = new WebSocket(address || url);
    socket.binaryType = 'arraybuffer';
    return socket;
}

function bytes(buffer) {
    equal(Object.prototype.toString.call(buffer), '[object ArrayBuffer]', 'kind of data');
    return Array.prototype.join.call(new Uint8Array(buffer), ' ');
}

function repeat(text, count) {
    return new Array(count + 1).join(text);
}
