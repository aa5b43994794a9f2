"""The fixtures `engines`, `engine` and `engine_host`; `plain` says what DOCKERMAGIC_ENGINES means."""

from __future__ import annotations

import pytest
from plain import NONE, Engine, named_engines, reached, usable


def pytest_configure() -> None:
    named_engines()  # a slip in the variable ends the run here


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        engines: list[Engine | None] = [*named_engines()] or [None]
        names = [engine.name if engine else "no-engine" for engine in engines]
        metafunc.parametrize("engine", engines, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engines() -> dict[str, str]:
    """Every engine that is named: name → host."""
    return {engine.name: engine.host for engine in named_engines()}


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that is named, in turn."""
    return usable(request.param)


@pytest.fixture(scope="session")
def engine_host(engine: Engine) -> str:
    """The address of each engine that is named, in turn."""
    return engine.host


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    named = named_engines()
    if not named:
        terminalreporter.write_line(f"Engines: none; {NONE}, so the tests that need one were skipped.")
        return
    shown = [f"{engine.name} ({reached.get(engine.name, 'not reached')})" for engine in named]
    terminalreporter.write_line(f"Engines: {', '.join(shown)}.")
