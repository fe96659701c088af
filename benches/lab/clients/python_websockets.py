"""A client with websockets: its client for asyncio, in uvloop, as its documentation advises for speed."""
import uvloop
from measure import Lab
from websockets.asyncio.client import connect

lab = Lab()


async def open_connection():
    return await connect(lab.url, ssl=lab.ssl, compression=None, proxy=None)


async def exchange(socket):
    if lab.workload:
        await socket.send(lab.workload)
    to_send = lab.opened()
    while not lab.done:
        for _ in range(to_send):
            await socket.send(lab.stamped())
        to_send = lab.received(await socket.recv(decode=False))


async def close(socket):
    await socket.close()


uvloop.run(lab.run(open_connection, close, exchange))
