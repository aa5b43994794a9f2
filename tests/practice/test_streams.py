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
        data += sock.recv(65536)
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


def test_attach_over_a_websocket(engine: Engine) -> None:
    identity = engine.run("cat", OpenStdin=True)
    sock = engine.raw(
        f"GET /containers/{identity}/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\nHost: e\n"
        "Upgrade: websocket\n"
        "Connection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n"
    )
    head, rest = read_head(sock)
    assert head.startswith("HTTP/1.1 101")
    mask = b"abcd"
    payload = b"hello\n"
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    sock.sendall(bytes([0x82, 0x80 | len(payload)]) + mask + masked)
    while len(rest) < 2 + len(payload):
        rest += sock.recv(4096)
    assert rest == bytes([0x82, len(payload)]) + payload
    sock.close()


def test_what_a_program_says_at_once_on_two_streams_stays_in_order(engine: Engine) -> None:
    """As with `ls nosuch; echo $?`: the error first."""
    for _ in range(10):
        assert engine.output("sh", "-c", "echo error >&2; echo after") == "error\nafter\n"
