"""Further processes in a running container. Knows no HTTP."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from .errors import BadParameter, Conflict, Failed, NotFound
from .runs import NotStarted
from .stdio import Listener, Output, Stdio

if TYPE_CHECKING:
    from .containers import Container

READY_WITHIN = 10.0


class Exec:
    def __init__(self, container: Container, settings: dict[str, Any]) -> None:
        self.id = secrets.token_hex(32)
        self.container = container
        self.settings = settings
        self.running = False
        self.exit_code: int | None = None
        self.pid = 0
        self.output = Output()
        self.stdio: Stdio | None = None
        self.ended = asyncio.Event()
        self._begun = False

    @property
    def command(self) -> str:
        program, *arguments = self.settings["Cmd"]
        return f"{program} {' '.join(arguments)}"

    def check_startable(self) -> None:
        if self.exit_code is not None:
            raise Conflict(f"exec command {self.id} has already run")
        if self.running or self._begun:
            raise Conflict(f"exec command {self.id} is already running")
        self.container.check_can_exec(self.container.id)

    async def start(self, on_data=None) -> None:
        """Raises NotStarted with the message for the user."""
        self._begun = True
        run = self.container.run
        if run is None:
            raise NotStarted(Failed(f"container {self.container.id} is not running"), 128)
        self.container.tell(f"exec_start: {self.command}", execID=self.id)
        self.running = True
        try:
            self.pid, self.stdio = await run.execute(
                self.id, self.settings, self.output, self._exited, on_data or _drop
            )
        except NotStarted as failure:
            self.running = False
            self.exit_code = failure.code
            self.container.execs.pop(self.id, None)
            self.output.end()
            self.ended.set()
            raise

    def listen(self) -> Listener:
        streams = {1: self.settings["AttachStdout"] or self.settings["Tty"], 2: self.settings["AttachStderr"]}
        return self.output.listen(frozenset(stream for stream, wanted in streams.items() if wanted))

    def _exited(self, code: int) -> None:
        self.exit_code = code
        self.container.engine.keep(self._finish(code))

    async def _finish(self, code: int) -> None:
        while self.stdio is None and self.running:  # the exit overtook the answer to the start
            await asyncio.sleep(0)
        if self.stdio is not None:
            await self.stdio.finish()
        self.running = False
        self.container.execs.pop(self.id, None)
        self.container.tell("exec_die", execID=self.id, exitCode=str(code))
        self.output.end()
        self.ended.set()

    async def resize(self, rows: int, columns: int) -> None:
        if self.exit_code is not None and not self.pid:
            raise BadParameter("exec process is not started")
        if self.exit_code is not None:
            raise NotFound(f"NotFound: process does not exist {self.id}: not found")
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        while self.stdio is None:
            if asyncio.get_running_loop().time() > deadline:
                raise Failed("timeout waiting for exec session ready")
            await asyncio.sleep(0.02)
        self.stdio.resize(rows, columns)

    def view(self) -> dict[str, Any]:
        settings = self.settings
        process: dict[str, Any] = {
            "tty": settings["Tty"],
            "entrypoint": settings["Cmd"][0],
            "arguments": settings["Cmd"][1:],
            "privileged": settings["Privileged"],
        }
        if user := settings["User"] or self.container.config["User"]:
            process["user"] = user
        return {
            "ID": self.id,
            "Running": self.running,
            "ExitCode": None if self.running else self.exit_code,
            "ProcessConfig": process,
            "OpenStdin": settings["AttachStdin"],
            "OpenStderr": settings["AttachStderr"],
            "OpenStdout": settings["AttachStdout"],
            "CanRemove": False,
            "ContainerID": self.container.id,
            "DetachKeys": settings["DetachKeys"],
            "Pid": self.pid,
        }


def _drop(stream: int, data: bytes) -> None:
    """An exec has no log."""


def checked(settings: dict[str, Any]) -> dict[str, Any]:
    if not settings["Cmd"]:
        raise BadParameter("No exec command specified")
    return settings
