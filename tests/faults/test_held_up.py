"""The engine is held up: suspended as with its laptop, or asked for much at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from faultkit import Own, block, once_begun
from shellkit import Shell

from dockermagic import errors

MANY = 200
PATIENCE = 120


@contextmanager
def suspended_for(own: Own, seconds: float) -> Iterator[None]:
    waking = threading.Timer(seconds, own.resume)
    own.suspend()
    waking.start()
    try:
        yield
    finally:
        waking.join()


def test_a_call_to_a_suspended_engine_is_answered_when_it_wakes(shell: Shell, own: Own) -> None:
    own.make("talks")
    with suspended_for(own, 2):
        cell = shell.run("%docker list --all")
    assert cell.error is None, cell.text
    assert list(cell.value["name"]) == ["talks"]


def test_a_call_to_an_engine_that_sleeps_for_longer_than_we_wait(shell: Shell, own: Own) -> None:
    own.make("talks")
    shell.run("%config DockerMagic.timeout = 0.5")
    with suspended_for(own, 1.5):
        said = block(shell.run("%docker list --all"), errors.TimedOut)
    assert said.startswith(f"TimedOut: {own.host} did not answer within 0.5 s")
    shell.run("%config DockerMagic.timeout = 30")
    assert list(shell.run("%docker list --all").value["name"]) == ["talks"]


def test_a_log_that_is_followed_goes_on_where_it_stood(shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.make("talks")

    def sleep_for_a_while() -> None:
        own.suspend()
        threading.Timer(2, own.resume).start()

    once_begun(monkeypatch, "/logs", sleep_for_a_while)
    cell = shell.run("%docker logs talks --follow --tail all --lines 60")
    assert cell.error is None, cell.text
    assert list(cell.value["line"]) == [f"line {number}" for number in range(1, 61)]


def test_many_are_stopped_at_once(shell: Shell, own: Own) -> None:
    names = [f"many-{number}" for number in range(MANY)]

    def make(name: str) -> str:
        return own.make(name, "exec sleep 1000")

    def stop(name: str) -> int:
        return own.api.call("POST", f"/containers/{name}/stop", timeout=PATIENCE).status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(make, names)) == sorted(names)
    with ThreadPoolExecutor(len(names)) as pool:
        assert set(pool.map(stop, names)) == {204}
    listed = shell.run("%docker list --all").value
    assert sorted(listed["name"]) == sorted(names)
    assert set(listed["state"]) == {"exited"}
    assert listed["status"].str.startswith("Exited (137)").all()
