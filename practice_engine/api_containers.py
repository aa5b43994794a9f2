"""The container endpoints: query and body in, states and streams out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
import time
from typing import Any
from urllib.parse import quote_plus

from . import archive, attach_ws, clock, containers, digits, filters, gojson, rooted, spec, stats, top, views
from .containers import Container
from .errors import BadParameter, Conflict, EngineError, Failed, NotFound, NotOffered, status_of
from .frames import DetachKeys, frame
from .logs import STDERR, STDOUT, Reader, Record
from .stdio import Listener
from .unpacking import extract
from .web import MULTIPLEXED_STREAM, RAW_STREAM, Call, Hijacked, Reply, encoded_stat

_LIST_FILTERS = (
    "ancestor before exited expose health id is-task isolation label label! name network publish since status volume"
)
_STATES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"]
_HEALTHS = ["none", "starting", "healthy", "unhealthy"]
_FLUSH = 1 << 18


def _container(call: Call) -> Container:
    return call.engine.get(call["name"])


# list


def list_all(call: Call) -> Any:
    wanted = filters.parse(call.text("filters"), _LIST_FILTERS)
    limit = call.whole("limit") or 0
    everything = call.flag("all") or limit > 0
    for name in ("before", "since"):
        if call.has(name) and call.text(name):
            wanted.setdefault(name, []).append(call.text(name))
            everything = True
    checks = _checks(call, wanted)
    if any(name in wanted for name in ("status", "exited", "before", "since")):
        everything = True
    chosen = []
    for container in call.engine.newest_first():
        if (everything or container.state.running) and all(check(container) for check in checks):
            chosen.append(container)
            if limit > 0 and len(chosen) == limit:
                break
    if call.flag("size"):
        return asyncio.to_thread(lambda: [views.summary(container, size=True) for container in chosen])
    return [views.summary(container, size=False) for container in chosen]


def _one_of(wanted: filters.Filters, name: str, allowed: list[str], what: str) -> None:
    for value in wanted.get(name, []):
        if value not in allowed:
            listed = ", ".join(allowed)
            wrong = f"invalid value for {what} ({value}): must be one of {listed}"
            raise BadParameter(f"invalid filter '{name}={value}': {wrong}")


def _checks(call: Call, wanted: filters.Filters) -> list:
    """One test for each filter that was given, all of which a container must pass."""
    _one_of(wanted, "status", _STATES, "state")
    _one_of(wanted, "health", _HEALTHS, "health")
    codes = [_whole(value, "exited") for value in wanted.get("exited", [])]
    task = filters.boolean(wanted, "is-task", False)
    engine = call.engine
    befores = [engine.get(reference).created for reference in wanted.get("before", [])]
    sinces = [engine.get(reference).created for reference in wanted.get("since", [])]
    ancestors = {image.id for name in wanted.get("ancestor", []) if (image := _image_or_none(engine, name)) is not None}
    exposed, published = _ports(wanted, "expose"), _ports(wanted, "publish")
    nets = {mode for name in wanted.get("network", []) for mode in _network_modes(engine, name)}
    tests = {
        "name": lambda c: filters.names(wanted["name"], c.name),
        "id": lambda c: filters.prefixes(wanted["id"], c.id),
        "label": lambda c: filters.labels(wanted["label"], c.config["Labels"]),
        "label!": lambda c: not any(filters.labels([line], c.config["Labels"]) for line in wanted["label!"]),
        "status": lambda c: c.state.status in wanted["status"],
        "exited": lambda c: c.state.status == "exited" and c.state.exit_code in codes,
        "health": lambda c: (c.state.health["Status"] if c.state.health else "none") in wanted["health"],
        "before": lambda c: all(c.created < moment for moment in befores),
        "since": lambda c: all(c.created > moment for moment in sinces),
        "ancestor": lambda c: c.image_id in ancestors,
        "network": lambda c: c.host["NetworkMode"] in nets,
        "volume": lambda c: any(set(bind[:2]) & set(wanted["volume"]) for bind in spec.binds(c.host)),
        "expose": lambda c: exposed & set(c.config.get("ExposedPorts") or ()),
        "publish": lambda c: any(binding.key in published for binding in c.published.bindings),
        "is-task": lambda c: not task,
        "isolation": lambda c: any(value in ("", "default") for value in wanted["isolation"]),
    }  # fmt: skip
    return [tests[name] for name in wanted if wanted[name]]


def _whole(text: str, name: str) -> int:
    try:
        return digits.whole(text)
    except Failed as error:
        raise BadParameter(f"invalid filter '{name}={text}': {error.message}") from error


def _ports(wanted: filters.Filters, name: str) -> set[str]:
    """80, 80/udp, 8000-8010: as the keys of ExposedPorts."""
    found = set()
    for text in wanted.get(name, []):
        ports, _, protocol = text.partition("/")
        first, _, last = ports.partition("-")
        for number in (first, last or first):
            if not re.fullmatch(r"[0-9]{1,9}", number):
                reason = f'strconv.ParseUint: parsing "{number}": invalid syntax'
                raise Failed(f"error while looking up for {name} {text}: {reason}")
        if int(last or first) < int(first):
            reason = f"Invalid range specified for the Port: {ports}"
            raise Failed(f"error while looking up for {name} {text}: {reason}")
        numbers = range(int(first), min(int(last or first), 65535) + 1)
        found |= {f"{number}/{protocol or 'tcp'}" for number in numbers}
    return found


def _image_or_none(engine: Any, name: str) -> Any:
    try:
        return engine.images.find(name)
    except EngineError:
        return None


def _network_modes(engine: Any, name: str) -> list[str]:
    return [mode for mode, view in engine.networks.items() if mode == name or view["Id"].startswith(name)]


# create, inspect and the short ones


async def create(call: Call) -> Any:
    name = call.text("name")
    given = call.json(spec.CREATE, "container.CreateRequest")
    if not call.body().strip():
        raise BadParameter("invalid JSON: got EOF while reading request body")
    if given is None or spec.says_nothing(gojson.parse(call.body())):
        raise BadParameter("config cannot be empty in order to create a container")
    host = given.pop("HostConfig", None)
    given.pop("NetworkingConfig", None)
    platform = call.text("platform")
    if platform:
        _check_platform(call, platform, given["Image"])
    container, warnings = await call.engine.create(name, given, host)
    return Reply({"Id": container.id, "Warnings": warnings}, 201)


def _check_platform(call: Call, platform: str, image: str) -> None:
    from .images import architecture

    system, _, rest = platform.partition("/")
    machine = rest.partition("/")[0]
    here = architecture()
    if (not machine and system not in ("linux", here)) or (machine and (system, machine) != ("linux", here)):
        asked = platform if "/" in platform else f"{platform}/{here}" if platform == "windows" else f"linux/{platform}"
        raise NotFound(
            f"image with reference {image} was found but its platform (linux/{here}) "
            f"does not match the specified platform ({asked})"
        )


def inspect(call: Call) -> Any:
    container = _container(call)
    if call.flag("size"):
        return asyncio.to_thread(views.inspect, container, size=True)
    return views.inspect(container, size=False)


async def start(call: Call) -> Any:
    body = call.body().strip()
    if body and body not in (b"{}", b"null"):
        raise BadParameter(
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
        )
    await _container(call).start()


async def stop(call: Call) -> Any:
    seconds = call.whole("t")
    await _container(call).stop(seconds, call.text("signal"))


async def restart(call: Call) -> Any:
    seconds = call.whole("t")
    await _container(call).restart(seconds, call.text("signal"))


async def kill(call: Call) -> Any:
    reference = call["name"]
    wanted = call.text("signal")
    if wanted:
        try:
            spec.signal_for_linux(wanted)
        except BadParameter as error:
            raise BadParameter(f"cannot kill container: {reference}: {error.message}") from error
    try:
        container = call.engine.get(reference)
    except EngineError as error:
        raise type(error)(f"cannot kill container: {reference}: {error.message}") from error
    await container.kill(wanted, reference)


async def pause(call: Call) -> Any:
    (await _container(call).settled()).pause()


async def unpause(call: Call) -> Any:
    (await _container(call).settled()).unpause()


def rename(call: Call) -> Any:
    if not call.text("name"):
        raise BadParameter("Neither old nor new names may be empty")
    _container(call).rename(call.text("name"))


def update(call: Call) -> Any:
    changes = call.json_or_nothing(spec.UPDATE, "container.UpdateConfig")
    policy = changes.get("RestartPolicy")
    if policy is not None:
        spec.check_restart_policy(policy)
    warnings = _container(call).update(changes)
    return {"Warnings": warnings or None}


async def remove(call: Call) -> Any:
    container = _container(call)
    if call.flag("link"):
        raise Failed("Conflict, cannot remove the default link name of the container")
    await call.engine.remove(container, force=call.flag("force"))


def _size_of_screen(call: Call) -> tuple[int, int]:
    sizes = []
    for name, what in (("h", "height"), ("w", "width")):
        value = call.text(name)
        size = digits.plain(value)
        if size is None:
            raise BadParameter(f'invalid resize {what} "{value}": invalid syntax')
        if not 0 <= size < 1 << 32:
            raise BadParameter(f'invalid resize {what} "{value}": value out of range')
        sizes.append(size)
    return sizes[0], sizes[1]


async def resize(call: Call) -> Any:
    rows, columns = _size_of_screen(call)
    (await _container(call).settled()).resize(rows, columns)
    return Reply()


async def top_of(call: Call) -> Any:
    container = await _container(call).settled()
    container.check_running()
    if container.state.restarting:
        raise Conflict(f"Container {container.id} is restarting, wait until the container is running")
    table = await top.table(container.pids(), call.text("ps_args") or "-ef")
    container.tell("top")
    return table


async def changes(call: Call) -> Any:
    found = await asyncio.to_thread(_container(call).changes)
    return [{"Path": path, "Kind": kind} for path, kind in found] or Reply(b"null\n")


async def prune(call: Call) -> Any:
    wanted = filters.parse(call.text("filters"), "label label! until")
    limit = until(wanted.get("until", []))
    deleted, freed = [], 0
    for container in call.engine.newest_first():
        labels = container.config["Labels"]
        if container.state.running or container.created > limit:
            continue
        if not filters.labels(wanted.get("label", []), labels):
            continue
        if any(filters.labels([line], labels) for line in wanted.get("label!", [])):
            continue
        freed += await asyncio.to_thread(container.size_rw)
        await call.engine.remove(container, force=False)
        deleted.append(container.id)
    call.engine.events.tell("container", "prune", "", {"reclaimed": str(freed)})
    return {"ContainersDeleted": deleted or None, "SpaceReclaimed": freed}


def until(values: list[str]) -> int:
    if not values:
        return 1 << 62
    if len(values) > 1:
        raise BadParameter("more than one until filter specified")
    return moment(values[0], time.time_ns())


def moment(text: str, now: int) -> int:
    """A time as filters give it: seconds since 1970, RFC 3339, or how long ago."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        whole, _, part = text.partition(".")
        return digits.whole(whole, "ParseInt") * 10**9 + int(part.ljust(9, "0")[:9] or 0)
    for reading in (lambda: now - clock.duration(text), lambda: clock.nanoseconds(text)):
        with contextlib.suppress(ValueError):
            return reading()
    raise BadParameter(f'invalid value for "until": {text}')


def timestamp(text: str) -> int | None:
    """Seconds and nanoseconds since 1970, as `since` and `until` of logs and events have it."""
    if not text:
        return None
    whole, _, part = text.partition(".")
    seconds = digits.whole(whole, "ParseInt")
    digits.whole(part or "0", "ParseInt")
    return seconds * 10**9 + int((part or "0").ljust(9, "0")[:9])


# wait


async def wait(call: Call) -> Any:
    condition = call.text("condition") or "not-running"
    if condition not in ("not-running", "next-exit", "removed"):
        raise BadParameter(f'invalid condition: "{condition}"')
    container = _container(call)
    state = container.state
    if condition == "removed":
        future = container.waiters.wait_removed()
    elif condition == "not-running" and (not state.running or state.restarting):
        future = asyncio.get_running_loop().create_future()
        future.set_result(state.exit_code)
    else:
        future = container.waiters.wait_stopped()
    await call.begin("application/json")
    code = await call.until_gone(future)
    if code is not None:
        failed = condition != "removed" and container.state.error and not container.state.running
        told: dict[str, Any] = {"Error": {"Message": container.state.error}} if failed else {}
        await call.write_json(told | {"StatusCode": code})


# logs


async def logs(call: Call) -> Any:
    streams = {STDOUT: call.flag("stdout"), STDERR: call.flag("stderr")}
    if not any(streams.values()):
        raise BadParameter("Bad parameters: you must choose at least one stream")
    container = _container(call)
    since, until = timestamp(call.text("since")), timestamp(call.text("until"))
    if container.host["LogConfig"]["Type"] == "none":
        raise NotOffered("configured logging driver does not support reading")
    tail = call.text("tail")
    chosen = frozenset(stream for stream, wanted in streams.items() if wanted)
    writer = LineWriter(
        chosen,
        tty=container.config["Tty"],
        timestamps=call.flag("timestamps"),
        details=_details(container) + b" " if call.flag("details") else b"",
        since=since,
        until=until or None,
    )
    reader = container.log.reader(int(tail) if re.fullmatch(r"[0-9]{1,18}", tail) else None)
    try:
        await call.begin(
            RAW_STREAM if container.config["Tty"] else MULTIPLEXED_STREAM if call.version >= (1, 42) else RAW_STREAM
        )
        if call.flag("follow"):
            await call.until_gone(_follow(call, container, reader, writer))
        else:
            await _send(call, reader, writer)
    finally:
        reader.close()


def _details(container: Container) -> bytes:
    """The labels and variables that the log options name, as a query string sorted by name."""
    options = container.host["LogConfig"]["Config"]
    have = dict(container.config["Labels"] or {})
    wanted = [name for name in options.get("labels", "").split(",") if name]
    env = dict(line.partition("=")[::2] for line in container.config["Env"] or [])
    named = {name: have[name] for name in wanted if name in have}
    named |= {name: env[name] for name in options.get("env", "").split(",") if name in env}
    return ",".join(f"{quote_plus(key)}={quote_plus(named[key])}" for key in sorted(named)).encode()


class LineWriter:
    """Log records to what the client gets: a frame for each line, or with a terminal just the lines."""

    def __init__(
        self,
        streams: frozenset[int],
        *,
        tty: bool,
        timestamps: bool,
        details: bytes = b"",
        since: int | None,
        until: int | None,
    ) -> None:
        self._streams = streams
        self._tty = tty
        self._timestamps = timestamps
        self._since, self.until = since, until
        self._details = details
        self._in_line = {STDOUT: False, STDERR: False}
        self.past_end = False

    def write(self, record: Record) -> bytes:
        if self.until is not None and record.time > self.until:
            self.past_end = True
            return b""
        if record.stream not in self._streams or (self._since is not None and record.time < self._since):
            return b""
        stamp = clock.rfc3339_fixed(record.time).encode() + b" " if self._timestamps else b""
        stamp += self._details
        if self._tty and not stamp:
            return record.data
        pieces = []
        for line in record.lines():
            text = line if self._in_line[record.stream] else stamp + line
            self._in_line[record.stream] = record.partial
            pieces.append(text if self._tty else frame(record.stream, text))
        return b"".join(pieces)


async def _send(call: Call, reader: Reader, writer: LineWriter) -> None:
    waiting, size = [], 0
    for record in reader.read():
        data = writer.write(record)
        if writer.past_end:
            break
        if data:
            waiting.append(data)
            size += len(data)
        if size >= _FLUSH:
            await call.write(b"".join(waiting))
            waiting, size = [], 0
    if waiting:
        await call.write(b"".join(waiting))


async def _follow(call: Call, container: Container, reader: Reader, writer: LineWriter) -> None:
    news = asyncio.Event()
    container.log.watchers.add(news.set)
    deadline = None
    if writer.until is not None:
        deadline = asyncio.get_running_loop().time() + max(0.0, (writer.until - time.time_ns()) / 1e9)
    try:
        while True:
            news.clear()
            over = container.run is None
            await _send(call, reader, writer)
            if over or writer.past_end:
                return
            left = None if deadline is None else deadline - asyncio.get_running_loop().time()
            if left is not None and left <= 0:
                return
            with contextlib.suppress(asyncio.TimeoutError):
                await clock.within(left, news.wait())
    finally:
        container.log.watchers.discard(news.set)


# attach


async def attach(call: Call) -> Any:
    """Errors are told as text: the answer is a stream from its first byte."""
    try:
        container, keys = _attachable(call)
        tty = container.config["Tty"]
        await _attached(call, container, keys, _STREAMS, lambda: call.hijack(tty=tty), raw=tty)
    except EngineError as error:
        return Reply(f"{error.message}\r\n".encode(), status_of(error), kind=RAW_STREAM)
    return None


async def attach_over_websocket(call: Call) -> Any:
    """What both streams say comes as it is, without frames of the API's own."""
    container, keys = _attachable(call)
    if (refused := attach_ws.refusal(call.request.headers)) is not None:
        return refused
    asked = _STREAMS if call.version >= (1, 42) else ()  # before, all of them came whatever was said
    await _attached(call, container, keys, asked, lambda: attach_ws.accept(call), raw=True)
    return None


_STREAMS = ("stdin", "stdout", "stderr")


def _attachable(call: Call) -> tuple[Container, DetachKeys]:
    try:
        keys = DetachKeys(call.text("detachKeys"))
    except ValueError as error:
        raise BadParameter(f"Invalid detach keys ({call.text('detachKeys')}) provided") from error
    container = _container(call)
    if container.state.paused:
        raise Conflict(f"container {call['name']} is paused, unpause the container before attach")
    if container.state.restarting:
        raise Conflict(f"container {call['name']} is restarting, wait until the container is running")
    return container, keys


async def _attached(
    call: Call, container: Container, keys: DetachKeys, asked: tuple[str, ...], connect: Any, *, raw: bool
) -> None:
    want = {name: call.flag(name) if name in asked else True for name in _STREAMS}
    streams = frozenset(number for name, number in (("stdout", STDOUT), ("stderr", STDERR)) if want[name])
    listener = container.output.listen(streams) if call.flag("stream") and streams else None
    container.tell("attach")
    connection = None
    try:
        connection = await connect()
        with contextlib.suppress(ConnectionError):
            if call.flag("logs"):
                await _past(container, streams, connection, raw)
            if call.flag("stream"):
                await converse(
                    connection,
                    listener,
                    raw=raw,
                    stdin=_Feed(container) if want["stdin"] and container.config["OpenStdin"] else None,
                    keys=keys if container.config["Tty"] else None,
                    detached=lambda: container.tell("detach"),
                )
    finally:
        if listener is not None:
            container.output.leave(listener)
        if connection is not None:
            await connection.close()


async def _past(container: Container, streams: frozenset[int], connection: Hijacked, raw: bool) -> None:
    writer = LineWriter(streams, tty=raw, timestamps=False, since=None, until=None)
    reader = container.log.reader()
    try:
        for record in reader.read():
            await connection.write(writer.write(record))
    finally:
        reader.close()


class _Feed:
    """Input for a container; it may be attached before the container is started."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.ends = container.config["StdinOnce"] and not container.config["Tty"]  # with what is given, and not before

    async def write(self, data: bytes) -> None:
        await (await self._stdio()).write(data)

    async def close(self) -> None:
        if self.ends:
            (await self._stdio()).close_stdin()

    async def _stdio(self) -> Any:
        run = await self._container.running()
        return run.stdio


class ExecFeed:
    def __init__(self, item: Any) -> None:
        self._item = item
        self.ends = not item.settings["Tty"]

    async def write(self, data: bytes) -> None:
        await self._item.stdio.write(data)

    async def close(self) -> None:
        self._item.stdio.close_stdin()


async def converse(
    connection: Hijacked,
    listener: Listener | None,
    *,
    raw: bool,
    stdin: Any,
    keys: DetachKeys | None,
    detached: Any,
) -> None:
    """Both directions at once, until the process ends, the client goes, or the keys to detach are pressed.

    Where the end of the client's direction cannot be the end of the process's input, it is that of the whole.
    """
    if listener is None and stdin is None:
        return
    reading = asyncio.create_task(_input(connection, stdin, keys))
    tasks = {reading, asyncio.create_task(connection.hung_up())}
    if listener is not None:
        tasks.add(asyncio.create_task(_output(connection, listener, raw)))
    try:
        while True:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            half = listener is not None and (stdin is None or stdin.ends)
            if done == {reading} and reading.result() == "ended" and half:
                tasks.discard(reading)  # a half-close: the output goes on
                continue
            if reading in done and reading.result() == "detached":
                detached()
            return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _output(connection: Hijacked, listener: Listener, raw: bool) -> None:
    with contextlib.suppress(ConnectionError):
        async for stream, data in listener:
            await connection.write(data if raw else frame(stream, data))


async def _input(connection: Hijacked, stdin: Any, keys: DetachKeys | None) -> str:
    with contextlib.suppress(ConnectionError):
        while data := await connection.read():
            if keys is not None:
                data, pressed = keys.look(data)
                if pressed:
                    return "detached"
            if stdin is not None and data:
                await stdin.write(data)
        if stdin is not None:
            await stdin.close()
    return "ended"


# stats


async def stats_of(call: Call) -> Any:
    container = _container(call)
    streaming = call.flag("stream", True)
    one_shot = call.flag("one-shot")
    if one_shot and streaming:
        raise BadParameter("cannot have stream=true and one-shot=true")
    if not streaming:
        before = None
        if not one_shot and container.state.running:
            before = stats.sample(container, None)
            await call.until_gone(asyncio.sleep(1))
        return stats.sample(container, before)
    await call.begin("application/json")
    await call.until_gone(_stream_stats(call, container))
    return None


async def _stream_stats(call: Call, container: Container) -> None:
    before = stats.sample(container, None)
    await call.write_json(before)
    while container.id in call.engine.by_id:
        await asyncio.sleep(1)
        before = stats.sample(container, before)
        await call.write_json(before)


# files


async def export(call: Call) -> Any:
    container = _container(call)
    container.tell("export")
    await call.stream_from(lambda out: containers.export(container, out), "application/octet-stream")


def _path(call: Call) -> str:
    path = call.text("path")
    if not path:
        raise BadParameter("bad parameter: pathcannot be empty")
    return path if path.startswith("/") else f"/{path}"


def archive_stat(call: Call) -> Any:
    path = _path(call)
    container = _container(call)
    return Reply(headers={"X-Docker-Container-Path-Stat": encoded_stat(_stat(call, container, path))})


def _stat(call: Call, container: Container, path: str) -> dict:
    try:
        return archive.path_stat(str(container.root), path)
    except NotADirectoryError as error:
        raise BadParameter("not a directory") from error
    except OSError as error:
        raise NotFound(f"Could not find the file {path} in container {call['name']}") from error


async def archive_get(call: Call) -> Any:
    path = _path(call)
    container = _container(call)
    told = _stat(call, container, path)
    trailing = path.endswith("/.") or path in ("/", "/.")
    source, name = (path, None) if not trailing else (path, ".")
    if path in ("/", "/."):
        name = "/"
    if path.endswith("/") and told["linkTarget"]:
        source = told["linkTarget"]
    root = str(container.root)
    container.tell("archive-path")
    await call.stream_from(
        lambda out: archive.write_tree(out, root, source, name),
        headers={"X-Docker-Container-Path-Stat": encoded_stat(told)},
    )


async def archive_put(call: Call) -> Any:
    path = _path(call)
    container = _container(call)
    root = str(container.root)
    try:
        with rooted.parent(root, path) as (directory, name, resolved):
            if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                raise BadParameter("extraction point is not a directory")
    except OSError as error:
        raise NotFound(f"Could not find the file {path} in container {call['name']}") from error
    if container.host["ReadonlyRootfs"]:
        raise BadParameter("container rootfs is marked read-only")
    container.tell("extract-to-dir")
    types = not call.flag("noOverwriteDirNonDir")
    try:
        await asyncio.to_thread(extract, call.file, root, resolved, overwrite_types=types)
    except Failed as error:
        if isinstance(error.__cause__, FileNotFoundError):  # as Docker: whatever it is that is not there
            raise NotFound(f"Could not find the file {path} in container {call['name']}") from error
        raise
    return Reply()


_KEPT = ("ExposedPorts", "Healthcheck", "StopSignal")


async def commit(call: Call) -> Any:
    from .images import apply_changes, merged

    reference = call.text("container")
    if not reference:
        raise BadParameter('invalid name or ID supplied: ""')
    container = call.engine.get(reference)
    given = call.json_or_nothing(spec.CONFIG, "container.Config") if call.body().strip() not in (b"", b"null") else None
    base = {key: value for key, value in container.config.items() if key not in ("Image", "Hostname", "Domainname")}
    config = {
        key: base.get(key) for key in ("Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir")
    }
    for key in _KEPT:
        if base.get(key):
            config[key] = base[key]
    if given:
        config = merged({key: given.get(key) for key in (*config, *_KEPT)}, config)
    config = apply_changes(
        config, [line for text in call.texts("changes") for line in text.split("\n") if line.strip()]
    )
    name = call.text("repo")
    if name and call.text("tag"):
        name = f"{name}:{call.text('tag')}"
    image = await call.engine.commit(
        container, name=name, comment=call.text("comment"), author=call.text("author"), config=config
    )
    container.tell("commit", comment=call.text("comment"), imageID=image.id, imageRef=name)
    return Reply({"Id": image.id}, 201)
