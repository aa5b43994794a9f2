"""What goes on by itself: stats, events, logs and attach, each ended by a bound; the value is what had come."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from differences import quirk
from enginekit import Caller, Made, Magic, until
from plain import Engine

OFFLINE = {"HostConfig": {"NetworkMode": "none"}}
TALKS = "n=0; while :; do n=$((n+1)); echo line $n; sleep 0.1; done"


@pytest.fixture(scope="module")
def one(shared: Made) -> str:
    return shared(TALKS, **OFFLINE)


@pytest.fixture(scope="module")
def two(shared: Made) -> str:
    return shared(TALKS, **OFFLINE)


def test_one_sample(by: Caller, one: str) -> None:
    (row,) = by("stats", id=one).to_dict("records")
    assert row["name"] == one
    assert row["memory_usage"] > 0
    assert row["pids"] >= 1
    assert row["time"].tzinfo is not None


def test_a_sample_of_one_that_does_not_run(magic: Magic, made: Made) -> None:
    name = made.finished("true", **OFFLINE)
    frame = magic.run(f"%docker stats {name}")
    assert list(frame["name"]) in ([name], [])
    assert frame["cpu_percent"].dtype == "Float64"


def test_samples_of_several_until_the_time_is_over(magic: Magic, one: str, two: str) -> None:
    frame = magic.run(f"%docker stats {one} {two} --stream --for 6s")
    assert set(frame["name"]) == {one, two}
    assert len(frame) >= 3
    assert frame["cpu_percent"].notna().any()
    assert frame["time"].is_monotonic_increasing or len(set(frame["name"])) > 1
    html = magic.shell.display_formatter.format(frame)[0]["text/html"]
    assert f"CPU of {one}" in html
    assert "<script" not in html


def test_so_many_samples(magic: Magic, one: str) -> None:
    assert len(magic.run(f"%docker stats {one} --stream --lines 2")) == 2


def lived(made: Made) -> tuple[str, int]:
    """A container that has been made, started and has ended; and the second before."""
    since = int(time.time()) - 1
    return made.finished("true", **OFFLINE), since


def test_events_of_the_past(by: Caller, made: Made) -> None:
    name, since = lived(made)
    frame = by("events", since=str(since), until=str(int(time.time()) + 2), filters={"container": [name]})
    assert set(frame["name"]) == {name}
    assert {"create", "start"} <= set(frame["action"])
    assert {"die", "died"} & set(frame["action"])
    assert frame["time"].is_monotonic_increasing
    assert set(frame["type"]) == {"container"}


def test_events_up_to_now(by: Caller, made: Made) -> None:
    name, since = lived(made)
    short = quirk("events: until now comes short", by.session.engine.name)
    bounds = {"since": str(since), "until": str(int(time.time()) + 2)} if short else {}
    frame = by("events", filters={"container": [name]}, **bounds)
    assert [action for action in frame["action"] if action in ("create", "start", "die")] == ["create", "start", "die"]


def test_events_of_one_kind(by: Caller, made: Made) -> None:
    name, since = lived(made)
    only = {"container": [name], "event": ["create"]}
    frame = by("events", since=str(since), until=str(int(time.time()) + 2), filters=only)
    assert list(frame["action"]) == ["create"]


def test_live_events_until_the_time_is_over(magic: Magic, made: Made) -> None:
    name = made(TALKS, **OFFLINE)
    killer = threading.Timer(1, lambda: made.engine.call("POST", f"/containers/{name}/kill"))
    killer.start()
    frame = magic.run(f"%docker events --filter container={name} --for 5s")
    killer.join()
    assert "kill" in set(frame["action"]) | {"kill" for action in frame["action"] if action in ("die", "died")}
    assert magic.text.count(str(frame["action"].iloc[0])) >= 1
    html = magic.shell.display_formatter.format(frame)[0]["text/html"]
    assert f"{name}: " in html


def test_logs_of_several_followed(magic: Magic, one: str, two: str) -> None:
    frame = magic.run(f"%docker logs {one} {two} --follow --tail 1 --for 2s")
    assert set(frame["name"]) == {one, two}
    assert all(line.startswith("line ") for line in frame["line"])
    assert min(frame["name"].value_counts()) > 3
    assert f"{one}    │line" in magic.text


def test_one_of_several_is_not_there(magic: Magic, one: str) -> None:
    from dockermagic import errors

    with pytest.raises(errors.NotFound, match="es-nobody"):
        magic.run(f"%docker logs {one} es-nobody --follow --for 2s")
    assert len(magic.run(f"%docker logs {one} --tail 1")) == 1


def test_attach_until_the_time_is_over(magic: Magic, one: str, engine: Engine) -> None:
    frame = magic.run(f"%docker attach {one} --for 2s")
    assert len(frame) > 3
    assert set(frame["stream"]) == {"stdout"}
    until(lambda: engine.call("GET", f"/containers/{one}/json").json()["State"]["Running"], "it goes on")


def test_attach_until_so_many_lines(magic: Magic, one: str) -> Any:
    assert len(magic.run(f"%docker attach {one} --lines 3")) == 3
