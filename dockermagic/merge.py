"""Several answers read at once, in the order in which they come; and an end after so many things."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from .errors import DockerMagicError
from .exchange import Exchange

Thing = TypeVar("Thing")
Batches = Callable[[Exchange], Iterator[Sequence[Thing]]]
POLL = 0.2  # seconds; an interrupt is seen by then even where a wait on a lock cannot be interrupted
JOIN = 5.0
AHEAD = 100


def merged(
    answers: Mapping[str, Exchange], read: Batches[Thing], most: int | None = None
) -> Iterator[tuple[str, Sequence[Thing]]]:
    """The batches that `read` finds in each answer, with the answer's name, as they arrive; at most `most` things.

    One answer is read here, several by a thread each. However this ends, all of them are ended.

    Raises:
        whatever `read` raises, of the first answer that does.
    """
    source = _one(answers, read) if len(answers) == 1 else _several(answers, read)
    left = most
    try:
        for name, batch in source:
            if left is None:
                yield name, batch
                continue
            yield name, batch[:left]
            left -= len(batch)
            if left <= 0:
                return
    finally:
        for answer in answers.values():
            answer.stop()
        source.close()


def _one(answers: Mapping[str, Exchange], read: Batches[Thing]) -> Any:
    for name, answer in answers.items():
        for batch in read(answer):
            yield name, batch


def _several(answers: Mapping[str, Exchange], read: Batches[Thing]) -> Any:
    come: queue.Queue[tuple[str, Any]] = queue.Queue(AHEAD)
    ended = threading.Event()

    def put(name: str, what: Any) -> None:
        while not ended.is_set():
            try:
                come.put((name, what), timeout=POLL)
                return
            except queue.Full:
                continue

    def work(name: str, answer: Exchange) -> None:
        try:
            for batch in read(answer):
                put(name, batch)
                if ended.is_set():
                    break
        except (DockerMagicError, ValueError, TypeError, LookupError, AttributeError) as error:
            put(name, error)
        finally:
            put(name, None)

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in answers.items()]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            try:
                name, what = come.get(timeout=POLL)
            except queue.Empty:
                continue
            if what is None:
                running -= 1
            elif isinstance(what, Exception):
                raise what
            else:
                yield name, what
    finally:
        ended.set()
        for answer in answers.values():
            answer.stop()
        for thread in threads:
            thread.join(JOIN)
