// Tests messages in the format that a game does not read: they stay in the queue, up to a limit.
"use strict";

const assert = require("assert");
const { bytes } = require("./module_engine.js");

const MOST_WAITING = 1 << 20;
const MESSAGE_COST = 64;

module.exports = ({ each }) => {
    each("unread text in the binary format is bounded, and the newest message is kept", it => {
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        const native = it.connected();
        const text = number => `${number}`.padEnd(1000, ".");
        for (let i = 0; i < 3000; i++) native.message(text(i));
        assert.strictEqual(it.warnings.length, 1, "one warning, not one for each message");
        assert.match(it.warnings[0], /old text messages are dropped/);
        it.socket.type = it.egret.WebSocket.TYPE_STRING;
        const kept = Math.floor(MOST_WAITING / (1000 + MESSAGE_COST));
        for (let i = 3000 - kept; i < 3000; i++) assert.strictEqual(it.socket.readUTF(), text(i));
        assert.strictEqual(it.socket.readUTF(), "");
        assert.strictEqual(it.events.length, 3000);
    });

    each("empty messages also count", it => {
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        const native = it.connected();
        const kept = MOST_WAITING / MESSAGE_COST;
        for (let i = 0; i < kept; i++) native.message("");
        assert.deepStrictEqual(it.warnings, []);
        native.message("");
        assert.strictEqual(it.warnings.length, 1);
    });

    each("unread bytes in the string format are bounded by whole messages, and the newest message is kept", it => {
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        const native = it.connected();
        native.message(bytes(9, 8, 7));
        assert.deepStrictEqual(it.bytesRead(0, 1), [9], "the rest of a partly read message is dropped");
        it.socket.type = it.egret.WebSocket.TYPE_STRING;
        for (let i = 0; i < 3000; i++) native.message(bytes(i & 255, ...new Uint8Array(999)));
        assert.match(it.warnings[0], /old binary messages are dropped/);
        assert.strictEqual(it.warnings.length, 1);
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        const kept = Math.floor(MOST_WAITING / (1000 + MESSAGE_COST));
        for (let i = 3000 - kept; i < 3000; i++) assert.strictEqual(it.bytesRead(0, 1000)[0], i & 255);
        assert.deepStrictEqual(it.bytesRead(), []);
    });

    each("messages that arrived before the switch to the binary format are counted once", it => {
        const native = it.connected();
        for (let i = 0; i < 900; i++) native.message("z".repeat(1000));
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        native.message("");
        assert.deepStrictEqual(it.warnings, []);
    });

    each("one message larger than the limit can be read", it => {
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        const text = "x".repeat(2 * MOST_WAITING);
        it.connected().message(text);
        it.socket.type = it.egret.WebSocket.TYPE_STRING;
        assert.strictEqual(it.socket.readUTF(), text);
    });

    each("messages in the format of the game are never dropped", it => {
        const native = it.connected();
        const megabyte = "y".repeat(1 << 20);
        for (let i = 0; i < 4; i++) native.message(megabyte);
        for (let i = 0; i < 4; i++) assert.strictEqual(it.socket.readUTF().length, 1 << 20);
        it.socket.type = it.egret.WebSocket.TYPE_BINARY;
        for (let i = 0; i < 4; i++) native.message(new ArrayBuffer(1 << 20));
        assert.strictEqual(it.bytesRead().length, 4 << 20);
        assert.deepStrictEqual(it.warnings, []);
    });
};
