"""The containers: their states and what can be done to them. Knows no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import signal
import stat
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from . import archive, clock, drills, execs, health, names, networks, ports, process, runs, spec, tree, trees, users
from .errors import AlreadyDone, BadParameter, Conflict, EngineError, Failed, NotFound
from .events import Events
from .images import Image, Images
from .isolation import Isolation
from .logs import DEFAULT_FILES, DEFAULT_SIZE, LogStore
from .runs import NotStarted, Run
from .states import State, Waiters
from .stdio import Output

VALID_NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_FIRST_DELAY, _LONGEST_DELAY, _GOOD_RUN = 0.1, 60.0, 10.0
_GRACE = 10  # seconds between the stop signal and KILL, unless said otherwise
_AFTER_KILL = 10.0


class Container:
    def __init__(self, engine: Engine, record: dict[str, Any]) -> None:
        self.engine = engine
        self.id: str = record["id"]
        self.directory = engine.directory_of(self.id)
        self.root = self.directory / "root"
        self.name: str = record["name"]
        self.created: int = record["created"]
        self.config: dict[str, Any] = record["config"]
        self.host: dict[str, Any] = record["host"]
        self.image_id: str = record["image_id"]
        self.restart_count: int = record.get("restart_count", 0)
        self.stopped_by_hand: bool = record.get("stopped_by_hand", False)
        self.state = State(**record.get("state", {}))
        self.run: Run | None = None
        self.execs: dict[str, execs.Exec] = {}
        self.output = Output()
        self.waiters = Waiters()
        self.lock = asyncio.Lock()
        self.published = ports.Published()
        self.log = LogStore(self.directory / "log", *self._log_bounds())
        self._delay = 0.0
        self._restart: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._helpers: list[asyncio.Task[None]] = []
        self._size_rw: tuple[float, int] | None = None

    @property
    def image_root(self) -> Path:
        return self.engine.images.root_by_id(self.image_id)

    def _log_bounds(self) -> tuple[int, int]:
        options = self.host["LogConfig"]["Config"]
        try:
            size = spec.size(options["max-size"]) if "max-size" in options else DEFAULT_SIZE
        except Failed:
            size = DEFAULT_SIZE  # told when it is started, as Docker does
        files = options.get("max-file", "")
        if re.fullmatch(r"[0-9]{1,9}", files):
            return size, int(files)
        return size, 1 if "max-size" in options else DEFAULT_FILES

    def save(self) -> None:
        record = {
            "id": self.id,
            "name": self.name,
            "created": self.created,
            "config": self.config,
            "host": self.host,
            "image_id": self.image_id,
            "restart_count": self.restart_count,
            "stopped_by_hand": self.stopped_by_hand,
            "state": self.state.saved(),
        }
        path = self.directory / "container.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(record))
        fresh.replace(path)

    def tell(self, action: str, **attributes: str) -> None:
        labels = self.config["Labels"] or {}
        told = {**labels, **attributes, "image": self.config["Image"], "name": self.name}
        self.engine.events.tell("container", action, self.id, told)

    async def running(self) -> Run:
        """The run of now, or the next one."""
        while self.run is None:
            self._begun.clear()
            await self._begun.wait()
        return self.run

    async def settled(self) -> Container:
        """Itself, once a start under way has come to its end: what is asked meanwhile is asked of its result."""
        if self.lock.locked():
            async with self.lock:
                pass
        return self

    def pids(self) -> list[int]:
        if self.run is None or self.run.shim is None:
            return []
        tracer = "proot" if self.engine.isolation.tier.name == "proot" else ""
        return [process.pid for process in tree.processes(self.run.shim.pid) if tree.shown(process, tracer)]

    # start and the end of a run

    async def start(self) -> None:
        async with self.lock:
            if self.state.paused:
                raise Conflict("cannot start a paused container, try unpause instead")
            if self.state.running and not self.state.restarting:
                raise AlreadyDone
            if self.state.removing or self.state.dead:
                raise Conflict("container is marked for removal and cannot be started")
            self._cancel_restart()
            self.stopped_by_hand = False
            self.restart_count = 0
            self._delay = 0.0
            await self._launch()

    async def _launch(self) -> None:
        await self._ended.wait()
        state = self.state
        try:
            self._check_network()
            self._check_log()
            run = Run(
                self.engine.isolation,
                self.root,
                self.config,
                self.host,
                log=None if self.host["LogConfig"]["Type"] == "none" else self.log,
                output=self.output,
                on_exit=self._on_exit,
            )
            self._make_working_directory()
            self.log.failed = None
            self._ended.clear()
            await self.published.open(self, run)
            await run.start()
        except (NotStarted, EngineError) as failure:
            self._ended.set()
            self.published.close()
            error, code = (failure.error, failure.code) if isinstance(failure, NotStarted) else (failure, 128)
            state.running = state.restarting = False
            state.exit_code, state.error, state.pid = code, error.message, 0
            self.save()
            self.output.end()
            self.waiters.tell_stopped(code)
            if self.host["AutoRemove"]:
                self.engine.keep(self.engine.forget(self))
            raise error from failure
        self.run = run
        self._begun.set()
        state.running, state.paused, state.restarting, state.oom_killed = True, False, False, False
        state.pid, state.exit_code, state.error = run.pid, 0, ""
        state.started_at = clock.now()
        state.health = health.begin(self.config.get("Healthcheck"))
        self.save()
        self.tell("start")
        self._helpers = [asyncio.create_task(work) for work in self._helper_work()]

    def _helper_work(self) -> list[Coroutine[Any, Any, None]]:
        work: list[Coroutine[Any, Any, None]] = []
        if self.state.health is not None:
            work.append(health.watch(self))
        if self.host["Memory"]:
            work.append(tree.watch_memory(self))
        return work

    def _check_network(self) -> None:
        mode = self.host["NetworkMode"]
        if mode not in self.engine.networks:
            raise NotFound(f"failed to set up container networking: network {mode} not found")

    def _check_log(self) -> None:
        size = self.host["LogConfig"]["Config"].get("max-size")
        if size is not None:
            spec.size(size)

    def _make_working_directory(self) -> None:
        directory = self.config["WorkingDir"]
        if directory and directory != "/":
            self.engine.make_directory(self.root, directory)

    def _on_exit(self, code: int, lost: bool) -> None:
        self.engine.keep(self._over(code, lost))

    async def _over(self, code: int, lost: bool) -> None:
        run, state = self.run, self.state
        while run is None:  # the exit overtook the end of the launch
            await asyncio.sleep(0)
            run = self.run
        for helper in self._helpers:
            helper.cancel()
        self.published.close()
        await run.finish()
        self.log.end_of_run()
        if lost:
            tree.bury_orphans(process.known())
        self.run = None
        started, now = clock.nanoseconds(state.started_at), time.time_ns()
        state.pid, state.paused, state.exit_code = 0, False, code
        state.finished_at = clock.rfc3339(now)
        if lost:
            state.error = "the container's supervisor was killed"
        if self.log.failed is not None:
            state.error = f"the log could not be written: {self.log.failed.strerror}"
        if state.health is not None:
            health.ended(state.health)
        again = self._restart_wanted(code)
        if again:
            state.restarting = True
            self._next_delay((now - started) / 1e9)
        else:
            state.running = False
        self.try_save()
        self.tell("die", exitCode=str(code), execDuration=str((now - started) // 10**9))
        self.output.end()
        self._ended.set()
        if again:
            self._restart = asyncio.create_task(self._restart_later())
        elif self.host["AutoRemove"] and not self.state.removing:
            await self.engine.forget(self)
        self.waiters.tell_stopped(code)

    def try_save(self) -> None:
        """Keep going on a full disk: the state in memory is right, and is written at the next change."""
        try:
            self.save()
        except OSError as problem:
            self.state.error = f"the state could not be saved: {problem.strerror}"

    def _restart_wanted(self, code: int) -> bool:
        policy = self.host["RestartPolicy"]
        if self.stopped_by_hand or self.state.removing or self.engine.closing:
            return False
        if policy["Name"] == "on-failure":
            most = policy["MaximumRetryCount"]
            return code != 0 and (most == 0 or self.restart_count < most)
        return policy["Name"] in ("always", "unless-stopped")

    def _next_delay(self, ran: float) -> None:
        if ran >= _GOOD_RUN or not self._delay:
            self._delay = _FIRST_DELAY
        else:
            self._delay = min(self._delay * 2, _LONGEST_DELAY)

    async def _restart_later(self) -> None:
        await asyncio.sleep(self._delay)
        async with self.lock:
            if not self.state.restarting:
                return
            self._restart = None
            self.restart_count += 1
            try:
                await self._launch()
            except EngineError:
                self.state.running = self.state.restarting = False
                self.try_save()

    def _cancel_restart(self) -> None:
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None

    async def _caught_between_runs(self) -> bool:
        """Whether it was waiting for its next try, and now is not any more. A try under way is waited for."""
        if not self.state.restarting:
            return False
        async with self.lock:
            if not self.state.restarting:
                return not self.state.running
            self._give_up_restarting()
            return True

    def _give_up_restarting(self) -> None:
        """Stopped while waiting for the next try."""
        self._cancel_restart()
        self.state.running = self.state.restarting = False
        self.try_save()
        self.waiters.tell_stopped(self.state.exit_code)

    # stop, kill, restart

    async def stop(self, seconds: int | None, signal_name: str = "") -> None:
        await self.settled()
        if not self.state.running:
            raise AlreadyDone
        try:
            number = spec.signal_for_linux(signal_name or self.config.get("StopSignal") or "TERM")
        except BadParameter as error:
            raise Failed(f"cannot stop container: {self.name}: {error.message}") from error
        await self._stop(self._grace(seconds), number)
        self.tell("stop")

    def _grace(self, seconds: int | None) -> int:
        if seconds is not None:
            return seconds
        own = self.config.get("StopTimeout")
        return _GRACE if own is None else own

    async def _stop(self, grace: int, number: int) -> None:
        self.stopped_by_hand = True
        if await self._caught_between_runs():
            return
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            self._signal(number)
            if not await _within(ended, None if grace < 0 else grace):
                self._signal(signal.SIGKILL)
                if not await _within(ended, _AFTER_KILL):
                    raise Failed(f"cannot stop container: {self.name}: tried to kill container, but did not stop")
        finally:
            ended.cancel()

    def _signal(self, number: int) -> None:
        if self.run is not None:
            self.run.signal(number)
        self.tell("kill", signal=str(int(number)))
        if self.state.paused:
            self.unpause()  # or the signal would wait for that

    async def kill(self, signal_name: str, reference: str) -> None:
        try:
            number = spec.signal_for_linux(signal_name or "KILL")
        except BadParameter as error:
            raise BadParameter(f"cannot kill container: {reference}: {error.message}") from error
        await self.settled()
        if not self.state.running:
            raise Conflict(f"cannot kill container: {reference}: container {self.id} is not running")
        if number == signal.SIGKILL or number == spec.signal_number(self.config.get("StopSignal") or "TERM"):
            self.stopped_by_hand = True
        if self.state.restarting and (not self.stopped_by_hand or await self._caught_between_runs()):
            return
        ended = asyncio.ensure_future(self._ended.wait())
        self._signal(number)
        if number == signal.SIGKILL:
            await _within(ended, _AFTER_KILL)
        ended.cancel()

    async def restart(self, seconds: int | None, signal_name: str = "") -> None:
        try:
            number = spec.signal_for_linux(signal_name or self.config.get("StopSignal") or "TERM")
        except BadParameter as error:
            raise Failed(f"Cannot restart container {self.name}: {error.message}") from error
        await self.settled()
        auto_remove, self.host["AutoRemove"] = self.host["AutoRemove"], False
        try:
            if self.state.running:
                await self._stop(self._grace(seconds), number)
                self.tell("stop")
            try:
                with contextlib.suppress(AlreadyDone):
                    await self.start()
            except EngineError as error:
                raise Failed(f"Cannot restart container {self.name}: {error.message}") from error
        finally:
            self.host["AutoRemove"] = auto_remove
            if not self.state.removing:
                self.try_save()
        self.tell("restart")

    # pause

    def pause(self) -> None:
        self.check_running()
        if self.state.paused:
            raise Conflict(f"Container {self.id} is already paused")
        if self.state.restarting:
            raise Conflict(f"Container {self.id} is restarting, wait until the container is running")
        if self.run is not None and self.run.shim is not None:
            tree.stop_all(self.run.shim.pid)
        self.state.paused = True
        self.save()
        self.tell("pause")

    def unpause(self) -> None:
        if not self.state.paused:
            raise Failed(f"Container {self.id} is not paused")
        if self.run is not None and self.run.shim is not None:
            tree.continue_all(self.run.shim.pid)
        self.state.paused = False
        self.save()
        self.tell("unpause")

    # the rest

    def check_running(self) -> None:
        if not self.state.running:
            raise Conflict(f"container {self.id} is not running")

    def check_can_exec(self, name: str) -> None:
        """`name`: what the caller calls it, which the message repeats."""
        self.check_running()
        if self.state.paused:
            raise Conflict(f"Container {name} is paused, unpause the container before exec")
        if self.state.restarting or self.run is None:
            raise Conflict(f"Container {name} is restarting, wait until the container is running")

    def resize(self, rows: int, columns: int) -> None:
        self.check_running()
        if self.run is not None and self.run.stdio is not None:
            self.run.stdio.resize(rows, columns)
        self.tell("resize", height=str(rows), width=str(columns))

    def rename(self, name: str) -> None:
        if not name:
            raise BadParameter("Neither old nor new names may be empty")
        name = name.removeprefix("/")
        if name == self.name:
            raise BadParameter("Renaming a container with the same name as its current name")
        try:
            self.engine.check_name(name, shown=f"/{name}")
        except EngineError as error:
            raise type(error)(f"Error when allocating new name: {error.message}") from error
        old, self.name = self.name, name
        try:
            self.save()
        except OSError:
            self.name = old
            raise
        self.engine.by_name.pop(old, None)
        self.engine.by_name[name] = self
        self.tell("rename", oldName=f"/{old}")

    def update(self, changes: dict[str, Any]) -> list[str]:
        if self.state.removing or self.state.dead:
            raise Conflict(f"Cannot update container {self.id}: container is marked for removal and cannot be updated")
        host = json.loads(json.dumps(self.host))
        policy = changes.pop("RestartPolicy", None)
        if policy is not None:
            spec.check_restart_policy(policy)
            if policy["Name"]:
                if self.host["AutoRemove"] and policy["Name"] != "no":
                    raise Conflict(
                        f"Cannot update container {self.id}: Restart policy cannot be updated "
                        "because AutoRemove is enabled for the container"
                    )
                host["RestartPolicy"] = policy
        given = {name: value for name, value in changes.items() if value not in (0, "", None, [])}
        spec.check_resources({**given, "MemorySwap": given.get("MemorySwap", 0) if given.get("Memory") else 0})
        if given.get("Memory") and "MemorySwap" not in given and -1 < host["MemorySwap"] < given["Memory"]:
            raise Conflict(
                f"Cannot update container {self.id}: Memory limit should be smaller than already set "
                "memoryswap limit, update the memoryswap at the same time"
            )
        host.update(given)
        self.host = host
        self.save()
        self.tell("update")
        return spec.warnings(self.config, {**spec.fill_host_config(None), **given}, self.engine.isolation)

    def changes(self) -> list[tuple[str, int]]:
        return trees.changes(
            str(self.image_root), str(self.root), runs.OURS | frozenset(spec.volumes(self.config, self.host))
        )

    def size_rw(self) -> int:
        """Bytes of the plain files that differ from the image, hard links once."""
        sizes: dict[tuple[int, int], int] = {}
        for path, kind in self.changes():
            if kind != trees.DELETED:
                try:
                    status = (self.root / path.lstrip("/")).lstat()
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    sizes[status.st_dev, status.st_ino] = status.st_size
        return sum(sizes.values())


async def _within(future: asyncio.Future, seconds: float | None) -> bool:
    done, _ = await asyncio.wait([future], timeout=seconds)
    return bool(done)


class Engine:
    """All containers of one data directory."""

    def __init__(self, data: Path, isolation: Isolation) -> None:
        self.data = data
        self.isolation = isolation
        self.events = Events()
        self.closing = False
        self.by_id: dict[str, Container] = {}
        self.by_name: dict[str, Container] = {}
        self.all_execs: dict[str, execs.Exec] = {}
        self._pending_names: dict[str, str] = {}
        self._background: set[asyncio.Task[Any]] = set()
        (data / "containers").mkdir(parents=True, exist_ok=True)
        self.images = Images(data / "images", self.containers_of)
        self.id = self._identity()
        self.networks = networks.known(isolation, self.id, clock.now())
        self.drills = drills.Drills()

    def _identity(self) -> str:
        path = self.data / "engine-id"
        if not path.exists():
            text = secrets.token_hex(16)
            path.write_text(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
        return path.read_text()

    def directory_of(self, identity: str) -> Path:
        return self.data / "containers" / identity

    def keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background, and let the engine not forget it."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def load(self) -> None:
        """What an engine before this one left: killed with -9, its running containers have ended with 137."""
        self.images.ensure_busybox()
        tree.kill_strays(str(self.data / "containers"))
        again = []
        for directory in sorted((self.data / "containers").iterdir()):
            record = directory / "container.json"
            if directory.name.startswith(".") or not record.exists():
                trees.remove(str(directory))
                continue
            container = Container(self, json.loads(record.read_text()))
            state = container.state
            if state.removing:
                trees.remove(str(directory))
                continue
            was_running = state.running
            if was_running:
                state.exit_code = state.exit_code if state.restarting else 137
                state.running = state.paused = state.restarting = False
                state.pid, state.finished_at = 0, clock.now()
            policy = container.host["RestartPolicy"]["Name"]
            if was_running and container.host["AutoRemove"]:
                trees.remove(str(directory))
                continue
            if was_running:
                container.save()
            self._add(container)
            begun = state.started_at != clock.NEVER
            wanted = {
                "always": begun,
                "unless-stopped": begun and not container.stopped_by_hand,
                "on-failure": was_running,
            }
            if wanted.get(policy):
                again.append(container)
        self.images.sweep()
        for container in again:
            self.keep(self._start_again(container))

    async def _start_again(self, container: Container) -> None:
        try:
            await container.start()
        except EngineError:
            return  # told in the container's state

    def _add(self, container: Container) -> None:
        self.by_id[container.id] = container
        self.by_name[container.name] = container

    def containers_of(self, image_id: str) -> list[Container]:
        return [container for container in self.by_id.values() if container.image_id == image_id]

    async def image(self, reference: str, *, pulled: bool = False) -> Image:
        """The image of a name or an id; one that is made at its first use is made. Raises NotFound."""
        if self.images.makes(reference, pulled=pulled):
            await asyncio.to_thread(self.images.make_python, reference)
            self.events.tell("image", "pull", self.images.get(reference).id, {"name": reference})
        return self.images.get(reference)

    def newest_first(self) -> list[Container]:
        return sorted(self.by_id.values(), key=lambda container: container.created, reverse=True)

    def get(self, reference: str) -> Container:
        if not reference:
            raise BadParameter('invalid name or ID supplied: ""')
        found = self.by_id.get(reference) or self.by_name.get(reference.removeprefix("/"))
        if found is None:
            matches = [container for identity, container in self.by_id.items() if identity.startswith(reference)]
            if len(matches) > 1:
                raise BadParameter(f"multiple IDs found with provided prefix: {reference}")
            found = matches[0] if matches else None
        if found is None:
            raise NotFound(f"No such container: {reference}")
        return found

    def check_name(self, name: str, shown: str | None = None) -> None:
        if not VALID_NAME.fullmatch(name):
            raise BadParameter(f"Invalid container name ({shown or name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        plain = name.removeprefix("/")
        holder = self.by_name[plain].id if plain in self.by_name else self._pending_names.get(plain)
        if holder:
            raise Conflict(
                f'Conflict. The container name "/{plain}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )

    async def create(self, name: str, config: dict, host: dict | None) -> tuple[Container, list[str]]:
        host = spec.fill_host_config(host)
        spec.check_config(config)
        spec.check_host_config(host)
        spec.refuse(config, host, self.isolation)
        image = await self.image(config["Image"]) if config["Image"] else None
        spec.merge(config, image.config if image else {})
        if not spec.command(config):
            raise BadParameter("no command specified")
        identity = secrets.token_hex(32)
        if name:
            self.check_name(name)
        else:
            name = names.fresh(self.by_name.keys() | self._pending_names.keys())
        name = name.removeprefix("/")
        if host["NetworkMode"] == "host" and not config["Hostname"]:
            config["Hostname"] = _host_name()
        config["Hostname"] = config["Hostname"] or identity[:12]
        self._pending_names[name] = identity
        try:
            container = await self._make(identity, name, config, host, image)
        finally:
            self._pending_names.pop(name, None)
        return container, spec.warnings(config, host, self.isolation)

    async def _make(self, identity: str, name: str, config: dict, host: dict, image: Image | None) -> Container:
        """All of it under another name first, then one rename: a full disk leaves nothing."""
        work = self.data / "containers" / f".{identity}"
        final = self.directory_of(identity)
        try:
            work.mkdir()
            if image is None:
                (work / "root").mkdir()
            else:
                await asyncio.to_thread(trees.copy, str(self.images.root(image)), str(work / "root"))
            if config["WorkingDir"]:
                self.make_directory(work / "root", config["WorkingDir"])
            work.rename(final)
            container = Container(
                self,
                {
                    "id": identity,
                    "name": name,
                    "created": time.time_ns(),
                    "config": config,
                    "host": host,
                    "image_id": image.id if image else "",
                },
            )
            container.save()
        except BaseException:
            trees.remove(str(work))
            trees.remove(str(final))
            raise
        self._add(container)
        container.tell("create")
        return container

    def make_directory(self, root: Path, directory: str) -> None:
        from . import rooted

        try:
            rooted.make_directories(str(root), directory)
        except NotADirectoryError as error:
            raise BadParameter(f"Cannot mkdir: {error.filename or directory} is not a directory") from error

    async def remove(self, container: Container, *, force: bool) -> None:
        state = container.state
        if state.removing:
            raise Conflict(f"removal of container {container.name} is already in progress")
        async with container.lock:  # a start under way comes first
            if state.removing:
                raise Conflict(f"removal of container {container.name} is already in progress")
            if state.running and not force:
                raise Conflict(_why_not_removed(container))
            state.removing = True
        if state.running:
            container.stopped_by_hand = True
            if not await container._caught_between_runs():
                container._signal(signal.SIGKILL)
                if not await _within(asyncio.ensure_future(container._ended.wait()), _AFTER_KILL):
                    state.removing = False
                    raise Failed(f'cannot remove container "{container.name}": could not kill')
        await self.forget(container)

    async def forget(self, container: Container) -> None:
        if container.id not in self.by_id:
            return
        container.state.removing = True
        async with container.lock:
            if container.id not in self.by_id:
                return
            doomed = self.data / "containers" / f".{container.id}"
            container.directory.rename(doomed)
            del self.by_id[container.id]
            self.by_name.pop(container.name, None)
            for name in [name for name, item in self.all_execs.items() if item.container is container]:
                del self.all_execs[name]
            await asyncio.to_thread(trees.remove, str(doomed))
        container.tell("destroy")
        container.output.end()
        container.waiters.tell_stopped(container.state.exit_code)
        container.waiters.tell_removed(container.state.exit_code)
        if container.image_id not in {image.id for image in self.images.all()}:
            self.images.sweep()

    def new_exec(self, name: str, settings: dict[str, Any]) -> execs.Exec:
        container = self.get(name)
        settings = execs.checked(settings)
        container.check_can_exec(name)
        if settings["User"]:
            try:
                users.look_up(str(container.root), settings["User"])
            except EngineError as error:
                raise BadParameter(error.message) from error
        item = execs.Exec(container, settings)
        self.all_execs[item.id] = item
        container.execs[item.id] = item
        container.tell(f"exec_create: {item.command}", execID=item.id)
        return item

    def get_exec(self, identity: str) -> execs.Exec:
        found = self.all_execs.get(identity)
        if found is None:
            raise NotFound(f"No such exec instance: {identity}")
        return found

    async def commit(self, container: Container, *, name: str, comment: str, author: str, config: dict) -> Image:
        paused = container.state.running and not container.state.paused
        if paused and container.run is not None and container.run.shim is not None:
            tree.stop_all(container.run.shim.pid)
        try:
            return await asyncio.to_thread(
                self.images.commit,
                str(container.root),
                self.images.find(container.image_id),
                config,
                name=name,
                comment=comment,
                author=author,
                command=" ".join(spec.command(container.config)),
                without=runs.WRITTEN,
            )
        finally:
            if paused and container.run is not None and container.run.shim is not None:
                tree.continue_all(container.run.shim.pid)

    async def close(self) -> None:
        """End every container; they are told as killed, and stay."""
        self.closing = True
        running = [container for container in self.by_id.values() if container.state.running]
        for container in running:
            if container.state.restarting:
                container._give_up_restarting()
            elif container.run is not None:
                container.run.signal(signal.SIGKILL)
        for container in running:
            await _within(asyncio.ensure_future(container._ended.wait()), 5)
        if self._background:
            await asyncio.wait(self._background, timeout=2)


def _why_not_removed(container: Container) -> str:
    status = container.state.status
    advice = {
        "paused": "container is paused and must be unpaused first",
        "running": "container is running: stop the container before removing or force remove",
        "restarting": "container is restarting: stop the container before removing or force remove",
    }[status]
    return f'cannot remove container "{container.name}": {advice}'


def _host_name() -> str:
    import socket

    return socket.gethostname()


def export(container: Container, out: Any) -> None:
    archive.write_tree(out, str(container.root))
