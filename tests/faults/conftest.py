"""Engines that a test may kill, and a shell whose calls go there; after each test nothing may be left in the kernel."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import daemon
import IPython
import pytest
from faultkit import Own, a_dockerd, a_practice_engine, give_busybox, left_open, need_dockerd
from IPython.core.interactiveshell import InteractiveShell
from practicekit import eventually
from shellkit import Shell
from traitlets.config import Config

SURROUNDINGS = "DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS_VERIFY DOCKER_CERT_PATH XDG_DATA_HOME".split()

if not sys.platform.startswith("linux"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module", params=["practice", "dockerd"])
def kept(request: pytest.FixtureRequest) -> Iterator[Own]:
    """A practice engine, and a dockerd, with the image busybox; they live as long as a module's tests."""
    real = request.param == "dockerd"
    if real:
        need_dockerd()
    folder = Path(tempfile.mkdtemp(prefix="fault."))
    try:
        own = a_dockerd(folder) if real else a_practice_engine(folder)
        own.start()
        give_busybox(own)
        yield own
        own.revive()
        own.clear()
        own.daemon.stop()
        daemon.unmount(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def own(kept: Own) -> Iterator[Own]:
    """That engine, running, and without containers."""
    yield kept
    kept.revive()
    kept.clear()


@pytest.fixture(autouse=True)
def _bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture
def bare_shell() -> Iterator[Shell]:
    """A shell of the test's own, in which `%load_ext dockermagic` is still to be said."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
    InteractiveShell.clear_instance()
    shell = Shell(InteractiveShell.instance(config=config))
    shell.run("import pandas")  # the shell's own loop, and all that an import opens
    before = left_open()
    yield shell
    if "docker" in shell.ip.magics_manager.magics["line"]:
        shell.magic.session.close()
    InteractiveShell.clear_instance()
    eventually(lambda: left_open() <= before, f"no thread and no socket is left, of more than {before}")


@pytest.fixture
def shell(bare_shell: Shell, own: Own, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """That shell, connected to the engine of the test's own."""
    monkeypatch.setenv("DOCKER_HOST", own.host)
    assert bare_shell.run("%load_ext dockermagic").error is None
    return bare_shell
