"""Each sentence of `claims` stands in its lesson, and is true on every engine that is tried."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import nbformat
import pytest
from claimkit import Claim, Stage
from claims import CLAIMS, OURS, SITUATIONS, UNSEEN, Ours
from plain import EVERYTHING, Engine, main_engines, named_engines, usable

from dockermagic import errors
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


@pytest.fixture(
    scope="module",
    params=named_engines() if EVERYTHING else main_engines(named_engines()),
    ids=lambda engine: engine.name,
)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The containers that claims only look at, on each of the main engines; on each, where everything is asked for."""
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


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: f"{ours.lesson[:2]}-{ours.said}")
def test_a_number_of_ours(ours: Ours) -> None:
    assert ours.words in prose(ours.lesson)
    assert ours.set_to == ours.said


def test_every_error_is_in_the_tree_of_lesson_17_and_shown_by_some_cell_or_not_for_a_reason() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    leaves = {each.__name__ for each in classes if not each.__subclasses__()}
    assert [name for name in leaves if f"`{name}`" not in prose("17-errors-and-faults")] == []
    raised = {
        output.ename
        for path in NOTEBOOKS.glob("[0-9]*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    }
    assert leaves - raised == set(UNSEEN)


def test_a_stop_waits_ten_seconds_if_nothing_else_was_said(stage: Stage) -> None:
    assert "It waits. Ten seconds, if nothing else was said." in prose("08-stop")
    begin = time.monotonic()
    name = stage.value("own", "running")
    assert stage.engine.call("POST", f"/containers/{name}/stop").status_code == 204
    assert time.monotonic() - begin > 9.5


def test_podman_gives_ten_seconds_before_it_removes(stage: Stage) -> None:
    assert "Podman gives a container that runs ten seconds before it removes it." in prose("19-a-client-of-your-own")
    if not stage.name.startswith("Podman"):
        pytest.skip("said of Podman only")
    begin = time.monotonic()
    name = stage.value("own", "running")
    assert stage.engine.call("DELETE", f"/containers/{name}?force=1").status_code == 204
    assert time.monotonic() - begin > 9.5


def test_samples_come_every_second_on_podman_every_fifth(stage: Stage) -> None:
    assert "Docker and the practice engine send a sample every second, Podman one in five." in prose(
        "15-stats-and-limits"
    )
    with stage.engine.call("GET", f"/containers/{stage.value(None, 'running')}/stats", stream=True) as reply:
        lines = reply.iter_lines()
        moments = [datetime.fromisoformat(f"{json.loads(next(lines))['read'][:19]}+00:00") for _ in range(3)]
    apart = (moments[2] - moments[1]).total_seconds()
    assert apart >= 4 if stage.name.startswith("Podman") else 1 <= apart < 4, moments
