// Loads the real Egret engine with a socket module and with a native WebSocket. The test acts as the server.
"use strict";

const assert = require("assert");
const fs = require("fs");
const vm = require("vm");

// A native socket. The test calls its methods to act as the server; the two subclasses call handlers in their own way.
class Native {
    constructor(url) {
        if (/ /.test(url)) {
            throw new SyntaxError("bad URL: " + url);
        }
        this.url = url;
        this.sent = [];
        this.closeCalls = 0;
        this.readyState = 0;
    }
    send(message) {
        this.sent.push(typeof message === "string" ? message : new Uint8Array(message.slice(0)));
    }
    close() {
        this.closeCalls++;
    }
    // The end of a connection with an error, in the same order as in a browser.
    fail(failure, end) {
        this.readyState = 3;
        this.error(failure);
        this.end(end);
    }
}

class Standard extends Native {
    open() {
        this.readyState = 1;
        this.onopen({ type: "open" });
    }
    retry() {
        this.readyState = 0;
        this.onretry({ type: "retry" });
    }
    message(data) {
        if (typeof data !== "string" && this.binaryType !== "arraybuffer") {
            throw new Error("binaryType is " + this.binaryType);
        }
        this.bare({ type: "message", data });
    }
    // Some runtimes pass the message itself, without an event.
    bare(message) {
        this.onmessage(message);
    }
    error(failure) {
        this.onerror({ type: "error", ...failure });
    }
    end(end) {
        this.readyState = 3;
        this.onclose({ type: "close", code: 1006, reason: "", wasClean: false, ...end });
    }
}

class EgretNative extends Native {
    open() {
        this.readyState = 1;
        this.onOpen();
    }
    message(data) {
        this.onMessage(data);
    }
    error(failure = { error: -1 }) {
        this.onError(failure.error);
    }
    end() {
        this.readyState = 3;
        this.onClose();
    }
}

// build: a directory with the engine in node_modules. kind: the kind of native socket, "WebSocket", "egret_native" or "none".
// beforeModule: a function that is called with the engine before the module is loaded.
function loadEngine(build, modulePath, kind, beforeModule = () => {}) {
    const natives = [];
    const warnings = [];
    const context = vm.createContext({
        console: { log() {}, error() {}, warn: (...words) => warnings.push(words.join(" ")) },
    });
    const run = path => vm.runInContext(fs.readFileSync(path, "utf8"), context, { filename: path });
    const listed = type => new Proxy(type, {
        construct(target, words) {
            const native = new target(...words);
            natives.push(native);
            return native;
        },
    });
    vm.runInContext("var window = this", context);
    if (kind === "WebSocket") {
        context.WebSocket = listed(Standard);
    } else if (kind === "egret_native") {
        context.egret_native = { WebSocket: listed(EgretNative) };
    }
    run(build + "/node_modules/egret-engine/build/egret/egret.js");
    beforeModule(context.egret);
    run(modulePath);
    return { egret: context.egret, natives, warnings, latest: () => natives[natives.length - 1] };
}

const bytes = (...values) => new Uint8Array(values).buffer;
const utf = text => {
    const encoded = Buffer.from(text);
    return bytes(encoded.length >> 8, encoded.length & 255, ...encoded);
};

// One socket of a game, and the names of the events that it gets. `on` sets the action of the game for an event.
function startGame(build, modulePath, kind, beforeModule) {
    const it = loadEngine(build, modulePath, kind, beforeModule);
    it.kind = kind;
    it.socket = new it.egret.WebSocket();
    it.events = [];
    it.on = {};
    for (const type of ["connect", "close", "socketData", "ioError"]) {
        it.socket.addEventListener(type, function (event) {
            assert.strictEqual(this, it);
            assert.strictEqual(event.target, it.socket);
            it.events.push(type);
            if (it.on[type]) it.on[type](event);
        }, it);
    }
    it.connected = () => {
        it.socket.connect("example.com", 8080);
        it.latest().open();
        it.events.length = 0;
        return it.latest();
    };
    it.byteArray = (...values) => new it.egret.ByteArray(bytes(...values));
    it.bytesRead = (...range) => {
        const target = new it.egret.ByteArray();
        it.socket.readBytes(target, ...range);
        return [...new Uint8Array(target.buffer)];
    };
    it.takeWarnings = () => it.warnings.splice(0).map(text => Number(/#(\d+)/.exec(text)[1]));
    return it;
}

module.exports = { bytes, loadEngine, startGame, utf };
