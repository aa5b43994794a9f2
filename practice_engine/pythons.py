"""A root file system for the image `python`: the interpreter that runs this engine, over that of `busybox`."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from fnmatch import fnmatchcase
from pathlib import Path

from . import busybox

VERSION = platform.python_version()
SHORT = f"{sys.version_info[0]}.{sys.version_info[1]}"
TAGS = (f"python:{sys.version_info[0]}", f"python:{SHORT}", "python:latest")
PREFIX = "usr/local"
CONFIG = {"Cmd": ["python3"], "Env": [f"PYTHON_VERSION={VERSION}", f"LD_LIBRARY_PATH=/{PREFIX}/lib"]}

_LEFT_OUT = (
    "site-packages", "dist-packages", "__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py",
    "ensurepip", "lib2to3", "pydoc_data", "config-*", "_test*.so", "_tkinter*.so", "_xx*.so", "*.a",
)  # fmt: skip
_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")  # where the loader looks by itself
_LINE = re.compile(r"^\s+(\S+ => )?(/\S+) \(0x", re.MULTILINE)


class Unavailable(Exception):
    """Why the image cannot be made here."""


def build(root: Path) -> str:
    """Fill `root`; says what it was made of.

    Raises:
        Unavailable: the interpreter cannot be copied, or the copy does not run.
    """
    program = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    library = sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix})
    if not sys.platform.startswith("linux") or not os.path.isdir(library):
        raise Unavailable("the library of the interpreter is in no directory that could be copied")
    busybox.build(root)
    prefix = root / PREFIX
    target = prefix / sys.platlibdir / f"python{SHORT}"
    _copy(Path(library), target)
    place = prefix / "bin" / f"python{SHORT}"
    _copy_file(program, place, 0o755)
    for name in ("python3", "python"):
        (place.parent / name).symlink_to(place.name)
    _add_libraries(root, program, [str(path) for path in target.rglob("*.so")])
    _try(root, place)
    return f"Made from {program} of this machine"


def _copy(source: Path, target: Path) -> None:
    """The files of a directory but for what is left out; links are followed."""
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            if any(fnmatchcase(entry.name, pattern) for pattern in _LEFT_OUT):
                continue
            if entry.is_dir():
                _copy(Path(entry.path), target / entry.name)
            elif entry.is_file():
                _copy_file(entry.path, target / entry.name, 0o755 if entry.name.endswith(".so") else 0o644)


def _copy_file(source: str, target: Path, mode: int) -> None:
    """Its modification time stays: compiled modules are told by it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
    status = os.stat(source)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _add_libraries(root: Path, program: str, extensions: list[str]) -> None:
    """What the files need: where it is on the machine if the loader looks there, else in /usr/local/lib."""
    try:
        asked = subprocess.run(["ldd", program, *extensions], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"ldd does not tell which libraries it needs: {error}") from error
    for library in sorted({found[2] for found in _LINE.finditer(asked.stdout)}):
        name = library.lstrip("/") if library.startswith(_SYSTEM) else f"{PREFIX}/lib/{os.path.basename(library)}"
        if not (root / name).exists():
            _copy_file(os.path.realpath(library), root / name, 0o755)


def _try(root: Path, place: Path) -> None:
    code = f"import json, os, sys; sys.exit(os.path.realpath(sys.prefix) != {os.path.realpath(root / PREFIX)!r})"
    env = {"LD_LIBRARY_PATH": str(root / PREFIX / "lib")}
    try:
        tried = subprocess.run(
            [place, "-I", "-S", "-B", "-c", code], env=env, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"its copy cannot be started: {error}") from error
    if tried.returncode:
        why = (tried.stderr.strip().splitlines() or ["it does not find its own library"])[-1]
        raise Unavailable(f"its copy does not run: {why}")
