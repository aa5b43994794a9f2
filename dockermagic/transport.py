"""The only user of requests: one funnel through which every call goes."""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from weakref import WeakSet

import requests
import requests_unixsocket
import urllib3

from . import connections, trust
from .chunked import Chunked
from .duplex import Duplex, early
from .errors import (
    BadHost,
    CutShort,
    DockerMagicError,
    EngineError,
    NotASocket,
    NotTrusted,
    PermissionDenied,
    Refused,
    ReplyError,
    SocketMissing,
    TimedOut,
    Unreachable,
)
from .exchange import Reply, Request
from .frames import WebSocket, masked, proof
from .language import mark, say
from .locate import TLS
from .ssh import Line

CONNECT_SECONDS = 5.0
PIECE = 1 << 20
CHUNKS = 1 << 18
OURS = {"User-Agent": "dockermagic", "Accept-Encoding": "identity", "Connection": "keep-alive"}


class Transport(Protocol):
    """Sends one request; the body of the reply arrives while it is read."""

    def send(self, request: Request, *, seconds: float | None) -> Reply:
        """`seconds`: how long the engine may be silent; None for ever.

        Raises:
            EngineError: no answer; which one says why.
        """
        ...

    def close(self) -> None: ...


class _NetAdapter(requests.adapters.HTTPAdapter):
    """TCP, with TLS or without."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = connections.BY_SCHEME


class _UnixAdapter(requests_unixsocket.UnixAdapter):  # type: ignore[misc]
    """One pool of connections a socket, where requests-unixsocket has one a URL."""

    def get_connection(self, url: str, proxies: Any = None) -> Any:
        base = f"http+unix://{urlsplit(url).netloc}/"
        with self.pools.lock:
            if base not in self.pools.keys():  # noqa: SIM118 it can be asked for nothing else
                self.pools[base] = connections.UnixPool(base, self.timeout)
            return self.pools[base]


def _dial(host: str, lines: WeakSet[Line]) -> Line:
    line = Line(host)
    lines.add(line)
    return line


class _SSHAdapter(requests.adapters.HTTPAdapter):
    """One pool of connections, each an ssh process that is kept for the next request."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._lines: WeakSet[Line] = WeakSet()
        self._pool = connections.SSHPool("localhost", dial=partial(_dial, host, self._lines))

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> urllib3.HTTPConnectionPool:
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return str(request.path_url)

    def close(self) -> None:
        """End every process, also that of an answer which someone still holds."""
        self._pool.close()
        for line in [*self._lines]:
            line.end()


class HTTP:
    """The transport for unix, tcp, ssh and http(s) addresses."""

    def __init__(self, host: str, tls: TLS | None = None) -> None:
        self.host, self._tls = host, tls
        scheme, _, rest = host.partition("://")
        self._adapter: requests.adapters.HTTPAdapter = _NetAdapter()
        if scheme == "unix":
            self._adapter, self._base = _UnixAdapter(), f"http+unix://{quote(rest, safe='')}"
        elif scheme == "ssh":
            self._adapter, self._base = _SSHAdapter(host), "http+ssh://localhost"
        else:
            self._base = f"{'https' if tls or scheme == 'https' else 'http'}://{rest.rstrip('/')}"
        self._verify: bool | str = True
        self._cert = (tls.cert, tls.key) if tls and tls.cert and tls.key else None
        if tls:
            self._verify = (tls.ca or True) if tls.verify else False
            if not tls.verify:  # said once, when the engine is taken, and not at every call
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @cached_property
    def _url(self) -> str:
        """Where the engine is, as requests writes it."""
        prepared = requests.PreparedRequest()
        prepared.prepare_url(self._base, None)
        return str(prepared.url).rstrip("/")

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        """The request for requests to send, without a session's cookies, redirects and proxies: we have none."""
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = requests.utils.requote_uri(self._url + request.target)
        prepared.prepare_headers({**OURS, **dict(request.headers)})
        prepared.prepare_body(request.body, None)
        return prepared

    def send(self, request: Request, *, seconds: float | None) -> Reply:
        try:
            response = self._adapter.send(
                self._prepared(request),
                stream=True,
                timeout=(CONNECT_SECONDS, seconds),  # type: ignore[arg-type]  # each may be None
                verify=self._verify,
                cert=self._cert,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise translate(error, self.host, seconds, tls=self._tls) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        stop = stopper(response)
        taken = request.upgrade and taken_over(response.status_code, headers)
        if taken and request.upgrade == "websocket" and not proven(request, headers):
            response.close()
            raise ReplyError(
                say("{host} did not answer the handshake of a WebSocket as one does", host=self.host),
                say("is there a proxy between? `%docker attach` does the same without a WebSocket"),
            )
        pieces = self._duplex(response, request, seconds) if taken else response_pieces(response)
        return Reply(
            response.status_code,
            response.reason or "",
            headers,
            self._chunks(response, pieces, seconds, keep=not taken),
            response.close,
            stop,
        )

    def _chunks(
        self, response: requests.Response, pieces: Iterator[bytes], seconds: float | None, *, keep: bool
    ) -> Iterator[bytes]:
        """The body as it arrives; the connection is given back at its end, and closed at any other."""
        whole = False
        try:
            yield from pieces
            whole = keep
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise translate(error, self.host, seconds, reading=True, tls=self._tls) from None
        finally:
            if whole:
                response.raw.release_conn()
            else:
                response.close()

    @staticmethod
    def _duplex(response: requests.Response, request: Request, seconds: float | None) -> Iterator[bytes]:
        # what http.client reads from: it may hold bytes that came behind the head
        reader: Any = response.raw._fp.fp  # type: ignore[union-attr]
        sock = reader.raw._sock
        sock.setblocking(False)
        come = early(reader)
        web = request.upgrade == "websocket"
        given = wrapped(request.given) if web else request.given
        pieces = Duplex(sock, come, given, seconds, end=not request.terminal).chunks()
        return unwrapped(pieces) if web else pieces

    def close(self) -> None:
        self._adapter.close()


def stopper(response: requests.Response) -> Callable[[], None]:
    """Ends a response's connection under the hands of whoever reads it."""
    fp = getattr(response.raw._fp, "fp", None)
    sock = getattr(getattr(fp, "raw", None), "_sock", None)

    def stop() -> None:
        if sock is not None:
            with suppress(OSError):  # it has ended already
                sock.shutdown(socket.SHUT_RDWR)

    return stop


def response_pieces(response: requests.Response) -> Iterator[bytes]:
    """The body of an answer of plain HTTP, as it arrives."""
    if reader := reader_of(response):
        yield from _unchunked(response, reader)
        return
    while piece := response.raw.read1(PIECE):
        yield piece


def reader_of(response: requests.Response) -> io.BufferedReader | None:
    """What http.client reads a body in chunks from, since it takes each by itself; None where there is none.

    It is the buffer that has read the head, so nothing is lost; no public name leads there.
    """
    answer = response.raw._fp
    in_chunks = getattr(answer, "chunked", False) and getattr(answer, "length", 0) is None
    reader = getattr(answer, "fp", None)
    return reader if in_chunks and isinstance(reader, io.BufferedReader) else None


def _unchunked(response: requests.Response, reader: io.BufferedReader) -> Iterator[bytes]:
    chunked = Chunked()
    while not chunked.ended:
        data = reader.read1(CHUNKS)
        if not data:
            raise ConnectionError("the last chunk did not come")
        if piece := chunked.feed(data):
            yield piece
    if chunked.beyond:
        response.close()
    response.raw._fp.close()  # type: ignore[union-attr]  # so that http.client takes its connection for free


def wrapped(given: bytes) -> bytes:
    """What goes to a WebSocket, as frames."""
    return b"".join(masked(given[at : at + PIECE], os.urandom(4)) for at in range(0, len(given), PIECE))


def unwrapped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What comes from a WebSocket, out of its frames; ends where the engine says goodbye."""
    frames = WebSocket()
    for piece in pieces:
        if payload := frames.feed(piece):
            yield payload
        if frames.closed:
            return


def taken_over(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the connection is a plain two-way stream after this head: 101, or 200 with a body of no known end."""
    told = "content-length" in headers or "transfer-encoding" in headers
    return status == 101 or (status == 200 and not told)


def proven(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether the engine has read our handshake: it can say what only the key tells."""
    return headers.get("sec-websocket-accept") == proof(dict(request.headers)["Sec-WebSocket-Key"])


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error`, and all that it wraps: its causes, contexts and arguments, each once."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


BY_ERRNO: dict[int, type[EngineError]] = {
    errno.ENOENT: SocketMissing,
    errno.ENOTDIR: SocketMissing,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.ECONNREFUSED: Refused,
    errno.ENOTSOCK: NotASocket,
    errno.EPROTOTYPE: NotASocket,
    errno.EHOSTUNREACH: Unreachable,
    errno.ENETUNREACH: Unreachable,
    errno.ETIMEDOUT: TimedOut,
}
BY_TYPE: tuple[tuple[type[BaseException], type[DockerMagicError]], ...] = (
    (requests.exceptions.SSLError, NotTrusted),
    (urllib3.exceptions.SSLError, NotTrusted),
    (socket.gaierror, Unreachable),
    (requests.exceptions.InvalidURL, BadHost),
    (requests.exceptions.InvalidSchema, BadHost),
    (urllib3.exceptions.LocationValueError, BadHost),
    (requests.exceptions.Timeout, TimedOut),
    (urllib3.exceptions.TimeoutError, TimedOut),
    (TimeoutError, TimedOut),
)
WHAT: dict[type[DockerMagicError], str] = {
    SocketMissing: mark("there is no socket at {host}"),
    NotASocket: mark("{host} is a file, and no socket"),
    PermissionDenied: mark("this user may not open {host}"),
    Refused: mark("nothing listens at {host}"),
    Unreachable: mark("{host} cannot be reached: {why}"),
    TimedOut: mark("{host} did not answer within {seconds}"),
    BadHost: mark("{host} is no address of an engine: {why}"),
    CutShort: mark("the connection to {host} ended in the middle of the answer"),
}
SILENT = mark("{host} fell silent for {seconds}")
STEPS: dict[type[DockerMagicError], str] = {
    SocketMissing: mark(
        "start the engine, or name another: `%docker connect unix:///path`; `%docker doctor` lists them"
    ),
    NotASocket: mark("an engine's address is a Unix socket: `%docker doctor` lists those that are here"),
    PermissionDenied: mark(
        "ask for membership of the group that owns the socket (often `docker`), log in anew; "
        "or use rootless Docker or Podman"
    ),
    Refused: mark(
        "start the engine (`systemctl start docker`, Docker Desktop, `podman machine start`), then run the cell again"
    ),
    Unreachable: mark("check the host name and the network, then `%docker connect tcp://host:2375`"),
    TimedOut: mark(
        "is the engine busy or stuck? Try `%docker ping`; wait longer with `%config DockerMagic.timeout = 300`"
    ),
    BadHost: mark("write unix:///path/to/docker.sock or tcp://host:2375"),
    CutShort: mark("the engine may have stopped: try `%docker ping`, then run the cell again"),
}


def translate(
    error: BaseException, host: str, seconds: float | None, *, reading: bool = False, tls: TLS | None = None
) -> DockerMagicError:
    """The error of our tree for one of requests, urllib3 or the system: the most specific match wins."""
    kind, why = _kind(error, reading)
    if kind is Refused and _is_no_socket(host):
        kind = NotASocket
    if kind is NotTrusted:
        return trust.explain(host, why, tls)
    what = SILENT if kind is TimedOut and reading else WHAT.get(kind, mark("the call to {host} failed: {why}"))
    return kind(
        say(what, host=host, why=why, seconds=_seconds(seconds)), say(STEPS.get(kind, mark("see `%docker doctor`")))
    )


def _kind(error: BaseException, reading: bool) -> tuple[type[DockerMagicError], str]:
    chain = list(causes(error))
    last = re.sub(r"<[^>]*object at 0x[0-9a-f]+>:? ?", "", str(chain[-1])) or type(chain[-1]).__name__
    for cause in chain:
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            continue  # a kind of time-out to urllib3 2, whatever it wraps
        for theirs, ours in BY_TYPE:
            if isinstance(cause, theirs):
                return ours, last
    for cause in chain:
        if isinstance(cause, OSError) and cause.errno in BY_ERRNO and not reading:
            return BY_ERRNO[cause.errno], cause.strerror or last
    return (CutShort if reading or _was_connected(chain) else EngineError), last


def _was_connected(chain: Iterable[BaseException]) -> bool:
    return any(
        isinstance(cause, (urllib3.exceptions.ProtocolError, ConnectionResetError, BrokenPipeError)) for cause in chain
    )


def _is_no_socket(host: str) -> bool:
    path = host.removeprefix("unix://")
    try:
        return host.startswith("unix://") and not stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _seconds(seconds: float | None) -> str:
    return f"{CONNECT_SECONDS:g} s" if seconds is None else f"{seconds:g} s"
