"""How each engine, and the magic, grows with its work: `python benchmarks/growth.py`.

DOCKERMAGIC_ENGINES names the engines as for `engine.py`; the practice engine is always among them. A row is one
call, ever larger. Beside each time stands how much it grew against the size before, divided by how much the work
grew: 1 is as fast as the work, more than 1 is worse. Small sizes cost what a call costs, and so grow by less.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import report
from client import MAGIC, Worker, many
from engine import LINE, MB, Scale, Subject, open_subjects

WORSE = 1.25
"""What is not noise, on a machine that others use too."""


@dataclass(frozen=True)
class Row:
    """A call, by what grows.

    Attributes:
        sizes: of the whole run.
        ready: makes what a size needs, and gives the call's argument.
        call: of `clients.py`.
        unit: how sizes are named.
    """

    title: str
    call: str
    sizes: tuple[int, ...]
    ready: Callable[[Subject, int], str]
    unit: str


def listed(subject: Subject, size: int) -> str:
    return many(lambda scale: size)(subject)


def logged(subject: Subject, size: int) -> str:
    return subject.ended("sh", "-c", f"yes '{LINE}' | head -c {size * MB}")


def exported(subject: Subject, size: int) -> str:
    return subject.ended("dd", "if=/dev/urandom", "of=/big", "bs=1000000", f"count={size}")


ROWS = (
    Row("list", "list", (10, 100, 1000), listed, "containers"),
    Row("logs", "log", (1, 10, 100), logged, "MB"),
    Row("export", "export", (1, 10, 100, 1000), exported, "MB"),
)
QUICK = {"containers": (2, 20), "MB": (1, 2)}


@contextmanager
def clients(subject: Subject) -> Iterator[list[Worker]]:
    """The bare socket, which shows the engine, and the magic on top of it."""
    workers = [Worker(name, subject.client.host) for name in ("raw socket", MAGIC)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.close()


def measured(row: Row, subjects: Sequence[Subject], sizes: Sequence[int], rounds: int) -> dict[str, list[float]]:
    """Seconds by engine and client, one a size."""
    took: dict[str, list[float]] = {}
    with ExitStack() as stack:
        workers = [(subject, stack.enter_context(clients(subject))) for subject in subjects]
        for size in sizes:
            spent: dict[str, list[float]] = {}
            ready = [(subject, mine, row.ready(subject, size)) for subject, mine in workers]
            warm = int(size == sizes[0])  # what is imported by the first call is no part of it
            for number in range(rounds + warm):
                for subject, mine, argument in ready:
                    for worker in mine:
                        now = worker.call(row.call, argument)["seconds"]
                        if number >= warm:
                            spent.setdefault(f"{subject.name}, {worker.name}", []).append(now)
            for name, seconds in spent.items():
                took.setdefault(name, []).append(statistics.median(seconds))
            if row.unit != "containers":
                for subject in subjects:
                    subject.clear()
    for subject in subjects:
        subject.clear()
    return took


def growth(seconds: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """How much the time grew against the work, from each size to the next."""
    return [(seconds[at] / seconds[at - 1]) / (sizes[at] / sizes[at - 1]) for at in range(1, len(sizes))]


def render(results: Sequence[tuple[Row, Sequence[int], dict[str, list[float]]]], note: str) -> str:
    parts, worse = [], []
    for row, sizes, took in results:
        lines = []
        for name, seconds in took.items():
            grew = growth(seconds, sizes)
            worse += [f"{row.title} ({name}): {each:.2f}" for each in grew if each > WORSE]
            told = ["", *(f" ({each:.2f})" for each in grew)]
            lines.append([name, *(report.duration(one) + more for one, more in zip(seconds, told, strict=True))])
        parts.append(report.table([row.title, *(f"{size} {row.unit}" for size in sizes)], lines))
    return "\n\n".join(
        [
            "## How they grow",
            f"Faster than its work grows (more than {WORSE}): {'; '.join(worse) or 'nothing'}.",
            *parts,
            f"Medians; in brackets the growth of the time divided by that of the work. {note}",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; no figures to keep")
    parser.add_argument("--out", type=Path, help="also keep the tables in this file, in their section")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    note = f"{report.machine()}."
    results = []
    with ExitStack() as stack:
        subjects = open_subjects(stack, Scale())
        for row in ROWS:
            print(f"{time.strftime('%H:%M:%S')} {row.title}", file=sys.stderr, flush=True)
            sizes = QUICK[row.unit] if given.quick else row.sizes
            results.append((row, sizes, measured(row, subjects, sizes, 1 if given.quick else given.repeat)))
    text = render(results, note + (" Quick: small sizes, not to be compared." if given.quick else ""))
    print(text)
    if given.out:
        report.keep(given.out, "growth", f"{text}\n\nRun it: `make bench`, or `python benchmarks/growth.py --help`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
