"""start, stop, restart, kill, wait, remove, rename, pause, unpause: what changes a container."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from differences import expected, quirk
from enginekit import IGNORES_TERM, Caller, Made, unique, until
from plain import Engine

from dockermagic.errors import EngineTooOld, StatusError
from dockermagic.session import Session

OUTCOME = ["container", "status", "happened"]


def happened(frame: Any) -> tuple[str, int, str]:
    assert list(frame.columns) == OUTCOME
    assert len(frame) == 1
    assert frame["status"].dtype == "int64"
    container, status, said = frame.iloc[0]
    return container, int(status), said


def test_start_and_once_more(by: Caller, made: Made) -> None:
    name = made(start=False)
    assert happened(by("start", id=name)) == (name, 204, "started")
    assert made.state(name)["Running"] is True
    again = by("start", id=name)
    assert happened(again) == (name, expected("start: runs already", by.session.engine.name), "was running already")
    assert by.last.status == 304


def test_start_of_a_program_that_is_not_there(by: Caller, made: Made) -> None:
    name = made(start=False, Cmd=["/no/such/program"])
    with pytest.raises(StatusError) as caught:
        by("start", id=name)
    assert caught.value.status == expected("start: no such program", by.session.engine.name)
    assert "/no/such/program" in caught.value.what
    assert made.state(name)["Running"] is False


def test_stop_and_once_more(by: Caller, made: Made) -> None:
    name = made.ready()
    assert happened(by("stop", id=name, t=30)) == (name, 204, "stopped")
    assert made.state(name)["ExitCode"] == 0
    assert happened(by("stop", id=name, t=30)) == (name, 304, "was stopped already")


def test_stop_kills_what_does_not_end(by: Caller, made: Made) -> None:
    name = made.ready(IGNORES_TERM)
    assert happened(by("stop", id=name, t=1)) == (name, 204, "stopped")
    assert made.state(name)["ExitCode"] == 137


@pytest.mark.slow
def test_a_slow_stop_is_no_failure(by: Caller, made: Made, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience is `t` and the margin: a margin shorter than `t` must not end the call."""
    monkeypatch.setattr(by.session.settings, "timeout", 8.0)
    name = made.ready(IGNORES_TERM)
    assert happened(by("stop", id=name, t=12)) == (name, 204, "stopped")
    assert by.last.seconds > 11
    assert made.state(name)["ExitCode"] == 137


def test_stop_by_another_signal_needs_api_1_42(by: Caller, made: Made) -> None:
    name = made.ready("trap 'exit 5' INT; trap '' TERM; echo ready; while :; do sleep 0.1; done")
    if by.session.engine.api == "1.41":
        with pytest.raises(EngineTooOld, match=r"stop's signal came with API 1\.42"):
            by("stop", id=name, signal="INT")
        assert made.state(name)["Running"] is True
        return
    deaf = quirk("stop: the signal is not looked at", by.session.engine.name)
    assert happened(by("stop", id=name, signal="INT", t=1 if deaf else 30))[1] == 204
    assert made.state(name)["ExitCode"] == (137 if deaf else 5)


def test_restart(by: Caller, made: Made) -> None:
    name = made.ready()
    before = made.state(name)
    assert happened(by("restart", id=name, t=30)) == (name, 204, "restarted")
    after = made.state(name)
    assert after["Running"] is True
    assert after["StartedAt"] > before["StartedAt"]
    assert after["Pid"] != before["Pid"]


def test_restart_starts_a_stopped_one(by: Caller, made: Made) -> None:
    name = made(start=False)
    case = expected("restart: created only", by.session.engine.name)
    assert happened(by("restart", id=name)) == (name, case, "restarted")
    assert made.state(name)["Running"] is True


def test_kill(by: Caller, made: Made) -> None:
    name = made()
    assert happened(by("kill", id=name)) == (name, 204, "was sent the signal")
    until(lambda: made.state(name)["Running"] is False, "it ends")
    assert made.state(name)["ExitCode"] == 137


@pytest.mark.parametrize("signal", ["HUP", "SIGHUP", "1"])
def test_kill_sends_any_signal(by: Caller, made: Made, signal: str) -> None:
    name = made.ready("trap 'echo got it' HUP; echo ready; while :; do sleep 0.1; done")
    assert happened(by("kill", id=name, signal=signal))[1] == 204
    until(lambda: b"got it" in made.log(name), "the signal came")
    assert made.state(name)["Running"] is True


def test_wait_tells_the_exit_code(by: Caller, made: Made) -> None:
    name = made.finished("exit 9")
    assert by("wait", id=name)["StatusCode"] == 9


def test_wait_comes_back_when_it_ends(by: Caller, made: Made, engine: Engine) -> None:
    name = made()
    seen: list[bool] = []

    def kill() -> None:
        seen.append(bool(made.state(name)["Running"]))
        engine.call("POST", f"/containers/{name}/kill")

    timer = threading.Timer(1.0, kill)
    timer.start()
    try:
        found = by("wait", id=name, condition="not-running")
    finally:
        timer.join()
    assert seen == [True]
    assert found["StatusCode"] == 137


def test_wait_for_the_next_exit_of_one_that_has_ended(by: Caller, made: Made, engine: Engine) -> None:
    name = made("exit 4")
    assert by("wait", id=name)["StatusCode"] == 4
    until(lambda: not made.state(name)["Running"], "it has ended")
    lives: list[str] = [made.state(name)["StartedAt"]]
    timer = threading.Timer(1.0, lambda: engine.call("POST", f"/containers/{name}/start"))
    timer.start()
    try:
        found = by("wait", id=name, condition="next-exit")
    finally:
        timer.join()
    assert found["StatusCode"] == 4
    assert made.state(name)["StartedAt"] > lives[0]


def test_wait_for_the_removal(by: Caller, made: Made) -> None:
    name = made("sleep 1; exit 6", HostConfig={"AutoRemove": True})
    assert by("wait", id=name, condition="removed")["StatusCode"] == 6
    assert not made.there(name)


def test_wait_is_not_cut_by_the_time_out(by: Caller, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by.session.settings, "timeout", 0.5)
    assert by("wait", id=made("sleep 2; exit 3"))["StatusCode"] == 3


def test_remove(by: Caller, made: Made) -> None:
    name = made(start=False)
    assert happened(by("remove", id=name)) == (name, 204, "removed")
    assert not made.there(name)


def test_remove_by_force_and_with_volumes(by: Caller, made: Made) -> None:
    name = made(Volumes={"/kept": {}})
    assert happened(by("remove", id=name, force=True, v=True)) == (name, 204, "removed")
    assert not made.there(name)


def test_rename(by: Caller, made: Made) -> None:
    name, other = made(start=False), made.expect(unique())
    found = made.inspect(name)["Id"]
    assert happened(by("rename", id=name, name=other)) == (name, 204, "renamed")
    assert not made.there(name)
    assert made.inspect(other)["Id"] == found


def test_pause_and_unpause(by: Caller, made: Made) -> None:
    name = made("while :; do echo tick; sleep 0.1; done")
    assert happened(by("pause", id=name)) == (name, 204, "paused")
    assert made.state(name)["Paused"] is True or made.state(name)["Status"] == "paused"
    assert list(by("list", all=True, filters={"name": [name]})["state"]) == ["paused"]
    hidden = quirk("list: a paused one is shown only with all", by.session.engine.name)
    assert len(by("list", filters={"name": [name]})) == (0 if hidden else 1)
    before = made.log(name)
    time.sleep(0.5)  # nothing to poll for: that nothing happens is what is seen
    assert made.log(name) == before
    assert happened(by("unpause", id=name)) == (name, 204, "goes on")
    until(lambda: len(made.log(name)) > len(before), "it goes on")
