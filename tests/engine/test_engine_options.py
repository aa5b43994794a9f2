"""Options that no other test here types: what each changes, or that the engine takes it; a row an option."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from differences import quirk
from enginekit import NOWHERE, Caller, Made, Magic, unique
from plain import Engine

from dockermagic import bodies, endpoints, errors

OFFLINE = {"HostConfig": {"NetworkMode": "none"}}
LOUD = "while :; do echo out; echo err >&2; sleep 0.1; done"
PLATFORM = json.dumps({"os": "linux", "architecture": "amd64"})
SAID = "said by a file\n"


class Case(NamedTuple):
    """One option, or those that go together.

    Attributes:
        row, values: the call; `{name}` in a text is filled by `Scene`.
        holds: what is true of the value.
        since: the API that brought it.
        body: of the call.
    """

    row: str
    values: dict[str, Any]
    holds: Callable[[Any], Any] = lambda value: True
    since: str = ""
    body: Any = None


def happened(text: str) -> Callable[[Any], bool]:
    return lambda frame: list(frame["happened"]) == [text]


def only(stream: str) -> Callable[[Any], bool]:
    return lambda frame: set(frame["stream"]) == {stream}


LISTEN = {"id": "{loud}", "stream": True, "lines": 4}
TAKEN: dict[str, Case] = {
    "start: detachKeys": Case("start", {"id": "{created}", "detachKeys": "ctrl-x"}, happened("started")),
    "restart: signal": Case("restart", {"id": "{quiet}", "signal": "KILL", "t": 1}, happened("restarted"), "1.42"),
    "logs: lines": Case("logs", {"id": "{loud}", "follow": True, "lines": 3}, lambda frame: len(frame) == 3),
    "attach: stdout": Case("attach", {**LISTEN, "stdout": True}, only("stdout")),
    "attach: stderr": Case("attach", {**LISTEN, "stderr": True}, only("stderr")),
    "attach: input-file": Case("attach", {"id": "{cat}", "stdin": True, "input-file": "{file}", "lines": 1}, len),
    "attach: bytes": Case("attach", {"id": "{loud}", "bytes": True, "for": "1s"}, lambda told: b"out\n" in told),
    "attach_ws: logs": Case(
        "attach_ws", {**LISTEN, "logs": True, "detachKeys": "ctrl-x"}, lambda frame: len(frame) == 4
    ),
    "attach_ws: stdout": Case("attach_ws", {**LISTEN, "stdout": True}, lambda frame: set(frame["line"]) == {"out"}),
    "attach_ws: stderr": Case("attach_ws", {**LISTEN, "stderr": True}, lambda frame: set(frame["line"]) == {"err"}),
    "attach_ws: bytes": Case("attach_ws", {"id": "{loud}", "bytes": True, "for": "1s"}, lambda told: b"out\n" in told),
    "exec_start: lines": Case("exec_start", {"id": "{exec}", "lines": 2}, lambda frame: len(frame) == 2, body={}),
    "exec_start: for": Case("exec_start", {"id": "{exec}", "for": "1s"}, len, body={}),
    "put_archive: noOverwriteDirNonDir": Case(
        "put_archive",
        {"id": "{loud}", "path": "/tmp", "input": "{file}", "noOverwriteDirNonDir": True},
        happened("was unpacked"),
    ),
    "put_archive: copyUIDGID": Case(
        "put_archive", {"id": "{loud}", "path": "/tmp", "input": "{file}", "copyUIDGID": True}, happened("was unpacked")
    ),
    "commit: author, pause": Case(
        "commit", {"container": "{loud}", "repo": "{new}", "author": "me", "pause": True}, lambda told: told["Id"]
    ),
    "images: manifests": Case("images", {"manifests": True}, len, "1.47"),
    "image: manifests": Case("image", {"name": "{image}", "manifests": True}, lambda told: told["Id"], "1.48"),
    "history: platform": Case("history", {"name": "{image}", "platform": PLATFORM}, len, "1.48"),
    "get_image: platform": Case("get_image", {"name": "{image}", "platform": PLATFORM}, len, "1.48"),
    "get_images: platform": Case("get_images", {"names": ["{image}"], "platform": PLATFORM}, len, "1.48"),
    "get_images: output": Case("get_images", {"names": ["{image}"], "output": "{out}"}, len),
    "load: quiet": Case("load", {"input": "{saved}", "quiet": True}, len),
    "load: platform": Case("load", {"input": "{saved}", "platform": PLATFORM}, len, "1.48"),
    "import: changes, platform": Case(
        "import", {"input": "{tar}", "repo": "{new}", "changes": ["ENV A=b", "LABEL es=1"], "platform": "linux"}, len
    ),
    "remove_image: force, noprune": Case(
        "remove_image",
        {"name": "{image}", "force": True, "noprune": True},
        lambda frame: "untagged" in set(frame["happened"]),
    ),
    "remove_image: platforms": Case("remove_image", {"name": "{image}", "platforms": [PLATFORM]}, len, "1.50"),
    "df: type": Case("df", {"type": ["image"]}, lambda frame: set(frame["type"]) == {"image"}, "1.42"),
    "stats: one-shot": Case("stats", {"id": "{loud}", "one-shot": True}, lambda frame: len(frame) == 1, "1.41"),
    "events: follow": Case("events", {"follow": True, "for": "1s"}, lambda frame: frame.columns[0] == "time"),
    "prune_builds: keep-storage": Case(
        "prune_builds", {"all": True, "keep-storage": 1, "filters": {"id": [NOWHERE]}}, lambda frame: not len(frame)
    ),
    "prune_builds: reserved-space": Case(
        "prune_builds",
        {"reserved-space": 1, "max-used-space": 9, "min-free-space": 1, "filters": {"id": [NOWHERE]}},
        lambda frame: not len(frame),
        "1.48",
    ),
}


OTHERWISE: dict[str, tuple[str, Callable[[Any], Any] | None]] = {
    "attach: stdout": ("attach: both streams come", lambda frame: {"stdout", "stderr"} == set(frame["stream"])),
    "attach: stderr": ("attach: both streams come", lambda frame: {"stdout", "stderr"} == set(frame["stream"])),
    "attach_ws: stdout": ("attach_ws: both streams come", lambda frame: {"out", "err"} == set(frame["line"])),
    "attach_ws: stderr": ("attach_ws: both streams come", lambda frame: {"out", "err"} == set(frame["line"])),
}
"""Case → the quirk with which something else holds."""
NOT_THERE = {"attach_ws": "attach_ws: there is none", "prune_builds": "prune_builds: there is none"}
"""Row → the quirk with which there is no such call."""


class Scene(dict[str, str]):
    """Names for the values; each is made when it is asked for."""

    def __init__(self, by: Caller, made: Made, folder: Path) -> None:
        super().__init__()
        self.by, self.made, self.folder = by, made, folder
        self.images: list[str] = []

    def __missing__(self, name: str) -> str:
        self[name] = getattr(self, f"_{name}")()
        return self[name]

    def fill(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        return value.format_map(self) if isinstance(value, str) and not value.startswith('{"') else value

    def _loud(self) -> str:
        return self.made(LOUD, **OFFLINE)

    def _quiet(self) -> str:
        return self.made("sleep 600", **OFFLINE)

    def _created(self) -> str:
        return self.made("sleep 600", start=False, **OFFLINE)

    def _cat(self) -> str:
        return self.made("cat", OpenStdin=True, StdinOnce=True, **OFFLINE)

    def _exec(self) -> str:
        body = {"AttachStdout": True, "AttachStderr": True, "Cmd": ["sh", "-c", LOUD]}
        return str(self.by("exec_create", body, id=self["loud"])["Id"])

    def _new(self) -> str:
        self.images.append(f"es/{unique()}")
        return self.images[-1]

    def _image(self) -> str:
        self.by("commit", container=self["quiet"], repo=self["new"])
        return self["new"]

    def _file(self) -> str:
        (self.folder / "said").write_text(SAID)
        return str(self.folder / "said")

    def _out(self) -> str:
        return str(self.folder / "out.tar")

    def _saved(self) -> str:
        self.by("get_image", name=self["image"], output=self["out"])
        return self["out"]

    def _tar(self) -> str:
        with tarfile.open(self.folder / "root.tar", "w") as archive:
            archive.add(self["file"], "said")
        return str(self.folder / "root.tar")


@pytest.fixture
def scene(by: Caller, made: Made, engine: Engine, tmp_path: Path) -> Iterator[Scene]:
    found = Scene(by, made, tmp_path)
    yield found
    made.remove()
    for name in found.images:
        engine.call("DELETE", f"/images/{name}", params={"force": "1"})
        built_before = json.dumps({"label": [f"es={name}"]})
        engine.call("POST", "/images/prune", params={"filters": built_before})


@pytest.mark.parametrize("name", TAKEN)
def test_it_is_taken(by: Caller, scene: Scene, name: str) -> None:
    case, engine = TAKEN[name], by.session.engine
    values = {key: scene.fill(value) for key, value in case.values.items()}
    body = [] if case.body is None else [case.body]
    if case.since and endpoints.version(engine.api) < endpoints.version(case.since):
        with pytest.raises(errors.EngineTooOld, match=rf"came with API {case.since}, and .* speaks {engine.api}"):
            by(case.row, *body, **values)
        return
    if case.row in NOT_THERE and quirk(NOT_THERE[case.row], engine.name):
        with pytest.raises(errors.NotFound):
            by(case.row, *body, **values)
        return
    another, check = OTHERWISE.get(name, ("", case.holds))
    holds = check if another and quirk(another, engine.name) else case.holds
    assert holds(by(case.row, *body, **values))


STAGES = "FROM busybox AS one\nARG A\nLABEL a=$A\nFROM one AS two\nCOPY nothing.of.that.name /\n"
LIMITS = {
    "memory": 64 << 20, "memswap": -1, "cpushares": 512, "cpusetcpus": "0", "cpuperiod": 100_000, "cpuquota": 50_000,
    "shmsize": 1 << 20,
}  # fmt: skip
BUILT = {
    "dockerfile": "Other", "target": "one", "buildargs": {"A": "b"}, "nocache": True, "rm": True, "forcerm": True,
    "networkmode": "none", "cachefrom": ["busybox"], "platform": "linux", "version": "1",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Other").write_text(STAGES)
    return tmp_path


def test_build(by: Caller, folder: Path, scene: Scene) -> None:
    values = {"input": str(folder), "t": [scene["new"]], "labels": {"es": scene["new"]}, **BUILT, **LIMITS}
    if "practice" in by.session.engine.name.lower():
        with pytest.raises(errors.NotImplementedHere, match="does not build"):
            by("build", **values)
        return
    told = by("build", **values)["message"]
    assert any("LABEL a=" in text for text in told)
    labels = by("image", name=scene["new"])["Config"]["Labels"]
    assert (labels["a"], labels["es"]) == ("b", scene["new"])
    with_hosts = {**values, "extrahosts": ["es:127.0.0.1"]}
    if quirk("build: extrahosts are an array of JSON", by.session.engine.name):
        with pytest.raises(errors.BadRequest, match="extrahosts"):
            by("build", **with_hosts)
    else:
        by("build", **with_hosts)
    quiet = by("build", **{**values, "q": True, "nocache": False})
    assert not any("LABEL" in text for text in quiet["message"])


def test_build_that_cannot_pull(by: Caller, folder: Path) -> None:
    with pytest.raises((errors.StatusError, errors.StreamFailed)):
        by("build", input=str(folder), version="1", dockerfile="Other", target="one", pull=True)


LACKING = ("BlkioWeight",)
"""What a kernel may lack; the engine warns then, and leaves it out."""
HALF = ["--memory", "64m", "--memory-swap", "128m"]
UPDATED: list[tuple[list[str], str, Any]] = [
    (HALF, "MemorySwap", 128 << 20),
    ([*HALF, "--memory-reservation", "32m"], "MemoryReservation", 32 << 20),
    (["--cpu-shares", "512"], "CpuShares", 512),
    (["--cpu-period", "50000", "--cpu-quota", "20000"], "CpuQuota", 20_000),
    (["--cpuset-cpus", "0"], "CpusetCpus", "0"),
    (["--cpuset-mems", "0"], "CpusetMems", "0"),
    (["--blkio-weight", "300"], "BlkioWeight", 300),
    (["--pids-limit", "50"], "PidsLimit", 50),
]


@pytest.mark.parametrize(
    ("words", "key", "value"), UPDATED, ids=lambda found: " ".join(found) if isinstance(found, list) else None
)
def test_a_flag_of_update_is_seen_again(magic: Magic, made: Made, words: list[str], key: str, value: Any) -> None:
    name = made(start=False, **OFFLINE)
    answer = magic.typed(["update", name, *words])
    assert made.inspect(name)["HostConfig"][key] == value or (key in LACKING and answer["Warnings"])


def test_the_flags_of_an_exec(magic: Magic, made: Made) -> None:
    name = made("sleep 600", **OFFLINE)
    identity = magic.typed(["exec_create", name, "--privileged", "--", "true"])["Id"]
    assert magic.typed(["exec_inspect", identity])["ProcessConfig"]["privileged"] is True
    identity = magic.typed(["exec_create", name, "--detach-keys", "ctrl-x", "-t", "--", "sleep", "5"])["Id"]
    size = ["--console-size", "30x100"]
    if endpoints.version(magic.session.engine.api) < (1, 42):
        with pytest.raises(errors.EngineTooOld, match="console-size"):
            magic.typed(["exec_start", identity, "--detach", "-t", *size])
        size = []
    assert happened("started")(magic.typed(["exec_start", identity, "--detach", "-t", *size]))


def test_a_password_from_the_environment(magic: Magic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_PASSWORD", "geheim")
    words = ["--username", "me", "--password-env", "ES_PASSWORD", "--serveraddress", "127.0.0.1:9"]
    with pytest.raises(errors.StatusError):
        magic.typed(["auth", *words])
    sent = json.loads(magic.last.request.body)
    assert (sent["username"], sent["password"], sent["serveraddress"]) == ("me", "geheim", "127.0.0.1:9")
    assert "geheim" not in magic.text


def test_every_flag_of_update_is_tried() -> None:
    tried = {word for words, _, _ in UPDATED for word in words} | {"--cpus", "--restart"}  # create has these
    assert {flag.param.option for flag in bodies.UPDATE_FLAGS} == {word for word in tried if word.startswith("--")}
