// Random operations of games with egret.WebSocket.
"use strict";

const { bytes, utf } = require("./module_engine.js");

function randomSource(seed) {
    return limit => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return (seed >>> 8) % limit;
    };
}

// Runs `steps` random actions of a game and its server, and returns the trace of all effects.
function randomGame(it, steps, is54) {
    const { egret, socket } = it;
    const { TYPE_STRING, TYPE_BINARY } = egret.WebSocket;
    const trace = [];
    const random = randomSource(1);
    const isBinary = () => socket.type === TYPE_BINARY;
    const randomBytes = () => Array.from({ length: random(9) }, () => random(256));
    let phase = "closed";
    let hasBeenBinary = false;
    let reconnects = false;

    for (const type of ["connect", "socketData", "ioError"]) {
        it.on[type] = () => trace.push([type, socket.connected]);
    }
    it.on.close = () => {
        trace.push(["close", socket.connected]);
        phase = "closed";
        if (reconnects) connect();
    };
    const connect = () => {
        if (is54) egret.WebSocket.URI = ["ws://", "wss://"][random(2)];
        socket.connect("h", is54 && random(3) === 0 ? null : random(1000));
        if (phase === "closed") phase = "connecting";
    };
    const setType = type => {
        socket.type = type;
        hasBeenBinary = hasBeenBinary || type === TYPE_BINARY;
    };
    const receive = message => is54 && random(2) ? it.latest().bare(message) : it.latest().message(message);
    const text = () => {
        receive("text " + random(1000));
        const type = socket.type;
        socket.type = TYPE_STRING;
        trace.push(socket.readUTF());
        socket.type = type;
    };
    const binary = () => {
        if (isBinary() && random(2)) {
            receive(bytes(...new Uint8Array(utf("utf " + random(1000))), ...randomBytes()));
            trace.push(socket.readUTF());
        } else {
            const data = randomBytes();
            receive(bytes(...data));
            trace.push(it.bytesRead(random(3), random(data.length + 1)));
        }
    };
    const actions = {
        connect,
        open: () => phase === "connecting" && (phase = "open", it.latest().open()),
        fail: () => phase === "connecting" && it.latest().fail(),
        end: () => phase === "open" && random(4) === 0 && it.latest().end(),
        error: () => phase === "open" && it.latest().error(),
        close: () => phase !== "connecting" && random(4) === 0 && socket.close(),
        reconnects: () => reconnects = random(2) === 0,
        type: () => (hasBeenBinary || random(50) === 0) && setType(random(2) ? TYPE_BINARY : TYPE_STRING),
        text: () => phase === "open" && text(),
        binary: () => phase === "open" && hasBeenBinary && binary(),
        // ByteArray.writeUTF refuses values that are not strings.
        writeUTF: () => socket.writeUTF(["a", "\u540d", "\ud83d\ude00", 42, null][random(isBinary() ? 3 : 5)]),
        writeBytes: () => socket.writeBytes(it.byteArray(...randomBytes()), random(4), random(4)),
        flush: () => socket.flush(),
        readBytes: () => hasBeenBinary || trace.push(it.bytesRead()),
    };
    const names = Object.keys(actions);
    for (let step = 0; step < steps; step++) {
        const name = names[random(names.length)];
        trace.push(name);
        actions[name]();
        trace.push([phase, socket.connected, socket.type, it.natives.length, ...it.takeWarnings()]);
        const native = it.latest();
        if (native) trace.push([native.url, native.closeCalls, ...native.sent.splice(0)]);
    }
    return trace;
}

module.exports = { randomGame, randomSource };
