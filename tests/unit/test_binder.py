"""What mybinder.org builds hangs together, and what is told to whoever learns there."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from packaging.requirements import Requirement
from shellkit import Shell

from dockermagic import binder
from dockermagic.__main__ import FOLDER
from dockermagic.language import FIRST, LANGUAGES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which pytest brings there

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    pin.name: pin
    for line in (BINDER / "requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
    for pin in [Requirement(line)]
}
KNOWN = {"apt.txt", "ipython_config.py", "postBuild", "requirements.txt", "runtime.txt", "start"}


def test_there_is_one_folder_and_nothing_in_it_that_binder_does_not_read() -> None:
    assert {path.name for path in BINDER.iterdir() if path.name != "__pycache__"} == KNOWN
    assert not (ROOT / ".binder").exists()
    others = ("Dockerfile", "environment.yml", "Pipfile", "runtime.txt", "apt.txt", "postBuild", "start")
    assert not [name for name in others if (ROOT / name).exists()], "Binder would look at these, or overlook them"


def test_every_requirement_is_pinned_to_a_version_that_the_project_takes() -> None:
    for pin in PINS.values():
        (exact,) = pin.specifier
        assert exact.operator == "==", pin
    for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["zh"]]:
        need = Requirement(text)
        assert need.name in PINS, f"{need.name} is not pinned"
        (exact,) = PINS[need.name].specifier
        assert need.specifier.contains(exact.version), f"{PINS[need.name]} is not {need}"


def test_the_python_is_one_that_the_project_takes() -> None:
    found = re.fullmatch(r"python-(3\.\d+)\n", (BINDER / "runtime.txt").read_text())
    assert found
    assert Requirement(f"x{PROJECT['requires-python']}").specifier.contains(found[1])


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_run_and_stop_at_an_error(name: str) -> None:
    path = BINDER / name
    assert os.stat(path).st_mode & stat.S_IXUSR
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "set -euo pipefail" in lines


def test_start_hands_over_to_what_it_was_given() -> None:
    assert (BINDER / "start").read_text().splitlines()[-1] == 'exec "$@"'


def test_the_project_itself_is_installed() -> None:
    assert "\npython -m pip install --no-cache-dir --no-deps .\n" in (BINDER / "postBuild").read_text()


def test_what_the_practice_engine_and_the_lessons_need_is_there() -> None:
    assert {"busybox-static", "curl", "proot"} <= set((BINDER / "apt.txt").read_text().split())


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_a_badge_for_each_edition_that_there_is(page: str) -> None:
    links = re.findall(r"mybinder\.org/v2/gh/[^)\s]*\?urlpath=([^)\s]+)", (ROOT / page).read_text(encoding="utf-8"))
    editions = {"": ROOT / "notebooks" / FIRST, **{f"{name}/": ROOT / "notebooks" / name / FIRST for name in LANGUAGES}}
    there = {folder for folder, path in editions.items() if path.exists()}
    assert {unquote(link) for link in links} == {f"lab/tree/{FOLDER}/{folder}{FIRST}" for folder in there}


def test_a_new_kernel_knows_the_magic_at_its_first_use(
    bare_shell: Shell, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the configuration that postBuild puts in place, with nothing loaded: a kernel that was ended and started."""
    from traitlets.config.loader import PyFileConfigLoader

    monkeypatch.setenv("DOCKER_HOST", fake.host)
    settings = PyFileConfigLoader("ipython_config.py", path=str(BINDER)).load_config()
    bare_shell.ip.magics_manager.lazy_magics = dict(settings.MagicsManager.lazy_magics)
    found = bare_shell.run("%docker ping")
    assert found.error is None
    assert "dockermagic: Docker Engine" in found.beside
    assert "/_ping → 200 OK" in found.beside


@pytest.mark.parametrize("sign", binder.SIGNS)
def test_loading_says_first_what_is_different_on_binder(
    sign: str, bare_shell: Shell, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    monkeypatch.setenv(sign, "https://mybinder.org/")
    lines = bare_shell.run("%load_ext dockermagic").beside.splitlines()
    assert lines[0].startswith("This is Binder")
    assert lines[-1].startswith("dockermagic: ")


def test_nothing_of_that_is_said_elsewhere() -> None:
    assert binder.remarks({"HOME": "/home/jovyan", "BINDER_LAUNCH_HOST": ""}) == []
