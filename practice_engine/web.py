"""HTTP: one request in, one answer out. What an endpoint means stands in the api modules."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import json
import os
import re
import select
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import quote, unquote

import tornado.web
from tornado.iostream import IOStream, StreamClosedError

from . import VERSION, clock, digits, drills, gojson
from .errors import BadParameter, EngineError, status_of

API_VERSION, MIN_API_VERSION = "1.51", "1.24"
JSON, TEXT, TAR = "application/json", "text/plain; charset=utf-8", "application/x-tar"
RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"
SERVER = f"Practice/{VERSION} (linux)"

_MOST_JSON = 16 << 20
_NAMED_IN_ERRORS = ("container.ExecOptions", "container.ExecStartOptions", "container.UpdateConfig")
_VERSIONED = re.compile(r"/v([0-9]{1,9}(?:\.[0-9]{1,9})*)(/.*)")
_FALSE = ("", "0", "no", "false", "none")
_GATHERED = 1 << 16
_HEAD_PAUSE = 0.005  # docker-py loses what arrives in one read with the head
threads = concurrent.futures.ThreadPoolExecutor(64, "stream")


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # {name} takes anything, slashes too
    endpoint: Callable[[Call], Awaitable[Any]]
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

    def __init__(self, handler: Handler, engine: Any, version: str, names: dict[str, str]) -> None:
        self._handler = handler
        self.engine = engine
        self.version = number(version)
        self.names = names
        self.request = handler.request
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
        self._handler.set_status(status)
        self._handler.set_header("Content-Type", kind)
        await self._handler.flush()

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
        lines = ["HTTP/1.1 101 UPGRADED" if self.wants_upgrade else "HTTP/1.1 200 OK", f"Content-Type: {kind}"]
        if self.wants_upgrade:
            lines += ["Connection: Upgrade", f"Upgrade: {self.request.headers['Upgrade']}"]
        lines += [f"Api-Version: {API_VERSION}", "Docker-Experimental: false", "Ostype: linux", f"Server: {SERVER}"]
        return await self.take_over(lines)

    async def take_over(self, head: list[str]) -> Hijacked:
        """The connection, behind these lines. Raises StreamClosedError when the client has gone already."""
        self.answered = True
        return await self._handler.hijack(head)


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
        self._writer.write(_half(data) if self._cut else data)
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
            self._sock.sendall(_half(data))
            raise ConnectionAbortedError
        self._sock.sendall(data)
        if self._chunked:
            self._sock.sendall(b"\r\n")


def _half(data: bytes | bytearray) -> bytes:
    return bytes(data[: len(data) // 2])


def dump(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:  # the name of a file that is no UTF-8
        return gojson.scalars(text).encode()


@tornado.web.stream_request_body
class Handler(tornado.web.RequestHandler):
    """Finds the route, keeps the body, turns what went wrong into an answer."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def initialize(self, router: Router, engine: Any, life: Any) -> None:
        self._router = router
        self._engine = engine
        self._life = life
        self._route: Route | None = None
        self._names: dict[str, str] = {}
        self._path = ""  # without the version
        self._version = API_VERSION
        self._drill: drills.Drill | None = None
        self._refusal: Reply | None = None
        self._chunks: list[bytes] = []
        self._length = 0
        self.body_file: IO[bytes] = None  # type: ignore[assignment]
        self.gone = asyncio.Event()
        self._counted = False

    def set_default_headers(self) -> None:
        self.clear_header("Content-Type")
        for name, value in (
            ("Server", SERVER),
            ("Api-Version", API_VERSION),
            ("Docker-Experimental", "false"),
            ("Ostype", "linux"),
        ):
            self.set_header(name, value)

    @property
    def body(self) -> bytes:
        return b"".join(self._chunks)

    def prepare(self) -> None:
        self._counted = True
        self._life.request_began()
        path = unquote(self.request.path)
        if "//" in path or "/../" in path or path.endswith("/.."):
            query = f"?{self.request.query}" if self.request.query else ""
            self._refusal = Reply(
                status=301, headers={"Location": quote(os.path.normpath(path).replace("//", "/")) + query}
            )
            return
        match = _VERSIONED.fullmatch(path)
        if match:
            self._version, path = match[1], match[2]
            self._refusal = self._refuse_version(match[1])
        self._path = path
        found = self._router.find(self.request.method or "", path)
        if found is None and self._refusal is None:
            self._refusal = Reply({"message": "page not found"}, 404)
        if found is not None:
            self._route, self._names = found
            if self._route.takes_file and self._refusal is None:
                self.request.connection.set_max_body_size(1 << 50)  # type: ignore[union-attr]
                self.body_file = tempfile.TemporaryFile(dir=self._engine.data)  # noqa: SIM115 closed in on_finish

    def _refuse_version(self, version: str) -> Reply | None:
        if number(version) > number(API_VERSION):
            text = f"client version {version} is too new. Maximum supported API version is {API_VERSION}"
            return Reply({"message": text}, 400)
        if number(version) < number(MIN_API_VERSION):
            text = (
                f"client version {version} is too old. Minimum supported API version is {MIN_API_VERSION}, "
                "please upgrade your client to a newer version"
            )
            if number(version) < (1, 24):
                return Reply(text.encode() + b"\n", 400, kind=TEXT)
        return None

    def data_received(self, chunk: bytes) -> None:
        self._length += len(chunk)
        if self.body_file is not None:
            try:
                self.body_file.write(chunk)
            except OSError as error:
                self._refusal = Reply({"message": f"the body could not be stored: {error.strerror}"}, 500)
        elif self._length <= _MOST_JSON:
            self._chunks.append(chunk)
        else:
            self._refusal = Reply({"message": "http: request body too large"}, 413)
            self._chunks = []

    async def _serve(self) -> None:
        self._serving = True
        call = Call(self, self._engine, self._version, self._names)
        try:
            if await self._spoilt(call):
                return
            if self._refusal is not None or self._route is None:
                await self._answer(self._refusal or Reply(status=404))
                return
            if self.body_file is not None:
                self.body_file.seek(0)
            result = await self._route.endpoint(call)
        except (StreamClosedError, ConnectionError):
            return
        except EngineError as error:
            result = _error(status_of(error), error.message)
        except OSError as error:
            result = _error(500, error.strerror or str(error))
        finally:
            if self._detached:
                self.on_finish()
        with suppress(StreamClosedError):
            if not call.answered:
                await self._answer(result)
            elif self._cuts:
                self.hang_up()
            elif not self._detached:
                self.finish()

    _serving = False
    _detached = False

    get = head = post = put = delete = patch = options = _serve  # type: ignore[assignment]

    @property
    def _cuts(self) -> bool:
        return self._drill is not None and self._drill.fault.cuts

    async def _spoilt(self, call: Call) -> bool:
        """What a drill makes of this request before its endpoint is called; whether that is the end of it."""
        self._drill = drill = self._engine.drills.take(self._path)
        if drill is None:
            return False
        self.set_header(drills.HEADER, drill.name)
        if drill.seconds:
            with suppress(asyncio.TimeoutError):
                await clock.within(drill.seconds, call.gone())
        if drill.fault.hangs_up or self.gone.is_set():
            self.hang_up()
            return True
        if drill.fault.status:
            await self._answer(Reply(drill.fault.body, drill.fault.status, kind=drill.fault.kind))
            return True
        return False

    def hang_up(self) -> None:
        """End the connection where it is. Raises StreamClosedError when it has ended."""
        if self._detached:
            return
        try:
            self._take_over().close()
        finally:
            self.on_finish()

    async def send_piece(self, data: bytes) -> None:
        """A part of a body whose head has gone out. Raises StreamClosedError when a drill cuts it there."""
        self.write(_half(data) if self._cuts else data)
        await self.flush()
        if self._cuts:
            self.hang_up()
            raise StreamClosedError

    async def _answer(self, result: Any) -> None:
        reply = result if isinstance(result, Reply) else Reply(result, 204 if result is None else 200)
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if self._cuts and (reply.body is None or self.request.method == "HEAD"):
            self.hang_up()
            return
        if reply.body is None:
            if reply.status not in (204, 304):
                self.set_header("Content-Length", "0")
            self.finish()
            return
        self.set_header("Content-Type", reply.kind)
        data = reply.body if isinstance(reply.body, bytes) else dump(reply.body)
        if self.request.method == "HEAD":
            self.set_header("Content-Length", str(len(data)))
            self.finish()
        elif self._cuts:
            self.set_header("Content-Length", str(len(data)))
            await self.send_piece(data)
        else:
            self.finish(data)

    def compute_etag(self) -> str | None:
        return None

    def on_connection_close(self) -> None:
        self.gone.set()
        if not self._serving:  # in the middle of its body: Tornado comes to no end of its own
            self.on_finish()
            if not (body := self.request._body_future).done():
                body.set_exception(StreamClosedError())
                body.exception()  # looked at: a handler that waits for no body does not

    def on_finish(self) -> None:
        if self.body_file is not None:
            self.body_file.close()
        self._leave()

    def _leave(self) -> None:
        if self._counted:
            self._counted = False
            self._life.request_ended()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", JSON)
        kind, error, _ = kwargs.get("exc_info", (None, None, None))
        message = f"{kind.__name__}: {error}" if kind is not None else self._reason
        self.finish(dump({"message": message}))

    def _take_over(self) -> IOStream:
        """The connection is ours from now on. Raises StreamClosedError when the client has gone already."""
        stream = self.detach()
        self._detached = True
        if stream.socket is None:
            raise StreamClosedError
        return stream

    async def send_from_thread(self, write_all: Callable[[Any], None], headers: dict[str, str]) -> None:
        """Past the event loop, so that a long download costs it nothing. The connection ends with it."""
        chunked = self.request.version != "HTTP/1.0"
        lines = ["HTTP/1.1 200 OK", f"Server: {SERVER}", f"Api-Version: {API_VERSION}"]
        lines += ["Docker-Experimental: false", "Ostype: linux", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()] + self._told_drill()
        lines += ["Transfer-Encoding: chunked"] if chunked else []
        stream = self._take_over()
        with stream.socket.dup() as sock:
            stream.close()
            sock.setblocking(True)
            out = Download(sock, ("\r\n".join(lines) + "\r\n\r\n").encode(), chunked=chunked, cut=self._cuts)

            def send() -> None:
                with suppress(ConnectionError):
                    write_all(out)
                    out.finish()

            await asyncio.get_running_loop().run_in_executor(threads, send)

    async def hijack(self, head: list[str]) -> Hijacked:
        stream = self._take_over()
        sock = stream.socket.dup()  # first: a client that half-closes at once makes Tornado close its own
        pending = asyncio.ensure_future(stream.read_bytes(1 << 40, partial=True))
        early = pending.result() if pending.done() and not pending.exception() else b""
        stream.close()
        await asyncio.gather(pending, return_exceptions=True)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(("\r\n".join([*head, *self._told_drill()]) + "\r\n\r\n").encode())
        await writer.drain()
        await asyncio.sleep(_HEAD_PAUSE)
        return Hijacked(reader, writer, early, cut=self._cuts)

    def _told_drill(self) -> list[str]:
        return [f"{drills.HEADER}: {self._drill.name}"] if self._drill is not None else []


def _error(status: int, message: str) -> Reply:
    return Reply(None, 304) if status == 304 else Reply({"message": message}, status)


def encoded_stat(value: dict) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
