"""The state of a container, as Docker tells it, and waiting for it to change."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from . import clock


@dataclass
class State:
    running: bool = False
    paused: bool = False
    restarting: bool = False
    oom_killed: bool = False
    dead: bool = False
    removing: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started_at: str = clock.NEVER
    finished_at: str = clock.NEVER
    health: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        if self.running:
            return "paused" if self.paused else "restarting" if self.restarting else "running"
        if self.removing:
            return "removing"
        if self.dead:
            return "dead"
        return "created" if self.started_at == clock.NEVER else "exited"

    def saved(self) -> dict[str, Any]:
        return asdict(self)

    def view(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "Status": self.status,
            "Running": self.running,
            "Paused": self.paused,
            "Restarting": self.restarting,
            "OOMKilled": self.oom_killed,
            "Dead": self.dead,
            "Pid": self.pid,
            "ExitCode": self.exit_code,
            "Error": self.error,
            "StartedAt": self.started_at,
            "FinishedAt": self.finished_at,
        }
        if self.health is not None:
            told["Health"] = self.health
        return told


@dataclass
class Waiters:
    """Those waiting for the container to stop, and those waiting for it to be gone."""

    stopped: list[asyncio.Future[int]] = field(default_factory=list)
    removed: list[asyncio.Future[int]] = field(default_factory=list)

    def wait_stopped(self) -> asyncio.Future[int]:
        return self._wait(self.stopped)

    def wait_removed(self) -> asyncio.Future[int]:
        return self._wait(self.removed)

    @staticmethod
    def _wait(waiting: list[asyncio.Future[int]]) -> asyncio.Future[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        future.add_done_callback(lambda done: waiting.remove(done) if done in waiting else None)
        return future

    def tell_stopped(self, code: int) -> None:
        self._tell(self.stopped, code)

    def tell_removed(self, code: int) -> None:
        self._tell(self.removed, code)

    @staticmethod
    def _tell(waiting: list[asyncio.Future[int]], code: int) -> None:
        for future in list(waiting):
            if not future.done():
                future.set_result(code)
        waiting.clear()
