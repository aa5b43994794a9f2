"""The clock jumps, as where a machine wakes or corrects its time.

The clock of a practice engine is moved inside its process. That of a dockerd is the machine's, which no test may move.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import practicekit
import pytest
from faultkit import Own, once_begun
from plain import Engine
from practicekit import ROOT, eventually
from shellkit import Shell

HOUR = 3600
BOTH = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
MOVED = """
import os, time
_time_ns = time.time_ns
def _ahead():
    try:
        with open(os.environ["CLOCK"]) as file:
            return int(file.read() or 0)
    except OSError:
        return 0
time.time_ns = lambda: _time_ns() + _ahead() * 10**9
time.time = lambda: time.time_ns() / 1e9
"""
SLOW_TO_END = "trap 'echo ending; sleep 1; exit 7' TERM; echo ready; while :; do sleep 0.05; done"


class Clock:
    """A practice engine's: so many seconds ahead."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.jump(0)

    def jump(self, seconds: int) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.file)


@pytest.fixture(scope="module")
def moved() -> Iterator[tuple[Own, Clock]]:
    folder = Path(tempfile.mkdtemp(prefix="clock."))
    (folder / "sitecustomize.py").write_text(MOVED)
    env = {"PYTHONPATH": f"{folder}:{ROOT}", "CLOCK": str(folder / "clock")}
    practice = practicekit.Engine(folder, env=env)
    own = Own(Engine("practice", f"unix://{practice.socket}"), practice, folder)
    try:
        own.start()
        yield own, Clock(folder / "clock")
        assert practice.stop() == ""
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def clock(moved: tuple[Own, Clock]) -> Iterator[Clock]:
    own, clock = moved
    clock.jump(0)
    yield clock
    own.clear()


@pytest.fixture
def own(moved: tuple[Own, Clock], clock: Clock) -> Own:
    return moved[0]


@BOTH
def test_a_log_goes_on_and_its_times_only_rise(
    shell: Shell, own: Own, clock: Clock, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.make("talks")
    once_begun(monkeypatch, "/logs", lambda: clock.jump(jump))
    cell = shell.run("%docker logs talks --follow --tail all --timestamps --lines 20")
    assert cell.error is None, cell.text
    assert list(cell.value["line"]) == [f"line {number}" for number in range(1, 21)]
    assert cell.value["time"].is_monotonic_increasing
    if jump > 0:
        assert (cell.value["time"].max() - cell.value["time"].min()).total_seconds() > HOUR - 60, "it has jumped"


@BOTH
def test_how_long_it_is_up_is_no_nonsense(shell: Shell, own: Own, clock: Clock, jump: int) -> None:
    own.make("talks")
    clock.jump(jump)
    up = "Up About an hour" if jump > 0 else "Up Less than a second"
    assert list(shell.run("%docker list").value["status"]) == [up]


@BOTH
def test_stop_waits_neither_less_nor_an_hour(own: Own, clock: Clock, jump: int) -> None:
    """Of two that heed SIGTERM late, or not at all."""
    own.make("late", SLOW_TO_END, StopSignal="SIGTERM")
    own.make("never", "trap '' TERM; echo ready; while :; do sleep 0.05; done", StopSignal="SIGTERM")
    eventually(lambda: "ready" in own.said("late") and "ready" in own.said("never"))
    with ThreadPoolExecutor() as pool:
        stops = [
            pool.submit(own.api.call, "POST", f"/containers/{name}/stop", params={"t": t})
            for name, t in (("late", 10), ("never", 1))
        ]
        eventually(lambda: "ending" in own.said("late"))
        clock.jump(jump)
        assert [stop.result().status_code for stop in stops] == [204, 204]
    assert own.state("late")["ExitCode"] == 7, "it had the time that it was given"
    assert own.state("never")["ExitCode"] == 137


@BOTH
def test_what_goes_on_for_some_time_ends_after_it(
    shell: Shell, own: Own, clock: Clock, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.make("talks")
    once_begun(monkeypatch, "/events", lambda: clock.jump(jump))
    cell = shell.run("%docker events --since 1h --for 1s")
    assert cell.error is None, cell.text
    assert list(cell.value["action"][:2]) == ["create", "start"]


@BOTH
def test_an_engine_that_starts_after_it_knows_all(own: Own, clock: Clock, jump: int) -> None:
    own.make("talks")
    own.make("done", "echo said")
    eventually(lambda: own.state("done")["Status"] == "exited")
    own.daemon.stop()
    clock.jump(jump)
    own.start()
    assert own.state("talks")["Status"] == "exited"
    assert own.state("done")["ExitCode"] == 0
    assert "said" in own.said("done")
    assert own.api.call("POST", "/containers/talks/start").status_code == 204
