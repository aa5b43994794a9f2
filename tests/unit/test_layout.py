"""Copies for a learner: clean, renewed when the course changes, and never laid over an edit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dockermagic import layout
from dockermagic.language import FIRST
from dockermagic.layout import RECORD, CannotLay, Laid, clean, digest, lay_out, read

SECOND = "01-list.ipynb"


def author_notebook(text: str = "print('hello')") -> nbformat.NotebookNode:
    """A notebook as an author stores it: run, with outputs and metadata of all kinds."""
    code = new_code_cell(
        text,
        execution_count=7,
        metadata={"tags": ["solution", "raises-exception"], "collapsed": True, "author": {"aim": "x"}},
        outputs=[new_output("stream", name="stdout", text="hello\n")],
    )
    return new_notebook(
        cells=[new_markdown_cell("# Title", metadata={"tags": ["solution"]}), code],
        metadata={"author": {"x": 1}, "kernelspec": {"name": "mine", "display_name": "Mine"}},
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    for name in (FIRST, SECOND):
        nbformat.write(author_notebook(), folder / name)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "learner" / "tutorial"


def edit(path: Path, text: str) -> None:
    notebook = read(path)
    notebook.cells[1].source = text
    nbformat.write(notebook, path)


def source_of(path: Path) -> str:
    return str(read(path).cells[1].source)


def test_clean_keeps_text_and_what_a_run_depends_on() -> None:
    original = author_notebook()
    before = json.dumps(original)
    copy = clean(original)
    markdown, code = copy.cells
    assert (markdown.source, code.source) == ("# Title", "print('hello')")
    assert [cell.id for cell in copy.cells] == [cell.id for cell in original.cells]
    assert code.outputs == []
    assert code.execution_count is None
    assert code.metadata == {"tags": ["raises-exception"]}
    assert markdown.metadata == {}
    assert copy.metadata == {"kernelspec": layout.KERNEL, "language_info": {"name": "python"}}
    assert json.dumps(original) == before
    nbformat.validate(copy)


def test_digest_sees_sources_only() -> None:
    notebook = author_notebook()
    assert digest(notebook) == digest(clean(notebook))
    assert digest(notebook) != digest(author_notebook("print('bye')"))
    as_text = clean(notebook)
    as_text.cells[1] = new_markdown_cell("print('hello')")
    assert digest(as_text) != digest(notebook)


def test_the_empty_cell_that_lab_adds_is_no_edit() -> None:
    notebook = author_notebook()
    wanted = digest(notebook)
    notebook.cells.append(new_code_cell(" \n"))
    assert digest(notebook) == wanted
    notebook.cells.append(new_code_cell("x = 1"))
    assert digest(notebook) != wanted


def test_first_time(source: Path, folder: Path) -> None:
    laid = lay_out(source, folder)
    assert laid == Laid(new=[FIRST, SECOND])
    assert laid.lines() == [f"New here: {FIRST}, {SECOND}."]
    assert sorted(path.name for path in folder.iterdir()) == [RECORD, FIRST, SECOND]
    assert read(folder / FIRST).cells[1].outputs == []
    record = json.loads((folder / RECORD).read_text())
    assert record["laid"] == {name: digest(read(folder / name)) for name in (FIRST, SECOND)}


def test_again_changes_nothing(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    laid = lay_out(source, folder)
    assert laid == Laid(same=[FIRST, SECOND])
    assert laid.lines() == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_an_edit_is_kept_and_said(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    edit(folder / FIRST, "mine = 1")
    for change in ("print('new course')", "print('newer course')"):
        edit(source / FIRST, change)
        laid = lay_out(source, folder)
        assert laid == Laid(kept=[FIRST], same=[SECOND])
        assert [line for line in laid.lines() if FIRST in line and "Kept" in line] == laid.lines()
        assert source_of(folder / FIRST) == "mine = 1"


def test_unedited_copies_follow_the_course(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    executed = read(folder / FIRST)
    executed.cells[1].outputs = [new_output("stream", name="stdout", text="hello\n")]
    nbformat.write(executed, folder / FIRST)
    for change in ("print('new course')", "print('newer course')"):
        edit(source / FIRST, change)
        assert lay_out(source, folder) == Laid(renewed=[FIRST], same=[SECOND])
        assert source_of(folder / FIRST) == change


def test_outputs_of_an_unchanged_course_stay(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    executed = read(folder / FIRST)
    executed.cells[1].outputs = [new_output("stream", name="stdout", text="hello\n")]
    nbformat.write(executed, folder / FIRST)
    lay_out(source, folder)
    assert len(read(folder / FIRST).cells[1].outputs) == 1


def test_an_edit_taken_back_follows_the_course_again(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    edit(folder / FIRST, "mine = 1")
    edit(source / FIRST, "print('new course')")
    lay_out(source, folder)
    edit(folder / FIRST, "print('hello')")
    assert lay_out(source, folder) == Laid(renewed=[FIRST], same=[SECOND])


def test_a_deleted_or_renamed_copy_is_laid_again(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    edit(folder / FIRST, "mine = 1")
    (folder / FIRST).rename(folder / "mine.ipynb")
    assert lay_out(source, folder) == Laid(new=[FIRST], same=[SECOND])
    assert source_of(folder / "mine.ipynb") == "mine = 1"


def test_a_notebook_of_the_same_name_that_was_there_before_is_kept(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    nbformat.write(author_notebook("mine = 1"), folder / FIRST)
    assert lay_out(source, folder) == Laid(new=[SECOND], kept=[FIRST])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"nbformat": 4}', "\x00", "<<<<<<< ours\n"])
def test_what_is_no_notebook_is_kept(text: str, source: Path, folder: Path) -> None:
    lay_out(source, folder)
    (folder / FIRST).write_text(text)
    assert lay_out(source, folder) == Laid(kept=[FIRST], same=[SECOND])
    assert (folder / FIRST).read_text() == text


def test_bytes_that_are_no_text_and_a_folder_are_kept(source: Path, folder: Path) -> None:
    lay_out(source, folder)
    (folder / FIRST).write_bytes(b"\xff\xfe\x00")
    (folder / SECOND).unlink()
    (folder / SECOND).mkdir()
    assert lay_out(source, folder) == Laid(kept=[FIRST, SECOND])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"laid": 3}', "\x00"])
def test_a_spoilt_record_keeps_what_differs(text: str, source: Path, folder: Path) -> None:
    lay_out(source, folder)
    edit(folder / FIRST, "mine = 1")
    edit(source / SECOND, "print('new course')")
    (folder / RECORD).write_text(text)
    laid = lay_out(source, folder)
    assert (laid.kept, laid.renewed) == ([FIRST, SECOND], [])
    assert any(RECORD in line for line in laid.lines())
    assert isinstance(json.loads((folder / RECORD).read_text())["laid"], dict)


def test_folders_of_the_course_are_laid_too_but_not_hidden_ones(source: Path, folder: Path) -> None:
    for name in ("zh", ".ipynb_checkpoints"):
        (source / name).mkdir()
        nbformat.write(author_notebook(), source / name / FIRST)
    assert lay_out(source, folder).new == [FIRST, SECOND, f"zh/{FIRST}"]
    assert (folder / "zh" / FIRST).exists()


def test_a_file_in_place_of_the_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CannotLay, match="is not a folder"):
            lay_out(source, place)
    assert (tmp_path / "file").read_text() == "text"


def test_a_write_that_fails_is_one_line_and_leaves_no_half(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(source, folder)
    before = (folder / FIRST).read_bytes()
    edit(source / FIRST, "print('new course')")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotLay, match="No space left on device"):
        lay_out(source, folder)
    assert (folder / FIRST).read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [RECORD, FIRST, SECOND]


def test_the_course_itself_is_no_place_to_lay_it(source: Path) -> None:
    with pytest.raises(CannotLay, match="--dir"):
        lay_out(source, source / ".." / source.name)


def test_the_course_is_found() -> None:
    assert (layout.course() / FIRST).is_file()


def test_an_installation_without_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "__file__", str(tmp_path / "dockermagic" / "layout.py"))
    with pytest.raises(CannotLay, match="install"):
        layout.course()


def test_every_notebook_of_the_course_is_laid_clean(folder: Path) -> None:
    laid = lay_out(layout.course(), folder)
    assert FIRST in laid.new
    for name in laid.new:
        for cell in read(folder / name).cells:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


def test_long_lists_are_shortened() -> None:
    names = [f"{number:02}.ipynb" for number in range(11)]
    assert Laid(new=names).lines() == ["New here: 11 notebooks, 00.ipynb to 10.ipynb."]
