"""Connections that become streams: attach, exec, events, and what half-closes."""

from __future__ import annotations

import json
import os
import socket
import threading
import time

from practicekit import Engine, eventually, text


def upgrade(engine: Engine, path: str, body: str = "") -> socket.socket:
    head = f"POST {path} HTTP/1.1\nHost: e\nUpgrade: tcp\nConnection: Upgrade\n"
    if body:
        head += f"Content-Type: application/json\nContent-Length: {len(body)}\n"
    return engine.raw(head + "\n" + body)


def read_head(sock: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode(), rest


def read_all(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def test_five_megabytes_through_cat(engine: Engine) -> None:
    identity = engine.create("cat", OpenStdin=True, StdinOnce=True, AttachStdin=True)
    sock = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1")
    head, rest = read_head(sock)
    assert head.startswith("HTTP/1.1 101 UPGRADED")
    assert "application/vnd.docker.multiplexed-stream" in head
    engine.post(f"/containers/{identity}/start")
    sent = os.urandom(5_000_000)

    def feed() -> None:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)

    feeder = threading.Thread(target=feed)
    feeder.start()
    got = rest + read_all(sock)
    feeder.join()
    sock.close()
    assert b"".join(part for _, part in _frames(got)) == sent
    assert engine.wait(identity) == 0


def _frames(data: bytes) -> list[tuple[int, bytes]]:
    from practicekit import frames

    return frames(data)


def test_attach_before_the_start_misses_nothing(engine: Engine) -> None:
    identity = engine.create("sh", "-c", "echo out; echo err >&2")
    sock = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdout=1&stderr=1")
    _, rest = read_head(sock)
    engine.post(f"/containers/{identity}/start")
    got = rest + read_all(sock)
    assert text(got, 1) == "out\n"
    assert text(got, 2) == "err\n"


def test_without_upgrade_it_is_a_raw_stream(engine: Engine) -> None:
    identity = engine.create("echo", "hi")
    sock = engine.raw(f"POST /containers/{identity}/attach?stream=1&stdout=1 HTTP/1.1\nHost: e\n\n")
    head, _ = read_head(sock)
    assert head.startswith("HTTP/1.1 200 OK")
    assert "application/vnd.docker.raw-stream" in head
    engine.post(f"/containers/{identity}/start")
    assert text(read_all(sock)) == "hi\n"


def test_a_terminal_can_be_left_and_taken_up_again(engine: Engine) -> None:
    identity = engine.run("sh", Tty=True, OpenStdin=True)
    sock = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1")
    read_head(sock)
    sock.sendall(b"echo $((40+2))\n")
    got = b""
    while b"42" not in got:
        got += sock.recv(4096)
    sock.sendall(b"\x10\x11")
    read_all(sock)
    sock.close()
    assert engine.state(identity)["Running"] is True
    again = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1")
    read_head(again)
    again.sendall(b"exit 6\n")
    read_all(again)
    assert engine.wait(identity) == 6


def test_the_size_of_a_terminal(engine: Engine) -> None:
    identity = engine.run("sh", Tty=True, OpenStdin=True)
    assert engine.post(f"/containers/{identity}/resize", h=33, w=77).status == 200
    sock = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1")
    read_head(sock)
    sock.sendall(b"stty size; exit\n")
    assert b"33 77" in read_all(sock)


def test_exec(engine: Engine) -> None:
    identity = engine.run("sleep", "600", Env=["A=1"])
    assert engine.execute(identity, "sh", "-c", "echo $A$B; exit 3", Env=["B=2"]) == (3, "12\n")
    assert engine.execute(identity, "pwd", WorkingDir="/tmp") == (0, "/tmp\n")
    code, said = engine.execute(identity, "nonesuch")
    assert code == 127
    assert "executable file not found in $PATH" in said
    assert engine.get(f"/containers/{identity}/json").json["ExecIDs"] is None
    engine.post(f"/containers/{identity}/stop", t=0)
    assert engine.post(f"/containers/{identity}/exec", {"Cmd": ["true"]}).status == 409


def test_exec_reads_what_it_is_sent(engine: Engine) -> None:
    identity = engine.run("sleep", "600")
    settings = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True}
    made = engine.post(f"/containers/{identity}/exec", settings).json["Id"]
    sock = upgrade(engine, f"/exec/{made}/start", json.dumps({"Detach": False, "Tty": False}))
    _, rest = read_head(sock)
    sent = os.urandom(1_000_000)
    feeder = threading.Thread(target=lambda: (sock.sendall(sent), sock.shutdown(socket.SHUT_WR)))
    feeder.start()
    got = rest + read_all(sock)
    feeder.join()
    assert b"".join(part for _, part in _frames(got)) == sent


def test_an_exec_dies_with_its_container(engine: Engine) -> None:
    identity = engine.run("sleep", "600")
    made = engine.post(f"/containers/{identity}/exec", {"Cmd": ["sleep", "600"]}).json["Id"]
    engine.post(f"/exec/{made}/start", {"Detach": True})
    assert engine.get(f"/exec/{made}/json").json["Running"] is True
    engine.post(f"/containers/{identity}/kill")
    eventually(lambda: engine.get(f"/exec/{made}/json").json["ExitCode"] == 137)


def test_events_of_a_life(engine: Engine) -> None:
    started = time.time()
    engine.wait(engine.run("sh", "-c", "exit 5", name="lived", Labels={"l": "v"}))
    engine.delete("/containers/lived")
    lines = engine.get("/events", since=f"{started:.9f}", until=f"{time.time():.9f}").body.splitlines()
    events = [json.loads(line) for line in lines]
    events = [event for event in events if event["Actor"]["Attributes"].get("name") == "lived"]
    assert [event["Action"] for event in events] == ["create", "start", "die", "destroy"]
    assert events[2]["Actor"]["Attributes"]["exitCode"] == "5"
    assert all(event["Actor"]["Attributes"]["l"] == "v" for event in events)


def test_events_come_as_they_happen(engine: Engine) -> None:
    query = '{"event":["create"]}'
    sock = engine.raw(f"GET /events?filters={query} HTTP/1.1\nHost: e\n\n".replace('"', "%22"))
    read_head(sock)
    identity = engine.create("true")
    assert identity.encode() in sock.recv(65536)
    sock.close()


def test_listeners_that_went_away_are_forgotten(engine: Engine) -> None:
    sockets = [engine.raw("GET /events HTTP/1.1\nHost: e\n\n") for _ in range(50)]
    eventually(lambda: engine.get("/info").json["NEventsListener"] == 50)
    for sock in sockets:
        sock.close()
    eventually(lambda: engine.get("/info").json["NEventsListener"] == 0)


def test_where_input_does_not_end_the_attachment_does(engine: Engine) -> None:
    """As on Docker: who ends his direction of a container that was not made StdinOnce, ends both."""
    for settings in ({"OpenStdin": True}, {"OpenStdin": True, "Tty": True, "StdinOnce": True}):
        identity = engine.run("sh", "-c", "while :; do sleep 1; done", **settings)
        sock = upgrade(engine, f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1")
        assert read_head(sock)[0].startswith("HTTP/1.1 101")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
        assert engine.state(identity)["Running"]
        sock.close()


def websocket(engine: Engine, identity: str, more: str = "") -> tuple[socket.socket, str, bytes]:
    sock = engine.raw(
        f"GET /containers/{identity}/attach/ws?stream=1&stdin=1&stdout=1{more} HTTP/1.1\nHost: e\n"
        "Upgrade: websocket\n"
        "Connection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n"
    )
    return sock, *read_head(sock)


def sent(payload: bytes, first: int = 0x82, mask: bytes = b"abcd") -> bytes:
    """One frame of a client's."""
    size = len(payload)
    long = (size.to_bytes(2, "big") if size < 1 << 16 else size.to_bytes(8, "big")) if size > 125 else b""
    short = size if not long else 126 if len(long) == 2 else 127
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([first, 0x80 | short]) + long + mask + masked


def received(data: bytes) -> list[tuple[int, bytes]]:
    """The frames of a server's: code and payload."""
    found = []
    while data:
        size, at = data[1], 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        found.append((data[0], data[at : at + size]))
        data = data[at + size :]
    return found


def test_attach_over_a_websocket(engine: Engine) -> None:
    sock, head, rest = websocket(engine, engine.run("cat", OpenStdin=True))
    assert head.startswith("HTTP/1.1 101 Switching Protocols")
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, "the example of RFC 6455"
    sock.sendall(sent(b"hello\n"))
    while len(rest) < 8:
        rest += sock.recv(4096)
    assert received(rest) == [(0x82, b"hello\n")]
    sock.close()


def test_frames_of_all_kinds_over_a_websocket(engine: Engine) -> None:
    identity = engine.run("cat", OpenStdin=True, StdinOnce=True)
    sock, _, rest = websocket(engine, identity)
    big = os.urandom(70_000)
    frames = [sent(b"a", 0x02), sent(b"ping", 0x89), sent(b"b" * 300, 0x80), sent(b"pong", 0x8A), sent(big)]
    data = b"".join(frames) + sent(b"\x03\xe8", 0x88)

    def feed() -> None:
        for at in range(0, len(data), 1001):
            sock.sendall(data[at : at + 1001])

    feeder = threading.Thread(target=feed)
    feeder.start()
    found = received(rest + read_all(sock))
    feeder.join()
    assert b"".join(payload for first, payload in found if first == 0x82) == b"a" + b"b" * 300 + big
    assert [each for each in found if each[0] != 0x82] == [(0x8A, b"ping"), (0x88, b"\x03\xe8")]
    assert engine.wait(identity) == 0, "their goodbye is the end of the input"
    sock.close()


def test_a_websocket_that_ends_its_direction_hears_the_rest(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "cat; echo end", OpenStdin=True, StdinOnce=True)
    sock, _, rest = websocket(engine, identity)
    sock.sendall(sent(b"one\n"))
    sock.shutdown(socket.SHUT_WR)
    found = received(rest + read_all(sock))
    assert b"".join(payload for _, payload in found[:-1]) == b"one\nend\n"
    assert found[-1] == (0x88, b"\x03\xe8")
    sock.close()


def test_what_is_no_frame_ends_a_websocket(engine: Engine) -> None:
    for wrong in (b"\x82\x01x", sent(b"x", 0xC2), sent(b"x" * 200, 0x89)):
        sock, _, rest = websocket(engine, engine.run("cat", OpenStdin=True))
        sock.sendall(wrong)
        assert received(rest + read_all(sock))[0] == (0x88, b"\x03\xea")
        sock.close()


def test_handshakes_that_are_none(engine: Engine) -> None:
    identity = engine.run("cat", OpenStdin=True)
    key, asked = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n", "Upgrade: websocket\nConnection: Upgrade\n"
    for lines, status, said in (
        ("", 400, b"not websocket protocol"),
        (asked + key, 400, b"missing or bad WebSocket Version"),
        (asked + "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: =\n", 400, b"mismatch challenge/response"),
    ):
        sock = engine.raw(f"GET /containers/{identity}/attach/ws HTTP/1.1\nHost: e\n{lines}\n")
        head, rest = read_head(sock)
        assert head.startswith(f"HTTP/1.1 {status}")
        assert rest == said
        sock.close()


def test_what_a_program_says_at_once_on_two_streams_stays_in_order(engine: Engine) -> None:
    """As with `ls nosuch; echo $?`: the error first."""
    for _ in range(10):
        assert engine.output("sh", "-c", "echo error >&2; echo after") == "error\nafter\n"
