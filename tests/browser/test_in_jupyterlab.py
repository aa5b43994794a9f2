"""What JupyterLab itself shows of ours: axe finds nothing, light and dark; an untrusted notebook keeps its pictures."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import requests
from browserkit import OUTPUTS, chromium, found_by_axe, only_here
from nbformat import v4
from plain import practice_host
from playwright.sync_api import Browser, Page

from dockermagic import lab

pytestmark = pytest.mark.slow
TOKEN = "browser"
OWN = ("JUPYTER", "DOCKER", "IPYTHON", "XDG")
"""What a user may have set, and must not matter here."""
NAME, UNTRUSTED = "shown.ipynb", "untrusted.ipynb"
CELLS = (
    "%load_ext dockermagic",
    "%docker create busybox --name lab-web --replace -- sh -c '(sleep 60) & echo out; echo err >&2; sleep 60'",
    "%docker start lab-web",
    "%docker list --all",
    "%docker logs lab-web",
    "%docker top lab-web --tree",
    "%docker inspect lab-web --show",
    "%docker inspect nobody",
    "%docker remove lab-web --force",
)
TAGS = {"%docker inspect nobody": ["raises-exception"]}
SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='50'><rect id='drawn' width='9' height='9'/></svg>"
DRAWN = (
    v4.new_output("display_data", {"text/html": f"<p>drawn inline</p>{SVG}"}),
    v4.new_output("display_data", {"image/svg+xml": SVG, "text/plain": "no drawing"}),
)
"""The two other ways to show a drawing."""
RUN = """async path => {
    const { commands, restored, shell } = jupyterapp;
    await restored;
    await commands.execute('docmanager:open', { path, factory: 'Notebook' });
    await shell.currentWidget.revealed;
    await shell.currentWidget.sessionContext.ready;
    await commands.execute('notebook:run-all-cells');
    await commands.execute('docmanager:save');
}"""
OPEN = """async path => {
    await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    await jupyterapp.shell.currentWidget.revealed;
    return [...jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.trusted);
}"""
THEME = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${theme}` })"
UNFOLD = "() => document.querySelectorAll('details').forEach(each => each.open = true)"
SPOIL = "html => document.querySelector('.jp-RenderedHTML').insertAdjacentHTML('beforeend', html)"
IN_SIGHT = f".jp-NotebookPanel:not(.lm-mod-hidden) {OUTPUTS}:not(.jp-RenderedJSON)"
"""The tree of a dict is drawn by JupyterLab, in colours of its own, whose contrast in the dark is too low in 4.6."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("lab")
    cells = [v4.new_code_cell(source, metadata={"tags": TAGS.get(source, [])}) for source in CELLS]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=spec), made / NAME)
    return made


def answers(address: str) -> None:
    """Wait until something listens there."""
    until = time.monotonic() + 60
    while True:
        try:
            requests.get(f"{address}/api", timeout=60).raise_for_status()
            return
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab of its own on the folder."""
    chromium()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    around = {name: text for name, text in os.environ.items() if not name.startswith(OWN)}
    around |= {"HOME": str(home), "DOCKER_HOST": practice_host()}
    words = [*lab.command(folder, port=port, browser=False), f"--IdentityProvider.token={TOKEN}"]
    words += ["--ServerApp.ip=127.0.0.1", "--LabApp.expose_app_in_browser=True"]
    with (home / "log").open("w") as log:
        with subprocess.Popen(words, cwd=folder, env=lab.environment(around), stdout=log, stderr=log) as process:
            try:
                answers(f"http://127.0.0.1:{port}")
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


@pytest.fixture(scope="module")
def page(address: str, chrome: Browser) -> Page:
    """The notebook in JupyterLab, every cell run; so high that no output is out of sight, where Lab leaves it out."""
    shown = chrome.new_page(viewport={"width": 1400, "height": 5000})
    shown.route("**", only_here)
    shown.goto(f"{address}/lab?token={TOKEN}")
    shown.wait_for_function("() => window.jupyterapp")
    shown.evaluate(RUN, NAME)
    shown.add_style_tag(
        content="body { height: 100vh }"
    )  # of Lab's own it has none, and axe takes all in it for hidden
    return shown


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing(page: Page, theme: str) -> None:
    page.evaluate(THEME, theme)
    page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(theme == "Light").lower())
    assert page.locator(IN_SIGHT).count() > len(CELLS)
    assert page.locator(IN_SIGHT).get_by_text("No such container: nobody").is_visible()
    assert found_by_axe(page, IN_SIGHT) == []
    page.evaluate(UNFOLD)
    assert found_by_axe(page, IN_SIGHT) == []


def test_axe_would_find_it(page: Page) -> None:
    """The check checks: grey on grey and an image without words are found in an output of Lab's."""
    page.evaluate(SPOIL, '<p id="bad" style="color:#888;background:#999">hardly <img src="data:,"></p>')
    found = found_by_axe(page, IN_SIGHT)
    page.evaluate("() => document.querySelector('#bad').remove()")
    assert sorted(each.partition(":")[0] for each in found) == ["color-contrast", "image-alt"]


def test_a_picture_stays_where_nobody_trusts_the_notebook(page: Page, folder: Path) -> None:
    """As `pictures` says: an image stays, and the two other ways show no drawing. An edited copy is untrusted."""
    copy = nbformat.read(folder / NAME, 4)
    copy.cells.append(v4.new_code_cell("drawn", outputs=list(DRAWN)))
    nbformat.write(copy, folder / UNTRUSTED)
    assert set(page.evaluate(OPEN, UNTRUSTED)) == {False}
    outputs = page.locator(IN_SIGHT)
    outputs.get_by_text("no drawing").wait_for()
    assert outputs.get_by_text("drawn inline").is_visible()
    assert page.locator("#drawn").count() == 0
    pictures = outputs.locator("img").evaluate_all("all => all.map(each => [each.naturalWidth, each.alt])")
    assert pictures == [[940, "What is inside lab-web: it is running"]]
    assert found_by_axe(page, IN_SIGHT) == []
