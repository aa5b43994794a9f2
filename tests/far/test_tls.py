"""Engines over TLS: dockerd itself where root may start one, and each engine that is named behind a proxy."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import daemon
import pytest
import tlskit
from farkit import echoes, ends_by_itself, walk
from plain import Engine, named_engines, usable

from dockermagic import errors, tongues
from dockermagic.endpoints import BY_NAME
from dockermagic.locate import Surroundings
from dockermagic.session import Session

DOCKERD = ["dockerd"] if daemon.can_run_dockerd() else []
BEHIND = [engine.name for engine in named_engines()]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tlskit.Certificates:
    return tlskit.Certificates(tmp_path_factory.mktemp("tls") / "certs")


@pytest.fixture(scope="module", params=[*DOCKERD, *BEHIND])
def far(request: pytest.FixtureRequest, certificates: tlskit.Certificates) -> Iterator[tuple[str, Engine]]:
    """The address that wants TLS, and the engine itself."""
    named = [usable(engine) for engine in named_engines() if engine.name == request.param]
    if named:
        with closing(tlskit.Proxy(certificates.context(*tlskit.NAMES), named[0].host.removeprefix("unix://"))) as proxy:
            yield proxy.host, named[0]
        return
    folder = Path(tempfile.mkdtemp(prefix="dockerd."))
    try:
        with closing(tlskit.Dockerd(folder, certificates)) as dockerd:
            daemon.give_busybox(usable(named_engines()[0]), dockerd.engine)
            yield dockerd.host, dockerd.engine
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def engine(far: tuple[str, Engine]) -> Engine:
    return far[1]


def around(home: Path, certificates: tlskit.Certificates | None = None, **env: str) -> Surroundings:
    if certificates:
        env |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates.folder)}
    return Surroundings(env=env, home=home)


def test_the_life_of_a_container(far, certificates, made, tmp_path):
    session = Session(around=around(tmp_path, certificates, DOCKER_HOST=far[0]))
    session.connect()
    walk(session, far[1], made)
    session.close()


def test_a_connection_that_is_taken_over(far, certificates, made, tmp_path):
    session = Session(around=around(tmp_path, certificates, DOCKER_HOST=far[0]))
    session.connect()
    echoes(session, far[1], made, tmp_path)
    ends_by_itself(session, made)
    session.close()


def test_the_same_by_curl(far, certificates, tmp_path):
    session = Session(around=around(tmp_path, certificates, DOCKER_HOST=far[0]))
    session.connect()
    request = session.prepare(BY_NAME["version"], {})
    text = tongues.curl(request, BY_NAME["version"], session.engine.host, session.engine.tls)
    done = subprocess.run(text, shell=True, capture_output=True, check=True)
    assert json.loads(done.stdout)["ApiVersion"] == session.call("version").json()["ApiVersion"]
    session.close()


@pytest.mark.parametrize("lax", [False, True])
@pytest.mark.parametrize("by", ["DOCKER_CONTEXT", "connect"])
def test_a_context_brings_its_certificates(far, certificates, tmp_path, by, lax):
    key = hashlib.sha256(b"far").hexdigest()
    meta = tmp_path / ".docker" / "contexts" / "meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": far[0], "SkipTLSVerify": lax}
    meta.write_text(json.dumps({"Name": "far", "Endpoints": {"docker": endpoint}}))
    tls = tmp_path / ".docker" / "contexts" / "tls" / key / "docker"
    tls.mkdir(parents=True)
    for name in ("cert.pem", "key.pem", *(() if lax else ("ca.pem",))):
        shutil.copy(certificates.folder / name, tls)
    session = Session(around=around(tmp_path, **({by: "far"} if by == "DOCKER_CONTEXT" else {})))
    assert session.connect(None if by == "DOCKER_CONTEXT" else "far").host == far[0]
    assert ("certificate is not checked" in session.engine.source) is lax
    assert session.call("ping").read() == b"OK"
    session.close()


def refused(kind: type[errors.EngineError], surroundings: Surroundings, what: str, step: str) -> None:
    with pytest.raises(kind) as caught:
        Session(around=surroundings).connect()
    assert what in caught.value.what
    assert step in caught.value.step
    assert len(caught.value.lines()) <= 3


def test_an_engine_that_another_authority_vouches_for(far, tmp_path):
    other = tlskit.Certificates(tmp_path / "other")
    refused(errors.NotTrusted, around(tmp_path, other, DOCKER_HOST=far[0]), "not vouched for by", "ca.pem")


def test_a_client_without_a_certificate(far, certificates, tmp_path):
    (tmp_path / "bare").mkdir()
    shutil.copy(certificates.folder / "ca.pem", tmp_path / "bare")
    env = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path / "bare"), "DOCKER_HOST": far[0]}
    refused(errors.NotTrusted, around(tmp_path, **env), "wants a certificate of ours", "cert.pem")


def test_a_client_with_a_certificate_of_another_authority(far, certificates, tmp_path):
    other = tlskit.Certificates(tmp_path / "other")
    shutil.copy(certificates.folder / "ca.pem", other.folder)
    refused(errors.NotTrusted, around(tmp_path, other, DOCKER_HOST=far[0]), "does not take our certificate", "cert.pem")


def test_a_call_without_tls(far, tmp_path):
    refused(
        errors.EngineError, around(tmp_path, DOCKER_HOST=far[0]), "not as a Docker engine does", "DOCKER_TLS_VERIFY=1"
    )


@pytest.fixture
def spoiled(certificates: tlskit.Certificates, request: pytest.FixtureRequest) -> Iterator[str]:
    names, expired = request.param
    with closing(tlskit.Proxy(certificates.context(*names, expired=expired), "/nowhere.sock")) as proxy:
        yield proxy.host


@pytest.mark.parametrize(
    ("spoiled", "what", "step"),
    [
        ((("localhost", "127.0.0.1"), True), "has expired", "owner"),
        ((("other.example.org",), False), "made out to another name", "subjectAltName"),
        ((("10.9.8.7",), False), "made out to another name", "subjectAltName"),
    ],
    indirect=["spoiled"],
)
def test_a_certificate_that_does_not_hold(spoiled, certificates, tmp_path, what, step):
    refused(errors.NotTrusted, around(tmp_path, certificates, DOCKER_HOST=spoiled), what, step)


def test_tls_where_none_is_spoken(certificates, tmp_path):
    import socketserver
    import threading

    class Plain(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.read(1)
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = f"tcp://127.0.0.1:{server.server_address[1]}"
        refused(errors.NotTrusted, around(tmp_path, certificates, DOCKER_HOST=host), "speaks no TLS", "2375")
        server.shutdown()


def test_a_key_that_belongs_to_another_certificate(far, certificates, tmp_path):
    other = tlskit.Certificates(tmp_path / "other")
    for name in ("ca.pem", "key.pem"):
        shutil.copy(certificates.folder / name, other.folder)
    refused(errors.NotTrusted, around(tmp_path, other, DOCKER_HOST=far[0]), "do not belong together", "key.pem")


def test_a_key_behind_a_passphrase(certificates, tmp_path):
    other = tlskit.Certificates(tmp_path / "other")
    locked = ["openssl", "pkey", "-in", other.folder / "key.pem", "-aes128", "-passout", "pass:x"]
    subprocess.run([*locked, "-out", other.folder / "locked.pem"], check=True)
    (other.folder / "locked.pem").rename(other.folder / "key.pem")
    refused(errors.NotTrusted, around(tmp_path, other, DOCKER_HOST="tcp://127.0.0.1:1"), "locked by a pass", "openssl")


def test_a_folder_without_certificates(tmp_path):
    env = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path / "gone"), "DOCKER_HOST": "tcp://127.0.0.1:1"}
    refused(errors.NotTrusted, around(tmp_path, **env), "holds no certificates", "ca.pem")
