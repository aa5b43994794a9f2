"""export: the entries of the archive, a file that is there whole or not at all."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from enginekit import Caller, Made, Magic
from plain import Engine

from dockermagic import errors, tables
from dockermagic.endpoints import BY_NAME
from dockermagic.session import Session

COLUMNS = ["name", "type", "mode", "uid", "gid", "size", "modified", "target"]
SCRIPT = """
mkdir -p /es/空 && cd /es
printf 'twelve bytes' >文件.txt
chown 1000:2000 文件.txt; chmod 4750 文件.txt; touch -d '2020-02-02 02:02:02' 文件.txt
ln -s 文件.txt link; ln 文件.txt hard; mkfifo pipe
"""


@pytest.fixture(scope="module")
def container(shared: Made) -> str:
    return shared.finished(SCRIPT)


def check(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == COLUMNS
    assert frame["size"].dtype == frame["uid"].dtype == frame["gid"].dtype == "int64"
    assert frame["modified"].dtype == "datetime64[ns, UTC]"
    assert isinstance(frame["type"].dtype, pd.CategoricalDtype)
    assert len(frame) > 200, "busybox has as many commands"
    ours = frame.assign(name=frame["name"].str.rstrip("/")).set_index("name")
    ours = ours[ours.index.str.startswith("es")]
    assert set(ours.index) == {"es", "es/空", "es/文件.txt", "es/link", "es/hard", "es/pipe"}
    names = {"file", "hard link"}
    one, other = ours.loc["es/文件.txt"], ours.loc["es/hard"]
    assert {one["type"], other["type"]} == names
    file, hard = (one, other) if one["type"] == "file" else (other, one)
    assert file["size"] == len("twelve bytes")
    assert (file["uid"], file["gid"]) == (1000, 2000)
    assert file["mode"] == "-rwsr-x---"
    assert file["modified"] == pd.Timestamp("2020-02-02T02:02:02Z")
    assert hard["target"] in ("es/文件.txt", "es/hard")
    assert (ours.loc["es/link", "type"], ours.loc["es/link", "target"]) == ("link", "文件.txt")
    assert ours.loc["es/空", "type"] == "folder"
    assert ours.loc["es/空", "mode"].startswith("d")
    assert ours.loc["es/pipe", "type"] == "pipe"


def test_the_entries(by: Caller, container: str) -> None:
    check(by("export", id=container))


def test_to_a_file(by: Caller, container: str, tmp_path: Path) -> None:
    target = tmp_path / "out 包.tar"
    check(by("export", id=container, output=str(target)))
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.stat().st_size == by.last.received
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask()
    with tarfile.open(target) as tar:
        member = next(each for each in tar if each.isfile() and each.name in ("es/文件.txt", "es/hard"))
        file = tar.extractfile(member)
        assert file is not None
        assert file.read() == b"twelve bytes"


def umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_a_file_that_is_there_is_replaced(by: Caller, container: str, tmp_path: Path) -> None:
    target = tmp_path / "old.tar"
    target.write_bytes(b"old")
    by("export", id=container, output=str(target))
    assert tarfile.is_tarfile(target)


def test_a_running_container(by: Caller, made: Made) -> None:
    frame = by("export", id=made())
    assert len(frame) > 200


def test_refused_before_the_file(by: Caller, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFound):
        by("export", id="es-none", output=str(tmp_path / "none.tar"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(by: Caller, container: str) -> None:
    with pytest.raises(errors.FileError, match="cannot be written"):
        by("export", id=container, output="/proc/es.tar")


def test_interrupted_it_leaves_nothing(session: Session, container: str, tmp_path: Path) -> None:
    def interrupt(count: int) -> None:
        assert [path.suffix for path in tmp_path.iterdir()] == [".part"], "under way it has a temporary name"
        raise KeyboardInterrupt

    values = {"id": container, "output": str(tmp_path / "cut.tar")}
    exchange = session.call("export", values)
    with pytest.raises(KeyboardInterrupt):
        tables.value(BY_NAME["export"], exchange, tables.Wanted(values=values, progress=interrupt))
    assert list(tmp_path.iterdir()) == []
    assert len(session.call("ping").read()) == 2, "the session goes on"


@pytest.mark.parametrize("output", [False, True], ids=["listed", "to a file"])
def test_cut_in_the_middle(session: Session, container: str, tmp_path: Path, output: bool) -> None:
    """The engine's own bytes, of which the second half never comes."""
    values = {"id": container, **({"output": str(tmp_path / "cut.tar")} if output else {})}
    exchange = session.call("export", values)
    body = exchange.read()

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise errors.CutShort("the connection ended in the middle of the answer")

    exchange._chunks = half()
    with pytest.raises(errors.CutShort):
        tables.value(BY_NAME["export"], exchange, tables.Wanted(values=values))
    assert list(tmp_path.iterdir()) == []


def test_the_same_as_plain_http(session: Session, container: str, engine: Engine) -> None:
    theirs = engine.call("GET", f"/containers/{container}/export").content
    ours = session.call("export", id=container).read()
    with tarfile.open(fileobj=io.BytesIO(theirs)) as one, tarfile.open(fileobj=io.BytesIO(ours)) as other:
        assert one.getnames() == other.getnames()


def test_raw_to_a_file(by: Caller, container: str, tmp_path: Path) -> None:
    target = tmp_path / "raw.tar"
    found = by.raw("GET", f"/containers/{container}/export", output=str(target))
    assert found == {"saved": str(target), "bytes": target.stat().st_size}
    assert tarfile.is_tarfile(target)


def test_the_entries_are_shown(magic: Magic, container: str) -> None:
    magic.run(f"%docker export {container}")
    assert "/export → 200 OK" in magic.text
