"""Bytes on the wire, with no client at all: what Docker 28 says, where clients hide it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from client_support import IMAGE, PATIENCE, Engine, Made, until

MULTIPLEXED, RAW = "application/vnd.docker.multiplexed-stream", "application/vnd.docker.raw-stream"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}


class Wire:
    """One connection: `send` bytes, read heads and bodies."""

    def __init__(self, engine: Engine) -> None:
        where = urlsplit(engine.host)
        if where.scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(where.path)
        else:
            self.socket = socket.create_connection((where.hostname, where.port))
        self.socket.settimeout(PATIENCE)
        self.file = self.socket.makefile("rb")

    def ask(self, line: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str]]:
        """Send a request and read the head of the answer."""
        given = {"Host": "engine"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            given["Content-Length"] = str(len(body))
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value), "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)
        return self.head()

    def head(self) -> tuple[int, dict[str, str]]:
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(":")
            headers[name.title()] = value.strip()
        return status, headers

    def body(self, headers: dict[str, str]) -> bytes:
        if headers.get("Transfer-Encoding") == "chunked":
            return b"".join(self.chunks())
        return self.file.read(int(headers["Content-Length"])) if "Content-Length" in headers else self.file.read()

    def chunks(self) -> Iterator[bytes]:
        while size := int(self.file.readline(), 16):
            yield self.file.read(size)
            self.file.readline()
        self.file.readline()

    def frame(self) -> tuple[int, bytes]:
        """One frame of a multiplexed stream."""
        stream, size = struct.unpack(">BxxxI", self.file.read(8))
        return stream, self.file.read(size)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def wire(engine: Engine) -> Iterator[Wire]:
    wire = Wire(engine)
    yield wire
    wire.close()


def start(engine: Engine, name: str, *command: str, **body: object) -> None:
    whole = {"Image": IMAGE, "Cmd": list(command)} | body
    assert engine.call("POST", "/containers/create", {"name": name}, whole).status == 201
    assert engine.call("POST", f"/containers/{name}/start").status == 204


@pytest.fixture(scope="module")
def box(engine: Engine, made_for_all: Made) -> str:
    """Says `a` on stdout and `b` on stderr, and stays."""
    name = made_for_all.name()
    start(engine, name, "sh", "-c", "echo a; sleep 0.1; echo b >&2; exec sleep 100000")
    query = {"stdout": 1, "stderr": 1}
    until(lambda: engine.call("GET", f"/containers/{name}/logs", query).body.endswith(b"b\n"))
    return name


# Paths and heads

ANSWERS = {
    "two slashes": ("GET //containers/json", {}, b"", 301, "", b""),
    "climbing": ("GET /containers/../version", {}, b"", 301, "", b""),
    "climbing, encoded": ("GET /containers/..%2fversion", {}, b"", 301, "", b""),
    "slash at the end": (
        "GET /containers/json/",
        {},
        b"",
        404,
        "application/json",
        b'{"message":"page not found"}\n',
    ),
    "no version": ("GET /vabc/_ping", {}, b"", 404, "application/json", b'{"message":"page not found"}\n'),
    "too old": (
        "GET /v1.1/_ping",
        {},
        b"",
        400,
        "text/plain; charset=utf-8",
        b"client version 1.1 is too old.",
    ),
    "wrong type": (
        *("POST /containers/create", {"Content-Type": "text/plain"}, b"{}", 400, "application/json"),
        b'{"message":"unsupported Content-Type header (text/plain): must be \'application/json\'"}\n',
    ),
    "two values": (
        *("POST /containers/create", {"Content-Type": "application/json"}, b"{}{}", 400, "application/json"),
        b'{"message":"unexpected content after JSON"}\n',
    ),
    "null": (
        *("POST /containers/create", {"Content-Type": "application/json"}, b"null", 400, "application/json"),
        b'{"message":"config cannot be empty in order to create a container"}\n',
    ),
}


@pytest.mark.parametrize(("line", "headers", "body", "status", "kind", "said"), ANSWERS.values(), ids=ANSWERS)
def test_answer(wire: Wire, line: str, headers: dict, body: bytes, status: int, kind: str, said: bytes) -> None:
    got, head = wire.ask(line, body, **headers)
    assert (got, head.get("Content-Type", "")) == (status, kind)
    assert wire.body(head).startswith(said)


def test_redirect_names_the_clean_path(wire: Wire) -> None:
    assert wire.ask("GET //containers/../version")[1]["Location"] == "/version"


def test_no_host(wire: Wire) -> None:
    assert wire.ask("GET /_ping", Host="")[0] == 400


def test_one_connection_serves_many_requests(wire: Wire) -> None:
    for path in ("/_ping", "/version", "/containers/nosuch-one/json", "/_ping"):
        _, head = wire.ask(f"GET {path}")
        wire.body(head)
    assert wire.ask("GET /_ping")[0] == 200


def test_pipelining(wire: Wire) -> None:
    wire.socket.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    for _ in range(3):
        status, head = wire.head()
        assert (status, wire.body(head)) == (200, b"OK")


def test_http_1_0(wire: Wire) -> None:
    wire.socket.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
    assert wire.file.read().endswith(b"\r\n\r\nOK")


def test_expect_continue(wire: Wire) -> None:
    head = {"Expect": "100-continue", "Content-Type": "application/json"}
    status, _ = wire.ask("POST /containers/create", b"{}", **head)
    if status == 100:
        status, _ = wire.head()
    assert status == 400


def test_chunked_body(wire: Wire) -> None:
    head = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    lines = "POST /containers/create HTTP/1.1\r\nHost: x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items())
    wire.socket.sendall(lines.encode() + b"\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
    status, answer = wire.head()
    assert (status, b"config cannot be empty" in wire.body(answer)) == (400, True)


def test_long_heads_and_queries(wire: Wire) -> None:
    assert wire.ask(f"GET /_ping?x={'y' * 200_000}", X_Long="z" * 500_000)[0] == 200


# Streams

CONTENT_TYPES = [
    ("GET /containers/{}/logs?stdout=1", {}, 200, MULTIPLEXED),
    ("GET /v1.41/containers/{}/logs?stdout=1", {}, 200, RAW),
    ("POST /containers/{}/attach?stream=1&stdout=1", UPGRADE, 101, MULTIPLEXED),
    ("POST /v1.41/containers/{}/attach?stream=1&stdout=1", UPGRADE, 101, RAW),
    ("POST /containers/{}/attach?stream=1&stdout=1", {}, 200, RAW),
]


@pytest.mark.parametrize(("line", "headers", "status", "kind"), CONTENT_TYPES)
def test_content_type(wire: Wire, box: str, line: str, headers: dict[str, str], status: int, kind: str) -> None:
    got, head = wire.ask(line.format(box), **headers)
    assert (got, head["Content-Type"]) == (status, kind)
    if status == 101:
        assert (head["Connection"], head["Upgrade"]) == ("Upgrade", "tcp")


@pytest.mark.parametrize("headers", [{}, UPGRADE], ids=["plain", "upgraded"])
def test_attach_gives_the_log_and_stays(wire: Wire, box: str, headers: dict[str, str]) -> None:
    wire.ask(f"POST /containers/{box}/attach?stream=1&logs=1&stdout=1&stderr=1", **headers)
    assert sorted([wire.frame(), wire.frame()]) == [(1, b"a\n"), (2, b"b\n")]


def test_attach_only_the_log(wire: Wire, box: str) -> None:
    status, _ = wire.ask(f"POST /containers/{box}/attach?logs=1&stdout=1")
    assert (status, wire.file.read()) == (200, b"\x01\0\0\0\0\0\0\x02a\n")


def test_half_closed_attach_still_hears(wire: Wire, engine: Engine, name: str) -> None:
    body = {"Image": IMAGE, "Cmd": ["cat"], "OpenStdin": True, "StdinOnce": True}
    engine.call("POST", "/containers/create", {"name": name}, body)
    wire.ask(f"POST /containers/{name}/attach?stream=1&stdin=1&stdout=1", **UPGRADE)
    engine.call("POST", f"/containers/{name}/start")
    data = os.urandom(100_000)
    wire.socket.sendall(data)
    wire.socket.shutdown(socket.SHUT_WR)
    heard = b""
    while len(heard) < len(data):
        heard += wire.frame()[1]
    assert heard == data
    assert wire.file.read() == b""
    assert engine.call("POST", f"/containers/{name}/wait").json() == {"StatusCode": 0}


EXEC_FRAMING = [(False, b"\x01\0\0\0\0\0\0\x02x\n"), (True, b"x\r\n")]


@pytest.mark.parametrize(("tty", "wanted"), EXEC_FRAMING)
def test_exec_stream(wire: Wire, engine: Engine, box: str, tty: bool, wanted: bytes) -> None:
    body = {"Cmd": ["echo", "x"], "AttachStdout": True, "Tty": tty}
    identity = engine.call("POST", f"/containers/{box}/exec", body=body).json()["Id"]
    start_body = b'{"Detach": false, "Tty": %s}' % (b"true" if tty else b"false")
    status, head = wire.ask(f"POST /exec/{identity}/start", start_body, Content_Type="application/json", **UPGRADE)
    assert (status, head["Content-Type"]) == (101, RAW if tty else MULTIPLEXED)
    assert wire.file.read() == wanted


def test_wait_has_its_head_at_once(wire: Wire, engine: Engine, name: str) -> None:
    start(engine, name, "sleep", "100000")
    status, head = wire.ask(f"POST /containers/{name}/wait?condition=next-exit")
    assert (status, head["Content-Type"], head["Transfer-Encoding"]) == (200, "application/json", "chunked")
    engine.call("POST", f"/containers/{name}/kill")
    assert wire.body(head) == b'{"StatusCode":137}\n'


def test_followed_logs_come_as_they_are_said(wire: Wire, engine: Engine, name: str) -> None:
    start(engine, name, "sh", "-c", "echo 1; until test -e /go; do sleep 0.05; done; echo 2")
    wire.ask(f"GET /containers/{name}/logs?stdout=1&follow=1")
    chunks = wire.chunks()
    assert next(chunks).endswith(b"1\n")
    body = {"Cmd": ["touch", "/go"]}
    identity = engine.call("POST", f"/containers/{name}/exec", body=body).json()["Id"]
    engine.call("POST", f"/exec/{identity}/start", body={"Detach": True})
    assert b"".join(chunks).endswith(b"2\n")


def test_a_client_that_leaves_harms_nobody(engine: Engine, box: str) -> None:
    for path in (f"/containers/{box}/logs?stdout=1&follow=1", "/events", f"/containers/{box}/stats"):
        leaver = Wire(engine)
        assert leaver.ask(f"GET {path}")[0] == 200
        leaver.close()
    assert engine.state(box) == "running"


# A websocket


def websocket_frame(opcode: int, data: bytes) -> bytes:
    """A short frame as a client sends it: masked."""
    mask = os.urandom(4)
    return bytes([0x80 | opcode, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def websocket(wire: Wire, path: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    extra = {"Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": key, "Origin": "http://engine"}
    status, head = wire.ask(f"GET {path}", **upgrade, **extra)
    proof = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    assert (status, head["Sec-Websocket-Accept"]) == (101, base64.b64encode(proof).decode())


def received(wire: Wire) -> tuple[int, bytes]:
    first, size = wire.file.read(2)
    if size == 126:
        (size,) = struct.unpack(">H", wire.file.read(2))
    return first & 15, wire.file.read(size)


def test_attach_by_websocket(wire: Wire, engine: Engine, name: str) -> None:
    start(engine, name, "sh", "-c", "read word; echo got $word; exit 5", OpenStdin=True)
    websocket(wire, f"/containers/{name}/attach/ws?stream=1&stdin=1&stdout=1")
    wire.socket.sendall(websocket_frame(2, b"kiwi\n"))
    assert received(wire) == (2, b"got kiwi\n")
    assert engine.call("POST", f"/containers/{name}/wait").json() == {"StatusCode": 5}


def test_log_by_websocket(wire: Wire, box: str) -> None:
    websocket(wire, f"/containers/{box}/attach/ws?stream=1&logs=1&stdout=1")
    assert received(wire) == (2, b"a\n")


def test_version_of_the_api_in_every_head(wire: Wire) -> None:
    _, head = wire.ask("GET /v1.30/version")
    assert re.fullmatch(r"1\.\d+", head["Api-Version"])
