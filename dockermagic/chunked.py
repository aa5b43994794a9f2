"""The body of an answer in chunks, taken apart: bytes in, payload out, no input or output of its own.

An engine writes each frame of a log as a chunk of its own (RFC 9112, section 7.1), so a log of short lines has
millions. http.client reads each by itself; here one reading of the socket brings thousands.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 1 << 16  # bytes of a line that is no payload, and of all trailers together
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
CRLF = b"\r\n"
BETWEEN = -1


class Chunked:
    """Takes bytes as they arrive.

    Attributes:
        ended: the last chunk has come, and the trailers behind it.
        beyond: how many bytes came after that; they belong to no answer that was asked for.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._left = BETWEEN  # bytes of a chunk that are still to come; 0: its end is
        self._trailers = BETWEEN  # bytes of trailers so far
        self.ended = False
        self.beyond = 0

    def feed(self, data: bytes) -> bytes:
        """The payload that `data` brings. Raises ValueError at something that is no chunk."""
        data = self._rest + data if self._rest else data
        parts: list[bytes] = []
        keep, find, left, at, end = parts.append, data.find, self._left, 0, len(data)
        while self._trailers == BETWEEN:
            if left == BETWEEN:
                line = find(CRLF, at, at + LONGEST)
                if line < 0:
                    break
                left, at = _size(data[at:line]), line + 2
                if not left:
                    self._trailers = 0
                    break
            stop = at + left
            if stop + 2 > end:
                keep(data[at:stop])
                left, at = max(stop - end, 0), min(stop, end)
                break
            if data[stop : stop + 2] != CRLF:
                raise ValueError(f"a chunk of {left} bytes has no end")
            keep(data[at:stop])
            left, at = BETWEEN, stop + 2
        self._left, self._rest = left, data[at:]
        if self._trailers != BETWEEN:
            self._trail()
        elif len(self._rest) >= LONGEST:
            raise ValueError("a chunk has a size line without an end")
        return b"".join(parts)

    def _trail(self) -> None:
        """Pass over the trailers, to the empty line behind them."""
        while not self.ended:
            line, newline, rest = self._rest.partition(CRLF)
            self._trailers += len(line)
            if self._trailers > LONGEST:
                raise ValueError("there is no end of trailers")
            if not newline:
                self._trailers -= len(line)
                return
            self.ended, self._rest = not line, rest
        self.beyond += len(self._rest)
        self._rest = b""


@lru_cache(4096)
def _size(line: bytes) -> int:
    found = SIZE.fullmatch(line)
    if not found:
        raise ValueError(f"no chunk starts with {line[:20]!r}")
    return int(found[1], 16)
