"""A soak of the practice engine: `python tools/soak.py --minutes 60 --clients 30`.

It starts an engine of its own. Each client walks the ten calls of the tutorial over and over: create, list, inspect,
start, top, logs, export, stop, restart, kill, remove, with a pause before each. After one walk of all of them, half-way
and in the end all containers are removed, and what is there is told: at start, in the middle, at end. It fails when

- a call fails, or the engine says anything on its output, or does not end on SIGTERM;
- a process, descriptor, mount or file is there at the end that was not there at start; or disk, by more than 1 MB;
- memory or threads grew without bound: the second half added more than 2 MB and a tenth to memory, or at end there
  are more threads than those at start and one for each client (a thread that sent a file waits for the next).

Memory is the resident set of the engine and all processes below it. A line of the journal shows it while clients
walk, so with the containers of that moment.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
from fuzz import SETTLE, Engine, Inventory, clear, wait_until
from fuzz_requests import MARK

MB = 1_000_000
COMMANDS = (
    ["sleep", MARK],  # killed after the time that `stop` gives it
    ["sh", "-c", f"trap 'exit 3' TERM; echo begins; sleep {MARK} & wait"],
    ["sh", "-c", f"yes 'a line of a log' | head -c 100000; exec sleep {MARK}"],
)


# What is there


@dataclass(frozen=True)
class Measure:
    memory: int  # bytes
    threads: int
    descriptors: int
    processes: int
    mounts: int
    disk: int  # bytes

    @classmethod
    def of(cls, engine: Engine) -> Measure:
        server = psutil.Process(engine.process.pid)
        memory = processes = 0
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                memory += process.memory_info().rss
                processes += 1
        mounts = Path(f"/proc/{server.pid}/mountinfo").read_text().count(engine.directory)
        disk = _disk(engine.directory)
        return cls(memory, server.num_threads(), server.num_fds(), processes, mounts, disk)

    def cells(self) -> list[str]:
        shown = [f"{self.memory / MB:.1f} MB", self.threads, self.descriptors, self.processes, self.mounts]
        return [*map(str, shown), f"{self.disk / MB:.1f} MB"]


HEAD = ["", "memory", "threads", "descriptors", "processes", "mounts", "disk"]


def _disk(directory: str) -> int:
    """What the files take up; several names of one file count once."""
    files: dict[int, int] = {}
    for path, names, others in os.walk(directory):
        for name in [*names, *others]:
            with suppress(FileNotFoundError):
                status = os.lstat(f"{path}/{name}")
                files[status.st_ino] = status.st_blocks * 512
    return sum(files.values())


@dataclass(frozen=True)
class Rest:
    """What is there while nobody calls and no container is left."""

    measure: Measure
    inventory: Inventory


def rest(engine: Engine, before: Rest | None = None) -> Rest:
    """Raises SystemExit when a container can not be removed."""
    if wrong := clear(engine, "containers", lambda: {container["Id"] for container in engine.list()}):
        raise SystemExit("\n".join(wrong))
    if before is not None:
        wait_until(lambda: not Inventory.of(engine).left(before.inventory))
    else:
        _settle(engine)
    return Rest(Measure.of(engine), Inventory.of(engine))


def _settle(engine: Engine) -> None:
    """Until nothing changes for a second."""
    end = time.monotonic() + SETTLE
    seen = Inventory.of(engine)
    while time.monotonic() < end:
        time.sleep(1)
        now = Inventory.of(engine)
        if now == seen:
            return
        seen = now


def wrong_with(start: Rest, middle: Rest, end: Rest, clients: int) -> list[str]:
    """By the rules above."""
    found = end.inventory.left(start.inventory)
    if end.measure.disk > start.measure.disk + MB:
        found.append(f"disk left: {(end.measure.disk - start.measure.disk) / MB:.1f} MB")
    if end.measure.memory > middle.measure.memory * 1.1 + 2 * MB:
        found.append(f"memory grows: by {(end.measure.memory - middle.measure.memory) / MB:.1f} MB in the second half")
    if end.measure.threads > start.measure.threads + clients:
        found.append(f"threads grow: from {start.measure.threads} to {end.measure.threads}")
    return found


# The clients


@dataclass
class Tally:
    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, seconds: float, wrong: str) -> None:
        with self.lock:
            self.calls[name] += 1
            self.slowest = max(self.slowest, (seconds, name))
            if wrong:
                self.failed[f"{name}: {wrong}"] += 1


class Walker(threading.Thread):
    """Begins a walk as long as there is time, and ends the one that it is on."""

    def __init__(self, number: int, engine: Engine, tally: Tally, pause: float, seed: str, end: float) -> None:
        super().__init__(name=f"walker-{number}", daemon=True)
        self.engine, self.tally, self.pause, self.until = engine, tally, pause, end
        self.random = Random(f"{seed}.{number}")
        self.container = f"soak-{number}"

    def run(self) -> None:
        while True:
            self.walk()
            if time.monotonic() >= self.until:
                return

    def walk(self) -> None:
        path = f"/containers/{self.container}"
        body = {"Image": "busybox", "Cmd": self.random.choice(COMMANDS)}
        self.call("create", "POST", f"/containers/create?name={self.container}", body)
        self.call("list", "GET", "/containers/json?all=1")
        self.call("inspect", "GET", f"{path}/json")
        self.call("start", "POST", f"{path}/start")
        self.call("top", "GET", f"{path}/top")
        self.call("logs", "GET", f"{path}/logs?stdout=1&stderr=1")
        self.call("export", "GET", f"{path}/export")
        self.call("stop", "POST", f"{path}/stop?t=1")
        self.call("restart", "POST", f"{path}/restart?t=1")
        self.call("kill", "POST", f"{path}/kill")
        self.call("remove", "DELETE", f"{path}?force=1")

    def call(self, name: str, method: str, path: str, body: Any = None) -> None:
        time.sleep(self.random.expovariate(1 / self.pause) if self.pause else 0)
        began, wrong = time.monotonic(), ""
        try:
            answer = self.engine.call(method, path, body)
            if answer.status >= 400:
                wrong = f"{answer.status} {answer.body[:200].decode(errors='replace').strip()}"
            elif name in ("list", "inspect", "top"):
                json.loads(answer.body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            wrong = repr(error)
        self.tally.add(name, time.monotonic() - began, wrong)


def walk_for(engine: Engine, tally: Tally, given: argparse.Namespace, name: str, seconds: float) -> None:
    """All clients for so long, and a line of the journal for each minute."""
    end = time.monotonic() + seconds
    walkers = [
        Walker(number, engine, tally, given.pause, f"{given.seed}.{name}", end) for number in range(given.clients)
    ]
    for walker in walkers:
        walker.start()
    told = time.monotonic()
    for walker in walkers:
        while walker.is_alive():
            walker.join(max(0.0, told + given.every - time.monotonic()))
            if time.monotonic() >= told + given.every:
                told = time.monotonic()
                tell(time.strftime("%H:%M:%S"), Measure.of(engine), f"{tally.calls.total()} calls")
            if engine.process.poll() is not None:
                raise SystemExit(f"the engine ended with {engine.process.returncode}: {engine.news()}")


# From start to end


def line(cells: Sequence[str]) -> str:
    return "".join(f"{cell:<10}" if number == 0 else f"{cell:>13}" for number, cell in enumerate(cells))


def tell(name: str, measure: Measure, more: str = "") -> None:
    print(line([name, *measure.cells()]) + (f"  {more}" if more else ""), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds before a call, on average (default: 1)")
    parser.add_argument("--every", type=float, default=60, help="seconds between two lines of the journal")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--tier", help="the engine's tier of isolation")
    given = parser.parse_args()
    print(f"{given.minutes:g} minutes, {given.clients} clients, a pause of {given.pause:g} s, seed {given.seed}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    engine = Engine(*(["--tier", given.tier] if given.tier else []))
    tally = Tally()
    try:
        print(line(HEAD), flush=True)
        walk_for(engine, tally, given, "warm-up", 0)
        start = rest(engine)
        tell("start", start.measure)
        walk_for(engine, tally, given, "first", given.minutes * 30)
        middle = rest(engine, start)
        tell("middle", middle.measure)
        walk_for(engine, tally, given, "second", given.minutes * 30)
        end = rest(engine, start)
        wrong = wrong_with(start, middle, end, given.clients)
        wrong += [f"{number} × {what}" for what, number in tally.failed.most_common()]
        wrong += [said for said in (engine.stop(), engine.news()) if said]
    finally:
        engine.process.kill()
        shutil.rmtree(engine.directory, ignore_errors=True)
    print(f"\n{line(HEAD)}")
    for name, one in (("start", start), ("middle", middle), ("end", end)):
        tell(name, one.measure)
    seconds, slowest = tally.slowest
    calls = ", ".join(f"{name} {number}" for name, number in sorted(tally.calls.items()))
    print(f"\n{tally.calls.total()} calls, {tally.failed.total()} failed: {calls}")
    print(f"the slowest was {slowest}: {seconds:.1f} s")
    print("\n".join(wrong) or "nothing was left, nothing grew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
