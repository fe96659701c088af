// Tests how connections of egret.WebSocket fail and end: the order of the events, the value of `connected` in them, and their data.
// `each` runs a test on each kind of native socket. `ofEngines()` starts the game with each of the engine's modules. `after(call)`
// starts it with our module, which is loaded after `call(egret)`.
"use strict";

const assert = require("assert");
const test = require("node:test");

// The data of an event is an object of the engine's realm.
const plain = data => ({ ...data });

// The events of a game that records `connected` and the data for each event.
function record(it) {
    const trace = [];
    for (const type of ["connect", "ioError", "close"]) {
        it.on[type] = event => trace.push([type, it.socket.connected, event.data && plain(event.data)]);
    }
    return trace;
}

module.exports = ({ each, ofEngines, after }) => {
    const LOST = { error: -33, message: "end of stream" };
    const KICK = { code: 4001, reason: "kicked \u8e22", wasClean: true };

    each("a lost connection, with an error first: connected is false in ioError, and connecting from there works", it => {
        const native = it.connected();
        it.on.ioError = () => {
            assert.strictEqual(it.socket.connected, false);
            it.socket.connect("h", 2);
            assert.strictEqual(it.latest().url, "ws://h:2");
        };
        native.fail();
        assert.deepStrictEqual(it.events.splice(0), ["ioError", "close"]);
        it.latest().open();
        assert.strictEqual(it.socket.connected, true);
        assert.strictEqual(it.natives.length, 2);
        assert.deepStrictEqual(it.events, ["connect"]);
    });

    each("a lost connection, without an error: close alone, and connecting from there works", it => {
        const native = it.connected();
        it.on.close = () => {
            assert.strictEqual(it.socket.connected, false);
            it.socket.connect("h", 2);
        };
        native.end();
        assert.deepStrictEqual(it.events.splice(0), ["close"]);
        it.latest().open();
        assert.strictEqual(it.socket.connected, true);
    });

    each("a game that connects in ioError and in close gets one new connection, for both forms of a loss", it => {
        for (const lose of [native => native.fail(), native => native.end()]) {
            it.on = {};
            const native = it.connected();
            it.on.ioError = it.on.close = () => it.socket.connect("h", 2);
            const before = it.natives.length;
            lose(native);
            assert.strictEqual(it.natives.length, before + 1);
            it.latest().open();
            assert.strictEqual(it.socket.connected, true);
            it.on = {};
            it.latest().end();
        }
    });

    each("an error of a socket without readyState does not close an open connection", it => {
        const native = it.connected();
        native.readyState = undefined;
        native.error();
        assert.strictEqual(it.socket.connected, true);
        native.end();
        assert.strictEqual(it.socket.connected, false);
        assert.deepStrictEqual(it.events, ["ioError", "close"]);
    });

    each("close is the last event of a connection and is delivered once, with or without an error, in each state", it => {
        for (const prepare of [() => {}, native => native.open(), (native, socket) => socket.close(),
            (native, socket) => { native.open(); socket.close(); }]) {
            for (const finish of ["fail", "end"]) {
                it.socket.connect("h", 1);
                prepare(it.latest(), it.socket);
                it.events.length = 0;
                it.latest()[finish]();
                assert.strictEqual(it.events.filter(type => type === "close").length, 1);
                assert.strictEqual(it.events[it.events.length - 1], "close");
                assert.strictEqual(it.socket.connected, false);
            }
        }
    });

    each("ioError has a message about the failure, also if the native socket has none", it => {
        const messages = [];
        it.on.ioError = ({ data }) => messages.push(data.message);
        it.socket.connect("h", 1);
        it.latest().fail();
        const native = it.connected();
        native.error();
        native.fail();
        assert.deepStrictEqual(messages, ["cannot connect", "a message was not sent", "the connection was lost"]);
    });

    each("the number of an error is in its data", it => {
        const trace = record(it);
        it.socket.connect("h", 1);
        it.latest().fail(LOST);
        assert.strictEqual(trace[0][2].error, -33);
    });

    each("the end of a connection is in the data of close", it => {
        const trace = record(it);
        it.socket.connect("h", 1);
        it.latest().open();
        it.latest().end(KICK);
        const isStandard = it.kind === "WebSocket"; // egret_native reports no code
        const end = isStandard ? KICK : { code: 1006, reason: "", wasClean: false };
        assert.deepStrictEqual(trace, [["connect", true, undefined], ["close", false, end]]);
    });

    each("a game can distinguish a kick from a lost connection", it => {
        if (it.kind !== "WebSocket") return;
        const decisions = [];
        it.on.close = ({ data }) => decisions.push(data.code >= 4000 ? "login screen" : "connect again");
        for (const end of [KICK, {}]) {
            it.connected().end(end);
        }
        assert.deepStrictEqual(decisions, ["login screen", "connect again"]);
    });

    each("the data is kept after the dispatch, for a game that reads the event later", it => {
        const kept = [];
        it.on.ioError = it.on.close = event => kept.push(event);
        it.socket.connect("h", 1);
        it.latest().fail(LOST, KICK);
        it.connected().end();
        assert.deepStrictEqual(kept.map(({ type, data }) => [type, Object.keys(data).join()]),
            [["ioError", "error,message"], ["close", "code,reason,wasClean"], ["close", "code,reason,wasClean"]]);
    });

    each("handlers work without an event argument, because some runtimes pass none", it => {
        if (it.kind !== "WebSocket") return;
        const trace = record(it);
        it.socket.connect("h", 1);
        it.latest().onerror();
        it.latest().onclose();
        assert.deepStrictEqual(trace, [
            ["ioError", false, { error: 0, message: "cannot connect" }],
            ["close", false, { code: 1006, reason: "", wasClean: false }],
        ]);
    });

    each("events have a readable string form, and are of the engine's classes", it => {
        const { egret } = it;
        const printed = [];
        const classes = [];
        it.on.connect = it.on.socketData = it.on.ioError = it.on.close = event => {
            printed.push(`${event}`);
            classes.push([egret.getQualifiedClassName(event), egret.is(event, "egret.Event"),
                event instanceof egret.IOErrorEvent, event instanceof egret.ProgressEvent]);
        };
        it.socket.connect("h", 1);
        it.latest().open();
        it.latest().message("x");
        it.latest().fail({ error: -33, message: "" });
        assert.deepStrictEqual(printed, [
            '[egret.Event type="connect"]',
            '[egret.ProgressEvent type="socketData"]',
            '[egret.IOErrorEvent type="ioError" error=-33 message="the connection was lost"]',
            '[egret.Event type="close" code=1006 reason="" wasClean=false]',
        ]);
        assert.deepStrictEqual(classes, [
            ["egret.Event", true, false, false], ["egret.ProgressEvent", true, false, true],
            ["egret.IOErrorEvent", true, true, false], ["egret.Event", true, false, false],
        ]);
        assert.strictEqual(`${new egret.Event("x")}`, "[object Object]", "the engine's own events are not changed");
    });

    test("the engine and the module have separate pools of events, also if the engine's pool exists before the module", () => {
        const it = after(egret => egret.ProgressEvent.dispatchProgressEvent(new egret.EventDispatcher(), "progress"));
        const printed = [];
        it.on.socketData = event => printed.push(`${event}`);
        const native = it.connected();
        native.message("x");
        native.message("y");
        it.egret.ProgressEvent.dispatchProgressEvent(it.socket, "socketData");
        assert.deepStrictEqual(printed,
            ['[egret.ProgressEvent type="socketData"]', '[egret.ProgressEvent type="socketData"]', "[object Object]"]);
    });

    each("a runtime that reconnects by itself: connected is false meanwhile, and connect is dispatched again", it => {
        if (it.kind !== "WebSocket") return;
        const native = it.connected();
        native.retry();
        assert.strictEqual(it.socket.connected, false);
        it.socket.writeUTF("lost");
        assert.deepStrictEqual([it.takeWarnings(), native.sent], [[3101], []]);
        it.socket.connect("h", 2);
        assert.strictEqual(it.natives.length, 1, "the socket is connecting");
        native.open();
        assert.strictEqual(it.socket.connected, true);
        native.retry();
        it.socket.close();
        native.end();
        assert.deepStrictEqual(it.events, ["connect", "close"]);
    });

    each("connect reports that it needs a host if it gets a URL", it => {
        for (const [host, begin] of [["ws://h", "ws://"], ["wss://h:1/p?token=1", "wss://"], ["HTTP://h", "HTTP://"], [" ws://h", "ws://"]]) {
            assert.throws(() => it.socket.connect(host, 80), ({ message }) => message.includes("connectByUrl")
                && message.includes(`begins with "${begin}"`) && !message.includes("token"));
        }
        assert.strictEqual(it.natives.length, 0);
        it.socket.connect("h", 1);
        assert.strictEqual(it.latest().url, "ws://h:1");
    });

    test("the engine's modules: connected is true in ioError of a lost connection, there is no data, and a URL is accepted as host", () => {
        for (const it of ofEngines()) {
            const trace = record(it);
            it.socket.connect("ws://h", 1);
            assert.strictEqual(it.latest().url, "ws://ws://h:1");
            it.latest().open();
            it.latest().fail(LOST, KICK);
            assert.deepStrictEqual(trace, [["connect", true, undefined], ["ioError", true, undefined], ["close", false, undefined]]);
        }
    });

    test("an empty text message is empty text in the module of 5.2.18, and a TypeError in that of 5.4", () => {
        const [of52, of54] = ofEngines();
        of52.connected().message("");
        assert.deepStrictEqual([of52.events, of52.socket.readUTF()], [["socketData"], ""]);
        const native = of54.connected();
        assert.throws(() => native.message(""), { name: "TypeError" });
    });
};
