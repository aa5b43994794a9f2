"""Engines over ssh: a real sshd, the user's own ssh, `docker system dial-stdio` over there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sshkit
from farkit import echoes, ends_by_itself, until, walk

import dockermagic
from dockermagic import errors
from dockermagic.endpoints import BY_NAME
from dockermagic.exchange import Exchange, Request
from dockermagic.locate import Surroundings
from dockermagic.session import Session
from dockermagic.transport import HTTP


def clients(sshd: sshkit.Server) -> list[int]:
    return [process for process, line in sshd.processes().items() if "ssh -F" in line]


def test_the_life_of_a_container(over_ssh, engine, made):
    walk(over_ssh, engine, made)


def test_a_connection_that_is_taken_over(over_ssh, engine, made, tmp_path):
    echoes(over_ssh, engine, made, tmp_path)
    ends_by_itself(over_ssh, made)


def test_the_socket_over_there_can_be_named(sshd, engine):
    sshd.docker_of("unix:///nowhere.sock")
    if engine.host.startswith("unix://"):
        wire = HTTP(sshd.host + engine.host.removeprefix("unix://"))
        assert b"".join(wire.send(Request("GET", "/_ping"), seconds=30).chunks) == b"OK"
        wire.close()


def test_one_connection_is_kept_for_all_that_follows(over_ssh, sshd):
    for _ in range(5):
        over_ssh.call("ping").read()
    assert len(clients(sshd)) == 1


def test_a_connection_that_ended_meanwhile_is_made_anew(over_ssh, sshd):
    over_ssh.call("ping").read()
    for process in clients(sshd):
        os.kill(process, signal.SIGKILL)
    until(lambda: not sshd.processes(), "the connection ends")
    assert over_ssh.call("ping").read() == b"OK"


def at_the_end(session: Session, name: str) -> None:
    session.call("ping").read()
    session.close()


def left_in_the_middle(session: Session, name: str) -> None:
    session.call("start", id=name).read()
    until(lambda: b"ready" in session.call("logs", id=name).read(), "it is ready")
    chunks = session.call("logs", id=name, follow=True).chunks()
    next(chunks)
    chunks.close()
    session.close()


def refused_by_the_engine(session: Session, name: str) -> None:
    with pytest.raises(errors.NotFound):
        session.call("inspect", id="no-such-container-here")
    session.close()


def too_slow(session: Session, name: str) -> None:
    session.call("start", id=name).read()
    row = BY_NAME["stop"]
    with pytest.raises(errors.TimedOut):
        session.send(row, Exchange(session.prepare(row, {"id": name, "t": 5}), session.engine.host, row), 0.2)
    session.close()


def forgotten(session: Session, name: str) -> None:
    session.call("ping")
    session.close()


@pytest.mark.parametrize("way", [at_the_end, left_in_the_middle, refused_by_the_engine, too_slow, forgotten])
def test_no_process_is_left(over_ssh: Session, sshd: sshkit.Server, made: str, way: Callable[[Session, str], None]):
    way(over_ssh, made)
    until(lambda: not sshd.processes(), f"the processes end: {sshd.processes()}")


def test_an_interrupt_ends_the_call_and_not_the_connection_of_others(sshd, engine, made, tmp_path):
    """As Jupyter does it: SIGINT to the whole process group, in which ssh must not be."""
    sshd.docker_of(engine.host)
    engine.call("POST", f"/containers/{made}/start")
    code = (
        "import sys\n"
        "from dockermagic.session import Session\n"
        "session = Session()\n"
        "session.call('ping').read()\n"
        "stream = session.call('logs', id=sys.argv[1], follow=True)\n"
        "try:\n"
        "    for chunk in stream.chunks(): print('reads', flush=True)\n"
        "except KeyboardInterrupt: print('stopped', flush=True)\n"
        "print(session.call('ping').read(), flush=True)\n"
    )
    env = {**os.environ, "DOCKER_HOST": sshd.host, "PYTHONPATH": str(Path(dockermagic.__file__).parents[1])}
    child = subprocess.Popen(
        [sys.executable, "-c", code, made], env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "reads\n"
    os.killpg(child.pid, signal.SIGINT)
    assert child.stdout.read() == "stopped\nb'OK'\n"
    assert child.wait(30) == 0
    until(lambda: not sshd.processes(), "the processes end with the program")


def connect(host: str, tmp_path: Path) -> Session:
    session = Session(around=Surroundings(env={}, home=tmp_path))
    session.connect(host)
    return session


def changed_key(sshd: sshkit.Server) -> None:
    other = sshkit.keygen(sshd.folder / "other")
    (sshd.folder / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {other}")


def unknown_key(sshd: sshkit.Server) -> None:
    (sshd.folder / "known_hosts").write_text("")


def no_key_of_ours(sshd: sshkit.Server) -> None:
    (sshd.folder / "authorized_keys").write_text("")


@pytest.fixture
def spoiled(sshd: sshkit.Server, request: pytest.FixtureRequest):
    kept = {name: (sshd.folder / name).read_text() for name in ("known_hosts", "authorized_keys")}
    request.param(sshd)
    yield sshd
    for name, text in kept.items():
        (sshd.folder / name).write_text(text)
    for name in ("other", "other.pub"):
        (sshd.folder / name).unlink(missing_ok=True)


def says(script: str | None) -> Callable[[sshkit.Server], None]:
    return lambda sshd: sshd.docker(script and f"#!/bin/sh\n{script}\n")


OLD = "echo \"docker: 'dial-stdio' is not a docker command.\" >&2; exit 1"
DAEMON = "echo 'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?' >&2; exit 1"
DENIED = "echo 'permission denied while trying to connect to the Docker daemon socket at unix:///x' >&2; exit 1"


@pytest.mark.parametrize(
    ("spoiled", "kind", "what", "step"),
    [
        (changed_key, errors.NotTrusted, "not the one that ssh remembers", "ssh-keygen -R"),
        (unknown_key, errors.NotTrusted, "does not know the host key", "once in a terminal"),
        (no_key_of_ours, errors.PermissionDenied, "lets no one in", "ssh-add"),
        (says(None), errors.NoDockerThere, "has no docker command", "install Docker's command there"),
        (says(OLD), errors.NoDockerThere, "too old", "18.09"),
        (says(DAEMON), errors.Refused, "no engine answers", "start the engine there"),
        (says(DENIED), errors.PermissionDenied, "may not open the engine's socket there", "group"),
        (says("exit 3"), errors.EngineError, "ssh to 127.0.0.1 ended", "in a terminal"),
        (says("echo hello"), errors.EngineError, "not as a Docker engine does", "doctor"),
    ],
    indirect=["spoiled"],
)
def test_what_can_be_in_the_way(spoiled, tmp_path, kind, what, step):
    with pytest.raises(kind) as caught:
        connect(spoiled.host, tmp_path)
    assert type(caught.value) is kind
    assert what in caught.value.what
    assert step in caught.value.step
    assert len(caught.value.lines()) <= 3
    until(lambda: not spoiled.processes(), "the processes end")


def test_no_ssh_server_listens(sshd, tmp_path):
    with pytest.raises(errors.Refused, match="no ssh server listens"):
        connect(f"ssh://127.0.0.1:{sshkit.free_port()}", tmp_path)


def test_a_host_without_an_address(sshd, tmp_path):
    with pytest.raises(errors.Unreachable, match="has no address"):
        connect("ssh://no-such-host.invalid", tmp_path)


def test_a_machine_without_ssh(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.EngineError, match="needs the command ssh"):
        connect("ssh://far", tmp_path)


def test_a_context_may_name_an_engine_over_ssh(sshd, engine, tmp_path):
    sshd.docker_of(engine.host)
    folder = tmp_path / ".docker" / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": sshd.host}}}))
    for env, target in (({"DOCKER_CONTEXT": "far"}, None), ({}, "far")):
        session = Session(around=Surroundings(env=env, home=tmp_path))
        assert session.connect(target).host == sshd.host
        session.close()
