"""The funnel to an engine: what goes through it, and what its failures become."""

from __future__ import annotations

import contextlib
import inspect
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import requests_unixsocket
import urllib3
from fake_engine import Answer, Cut, FakeEngine, Silence

from dockermagic import errors, transport
from dockermagic.exchange import Request
from dockermagic.locate import TLS
from dockermagic.transport import HTTP, translate

GET = Request("GET", "/x")


@pytest.fixture
def wire(fake: FakeEngine) -> Iterator[HTTP]:
    http = HTTP(fake.host)
    yield http
    http.close()


def call(host: str, seconds: float | None = 5.0, tls: TLS | None = None) -> bytes:
    http = HTTP(host, tls)
    try:
        return b"".join(http.send(GET, seconds=seconds).chunks)
    finally:
        http.close()


def test_what_is_sent_and_what_comes_back(fake, wire):
    fake.on("POST", "/a b", Answer(201, {"Id": "x"}, {"X-Extra": "1"}))
    request = Request("POST", "/a%20b", (("q", "1 2"),), (("Content-Type", "application/json"),), b"{}")
    reply = wire.send(request, seconds=5)
    assert (reply.status, reply.reason, reply.headers["x-extra"]) == (201, "Created", "1")
    assert b"".join(reply.chunks) == b'{"Id": "x"}'
    (seen,) = fake.requests
    assert seen.meaning == ("POST", "/a b", [("q", "1 2")], "application/json", b"{}")
    assert seen.target == request.target
    assert seen.headers["user-agent"] == "dockermagic"
    assert seen.headers["accept-encoding"] == "identity"
    assert "accept" not in seen.headers
    assert "cookie" not in seen.headers


def test_chunks_arrive_while_the_engine_still_writes(fake, wire):
    fake.on("GET", "/x", Answer(steps=[b"one", b"two", Silence()]))
    chunks = iter(wire.send(GET, seconds=None).chunks)
    seen = b""
    while len(seen) < len(b"onetwo"):
        seen += next(chunks)
    assert seen == b"onetwo"
    chunks.close()


def test_chunks_are_read_where_http_client_hides_what_it_reads_from(fake, wire, monkeypatch):
    steps = [b"one", b"two" * 100_000]
    fake.on("GET", "/x", Answer(steps=steps))
    monkeypatch.setattr(transport, "reader_of", lambda response: None)
    for _ in range(2):
        assert b"".join(wire.send(GET, seconds=5).chunks) == b"".join(steps)
    assert fake.connections == 1


def test_what_comes_behind_the_last_chunk_is_no_part_of_the_next_answer(fake, wire):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    fake.on("GET", "/x", Answer(verbatim=head + b"1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    fake.on("GET", "/y", Answer(200, b"y"))
    assert b"".join(wire.send(GET, seconds=5).chunks) == b"x"
    assert b"".join(wire.send(Request("GET", "/y"), seconds=5).chunks) == b"y"
    assert fake.connections == 2


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(HEAD)))
def test_a_head_that_is_cut_is_no_empty_answer(fake, wire, cut):
    fake.on("GET", "/x", Answer(verbatim=HEAD[:cut]))
    with pytest.raises(errors.CutShort):
        list(wire.send(GET, seconds=5).chunks)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 20) + 1])
def test_a_body_of_any_size(fake, wire, size):
    fake.on("GET", "/x", Answer(200, b"x" * size))
    assert sum(map(len, wire.send(GET, seconds=5).chunks)) == size


def test_one_connection_serves_many_calls(fake, wire):
    fake.on("GET", "/x", Answer(200, b"body")).on("GET", "/y", Answer(steps=[b"a", b"b"])).on("POST", "/z", Answer(204))
    for request in [
        GET,
        Request("GET", "/y"),
        Request("POST", "/z"),
        Request("HEAD", "/x"),
        GET,
        Request("GET", "/404"),
    ]:
        list(wire.send(request, seconds=5).chunks)
    assert len(fake.requests) == 6
    assert fake.connections == 1


def test_a_body_that_is_left_unread_does_no_harm(fake, wire):
    fake.on("GET", "/x", Answer(steps=[b"a", b"b"])).on("GET", "/y", Answer(200, b"y"))
    chunks = iter(wire.send(GET, seconds=5).chunks)
    next(chunks)
    chunks.close()
    assert b"".join(wire.send(Request("GET", "/y"), seconds=5).chunks) == b"y"
    assert fake.connections == 2


def test_a_connection_that_the_engine_closed_is_made_anew(fake, wire):
    fake.on("GET", "/x", Answer(200, b"x", {"Connection": "close"}))
    for _ in range(3):
        assert b"".join(wire.send(GET, seconds=5).chunks) == b"x"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(fake, wire, status):
    fake.on("GET", "/x", Answer(status, b"", {"Location": "/y"})).on("GET", "/y", Answer(200, b"y"))
    reply = wire.send(GET, seconds=5)
    assert (reply.status, reply.headers["location"]) == (status, "/y")
    assert [seen.path for seen in fake.requests] == ["/x"]


def test_the_environments_proxies_and_passwords_are_not_looked_at(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fake = FakeEngine(tcp=True).on("GET", "/x", Answer(200, b"x"))
    with contextlib.closing(fake):
        assert call(fake.host) == b"x"
        assert "authorization" not in fake.requests[0].headers


@pytest.mark.parametrize("name", ["UPPER.sock", "o d%41+&?#.sock", "中文.sock"])
def test_a_socket_of_any_name(fake, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    fake.on("GET", "/x", Answer(200, b"x"))
    link = Path(fake.folder) / name
    link.symlink_to(fake.host.removeprefix("unix://"))
    assert call(f"unix://{link}") == b"x"


def test_requests_unixsocket_alone_still_works(fake):
    """Would notice the next release of requests that breaks every adapter for Unix sockets."""
    fake.on("GET", "/x", Answer(200, b"x"))
    quoted = fake.host.removeprefix("unix://").replace("/", "%2F")
    with requests_unixsocket.Session() as plain:
        assert plain.get(f"http+unix://{quoted}/x").content == b"x"


# What goes wrong, and what becomes of it.


def test_no_socket(tmp_path):
    with pytest.raises(errors.SocketMissing, match="there is no socket at"):
        call(f"unix://{tmp_path}/gone.sock")
    (tmp_path / "file").touch()
    with pytest.raises(errors.SocketMissing):
        call(f"unix://{tmp_path}/file/x.sock")


def test_a_file_that_is_no_socket(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path):
        with pytest.raises(errors.NotASocket, match="is a file, and no socket"):
            call(f"unix://{path}")


@pytest.fixture
def deaf(fake: FakeEngine) -> Iterator[str]:
    """A socket at which nothing listens any more."""
    path = str(Path(fake.folder) / "deaf.sock")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)
        yield f"unix://{path}"


def test_nothing_listens(deaf):
    with pytest.raises(errors.Refused, match="nothing listens at"):
        call(deaf)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(errors.Refused):
            call(f"tcp://127.0.0.1:{port}")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no user ids")
def test_a_locked_door(fake):
    os.chmod(fake.folder, 0o755)
    os.chmod(fake.host.removeprefix("unix://"), 0o600)
    code = (
        "import os, sys\n"
        "from dockermagic.transport import HTTP\n"
        "from dockermagic.exchange import Request\n"
        "from dockermagic.errors import PermissionDenied\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "else: os.chmod(sys.argv[1].removeprefix('unix://'), 0)\n"
        "try: HTTP(sys.argv[1]).send(Request('GET', '/x'), seconds=5)\n"
        "except PermissionDenied as error: print(*error.lines(), sep='\\n')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(transport.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code, fake.host], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("PermissionDenied: this user may not open"), done.stderr
    assert "666" not in done.stdout
    assert fake.requests == []


def test_the_host_has_no_address(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.Unreachable, match="Name or service not known"):
        call("tcp://no-such-host.invalid:2375")


@pytest.mark.parametrize("host", ["tcp://h:99999", "tcp://h:abc", "tcp://:2375", "tcp://[::1", "http://a b:1"])
def test_an_address_that_is_none(host):
    with pytest.raises(errors.BadHost) as caught:
        call(host)
    assert host in caught.value.what


def test_tls_where_the_other_end_speaks_none():
    fake = FakeEngine(tcp=True)
    with contextlib.closing(fake), pytest.raises(errors.NotTrusted):
        call(fake.host, tls=TLS())


def test_a_certificate_file_that_is_not_there():
    with pytest.raises(errors.DockerMagicError) as caught:
        call("tcp://127.0.0.1:1", tls=TLS(ca="/no/such/ca.pem"))
    assert "/no/such/ca.pem" in caught.value.what


def test_no_answer_in_time(fake):
    fake.on("GET", "/x", Answer(silent=True))
    with pytest.raises(errors.TimedOut, match=r"did not answer within 0\.05 s"):
        call(fake.host, 0.05)


def test_no_more_of_an_answer_in_time(fake):
    fake.on("GET", "/x", Answer(steps=[b"begin", Silence()]))
    with pytest.raises(errors.TimedOut):
        call(fake.host, 0.05)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(200, b"half", length=100), id="less than was promised"),
        pytest.param(Answer(steps=[Cut()]), id="no chunk"),
        pytest.param(Answer(steps=[b"a", b"b", Cut()]), id="no last chunk"),
        pytest.param(Answer(verbatim=b""), id="nothing"),
        pytest.param(
            Answer(verbatim=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), id="half a chunk"
        ),
        pytest.param(
            Answer(verbatim=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"),
            id="a chunk of zz bytes",
        ),
        pytest.param(Answer(verbatim=b"HTT"), id="half a head"),
        pytest.param(Answer(verbatim=b"SSH-2.0-OpenSSH_9.2\r\n"), id="another protocol"),
    ],
)
def test_an_answer_that_is_cut(fake, answer):
    fake.on("GET", "/x", answer)
    with pytest.raises(errors.CutShort, match="ended in the middle") as caught:
        call(fake.host)
    assert "%docker ping" in caught.value.step


def test_an_answer_without_a_length_ends_with_the_connection(fake):
    fake.on("GET", "/x", Answer(verbatim=b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    assert call(fake.host) == b"all of it"


KNOWN = {
    "ConnectTimeout": errors.TimedOut,
    "ReadTimeout": errors.TimedOut,
    "Timeout": errors.TimedOut,
    "SSLError": errors.NotTrusted,
    "InvalidURL": errors.BadHost,
    "InvalidProxyURL": errors.BadHost,
    "InvalidSchema": errors.BadHost,
    # These say nothing by themselves: what they wrap decides.
    "RequestException": errors.EngineError,
    "ConnectionError": errors.EngineError,
    "ProxyError": errors.EngineError,
    "ChunkedEncodingError": errors.EngineError,
    "ContentDecodingError": errors.EngineError,
    "RetryError": errors.EngineError,
    "StreamConsumedError": errors.EngineError,
    "UnrewindableBodyError": errors.EngineError,
    # These come of calls that we do not make, or of mistakes of our own.
    "HTTPError": errors.EngineError,
    "TooManyRedirects": errors.EngineError,
    "MissingSchema": errors.EngineError,
    "URLRequired": errors.EngineError,
    "InvalidHeader": errors.EngineError,
    "InvalidJSONError": errors.EngineError,
    "JSONDecodeError": errors.EngineError,
}
THEIRS = [
    each
    for _, each in inspect.getmembers(requests.exceptions, inspect.isclass)
    if issubclass(each, requests.RequestException)
]


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda kind: kind.__name__)
def test_every_error_of_requests_is_known(theirs):
    assert theirs.__name__ in KNOWN, "requests has a new error: what should it become?"
    error = theirs("why", "doc", 0) if theirs.__name__ == "JSONDecodeError" else theirs("why")
    found = translate(error, "unix:///e", 1.0)
    assert type(found) is KNOWN[theirs.__name__]
    assert found.step
    assert 1 <= len(found.lines()) <= 3


@pytest.mark.parametrize(
    ("error", "reading", "kind"),
    [
        (ConnectionResetError("reset"), False, errors.CutShort),
        (BrokenPipeError("pipe"), False, errors.CutShort),
        (ConnectionResetError("reset"), True, errors.CutShort),
        (urllib3.exceptions.ProtocolError("aborted", ConnectionResetError("reset")), False, errors.CutShort),
        (urllib3.exceptions.IncompleteRead(1, 2), True, errors.CutShort),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), True, errors.TimedOut),
        (TimeoutError("slow"), True, errors.TimedOut),
        (socket.timeout("slow"), False, errors.TimedOut),  # noqa: UP041 - the older name
        (OSError(113, "No route to host"), False, errors.Unreachable),
        (OSError(2, "gone"), False, errors.SocketMissing),
        (OSError(13, "denied"), False, errors.PermissionDenied),
        (OSError(111, "refused"), False, errors.Refused),
        (OSError(111, "refused"), True, errors.CutShort),
        (OSError(5, "I/O error"), False, errors.EngineError),
        (ssl.SSLError("bad"), False, errors.EngineError),
        (requests.exceptions.SSLError("bad"), False, errors.NotTrusted),
        (socket.gaierror(-2, "unknown"), False, errors.Unreachable),
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("x", OSError(13, "denied"))),
            False,
            errors.PermissionDenied,
        ),
        (ValueError("odd"), False, errors.EngineError),
    ],
)
def test_translate(error, reading, kind):
    found = translate(error, "unix:///e", 1.0, reading=reading)
    assert type(found) is kind
    assert "unix:///e" in found.what
    assert "0x" not in found.what


def test_causes_ends_where_errors_wrap_each_other():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert list(transport.causes(first)) == [first, second]
