"""What real engines answered, replayed without one: the requests that we send, and what we make of the answers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import struct
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest

from dockermagic import errors, tables
from dockermagic.endpoints import BY_NAME, ENDPOINTS, METHODS, raw
from dockermagic.exchange import Reply, Request
from dockermagic.locate import Surroundings
from dockermagic.session import Session

FILES = sorted(Path(__file__).parent.glob("*.json"))
CLASSES = {
    400: errors.BadRequest,
    404: errors.NotFound,
    409: errors.Conflict,
    500: errors.ServerError,
}
COLUMNS = {
    "list": ["id", "name", "image", "command", "created", "state", "status", "ports", "labels"],
    "images": ["id", "tags", "created", "size", "containers", "labels"],
    "logs": ["time", "stream", "line"],
    "export": ["name", "type", "mode", "uid", "gid", "size", "modified", "target"],
    "ping": ["answer", "api_version", "os", "server", "builder_version"],
    "changes": ["path", "kind"],
    "history": ["id", "created", "created_by", "size", "tags", "comment"],
    "gone": ["what", "happened"],
}
OUTCOMES = ["container", "status", "happened"]
SAID = {
    "start": {204: "started", 304: "was running already"},
    "stop": {204: "stopped", 304: "was stopped already"},
    "restart": {204: "restarted"},
    "kill": {204: "was sent the signal"},
    "remove": {200: "the answer", 204: "removed"},
    "rename": {204: "renamed"},
    "pause": {204: "paused"},
    "unpause": {204: "goes on"},
    "resize": {200: "was resized"},
    "tag": {201: "tagged"},
}


TAKEN = "the connection is taken over: no answer of HTTP is there to replay"
NUMBERED = "its path holds an id that the engine gave a moment before"
FIGURES = "it is made of figures and times of the machine"
PACKED = "its body is an archive, and a recording keeps JSON"
REGISTRY = "it needs a registry"
UNRECORDED = {
    **dict.fromkeys(("attach", "attach_ws", "exec_start"), TAKEN),
    **dict.fromkeys(("exec_inspect", "exec_resize"), NUMBERED),
    **dict.fromkeys(("stats", "events", "df"), FIGURES),
    **dict.fromkeys(("put_archive", "load", "import", "build"), PACKED),
    **dict.fromkeys(("pull", "push", "search", "auth"), REGISTRY),
}
NOT_THERE = {"podman-5.8": {"prune_builds": "its compatible API leaves it out"}}
"""What an engine has not: its 404 is what was recorded."""
ARCHIVES = ("export", "get_archive", "get_image", "get_images")
SEEN = json.loads((Path(__file__).parents[1] / "engine" / "seen.json").read_text(encoding="utf-8"))


class Recording:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.header: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.calls: list[dict[str, Any]] = self.header.pop("calls")

    def call(self, name: str) -> dict[str, Any]:
        return next(call for call in self.calls if call["name"] == name)


class Replayed:
    """A transport that has one answer: the recorded one, to the recorded request."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.due = recording.call("version")
        self.seen: list[Request] = []

    def send(self, request: Request, *, seconds: float | None) -> Reply:
        self.seen.append(request)
        due = self.recording.call("version") if request.path == "/version" else self.due
        answer = due["answer"]
        return Reply(answer["status"], answer["reason"], answer["headers"], pieces(body_of(answer)))

    def close(self) -> None:
        pass


def body_of(answer: dict[str, Any]) -> bytes:
    if "json" in answer:
        return json.dumps(answer["json"], ensure_ascii=False).encode()
    if "gzip" in answer:
        return gzip.decompress(base64.b64decode(answer["gzip"]))
    return base64.b64decode(answer["base64"]) if "base64" in answer else answer.get("text", "").encode()


def pieces(body: bytes) -> Iterator[bytes]:
    """The body in pieces of seven bytes at first, so that no border of a piece is one of a frame."""
    for at in range(0, min(len(body), 700), 7):
        yield body[at : at + 7]
    if len(body) > 700:
        yield body[700:]


RECORDINGS = [Recording(path) for path in FILES]
CALLS = [pytest.param(each, call, id=f"{each.name}-{call['name']}") for each in RECORDINGS for call in each.calls]


class Played:
    """One recorded call, made again."""

    def __init__(self, recording: Recording, call: dict[str, Any]) -> None:
        self.answer, self.recorded = call["answer"], call["request"]
        self.transport = Replayed(recording)
        around = Surroundings(env={"DOCKER_HOST": "tcp://recorded:2375"})
        self.session = Session(around=around, transport=lambda host, tls: self.transport)
        self.session.connect()
        self.transport.due = call
        self.values = dict(call["values"])
        self.row = raw(call["row"], self.values["path"]) if call["row"] in METHODS else BY_NAME[call["row"]]

    def value(self) -> Any:
        exchange = self.session.call(self.row, self.values, body=self.recorded["body"])
        wanted = tables.Wanted(values=self.values, tty=lambda answer: self.values.get("id") == "recorded-tty")
        return tables.value(self.row, exchange, wanted)

    @property
    def sent(self) -> Request:
        return self.transport.seen[-1]


@pytest.mark.parametrize(("recording", "call"), CALLS)
def test_we_send_what_was_recorded(recording: Recording, call: dict[str, Any]) -> None:
    played = Played(recording, call)
    with suppress(errors.StatusError):
        played.value()
    sent = played.sent
    assert (sent.method, unquote(sent.path)) == (played.recorded["method"], played.recorded["path"])
    assert sorted(map(list, sent.query)) == sorted(played.recorded["query"])
    assert (json.loads(sent.body) if sent.body else None) == played.recorded["body"]
    assert dict(sent.headers).get("Content-Type") == ("application/json" if sent.body else None)


@pytest.mark.parametrize(("recording", "call"), CALLS)
def test_what_we_make_of_the_answer(recording: Recording, call: dict[str, Any]) -> None:
    played = Played(recording, call)
    status = call["answer"]["status"]
    if status >= 400:
        with pytest.raises(errors.StatusError) as caught:
            played.value()
        refused(caught.value, call["answer"])
        return
    value = played.value()
    assert played.session.last is not None
    assert played.session.last.value is value
    assert played.session.last.received == len(body_of(call["answer"])) or call["row"] in ARCHIVES
    CHECKS.get(call["row"], tree)(value, call)


def refused(error: errors.StatusError, answer: dict[str, Any]) -> None:
    assert type(error) is CLASSES[answer["status"]]
    assert error.status == answer["status"]
    assert error.what == (answer["json"]["message"] if "json" in answer else answer["text"].strip() or "(no message)")
    assert error.exchange.kept == body_of(answer)
    assert error.step
    block = error.lines()
    assert block[0].startswith(f"{type(error).__name__} ({error.status}): ")
    assert 2 <= len(block) <= 3


SAYINGS = [
    ("docker-20.10", "kill: no such signal", 400, "Invalid signal: NOSUCH"),
    ("docker-28.5", "kill: no such signal", 400, "cannot kill container: recorded: invalid signal: NOSUCH"),
    ("podman-5.8", "kill: no such signal", 500, "invalid signal: NOSUCH"),
    ("docker-28.5", "create: no such image", 404, "No such image: recorded-missing:1"),
    ("docker-28.5", "logs: no stream", 400, "Bad parameters: you must choose at least one stream"),
    ("podman-5.8", "top: not running", 500, "top can only be used on running containers"),
    ("docker-28.5", "archive_info: no such path", 404, "(no message)"),
    (
        "podman-5.8",
        "exec_create: no command",
        500,
        "must provide a non-empty command to start an exec session: invalid argument",
    ),
    ("docker-28.5", "GET: no such path", 404, "page not found"),
    ("podman-5.8", "GET: no such path", 404, "Not Found"),
]


@pytest.mark.parametrize(("file", "name", "status", "saying"), SAYINGS)
def test_what_an_engine_says(file: str, name: str, status: int, saying: str) -> None:
    recording = next(each for each in RECORDINGS if each.name == file)
    with pytest.raises(errors.StatusError) as caught:
        Played(recording, recording.call(name)).value()
    assert caught.value.lines()[0] == f"{CLASSES[status].__name__} ({status}): {saying}"


def containers(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    told = call["answer"]["json"] or []
    more = ["size_rw", "size_root_fs"] if call["values"].get("size") else []
    assert list(frame.columns) == COLUMNS["list"] + more
    assert list(frame["id"]) == [each["Id"] for each in told]
    assert list(frame["name"]) == [each["Names"][0].removeprefix("/") for each in told]
    assert list(frame["image"]) == [each["Image"] for each in told]
    assert list(frame["state"]) == [each["State"] for each in told]
    assert list(frame["labels"]) == [each["Labels"] for each in told]
    assert [int(each.timestamp()) for each in frame["created"]] == [each["Created"] for each in told]
    assert all(frame[name].dtype == "string" for name in ("id", "name", "image", "command", "status", "ports"))
    assert frame["created"].dtype == "datetime64[ns, UTC]"
    assert isinstance(frame["state"].dtype, pd.CategoricalDtype)
    for name, key in (("size_rw", "SizeRw"), ("size_root_fs", "SizeRootFs")) if more else ():
        assert frame[name].dtype == "int64"
        assert list(frame[name]) == [each.get(key) or 0 for each in told]


def images(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    told = call["answer"]["json"] or []
    assert list(frame.columns) == COLUMNS["images"]
    assert list(frame["id"]) == [each["Id"] for each in told]
    assert list(frame["tags"]) == [", ".join(each["RepoTags"]) for each in told]
    assert list(frame["size"]) == [each["Size"] for each in told]
    assert frame["size"].dtype == frame["containers"].dtype == "int64"
    assert frame["created"].dtype == "datetime64[ns, UTC]"


def processes(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    told = call["answer"]["json"]
    assert list(frame.columns) == told["Titles"]
    assert [list(map(str, row)) for row in frame.itertuples(index=False)] == told["Processes"]
    assert frame["PID"].dtype == "int64"
    assert frame[told["Titles"][-1]].dtype == "string"


def frames_of(body: bytes) -> list[tuple[str, bytes]]:
    """The stream format, read another way than dockermagic reads it."""
    file, found = io.BytesIO(body), []
    while head := file.read(8):
        kind, size = struct.unpack(">B3xI", head)
        found.append((("stdin", "stdout", "stderr")[kind], file.read(size)))
    return found


def log(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame.columns) == COLUMNS["logs"]
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    assert list(frame["stream"].cat.categories) == ["stdout", "stderr"]
    assert frame["line"].dtype == "string"
    found = list(zip(frame["stream"], frame["line"], strict=True))
    body = body_of(call["answer"])
    if call["values"]["id"] == "recorded-tty":
        assert (
            found == [("stdout", line) for line in body.decode().splitlines()] == [("stdout", "out"), ("stdout", "err")]
        )
        return
    told = [(stream, data.decode().rstrip("\n")) for stream, data in frames_of(body)]
    if call["values"].get("timestamps"):
        assert [str(time.date()) for time in frame["time"]] == [text[:10] for _, text in told]
        told = [(stream, text.partition(" ")[2]) for stream, text in told]
    else:
        assert frame["time"].isna().all()
    assert found == told
    assert ("stderr", "err") in found
    assert (call["values"].get("stderr") == "1" and "stdout" not in call["values"]) or ("stdout", "out 一") in found


TYPES = {"export": {"file", "folder"}, "get_archive": {"file"}, "get_image": {"file"}, "get_images": {"file"}}


def archive(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame.columns) == COLUMNS["export"]
    with tarfile.open(fileobj=io.BytesIO(body_of(call["answer"]))) as tar:
        told = tar.getmembers()
    assert list(frame["name"]) == [each.name for each in told]
    assert list(frame["size"]) == [each.size for each in told]
    assert list(frame["target"]) == [each.linkname for each in told]
    assert set(frame["type"]) & TYPES[call["row"]] == TYPES[call["row"]]
    if call["row"] == "export":
        assert set(frame["type"]) & {"link", "hard link"}
    assert all(frame[name].dtype == "int64" for name in ("uid", "gid", "size"))
    assert frame["modified"].dtype == "datetime64[ns, UTC]"


def outcome(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame.columns) == OUTCOMES
    assert frame["status"].dtype == "int64"
    status = call["answer"]["status"]
    assert list(frame.iloc[0]) == [call["values"][PLACE[call["row"]]], status, SAID[call["row"]][status]]


def changes(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame.columns) == COLUMNS["changes"]
    assert list(frame["path"]) == [each["Path"] for each in call["answer"]["json"]]
    assert dict(zip(frame["path"], frame["kind"], strict=True))["/made"] == "added"


def stat(told: dict[str, Any], call: dict[str, Any]) -> None:
    assert list(told) == ["name", "size", "mode", "permissions", "mtime", "linkTarget"]
    link = call["values"]["path"] == "/bin/sh"
    expected = ("lrwxrwxrwx", 7, "/bin/busybox") if link else ("-rw-r--r--", 5, "")
    assert (told["permissions"], told["size"], told["linkTarget"]) == expected
    assert told["mtime"].year == 2026
    assert told["mtime"].tz is not None


def layers(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    told = call["answer"]["json"]
    assert list(frame.columns) == COLUMNS["history"]
    assert list(frame["id"]) == [each["Id"] for each in told]
    assert [int(each.timestamp()) for each in frame["created"]] == [each["Created"] for each in told]
    assert list(frame["size"]) == [each["Size"] for each in told]
    assert frame["size"].dtype == "int64"
    assert frame["tags"].iloc[0].endswith("recorded-image:1")


def gone(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    """Names and layers, as pairs; what prunes names the layers in a dict, or the containers in a list."""
    told = call["answer"]["json"]
    reclaimed = told["SpaceReclaimed"] if isinstance(told, dict) else None
    if isinstance(told, dict):
        told = next(each for key, each in told.items() if key.endswith("Deleted")) or []
    pairs = [pair for each in told for pair in (each.items() if isinstance(each, dict) else [("Deleted", each)])]
    assert list(frame.columns) == COLUMNS["gone"]
    assert list(zip(frame["happened"], frame["what"], strict=True)) == [(key.lower(), text) for key, text in pairs]
    assert bool(pairs) == (call["row"] != "prune_builds")
    assert frame.attrs["dockermagic"].get("reclaimed") == reclaimed


def ping(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame.columns) == COLUMNS["ping"]
    heads = call["answer"]["headers"]
    assert frame.iloc[0]["answer"] == "OK"
    assert frame.iloc[0]["api_version"] == heads["api-version"]


def head(frame: pd.DataFrame, call: dict[str, Any]) -> None:
    assert list(frame["status"]) == [200]


def tree(value: Any, call: dict[str, Any]) -> None:
    assert value == call["answer"]["json"]


PLACE = {name: BY_NAME[name].places[0].name for name in SAID}
CHECKS = {
    "list": containers,
    "images": images,
    "top": processes,
    "logs": log,
    **dict.fromkeys(ARCHIVES, archive),
    "changes": changes,
    "archive_info": stat,
    "history": layers,
    **dict.fromkeys(("remove_image", "prune", "prune_images", "prune_builds"), gone),
    "ping": ping,
    "HEAD": head,
    **dict.fromkeys(SAID, outcome),
}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
class TestProvenance:
    def test_the_header_says_what_it_is(self, recording: Recording) -> None:
        header = recording.header
        assert set(header) == {"engine", "version", "api", "spoken", "recorded", "by", "checksum"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", header["recorded"])
        engine, _, version = recording.name.partition("-")
        assert header["engine"].lower().startswith(engine)
        assert header["version"].startswith(f"{version}.")
        assert recording.call("version")["answer"]["json"]["ApiVersion"] == header["api"]

    def test_nobody_edited_it(self, recording: Recording) -> None:
        text = json.dumps(recording.calls, sort_keys=True, ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == recording.header["checksum"], "record it anew"

    def test_every_row_succeeds_in_it(self, recording: Recording) -> None:
        good = {call["row"] for call in recording.calls if call["answer"]["status"] < 300}
        lacking = NOT_THERE.get(recording.name, {}).keys()
        assert {row.name for row in ENDPOINTS} - good == UNRECORDED.keys() | lacking, "record it, or say why it cannot"
        assert all(recording.call(row)["answer"]["status"] == 404 for row in lacking)

    def test_refusals_that_teach(self, recording: Recording) -> None:
        statuses = {call["answer"]["status"] for call in recording.calls}
        assert {200, 201, 204, 304, 400, 404, 409} <= statuses

    def test_ids_are_numbered(self, recording: Recording) -> None:
        created = recording.call("create")["answer"]["json"]["Id"]
        assert re.fullmatch(r"\d{12}0{52}", created)
        assert recording.call("inspect")["answer"]["json"]["Id"] == created
        assert recording.call("list")["answer"]["json"][0]["Id"] == created
        assert recording.call("create: with a terminal")["answer"]["json"]["Id"] != created


@pytest.mark.parametrize("row", [row for row, why in UNRECORDED.items() if why != REGISTRY])
def test_what_is_not_recorded_was_seen_on_a_real_engine(row: str) -> None:
    assert [engine for engine, rows in SEEN["worked"].items() if engine != "practice" and row in rows]


def test_there_are_recordings() -> None:
    assert [recording.name for recording in RECORDINGS] == ["docker-20.10", "docker-28.5", "podman-5.8"]
