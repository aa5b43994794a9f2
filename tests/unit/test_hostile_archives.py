"""An archive of a hostile engine is listed, and saved as the one file that was named: none of it is ever unpacked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tars
from fake_engine import Answer, FakeEngine
from hostile import HOSTILE, plain, quiet
from shellkit import Shell

from dockermagic import errors

TAR = {"Content-Type": "application/x-tar"}
ODD = {
    "a time that is none": tars.tar(tars.pax(b"x", mtime="nan"), tars.entry("a")),
    "a time without end": tars.tar(tars.pax(b"x", mtime="inf"), tars.entry("a")),
    "a size beyond all": tars.tar(tars.pax(b"x", size=str(1 << 70)), tars.entry("a")),
    "an owner beyond all": tars.tar(tars.pax(b"x", uid=str(1 << 70)), tars.entry("a")),
    "an owner below nothing": tars.tar(tars.entry("a", uid=-(1 << 55))),
    "a mode below nothing": tars.tar(tars.entry("a", mode=-5)),
    "a mode beyond all": tars.tar(tars.entry("a", mode=1 << 50)),
    "a great device": tars.tar(tars.entry("a", "char", devmajor=1 << 50)),
    **{f"the name {text!r}": tars.tar(tars.entry(text), tars.entry("b", "link", text)) for text in HOSTILE},
}
ALL = {**tars.TARS, **ODD}
CALLS = {
    "export": ("/containers/web/export", "%docker export web"),
    "get_archive": ("/containers/web/archive", "%docker get_archive web /x"),
    "raw": ("/containers/web/export", "%docker GET /containers/web/export"),
}


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("output", [False, True], ids=["listed", "to a file"])
@pytest.mark.parametrize("call", CALLS)
def test_it_is_listed_and_never_unpacked(
    shell: Shell, fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, output: bool
) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    path, line = CALLS[call]
    for name, data in (ALL if call == "export" else ODD).items():
        fake.on("GET", path, Answer(200, data, TAR))
        cell = shell.run(f"found = {line}{' --output named.tar' if output else ''}\nfound")
        assert cell.error is None or isinstance(cell.error, errors.DockerMagicError), (name, cell.error)
        if cell.error is None:
            for bundle in cell.shown:
                plain(bundle)
        else:
            assert len(cell.error.lines()) <= 3, name
            quiet("\n".join(cell.error.lines()))
        quiet(cell.text)
        kept = {"a", "a/b", *(["a/b/named.tar"] if output and cell.error is None else [])}
        assert everything(tmp_path) == kept, name
        if output and cell.error is None:
            named = here / "named.tar"
            assert named.read_bytes() == data
            assert named.stat().st_mode & 0o7111 == 0
            named.unlink()
        assert not [where for where in ("/climbed", "/etc/planted", "/tmp/planted") if os.path.lexists(where)]
