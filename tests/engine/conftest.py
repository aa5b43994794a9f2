"""The fixtures of the engine suite; `engine` comes from the conftest above, each engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from enginekit import Caller, Made, Magic, Python
from IPython.core.interactiveshell import InteractiveShell
from plain import Engine
from traitlets.config import Config

from dockermagic.locate import Surroundings
from dockermagic.session import Session

FIGURES: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than ten seconds, by its nature or by its size")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.write_line("Figures (measured, not asserted):")
    for figure in FIGURES:
        terminalreporter.write_line(f"  {figure}")


@pytest.fixture(scope="session")
def figures() -> list[str]:
    """Lines for the end of the run."""
    return FIGURES


@pytest.fixture(scope="session")
def session(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with the engine, which sees nothing else of this machine."""
    home = tmp_path_factory.mktemp("home")
    return Session(around=Surroundings(env={"DOCKER_HOST": engine.host}, home=home))


@pytest.fixture
def made(engine: Engine) -> Iterator[Made]:
    """Makes containers for one test, and removes them."""
    maker = Made(engine)
    yield maker
    maker.remove()


@pytest.fixture(scope="module")
def shared(engine: Engine) -> Iterator[Made]:
    """Makes containers for the tests of a module, which only read them."""
    maker = Made(engine)
    yield maker
    maker.remove()


@pytest.fixture(scope="module")
def shell(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """IPython with the extension loaded, connected to the engine."""
    home: Path = tmp_path_factory.mktemp("ipython")
    settings = Config({"HistoryManager": {"enabled": False}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(home))
        patch.setenv("DOCKER_HOST", engine.host)
        patch.setenv("DOCKER_CONFIG", str(home / "docker"))
        InteractiveShell.clear_instance()
        made = InteractiveShell.instance(config=settings)
        result = made.run_cell("%load_ext dockermagic")
        assert result.success
        yield made
        InteractiveShell.clear_instance()


@pytest.fixture
def magic(shell: InteractiveShell) -> Magic:
    """The calls, by the magic alone."""
    found = shell.magics_manager.registry["DockerMagic"]
    return Magic(shell, found.session)


@pytest.fixture(params=["python", "magic"])
def by(request: pytest.FixtureRequest, session: Session, magic: Magic) -> Caller:
    """The calls, once from Python and once by the magic."""
    return magic if request.param == "magic" else Python(session)
