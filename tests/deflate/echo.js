// An echo by Node's `ws`, on the listening socket that is descriptor 3.        NODE_PATH has `ws`
//
// The header `Deflate` of a request has the parameters of permessage-deflate for its connection, as JSON; without it there
// is no permessage-deflate. The program prints the negotiated extension as a line.
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const listener = http.createServer();
listener.on("upgrade", (request, stream, head) => {
    const parameters = request.headers.deflate;
    const perMessageDeflate = parameters === undefined ? false : { threshold: 0, ...JSON.parse(parameters) };
    const server = new WebSocketServer({ noServer: true, perMessageDeflate });
    server.on("headers", (headers) => {
        const name = "Sec-WebSocket-Extensions: ";
        console.log((headers.find((header) => header.startsWith(name)) ?? name).slice(name.length));
    });
    server.handleUpgrade(request, stream, head, (socket) => {
        socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
});
listener.listen({ fd: 3 });
