"""What runs in a container, in the columns of ps."""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
import shutil
import time
from collections.abc import Callable
from typing import Any

import psutil

from .errors import Failed

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


def _user(process: psutil.Process) -> str:
    uid = process.uids().effective
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _command(process: psutil.Process) -> str:
    return " ".join(process.cmdline()) or f"[{process.name()}]"


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cpu_share(process: psutil.Process) -> float:
    return 100 * _cpu_seconds(process) / max(time.time() - process.create_time(), 0.01)


def _long_time(process: psutil.Process) -> str:
    seconds = int(_cpu_seconds(process))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _short_time(process: psutil.Process) -> str:
    seconds = int(_cpu_seconds(process))
    return f"{seconds // 60}:{seconds % 60:02d}"


def _started(process: psutil.Process) -> str:
    began = process.create_time()
    recent = time.time() - began < 24 * 3600
    return time.strftime("%H:%M" if recent else "%b%d", time.localtime(began))


def _terminal(process: psutil.Process) -> str:
    return (process.terminal() or "?").removeprefix("/dev/")


_STATES = {
    psutil.STATUS_RUNNING: "R", psutil.STATUS_SLEEPING: "S", psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T", psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_IDLE: "I",
}  # fmt: skip

Column = tuple[str, Callable[[psutil.Process], str]]
COLUMNS: dict[str, Column] = {
    "uid": ("UID", lambda p: str(p.uids().effective)),
    "uname": ("UID", _user),
    "user": ("USER", _user),
    "pid": ("PID", lambda p: str(p.pid)),
    "ppid": ("PPID", lambda p: str(p.ppid())),
    "c": ("C", lambda p: str(int(_cpu_share(p)))),
    "stime": ("STIME", _started),
    "start": ("START", _started),
    "tty": ("TTY", _terminal),
    "time": ("TIME", _long_time),
    "bsdtime": ("TIME", _short_time),
    "cmd": ("CMD", _command),
    "args": ("COMMAND", _command),
    "comm": ("COMMAND", lambda p: p.name()),
    "pcpu": ("%CPU", lambda p: f"{_cpu_share(p):.1f}"),
    "pmem": ("%MEM", lambda p: f"{p.memory_percent():.1f}"),
    "vsz": ("VSZ", lambda p: str(p.memory_info().vms // 1024)),
    "rss": ("RSS", lambda p: str(p.memory_info().rss // 1024)),
    "stat": ("STAT", lambda p: _STATES.get(p.status(), "?")),
    "ni": ("NI", lambda p: str(p.nice())),
    "nlwp": ("NLWP", lambda p: str(p.num_threads())),
}
_FULL = ["uname", "pid", "ppid", "c", "stime", "tty", "time", "cmd"]
_BSD = ["user", "pid", "pcpu", "pmem", "vsz", "rss", "tty", "stat", "start", "bsdtime", "args"]
_BSD_NAMES = {"args": "COMMAND", "tty": "TTY"}
FORMS = {"-ef": _FULL, "-fe": _FULL, "aux": _BSD, "-aux": _BSD}


async def table(pids: list[int], ps_args: str) -> dict[str, Any]:
    """As the `ps` of the machine says it, with the rows of the container alone; without a `ps`, as we can."""
    ps_args = ps_args.partition("\0")[0]
    try:
        words = shlex.split(ps_args)
    except ValueError:
        words = ps_args.split()
    program = shutil.which("ps")
    if program and os.path.basename(os.path.realpath(program)) == "ps":
        return await _by_ps(program, words, pids)
    return _by_ourselves(ps_args.strip(), words, pids)


async def _by_ps(program: str, words: list[str], pids: list[int]) -> dict[str, Any]:
    listed = ",".join(map(str, pids)) or "0"
    done, error = await _run(program, [*words, f"-q{listed}"])
    if done is None:
        done, error = await _run(program, words)
    if done is None:
        raise Failed(f"ps: {error.removeprefix('error:').strip() if not error.startswith('error') else error}")
    lines = done.splitlines()
    titles = lines[0].split()
    if "PID" not in titles:
        raise Failed("Couldn't find PID field in ps output")
    index = titles.index("PID")
    rows = []
    for line in lines[1:]:
        fields = line.split(None, len(titles) - 1)
        if len(fields) > index and fields[index].isdigit() and int(fields[index]) in pids:
            rows.append(fields)
    return {"Processes": rows, "Titles": titles}


async def _run(program: str, words: list[str]) -> tuple[str | None, str]:
    process = await asyncio.create_subprocess_exec(
        program, *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    out, errors = await process.communicate()
    if process.returncode == 0:
        return out.decode("utf-8", "replace"), ""
    said = errors.decode("utf-8", "replace").strip().splitlines()
    return None, said[0] if said else "failed"


def _by_ourselves(ps_args: str, words: list[str], pids: list[int]) -> dict[str, Any]:
    names = FORMS.get(ps_args)
    if names is None and words and words[0] in ("-o", "-eo", "o") and len(words) > 1:
        names = [name for word in words[1:] for name in word.split(",") if name]
    if names is None and len(words) == 1 and words[0].startswith("-o"):
        names = words[0][2:].split(",")
    if names is None:
        raise Failed("ps: error: unsupported option; without a ps on this machine there are -ef, aux and -o names")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise Failed(f'ps: error: unknown user-defined format specifier "{unknown[0]}"')
    if "pid" not in names:
        raise Failed("Couldn't find PID field in ps output")
    rows = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                rows.append([COLUMNS[name][1](process) for name in names])
        except _GONE:
            continue
    return {"Processes": rows, "Titles": [COLUMNS[name][0] for name in names]}
