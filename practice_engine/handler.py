"""A request on its connection: the route is found, the body kept, an answer given, whatever went wrong."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import lru_cache
from inspect import isawaitable
from typing import IO, Any
from urllib.parse import quote, unquote

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    ResponseStartLine,
    format_timestamp,
    responses,
)
from tornado.iostream import IOStream, StreamClosedError

from . import clock, drills
from .errors import EngineError, status_of
from .web import (
    API_VERSION,
    JSON,
    MIN_API_VERSION,
    OURS,
    TEXT,
    Call,
    Download,
    Hijacked,
    Reply,
    Route,
    Router,
    dump,
    half,
    number,
    threads,
)

_MOST_JSON = 16 << 20
_VERSIONED = re.compile(r"/v([0-9]{1,9}(?:\.[0-9]{1,9})*)(/.*)")
_HEAD_PAUSE = 0.005  # docker-py loses what arrives in one read with the head
_BODILESS = (204, 304)

_log = logging.getLogger(__name__)


class Handlers(HTTPServerConnectionDelegate):
    """A handler for each request that comes."""

    def __init__(self, router: Router, engine: Any, life: Any) -> None:
        self._router = router
        self._engine = engine
        self._life = life

    def start_request(self, server_conn: object, request_conn: Any) -> Handler:
        return Handler(self._router, self._engine, self._life, request_conn)


class Handler(HTTPMessageDelegate):
    """One request. Tornado tells its parts as they come; once it is whole, its endpoint is called."""

    request: HTTPServerRequest

    def __init__(self, router: Router, engine: Any, life: Any, connection: HTTP1Connection) -> None:
        self._router = router
        self._engine = engine
        self._life = life
        self._connection = connection
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
        self._work: asyncio.Task[None] | None = None
        self._counted = False
        self._detached = False

    @property
    def body(self) -> bytes:
        return b"".join(self._chunks)

    # what comes

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        self.request = HTTPServerRequest(connection=self._connection, start_line=start_line, headers=headers)
        self._connection.set_close_callback(self.on_connection_close)
        self._counted = True
        self._life.request_began()
        try:
            self._prepare()
        except OSError as error:
            self._refusal = _error(500, f"the body could not be stored: {error.strerror}")

    def _prepare(self) -> None:
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
            self._refusal = _refused_version(match[1])
        self._path = path
        found = self._router.find(self.request.method or "", path)
        if found is None and self._refusal is None:
            self._refusal = _error(404, "page not found")
        if found is not None:
            self._route, self._names = found
            if self._route.takes_file and self._refusal is None:
                self._connection.set_max_body_size(1 << 50)
                self.body_file = tempfile.TemporaryFile(dir=self._engine.data)  # noqa: SIM115 closed in _end

    def data_received(self, chunk: bytes) -> None:
        self._length += len(chunk)
        if self.body_file is not None:
            try:
                self.body_file.write(chunk)
            except OSError as error:
                self._refusal = _error(500, f"the body could not be stored: {error.strerror}")
        elif self._length <= _MOST_JSON:
            self._chunks.append(chunk)
        else:
            self._refusal = _error(413, "http: request body too large")
            self._chunks = []

    def finish(self) -> None:
        """The request is whole. What waits for nothing is answered here and now, the rest in a task of its own."""
        call = Call(self, self._engine, self._version, self._names)
        self._drill = self._engine.drills.take(self._path)
        try:
            result = self._called(call) if self._drill is None else self._spoilt(call, self._drill)
            if isawaitable(result):
                self._work = asyncio.ensure_future(self._serve(call, result))
                return
            self._answer(result)
        except Exception as error:  # noqa: BLE001 a slip of our own is answered, too
            self._answer(self._failed(error))
        self._end()

    def on_connection_close(self) -> None:
        self.gone.set()
        if self._work is None:  # in the middle of its body
            self._end()

    # what is made of it

    def _called(self, call: Call) -> Any:
        """What the endpoint has to say, or an awaitable of it."""
        if self._refusal is not None or self._route is None:
            return self._refusal
        if self.body_file is not None:
            self.body_file.seek(0)
        return self._route.endpoint(call)

    async def _spoilt(self, call: Call, drill: drills.Drill) -> Any:
        """The same, after what a drill makes of this request."""
        if drill.seconds:
            with suppress(asyncio.TimeoutError):
                await clock.within(drill.seconds, call.gone())
        if drill.fault.hangs_up or self.gone.is_set():
            self.hang_up()
            raise StreamClosedError
        if drill.fault.status:
            return Reply(drill.fault.body, drill.fault.status, kind=drill.fault.kind)
        result = self._called(call)
        return await result if isawaitable(result) else result

    async def _serve(self, call: Call, coming: Awaitable[Any]) -> None:
        try:
            with suppress(StreamClosedError, ConnectionError):
                result = await coming
                if not call.answered:
                    self._answer(result)
                elif self._cuts:
                    self.hang_up()
                elif not self._detached:
                    self._connection.finish()
        except Exception as error:  # noqa: BLE001 as in `finish`
            failed = self._failed(error)
            if call.answered:
                self._cut_off()
            else:
                self._answer(failed)
        finally:
            self._end()

    def _failed(self, error: Exception) -> Reply:
        if isinstance(error, EngineError):
            return _error(status_of(error), error.message)
        if isinstance(error, OSError):
            return _error(500, error.strerror or str(error))
        _log.error("%s %s", self.request.method, self.request.uri, exc_info=error)
        return _error(500, f"{type(error).__name__}: {error}")

    @property
    def _cuts(self) -> bool:
        return self._drill is not None and self._drill.fault.cuts

    def _end(self) -> None:
        if self.body_file is not None:
            self.body_file.close()
        if self._counted:
            self._counted = False
            self._life.request_ended()

    # what goes

    def _answer(self, result: Any) -> None:
        reply = result if isinstance(result, Reply) else Reply(result, 204 if result is None else 200)
        data = reply.body if isinstance(reply.body, bytes | None) else dump(reply.body)
        headers = {**reply.headers}
        if data is not None:
            headers["Content-Type"] = reply.kind
        if reply.status not in _BODILESS:
            headers["Content-Length"] = str(len(data or b""))
        sent = None if self.request.method == "HEAD" else data
        if not self._cuts:
            _ = self._head(reply.status, headers, sent)
            self._connection.finish()
        elif sent:
            self._head(reply.status, headers, half(sent)).add_done_callback(self._cut_off)
        else:
            self._cut_off()

    def _head(self, status: int, headers: dict[str, str], data: bytes | None = None) -> asyncio.Future[None]:
        """The head goes out, and with it what there is of the body; done when it is written."""
        every = HTTPHeaders({**OURS, "Date": _date(int(time.time())), **self._told_drill(), **headers})
        return self._connection.write_headers(ResponseStartLine("", status, responses[status]), every, data)

    async def begin(self, kind: str, status: int) -> None:
        """The head at once; pieces follow."""
        await self._head(status, {"Content-Type": kind})

    async def send_piece(self, data: bytes) -> None:
        """A part of a body whose head has gone out. Raises StreamClosedError when a drill cuts it there."""
        await self._connection.write(half(data) if self._cuts else data)
        if self._cuts:
            self.hang_up()
            raise StreamClosedError

    def hang_up(self) -> None:
        """End the connection where it is. Raises StreamClosedError when it has ended."""
        if not self._detached:
            self._take_over().close()

    def _cut_off(self, _written: object = None) -> None:
        with suppress(StreamClosedError):
            self.hang_up()

    def _take_over(self) -> IOStream:
        """The connection is ours from now on. Raises StreamClosedError when the client has gone already."""
        stream = self._connection.detach()
        self._detached = True
        if stream.socket is None:
            raise StreamClosedError
        return stream

    async def send_from_thread(self, write_all: Callable[[Any], None], headers: dict[str, str]) -> None:
        """Past the event loop, so that a long download costs it nothing. The connection ends with it."""
        chunked = self.request.version != "HTTP/1.0"
        told = {**OURS, "Connection": "close", **headers, **self._told_drill()}
        told |= {"Transfer-Encoding": "chunked"} if chunked else {}
        head = _lines("HTTP/1.1 200 OK", told)
        stream = self._take_over()
        with stream.socket.dup() as sock:
            stream.close()
            sock.setblocking(True)
            out = Download(sock, head, chunked=chunked, cut=self._cuts)

            def send() -> None:
                with suppress(ConnectionError):
                    write_all(out)
                    out.finish()

            await asyncio.get_running_loop().run_in_executor(threads, send)

    async def hijack(self, start_line: str, headers: dict[str, str]) -> Hijacked:
        """The connection, without HTTP, behind this head. Raises StreamClosedError when the client has gone already."""
        stream = self._take_over()
        sock = stream.socket.dup()  # first: a client that half-closes at once makes Tornado close its own
        pending = asyncio.ensure_future(stream.read_bytes(1 << 40, partial=True))
        early = pending.result() if pending.done() and not pending.exception() else b""
        stream.close()
        await asyncio.gather(pending, return_exceptions=True)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(_lines(start_line, {**headers, **self._told_drill()}))
        await writer.drain()
        await asyncio.sleep(_HEAD_PAUSE)
        return Hijacked(reader, writer, early, cut=self._cuts)

    def _told_drill(self) -> dict[str, str]:
        return {drills.HEADER: self._drill.name} if self._drill is not None else {}


def _lines(start_line: str, headers: dict[str, str]) -> bytes:
    return "\r\n".join([start_line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


@lru_cache(1)
def _date(second: int) -> str:
    return format_timestamp(second)


def _refused_version(version: str) -> Reply | None:
    if number(version) > number(API_VERSION):
        return _error(400, f"client version {version} is too new. Maximum supported API version is {API_VERSION}")
    if number(version) < number(MIN_API_VERSION):
        text = (
            f"client version {version} is too old. Minimum supported API version is {MIN_API_VERSION}, "
            "please upgrade your client to a newer version"
        )
        if number(version) < (1, 24):
            return Reply(text.encode() + b"\n", 400, kind=TEXT)
        return _error(400, text)
    return None


def _error(status: int, message: str) -> Reply:
    return Reply(None, 304) if status == 304 else Reply({"message": message}, status, kind=JSON)
