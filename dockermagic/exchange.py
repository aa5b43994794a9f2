"""Request, Reply, Exchange: plain data about one call. Nothing here sends or reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from . import masks
from .errors import DockerMagicError, NotJson
from .frames import Piece
from .language import say
from .packing import Upload

CTRL_D = b"\x04"
KEPT = 64 * 1024
SAMPLED = 200


@dataclass(frozen=True, repr=False)
class Request:
    """One call, complete, as it will be sent.

    Attributes:
        method: `GET`, `POST`, …
        path: with the version, percent-encoded, without the query (`/v1.51/containers/web/json`).
        query: pairs of strings, in order, not encoded.
        headers: name → value, only those that are ours to choose.
        body: the bytes of the body, what is read while it is sent, or None.
        input: what is sent after the head of the answer, on a connection that is taken over.
        terminal: whether that goes to a terminal, which takes Ctrl-D for its end, and not the end of our direction.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Upload | None = None
    input: bytes = b""
    terminal: bool = False

    @property
    def given(self) -> bytes:
        """What goes to standard input, its end included where that is a character."""
        return self.input + (CTRL_D if self.terminal else b"")

    @property
    def upgrade(self) -> str:
        """What the connection is to become after the head of the answer: "tcp", "websocket", or "" for HTTP."""
        return dict(self.headers).get("Upgrade", "")

    @property
    def target(self) -> str:
        """Path and query as they stand on the request line, encoded."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    @property
    def readable(self) -> str:
        """Path and query as a person reads them, not encoded, without secrets."""
        safe = self.shown
        shown = "&".join(f"{name}={value}" if value else name for name, value in safe.query)
        return f"{safe.path}?{shown}" if shown else safe.path

    @cached_property
    def shown(self) -> Request:
        """The request as it may be shown: without passwords and tokens."""
        query = tuple((name, masks.text(value)) for name, value in self.query)
        headers = masks.headers(self.headers)
        body = masks.body(self.body) if isinstance(self.body, bytes) else self.body
        return replace(self, path=masks.text(self.path), query=query, headers=headers, body=body)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.readable}>"


@dataclass
class Reply:
    """The head of an answer, and its body still to come.

    Attributes:
        status, reason: `200`, `"OK"`.
        headers: name in lower case → value.
        chunks: the body, in pieces as they arrive; may be read once.
        close: gives up on what has not been read.
        stop: ends the connection while somebody else may be waiting for it; that one sees it end.
    """

    status: int
    reason: str
    headers: dict[str, str]
    chunks: Iterable[bytes]
    close: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None


@dataclass(repr=False)
class Exchange:
    """One request, its answer, and what was seen of it.

    Attributes:
        request: the `Request`.
        row: the row that it was made from; None for none.
        host: the engine's address, as in DOCKER_HOST.
        status, reason, headers: of the answer; None, "" and {} before there is one.
        seconds: from sending to the end of the answer (of what was read of it).
        received: bytes of body read.
        kept: the first 64 KiB of the body.
        pieces: the first 200 stream frames, for `%docker last`.
        value: what the caller made of it: a DataFrame, a dict, a str.
        stopped: whether we ended the answer: what is missing of it is no fault of the engine's.
    """

    request: Request
    host: str
    row: Any = None
    status: int | None = None
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    received: int = 0
    kept: bytes = b""
    pieces: list[Piece] = field(default_factory=list)
    value: Any = None
    stopped: bool = False
    _timer: threading.Timer | None = field(default=None, repr=False)
    _stop: Callable[[], None] = field(default=lambda: None, repr=False)
    _chunks: Iterable[bytes] = field(default=(), repr=False)
    _close: Callable[[], None] = field(default=lambda: None, repr=False)
    _began: float = field(default_factory=time.monotonic, repr=False)

    def __repr__(self) -> str:
        return f"<Exchange {self.line}>"

    def answered(self, reply: Reply) -> Exchange:
        """Take the head of the answer."""
        self.status, self.reason, self.headers = reply.status, reply.reason, reply.headers
        self._chunks, self._close, self._stop = reply.chunks, reply.close, reply.stop
        self.seconds = time.monotonic() - self._began
        return self

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives; memory does not grow with it. Once only."""
        chunks, self._chunks = self._chunks, ()
        try:
            for chunk in chunks:
                if self.stopped:
                    break
                self.received += len(chunk)
                if len(self.kept) < KEPT:
                    self.kept += chunk[: KEPT - len(self.kept)]
                self.seconds = time.monotonic() - self._began
                yield chunk
        except DockerMagicError:
            if not self.stopped:
                raise
        finally:
            if self._timer:
                self._timer.cancel()
            self.seconds = time.monotonic() - self._began

    def limit(self, seconds: float) -> None:
        """End the answer after so long, as `stop` does."""
        self._timer = threading.Timer(seconds, self.stop)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """End the answer here: whoever reads it, in any thread, finds its end."""
        self.stopped = True
        self._stop()

    def close(self) -> None:
        """Give up on what has not been read: the engine may hold the container for as long as we could read on."""
        if self._timer:
            self._timer.cancel()
        self._chunks = ()
        self._close()

    def sample(self, pieces: list[Piece]) -> None:
        """Remember the first frames of a stream."""
        if len(self.pieces) < SAMPLED:
            self.pieces.extend(pieces[: SAMPLED - len(self.pieces)])

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def json(self) -> Any:
        """The whole body as JSON.

        Raises:
            NotJson: it is something else.
        """
        import orjson  # not before there is an answer

        body = self.read()
        try:
            return orjson.loads(body)
        except ValueError:
            start = body[:60].decode("utf-8", "replace")
            raise NotJson(
                say(
                    "{method} {path} was answered with something that is no JSON: {start!r}",
                    method=self.request.method,
                    path=self.request.path,
                    start=start,
                ),
                say("is this a Docker engine? `%docker doctor` lists what answers where"),
                exchange=self,
            ) from None

    @property
    def line(self) -> str:
        """The exchange on one line: `GET /v1.51/containers/json?all=1 → 200 OK · 3 ms · 2.1 kB`."""
        head = f"{self.request.method} {self.request.readable}"
        if self.status is None:
            return say("{head} → no answer", head=head)
        return f"{head} → {self.status} {self.reason} · {duration(self.seconds)} · {size(self.received)}"


def duration(seconds: float) -> str:
    """`3 ms`, `1.4 s`, `2 min 05 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def size(count: float) -> str:
    """`0 B`, `2.1 kB`, `1.0 GB`: powers of 1000, as the docker CLI shows them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
