"""The engine of last resort: starts `python -m practice_engine`, one for a user, and finds it again.

It is a process of its own. All that passes between it and us is HTTP on its socket.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .errors import NoEngine
from .exchange import size
from .language import mark, say
from .locate import LONGEST_SOCKET_PATH, Surroundings

SECONDS_TO_START = 20.0
LEAST_ROOM = 1 << 20
OF_OTHERS = 0o022
IN_USE = "already uses"  # how it says that another one has its data
DRILLS = ("slow", "error", "cut", "garbage", "silent")
DRILLS_PATH = "/practice/drills"
DRILL_HEADER = "practice-drill"
AGAIN = mark(
    "the practice engine had ended and has been started again; containers that ran are Exited (137), "
    "what you solved stays solved"
)


@dataclass(frozen=True)
class Home:
    """Where a user's practice engine lives.

    Attributes:
        socket: its address on this machine.
        data: containers, images and logs; and `engine.log`, what it had to say.
    """

    socket: Path
    data: Path

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def log(self) -> Path:
        return self.data / "engine.log"


def home(around: Surroundings) -> Home:
    """The one home of this user's practice engine: data as XDG says, the socket beside it where the path is short."""
    data = Path(around.env.get("XDG_DATA_HOME") or around.home / ".local" / "share") / "dockermagic" / "practice"
    near = data / "engine.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
        return Home(near, data)
    mark = hashlib.sha256(os.fsencode(data)).hexdigest()[:8]
    return Home(Path(tempfile.gettempdir()) / f"dockermagic-{around.uid}-{mark}" / "engine.sock", data)


def answers(place: Home) -> bool:
    """Whether an engine of this very user listens at its socket, where no other can have put one."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            status = place.socket.parent.lstat()
            if status.st_uid != os.geteuid() or status.st_mode & OF_OTHERS:
                return False
            probe.connect(str(place.socket))
        except OSError:
            return False
    return True


def start(around: Surroundings) -> Home:
    """Start it, unless it runs; it outlives this process, and ends by itself when it is idle for half an hour.

    Raises:
        NoEngine: it cannot be started; says why.
    """
    place = home(around)
    if answers(place):
        return place
    if find_spec("practice_engine") is None or not hasattr(socket, "AF_UNIX"):
        raise NoEngine(say("the practice engine is not part of this installation"), say("install dockermagic again"))
    until = time.monotonic() + SECONDS_TO_START
    while not answers(place):
        said = _launch(place, until)
        if said and (IN_USE not in said or time.monotonic() > until):
            raise NoEngine(
                say("the practice engine ended at once: {said}", said=said), say("its log is {file}", file=place.log)
            )
        time.sleep(0.1 if said else 0)  # another one comes up, or is about to end
    return place


def _launch(place: Home, until: float) -> str:
    """Start a process and wait until an engine answers; "", or what it said if it ended before one did.

    Raises:
        NoEngine: there is no room for it, or it hangs.
    """
    try:
        place.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(_log(place), "ab") as log:
            begin = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "practice_engine", "--socket", str(place.socket), "--data", str(place.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=_environment(),
            )
    except OSError as error:
        raise NoEngine(
            say("the practice engine cannot be started: {error}", error=error),
            say("it keeps its data in {folder}; XDG_DATA_HOME names another folder for that", folder=place.data),
        ) from None
    while not answers(place):
        if process.poll() is not None:
            return _words(place, begin)
        if time.monotonic() > until:
            raise NoEngine(say("the practice engine did not come up"), say("its log is {file}", file=place.log))
        time.sleep(0.01)
    if _holder(place) != process.pid:  # another one came first: ours must not come up when that one is stopped
        process.terminate()
        process.wait()
    return ""


def _holder(place: Home) -> int:
    """The pid of the engine that has the data, which it writes before it listens; 0 where none is told."""
    try:
        return int((place.data / "lock").read_text())
    except (OSError, ValueError):
        return 0


def _log(place: Home) -> int:
    """Its log, opened to be written on: in a directory of ours, and not through a link that another may have left.

    Raises:
        NoEngine: the directory is not ours.
        OSError: it cannot be opened.
    """
    folder = os.open(place.data, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(folder).st_uid != os.geteuid():
            raise NoEngine(
                say("{folder} is not a directory of the user who is to run the practice engine", folder=place.data),
                say("it keeps its data in {folder}; XDG_DATA_HOME names another folder for that", folder=place.data),
            )
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        return os.open(place.log.name, flags, 0o600, dir_fd=folder)
    finally:
        os.close(folder)


def confession(version: Mapping[str, Any]) -> list[str]:
    """What a learner must know of it first, from its `/version`; nothing for any other engine."""
    details = next(
        (part.get("Details") or {} for part in version.get("Components") or [] if isinstance(part, dict)), {}
    )
    if "Isolation" not in details:
        return []
    return [
        say(
            "It is not Docker: it runs each container as processes of this machine, in the best isolation that "
            "the place allows (here: {isolation}). `%docker doctor` tells more.",
            isolation=details["Isolation"],
        )
    ]


def spoilt(headers: Mapping[str, str]) -> list[str]:
    """The note beside an answer that a drill has spoilt, from its headers; nothing for any other."""
    drill = headers.get(DRILL_HEADER)
    if not drill:
        return []
    return [say("⚠ a drill has spoilt this answer: {drill}; `%docker drill --off` ends all drills", drill=drill)]


def describe(info: Mapping[str, Any], used: Mapping[str, Any], place: Home) -> str:
    """What there is to know of a running one, from its `/info` and `/system/df`, and how to stop it."""
    labels = dict(str(label).partition("=")[::2] for label in info.get("Labels") or [])
    pid = labels.get("dockermagic.pid", "?")
    count = sum(container.get("SizeRw") or 0 for container in used.get("Containers") or [])
    return say(
        "isolation: {isolation}; pid {pid}; {images} image(s), {running} of {containers} container(s) running; "
        "{size} in {folder}; stop it by `kill {pid}`",
        isolation=labels.get("dockermagic.isolation", "?"),
        pid=pid,
        images=info.get("Images", 0),
        running=info.get("ContainersRunning", 0),
        containers=info.get("Containers", 0),
        size=size((used.get("LayersSize") or 0) + count),
        folder=place.data,
    )


def _environment() -> dict[str, str]:
    """Ours, and the folder that holds the package, which may be no installed one."""
    spec = find_spec("practice_engine")
    folder = str(Path(spec.origin).parent.parent) if spec and spec.origin else ""
    paths = [folder, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _words(place: Home, begin: int) -> str:
    """The last line of its log, if it came after `begin`."""
    try:
        lines = place.log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
        room = shutil.disk_usage(place.data).free
    except OSError as error:
        return str(error)
    if room < LEAST_ROOM:
        return say("there is no room left on the disk of {folder}", folder=place.data)
    return lines[-1] if lines else say("it said nothing")
