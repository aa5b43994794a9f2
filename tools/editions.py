"""Keep the Chinese edition in step with the English one. The English notebooks are the source.

    python tools/editions.py sync            bring cells, order, code and tags over; mark what is new or stale
    python tools/editions.py check           name what is new, stale or different; fails if anything is
    python tools/editions.py diff [NAME]     what changed in the English of each stale cell
    python tools/editions.py show NAME       the English Markdown cells, each under `<!-- its id -->`; --todo: open ones
    python tools/editions.py take NAME FILE  the Chinese of such a file goes into the cells, as the present English's

A Chinese Markdown cell keeps the hash of the English cell that it renders, in `metadata.english`. A Chinese text is
never overwritten but by `take`: `sync` only puts a line for the reader above one that is stale, and takes it away.
Texts whose English cell is gone are printed, and dropped. What tools/lessons.py generates it generates in every
edition: such cells are only brought over.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import nbformat
from lessons import GENERATED
from nbformat import NotebookNode

ENGLISH = Path(__file__).parents[1] / "notebooks"
EDITION = "zh"
KEY = "english"
STALE = "> **译文待更新**：本段的英文原文已有改动，以下译文可能与之不符。\n\n"
NEW = "> **尚未翻译**：以下是英文原文。\n\n"
HEAD = re.compile(r"^<!-- ([\w-]+) -->$", re.M)


@dataclass(frozen=True)
class Finding:
    """One cell, or a whole notebook, that is out of step."""

    notebook: str
    cell: str
    what: str

    def __str__(self) -> str:
        return f"{self.notebook} {self.cell}: {self.what}".replace(" :", ":")


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("[0-9]*.ipynb"))


def read(folder: Path, name: str) -> NotebookNode | None:
    path = folder / f"{name}.ipynb"
    return nbformat.read(path, as_version=4) if path.is_file() else None


def write(folder: Path, name: str, notebook: NotebookNode) -> None:
    folder.mkdir(exist_ok=True)
    text = nbformat.writes(notebook) + "\n"
    path = folder / f"{name}.ipynb"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def generated(cell: NotebookNode) -> bool:
    """Whether tools/lessons.py writes the cell."""
    return not {*GENERATED}.isdisjoint(cell.metadata.get("tags", []))


def stamp(source: str) -> str:
    """The hash of an English Markdown cell."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def plain(source: str) -> str:
    """A Chinese text without the line that marks it."""
    return source.removeprefix(STALE).removeprefix(NEW)


def rendered(english: str, before: NotebookNode | None) -> tuple[str, str]:
    """The Chinese cell for an English text: its source, with the line that its state asks for, and its hash."""
    if before is None or before.source.startswith(NEW):
        return NEW + english, ""
    stored = str(before.metadata.get(KEY, ""))
    text = plain(before.source)
    return (text if stored == stamp(english) else STALE + text), stored


def rendering(english: NotebookNode, chinese: NotebookNode | None) -> tuple[NotebookNode, list[NotebookNode]]:
    """The Chinese notebook as the English one asks for it, and the Chinese cells that found no place."""
    old = {cell.id: cell for cell in chinese.cells} if chinese else {}
    made = deepcopy(english)
    if chinese:
        made.metadata = chinese.metadata
    for cell in made.cells:
        before = old.pop(cell.id, None)
        if generated(cell):
            cell.source = before.source if before else cell.source
        elif cell.cell_type == "markdown":
            cell.source, cell.metadata[KEY] = rendered(cell.source, before)
        elif cell.cell_type == "code":
            kept = before if before and before.get("source") == cell.source else None
            cell.outputs = kept.outputs if kept else []
            cell.execution_count = kept.execution_count if kept else None
    return made, [cell for cell in old.values() if cell.cell_type == "markdown"]


def findings(folder: Path = ENGLISH) -> Iterator[Finding]:
    """Everything that is out of step."""
    for name in sorted({*names(folder)} ^ {*names(folder / EDITION)}):
        yield Finding(name, "", "is there in one edition only")
    for name in sorted({*names(folder)} & {*names(folder / EDITION)}):
        english, chinese = read(folder, name), read(folder / EDITION, name)
        assert english
        assert chinese
        if [cell.id for cell in english.cells] != [cell.id for cell in chinese.cells]:
            yield Finding(name, "", "the cells, or their order, differ")
        theirs = {cell.id: cell for cell in chinese.cells}
        for cell in english.cells:
            if (other := theirs.get(cell.id)) is not None:
                yield from _compare(name, cell, other)


def _compare(name: str, english: NotebookNode, chinese: NotebookNode) -> Iterator[Finding]:
    tags = english.metadata.get("tags", []), chinese.metadata.get("tags", [])
    if english.cell_type != chinese.cell_type or tags[0] != tags[1]:
        yield Finding(name, english.id, "kind or tags differ")
    elif generated(english):
        return
    elif english.cell_type != "markdown":
        if english.source != chinese.source:
            yield Finding(name, english.id, "the code differs")
    elif not chinese.metadata.get(KEY):
        yield Finding(name, english.id, "is new")
    elif chinese.metadata[KEY] != stamp(english.source):
        yield Finding(name, english.id, "is stale")
    elif chinese.source != plain(chinese.source):
        yield Finding(name, english.id, "is marked as stale and is not")


def sync(folder: Path = ENGLISH) -> list[str]:
    """Bring the Chinese edition into step; what was dropped, as text."""
    dropped = []
    for name in names(folder):
        english = read(folder, name)
        assert english
        made, gone = rendering(english, read(folder / EDITION, name))
        write(folder / EDITION, name, made)
        dropped += [f"{name} {cell.id}: dropped, its English is gone:\n{plain(cell.source)}" for cell in gone]
    for name in sorted({*names(folder / EDITION)} - {*names(folder)}):
        dropped.append(f"{name}: its English is gone; delete it by hand")
    return dropped


def english_of(folder: Path, name: str, cell: str, wanted: str) -> str | None:
    """The English text that a hash belongs to, out of git's history; None where it is not there."""
    path = f"{name}.ipynb"
    log = ["git", "-C", str(folder), "log", "--format=%H", "--", path]
    for commit in subprocess.run(log, capture_output=True, text=True, check=True).stdout.split():
        show = ["git", "-C", str(folder), "show", f"{commit}:./{path}"]
        found = subprocess.run(show, capture_output=True, text=True, check=False)
        if found.returncode:
            continue
        for old in nbformat.reads(found.stdout, as_version=4).cells:
            if old.id == cell and stamp(old.source) == wanted:
                return str(old.source)
    return None


def diff(folder: Path, name: str) -> Iterator[str]:
    """What changed in the English of each stale cell, as a unified diff."""
    english, chinese = read(folder, name), read(folder / EDITION, name)
    if not (english and chinese):
        return
    theirs = {cell.id: cell for cell in chinese.cells}
    for cell in english.cells:
        stored = theirs[cell.id].metadata.get(KEY) if cell.id in theirs else None
        if cell.cell_type != "markdown" or not stored or stored == stamp(cell.source):
            continue
        before = english_of(folder, name, cell.id, stored)
        yield f"== {name} {cell.id}"
        if before is None:
            yield "(the English that it renders is not in git's history)"
        old = (before or "").splitlines()
        yield from difflib.unified_diff(old, cell.source.splitlines(), "rendered", "now", lineterm="")


def show(folder: Path, name: str, todo: bool) -> Iterator[str]:
    """The English Markdown cells, each under its id."""
    english, chinese = read(folder, name), read(folder / EDITION, name)
    if english is None:
        raise SystemExit(f"there is no notebook {name}")
    done = {cell.id: cell.metadata.get(KEY) for cell in chinese.cells} if chinese else {}
    for cell in english.cells:
        if (
            cell.cell_type == "markdown"
            and not generated(cell)
            and not (todo and done.get(cell.id) == stamp(cell.source))
        ):
            yield f"<!-- {cell.id} -->\n{cell.source}\n"


def take(folder: Path, name: str, text: str) -> int:
    """Put Chinese texts, each under its cell's id, into the Chinese notebook; how many."""
    english, chinese = read(folder, name), read(folder / EDITION, name)
    if english is None:
        raise SystemExit(f"there is no notebook {name}")
    made, _ = rendering(english, chinese)
    parts = HEAD.split(text)[1:]
    texts = dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    sources = {cell.id: cell.source for cell in english.cells if cell.cell_type == "markdown" and not generated(cell)}
    if unknown := sorted(texts.keys() - sources.keys()):
        raise SystemExit(f"{name} has no Markdown cell {', '.join(unknown)}")
    for cell in made.cells:
        if cell.id in texts:
            cell.source, cell.metadata[KEY] = texts[cell.id], stamp(sources[cell.id])
    write(folder / EDITION, name, made)
    return len(texts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ENGLISH, help="where the English notebooks are")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("sync")
    commands.add_parser("check")
    commands.add_parser("diff").add_argument("name", nargs="?")
    showing = commands.add_parser("show")
    showing.add_argument("name")
    showing.add_argument("--todo", action="store_true", help="only what is new or stale")
    taking = commands.add_parser("take")
    taking.add_argument("name")
    taking.add_argument("file", type=Path)
    said = parser.parse_args()
    if said.command == "sync":
        print(*sync(said.folder), sep="\n", end="")
        return 0
    if said.command == "check":
        found = list(findings(said.folder))
        print(*found, sep="\n")
        return 1 if found else 0
    if said.command == "diff":
        chosen = [said.name] if said.name else names(said.folder)
        print(*(line for name in chosen for line in diff(said.folder, name)), sep="\n")
    elif said.command == "show":
        print(*show(said.folder, said.name, said.todo), sep="\n")
    else:
        print(f"{take(said.folder, said.name, said.file.read_text(encoding='utf-8'))} cells taken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
