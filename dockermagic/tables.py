"""An answer → a value: a DataFrame with real dtypes, a dict or a list. The only user of pandas.

Each kind of reply that a row may name is a function here: `KINDS`. A frame keeps its columns and
dtypes when it is empty. All times are UTC with nanoseconds, all sizes are bytes.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from . import bodies, files, forest, frames, masks, merge, samples, streams
from .endpoints import Endpoint
from .errors import CutShort, FileError, ReplyError, StreamFailed, TimedOut
from .exchange import Exchange, size
from .language import say

STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
ENTRY_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "pipe",
}
ENTRY_BITS = {
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}
CHANGES = ("modified", "added", "deleted")
USAGE = {"Images": "image", "Containers": "container", "Volumes": "volume", "BuildCache": "build cache"}
MOST_TITLES = 1000
AS_TEXT: Any = {"errors": "backslashreplace"}
ALIVE = ("running", "paused", "restarting")
GO_LINK = 27
GO_TYPES = {
    31: stat.S_IFDIR,
    GO_LINK: stat.S_IFLNK,
    25: stat.S_IFIFO,
    24: stat.S_IFSOCK,
    21: stat.S_IFCHR,
    26: stat.S_IFBLK,
}
GO_BITS = {23: stat.S_ISUID, 22: stat.S_ISGID, 20: stat.S_ISVTX}
BOTH_BASE64 = str.maketrans("-_", "+/")  # Docker writes the one alphabet, Podman the other
STATS = {
    "name": "string",
    "cpu_percent": "Float64",
    "memory_usage": "Int64",
    "memory_limit": "Int64",
    "memory_percent": "Float64",
    "net_rx": "Int64",
    "net_tx": "Int64",
    "block_read": "Int64",
    "block_write": "Int64",
    "pids": "Int64",
    "time": "datetime64[ns, UTC]",
}
EVENTS = {
    "time": "datetime64[ns, UTC]",
    "type": "string",
    "action": "string",
    "name": "string",
    "id": "string",
    "image": "string",
    "scope": "string",
    "attributes": "object",
}
MOVES = ("Downloading", "Pushing", "Loading layer", "Importing")
UTC = "datetime64[ns, UTC]"
TEXT = "string"
STAMP = re.compile(r"(?:1[7-9]|2[01])\d\d-\d\d-\d\dT")
NOWHEN = pd.NaT.value  # the nanoseconds that stand for no time
FARTHEST = 9_000_000_000  # seconds from 1970 that a time in nanoseconds can hold


@dataclass
class Wanted:
    """What the caller wants done with an answer.

    Attributes:
        values: the call's parameters.
        tty: tells whether the container has a terminal, asked only where the answer does not say.
        lines: is shown what a stream brings as it comes, with the name of the container: for a log
            `(stream, line)`, for stats and events rows as the frame will have them.
        answers: container → its answer, where several were asked.
        progress: is told the bytes that have come, and of how many where that is known.
        as_json: JSON instead of a frame.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    tty: Callable[[Exchange], bool | None] = lambda answer: None
    lines: Callable[[str, Sequence[Any]], None] = lambda name, things: None
    answers: Mapping[str, Exchange] = field(default_factory=dict)
    progress: Callable[..., None] = lambda count, total=None: None
    as_json: bool = False

    def merged(self, exchange: Exchange, read: merge.Batches[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
        """What comes from the answer, or from each of several, bounded by `lines`."""
        answers = self.answers or {str(self.values.get("id") or ""): exchange}
        return merge.merged(answers, read, self.values.get("lines"))


def value(row: Endpoint, exchange: Exchange, wanted: Wanted) -> Any:
    """What the answer to a row's call is worth; also kept in `exchange.value`.

    Raises:
        ReplyError: the answer cannot be used.
    """
    kind = "tree" if wanted.as_json and not row.stream and row.reply != "outcome" else row.reply
    try:
        exchange.value = KINDS[kind](exchange, row, wanted)
    except (CutShort, FileError, TimedOut) as error:
        error.exchange = exchange
        if isinstance(error, TimedOut):
            error.step = say(row.silent) or error.step
        raise
    except (AttributeError, TypeError, LookupError, ValueError, OverflowError, RecursionError) as error:
        raise ReplyError(
            say(
                "{method} {path} was answered in another form than the API's",
                method=exchange.request.method,
                path=exchange.request.path,
            ),
            say("`%docker last` shows it; is this a Docker engine? `%docker version` says which"),
            exchange=exchange,
        ) from error
    finally:
        for answer in wanted.answers.values():
            answer.value = exchange.value
            answer.close()
        exchange.close()
    return exchange.value


def mark(value: Any, exchange: Exchange, curl: str, *, live: bool = False) -> None:
    """Note on a frame of ours which exchange it came from: plain text and numbers in `frame.attrs`."""
    if isinstance(value, pd.DataFrame):
        request = exchange.request.shown
        value.attrs["dockermagic"].update(
            exchange={
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "status": exchange.status,
                "reason": exchange.reason,
                "seconds": round(exchange.seconds, 6),
                "received": exchange.received,
                "host": exchange.host,
                "line": exchange.line,
                "curl": curl,
            },
            **({"live": True} if live else {}),
        )


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "engine": ("engine", "api", "host", "why"),
    "places": ("host", "source", "verdict", "detail"),
    "removed": ("id", "name", "was"),
    "drills": ("drill", "path", "count", "seconds", "ends_in"),
    "progress": ("lesson", "exercise", "minutes", "done", "hints"),
}
DTYPES: Mapping[str, str] = {
    "minutes": "int64",
    "done": "bool",
    "hints": "int64",
    "count": "int64",
    "seconds": "float64",
    "ends_in": "int64",
}


def records(rows: Sequence[Mapping[str, Any]], kind: str) -> pd.DataFrame:
    """Rows of ours, which come from no single endpoint: by kind in `COLUMNS`, text where `DTYPES` names no other."""
    return _frame({name: (DTYPES.get(name, TEXT), [row[name] for row in rows]) for name in COLUMNS[kind]}, kind)


Column = tuple[str | pd.CategoricalDtype, Sequence[Any]]
"""A dtype's name, `seconds` for times in UNIX seconds, or a dtype; and the values."""


def _frame(columns: Mapping[str, Column], kind: str) -> pd.DataFrame:
    made = {name: _array(values, dtype) for name, (dtype, values) in columns.items()}
    frame = pd.DataFrame(made, copy=False)
    frame.attrs["dockermagic"] = {"kind": kind}
    return frame


def _array(values: Sequence[Any], dtype: str | pd.CategoricalDtype) -> Any:
    if isinstance(values, pd.api.extensions.ExtensionArray):
        return values
    if isinstance(dtype, pd.CategoricalDtype):
        code = {each: number for number, each in enumerate(dtype.categories)}
        return pd.Categorical.from_codes([code[each] for each in values], dtype=dtype)
    if dtype == UTC:
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601", errors="coerce")
        return pd.Series(moments).astype(UTC).array
    if dtype == "seconds":
        dtype = UTC
        values = [each * 1_000_000_000 if each is not None and abs(each) < FARTHEST else NOWHEN for each in values]
    known = _dtype(dtype)
    if isinstance(known, pd.api.extensions.ExtensionDtype):  # by its own door: pd.array looks at much else first
        return known.construct_array_type()._from_sequence(values, dtype=known)
    return pd.array(values, dtype=known)


def _category(values: Sequence[Any], known: Sequence[str]) -> Column:
    """A column of categories: those that are known, and what else there is."""
    return _categories((*known, *sorted({*values}.difference(known)))), values


@lru_cache
def _dtype(name: str) -> Any:
    return pd.api.types.pandas_dtype(name)


@lru_cache(8)
def _categories(names: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(names)


def containers(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerList: a row a container.

    Columns: id (text, the whole), name (text), image (text), command (text), created (UTC), state (category),
    status (text), ports (text), labels (dict); with `size` also size_rw and size_root_fs (int64, bytes).
    """
    found = exchange.json() or []
    sizes: dict[str, Column] = {
        "size_rw": ("int64", [each.get("SizeRw") or 0 for each in found]),
        "size_root_fs": ("int64", [each.get("SizeRootFs") or 0 for each in found]),
    }
    return _frame(
        {
            "id": (TEXT, [each.get("Id") or "" for each in found]),
            "name": (TEXT, [_name(each) for each in found]),
            "image": (TEXT, [each.get("Image") or "" for each in found]),
            "command": (TEXT, [_command(each.get("Command")) for each in found]),
            "created": ("seconds", [_seconds(each.get("Created")) for each in found]),
            "state": _category([each.get("State") or "" for each in found], STATES),
            "status": (TEXT, [each.get("Status") or "" for each in found]),
            "ports": (TEXT, [ports(each.get("Ports")) for each in found]),
            "labels": ("object", [each.get("Labels") or {} for each in found]),
            **(sizes if wanted.values.get("size") else {}),
        },
        "containers",
    )


def _name(container: Mapping[str, Any]) -> str:
    names = container.get("Names") or [""]
    own = names[0] if len(names) == 1 else min(names, key=_slashes)
    return str(own).removeprefix("/")


def _slashes(name: Any) -> int:
    """How many: a name of its own has one, that of a link two, `/other/alias`."""
    return str(name).count("/")


def _command(found: Any) -> str:
    return " ".join(map(str, found)) if isinstance(found, list) else str(found or "")


def _seconds(found: Any) -> int | None:
    if isinstance(found, str):
        return int(pd.Timestamp(found).timestamp()) if found else None
    return found if isinstance(found, int) else None


def ports(found: Sequence[Mapping[str, Any]] | None) -> str:
    """Ports as `docker ps` writes them: `0.0.0.0:8080->80/tcp, 443/tcp`."""
    if not found:
        return ""
    parts = []
    for port in found:
        inside = f"{port.get('PrivatePort')}/{port.get('Type') or 'tcp'}"
        ip = str(port.get("IP") or "0.0.0.0")
        outside = f"[{ip}]" if ":" in ip else ip
        parts.append(f"{outside}:{port['PublicPort']}->{inside}" if port.get("PublicPort") else inside)
    return ", ".join(dict.fromkeys(parts))


def images(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ImageList: a row an image.

    Columns: id (text, with its `sha256:`), tags (text, joined by ", "), created (UTC), size (int64, bytes),
    containers (int64, -1 where the engine did not count), labels (dict).
    """
    found = exchange.json() or []
    return _frame(
        {
            "id": (TEXT, [each.get("Id") or "" for each in found]),
            "tags": (TEXT, [", ".join(each.get("RepoTags") or []) for each in found]),
            "created": ("seconds", [_seconds(each.get("Created")) for each in found]),
            "size": ("int64", [each.get("Size") or 0 for each in found]),
            "containers": ("int64", [-1 if each.get("Containers") is None else each["Containers"] for each in found]),
            "labels": ("object", [each.get("Labels") or {} for each in found]),
        },
        "images",
    )


def processes(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerTop: a row a process, the engine's own titles as columns.

    A column is int64 or float64 where every value is such a number, and text elsewhere. With `tree` the rows are in
    tree order, and the column tree (text) stands first.

    Raises:
        ReplyError: a tree is asked for, and ps tells no PID or no PPID.
    """
    found = exchange.json() or {}
    titles = [str(title) for title in found.get("Titles") or []]
    if len(titles) > MOST_TITLES:
        raise ValueError(f"{len(titles)} titles")
    listed = found.get("Processes") or []
    columns: dict[str, tuple[str, Sequence[Any]]] = {}
    for at, title in enumerate(titles):
        texts = [str(process[at]) if at < len(process) else "" for process in listed]
        columns[title] = _numbers(texts)
    exchange.value = _frame(columns, "processes")
    return _tree(exchange) if wanted.values.get("tree") else exchange.value


def _tree(exchange: Exchange) -> pd.DataFrame:
    frame = exchange.value
    lacking = [title for title in ("PID", "PPID") if title not in frame.columns]
    if lacking:
        raise ReplyError(
            say("a tree needs PID and PPID of each process, and ps told no {titles}", titles=", ".join(lacking)),
            say(
                'leave --ps_args out, or ask for both: --ps_args "-eo pid,ppid,args"; '
                "as a list: x = %docker last, x.value"
            ),
            exchange=exchange,
        )
    rows = frame.to_dict("records")
    order = forest.branches([(str(row["PID"]), str(row["PPID"])) for row in rows])
    names = [f"{branch}{forest.short(forest.command(rows[at])) or rows[at]['PID']}" for at, branch in order]
    sorted_rows = frame.iloc[[at for at, _ in order]].reset_index(drop=True)
    sorted_rows.insert(0, "tree", _array(names, TEXT))
    return sorted_rows


def _numbers(texts: list[str]) -> tuple[str, Sequence[Any]]:
    for pattern, dtype, make in ((r"-?\d{1,18}", "int64", int), (r"-?\d+\.?\d*", "float64", float)):
        if texts and all(re.fullmatch(pattern, text) for text in texts):
            return dtype, [make(text) for text in texts]
    return TEXT, texts


def log(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerLogs: a row a line.

    Columns: time (UTC; NaT unless `timestamps` was asked for), stream (category: stdout, stderr), line (text;
    bytes that are no UTF-8 are written `\\xNN`).

    Raises:
        BadFrame: the stream does not keep to its framing.
    """
    sides: list[str] = []
    lines: list[str] = []
    names: list[str] = []
    stamped = bool(wanted.values.get("timestamps"))
    try:
        for name, batch in wanted.merged(exchange, lambda answer: streams.lines(answer, lambda: wanted.tty(answer))):
            sides += [side for side, _ in batch]
            lines += [line for _, line in batch]
            if wanted.answers:
                names += [name] * len(batch)
            wanted.lines(name if wanted.answers else "", batch)
    finally:
        frame = _log_frame(sides, lines, stamped)
        if wanted.answers:
            dtype, values = _category(names, tuple(wanted.answers))
            frame.insert(0, "name", _array(values, dtype))
            if stamped:
                frame = frame.sort_values("time", kind="stable", ignore_index=True)
        exchange.value = frame
    return exchange.value


def stats(exchange: Exchange, row: Endpoint, wanted: Wanted) -> Any:
    """ContainerStats: a row a sample.

    Columns: name (text), cpu_percent (Float64, of one processor), memory_usage, memory_limit (Int64, bytes),
    memory_percent (Float64), net_rx, net_tx, block_read, block_write (Int64, bytes since the start), pids (Int64),
    time (UTC). With `json` the objects of the engine, a list where there is more than one.
    """
    whole: list[Any] = []
    found: list[samples.Sample] = []
    try:
        for name, batch in wanted.merged(exchange, streams.values):
            fresh = [samples.sample(each, name) for each in batch]
            whole += batch if wanted.as_json else []
            found += fresh
            wanted.lines(name, [each._asdict() for each in fresh])
    finally:
        exchange.value = _stats_frame(found)
    return (whole[0] if len(whole) == 1 else whole) if wanted.as_json else exchange.value


def _stats_frame(found: Sequence[samples.Sample]) -> pd.DataFrame:
    columns = list(zip(*found, strict=True)) or [()] * len(samples.Sample._fields)
    return _frame(
        {name: (STATS[name], column) for name, column in zip(samples.Sample._fields, columns, strict=True)}, "stats"
    )


def events(exchange: Exchange, row: Endpoint, wanted: Wanted) -> Any:
    """SystemEvents: a row an event.

    Columns: time (UTC), type (text: container, image, network…), action (text), name (text), id (text),
    image (text), scope (text), attributes (dict). With `json` the objects of the engine, as a list.
    """
    whole: list[Any] = []
    found: list[dict[str, Any]] = []
    try:
        for name, batch in wanted.merged(exchange, streams.values):
            whole += batch if wanted.as_json else []
            fresh = [_event(each) for each in batch]
            found += fresh
            wanted.lines(name, fresh)
    finally:
        columns = {name: (dtype, [each[name] for each in found]) for name, dtype in EVENTS.items()}
        exchange.value = _frame(columns, "events")
    return whole if wanted.as_json else exchange.value


def _event(found: Mapping[str, Any]) -> dict[str, Any]:
    actor = found.get("Actor") or {}
    said = actor.get("Attributes") or {}
    nanoseconds = found.get("timeNano") or (found.get("time") or 0) * 1_000_000_000
    return {
        "time": pd.Timestamp(nanoseconds, unit="ns", tz="UTC"),
        "type": str(found.get("Type") or ""),
        "action": str(found.get("Action") or found.get("status") or ""),
        "name": str(said.get("name") or ""),
        "id": str(actor.get("ID") or found.get("id") or ""),
        "image": str(said.get("image") or found.get("from") or ""),
        "scope": str(found.get("scope") or ""),
        "attributes": said,
    }


def hijacked(exchange: Exchange, row: Endpoint, wanted: Wanted) -> Any:
    """ContainerAttach, ExecStart: what came on a connection that was taken over, as `log` has it.

    With `bytes` the value is the bytes of standard output, unchanged; where the engine did not take the connection
    over (Detach), one row that says what happened.
    """
    if exchange.headers.get("content-length") is not None:
        return outcome(exchange, row, wanted)
    if not wanted.values.get("bytes"):
        return log(exchange, row, wanted)
    output, errors = [], frames.Lines()
    for pieces in streams.pieces(exchange, lambda: wanted.tty(exchange)):
        output += [piece.data for piece in pieces if piece.stream == "stdout"]
        if lines := list(errors.feed(piece for piece in pieces if piece.stream == "stderr")):
            wanted.lines("", lines)
    wanted.lines("", list(errors.flush()))
    return b"".join(output)


def _log_frame(sides: list[str], lines: list[str], stamped: bool) -> pd.DataFrame:
    parts = [line.partition(" ") for line in lines] if stamped else []
    times = _array([time if STAMP.match(time) else None for time, _, _ in parts] or [None] * len(lines), UTC)
    if stamped:
        lines = [rest if told else line for told, line, (_, _, rest) in zip(~times.isna(), lines, parts, strict=True)]
    streams_of = _category(sides, ("stdout", "stderr"))
    return _frame({"time": (UTC, times), "stream": streams_of, "line": (TEXT, lines)}, "log")


def archive(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerExport: a row an entry of the tar archive; memory does not grow with it.

    Columns: name (text), type (category), mode (text, as `ls -l` writes it), uid, gid, size (int64),
    modified (UTC), target (text, of links). With `output` the archive is at that path when this returns.

    Raises:
        FileError: the file cannot be written; nothing is left of it.
        CutShort: the archive is not whole.
    """
    output = wanted.values.get("output")
    try:
        if output:
            found: list[pd.DataFrame] = []
            files.save(exchange.chunks(), output, wanted.progress, lambda part: found.append(_listed(part)))
            return found[0]
        with tarfile.open(fileobj=_Reader(exchange.chunks(), wanted.progress), mode="r|", **AS_TEXT) as tar:
            return _entries(tar)
    except tarfile.TarError as error:
        raise CutShort(
            say("the archive cannot be read: {error}", error=error), say("run the cell again"), exchange=exchange
        ) from None


def _listed(path: Path) -> pd.DataFrame:
    with path.open("rb") as file, tarfile.open(fileobj=_Reader(_pieces(file)), mode="r|", **AS_TEXT) as tar:
        return _entries(tar)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece


class _Reader(io.RawIOBase):
    """Chunks as a file that can only be read onwards."""

    def __init__(self, chunks: Iterator[bytes], watch: Callable[[int], None] = lambda count: None) -> None:
        self._chunks, self._rest, self._count, self._watch = chunks, memoryview(b""), 0, watch
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        while size:
            if not self._rest:
                chunk = next(self._chunks, b"")
                self._count += len(chunk)
                self._watch(self._count)
                if not chunk:
                    break
                self._rest = memoryview(chunk)
            part = self._rest[:size] if size > 0 else self._rest
            parts.append(bytes(part))
            self._rest = self._rest[len(part) :]
            size -= len(part) if size > 0 else 0
        if self._ended and not parts:  # or tarfile goes on to the end that a head has told, however far away
            raise tarfile.ReadError("unexpected end of data")
        self._ended = not parts
        return b"".join(parts)


def _entries(tar: tarfile.TarFile) -> pd.DataFrame:
    rows = []
    for entry in tar:
        rows.append(
            (
                entry.name,
                ENTRY_TYPES.get(entry.type, "other"),
                _mode(entry),
                entry.uid,
                entry.gid,
                entry.size,
                int(entry.mtime),
                entry.linkname,
            )
        )
        tar.members = []  # type: ignore[attr-defined]
    columns = list(zip(*rows, strict=True)) or [()] * 8
    return _frame(
        {
            "name": (TEXT, columns[0]),
            "type": _category(columns[1], tuple(dict.fromkeys(ENTRY_TYPES.values()))),
            "mode": (TEXT, columns[2]),
            "uid": ("int64", columns[3]),
            "gid": ("int64", columns[4]),
            "size": ("int64", columns[5]),
            "modified": ("seconds", columns[6]),
            "target": (TEXT, columns[7]),
        },
        "archive",
    )


def _mode(entry: tarfile.TarInfo) -> str:
    return stat.filemode(entry.mode | ENTRY_BITS.get(entry.type, stat.S_IFREG))


def outcome(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """A call without a body in its answer: one row that says what happened.

    Columns: container (text), status (int64), happened (text).

    Raises:
        NotJson: there was a body, and no engine sends that: a proxy answered.
    """
    if "html" in exchange.content_type:
        exchange.json()
    exchange.read()
    status = exchange.status or 0
    said = _happened(row, exchange)
    first = str(wanted.values.get(row.places[0].name, "")) if row.places else ""
    return _frame({"container": (TEXT, [first]), "status": ("int64", [status]), "happened": (TEXT, [said])}, "outcome")


def _happened(row: Endpoint, exchange: Exchange) -> str:
    return say(row.statuses.get(exchange.status or 0, "")) or exchange.reason


def ping(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """SystemPing: one row, all of it text: answer, api_version, os, server, builder_version."""
    answer = exchange.read().decode("utf-8", "replace").strip()
    heads = {"api_version": "api-version", "os": "ostype", "server": "server", "builder_version": "builder-version"}
    columns = {name: (TEXT, [exchange.headers.get(head, "")]) for name, head in heads.items()}
    return _frame({"answer": (TEXT, [answer]), **columns}, "ping")


def tree(exchange: Exchange, row: Endpoint, wanted: Wanted) -> Any:
    """The JSON of the answer as it is: a dict or a list."""
    return exchange.json()


def anything(exchange: Exchange, row: Endpoint, wanted: Wanted) -> Any:
    """Any answer, by its Content-Type: JSON, a stream of JSON values, a framed stream, an archive, text."""
    kind = exchange.content_type.partition(";")[0].strip()
    if kind in (frames.MULTIPLEXED, frames.RAW):
        return log(exchange, row, wanted)
    if wanted.values.get("output"):
        files.save(exchange.chunks(), wanted.values["output"], wanted.progress)
        return {"saved": wanted.values["output"], "bytes": exchange.received}
    if kind == "application/x-tar":
        return archive(exchange, row, wanted)
    body = exchange.read()
    if "json" in kind:
        return _json_values(body)
    if lines := _framed(body):
        return _log_frame([side for side, _ in lines], [line for _, line in lines], stamped=False)
    return body.decode("utf-8", "backslashreplace") if body else outcome(exchange, row, wanted)


def _framed(body: bytes) -> list[tuple[str, str]]:
    """The lines of a framed stream that came without a Content-Type; none where it is something else."""
    decoder, whole = frames.Demultiplexer(), frames.Lines()
    try:
        lines = list(whole.feed(decoder.feed(body)))
    except ValueError:
        return []
    return [] if decoder.pending else [*lines, *whole.flush()]


def _json_values(body: bytes) -> Any:
    try:
        values = frames.values(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return values[0] if len(values) == 1 else values


def changes(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerChanges: a row a file.

    Columns: path (text), kind (category: modified, added, deleted).
    """
    found = exchange.json() or []
    kinds = _category([CHANGES[each["Kind"]] for each in found], CHANGES)
    return _frame({"path": (TEXT, [each.get("Path") or "" for each in found]), "kind": kinds}, "changes")


def history(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ImageHistory: a row a layer, the newest first.

    Columns: id (text, `<missing>` where the engine has only the layer), created (UTC), created_by (text),
    size (int64, bytes), tags (text, joined by ", "), comment (text).
    """
    found = exchange.json() or []
    return _frame(
        {
            "id": (TEXT, [each.get("Id") or "" for each in found]),
            "created": ("seconds", [_seconds(each.get("Created")) for each in found]),
            "created_by": (TEXT, [each.get("CreatedBy") or "" for each in found]),
            "size": ("int64", [each.get("Size") or 0 for each in found]),
            "tags": (TEXT, [", ".join(each.get("Tags") or []) for each in found]),
            "comment": (TEXT, [each.get("Comment") or "" for each in found]),
        },
        "history",
    )


def found(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ImageSearch: a row an image of the registry.

    Columns: name (text), description (text), stars (int64), official (bool).
    """
    listed = exchange.json() or []
    return _frame(
        {
            "name": (TEXT, [each.get("name") or "" for each in listed]),
            "description": (TEXT, [each.get("description") or "" for each in listed]),
            "stars": ("int64", [each.get("star_count") or 0 for each in listed]),
            "official": ("bool", [bool(each.get("is_official")) for each in listed]),
        },
        "found",
    )


def deletions(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ImageDelete: a row a name or a layer.

    Columns: what (text: a name, or an id with its `sha256:`), happened (category: untagged, deleted).
    """
    return _gone(exchange.json() or [], "deletions")


def pruned(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ContainerPrune, ImagePrune, BuildPrune: a row a thing that was removed, as `deletions` has it.

    `frame.attrs["dockermagic"]["reclaimed"]` is the bytes that this gave back.
    """
    told = exchange.json() or {}
    listed = next((value for key, value in told.items() if key.endswith("Deleted")), None) or []
    frame = _gone([each if isinstance(each, dict) else {"Deleted": each} for each in listed], "pruned")
    reclaimed = int(told.get("SpaceReclaimed") or 0)
    frame.attrs["dockermagic"].update(reclaimed=reclaimed, note=say("{size} of disk came back", size=size(reclaimed)))
    return frame


def _gone(listed: Sequence[Mapping[str, Any]], kind: str) -> pd.DataFrame:
    pairs = [(str(text), key.lower()) for each in listed for key, text in each.items() if text]
    happened = _category([each for _, each in pairs], ("untagged", "deleted"))
    return _frame({"what": (TEXT, [text for text, _ in pairs]), "happened": happened}, kind)


def usage(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """SystemDataUsage: a row an image, a container, a volume, a piece of the builder's cache.

    Columns: type (category: image, container, volume, build cache), id (text), name (text), size (int64, bytes;
    of a container what it wrote), shared (int64, bytes that others use too), in_use (bool), reclaimable (int64,
    bytes that come back when it is removed: 0 while in use).
    """
    told = exchange.json() or {}
    rows = [_used(kind, each) for key, kind in USAGE.items() for each in told.get(key) or []]
    columns = list(zip(*rows, strict=True)) or [()] * 7
    frame = _frame(
        {
            "type": _category(columns[0], tuple(USAGE.values())),
            "id": (TEXT, columns[1]),
            "name": (TEXT, columns[2]),
            "size": ("int64", columns[3]),
            "shared": ("int64", columns[4]),
            "in_use": ("bool", columns[5]),
            "reclaimable": ("int64", columns[6]),
        },
        "usage",
    )
    frame.attrs["dockermagic"]["note"] = say("{size} could come back", size=size(int(frame["reclaimable"].sum())))
    return frame


def _used(kind: str, each: Mapping[str, Any]) -> tuple[str, str, str, int, int, bool, int]:
    data = each.get("UsageData") or {}
    names = each.get("RepoTags") or each.get("Names") or [each.get("Name") or each.get("Description") or ""]
    count = each.get("SizeRw") if kind == "container" else each.get("Size", data.get("Size"))
    whole, shared = max(0, count or 0), max(0, each.get("SharedSize") or 0)
    in_use = (
        str(each.get("State")) in ALIVE
        or int(each.get("Containers") or 0) > 0
        or int(data.get("RefCount") or 0) > 0
        or bool(each.get("InUse"))
    )
    title = ", ".join(str(name).removeprefix("/") for name in names)
    return (
        kind,
        str(each.get("Id") or each.get("ID") or ""),
        title,
        whole,
        shared,
        in_use,
        0 if in_use else whole - shared,
    )


def path_stat(exchange: Exchange, row: Endpoint, wanted: Wanted) -> dict[str, Any]:
    """ContainerArchiveInfo: the header X-Docker-Container-Path-Stat, decoded.

    Keys: name (text), size (int, bytes), mode (int, Go's FileMode as it was sent), permissions (text, as `ls -l`
    writes it), mtime (Timestamp, UTC), linkTarget (text, "" where it is no link).
    """
    exchange.read()
    header = exchange.headers["x-docker-container-path-stat"].translate(BOTH_BASE64)
    told = json.loads(base64.b64decode(header))
    mode = int(told["mode"])
    return {
        "name": told["name"],
        "size": told["size"],
        "mode": mode,
        "permissions": stat.filemode(_unix_mode(mode)),
        "mtime": pd.Timestamp(told["mtime"]).tz_convert("UTC"),
        "linkTarget": (told.get("linkTarget") or "") if mode >> GO_LINK & 1 else "",  # Podman names a file's own path
    }


def _unix_mode(mode: int) -> int:
    kind = next((bits for at, bits in GO_TYPES.items() if mode >> at & 1), stat.S_IFREG)
    return kind | sum(bits for at, bits in GO_BITS.items() if mode >> at & 1) | mode & 0o777


def uploaded(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """PutContainerArchive: one row that says what happened.

    Columns: container (text), path (text), status (int64), happened (text), sent (int64, bytes of the archive).
    """
    frame = outcome(exchange, row, wanted)
    body = exchange.request.body
    frame.insert(1, "path", _array([str(wanted.values.get("path", ""))], TEXT))
    frame["sent"] = _array([len(body) if isinstance(body, bytes) else body.sent if body else 0], "int64")
    return frame


def login(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """SystemAuth: one row that says what happened. A token in the answer is shown nowhere.

    Columns: registry (text), username (text), status (int64), happened (text).
    """
    body = exchange.read()
    exchange.kept = masks.body(exchange.kept) or b""
    asked, told = exchange.request.body, json.loads(body) if body else {}
    sent = json.loads(asked) if isinstance(asked, bytes) else {}
    return _frame(
        {
            "registry": (TEXT, [bodies.host_of(sent.get("serveraddress"))]),
            "username": (TEXT, [str(sent.get("username") or "")]),
            "status": ("int64", [exchange.status or 0]),
            "happened": (TEXT, [told.get("Status") or _happened(row, exchange)]),
        },
        "login",
    )


def messages(exchange: Exchange, row: Endpoint, wanted: Wanted) -> pd.DataFrame:
    """ImageCreate, ImagePush, ImageLoad, ImageBuild: what the engine told while it worked.

    A row a message; of a layer, whose messages carry its id, the last one stands where the first stood.
    Columns: id (text, of a layer), message (text), current and total (Int64, bytes; NA where nothing is counted).

    Raises:
        StreamFailed: the engine told of an error, though it had said 200.
    """
    told: dict[str, tuple[str, str, int | None, int | None]] = {}
    moved: dict[str, tuple[int, int]] = {}
    try:
        for each in itertools.chain.from_iterable(streams.values(exchange)):
            detail = each.get("progressDetail") or {}
            failed = (each.get("errorDetail") or {}).get("message") or each.get("error")
            if failed:
                raise StreamFailed(
                    str(failed),
                    say(
                        row.steps.get(500)
                        or "the lines before it tell how far it came: `x = %docker last`, then x.value"
                    ),
                    detail=say(
                        "{operation} began with {status} {reason}, and failed on the way.",
                        operation=row.operation,
                        status=exchange.status,
                        reason=exchange.reason,
                    ),
                    exchange=exchange,
                )
            text = str(each.get("status") or each.get("stream") or _aux(each.get("aux"))).rstrip()
            if text:
                layer = str(each.get("id") or "")
                told[layer or f"\0{len(told)}"] = (layer, text, detail.get("current"), detail.get("total"))
                if _moved(moved, layer, text, detail):
                    wanted.progress(*map(sum, zip(*moved.values(), strict=True)))
    finally:
        columns = list(zip(*told.values(), strict=True)) or [()] * 4
        exchange.value = _frame(
            {
                "id": (TEXT, columns[0]),
                "message": (TEXT, columns[1]),
                "current": ("Int64", columns[2]),
                "total": ("Int64", columns[3]),
            },
            "messages",
        )
    return exchange.value


def _moved(moved: dict[str, tuple[int, int]], layer: str, text: str, detail: Mapping[str, Any]) -> bool:
    """Note how many bytes of a layer have been moved, of how many; whether anything changed."""
    current, total = detail.get("current"), detail.get("total")
    if text in MOVES and current and total:
        moved[layer] = (min(current, total), total)
    elif layer in moved and text not in MOVES:  # what follows begins when all of it is there
        moved[layer] = (moved[layer][1], moved[layer][1])
    else:
        return False
    return True


def _aux(found: Any) -> str:
    return ", ".join(f"{key} {text}" for key, text in found.items()) if isinstance(found, dict) else ""


KINDS: Mapping[str, Callable[[Exchange, Endpoint, Wanted], Any]] = {
    "containers": containers,
    "images": images,
    "processes": processes,
    "log": log,
    "hijacked": hijacked,
    "archive": archive,
    "outcome": outcome,
    "ping": ping,
    "tree": tree,
    "stats": stats,
    "events": events,
    "any": anything,
    "changes": changes,
    "history": history,
    "found": found,
    "deletions": deletions,
    "pruned": pruned,
    "usage": usage,
    "stat": path_stat,
    "uploaded": uploaded,
    "login": login,
    "messages": messages,
}
