"""The magic beside other clients, on one engine: `python benchmarks/client.py HOST`.

HOST is written as in DOCKER_HOST; without one it is the first of DOCKERMAGIC_ENGINES that is no practice engine, or
else a practice engine of our own. It needs the image busybox; curl and the docker CLI are on PATH, aiodocker and
python-on-whales are installed (`pip install -e '.[bench]'`). Each client of `clients.py` lives in a process of its
own. In each round every one takes its turn, in an order that is the round's own: what an engine does for one client
may slow the next. What is made carries a label of this run, and is removed in any case.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import report
from clients import CLIENTS
from engine import FOREVER, LABEL, LINE, MB, QUICK, RUN, Practice, Scale, Subject, named_engines
from wire import Client, Wrong

ROOT = Path(__file__).parents[1]
OURS = f"{LABEL}={RUN}"
MAGIC = "%docker"
LONG = LINE * 30


class Worker:
    """A client in its process."""

    def __init__(self, name: str, host: str) -> None:
        self.name = name
        command = [sys.executable, str(Path(__file__).with_name("clients.py")), name, host]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def call(self, call: str, argument: str) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([call, argument]), file=self._process.stdin, flush=True)
        said = self._process.stdout.readline()
        if not said:
            raise Wrong(f"{self.name} ended with {self._process.wait()}")
        found: dict[str, float] = json.loads(said)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def many(number: Callable[[Scale], int]) -> Callable[[Subject], str]:
    def ready(subject: Subject) -> str:
        missing = number(subject.scale) - len(subject.ours())
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: subject.create(*FOREVER), range(missing)))
        return OURS

    return ready


def running(subject: Subject) -> str:
    return subject.running()


def talked(line: str) -> Callable[[Subject], str]:
    def ready(subject: Subject) -> str:
        return subject.ended("sh", "-c", f"yes '{line}' | head -c {subject.scale.log}")

    return ready


def size_of(scale: Scale, whole: int) -> int:
    """MiB of an export that has `whole` where the usual one has 300."""
    return max(1, scale.export * whole // 300)


def filled(times: int) -> Callable[[Subject], str]:
    def ready(subject: Subject) -> str:
        size = size_of(subject.scale, times)
        return subject.ended("dd", "if=/dev/urandom", "of=/big", "bs=1M", f"count={size}")

    return ready


@dataclass(frozen=True)
class Row:
    """A call.

    Attributes:
        title: with the fields of the scale.
        ready: makes what the call needs, and gives its argument.
        least: what every client must have counted at least.
        against: the client of the ratio.
        rounds: at most.
        clear: whether what it needs goes before the next row.
    """

    call: str
    title: str
    ready: Callable[[Subject], str]
    least: Callable[[Scale], int]
    against: str = "requests and json"
    rounds: int = 99
    clear: bool = True


ROWS = (
    Row("list", "list of 1", many(lambda scale: 1), lambda scale: 1, clear=False),
    Row("list", "list of {many}", many(lambda scale: scale.many), lambda scale: scale.many, clear=False),
    Row("list", "list of {thousand}", many(lambda scale: scale.thousand), lambda scale: scale.thousand, rounds=9),
    Row("inspect", "inspect", running, lambda scale: 10, clear=False),
    Row("top", "top", running, lambda scale: 1),
    Row(
        "log",
        "log of {log_mb} MB in lines of {line} bytes",
        talked(LINE),
        lambda scale: scale.log // (len(LINE) + 1),
        against="docker CLI",
        rounds=2,
    ),
    Row(
        "log",
        "log of {log_mb} MB in lines of {long} bytes",
        talked(LONG),
        lambda scale: scale.log // (len(LONG) + 1),
        against="docker CLI",
        rounds=2,
    ),
    Row("export", "export of {export} MiB", filled(300), lambda scale: scale.export << 20, against="curl", rounds=3),
    Row(
        "export",
        "export of {gigabyte} MiB",
        filled(1024),
        lambda scale: size_of(scale, 1024) << 20,
        against="curl",
        rounds=2,
    ),
)


def title(row: Row, scale: Scale) -> str:
    return row.title.format(
        **vars(scale),
        log_mb=scale.log // MB,
        line=len(LINE) + 1,
        long=len(LONG) + 1,
        gigabyte=size_of(scale, 1024),
    )


@dataclass
class Result:
    """What each client took for the calls of a row."""

    took: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def of(self, name: str, what: str) -> list[float]:
        return [each[what] for each in self.took[name]]


def measured(row: Row, workers: Sequence[Worker], subject: Subject, rounds: int) -> Result:
    argument, least = row.ready(subject), row.least(subject.scale)
    able = [each for each in workers if hasattr(CLIENTS[each.name], row.call)]
    result = Result({worker.name: [] for worker in able})
    count = min(rounds, row.rounds)
    warm = 0 if count < 3 else 1
    for number in range(count + warm):
        for worker in random.Random(number).sample(able, len(able)):
            took = worker.call(row.call, argument)
            if took["count"] < least:
                raise Wrong(f"{worker.name} counted {took['count']} of {least} in {title(row, subject.scale)}")
            if number >= warm:
                result.took[worker.name].append(took)
    return result


def slower(rows: Sequence[tuple[Row, Result]], scale: Scale) -> str:
    """Where the magic loses to whom, and by how much."""
    lost = []
    for row, result in rows:
        ours = result.of(MAGIC, "seconds")
        ratios = {name: report.ratio(ours, result.of(name, "seconds")) for name in result.took if name != MAGIC}
        beaten = [f"{ratio:.2f} times {name}" for name, ratio in ratios.items() if ratio > 1]
        lost += [f"{title(row, scale)}: {', '.join(beaten)}"] if beaten else []
    return "; ".join(lost) or "nothing"


def render(rows: Sequence[tuple[Row, Result]], scale: Scale, note: str) -> str:
    lines = []
    for row, result in rows:
        said = title(row, scale)
        for name in result.took:
            seconds = result.of(name, "seconds")
            ratio = report.ratio(seconds, result.of(row.against, "seconds"))
            lines.append(
                [
                    said,
                    f"`{name}`" if name.startswith(("!", "%")) else name,
                    report.duration(statistics.median(seconds)),
                    "1" if name == row.against else f"{ratio:.2f}",
                    report.duration(statistics.median(result.of(name, "cpu"))),
                    f"{max(result.of(name, 'memory')) / 1024:.1f} MiB",
                ]
            )
            said = ""
    return "\n\n".join(
        [
            "## The magic beside other clients",
            f"`%docker` is slower than a peer in: {slower(rows, scale)}.",
            report.table(["", "client", "median", "ratio", "processor", "memory"], lines),
            "The ratio is to the client that has 1, round by round. Processor: of the client and what it starts. "
            "Memory: what the client's own process took on top, at the peak; that of programs was not taken. In a "
            "list the cells end with what is shown, where nothing else is said; of a log, `%docker`, docker-py, "
            f"aiodocker and python-on-whales tell lines apart, the others read bytes. {note}",
        ]
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    hosts = [*named_engines(os.environ.get("DOCKERMAGIC_ENGINES", "")).values()]
    parser.add_argument("host", nargs="?", default=next(iter(hosts), None), help="as in DOCKER_HOST")
    parser.add_argument("--rows", default="", help="only rows whose call is one of these: list,top")
    parser.add_argument("--repeat", type=int, default=15, help="rounds; long rows take fewer (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; no figures to keep")
    parser.add_argument("--out", type=Path, help="also keep the table in this file, in its section")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    note = report.machine()
    scale = QUICK if given.quick else Scale()
    chosen = [row for row in ROWS if not given.rows or row.call in given.rows.split(",")]
    rows: list[tuple[Row, Result]] = []
    with ExitStack() as stack:
        practice = Practice()
        stack.callback(practice.close)
        host = given.host or practice.start()
        subject = Subject("engine", Client(host), scale)
        version = subject.client.json("GET", "/version")
        stack.callback(subject.clear)
        workers = [Worker(name, host) for name in CLIENTS]
        for worker in workers:
            stack.callback(worker.close)
        for row in chosen:
            print(f"{time.strftime('%H:%M:%S')} {title(row, scale)}", file=sys.stderr, flush=True)
            rows.append((row, measured(row, workers, subject, 1 if given.quick else given.repeat)))
            if row.clear:
                subject.clear()
    name = version["Platform"]["Name"] or "Docker Engine"
    text = render(rows, scale, f"{name} {version['Version']}; {note}.")
    text += "\n\nQuick: small sizes, not to be compared." if given.quick else ""
    print(text)
    if given.out:
        report.keep(given.out, "client", f"{text}\n\nRun it: `make bench`, or `python benchmarks/client.py --help`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
