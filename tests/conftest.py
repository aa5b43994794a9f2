"""The fixtures `engines`, `engine` and `engine_host`; `plain` says what DOCKERMAGIC_ENGINES means."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from plain import Engine, named_engines, reached, usable

from dockermagic.language import CHOICE

os.environ["LC_ALL"] = "C.UTF-8"  # processes that tests start speak English, whatever this machine does


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than ten seconds, by its nature or by its size")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are asserted in English; a test that wants Chinese chooses it."""
    CHOICE.chosen = "en"
    yield
    CHOICE.chosen = ""


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
