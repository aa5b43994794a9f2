"""How far the learner is: a readable file beside the notebooks, kept over restarts and new copies.

    {
      "about": "Written by …",
      "exercises": {"list-ended": {"done": "2026-11-24T15:20:00Z", "hints": 2, "asked": 1}}
    }

`done` is when it was first solved; `hints` how many were given; `asked` how often the solution was asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dockermagic.files import RECORD, replace
from dockermagic.language import LANGUAGES, mark, say

try:
    from fcntl import LOCK_EX, flock
except ImportError:  # Windows: two kernels at once may lose a mark there
    flock = None  # type: ignore[assignment]

FILE = "dockermagic-progress.json"
ABOUT = mark("Written by %docker check, hint, solution and reset: how far you are. Delete it to begin anew.")
LEVELS = 3


@dataclass(frozen=True)
class Mark:
    """What is remembered of one exercise.

    Attributes:
        done: when it was first solved, ISO 8601 in UTC; "" for not yet.
        hints: how many were given.
        asked: how often the solution was asked for.
    """

    done: str = ""
    hints: int = 0
    asked: int = 0


def folder(here: Path) -> Path:
    """Where the progress of a notebook in `here` is kept: the folder that was laid out, else `here` itself."""
    for each in [here, *here.parents][:LEVELS]:
        if (each / RECORD).is_file() or (each / FILE).is_file():
            return each
    return here.parent if here.name in LANGUAGES else here


class Progress:
    """The file, read anew at each use, since other kernels write it too.

    Attributes:
        path: the file.
        remarks: whole sentences about what could not be read or written; not raised, since it is no fault of
            the exercise.
    """

    def __init__(self, here: Path | None = None) -> None:
        self.path = folder(here or Path.cwd()) / FILE
        self.remarks: list[str] = []

    def marks(self) -> dict[str, Mark]:
        """Exercise → what is remembered of it; an exercise that is not there was not touched yet."""
        return {name: _mark(found) for name, found in self._read()["exercises"].items()}

    def mark(self, name: str) -> Mark:
        return self.marks().get(name, Mark())

    def done(self, name: str) -> Mark:
        """It was solved now, or was before."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._change(name, lambda found: {"done": found.get("done") or now})

    def hinted(self, name: str, most: int) -> Mark:
        """One hint more was given, of `most`."""
        return self._change(name, lambda found: {"hints": min(most, _mark(found).hints + 1)})

    def asked(self, name: str) -> Mark:
        """The solution was asked for."""
        return self._change(name, lambda found: {"asked": _mark(found).asked + 1})

    def forget(self, name: str) -> None:
        """As if it had never been touched."""
        self._change(name, None)

    def _change(self, name: str, change: Any) -> Mark:
        changed: dict[str, Any] = {}
        with self._alone():
            whole = self._read()
            if change is None:
                if whole["exercises"].pop(name, None) is None:
                    return Mark()
            else:
                before = whole["exercises"].get(name, {})
                changed = {**before, **change(before)}
                if changed == before:
                    return _mark(changed)
                whole["exercises"][name] = changed
            text = json.dumps({"about": say(ABOUT), **whole}, indent=2, ensure_ascii=False)
            try:
                replace(self.path, f"{text}\n")
            except OSError as error:
                self.remarks.append(
                    say("your progress could not be kept in {file}: {why}", file=self.path, why=error.strerror or error)
                )
        return _mark(changed)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one kernel at a time reads and writes."""
        handle = None
        if flock is not None:
            with suppress(OSError):
                handle = os.open(self.path.parent, os.O_RDONLY)
        try:
            if handle is not None:
                flock(handle, LOCK_EX)
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _read(self) -> dict[str, Any]:
        """The whole file, `exercises` in it; a damaged one is put aside."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if not all(isinstance(each, dict) for each in (found, found["exercises"], *found["exercises"].values())):
                raise ValueError
        except FileNotFoundError:
            return {"exercises": {}}
        except OSError as error:
            self.remarks.append(
                say("your progress could not be read from {file}: {why}", file=self.path, why=error.strerror or error)
            )
            return {"exercises": {}}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._put_aside()
            return {"exercises": {}}
        return dict(found)

    def _put_aside(self) -> None:
        aside = next(
            each
            for number in range(1, 1000)
            if not (each := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists()
        )
        with suppress(FileNotFoundError):
            self.path.rename(aside)
            self.remarks.append(
                say(
                    "{file} was damaged; it was put aside as {aside}, and your progress begins anew",
                    file=self.path.name,
                    aside=aside.name,
                )
            )


def _mark(found: Mapping[str, Any]) -> Mark:
    done, hints, asked = found.get("done"), found.get("hints"), found.get("asked")
    return Mark(
        done if isinstance(done, str) else "",
        hints if isinstance(hints, int) else 0,
        asked if isinstance(asked, int) else 0,
    )
