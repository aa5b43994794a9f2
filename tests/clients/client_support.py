"""What the client suites share: the engines under test, polling, a small HTTP client of their own."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from plain import named_engines

HERE = Path(__file__).parent
KNOWN = json.loads((HERE / "known_differences.json").read_text())
IMAGE = "busybox:latest"
RUN = f"dmc-{secrets.token_hex(3)}"  # every name that this run gives begins with it
PATIENCE = 30  # seconds until something that must happen is called a failure


# Which engines

JUDGED = ("docker-28", "practice")


def engines_to_test() -> list[str]:
    """docker-28 and practice, where they are named; every one that is named with DOCKERMAGIC_CLIENTS_ALL."""
    named = [engine.name for engine in named_engines()]
    return named if os.environ.get("DOCKERMAGIC_CLIENTS_ALL") else [name for name in named if name in JUDGED]


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
