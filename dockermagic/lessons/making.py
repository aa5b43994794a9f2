"""What an exercise's starting situation is made of, and the removal of what is ours."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from dockermagic import ours
from dockermagic.endpoints import LABEL, raw
from dockermagic.errors import DockerMagicError, NotFound
from dockermagic.language import say
from dockermagic.session import Session

from .asking import Asker, unnoticed

IMAGE = "busybox"
PATIENCE = 10.0


class Maker:
    """Makes containers for an exercise, each with our label."""

    def __init__(self, session: Session) -> None:
        self._session, self._ask = session, Asker(session)

    def create(self, name: str, script: str, *, labels: dict[str, str] | None = None, **config: Any) -> None:
        """A container that was never started; its shell is to run `script`. `config` goes into the body."""
        body = {"Image": IMAGE, "Cmd": ["sh", "-c", script], "Labels": {LABEL: "1", **(labels or {})}, **config}
        with unnoticed(self._session):
            self._session.call("create", body=body, name=name).read()

    def start(self, name: str, script: str, **config: Any) -> None:
        """A container that was started."""
        self.create(name, script, **config)
        with unnoticed(self._session):
            self._session.call("start", id=name).read()

    def ended(self, name: str, script: str, **config: Any) -> None:
        """A container that has run to its end, and that the engine lists so."""
        self.start(name, script, **config)
        self._ask.json("wait", id=name)
        self._until(lambda: name in self._ask.names(status="exited", name=f"^{name}$"), f"`{name}`")

    def ready(self, name: str, script: str, said: str, **config: Any) -> None:
        """A container that runs, and has written `said`."""
        self.start(name, script, **config)
        self._until(lambda: said in self._ask.container(name).log(), f"`{name}`")

    def kill(self, name: str) -> None:
        """Send KILL to a container that runs, and wait until it has ended."""
        with unnoticed(self._session):
            self._session.call("kill", id=name).read()
        self._ask.json("wait", id=name)

    def call(self, row: str, name: str) -> None:
        """One call to a container that is there: `pause`, `start`, …"""
        with unnoticed(self._session):
            self._session.call(row, id=name).read()

    @staticmethod
    def _until(check: Any, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not check():
            if time.monotonic() > end:
                raise DockerMagicError(
                    say(
                        "{what} is not as the exercise needs it after {seconds:.0f} seconds",
                        what=what,
                        seconds=PATIENCE,
                    ),
                    say("run this cell again; `%docker list --all` shows what is there"),
                )
            time.sleep(0.05)


def remove(session: Session, name: str) -> bool:
    """Remove a container, if it is there and ours; whether one of that name is not there any more.

    Raises:
        StatusError, EngineError: as `Session.call`.
    """
    found = Asker(session).find(name)
    if found is None:
        return True
    if LABEL not in found.labels:
        return False
    with unnoticed(session):
        ours.remove(session, found.id, found.state)
    return True


def remove_image(session: Session, name: str) -> None:
    """Remove an image's name, and the image with its last one."""
    with unnoticed(session):
        try:
            session.call(raw("DELETE", f"/images/{quote(name, safe='/:')}")).read()
        except NotFound:
            return
