"""An engine that can be killed, suspended and started again; what a fault looks like; when it strikes."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import daemon
import practicekit
import pytest
from plain import Engine, named_engines, usable
from shellkit import Cell

from dockermagic.errors import DockerMagicError
from dockermagic.exchange import Exchange

NO_DOCKERD = "needs root and dockerd, whose engine it starts and ends"
TALKS = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"


def need_dockerd() -> None:
    """Skip the test where no dockerd can be started, which nobody wants in CI."""
    if not daemon.can_run_dockerd():
        assert not os.environ.get("CI"), NO_DOCKERD
        pytest.skip(NO_DOCKERD)


@dataclass
class Own:
    """An engine of a test's own.

    Attributes:
        api: calls it by plain requests.
        daemon: starts, kills and stops its process: `practicekit.Engine` or `daemon.Dockerd`.
        folder: all its files are there.
    """

    api: Engine
    daemon: Any
    folder: Path
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

    def said(self, name: str) -> str:
        """The last of its log, frames and all."""
        query = {"stdout": "1", "stderr": "1", "tail": "100"}
        return self.api.call("GET", f"/containers/{name}/logs", params=query).text

    def clear(self) -> None:
        for each in self.api.call("GET", "/containers/json", params={"all": "1"}).json():
            self.api.call("DELETE", f"/containers/{each['Id']}", params={"force": "1"}).raise_for_status()


class Relay:
    """Stands between a client and a real engine, at an address of its own; lets only so much of the answers through.

    Attributes:
        upstream: the engine's address.
        left: how many bytes of answers still pass; None for all.
        silent: whether after those nothing more comes, where otherwise the connection is cut.
        passed: how many bytes of answers passed since `let_through`.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.left: int | None = None
        self.silent, self.passed = False, 0
        self._folder = tempfile.mkdtemp(prefix="relay.")
        self._path = f"{self._folder}/e.sock"
        self.host = f"unix://{self._path}"
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._served: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Relay:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        shutil.rmtree(self._folder)

    def let_through(self, count: int | None = None, silent: bool = False) -> None:
        """From now on, so many bytes."""
        self.left, self.silent, self.passed = count, silent, 0

    def lead_to(self, upstream: str) -> None:
        """From now on, to another engine; the connections that there are end."""

        async def end() -> None:
            for task in self._served:
                task.cancel()
            await asyncio.gather(*self._served, return_exceptions=True)

        self.upstream = upstream
        asyncio.run_coroutine_threadsafe(end(), self._loop).result()

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._take, self._path)
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    def _take(self, asked: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        served = asyncio.ensure_future(self._serve(asked, answer))
        self._served.add(served)
        served.add_done_callback(self._served.discard)

    async def _serve(self, asked: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        there, ask = await asyncio.open_unix_connection(self.upstream.removeprefix("unix://"))
        both = [asyncio.ensure_future(self._ask(asked, ask)), asyncio.ensure_future(self._answer(there, answer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in both:
                each.cancel()
            ask.close()
            answer.close()

    @staticmethod
    async def _ask(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                target.write(data)
                await target.drain()

    async def _answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                left = self.left  # once: when this has passed, the test may say how much of the next answer shall
                data = data[:left]
                self.passed += len(data)
                target.write(data)
                await target.drain()
                if left is None:
                    continue
                self.left = left - len(data)
                if not self.left:
                    await (self._over.wait() if self.silent else target.drain())
                    return


def a_practice_engine(folder: Path) -> Own:
    practice = practicekit.Engine(folder)
    return Own(Engine("practice", f"unix://{practice.socket}"), practice, folder)


def a_dockerd(folder: Path) -> Own:
    started = daemon.Dockerd(folder)
    return Own(started.engine, started, folder)


def give_busybox(own: Own) -> None:
    """A dockerd has no image; a practice engine has this one."""
    if own.api.name == "dockerd":
        daemon.give_busybox(usable(named_engines()[0]), own.api)


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
