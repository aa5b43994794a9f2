"""A WebSocket over a connection that was taken over (RFC 6455): the same bytes both ways, in frames."""

from __future__ import annotations

import base64
import binascii
import hashlib
from contextlib import suppress
from typing import Any

from .web import TEXT, Hijacked, Reply

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_NORMAL, _PROTOCOL_ERROR = (1000).to_bytes(2, "big"), (1002).to_bytes(2, "big")


def refusal(headers: Any) -> Reply | None:
    """What a handshake that is none is answered with, in Docker's words."""
    asked = headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in headers.get("Connection", "").lower()
    if not asked:
        return Reply(b"not websocket protocol", 400, kind=TEXT)
    if headers.get("Sec-WebSocket-Version") != "13":
        return Reply(b"missing or bad WebSocket Version", 400, {"Sec-WebSocket-Version": "13"}, kind=TEXT)
    try:
        key = base64.b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except binascii.Error:
        key = b""
    return None if len(key) == 16 else Reply(b"mismatch challenge/response", 400, kind=TEXT)


def accepting(headers: Any) -> dict[str, str]:
    """The headers that accept a handshake."""
    proof = base64.b64encode(hashlib.sha1(headers["Sec-WebSocket-Key"].encode() + _MAGIC).digest()).decode()
    return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": proof}


class WebSocket:
    """As `Hijacked`. Their goodbye is the end of their direction, and so is the bare end of it."""

    def __init__(self, connection: Hijacked, *, text: bool = False) -> None:
        self._connection = connection
        self._code = _TEXT if text else _BINARY
        self._rest = b""
        self._left = 0  # of the payload under way
        self._key = b""
        self._at = 0

    async def read(self) -> bytes:
        try:
            while not self._left:
                code, size = await self._frame()
                if code < _CLOSE:
                    self._left = size
                    continue
                payload = self._unmasked(await self._take(size, size))
                if code == _CLOSE:
                    return b""
                if code == _PING:
                    await self._send(_PONG, payload)
            data = await self._take(1, self._left)
        except EOFError:
            return b""
        self._left -= len(data)
        return self._unmasked(data)

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the other side is gone."""
        await self._send(self._code, data)

    async def hung_up(self) -> None:
        await self._connection.hung_up()

    async def close(self) -> None:
        with suppress(ConnectionError):  # where they left first
            await self._send(_CLOSE, _NORMAL)
        await self._connection.close()

    async def _send(self, code: int, data: bytes) -> None:
        size = len(data)
        short, long = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
        await self._connection.write(bytes([0x80 | code, short]) + (size.to_bytes(long, "big") if long else b"") + data)

    async def _frame(self) -> tuple[int, int]:
        """The next frame's code and size; its key is kept. Raises EOFError at the end, and at what is no frame."""
        first, second = await self._take(2, 2)
        size = second & 0x7F
        if not second & 0x80 or first & 0x70 or (first & 0x0F >= _CLOSE and size > 125):
            await self._send(_CLOSE, _PROTOCOL_ERROR)
            raise EOFError
        if long := {126: 2, 127: 8}.get(size, 0):
            size = int.from_bytes(await self._take(long, long), "big")
        self._key, self._at = await self._take(4, 4), 0
        return first & 0x0F, size

    async def _take(self, least: int, most: int) -> bytes:
        while len(self._rest) < least:
            data = await self._connection.read()
            if not data:
                raise EOFError
            self._rest += data
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    def _unmasked(self, data: bytes) -> bytes:
        size, start = len(data), self._at % 4
        self._at += size
        pad = (self._key * (size // 4 + 2))[start : start + size]
        return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


async def accept(call: Any) -> WebSocket:
    """Take a connection over whose handshake was looked at."""
    connection = await call.take_over("HTTP/1.1 101 Switching Protocols", accepting(call.request.headers))
    return WebSocket(connection, text=call.version < (1, 28))
