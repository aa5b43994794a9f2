"""Every notebook runs, twice in a row, on real engines, and leaves nothing behind.

`DOCKERMAGIC_NOTEBOOKS=all` (make test-all) runs every one twice on every engine, and all in shuffled order;
otherwise `runner.plan` chooses. No one else may make labelled containers on these engines meanwhile.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from plain import EVERYTHING, Engine, named_engines, usable
from runner import Job, plan, verdict

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
JOBS = plan(NOTEBOOKS, named_engines(), everything=EVERYTHING)
PATIENCE = 20.0


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A copy of the notebooks, in which they may write."""
    return Path(shutil.copytree(FOLDER, tmp_path / "notebooks"))


@contextmanager
def left_as_found(engine: Engine) -> Iterator[None]:
    """Check that no labelled container is left that was not there, and that a foreign one is untouched."""
    before = engine.labelled()
    with engine.foreign() as foreign:
        condition = engine.condition(foreign)
        yield
        assert engine.condition(foreign) == condition, "a container that is not ours was touched"
    until = time.monotonic() + PATIENCE
    while (left := engine.labelled() - before) and time.monotonic() < until:
        time.sleep(0.5)
    assert not left, f"containers of ours are left on {engine.name}: {', '.join(sorted(left))}"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.engine.name}-{job.notebook}")
def test_notebook_runs_and_cleans_up(job: Job, copies: Path, tmp_path: Path) -> None:
    engine = usable(job.engine)
    with left_as_found(engine):
        for run in range(1, job.times + 1):
            found = verdict(copies / job.notebook, engine.host, tmp_path / "ipython")
            assert not found, f"run {run} on {engine.name}:\n" + "\n".join(found)


@pytest.mark.timeout(3600)
@pytest.mark.skipif(not EVERYTHING, reason="only with DOCKERMAGIC_NOTEBOOKS=all")
def test_notebooks_run_in_any_order(engine: Engine, copies: Path, tmp_path: Path) -> None:
    order = random.sample(NOTEBOOKS, len(NOTEBOOKS))
    with left_as_found(engine):
        for number, notebook in enumerate(order):
            found = verdict(copies / notebook, engine.host, tmp_path / "ipython")
            assert not found, f"{engine.name}, after {order[:number]}: {notebook}:\n" + "\n".join(found)


def test_there_are_notebooks() -> None:
    assert "00-start.ipynb" in NOTEBOOKS
