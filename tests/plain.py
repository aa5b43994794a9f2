"""The engines that the tests run on, asked by plain requests and nothing of dockermagic.

DOCKERMAGIC_ENGINES="docker-28=unix:///… podman-5=unix:///… practice" names them; `practice` without an address
is a practice engine that is started for the tests, and that is also what an empty variable means. One that is
named and does not answer fails its tests.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import requests_unixsocket

NAMED = "DOCKERMAGIC_ENGINES"
PRACTICE = "practice"
AGAIN = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
"""For an ordinary user, who may be able to run this Python and not to start it again, as kernels and engines are."""
LABEL = "dockermagic"
SECONDS = 30
reached: dict[str, str] = {}


@dataclass(frozen=True)
class Engine:
    """One engine of DOCKERMAGIC_ENGINES.

    Attributes:
        name: what the tests call it.
        host: its address, as in DOCKER_HOST; "" for a practice engine that is still to be started.
    """

    name: str
    host: str

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One call, by method and path; `more` goes to requests."""
        scheme, _, rest = self.host.partition("://")
        base = f"http+unix://{quote(rest, safe='')}" if scheme == "unix" else f"http://{rest}"
        with requests_unixsocket.Session() as session:
            session.trust_env = False
            return session.request(method, base + path, **{"timeout": SECONDS, **more})

    def describe(self) -> str:
        """`28.5.2, API 1.51`: what the engine says of itself."""
        reply = self.call("GET", "/version")
        reply.raise_for_status()
        return f"{reply.json()['Version']}, API {reply.json()['ApiVersion']}"

    def labelled(self) -> set[str]:
        """The names of all containers that carry dockermagic's label."""
        filters = json.dumps({"label": [LABEL]})
        reply = self.call("GET", "/containers/json", params={"all": "1", "filters": filters})
        reply.raise_for_status()
        return {f"{found['Names'][0].lstrip('/')} ({found['Id'][:12]})" for found in reply.json()}

    @contextmanager
    def foreign(self) -> Iterator[str]:
        """The id of a running container without our label, removed in the end."""
        body = {"Image": "busybox", "Cmd": ["sleep", "86400"]}
        name = f"foreign-{uuid.uuid4().hex[:12]}"
        reply = self.call("POST", "/containers/create", params={"name": name}, json=body)
        assert reply.status_code == 201, f"{self.name}: {reply.text} (the tests need its image busybox)"
        found = str(reply.json()["Id"])
        try:
            self.call("POST", f"/containers/{found}/start").raise_for_status()
            yield found
        finally:
            self.call("POST", f"/containers/{found}/kill")  # or Podman waits ten seconds before it removes
            self.call("DELETE", f"/containers/{found}", params={"force": "1"})

    def condition(self, container: str) -> dict[str, Any]:
        """What would show that someone touched `container`."""
        reply = self.call("GET", f"/containers/{container}/json")
        if not reply.ok:
            return {"status": reply.status_code}
        found = reply.json()
        state = {key: found["State"].get(key) for key in ("Running", "Paused", "Pid", "StartedAt")}
        return {"name": found["Name"], "restarts": found.get("RestartCount"), **state}


def parse(text: str) -> list[Engine]:
    """The engines that DOCKERMAGIC_ENGINES names: `name=host`, apart by spaces or commas.

    Raises:
        ValueError: an item has another form, or a name stands twice.
    """
    engines: list[Engine] = []
    for item in filter(None, re.split(r"[,\s]+", text)):
        name, separator, host = item.partition("=")
        if item == PRACTICE:
            engines.append(Engine(PRACTICE, ""))
            continue
        if not (separator and re.fullmatch(r"[\w.-]+", name) and re.fullmatch(r"(unix|tcp|http)://.+", host)):
            raise ValueError(f"{NAMED}: {item!r} is not name=unix://… or name=tcp://…")
        if name in {engine.name for engine in engines}:
            raise ValueError(f"{NAMED}: {name} stands there twice")
        engines.append(Engine(name, host))
    return engines


def named_engines() -> list[Engine]:
    """Every engine that is named, in order."""
    try:
        return parse(os.environ.get(NAMED, "")) or [Engine(PRACTICE, "")]
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


EVERYTHING = os.environ.get("DOCKERMAGIC_NOTEBOOKS") == "all"
"""Whether long tests run on every engine that is named."""


def main_engines(engines: Sequence[Engine]) -> list[Engine]:
    """The two that long tests run on where not everything is asked for: the practice engine and the last Docker."""
    practice = [engine for engine in engines if engine.name == PRACTICE]
    docker = [engine for engine in engines if engine.name.startswith("docker")]
    return [*practice[:1], *docker[-1:]] or list(engines[:1])


@cache
def trouble(engine: Engine) -> str:
    """Why `engine` cannot be used, "" when it answers. Asked once."""
    try:
        reached[engine.name] = engine.describe()
    except (requests.RequestException, ValueError, KeyError) as error:
        return f"{engine.name} is named in {NAMED} and does not answer at {engine.host}: {error}"
    return ""


def usable(engine: Engine) -> Engine:
    """`engine`, started where that is ours to do, and answering; else the test fails."""
    if not engine.host:
        engine = Engine(engine.name, practice_host())
    if reason := trouble(engine):
        pytest.fail(reason, pytrace=False)
    return engine


@cache
def practice_host() -> str:
    """The address of a practice engine that lives as long as this process."""
    folder = tempfile.mkdtemp(prefix="dm-")  # short: a socket's path has 108 bytes
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    log_path = Path(folder) / "log"  # its words go to a file: nobody would empty a pipe
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "practice_engine", "--socket", f"{folder}/s", "--data", f"{folder}/data"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    atexit.register(_stop, process)
    until = time.monotonic() + SECONDS
    while not (ready := re.search(r"^DOCKER_HOST=(\S+)$", log_path.read_text(errors="replace"), re.M)):
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the practice engine does not start: {log_path.read_text(errors='replace')}", pytrace=False)
        time.sleep(0.02)
    return ready[1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError("the practice engine does not end on SIGTERM") from None
