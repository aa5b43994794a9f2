"""The tutorial where there is no Docker: `python alone.py NOTEBOOKS` runs it on the engine that the client starts.

`python alone.py NOTEBOOKS all` runs every lesson once, in place of the first eleven twice.

HOME should be fresh. The last line is a report as JSON: what the engine is, how long the first result took, and
the problems in each run of each notebook.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from plain import Engine
from runner import TUTORIAL, problems, run, verdict

from dockermagic import practice
from dockermagic.locate import Surroundings

REPORT = "REPORT "
TIMES = 2
PATIENCE = 20.0
FIRST = ("%load_ext dockermagic", "%docker list")


def first(folder: Path) -> list[str]:
    """A learner's first two cells, in a notebook of their own; the problems."""
    path = folder.parent / "first.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in FIRST]), path)
    return problems(run(path, None, folder))


def plan(folder: Path, *, everything: bool) -> list[tuple[Path, int]]:
    """Which notebooks, and how often each: the eleven of the tutorial twice, or every one once."""
    notebooks = sorted(folder.glob("*.ipynb"))
    return [(path, 1) for path in notebooks] if everything else [(path, TIMES) for path in notebooks[:TUTORIAL]]


def about(engine: Engine) -> dict[str, Any]:
    """What the engine says of itself."""
    info = engine.call("GET", "/info").json()
    labels = dict(label.partition("=")[::2] for label in info["Labels"])
    return {"pid": int(labels["dockermagic.pid"]), "tier": labels["dockermagic.isolation"], "warnings": info["Warnings"]}


def end(home: practice.Home) -> bool:
    """Tell the engine to end; whether it did."""
    until = time.monotonic() + PATIENCE
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((home.data / "lock").read_text()), signal.SIGTERM)
    while practice.answers(home):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def main() -> int:
    began = float(os.environ.get("POD_CREATED") or time.time())
    engine = Engine("practice", practice.home(Surroundings()).host)
    try:
        report = learn(engine, Path(sys.argv[1]), began, everything=sys.argv[2:] == ["all"])
    finally:
        ended = end(practice.home(Surroundings()))
    print(REPORT + json.dumps({**report, "ended": ended}), flush=True)
    return 0


def learn(engine: Engine, notebooks: Path, began: float, *, everything: bool) -> dict[str, Any]:
    """Everything but the end; the report."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(notebooks, Path(temporary, "notebooks")))
        report: dict[str, Any] = {"first": first(folder), "seconds": round(time.time() - began, 1)}
        report |= about(engine)
        report["runs"] = {
            path.name: [verdict(path, None, folder) for _ in range(times)]
            for path, times in plan(folder, everything=everything)
        }
    report["left"] = sorted(engine.labelled())
    report["same"] = about(engine)["pid"] == report["pid"]
    report["minutes"] = round((time.time() - began) / 60, 1)
    return report


if __name__ == "__main__":
    sys.exit(main())
