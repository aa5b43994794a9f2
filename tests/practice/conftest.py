from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from practicekit import Engine

if not sys.platform.startswith("linux"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="pe-") as directory:
        engine = Engine(Path(directory)).start()
        yield engine
        assert engine.stop() == ""


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """One engine for all, left without containers after each test."""
    yield shared_engine
    shared_engine.clear()


@pytest.fixture
def engines() -> Iterator[Callable[..., Engine]]:
    """Engines of a test's own, not started yet; what is left of them goes afterwards."""
    made: list[Engine] = []

    def make(*arguments: str, directory: Path | None = None, **more) -> Engine:
        place = directory or Path(tempfile.mkdtemp(prefix="pe-"))
        made.append(Engine(place, tuple(arguments), **more))
        return made[-1]

    yield make
    for engine in made:
        if engine.process is not None and engine.process.poll() is None:
            engine.stop()
    for engine in made:
        shutil.rmtree(engine.directory, ignore_errors=True)
