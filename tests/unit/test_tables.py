"""An answer → a value."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pandas as pd
import pytest
from fake_engine import MULTIPLEXED, RAW, frame
from hypothesis import given
from hypothesis import strategies as st

from dockermagic import errors, tables
from dockermagic.endpoints import BY_NAME, raw
from dockermagic.exchange import Exchange, Reply, Request
from dockermagic.tables import Wanted


def answered(*chunks: bytes, status: int = 200, **headers: str) -> Exchange:
    exchange = Exchange(Request("GET", "/v1.51/x"), "unix:///e")
    return exchange.answered(Reply(status, "OK", {k.replace("_", "-"): v for k, v in headers.items()}, iter(chunks)))


def read(name: str, found: Any, **values: Any) -> Any:
    """The value of a row's call that was answered with some JSON."""
    return tables.value(BY_NAME[name], answered(json.dumps(found).encode()), Wanted(values=values))


DOCKER = {
    "Id": "abc" * 21 + "d",
    "Names": ["/other/alias", "/web"],
    "Image": "busybox",
    "ImageID": "sha256:1",
    "Command": "sleep 60",
    "Created": 1769860800,
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 53, "Type": "udp"},
    ],
    "Labels": {"stage": "test"},
    "State": "running",
    "Status": "Up 2 minutes",
    "SizeRw": 5,
    "SizeRootFs": 4_000_000_000,
}
PODMAN = {
    "Id": "def",
    "Names": ["web"],
    "Command": ["sleep", "60"],
    "Created": "2026-01-31T12:00:00Z",
    "State": "stopped",
    "Ports": None,
    "Labels": None,
}
IMAGE = {
    "Id": "sha256:" + "0" * 64,
    "RepoTags": ["busybox:latest", "busybox:1"],
    "Created": 1769860800,
    "Size": 4_000_000_000,
    "Containers": 2,
    "Labels": {"a": "b"},
}
TIME = "datetime64[ns, UTC]"


def test_containers():
    frame = read("list", [DOCKER, PODMAN], size=True)
    assert list(frame.name) == ["web", "web"]
    assert list(frame.id) == [DOCKER["Id"], "def"]
    assert list(frame.command) == ["sleep 60", "sleep 60"]
    assert list(frame.created) == [pd.Timestamp("2026-01-31T12:00:00Z")] * 2
    assert list(frame.state) == ["running", "stopped"]
    assert frame.ports[0] == "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 53/udp"
    assert list(frame.labels) == [{"stage": "test"}, {}]
    assert list(frame.size_root_fs) == [4_000_000_000, 0]
    assert frame.attrs["dockermagic"]["kind"] == "containers"


def test_unknown_states_are_kept_and_known_ones_are_in_order():
    frame = read("list", [{"State": "improper"}, {"State": "running"}, {"State": None}, {"State": "stopping"}])
    assert list(frame.state) == ["improper", "running", "", "stopping"]
    assert list(frame.state.cat.categories) == [*tables.STATES, "", "improper", "stopping"]


@pytest.mark.parametrize(
    ("name", "full", "values"),
    [
        ("list", [DOCKER], {}),
        ("list", [DOCKER], {"size": True}),
        ("images", [IMAGE], {}),
    ],
)
@pytest.mark.parametrize("empty", [[], None])
def test_an_empty_list_keeps_its_columns_and_dtypes(name, full, values, empty):
    nothing, something = read(name, empty, **values), read(name, full, **values)
    assert len(nothing) == 0
    assert list(nothing.columns) == list(something.columns)
    for column in nothing.columns:
        assert nothing[column].dtype == something[column].dtype, column
    assert something.created.dtype == TIME


def test_an_empty_log_and_an_empty_archive_keep_theirs():
    for name, full in (("logs", frame(b"2026-01-31T12:00:00Z x\n")), ("export", tar([("a", {})]))):
        wanted = Wanted(values={"timestamps": True})
        something = tables.value(BY_NAME[name], answered(full, content_type=MULTIPLEXED), wanted)
        empty = b"" if name == "logs" else tar([])
        nothing = tables.value(BY_NAME[name], answered(empty, content_type=MULTIPLEXED), wanted)
        assert len(nothing) == 0
        assert nothing.dtypes.equals(something.dtypes)


@pytest.mark.parametrize(("name", "full"), [("list", DOCKER), ("list", PODMAN), ("images", IMAGE)])
@pytest.mark.parametrize("shape", ["null", "missing", "nothing"])
def test_a_null_or_a_gap_anywhere_is_no_failure(name, full, shape):
    for key in full:
        record = {**full, key: None} if shape == "null" else {k: v for k, v in full.items() if k != key}
        record = {} if shape == "nothing" else record
        found = read(name, [record, full], size=True)
        assert len(found) == 2
        assert found.dtypes.equals(
            read(name, [full], size=True).dtypes.where(found.dtypes.index != "state", found.dtypes)
        )


@pytest.mark.parametrize("junk", [{"message": "x"}, "text", 5, [1], ["x"], [[]], [None], [{"Created": "soon"}], True])
@pytest.mark.parametrize("name", ["list", "images"])
def test_json_of_another_form(name, junk):
    with pytest.raises(errors.ReplyError) as caught:
        read(name, junk)
    assert "another form" in caught.value.what
    assert caught.value.exchange is not None


@pytest.mark.parametrize("body", [b"<html>", b"", b'[{"Id":'])
@pytest.mark.parametrize("name", ["list", "images", "inspect", "top", "info"])
def test_what_is_no_json(name, body):
    with pytest.raises(errors.NotJson):
        tables.value(BY_NAME[name], answered(body), Wanted())


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, ""),
        ([], ""),
        ([{"PrivatePort": 80}], "80/tcp"),
        ([{"PrivatePort": 80, "PublicPort": 0, "Type": "udp"}], "80/udp"),
        ([{"PrivatePort": 80, "PublicPort": 81, "IP": None}], "0.0.0.0:81->80/tcp"),
        ([{"PrivatePort": 80, "PublicPort": 81, "IP": "::1"}], "[::1]:81->80/tcp"),
        ([{"PrivatePort": 80}, {"PrivatePort": 80}], "80/tcp"),
    ],
)
def test_ports(found, text):
    assert tables.ports(found) == text


def test_images():
    found = read("images", [IMAGE, {"Id": "x", "RepoTags": None, "Containers": None}])
    assert list(found.tags) == ["busybox:latest, busybox:1", ""]
    assert list(found["size"]) == [4_000_000_000, 0]
    assert list(found.containers) == [2, -1]


@pytest.mark.parametrize(
    ("found", "dtypes"),
    [
        (
            {"Titles": ["PID", "%CPU", "CMD"], "Processes": [["1", "0.5", "sh"], ["22", "1", "ls -l"]]},
            {"PID": "int64", "%CPU": "float64", "CMD": "string"},
        ),
        ({"Titles": ["PID", "TIME"], "Processes": [["1", "00:01"], ["x", "2"]]}, {"PID": "string", "TIME": "string"}),
        ({"Titles": ["PID"], "Processes": []}, {"PID": "string"}),
        ({"Titles": ["PID"], "Processes": None}, {"PID": "string"}),
        ({"Titles": ["PID", "CMD"], "Processes": [["1"]]}, {"PID": "int64", "CMD": "string"}),
        ({"Titles": ["N"], "Processes": [["9" * 30]]}, {"N": "float64"}),
        ({"Titles": ["N"], "Processes": [["-1"], ["2."]]}, {"N": "float64"}),
        ({"Titles": ["N"], "Processes": [[1], [None]]}, {"N": "string"}),
        ({"Titles": None, "Processes": None}, {}),
        (None, {}),
    ],
)
def test_processes(found, dtypes):
    frame = read("top", found)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == dtypes


def log(body: bytes, content_type: str = MULTIPLEXED, tty: bool | None = None, **values: Any) -> pd.DataFrame:
    wanted = Wanted(values=values, tty=lambda answer: tty)
    return tables.value(BY_NAME["logs"], answered(body, content_type=content_type), wanted)


def test_a_log():
    found = log(frame(b"one\ntwo\n") + frame(b"oops\n", 2))
    assert list(zip(found.stream, found.line, strict=True)) == [
        ("stdout", "one"),
        ("stdout", "two"),
        ("stderr", "oops"),
    ]
    assert found.time.isna().all()
    assert found.time.dtype == TIME
    assert list(found.stream.cat.categories) == ["stdout", "stderr"]


def test_a_log_with_timestamps():
    found = log(
        frame(b"2026-01-31T12:00:00.123456789Z one two\n2026-01-31T13:00:00.1+01:00 \n")
        + frame(b"2026-01-31T12:00:00Z\nno time here\n2026 x\n"),
        timestamps=True,
    )
    assert list(found.line) == ["one two", "", "", "no time here", "2026 x"]
    assert found.time[0].isoformat() == "2026-01-31T12:00:00.123456789+00:00"
    assert found.time[1] == pd.Timestamp("2026-01-31T12:00:00.1Z")
    assert list(found.time.isna()) == [False, False, False, True, True]


def test_a_log_without_timestamps_keeps_what_looks_like_one():
    assert list(log(frame(b"2026-01-31T12:00:00Z x\n")).line) == ["2026-01-31T12:00:00Z x"]


def test_a_time_that_is_none_is_no_failure():
    found = log(frame(b"2026-99-99T99:99:99Z x\n0001-01-01T00:00:00Z y\n2026-01-31T12:00:00Z z\n"), timestamps=True)
    assert len(found) == 3
    assert found.line[2] == "z"


@pytest.mark.parametrize(
    ("content_type", "tty", "asked", "body"),
    [
        (MULTIPLEXED, True, False, frame(b"x\n")),
        (RAW, False, False, frame(b"x\n")),
        ("", False, True, frame(b"x\n")),
        ("", None, True, frame(b"x\n")),
        ("", True, True, b"x\r\n"),
        ("application/octet-stream", True, True, b"x\r\n"),
    ],
)
def test_how_a_log_is_decoded(content_type, tty, asked, body):
    times = []
    wanted = Wanted(tty=lambda answer: times.append(1) or tty)
    if content_type == RAW:
        body = b"x\r\n"
    found = tables.value(BY_NAME["logs"], answered(body, content_type=content_type), wanted)
    assert list(found.line) == ["x"]
    assert bool(times) == asked


def test_a_stream_that_goes_wrong_keeps_the_lines_before():
    exchange = answered(frame(b"one\n"), b"garbage that is no frame", content_type=MULTIPLEXED)
    with pytest.raises(errors.BadFrame, match="not framed") as caught:
        tables.value(BY_NAME["logs"], exchange, Wanted())
    assert list(caught.value.exchange.value.line) == ["one"]


def test_a_stream_that_ends_inside_a_frame_keeps_the_lines_before():
    exchange = answered(frame(b"one\n") + frame(b"two\n")[:-2], content_type=MULTIPLEXED)
    with pytest.raises(errors.CutShort, match="inside a frame"):
        tables.value(BY_NAME["logs"], exchange, Wanted())
    assert list(exchange.value.line) == ["one"]


def test_lines_are_shown_as_they_come():
    batches: list[Any] = []
    chunks = [frame(b"one\nha"), frame(b"lf\n"), frame(b"end")]
    wanted = Wanted(lines=lambda name, batch: batches.append(list(batch)))
    tables.value(BY_NAME["logs"], answered(*chunks, content_type=MULTIPLEXED), wanted)
    assert batches == [[("stdout", "one")], [("stdout", "half")], [("stdout", "end")]]


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)), max_size=8), st.booleans())
def test_any_log_becomes_a_frame(payloads, stamped):
    found = log(b"".join(frame(data, stream) for stream, data in payloads), timestamps=stamped)
    assert list(found.columns) == ["time", "stream", "line"]


def tar(entries: list[tuple[str, dict[str, Any]]], **options: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", **options) as archive:
        for name, fields in entries:
            info = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return file.getvalue()


ODD = [
    ("bin/sh", {"size": 5, "mode": 0o4755, "uid": 1000, "mtime": 1769860800}),
    ("etc", {"type": tarfile.DIRTYPE, "mode": 0o1777}),
    ("link", {"type": tarfile.SYMTYPE, "linkname": "/bin/sh", "mode": 0o777}),
    ("hard", {"type": tarfile.LNKTYPE, "linkname": "bin/sh"}),
    ("dev/null", {"type": tarfile.CHRTYPE, "mode": 0o666}),
    ("dev/sda", {"type": tarfile.BLKTYPE}),
    ("pipe", {"type": tarfile.FIFOTYPE}),
    ("odd", {"type": b"Z"}),
    ("名字/" + "x" * 200, {"size": 3}),
    ("../../etc/passwd", {"mtime": -5}),
    ("/absolute", {"mtime": 1e18, "uid": 2**31}),
    ("bad\udcff name", {}),
    ("new\nline\x1b[31m", {"uname": "root"}),
]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("cut", [1, 511, 100_000])
def test_an_archive_of_odd_entries(form, cut):
    data = tar(ODD, format=form, errors="surrogateescape")
    chunks = [data[at : at + cut] for at in range(0, len(data), cut)]
    found = tables.value(BY_NAME["export"], answered(*chunks), Wanted())
    assert list(found.type) == [
        *["file", "folder", "link", "hard link", "device", "device", "pipe", "other"],
        *["file"] * 5,
    ]
    assert list(found["mode"])[:3] == ["-rwsr-xr-x", "drwxrwxrwt", "lrwxrwxrwx"]
    assert list(found["mode"].str[0])[4:7] == ["c", "b", "p"]
    assert list(found["size"])[:2] == [5, 0]
    assert found.target[2] == "/bin/sh"
    assert found.modified[0] == pd.Timestamp("2026-01-31T12:00:00Z")
    assert found.modified.dtype == TIME
    assert pd.isna(found.modified[10])
    assert found.uid[10] == 2**31
    assert "\\xff" in found.name[11]
    assert found.name[9] == "../../etc/passwd"


def test_an_archive_into_a_file(tmp_path):
    data = tar(ODD[:3])
    seen: list[int] = []
    target = tmp_path / "web.tar"
    wanted = Wanted(values={"output": str(target)}, progress=seen.append)
    found = tables.value(BY_NAME["export"], answered(data[:1000], data[1000:]), wanted)
    assert list(found.name) == ["bin/sh", "etc", "link"]
    assert target.read_bytes() == data
    assert seen == [1000, len(data)]


@pytest.mark.parametrize("body", [b"", b"not a tar", b"x" * 10_000, tar(ODD[:1])[:700]])
def test_what_is_no_archive(body):
    with pytest.raises(errors.CutShort, match="cannot be read"):
        tables.value(BY_NAME["export"], answered(body), Wanted())


def test_an_archive_that_is_cut_leaves_no_file(tmp_path):
    def chunks():
        yield tar(ODD)[:2000]
        raise errors.CutShort("cut", "again")

    exchange = Exchange(Request("GET", "/x"), "unix:///e").answered(Reply(200, "OK", {}, chunks()))
    with pytest.raises(errors.CutShort) as caught:
        tables.value(BY_NAME["export"], exchange, Wanted(values={"output": str(tmp_path / "x.tar")}))
    assert caught.value.exchange is exchange
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("start", 204, "started"),
        ("start", 304, "was running already"),
        ("stop", 304, "was stopped already"),
        ("kill", 204, "was sent the signal"),
        ("start", 299, "OK"),
    ],
)
def test_outcome(name, status, said):
    found = tables.value(BY_NAME[name], answered(status=status), Wanted(values={"id": "web"}))
    assert found.to_dict("records") == [{"container": "web", "status": status, "happened": said}]
    assert str(found.status.dtype) == "int64"


def test_ping():
    found = tables.value(BY_NAME["ping"], answered(b"OK", api_version="1.51", ostype="linux"), Wanted())
    assert found.to_dict("records") == [
        {"answer": "OK", "api_version": "1.51", "os": "linux", "server": "", "builder_version": ""}
    ]


def test_json_instead_of_a_frame():
    exchange = answered(json.dumps([DOCKER]).encode())
    assert tables.value(BY_NAME["list"], exchange, Wanted(as_json=True)) == [DOCKER]
    assert exchange.value == [DOCKER]


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b'{"a": 1}', {"content_type": "application/json"}, {"a": 1}),
        (b'{"a": 1}\n{"a": 2}\r\n', {"content_type": "application/json"}, [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\nbroken', {"content_type": "application/json; charset=utf-8"}, '{"a": 1}\nbroken'),
        (b"null", {"content_type": "application/json"}, None),
        (b"OK", {"content_type": "text/plain"}, "OK"),
        (b"\xff", {}, "\\xff"),
    ],
)
def test_anything(body, headers, expected):
    assert tables.value(raw("GET", "/x"), answered(body, **headers), Wanted()) == expected


def test_anything_that_is_a_stream_an_archive_or_nothing(tmp_path):
    row = raw("GET", "/x")
    assert list(tables.value(row, answered(frame(b"x\n"), content_type=MULTIPLEXED), Wanted()).line) == ["x"]
    assert list(tables.value(row, answered(tar(ODD[:1]), content_type="application/x-tar"), Wanted()).name) == [
        "bin/sh"
    ]
    assert list(tables.value(row, answered(status=204), Wanted()).status) == [204]
    wanted = Wanted(values={"output": str(tmp_path / "x")})
    assert tables.value(row, answered(b"abc"), wanted) == {"saved": str(tmp_path / "x"), "bytes": 3}


def test_the_exchange_is_in_the_frame():
    exchange = answered(json.dumps([DOCKER]).encode())
    found = tables.value(BY_NAME["list"], exchange, Wanted())
    tables.mark(found, exchange, "curl …")
    kept = found[found.state == "running"].sort_values("name").attrs["dockermagic"]
    assert kept["exchange"]["status"] == 200
    assert kept["exchange"]["curl"] == "curl …"
    assert json.loads(json.dumps(kept)) == kept
    tables.mark({"a": 1}, exchange, "curl …")


def test_records_of_ours():
    for kind, columns in tables.COLUMNS.items():
        full = tables.records([{name: 1 if name in tables.DTYPES else "x" for name in columns}], kind)
        assert tables.records([], kind).dtypes.equals(full.dtypes)
        assert list(full.columns) == list(columns)
