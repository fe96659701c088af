"""A TLS server that runs a script for each client and reports the client's actions, on the listening socket that is descriptor 3.

usage: peer.py CHAIN KEY VERSION STEP...        VERSION is TLSv1_2 or TLSv1_3

Steps, after the TLS handshake:
    upgrade     read the request and accept it
    send HEX    write these bytes in one call
    raw HEX     send these bytes without encryption
    frame       read one frame
    end         send close_notify, and wait for the client's
    cut         end the TCP connection without close_notify
    listen      read until the client ends the connection

It writes a line for each client: how the client ended its stream (`clean` by close_notify, `cut` without one, `reset`,
the alert it sent, or `-` if the script did not wait for the end) and the bytes that it sent before, in hex, or `-`.
"""

import base64
import hashlib
import os
import socket
import ssl
import sys
import threading

TIME_LIMIT = 10
LENGTHS = {126: 2, 127: 8}


class Client:
    def __init__(self, stream):
        self.stream = stream
        self.received = b""
        self.end = "-"

    def play(self, steps):
        steps = iter(steps)
        for step in steps:
            if step == "upgrade":
                self.upgrade()
            elif step == "send":
                self.stream.sendall(bytes.fromhex(next(steps)))
            elif step == "raw":
                os.write(self.stream.fileno(), bytes.fromhex(next(steps)))
            elif step == "frame":
                self.frame()
            elif step == "end":
                self.stream = self.stream.unwrap()
                self.end = "clean"
            elif step == "cut":
                self.stream.close()
            elif step == "listen":
                while chunk := self.stream.recv(65536):
                    self.received += chunk
                self.end = "clean"
            else:
                sys.exit(f"peer.py: no such step: {step}")

    def read(self, count):
        end = len(self.received) + count
        while len(self.received) < end:
            chunk = self.stream.recv(end - len(self.received))
            if not chunk:
                raise EOFError("close_notify in the middle")
            self.received += chunk
        return self.received[end - count :]

    def upgrade(self):
        while not self.received.endswith(b"\r\n\r\n"):
            self.read(1)
        key = self.received.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.stream.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def frame(self):
        length = self.read(2)[1] & 0x7F
        if length in LENGTHS:
            length = int.from_bytes(self.read(LENGTHS[length]), "big")
        self.read(4 + length)


def serve(context, stream, steps):
    stream.settimeout(TIME_LIMIT)
    client = Client(stream)
    try:
        client.stream = context.wrap_socket(stream, server_side=True, suppress_ragged_eofs=False)
        client.play(steps)
    except (ssl.SSLEOFError, EOFError):
        client.end = "cut"
    except ssl.SSLError as error:
        client.end = error.reason
    except (ConnectionResetError, BrokenPipeError):
        client.end = "reset"
    client.stream.close()
    print(client.end, client.received.hex() or "-", flush=True)


def main(chain, key, version, *steps):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.load_cert_chain(chain, key)
    listener = socket.socket(fileno=3)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=serve, args=(context, stream, steps), daemon=True).start()


main(*sys.argv[1:])
