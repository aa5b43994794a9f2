"""What every benchmark says in the same way: the machine, the table, the section in the document."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Sequence
from pathlib import Path


def machine() -> str:
    """`2 × AMD EPYC, Linux 6.1.0, Python 3.11.2, 2026-11-24 13:20 UTC, load 1.7`."""
    load = f"load {os.getloadavg()[0]:.1f} before"
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} × {_processor()}, {system}, Python {platform.python_version()}, {when}, {load}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def duration(seconds: float) -> str:
    """Two or three digits that mean something: `4.2 ms`, `310 ms`, `12.9 s`."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.02 else f"{seconds * 1e3:.1f} ms"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round, so that a load that comes and goes weighs on both."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def keep(path: Path, topic: str, text: str) -> None:
    """Write the section of one topic, and leave those of the others as they are."""
    begin, end = f"<!-- {topic} -->", f"<!-- /{topic} -->"
    section = f"{begin}\n\n{text.strip()}\n\n{end}\n"
    old = (
        path.read_text()
        if path.exists()
        else "# Benchmarks\n\nEach table comes from one run; how to run it stands with it.\n"
    )
    place = re.compile(f"{re.escape(begin)}.*{re.escape(end)}\n", re.DOTALL)
    fresh = place.sub(lambda _: section, old) if place.search(old) else f"{old.rstrip()}\n\n{section}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(fresh)
