"""What is large: five hundred containers, a log of 50 MB, an archive of 1 GB. Figures are told, not asserted."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from enginekit import IMAGE, Caller, Made, Magic, Python, unique
from plain import Engine

import dockermagic
from dockermagic.session import Session

pytestmark = pytest.mark.slow

MANY = 500
LOG_LINES, LOG_WIDTH = 500_000, 100
GIGABYTE = 1 << 30
ROOM = 150 << 20

MEASURED = """
import json, re, sys, time
from dockermagic import tables
from dockermagic.endpoints import BY_NAME
from dockermagic.locate import Surroundings
from dockermagic.session import Session
import pandas

def peak():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", file.read())[1]) << 10

host, row, values = json.loads(sys.argv[1])
session = Session(around=Surroundings(env={"DOCKER_HOST": host}))
tables.value(BY_NAME["list"], session.call("list"), tables.Wanted())
before, began = peak(), time.monotonic()
exchange = session.call(row, values)
frame = tables.value(BY_NAME[row], exchange, tables.Wanted(values=values))
told = {"seconds": time.monotonic() - began, "before": before, "after": peak(), "received": exchange.received}
told["rows"], told["largest"] = len(frame), int(frame["size"].max()) if "size" in frame else 0
print(json.dumps(told))
"""


def measured(engine: Engine, row: str, **values: Any) -> dict[str, Any]:
    """A call in a process of its own: its time, and the peak of that process's memory before and after."""
    source = str(Path(dockermagic.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-c", MEASURED, json.dumps([engine.host, row, values])]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def told(engine: Engine, what: str, found: dict[str, Any]) -> str:
    grown = (found["after"] - found["before"]) / 1e6
    return (
        f"{engine.name}: {what}: {found['seconds']:.1f} s; peak memory {found['before'] / 1e6:.0f} MB before, "
        f"{found['after'] / 1e6:.0f} MB after (+{grown:.0f} MB)"
    )


@pytest.fixture(scope="module")
def crowd(engine: Engine) -> Iterator[str]:
    """The label of five hundred containers that were never started."""
    label = unique()

    def create(at: int) -> str:
        body = {"Image": IMAGE, "Cmd": ["true"], "Labels": {label: str(at), "名字": f"第{at}个"}}
        reply = engine.call("POST", "/containers/create", params={"name": f"{label}-{at}"}, json=body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["Id"])

    def remove(at: int) -> int:
        return engine.call("DELETE", f"/containers/{label}-{at}", params={"force": "1"}).status_code

    with ThreadPoolExecutor(4) as pool:
        try:
            assert len(set(pool.map(create, range(MANY)))) == MANY
            yield label
        finally:
            statuses = list(pool.map(remove, range(MANY)))
            assert set(statuses) <= {204, 200, 404}, set(statuses)


def test_five_hundred_containers_in_a_list(by: Caller, crowd: str, engine: Engine, figures: list[str]) -> None:
    began = time.monotonic()
    frame = by("list", all=True, filters={"label": [crowd]})
    took = time.monotonic() - began
    figures.append(f"{engine.name}: list of {MANY} containers, {type(by).__name__.lower()}: {took * 1000:.0f} ms")
    assert len(frame) == MANY
    assert set(frame["name"]) == {f"{crowd}-{at}" for at in range(MANY)}
    assert sorted(int(labels[crowd]) for labels in frame["labels"]) == list(range(MANY))
    assert {labels["名字"] for labels in frame["labels"]} == {f"第{at}个" for at in range(MANY)}
    assert set(frame["state"]) == {"created"}


def test_five_hundred_containers_are_shown_in_part(magic: Magic, crowd: str) -> None:
    frame = magic("list", all=True, filters={"label": [crowd]})
    text = magic.shell.display_formatter.format(frame)[0]
    shown = magic.session.settings.rows
    assert f"{MANY - shown} more rows" in text["text/plain"]
    assert f"{MANY - shown} more rows" in text["text/html"]


def test_a_list_cut_by_limit(by: Caller, crowd: str) -> None:
    assert len(by("list", all=True, limit=7, filters={"label": [crowd]})) == 7


@pytest.fixture(scope="module")
def talker(shared: Made) -> str:
    """Wrote 50 MB in lines of 100 bytes, each with its number."""
    script = f"awk 'BEGIN {{ for (i = 0; i < {LOG_LINES}; i++) printf \"%0{LOG_WIDTH - 1}d\\n\", i }}'"
    return shared.finished(script)


def test_a_log_of_fifty_megabytes_is_whole(session: Session, talker: str) -> None:
    frame = Python(session)("logs", id=talker, tail="all")
    assert len(frame) == LOG_LINES
    wanted = hashlib.sha256("\n".join(f"{at:0{LOG_WIDTH - 1}d}" for at in range(LOG_LINES)).encode())
    assert hashlib.sha256("\n".join(frame["line"]).encode()).hexdigest() == wanted.hexdigest()
    assert set(frame["stream"]) == {"stdout"}


def test_the_end_of_a_log_of_fifty_megabytes(by: Caller, talker: str) -> None:
    assert list(by("logs", id=talker, tail="2")["line"].astype(int)) == [LOG_LINES - 2, LOG_LINES - 1]


def test_figures_of_a_log(engine: Engine, talker: str, figures: list[str]) -> None:
    found = measured(engine, "logs", id=talker, tail="all")
    figures.append(told(engine, f"log of {found['received'] / 1e6:.0f} MB, {found['rows']} lines", found))
    assert found["rows"] == LOG_LINES


@pytest.fixture(scope="module")
def giant(shared: Made) -> str:
    """Has a file of a gigabyte, which takes no room on the disk and all of it in an archive."""
    return shared.finished(f"truncate -s {GIGABYTE} /giant && echo end >/giant.end")


@pytest.mark.parametrize("output", [True, False], ids=["to a file", "listed"])
def test_an_export_of_a_gigabyte(engine: Engine, giant: str, tmp_path: Path, figures: list[str], output: bool) -> None:
    target = tmp_path / "giant.tar"
    found = measured(engine, "export", id=giant, **({"output": str(target)} if output else {}))
    try:
        assert found["largest"] == GIGABYTE
        assert found["received"] > GIGABYTE
        assert found["rows"] > 200
        assert found["after"] - found["before"] < ROOM, "memory grows with the archive"
        if output:
            assert target.stat().st_size == found["received"]
            assert [path.name for path in tmp_path.iterdir()] == [target.name]
    finally:
        target.unlink(missing_ok=True)
    figures.append(
        told(engine, f"export of {found['received'] / 1e9:.2f} GB {'to a file' if output else 'listed'}", found)
    )
