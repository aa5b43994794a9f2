"""An engine of the test's own, and a client that knows nothing but HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


def eventually(check: Callable[[], Any], what: str = "", pause: float = 0.02) -> Any:
    """The first true answer of the check; fails when there is none for a long time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what or check}")
        time.sleep(pause)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return self.json["message"]


def frames(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        stream, length = struct.unpack(">BxxxI", data[:8])
        found.append((stream, data[8 : 8 + length]))
        data = data[8 + length :]
    return found


def text(data: bytes, stream: int | None = None) -> str:
    return b"".join(part for number, part in frames(data) if stream in (None, number)).decode()


@dataclass
class Engine:
    """`command` is how it is run: a test may become somebody else first."""

    directory: Path
    arguments: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    python: str = sys.executable
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> str:
        return str(self.directory / "run" / "e.sock")

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def command(self) -> list[str]:
        return [
            *self.prefix, self.python, "-m", "practice_engine",
            "--socket", self.socket, "--data", str(self.data), *self.arguments,
        ]  # fmt: skip

    def start(self) -> Engine:
        self.process = self.popen()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.strip() == f"DOCKER_HOST=unix://{self.socket}", line + self.process.stdout.read()
        return self

    def popen(self) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **self.env}
        return subprocess.Popen(
            self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=ROOT
        )

    def stop(self) -> str:
        """What it had to say in the end; empty if all went well."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stdout.read()
        self.process.wait(PATIENCE)
        return said

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    # calls

    def call(self, method: str, path: str, body: Any = None, /, **query: Any) -> Answer:
        headers = {}
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body), {"Content-Type": "application/json"}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = _Connection(self.socket)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, /, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None, /, **query: Any) -> Answer:
        return self.call("POST", path, body, **query)

    def delete(self, path: str, /, **query: Any) -> Answer:
        return self.call("DELETE", path, **query)

    def raw(self, head: str) -> socket.socket:
        """A connection of one's own, after the request has been sent."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        sock.connect(self.socket)
        sock.sendall(head.replace("\n", "\r\n").encode())
        return sock

    def create(self, *command: str, name: str = "", **config: Any) -> str:
        query = {"name": name} if name else {}
        answer = self.post("/containers/create", {"Image": "busybox", "Cmd": list(command), **config}, **query)
        assert answer.status == 201, answer.body
        return answer.json["Id"]

    def run(self, *command: str, name: str = "", **config: Any) -> str:
        identity = self.create(*command, name=name, **config)
        answer = self.post(f"/containers/{identity}/start")
        assert answer.status == 204, answer.body
        return identity

    def wait(self, identity: str) -> int:
        return self.post(f"/containers/{identity}/wait").json["StatusCode"]

    def logs(self, identity: str, stream: int | None = None, **query: Any) -> str:
        return text(self.get(f"/containers/{identity}/logs", **{"stdout": 1, "stderr": 1, **query}).body, stream)

    def output(self, *command: str, **config: Any) -> str:
        """What a container says from its start to its end."""
        identity = self.run(*command, **config)
        self.wait(identity)
        said = self.logs(identity)
        self.delete(f"/containers/{identity}")
        return said

    def state(self, identity: str) -> dict[str, Any]:
        return self.get(f"/containers/{identity}/json").json["State"]

    def execute(self, identity: str, *command: str, **settings: Any) -> tuple[int, str]:
        settings = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(command), **settings}
        made = self.post(f"/containers/{identity}/exec", settings).json["Id"]
        said = text(self.post(f"/exec/{made}/start", {}).body)
        return self.get(f"/exec/{made}/json").json["ExitCode"], said

    def names(self, **query: Any) -> list[str]:
        if "filters" in query:
            query["filters"] = json.dumps(query["filters"])
        return [container["Names"][0][1:] for container in self.get("/containers/json", **query).json]

    def clear(self) -> None:
        for container in self.get("/containers/json", all=1).json:
            self.delete(f"/containers/{container['Id']}", force=1)


def processes() -> Iterator[tuple[int, str]]:
    """Every process of this machine, with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")


def alive(marker: str) -> list[int]:
    return [pid for pid, command in processes() if marker in command and pid != os.getpid()]
