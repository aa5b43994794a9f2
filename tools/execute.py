"""Store the lessons with their outputs, executed on a named engine.

    python tools/execute.py docker-28                     all of them; the engine as DOCKERMAGIC_ENGINES names it
    python tools/execute.py docker-28 01-list zh/01-list  these

A cell's stored outputs are kept where a reader would see no difference: ids, times, durations, sizes, addresses and
process numbers are masked in that comparison. Nothing is stored of a lesson in which a cell failed unmeant.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "notebooks"))

import nbformat
from nbformat import NotebookNode
from plain import Engine, named_engines, usable
from runner import problems, run

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
HOME, COURSE, SOCKET, HOST = "/home/learner", "/home/learner/course", "/var/run/docker.sock", "learner"
STORE = "/var/lib/docker"
SIZE = r"\d+(?:\.\d+)? ?(?:[kMGT]i?)?B\b"
UNIT = r"(?:nanosecond|millisecond|second|minute|hour|day|week|month)s?"
MASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (f"<{name}>", re.compile(pattern))
    for name, pattern in (
        ("address", r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
        ("address", r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b"),
        ("time", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
        ("time", r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z0-9][\w ]{4,14}\d\d:\d\d:\d\d(?: [A-Z]{3})?(?: \d{4})?"),
        ("time", r"\b\d{1,2}:\d\d(?::\d\d)?\b"),
        ("day", r"\b\d{4}-\d\d-\d\d\b"),
        ("id", r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{12})\b"),
        ("duration", r"\b\d+(?:\.\d+)? ?(?:ns|µs|ms|s|min|m|h)\b(?: \d\d s)?"),
        ("duration", rf"(?:[Ll]ess than a second|[Aa]bout (?:a|an|\d+) {UNIT}|\b\d+ {UNIT})(?: ago)?"),
        ("size", rf"\b{SIZE}"),
        ("percent", r"\b\d+\.\d+ ?%"),
        ("number", r"\b\d{4,}(?:\.\d+)?\b"),
    )
)
PROCESSES = re.compile(r"\bPID\b|\"Pid\"")
NUMBER = re.compile(r"\b\d+(?:\.\d+)?\b")
GAP = re.compile(r"[ ─]{2,}")
SHORTEST = 3


def texts(value: Any) -> Iterator[str]:
    """Every text in outputs that a reader sees."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in sorted(value.items()):  # as a notebook stores them
            if key not in ("execution_count", "metadata", "transient"):
                yield from texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts(each)
    elif value is not None:
        yield str(value)


def processes(cells: Iterable[NotebookNode]) -> set[str]:
    """The numbers of three digits and more in outputs that list processes: they may stand elsewhere, too."""
    listing = [text for cell in cells for text in _listing(cell)]
    return {
        number for text in listing for number in NUMBER.findall(text) if number.isdigit() and len(number) >= SHORTEST
    }


def _listing(cell: NotebookNode) -> list[str]:
    found = [list(texts(output)) for output in cell.get("outputs", [])]
    return [text for each in found if PROCESSES.search("\n".join(each)) for text in each]


def masked(text: str, numbers: Collection[str] = ()) -> str:
    """`text`, all that differs from run to run masked, and these numbers."""
    for word, pattern in MASKS:
        text = pattern.sub(word, text)
    return GAP.sub("  ", NUMBER.sub(lambda found: "<number>" if found[0] in numbers else found[0], text))


def seen(outputs: Sequence[NotebookNode], numbers: Collection[str] = ()) -> list[str]:
    """Outputs as a reader sees them, masked; where processes are listed every number."""
    found = []
    for output in outputs:
        text = "\n".join(texts(output))
        found.append(NUMBER.sub("<number>", masked(text)) if PROCESSES.search(text) else masked(text, numbers))
    return found


def store(stored: NotebookNode, executed: NotebookNode) -> bool:
    """Take over the outputs that look different; whether any did."""
    changed = False
    fresh = {cell.id: cell for cell in executed.cells}
    before, now = processes(stored.cells), processes(executed.cells)
    for cell in stored.cells:
        if cell.cell_type != "code":
            continue
        new = fresh[cell.id]
        if seen(cell.outputs, before) != seen(new.outputs, now):
            cell.outputs, changed = new.outputs, True
        if cell.execution_count != new.execution_count:
            cell.execution_count, changed = new.execution_count, True
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = new.execution_count
    return changed


def private(text: str, words: Mapping[str, str]) -> str:
    """`text` without what is this machine's own, as it is and as it stands in a URL."""
    for ours, told in words.items():
        text = text.replace(ours, told).replace(quote(ours, safe=""), quote(told, safe=""))
    return text


def told(value: Any, words: Mapping[str, str]) -> Any:
    """Outputs without what is this machine's own."""
    if isinstance(value, str):
        return private(value, words)
    if isinstance(value, dict):
        return type(value)({key: told(each, words) for key, each in value.items()})
    return [told(each, words) for each in value] if isinstance(value, list) else value


def execute(path: Path, engine: Engine, folder: Path) -> NotebookNode:
    """The notebook at `path`, executed in a copy of the course in `folder`."""
    copy = folder / "course" / path.relative_to(NOTEBOOKS)
    notebook = run(copy, engine.host, folder / "ipython")
    words = {
        engine.host.partition("://")[2]: SOCKET,
        str(folder / "course"): COURSE,
        str(folder / "home"): HOME,
        socket.gethostname(): HOST,
        engine.call("GET", "/info").json().get("DockerRootDir", STORE): STORE,
    }
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            cell.outputs = told(cell.outputs, words)
    return notebook


def named(name: str) -> Engine:
    """The engine that is meant.

    Raises:
        SystemExit: DOCKERMAGIC_ENGINES names none like it.
    """
    engines = {engine.name: engine for engine in named_engines()}
    if name not in engines:
        raise SystemExit(f"DOCKERMAGIC_ENGINES names no {name}; it names {', '.join(engines)}")
    return usable(engines[name])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", help="its name in DOCKERMAGIC_ENGINES")
    parser.add_argument("notebooks", nargs="*", help="for instance 01-list; all, where none is named")
    said = parser.parse_args()
    engine = named(said.engine)
    paths = [NOTEBOOKS / f"{name}.ipynb" for name in said.notebooks] or sorted(NOTEBOOKS.rglob("[0-9]*.ipynb"))
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(NOTEBOOKS, folder / "course")
        (folder / "home").mkdir()
        os.environ.update(HOME=str(folder / "home"), LC_ALL="C.UTF-8", COLUMNS="120")
        os.environ.pop("XDG_RUNTIME_DIR", None)
        for path in paths:
            name = path.relative_to(NOTEBOOKS).as_posix()
            executed = execute(path, engine, folder)
            if found := problems(executed):
                failed += 1
                print(f"{name}: not stored", *found, sep="\n  ", file=sys.stderr)
                continue
            stored = nbformat.read(path, as_version=4)
            if store(stored, executed):
                path.write_text(nbformat.writes(stored) + "\n", encoding="utf-8")
                print(f"{name}: stored")
            else:
                print(f"{name}: looks the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
