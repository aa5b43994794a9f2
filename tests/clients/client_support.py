"""What the client suites share: the engines under test, polling, a small HTTP client of their own."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

HERE = Path(__file__).parent
KNOWN = json.loads((HERE / "known_differences.json").read_text())
IMAGE = "busybox:latest"
RUN = f"dmc-{secrets.token_hex(3)}"  # every name that this run gives begins with it
PATIENCE = 30  # seconds until something that must happen is called a failure


# Which engines

JUDGED = ("docker-28", "practice")


def named_engines(text: str) -> dict[str, str]:
    """`name=host name=host`, separated by spaces or commas."""
    pairs = [word.partition("=") for word in re.split(r"[\s,]+", text.strip()) if word]
    wrong = [name for name, equals, host in pairs if not (name and equals and "://" in host)]
    if wrong:
        raise ValueError(f"DOCKERMAGIC_ENGINES wants name=host, host like unix:///a/b: {wrong}")
    return {name: host for name, _, host in pairs}


def practice_is_here() -> bool:
    return (
        importlib.util.find_spec("practice_engine") is not None
        and importlib.util.find_spec("practice_engine.__main__") is not None
    )


def engines_to_test() -> list[str]:
    named = list(named_engines(os.environ.get("DOCKERMAGIC_ENGINES", "")))
    if not os.environ.get("DOCKERMAGIC_CLIENTS_ALL"):
        named = [name for name in named if name in JUDGED]
    if "practice" not in named and practice_is_here():
        named.append("practice")
    return named


def start_practice(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a practice engine in `folder`; its process and its DOCKER_HOST."""
    # its words go to a file: nobody would empty a pipe
    log_path = os.path.join(folder, "log")
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "practice_engine", "--socket", f"{folder}/s", "--data", f"{folder}/data"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def host() -> str | None:
        said = open(log_path, errors="replace").read()  # noqa: SIM115
        if ready := re.search(r"^DOCKER_HOST=(\S+)$", said, re.M):
            return ready[1]
        assert process.poll() is None, f"the practice engine ended with {process.returncode}:\n{said}"
        return None

    try:
        return process, until(host, "the practice engine's DOCKER_HOST line")
    except BaseException:
        process.kill()
        process.wait()
        raise


def stop_practice(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError("the practice engine does not end on SIGTERM") from None


# Waiting


def until(check: Any, what: str = "", patience: float = PATIENCE, pause: float = 0.03) -> Any:
    """Call `check` until its answer is true, and return that; fail when patience ends."""
    end = time.monotonic() + patience
    while not (answer := check()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain for {what or check}; last answer: {answer!r}")
        time.sleep(pause)
    return answer


# HTTP without any Docker client


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def kind(self) -> str:
        return (self.headers.get("Content-Type") or "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Engine:
    name: str
    host: str

    def connection(self, timeout: float = PATIENCE) -> http.client.HTTPConnection:
        where = urlsplit(self.host)
        if where.scheme == "unix":
            return UnixConnection(where.path, timeout)
        return http.client.HTTPConnection(where.netloc, timeout=timeout)

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """One request, the whole answer. A dict or list as body is sent as JSON, bytes as they are."""
        head = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        words = {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in (query or {}).items()}
        url = quote(path, safe="/:%") + ("?" + urlencode(words) if words else "")
        connection = self.connection(timeout)
        try:
            connection.request(method, url, body, head)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def inspect(self, name: str) -> dict[str, Any]:
        answer = self.call("GET", f"/containers/{name}/json")
        assert answer.status == 200, answer
        return answer.json()

    def state(self, name: str) -> str:
        return self.inspect(name)["State"]["Status"]

    def gone(self, name: str) -> bool:
        return self.call("GET", f"/containers/{name}/json").status == 404


# Names, and what becomes of those who bear them


class Made:
    """Gives unique names to containers and images, and removes what got them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.containers: list[str] = []
        self.images: list[str] = []

    def name(self) -> str:
        self.containers.append(f"{RUN}-{secrets.token_hex(4)}")
        return self.containers[-1]

    def image(self, tag: str = "latest") -> str:
        self.images.append(f"{RUN}-{secrets.token_hex(4)}:{tag}")
        return self.images[-1]

    def __enter__(self) -> Made:
        return self

    def __exit__(self, *_: object) -> None:
        # a removal may already be under way (--rm): 409, and then the container goes by itself
        for name in self.containers:
            self.engine.call("DELETE", f"/containers/{name}", {"force": 1, "v": 1})
        for image in self.images:
            self.engine.call("DELETE", f"/images/{image}", {"force": 1})
        for name in self.containers:
            until(lambda name=name: self.engine.gone(name), f"the end of {name}")
