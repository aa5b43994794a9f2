"""The runner of the notebooks itself: the choice it makes, and what it calls a problem."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from plain import parse
from runner import plan, verdict

ENGINES = parse("podman-5=unix:///p docker-20=unix:///a,docker-28=unix:///b practice")
PODMAN, _, DOCKER, PRACTICE = ENGINES
NAMES = [f"{number:02}-name.ipynb" for number in range(20)]


def test_plan_of_everything() -> None:
    names = [*NAMES, "zh/00-name.ipynb"]
    jobs = plan(names, ENGINES, everything=True)
    assert len(jobs) == len(names) * len(ENGINES)
    assert all(job.times == 2 for job in jobs)


def test_plan_by_default() -> None:
    jobs = plan([*NAMES, "zh/00-name.ipynb"], ENGINES, everything=False)
    assert [job.notebook for job in jobs if job.engine == PRACTICE and job.times == 2] == NAMES
    assert [job.notebook for job in jobs if job.engine == DOCKER and job.times == 1] == NAMES
    assert len(jobs) == 2 * len(NAMES)


def test_plan_with_one_engine_and_with_none() -> None:
    assert {job.engine for job in plan(NAMES, [PODMAN], everything=False)} == {PODMAN}
    assert plan(NAMES, [], everything=True) == []


def test_verdict(tmp_path: Path) -> None:
    def cell(source: str, *tags: str) -> nbformat.NotebookNode:
        return new_code_cell(source, metadata={"tags": list(tags)})

    cells = [
        cell("import os; assert os.environ['DOCKER_HOST'] == 'unix:///here'"),
        cell("open('made', 'w').close()"),
        cell("1 / 0", "raises-exception"),
        cell("1 / 1", "raises-exception"),
        cell("{}['missing']"),
        cell("print('still run')"),
    ]
    path = tmp_path / "trial.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert verdict(path, "unix:///here", tmp_path / "ipython") == [
        "cell 3, '1 / 1': tagged raises-exception and raised nothing",
        "cell 4, \"{}['missing']\": KeyError: 'missing'",
    ]
    assert (tmp_path / "made").exists()


def test_verdict_of_a_kernel_that_dies(tmp_path: Path) -> None:
    path = tmp_path / "trial.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import os; os._exit(3)")]), path)
    assert verdict(path, "unix:///here", tmp_path / "ipython") == ["Kernel died"]
