"""The connections under every call, and the pools that keep them: http.client's and urllib3's, made more careful.

A head that is cut has no end, which http.client does not tell: what came of it counts as the head, and an answer that
says no more of its body counts as an empty one. A log, an export would be empty, and nobody would know.
"""

from __future__ import annotations

import http.client
import traceback
from collections.abc import Callable
from typing import Any

import requests_unixsocket.adapters
import urllib3

from .ssh import Line

SSH_SECONDS = 30.0  # for what is sent before ssh has shaken hands
ENDS = (b"\r\n", b"\n")


class _Head:
    """A file that remembers its last line; all else is the file's."""

    def __init__(self, file: Any) -> None:
        self.file, self.last = file, b""

    def readline(self, *limit: int) -> bytes:
        self.last = bytes(self.file.readline(*limit))
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class Answer(http.client.HTTPResponse):
    """An answer whose head has an end.

    Raises:
        http.client.IncompleteRead: the connection ended before the empty line that ends it.
    """

    def begin(self) -> None:
        file: Any = self.fp
        head: Any = _Head(file)
        self.fp = head
        super().begin()
        if self.fp is head:
            self.fp = file
        if head.last not in ENDS:
            self.close()
            raise http.client.IncompleteRead(head.last)


class _Plain(urllib3.connection.HTTPConnection):
    response_class = Answer


class _TLS(urllib3.connection.HTTPSConnection):
    response_class = Answer


class _Unix(requests_unixsocket.adapters.UnixHTTPConnection):  # type: ignore[misc]
    response_class = Answer

    def connect(self) -> None:
        """Raises OSError where the socket cannot be reached, which closes ours: an error may be kept for long."""
        try:
            super().connect()
        except OSError as error:
            traceback.clear_frames(error.__traceback__)
            raise


class _SSH(urllib3.connection.HTTPConnection):
    """A connection whose socket leads to an ssh process."""

    response_class = Answer

    def __init__(self, *args: Any, dial: Callable[[], Line], **more: Any) -> None:
        super().__init__(*args, **more)
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial()
        self.sock.settimeout(SSH_SECONDS)


class PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLS


class UnixPool(requests_unixsocket.adapters.UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> _Unix:
        return _Unix(self.socket_path, self.timeout)


class SSHPool(urllib3.HTTPConnectionPool):
    """`dial` gives each connection its ssh process."""

    ConnectionCls: Any = _SSH


BY_SCHEME = {"http": PlainPool, "https": TLSPool}
