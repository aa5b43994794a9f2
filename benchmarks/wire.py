"""The smallest client that does: http.client on a socket, one connection a call, the same for every engine."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

PATIENCE = 300.0
_PIECE = 1 << 20


class Wrong(Exception):
    """An engine answered with a status that was not to be expected."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Client:
    """`host` as in DOCKER_HOST: unix:///path or tcp://name:port."""

    host: str

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self.host)
        if where.scheme == "unix":
            return _UnixConnection(where.path)
        return http.client.HTTPConnection(where.netloc, timeout=PATIENCE)

    @contextmanager
    def open(self, method: str, path: str, body: Any = None, **query: Any) -> Iterator[http.client.HTTPResponse]:
        """The answer, its body still unread. Raises Wrong for a status of 400 or more."""
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection = self._connection()
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, data, headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise Wrong(f"{method} {path}: {answer.status} {answer.read(500).decode(errors='replace').strip()}")
            yield answer
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> bytes:
        with self.open(method, path, body, **query) as answer:
            return answer.read()

    def json(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return json.loads(self.call(method, path, body, **query))

    def drain(self, path: str, **query: Any) -> int:
        """Read everything as it comes, chunks and frames and all, keep nothing; the number of bytes.

        Past http.client, which would count each chunk, and cost more than some engine does.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        total, room = 0, memoryview(bytearray(_PIECE))
        with self._socket() as sock:
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n".encode())
            head = bytes(room[: sock.recv_into(room)])
            if not head.startswith(b"HTTP/1.1 200"):
                raise Wrong(f"GET {path}: {head[:500].decode(errors='replace')}")
            total = len(head)
            while size := sock.recv_into(room):
                total += size
        return total

    def _socket(self) -> socket.socket:
        connection = self._connection()
        connection.connect()
        return connection.sock
