"""libcurl's WebSocket interface, used through the handles of curl_cffi. The wheel of curl_cffi contains a libcurl with this interface;
the libcurl of Debian 12 is built without it."""
import asyncio
import select

from curl_cffi import Curl, CurlECode, CurlError, CurlInfo, CurlOpt, CurlWsFlag
from measure import Lab

lab = Lab()
UPGRADES = 2
"""With this value of CONNECT_ONLY, libcurl also makes the upgrade."""


class Socket:
    def __init__(self):
        self.curl = Curl()
        self.curl.setopt(CurlOpt.URL, lab.url)
        self.curl.setopt(CurlOpt.PROXY, '')
        self.curl.setopt(CurlOpt.CAINFO, lab.ca)
        self.curl.setopt(CurlOpt.CONNECT_ONLY, UPGRADES)
        self.curl.perform()
        self.fd = self.curl.getinfo(CurlInfo.ACTIVESOCKET)
        self.events = select.poll()
        self.events.register(self.fd)

    def wait(self, events):
        self.events.modify(self.fd, events)
        self.events.poll()

    def send(self, payload, flags=CurlWsFlag.BINARY):
        while payload:
            try:
                sent = self.curl.ws_send(payload, flags)
                payload = memoryview(payload)[sent:] if sent < len(payload) else None
            except CurlError as error:
                if error.code != CurlECode.AGAIN:
                    raise
                self.wait(select.POLLOUT)

    def receive(self):
        parts = []
        while True:
            try:
                part, frame = self.curl.ws_recv()
            except CurlError as error:
                if error.code != CurlECode.AGAIN:
                    raise
                self.wait(select.POLLIN)
                continue
            parts.append(part)
            if frame.bytesleft == 0:
                return part if len(parts) == 1 else b''.join(parts)


async def connect():
    return Socket()


async def exchange(socket):
    if lab.workload:
        socket.send(lab.workload.encode(), CurlWsFlag.TEXT)
    to_send = lab.opened()
    while not lab.done:
        for _ in range(to_send):
            socket.send(lab.stamped())
        to_send = lab.received(socket.receive())


async def close(socket):
    socket.curl.ws_close()
    socket.receive()
    socket.curl.close()


asyncio.run(lab.run(connect, close, exchange))
