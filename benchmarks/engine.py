"""The practice engine beside real ones, call by call: `python benchmarks/engine.py`.

DOCKERMAGIC_ENGINES="docker-28=unix:///… podman-5=unix:///…" names the others; each needs the image busybox.
The practice engine is started here, unless an address is given for it. Rows come one after the other; in a row
each round visits every engine in turn, and begins with another one each time. Medians; in brackets the ratio
to the engine of `--against`. What is made carries a label of this run, and is removed in any case.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import report
from wire import Client, Wrong

ROOT = Path(__file__).parents[1]
PRACTICE = "practice"
LABEL = "dockermagic.benchmark"
RUN = f"dmb-{secrets.token_hex(3)}"
FOREVER = ("sleep", "86400")
LINE = "a short line of a log, as they are"
MB = 1_000_000


@dataclass(frozen=True)
class Scale:
    log: int = 50 * MB
    export: int = 300  # MiB
    many: int = 100
    thousand: int = 1000
    clients: int = 30
    crowd: int = 100


QUICK = Scale(log=2 * MB, export=10, many=10, thousand=20, clients=4, crowd=8)


@dataclass
class Subject:
    """One engine, and what stands ready in it for the row of the moment."""

    name: str
    client: Client
    scale: Scale
    version: str = ""
    ready: dict[str, str] = field(default_factory=dict)

    def create(self, *command: str, name: str = "", group: str = "") -> str:
        body = {"Image": "busybox", "Cmd": command, "Labels": {LABEL: RUN, f"{LABEL}.group": group}}
        name = name or f"{RUN}-{secrets.token_hex(5)}"
        return str(self.client.json("POST", "/containers/create", body, name=name)["Id"])

    def start(self, container: str) -> None:
        self.client.call("POST", f"/containers/{container}/start")

    def wait(self, container: str) -> None:
        self.client.call("POST", f"/containers/{container}/wait")

    def kill(self, container: str) -> None:
        self.client.call("POST", f"/containers/{container}/kill")

    def remove(self, container: str) -> None:
        self.client.call("DELETE", f"/containers/{container}", force="1")

    def ours(self) -> list[str]:
        found = self.client.json("GET", "/containers/json", all="1", filters=_label(f"{LABEL}={RUN}"))
        return [container["Id"] for container in found]

    def clear(self) -> None:
        self.ready = {}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._remove_somehow, self.ours()))
        if left := self.ours():
            print(f"{self.name}: {len(left)} containers labelled {LABEL}={RUN} could not be removed", file=sys.stderr)

    def _remove_somehow(self, container: str) -> None:
        for work in (self.kill, self.remove):  # killed first, or Podman waits ten seconds
            with suppress(Wrong, OSError):
                work(container)

    def once(self, key: str, make: Callable[[], str]) -> str:
        """A container that a row needs, made before its first round."""
        if key not in self.ready:
            self.ready[key] = make()
        return self.ready[key]

    def running(self) -> str:
        def make() -> str:
            container = self.create(*FOREVER)
            self.start(container)
            return container

        return self.once("running", make)

    def ended(self, *command: str) -> str:
        """One that has done its work."""

        def make() -> str:
            container = self.create(*command)
            self.start(container)
            self.wait(container)
            return container

        return self.once(" ".join(command), make)


def _label(line: str) -> str:
    return json.dumps({"label": [line]})


@contextmanager
def timed() -> Iterator[list[float]]:
    spent: list[float] = []
    began = time.perf_counter()
    yield spent
    spent.append(time.perf_counter() - began)


# What is measured. Each gives the seconds of one call of its kind; what it made beside is removed untimed.


def life(subject: Subject) -> float:
    with timed() as spent:
        container = subject.create(*FOREVER)
        subject.start(container)
        subject.kill(container)
        subject.remove(container)
    return spent[0]


def create_start(subject: Subject) -> float:
    with timed() as spent:
        container = subject.create(*FOREVER)
        subject.start(container)
    subject.kill(container)
    subject.remove(container)
    return spent[0]


def execute(subject: Subject) -> float:
    container = subject.running()
    settings = {"Cmd": ["echo", "hi"], "AttachStdout": True, "AttachStderr": True}
    with timed() as spent:
        made = subject.client.json("POST", f"/containers/{container}/exec", settings)["Id"]
        said = subject.client.call("POST", f"/exec/{made}/start", {"Detach": False, "Tty": False})
    if not said.endswith(b"hi\n"):
        raise Wrong(f"exec said {said!r}")
    return spent[0]


def inspect(subject: Subject) -> float:
    container = subject.running()
    with timed() as spent:
        subject.client.json("GET", f"/containers/{container}/json")
    return spent[0]


def _list(subject: Subject, number: int) -> float:
    def make() -> str:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: subject.create(*FOREVER, group="listed"), range(number)))
        return "made"

    subject.once("listed", make)
    with timed() as spent:
        found = subject.client.json("GET", "/containers/json", all="1", filters=_label(f"{LABEL}={RUN}"))
    if len(found) != number:
        raise Wrong(f"list has {len(found)} containers, not {number}")
    return spent[0]


def list_one(subject: Subject) -> float:
    return _list(subject, 1)


def list_many(subject: Subject) -> float:
    return _list(subject, subject.scale.many)


def list_thousand(subject: Subject) -> float:
    return _list(subject, subject.scale.thousand)


def talker(subject: Subject) -> tuple[str, str, str]:
    return "sh", "-c", f"yes '{LINE}' | head -c {subject.scale.log}"


def log_write(subject: Subject) -> float:
    container = subject.create(*talker(subject))
    with timed() as spent:
        subject.start(container)
        subject.wait(container)
    subject.remove(container)
    return spent[0]


def log_read(subject: Subject) -> float:
    container = subject.ended(*talker(subject))
    with timed() as spent:
        total = subject.client.drain(f"/containers/{container}/logs", stdout="1", stderr="1")
    if total < subject.scale.log:
        raise Wrong(f"logs has {total} bytes of {subject.scale.log}")
    return spent[0]


def export(subject: Subject) -> float:
    container = subject.ended("dd", "if=/dev/urandom", "of=/big", "bs=1M", f"count={subject.scale.export}")
    with timed() as spent:
        total = subject.client.drain(f"/containers/{container}/export")
    if total < subject.scale.export << 20:
        raise Wrong(f"export has {total} bytes")
    return spent[0]


def walk(subject: Subject, name: str) -> None:
    """The calls of the tutorial, one after the other."""
    client, path = subject.client, f"/containers/{name}"
    client.json("GET", "/containers/json", filters=_label(f"{LABEL}={RUN}"))
    subject.create(*FOREVER, name=name)
    client.json("GET", f"{path}/json")
    subject.start(name)
    client.json("GET", f"{path}/top")
    client.drain(f"{path}/logs", stdout="1", stderr="1")
    client.drain(f"{path}/export")
    client.call("POST", f"{path}/stop", t="1")
    client.call("POST", f"{path}/restart", t="1")
    subject.kill(name)
    subject.remove(name)


def _walks(subject: Subject, number: int) -> float:
    problems: list[str] = []
    together = threading.Barrier(number + 1)

    def one() -> None:
        together.wait()
        try:
            walk(subject, f"{RUN}-{secrets.token_hex(5)}")
        except (Wrong, OSError, ValueError) as error:
            problems.append(str(error))

    workers = [threading.Thread(target=one) for _ in range(number)]
    for worker in workers:
        worker.start()
    together.wait()
    with timed() as spent:
        for worker in workers:
            worker.join()
    if problems:
        raise Wrong(f"{len(problems)} of {number} clients met an error, one of them: {problems[0]}")
    return spent[0]


def walks(subject: Subject) -> float:
    return _walks(subject, subject.scale.clients)


def crowd(subject: Subject) -> float:
    return _walks(subject, subject.scale.crowd)


class Practice:
    """A practice engine of our own, in a directory that goes with it."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="dmb-")  # short: a socket's path has 107 bytes at most
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        place = ["--socket", f"{self.directory}/run/s", "--data", f"{self.directory}/data"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "practice_engine", *place], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not (ready := re.fullmatch(r"DOCKER_HOST=(\S+)\n", said)):
            raise SystemExit(f"the practice engine did not start: {said}")
        return ready[1]

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def _start(subject: Subject, before: int) -> float:
    practice = Practice()
    try:
        for _ in range(before):
            practice.start()
            practice.stop()
        with timed() as spent:
            practice.start()
        return spent[0]
    finally:
        practice.close()


def first_start(subject: Subject) -> float:
    return _start(subject, 0)


def next_start(subject: Subject) -> float:
    return _start(subject, 1)


@dataclass(frozen=True)
class Row:
    key: str
    title: str  # with the fields of the scale
    measure: Callable[[Subject], float]
    times: int = 1  # calls in a round, of which the median counts
    at_most: int = 99  # rounds
    by_default: bool = True
    only_practice: bool = False
    warm_up: bool = True  # one more round, not counted: caches are cold, and what the row needs is not there yet


ROWS = [
    Row("first-start", "engine start, empty directory", first_start, only_practice=True, warm_up=False),
    Row("start", "engine start", next_start, only_practice=True, warm_up=False),
    Row("life", "create + start + kill + remove", life, times=3),
    Row("create-start", "create + start", create_start, times=3),
    Row("exec", "exec create + start + read `hi`", execute, times=5),
    Row("list-1", "list of 1", list_one, times=15),
    Row("list-100", "list of {many}", list_many, times=7),
    Row("list-1000", "list of {thousand}", list_thousand, times=3, at_most=5, by_default=False),
    Row("inspect", "inspect", inspect, times=15),
    Row("log-write", "logs: {log_mb} MB in lines of {line} bytes written", log_write, at_most=2, warm_up=False),
    Row("log-read", "logs: the same read", log_read, at_most=3),
    Row("export", "export of {export} MiB", export, at_most=3),
    Row("walks", "{clients} clients at once, ten calls each", walks, at_most=2, warm_up=False),
    Row("walks-100", "{crowd} clients at once, ten calls each", crowd, at_most=2, warm_up=False, by_default=False),
]  # fmt: skip


def title(row: Row, scale: Scale) -> str:
    return row.title.format(**vars(scale), log_mb=scale.log // MB, line=len(LINE) + 1)


# The run


@dataclass
class Result:
    times: dict[str, list[float]]
    problems: dict[str, str]


def run_row(row: Row, subjects: Sequence[Subject], rounds: int) -> Result:
    chosen = [subject for subject in subjects if subject.name == PRACTICE or not row.only_practice]
    result = Result({subject.name: [] for subject in chosen}, {})
    count = min(rounds, row.at_most)
    warm_up = int(row.warm_up)
    for number in range(count + warm_up):
        turn = number % len(chosen)
        for subject in [*chosen[turn:], *chosen[:turn]]:
            if subject.name in result.problems:
                continue
            try:
                spent = [row.measure(subject) for _ in range(row.times if number >= warm_up else 1)]
            except (Wrong, OSError, ValueError) as error:
                result.problems[subject.name] = str(error) or type(error).__name__
                continue
            if number >= warm_up:
                result.times[subject.name].append(statistics.median(spent))
    for subject in chosen:
        subject.clear()
    return result


def cell(result: Result, name: str, against: str) -> str:
    if name in result.problems:
        return "failed"
    times = result.times.get(name)
    if not times:
        return "–"
    said = report.duration(statistics.median(times))
    theirs = result.times.get(against)
    if name == against or not theirs or against in result.problems:
        return said
    return f"{said} ({report.ratio(times, theirs):.2f})"


def slower(titles: dict[str, str], results: dict[str, Result]) -> list[str]:
    """Where the practice engine loses, to whom, and by how much."""
    lines = []
    for key, result in results.items():
        ours = result.times.get(PRACTICE, [])
        for name, theirs in result.times.items():
            if name != PRACTICE and ours and len(theirs) == len(ours):
                times = report.ratio(ours, theirs)
                if times > 1:
                    lines.append(f"{titles[key]}: {times:.2f} times {name}")
    return lines


def render(subjects: Sequence[Subject], results: dict[str, Result], scale: Scale, note: str, against: str) -> str:
    titles = {row.key: title(row, scale) for row in ROWS}
    names = [subject.name for subject in subjects]
    rows = [[titles[key], *(cell(result, name, against) for name in names)] for key, result in results.items()]
    losses = "; ".join(slower(titles, results)) or "nothing"
    problems = [
        f"{name}, {titles[key]}: {what}" for key, result in results.items() for name, what in result.problems.items()
    ]
    return "\n\n".join(
        [
            "## The practice engine beside real ones",
            f"The practice engine is slower than a peer in: {losses}.",
            report.table(["", *names], rows),
            f"Medians; in brackets the ratio to {against}. {note}",
            "Versions: " + ", ".join(f"{subject.name} {subject.version}" for subject in subjects) + ".",
            "Failed: " + ("; ".join(problems) or "nothing") + ".",
        ]
    )


def named_engines(text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in re.split(r"[,\s]+", text) if item and item != PRACTICE]
    if wrong := [name for name, _, host in pairs if not re.fullmatch(r"(unix|tcp)://.+", host)]:
        raise SystemExit(f"DOCKERMAGIC_ENGINES wants name=unix://… or name=tcp://…: {', '.join(wrong)}")
    return {name: host for name, _, host in pairs}


def open_subjects(stack: ExitStack, scale: Scale) -> list[Subject]:
    """The practice engine first; all of them cleared when the stack ends."""
    hosts = named_engines(os.environ.get("DOCKERMAGIC_ENGINES", ""))
    if PRACTICE not in hosts:
        practice = Practice()
        stack.callback(practice.close)
        hosts = {PRACTICE: practice.start(), **hosts}
    subjects = []
    for name, host in sorted(hosts.items(), key=lambda item: item[0] != PRACTICE):
        subject = Subject(name, Client(host), scale)
        try:
            subject.version = subject.client.json("GET", "/version")["Version"]
        except (OSError, Wrong) as error:
            raise SystemExit(f"the engine {name} does not answer at {host}: {error}") from error
        stack.callback(subject.clear)
        subjects.append(subject)
    return subjects


def arguments() -> argparse.Namespace:
    keys = [row.key for row in ROWS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="", help=f"of {', '.join(keys)}; or: all (default: all but the longest)")
    parser.add_argument("--repeat", type=int, default=7, help="rounds; long rows take fewer (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; no figures to keep")
    parser.add_argument("--against", default="docker-28", help="the ratio's other side (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also keep the table in this file, in its section")
    given = parser.parse_args()
    words = [word for word in re.split(r"[,\s]+", given.rows) if word]
    given.keys = keys if words == ["all"] else words or [row.key for row in ROWS if row.by_default]
    if unknown := set(given.keys) - set(keys):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    scale = QUICK if given.quick else Scale()
    rounds = 1 if given.quick else given.repeat
    note = f"{report.machine()}. Up to {rounds} rounds, interleaved."
    if given.quick:
        note += " Quick: small sizes, not to be compared."
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        subjects = open_subjects(stack, scale)
        try:
            for row in ROWS:
                if row.key in given.keys:
                    print(f"{time.strftime('%H:%M:%S')} {row.key}", file=sys.stderr, flush=True)
                    results[row.key] = run_row(row, subjects, rounds)
        except KeyboardInterrupt:
            note += " Interrupted: rows are missing."
    text = render(subjects, results, scale, note, given.against)
    print(text)
    if given.out:
        report.keep(given.out, "engine", f"{text}\n\nRun it: `make bench`, or `python benchmarks/engine.py --help`.")
    return 1 if any(result.problems for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
