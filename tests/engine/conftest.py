"""The fixtures of the engine suite; `engine` comes from the conftest above, each engine in turn."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from enginekit import Caller, Made, Magic, Python
from IPython.core.interactiveshell import InteractiveShell
from plain import EVERYTHING, Engine, main_engines, named_engines
from traitlets.config import Config

from dockermagic import errors, tables
from dockermagic.endpoints import Endpoint
from dockermagic.exchange import Exchange
from dockermagic.locate import Surroundings
from dockermagic.session import Session

FIGURES: list[str] = []
SEEN = Path(__file__).with_name("seen.json")
RECORD = "DOCKERMAGIC_RECORD"
ABOUT = "What tests/engine saw each engine answer to each subcommand; written by a run with DOCKERMAGIC_RECORD=1."
NOW: dict[str, dict[str, dict[str, Any]]] = {"worked": {}, "refused": {}}


NAMES: dict[str, str] = {}
"""The engines that were seen, by their hosts."""


def note(exchange: Exchange, how: str, what: Any) -> None:
    if exchange.row is not None and exchange.row.operation and exchange.host in NAMES:
        NOW[how].setdefault(NAMES[exchange.host], {})[exchange.row.name] = what


def label(name: str) -> str:
    """`Docker Engine 28.5` for whatever an engine calls itself; the practice engine without its version."""
    found = re.match(r"(.*?)\s*(\d+\.\d+)", name)
    kind = found[1] if found else name
    return "practice" if "practice" in name.lower() else f"{kind} {found[2]}" if found else kind


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where not everything is asked for, other engines than the main ones are called by the magic alone, briefly."""
    main = main_engines(named_engines())

    def beside(item: pytest.Item) -> bool:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        more = params.get("by") == "python" or item.get_closest_marker("slow") is not None
        return more and params.get("engine", main[0]) not in main

    extra = [] if EVERYTHING else [item for item in items if beside(item)]
    config.hook.pytest_deselected(items=extra)
    items[:] = [item for item in items if item not in {*extra}]


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    """Note which operations an engine carried out, up to the value, and which it has not (501)."""
    value, send = tables.value, Session.send

    def watched_value(row: Endpoint, exchange: Exchange, wanted: tables.Wanted) -> Any:
        found = value(row, exchange, wanted)
        note(exchange, "worked", exchange.status)
        return found

    def watched_send(self: Session, row: Endpoint, exchange: Exchange, *more: Any) -> Exchange:
        NAMES[exchange.host] = label(self.engine.name)
        try:
            return send(self, row, exchange, *more)
        except errors.NotImplementedHere as error:
            note(exchange, "refused", error.what)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "value", watched_value)
        patch.setattr(Session, "send", watched_send)
        yield


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    stored = json.loads(SEEN.read_text(encoding="utf-8")) if SEEN.exists() else {}
    news = [
        (how, engine, name, what)
        for how, engines in NOW.items()
        for engine, rows in engines.items()
        for name, what in rows.items()
        if name not in stored.get(how, {}).get(engine, {})
    ]
    if not news:
        return
    if not os.environ.get(RECORD):
        FIGURES.append(f"{SEEN.name} is behind (run once with {RECORD}=1): {', '.join(each[2] for each in news)}")
        return
    for how, engine, name, what in news:
        stored.setdefault(how, {}).setdefault(engine, {})[name] = what
    SEEN.write_text(json.dumps({**stored, "about": ABOUT}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


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
