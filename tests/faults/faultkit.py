"""An engine that can be killed, suspended and started again; what a fault looks like; when it strikes."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plain import Engine
from shellkit import Cell

from dockermagic.errors import DockerMagicError
from dockermagic.exchange import Exchange

TALKS = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"


@dataclass
class Own:
    """An engine of a test's own.

    Attributes:
        api: calls it by plain requests.
        daemon: starts, kills and stops its process: `practicekit.Engine` or `daemon.Dockerd`.
    """

    api: Engine
    daemon: Any
    alive: bool = False

    @property
    def host(self) -> str:
        return self.api.host

    @property
    def pid(self) -> int:
        return int(self.daemon.process.pid)

    def start(self) -> None:
        self.daemon.start()
        self.alive = True

    def kill(self) -> None:
        self.daemon.kill()
        self.alive = False

    def revive(self) -> None:
        if self.alive:
            self.resume()
        else:
            self.start()

    def suspend(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def make(self, name: str, script: str = "", start: bool = True, **config: Any) -> str:
        """A container that runs a script; SIGKILL stops it, since a shell that is PID 1 heeds nothing less."""
        body = {"Image": "busybox", "Cmd": ["sh", "-c", script or TALKS], "StopSignal": "SIGKILL", **config}
        made = self.api.call("POST", "/containers/create", params={"name": name}, json=body)
        assert made.status_code == 201, made.text
        if start:
            self.api.call("POST", f"/containers/{name}/start").raise_for_status()
        return name

    def state(self, name: str) -> dict[str, Any]:
        return dict(self.api.call("GET", f"/containers/{name}/json").json()["State"])

    def clear(self) -> None:
        for each in self.api.call("GET", "/containers/json", params={"all": "1"}).json():
            self.api.call("DELETE", f"/containers/{each['Id']}", params={"force": "1"}).raise_for_status()


def once_begun(patch: pytest.MonkeyPatch, end: str, deed: Callable[[], None]) -> None:
    """Do something once, when the first bytes have come of an answer to a path that ends so."""
    whole, waiting = Exchange.chunks, [deed]

    def chunks(self: Exchange) -> Iterator[bytes]:
        with closing(whole(self)) as come:  # type: ignore[type-var]
            for chunk in come:
                yield chunk
                if waiting and self.request.path.endswith(end):
                    waiting.pop()()

    patch.setattr(Exchange, "chunks", chunks)


def block(cell: Cell, kind: type[DockerMagicError]) -> str:
    """The block that the user sees: of that class, at most three lines, the last of them the next step."""
    assert type(cell.error) is kind, cell.error or cell.text
    lines = cell.error.lines()
    assert len(lines) <= 3, lines
    assert lines[0].startswith(f"{kind.__name__}")
    assert lines[-1].startswith("→ "), lines
    assert all(line in cell.text for line in lines)
    assert "Traceback" not in cell.text
    return "\n".join(lines)


@dataclass(frozen=True)
class Left:
    """What a process holds open."""

    threads: int
    sockets: int

    def __le__(self, other: Left) -> bool:
        return self.threads <= other.threads and self.sockets <= other.sockets


def left_open() -> Left:
    """Now, without what only waits for the garbage collector: an error and its frames hold each other."""
    gc.collect()

    def kind(entry: Path) -> str:
        try:
            return os.readlink(entry)
        except OSError:
            return ""

    sockets = sum(kind(entry).startswith("socket:") for entry in Path("/proc/self/fd").iterdir())
    return Left(threading.active_count(), sockets)
