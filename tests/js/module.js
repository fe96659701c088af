// Tests the socket module of this project in the real engine.
// usage: node module.js BUILD     BUILD is the directory in which module_build.sh has built the module and installed the engine
"use strict";

const assert = require("assert");
const { spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const test = require("node:test");
const { bytes, loadEngine, startGame, utf } = require("./module_engine.js");
const { randomGame, randomSource } = require("./module_random.js");

const build = path.resolve(process.argv[2]);
const builder = path.join(__dirname, "module_build.sh");
const { status, error } = spawnSync(builder, [build], { stdio: "inherit", timeout: 50000 });
if (status !== 0) {
    console.error(error || `module_build.sh: ${status}`);
    process.exit(1);
}

const bin = path.join(__dirname, "../../bindings/js/module/bin");
const engines = path.join(build, "node_modules/egret-engine/build/socket/socket.js");
const engines54 = moduleOf54(path.join(build, "socket-5.4.js"));

// npm has no engine newer than 5.2.18, so this is the module of 5.2.18 with all changes that 5.4 made to it.
function moduleOf54(file) {
    const change = (text, [old, changed]) => {
        assert.strictEqual(text.split(old).length, 2, old);
        return text.replace(old, () => changed);
    };
    const module = [
        ['"ws://" + this.host + ":" + this.port',
            'egret.WebSocket.URI + this.host + (this.port != null ? ":" + this.port : "")'],
        ["WebSocket.TYPE_BINARY = ", 'WebSocket.URI = "ws://";\n        WebSocket.TYPE_BINARY = '],
        ["that.thisObject, e.data)", "that.thisObject, e.data ? e.data : e)"],
    ].reduce(change, fs.readFileSync(engines, "utf8"));
    fs.writeFileSync(file, module);
    return file;
}

const game = (modulePath, kind, beforeModule) => startGame(build, modulePath, kind, beforeModule);
const games = {
    each,
    ofEngines: () => [engines, engines54].map(module => game(module, "WebSocket")),
    after: beforeModule => game(path.join(bin, "socket.js"), "WebSocket", beforeModule),
};

// Each test runs with the module and with its minified form, on each kind of native socket.
function each(name, body) {
    for (const file of ["socket.js", "socket.min.js"]) {
        for (const kind of ["WebSocket", "egret_native"]) {
            test(`${name} (${file}, ${kind})`, () => body(game(path.join(bin, file), kind)));
        }
    }
}

require("./module_ends.js")(games);
require("./module_unread.js")(games);

each("has the members of the documented class", it => {
    const { egret, socket } = it;
    assert.strictEqual(egret.WebSocket.TYPE_STRING, "webSocketTypeString");
    assert.strictEqual(egret.WebSocket.TYPE_BINARY, "webSocketTypeBinary");
    assert.strictEqual(socket.type, "webSocketTypeString");
    assert.strictEqual(socket.connected, false);
    assert.strictEqual(socket.URI, "");
    for (const name of "connect connectByUrl close flush writeUTF readUTF writeBytes readBytes".split(" ")) {
        assert.strictEqual(typeof socket[name], "function", name);
    }
    assert.ok(egret.is(socket, "egret.WebSocket"));
    assert.ok(egret.is(socket, "egret.EventDispatcher"));
    assert.strictEqual(egret.getQualifiedClassName(socket), "egret.WebSocket");
    new egret.WebSocket("example.com", 80);
    assert.strictEqual(it.natives.length, 0, "the constructor does not connect");
});

each("the documentation's sample", it => {
    it.on.connect = () => it.socket.writeUTF("Hello Egret WebSocket");
    it.on.socketData = () => it.text = it.socket.readUTF();
    it.socket.connect("echo.websocket.org", 80);
    assert.strictEqual(it.latest().url, "ws://echo.websocket.org:80");
    assert.strictEqual(it.socket.connected, false);
    it.latest().open();
    assert.strictEqual(it.socket.connected, true);
    assert.deepStrictEqual(it.latest().sent, ["Hello Egret WebSocket"]);
    it.latest().message(it.latest().sent[0]);
    assert.strictEqual(it.text, "Hello Egret WebSocket");
    it.socket.close();
    assert.strictEqual(it.latest().closeCalls, 1);
    it.latest().end();
    assert.strictEqual(it.socket.connected, false);
    assert.deepStrictEqual(it.events, ["connect", "socketData", "close"]);
    assert.deepStrictEqual(it.warnings, []);
});

each("the documentation's binary sample", it => {
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    const native = it.connected();
    const written = new it.egret.ByteArray();
    written.writeUTF("Hello Egret WebSocket");
    written.writeBoolean(false);
    written.writeInt(123);
    written.position = 0;
    it.socket.writeBytes(written, 0, written.bytesAvailable);
    assert.strictEqual(native.sent.length, 1);
    native.message(native.sent[0].buffer);
    const read = new it.egret.ByteArray();
    it.socket.readBytes(read);
    assert.strictEqual(read.readUTF(), "Hello Egret WebSocket");
    assert.strictEqual(read.readBoolean(), false);
    assert.strictEqual(read.readInt(), 123);
});

each("connectByUrl passes the URL on unchanged", it => {
    for (const url of ["ws://h:8081", "ws://h:1?x=1", "wss://h/?q=\u540d", "ws://[::1]:9/p", "http://h"]) {
        it.socket.connectByUrl(url);
        assert.strictEqual(it.latest().url, url);
        assert.strictEqual(it.socket.URI, url);
        it.latest().fail();
    }
});

const ADDRESSES = [
    ["ws://", "h", 8080, "ws://h:8080"],
    ["wss://", "h", 443, "wss://h:443"],
    ["wss://", "[::1]", 9, "wss://[::1]:9"],
    ["wss://", "h", "8443", "wss://h:8443"],
    ["ws://", "h", 0, "ws://h:0"],
    ["ws://", "h", null, "ws://h"],
    ["wss://", "h", null, "wss://h"],
    ["wss://", "h", undefined, "wss://h"],
];

each("connect makes its URL from the static URI, the host and the port if there is one", it => {
    assert.strictEqual(it.egret.WebSocket.URI, "ws://");
    for (const [scheme, host, port, url] of ADDRESSES) {
        it.egret.WebSocket.URI = scheme;
        it.socket.connect(host, port);
        assert.strictEqual(it.latest().url, url);
        assert.strictEqual(it.socket.URI, url);
        it.latest().fail();
    }
    it.egret.WebSocket.URI = "wss://";
    it.socket.connectByUrl("ws://whole");
    assert.strictEqual(it.latest().url, "ws://whole");
});

test("the static URI in the module of 5.4", () => {
    for (const [scheme, host, port, url] of ADDRESSES) {
        const it = game(engines54, "WebSocket");
        it.egret.WebSocket.URI = scheme;
        it.socket.connect(host, port);
        assert.strictEqual(it.latest().url, url);
    }
});

each("a static URI that is not ws:// or wss:// is refused, and nothing is connected", it => {
    for (const wrong of ["http://", "wss", "wss:", "WSS://", "wss:// ", "", null, undefined, 1, ["ws://"]]) {
        it.egret.WebSocket.URI = wrong;
        assert.throws(() => it.socket.connect("h", 1), ({ message }) => message.includes("egret.WebSocket.URI is")
            && message.includes(String(JSON.stringify(wrong))) && message.includes('set it to "ws://" or "wss://"'));
    }
    assert.strictEqual(it.natives.length, 0);
    it.egret.WebSocket.URI = "wss://";
    it.socket.connect("h", 1);
    assert.strictEqual(it.latest().url, "wss://h:1");
});

for (const file of [path.join(bin, "socket.js"), path.join(bin, "socket.min.js"), engines54]) {
    test(`a message that a native socket passes without an event is delivered (${path.basename(file)})`, () => {
        const it = game(file, "WebSocket");
        const native = it.connected();
        native.bare("text");
        assert.strictEqual(it.socket.readUTF(), "text");
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        native.bare(bytes(1, 2, 3));
        assert.deepStrictEqual(it.bytesRead(), [1, 2, 3]);
        native.message(bytes(4));
        assert.deepStrictEqual(it.bytesRead(), [4]);
        assert.deepStrictEqual(it.events, ["socketData", "socketData", "socketData"]);
    });
}

each("an empty message is a message, not an event without data", it => {
    const native = it.connected();
    native.message("");
    assert.strictEqual(it.socket.readUTF(), "");
    assert.deepStrictEqual(it.events, ["socketData"]);
});

each("connects once", it => {
    it.socket.connect("a", 1);
    it.socket.connect("b", 2);
    it.socket.connectByUrl("ws://c");
    it.latest().open();
    it.socket.connect("d", 4);
    assert.deepStrictEqual(it.natives.map(native => native.url), ["ws://a:1"]);
    assert.strictEqual(it.socket.URI, "ws://a:1");
});

each("readUTF returns one queued message at a time", it => {
    const native = it.connected();
    native.message("one");
    native.message("two");
    assert.deepStrictEqual([1, 2, 3].map(() => it.socket.readUTF()), ["one", "two", ""]);

    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    native.message(utf("three"));
    native.message(utf("four \u540d"));
    assert.deepStrictEqual([1, 2].map(() => it.socket.readUTF()), ["three", "four \u540d"]);
    assert.throws(() => it.socket.readUTF(), /#1025/);
});

each("readBytes takes exactly the requested bytes, also from several messages", it => {
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    const native = it.connected();
    native.message(bytes(1, 2, 3));
    native.message(bytes(4, 5));
    native.message(bytes(6));
    assert.deepStrictEqual(it.bytesRead(0, 2), [1, 2]);
    assert.throws(() => it.bytesRead(0, 5), /#1025/);
    assert.deepStrictEqual(it.bytesRead(0, 2), [3, 4]);
    assert.deepStrictEqual(it.bytesRead(1), [0, 5, 6]);
    assert.deepStrictEqual(it.bytesRead(), []);
});

each("the unread rest of a message is dropped when the next message arrives", it => {
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    const native = it.connected();
    native.message(bytes(1, 2, 3));
    native.message(bytes(4, 5));
    assert.deepStrictEqual(it.bytesRead(0, 1), [1]);
    native.message(bytes(6));
    assert.deepStrictEqual(it.bytesRead(), [4, 5, 6]);
});

each("empty messages", it => {
    const native = it.connected();
    it.socket.writeUTF("");
    it.socket.flush();
    assert.deepStrictEqual(native.sent, [""]);
    native.message("");
    native.message("x");
    native.message(bytes());
    assert.deepStrictEqual(it.events, ["socketData", "socketData", "socketData"]);
    assert.deepStrictEqual([1, 2, 3].map(() => it.socket.readUTF()), ["", "x", ""]);

    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    native.message(bytes());
    assert.deepStrictEqual(it.bytesRead(), []);
    native.message(bytes());
    native.message(bytes(1));
    assert.deepStrictEqual(it.bytesRead(0, 1), [1]);
    it.socket.writeBytes(new it.egret.ByteArray());
    assert.strictEqual(native.sent[1].length, 0);
});

each("a binary message in the string format", it => {
    const native = it.connected();
    native.message("text");
    native.message(new Uint8Array(Buffer.from("\u540d\ud83d\ude00")).buffer);
    native.message(bytes(0, 255));
    assert.deepStrictEqual(it.events, ["socketData", "socketData", "socketData"]);
    assert.deepStrictEqual([1, 2].map(() => it.socket.readUTF()), ["text", "\u540d\ud83d\ude00"]);
    assert.deepStrictEqual(it.bytesRead(), []);
    assert.deepStrictEqual(it.takeWarnings(), [3102]);
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    assert.deepStrictEqual(it.bytesRead(), [0, 255], "no byte is lost");
});

each("a text message in the binary format waits for the string format", it => {
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    const native = it.connected();
    native.message("text");
    native.message(bytes(7));
    assert.deepStrictEqual(it.bytesRead(), [7]);
    it.socket.type = it.egret.WebSocket.TYPE_STRING;
    assert.strictEqual(it.socket.readUTF(), "text");
});

each("each write is sent immediately, as one message", it => {
    const native = it.connected();
    it.socket.writeUTF("a");
    it.socket.writeUTF("b");
    it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    it.socket.writeUTF("c");
    it.socket.writeBytes(it.byteArray(1, 2, 3, 4), 1, 2);
    it.socket.writeBytes(it.byteArray(1, 2, 3, 4), 3);
    it.socket.flush();
    assert.deepStrictEqual(native.sent,
        ["a", "b", new Uint8Array(utf("c")), new Uint8Array([2, 3]), new Uint8Array([4])]);
});

each("warnings 3101 and 3102", it => {
    const { socket } = it;
    socket.writeUTF("x");
    socket.writeBytes(it.byteArray(1));
    socket.flush();
    assert.deepStrictEqual(it.takeWarnings(), [3101, 3101, 3101]);
    socket.connect("h", 1);
    socket.writeUTF("x");
    assert.deepStrictEqual(it.takeWarnings(), [3101]);
    it.latest().open();
    socket.writeBytes(it.byteArray(1));
    assert.deepStrictEqual(it.bytesRead(), []);
    assert.deepStrictEqual(it.takeWarnings(), [3102, 3102]);
    assert.deepStrictEqual(it.latest().sent, []);
    it.latest().end();
    socket.writeUTF("x");
    assert.deepStrictEqual(it.takeWarnings(), [3101]);
});

each("a failure is ioError, then close, and the socket can connect again", it => {
    it.socket.connect("h", 1);
    it.latest().fail();
    assert.deepStrictEqual(it.events.splice(0), ["ioError", "close"]);
    it.socket.connect("h", 2);
    it.latest().end(); // a native socket that reports no error
    assert.deepStrictEqual(it.events.splice(0), ["close"]);
    assert.throws(() => it.socket.connectByUrl("ws://not valid"), { name: "SyntaxError" });
    it.socket.connect("h", 3);
    it.latest().open();
    assert.strictEqual(it.natives.length, 3);
    assert.deepStrictEqual(it.events, ["connect"]);
    assert.strictEqual(it.socket.URI, "ws://h:3");
});

each("an error does not close an open connection", it => {
    const native = it.connected();
    native.error();
    assert.strictEqual(it.socket.connected, true);
    it.socket.writeUTF("still here");
    assert.deepStrictEqual(native.sent, ["still here"]);
    assert.deepStrictEqual(it.events, ["ioError"]);
});

each("close while connecting", it => {
    it.socket.close();
    it.socket.connect("h", 1);
    it.socket.close();
    it.socket.close();
    assert.strictEqual(it.latest().closeCalls, 1);
    it.socket.connect("h", 2);
    assert.strictEqual(it.natives.length, 1, "no new connection before the close is reported");
    it.on.close = () => it.on.close = it.socket.connect("h", 3);
    it.latest().fail();
    assert.deepStrictEqual(it.events.splice(0), ["close"]);
    assert.strictEqual(it.latest().url, "ws://h:3");
    it.latest().open();
    assert.deepStrictEqual(it.events, ["connect"]);
});

each("close while connecting, on a runtime that still opens the connection", it => {
    it.socket.connect("h", 1);
    it.socket.close();
    it.latest().open();
    assert.strictEqual(it.latest().closeCalls, 2);
    assert.strictEqual(it.socket.connected, false);
    it.latest().end();
    assert.deepStrictEqual(it.events, ["close"]);
});

each("reconnects inside close", it => {
    it.on.close = () => {
        assert.strictEqual(it.socket.connected, false);
        it.socket.connect("h", it.natives.length + 1);
    };
    it.socket.connect("h", 1);
    it.latest().fail();
    it.latest().open();
    it.latest().end();
    it.latest().open();
    it.latest().message("third");
    assert.deepStrictEqual(it.natives.map(native => native.url), ["ws://h:1", "ws://h:2", "ws://h:3"]);
    assert.deepStrictEqual(it.events, ["ioError", "close", "connect", "close", "connect", "socketData"]);
    assert.strictEqual(it.socket.readUTF(), "third");
});

each("reconnects inside ioError, and the close of the failed connection does not affect the new one", it => {
    it.on.ioError = () => it.socket.connect("h", 2);
    it.socket.connect("h", 1);
    it.natives[0].fail();
    assert.deepStrictEqual(it.events.splice(0), ["ioError", "close"]);
    it.natives[0].error();
    it.socket.connect("h", 3);
    assert.strictEqual(it.natives.length, 2, "the second connection has started");
    it.natives[1].open();
    assert.strictEqual(it.socket.connected, true);
});

each("messages received before the close can be read after it", it => {
    const native = it.connected();
    native.message("last words");
    native.end();
    assert.strictEqual(it.socket.readUTF(), "last words");
});

// Returns the work to read `count` messages: the sum of the lengths of the arrays in all calls of these array methods.
function workOfReading(count, type) {
    const it = game(path.join(bin, "socket.js"), "WebSocket");
    const { prototype } = it.egret.WebSocket.constructor("return Array")();
    let work = 0;
    for (const name of ["shift", "splice", "slice", "forEach"]) {
        const method = prototype[name];
        prototype[name] = function (...words) {
            work += this.length;
            return method.apply(this, words);
        };
    }
    const native = it.connected();
    for (let i = 0; i < count; i++) native.message(type === "string" ? "text" : bytes(1, 2));
    if (type !== "string") it.socket.type = it.egret.WebSocket.TYPE_BINARY;
    const before = work;
    for (let i = 0; i < count; i++) {
        if (type === "string") assert.strictEqual(it.socket.readUTF(), "text");
        else assert.deepStrictEqual(it.bytesRead(0, 2), [1, 2]);
    }
    return work - before + 1;
}

test("reading queued messages takes linear work", () => {
    for (const type of ["string", "binary"]) {
        const [few, many] = [workOfReading(500, type), workOfReading(4000, type)];
        assert.ok(many < 12 * few, `eight times as many ${type} messages took ${many} units of work instead of ${few}`);
    }
});

test("the constructor throws without a native socket", () => {
    const { egret } = loadEngine(build, path.join(bin, "socket.js"), "none");
    assert.throws(() => new egret.WebSocket(), /#3100/);
});

test("no message is reordered, lost or duplicated in 100,000 random operations", () => {
    const it = game(path.join(bin, "socket.js"), "WebSocket");
    const { TYPE_STRING, TYPE_BINARY } = it.egret.WebSocket;
    const random = randomSource(2);
    const texts = [];
    let waiting = []; // bytes, each with the number of its message
    let begun = -1; // the message that was read last
    let serial = 0;
    it.socket.type = TYPE_BINARY;
    const native = it.connected();
    for (let step = 0; step < 100000; step++) {
        const what = random(5);
        if (what === 0) {
            texts.push("text " + serial++);
            native.message(texts[texts.length - 1]);
        } else if (what === 1) {
            it.socket.type = TYPE_STRING;
            assert.strictEqual(it.socket.readUTF(), texts.length > 0 ? texts.shift() : "");
            it.socket.type = TYPE_BINARY;
        } else if (what < 4) {
            const message = Array.from({ length: random(6) }, () => ({ step, byte: random(256) }));
            waiting = waiting.filter(({ step }) => step !== begun).concat(message);
            native.message(bytes(...message.map(({ byte }) => byte)));
        } else {
            const count = random(12);
            if (count > waiting.length) {
                assert.throws(() => it.bytesRead(0, count), /#1025/);
                continue;
            }
            const taken = waiting.splice(0, count || waiting.length);
            assert.deepStrictEqual(it.bytesRead(0, count), taken.map(({ byte }) => byte));
            if (taken.length > 0) begun = taken[taken.length - 1].step;
        }
    }
});

// Returns the errors that the engine's own compiler finds in a game.
function problemsOf(game) {
    const engine = path.join(build, "node_modules/egret-engine");
    const ts = require(path.join(engine, "tools/lib/typescript-plus/lib/typescript.js"));
    const files = [path.join(engine, "build/egret/egret.d.ts"), path.join(bin, "socket.d.ts"), game];
    const program = ts.createProgram(files, { noImplicitAny: true });
    return ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
}

test("the engine's own compiler reads the declarations", () => {
    assert.deepStrictEqual(problemsOf(path.join(__dirname, "module_game.ts")), []);
    const wrong = path.join(build, "wrong.ts");
    fs.writeFileSync(wrong, 'egret.WebSocket.URI = "http://";\n');
    const problems = problemsOf(wrong);
    assert.ok(problems.length === 1 && /"http:\/\/".* is not assignable/.test(problems[0]), problems);
});

// Except for the differences that the README lists, every sequence of calls and events has the same effects as with the engine's
// module.
for (const [generation, file] of [["5.2.18", engines], ["5.4", engines54]]) {
    test(`20,000 random steps compared with the engine's module of ${generation}`, () => {
        const is54 = file === engines54;
        const traces = [file, path.join(bin, "socket.js")].map(module => randomGame(game(module, "WebSocket"), 20000, is54));
        for (const type of ["connect", "close", "socketData", "ioError"]) {
            assert.ok(traces[0].filter(entry => entry[0] === type).length > 100, "too few of " + type);
        }
        for (let i = 0; i < traces[0].length; i++) {
            assert.deepStrictEqual(traces[1][i], traces[0][i],
                `entry ${i}, after ${JSON.stringify(traces[0].slice(Math.max(0, i - 8), i))}`);
        }
        assert.strictEqual(traces[1].length, traces[0].length);
    });
}
