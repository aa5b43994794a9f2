"""The stream formats of the API, taken apart: bytes in, pieces out, no input or output of their own.

Attach, logs and exec multiplex standard output and standard error on one connection:
`[type, 0, 0, 0, size as four bytes, big-endian] payload`, type 0, 1 or 2
(API reference: ContainerAttach, "Stream format"). With a TTY there is one raw stream.
"""

from __future__ import annotations

import codecs
import json
import re
import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha1
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from .language import say

SPACE = re.compile(r"\s*")

STREAMS = ("stdin", "stdout", "stderr")
HEADER = struct.Struct(">LL")
KINDS = {number << 24: name for number, name in enumerate(STREAMS)}
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
RAW = "application/vnd.docker.raw-stream"
LARGEST = 1 << 28


class Piece(NamedTuple):
    """A run of bytes of one stream, as it came."""

    stream: str
    data: bytes


class Decoder(Protocol):
    """Takes bytes as they arrive and gives pieces; `pending` is what still lacks its end."""

    def feed(self, data: bytes) -> list[Piece]: ...

    @property
    def pending(self) -> int: ...


class Demultiplexer:
    """The framed format. Raises ValueError at a header that cannot be one."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Piece]:
        data = self._rest + data if self._rest else data
        pieces: list[Piece] = []
        at, end, keep, unpack, stream_of = 0, len(data), pieces.append, HEADER.unpack_from, KINDS.get
        while end - at >= 8:
            kind, size = unpack(data, at)
            stream, stop = stream_of(kind), at + 8 + size
            if stream is None or size > LARGEST:
                raise ValueError(say("no stream frame starts with {bytes}", bytes=data[at : at + 8].hex(" ")))
            if stop > end:
                break
            keep(Piece(stream, data[at + 8 : stop]))
            at = stop
        self._rest = data[at:]
        return pieces

    @property
    def pending(self) -> int:
        return len(self._rest)


class Unframed:
    """The raw format: what a terminal would have shown, all of it on standard output."""

    pending = 0

    def feed(self, data: bytes) -> list[Piece]:
        return [Piece("stdout", data)] if data else []


def decoder(content_type: str, tty: bool | None) -> Decoder:
    """The decoder for a stream: by its Content-Type, else by the container's `Config.Tty`."""
    if MULTIPLEXED in content_type:
        return Demultiplexer()
    if tty is None:
        return Unframed() if RAW in content_type else Demultiplexer()
    return Unframed() if tty else Demultiplexer()


WHOLE, BINARY, CLOSE = 0x80, 2, 8
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def proof(key: str) -> str:
    """What a server makes of `Sec-WebSocket-Key`, and answers in `Sec-WebSocket-Accept` (RFC 6455, section 4.2.2)."""
    return b64encode(sha1(key.encode() + MAGIC).digest()).decode()


class WebSocket:
    """The frames of a WebSocket as a server sends them (RFC 6455, section 5.2): bytes in, their payloads out."""

    def __init__(self) -> None:
        self._rest = b""
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """What the frames that are whole by now carry. Raises ValueError at no frame.

        Pings are left unanswered: our direction has ended by then, or is the container's input.
        """
        data, out = self._rest + data, []
        while not self.closed and (found := self._head(data)):
            start, size, code = found
            if len(data) < start + size:
                break
            if code < CLOSE:
                out.append(data[start : start + size])
            self.closed = code == CLOSE
            data = data[start + size :]
        self._rest = data
        return b"".join(out)

    @staticmethod
    def _head(data: bytes) -> tuple[int, int, int] | None:
        """Where the first payload starts, its size, and the frame's code; None where that is still to come."""
        if len(data) < 2:
            return None
        if data[0] & 0x70 or data[1] & 0x80:
            raise ValueError(say("no frame of a server's starts with {bytes}", bytes=data[:2].hex(" ")))
        size, start = data[1], {126: 4, 127: 10}.get(data[1], 2)
        if len(data) < start:
            return None
        return start, int.from_bytes(data[2:start], "big") if start > 2 else size, data[0] & 0x0F


def masked(data: bytes, key: bytes) -> bytes:
    """`data` as one binary frame of a client's: a client must mask what it sends, with four bytes at random."""
    size = len(data)
    code, long = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
    head = bytes([WHOLE | BINARY, WHOLE | code]) + (size.to_bytes(long, "big") if long else b"")
    pad = (key * (size // 4 + 1))[:size]
    payload = (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")
    return head + key + payload


class Lines:
    """Pieces in, whole lines out, kept apart by stream.

    Bytes that are no UTF-8 come out as `\\xNN`, so that nothing is lost and nothing fails.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[bytes]] = {}

    def feed(self, pieces: Iterable[Piece]) -> Iterator[tuple[str, str]]:
        for stream, run in groupby(pieces, itemgetter(0)):  # one decoding for all that came of a stream at once
            data = b"".join([piece for _, piece in run])
            head, newline, tail = data.rpartition(b"\n")
            if not newline:
                if data:
                    self._open.setdefault(stream, []).append(data)
                continue
            if waiting := self._open.pop(stream, None):
                head = b"".join((*waiting, head))
            if tail:
                self._open[stream] = [tail]
            yield from zip(repeat(stream), _texts(head))

    def flush(self) -> Iterator[tuple[str, str]]:
        """The last lines, which had no newline."""
        for stream, parts in self._open.items():
            yield from zip(repeat(stream), _texts(b"".join(parts)))
        self._open = {}


class JsonLines:
    """JSON values one after the other, in lines or without (API reference: SystemEvents, ContainerStats).

    Raises ValueError at something that is no JSON.
    """

    def __init__(self) -> None:
        self._open: list[bytes] = []

    def feed(self, data: bytes) -> list[Any]:
        """The values that are whole by now."""
        head, newline, tail = data.rpartition(b"\n")
        if not newline:
            self._open.append(data)
            return []
        whole = b"".join((*self._open, head))
        self._open = [tail]
        return [each for line in whole.split(b"\n") for each in values(line)]

    def flush(self) -> list[Any]:
        """The last values, which had no newline."""
        rest, self._open = b"".join(self._open), []
        return values(rest)

    @property
    def pending(self) -> int:
        return len(b"".join(self._open).strip())


def values(line: bytes) -> list[Any]:
    """The JSON values on a line. Raises ValueError where there is something else."""
    text, decoder, found, at = line.decode("utf-8", "replace").strip(), json.JSONDecoder(), [], 0
    while at < len(text):
        try:
            each, at = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise ValueError(str(error)) from error
        found.append(each)
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]
    return found


def _texts(lines: bytes) -> list[str]:
    text = codecs.decode(lines, "utf-8", "backslashreplace")
    found = text.split("\n")
    return [line.removesuffix("\r") for line in found] if "\r" in text else found
