"""HTTP: one request in, one answer out. What an endpoint means stands in the api modules."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import json
import re
import select
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
from tornado.httputil import HTTPServerRequest

from . import VERSION, clock, digits, gojson
from .errors import BadParameter

API_VERSION, MIN_API_VERSION = "1.51", "1.24"
JSON, TEXT, TAR = "application/json", "text/plain; charset=utf-8", "application/x-tar"
RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"
OURS = {
    "Server": f"Practice/{VERSION} (linux)",
    "Api-Version": API_VERSION,
    "Docker-Experimental": "false",
    "Ostype": "linux",
}

_NAMED_IN_ERRORS = ("container.ExecOptions", "container.ExecStartOptions", "container.UpdateConfig")
_FALSE = ("", "0", "no", "false", "none")
_GATHERED = 1 << 16
threads = concurrent.futures.ThreadPoolExecutor(64, "stream")


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # {name} takes anything, slashes too
    endpoint: Callable[[Call], Any]  # a coroutine where it waits for something
    takes_file: bool = False  # the body goes to a file, not to memory

    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.*)", self.path))


@dataclass
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = JSON


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, route.pattern()) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route, pattern in self._routes:
            if route.method in (method, "*") and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


class Call:
    """One request, as an endpoint sees it."""

    def __init__(self, handler: Any, engine: Any, version: str, names: dict[str, str]) -> None:
        self._handler = handler
        self.engine = engine
        self.version = number(version)
        self.names = names
        self.request: HTTPServerRequest = handler.request
        self.answered = False

    def __getitem__(self, name: str) -> str:
        return self.names[name]

    # the query

    def text(self, name: str, default: str = "") -> str:
        values = self.request.query_arguments.get(name)
        return values[0].decode("utf-8", "replace") if values else default

    def texts(self, name: str) -> list[str]:
        return [value.decode("utf-8", "replace") for value in self.request.query_arguments.get(name, [])]

    def has(self, name: str) -> bool:
        return name in self.request.query_arguments

    def flag(self, name: str, default: bool = False) -> bool:
        if not self.has(name):
            return default
        return self.text(name).strip().lower() not in _FALSE

    def whole(self, name: str) -> int | None:
        """An integer, or None when the parameter is not there."""
        value = self.text(name)
        if not value:
            return None
        return digits.whole(value)

    # the body

    @property
    def file(self) -> IO[bytes]:
        return self._handler.body_file

    def body(self) -> bytes:
        return self._handler.body

    def json(self, shape: gojson.Shape, name: str) -> dict | None:
        """The body after its shape; None for `null`. An empty body raises as Docker does."""
        self._check_content_type()
        prefix = name.rpartition(".")[2] if name in _NAMED_IN_ERRORS else ""
        return gojson.read(self.body(), shape, name, prefix)

    def json_or_nothing(self, shape: gojson.Shape, name: str) -> dict:
        """As `json`, but an empty body says nothing."""
        if not self.body().strip():
            return gojson.struct({}, shape, "", name)
        return self.json(shape, name) or gojson.struct({}, shape, "", name)

    def _check_content_type(self) -> None:
        if not self.body():
            return
        given = self.request.headers.get("Content-Type", "")
        kind = given.partition(";")[0].strip().lower()
        if not kind:
            raise BadParameter(f"malformed Content-Type header ({given}): mime: no media type")
        if kind != JSON:
            raise BadParameter(f"unsupported Content-Type header ({kind}): must be 'application/json'")

    # answers in pieces

    async def begin(self, kind: str, status: int = 200) -> None:
        """The head at once; pieces follow."""
        self.answered = True
        await self._handler.begin(kind, status)

    async def write(self, data: bytes) -> None:
        await self._handler.send_piece(data)

    async def write_json(self, value: Any) -> None:
        await self.write(dump(value))

    async def gone(self) -> None:
        """Returns when the client has gone away."""
        await self._handler.gone.wait()

    async def until_gone(self, work: Awaitable[Any]) -> Any:
        """The work's result, or None when the client went away first."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self.gone())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for item in (task, gone):
                item.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def stream_from(
        self, write_all: Callable[[Any], None], kind: str = TAR, headers: dict[str, str] | None = None
    ) -> None:
        """What a blocking function writes to the file it is given, sent by a thread as it comes."""
        self.answered = True
        await self._handler.send_from_thread(write_all, {"Content-Type": kind, **(headers or {})})

    # a connection of its own

    @property
    def wants_upgrade(self) -> bool:
        return bool(self.request.headers.get("Upgrade"))

    async def hijack(self, *, tty: bool) -> Hijacked:
        kind = RAW_STREAM
        if self.wants_upgrade and not tty and self.version >= (1, 42):
            kind = MULTIPLEXED_STREAM
        start_line = "HTTP/1.1 101 UPGRADED" if self.wants_upgrade else "HTTP/1.1 200 OK"
        asked = {"Connection": "Upgrade", "Upgrade": self.request.headers["Upgrade"]} if self.wants_upgrade else {}
        return await self.take_over(start_line, {"Content-Type": kind, **asked, **OURS})

    async def take_over(self, start_line: str, headers: dict[str, str]) -> Hijacked:
        """The connection, behind this head. Raises StreamClosedError when the client has gone already."""
        self.answered = True
        return await self._handler.hijack(start_line, headers)


class Hijacked:
    """The connection without HTTP: bytes both ways, and each side can end by itself."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, early: bytes, *, cut: bool = False
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._early = early
        self._cut = cut

    async def read(self) -> bytes:
        if self._early:
            data, self._early = self._early, b""
            return data
        try:
            return await self._reader.read(65536)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the other side is gone."""
        self._writer.write(half(data) if self._cut else data)
        await self._writer.drain()
        if self._cut:
            raise ConnectionAbortedError

    async def hung_up(self) -> None:
        """Returns when the other side has closed altogether; a half-close is not that."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        if not hasattr(select, "epoll"):
            await asyncio.Event().wait()
        loop = asyncio.get_running_loop()
        hup = loop.create_future()
        with select.epoll() as poll:
            poll.register(sock.fileno(), 0)
            loop.add_reader(poll.fileno(), lambda: None if hup.done() else hup.set_result(None))
            try:
                await hup
            finally:
                loop.remove_reader(poll.fileno())

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError, TimeoutError, asyncio.TimeoutError):
            await clock.within(5, self._writer.wait_closed())


class Download:
    """A file that is the body of an answer. Small writes are gathered, big ones go out as they are."""

    def __init__(self, sock: socket.socket, head: bytes, *, chunked: bool, cut: bool = False) -> None:
        self._sock = sock
        self._gathered = bytearray()
        self._chunked = chunked
        self._cut = cut
        self._position = 0
        sock.sendall(head)

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes) -> int:
        self._position += len(data)
        if len(data) >= _GATHERED:
            self._flush()
            self._send(data)
        else:
            self._gathered += data
            if len(self._gathered) >= _GATHERED:
                self._flush()
        return len(data)

    def finish(self) -> None:
        self._flush()
        if self._chunked:
            self._sock.sendall(b"0\r\n\r\n")

    def _flush(self) -> None:
        data, self._gathered = self._gathered, bytearray()
        if data:
            self._send(data)

    def _send(self, data: bytes | bytearray) -> None:
        if self._chunked:
            self._sock.sendall(b"%x\r\n" % len(data))
        if self._cut:
            self._sock.sendall(half(data))
            raise ConnectionAbortedError
        self._sock.sendall(data)
        if self._chunked:
            self._sock.sendall(b"\r\n")


def half(data: bytes | bytearray) -> bytes:
    return bytes(data[: len(data) // 2])


def dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a number of more than 64 bits, the name of a file that is no UTF-8
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
        return gojson.scalars(text).encode()


def encoded_stat(value: dict) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
