"""A fuzzer for the practice engine: `python tools/fuzz.py --seconds 600 --seed 7`.

It starts an engine of its own and sends it sensible calls, spoilt calls, broken HTTP and connections that go away
or fall silent, from several threads. In the end it removes all containers. It fails when

- an answer takes too long, or the engine does not answer `_ping` soon;
- a status of 500 or more tells of a slip in the program (an exception's name, a bare word of the kernel);
- the body of an error is anything but `{"message": "…"}`;
- the engine says anything on its output, or ends;
- a process, descriptor, file or mount is left that was not there before.

A finding shows the request as bytes, to be sent again. What came before it stands in the `--journal`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TextIO

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from fuzz_requests import MARK, Maker, Request, operations  # noqa: E402

from practice_engine import NAME  # noqa: E402
from practice_engine.routes import ROUTES  # noqa: E402

SOON = 30.0  # seconds that any answer may take, on a busy machine too
PING_SOON = 8.0
SILENCE = 0.3  # how long we stay with an answer that need not end
SETTLE = 30.0
MOST_CONTAINERS = 40

SLIP = re.compile(r"Traceback|\b[A-Z]\w*(Error|Exception)\b|[Ii]nternal [Ss]erver|\.py\b|object at 0x|NoneType")
BARE = {os.strerror(number) for number in range(1, 134)}
NOT_JSON = re.compile(r"/attach\b")  # as with Docker: words, and no JSON
OLD_VERSION = re.compile(r"client version \S+ is too old")


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    body: bytes
    whole: bool


WEB_FRAMES = [
    b"", b"\x81\x05hello", b"\x82\x85\0\0\0\0hello", b"\x88\x80\0\0\0\0", b"\xff\xff" + b"\xff" * 8, b"\x89\xfe",
]  # fmt: skip


class Engine:
    """A practice engine in a directory that goes with it."""

    def __init__(self, *arguments: str) -> None:
        self.directory = tempfile.mkdtemp(prefix="fz-")  # short: a socket's path has 107 bytes at most
        self.socket, self.data = f"{self.directory}/run/s", Path(self.directory, "data")
        self._log = Path(self.directory, "log")
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "practice_engine", "--socket", self.socket, "--data", str(self.data)]
            self.process = subprocess.Popen([*command, *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        wait_until(lambda: "DOCKER_HOST=" in self.said() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise SystemExit(f"the engine did not start: {self.said()}")
        self._told = len(self.said())

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def news(self) -> str:
        """What it said since we last looked: it should have nothing to say."""
        text = self.said()[self._told :]
        self._told += len(text)
        return text

    def connect(self, timeout: float = SOON) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(self.socket)
        return sock

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
        with self.connect() as sock:
            sock.sendall(f"{head}\r\n\r\n".encode() + data)
            return read_answer(sock, method)

    def list(self) -> list[dict[str, Any]]:
        return json.loads(self.call("GET", "/containers/json?all=1").body)

    def stop(self) -> str:
        """What is wrong with how it ended."""
        self.process.terminate()
        try:
            self.process.wait(SOON)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "it did not end on SIGTERM"
        return "" if self.process.returncode == 0 else f"it ended with {self.process.returncode}"


def read_answer(sock: socket.socket, method: str, lasting: bool = False) -> Answer:
    """One answer. One that lasts is read as long as something comes, for a moment."""
    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    kind = (response.headers.get("Content-Type") or "").partition(";")[0]
    if response.status == 101:
        return Answer(101, kind, b"", False)
    if not lasting or response.status >= 400:
        return Answer(response.status, kind, response.read(), True)
    sock.settimeout(SILENCE)
    body, until = b"", time.monotonic() + SILENCE
    with suppress(TimeoutError, http.client.HTTPException):
        while time.monotonic() < until:
            piece = response.read1(65536)
            if not piece:
                return Answer(response.status, kind, body, True)
            body += piece
    return Answer(response.status, kind, body, False)


def wait_until(check: Callable[[], Any], seconds: float = SETTLE) -> Any:
    end = time.monotonic() + seconds
    while not (answer := check()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


# What is there


@dataclass(frozen=True)
class Inventory:
    processes: Counter[str]
    descriptors: Counter[str]
    files: Counter[str]
    mounts: Counter[str]

    @classmethod
    def of(cls, engine: Engine) -> Inventory:
        return cls(_processes(engine), _descriptors(engine), _files(engine), _mounts(engine))

    def left(self, before: Inventory) -> list[str]:
        """What is here and was not there before."""
        return [
            f"{kind} left: {number} × {what}"
            for kind in ("processes", "descriptors", "files", "mounts")
            for what, number in (getattr(self, kind) - getattr(before, kind)).items()
        ]


def _processes(engine: Engine) -> Counter[str]:
    found: Counter[str] = Counter()
    below = {process.pid for process in psutil.Process(engine.process.pid).children(recursive=True)}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid in below or MARK in process.cmdline():
                found[f"{process.name()} {process.status()}"] += 1
    return found


def _descriptors(engine: Engine) -> Counter[str]:
    found: Counter[str] = Counter()
    place = f"/proc/{engine.process.pid}/fd"
    for name in os.listdir(place):
        with suppress(OSError):
            found[re.sub(r"\d+|/tmp/\S+", "…", os.readlink(f"{place}/{name}"))] += 1
    return found


def _files(engine: Engine) -> Counter[str]:
    """Everything but the inside of images."""
    found: Counter[str] = Counter()
    for path, directories, names in os.walk(engine.data):
        inside = os.path.relpath(path, engine.data)
        if inside.startswith("images/") and inside.count("/") >= 1:
            directories.clear()
        found.update(f"{inside}/{name}" for name in [*directories, *names])
    return found


def _mounts(engine: Engine) -> Counter[str]:
    found: Counter[str] = Counter()
    for pid in ("self", engine.process.pid):
        lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        found.update(line.split()[4] for line in lines if engine.directory in line)
    return found


# Findings


@dataclass
class Findings:
    seed: int
    journal: TextIO | None = None
    found: dict[str, tuple[str, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, detail: str = "") -> None:
        """The same thing, but for its numbers, is told once and counted."""
        key = re.sub(r"[0-9a-f]{12,64}|\d+|fz…?|'[^']*'|\"[^\"]*\"", "…", what)[:160]
        with self.lock:
            first, times = self.found.get(key, (f"{what}\n{detail}".rstrip(), 0))
            self.found[key] = (first, times + 1)
            if not times:
                print(f"FOUND {first}\n", flush=True)

    def add_said(self, text: str) -> None:
        """What the engine said, one piece of its log after the other."""
        for part in re.split(rf"^(?={NAME}: )", text, flags=re.MULTILINE):
            if lines := [line for line in part.splitlines() if line.strip()]:
                few = lines if len(lines) <= 16 else [*lines[:4], "…", *lines[-10:]]
                detail = [shown(line.encode(), 300) if len(line) > 300 else line for line in few]
                self.add(f"the engine said: {lines[-1].strip()[:300]}", "\n".join(detail))

    def note(self, worker: int, kind: str, data: bytes) -> None:
        if self.journal is not None:
            with self.lock:
                self.journal.write(f"{time.time():.3f} {worker} {kind} {data[:4000]!r}\n")


def shown(data: bytes, most: int = 900) -> str:
    return repr(data) if len(data) <= most else f"{data[:most]!r} … {len(data)} bytes"


def judge(request: Request, answer: Answer) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.status < 400:
        return _judge_success(request, answer)
    text = answer.body.decode("utf-8", "replace")
    if request.method == "HEAD":
        return ""
    if OLD_VERSION.match(text) or (NOT_JSON.search(request.target) and answer.kind != "application/json"):
        return ""
    try:
        value = json.loads(text)
    except ValueError:
        return f"{answer.status} without JSON: {text[:200]!r}"
    if not isinstance(value, dict) or list(value) != ["message"] or not isinstance(value["message"], str):
        return f"{answer.status} with another body: {text[:200]!r}"
    message = value["message"]
    if not message:
        return f"{answer.status} with an empty message"
    if SLIP.search(message) or message in BARE:
        return f"{answer.status} tells of a slip: {message[:300]!r}"
    return ""


def _judge_success(request: Request, answer: Answer) -> str:
    if answer.kind != "application/json" or not answer.whole or request.method == "HEAD" or request.lasting:
        return ""
    if request.operation.name.startswith(("ImageCreate", "ImageLoad", "ImagePush")):
        return ""  # a row of values
    try:
        json.loads(answer.body)
    except ValueError:
        return f"{answer.status} with broken JSON: {shown(answer.body, 200)}"
    return ""


# The work


class Worker(threading.Thread):
    def __init__(self, number: int, engine: Engine, findings: Findings, maker: Maker, end: float) -> None:
        super().__init__(name=f"fuzz-{number}", daemon=True)
        self.number = number
        self.engine = engine
        self.findings = findings
        self.maker = maker
        self.random = maker.random
        self.end = end
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, b"")
        self.now = b""

    def run(self) -> None:
        ways = {self.whole: 60, self.life: 10, self.broken: 15, self.hijack: 8, self.leave: 5, self.websocket: 2}
        while time.monotonic() < self.end and self.engine.process.poll() is None:
            way = self.random.choices([*ways], [*ways.values()])[0]
            self.counts[way.__name__] += 1
            try:
                way()
            except (ConnectionError, http.client.HTTPException):
                pass  # hung up on: allowed for nonsense, and told in `whole` for the rest
            except OSError as error:
                self.findings.add(f"{way.__name__}: {error!r}", shown(self.now))

    @contextmanager
    def _sent(self, data: bytes, timeout: float = SOON) -> Iterator[socket.socket]:
        self.now = data
        self.findings.note(self.number, "send", data)
        with self.engine.connect(timeout) as sock:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has heard all
                sock.sendall(data)
            yield sock

    def life(self) -> None:
        """A container that runs, so that there is one to be called names."""
        name, command = self.maker.alive()
        self.now = f"life of {name}".encode()
        body = {"Image": "busybox", "Cmd": command, "OpenStdin": True, "Tty": self.random.random() < 0.3}
        self.engine.call("POST", f"/containers/create?name={name}", body)
        self.engine.call("POST", f"/containers/{name}/start")

    def whole(self) -> None:
        """A call with all that belongs to it, and its answer."""
        request = self.maker.request()
        data = request.bytes()
        began = time.monotonic()
        allowed = SOON + (request.seconds or 0)
        try:
            with self._sent(data, SILENCE * 3 if request.lasting else allowed) as sock:
                answer = read_answer(sock, request.method, request.lasting)
        except TimeoutError:
            if not request.lasting:
                self.findings.add(f"no answer in {allowed:.0f} s: {request.operation.name}", shown(data))
            return
        except (ConnectionError, http.client.HTTPException) as error:
            if b"\0" not in data[:2000]:
                self.findings.add(f"hung up on a whole request: {request.operation.name}: {error!r}", shown(data))
            return
        spent = time.monotonic() - began
        if spent > self.slowest[0] and not request.lasting:
            self.slowest = (spent, data)
        self.counts[f"{answer.status}"] += 1
        if wrong := judge(request, answer):
            self.findings.add(f"{request.operation.name}: {wrong}", shown(data))
        self._learn(request, answer)

    def _learn(self, request: Request, answer: Answer) -> None:
        if answer.status != 201 or request.operation.name not in ("ContainerCreate", "ContainerExec"):
            return
        known = self.maker.ids if request.operation.name == "ContainerCreate" else self.maker.execs
        known.append(json.loads(answer.body)["Id"])
        del known[:-8]

    def broken(self) -> None:
        """No HTTP, or half of it; then silence, a half-close, or gone."""
        with self._sent(self.maker.no_http(), 1.0) as sock:
            after = self.random.choice(["close", "half-close", "silence"])
            if after == "half-close":
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_WR)
            if after != "close":
                with suppress(TimeoutError):
                    while sock.recv(65536):
                        pass

    def hijack(self) -> None:
        """Take a connection over, and misuse it."""
        request = self.maker.request(self.random.choice(["ContainerAttach", "ExecStart", "ExecStart"]))
        if self.random.random() < 0.7:
            request.headers += [("Upgrade", "tcp"), ("Connection", "Upgrade")]
        with self._sent(request.bytes(), 1.0) as sock:
            for _ in range(self.random.randrange(4)):
                deed = self.random.choice(["bytes", "read", "half-close", "detach", "much", "silence"])
                with suppress(TimeoutError, BrokenPipeError):
                    self._misuse(sock, deed)

    def _misuse(self, sock: socket.socket, deed: str) -> None:
        if deed == "bytes":
            sock.sendall(self.random.randbytes(self.random.randrange(1, 3000)))
        elif deed == "read":
            sock.recv(65536)
        elif deed == "half-close":
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
        elif deed == "detach":
            sock.sendall(b"\x10\x11")
        elif deed == "much":
            sock.sendall(b"echo x\n" * 100_000)
        else:
            time.sleep(SILENCE)

    def leave(self) -> None:
        """Ask for much, read little, and go."""
        name = self.random.choice(["ContainerLogs", "ContainerStats", "SystemEvents", "ContainerExport", "ImageGet"])
        with self._sent(self.maker.request(name).bytes(), SILENCE * 2) as sock:
            for _ in range(self.random.randrange(3)):
                with suppress(TimeoutError):
                    sock.recv(100)

    def websocket(self) -> None:
        path = self.maker.request("ContainerAttachWebsocket").target
        version = self.random.choice([13, 13, 13, 1])
        head = f"GET {path} HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += f"Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
        with self._sent(head.encode(), 1.0) as sock:
            with suppress(TimeoutError):
                sock.recv(65536)
            for _ in range(self.random.randrange(4)):
                sock.sendall(self.random.choice(WEB_FRAMES))
            with suppress(TimeoutError):
                sock.recv(65536)


class Watch(threading.Thread):
    """Asks `_ping` all the time, and listens to what the engine says."""

    def __init__(self, engine: Engine, findings: Findings, workers: list[Worker], end: float) -> None:
        super().__init__(name="watch", daemon=True)
        self.engine = engine
        self.findings = findings
        self.workers = workers
        self.end = end
        self.slowest = 0.0

    def run(self) -> None:
        while time.monotonic() < self.end:
            if self.engine.process.poll() is not None:
                self.findings.add(f"the engine ended with {self.engine.process.returncode}", self.engine.news())
                return
            self._look()
            time.sleep(0.2)

    def _look(self) -> None:
        began = time.monotonic()
        under_way = [worker.now for worker in self.workers]
        try:
            answer = self.engine.call("GET", "/_ping").body
        except (OSError, http.client.HTTPException) as error:
            answer = repr(error).encode()
        spent = time.monotonic() - began
        self.slowest = max(self.slowest, spent)
        if answer != b"OK" or spent > PING_SOON:
            under_way += [worker.now for worker in self.workers]
            self.findings.add(
                f"_ping: {answer.decode()} after {spent:.0f} s", "\n".join(shown(data, 300) for data in under_way)
            )
        self.findings.add_said(self.engine.news())
        self._keep_few()

    def _keep_few(self) -> None:
        with suppress(OSError, ValueError, http.client.HTTPException):
            for container in self.engine.list()[MOST_CONTAINERS:]:
                self.engine.call("DELETE", f"/containers/{container['Id']}?force=1")


# From start to end


def warm_up(engine: Engine) -> None:
    """What is made once and stays: thread pools, the image's files."""
    body = {"Image": "busybox", "Cmd": ["true"]}
    made = json.loads(engine.call("POST", "/containers/create", body).body)["Id"]
    for method, path in (("POST", "start"), ("POST", "wait"), ("GET", "export"), ("GET", "logs?stdout=1")):
        engine.call(method, f"/containers/{made}/{path}")
    engine.call("DELETE", f"/containers/{made}?force=1")


def images_of(engine: Engine) -> set[str]:
    return {image["Id"] for image in json.loads(engine.call("GET", "/images/json").body)}


def clear(engine: Engine, kind: str, listed: Callable[[], set[str]]) -> list[str]:
    """Remove all of a kind; what could not be removed."""
    wrong = []
    for identity in listed():
        answer = engine.call("DELETE", f"/{kind}/{identity}?force=1")
        if answer.status >= 400 and answer.status not in (404, 409):  # 409: a removal is under way
            wrong.append(f"{kind}: could not be removed: {answer.status} {answer.body[:300]!r}")
    if not wait_until(lambda: not listed()):
        wrong.append(f"{kind}: {len(listed())} are still there")
    return wrong


def fuzz(engine: Engine, findings: Findings, seconds: float, threads: int) -> Counter[str]:
    end = time.monotonic() + seconds
    every = operations([(route.method, route.path) for route in ROUTES])
    workers = [
        Worker(number, engine, findings, Maker(Random(f"{findings.seed}.{number}"), every), end)
        for number in range(threads)
    ]
    watch = Watch(engine, findings, workers, end)
    for thread in [*workers, watch]:
        thread.start()
    for worker in workers:
        worker.join(seconds + SOON * 4)
        if worker.is_alive():
            findings.add(f"{worker.name} hangs", shown(worker.now))
    watch.join(SOON * 4)
    slowest = max((worker.slowest for worker in workers), key=lambda item: item[0])
    print(f"slowest answer {slowest[0]:.1f} s ({shown(slowest[1], 120)}), slowest _ping {watch.slowest:.2f} s")
    return sum((worker.counts for worker in workers), Counter())


def churn(engine: Engine, findings: Findings, number: int, threads: int) -> Counter[str]:
    """So many containers, made, used and removed; every third removed while it is being started."""
    counts: Counter[str] = Counter()

    def one(index: int) -> None:
        body = {"Image": "busybox", "Cmd": ["sh", "-c", f"echo x; sleep {MARK}"]}
        made = json.loads(engine.call("POST", "/containers/create", body).body)["Id"]
        if index % 3:
            statuses = [engine.call("POST", f"/containers/{made}/start").status]
            settings = {"Cmd": ["true"], "AttachStdout": True}
            run = json.loads(engine.call("POST", f"/containers/{made}/exec", settings).body)["Id"]
            statuses.append(engine.call("POST", f"/exec/{run}/start", {}).status)
        else:
            starting = threading.Thread(target=engine.call, args=("POST", f"/containers/{made}/start"))
            starting.start()
            time.sleep((index % 20) / 200)
            statuses = []
        statuses.append(engine.call("DELETE", f"/containers/{made}?force=1").status)
        if not index % 3:
            starting.join()
        counts.update(str(status) for status in statuses)
        if any(status >= 400 for status in statuses):
            findings.add(f"making and removing a container: {statuses}")

    with ThreadPoolExecutor(threads) as pool:
        for done in pool.map(one, range(number)):
            assert done is None
    return counts


def look_after(engine: Engine, findings: Findings, before: Inventory, images: set[str]) -> None:
    for wrong in [
        *clear(engine, "containers", lambda: {container["Id"] for container in engine.list()}),
        *clear(engine, "images", lambda: images_of(engine) - images),
    ]:
        findings.add(wrong)
    wait_until(lambda: not Inventory.of(engine).left(before))
    for line in Inventory.of(engine).left(before):
        findings.add(line)
    if wrong := engine.stop():
        findings.add(wrong)
    findings.add_said(engine.news())
    if leftover := [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if engine.directory in line]:
        findings.add(f"mounts after the end: {leftover}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--threads", type=int, default=6)
    parser.add_argument("--containers", type=int, default=0, help="make and remove so many instead, properly")
    parser.add_argument("--journal", type=argparse.FileType("w"), help="every request, with its time, to this file")
    parser.add_argument("--tier", help="the engine's tier of isolation")
    parser.add_argument("--keep", action="store_true", help="leave the engine's directory for a look")
    given = parser.parse_args()
    what = f"{given.containers} containers" if given.containers else f"{given.seconds:g} s, seed {given.seed}"
    print(f"{what}, {given.threads} threads", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    findings = Findings(given.seed, given.journal)
    engine = Engine(*(["--tier", given.tier] if given.tier else []))
    try:
        warm_up(engine)
        images, before = images_of(engine), Inventory.of(engine)
        if given.containers:
            counts = churn(engine, findings, given.containers, given.threads)
        else:
            counts = fuzz(engine, findings, given.seconds, given.threads)
        if engine.process.poll() is None:
            look_after(engine, findings, before, images)
    finally:
        engine.process.kill()
        if not given.keep:
            shutil.rmtree(engine.directory, ignore_errors=True)
    print(", ".join(f"{name}: {number}" for name, number in sorted(counts.items())))
    print(f"{len(findings.found)} findings")
    for what, times in sorted(findings.found.values(), key=lambda item: -item[1]):
        print(f"{times} × {what.splitlines()[0][:300]}")
    return 1 if findings.found else 0


if __name__ == "__main__":
    sys.exit(main())
