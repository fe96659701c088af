"""A client with picows in uvloop: its interface calls a listener and delivers frames without a copy. Here each message is one frame."""
import asyncio

import uvloop
from measure import Lab
from picows import WSCloseCode, WSListener, WSMsgType, ws_connect

lab = Lab()
BINARY, CLOSE = WSMsgType.BINARY, WSMsgType.CLOSE


class Client(WSListener):
    def __init__(self):
        self.to_send = 0
        self.is_paused = False
        self.ended = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport):
        self.transport = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == CLOSE:
            transport.disconnect()
            return
        self.to_send += lab.received(frame.get_payload_as_memoryview())
        if self.to_send:
            self.send()
        elif lab.done:
            self.ended.set_result(None)

    def on_ws_disconnected(self, transport):
        if not self.ended.done():
            self.ended.set_exception(ConnectionError('the connection is lost'))

    def send(self):
        while self.to_send and not self.is_paused:
            self.transport.send(BINARY, lab.stamped())
            self.to_send -= 1

    def pause_writing(self):
        self.is_paused = True

    def resume_writing(self):
        self.is_paused = False
        self.send()


async def connect():
    return (await ws_connect(Client, lab.url, ssl_context=lab.ssl))[1]


async def exchange(client):
    if lab.workload:
        client.transport.send(WSMsgType.TEXT, lab.workload.encode())
    client.to_send = lab.opened()
    client.send()
    await client.ended


async def close(client):
    if not client.ended.done():
        client.ended.cancel()
    client.transport.send_close(WSCloseCode.OK)
    await client.transport.wait_disconnected()


uvloop.run(lab.run(connect, close, exchange))
