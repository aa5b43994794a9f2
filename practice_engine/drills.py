"""Fault drills: for a lesson on errors the next answers are spoilt, loudly and never for long. Knows no HTTP."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .errors import BadParameter

HEADER = "Practice-Drill"  # of every answer that was spoilt: the drill's name
LONGEST = 60.0  # seconds until a drill ends by itself
MOST = 100
LONGEST_PATH = 1000
SPARED = ("/_ping", "/version", "/info", "/practice/drills")  # but where the path names them in full

_PAGE = b"<html><body><h1>Welcome to the guest network</h1><p>A drill of the practice engine.</p></body></html>\n"


@dataclass(frozen=True)
class Fault:
    """What a drill does to an answer.

    Attributes:
        seconds: until the answer comes, where nothing else is said; 0: at once, and nothing else can be said.
        status, body, kind: of the answer that is given instead of the true one; 0: the true one.
        cuts: the connection ends in the middle of the body, or without an answer where there is no body.
        hangs_up: the connection ends without an answer.
    """

    summary: str
    seconds: float = 0.0
    status: int = 0
    body: Any = None
    kind: str = "application/json"
    cuts: bool = False
    hangs_up: bool = False


FAULTS = {
    "slow": Fault("comes late", seconds=3.0),
    "error": Fault(
        "is a 500",
        status=500,
        body={"message": "this is a drill: the practice engine was told to answer with an error; nothing was done"},
    ),
    "cut": Fault("is cut in the middle", cuts=True),
    "garbage": Fault("is not JSON", status=200, body=_PAGE, kind="text/html"),
    "silent": Fault("never comes", seconds=LONGEST, hangs_up=True),
}


@dataclass
class Drill:
    """`left`: how many answers are still to be spoilt. `ends`: a moment of time.monotonic()."""

    name: str
    path: str
    left: int
    seconds: float
    ends: float

    @property
    def fault(self) -> Fault:
        return FAULTS[self.name]

    def fits(self, path: str) -> bool:
        return path == self.path or (path not in SPARED and fnmatchcase(path, self.path))

    def view(self) -> dict[str, Any]:
        return {
            "Name": self.name,
            "Path": self.path,
            "Count": self.left,
            "Seconds": self.seconds,
            "Ends": max(0, math.ceil(self.ends - time.monotonic())),
        }

    def warning(self) -> str:
        view = self.view()
        return (
            f"DRILL {self.name}: {self.left} answer(s) to {self.path} will be spoilt (each {self.fault.summary}), "
            f"for {view['Ends']} s at most; DELETE /practice/drills ends it."
        )


class Drills:
    def __init__(self) -> None:
        self._drills: list[Drill] = []

    def begin(self, name: str, path: str, count: int, seconds: float | None) -> Drill:
        """One of that name, in place of the one before. Raises BadParameter."""
        fault = FAULTS.get(name)
        if fault is None:
            raise BadParameter(f"there is no drill {name!r}; there are {', '.join(FAULTS)}")
        if not path.startswith(("/", "*")):
            raise BadParameter(f"the path {path!r} begins neither with a slash nor with *")
        if len(path) > LONGEST_PATH:
            raise BadParameter(f"the path is longer than {LONGEST_PATH} characters")
        if not 1 <= count <= MOST:
            raise BadParameter(f"a drill spoils 1 to {MOST} answers, not {count}")
        if seconds is not None and not fault.seconds:
            raise BadParameter(f"the drill {name} takes no time: leave Seconds out")
        if seconds is not None and not 0 < seconds <= LONGEST:
            raise BadParameter(f"a drill takes more than 0 and at most {LONGEST:g} seconds, not {seconds:g}")
        self.end(name)
        late = fault.seconds if seconds is None else float(seconds)
        drill = Drill(name, path, count, late, time.monotonic() + LONGEST)
        self._drills.append(drill)
        return drill

    def all(self) -> list[Drill]:
        now = time.monotonic()
        self._drills = [drill for drill in self._drills if drill.left > 0 and drill.ends > now]
        return list(self._drills)

    def end(self, name: str = "") -> list[Drill]:
        """Ends those of a name, or all of them; which these were."""
        ended = [drill for drill in self.all() if name in ("", drill.name)]
        self._drills = [drill for drill in self._drills if drill not in ended]
        return ended

    def take(self, path: str) -> Drill | None:
        """The drill that spoils the answer to this request, which counts as one of its answers."""
        for drill in self.all():
            if drill.fits(path):
                drill.left -= 1
                return drill
        return None

    def warnings(self) -> list[str]:
        return [drill.warning() for drill in self.all()]
