"""The magic beside other clients, on one engine: `python benchmarks/client.py HOST`.

HOST is written as in DOCKER_HOST; without one it is the first of DOCKERMAGIC_ENGINES that is no practice engine, or
else a practice engine of our own. It needs the image busybox; curl and the docker CLI are on PATH.
In each round every client takes its turn, and each round begins with another one. What is made carries
a label of this run, and is removed in any case.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import docker
import report
import requests
import requests_unixsocket
from engine import FOREVER, LABEL, LINE, MB, QUICK, RUN, Practice, Scale, Subject, named_engines, talker, timed
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from wire import Client, Wrong

from dockermagic import streams
from dockermagic.session import Session, Settings

ROOT = Path(__file__).parents[1]
OURS = f"{LABEL}={RUN}"


class Place:
    """The engine, and every client of it that takes part, each as its users have it: made once, used often."""

    def __init__(self, host: str, scale: Scale) -> None:
        self.host, self.subject = host, Subject("engine", Client(host), scale)
        self.filters = json.dumps({"label": [OURS]})
        self.session = Session(Settings(practice=False))
        self.session.connect(host)
        scheme, _, rest = host.partition("://")
        self.base = f"http+unix://{quote(rest, safe='')}" if scheme == "unix" else f"http://{rest}"
        self.requests = requests_unixsocket.Session() if scheme == "unix" else requests.Session()
        self.curl = f"curl -sS --unix-socket {rest} http://localhost" if scheme == "unix" else f"curl -sS http://{rest}"
        self.docker = docker.DockerClient(host, version="auto")
        self.shell = InteractiveShell.instance()
        self.shell.display_pub = CapturingDisplayPublisher(parent=self.shell)
        os.environ["DOCKER_HOST"] = host  # for the docker CLI
        self.cell("%load_ext dockermagic")

    def cell(self, source: str) -> str:
        """Run a cell, and format what it gives in every form that a notebook asks for; what was shown."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.shell.run_cell(source).raise_error()
        return out.getvalue()

    # A list. Each gives how many containers it showed.

    def list_magic(self) -> int:
        self.cell(f"found = %docker list --all --filters label={OURS}\nfound")
        return len(self.shell.user_ns["found"])

    def list_requests(self) -> int:
        answer = self.requests.get(f"{self.base}/containers/json", params={"all": 1, "filters": self.filters})
        return len(json.loads(answer.content))

    def list_curl(self) -> int:
        return self.cell(f"!{self.curl}/containers/json?all=1\\&filters={quote(self.filters)}").count('"HostConfig"')

    def list_cli(self) -> int:
        return self.cell(f"!docker ps -a --filter label={OURS}").count("busybox")

    def list_docker_py(self) -> int:
        return len(self.docker.containers.list(all=True, filters={"label": OURS}))

    # A log. Each gives how many lines it decoded, where it tells.

    @property
    def talker(self) -> str:
        return self.subject.ended(*talker(self.subject))

    def log_magic(self) -> int:
        return sum(map(len, streams.lines(self.session.call("logs", id=self.talker, tail="all"))))

    def log_docker_py(self) -> int:
        return sum(1 for _ in self.docker.api.logs(self.talker, stream=True))

    def log_cli(self) -> None:
        command = ["docker", "logs", self.talker]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


@dataclass(frozen=True)
class Row:
    title: str
    ways: dict[str, Callable[[Place], int | None]]
    least: Callable[[Scale], int]
    at_most: int = 99


ROWS = (
    Row(
        "list of {many}, from the line to what is shown",
        {
            "requests and json": Place.list_requests,
            "`%docker list`": Place.list_magic,
            "`!curl`": Place.list_curl,
            "`!docker ps -a`": Place.list_cli,
            "docker-py": Place.list_docker_py,
        },
        lambda scale: scale.many,
    ),
    Row(
        "log of {log_mb} MB in lines of {line} bytes, decoded",
        {
            "`docker logs` to /dev/null": Place.log_cli,
            "`session.call`": Place.log_magic,
            "docker-py's generator": Place.log_docker_py,
        },
        lambda scale: scale.log // (len(LINE) + 1),
        at_most=3,
    ),
)


def measured(row: Row, place: Place, rounds: int) -> dict[str, list[float]]:
    names, least = [*row.ways], row.least(place.subject.scale)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(min(rounds, row.at_most) + 1):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            with timed() as spent:
                seen = row.ways[name](place)
            if seen is not None and seen < least:
                raise Wrong(f"{name} saw {seen} of {least}")
            if number:  # the first one warms caches
                times[name] += spent
    return times


GROWTH = """
import resource, sys
from dockermagic import streams
from dockermagic.session import Session
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
session = Session()
session.connect(sys.argv[1])
most = int(sys.argv[3])
before = count = 0
for batch in streams.lines(session.call("logs", id=sys.argv[2], tail="all")):
    count += len(batch)
    if not before and count > most:
        before = peak()
print(peak() - before)
"""


def growth(place: Place) -> int:
    """KiB by which the peak memory grows between the first tenth of the log and its end."""
    tenth = str(place.subject.scale.log // (len(LINE) + 1) // 10)
    code = [sys.executable, "-c", GROWTH, place.host, place.talker, tenth]
    done = subprocess.run(code, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(done.stdout)


IMPORTED = "import sys, IPython, dockermagic.magic; print('pandas' in sys.modules)"


def imported() -> tuple[float, bool]:
    """Seconds that the extension's import takes where IPython is there already, the least of five; pandas too?"""
    seconds, pandas = [], False
    for _ in range(5):
        code = [sys.executable, "-X", "importtime", "-c", IMPORTED]
        done = subprocess.run(code, capture_output=True, text=True, check=True, cwd=ROOT)
        (total,) = re.findall(r"^import time:\s+\d+ \|\s+(\d+) \| dockermagic\.magic$", done.stderr, re.MULTILINE)
        (package,) = re.findall(r"^import time:\s+\d+ \|\s+(\d+) \| +dockermagic$", done.stderr, re.MULTILINE) or ("0",)
        seconds.append((int(total) + int(package)) / 1e6)
        pandas = pandas or "True" in done.stdout
    return min(seconds), pandas


def render(place: Place, rows: Sequence[tuple[Row, dict[str, list[float]]]], extra: Sequence[str], note: str) -> str:
    scale = place.subject.scale
    lines = []
    for row, times in rows:
        first, *_ = times
        title = row.title.format(many=scale.many, log_mb=scale.log // MB, line=len(LINE) + 1)
        for name, spent in times.items():
            beside = "1" if name == first else f"{report.ratio(spent, times[first]):.2f}"
            lines.append([title, name, report.duration(statistics.median(spent)), beside])
            title = ""
    return "\n\n".join(
        [
            "## The magic beside other clients",
            report.table(["", "client", "median", "ratio"], lines),
            *extra,
            f"The ratio is to the first of its row, round by round. {note}",
        ]
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    hosts = [*named_engines(os.environ.get("DOCKERMAGIC_ENGINES", "")).values()]
    parser.add_argument("host", nargs="?", default=next(iter(hosts), None), help="as in DOCKER_HOST")
    parser.add_argument("--repeat", type=int, default=15, help="rounds; the log takes three (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; no figures to keep")
    parser.add_argument("--out", type=Path, help="also keep the table in this file, in its section")
    given = parser.parse_args()
    return given


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    note = report.machine()
    practice = Practice()
    place = Place(given.host or practice.start(), QUICK if given.quick else Scale())
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: place.subject.create(*FOREVER), range(place.subject.scale.many)))
        rows = [(ROWS[0], measured(ROWS[0], place, 1 if given.quick else given.repeat))]
        place.subject.clear()
        rows.append((ROWS[1], measured(ROWS[1], place, 1 if given.quick else given.repeat)))
        memory = growth(place)
    finally:
        place.subject.clear()
        practice.close()
    seconds, pandas = imported()
    extra = [
        f"Reading that log by `session.call`, the peak of memory grows by {memory} KiB behind its first tenth.",
        f"Importing the extension where IPython is there: {report.duration(seconds)}, "
        f"{'pandas with it' if pandas else 'without pandas'}.",
    ]
    version = place.session.engine.name
    text = render(place, rows, extra, f"{version}; {note}." + (" Quick: not to be compared." if given.quick else ""))
    print(text)
    if given.out:
        report.keep(given.out, "client", f"{text}\n\nRun it: `make bench`, or `python benchmarks/client.py --help`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
