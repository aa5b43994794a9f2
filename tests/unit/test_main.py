"""The `dockermagic` command, in-process, with Lab and the engine replaced; `test_lab` starts a real Lab."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from dockermagic import __main__ as command
from dockermagic import lab, language
from dockermagic.__main__ import FOLDER, main, table


@dataclass
class Place:
    host: str
    source: str
    verdict: str
    detail: str


TAKEN = Place("unix:///run/a.sock", "DOCKER_HOST", "taken", "Docker Engine 28.5.2, API 1.51")
MISSING = Place("unix:///var/run/docker.sock", "the default socket", "no", "no such\nfile")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Path, str, int | None, bool]]:
    """What JupyterLab was started with; the current folder is an empty one, and no language was chosen."""
    calls: list[tuple[Path, str, int | None, bool]] = []

    def run(folder: Path, *, language: str, port: int | None, browser: bool) -> int:
        calls.append((folder, language, port, browser))
        return 0

    monkeypatch.setattr(language, "CHOICE", language.Choice())
    monkeypatch.setattr(command, "CHOICE", language.CHOICE)
    monkeypatch.setattr(lab, "run", run)
    monkeypatch.chdir(tmp_path)
    return calls


def hunt(monkeypatch: pytest.MonkeyPatch, *seen: Place, fails: Exception | None = None) -> None:
    """Put a session in place that has seen this."""

    class Session:
        def doctor(self) -> list[Place]:
            if fails:
                raise fails
            return list(seen)

    module = ModuleType("dockermagic.session")
    module.Session = Session  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dockermagic.session", module)


def test_tutorial(started: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tutorial"]) == 0
    folder = tmp_path / FOLDER
    assert started == [(folder, "en", None, True)]
    assert (folder / language.FIRST).is_file()
    said = capsys.readouterr().out
    assert str(folder) in said
    assert language.FIRST in said


@pytest.mark.parametrize(
    ("words", "locale", "edition"),
    [
        (["--lang", "zh"], "C.UTF-8", "zh"),
        (["--lang", "en"], "zh_CN.UTF-8", "en"),
        ([], "zh_CN.UTF-8", "zh"),
        ([], "de_DE.UTF-8", "en"),
    ],
)
def test_tutorial_in_the_readers_language(
    words: list[str],
    locale: str,
    edition: str,
    started: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert main(["tutorial", *words]) == 0
    folder = tmp_path / FOLDER
    assert started == [(folder, edition, None, True)]
    assert (folder / "zh" / language.FIRST).is_file()
    said = capsys.readouterr().out
    assert language.first(edition) in said


def test_an_unknown_language_is_told_in_one_line(started: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tutorial", "--lang", "fr"])
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith("the course has no edition 'fr'; there are: en, zh")


def test_tutorial_with_options(started: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lab, "check", lambda port: None)
    assert main(["tutorial", "--dir=~/my course", "--port", "8899", "--no-browser"]) == 0
    assert started == [(tmp_path / "home" / "my course", "en", 8899, False)]


def test_tutorial_may_open_nothing(started: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(port: int | None) -> None:
        raise lab.CannotStart("no JupyterLab")

    monkeypatch.setattr(lab, "check", check)
    assert main(["tutorial", "--no-lab"]) == 0
    assert (tmp_path / FOLDER / language.FIRST).is_file()
    assert started == []


def test_tutorial_where_it_cannot_be(started: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("text")
    assert main(["tutorial", "--dir", "file"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("dockermagic: ")
    assert said.err.count("\n") == 1
    assert started == []


def test_tutorial_lays_nothing_when_lab_cannot_start(
    started: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(port: int | None) -> None:
        raise lab.CannotStart("no JupyterLab")

    monkeypatch.setattr(lab, "check", check)
    assert main(["tutorial"]) == 1
    assert capsys.readouterr() == ("", "dockermagic: no JupyterLab\n")
    assert list(tmp_path.iterdir()) == []


def test_tutorial_passes_the_status_of_lab_on(
    started: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lab, "run", lambda *_, **__: 3)
    assert main(["tutorial"]) == 3
    assert "status 3" in capsys.readouterr().err


def test_an_interrupt_is_one_line(
    started: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(port: int | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "check", check)
    assert main(["tutorial"]) == 130
    assert capsys.readouterr().err == "dockermagic: stopped\n"


@pytest.mark.parametrize(
    "words",
    [
        ["banana"],
        ["tutorial", "extra"],
        ["tutorial", "--port", "x"],
        ["tutorial", "--port", "0"],
        ["tutorial", "--port", "65536"],
        ["tutorial", "--dir"],
        ["tutorial", "--lang"],
        ["tutorial", "--lang", "fr"],
        ["doctor", "--port", "1"],
    ],
)
def test_wrong_words(words: list[str], started: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err
    assert started == []


def test_no_words_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "tutorial" in said
    assert "doctor" in said


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"dockermagic {version('dockermagic')}\n"


def test_doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hunt(monkeypatch, MISSING, TAKEN)
    assert main(["doctor"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == table([MISSING, TAKEN])
    assert said.err == ""


def test_doctor_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hunt(monkeypatch, MISSING)
    assert main(["doctor"]) == 1
    assert "no engine answers" in capsys.readouterr().err


def test_doctor_that_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    errors = pytest.importorskip("dockermagic.errors")
    hunt(monkeypatch, fails=errors.BadHost("this is no address", "write another"))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert "this is no address" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
@pytest.mark.parametrize("words", ["", "doctor", "--help", "--version", "tutorial --no-lab", "tutorial --help"])
def test_a_closed_pipe_ends_it_silently(words: str, both: bool, tmp_path: Path) -> None:
    """As `| head -1` does when it has read enough: no traceback, and the status that Python has for it."""
    unread, pipe = os.pipe()
    os.close(unread)
    around = {**os.environ, "HOME": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody"}
    around.pop("PYTHONUNBUFFERED", "")  # then argparse itself would see that nobody reads, and say 0
    ended = subprocess.run(
        [sys.executable, "-m", "dockermagic", *words.split()],
        cwd=tmp_path,
        env={**around, "PYTHONPATH": str(Path(command.__file__).parents[1])},
        stdout=pipe,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
        check=False,
    )
    os.close(pipe)
    assert ended.returncode == 1
    assert b"Error" not in (ended.stderr or b"")  # that no engine answers may stand there


def test_table_is_aligned_and_a_line_a_place() -> None:
    assert table([TAKEN, MISSING]) == [
        "VERDICT  HOST                         WHERE FROM          DETAIL",
        "taken    unix:///run/a.sock           DOCKER_HOST         Docker Engine 28.5.2, API 1.51",
        "no       unix:///var/run/docker.sock  the default socket  no such file",
    ]
