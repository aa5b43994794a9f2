"""attach, exec and their kin: programs that are fed, streams that are told apart, exit codes, terminals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from differences import quirk
from enginekit import Caller, Made, Magic, Python, until
from plain import Engine

from dockermagic import errors

BIG = os.urandom(5_000_000)
OFFLINE = {"HostConfig": {"NetworkMode": "none"}}


@pytest.fixture(scope="module")
def web(shared: Made) -> str:
    """Runs, and does nothing."""
    return shared("sleep 600", **OFFLINE)


def lines(frame: Any) -> list[tuple[str, str]]:
    assert list(frame.columns) == ["time", "stream", "line"]
    return list(zip(frame["stream"], frame["line"], strict=True))


def prepared(by: Caller, web: str, *command: str, **more: Any) -> str:
    found = by("exec_create", {"AttachStdout": True, "AttachStderr": True, "Cmd": [*command], **more}, id=web)
    assert set(found) == {"Id"}
    return str(found["Id"])


def test_the_three_calls_of_an_exec(by: Caller, web: str) -> None:
    identity = prepared(by, web, "sh", "-c", "echo out; echo err >&2; exit 5")
    before = by("exec_inspect", id=identity)
    assert before["Running"] is False
    assert before["ContainerID"]
    assert sorted(lines(by("exec_start", {"Detach": False, "Tty": False}, id=identity))) == [
        ("stderr", "err"),
        ("stdout", "out"),
    ]
    assert by.last.status == 101
    after = until(lambda: [each for each in [by("exec_inspect", id=identity)] if not each["Running"]], "it ends")
    assert after[0]["ExitCode"] == 5


def test_a_second_start(by: Caller, web: str) -> None:
    identity = prepared(by, web, "true")
    by("exec_start", {"Detach": False}, id=identity)
    if quirk("exec: a second start is an error", by.session.engine.name):
        with pytest.raises(errors.ServerError, match="can only start created"):
            by("exec_start", {"Detach": False}, id=identity)
    else:
        ((_, said),) = lines(by("exec_start", {"Detach": False}, id=identity))
        assert "has already run" in said


def test_detached(by: Caller, web: str) -> None:
    identity = prepared(by, web, "sh", "-c", "echo done > /tmp/detached")
    assert list(by("exec_start", {"Detach": True}, id=identity)["happened"]) == ["started"]
    until(lambda: not by("exec_inspect", id=identity)["Running"], "it ends")


def test_a_terminal_is_one_raw_stream(by: Caller, web: str) -> None:
    identity = prepared(by, web, "sh", "-c", "echo out; echo err >&2; test -t 1 && echo terminal", Tty=True)
    found = lines(by("exec_start", {"Detach": False, "Tty": True}, id=identity))
    assert found == [("stdout", "out"), ("stdout", "err"), ("stdout", "terminal")]


def test_the_size_of_a_terminal(by: Caller, web: str) -> None:
    identity = prepared(by, web, "sleep", "20", Tty=True)
    by("exec_start", {"Detach": True, "Tty": True}, id=identity)
    until(lambda: by("exec_inspect", id=identity)["Running"], "it runs")
    assert list(by("exec_resize", id=identity, h=30, w=100)["happened"]) == ["was resized"]


def test_the_size_of_a_containers_terminal(by: Caller, made: Made) -> None:
    name = made("trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done", Tty=True, **OFFLINE)
    until(lambda: b"ready" in made.log(name), "it is ready")
    assert list(by("resize", id=name, h=30, w=100)["happened"]) == ["was resized"]
    until(lambda: b"30 100" in made.log(name), "it sees the size")


def test_five_megabytes_come_back_unchanged(by: Caller, web: str, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    identity = prepared(by, web, "cat", AttachStdin=True)
    given: dict[str, Any] = {"input-file": str(tmp_path / "big"), "bytes": True}
    assert by("exec_start", {"Detach": False, "Tty": False}, id=identity, **given) == BIG


def test_a_program_that_reads_only_a_little(by: Caller, web: str, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "big").write_bytes(BIG)
    given = {"input-file": str(tmp_path / "big")}

    def said() -> list[str]:
        identity = prepared(by, web, "sh", "-c", "head -c 3 >/dev/null; echo enough", AttachStdin=True)
        found = lines(by("exec_start", {"Detach": False, "Tty": False}, id=identity, **given))
        return [line for stream, line in found if stream == "stdout"]  # Podman complains on standard error

    if engine.name.startswith("podman"):  # it may complain, and forget the rest
        until(lambda: said() == ["enough"], "it gives all of it")
    else:
        assert said() == ["enough"]


def test_exec(magic: Magic, web: str) -> None:
    frame = magic.run(f"%docker exec {web} -e A=1 -w /tmp -- sh -c 'echo $A; pwd; exit 3'")
    assert lines(frame) == [("stdout", "1"), ("stdout", "/tmp")]
    assert frame.attrs["dockermagic"]["exit_code"] == 3
    assert "exit code 3" in magic.text
    assert magic.text.count(" → ") == 3


def test_exec_with_input(magic: Magic, web: str) -> None:
    assert lines(magic.run(f"%docker exec {web} --input 'a b' -- cat")) == [("stdout", "a b")]
    assert "exit code 0" in magic.text
    assert lines(magic.run(f"%docker exec {web} -i -- wc -c")) == [("stdout", "0")]


def test_exec_with_a_terminal(magic: Magic, web: str) -> None:
    assert lines(magic.run(f"%docker exec -it {web} -- sh -c 'read l; sleep 0.3; echo end'")) == [("stdout", "end")]
    assert "hello" in [line for _, line in lines(magic.run(f"%docker exec -it {web} --input hello -- cat"))]
    assert lines(magic.run(f"%docker exec -t {web} -- sh -c 'test -t 1 && echo yes'")) == [("stdout", "yes")]


def test_exec_of_what_is_not_there(magic: Magic, web: str) -> None:
    frame = magic.run(f"%docker exec {web} -- nosuch")
    code = 126 if quirk("exec: a missing program is 126", magic.session.engine.name) else 127
    assert frame.attrs["dockermagic"]["exit_code"] == code
    assert any("not found" in line for _, line in lines(frame))


@pytest.mark.parametrize("tongue", ["curl", "python"])
def test_exec_in_another_tongue(magic: Magic, web: str, tongue: str) -> None:
    text = str(magic.run(f"%docker exec {web} --as {tongue} -- sh -c 'echo one; exit 4'"))
    words = ["sh", "-c"] if tongue == "curl" else [sys.executable, "-c"]
    done = subprocess.run([*words, text], capture_output=True, timeout=60, check=True)
    assert b"one" in done.stdout
    assert b'"ExitCode":4' in done.stdout.replace(b" ", b"")


def test_attach_sees_what_comes(by: Caller, made: Made) -> None:
    name = made("read go; for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done", **FED)
    found = lines(by("attach", id=name, stdin=True, input=go(by)))
    assert [line for stream, line in found if stream == "stdout"] == ["out 1", "out 2", "out 3"]
    assert [line for stream, line in found if stream == "stderr"] == ["err 1", "err 2", "err 3"]


def test_attach_without_input_stays_to_the_end(by: Caller, made: Made) -> None:
    name = made("sleep 1; for i in 1 2 3; do echo $i; sleep 0.1; done", **OFFLINE)
    assert [line for _, line in lines(by("attach", id=name, logs=True))] == ["1", "2", "3"]


def test_attach_to_a_terminal(by: Caller, made: Made) -> None:
    name = made("read go; echo got $go; sleep 0.2", Tty=True, **FED)
    assert ("stdout", "got go") in lines(by("attach", id=name, stdin=True, input=go(by)))


def test_attach_ws(by: Caller, made: Made) -> None:
    name = made("read go; echo out $go; echo err >&2; sleep 0.5", **FED)
    if quirk("attach_ws: there is none", by.session.engine.name):
        with pytest.raises(errors.StatusError) as caught:
            by("attach_ws", id=name, stdin=True)
        assert caught.value.step
    else:
        found = lines(by("attach_ws", id=name, stdin=True, input=go(by)))
        assert ("stdout", "out go") in found
        assert {stream for stream, _ in found} == {"stdout"}


def go(by: Caller) -> Any:
    return b"go\n" if isinstance(by, Python) else "go"


FED = {"OpenStdin": True, "StdinOnce": True, "AttachStdin": True, **OFFLINE}
