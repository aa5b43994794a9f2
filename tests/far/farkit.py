"""What every far engine must do, however it is reached."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from plain import Engine

from dockermagic import streams
from dockermagic.frames import Demultiplexer
from dockermagic.session import Session

SECONDS = 30.0


def until(check: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < end, f"not within {SECONDS:g} s: {what}"
        time.sleep(0.05)


def walk(session: Session, engine: Engine, name: str) -> None:
    """The calls of a container's life; what they did is looked at on the engine itself."""

    def state() -> str:
        return str(engine.call("GET", f"/containers/{name}/json").json()["State"]["Status"])

    assert [f"/{name}"] in [each["Names"] for each in session.call("list", all=True).json()]
    assert session.call("inspect", id=name).json()["State"]["Status"] == "created"
    assert session.call("start", id=name).status == 204
    until(lambda: state() == "running", f"{name} runs")
    until(lambda: b"ready" in session.call("logs", id=name).read(), f"{name} says that it is ready")
    follow = session.call("logs", id=name, follow=True)
    assert b"ready" in next(follow.chunks())
    follow.close()
    assert "ready" not in str(session.call("top", id=name).json()["Titles"])
    far = hashlib.sha256()
    size = 0
    for chunk in session.call("export", id=name).chunks():
        far.update(chunk)
        size += len(chunk)
    near = engine.call("GET", f"/containers/{name}/export").content
    assert size == len(near) > 1_000_000
    assert session.call("kill", id=name).status == 204
    until(lambda: state() == "exited", f"{name} has ended")
    assert session.call("remove", id=name).status == 204
    assert engine.call("GET", f"/containers/{name}/json").status_code == 404


def echoes(session: Session, engine: Engine, name: str, folder: Path) -> None:
    """An exec that gives back what it is given: both directions at once, and the end of input is heard over there."""
    given = bytes(range(256)) * 8_000
    (folder / "given").write_bytes(given)
    engine.call("POST", f"/containers/{name}/start").raise_for_status()
    made = session.call("exec_create", id=name, body={"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True})
    values = {"id": made.json()["Id"], "input-file": str(folder / "given")}
    answer = session.call("exec_start", values, body={"Detach": False, "Tty": False})
    assert answer.status == 101
    decoder = Demultiplexer()
    assert b"".join(piece.data for chunk in answer.chunks() for piece in decoder.feed(chunk)) == given
    assert session.call("ping").read() == b"OK"


def ends_by_itself(session: Session, name: str) -> None:
    """A log that is followed for a second, and statistics: the bound ends them, and the next call goes through."""
    answer = session.call("logs", {"id": name, "for": "1s"})
    assert ("stdout", "ready") in [line for batch in streams.lines(answer) for line in batch]
    assert answer.stopped
    answer = session.call("stats", {"id": name, "for": "3s"})
    samples = [sample for batch in streams.values(answer) for sample in batch]
    assert samples
    assert all(sample["memory_stats"] is not None for sample in samples)
    assert session.call("ping").read() == b"OK"
