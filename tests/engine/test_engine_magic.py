"""What only the magic does: the line above a value, other tongues, last, connect, doctor, cleanup."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from enginekit import IMAGE, Caller, Made, Magic, least, unique
from plain import Engine

from dockermagic import commands, errors
from dockermagic.endpoints import ENDPOINTS


def test_the_exchange_stands_above_the_value(magic: Magic, made: Made) -> None:
    made(start=False)
    frame = magic.run("df = %docker list --all\ndf")
    assert f"GET /v{magic.session.engine.api}/containers/json?all=1 → 200 OK · " in magic.text
    assert type(frame) is pd.DataFrame
    told = frame.attrs["dockermagic"]["exchange"]
    assert (told["method"], told["status"], told["query"]) == ("GET", 200, {"all": "1"})
    assert told["received"] == magic.last.received > 0
    json.dumps(frame.attrs)


def test_quiet(magic: Magic) -> None:
    assert magic.run("%docker list;") is None


def test_last_is_the_whole_exchange(magic: Magic, made: Made) -> None:
    name = made.finished("echo one; echo two >&2")
    frame = magic.run(f"%docker logs {name}")
    last = magic.run("%docker last")
    assert last.value is frame
    assert "[stdout" in magic.text
    assert "[stderr" in magic.text
    assert last.status == 200
    with pytest.raises(errors.NotFound):
        magic.run("%docker inspect es-none")
    assert magic.run("%docker last").status == 404


def test_the_curl_line_does_the_same(magic: Magic, made: Made, engine: Engine) -> None:
    label = unique()
    name = made(start=False, Labels={label: "a b&c=d 中"})
    line = f"list --all --filters {shlex.quote(f'label={label}=a b&c=d 中')}"
    ours = magic.run(f"%docker {line}")
    curl = magic.run(f"%docker {line} --as curl")
    done = subprocess.run(["sh", "-c", curl], capture_output=True, check=True)
    assert [each["Names"] for each in json.loads(done.stdout)] == [[f"/{name}"]]
    assert list(ours["name"]) == [name]


def test_the_python_text_does_the_same(magic: Magic, made: Made, tmp_path: Path) -> None:
    name = made(start=False)
    program = tmp_path / "call.py"
    program.write_text(magic.run(f"%docker inspect {name} --as python"))
    done = subprocess.run([sys.executable, str(program)], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("200 OK\n")
    assert json.loads(done.stdout.partition("\n")[2])["Id"] == made.inspect(name)["Id"]


@pytest.mark.parametrize("row", [row.name for row in ENDPOINTS])
@pytest.mark.parametrize("tongue", ["curl", "python", "cli"])
def test_other_tongues_send_nothing(magic: Magic, row: str, tongue: str, tmp_path: Path) -> None:
    body, values = least(row, tmp_path)
    before = magic.session.last
    text = magic(row, *body, **values, **{"as": tongue})
    assert isinstance(text, str)
    assert text
    assert magic.session.last is before


def test_connect_and_doctor(magic: Magic, engine: Engine) -> None:
    frame = magic.run("%docker connect")
    assert list(frame.columns) == ["engine", "api", "host", "why"]
    assert frame["host"][0] == engine.host
    assert frame["api"][0] == magic.session.engine.api
    seen = magic.run("%docker doctor").set_index("host")
    assert seen.loc[engine.host, "verdict"] == "in use"


def test_connect_elsewhere_fails_and_keeps_the_engine(magic: Magic, tmp_path: Path) -> None:
    before = magic.session.engine
    with pytest.raises(errors.SocketMissing):
        magic.run(f"%docker connect unix://{tmp_path}/none.sock")
    assert magic.session.engine is before
    assert len(magic.run("%docker version")) > 3


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> str:
    """Another label in the place of ours, since the engine may hold what others have marked."""
    label = unique()
    monkeypatch.setattr(commands, "LABEL", label)
    return label


def test_cleanup_takes_what_is_ours_and_nothing_else(by: Caller, made: Made, marked: str) -> None:
    running, created = made(Labels={marked: "1"}), made(start=False, Labels={marked: ""})
    ended = made.finished("exit 1", Labels={marked: "1"})
    paused = made(Labels={marked: "1"})
    made.engine.call("POST", f"/containers/{paused}/pause")
    foreign, similar = made(), made(start=False, Labels={f"{marked}x": "1", "x": marked})
    rows = commands.cleanup(by.session, {})
    assert {row["name"]: row["was"] for row in rows} == {
        running: "running",
        created: "created",
        ended: "exited",
        paused: "paused",
    }
    assert [name for name in (running, created, ended, paused) if made.there(name)] == []
    assert made.state(foreign)["Running"] is True
    assert made.there(similar)


def test_cleanup_with_nothing_to_do(by: Caller, marked: str) -> None:
    assert commands.cleanup(by.session, {}) == []


def test_cleanup_by_the_magic(magic: Magic, made: Made, marked: str) -> None:
    name = made(start=False, Labels={marked: "1"})
    frame = magic.run("%docker cleanup")
    assert list(frame.columns) == ["id", "name", "was"]
    assert list(frame["name"]) == [name]
    assert len(magic.run("%docker cleanup")) == 0


def test_whether_a_container_has_a_terminal(by: Caller, made: Made) -> None:
    assert by.session.terminal({"id": made(start=False, Tty=True)}) is True
    assert by.session.terminal({"id": made(start=False)}) is False
    assert by.session.terminal({"id": "es-none"}) is None


def test_the_notebooks_walk(magic: Magic, made: Made) -> None:
    """The tutorial's ten calls in its order, as they stand in a notebook."""
    name = made.expect(unique())
    script = "trap 'echo bye; exit 0' TERM; while :; do date; sleep 0.1; done"
    magic.shell.user_ns.update(name=name, image=IMAGE)
    magic.run(f"made = %docker create $image --name {{name}} --replace -- sh -c {shlex.quote(script)}")
    assert magic.run("made['Id']") == made.inspect(name)["Id"]
    for line, happened in [
        ("start $name", "started"),
        ("start $name", "was running already"),
        ("restart $name --t 20", "restarted"),
        ("kill $name --signal CONT", "was sent the signal"),
        ("stop $name --t 20", "stopped"),
        ("stop $name", "was stopped already"),
    ]:
        assert list(magic.run(f"%docker {line}")["happened"]) == [happened], line
    assert len(magic.run("%docker logs $name --tail 5 --timestamps")) <= 5
    assert len(magic.run("%docker export $name")) > 200
    assert magic.run("x = %docker inspect $name\nx['Name']").endswith(name)
    assert magic.run("%docker rm $name")["happened"][0] == "removed"
    assert "rm is the docker CLI's name" in magic.text
