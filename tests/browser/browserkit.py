"""A notebook with every kind of output, run on the practice engine; a headless Chromium; what axe finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import NotebookNode, v4
from playwright.sync_api import Browser, Page, Route, sync_playwright

OUTPUTS = ".jp-OutputArea-output"
"""What our code shows. All around it is JupyterLab's or nbconvert's."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking")
LOUD = "while :; do echo out; echo err >&2; sleep 0.2; done"
CELLS = (
    ("%load_ext dockermagic", ""),
    ("%docker", "overview"),
    ("%docker logs --help", "help"),
    (f"%docker create busybox --name axe-web --env WHO=me --replace -- sh -c '(sleep 60) & {LOUD}'", "tree"),
    ("%docker start axe-web", "outcome"),
    ("%docker start axe-web", "outcome again"),
    ("%docker list --all", "frame"),
    ("%docker images", "frame of images"),
    ("%docker inspect axe-web", "tree, large"),
    ("%docker inspect axe-web --show", "inside"),
    ("%docker top axe-web", "processes"),
    ("%docker top axe-web --tree", "processes as a tree"),
    ("%docker top axe-web --tree --ps_args aux", "error of ours"),
    ("%docker logs axe-web --follow --lines 6", "log that followed, with standard error"),
    ("%docker logs axe-web --tail 3 --timestamps", "log"),
    ("%docker stats axe-web --stream --lines 4", "stats with curves"),
    ("%docker states axe-web", "states of one"),
    ("%docker states", "states"),
    ("%docker pause axe-web", ""),
    ("%docker unpause axe-web", ""),
    ("%docker exec axe-web -- ls -l /", "exec"),
    ("%docker changes axe-web", "changes"),
    ("%docker export axe-web --output axe-web.tar", "progress of bytes"),
    ("%docker inspect nobody", "error of the engine"),
    ("%docker lst", "error in a word"),
    ("%docker list --as curl", "code"),
    ("%docker last", "exchange"),
    ("%docker kill axe-web", ""),
    ("%docker events", "events with lives"),
    ("%docker doctor", "places"),
    ("%docker df", "usage"),
    ("%docker drill", "drills"),
    ("%docker prepare start-new", "exercise begins"),
    ("%docker check list-hungry", "verdict"),
    ("%docker hint list-hungry", "hint"),
    ("%docker progress", "progress"),
    ("%docker remove axe-web --force", ""),
    ("%docker cleanup", "cleanup"),
)
"""Every kind of output: the cell, and what it is there for."""


def chromium() -> str:
    """Where Chromium is; where it is not, the test is skipped, and in continuous integration it fails."""
    found = next(filter(None, map(shutil.which, NAMES)), "")
    if not found:
        reason = "no Chromium here: apt install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    where = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=list(SWITCHES))
        try:
            yield started
        finally:
            started.close()


def only_here(route: Route) -> None:
    """Nothing is fetched from elsewhere: MathJax and the like."""
    if route.request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:", "ws://127.0.0.1:")):
        route.continue_()
    else:
        route.abort()


def notebook() -> NotebookNode:
    """The notebook, not yet run."""
    cells = [v4.new_code_cell(source) for source, _ in CELLS]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made: NotebookNode = v4.new_notebook(cells=cells, metadata=spec)
    nbformat.validate(made)
    return made


def found_by_axe(page: Page, within: str) -> list[str]:
    """What axe finds wrong within the elements that a selector names: WCAG A and AA, and good habits."""
    results: Any = Axe().run(page, context=within)
    return [
        f"{each['id']}: {node['html'][:300]}: {node['failureSummary']}"
        for each in results.response["violations"]
        for node in each["nodes"]
    ]
