// An echo server over TLS with Node's `ws`, on the listening socket that is descriptor 3.
//
// usage: ws_echo.js CHAIN KEY        `ws` is in NODE_PATH
//
// When it receives the message "close", it closes with 4001.
"use strict";

const fs = require("node:fs");
const https = require("node:https");
const { WebSocketServer } = require("ws");

const [chain, key] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const server = https.createServer({ cert: chain, key });
new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
        if (!isBinary && data.toString() === "close") {
            socket.close(4001, "as told");
        } else {
            socket.send(data, { binary: isBinary });
        }
    });
});
server.listen({ fd: 3 });
