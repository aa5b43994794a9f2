"""What is generated in the notebooks is up to date, and replaced, never written twice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dockermagic.language import FIRST
from dockermagic.lessons.course import LESSONS
from dockermagic.lessons.exercise import Lesson

ROOT = Path(__file__).parents[2]
TWO = (Lesson("00-start", "", "a start", 5), Lesson("01-list", "GET /a", "a list", 7))


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lessons_tool", ROOT / "tools" / "lessons.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["lessons_tool"] = module
    spec.loader.exec_module(module)
    return module


def test_the_notebooks_are_up_to_date(tool):
    assert [path.name for path, _ in tool.behind(ROOT / "notebooks")] == [], "run `make docs`"


def test_every_lesson_but_the_ends_has_all_its_links(tool):
    assert tool.navigation(LESSONS, 0) == "next: [01 list](01-list.ipynb) →"
    assert tool.navigation(LESSONS, 2).split(" · ") == [
        "← previous: [01 list](01-list.ipynb)",
        "start: [00 start](00-start.ipynb)",
        "next: [03 inspect](03-inspect.ipynb) →",
    ]
    assert "next" not in tool.navigation(LESSONS, len(LESSONS) - 1)


def test_minutes_are_summed(tool):
    table = tool.contents(TWO).splitlines()
    assert table[2:] == [
        "| [00 start](00-start.ipynb) |  | a start | 0 | 5 |",
        "| [01 list](01-list.ipynb) | `GET /a` | a list | 0 | 7 |",
        "| all |  |  | 0 | 12 |",
    ]


def test_a_generated_cell_is_replaced_and_keeps_its_place_and_its_metadata(tool, tmp_path: Path):
    for lesson in TWO:
        cells = [new_markdown_cell("# A"), new_code_cell("1"), new_markdown_cell("## End")]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{lesson.name}.ipynb")
    for path, text in tool.behind(tmp_path, TWO):
        path.write_text(text)
    assert tool.behind(tmp_path, TWO) == []
    first = nbformat.read(tmp_path / FIRST, as_version=4)
    assert [cell.metadata.get("tags") for cell in first.cells] == [
        None,
        ["minutes"],
        None,
        None,
        ["contents"],
        ["navigation"],
    ]
    first.cells[1].source, first.cells[1].metadata["more"] = "*About 99 minutes.*", 1
    first.cells.append(first.cells.pop(4))
    first.cells.append(nbformat.from_dict({**first.cells[1], "id": "again"}))
    nbformat.write(first, tmp_path / FIRST)
    ((path, text),) = tool.behind(tmp_path, TWO)
    path.write_text(text)
    anew = nbformat.read(path, as_version=4)
    assert len(anew.cells) == 6
    assert anew.cells[1].source == "*About 5 minutes.*"
    assert anew.cells[1].metadata["more"] == 1
    assert anew.cells[-1].metadata.tags == ["contents"]


def test_the_plans_of_the_guide_are_up_to_date_and_fit_their_time(tool):
    for guide in tool.GUIDES.values():
        assert len(tool.PLAN.findall(guide.read_text(encoding="utf-8"))) == 2
    assert [path.name for path, _ in tool.guides()] == [], "`make docs` writes them"


def test_a_plan_is_summed_and_refuses_what_does_not_fit(tool):
    text = "<!-- plan 12 read: 00-start 01-list -->\nold\n<!-- /plan -->\n"
    lines = tool.planned(text, TWO).splitlines()
    assert lines[3:-1] == [
        "| 00 start | a start | 5 |",
        "| 01 list | a list | 7 |",
        "| all, of 12 | | 12 |",
    ]
    assert tool.planned("\n".join(lines) + "\n", TWO) == "\n".join(lines) + "\n"
    for old, new, why in (("12", "11", "takes 12"), ("00-start", "07-none", "no such lesson")):
        with pytest.raises(ValueError, match=why):
            tool.planned(text.replace(old, new), TWO)
