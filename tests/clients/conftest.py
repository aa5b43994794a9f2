"""Engines for the client suites.

`DOCKERMAGIC_ENGINES="docker-28=unix:///a.sock practice=unix:///b.sock"` names them; of these, docker-28 and
practice are tested, all of them with `DOCKERMAGIC_CLIENTS_ALL=1`.

What the practice engine must do otherwise than Docker stands in known_differences.json with the reason:
`tests` by their ids (such a test must fail), and `answers` for test_parity.
"""

from __future__ import annotations

from collections.abc import Iterator

import plain
import pytest
from client_support import (
    HERE,
    KNOWN,
    Engine,
    Made,
    engines_to_test,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and (reason := KNOWN["tests"].get(f"{item.path.name}::{item.name}")):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


class Engines:
    """Finds each engine once."""

    def __init__(self) -> None:
        self.known: dict[str, Engine] = {}

    def get(self, name: str) -> Engine:
        if name not in self.known:
            found = next(engine for engine in plain.named_engines() if engine.name == name)
            self.known[name] = Engine(name, plain.usable(found).host)
        return self.known[name]


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines()


@pytest.fixture(scope="session", params=engines_to_test() or [None], ids=lambda name: name or "none")
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    if request.param is None:
        pytest.skip("DOCKERMAGIC_ENGINES names neither docker-28 nor practice")
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
