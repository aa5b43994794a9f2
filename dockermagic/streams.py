"""An answer that is a stream → what is in it, while it comes; memory does not grow with it. No pandas.

From Python, without a notebook::

    answer = session.call("logs", id="web", follow=True)
    for batch in streams.lines(answer):
        for stream, line in batch:
            print(stream, line)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import frames
from .errors import BadFrame, CutShort
from .exchange import Exchange
from .language import say


def values(exchange: Exchange) -> Iterator[list[Any]]:
    """The JSON values of a stream, in batches as they arrive.

    Raises:
        BadFrame, CutShort: where the stream goes wrong, after the values before it.
    """
    decoder = frames.JsonLines()
    for chunk in exchange.chunks():
        try:
            batch = decoder.feed(chunk)
        except ValueError as error:
            raise BadFrame(
                say("the stream is no JSON, line by line, as the API says: {error}", error=error),
                say("`%docker last` shows it; is this a Docker engine? `%docker version` says which"),
                exchange=exchange,
            ) from None
        if batch:
            yield batch
    try:
        if rest := decoder.flush():
            yield rest
    except ValueError:
        if not exchange.stopped:
            raise CutShort(
                say("the stream ended inside a JSON value"),
                say("the engine may have stopped: try `%docker ping`"),
                exchange=exchange,
            ) from None


def lines(exchange: Exchange, tty: Callable[[], bool | None] = lambda: None) -> Iterator[list[tuple[str, str]]]:
    """The lines of a stream, `(stream, line)`, in batches as they arrive.

    Args:
        tty: tells whether the container has a terminal; asked only where the answer does not say (before API 1.42).

    Raises:
        BadFrame, CutShort: where the stream goes wrong, after the lines before it.
    """
    whole = frames.Lines()
    try:
        for come in pieces(exchange, tty):
            if batch := list(whole.feed(come)):
                yield batch
    except CutShort:
        if rest := list(whole.flush()):
            yield rest
        raise
    if rest := list(whole.flush()):
        yield rest


def pieces(exchange: Exchange, tty: Callable[[], bool | None] = lambda: None) -> Iterator[list[frames.Piece]]:
    """The pieces of a stream as they arrive. On a taken-over connection `raw-stream` is no word to go by.

    Raises:
        BadFrame, CutShort: where the stream goes wrong.
    """
    kind, upgraded = exchange.content_type, bool(exchange.row and exchange.row.upgrade)
    told = frames.MULTIPLEXED in kind or (frames.RAW in kind and not upgraded)
    raw = upgraded and exchange.row.stream == "raw"
    decoder = frames.decoder("" if upgraded and not told else kind, True if raw else None if told else tty())
    for chunk in exchange.chunks():
        try:
            batch = decoder.feed(chunk)
        except ValueError as error:
            raise BadFrame(
                say("the stream is not framed as the API says: {error}", error=error),
                say("with a TTY a stream is raw: `%docker inspect` tells (Config.Tty); start an exec with --tty then"),
                exchange=exchange,
            ) from None
        exchange.sample(batch)
        yield batch
    if decoder.pending and not exchange.stopped:
        raise CutShort(
            say("the stream ended inside a frame, {pending} bytes after its start", pending=decoder.pending),
            say("the engine may have stopped: try `%docker ping`"),
            exchange=exchange,
        )
