"""The notebook with every kind of output, executed once; a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browserkit import browser, chromium, notebook
from nbclient import NotebookClient
from nbformat import NotebookNode
from plain import practice_host
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """Every cell run on a practice engine, in a folder of its own, whatever fails."""
    chromium()
    folder: Path = tmp_path_factory.mktemp("browser")
    made = notebook()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", practice_host())
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.chdir(folder)
        client = NotebookClient(made, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return made
