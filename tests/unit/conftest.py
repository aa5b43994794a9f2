"""No test in this folder needs an engine: what they talk to is `fake_engine`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import IPython
import pytest
from fake_engine import FakeEngine
from hypothesis import settings
from IPython.core.interactiveshell import InteractiveShell
from shellkit import Shell
from traitlets.config import Config

from dockermagic.locate import Surroundings
from dockermagic.session import Session

settings.register_profile("unit", deadline=None, derandomize=True)
settings.load_profile("unit")
SURROUNDINGS = tuple(
    "DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS_VERIFY DOCKER_CERT_PATH XDG_DATA_HOME".split()
)


@pytest.fixture(scope="session")
def _ip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
        InteractiveShell.clear_instance()
        yield InteractiveShell.instance(config=config)
        InteractiveShell.clear_instance()


@pytest.fixture(autouse=True)
def _bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No engine of this machine is in reach of a test."""
    home = tmp_path_factory.mktemp("home")
    for name in SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/no.sock")


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    fake = FakeEngine()
    yield fake
    fake.close()


@pytest.fixture
def session(fake: FakeEngine) -> Session:
    return Session(around=Surroundings(env={"DOCKER_HOST": fake.host}, home=Path("/nowhere"), uid=1))


@pytest.fixture
def bare_shell(_ip: Any) -> Iterator[Shell]:
    """A shell in which the magic is not loaded, and nothing of an earlier test is left."""
    names, matchers = dict(_ip.user_ns), list(_ip.Completer.custom_matchers)
    yield Shell(_ip)
    _ip.user_ns.clear()
    _ip.user_ns.update(names)
    _ip.Completer.custom_matchers[:] = matchers
    for table in _ip.magics_manager.magics.values():
        table.pop("docker", None)
        table.pop("dockerapi", None)
    _ip.extension_manager.loaded.discard("dockermagic")
    _ip.configurables[:] = [each for each in _ip.configurables if type(each).__name__ != "DockerMagic"]
    _ip.config.pop("DockerMagic", None)


@pytest.fixture
def shell(bare_shell: Shell, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell with the magic loaded, connected to the fake engine, which forgot that it was asked."""
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    loaded = bare_shell.run("%load_ext dockermagic")
    assert loaded.error is None, loaded.text
    fake.requests.clear()
    return bare_shell
