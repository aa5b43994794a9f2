"""The engine's side of one shim: start it, give it work, hear from it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from . import wire
from .nursery import buried, nursery


@dataclass(frozen=True)
class StartFailure(Exception):
    """The program could not be started: at which stage, and the kernel's word."""

    stage: str
    errno: int
    text: str = ""


class ShimLost(Exception):
    """The shim has ended, and with it every process of the container."""


live: set[int] = set()  # the shims of this engine


def known() -> set[int]:
    """The children that this engine looks after by itself."""
    return live | {nursery.pid}


class Shim:
    def __init__(self, on_exit: Callable[[str, int], None], on_lost: Callable[[], None]) -> None:
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._unpacker = wire.Unpacker()
        self._descriptors: list[int] = []
        self._answers: asyncio.Queue[dict | None] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._ended = False
        ours, theirs = socket.socketpair()
        with theirs:
            nursery.bear(theirs)
        self.pid = 0  # until it is prepared
        ours.setblocking(False)
        self._socket = ours
        self._loop.add_reader(ours.fileno(), self._readable)

    async def prepare(self, setup: dict) -> None:
        answer, _ = await self._ask(setup)
        self.pid = answer["pid"]
        live.add(self.pid)
        if answer.get("error"):
            raise StartFailure("prepare", 0, answer["error"])

    async def run(self, request: dict, descriptors: list[int]) -> tuple[int, int | None]:
        """Start one process: its PID here, and the terminal if the shim made one."""
        answer, received = await self._ask({"op": "run", **request, "descriptors": len(descriptors)}, descriptors)
        error = answer.get("error")
        if error:
            for descriptor in received:
                os.close(descriptor)
            raise StartFailure(error["stage"], error["errno"] or 0, error.get("text", ""))
        return answer["pid"], received[0] if received else None

    async def connect(self, kind: str, port: int) -> int:
        """A socket inside the container's network, connected to one of its ports."""
        answer, received = await self._ask({"op": "connect", "kind": kind, "port": port})
        if answer.get("error") or not received:
            raise StartFailure("connect", 0, answer.get("error") or "no descriptor")
        return received[0]

    def signal(self, name: str, number: int) -> None:
        self._post({"op": "signal", "name": name, "signal": number})

    def close(self) -> None:
        """Let go of the shim: it then kills whatever is left, and ends."""
        if self._ended:
            return
        self._ended = True
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._answers.put_nowait(None)
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    async def gone(self) -> None:
        """Wait until the shim's own process is buried."""
        if not self.pid:
            return
        await self._dead()
        delay = 0.001
        while not buried(self.pid):
            await asyncio.sleep(delay)
            delay = min(delay * 2, 0.05)
        live.discard(self.pid)

    async def _dead(self) -> None:
        """As soon as the kernel tells, where it can."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return
        ended = self._loop.create_future()
        self._loop.add_reader(descriptor, lambda: ended.done() or ended.set_result(None))
        try:
            await ended
        finally:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    async def _ask(self, message: dict, descriptors: list[int] | None = None) -> tuple[dict, list[int]]:
        async with self._turn:
            self._post(message, descriptors)
            answer = await self._answers.get()
            if answer is None:
                self._answers.put_nowait(None)
                raise ShimLost
            received, self._descriptors = self._descriptors, []
            return answer, received

    def _post(self, message: dict, descriptors: list[int] | None = None) -> None:
        if self._ended:
            raise ShimLost
        data = wire.pack(message)
        self._socket.setblocking(True)
        try:
            sent = socket.send_fds(self._socket, [data], descriptors) if descriptors else 0
            self._socket.sendall(data[sent:])
        except OSError as problem:
            raise ShimLost from problem
        finally:
            self._socket.setblocking(False)

    def _readable(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, 65536, 8)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self.close()
            self._on_lost()
            return
        self._descriptors += descriptors
        for message in self._unpacker.feed(data):
            if message["ev"] == "exit":
                self._on_exit(message["name"], message["code"])
            else:
                self._answers.put_nowait(message)
