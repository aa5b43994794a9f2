"""Times as Docker writes and reads them, and waiting for no more than a time."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

NEVER = "0001-01-01T00:00:00Z"
_GO_DURATION = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def rfc3339(ns: int) -> str:
    """Nanoseconds since 1970 as RFC 3339, without trailing zeros."""
    seconds, rest = divmod(ns, 10**9)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    fraction = f"{rest:09d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def rfc3339_fixed(ns: int) -> str:
    """With all nine digits, as in log lines."""
    seconds, rest = divmod(ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def now() -> str:
    return rfc3339(time.time_ns())


@lru_cache
def nanoseconds(text: str) -> int:
    """RFC 3339 to nanoseconds since 1970. Raises ValueError."""
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\d*)?\s*(Z|z|[+-]\d\d:\d\d)?", text
    )
    if not match:
        raise ValueError(text)
    day, clock, fraction, zone = match.groups()
    clock = clock or "00:00:00"
    moment = datetime.fromisoformat(f"{day}T{clock if len(clock) == 8 else clock + ':00'}")
    offset = timedelta()
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    whole = int(
        (moment.replace(tzinfo=timezone.utc) - offset - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
    )
    return whole * 10**9 + int((fraction or "0").ljust(9, "0"))


def seconds(text: str) -> int:
    return nanoseconds(text) // 10**9


def duration(text: str) -> int:
    """A Go duration (1m30s, 100ms) in nanoseconds. Raises ValueError."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+", text):
        raise ValueError(text)
    total = sum(float(n) * _GO_DURATION[unit] for n, _, unit in re.findall(r"(\d+(\.\d*)?)(ns|us|µs|ms|s|m|h)", text))
    if math.isinf(total):
        raise ValueError(text)
    return int(-total if text.startswith("-") else total)


def human(ns: int) -> str:
    """A span as `docker ps` tells it: About a minute, 3 hours."""
    second = ns // 10**9
    minute, hour = second // 60, int(ns / 3.6e12 + 0.5)
    steps = (
        (second < 1, "Less than a second"),
        (second == 1, "1 second"),
        (second < 60, f"{second} seconds"),
        (minute == 1, "About a minute"),
        (minute < 60, f"{minute} minutes"),
        (hour == 1, "About an hour"),
        (hour < 48, f"{hour} hours"),
        (hour < 24 * 7 * 2, f"{hour // 24} days"),
        (hour < 24 * 30 * 2, f"{hour // 24 // 7} weeks"),
        (hour < 24 * 365 * 2, f"{hour // 24 // 30} months"),
    )
    for holds, text in steps:
        if holds:
            return text
    return f"{hour // 24 // 365} years"


async def within(seconds: float | None, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. Raises asyncio.TimeoutError when it takes longer, and has it end then; None: no limit.

    asyncio.wait_for loses a cancellation that comes together with the work's end, before Python 3.12.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()
