"""The engine is killed in the middle of an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from faultkit import Own, block, once_begun
from shellkit import Shell

from dockermagic import errors

LARGE = {"large": "x" * 4_000_000}  # more than a socket holds: the list cannot have been sent whole
HUGE = "truncate -s 2G /huge; exec sleep 1000"


def gone_and_back(shell: Shell, own: Own, name: str) -> None:
    """Without the engine the next cell says so; with it again the session goes on, and knows how it all ended."""
    said = block(shell.run("%docker ping"), errors.Refused)
    assert said.startswith(f"Refused: nothing listens at {own.host}")
    assert "start the engine" in said
    own.start()
    cell = shell.run(f"%docker inspect {name}")
    assert cell.error is None, cell.text
    state = cell.value["State"]
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 137, 0)
    listed = shell.run("%docker list --all").value
    assert listed.loc[listed["name"] == name, "status"].str.startswith("Exited (137)").all()
    assert shell.run(f"%docker start {name}").error is None
    assert own.state(name)["Running"]


def test_killed_in_the_middle_of_a_list(shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.make("talks")
    own.make("large", start=False, Labels=LARGE)
    once_begun(monkeypatch, "/containers/json", own.kill)
    cell = shell.run("kept = 1\nkept = %docker list --all")
    assert "ended in the middle of the answer" in block(cell, errors.CutShort)
    assert shell.names["kept"] == 1
    gone_and_back(shell, own, "talks")


def test_killed_in_the_middle_of_a_log(shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.make("talks")
    once_begun(monkeypatch, "/logs", own.kill)
    cell = shell.run("%docker logs talks --follow --tail all")
    assert "ended in the middle of the answer" in block(cell, errors.CutShort)
    assert shell.run("x = %docker last\nx.value['line'][0]").value == "line 1"
    gone_and_back(shell, own, "talks")
    assert "line 1" in list(shell.run("%docker logs talks --tail all").value["line"])


@pytest.mark.parametrize("there", [None, b"an older one"], ids=["new", "over an older one"])
def test_killed_in_the_middle_of_an_export(
    shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bytes | None
) -> None:
    own.make("huge", HUGE)
    target = tmp_path / "out" / "huge.tar"
    target.parent.mkdir()
    if there:
        target.write_bytes(there)
    once_begun(monkeypatch, "/export", own.kill)
    cell = shell.run(f"%docker export huge --output {target}")
    assert "ended in the middle of the answer" in block(cell, errors.CutShort)
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == ({"huge.tar": there} if there else {})
    gone_and_back(shell, own, "huge")


def test_killed_in_the_middle_of_events(shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.make("talks")
    once_begun(monkeypatch, "/events", own.kill)
    cell = shell.run("%docker events --since 1h --for 1h")
    assert "ended in the middle of the answer" in block(cell, errors.CutShort)
    assert "create" in list(shell.run("x = %docker last\nx.value['action']").value)
    gone_and_back(shell, own, "talks")


def test_killed_in_the_middle_of_an_exec(shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.make("talks")
    once_begun(monkeypatch, "/start", own.kill)
    cell = shell.run("%docker exec talks -- sh -c 'while :; do echo still here; sleep 0.05; done'")
    assert "still here" in cell.text
    block(cell, errors.Refused)
    gone_and_back(shell, own, "talks")
