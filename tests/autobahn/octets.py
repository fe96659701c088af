"""Octet strings for the port of the suite to Python 3 (see port3.py).

The suite is written in Python 2: its payloads are `str` whose characters are octets. The port keeps that, with one latin-1 character
per octet. They become `bytes` only where they pass into autobahn, in `Boundary`.
"""
import binascii
import os
import traceback


def to_bytes(data):
    return data.encode('latin-1') if isinstance(data, str) else data


def to_octets(data):
    return bytes(data).decode('latin-1') if isinstance(data, (bytes, bytearray, memoryview)) else data


def b2a_hex(data):
    return binascii.b2a_hex(bytes([data]) if isinstance(data, int) else to_bytes(data)).decode('ascii')


hexlify = b2a_hex


def resource_filename(_package, name):
    return os.path.join(os.path.dirname(__file__), name)


def json_default(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode('utf8', 'replace')
    raise TypeError(repr(value))


class Utf8Validator:
    """autobahn's validator for octet strings."""

    def __init__(self):
        from autobahn.websocket.utf8validator import Utf8Validator as Validator
        self._validator = Validator()

    def reset(self):
        self._validator.reset()

    def validate(self, data):
        return self._validator.validate(to_bytes(data))


class Boundary:
    """A base class before autobahn's protocol class: it converts octet strings to bytes when they are sent."""

    def _onOpen(self):
        try:
            self.onOpen()
        except Exception:  # autobahn 0.10.9 ignores it silently
            traceback.print_exc()
            raise

    def sendFrame(self, opcode, payload=b'', fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        payload = to_bytes(payload)
        if payload_len is not None:  # here autobahn 0.10.9 divides with /, which gives a float
            payload = (payload * (payload_len // len(payload) + 1))[:payload_len]
        super().sendFrame(opcode, payload, fin, rsv, mask, None, chopsize, sync)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None, sync=False, doNotCompress=False):
        super().sendMessage(to_bytes(payload), isBinary, fragmentSize, sync, doNotCompress)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(to_bytes(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        if isReply and isinstance(reasonUtf8, str):
            reasonUtf8 = reasonUtf8.encode('utf8')
        super().sendCloseFrame(code, to_bytes(reasonUtf8), isReply)

    def sendData(self, data, sync=False, chopsize=None):
        super().sendData(to_bytes(data), sync, chopsize)
