"""What we show is accessible: axe finds nothing in the outputs, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from browserkit import CELLS, OUTPUTS, found_by_axe, only_here
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page

FAIL = {what: at for at, (_, what) in enumerate(CELLS) if what.startswith("error")}


@pytest.fixture(scope="module", params=["light", "dark"])
def page(
    request: pytest.FixtureRequest, chrome: Browser, executed: NotebookNode, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    """The notebook as nbconvert's page."""
    html, _ = HTMLExporter(theme=request.param).from_notebook_node(executed)
    place: Path = tmp_path_factory.mktemp("page") / "page.html"
    place.write_text(html, encoding="utf-8")
    shown = chrome.new_page(viewport={"width": 1100, "height": 900})
    shown.route("**", only_here)
    shown.goto(place.as_uri(), wait_until="load")
    return shown


def test_every_cell_shows_something_and_only_those_fail_that_should(executed: NotebookNode) -> None:
    failed = {
        at: output["evalue"]
        for at, cell in enumerate(executed.cells)
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert set(failed) == set(FAIL.values()), failed
    assert [cell.source for cell in executed.cells if not cell.outputs] == []


def test_axe_finds_nothing(page: Page) -> None:
    assert page.locator(OUTPUTS).count() > len(CELLS)
    assert found_by_axe(page, OUTPUTS) == []


def test_axe_finds_nothing_when_all_is_unfolded(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.locator(f"{OUTPUTS} details:not([open])").count() == 0
    assert found_by_axe(page, OUTPUTS) == []


def test_every_picture_is_shown_and_has_words(page: Page) -> None:
    pictures = page.locator(f"{OUTPUTS} img").evaluate_all("all => all.map(each => [each.naturalWidth, each.alt])")
    assert len(pictures) >= 5
    assert all(width > 100 and alt for width, alt in pictures), pictures


def test_axe_would_find_it(chrome: Browser) -> None:
    """The check checks: an image without words and grey on grey are found, and nothing outside of our outputs."""
    page = chrome.new_page()
    bad = '<img src="data:,"><p style="color:#888;background:#999">hardly</p>'
    page.set_content(f'{bad}<div class="{OUTPUTS.removeprefix(".")}">{bad}</div>')
    found = found_by_axe(page, OUTPUTS)
    assert sorted(each.partition(":")[0] for each in found) == ["color-contrast", "image-alt"]
