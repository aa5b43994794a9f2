"""Connections that are taken over: both directions at once, ends of all kinds, frames of a WebSocket."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha1
from typing import Any

import pytest
from fake_engine import MULTIPLEXED, RAW, Answer, FakeEngine, frame
from hypothesis import given as drawn
from hypothesis import strategies as st

from dockermagic import errors, tables
from dockermagic.duplex import Duplex
from dockermagic.endpoints import BY_NAME
from dockermagic.frames import MAGIC, WebSocket, masked, proof
from dockermagic.session import Session

UPGRADED = {"Connection": "Upgrade", "Upgrade": "tcp", "Content-Type": RAW}
START = "/exec/e1/start"
BIG = os.urandom(5_000_000)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def beside(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def echo(sock: socket.socket) -> None:
    """As `cat` does: reads no more while its output is not taken."""
    with sock:
        while piece := sock.recv(1000):
            sock.sendall(piece)


def test_what_is_echoed_while_it_is_sent_comes_back_whole(ends):
    ours, theirs = ends
    beside(lambda: echo(theirs))
    assert b"".join(Duplex(ours, b"", BIG, 30).chunks()) == BIG


def test_bytes_that_came_with_the_head_come_first(ends):
    ours, theirs = ends
    theirs.sendall(b"second")
    theirs.shutdown(socket.SHUT_WR)
    assert b"".join(Duplex(ours, b"first ", b"", 30).chunks()) == b"first second"


def test_our_direction_ends_even_where_nothing_is_given(ends):
    ours, theirs = ends
    beside(lambda: theirs.sendall(b"seen the end" if theirs.recv(10) == b"" else b"no end") or theirs.close())
    assert b"".join(Duplex(ours, b"", b"", 30).chunks()) == b"seen the end"


def test_silence_has_a_bound(ends):
    with pytest.raises(TimeoutError):
        list(Duplex(ends[0], b"", b"", 0.05).chunks())


def test_a_program_that_does_not_read_what_it_is_given(ends):
    ours, theirs = ends

    def leave() -> None:
        theirs.recv(10)
        theirs.sendall(b"enough")
        theirs.close()

    beside(leave)
    assert b"".join(Duplex(ours, b"", BIG, 30).chunks()) == b"enough"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tls")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout both.pem -out cert.pem -days 2 -subj /CN=localhost"
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    with (folder / "both.pem").open("a") as file:
        file.write((folder / "cert.pem").read_text())
    return str(folder / "both.pem")


@pytest.mark.parametrize("size", [0, 6, 5_000_000])
def test_the_same_through_tls(ends, certificate, size):
    ours, theirs = ends
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate)
    server.load_cert_chain(certificate)
    server.options |= ssl.OP_IGNORE_UNEXPECTED_EOF  # Go, of which engines are made, goes on writing, too
    client.check_hostname = False
    beside(lambda: echo(server.wrap_socket(theirs, server_side=True)))
    with client.wrap_socket(ours) as wrapped:
        assert b"".join(Duplex(wrapped, b"", BIG[:size], 30).chunks()) == BIG[:size]


# a session and a fake engine


def cat(reader: Any, writer: Any) -> None:
    """Reads to the end, then writes it back as one frame."""
    writer.write(frame(reader.read()))


def start(session: Session, tty: bool = False, **values: Any) -> Any:
    exchange = session.call("exec_start", id="e1", body={"Detach": False, "Tty": tty}, **values)
    return tables.value(BY_NAME["exec_start"], exchange, tables.Wanted(values=values, tty=lambda answer: tty))


def lines(frame: Any) -> list[tuple[str, str]]:
    return list(zip(frame["stream"], frame["line"], strict=True))


@pytest.mark.parametrize("head", [(101, UPGRADED), (200, {"Content-Type": RAW}), (101, {"Content-Type": MULTIPLEXED})])
def test_a_connection_that_is_taken_over(session, fake, head):
    fake.on("POST", START, Answer(*[head[0], None, head[1]], talk=cat))
    assert lines(start(session, input=b"one\ntwo\n")) == [("stdout", "one"), ("stdout", "two")]
    (seen,) = [each for each in fake.requests if each.path.endswith(START)]
    assert seen.headers["upgrade"] == "tcp"
    assert seen.headers["connection"] == "Upgrade"
    assert seen.body == b'{"Detach": false, "Tty": false}'


@pytest.mark.parametrize("early", [frame(b"a\n") + frame(b"b\n", 2), frame(b"a\n")[:3], frame(b"a" * 20_000)])
def test_data_right_behind_the_head(session, fake, early):
    rest = (frame(b"a\n") + frame(b"b\n", 2)) if len(early) == 3 else b""
    fake.on("POST", START, Answer(101, None, UPGRADED, early=early, talk=lambda r, w: w.write(rest[3:])))
    found = lines(start(session))
    assert found == ([("stdout", "a" * 20_000)] if len(early) > 20_000 else [("stdout", "a"), ("stderr", "b")])


def test_the_exchange_keeps_head_and_frames(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, early=frame(b"x"), talk=lambda r, w: w.write(frame(b"y", 2))))
    start(session)
    last = session.last
    assert (last.status, last.reason) == (101, "UPGRADED")
    assert last.headers["upgrade"] == "tcp"
    assert last.pieces == [("stdout", b"x"), ("stderr", b"y")]
    assert last.received == 18
    assert last.line.startswith("POST /v1.51/exec/e1/start → 101 UPGRADED")


def test_bytes_come_back_unchanged(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, early=frame(b"hm", 2), talk=cat))
    assert start(session, input=BIG, bytes=True) == BIG


def test_a_file_is_given_byte_for_byte(session, fake, tmp_path):
    (tmp_path / "in").write_bytes(b"a\r\n\0\xff")
    fake.on("POST", START, Answer(101, None, UPGRADED, talk=cat))
    assert start(session, **{"input-file": str(tmp_path / "in"), "bytes": True}) == b"a\r\n\0\xff"


def test_a_terminal_is_read_raw_whatever_the_head_says(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, early=b"bin\r\n", talk=lambda r, w: None))
    assert lines(start(session, tty=True)) == [("stdout", "bin")]


def test_a_terminal_that_is_not_expected(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, early=b"bin  etc\r\n", talk=lambda r, w: None))
    with pytest.raises(errors.BadFrame, match="not framed") as caught:
        start(session)
    assert "--tty" in caught.value.step


def test_a_stream_that_is_cut_inside_a_frame(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, early=frame(b"one\nmore")[:13], talk=lambda r, w: None))
    with pytest.raises(errors.CutShort, match="inside a frame"):
        start(session)


def test_a_stream_that_falls_silent(session, fake):
    session.settings.timeout = 0.05
    fake.on("POST", START, Answer(101, None, UPGRADED, early=frame(b"one\n"), talk=lambda r, w: fake.closing.wait(30)))
    with pytest.raises(errors.TimedOut, match=r"fell silent for 0\.05 s") as caught:
        start(session)
    assert "goes on" in caught.value.step
    assert lines(session.last.value) == [("stdout", "one")]


def test_an_engine_that_never_answers(session, fake):
    session.engine  # noqa: B018  it is found before patience runs out
    session.settings.timeout = 0.05
    fake.on("POST", START, Answer(silent=True))
    with pytest.raises(errors.TimedOut, match=r"did not answer within 0\.05 s"):
        start(session)


def test_a_detached_start_is_an_outcome(session, fake):
    fake.on("POST", START, Answer(200, b"\n"))
    found = start(session)
    assert list(found["happened"]) == ["started"]


def test_a_refusal_is_no_stream(session, fake):
    fake.on("POST", START, Answer(409, {"message": "Container web is paused"}))
    with pytest.raises(errors.Conflict, match="is paused"):
        start(session)


def test_a_taken_connection_is_not_used_again(session, fake):
    fake.on("POST", START, Answer(101, None, UPGRADED, talk=cat))
    session.engine  # noqa: B018
    before = fake.connections
    start(session, input=b"x")
    start(session, input=b"x")
    assert fake.connections - before in (1, 2)  # the first may go by the connection that found the engine
    assert session.call("version").json()["ApiVersion"] == "1.51"


@pytest.mark.parametrize("tty", [True, False])
def test_attach_asks_the_container_for_its_terminal(shell, fake: FakeEngine, tty):
    fake.on("GET", "/containers/web/json", Answer(200, {"Config": {"Tty": tty}}))
    data = b"hello\r\n" if tty else frame(b"hello\n", 2)
    fake.on("POST", "/containers/web/attach", Answer(101, None, UPGRADED, early=data, talk=lambda r, w: None))
    found = shell.run("x = %docker attach web")
    assert found.error is None, found.text
    assert lines(shell.names["x"]) == [("stdout" if tty else "stderr", "hello")]
    (seen,) = [each for each in fake.requests if each.path.endswith("/attach")]
    assert seen.query == [("stream", "1"), ("stdout", "1"), ("stderr", "1")]


# a WebSocket


def served(data: bytes, code: int = 2) -> bytes:
    size = len(data)
    long = b"" if size < 126 else size.to_bytes(2 if size < 1 << 16 else 8, "big")
    return bytes([0x80 | code, size if not long else 126 if len(long) == 2 else 127]) + long + data


def unmasked(data: bytes) -> bytes:
    """What a server makes of a client's one frame."""
    size = data[1] & 0x7F
    assert data[0] == 0x82
    assert data[1] & 0x80
    at = {126: 4, 127: 10}.get(size, 2)
    size = int.from_bytes(data[2:at], "big") if at > 2 else size
    key, payload = data[at : at + 4], data[at + 4 :]
    assert len(payload) == size
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_what_we_send_is_masked(size):
    assert unmasked(masked(BIG[:size], b"\x01\x80\xff\x00")) == BIG[:size]


@drawn(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_frames_come_apart_however_they_arrive(payloads, step):
    data = b"".join(map(served, payloads)) + served(b"ping", 9) + served(b"\x03\xe8", 8) + b"junk"
    socket_ = WebSocket()
    assert b"".join(socket_.feed(data[i : i + step]) for i in range(0, len(data), step)) == b"".join(payloads)
    assert socket_.closed


def test_a_message_in_several_frames_with_others_between():
    data = b"\x02\x02ab" + served(b"ping", 9) + b"\x00\x01c" + served(b"pong", 10) + b"\x80\x02de" + served(b"f", 1)
    assert WebSocket().feed(data) == b"abcdef"


def test_nothing_counts_after_their_goodbye():
    socket_ = WebSocket()
    assert socket_.feed(served(b"a") + served(b"", 8) + served(b"b")) == b"a"
    assert socket_.closed
    assert socket_.feed(served(b"c")) == b""


@pytest.mark.parametrize("data", [b"\x82\x81key!x", b"\xc2\x01x"])
def test_what_no_server_sends(data):
    with pytest.raises(ValueError, match="no frame"):
        WebSocket().feed(data)


def test_the_proof_of_the_standards_example():
    assert proof("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def handshaken(talk: Callable[[Any, Any], None], **more: str) -> Callable[[Any], Answer]:
    """Accepts a WebSocket; what is said more changes the head."""

    def answer(seen: Any) -> Answer:
        proof = b64encode(sha1(seen.headers["sec-websocket-key"].encode() + MAGIC).digest()).decode()
        head = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": proof}
        return Answer(101, None, {**head, **more}, early=served(b"zero\n"), talk=talk)

    return answer


def test_attach_ws(shell, fake: FakeEngine):
    got = []

    def talk(reader: Any, writer: Any) -> None:
        got.append(reader.read())
        writer.write(served(b"one\ntw") + served(b"o\n") + served(b"", 8))

    fake.on("GET", "/containers/web/attach/ws", handshaken(talk))
    found = shell.run("x = %docker attach_ws web --stdin --input hello")
    assert found.error is None, found.text
    assert list(shell.names["x"]["line"]) == ["zero", "one", "two"]
    assert unmasked(got[0]) == b"hello\n"
    (seen,) = [each for each in fake.requests if each.path.endswith("/attach/ws")]
    assert seen.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("proof", ["", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
def test_a_handshake_that_nobody_has_read(shell, fake, proof):
    fake.on("GET", "/containers/web/attach/ws", handshaken(cat, **{"Sec-WebSocket-Accept": proof}))
    found = shell.run("%docker attach_ws web --stdin --input secret")
    assert type(found.error) is errors.ReplyError, found.text
    assert "handshake" in found.text
    assert "`%docker attach`" in found.text


# the command of ours


@pytest.fixture
def web(fake: FakeEngine) -> FakeEngine:
    fake.on("POST", "/containers/web/exec", Answer(201, {"Id": "e1"}))
    fake.on("GET", "/exec/e1/json", Answer(200, {"ID": "e1", "Running": False, "ExitCode": 3}))
    fake.on(
        "POST",
        START,
        lambda seen: (
            Answer(101, None, UPGRADED, early=frame(b"hi\n"), talk=cat)
            if "upgrade" in seen.headers
            else Answer(200, None, {"Content-Type": RAW}, early=frame(b"hi\n"), talk=lambda r, w: None)
        ),
    )
    return fake


def test_exec_is_three_calls_each_on_its_line(shell, web):
    found = shell.run("%docker exec web -e A=1 -w /tmp -u 1 --privileged -- ls -l /")
    assert found.error is None, found.text
    assert [(seen.method, seen.path[6:]) for seen in web.requests] == [
        ("POST", "/containers/web/exec"),
        ("POST", START),
        ("GET", "/exec/e1/json"),
    ]
    body = b'"Cmd": ["ls", "-l", "/"], "Env": ["A=1"], "WorkingDir": "/tmp", "User": "1", "Privileged": true}'
    assert web.requests[0].body.endswith(body)
    shown = found.beside.splitlines()
    assert [line.partition(" → ")[0] for line in shown[:3]] == [
        "POST /v1.51/containers/web/exec",
        "POST /v1.51/exec/e1/start",
        "GET /v1.51/exec/e1/json",
    ]
    assert shown[3] == "exit code 3"
    assert found.value.attrs["dockermagic"]["exit_code"] == 3
    assert list(found.value["line"]) == ["hi"]


def test_exec_gives_its_input_and_says_so_in_the_body(shell, web):
    shell.run("x = %docker exec web --input 'a b' -- cat")
    assert b'"AttachStdin": true' in web.requests[0].body
    assert list(shell.names["x"]["line"]) == ["hi", "a b"]


def test_exec_by_the_cell_sends_the_cell_untouched(shell, web):
    web.on("POST", START, Answer(101, None, UPGRADED, early=b"raw\r\n", talk=lambda r, w: None))
    cell = '{"Cmd": ["ls"],\n  "AttachStdout": true, "Tty": true}'
    found = shell.run(f"%%docker exec web << x\n{cell}")
    assert found.error is None, found.text
    assert web.requests[0].body == cell.encode() + b"\n" or web.requests[0].body == cell.encode()
    assert web.requests[1].body == b'{"Detach": false, "Tty": true}'
    assert list(shell.names["x"]["line"]) == ["raw"]


def test_exec_looks_again_where_the_exit_code_is_late(shell, web):
    answers = iter([{"Running": True, "ExitCode": None}, {"Running": False, "ExitCode": 0}])
    web.on("GET", "/exec/e1/json", lambda seen: Answer(200, next(answers)))
    assert "exit code 0" in shell.run("x = %docker exec web -- true").beside


def test_exec_of_what_goes_on_without_its_streams(shell, web):
    web.on("GET", "/exec/e1/json", Answer(200, {"Running": True, "ExitCode": None}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dockermagic.commands.BETWEEN", 0)
        assert "it is still running" in shell.run("x = %docker exec web -- daemon").beside


@pytest.mark.parametrize("tongue", ["curl", "python", "cli"])
def test_exec_in_another_tongue_sends_nothing(shell, web, tongue):
    found = shell.run(f"x = %docker exec web --as {tongue} -- ls 'a b'")
    assert found.error is None, found.text
    assert web.requests == []
    text = str(shell.names["x"])
    assert text == "docker exec web ls 'a b'" if tongue == "cli" else "EXEC_ID" not in text


def test_what_an_exec_is_fed_is_told_of_in_the_clis_words(shell, web):
    assert shell.run("x = %docker exec web --input hello --as cli -- cat").error is None
    call, note = str(shell.names["x"]).splitlines()
    assert call == "docker exec --interactive web cat"
    assert note.startswith("# what goes to standard input comes from the shell: printf")


@pytest.mark.parametrize("tongue", ["curl", "python"])
@pytest.mark.parametrize("given", ["", "--input hello "])
def test_exec_in_another_tongue_does_the_same_when_run(shell, web, tongue, given):
    shell.run(f"x = %docker exec web {given}--as {tongue} -- ls 'a b'")
    words = ["sh", "-c"] if tongue == "curl" else [sys.executable, "-c"]
    done = subprocess.run([*words, str(shell.names["x"])], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    theirs = [seen.meaning for seen in web.requests]
    web.requests.clear()
    shell.run(f"%docker exec web {given}-- ls 'a b'")
    assert theirs == [seen.meaning for seen in web.requests]
    assert b"hi" in done.stdout
