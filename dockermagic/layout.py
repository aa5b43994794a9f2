"""Clean copies of the course's notebooks, laid out for a learner and never over an edit.

A record beside the copies, `.dockermagic.json`, holds a hash of the cell sources that were laid. A copy whose
cells still have that hash was not edited, and follows the course when the course changes; any other is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .files import RECORD, replace
from .language import FIRST, mark, say

ABOUT = mark("Written by `dockermagic tutorial`: a hash of each notebook's cells as they were laid out here.")
READERS_TAGS = ("raises-exception",)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class CannotLay(Exception):
    """The notebooks cannot be laid out; one line says why."""


@dataclass
class Laid:
    """What happened to each notebook, by its path inside the folder.

    Attributes:
        new: laid where there was none.
        renewed: not edited, and the course had a newer text.
        same: as the course has it, or as it was kept by an earlier course.
        kept: edited, so left alone.
        remarks: whole sentences about anything else.
    """

    new: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What a learner wants to know, a line for each kind."""
        lines = list(self.remarks)
        if self.new:
            lines.append(say("New here: {names}.", names=_names(self.new)))
        if self.renewed:
            lines.append(say("Renewed, as you had not edited them: {names}.", names=_names(self.renewed)))
        if self.kept:
            lines.append(say("Kept as you edited them: {names}. Rename one for a fresh copy.", names=_names(self.kept)))
        return lines


def _names(paths: list[str]) -> str:
    if len(paths) <= 4:
        return say(", ").join(paths)
    return say("{count} notebooks, {first} to {last}", count=len(paths), first=paths[0], last=paths[-1])


def course() -> Path:
    """The folder of the course's own notebooks: in the wheel, or beside the package in a checkout.

    Raises:
        CannotLay: neither is there.
    """
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise CannotLay(say("the notebooks are not part of this installation; install dockermagic again"))


def read(path: Path) -> NotebookNode:
    """The notebook at `path`, in the newest format.

    Raises:
        ValueError: the file is no notebook.
        OSError: it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no notebook: {error!r}") from None
    return notebook


def clean(notebook: NotebookNode) -> NotebookNode:
    """`notebook` as a learner gets it: no outputs, no counts, no metadata but what a run depends on."""
    copy = deepcopy(notebook)
    copy.metadata.clear()
    copy.metadata.update(kernelspec=dict(KERNEL), language_info={"name": "python"})
    for cell in copy.cells:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag in READERS_TAGS]
        cell.metadata.clear()
        if tags:
            cell.metadata["tags"] = tags
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def digest(notebook: NotebookNode) -> str:
    """A hash of the cells' kinds and sources. The empty cell that Lab adds at the end does not count."""
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    while cells and not cells[-1][1].strip():
        cells.pop()
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def lay_out(source: Path, folder: Path) -> Laid:
    """Lay clean copies of the notebooks in `source` out into `folder`.

    Raises:
        CannotLay: the folder cannot be used.
    """
    if folder.resolve() == source.resolve():
        raise CannotLay(say("{folder} holds the course's own notebooks; name another folder with --dir", folder=folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _lay_out(source, folder)
    except (FileExistsError, NotADirectoryError):
        raise CannotLay(say("{folder} is not a folder; name another with --dir", folder=folder)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotLay(
            say("cannot write to {folder}: {reason}; name another folder with --dir", folder=folder, reason=reason)
        ) from None


def _lay_out(source: Path, folder: Path) -> Laid:
    laid = Laid()
    stored = _read_record(folder / RECORD)
    if stored is None:
        laid.remarks.append(say("{file} could not be read, so every notebook that differs is kept.", file=RECORD))
    record = dict(stored or {})
    for path in _notebooks(source):
        name = path.relative_to(source).as_posix()
        ours = clean(read(path))
        wanted = digest(ours)
        found = _digest_at(folder / name)
        if found is None:
            _write(folder / name, ours)
            laid.new.append(name)
        elif found == wanted:
            laid.same.append(name)
        elif found == record.get(name):
            _write(folder / name, ours)
            laid.renewed.append(name)
        else:
            laid.kept.append(name)
            continue
        record[name] = wanted
    if record != stored:
        text = json.dumps({"about": say(ABOUT), "laid": record}, indent=2, sort_keys=True)
        replace(folder / RECORD, f"{text}\n")
    return laid


def _notebooks(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*.ipynb")):
        if not any(part.startswith(".") for part in path.relative_to(source).parts):
            yield path


def _digest_at(path: Path) -> str | None:
    """The digest of the copy at `path`; "" where that is no notebook, None where nothing is there."""
    try:
        return digest(read(path))
    except FileNotFoundError:
        return None
    except (ValueError, IsADirectoryError):
        return ""


def _read_record(path: Path) -> dict[str, str] | None:
    """Name → digest as stored at `path`; None where that cannot be made out."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["laid"]
        return {str(name): str(value) for name, value in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(path: Path, notebook: NotebookNode) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, nbformat.writes(notebook) + "\n")  # type: ignore[no-untyped-call]
