"""Record what a real engine answers: `python tools/record.py HOST NAME` writes tests/recorded/NAME.json.

Walks one fixed script of raw calls: each row's success, and the refusals that teach. Sent by plain requests, with
nothing of dockermagic, so that a recording is a witness and no echo. What differs from one run to the next is
masked: ids become numbers, times count up from one moment, figures of the machine become constants, the environment
(which has no order) is sorted; the times and ids inside an archive stay. A recording is
never edited by hand (it carries a checksum of its calls): record anew.

The engine needs the image busybox. Everything that is made is removed, and nothing else: what prunes is told to
prune what carries a label of this script, and the builder's cache of a build that there is not.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import requests_unixsocket

FOLDER = Path(__file__).parents[1] / "tests" / "recorded"
NEWEST = (1, 51)
NAME, OTHER, TTY, MISSING = "recorded", "recorded-other", "recorded-tty", "recorded-missing"
MARK = "dockermagic.recorded"
NAP = "sleep 0.1"
SCRIPT = f"trap 'echo bye; exit 0' TERM; echo out 一; sleep 0.2; echo err >&2; while :; do {NAP}; done"
BODY = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", SCRIPT],
    "Env": ["GREETING=你好"],
    "Labels": {MARK: "1", "dockermagic": "1", "颜色": "红"},
}
TTY_BODY = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", "echo out; sleep 0.2; echo err >&2"],
    "Tty": True,
    "Labels": {MARK: "1"},
}
FILES = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", "trap 'exit 0' TERM; echo here >/made; echo ready; while :; do sleep 0.1; done"],
    "Tty": True,
    "Labels": {MARK: "1", "dockermagic": "1"},
}
EXEC_BODY = {"AttachStdout": True, "AttachStderr": True, "Cmd": ["ls", "-l", "/"]}
REPO, AGAIN = "recorded-image", "recorded-again"
OURS = json.dumps({"label": [MARK]}, separators=(",", ":"))
BOTH_LABELS = json.dumps({"label": [MARK, "dockermagic"]}, separators=(",", ":"))
NOTHING = json.dumps({"id": [MISSING]}, separators=(",", ":"))
ARCHIVES = ("export", "get_archive", "get_image", "get_images")
Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Step:
    """One call of the script.

    Attributes:
        name: what the recording calls it.
        row, values: the subcommand and its values, with which dockermagic should send the very same.
        method, path, query, body: the call.
        ready: text that the container's log must hold before, and how often.
        holds: text that the answer must hold; it is asked again until it does.
    """

    name: str
    row: str
    method: str
    path: str
    query: Query = ()
    values: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    ready: tuple[str, int] | None = None
    holds: str = ""


def one(
    row: str, method: str, name: str = "", *, at: str = NAME, path: str = "", query: Query = (), **more: Any
) -> Step:
    """A call to one container."""
    values = {"id": at, **dict(query), **more.pop("values", {})}
    return Step(name or row, row, method, f"/containers/{at}{path if path else '/' + row}", query, values, **more)


def image(
    row: str, method: str, name: str = "", *, at: str = f"{REPO}:1", path: str = "", query: Query = (), **more: Any
) -> Step:
    """A call to one image."""
    return Step(name or row, row, method, f"/images/{at}{path}", query, {"name": at, **dict(query)}, **more)


def commit(name: str, **query: str) -> Step:
    """An image of the container, made with a label of this script."""
    pairs = ("container", NAME), *query.items()
    return Step(name, "commit", "POST", "/commit", pairs, dict(pairs), {"Labels": {MARK: "1"}})


BOTH: Query = (("stdout", "1"), ("stderr", "1"))
STEPS: tuple[Step, ...] = (
    Step("ping", "ping", "GET", "/_ping"),
    Step("version", "version", "GET", "/version"),
    Step("info", "info", "GET", "/info"),
    Step("images", "images", "GET", "/images/json"),
    Step(
        "images: none", "images", "GET", "/images/json", (("filters", '{"reference":["recorded-missing"]}'),),
        {"filters": {"reference": ["recorded-missing"]}},
    ),
    Step("create", "create", "POST", "/containers/create", (("name", NAME),), {"name": NAME}, BODY),
    Step("create: taken", "create", "POST", "/containers/create", (("name", NAME),), {"name": NAME}, BODY),
    Step(
        "create: no such image", "create", "POST", "/containers/create", (("name", OTHER),), {"name": OTHER},
        {"Image": "recorded-missing:1"},
    ),
    Step(
        "create: a number for the image", "create", "POST", "/containers/create", (("name", OTHER),), {"name": OTHER},
        {"Image": 5},
    ),
    one("top", "GET", "top: not running"),
    one("kill", "POST", "kill: not running"),
    one("start", "POST"),
    one("start", "POST", "start: runs already"),
    Step(
        "list", "list", "GET", "/containers/json", (("filters", OURS),), {"filters": {"label": [MARK]}},
        ready=("err", 1),
    ),
    Step(
        "list: all, with sizes", "list", "GET", "/containers/json",
        (("all", "1"), ("limit", "5"), ("size", "1"), ("filters", OURS)),
        {"all": True, "limit": 5, "size": True, "filters": {"label": [MARK]}},
    ),
    Step(
        "list: none", "list", "GET", "/containers/json", (("filters", '{"label":["recorded-missing"]}'),),
        {"filters": {"label": ["recorded-missing"]}},
    ),
    Step(
        "list: no such filter", "list", "GET", "/containers/json", (("filters", '{"nosuch":["1"]}'),),
        {"filters": {"nosuch": ["1"]}},
    ),
    one("inspect", "GET", path="/json"),
    one("inspect", "GET", "inspect: with sizes", path="/json", query=(("size", "1"),), values={"size": True}),
    one("inspect", "GET", "inspect: no such container", at=MISSING, path="/json"),
    one("top", "GET", holds=f'"{NAP}"'),
    one("top", "GET", "top: aux", query=(("ps_args", "aux"),), holds=f'"{NAP}"'),
    one("logs", "GET", query=(*BOTH, ("tail", "100"))),
    one(
        "logs", "GET", "logs: timestamps", query=(*BOTH, ("tail", "all"), ("timestamps", "1")),
        values={"timestamps": True},
    ),
    one("logs", "GET", "logs: one stream", query=(("stderr", "1"), ("tail", "5"))),
    one("logs", "GET", "logs: no stream", query=(("stdout", "0"), ("stderr", "0"), ("tail", "100"))),
    one("logs", "GET", "logs: no such container", at=MISSING, query=(*BOTH, ("tail", "100"))),
    one("pause", "POST"),
    one("pause", "POST", "pause: paused already"),
    one("remove", "DELETE", "remove: paused", path=" "),
    one("unpause", "POST"),
    one("unpause", "POST", "unpause: not paused"),
    one("kill", "POST", "kill: no such signal", query=(("signal", "NOSUCH"),)),
    one("kill", "POST", query=(("signal", "CONT"),)),
    one("restart", "POST", query=(("t", "20"),)),
    one("stop", "POST", query=(("t", "20"),), ready=("err", 2)),
    one("stop", "POST", "stop: stopped already", query=(("t", "20"),)),
    one("wait", "POST"),
    one("logs", "GET", "logs: after the end", query=(*BOTH, ("tail", "all"))),
    one("export", "GET"),
    one("export", "GET", "export: no such container", at=MISSING),
    one("rename", "POST", query=(("name", OTHER),)),
    one("rename", "POST", "rename: no such container", at=MISSING, query=(("name", OTHER),)),
    one("remove", "DELETE", at=OTHER, path=" ", query=(("v", "1"), ("force", "1")), values={"v": True, "force": True}),
    one("remove", "DELETE", "remove: no such container", at=OTHER, path=" "),
    Step("create: with a terminal", "create", "POST", "/containers/create", (("name", TTY),), {"name": TTY}, TTY_BODY),
    one("start", "POST", "start: with a terminal", at=TTY),
    one("wait", "POST", "wait: with a terminal", at=TTY),
    one("inspect", "GET", "inspect: with a terminal", at=TTY, path="/json"),
    one("logs", "GET", "logs: with a terminal", at=TTY, query=(*BOTH, ("tail", "100"))),
    one("remove", "DELETE", "remove: with a terminal", at=TTY, path=" "),
    Step("GET: no such path", "GET", "GET", "/recorded/missing", values={"path": "/recorded/missing"}),
    Step("HEAD: ping", "HEAD", "HEAD", "/_ping", values={"path": "/_ping"}),
    Step("create: for its files", "create", "POST", "/containers/create", (("name", NAME),), {"name": NAME}, FILES),
    one("start", "POST", "start: for its files"),
    one("resize", "POST", query=(("h", "24"), ("w", "80")), ready=("ready", 1)),
    one("resize", "POST", "resize: no number", query=(("h", "high"), ("w", "80"))),
    one("exec_create", "POST", path="/exec", body=EXEC_BODY),
    one("exec_create", "POST", "exec_create: no such container", at=MISSING, path="/exec", body=EXEC_BODY),
    one("exec_create", "POST", "exec_create: no command", path="/exec", body={"Cmd": []}),
    one("update", "POST", body={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}),
    one("update", "POST", "update: no such policy", body={"RestartPolicy": {"Name": "nosuch"}}),
    one("update", "POST", "update: no such container", at=MISSING, body={"RestartPolicy": {"Name": "no"}}),
    one("changes", "GET"),
    one("changes", "GET", "changes: no such container", at=MISSING),
    one("archive_info", "HEAD", path="/archive", query=(("path", "/made"),)),
    one("archive_info", "HEAD", "archive_info: a link", path="/archive", query=(("path", "/bin/sh"),)),
    one("archive_info", "HEAD", "archive_info: no such path", path="/archive", query=(("path", "/missing"),)),
    one("get_archive", "GET", path="/archive", query=(("path", "/made"),)),
    one("get_archive", "GET", "get_archive: no such path", path="/archive", query=(("path", "/missing"),)),
    one("get_archive", "GET", "get_archive: no path", path="/archive", query=(("path", ""),)),
    commit("commit", repo=REPO, tag="1", comment="a remark", author="me"),
    commit("commit: without a name"),
    Step("commit: no such container", "commit", "POST", "/commit", (("container", MISSING),), {"container": MISSING}),
    image("image", "GET", path="/json"),
    image("image", "GET", "image: no such image", at=MISSING, path="/json"),
    image("history", "GET", path="/history"),
    image("history", "GET", "history: no such image", at=MISSING, path="/history"),
    image("tag", "POST", path="/tag", query=(("repo", AGAIN), ("tag", "2"))),
    image("tag", "POST", "tag: a name in capitals", path="/tag", query=(("repo", "Recorded"),)),
    image("tag", "POST", "tag: no such image", at=MISSING, path="/tag", query=(("repo", AGAIN),)),
    image("get_image", "GET", path="/get"),
    image("get_image", "GET", "get_image: no such image", at=MISSING, path="/get"),
    Step(
        "get_images", "get_images", "GET", "/images/get", (("names", f"{REPO}:1"), ("names", f"{AGAIN}:2")),
        {"names": [f"{REPO}:1", f"{AGAIN}:2"]},
    ),
    image("remove_image", "DELETE", "remove_image: one name of two", at=f"{AGAIN}:2"),
    image("remove_image", "DELETE"),
    image("remove_image", "DELETE", "remove_image: no such image"),
    image("remove_image", "DELETE", "remove_image: a container runs on it", at="busybox:latest"),
    one("stop", "POST", "stop: for its files", query=(("t", "20"),)),
    one("resize", "POST", "resize: not running", query=(("h", "24"), ("w", "80"))),
    one("exec_create", "POST", "exec_create: not running", path="/exec", body=EXEC_BODY),
    Step(
        "prune", "prune", "POST", "/containers/prune", (("filters", BOTH_LABELS),), {"filters": {"label": [MARK]}},
    ),
    Step(
        "prune: no such filter", "prune", "POST", "/containers/prune", (("filters", '{"nosuch":["1"]}'),),
        {"filters": {"nosuch": ["1"]}, "no-label": True},
    ),
    Step(
        "prune_images", "prune_images", "POST", "/images/prune", (("filters", OURS),), {"filters": {"label": [MARK]}},
    ),
    Step(
        "prune_images: no such filter", "prune_images", "POST", "/images/prune", (("filters", '{"nosuch":["1"]}'),),
        {"filters": {"nosuch": ["1"]}},
    ),
    Step(
        "prune_builds", "prune_builds", "POST", "/build/prune", (("filters", NOTHING),), {"filters": {"id": [MISSING]}},
    ),
)  # fmt: skip
STAT = "x-docker-container-path-stat"
HEADERS = ("content-type", "api-version", "ostype", "server", "builder-version", "docker-experimental", STAT)


class Walk:
    """The script, walked on one engine."""

    def __init__(self, host: str) -> None:
        scheme, _, rest = host.partition("://")
        self.base = f"http+unix://{quote(rest, safe='')}" if scheme == "unix" else f"http://{rest}"
        self.http = requests_unixsocket.Session()
        self.http.trust_env = False
        self.version = self.get("/version")
        newest = tuple(int(part) for part in self.version["ApiVersion"].split("."))
        self.api = ".".join(map(str, min(newest, NEWEST)))

    def get(self, path: str) -> Any:
        return self.http.get(self.base + path, timeout=60).json()

    def send(self, step: Step) -> requests.Response:
        headers = {"Content-Type": "application/json"} if step.body is not None else {}
        body = json.dumps(step.body, ensure_ascii=False).encode() if step.body is not None else None
        url = f"{self.base}/v{self.api}{step.path.strip()}"
        return self.http.request(step.method, url, params=list(step.query), data=body, headers=headers, timeout=60)

    def asked(self, step: Step) -> requests.Response:
        for _ in range(600):
            reply = self.send(step)
            if not step.holds or step.holds in reply.text:
                return reply
            time.sleep(0.02)
        sys.exit(f"{step.name} never held {step.holds!r}")

    def wait_for(self, text: str, times: int) -> None:
        for _ in range(600):
            logs = self.http.get(f"{self.base}/containers/{NAME}/logs", params=[*BOTH], timeout=60).content
            if logs.decode("utf-8", "replace").count(text) >= times:
                return
            time.sleep(0.05)
        sys.exit(f"the container never wrote {text!r} {times} times")

    def clear(self) -> None:
        for name in (NAME, OTHER, TTY):
            self.http.post(f"{self.base}/containers/{name}/unpause", timeout=60)
            self.http.post(f"{self.base}/containers/{name}/kill", timeout=60)
            self.http.delete(f"{self.base}/containers/{name}?force=1", timeout=60)
        for name in (f"{REPO}:1", f"{AGAIN}:2"):
            self.http.delete(f"{self.base}/images/{name}", timeout=60)
        self.http.post(f"{self.base}/images/prune", params={"filters": OURS}, timeout=60)

    def run(self) -> list[dict[str, Any]]:
        self.clear()
        calls = []
        try:
            for step in STEPS:
                if step.ready:
                    self.wait_for(*step.ready)
                calls.append(recorded(step, self.asked(step), f"/v{self.api}{step.path.strip()}"))
        finally:
            self.clear()
        return calls


def recorded(step: Step, reply: requests.Response, path: str) -> dict[str, Any]:
    """One call as the recording keeps it, not masked yet."""
    headers = {name: reply.headers[name] for name in HEADERS if name in reply.headers}
    request = {"method": step.method, "path": path, "query": [list(pair) for pair in step.query], "body": step.body}
    answer: dict[str, Any] = {"status": reply.status_code, "reason": reply.reason, "headers": headers}
    return {
        "name": step.name,
        "row": step.row,
        "values": step.values,
        "request": request,
        "answer": {**answer, **body_of(reply, step.row in ARCHIVES)},
    }


def body_of(reply: requests.Response, archive: bool) -> dict[str, Any]:
    """A body: JSON, text, or bytes in base64; of an archive the contents of large files are blanked."""
    if archive and reply.ok:
        return {"gzip": base64.b64encode(gzip.compress(blanked(reply.content), mtime=0)).decode()}
    if not reply.content:
        return {"text": ""}
    try:
        if "json" in reply.headers.get("content-type", ""):
            return {"json": reply.json()}
        if "stream" not in reply.headers.get("content-type", "") and b"\0" not in reply.content:
            return {"text": reply.content.decode()}
    except ValueError:
        pass
    return {"base64": base64.b64encode(reply.content).decode()}


def blanked(archive: bytes) -> bytes:
    """The archive, byte by byte, with zeros for the contents of files of more than 4 kB."""
    kept = bytearray(archive)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            if entry.isreg() and entry.size > 4096:
                kept[entry.offset_data : entry.offset_data + entry.size] = bytes(entry.size)
    return bytes(kept)


ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
SHORT = re.compile(r"(?<![0-9a-f])[0-9a-f]{11,12}(?![0-9a-f])")  # of a host's name Podman keeps eleven
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
ZERO = "0001-01-01"
FIGURES: dict[str, Any] = {
    "Pid": 1001, "ConmonPid": 1002, "MemTotal": 8_000_000_000, "NCPU": 2, "NFd": 30, "NGoroutines": 40,
    "Containers": 1, "ContainersRunning": 1, "ContainersPaused": 0, "ContainersStopped": 0, "NEventsListener": 0,
    "KernelVersion": "6.1.0", "OperatingSystem": "Linux", "OSVersion": "1", "ID": "recorded", "MacAddress": "",
    "IPAddress": "172.17.0.2", "Gateway": "172.17.0.1", "SystemTime": "2026-01-01T00:00:00Z",
    "SwapFree": 0, "SwapTotal": 0, "Uptime": "1h", "SizeRw": 4096, "Images": 1, "IPv4Forwarding": True,
}  # fmt: skip
LISTS: dict[str, Any] = {"DriverStatus": [["Backing Filesystem", "extfs"]], "Runtimes": {"runc": {"path": "runc"}}}
COLUMNS = {
    "STAT": "S",
    "C": "0",
    "%CPU": "0.1",
    "%MEM": "0.0",
    "VSZ": "2268",
    "RSS": "1600",
    "STIME": "12:00",
    "START": "12:00",
}


class Mask:
    """Makes two recordings of one engine alike: the same id is the same number, the same moment the same time."""

    def __init__(self, places: dict[str, str]) -> None:
        self.places = places
        self.ids: dict[str, str] = {}
        self.times: dict[str, int] = {}
        self.pids: dict[str, int] = {}

    def call(self, call: dict[str, Any]) -> dict[str, Any]:
        answer = dict(call["answer"])
        if told := answer["headers"].get(STAT):
            masked = self.json(json.loads(base64.b64decode(told)))
            encoded = base64.b64encode(json.dumps(masked, separators=(",", ":")).encode()).decode()
            answer["headers"] = {**answer["headers"], STAT: encoded}
        if "json" in answer:
            answer["json"] = self.json(answer["json"])
            if call["row"] == "top" and answer["status"] == 200:
                self.processes(answer["json"])
        if "text" in answer:
            answer["text"] = self.text(answer["text"])
        if "base64" in answer:
            body = base64.b64decode(answer["base64"])
            masked = TIME.sub(lambda found: self.moment(found[0]), body.decode("latin-1")).encode("latin-1")
            assert len(masked) == len(body), "a frame must keep its size"
            answer["base64"] = base64.b64encode(masked).decode()
        return {**call, "answer": answer}

    def json(self, value: Any, key: str = "") -> Any:
        if key in FIGURES and not isinstance(value, dict | list) and value not in (None, "", -1):
            return FIGURES[key]
        if key in LISTS and value:
            return LISTS[key]
        if key == "Created" and isinstance(value, int):
            return int(START.timestamp()) + self.count(str(value))
        if isinstance(value, dict):
            return {self.text(name): self.json(each, name) for name, each in value.items()}
        if isinstance(value, list):
            masked = [self.json(each, key) for each in value]
            return sorted(masked) if key == "Env" else masked
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        text = TIME.sub(lambda found: self.moment(found[0], digits=9), text)
        text = ID.sub(lambda found: self.number(found[0]), text)
        text = SHORT.sub(lambda found: self.short(found[0]), text)
        for place, name in self.places.items():
            text = text.replace(place, name)
        return text

    def number(self, found: str) -> str:
        if len(set(found)) == 1:
            return found
        return self.ids.setdefault(found, f"{len(self.ids) + 1:012d}".ljust(64, "0"))

    def short(self, found: str) -> str:
        return next((number[: len(found)] for real, number in self.ids.items() if real.startswith(found)), found)

    def count(self, moment: str) -> int:
        return self.times.setdefault(moment, len(self.times) + 1)

    def moment(self, found: str, digits: int = 0) -> str:
        """A time of the same form; its fraction has `digits`, or its own length, so that a frame keeps its size."""
        if found.startswith(ZERO):
            return found
        when = START + timedelta(seconds=self.count(found))
        zone = "Z" if found.endswith("Z") else found[-6:]
        fraction = re.search(r"\.(\d+)", found)
        return (
            when.strftime("%Y-%m-%dT%H:%M:%S") + ("." + "0" * (digits or len(fraction[1])) if fraction else "") + zone
        )

    def processes(self, answer: dict[str, Any]) -> None:
        """The same program is the same number, however often the container has started it meanwhile."""
        titles = answer["Titles"]
        programs = {process[titles.index("PID")]: process[-1] for process in answer["Processes"]}
        for process in answer["Processes"]:
            for at, title in enumerate(titles):
                if title in ("PID", "PPID"):
                    program = programs.get(process[at], process[at])
                    process[at] = str(1000 + self.pids.setdefault(program, len(self.pids) + 1))
                process[at] = COLUMNS.get(title, process[at])


def places_of(info: dict[str, Any], host: str) -> dict[str, str]:
    """Paths and names of the machine → what stands for them."""
    root = str(info.get("DockerRootDir") or "")
    usual = "/var/lib/containers/storage" if "podman" in json.dumps(info).lower() else "/var/lib/docker"
    places = {root: usual} if root not in ("", "/") else {}
    if host.startswith("unix://"):
        places[str(Path(host.removeprefix("unix://")).parent)] = "/run/engine"
    if info.get("Name"):
        places[str(info["Name"])] = "host"
    return dict(sorted(places.items(), key=lambda pair: -len(pair[0])))


def checksum(calls: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(calls, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what a real engine answers.")
    parser.add_argument("host", help="the engine's address, as in DOCKER_HOST")
    parser.add_argument("name", help="the recording's name, for instance docker-28.5")
    said = parser.parse_args()
    walk = Walk(said.host)
    mask = Mask(places_of(walk.get("/info"), said.host))
    calls = [mask.call(call) for call in walk.run()]
    engine = walk.version["Components"][0]["Name"]
    header = {
        "engine": "Docker Engine" if engine == "Engine" else engine,
        "version": walk.version["Version"],
        "api": walk.version["ApiVersion"],
        "spoken": walk.api,
        "recorded": datetime.now(timezone.utc).date().isoformat(),
        "by": "tools/record.py",
        "checksum": checksum(calls),
    }
    target = FOLDER / f"{said.name}.json"
    target.write_text(json.dumps({**header, "calls": calls}, indent=1, ensure_ascii=False) + "\n")
    print(f"{target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target}: {len(calls)} calls")


if __name__ == "__main__":
    main()
