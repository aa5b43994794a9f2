"""Each sentence of `claims` stands in its lesson, and is true on every engine that is named."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from claimkit import Claim, Stage
from claims import CLAIMS, SITUATIONS
from plain import Engine, named_engines, usable

from dockermagic.locate import Surroundings
from dockermagic.session import Session

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EACH = pytest.mark.parametrize(
    "claim", CLAIMS, ids=[f"{claim.lesson[:2]}-{re.sub(r'[^a-zA-Z0-9]+', '-', claim.words)[:48]}" for claim in CLAIMS]
)


@cache
def prose(lesson: str) -> str:
    """The Markdown of a lesson, with single spaces."""
    cells = nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells
    return " ".join(" ".join(cell.source for cell in cells if cell.cell_type == "markdown").split())


@pytest.fixture(scope="module", params=named_engines(), ids=lambda engine: engine.name)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The containers that claims only look at, on each engine that is named."""
    engine: Engine = usable(request.param)
    around = Surroundings(env={"DOCKER_HOST": engine.host}, home=tmp_path_factory.mktemp("home"))
    stage = Stage(engine, Session(around=around).engine.name, SITUATIONS)
    yield stage
    stage.remove()


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    """Where one claim is played."""
    own = Stage(shared.engine, shared.name, SITUATIONS, shared)
    yield own
    own.remove()


@EACH
def test_the_words_stand_in_the_lesson(claim: Claim) -> None:
    assert " ".join(claim.words.split()) in prose(claim.lesson)


@EACH
def test_an_engine_shows_it(claim: Claim, stage: Stage) -> None:
    if claim.only and not stage.name.startswith(claim.only):
        pytest.skip(f"said of {', '.join(claim.only)} only")
    for step in claim.steps:
        stage.play(step)


def test_a_stop_waits_ten_seconds_if_nothing_else_was_said(stage: Stage) -> None:
    words = "It waits. Ten seconds, if nothing else was said."
    assert words in prose("08-stop")
    name, begin = stage.value("own", "running"), time.monotonic()
    assert stage.engine.call("POST", f"/containers/{name}/stop").status_code == 204
    assert 9.5 < time.monotonic() - begin < 25, "a clock's coarseness below, a busy machine above"
