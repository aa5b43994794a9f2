"""Messages between engine and shim: a length and JSON; descriptors ride along."""

from __future__ import annotations

import json
import socket
import struct


def pack(message: dict) -> bytes:
    data = json.dumps(message).encode()
    return struct.pack(">I", len(data)) + data


def receive(sock: socket.socket) -> tuple[dict, list[int]]:
    """One message, blocking. The engine itself reads through `Unpacker`."""
    unpacker = Unpacker()
    descriptors: list[int] = []
    while True:
        data, fds, _, _ = socket.recv_fds(sock, 65536, 8)
        if not data:
            raise EOFError("the shim ended")
        descriptors += fds
        for message in unpacker.feed(data):
            return message, descriptors


class Unpacker:
    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[dict]:
        self._buffer += data
        messages = []
        while len(self._buffer) >= 4:
            (length,) = struct.unpack(">I", self._buffer[:4])
            if len(self._buffer) < 4 + length:
                break
            messages.append(json.loads(self._buffer[4 : 4 + length]))
            self._buffer = self._buffer[4 + length :]
        return messages
