// Loads the real Egret engine with a socket module, and with a native WebSocket whose server is the test.
"use strict";

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
    }
    send(message) {
        this.sent.push(typeof message === "string" ? message : new Uint8Array(message.slice(0)));
    }
    close() {
        this.closeCalls++;
    }
    fail() {
        this.error();
        this.end();
    }
}

class Standard extends Native {
    open() {
        this.onopen({ type: "open" });
    }
    message(data) {
        if (typeof data !== "string" && this.binaryType !== "arraybuffer") {
            throw new Error("binaryType is " + this.binaryType);
        }
        this.bare({ type: "message", data });
    }
    // As in runtimes that pass the message itself, without an event.
    bare(message) {
        this.onmessage(message);
    }
    error() {
        this.onerror({ type: "error" });
    }
    end() {
        this.onclose({ type: "close", code: 1006 });
    }
}

class EgretNative extends Native {
    open() {
        this.onOpen();
    }
    message(data) {
        this.onMessage(data);
    }
    error() {
        this.onError(-1);
    }
    end() {
        this.onClose();
    }
}

// build: a directory with the engine in node_modules. kind: the kind of native socket, "WebSocket", "egret_native" or "none".
function loadEngine(build, modulePath, kind) {
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
    run(modulePath);
    return { egret: context.egret, natives, warnings, latest: () => natives[natives.length - 1] };
}

module.exports = { loadEngine };
