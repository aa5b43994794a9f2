"""Random sequences of calls, sent to Docker 28 and to the practice engine: same statuses, same answers.

DOCKERMAGIC_PARITY_EXAMPLES   how many sequences (15)
DOCKERMAGIC_PARITY_SEED       a number: the same sequences again
DOCKERMAGIC_PARITY            which two engines, `docker-28:practice`; `docker-28:docker-28` tests the test

Ids, names, times and process ids are masked. After each call both engines come to rest, so that nothing
compared depends on speed. On a difference, hypothesis shortens the sequence while the difference stays.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import re
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from client_support import IMAGE, KNOWN, RUN, Answer, Engine, engines_to_test, until
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("DOCKERMAGIC_PARITY_EXAMPLES", "15"))
SEED = os.environ.get("DOCKERMAGIC_PARITY_SEED")
PAIR = os.environ.get("DOCKERMAGIC_PARITY", "docker-28:practice").split(":")

# Programs. The first three stay and say `ready` on each start; the others end by themselves.

STAYS = (
    "trap 'exit 7' TERM; trap 'exit 9' USR1; trap 'echo got it' USR2; trap '' HUP; "
    "echo ready; sleep 100000 & while :; do wait; done"
)
PROGRAMS: dict[str, dict[str, Any]] = {
    "stays": {"Cmd": ["sh", "-c", STAYS]},
    "stays, odd": {
        "Entrypoint": ["sh", "-c"],
        "Cmd": [STAYS],
        "Env": ["A=b", "PATH=/bin"],
        "User": "0:0",
        "WorkingDir": "/opt/x",
        "Hostname": "kiwi",
        "StopSignal": "SIGUSR1",
        "StopTimeout": 30,
    },
    "stays, on a terminal": {"Cmd": ["sh", "-c", STAYS], "Tty": True, "OpenStdin": True},
    # which of two streams' lines is stored first is chance, where nothing is between them: `tail` would tell
    "ends": {"Cmd": ["sh", "-c", "echo out; sleep 0.1; echo err >&2; echo x >/new; exit 3"]},
    "ends well": {"Cmd": ["seq", "3"]},
    "ends at once": {},
    "no program": {"Cmd": ["nosuch"]},
    "a folder": {"Cmd": ["/etc"]},
    "nothing said": {"Cmd": None},
    "no such user": {"Cmd": ["true"], "User": "nosuch"},
    "restarts": {
        "Cmd": ["sh", "-c", "exit 5"],
        "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}},
    },
    "goes away": {"Cmd": ["true"], "HostConfig": {"AutoRemove": True}},
    "bad folder": {"Cmd": ["true"], "WorkingDir": "x"},
    "bad signal": {"Cmd": ["true"], "StopSignal": "NOSUCH"},
    "bad policy": {"Cmd": ["true"], "HostConfig": {"RestartPolicy": {"Name": "nosuch"}}},
    "contradiction": {
        "Cmd": ["true"],
        "HostConfig": {"AutoRemove": True, "RestartPolicy": {"Name": "always"}},
    },
    "no image": {"Image": "nosuch-image", "Cmd": ["true"]},
}
SLOTS = ["a", "b", "c"]

# The calls: for each, what may be varied

VARIED: dict[str, dict[str, list[Any]]] = {
    "create": {"program": [*["stays"] * 4, *PROGRAMS]},
    "start": {},
    "stop": {"query": [{"t": 20}, {}, {"t": 20, "signal": "USR1"}, {"signal": "NOSUCH"}, {"t": "abc"}]},
    "restart": {"query": [{"t": 20}, {"t": 20, "signal": "USR1"}]},
    "kill": {"signal": [None, "KILL", "TERM", "SIGUSR1", "USR2", "1", "15", "HUP", "NOSUCH", "0", "99", ""]},
    "pause": {},
    "unpause": {},
    "rename": {"to": [*SLOTS, "-bad", "x", ""]},
    "remove": {"query": [{}, {"force": 1}, {"force": 1, "v": 1}, {"link": 1}]},
    "inspect": {"query": [{}, {"size": 1}]},
    "top": {"query": [{}, {"ps_args": "-o pid,args"}, {"ps_args": "aux"}, {"ps_args": "-o nosuch"}]},
    "logs": {
        "query": [
            {"stdout": 1, "stderr": 1},
            {"stdout": 1},
            {"stderr": 1, "tail": 1},
            {"stdout": 1, "stderr": 1, "tail": 2, "timestamps": 1},
            {"stdout": 1, "tail": 0},
            {"stdout": 1, "tail": "abc"},
            {"stdout": 1, "since": 4_000_000_000},
            {"stdout": 1, "until": 1},
            {"stdout": 1, "since": "abc"},
            {},
        ]
    },
    "attach": {"query": [{"logs": 1, "stdout": 1, "stderr": 1}, {"logs": 1, "stdout": 1}]},
    "exec": {
        "body": [
            {
                "Cmd": ["sh", "-c", "echo out; echo err >&2; exit 4"],
                "AttachStdout": True,
                "AttachStderr": True,
            },
            {"Cmd": ["sh", "-c", "echo $A; pwd; id -u"], "AttachStdout": True},
            {"Cmd": ["id", "-g"], "AttachStdout": True, "User": "12:34"},
            {"Cmd": ["pwd"], "AttachStdout": True, "WorkingDir": "/etc", "Env": ["X=y"]},
            {"Cmd": ["sh", "-c", "test -t 1; echo $?"], "AttachStdout": True, "Tty": True},
            {"Cmd": ["touch", "/touched"]},
            {"Cmd": ["nosuch"], "AttachStdout": True, "AttachStderr": True},
            {"Cmd": ["true"], "User": "nosuch"},
            {"Cmd": []},
            {},
        ]
    },
    "wait": {"query": [{}, {"condition": "not-running"}, {"condition": "nosuch"}]},
    "changes": {},
    "update": {
        "body": [
            {"RestartPolicy": {"Name": "no"}},
            {"RestartPolicy": {"Name": "unless-stopped"}},
            {"RestartPolicy": {"Name": "nosuch"}},
            {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 3}},
            {},
        ]
    },
    "resize": {"query": [{"h": 20, "w": 70}, {"h": "x", "w": 70}, {}]},
    "stat": {"path": ["/tmp/written", "/etc/passwd", "/etc", "/nosuch", ""]},
    "read": {"path": ["/tmp/written", "/etc/passwd", "/new", "/nosuch", ""]},
    "write": {"path": ["/tmp", "/nosuch", "/etc/passwd", ""]},
    "list": {
        "query": [
            {},
            {"all": 1},
            {"all": 1, "size": 1},
            {"limit": 1},
            {"all": 1, "limit": 2},
            {"filters": {"status": ["running"]}},
            {"filters": {"status": ["exited", "created"]}},
            {"filters": {"status": ["paused"]}},
            {"filters": {"status": ["nosuch"]}},
            {"all": 1, "filters": {"exited": ["3", "137"]}},
            {"all": 1, "filters": {"exited": ["x"]}},
            {"all": 1, "filters": {"name": ["@a"]}},
            {"all": 1, "filters": {"name": ["@a", "@b"]}},
            {"all": 1, "filters": {"name": ["^/?@b$"]}},
            {"all": 1, "filters": {"before": ["@b"]}},
            {"all": 1, "filters": {"since": ["@a"]}},
            {"all": 1, "filters": {"label": ["slot=a"]}},
            {"all": 1, "filters": {"ancestor": [IMAGE]}},
            {"all": 1, "filters": {"health": ["none"]}},
            {"all": 1, "filters": {"is-task": ["false"]}},
            {"all": 1, "filters": {"nosuch": ["x"]}},
        ]
    },
    "prune": {"query": [{"filters": {"until": ["1h"]}}, {}, {"filters": {"nosuch": ["x"]}}]},
    "events": {},
}
OFTEN = [
    *["create", "create", "create", "start", "start", "start", "stop", "kill", "kill"],
    *["inspect", "list", "remove", "exec", "exec", "logs"],
]
NO_SLOT = {"list", "prune"}
Step = tuple[str, str, dict[str, Any]]

A_RUNS: list[Step] = [("create", "a", {"program": "stays"}), ("start", "a", {})]
B_ENDED: list[Step] = [("create", "b", {"program": "ends"}), ("start", "b", {})]
BEGINNINGS: list[list[Step]] = [A_RUNS, [*A_RUNS, *B_ENDED], [*B_ENDED, *A_RUNS], []]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    verb = draw(st.sampled_from([*OFTEN, *VARIED]))
    slots = [""] if verb in NO_SLOT else ["b", "b", "c", "a"] if verb == "create" else ["a", "a", "a", "b", "b", "c"]
    slot = draw(st.sampled_from(slots))
    return verb, slot, {key: draw(st.sampled_from(values)) for key, values in VARIED[verb].items()}


# Masks

DURATION = r"(?:Less than a second|About an? \w+|\d+ \w+)"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
NEVER = "0001-01-01T00:00:00Z"
STATE_OF_TIME = ("StartedAt", "FinishedAt")
# of inspect: what says where the engine keeps things, or names its network
PLACES = {
    *["HostnamePath", "HostsPath", "ResolvConfPath", "LogPath", "GraphDriver", "NetworkSettings", "Driver"],
    *[
        "AppArmorProfile",
        "ProcessLabel",
        "MountLabel",
        "Image",
        "ImageManifestDescriptor",
        "SizeRootFs",
        "Storage",
    ],
}


def masked_text(text: str) -> str:
    text = re.sub(MOMENT, lambda found: NEVER if found[0] == NEVER else "TIME", text)
    text = re.sub(rf"\b(Up|\)) {DURATION}", r"\1 DURATION", text)
    return re.sub(r"\b[0-9a-f]{64}\b", "ID", text)


def frames(answer: Answer, tty: bool) -> Any:
    """The streams of a log, one by one: their order among each other is not promised."""
    if tty:
        return masked_text(answer.body.decode())
    streams: dict[int, str] = {}
    rest = answer.body
    while rest:
        size = int.from_bytes(rest[4:8], "big")
        streams[rest[0]] = streams.get(rest[0], "") + rest[8 : 8 + size].decode()
        rest = rest[8 + size :]
    return {stream: masked_text(text) for stream, text in sorted(streams.items())}


@dataclass
class Side:
    """One of the two engines, and what has been made there."""

    engine: Engine
    prefix: str
    begin: float = field(default_factory=time.time)
    ids: dict[str, str] = field(default_factory=dict)  # id → slot of its making
    programs: dict[str, str] = field(default_factory=dict)  # id → program
    starts: Counter[str] = field(default_factory=Counter)  # id → how often it has said `ready`
    answers_to_usr2: Counter[str] = field(default_factory=Counter)

    def name(self, slot: str) -> str:
        return f"{self.prefix}{slot}" if slot in SLOTS else slot

    def mask(self, value: Any) -> Any:
        """Names and ids of ours as slots, in any structure."""
        if isinstance(value, str):
            for identity, slot in self.ids.items():
                value = value.replace(identity, f"ID-{slot}").replace(identity[:12], f"SHORT-{slot}")
            return masked_text(value.replace(self.prefix, "@"))
        if isinstance(value, list):
            return [self.mask(child) for child in value]
        if isinstance(value, dict):
            return {self.mask(key): self.mask(child) for key, child in value.items()}
        return value

    def look(self, slot: str) -> dict[str, Any] | None:
        answer = self.engine.call("GET", f"/containers/{self.name(slot)}/json")
        return answer.json() if answer.status == 200 else None

    def call(self, method: str, path: str, *rest: Any, **how: Any) -> Answer:
        return self.engine.call(method, path, *rest, **how)

    def on(self, method: str, slot: str, what: str, *rest: Any, **how: Any) -> Answer:
        return self.call(method, f"/containers/{self.name(slot)}{what}", *rest, **how)

    def plain(self, answer: Answer) -> Any:
        """Status, kind and masked body of an answer in JSON."""
        body = self.mask(answer.json()) if answer.kind == "application/json" else masked_text(answer.body.decode())
        return answer.status, answer.kind, self.mask(body) if isinstance(body, str) else body

    def forget(self) -> None:
        for slot in SLOTS:
            self.call("DELETE", f"/containers/{self.name(slot)}", {"force": 1})


# Coming to rest


def settle(side: Side, verb: str, slot: str, details: dict[str, Any], status: int) -> None:
    seen = side.look(slot)
    if seen is None or status >= 400:
        return
    identity = seen["Id"]
    program = side.programs[identity]
    tty = seen["Config"]["Tty"]
    if not program.startswith("stays"):
        if verb in ("start", "restart"):
            until(lambda: at_rest(side.look(slot), program), f"the end of {program}")
        return
    if verb in ("start", "restart") and status == 204:
        side.starts[identity] += 1
    if verb == "kill" and details["signal"] == "USR2" and seen["State"]["Running"] and not seen["State"]["Paused"]:
        side.answers_to_usr2[identity] += 1
    if verb == "kill" and details["signal"] in (None, "KILL", "TERM", "SIGUSR1", "15", ""):
        until(lambda: (now := side.look(slot)) is None or not now["State"]["Running"] or now["State"]["Paused"])
    query = {"stdout": 1}

    def said() -> Counter[str]:
        answer = side.on("GET", slot, "/logs", query)
        text = answer.body.decode() if tty else frames(answer, False).get(1, "")
        return Counter(text.split("\n") if not tty else text.split("\r\n"))

    if verb in ("start", "restart", "kill", "unpause"):
        until(lambda: said()["ready"] >= side.starts[identity], "ready")
        paused = side.look(slot)["State"]["Paused"]
        until(lambda: paused or said()["got it"] >= side.answers_to_usr2[identity], "an answer to USR2")


def at_rest(seen: dict[str, Any] | None, program: str) -> bool:
    if seen is None:
        return True
    if program == "restarts" and seen["State"]["ExitCode"] == 5:
        return seen["State"]["Status"] == "exited" and seen["RestartCount"] == 1
    return seen["State"]["Status"] in ("created", "exited") and program != "goes away"


# The calls


def do_create(side: Side, slot: str, program: str) -> Any:
    body = {"Image": IMAGE, "Labels": {"slot": slot, side.prefix: ""}, "Cmd": ["true"]} | PROGRAMS[program]
    answer = side.call("POST", "/containers/create", {"name": side.name(slot)}, body)
    if answer.status == 201:
        side.ids[answer.json()["Id"]] = slot
        side.programs[answer.json()["Id"]] = program
    return side.plain(answer)


def simple(method: str, what: str) -> Callable[..., Any]:
    def do(side: Side, slot: str, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        return side.plain(side.on(method, slot, what, query, body))

    return do


def do_kill(side: Side, slot: str, signal: str | None) -> Any:
    return side.plain(side.on("POST", slot, "/kill", {} if signal is None else {"signal": signal}))


def do_rename(side: Side, slot: str, to: str) -> Any:
    return side.plain(side.on("POST", slot, "/rename", {"name": side.name(to)}))


def do_remove(side: Side, slot: str, query: dict[str, Any]) -> Any:
    return side.plain(side.on("DELETE", slot, "", query))


def do_inspect(side: Side, slot: str, query: dict[str, Any]) -> Any:
    answer = side.on("GET", slot, "/json", query)
    if answer.status != 200:
        return side.plain(answer)
    seen = answer.json()
    seen["State"]["Pid"] = seen["State"]["Pid"] > 0
    seen["Config"]["Hostname"] = (
        "SHORT" if seen["Id"].startswith(seen["Config"]["Hostname"]) else seen["Config"]["Hostname"]
    )
    seen["ExecIDs"] = len(seen["ExecIDs"] or [])
    if "SizeRw" in seen:
        seen["SizeRw"] = seen["SizeRw"] > 0
    return (
        answer.status,
        sorted(seen),
        side.mask({key: value for key, value in seen.items() if key not in PLACES}),
    )


def do_top(side: Side, slot: str, query: dict[str, Any]) -> Any:
    answer = side.on("GET", slot, "/top", query)
    if answer.status != 200:
        return side.plain(answer)
    seen = answer.json()
    return answer.status, seen["Titles"], sorted(row[-1] for row in seen["Processes"]), answer.kind


def is_tty(side: Side, slot: str) -> bool:
    seen = side.look(slot)
    return bool(seen and seen["Config"]["Tty"])


def do_logs(side: Side, slot: str, query: dict[str, Any]) -> Any:
    answer = side.on("GET", slot, "/logs", query)
    if answer.status != 200:
        return side.plain(answer)
    return answer.status, answer.kind, frames(answer, is_tty(side, slot))


def do_attach(side: Side, slot: str, query: dict[str, Any]) -> Any:
    answer = side.on("POST", slot, "/attach", query)
    if answer.status != 200:
        return side.plain(answer)
    return answer.status, answer.kind, frames(answer, is_tty(side, slot))


def do_exec(side: Side, slot: str, body: dict[str, Any]) -> Any:
    made = side.on("POST", slot, "/exec", body=body)
    if made.status != 201:
        return side.plain(made)
    identity, tty = made.json()["Id"], body.get("Tty", False)
    before = side.call("GET", f"/exec/{identity}/json").json()
    run = side.call("POST", f"/exec/{identity}/start", body={"Detach": False, "Tty": tty})
    out = frames(run, tty) if run.status == 200 else side.plain(run)
    if run.status == 200:
        until(lambda: not side.call("GET", f"/exec/{identity}/json").json()["Running"])
    after = side.call("GET", f"/exec/{identity}/json").json()
    after["Pid"] = after["Pid"] > 0
    return made.status, run.status, run.kind, out, side.mask(before), side.mask(after)


def do_update(side: Side, slot: str, body: dict[str, Any]) -> Any:
    """A program that ends would never come to rest under a policy that starts it anew: that is taken back."""
    answer = side.plain(side.on("POST", slot, "/update", body=body))
    seen = side.look(slot)
    if (
        seen
        and seen["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        and not side.programs[seen["Id"]].startswith("stays")
    ):
        return *answer, side.plain(side.on("POST", slot, "/update", body={"RestartPolicy": {"Name": "no"}}))
    return answer


def do_wait(side: Side, slot: str, query: dict[str, Any]) -> Any:
    seen = side.look(slot)
    if seen and seen["State"]["Running"] and query.get("condition") != "nosuch":
        return "would wait"
    return side.plain(side.on("POST", slot, "/wait", query))


def do_changes(side: Side, slot: str) -> Any:
    answer = side.on("GET", slot, "/changes")
    status, kind, body = side.plain(answer)
    return status, kind, sorted(body, key=str) if isinstance(body, list) else body


def do_stat(side: Side, slot: str, path: str) -> Any:
    answer = side.on("HEAD", slot, "/archive", {"path": path})
    stat = json.loads(base64.b64decode(answer.headers.get("X-Docker-Container-Path-Stat", "bnVsbA==")))
    # what a folder's size is the file system knows, and what users there are the image
    of_its_own = stat and (stat["mode"] & (1 << 31) or path == "/etc/passwd")
    return answer.status, side.mask(stat | {"size": 0} if of_its_own else stat)


def do_read(side: Side, slot: str, path: str) -> Any:
    answer = side.on("GET", slot, "/archive", {"path": path})
    if answer.status != 200:
        return side.plain(answer)
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as tar:
        sizes = {one.name: 0 if path == "/etc/passwd" else one.size for one in tar}
        members = [(one.name, sizes[one.name], one.mode, one.uid, one.gid, one.linkname) for one in tar]
    return answer.status, answer.kind, members


def do_write(side: Side, slot: str, path: str) -> Any:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        entry = tarfile.TarInfo("written")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"abc"))
    head = {"Content-Type": "application/x-tar"}
    return side.plain(side.on("PUT", slot, "/archive", {"path": path}, whole.getvalue(), head))


def do_list(side: Side, slot: str, query: dict[str, Any]) -> Any:
    """Among what this sequence has made: with its label as one more filter."""
    filters = {
        key: [value.replace("@", side.prefix) for value in values] for key, values in query.get("filters", {}).items()
    }
    filters["label"] = [*filters.get("label", []), side.prefix]
    answer = side.call("GET", "/containers/json", query | {"filters": filters})
    if answer.status != 200:
        return side.plain(answer)
    rows = answer.json()
    for row in rows:
        row["NetworkSettings"] = sorted(row["NetworkSettings"]["Networks"])
        row["Created"] = row["Created"] > 0
        row["ImageID"] = row["ImageID"].partition(":")[0]
        for key in {"SizeRw", "SizeRootFs"} & row.keys():
            row[key] = row[key] > 0
    return answer.status, side.mask(rows)


def do_prune(side: Side, slot: str, query: dict[str, Any]) -> Any:
    filters = query.get("filters", {}) | {"label": [side.prefix]}

    def asked() -> Answer | None:
        """None while somebody else prunes: a Docker prunes for one at a time."""
        answer = side.call("POST", "/containers/prune", {"filters": filters})
        return None if answer.status == 409 else answer

    answer = until(asked, "the end of another prune")
    if answer.status != 200:
        return side.plain(answer)
    return answer.status, sorted(side.mask(answer.json()["ContainersDeleted"] or []))


def do_events(side: Side, slot: str) -> Any:
    """What has happened to containers of this slot, in any order: `die` and `stop` race."""
    query = {"since": f"{side.begin:.9f}", "until": f"{time.time():.9f}"}
    answer = side.call("GET", "/events", query | {"filters": {"label": [side.prefix, f"slot={slot}"]}})
    events = [json.loads(text) for text in answer.body.splitlines()]
    for event in events:
        event["Actor"]["Attributes"].pop("execDuration", None)
        event["Actor"]["Attributes"].pop("execID", None)
        for key in ("time", "timeNano"):
            event[key] = event[key] > 0
    return answer.status, sorted(json.dumps(side.mask(event), sort_keys=True) for event in events)


DO: dict[str, Callable[..., Any]] = {
    "create": do_create,
    **{verb: simple("POST", f"/{verb}") for verb in ("start", "stop", "restart", "pause", "unpause", "resize")},
    **{name.removeprefix("do_"): value for name, value in list(globals().items()) if name.startswith("do_")},
}


def status_of(answer: Any) -> int:
    return answer[0] if isinstance(answer, tuple) else 0


def play(side: Side, sequence: list[Step]) -> Iterator[Any]:
    """The masked answers of one engine."""
    for verb, slot, details in sequence:
        answer = DO[verb](side, slot, **details)
        yield answer
        if verb not in NO_SLOT:
            settle(side, verb, slot, details, status_of(answer))


def told(sequence: list[Step]) -> str:
    return "\n".join(f"  {verb} {slot} {json.dumps(details) if details else ''}" for verb, slot, details in sequence)


def differences(one: Any, two: Any, where: str = "") -> Iterator[str]:
    """Where two answers differ, a line each."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys(), key=str):
            yield from differences(one.get(key, "(no key)"), two.get(key, "(no key)"), f"{where}.{key}")
    elif isinstance(one, list | tuple) and isinstance(two, list | tuple) and len(one) == len(two):
        for index, (left, right) in enumerate(zip(one, two, strict=True)):
            yield from differences(left, right, f"{where}[{index}]")
    elif one != two:
        yield f"{where or 'answer'}:\n    {PAIR[0]}: {one!r}\n    {PAIR[1]}: {two!r}"


def allowed(verb: str, difference: str) -> bool:
    """Whether known_differences.json has it: a verb, and a pattern for where and what."""
    return "practice" in PAIR and any(
        known["verb"] == verb and re.search(known["pattern"], difference) for known in KNOWN["answers"]
    )


NUMBERS = itertools.count()
AGREED = Counter[str]()


def compare(pair: list[Engine], sequence: list[Step]) -> list[tuple[int, list[str]]]:
    """Play the sequence on both; the first step that differs, and how."""
    number = next(NUMBERS)
    sides = [Side(engine, f"{RUN}-p{number}{mark}-") for engine, mark in zip(pair, "xy", strict=True)]
    try:
        for index, (one, two) in enumerate(zip(*(play(side, sequence) for side in sides), strict=True)):
            verb = sequence[index][0]
            if found := [text for text in differences(one, two) if not allowed(verb, text)]:
                return [(index, found)]
        AGREED["sequences"] += 1
        return []
    finally:
        for side in sides:
            side.forget()


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest) -> list[Engine]:
    missing = set(PAIR) - set(engines_to_test())
    if missing:
        pytest.skip(f"parity compares {' and '.join(PAIR)}; not there: {', '.join(sorted(missing))}")
    engines = request.getfixturevalue("engines")
    return [engines.get(name) for name in PAIR]


def test_the_same_answers(pair: list[Engine]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(st.sampled_from(BEGINNINGS), st.lists(steps(), min_size=1, max_size=14))
    def run(beginning: list[Step], rest: list[Step]) -> None:
        sequence = [*beginning, *rest]
        for index, found in compare(pair, sequence):
            lines = "\n".join(found)
            raise AssertionError(
                f"after these calls the last is answered differently:\n{told(sequence[: index + 1])}\n{lines}"
            )

    (seed(int(SEED)) if SEED else lambda test: test)(run)()
    assert AGREED["sequences"] >= EXAMPLES, "hypothesis has made fewer sequences than were asked for"
