"""The disk of a dockerd is full: a small one of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import daemon
import pytest
from faultkit import Own, a_dockerd, a_practice_engine, block, give_busybox, need_dockerd
from practicekit import eventually
from shellkit import Shell

from dockermagic import errors
from dockermagic.session import FULL

SIZE = "48m"
FILLS = "dd if=/dev/zero of=/full bs=64k; echo it is full; exec sleep 1000"


@pytest.fixture(params=["practice", "dockerd"])
def own(request: pytest.FixtureRequest) -> Iterator[Own]:
    need_dockerd()  # both need root, to mount the disk
    folder = Path(tempfile.mkdtemp(prefix="full."))
    data = folder / "data"
    data.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", data], check=True)
    own = a_practice_engine(folder) if request.param == "practice" else a_dockerd(folder)
    try:
        own.start()
        give_busybox(own)
        yield own
        own.clear()
        own.daemon.stop()
    finally:
        daemon.unmount(folder)
        shutil.rmtree(folder)


def test_the_engine_s_disk_is_full(shell: Shell, own: Own, tmp_path: Path) -> None:
    own.make("kept", start=False)
    own.make("fills", FILLS)
    eventually(lambda: shutil.disk_usage(own.folder / "data").free == 0, "the disk is full")
    for call in ("create busybox --name more -- true", "start kept", "rename kept other"):
        said = block(shell.run(f"%docker {call}"), errors.ServerError)
        assert FULL in said.lower()
        assert "make room" in said
    listed = shell.run("%docker list --all").value
    assert dict(zip(listed["name"], listed["state"], strict=True)) == {"kept": "created", "fills": "running"}
    assert list(shell.run("%docker exec fills -- echo still here").value["line"]) == ["still here"]
    assert shell.run(f"%docker export kept --output {tmp_path}/kept.tar").error is None, "what is there can be saved"
    assert shell.run("%docker stop fills --t 0").error is None
    assert shell.run("%docker remove fills").error is None
    for call in ("start kept", "rename kept other"):
        cell = shell.run(f"%docker {call}")
        assert cell.error is None, f"there is room again: {cell.text}"
    eventually(lambda: "line 3" in own.said("other"))
