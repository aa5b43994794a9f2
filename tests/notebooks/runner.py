"""Run a notebook as a learner does, Restart and Run All, and say what went wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from plain import Engine, main_engines

SECONDS_A_CELL = 120
MEANT_TO_FAIL = "raises-exception"
TUTORIAL = 11


@dataclass(frozen=True)
class Job:
    """One notebook on one engine, so many times in a row."""

    notebook: str
    engine: Engine
    times: int


def plan(notebooks: Sequence[str], engines: Sequence[Engine], *, everything: bool) -> list[Job]:
    """What is run.

    `everything`: each notebook twice on each engine. Otherwise each twice on the first of `main_engines`, once on the
    other. A translation (in a folder of its own) has the same code cells, so it is left to `everything`.
    """
    if everything:
        return [Job(notebook, engine, 2) for notebook in notebooks for engine in engines]
    if not engines:
        return []
    first, *second = main_engines(engines)
    jobs = []
    for notebook in (name for name in notebooks if "/" not in name):
        jobs += [Job(notebook, first, 2), *(Job(notebook, engine, 1) for engine in second)]
    return jobs


def run(path: Path, host: str | None, settings: Path) -> NotebookNode:
    """Execute the notebook at `path` in a fresh kernel, in its folder; every cell, whatever fails.

    Args:
        host: the engine, given to the kernel as DOCKER_HOST; None: the client looks for one itself.
        settings: an empty folder in place of the user's ~/.ipython.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    env = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    client.execute(env={**env, **({"DOCKER_HOST": host} if host else {}), "IPYTHONDIR": str(settings)})
    return notebook


def problems(notebook: NotebookNode) -> list[str]:
    """The errors that were not meant, and the meant ones that did not come, each with its cell."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        meant = MEANT_TO_FAIL in cell.metadata.get("tags", [])
        first = (cell.source.strip().splitlines() or ["(empty)"])[0]
        if errors and not meant:
            found.append(f"cell {number}, {first!r}: {errors[0].ename}: {errors[0].evalue}")
        if meant and not errors:
            found.append(f"cell {number}, {first!r}: tagged {MEANT_TO_FAIL} and raised nothing")
    return found


def verdict(path: Path, host: str | None, settings: Path) -> list[str]:
    """What went wrong in one run of the notebook at `path`; empty when nothing did."""
    try:
        return problems(run(path, host, settings))
    except (CellTimeoutError, DeadKernelError) as error:
        return [str(error).strip()]
