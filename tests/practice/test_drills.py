"""Fault drills: each fault as a client sees it, and that a drill is loud, bounded and gone afterwards."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Iterator

import pytest
from practicekit import Engine, eventually

PATH = "/practice/drills"


@pytest.fixture
def drilled(engine: Engine) -> Iterator[Engine]:
    yield engine
    engine.delete(PATH)


def begin(engine: Engine, name: str, **more) -> dict:
    answer = engine.post(PATH, {"Name": name, **more})
    assert answer.status == 201, answer.body
    return answer.json


def exchange(engine: Engine, head: str, until: bytes = b"") -> bytes:
    """What comes on a connection of one's own until it ends, or until these bytes have come."""
    with engine.raw(head) as sock:
        got = b""
        while not (until and until in got) and (data := sock.recv(65536)):
            got += data
    return got


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\nHost: e\nConnection: close\n\n"


def test_an_error_is_told_as_a_drill_and_then_all_is_well(drilled: Engine) -> None:
    begin(drilled, "error", Path="/containers/json", Count=2)
    for _ in range(2):
        answer = drilled.get("/containers/json")
        assert (answer.status, answer.headers["Practice-Drill"]) == (500, "error")
        assert "this is a drill" in answer.message
    answer = drilled.get("/containers/json")
    assert (answer.status, answer.json, answer.headers.get("Practice-Drill")) == (200, [], None)


def test_an_error_does_nothing(drilled: Engine) -> None:
    identity = drilled.run("sleep", "1000")
    begin(drilled, "error", Path="/containers/*/kill")
    assert drilled.post(f"/containers/{identity}/kill").status == 500
    assert drilled.state(identity)["Running"]


def test_a_slow_answer_is_late_and_true(drilled: Engine) -> None:
    begin(drilled, "slow", Path="/images/json", Seconds=0.5)
    begun = time.monotonic()
    answer = drilled.get("/images/json")
    assert time.monotonic() - begun >= 0.5
    assert answer.headers["Practice-Drill"] == "slow"
    assert answer.json == drilled.get("/images/json").json


def test_garbage_is_no_json(drilled: Engine) -> None:
    begin(drilled, "garbage", Path="*", Count=2)
    answer = drilled.get("/containers/json")
    assert (answer.status, answer.headers["Practice-Drill"]) == (200, "garbage")
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json
    assert drilled.call("HEAD", "/containers/x/archive", path="/").body == b""


def test_a_whole_answer_is_cut_in_its_middle(drilled: Engine) -> None:
    begin(drilled, "cut", Path="/version")
    with pytest.raises(http.client.IncompleteRead) as caught:
        drilled.get("/version")
    assert caught.value.partial.startswith(b'{"Platform"')
    assert len(caught.value.partial) == pytest.approx(caught.value.expected, abs=1)


def test_an_answer_without_a_body_is_cut_before_it_comes_and_the_deed_is_done(drilled: Engine) -> None:
    identity = drilled.create("sleep", "1000")
    begin(drilled, "cut", Path=f"/containers/{identity}/start")
    with pytest.raises(http.client.RemoteDisconnected):
        drilled.post(f"/containers/{identity}/start")
    assert drilled.state(identity)["Running"]


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/containers/NAME/logs?stdout=1&follow=1", ""),
        ("GET", "/containers/NAME/export", ""),
        ("GET", "/containers/NAME/stats", ""),
        ("POST", "/containers/NAME/attach?stream=1&logs=1&stdout=1", "Upgrade: tcp\nConnection: Upgrade\n"),
    ],
    ids=["logs", "export", "stats", "attach"],
)
def test_a_stream_is_cut_in_the_middle(drilled: Engine, method: str, path: str, more: str) -> None:
    drilled.run("sh", "-c", "while :; do echo a line of some length; sleep 0.1; done", name="talks")
    begin(drilled, "cut", Path=path.replace("NAME", "talks").partition("?")[0])
    got = exchange(drilled, f"{method} {path.replace('NAME', 'talks')} HTTP/1.1\nHost: e\n{more}\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Practice-Drill: cut" in head
    assert body
    assert not body.endswith(b"\r\n0\r\n\r\n")


def test_an_exec_is_cut_in_the_middle(drilled: Engine) -> None:
    identity = drilled.run("sleep", "1000")
    made = drilled.post(f"/containers/{identity}/exec", {"Cmd": ["seq", "100"], "AttachStdout": True}).json["Id"]
    begin(drilled, "cut", Path="/exec/*/start")
    body = "{}"
    got = exchange(
        drilled,
        f"POST /exec/{made}/start HTTP/1.1\nHost: e\nContent-Type: application/json\n"
        f"Content-Length: {len(body)}\n\n{body}",
    )
    head, _, told = got.partition(b"\r\n\r\n")
    assert b"Practice-Drill: cut" in head
    assert b"1\n2\n" in told
    assert b"100\n" not in told
    assert eventually(lambda: drilled.get(f"/exec/{made}/json").json["ExitCode"] is not None)


def test_a_stream_without_a_word_is_cut_too(drilled: Engine) -> None:
    identity = drilled.create("true")
    begin(drilled, "cut", Path="/containers/*/logs")
    got = exchange(drilled, get(f"/containers/{identity}/logs?stdout=1"))
    assert b"Practice-Drill: cut" in got
    assert not got.endswith(b"0\r\n\r\n")


def test_silence_ends(drilled: Engine) -> None:
    begin(drilled, "silent", Path="/containers/json", Seconds=0.3)
    assert exchange(drilled, get("/containers/json")) == b""
    assert drilled.get("/containers/json").status == 200


def test_who_leaves_a_silent_answer_leaves_nothing(drilled: Engine) -> None:
    before = drilled.get("/info").json["NGoroutines"]
    begin(drilled, "silent", Path="/containers/json", Count=5)
    for _ in range(5):
        drilled.raw(get("/containers/json")).close()
    eventually(lambda: drilled.get(PATH).json == [])
    eventually(lambda: drilled.get("/info").json["NGoroutines"] <= before)


def test_who_left_before_the_engine_looked_leaves_nothing(drilled: Engine) -> None:
    before = drilled.get("/info").json["NGoroutines"]
    begin(drilled, "silent", Path="/containers/json", Count=5)
    drilled.process.send_signal(signal.SIGSTOP)
    for _ in range(5):
        drilled.raw(get("/containers/json")).close()
    drilled.process.send_signal(signal.SIGCONT)
    eventually(lambda: drilled.get(PATH).json == [])
    eventually(lambda: drilled.get("/info").json["NGoroutines"] <= before)


def test_a_drill_is_loud(drilled: Engine) -> None:
    assert not any("DRILL" in line for line in drilled.get("/info").json["Warnings"])
    begin(drilled, "slow", Path="/containers/*", Count=3)
    warning = drilled.get("/info").json["Warnings"][0]
    assert warning.startswith("DRILL slow: 3 answer(s) to /containers/*")
    (told,) = drilled.get(PATH).json
    assert 50 < told.pop("Ends") <= 60
    assert told == {"Name": "slow", "Path": "/containers/*", "Count": 3, "Seconds": 3.0}


def test_a_drill_ends_on_request(drilled: Engine) -> None:
    begin(drilled, "slow")
    begin(drilled, "error")
    assert [each["Name"] for each in drilled.delete(PATH).json] == ["slow", "error"]
    assert drilled.get(PATH).json == []
    assert drilled.get("/containers/json").status == 200


def test_one_of_a_name(drilled: Engine) -> None:
    begin(drilled, "error", Path="/a")
    begin(drilled, "error", Path="/b")
    assert [each["Path"] for each in drilled.get(PATH).json] == ["/b"]


def test_the_engine_can_be_found_and_the_drill_ended_whatever_the_drill(drilled: Engine) -> None:
    begin(drilled, "error", Path="*", Count=9)
    for path in ("/_ping", "/version", "/info", PATH):
        assert drilled.get(path).status == 200
    assert drilled.get(PATH).json[0]["Count"] == 9
    begin(drilled, "error", Path="/_ping")
    assert drilled.get("/_ping").status == 500


def test_a_path_is_meant_with_any_version(drilled: Engine) -> None:
    begin(drilled, "error", Path="/containers/json")
    assert drilled.get("/v1.44/containers/json").status == 500


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Name": "nosuch"}, "slow, error, cut, garbage, silent"),
        ({}, "there is no drill ''"),
        ({"Name": "slow", "Count": 0}, "1 to 100"),
        ({"Name": "slow", "Count": 101}, "1 to 100"),
        ({"Name": "slow", "Seconds": 61}, "at most 60"),
        ({"Name": "slow", "Seconds": 0}, "more than 0"),
        ({"Name": "error", "Seconds": 1}, "leave Seconds out"),
        ({"Name": "slow", "Path": "containers"}, "slash"),
        ({"Name": "slow", "Path": "*" * 1001}, "longer than 1000"),
        ({"Name": "slow", "Count": "x"}, "cannot unmarshal"),
    ],
)
def test_what_is_no_drill(drilled: Engine, body: dict, words: str) -> None:
    answer = drilled.post(PATH, body)
    assert answer.status == 400
    assert words in answer.message
    assert drilled.get(PATH).json == []
