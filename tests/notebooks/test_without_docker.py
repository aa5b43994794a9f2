"""The eleven notebooks, twice in a row, with no Docker at all: the client starts the practice engine by itself.

As whoever runs the tests; by root, where everything is asked for, also as an ordinary user who has nothing but a HOME.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alone import REPORT
from plain import AGAIN, EVERYTHING
from runner import TUTORIAL

from dockermagic.hunter import Hunter
from dockermagic.locate import Surroundings
from dockermagic.transport import HTTP

ROOT = Path(__file__).parents[2]
ALONE = Path(__file__).with_name("alone.py")
ORDINARY = 65533
BECOME = ("setpriv", "--reuid", str(ORDINARY), "--regid", str(ORDINARY), "--clear-groups")
OURS = ("DOCKER", "XDG_", "JUPYTER", "IPYTHON", "COLAB", "PYTEST", "TMPDIR")
PEOPLE = ("me", "ordinary") if os.geteuid() == 0 and EVERYTHING else ("me",)


@pytest.fixture(params=PEOPLE)
def person(request: pytest.FixtureRequest) -> Iterator[tuple[list[str], dict[str, str]]]:
    """How to become somebody, and what is in their environment."""
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        env = {**kept, "HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
        if request.param == "me":
            yield [], env
            return
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not installed, by which root becomes an ordinary user")
        os.chown(home, ORDINARY, ORDINARY)
        trial = f"import practice_engine, dockermagic; open({str(ALONE)!r}); {AGAIN}"
        tried = [*BECOME, sys.executable, "-c", trial]
        done = subprocess.run(tried, env=env, cwd=home, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"an ordinary user may not run {sys.executable} with this project: {done.stderr.strip()[-200:]}")
        yield [*BECOME], env


@pytest.fixture
def no_docker() -> None:
    around = Surroundings(env={}, home=Path("/nonexistent"))
    found = Hunter(around, HTTP, timeout=5.0, practice=False).survey()
    if taken := [place.host for place in found if place.verdict == "taken"]:
        pytest.skip(f"this machine has a container engine at {taken[0]}")


@pytest.mark.timeout(1800)
def test_the_tutorial_runs_without_docker(person: tuple[list[str], dict[str, str]], no_docker: None) -> None:
    become, env = person
    command = [*become, sys.executable, ALONE, ROOT / "notebooks"]
    done = subprocess.run(command, env=env, cwd=env["HOME"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    reports = [line for line in done.stdout.splitlines() if line.startswith(REPORT)]
    assert reports, done.stdout
    print(reports[-1])
    report: dict[str, Any] = json.loads(reports[-1].removeprefix(REPORT))
    assert not report["first"]
    assert len(report["runs"]) == TUTORIAL
    assert not {name: found for name, found in report["runs"].items() if any(found)}
    assert not report["left"], "containers of the tutorial are left"
    assert report["same"], "the engine did not outlive a kernel"
    assert report["ended"], "the engine did not end when it was told to"
