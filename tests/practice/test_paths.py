"""Another user at the paths of the practice engine: what they left there is not used, and ours is not changed."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from practicekit import Engine

from dockermagic import practice
from dockermagic.errors import NoEngine
from dockermagic.locate import Surroundings
from practice_engine import server

ANOTHER = 65533
WORDS = "the user's own\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file that must stay as it is."""
    path = tmp_path / "mine"
    path.write_text(WORDS)
    return path


@pytest.fixture
def home() -> Iterator[practice.Home]:
    with tempfile.TemporaryDirectory(prefix="pe-") as folder:
        yield practice.home(around(Path(folder)))


def around(folder: Path) -> Surroundings:
    return Surroundings(env={}, home=folder, default_socket=str(folder / "none.sock"))


def given_away(*paths: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    for path in paths:
        os.chown(path, ANOTHER, ANOTHER, follow_symlinks=False)


def home_of(place: practice.Home) -> Surroundings:
    return around(place.data.parents[3])


@pytest.mark.parametrize("name", ["engine.log", "lock", "engine.sock"])
def test_a_link_in_another_s_directory_is_not_followed(home: practice.Home, mine: Path, name: str) -> None:
    home.data.mkdir(parents=True)
    (home.data / name).symlink_to(mine)
    given_away(home.data, home.data / name)
    with pytest.raises(NoEngine, match="is not a directory of the user"):
        practice.start(home_of(home))
    assert mine.read_text() == WORDS


@pytest.mark.parametrize("name", ["engine.log", "lock", "engine.sock", "containers", "images"])
def test_a_link_in_a_directory_that_all_could_write_to_is_not_followed(
    home: practice.Home, mine: Path, name: str
) -> None:
    home.data.mkdir(parents=True)
    home.data.chmod(0o777)
    (home.data / name).symlink_to(mine)
    with pytest.raises(NoEngine):
        practice.start(home_of(home))
    assert mine.read_text() == WORDS
    assert stat.S_IMODE(mine.stat().st_mode) == 0o644
    assert (home.data / name).is_symlink()


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "lock").symlink_to(mine)
    with pytest.raises(server.Refusal, match="cannot open"):
        server.lock(tmp_path / "data")
    assert mine.read_text() == WORDS


def test_a_link_in_the_place_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(theirs)
    with pytest.raises(server.Refusal, match="is not a directory of the user"):
        server.private_directory(tmp_path / "data")
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o755


def test_a_directory_swapped_for_a_link_while_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made private is what was looked at, not what has come to stand there since."""
    data, moved, other = tmp_path / "data", tmp_path / "moved", tmp_path / "other"
    for path in (data, other):
        path.mkdir()
        path.chmod(0o755)
    look = os.fstat

    def swap(descriptor: int) -> os.stat_result:
        if not data.is_symlink():
            data.rename(moved)
            data.symlink_to(other)
        return look(descriptor)

    monkeypatch.setattr(server.os, "fstat", swap)
    server.private_directory(data)
    assert data.is_symlink()
    assert stat.S_IMODE(moved.stat().st_mode) == 0o700
    assert stat.S_IMODE(other.stat().st_mode) == 0o755


def test_a_socket_in_a_directory_that_all_can_write_to_is_not_asked(home: practice.Home) -> None:
    home.data.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(home.socket))
        trap.listen()
        assert practice.answers(home), "in a directory of ours alone it is"
        home.data.chmod(0o777)
        assert not practice.answers(home)
        with pytest.raises(NoEngine, match="is shared"):
            practice.start(home_of(home))


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_another_was_first_at_the_place_for_long_paths(mine: Path, tmp_path: Path, kind: str) -> None:
    """Where the path of a home is too long for a socket it is in the temporary directory, which all share."""
    place = practice.home(around(tmp_path / ("a" * 100)))
    trap = place.socket.parent
    assert trap.parent == Path(tempfile.gettempdir())
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    if kind == "directory":
        trap.mkdir(mode=0o777)
    else:
        trap.symlink_to(theirs)
    try:
        given_away(trap, theirs)
        with pytest.raises(NoEngine, match="is not a directory of the user"):
            practice.start(around(tmp_path / ("a" * 100)))
        assert list(theirs.iterdir()) == []
    finally:
        if kind == "directory":
            trap.rmdir()
        else:
            trap.unlink()


def test_a_link_swapped_in_below_a_running_engine(engines, mine: Path) -> None:
    """The container's directory itself cannot be reached by others; a link in its tree is never the engine's way."""
    engine: Engine = engines().start()
    identity = engine.create("true")
    root = engine.data / "containers" / identity / "root"
    (root / "tmp").rename(root / "moved")
    (root / "tmp").symlink_to(mine.parent)
    answer = engine.call("GET", f"/containers/{identity}/archive", path=f"/tmp/{mine.name}")
    assert answer.status == 404
    engine.delete(f"/containers/{identity}")
    assert mine.read_text() == WORDS
