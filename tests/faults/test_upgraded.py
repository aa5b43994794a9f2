"""Another engine answers at the address, from one cell to the next."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import daemon
import practicekit
import pytest
from faultkit import Own, Relay, need_dockerd
from plain import Engine, named_engines, usable
from shellkit import Cell, Shell


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="turn."))
    (folder / "run").mkdir(mode=0o700)
    yield folder
    shutil.rmtree(folder)


def told(cell: Cell, engine: Engine) -> None:
    """The cell went well, in a version that this engine speaks, and one line names it."""
    assert cell.error is None, cell.text
    name = engine.describe().partition(",")[0].removeprefix("practice-")
    lines = [line for line in cell.beside.splitlines() if "another engine answers" in line]
    assert len(lines) == 1, cell.beside
    assert f" {name}, API " in lines[0].partition("; it was ")[0]


def test_a_practice_engine_and_a_dockerd_in_turn_at_one_socket(
    bare_shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_dockerd()
    practice, dockerd = practicekit.Engine(place), daemon.Dockerd(place / "run")
    assert f"unix://{practice.socket}" == dockerd.engine.host
    monkeypatch.setenv("DOCKER_HOST", dockerd.engine.host)
    try:
        practice.start()
        assert bare_shell.run("%load_ext dockermagic").error is None
        assert list(bare_shell.run("%docker list --all").value["name"]) == []
        for leaves, comes in ((practice, dockerd), (dockerd, practice)):
            leaves.stop()
            comes.start()
            cell = bare_shell.run("%docker list --all")
            told(cell, dockerd.engine)
            assert list(cell.value["name"]) == []
            assert "another engine" not in bare_shell.run("%docker list --all").beside
    finally:
        for each in (practice, dockerd):
            if each.process and each.process.poll() is None:
                each.kill()
        daemon.unmount(place)


def test_an_address_that_leads_to_another_engine(shell: Shell, own: Own) -> None:
    """As where a socket is forwarded, by ssh or by a proxy, first here and then there."""
    other = usable(named_engines()[0])
    if other.describe() == own.api.describe():
        pytest.skip("needs an engine in DOCKERMAGIC_ENGINES that is another one")
    own.make("talks")
    with Relay(own.host) as relay:
        assert shell.run(f"%docker connect {relay.host}").error is None
        for engine in (other, own.api):
            relay.lead_to(engine.host)
            told(shell.run("%docker list --all"), engine)
        assert list(shell.run("%docker list").value["name"]) == ["talks"]
