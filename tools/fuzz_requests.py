"""What the fuzzer sends: sensible calls, spoilt a little or a lot, and bytes that are no HTTP at all.

Operations, their queries and the shapes of their bodies come from the extracts of Docker's specification under
tests/; what a parameter may sensibly hold stands here in tables. Everything is drawn from one `Random`.
"""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

TESTS = Path(__file__).parents[1] / "tests"

_SPEC = json.loads((TESTS / "unit" / "spec.json").read_text())["operations"]
_DEFINITIONS = json.loads((TESTS / "clients" / "schema.json").read_text())["definitions"]

NAMES = [f"fz{number}" for number in range(6)]
OWN_IMAGES = ["fuzzed:1", "fuzzed/two:latest", "localhost:5000/fuzzed"]
IMAGES = ["busybox", "busybox:latest", *OWN_IMAGES]
MARK = str(10_000_000 + os.getpid())  # seconds that only containers of this run sleep

TICKER = ["sh", "-c", "while true; do date; sleep 0.1; done"]
COMMANDS: list[Any] = [
    ["true"], ["sleep", MARK], ["sh"], ["cat"], ["nosuch"], ["/etc/passwd"], [""], [], None, "true",
    ["sh", "-c", "echo out; echo err >&2; exit 3"],
    TICKER,
    ["sh", "-c", "yes | head -c 300000"],
    ["sh", "-c", f"trap '' TERM; sleep {MARK}"],
    ["sh", "-c", f"setsid sleep {MARK} & sleep 0.2"],
    ["sh", "-c", "kill -9 $$"],
    ["sh", "-c", "head -c 100 /dev/urandom; sleep 1"],
    ["sh", "-c", "mkdir -m 0 /locked; rm -rf /etc; ln -s / /tmp/all; mkfifo /tmp/fifo"],
]  # fmt: skip

NASTY = [
    "", " ", "0", "-1", "1", "abc", "null", "true", "9" * 20, "9" * 5000, "1e3", "1.5", "0x10", "+5", "²", "٣", "1.²",
    "\0", "\n", "\r\nX: y", "%", "%zz", "..", "../../etc/passwd", "/", "//", "/nosuch/../..", "a" * 300, "a" * 5000,
    "\udcff", "é", "💥", "\u202e", "<script>", "{", "[]", '{"a":', "\x1b[31m", "-", "--help", "a=b", "=", ":", "@", "*",
    "[", "(a+)+$", "sha256:", "sha256:" + "0" * 64, "busybox@sha256:" + "0" * 64, "2026-13-45T99:99:99Z", "NaN", "-0",
    "1970-01-01T00:00:00Z", "99999999999.5", "-5m", "9999999h", "a/b/c", "fz0,fz1", "\t", "'", '"', "$(id)", "`id`",
    "0-99999999999", "1,2,3-", "9" * 400 + "g", "1e400", "(?=a)", "a{9999}", "a*" * 50, "\\", "label=", "!",
]  # fmt: skip

ODD_JSON: list[Any] = [
    None, True, False, 0, -1, 1, 1 << 31, 1 << 63, -(1 << 63), 1 << 70, 1.5, 1e308, "", [], {}, [[]], [None],
    {"": None},
    "\ud800", "\udcff", {"\ud800": "x"}, "\0", ["\0"], [1], [{}], {"a": {"b": []}},
]  # fmt: skip

ODD_BODIES = [
    b"", b" ", b"null", b"[]", b"{", b"}", b"nul", b"{}{}", b'{"a":1,}', b"NaN", b"[NaN]", b'{"Image":"busybox",}',
    b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"Image":"\\ud800"}', b'"' + b"a" * 1_000_000,
    b'{"Image":"busybox","Cmd":[' + b'"x",' * 20_000 + b'"x"]}', b"1" * 10_000, b"-", b"1e999999", b"\0" * 1000,
    b'{"Image":"busybox","image":"busybox","IMAGE":1}', b" " * 17_000_000,
]  # fmt: skip

FILTERS = [
    {"status": ["running"]}, {"name": ["fz"]}, {"name": ["(a+)+$"]}, {"name": ["["]}, {"name": ["(" * 500]},
    {"label": ["a=b"]}, {"label": {"a": True}}, {"exited": ["3"]}, {"before": ["fz0"]}, {"since": ["fz1"]},
    {"health": ["none"]}, {"ancestor": ["busybox"]}, {"until": ["1s"]}, {"dangling": ["true"]}, {"type": ["container"]},
    {"event": ["die"]}, {"network": ["bridge"]}, {"reference": ["busy*"]}, {"expose": ["80"]}, {"volume": ["/x"]},
    {"publish": ["1-99999999"]}, {"expose": ["0-4294967296"]}, {"id": ["0"]}, {"is-task": ["x"]}, {"driver": ["x"]},
]  # fmt: skip

SENSIBLE: dict[str, list[str]] = {
    "all": ["1", "0", "true"], "size": ["1"], "limit": ["1", "3", "0"], "force": ["1", "1", "0"], "v": ["1"],
    "t": ["0", "0", "1"], "signal": ["KILL", "TERM", "9", "SIGHUP", "USR1", "STOP", "CONT", "0", "64"],
    "stdout": ["1"], "stderr": ["1", "0"], "stdin": ["1"], "stream": ["1", "0"], "logs": ["1"], "follow": ["1", "0"],
    "timestamps": ["1"], "details": ["1"], "tail": ["all", "0", "1", "5"], "since": ["0", "1700000000.5"],
    "until": ["99999999999", "1"], "one-shot": ["1"], "h": ["24"], "w": ["80"], "detachKeys": ["ctrl-p,ctrl-q", "a"],
    "path": ["/", "/etc", "/tmp", "/etc/passwd", "/dev/null", "/proc", "/nosuch", "/tmp/all", "/locked"],
    "name": NAMES, "container": NAMES, "ps_args": ["aux", "-ef", "-o pid,args"],
    "condition": ["not-running", "next-exit", "removed"], "repo": OWN_IMAGES, "tag": ["1", "latest"], "names": IMAGES,
    "fromSrc": ["-"], "fromImage": ["busybox"], "message": ["m"], "comment": ["c"], "author": ["me"],
    "changes": ['CMD ["true"]', "ENV a=b", "USER 1000", "WORKDIR /tmp", "LABEL a=b", "EXPOSE 80", "CMD [", "FROM x"],
    "platform": ["linux/amd64", "windows", "linux"], "noOverwriteDirNonDir": ["1"], "copyUIDGID": ["1"],
    "filters": [json.dumps(item) for item in FILTERS], "type": ["container", "image"], "term": ["busybox"],
}  # fmt: skip

BODY_SHAPES = {
    "ContainerExec": {"properties": {
        "AttachStdin": {"type": "boolean"}, "AttachStdout": {"type": "boolean"}, "AttachStderr": {"type": "boolean"},
        "Tty": {"type": "boolean"}, "Env": {"type": "array", "items": {"type": "string"}}, "User": {"type": "string"},
        "WorkingDir": {"type": "string"}, "DetachKeys": {"type": "string"}, "Privileged": {"type": "boolean"},
        "ConsoleSize": {"type": "array", "items": {"type": "integer"}},
    }},
    "ExecStart": {"properties": {"Detach": {"type": "boolean"}, "Tty": {"type": "boolean"}}},
    "ContainerUpdate": {"allOf": [
        {"$ref": "#/definitions/Resources"},
        {"properties": {"RestartPolicy": {"$ref": "#/definitions/RestartPolicy"}}},
    ]},
    "ContainerCreate": {"$ref": "#/definitions/ContainerConfig"},
    "HostConfig": {"$ref": "#/definitions/HostConfig"},
    "ImageCommit": {"$ref": "#/definitions/ContainerConfig"},
    "SystemAuth": {"properties": {"username": {"type": "string"}, "password": {"type": "string"}}},
}  # fmt: skip

TAKE_TAR = ("PutContainerArchive", "ImageLoad", "ImageCreate", "ImageBuild")
# these may go on for ever, and we leave them after a while
LASTING = ("ContainerAttach", "ContainerWait", "ContainerLogs", "ContainerStats", "SystemEvents", "ExecStart")

STRINGS: dict[str, list[str]] = {
    "User": ["", "root", "1000", "1000:1000", "nobody"], "WorkingDir": ["/", "/tmp", "/new/dir"], "Image": IMAGES,
    "Hostname": ["box"], "StopSignal": ["TERM", "SIGKILL", "USR1"], "NetworkMode": ["bridge", "none", "default"],
    "Name": ["always", "on-failure", "no", "unless-stopped"], "Type": ["json-file", "none"],
}  # fmt: skip
# a thing of the machine is not to be handed to a container by chance
NEVER = ("Binds", "Mounts", "Devices", "DeviceRequests", "VolumesFrom", "Source")


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    query: tuple[str, ...] = ()
    body: bool = False


@dataclass
class Request:
    """A whole and well-formed one."""

    operation: Operation
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes | None
    seconds: float | None = None  # the grace it asks for; none: it may take as long as it likes
    chunked: bool = False

    def head(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def bytes(self) -> bytes:
        if self.body is None:
            return self.head()
        if not self.chunked:
            return self.head() + self.body
        return self.head() + b"".join(chunk(self.body[at : at + 5000]) for at in range(0, len(self.body), 5000)) + LAST

    @property
    def lasting(self) -> bool:
        return self.operation.name in LASTING or self.seconds is None


LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def operations(routes: list[tuple[str, str]]) -> list[Operation]:
    """Those of the specification, and the engine's routes that are not in it."""
    found = [
        Operation(name, row["method"], row["path"], tuple(row["query"]), row["body"]) for name, row in _SPEC.items()
    ]
    known = {(item.method, item.path.replace("{id}", "{name}")) for item in found}
    for method, path in routes:
        if (method, path.replace("{id}", "{name}")) not in known:
            found.append(Operation(f"{method} {path}", "POST" if method == "*" else method, path))
    return found


# how often each is chosen, beside 1 for others of the specification and less for the rest
WEIGHTS = {
    "ContainerCreate": 8, "ContainerStart": 8, "ContainerExec": 5, "ExecStart": 5, "ContainerDelete": 3,
    "ContainerLogs": 3, "ContainerAttach": 3, "ContainerStop": 2, "ContainerKill": 2, "ContainerRestart": 2,
    "ContainerList": 2, "PutContainerArchive": 3, "ImageDelete": 2, "ContainerUpdate": 2, "ContainerUnpause": 2,
}  # fmt: skip


@dataclass
class Maker:
    """Makes requests; `ids` are containers and `execs` those that answers told of."""

    random: Random
    operations: list[Operation]
    ids: list[str] = field(default_factory=list)
    execs: list[str] = field(default_factory=list)

    def request(self, name: str = "") -> Request:
        if name:
            operation = next(item for item in self.operations if item.name == name)
        else:
            weights = [WEIGHTS.get(item.name, 1 if item.name in _SPEC else 0.1) for item in self.operations]
            operation = self.random.choices(self.operations, weights)[0]
        spoilt = self.random.choice([0.0, 0.0, 0.05, 0.3, 0.8])
        method = operation.method if self.random.random() > spoilt / 8 else self.random.choice(METHODS)
        query = self._query(operation, spoilt)
        body = self._body(operation, spoilt)
        request = Request(operation, method, self._path(operation, spoilt) + _encoded(query), [], body)
        request.headers = self._headers(request, spoilt)
        request.seconds = _grace(operation, query)
        return request

    def alive(self) -> tuple[str, list[str]]:
        """A name and a command that lasts."""
        return self.random.choice(NAMES), self.random.choice([["sleep", MARK], ["sh"], ["cat"], TICKER])

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _path(self, operation: Operation, spoilt: float) -> str:
        path = operation.path
        for key in ("{id}", "{name}", "{rest}"):
            if key in path:
                path = path.replace(key, self._encoded_word(self._reference(operation, spoilt)))
        version = self.random.choice(["", "/v1.51", "/v1.44", "/v1.41", "/v1.24"])
        if self.chance(spoilt / 8):
            version = self.random.choice(VERSIONS)
        return version + path

    def _reference(self, operation: Operation, spoilt: float) -> str:
        if self.chance(spoilt):
            return self.random.choice(NASTY)
        if operation.path.startswith("/exec"):
            return self.random.choice(self.execs or ["0" * 64])
        if operation.path.startswith(("/images", "/distribution")):
            return self.random.choice(OWN_IMAGES if operation.name == "ImageDelete" else IMAGES)
        return self.random.choice([*NAMES, *NAMES, *(item[: self.random.choice([1, 12, 64])] for item in self.ids)])

    def _encoded_word(self, word: str) -> str:
        return quote_from_bytes(word.encode("utf-8", "surrogateescape"), safe="" if self.chance(0.5) else "/:@")

    def _query(self, operation: Operation, spoilt: float) -> list[tuple[str, str]]:
        query = []
        for name in operation.query:
            if self.chance(0.5) or name in ("path", "fromSrc"):
                nasty = self.chance(spoilt)
                pool = NASTY if nasty or name not in SENSIBLE else SENSIBLE[name]
                query.append((name, self.random.choice(pool)))
        if self.chance(spoilt / 2):
            query.append((self.random.choice(["x", "", "filters", "name"]), self.random.choice(NASTY)))
        return query

    def _headers(self, request: Request, spoilt: float) -> list[tuple[str, str]]:
        headers = [("Host", "engine")]
        if request.body is not None:
            request.chunked = self.chance(0.2)
            length = ("Transfer-Encoding", "chunked") if request.chunked else ("Content-Length", str(len(request.body)))
            kind = "application/x-tar" if request.operation.name in TAKE_TAR else "application/json"
            headers += [("Content-Type", self.random.choice(KINDS) if self.chance(spoilt / 4) else kind), length]
        elif request.method in ("POST", "PUT"):
            headers.append(("Content-Length", "0"))
        if self.chance(spoilt / 2):
            headers.append(self.random.choice(ODD_HEADERS))
        return headers

    # bodies

    def _body(self, operation: Operation, spoilt: float) -> bytes | None:
        if operation.name in TAKE_TAR:
            return (
                self.tar(SAVED if operation.name == "ImageLoad" else ENTRIES)
                if self.chance(0.9)
                else self.random.choice(ODD_BODIES)
            )
        if operation.name not in BODY_SHAPES:
            return self.random.choice(ODD_BODIES[:12]) if self.chance(spoilt / 8) else None
        if self.chance(spoilt / 4):
            return self.random.choice(ODD_BODIES)
        value = self._of_shape(BODY_SHAPES[operation.name], "", spoilt, few=True)
        if isinstance(value, dict):
            value |= self._must_have(operation, spoilt)
        data = json.dumps(value).encode()
        return data[: self.random.randrange(len(data))] if self.chance(spoilt / 20) else data

    def _must_have(self, operation: Operation, spoilt: float) -> dict[str, Any]:
        if operation.name == "ContainerExec":
            return {"Cmd": self.random.choice(COMMANDS), "AttachStdout": True}
        if operation.name != "ContainerCreate":
            return {}
        host = self._of_shape(BODY_SHAPES["HostConfig"], "", spoilt, few=True) if self.chance(0.4) else {}
        if isinstance(host, dict):
            host = {key: value for key, value in host.items() if key not in NEVER}
        image = self.random.choice(IMAGES if self.chance(0.2) else IMAGES[:1])
        return {"Image": image, "Cmd": self.random.choice(COMMANDS), "HostConfig": host}

    def _of_shape(self, shape: dict[str, Any], name: str, spoilt: float, *, few: bool = False) -> Any:
        """A value that fits, or with the probability `spoilt / 4` one that does not."""
        if not few and self.chance(spoilt / 4):
            return self.random.choice(ODD_JSON)
        if "$ref" in shape:
            return self._of_shape(_DEFINITIONS[shape["$ref"].rpartition("/")[2]], name, spoilt, few=few)
        if "allOf" in shape:
            parts = [self._of_shape(part, name, spoilt, few=few) for part in shape["allOf"]]
            return {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
        if "enum" in shape:
            return self.random.choice(shape["enum"])
        return self._of_type(shape, name, spoilt, few)

    def _of_type(self, shape: dict[str, Any], name: str, spoilt: float, few: bool) -> Any:
        kinds = shape.get("type", "object")
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        if kind == "object":
            share = 0.12 if few else 0.6
            fields = {
                key: self._of_shape(inner, key, spoilt)
                for key, inner in shape.get("properties", {}).items()
                if key not in NEVER and self.chance(share)
            }
            if isinstance(more := shape.get("additionalProperties"), dict):
                fields |= {self._word(spoilt): self._of_shape(more, name, spoilt) for _ in range(2)}
            return fields
        if kind == "array":
            return [self._of_shape(shape.get("items", {}), name, spoilt) for _ in range(self.random.randrange(3))]
        if kind in ("integer", "number"):
            return self.random.choice([0, 1, 2, 100, 1 << 22, 1 << 30, -1] if spoilt else [0, 0, 1, 1 << 28])
        if kind == "boolean":
            return self.chance(0.5)
        if kind == "null":
            return None
        return self.random.choice(STRINGS[name]) if name in STRINGS and not self.chance(spoilt) else self._word(spoilt)

    def _word(self, spoilt: float) -> str:
        return self.random.choice(NASTY) if self.chance(spoilt) else self.random.choice(["a", "b", "A=1", "80/tcp"])

    def tar(self, names: list[str]) -> bytes:
        """Some entries, of which some want to climb, some are devices; perhaps cut off."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=self.random.choice(["w", "w", "w:gz"])) as archive:
            for _ in range(self.random.randrange(6)):
                entry = tarfile.TarInfo(self.random.choice(names))
                types = ENTRY_TYPES if self.chance(0.5) else ENTRY_TYPES[:1]
                entry.type, entry.mode = self.random.choice(types), self.random.choice([0o644, 0, 0o7777])
                entry.linkname = self.random.choice(ENTRIES)
                entry.uid = entry.gid = self.random.choice([0, 1000, 1 << 20])
                entry.mtime = self.random.choice([0, 1, 1 << 33])
                data = self._content(entry) if entry.type == tarfile.REGTYPE else b""
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        data = bytearray(out.getvalue())
        if self.chance(0.2):
            del data[self.random.randrange(len(data)) :]
        if data and self.chance(0.2):
            data[self.random.randrange(min(len(data), 600))] = self.random.randrange(256)
        return bytes(data)

    def _content(self, entry: tarfile.TarInfo) -> bytes:
        name = entry.name.rpartition("/")[2]
        if name in CONTENTS and self.chance(0.8):
            return self.random.choice(CONTENTS[name])
        return b"x" * self.random.randrange(3000)

    def no_http(self) -> bytes:
        return self.random.choice(NO_HTTP)(self)


ENTRIES = [
    "tmp/a", "tmp/b", "etc/passwd", "../../climbed", "/absolute", "./", "a/../../b", "tmp/all/etc/x", "dev/null", "..",
    "tmp/" + "n" * 300, "é", "manifest.json", "repositories", "tmp", "x/" * 60 + "x", "/", "\udcff", "tmp/.wh.a",
    "manifest.json", "config.json", "layer.tar", "etc/group", "etc/passwd", ".wh..wh..opq", "etc/hosts/x",
]  # fmt: skip
SAVED = ["manifest.json", "manifest.json", "config.json", "layer.tar", *ENTRIES[:3]]
CONTENTS = {
    "passwd": [
        b"root:x:no:number:::\n", b"root:x:" + b"9" * 5000 + b":0::/:\n", b":::::::\n" * 100, b"\xff\0root\n", b"",
    ],
    "group": [b"root:x:\n", b"root\n", b"a:b:c:d\n", b"nobody:x:" + b"9" * 30 + b":root\n"],
    "manifest.json": [
        b"", b"{}", b"[]", b"5", b"null", b"[5]", b"[{}]", b"[" * 5000, b'[{"Config": 5, "Layers": 5}]', b"\xff",
        b'[{"Config": "../../../etc/passwd", "Layers": []}]', b'[{"Config": "config.json", "Layers": ["layer.tar"]}]',
        b'[{"Config": "config.json", "Layers": [], "RepoTags": ["fuzzed:1", "\\ud800", 5]}]',
        b'[{"Config": "config.json", "Layers": [], "RepoTags": ["fuzzed:1"]}]',
    ],
    "config.json": [
        b"{}", b"[]", b'{"config": {"Env": 5}}', b'{"history": [5]}', b'{"created": 5, "author": []}', b'{"rootfs": 5}',
        b'{"config": {"Cmd": ["true"], "Labels": {"a": "\\ud800"}}}', b'{"history": "x", "comment": {}}', b"{" * 9999,
        b'{"created": "x", "config": {"ExposedPorts": {"x": {}}}, "rootfs": {"diff_ids": [5]}}',
    ],
    "layer.tar": [b"", b"x" * 512, bytes(1024)],
}  # fmt: skip
ENTRY_TYPES = [
    tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE,
    tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z",
]  # fmt: skip

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
VERSIONS = [
    "/v1.99",
    "/v1.1",
    "/v",
    "/v1",
    "/v1.2.3.4",
    "/v99999999999999999999.1",
    "/v1..2",
    "/v.",
    "/v01.051",
    "/v٣.٣",
]
VERSIONS = [quote(version) for version in VERSIONS]
KINDS = ["", "text/plain", "application/json; charset=x", ";", "application/JSON", "multipart/form-data; boundary=x"]
ODD_HEADERS = [
    ("Upgrade", "tcp"), ("Connection", "Upgrade"), ("Connection", "close"), ("Upgrade", "h2c"), ("Range", "bytes=5-1"),
    ("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("X-Registry-Auth", "!!!"), ("If-None-Match", "*"),
    ("X-Registry-Auth", base64.b64encode(b"{").decode()), ("Accept-Encoding", "gzip"), ("X-Big", "b" * 300_000),
    ("If-Modified-Since", "yesterday"), ("X-Http-Method-Override", "DELETE"), ("Accept", "text/html"),
    ("Cookie", "=;="),
]  # fmt: skip


def _post(head: str, body: bytes = b"") -> Callable[[Maker], bytes]:
    return lambda _: (f"POST /containers/create HTTP/1.1\r\nHost: e\r\n{head}\r\n\r\n").encode() + body


def _raw(data: bytes) -> Callable[[Maker], bytes]:
    return lambda _: data


def _cut(maker: Maker) -> bytes:
    data = maker.request().bytes()
    return data[: maker.random.randrange(len(data))]


def _flipped(maker: Maker) -> bytes:
    data = bytearray(maker.request().bytes())
    for _ in range(maker.random.randrange(1, 4)):
        data[maker.random.randrange(min(len(data), 500))] = maker.random.randrange(256)
    return bytes(data)


def _noise(maker: Maker) -> bytes:
    return maker.random.randbytes(maker.random.randrange(1, 5000))


def _pipelined(maker: Maker) -> bytes:
    return b"".join(maker.request("ContainerList").bytes() for _ in range(20)) + _flipped(maker)


CHUNKED = "Content-Type: application/json\r\nTransfer-Encoding: chunked"
NO_HTTP: list[Callable[[Maker], bytes]] = [
    _cut, _cut, _flipped, _flipped, _flipped, _noise, _pipelined,
    _post(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"),
    _post(CHUNKED, b"5\r\n{}\r\n0\r\n\r\n"),
    _post(CHUNKED, b"-1\r\n{}\r\n0\r\n\r\n"),
    _post(CHUNKED, b"ffffffffffffffffff\r\n{}"),
    _post(CHUNKED, b"2\r\n{}"),
    _post(CHUNKED, b"2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n"),
    _post(CHUNKED, b"7" * 100_000),
    _post(CHUNKED + "\r\nContent-Length: 2", b"2\r\n{}\r\n0\r\n\r\n"),
    _post("Transfer-Encoding: gzip, chunked", b"2\r\n{}\r\n0\r\n\r\n"),
    _post("Content-Length: -5"), _post("Content-Length: 5\r\nContent-Length: 6", b"123456"), _post("Content-Length: x"),
    _post("Content-Length: 99999999999999999999"), _post("Content-Length: 1000000000000", b"{"),
    _post("Content-Length: 100\r\nExpect: 100-continue"), _post("Content-Length: 10", b"{"),
    _post("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7", b"a=1&%zz"),
    _post("Content-Type: multipart/form-data\r\nContent-Length: 7", b"--x\r\n\r\n"),
    _post("Content-Type: a/b\r\nContent-Encoding: gzip\r\nContent-Length: 9", b"\x1f\x8b\x08\0\0\0\0\0\0"),
    _post("X-Big: " + "b" * 2_000_000), _post("No colon"), _post(": no name"), _post(" folded"),
    _raw(b"GET / HTTP/9.9\r\nHost: e\r\n\r\n"), _raw(b"GET\r\n\r\n"), _raw(b"\r\n" * 1000), _raw(b"\0" * 1000),
    _raw(b"get /_ping HTTP/1.1\r\nHost: e\r\n\r\n"), _raw(b"GET /_ping HTTP/1.1\nHost: e\n\n"), _raw(b"GET /_ping\r\n"),
    _raw(b"GET /_ping HTTP/1.1\r\n\r\n"), _raw(b"GET /_ping HTTP/1.0\r\n\r\n"),
    _raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    _raw(b"GET http://other/_ping HTTP/1.1\r\nHost: e\r\n\r\n"), _raw(b"CONNECT e:80 HTTP/1.1\r\nHost: e\r\n\r\n"),
    _raw(b"GET /" + b"a" * 1_500_000 + b" HTTP/1.1\r\nHost: e\r\n\r\n"),
    _raw(b"GET /%2e%2e/%2e%2e HTTP/1.1\r\nHost: e\r\n\r\n"),
    _raw(b"GET /containers/json?" + b"&" * 50_000 + b" HTTP/1.1\r\nHost: e\r\n\r\n"),
    _raw(b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n"), _raw(b"OPTIONS * HTTP/1.1\r\nHost: e\r\n\r\n"),
    _raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
]  # fmt: skip


def _grace(operation: Operation, query: list[tuple[str, str]]) -> float | None:
    """How long the request itself lets the engine wait; None: for ever."""
    if operation.name not in ("ContainerStop", "ContainerRestart"):
        return 0.0
    given = dict(query).get("t", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 3 else None


def _encoded(query: list[tuple[str, str]]) -> str:
    pairs = [f"{_escaped(name)}={_escaped(value)}" for name, value in query]
    return "?" + "&".join(pairs) if pairs else ""


def _escaped(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe="")
