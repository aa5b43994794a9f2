"""stats and events: a sample, a stream that has a bound, several containers at once; what happened and what happens."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest
from differences import quirk
from enginekit import Caller, Made, Magic

from dockermagic.tables import EVENTS, STATS

OFFLINE = {"HostConfig": {"NetworkMode": "none"}}


@pytest.fixture(scope="module")
def web(shared: Made) -> str:
    """Runs, and does little."""
    return shared("while :; do sleep 0.1; done", **OFFLINE)


def test_one_sample(by: Caller, web: str) -> None:
    frame = by("stats", id=web)
    assert dict(by.last.request.query) == {"stream": "0"}
    assert list(frame.columns) == list(STATS)
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    assert frame["memory_usage"].dtype == frame["pids"].dtype == "Int64"
    (row,) = frame.to_dict("records")
    assert row["name"] == web
    assert row["pids"] >= 1
    assert row["memory_usage"] > 0
    assert abs(row["time"] - pd.Timestamp.now("UTC")) < pd.Timedelta(hours=1)


def test_a_stream_of_samples_with_a_bound(by: Caller, web: str) -> None:
    frame = by("stats", id=web, stream=True, lines=2)
    assert len(frame) == 2
    assert frame["time"].is_monotonic_increasing
    assert frame["cpu_percent"].dtype == "Float64"


def test_samples_of_several(magic: Magic, web: str, made: Made) -> None:
    other = made(**OFFLINE)
    assert set(magic.typed(["stats", web, other])["name"]) == {web, other}


def actions(frame: Any) -> list[str]:
    assert list(frame.columns) == list(EVENTS)
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    return [str(action) for action in frame["action"]]


def test_what_has_happened(by: Caller, made: Made) -> None:
    name = made.finished("exit 3", **OFFLINE)
    only = {"container": [name], "type": ["container"]}
    if quirk("events: until now comes short", by.session.engine.name):
        seen = by("events", filters=only, since=ago(600), until=ago(-2))
    else:
        seen = by("events", filters=only)
    assert [action for action in actions(seen) if action in ("create", "start", "die")] == ["create", "start", "die"]
    assert set(seen["name"]) == {name}
    assert set(seen["type"]) == {"container"}
    assert len(set(seen["id"])) == 1


def ago(seconds: float) -> str:
    return f"{time.time() - seconds:.6f}"


def test_what_happens_with_a_bound(by: Caller, made: Made) -> None:
    name = made(start=False, **OFFLINE)
    only = {"container": [name], "event": ["create"]}
    assert actions(by("events", filters=only, since=ago(600), lines=1)) == ["create"]
    assert actions(by("events", filters=only, since=ago(600), **{"for": "2s"})) == ["create"]
    assert "until" not in dict(by.last.request.query)
