"""The three streams of one process: pipes or a terminal, read as they fill, handed to every listener."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
from collections import deque
from collections.abc import Callable

from .logs import STDERR, STDOUT

_CHUNK = 65536
_MOST_WAITING = 1 << 20  # bytes a listener may fall behind before the process has to wait for it
_DRAIN = 2.0  # seconds that output may still come after the process has ended


class Listener:
    """One reader of the output. Iterate over it: (stream, data), until the process has ended."""

    def __init__(self, streams: frozenset[int]) -> None:
        self.streams = streams
        self._items: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._ended = False
        self._news = asyncio.Event()
        self._space = asyncio.Event()
        self._space.set()

    def give(self, stream: int, data: bytes) -> None:
        if stream in self.streams and not self._ended:
            self._items.append((stream, data))
            self._size += len(data)
            self._news.set()
            if self._size > _MOST_WAITING:
                self._space.clear()

    async def wait_for_space(self) -> None:
        await self._space.wait()

    def end(self) -> None:
        self._ended = True
        self._news.set()
        self._space.set()

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        while not self._items:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        stream, data = self._items.popleft()
        self._size -= len(data)
        if self._size <= _MOST_WAITING:
            self._space.set()
        return stream, data


class Output:
    """Where a container's output goes, over all its runs: to the listeners of the moment."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()

    def listen(self, streams: frozenset[int]) -> Listener:
        listener = Listener(streams)
        self.listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        listener.end()
        self.listeners.discard(listener)

    async def give(self, stream: int, data: bytes) -> None:
        for listener in self.listeners:
            listener.give(stream, data)
        for listener in list(self.listeners):
            await listener.wait_for_space()

    def end(self) -> None:
        for listener in self.listeners:
            listener.end()
        self.listeners = set()


class Stdio:
    """Made before the process starts; `child_ends` go to the shim, and are closed here afterwards."""

    def __init__(
        self, *, tty: bool, stdin: bool, shim_makes_terminal: bool, on_data: Callable[[int, bytes], None]
    ) -> None:
        self.tty = tty
        self.output: Output | None = None
        self._on_data = on_data
        self._pumps: list[asyncio.Task[None]] = []
        self._stdin: int | None = None
        self._open: set[int] = set()
        self._waiting: dict[tuple[int, bool], asyncio.Future[None]] = {}
        self._turn = asyncio.Lock()
        self.child_ends: list[int] = []
        self._reads: list[tuple[int, int]] = []
        if tty and shim_makes_terminal:
            return
        if tty:
            master, slave = os.openpty()
            self.child_ends = [slave]
            self._take_terminal(master)
            return
        if stdin:
            read, self._stdin = os.pipe()
            os.set_blocking(self._stdin, False)
            self._open.add(self._stdin)
        else:
            read = os.open(os.devnull, os.O_RDONLY)
        self.child_ends = [read]
        for stream in (STDOUT, STDERR):
            ours, theirs = os.pipe()
            os.set_blocking(ours, False)
            self.child_ends.append(theirs)
            self._reads.append((stream, ours))
            self._open.add(ours)

    def _take_terminal(self, master: int) -> None:
        os.set_blocking(master, False)
        self._open.add(master)
        self._reads = [(STDOUT, master)]
        self._stdin = master

    def listen(self, output: Output) -> None:
        """Before the process starts: what it says at once on two streams is then read in the order of its saying."""
        self.output = output
        self._begin_pumps()

    def started(self, master: int | None) -> None:
        if master is not None:
            self._take_terminal(master)
            self._begin_pumps()
        self.close_child_ends()

    def _begin_pumps(self) -> None:
        self._pumps += [asyncio.create_task(self._pump(stream, descriptor)) for stream, descriptor in self._reads]

    def close_child_ends(self) -> None:
        for descriptor in self.child_ends:
            os.close(descriptor)
        self.child_ends = []

    def discard(self) -> None:
        """The process never started."""
        self.close_child_ends()
        self._close_all()

    async def _pump(self, stream: int, descriptor: int) -> None:
        output = self.output
        assert output is not None
        while True:
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                try:
                    await self._ready(descriptor, write=False)
                except BrokenPipeError:
                    return
                continue
            except OSError as error:
                if error.errno == errno.EIO:  # the other side of a terminal is closed
                    return
                raise
            if not data:
                return
            self._on_data(stream, data)
            await output.give(stream, data)
            await asyncio.sleep(0)

    async def write(self, data: bytes) -> None:
        """To the process, as fast as it reads. Raises BrokenPipeError when nobody reads."""
        async with self._turn:
            view = memoryview(data)
            while view:
                if self._stdin is None:
                    raise BrokenPipeError
                try:
                    view = view[os.write(self._stdin, view) :]
                except BlockingIOError:
                    await self._ready(self._stdin, write=True)
                except OSError as error:
                    raise BrokenPipeError from error

    def close_stdin(self) -> None:
        """A terminal has no end of input: whoever leaves it may come back."""
        if self._stdin is None or self.tty:
            return
        self._close(self._stdin)
        self._stdin = None

    def resize(self, rows: int, columns: int) -> None:
        if self.tty and self._stdin is not None:
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0))

    async def finish(self) -> None:
        """After the process has ended: what it still had to say, then close everything."""
        if self._pumps:
            _, late = await asyncio.wait(self._pumps, timeout=_DRAIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)
        self._close_all()

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.discard(descriptor)
            loop = asyncio.get_running_loop()
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
            for write in (False, True):
                future = self._waiting.pop((descriptor, write), None)
                if future is not None and not future.done():
                    future.set_exception(BrokenPipeError())
            os.close(descriptor)

    def _close_all(self) -> None:
        self._stdin = None
        for descriptor in list(self._open):
            self._close(descriptor)

    async def _ready(self, descriptor: int, *, write: bool) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting[descriptor, write] = future
        add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
        add(descriptor, lambda: None if future.done() else future.set_result(None))
        try:
            await future
        finally:
            if self._waiting.pop((descriptor, write), None) is future and descriptor in self._open:
                remove(descriptor)
