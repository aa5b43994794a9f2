"""What an engine answers is cut, or ends in silence, at any byte: a relay stands between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faultkit import Own, Relay, block
from practicekit import eventually
from shellkit import Shell

from dockermagic import errors, streams
from dockermagic.locate import Surroundings
from dockermagic.session import Session, Settings

SAYS = "echo one; echo two >&2; echo three"
SAID = {("stdout", "one"), ("stderr", "two"), ("stdout", "three")}
SILENCE = 0.2


@pytest.fixture
def relay(own: Own) -> Iterator[Relay]:
    with Relay(own.host) as relay:
        yield relay


@pytest.fixture
def session(relay: Relay) -> Iterator[Session]:
    around = Surroundings(env={"DOCKER_HOST": relay.host}, home=Path("/nowhere"), uid=1)
    session = Session(Settings(timeout=SILENCE), around)
    yield session
    session.close()


def read(session: Session) -> tuple[list[tuple[str, str]], errors.DockerMagicError | None]:
    """The lines that came of a log, and what ended it."""
    come: list[tuple[str, str]] = []
    try:
        for batch in streams.lines(session.call("logs", id="says", stdout=True, stderr=True)):
            come += batch
    except errors.DockerMagicError as error:
        return come, error
    return come, None


def whole(own: Own, relay: Relay, session: Session) -> int:
    """How many bytes the answer has."""
    own.make("says", SAYS)
    eventually(lambda: own.state("says")["Status"] == "exited")
    session.settings.timeout = 30
    session.connect()
    relay.let_through()
    lines, error = read(session)
    assert error is None
    assert set(lines) == SAID
    return relay.passed


def test_an_answer_that_is_cut_at_any_byte(own: Own, relay: Relay, session: Session) -> None:
    everything = whole(own, relay, session)
    known = 0
    for count in range(1, everything):
        relay.let_through(count)
        lines, error = read(session)
        assert type(error) is errors.CutShort, f"after {count} of {everything} bytes: {error!r}"
        assert set(lines) <= SAID
        assert len(lines) >= known, "what came whole is kept"
        known = len(lines)
    assert known == len(SAID)
    relay.let_through(everything)
    assert read(session)[1] is None


def test_an_answer_that_falls_silent(own: Own, relay: Relay, session: Session) -> None:
    everything = whole(own, relay, session)
    session.settings.timeout = SILENCE
    for count in (1, 20, everything // 2, *range(everything - 21, everything, 4), everything - 1):
        relay.let_through(count, silent=True)
        lines, error = read(session)
        assert type(error) is errors.TimedOut, f"after {count} of {everything} bytes: {error!r}"
        assert set(lines) <= SAID
    assert set(lines) == SAID, "what came whole is kept"
    relay.let_through()
    session.settings.timeout = 30
    assert read(session)[1] is None


def test_it_accepts_and_never_answers(shell: Shell, own: Own) -> None:
    own.make("talks")
    with Relay(own.host) as relay:
        assert shell.run(f"%docker connect {relay.host}").error is None
        shell.run("%config DockerMagic.timeout = 0.3")
        relay.let_through(0, silent=True)
        said = block(shell.run("kept = 1\nkept = %docker list"), errors.TimedOut)
        assert said.startswith(f"TimedOut: {relay.host} did not answer within 0.3 s")
        assert shell.names["kept"] == 1
        block(shell.run(f"%docker connect {relay.host}"), errors.TimedOut)
        relay.let_through()
        shell.run("%config DockerMagic.timeout = 30")
        assert list(shell.run("%docker list").value["name"]) == ["talks"]
