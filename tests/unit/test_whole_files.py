"""A file that is there whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dockermagic import files
from dockermagic.errors import CutShort, FileError


def nothing(_: int) -> None:
    """Watch nothing."""


def test_the_whole(tmp_path):
    seen = []
    assert files.save([b"ab", b"", b"cde"], str(tmp_path / "x"), seen.append) == 5
    assert (tmp_path / "x").read_bytes() == b"abcde"
    assert seen == [2, 2, 5]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_mode_is_what_the_user_gives_files(tmp_path):
    before = os.umask(0o027)
    try:
        files.save([b"x"], str(tmp_path / "x"), nothing)
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_while_it_is_written_the_final_name_does_not_carry_it(tmp_path):
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def chunks():
        yield b"new"
        assert target.read_bytes() == b"old"
        yield b"er"

    files.save(chunks(), str(target), nothing)
    assert target.read_bytes() == b"newer"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CutShort("cut", "again"), RuntimeError("odd"), MemoryError()])
@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("where", ["chunks", "watch"])
def test_what_ends_it_early_leaves_nothing_behind(tmp_path, error, old, where):
    if old is not None:
        (tmp_path / "x").write_bytes(old)

    def chunks():
        yield b"half"
        if where == "chunks":
            raise error
        yield b"more"

    def watch(count: int) -> None:
        if where == "watch":
            raise error

    with pytest.raises(type(error)):
        files.save(chunks(), str(tmp_path / "x"), watch)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == ({} if old is None else {"x": old})


@pytest.mark.parametrize("step", ["write", "chmod", "replace", "mkstemp"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, step):
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*_, **__):
        raise full

    class Full:
        def __init__(self, handle, *_):
            self.handle = handle

        def __enter__(self):
            return self

        def __exit__(self, *_):
            os.close(self.handle)

        write = fail

    patches = {
        "write": lambda: monkeypatch.setattr(files, "open", Full, raising=False),
        "chmod": lambda: monkeypatch.setattr(Path, "chmod", fail),
        "replace": lambda: monkeypatch.setattr(Path, "replace", fail),
        "mkstemp": lambda: monkeypatch.setattr(files.tempfile, "mkstemp", fail),
    }
    patches[step]()
    with pytest.raises(FileError, match="No space left on device") as caught:
        files.save([b"x" * 10], str(tmp_path / "x"), nothing)
    assert "--output" in caught.value.step
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_dev_full_is_a_full_disk(tmp_path, monkeypatch):
    """The real error of the system, and where it comes: when what was buffered is written out."""
    real = open
    monkeypatch.setattr(
        files, "open", lambda handle, mode: (os.close(handle), real("/dev/full", mode))[1], raising=False
    )
    with pytest.raises(FileError, match="No space left on device"):
        files.save([b"x" * 100], str(tmp_path / "x"), nothing)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "what"),
    [("gone/x", "No such file or directory"), ("file/x", "Not a directory"), (".", "cannot be written")],
)
def test_where_no_file_can_be(tmp_path, monkeypatch, path, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=what):
        files.save([b"x"], path, nothing)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_interrupt_of_the_process_leaves_nothing_behind(tmp_path):
    code = (
        "import sys, signal, os\n"
        "from dockermagic import files\n"
        "def chunks():\n"
        "    yield b'half'\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    yield b'more'\n"
        "files.save(chunks(), sys.argv[1], lambda count: None)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(files.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")], env=env, capture_output=True, check=False)
    assert b"KeyboardInterrupt" in done.stderr
    assert list(tmp_path.iterdir()) == []
