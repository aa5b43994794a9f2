"""Engines for the client suites.

`DOCKERMAGIC_ENGINES="docker-28=unix:///a.sock practice=unix:///b.sock"` names them; of these, docker-28 and
practice are tested, all of them with `DOCKERMAGIC_CLIENTS_ALL=1`. A practice engine that is installed and
not named is started here. A named engine that does not answer fails the tests.

What the practice engine must do otherwise than Docker stands in known_differences.json with the reason:
`tests` by their ids (such a test must fail), and `answers` for test_parity.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from client_support import (
    HERE,
    KNOWN,
    Engine,
    Made,
    engines_to_test,
    named_engines,
    start_practice,
    stop_practice,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and (reason := KNOWN["tests"].get(f"{item.path.name}::{item.name}")):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


class Engines:
    """Finds or starts each engine once."""

    def __init__(self) -> None:
        self.known: dict[str, Engine | str] = {}
        self.undo: list = []

    def get(self, name: str) -> Engine:
        if name not in self.known:
            self.known[name] = self._find(name)
        found = self.known[name]
        if isinstance(found, str):
            pytest.fail(found, pytrace=False)
        return found

    def _find(self, name: str) -> Engine | str:
        try:
            host = named_engines(os.environ.get("DOCKERMAGIC_ENGINES", "")).get(name) or self._start()
            engine = Engine(name, host)
            status = engine.call("GET", "/_ping", timeout=10).status
        except (OSError, AssertionError) as error:
            return f"the engine {name} does not answer: {error}"
        return engine if status == 200 else f"the engine {name} answers _ping with {status}"

    def _start(self) -> str:
        folder = tempfile.mkdtemp(prefix="dmc-")  # short: a socket's path has 108 bytes
        self.undo.append(lambda: shutil.rmtree(folder, ignore_errors=True))
        process, host = start_practice(folder)
        self.undo.append(lambda: stop_practice(process))
        return host

    def close(self) -> None:
        while self.undo:
            self.undo.pop()()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    every = Engines()
    yield every
    every.close()


@pytest.fixture(scope="session", params=engines_to_test() or [None], ids=lambda name: name or "none")
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    if request.param is None:
        pytest.skip("no engine: DOCKERMAGIC_ENGINES names none of them, and practice_engine is not installed")
    return engines.get(request.param)


@pytest.fixture
def made(engine: Engine) -> Iterator[Made]:
    """Gives names to containers and images; what got them is removed after the test."""
    with Made(engine) as made:
        yield made


@pytest.fixture
def name(made: Made) -> str:
    return made.name()


@pytest.fixture(scope="module")
def made_for_all(engine: Engine) -> Iterator[Made]:
    """The same, for what a whole module shares."""
    with Made(engine) as made:
        yield made
