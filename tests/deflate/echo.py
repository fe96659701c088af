"""An echo by Python's `websockets`, on the listening socket that is descriptor 3.

The header `Deflate` of a request has the parameters of permessage-deflate for its connection, as JSON; without it there is
no permessage-deflate. The program prints the negotiated extension as a line.
"""

import asyncio
import json
import socket

from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


async def configure(connection, request):
    parameters = request.headers.get("Deflate")
    if parameters is not None:
        connection.protocol.available_extensions = [ServerPerMessageDeflateFactory(**json.loads(parameters))]


async def echo(connection):
    print(connection.response.headers.get("Sec-WebSocket-Extensions", ""), flush=True)
    async for message in connection:
        await connection.send(message)


async def main():
    listener = socket.socket(fileno=3)
    async with serve(echo, sock=listener, compression=None, process_request=configure) as server:
        await server.serve_forever()


asyncio.run(main())
