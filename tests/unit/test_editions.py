"""The tool that keeps the Chinese edition in step with the English one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOOLS = str(Path(__file__).parents[2] / "tools")


@pytest.fixture(scope="module")
def editions():
    sys.path.insert(0, TOOLS)
    try:
        import editions
    finally:
        sys.path.remove(TOOLS)
    return editions


@pytest.fixture
def folder(tmp_path, editions):
    """A course of one notebook, rendered in full."""
    cells = [
        new_markdown_cell("# One", id="title"),
        new_code_cell("%docker list", id="call", metadata={"tags": ["raises-exception"]}),
        new_markdown_cell("A row a container.", id="read"),
    ]
    editions.write(tmp_path, "01-one", new_notebook(cells=cells))
    editions.take(tmp_path, "01-one", "<!-- title -->\n# 一\n\n<!-- read -->\n每个容器一行。\n")
    return tmp_path


def chinese(folder, editions):
    return {cell.id: cell for cell in editions.read(folder / "zh", "01-one").cells}


def change(folder, editions, cell, source):
    notebook = editions.read(folder, "01-one")
    next(each for each in notebook.cells if each.id == cell).source = source
    editions.write(folder, "01-one", notebook)


def said(folder, editions):
    return [str(finding) for finding in editions.findings(folder)]


def test_what_was_taken_is_in_step(folder, editions):
    assert said(folder, editions) == []
    assert chinese(folder, editions)["title"].source == "# 一"
    assert editions.sync(folder) == []
    assert said(folder, editions) == []


def test_a_changed_english_cell_makes_that_one_stale_and_moves_nothing_else(folder, editions):
    before = chinese(folder, editions)
    change(folder, editions, "read", "One row a container.")
    assert said(folder, editions) == ["01-one read: is stale"]
    editions.sync(folder)
    after = chinese(folder, editions)
    assert after["read"].source == f"{editions.STALE}每个容器一行。"
    assert {name: cell for name, cell in after.items() if name != "read"} == {
        name: cell for name, cell in before.items() if name != "read"
    }
    editions.sync(folder)
    assert chinese(folder, editions) == after
    editions.take(folder, "01-one", "<!-- read -->\n一个容器占一行。")
    assert chinese(folder, editions)["read"].source == "一个容器占一行。"
    assert said(folder, editions) == []


def test_an_english_cell_that_is_as_it_was_takes_the_mark_away(folder, editions):
    change(folder, editions, "read", "Other.")
    editions.sync(folder)
    change(folder, editions, "read", "A row a container.")
    assert said(folder, editions) == ["01-one read: is marked as stale and is not"]
    editions.sync(folder)
    assert said(folder, editions) == []


def test_the_difference_is_shown_from_history(folder, editions):
    def git(*words):
        subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    change(folder, editions, "read", "One row a container.")
    lines = list(editions.diff(folder, "01-one"))
    assert lines[0] == "== 01-one read"
    assert lines[-2:] == ["-A row a container.", "+One row a container."]


def test_new_cells_come_over_in_english_and_say_so(folder, editions):
    notebook = editions.read(folder, "01-one")
    notebook.cells.insert(1, new_markdown_cell("More.", id="more"))
    editions.write(folder, "01-one", notebook)
    assert said(folder, editions) == ["01-one: the cells, or their order, differ"]
    editions.sync(folder)
    assert chinese(folder, editions)["more"].source == f"{editions.NEW}More."
    assert said(folder, editions) == ["01-one more: is new"]
    assert "<!-- more -->\nMore.\n" in list(editions.show(folder, "01-one", todo=True))
    change(folder, editions, "more", "More of it.")
    editions.sync(folder)
    assert chinese(folder, editions)["more"].source == f"{editions.NEW}More of it."


def test_text_written_by_hand_is_kept(folder, editions):
    notebook = editions.read(folder / "zh", "01-one")
    notebook.cells[2].source, notebook.cells[2].metadata = "手写。", {}
    editions.write(folder / "zh", "01-one", notebook)
    editions.sync(folder)
    assert chinese(folder, editions)["read"].source.endswith("手写。")


def test_a_text_whose_english_is_gone_is_printed(folder, editions):
    notebook = editions.read(folder, "01-one")
    notebook.cells.pop()
    editions.write(folder, "01-one", notebook)
    assert "每个容器一行。" in editions.sync(folder)[0]
    assert said(folder, editions) == []


def test_code_follows_and_outputs_stay_while_it_is_the_same(folder, editions):
    notebook = editions.read(folder / "zh", "01-one")
    notebook.cells[1].outputs = [new_output("stream", text="列表\n")]
    nbformat.write(notebook, folder / "zh" / "01-one.ipynb")
    editions.sync(folder)
    assert chinese(folder, editions)["call"].outputs
    change(folder, editions, "call", "%docker list --all")
    assert said(folder, editions) == ["01-one call: the code differs"]
    editions.sync(folder)
    assert chinese(folder, editions)["call"].source == "%docker list --all"
    assert not chinese(folder, editions)["call"].outputs


def test_a_notebook_in_one_edition_only_is_named(folder, editions):
    editions.write(folder, "02-two", new_notebook())
    assert said(folder, editions) == ["02-two: is there in one edition only"]
    with pytest.raises(SystemExit, match="no Markdown cell nobody"):
        editions.take(folder, "01-one", "<!-- nobody -->\n谁？")


def test_what_is_generated_is_brought_over_and_left_to_its_generator(folder, editions):
    notebook = editions.read(folder, "01-one")
    notebook.cells.insert(1, new_markdown_cell("*About 5 minutes.*", id="minutes", metadata={"tags": ["minutes"]}))
    editions.write(folder, "01-one", notebook)
    editions.sync(folder)
    assert chinese(folder, editions)["minutes"].source == "*About 5 minutes.*"
    assert said(folder, editions) == []
    rendered = editions.read(folder / "zh", "01-one")
    rendered.cells[1].source = "*约 5 分钟。*"
    editions.write(folder / "zh", "01-one", rendered)
    change(folder, editions, "minutes", "*About 6 minutes.*")
    assert said(folder, editions) == []
    editions.sync(folder)
    assert chinese(folder, editions)["minutes"].source == "*约 5 分钟。*"
    assert "minutes" not in "".join(editions.show(folder, "01-one", todo=False))
