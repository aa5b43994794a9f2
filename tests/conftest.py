"""The fixtures `engines`, `engine` and `engine_host`; `plain` says what DOCKERMAGIC_ENGINES means."""

from __future__ import annotations

import pytest
from plain import Engine, named_engines, reached, usable


@pytest.fixture(scope="session")
def engines() -> dict[str, str]:
    """Every engine that is named: name → host."""
    return {engine.name: usable(engine).host for engine in named_engines()}


@pytest.fixture(scope="session", params=named_engines(), ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that is named, in turn."""
    return usable(request.param)


@pytest.fixture(scope="session")
def engine_host(engine: Engine) -> str:
    """The address of each engine that is named, in turn."""
    return engine.host


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shown = [f"{engine.name} ({reached.get(engine.name, 'not used')})" for engine in named_engines()]
    terminalreporter.write_line(f"Engines: {', '.join(shown)}.")
