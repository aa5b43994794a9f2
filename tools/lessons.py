"""Write what is generated of the lessons: their minutes, the table in 00-start, the links at the foot, the plans in
docs/instructors.md and its Chinese edition.

    python tools/lessons.py            write it
    python tools/lessons.py --check    fail when a notebook is behind

A generated cell carries one of the tags `minutes`, `contents`, `navigation`; it is replaced, never written twice.
A plan stands between `<!-- plan MINUTES read|all: LESSON … -->` and `<!-- /plan -->`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from dockermagic.language import CHOICE, FIRST, LANGUAGES, say
from dockermagic.lessons.course import LESSONS
from dockermagic.lessons.exercise import Lesson

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
GUIDES = {"en": ROOT / "docs" / "instructors.md", "zh": ROOT / "docs" / "instructors.zh.md"}
PLAN = re.compile(r"(<!-- plan (\d+) (read|all): ([\w\s-]+?) -->\n).*?(<!-- /plan -->)", re.S)
GENERATED = MINUTES, CONTENTS, NAVIGATION = "minutes", "contents", "navigation"


def title(lesson: Lesson) -> str:
    """`01 list`."""
    return lesson.name.replace("-", " ")


def link(lesson: Lesson) -> str:
    return f"[{title(lesson)}]({lesson.name}.ipynb)"


def minutes(lesson: Lesson) -> str:
    """How long a lesson takes."""
    if not lesson.exercises:
        return say("*About {all} minutes.*", all=lesson.all_minutes)
    return say(
        "*About {all} minutes: {read} to read and run it, {practise} for {count} exercises.*",
        all=lesson.all_minutes,
        read=lesson.minutes,
        practise=lesson.all_minutes - lesson.minutes,
        count=len(lesson.exercises),
    )


def contents(lessons: Sequence[Lesson]) -> str:
    """The table of the course."""
    heads = [say("lesson"), say("call"), say("what it is about"), say("exercises"), say("minutes")]
    rows = [
        [
            link(each),
            f"`{each.endpoint}`" if each.endpoint else "",
            say(each.about),
            str(len(each.exercises)),
            str(each.all_minutes),
        ]
        for each in lessons
    ]
    exercises, total = sum(len(each.exercises) for each in lessons), sum(each.all_minutes for each in lessons)
    rows.append([say("all"), "", "", str(exercises), str(total)])
    lines = [heads, ["---", "---", "---", "--:", "--:"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def navigation(lessons: Sequence[Lesson], at: int) -> str:
    """The links at the foot of a lesson."""
    parts = []
    if at > 0:
        parts.append(say("← previous: {link}", link=link(lessons[at - 1])))
    if at > 1:
        parts.append(say("start: {link}", link=link(lessons[0])))
    if at + 1 < len(lessons):
        parts.append(say("next: {link} →", link=link(lessons[at + 1])))
    return " · ".join(parts)


def put(notebook: NotebookNode, tag: str, source: str, at: int) -> None:
    """Put a generated cell where the one with its tag stands, else at `at`."""
    found = [index for index, cell in enumerate(notebook.cells) if tag in cell.metadata.get("tags", [])]
    if not found:
        notebook.cells.insert(at, new_markdown_cell(source, id=tag, metadata={"tags": [tag]}))
        return
    notebook.cells[found[0]].source = source
    for index in reversed(found[1:]):
        notebook.cells.pop(index)


def generated(path: Path, lessons: Sequence[Lesson], at: int) -> str:
    """The text of the notebook at `path`, all that is generated in it up to date."""
    notebook = nbformat.read(path, as_version=4)
    put(notebook, MINUTES, minutes(lessons[at]), 1)
    if path.name == FIRST:
        put(notebook, CONTENTS, contents(lessons), len(notebook.cells))
    put(notebook, NAVIGATION, navigation(lessons, at), len(notebook.cells))
    return str(nbformat.writes(notebook)) + "\n"


def behind(folder: Path, lessons: Sequence[Lesson] = LESSONS) -> list[tuple[Path, str]]:
    """The notebooks of every edition that are behind, each with its text as it should be.

    Raises:
        FileNotFoundError: a lesson has no notebook.
    """
    found = []
    for language in LANGUAGES:
        edition = folder if language == LANGUAGES[0] else folder / language
        if not (edition / FIRST).is_file():
            continue
        CHOICE.chosen = language
        for at, lesson in enumerate(lessons):
            path = edition / f"{lesson.name}.ipynb"
            if path.exists() or language == LANGUAGES[0]:
                text = generated(path, lessons, at)
                found += [(path, text)] if path.read_text(encoding="utf-8") != text else []
    CHOICE.chosen = ""
    return found


def plan(room: int, how: str, names: Sequence[str], lessons: Sequence[Lesson]) -> str:
    """The table of a plan, and its sum.

    Args:
        room: the minutes that there are.
        how: "read": to read and run the lessons; "all": their exercises too.

    Raises:
        ValueError: a lesson is not known, or they take longer.
    """
    known = {lesson.name: lesson for lesson in lessons}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"a plan names {', '.join(unknown)}: there is no such lesson")
    taken = {name: known[name].minutes if how == "read" else known[name].all_minutes for name in names}
    if sum(taken.values()) > room:
        raise ValueError(f"the plan of {room} minutes takes {sum(taken.values())}: leave a lesson out")
    rows = [f"| {title(known[name])} | {say(known[name].about)} | {minutes} |" for name, minutes in taken.items()]
    head = [f"| {say('lesson')} | {say('what it is about')} | {say('minutes')} |", "| --- | --- | --: |"]
    return "\n".join([*head, *rows, f"| {say('all, of {room}', room=room)} | | {sum(taken.values())} |"]) + "\n"


def planned(guide: str, lessons: Sequence[Lesson] = LESSONS) -> str:
    """The text of the instructor's guide, its plans up to date.

    Raises:
        ValueError: as `plan`.
    """
    return PLAN.sub(lambda found: found[1] + plan(int(found[2]), found[3], found[4].split(), lessons) + found[5], guide)


def guides() -> list[tuple[Path, str]]:
    """The instructor's guides that are behind, each with its text as it should be."""
    found = []
    for language, path in GUIDES.items():
        CHOICE.chosen = language
        text = path.read_text(encoding="utf-8")
        found += [(path, anew)] if (anew := planned(text)) != text else []
    CHOICE.chosen = ""
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a notebook is behind")
    check = parser.parse_args().check
    late = behind(NOTEBOOKS) + guides()
    for path, text in late:
        if check:
            print(f"{path.relative_to(ROOT)} is behind: run `make docs`", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and late else 0


if __name__ == "__main__":
    sys.exit(main())
