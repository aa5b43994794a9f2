"""An engine made of a script: what it answers is said by the test, what it was asked is kept for the test."""

from __future__ import annotations

import json
import shutil
import socketserver
import struct
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

VERSION = {
    "Components": [{"Name": "Engine", "Version": "28.5.2"}],
    "Version": "28.5.2",
    "ApiVersion": "1.51",
    "MinAPIVersion": "1.24",
}
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
RAW = "application/vnd.docker.raw-stream"


class Silence:
    """A step of a body: nothing more comes until the engine is closed."""


class Cut:
    """A step of a body: the connection ends here."""


@dataclass(frozen=True)
class Seen:
    """One request as the server understood it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What must be the same when two clients make the same call."""
        kind = self.headers.get("content-type") if self.body else None
        return (self.method, self.path, self.query, kind, self.body)


@dataclass
class Answer:
    """One scripted answer.

    Attributes:
        status, reason: of the status line.
        body: bytes, or anything for JSON, or None for no body at all.
        headers: added to the answer.
        steps: instead of a body: bytes (each sent as a chunk), `Silence`, `Cut`.
        length: a Content-Length that is not that of the body.
        verbatim: bytes sent instead of an answer of HTTP, before the connection ends.
        silent: nothing is answered.
        early: sent in one piece with the head of an answer whose connection is taken over.
        talk: takes the connection over after the head: is given what the client sends, and where to answer.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    steps: Iterable[Any] | None = None
    reason: str = ""
    length: int | None = None
    verbatim: bytes | None = None
    silent: bool = False
    early: bytes = b""
    talk: Callable[[Any, Any], None] | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def version_string(self) -> str:
        return str(self.server.engine.server_header)

    def address_string(self) -> str:
        return "test"

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def handle_any(self) -> None:
        engine: FakeEngine = self.server.engine
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, self._body())
        engine.requests.append(seen)
        self._send(engine.answer(seen), engine)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def _send(self, answer: Answer, engine: FakeEngine) -> None:
        if answer.silent:
            engine.closing.wait(30)
            self.close_connection = True
            return
        if answer.verbatim is not None:
            self.wfile.write(answer.verbatim)
            self.close_connection = True
            return
        if answer.talk is not None:
            head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
            self.wfile.write(f"HTTP/1.1 {answer.status} UPGRADED\r\n{head}\r\n".encode() + answer.early)
            answer.talk(self.rfile, self.wfile)
            self.close_connection = True
            return
        headers = dict(answer.headers)
        body = answer.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        self.send_response(answer.status, answer.reason or None)
        if answer.steps is not None:
            headers["Transfer-Encoding"] = "chunked"
        elif answer.status not in (204, 304):
            headers["Content-Length"] = str(len(body or b"") if answer.length is None else answer.length)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or answer.status in (204, 304):
            return
        if answer.steps is None:
            self.wfile.write(body or b"")
            self.close_connection = answer.length is not None
            return
        self._steps(answer.steps, engine)

    def _steps(self, steps: Iterable[Any], engine: FakeEngine) -> None:
        for step in steps:
            if isinstance(step, Silence):
                engine.closing.wait(30)
                self.close_connection = True
                return
            if isinstance(step, Cut):
                self.close_connection = True
                return
            self.wfile.write(f"{len(step):x}\r\n".encode() + step + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class _Server(socketserver.ThreadingMixIn):
    daemon_threads = True
    block_on_close = False
    engine: FakeEngine
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[misc]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""


class _UnixServer(_Server, socketserver.UnixStreamServer):
    pass


class _TCPServer(_Server, socketserver.TCPServer):
    allow_reuse_address = True


class FakeEngine:
    """A server on a Unix socket (or, with `tcp`, on a port) that answers as it is told.

    Attributes:
        requests: what was asked, in order.
        host: its address, as in DOCKER_HOST.
    """

    def __init__(self, *, tcp: bool = False, version: Any = VERSION) -> None:
        self.requests: list[Seen] = []
        told = version.get("Version") if isinstance(version, dict) else VERSION["Version"]
        self.server_header = f"Docker/{told if told.isprintable() else '?'} (linux)"  # it would be no header
        self.closing = threading.Event()
        self.routes: dict[tuple[str, str], Any] = {}
        self.otherwise: Any = Answer(404, {"message": "page not found"})
        self.on("GET", "/version", version if isinstance(version, Answer) else Answer(200, version))
        self.on("GET", "/_ping", Answer(200, b"OK", {"Api-Version": "1.51", "Content-Type": "text/plain"}))
        self.folder = tempfile.mkdtemp(prefix="fake.")
        path = str(Path(self.folder) / "e.sock")
        self.server: Any = _TCPServer(("127.0.0.1", 0), _Handler) if tcp else _UnixServer(path, _Handler)
        self.server.engine = self
        self.host = f"tcp://127.0.0.1:{self.server.server_address[1]}" if tcp else f"unix://{path}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.002,), daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        return int(self.server.connections)

    def on(self, method: str, path: str, answer: Answer | Callable[[Seen], Answer]) -> FakeEngine:
        """Say what a call is answered with; `path` is without the version and the query."""
        self.routes[method, path] = answer
        return self

    def answer(self, seen: Seen) -> Answer:
        path = seen.path
        if path.startswith("/v1."):
            path = "/" + path[2:].partition("/")[2]
        found = self.routes.get((seen.method, path), self.otherwise)
        return found(seen) if callable(found) else found

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


def frame(data: bytes, stream: int = 1) -> bytes:
    """One frame of the multiplexed format."""
    return struct.pack(">BxxxL", stream, len(data)) + data
