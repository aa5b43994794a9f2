"""Runs the docker CLI: plainly, in the background, on a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from typing import Any

from client_support import PATIENCE, Engine


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Terminal:
    """A docker command on a terminal of its own."""

    def __init__(self, argv: list[str], env: dict[str, str], rows: int = 24, columns: int = 80) -> None:
        self.fd, slave = pty.openpty()
        self.size(rows, columns)
        self.text = ""
        self.process = subprocess.Popen(
            argv,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize_until(self, pattern: str, rows: int, columns: int) -> None:
        """Take another size, and tell it until `pattern` shows: a CLI that does not listen yet misses the signal."""
        self.size(rows, columns)
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            os.kill(self.process.pid, signal.SIGWINCH)
            self._read()

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def _read(self) -> bool:
        """Take what is there; false at the end."""
        if select.select([self.fd], [], [], 0.1)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # EIO: nobody holds the other end any more
                return False
            self.text += piece.decode(errors="replace")
            return bool(piece)
        return True

    def expect(self, pattern: str, patience: float = PATIENCE) -> re.Match[str]:
        """Read until `pattern` appears, and forget all before it."""
        end = time.monotonic() + patience
        open_ = True
        while not (found := re.search(pattern, self.text)):
            assert open_, f"the terminal closed without {pattern!r}: {self.text!r}"
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            open_ = self._read()
        self.text = self.text[found.end() :]
        return found

    def end(self) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + PATIENCE
        while self._read() and self.process.poll() is None:
            assert time.monotonic() < end, f"the command goes on: {self.text!r}"
        while self._read() and select.select([self.fd], [], [], 0)[0]:
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


@dataclass
class Docker:
    """`docker(...)` runs the CLI against one engine."""

    program: str
    engine: Engine
    config: str
    living: list[Any] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        return kept | {"DOCKER_HOST": self.engine.host, "DOCKER_CONFIG": self.config, "LC_ALL": "C"}

    def raw(self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 60):
        argv = [self.program, *words]
        return subprocess.run(
            argv, input=stdin, capture_output=True, env=self.env | (env or {}), timeout=timeout, check=False
        )

    def __call__(self, *words: str, **how: Any) -> Done:
        done = self.raw(*words, **how)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *words: str, **how: Any) -> str:
        done = self(*words, **how)
        assert done.code == 0, (words, done)
        return done.out.strip()

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.env,
            text=True,
        )
        self.living.append(process)
        return process

    def terminal(self, *words: str, rows: int = 24, columns: int = 80) -> Terminal:
        self.living.append(Terminal([self.program, *words], self.env, rows, columns))
        return self.living[-1]

    def end_all(self) -> None:
        for one in self.living:
            if isinstance(one, Terminal):
                one.close()
                continue
            one.kill()
            one.communicate()
        self.living.clear()
