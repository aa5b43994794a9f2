"""The same call in curl and in Python, run for real against a server that keeps what it was asked."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_engine import Answer, FakeEngine, Seen

from dockermagic import arguments, bodies, commands, endpoints, masks, packing, tongues
from dockermagic.endpoints import BY_NAME, ENDPOINTS, Endpoint
from dockermagic.exchange import Request
from dockermagic.locate import TLS, Surroundings
from dockermagic.packing import Upload
from dockermagic.session import Engine, Session

NASTY = "a'b\"c d&e=f+g%41%zz?#;$HOME`id`\\ !中文\n\t@~[1]{2}"
PLAIN: dict[str, Any] = {
    "text": "aux",
    "needed": "www",
    "container": "web",
    "number": 5,
    "tail": "20",
    "signal": "SIGRTMIN+3",
    "moment": "1769860800.5",
    "flag": True,
    "filters": {"label": ["stage=test"], "name": ["web"]},
    "reference": "busybox",
    "texts": ["a", "b"],
    "array": ["a", "b"],
    "choices": ["image", "container"],
    "pairs": {"A": "1", "B": ""},
}
ODD: dict[str, Any] = {
    **PLAIN,
    "text": NASTY,
    "needed": NASTY,
    "container": "中 a/b%41+c?d#e'f\"g&h",
    "number": -1,
    "reference": "far:5000/中/b@sha256:c",
    "texts": [NASTY, "中"],
    "array": [NASTY, "中"],
    "pairs": {"A": NASTY, "中": "b=c"},
    "filters": {"label": [NASTY, "a=@b"], "name": ["^/?w[eb]+$", "中"], "until": ["2026-01-31T12:00:00+01:00"]},
}
CELLS = [
    b'{"Image": "busybox"}',
    '{\n  "Image": "busybox",\n  "Cmd": ["sh", "-c", "echo \'$HOME\' `id` \\\\ !x %d & 中文 OUTPUT"]\n}\n'.encode(),
    b'@/etc/hostname {"Image": 1}',
    b"@",
    b'{"a": "+ %41 = & \\u00e9 \'\'\' \\"\\" "}',
]
RAW = [
    ("GET", "/info", None),
    ("GET", "/v1.24/containers/json?all=1&size=1", None),
    ("GET", "/containers/json?filters=%7B%22name%22%3A%5B%22w%20b%26%22%5D%7D", None),
    ("GET", '/containers/json?filters={"name":["中"]}', None),
    ("GET", "/x?a=1&a=2&b", None),
    ("GET", "/x?na%20me=1&b=c%20d", None),
    ("GET", "/x?a=1;2&b=@c&=d", None),
    ("GET", "/images/a%2Fb/json", None),
    ("GET", "/images/中/[1]{2}/json?x=[1]{2}", None),
    ("GET", "/x", b'{"a": 1}'),
    ("GET", "/x?a=b%20c", b"@x"),
    ("HEAD", "/containers/web/archive?path=/etc%20x", None),
    ("POST", "/containers/web/start", None),
    ("POST", "/containers/web/rename?name=a%20b", None),
    ("POST", "/exec", b'{"Cmd": ["ls"]}'),
    ("PUT", "/x?a=%E4%B8%AD", b"not json '"),
    ("DELETE", "/containers/web?force=1", None),
    ("DELETE", "/x", b"{}"),
]


def values(row: Endpoint, palette: dict[str, Any], *, some: bool) -> dict[str, Any]:
    params = [*row.places, *(param for param in row.query if not some or param.kind in arguments.PLACED)]
    return {p.name: p.choices[-1] if p.kind == "choice" else palette[p.kind] for p in params}


class Given(str):
    """A case's `--input`, inside the folder `files`."""


def cases() -> Iterator[Any]:
    for row in ENDPOINTS:
        sets = {
            "bare": values(row, PLAIN, some=True),
            "full": values(row, PLAIN, some=False),
            "odd": values(row, ODD, some=False),
        }
        for name, each in sets.items():
            body = bodies.encode(bodies.container("busybox", [NASTY], {"env": [f"A={NASTY}"]})) if row.body else None
            if row.body not in packing.KINDS:
                yield pytest.param(row, each, body, id=f"{row.name}-{name}")
                continue
            for source in ("whole 'a'.tar", "folder 中/.", "folder 中", "folder 中/a b.txt"):
                yield pytest.param(row, each, Given(source), id=f"{row.name}-{name}-{source}")
    for number, cell in enumerate(CELLS):
        yield pytest.param(BY_NAME["create"], {"name": "web"}, cell, id=f"create-cell{number}")
    for method, path, body in RAW:
        yield pytest.param(endpoints.raw(method, path), {}, body, id=f"{method}-{path}-{bool(body)}")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a link, an empty folder and a file of more than one piece, and a tar archive."""
    home = tmp_path_factory.mktemp("files")
    folder = home / "folder 中"
    (folder / "empty").mkdir(parents=True)
    (folder / "a b.txt").write_text("hello")
    (folder / "big").write_bytes(os.urandom(packing.PIECE + 777))
    (folder / "link").symlink_to("a b.txt")
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o750)
    with tarfile.open(home / "whole 'a'.tar", "w") as tar:
        tar.add(folder / "a b.txt", "x")
    return home


def given_body(body: bytes | Given | None, files: Path) -> bytes | Upload | None:
    """The body of a case, packed where it is to be."""
    return packing.archive({"input": f"{files}/{body}"}) if isinstance(body, Given) else body


def entries(body: bytes) -> Any:
    """What a tar archive holds, whoever wrote it; other bytes as they are."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            found = [
                (
                    each.name.removeprefix("./"),
                    each.type,
                    each.mode,
                    each.uid,
                    each.gid,
                    int(each.mtime),
                    each.linkname,
                    tar.extractfile(each).read() if each.isfile() else b"",  # type: ignore[union-attr]
                )
                for each in tar
            ]
    except tarfile.TarError:
        return body
    return sorted(found)


@pytest.fixture(scope="module", params=["unix", "tcp"])
def echo(request: pytest.FixtureRequest) -> Iterator[FakeEngine]:
    fake = FakeEngine(tcp=request.param == "tcp")
    fake.otherwise = Answer(200, {})
    yield fake
    fake.close()


@pytest.fixture
def talk(echo: FakeEngine) -> Session:
    session = Session(around=Surroundings(env={"DOCKER_HOST": echo.host}, home=Path("/nowhere"), uid=1))
    session.connect()
    echo.requests.clear()
    return session


def meaning(seen: Seen) -> tuple[Any, ...]:
    """What the server understood; a slash that is encoded is not one that parts a path."""
    from urllib.parse import unquote

    path = [unquote(part) for part in seen.target.partition("?")[0].split("/")]
    *head, body = seen.meaning
    return (path, *head, entries(body) if "tar" in seen.headers.get("content-type", "") else body)


def sent(session: Session, echo: FakeEngine, row: Endpoint, given: dict[str, Any], body: Any) -> Any:
    echo.requests.clear()
    exchange = session.call(row, given, body=body)
    exchange.read()
    *_, seen = echo.requests  # attach with stdin asks about the container's terminal first
    echo.requests.clear()
    return exchange.request, meaning(seen)


@pytest.mark.parametrize(("row", "given", "body"), [*cases()])
def test_curl_sends_the_same(talk, echo, files, tmp_path, row, given, body):
    if not shutil.which("curl"):
        if os.environ.get("CI"):
            pytest.fail("there is no curl here, and this is CI")
        pytest.skip("there is no curl here")
    request, ours = sent(talk, echo, row, given, given_body(body, files))
    text = tongues.curl(request, row, echo.host)
    done = subprocess.run(["sh", "-c", text], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (text, done.stderr)
    assert [meaning(seen) for seen in echo.requests] == [ours], text


@pytest.mark.parametrize(("row", "given", "body"), [*cases()])
def test_python_sends_the_same(talk, echo, files, tmp_path, monkeypatch, row, given, body):
    request, ours = sent(talk, echo, row, given, given_body(body, files))
    text = tongues.python(request, row, echo.host)
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, "generated", "exec"), {})
    assert [meaning(seen) for seen in echo.requests] == [ours], text
    assert out.getvalue().startswith("200 OK\n")


def test_the_python_is_a_program(talk, echo, tmp_path):
    request, ours = sent(talk, echo, BY_NAME["logs"], {"id": "web"}, None)
    program = tmp_path / "call.py"
    program.write_text(tongues.python(request, BY_NAME["logs"], echo.host), encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert done.stdout == "200 OK\nb'{}'\n"
    assert [meaning(seen) for seen in echo.requests] == [ours]


@pytest.mark.parametrize("output", ["", "web.tar", 'it\'s "my" OUTPUT.tar', "中.tar"])
@pytest.mark.parametrize("tongue", ["curl", "python"])
def test_both_write_the_archive_to_the_same_file(talk, echo, tmp_path, monkeypatch, tongue, output):
    row = BY_NAME["export"]
    request, _ = sent(talk, echo, row, {"id": "OUTPUT"}, None)
    text = tongues.TONGUES[tongue](request, row, echo.host, None, output)
    monkeypatch.chdir(tmp_path)
    if tongue == "curl":
        subprocess.run(["sh", "-c", text], check=True, timeout=60)
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "generated", "exec"), {})
    assert [path.name for path in tmp_path.iterdir()] == [output or "export.tar"]
    assert (tmp_path / (output or "export.tar")).read_bytes() == b"{}"
    assert echo.requests[0].path.endswith("/containers/OUTPUT/export")


@pytest.mark.parametrize(
    ("host", "tls", "options", "base"),
    [
        ("unix:///run/my engine.sock", None, ["--unix-socket", "/run/my engine.sock"], "http://localhost"),
        ("tcp://far:2375", None, [], "http://far:2375"),
        ("http://far:2375/", None, [], "http://far:2375"),
        ("https://far:2376", None, [], "https://far:2376"),
        (
            "tcp://far:2376",
            TLS("/c/ca.pem", "/c/cert.pem", "/c/key.pem"),
            ["--cacert", "/c/ca.pem", "--cert", "/c/cert.pem", "--key", "/c/key.pem"],
            "https://far:2376",
        ),
        ("tcp://far:2376", TLS(verify=False), ["--insecure"], "https://far:2376"),
    ],
)
def test_where(host, tls, options, base):
    assert tongues.where(host, tls) == (options, base)


@pytest.mark.parametrize(
    ("tls", "lines"),
    [
        (
            TLS("/c/ca.pem", "/c/cert.pem", "/c/key.pem"),
            ["engine.verify = '/c/ca.pem'", "('/c/cert.pem', '/c/key.pem')"],
        ),
        (TLS(verify=False), ["engine.verify = False"]),
        (TLS(), ["engine.verify = True"]),
    ],
)
def test_python_with_tls(tls, lines):
    request = endpoints_request("version", {})
    text = tongues.python(request, BY_NAME["version"], "tcp://far:2376", tls)
    assert all(line in text for line in lines)
    assert "'https://far:2376/v1.51/version'" in text


class _Known(Session):
    """A session that needs no engine to prepare a request."""

    @property
    def engine(self) -> Any:
        from dockermagic.session import Engine

        return Engine("unix:///e", "a test", {}, "1.51")


def endpoints_request(name: str, given: dict[str, Any], body: bytes | None = None) -> Any:
    return _Known().prepare(BY_NAME[name], given, body)


@pytest.mark.parametrize(
    ("name", "given", "body", "text"),
    [
        ("list", {}, None, "docker ps"),
        ("list", {"all": True, "limit": 5, "size": True}, None, "docker ps --all --last 5 --size"),
        (
            "list",
            {"filters": {"label": ["a=b c"], "status": ["running", "exited"]}},
            None,
            "docker ps --filter 'label=a=b c' --filter status=running --filter status=exited",
        ),
        ("inspect", {"id": "web", "size": True}, None, "docker inspect --size web"),
        ("inspect", {"id": "a/b 中"}, None, "docker inspect 'a/b 中'"),
        ("top", {"id": "web"}, None, "docker top web"),
        ("top", {"id": "web", "ps_args": "-o pid"}, None, "docker top web '-o pid'"),
        ("logs", {"id": "web"}, None, "docker logs --tail 100 web"),
        (
            "logs",
            {"id": "web", "stdout": True, "tail": "5", "follow": True},
            None,
            "docker logs --tail 5 --follow web\n# without stdout=1, for which the CLI has no word",
        ),
        ("export", {"id": "web"}, None, "docker export web"),
        ("start", {"id": "web", "detachKeys": "ctrl-a"}, None, "docker start --detach-keys ctrl-a web"),
        ("stop", {"id": "web", "t": 3, "signal": "INT"}, None, "docker stop --signal INT --time 3 web"),
        ("restart", {"id": "web"}, None, "docker restart web"),
        ("kill", {"id": "web", "signal": "HUP"}, None, "docker kill --signal HUP web"),
        (
            "wait",
            {"id": "web", "condition": "removed"},
            None,
            "docker wait web\n# without condition=removed, for which the CLI has no word",
        ),
        ("remove", {"id": "web", "force": True, "v": True}, None, "docker rm --volumes --force web"),
        ("rename", {"id": "web", "name": "www"}, None, "docker rename web www"),
        ("pause", {"id": "web"}, None, "docker pause web"),
        ("unpause", {"id": "web"}, None, "docker unpause web"),
        ("images", {"all": True}, None, "docker images --all"),
        ("version", {}, None, "docker version"),
        ("info", {}, None, "docker info"),
        ("ping", {}, None, "# the docker CLI has no word for GET /v1.51/_ping"),
        (
            "create",
            {"name": "web"},
            b'{"Image": "busybox", "Cmd": ["sh", "-c", "a; b"], "Env": ["A=1 2"], "HostConfig": {"AutoRemove": true}}',
            "docker create --name web --env 'A=1 2' --rm busybox sh -c 'a; b'",
        ),
        (
            "create",
            {},
            b'{"Image": "busybox", "Domainname": "x", "HostConfig": {"Privileged": true}}',
            'docker create busybox\n# without Domainname="x", for which there is no flag here\n'
            '# without HostConfig={"Privileged": true}, for which there is no flag here',
        ),
    ],
)
def test_cli(name, given, body, text):
    request = endpoints_request(name, given, body)
    assert tongues.cli(request, BY_NAME[name], "unix:///e") == text


def test_cli_of_a_strange_body():
    body = b'{"Image": null, "Labels": 5, "HostConfig": [1]}'
    text = tongues.cli(endpoints_request("create", {}, body), BY_NAME["create"], "unix:///e")
    assert "# without Labels=5" in text
    assert "# without HostConfig=[1]" in text


def test_cli_names_the_file():
    request = endpoints_request("export", {"id": "web"})
    assert (
        tongues.cli(request, BY_NAME["export"], "unix:///e", None, "a b.tar") == "docker export --output 'a b.tar' web"
    )


def test_curl_is_one_line_that_a_reader_can_take_along():
    request = endpoints_request("list", {"all": True, "filters": {"name": ["web"]}})
    assert shlex.split(tongues.curl(request, BY_NAME["list"], "unix:///run/docker.sock")) == [
        *["curl", "--silent", "--unix-socket", "/run/docker.sock", "--get", "--data-urlencode", "all=1"],
        *["--data-urlencode", 'filters={"name":["web"]}', "http://localhost/v1.51/containers/json"],
    ]


FAR = "ssh://me@far:2222/run/user/1000/podman.sock"


def test_what_speaks_no_ssh_says_how_to_forward_the_socket():
    request = Request("GET", "/v1.51/version")
    forward = "# ssh -nNT -L /tmp/far.sock:/run/user/1000/podman.sock -l me -p 2222 far"
    *above, call = tongues.curl(request, BY_NAME["version"], FAR).split("\n")
    assert above[-1] == forward
    assert call == "curl --silent --unix-socket /tmp/far.sock http://localhost/v1.51/version"
    text = tongues.python(request, BY_NAME["version"], FAR)
    assert forward in text
    assert "http+unix://%2Ftmp%2Ffar.sock/v1.51/version" in text
    compile(text, "far.py", "exec")
    assert "/var/run/docker.sock" in tongues.curl(request, BY_NAME["version"], "ssh://far")


@pytest.mark.parametrize(
    ("host", "tls", "text"),
    [
        ("unix:///e.sock", None, "docker version"),
        (FAR, None, f"docker --host {FAR} version"),
        ("tcp://far:2375", None, "docker --host tcp://far:2375 version"),
        (
            "tcp://far:2376",
            TLS("ca.pem", "cert.pem", "key.pem"),
            "docker --tlsverify --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem --host tcp://far:2376 version",
        ),
        ("tcp://far:2376", TLS(verify=False), "docker --tls --host tcp://far:2376 version"),
    ],
)
def test_the_cli_is_told_of_an_engine_far_away(host, tls, text):
    assert tongues.cli(Request("GET", "/v1.51/version"), BY_NAME["version"], host, tls) == text


def test_connect_tells_curl_how_an_engine_over_ssh_is_reached():
    session = Session()
    session._engine = Engine("ssh://far", "DOCKER_HOST", {}, "1.51")
    text = commands.connect(session, {"as": "curl"})
    assert text.split("\n")[-1] == "--unix-socket /tmp/far.sock http://localhost/v1.51"
    assert "ssh -nNT -L" in text


def test_a_password_is_sent_and_shown_nowhere(talk, echo):
    body = {"username": "me", "password": NASTY, "serveraddress": "https://far:5000/v2/", "identitytoken": "tok-en"}
    exchange = talk.call("auth", body=body)
    exchange.read()
    assert json.loads(echo.requests[-1].body) == body
    request = exchange.request
    for text in (repr(request), repr(exchange), *(each(request, BY_NAME["auth"], echo.host) for each in ALL)):
        assert "tok-en" not in text
        assert "%41%zz" not in text
    assert '"password": "xxxxx"' in tongues.curl(request, BY_NAME["auth"], echo.host)
    pushed = talk.call("push", name="far:5000/a/b")
    assert json.loads(base64.urlsafe_b64decode(echo.requests[-1].headers["x-registry-auth"])) == body
    assert dict(pushed.request.shown.headers)["X-Registry-Auth"] == masks.HIDDEN
    assert masks.HIDDEN in tongues.curl(pushed.request, BY_NAME["push"], echo.host)
    other = talk.call("push", name="busybox")
    assert other.request.headers == (("X-Registry-Auth", "e30="),)
    assert echo.requests[-1].headers["x-registry-auth"] == "e30=", "one registry is not told another's password"


ALL = tuple(tongues.TONGUES.values())
