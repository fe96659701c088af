"""An echo server over TLS with Python's `websockets`, on the listening socket that is descriptor 3.

usage: websockets_echo.py CHAIN KEY

When it receives the message "close", it closes with 4001.
"""

import asyncio
import socket
import ssl
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        if message == "close":
            await connection.close(4001, "as told")
        else:
            await connection.send(message)


async def main(chain, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    async with serve(echo, sock=socket.socket(fileno=3), ssl=context) as server:
        await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
