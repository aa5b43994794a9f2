"""A connection that was taken over after the head of an answer: both directions at once, in one thread.

API reference: ContainerAttach, "Hijacking". The engine answers 101 (or 200, where no upgrade was asked for), and from
then on the connection carries standard input one way and the streams the other. One thread serves both, since a
program that echoes what it reads stops reading while nobody takes its output.
"""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress

PIECE = 1 << 18
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
GONE = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError)


class Duplex:
    """Sends `given`, ends that direction, and gives what comes meanwhile and after.

    Args:
        sock: connected; TLS or not.
        early: bytes that came with the head.
        given: what goes to standard input.
        end: whether our direction ends after that.
        seconds: how long nothing may move in either direction; None for ever.
    """

    def __init__(
        self, sock: socket.socket, early: bytes, given: bytes, seconds: float | None, *, end: bool = True
    ) -> None:
        self._sock, self._early, self._left, self._seconds = sock, early, memoryview(given), seconds
        self._fed, self._end = bool(given), end

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they arrive, until the engine ends its direction.

        Raises:
            TimeoutError: nothing moved for so long.
            OSError: the connection broke.
        """
        self._sock.setblocking(False)
        if self._early:
            yield self._early
        with selectors.DefaultSelector() as selector:
            key = selector.register(self._sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while True:
                events = self._wait(selector)
                if events & selectors.EVENT_WRITE and self._sent():
                    selector.modify(key.fileobj, selectors.EVENT_READ)
                if events & selectors.EVENT_READ and (piece := self._received()) is not None:
                    if not piece:
                        return
                    yield piece

    def _wait(self, selector: selectors.BaseSelector) -> int:
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return selectors.EVENT_READ
        for _, events in selector.select(self._seconds):
            return events
        raise TimeoutError("nothing moved")

    def _sent(self) -> bool:
        """Send on; whether that was the last of it. A program that ends before it has read all is no error."""
        try:
            if self._left:
                self._left = self._left[self._sock.send(self._left[:PIECE]) :]
        except NOT_NOW:
            return False
        except GONE:
            self._left = self._left[:0]
        if not self._left and self._end:
            self._half_close()
        return not self._left

    def _received(self) -> bytes | None:
        try:
            return self._sock.recv(PIECE)
        except NOT_NOW:
            return None
        except ConnectionResetError:
            if self._fed:  # the program ended before it had read all
                return b""
            raise

    def _half_close(self) -> None:
        """End our direction. Through TLS without its goodbye (close_notify), which Go would send.

        `SSLSocket.unwrap` sends it, waits for theirs at once, and throws away what comes before that.
        """
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)


def early(reader: object) -> bytes:
    """What a buffered reader has taken from its socket, and nobody has read: nothing more is waited for."""
    peek = getattr(reader, "peek", None)
    try:
        return bytes(peek()) if peek else b""
    except NOT_NOW:
        return b""
