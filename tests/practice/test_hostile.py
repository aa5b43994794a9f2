"""What the fuzzer found once, kept as tests: none of it may break the engine, or stay behind."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
import time

import pytest
from practicekit import Engine, alive, eventually

from practice_engine import digits, filters, gojson, users
from practice_engine.errors import BadParameter, Failed
from practice_engine.logs import STDOUT, LogStore

BIG = "9" * 5000


def tar(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("force", [0, 1])
def test_removed_while_it_is_being_started(engine: Engine, force: int) -> None:
    """As with Docker: the start comes first, and what runs then is killed, or is a conflict."""
    for index in range(8):
        identity = engine.create("sleep", "86408")
        starting = threading.Thread(target=engine.post, args=(f"/containers/{identity}/start",))
        starting.start()
        time.sleep(index / 100)
        removed = engine.delete(f"/containers/{identity}", force=force).status
        starting.join()
        assert removed in ((204,) if force else (204, 409))
        if removed == 409:
            assert engine.state(identity)["Running"]
            engine.delete(f"/containers/{identity}", force=1)
    eventually(lambda: not alive("sleep 86408"))
    assert engine.names(all=1) == []


def test_a_body_cut_off_keeps_nothing_open(engine: Engine) -> None:
    assert engine.process is not None
    place = f"/proc/{engine.process.pid}/fd"

    def files_without_a_name() -> list[str]:
        links = [os.readlink(f"{place}/{name}") for name in os.listdir(place) if os.path.islink(f"{place}/{name}")]
        return [link for link in links if link.endswith("(deleted)")]

    head = "PUT /containers/x/archive?path=/ HTTP/1.1\nHost: e\nContent-Length: 100\n\nhalf"
    for _ in range(5):
        engine.raw(head).close()
    eventually(lambda: not files_without_a_name())


def test_it_goes_idle_after_a_body_cut_off(engines) -> None:
    engine = engines("--idle-exit", "1").start()
    engine.raw("POST /containers/create HTTP/1.1\nHost: e\nContent-Length: 100\n\n{").close()
    eventually(lambda: engine.process.poll() is not None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/containers/json?limit={BIG}", None, 500),
        ("GET", f"/containers/json?filters={{%22exited%22:[%22{BIG}%22]}}", None, 400),
        ("GET", "/containers/json?filters={%22publish%22:[%22%C2%B2%22]}", None, 500),
        ("GET", f"/events?since={BIG}", None, 500),
        ("GET", f"/v{BIG}/info", None, 404),
        ("POST", f"/containers/it/kill?signal={BIG}", None, 400),
        ("POST", f"/containers/it/stop?t={BIG}", None, 500),
        ("POST", "/containers/create", '{"Image":"busybox","StopTimeout":' + BIG + "}", 400),
        ("POST", "/containers/create", '{"Image":"busybox","HostConfig":{"CpusetCpus":"0-99999999999"}}', 400),
        ("POST", "/containers/create", '{"Image":"\\ud800"}', 400),
        ("GET", "/containers/it/archive?path=%00", None, 404),
        ("POST", "/images/load", tar(**{"manifest.json": b"5"}), 200),
        ("POST", "/images/load", tar(**{"manifest.json": b'[{"Config":"c","Layers":5}]', "c": b"{}"}), 200),
        ("POST", "/images/create?fromSrc=-", tar(a=b"", **{"a/b": b""}), 500),
        ("POST", "/images/create?fromSrc=-", tar(**{"n" * 300: b""}), 500),
        ("POST", "/images/create?fromSrc=-&changes=ENV%20a=%27", tar(a=b""), 400),
    ],
)
def test_nonsense_is_told_in_words(
    engine: Engine, method: str, path: str, body: str | bytes | None, status: int
) -> None:
    engine.create("true", name="it")
    data = body.encode() if isinstance(body, str) else body
    kind = "application/json" if isinstance(body, str) else "application/x-tar"
    head = f"{method} {path} HTTP/1.1\nHost: e\nContent-Type: {kind}\nContent-Length: {len(data or b'')}\n"
    with engine.raw(head + "Connection: close\n\n") as sock:
        if data:
            sock.sendall(data)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.split()[1] == str(status).encode(), answer
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    message = said["error"] if status == 200 else said["message"]  # a load has its error in the stream
    assert "Error:" not in message
    assert "set_int_max_str_digits" not in message
    assert message != os.strerror(36)


def test_half_a_surrogate_pair_is_no_character(engine: Engine) -> None:
    data = b'{"Image":"busybox","Cmd":["true"],"Labels":{"a":"x\\ud800y"}}'
    with engine.raw(
        f"POST /containers/create HTTP/1.1\nHost: e\nContent-Type: application/json\nContent-Length: {len(data)}\n\n"
    ) as sock:
        sock.sendall(data)
        assert b"201 Created" in sock.recv(4096)
    assert engine.get("/containers/json", all=1).json[0]["Labels"] == {"a": "x\N{REPLACEMENT CHARACTER}y"}


def test_a_null_in_a_map_is_taken(engine: Engine) -> None:
    identity = engine.create("true", Labels={"a": None}, HostConfig={"PortBindings": {"80/tcp": None}})
    assert engine.get(f"/containers/{identity}/json").json["Config"]["Labels"] == {"a": ""}
    assert engine.wait(identity) == 0


def test_a_nul_ends_a_word(engine: Engine) -> None:
    assert engine.output("echo", "seen\0unseen", Env=["A=b\0c"]) == "seen\n"


@pytest.mark.parametrize("size", [[], [1], [24, 80, 5], [1 << 40, 1]])
def test_a_screen_of_any_shape(engine: Engine, size: list[int]) -> None:
    identity = engine.run("sleep", "86409", Tty=True, HostConfig={"ConsoleSize": size})
    assert engine.execute(identity, "true", ConsoleSize=size, Tty=True)[0] == 0
    assert engine.state(identity)["Running"]


def test_events_until_a_time(engine: Engine) -> None:
    assert engine.get("/events", until=1).body == b""


@pytest.mark.parametrize("text", ["(a+)+$", "a*" * 20, "(a|aa)+$", "(a{1,9}){1,9}"])
def test_a_pattern_that_might_take_for_ever(text: str) -> None:
    with pytest.raises(BadParameter, match="too many repetitions"):
        filters.names([text], "a" * 60)


@pytest.mark.parametrize("text", ["^we.*b$", "(web|db)", "[(*]eb|web", "w{1}eb", r"\Aweb"])
def test_patterns(text: str) -> None:
    assert filters.names([text], "web")
    assert not filters.names(["(" * 5000, "["], "web")


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-5", -5), ("+7", 7), ("0" * 50 + "8", 8)])
def test_digits(text: str, value: int) -> None:
    assert digits.whole(text) == value


@pytest.mark.parametrize("text", ["", "x", "²", "٣", "1.5", "--1", BIG, str(1 << 63)])
def test_no_digits(text: str) -> None:
    with pytest.raises(Failed, match=r"strconv\.Atoi"):
        digits.whole(text)


def test_json_keeps_whole_pairs() -> None:
    assert gojson.parse(rb'["\ud83d\ude00", "\ud83d"]') == ["😀", "\N{REPLACEMENT CHARACTER}"]


def test_a_passwd_of_nonsense(tmp_path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:no:number:::\n:::\nme:x:5:6::/me:/bin/sh\n")
    assert users.look_up(str(tmp_path), "me").gid == 6
    with pytest.raises(Failed, match="unable to find user root"):
        users.look_up(str(tmp_path), "root")


def test_a_record_written_in_part_is_taken_back(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is nearly full: write() says that it took a part, and raises nothing."""
    store = LogStore(tmp_path / "log")
    store.write(STDOUT, b"whole\n")
    size = (tmp_path / "log").stat().st_size
    file = store._file
    assert file is not None

    class Full:
        def write(self, data: bytes) -> int:
            return file.write(data[:10])

        def __getattr__(self, name: str):
            return getattr(file, name)

    monkeypatch.setattr(store, "_file", Full())
    store.write(STDOUT, b"lost\n")
    assert store.failed is not None
    assert (tmp_path / "log").stat().st_size == size
