"""The life of the process: one for a data directory, from its lock to its last request."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import signal
import socket
import stat
import sys
import tempfile
from pathlib import Path

from tornado.httpserver import HTTPServer

from . import NAME, isolation, kernel, process, tree
from .containers import Engine
from .handler import Handlers
from .nursery import nursery
from .routes import ROUTES
from .web import Router

IDLE_EXIT = 1800.0
LONGEST_SOCKET_PATH = 107
_LOOK_EVERY = 5.0  # seconds between two looks whether the data is still there
_MOST_HEADERS = 1 << 20


_log = logging.getLogger(__name__)


class Refusal(Exception):
    """Why the engine does not start, in one line."""


def default_data() -> Path:
    """Where the engine of `%docker` lives too, so that a user has one engine, whoever starts it."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(home) / "dockermagic" / "practice"


def default_socket() -> Path:
    near = default_data() / "engine.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
        return near
    mark = hashlib.sha256(os.fsencode(default_data())).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"dockermagic-{os.getuid()}-{mark}" / "engine.sock"


def private_directory(path: Path) -> None:
    """Ours alone: mode 0700, made if missing, refused if somebody else owns it, or may have left something in it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST) or not _is_ours(path):
            raise Refusal(f"{path} is not a directory of the user running the engine") from error
        raise Refusal(f"cannot make the directory {path}: {error.strerror}") from error
    try:  # by descriptor: whatever is at the path by now, this is what was looked at
        status = os.fstat(directory)
        if status.st_uid != os.getuid():
            raise Refusal(f"{path} is not a directory of the user running the engine")
        if stat.S_IMODE(status.st_mode) & 0o022 and os.listdir(directory):
            raise Refusal(f"{path} is shared: others may have written there, give the engine a directory of its own")
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(directory, 0o700)
    finally:
        os.close(directory)


def _is_ours(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return True


def lock(data: Path) -> int:
    """Held for the life of the process. A second engine is told whom it met."""
    try:
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refusal(f"cannot open {data / 'lock'}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        first = os.read(descriptor, 32).decode().strip() or "?"
        os.close(descriptor)
        raise Refusal(f"a practice engine with the pid {first} already uses {data}") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def in_place(data: Path, held: int) -> bool:
    """Whether the lock that we hold is still the one of this directory; if not, the directory has gone."""
    try:
        return os.path.samestat(os.stat(data / "lock"), os.fstat(held))
    except OSError:
        return False


def listen(path: Path) -> socket.socket:
    if len(os.fsencode(str(path))) > LONGEST_SOCKET_PATH:
        raise Refusal(f"the path of the socket is too long ({LONGEST_SOCKET_PATH} bytes at most): {path}")
    sock = socket.socket(socket.AF_UNIX)
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise Refusal(f"{path} is in the way: it is no socket")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError as error:
                if error.errno not in (errno.ECONNREFUSED, errno.ENOENT):
                    raise Refusal(f"{path} is in the way: {error.strerror}") from error
            else:
                raise Refusal(f"somebody already listens on {path}")
        path.unlink()
    old = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError as error:
        raise Refusal(f"cannot bind {path}: {error.strerror}") from error
    finally:
        os.umask(old)
    sock.listen(512)
    sock.setblocking(False)
    return sock


class Life:
    """When the engine has been idle for long enough: no request under way, nothing running."""

    def __init__(self, idle_exit: float) -> None:
        self._idle_exit = idle_exit
        self._requests = 0
        self._idle_since: float | None = None
        self._changed = asyncio.Event()
        self.over = asyncio.Event()

    def request_began(self) -> None:
        self._requests += 1
        self._touch()

    def request_ended(self) -> None:
        self._requests -= 1
        self._touch()

    def _touch(self) -> None:
        self._idle_since = asyncio.get_running_loop().time()

    async def watch_place(self, data: Path, held: int) -> None:
        """An engine whose data was removed serves nobody, and keeps the next one from nothing."""
        while in_place(data, held):
            await asyncio.sleep(_LOOK_EVERY)
        _log.warning("its data in %s was removed: the engine ends, and its containers with it", data)
        self.over.set()

    async def watch(self, engine: Engine) -> None:
        if self._idle_exit <= 0:
            return
        self._touch()
        loop = asyncio.get_running_loop()
        while True:
            left = (self._idle_since or 0) + self._idle_exit - loop.time()
            busy = self._requests > 0 or any(container.state.running for container in engine.by_id.values())
            if busy:
                self._touch()
                left = self._idle_exit
            elif left <= 0:
                self.over.set()
                return
            await asyncio.sleep(max(min(left, self._idle_exit), 0.05))


async def serve(socket_path: Path, data: Path, idle_exit: float, tier: str | None) -> None:
    private_directory(data)
    private_directory(socket_path.parent)
    held = lock(data)
    os.umask(0o022)
    kernel.become_subreaper()
    loop = asyncio.get_running_loop()
    life = Life(idle_exit)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, life.over.set)
    try:
        found = isolation.probe(tier, data)
    except RuntimeError as error:
        raise Refusal(str(error)) from error
    engine = Engine(data, found)
    await engine.load()
    sock = listen(socket_path)
    socket_file = os.stat(socket_path)
    handlers = Handlers(Router(ROUTES), engine, life)
    server = HTTPServer(handlers, max_header_size=_MOST_HEADERS, max_body_size=1 << 40, chunk_size=1 << 18)
    server.conn_params.header_timeout = None  # a connection that waits costs nothing, a timer for each call does
    server.add_sockets([sock])
    (data / "socket").write_text(f"{socket_path}\n")
    print(f"DOCKER_HOST=unix://{socket_path}", flush=True)
    watching = [asyncio.create_task(work) for work in (life.watch(engine), life.watch_place(data, held))]
    try:
        await life.over.wait()
    finally:
        for task in watching:
            task.cancel()
        server.stop()
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(socket_path), socket_file):  # or else it is the next engine's
                socket_path.unlink()
        await engine.close()
        await server.close_all_connections()
        tree.bury_orphans(process.known())
        nursery.close()
        if in_place(data, held):
            (data / "socket").unlink(missing_ok=True)
        os.close(held)


def run(socket_path: Path, data: Path, idle_exit: float, tier: str | None) -> int:
    logging.basicConfig(level=logging.WARNING, format=f"{NAME}: %(message)s")
    try:
        asyncio.run(serve(socket_path.absolute(), data.absolute(), idle_exit, tier))
    except Refusal as refusal:
        print(f"{NAME}: {refusal}", file=sys.stderr)
        return 1
    return 0
