"""What happened, told to whoever listens, and the last of it remembered. Knows no HTTP."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REMEMBERED = 256
_KEPT = 1024  # for a reader who does not read, as Docker has it


class Events:
    def __init__(self) -> None:
        self._past: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def tell(self, kind: str, action: str, identity: str, attributes: dict[str, str]) -> None:
        now = time.time_ns()
        event: dict[str, Any] = {}
        if kind == "container":
            event = {"status": action, "id": identity, "from": attributes.get("image", "")}
        elif kind == "image":
            event = {"status": action, "id": identity}
        event |= {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identity, "Attributes": attributes},
            "scope": "local",
            "time": now // 10**9,
            "timeNano": now,
        }
        self._past.append(event)
        for queue in self._listeners:
            if queue.qsize() < _KEPT:
                queue.put_nowait(event)

    def past(self, since: int | None, until: int | None) -> list[dict[str, Any]]:
        return [
            event
            for event in self._past
            if (since or 0) <= event["timeNano"] and (until is None or event["timeNano"] <= until)
        ]

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
