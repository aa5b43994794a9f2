"""The fixtures of the far engines: each engine that is named, reached over ssh and over TLS."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sshkit
from plain import Engine

from dockermagic.locate import Surroundings
from dockermagic.session import Session

SURROUNDINGS = "DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH SSH_AUTH_SOCK"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SURROUNDINGS.split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshkit.Server]:
    running = sshkit.start(tmp_path_factory.mktemp("sshd"))
    yield running
    running.stop()


@pytest.fixture
def sshd(server: sshkit.Server, monkeypatch: pytest.MonkeyPatch) -> sshkit.Server:
    """The server, and a PATH whose `ssh` knows its key and has one of its own."""
    monkeypatch.setenv("PATH", f"{server.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return server


@pytest.fixture
def over_ssh(sshd: sshkit.Server, engine: Engine, tmp_path: Path) -> Iterator[Session]:
    """A session with the engine, over ssh."""
    sshd.docker_of(engine.host)
    session = Session(around=Surroundings(env={"DOCKER_HOST": sshd.host}, home=tmp_path))
    session.connect()
    yield session
    session.close()


@pytest.fixture
def made(engine: Engine) -> Iterator[str]:
    """The name of a container that writes a line, and goes on."""
    name = f"far-{uuid.uuid4().hex[:12]}"
    body = {"Image": "busybox", "Cmd": ["sh", "-c", "echo ready; while :; do sleep 0.1; done"]}
    reply = engine.call("POST", "/containers/create", params={"name": name}, json=body)
    assert reply.status_code == 201, reply.text
    yield name
    engine.call("POST", f"/containers/{name}/kill")
    engine.call("DELETE", f"/containers/{name}", params={"force": "1"})
