"""Where shims are born: one process that has loaded all a shim needs, and forks one for each container.

A fork takes a millisecond where a new interpreter takes thirty. The nursery is the engine's child and lies still
between two births; whenever it is found dead a new one is started. What it bears is the engine's own child.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

SHIM = str(Path(__file__).with_name("shim.py"))


class Nursery:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @property
    def pid(self) -> int:
        """0: there is none."""
        return self._process.pid if self._process is not None else 0

    def open(self) -> None:
        """Start it, and go on: it loads what it needs while the engine does the same. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", SHIM, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    cwd="/",
                    env={"PATH": os.environ.get("PATH", os.defpath)},
                )
            except OSError:
                ours.close()
                raise
        self._socket = ours

    def bear(self, control: socket.socket) -> None:
        """A new shim gets this end of its socket; it says its PID when it is prepared. Raises OSError."""
        for last in (False, True):
            if self._socket is None:
                self.open()
            assert self._socket is not None
            try:
                socket.send_fds(self._socket, [b"b"], [control.fileno()])
                return
            except OSError:
                self.close()
                if last:
                    raise

    def close(self) -> None:
        """Shims go on without it. Should this process be killed instead, it ends with its socket."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None


def buried(pid: int) -> bool:
    """Whether the shim has ended; if so nothing is left of it."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # not ours yet, or never: where there are no subreapers
        return not _exists(pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_for(pid: int) -> None:
    while not buried(pid):
        time.sleep(0.002)


nursery = Nursery()
