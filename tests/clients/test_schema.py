"""Every JSON answer against Docker's published specification (schema.json, made by tools/extract_schema.py).

Where Docker 28 itself leaves its specification, `deviations.json` says so: `nulls` where a null stands for
the type that is named, `extras` for keys that are not named, `statuses` for statuses that are not named. The
file is recorded, not written: with DOCKERMAGIC_RECORD=1, docker-28's deviations are added to it.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import tarfile
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from client_support import HERE, IMAGE, RUN, Answer, Engine, Made, until
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

EXTRACT = json.loads((HERE / "schema.json").read_text())
DEVIATIONS = json.loads((HERE / "deviations.json").read_text())
RECORDING = bool(os.environ.get("DOCKERMAGIC_RECORD"))


# A validator as strict as a Go client: 1.0 is no integer, sizes hold, nothing is there that has no name


def is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


Strict = validators.extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
)
FORMATS = FormatChecker(formats=())
RANGES = {
    "uint8": (0, 2**8),
    "uint16": (0, 2**16),
    "uint32": (0, 2**32),
    "uint64": (0, 2**64),
    "int64": (-(2**63), 2**63),
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
for kind, (low, high) in RANGES.items():
    FORMATS.checks(kind)(lambda value, low=low, high=high: not is_integer(0, value) or low <= value < high)
FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or not value or bool(MOMENT.fullmatch(value)))


def closed(node: Any) -> Any:
    """The schema with its objects closed: no properties but those named."""
    if isinstance(node, list):
        return [closed(child) for child in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in merged(node).items() if key != "properties"}
    if "properties" not in merged(node):
        return made
    properties = {name: closed(child) for name, child in merged(node)["properties"].items()}
    return {"additionalProperties": False} | made | {"properties": properties}


def merged(node: dict[str, Any]) -> dict[str, Any]:
    """The objects of an `allOf` as one object."""
    if "allOf" not in node:
        return node
    parts = [
        EXTRACT["definitions"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in node["allOf"]
    ]
    properties = {name: child for part in parts for name, child in part["properties"].items()}
    return {key: value for key, value in node.items() if key != "allOf"} | {"properties": properties}


DEFINITIONS = {name: closed(one) for name, one in EXTRACT["definitions"].items()}


def place(operation: str, status: int, error: ValidationError) -> str:
    """Where in an answer: `ContainerList 200 *.Ports`."""
    steps = ["*" if isinstance(step, int) else step for step in error.absolute_path]
    return f"{operation} {status} {'.'.join(steps)}".rstrip()


def breaks(operation: str, status: int, value: Any) -> Iterator[tuple[str, str]]:
    """What breaks the specification, each with its kind: nulls, extras, wrong."""
    answer = EXTRACT["operations"][operation]["statuses"].get(str(status))
    schema = answer or {"$ref": "#/definitions/ErrorResponse"}
    validator = Strict(closed(schema) | {"definitions": DEFINITIONS}, format_checker=FORMATS)
    for error in validator.iter_errors(value):
        where = place(operation, status, error)
        if error.validator == "additionalProperties" and error.validator_value is False:
            for key in error.instance.keys() - error.schema["properties"].keys():
                yield "extras", f"{where}{'.' if where.count(' ') == 2 else ' '}{key}"
        elif error.instance is None:
            yield "nulls", where
        else:
            yield "wrong", f"{where}: {error.message[:300]}"


def check(operation: str, status: int, value: Any) -> None:
    found: dict[str, set[str]] = {"nulls": set(), "extras": set(), "wrong": set()}
    for kind, what in breaks(operation, status, value):
        found[kind].add(what)
    assert not found["wrong"]
    for kind in ("nulls", "extras"):
        tolerate(kind, found[kind])


def tolerate(kind: str, found: set[str]) -> None:
    """Fail for what Docker 28 does not do, or note it when it is Docker 28 that is being recorded."""
    unknown = found - set(DEVIATIONS[kind])
    if RECORDING:
        DEVIATIONS[kind].extend(unknown)
    else:
        assert not unknown, f"{kind} that Docker 28 does not give: {sorted(unknown)}"


@pytest.fixture(scope="module", autouse=True)
def recorded(request: pytest.FixtureRequest) -> Iterator[None]:
    if RECORDING and request.getfixturevalue("engine").name != "docker-28":
        pytest.fail("only docker-28 is recorded", pytrace=False)
    yield
    if RECORDING:
        text = json.dumps({kind: sorted(set(found)) for kind, found in DEVIATIONS.items()}, indent=1)
        (HERE / "deviations.json").write_text(text + "\n")


# Who is asked about


class Scene(dict):
    """Names for the calls; `own…` and `fresh…` are made when they are asked for."""

    def __init__(self, engine: Engine, made: Made, shared: dict[str, str]) -> None:
        super().__init__(shared)
        self.engine, self.made = engine, made

    def __missing__(self, key: str) -> str:
        if key == "fresh":
            self[key] = self.made.name()
        elif key == "fresh_image":
            self[key] = self.made.image().partition(":")[0]
        elif key == "own_image":
            self[key] = self.made.image()
            repo, _, tag = self[key].partition(":")
            self.engine.call("POST", f"/images/{IMAGE}/tag", {"repo": repo, "tag": tag})
        elif key.startswith("own"):
            self[key] = create(self.engine, self.made)
            if key != "own":
                self.engine.call("POST", f"/containers/{self[key]}/start")
            if key == "own_paused":
                self.engine.call("POST", f"/containers/{self[key]}/pause")
        elif key == "new_exec":
            answer = self.engine.call("POST", f"/containers/{self['up']}/exec", body={"Cmd": ["true"]})
            self[key] = answer.json()["Id"]
        else:
            raise KeyError(key)
        return self[key]


def create(engine: Engine, made: Made, **body: Any) -> str:
    name = made.name()
    whole = {"Image": IMAGE, "Cmd": ["sleep", "100000"], "Labels": {"run": RUN}} | body
    answer = engine.call("POST", "/containers/create", {"name": name}, whole)
    assert answer.status == 201, answer
    return name


HEALTH = {"Test": ["CMD-SHELL", "echo x"], "Interval": 10**8}
SHARED: dict[str, dict[str, Any]] = {
    "up": {},
    "new": {"Cmd": None, "Entrypoint": ["true"]},
    "ended": {"Cmd": ["sh", "-c", "exit 3"]},
    "broken": {"Cmd": ["nosuch"]},
    "well": {"Healthcheck": HEALTH, "Tty": True, "OpenStdin": True},
    "odd": {
        "Cmd": ["sh", "-c", "echo x; sleep 100000"],
        "Env": ["A=b"],
        "User": "0:0",
        "WorkingDir": "/tmp",
        "Hostname": "kiwi",
        "StopSignal": "SIGUSR1",
        "StopTimeout": 1,
        "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}, "Init": True},
    },
}


@pytest.fixture(scope="module")
def shared(engine: Engine, made_for_all: Made) -> dict[str, str]:
    names = {key: create(engine, made_for_all, **body) for key, body in SHARED.items()}
    for key in SHARED.keys() - {"new"}:
        engine.call("POST", f"/containers/{names[key]}/start")
    engine.call("POST", f"/containers/{names['ended']}/wait")
    until(lambda: engine.inspect(names["well"])["State"]["Health"]["Log"], "a health check")
    body = {"Cmd": ["sh", "-c", "exit 4"], "AttachStdout": True}
    names["exec"] = engine.call("POST", f"/containers/{names['up']}/exec", body=body).json()["Id"]
    engine.call("POST", f"/exec/{names['exec']}/start", body={})
    names["nobody"] = f"{RUN}-nosuch"
    return names


@pytest.fixture
def scene(engine: Engine, made: Made, shared: dict[str, str]) -> Scene:
    return Scene(engine, made, shared)


# The calls: operation, method and path, query, body, the status that Docker 28 gives

LABEL = {"label": [f"run={RUN}"]}
JSON_BODY = {"Image": IMAGE, "Cmd": ["true"]}
RESTART_POLICY = {"RestartPolicy": {"Name": "no"}}

CALLS: list[tuple[str, str, dict[str, Any], Any, int]] = [
    ("ContainerList", "GET /containers/json", {"all": 1, "filters": LABEL}, None, 200),
    ("ContainerList", "GET /containers/json", {"all": 1, "size": 1, "filters": LABEL}, None, 200),
    ("ContainerList", "GET /containers/json", {"limit": 1}, None, 200),
    ("ContainerList", "GET /containers/json", {"filters": {"name": ["{nobody}"]}}, None, 200),
    ("ContainerList", "GET /containers/json", {"filters": {"nosuch": ["x"]}}, None, 400),
    ("ContainerList", "GET /containers/json", {"filters": "{{"}, None, 400),
    ("ContainerList", "GET /containers/json", {"filters": {"before": ["{nobody}"]}}, None, 404),
    ("ContainerList", "GET /containers/json", {"limit": "x"}, None, 500),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, JSON_BODY, 201),
    ("ContainerCreate", "POST /containers/create", {"name": "{up}"}, JSON_BODY, 409),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, {"Image": "{nobody}"}, 404),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, JSON_BODY | {"WorkingDir": "x"}, 400),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, JSON_BODY | {"StopSignal": "X"}, 400),
    ("ContainerCreate", "POST /containers/create", {"name": "x"}, JSON_BODY, 400),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, {"Image": IMAGE, "Cmd": 1}, 400),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, None, 400),
    ("ContainerCreate", "POST /containers/create", {"name": "{fresh}"}, b"{{", 400),
    *[("ContainerInspect", "GET /containers/{%s}/json" % key, {}, None, 200) for key in SHARED],  # noqa: UP031
    ("ContainerInspect", "GET /containers/{ended}/json", {"size": 1}, None, 200),
    ("ContainerInspect", "GET /containers/{own_paused}/json", {}, None, 200),
    ("ContainerInspect", "GET /containers/{nobody}/json", {}, None, 404),
    ("ContainerTop", "GET /containers/{up}/top", {}, None, 200),
    ("ContainerTop", "GET /containers/{up}/top", {"ps_args": "-o pid,args"}, None, 200),
    ("ContainerTop", "GET /containers/{ended}/top", {}, None, 409),
    ("ContainerTop", "GET /containers/{nobody}/top", {}, None, 404),
    ("ContainerLogs", "GET /containers/{up}/logs", {}, None, 400),
    ("ContainerLogs", "GET /containers/{nobody}/logs", {"stdout": 1}, None, 404),
    ("ContainerChanges", "GET /containers/{odd}/changes", {}, None, 200),
    ("ContainerChanges", "GET /containers/{new}/changes", {}, None, 200),
    ("ContainerChanges", "GET /containers/{nobody}/changes", {}, None, 404),
    ("ContainerExport", "GET /containers/{nobody}/export", {}, None, 404),
    ("ContainerStats", "GET /containers/{up}/stats", {"stream": 0, "one-shot": 1}, None, 200),
    ("ContainerStats", "GET /containers/{up}/stats", {"stream": 0}, None, 200),
    ("ContainerStats", "GET /containers/{ended}/stats", {"stream": 0}, None, 200),
    ("ContainerStats", "GET /containers/{nobody}/stats", {"stream": 0}, None, 404),
    ("ContainerResize", "POST /containers/{well}/resize", {"h": 20, "w": 70}, None, 200),
    ("ContainerResize", "POST /containers/{well}/resize", {"h": "x", "w": 70}, None, 400),
    ("ContainerResize", "POST /containers/{ended}/resize", {"h": 20, "w": 70}, None, 409),
    ("ContainerResize", "POST /containers/{nobody}/resize", {"h": 20, "w": 70}, None, 404),
    ("ContainerStart", "POST /containers/{own}/start", {}, None, 204),
    ("ContainerStart", "POST /containers/{up}/start", {}, None, 304),
    ("ContainerStart", "POST /containers/{broken}/start", {}, None, 400),
    ("ContainerStart", "POST /containers/{nobody}/start", {}, None, 404),
    ("ContainerStart", "POST /containers/{own}/start", {}, {"Binds": []}, 400),
    ("ContainerStop", "POST /containers/{own_up}/stop", {"t": 0}, None, 204),
    ("ContainerStop", "POST /containers/{ended}/stop", {}, None, 304),
    ("ContainerStop", "POST /containers/{nobody}/stop", {}, None, 404),
    ("ContainerStop", "POST /containers/{up}/stop", {"t": "x"}, None, 500),
    ("ContainerRestart", "POST /containers/{own_up}/restart", {"t": 0}, None, 204),
    ("ContainerRestart", "POST /containers/{nobody}/restart", {}, None, 404),
    ("ContainerKill", "POST /containers/{own_up}/kill", {}, None, 204),
    ("ContainerKill", "POST /containers/{up}/kill", {"signal": "NOSUCH"}, None, 400),
    ("ContainerKill", "POST /containers/{ended}/kill", {}, None, 409),
    ("ContainerKill", "POST /containers/{nobody}/kill", {}, None, 404),
    ("ContainerUpdate", "POST /containers/{own}/update", {}, RESTART_POLICY, 200),
    ("ContainerUpdate", "POST /containers/{nobody}/update", {}, RESTART_POLICY, 404),
    ("ContainerRename", "POST /containers/{own}/rename", {"name": "{fresh}"}, None, 204),
    ("ContainerRename", "POST /containers/{own}/rename", {"name": "{up}"}, None, 409),
    ("ContainerRename", "POST /containers/{own}/rename", {"name": "{own}"}, None, 400),
    ("ContainerRename", "POST /containers/{own}/rename", {"name": "no/way"}, None, 400),
    ("ContainerRename", "POST /containers/{nobody}/rename", {"name": "{fresh}"}, None, 404),
    ("ContainerPause", "POST /containers/{own_up}/pause", {}, None, 204),
    ("ContainerPause", "POST /containers/{own_paused}/pause", {}, None, 409),
    ("ContainerPause", "POST /containers/{ended}/pause", {}, None, 409),
    ("ContainerPause", "POST /containers/{nobody}/pause", {}, None, 404),
    ("ContainerUnpause", "POST /containers/{own_paused}/unpause", {}, None, 204),
    ("ContainerUnpause", "POST /containers/{up}/unpause", {}, None, 500),
    ("ContainerUnpause", "POST /containers/{nobody}/unpause", {}, None, 404),
    ("ContainerWait", "POST /containers/{ended}/wait", {}, None, 200),
    ("ContainerWait", "POST /containers/{new}/wait", {}, None, 200),
    ("ContainerWait", "POST /containers/{ended}/wait", {"condition": "nosuch"}, None, 400),
    ("ContainerWait", "POST /containers/{nobody}/wait", {}, None, 404),
    ("ContainerDelete", "DELETE /containers/{own}", {}, None, 204),
    ("ContainerDelete", "DELETE /containers/{own_up}", {"force": 1, "v": 1}, None, 204),
    ("ContainerDelete", "DELETE /containers/{up}", {}, None, 409),
    ("ContainerDelete", "DELETE /containers/{nobody}", {}, None, 404),
    ("ContainerArchiveInfo", "HEAD /containers/{up}/archive", {"path": "/etc"}, None, 200),
    ("ContainerArchiveInfo", "HEAD /containers/{up}/archive", {"path": "/nosuch"}, None, 404),
    ("ContainerArchive", "GET /containers/{up}/archive", {"path": "/nosuch"}, None, 404),
    ("ContainerArchive", "GET /containers/{up}/archive", {}, None, 400),
    ("ContainerArchive", "GET /containers/{nobody}/archive", {"path": "/etc"}, None, 404),
    ("PutContainerArchive", "PUT /containers/{up}/archive", {"path": "/nosuch"}, b"\0" * 1024, 404),
    ("PutContainerArchive", "PUT /containers/{up}/archive", {"path": "/tmp"}, b"\0" * 1024, 200),
    ("PutContainerArchive", "PUT /containers/{nobody}/archive", {"path": "/tmp"}, b"\0" * 1024, 404),
    ("ContainerPrune", "POST /containers/prune", {"filters": {"label": ["{nobody}"]}}, None, 200),
    ("ContainerPrune", "POST /containers/prune", {"filters": {"nosuch": ["{nobody}"]}}, None, 400),
    ("ContainerExec", "POST /containers/{up}/exec", {}, {"Cmd": ["true"]}, 201),
    ("ContainerExec", "POST /containers/{up}/exec", {}, {"Cmd": []}, 400),
    ("ContainerExec", "POST /containers/{ended}/exec", {}, {"Cmd": ["true"]}, 409),
    ("ContainerExec", "POST /containers/{own_paused}/exec", {}, {"Cmd": ["true"]}, 409),
    ("ContainerExec", "POST /containers/{nobody}/exec", {}, {"Cmd": ["true"]}, 404),
    ("ExecStart", "POST /exec/{new_exec}/start", {}, {"Detach": True}, 200),
    ("ExecStart", "POST /exec/{exec}/start", {}, {"Detach": True}, 409),
    ("ExecStart", "POST /exec/{nobody}/start", {}, {}, 404),
    ("ExecInspect", "GET /exec/{exec}/json", {}, None, 200),
    ("ExecInspect", "GET /exec/{new_exec}/json", {}, None, 200),
    ("ExecInspect", "GET /exec/{nobody}/json", {}, None, 404),
    ("ExecResize", "POST /exec/{nobody}/resize", {"h": 20, "w": 70}, None, 404),
    ("ExecResize", "POST /exec/{new_exec}/resize", {"h": "x", "w": 70}, None, 400),
    ("ImageList", "GET /images/json", {}, None, 200),
    ("ImageList", "GET /images/json", {"all": 1, "digests": 1, "shared-size": 1}, None, 200),
    ("ImageList", "GET /images/json", {"filters": {"reference": ["{nobody}"]}}, None, 200),
    ("ImageList", "GET /images/json", {"filters": {"nosuch": ["x"]}}, None, 400),
    ("ImageInspect", f"GET /images/{IMAGE}/json", {}, None, 200),
    ("ImageInspect", "GET /images/{nobody}/json", {}, None, 404),
    ("ImageHistory", f"GET /images/{IMAGE}/history", {}, None, 200),
    ("ImageHistory", "GET /images/{nobody}/history", {}, None, 404),
    ("ImageTag", f"POST /images/{IMAGE}/tag", {"repo": "{fresh_image}", "tag": "latest"}, None, 201),
    ("ImageTag", f"POST /images/{IMAGE}/tag", {"repo": "Not Allowed"}, None, 400),
    ("ImageTag", "POST /images/{nobody}/tag", {"repo": "{fresh_image}"}, None, 404),
    ("ImageDelete", "DELETE /images/{own_image}", {}, None, 200),
    ("ImageDelete", "DELETE /images/{nobody}", {}, None, 404),
    ("ImagePrune", "POST /images/prune", {"filters": {"label": ["{nobody}"]}}, None, 200),
    (
        "ImageCommit",
        "POST /commit",
        {"container": "{odd}", "repo": "{fresh_image}", "tag": "latest"},
        {},
        201,
    ),
    ("ImageCommit", "POST /commit", {"container": "{nobody}"}, {}, 404),
    ("ImageGet", "GET /images/{nobody}/get", {}, None, 404),
    ("SystemInfo", "GET /info", {}, None, 200),
    ("SystemVersion", "GET /version", {}, None, 200),
    ("SystemDataUsage", "GET /system/df", {}, None, 200),
    ("SystemDataUsage", "GET /system/df", {"type": "container"}, None, 200),
    ("SystemDataUsage", "GET /system/df", {"type": "nosuch"}, None, 400),
    ("SystemEvents", "GET /events", {"since": "x", "until": "1"}, None, 500),
    ("BuildPrune", "POST /build/prune", {"filters": {"until": ["87600h"]}}, None, 200),
    ("NetworkList", "GET /networks", {}, None, 200),
    ("NetworkList", "GET /networks", {"filters": {"name": ["{nobody}"]}}, None, 200),
    ("NetworkList", "GET /networks", {"filters": {"nosuch": ["x"]}}, None, 400),
    ("NetworkInspect", "GET /networks/none", {}, None, 200),
    ("NetworkInspect", "GET /networks/bridge", {}, None, 200),
    ("NetworkInspect", "GET /networks/{nobody}", {}, None, 404),
    ("NetworkDelete", "DELETE /networks/host", {}, None, 403),
    ("NetworkDelete", "DELETE /networks/{nobody}", {}, None, 404),
    ("NetworkPrune", "POST /networks/prune", {"filters": {"label": ["{nobody}"]}}, None, 200),
    ("VolumeList", "GET /volumes", {"filters": {"name": ["{nobody}"]}}, None, 200),
    ("VolumeList", "GET /volumes", {"filters": {"nosuch": ["x"]}}, None, 400),
    ("VolumeInspect", "GET /volumes/{nobody}", {}, None, 404),
    ("VolumeDelete", "DELETE /volumes/{nobody}", {}, None, 404),
    ("VolumePrune", "POST /volumes/prune", {"filters": {"label": ["{nobody}"]}}, None, 200),
    ("PluginList", "GET /plugins", {}, None, 200),
    ("PluginInspect", "GET /plugins/{nobody}/json", {}, None, 404),
]


def filled(value: Any, scene: Scene) -> Any:
    """Names in place of {up}, {fresh} and so on."""
    if isinstance(value, str):
        return value.format_map(scene)
    if isinstance(value, list):
        return [filled(child, scene) for child in value]
    if isinstance(value, dict):
        return {key: filled(child, scene) for key, child in value.items()}
    return value


def call_name(call: tuple) -> str:
    operation, line, query, body, status = call
    words = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{status} {operation} {line}?{words} {'' if body is None else body}".replace(RUN, "RUN")[:140].strip(" ?")


@pytest.mark.parametrize("call", CALLS, ids=call_name)
def test_answer(engine: Engine, scene: Scene, call: tuple[str, str, dict[str, Any], Any, int]) -> None:
    operation, line, query, body, status = call
    method, _, path = line.partition(" ")
    headers = {"Content-Type": "application/x-tar"} if isinstance(body, bytes) and method == "PUT" else {}
    if isinstance(body, bytes) and method == "POST":
        headers = {"Content-Type": "application/json"}
    answer = engine.call(method, filled(path, scene), filled(query, scene), filled(body, scene), headers)
    assert answer.status == status, answer.body
    judge(operation, answer, method)


def judge(operation: str, answer: Answer, method: str) -> None:
    named = EXTRACT["operations"][operation]["statuses"]
    if str(answer.status) not in named:
        tolerate("statuses", {f"{operation} {answer.status}"})
    if answer.status in (204, 304) or method == "HEAD" or named.get(str(answer.status), True) is None:
        assert answer.body == b""
        return
    assert answer.kind == "application/json"
    check(operation, answer.status, answer.json())


def test_every_operation_is_asked() -> None:
    """All that answer with JSON; the others are streams, or have tests of their own below."""
    own = {
        "SystemEvents",
        "SystemPing",
        "SystemPingHead",
        "SystemAuth",
        "ImageCreate",
        "ImageLoad",
        "ImageGetAll",
    }
    not_json = {"ContainerAttach", "ContainerAttachWebsocket"}
    assert EXTRACT["operations"].keys() - {call[0] for call in CALLS} <= own | not_json


def test_the_judge_can_condemn() -> None:
    wrong = [({"Id": 1}, "wrong"), ({"Id": "a", "Warnings": [], "New": 1}, "extras")]
    wrong += [({"Id": "a", "Warnings": None}, "nulls"), ({"Id": "a"}, "wrong")]
    for value, kind in wrong:
        assert kind in {found for found, _ in breaks("ContainerCreate", 201, value)}, value
    assert not list(breaks("ContainerCreate", 201, {"Id": "a", "Warnings": []}))
    assert [kind for kind, _ in breaks("ContainerWait", 200, {"StatusCode": 1.0})] == ["wrong"]
    assert [kind for kind, _ in breaks("ContainerChanges", 200, [{"Path": "/", "Kind": 3}])] == ["wrong"]
    assert [kind for kind, _ in breaks("ContainerStop", 404, {"error": "x"})] != []


def test_events(engine: Engine, made: Made) -> None:
    begin = time.time()
    name = create(engine, made)
    for verb in ("start", "pause", "unpause", "kill", "wait"):
        engine.call("POST", f"/containers/{name}/{verb}")
    engine.call("DELETE", f"/containers/{name}", {"force": 1})
    query = {"since": f"{begin:.9f}", "until": f"{time.time():.9f}", "filters": {"container": [name]}}
    answer = until(lambda: (got := engine.call("GET", "/events", query)).body.count(b"\n") >= 6 and got)
    assert (answer.status, answer.kind) == (200, "application/json")
    for event in map(json.loads, answer.body.splitlines()):
        check("SystemEvents", 200, event)


def test_stats_as_a_stream(engine: Engine, shared: dict[str, str]) -> None:
    connection = engine.connection()
    connection.request("GET", f"/containers/{shared['up']}/stats?stream=1")
    response = connection.getresponse()
    for _ in range(2):
        check("ContainerStats", 200, json.loads(response.readline()))
    connection.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ping(engine: Engine, method: str) -> None:
    answer = engine.call(method, "/_ping")
    assert (answer.status, answer.body) == (200, b"OK" if method == "GET" else b"")
    assert answer.kind == "text/plain"
    assert re.fullmatch(r"1\.\d+", answer.headers["Api-Version"])
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Builder-Version"] is not None


@pytest.mark.parametrize("path", ["/_ping", "/version", "/containers/json", "/containers/nosuch-one/json"])
def test_headers_of_every_answer(engine: Engine, path: str) -> None:
    headers = engine.call("GET", path).headers
    assert re.fullmatch(r"1\.\d+", headers["Api-Version"])
    assert (headers["Ostype"], headers["Docker-Experimental"]) == ("linux", "false")
    assert re.match(r"\w.*/\S+ \(linux\)", headers["Server"])


ODD_PATHS = [
    ("GET", "/nosuch", 404),
    ("GET", "/v1.24/nosuch", 404),
    ("POST", "/containers/json", 404),
    ("DELETE", "/version", 404),
    ("GET", "/v1.99/containers/json", 400),
    ("GET", "/v1.24/containers/json", 200),
    ("GET", "/v1.41/_ping", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ODD_PATHS)
def test_odd_paths(engine: Engine, method: str, path: str, status: int) -> None:
    answer = engine.call(method, path)
    assert answer.status == status
    if status >= 400:
        assert answer.kind == "application/json"
        check("SystemInfo", 500, answer.json())


ATTACH_FAILURES = [
    ("{nobody}", 404, "No such container: {nobody}"),
    ("{own_paused}", 409, "container {own_paused} is paused, unpause the container before attach"),
]


@pytest.mark.parametrize(("name", "status", "words"), ATTACH_FAILURES)
def test_attach_fails_in_plain_text(engine: Engine, scene: Scene, name: str, status: int, words: str) -> None:
    answer = engine.call("POST", f"/containers/{filled(name, scene)}/attach", {"stream": 1, "stdout": 1})
    assert (answer.status, answer.kind) == (status, "application/vnd.docker.raw-stream")
    assert answer.body.decode() == filled(words, scene) + "\r\n"


def test_archive_stat_header(engine: Engine, shared: dict[str, str]) -> None:
    answer = engine.call("HEAD", f"/containers/{shared['up']}/archive", {"path": "/etc/passwd"})
    stat = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    assert stat.keys() == {"name", "size", "mode", "mtime", "linkTarget"}
    assert (stat["name"], stat["mode"] & 0o777, stat["linkTarget"]) == ("passwd", 0o644, "")
    assert MOMENT.fullmatch(stat["mtime"])


def tar_of(name: str, data: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def test_import_reports_progress(engine: Engine, made: Made) -> None:
    repo, _, tag = made.image().partition(":")
    query = {"fromSrc": "-", "repo": repo, "tag": tag}
    headers = {"Content-Type": "application/x-tar"}
    answer = engine.call("POST", "/images/create", query, tar_of("a", b"b"), headers)
    assert (answer.status, answer.kind) == (200, "application/json")
    lines = [json.loads(text) for text in answer.body.splitlines()]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", lines[-1]["status"])
    image = engine.call("GET", f"/images/{quote(repo)}:{tag}/json").json()
    check("ImageInspect", 200, image)


def test_load_reports_progress(engine: Engine, made: Made) -> None:
    image = made.image()
    repo, _, tag = image.partition(":")
    engine.call("POST", f"/images/{IMAGE}/tag", {"repo": repo, "tag": tag})
    saved = engine.call("GET", f"/images/{image}/get")
    assert (saved.status, saved.kind) == (200, "application/x-tar")
    answer = engine.call("POST", "/images/load", {"quiet": 1}, saved.body, {"Content-Type": "application/x-tar"})
    assert (answer.status, answer.kind) == (200, "application/json")
    said = [json.loads(text) for text in answer.body.splitlines()]
    assert said[-1] == {"stream": f"Loaded image: {image}\n"}
