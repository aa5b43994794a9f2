"""One run of a container: from its shim to the exit of its main process."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import proot, rooted, spec, tree, users
from .errors import BadParameter, EngineError, Failed
from .isolation import Isolation, Tier
from .logs import LogStore
from .process import Shim, ShimLost, StartFailure
from .stdio import Output, Stdio

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WRITTEN = frozenset({"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/.dockerenv"})
"""What the engine writes into each container anew: no change of the container's, and no part of its image."""
OURS = WRITTEN | {"/dev", "/proc", "/sys"}
_RUN_PREFIX = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: error during container init: "
)
_EXEC_PREFIX = "OCI runtime exec failed: exec failed: unable to start container process: "


@dataclass
class NotStarted(Exception):
    """The program did not start: the message Docker gives, and the exit code it then tells."""

    error: EngineError
    code: int


def explain(failure: StartFailure, program: str, directory: str, *, in_exec: bool = False) -> NotStarted:
    stage, number = failure.stage, failure.errno
    prefix = _EXEC_PREFIX if in_exec else _RUN_PREFIX
    reason = os.strerror(number).lower() if number else failure.text
    missing = number == errno.ENOENT
    if stage == "path":
        return NotStarted(BadParameter(f'{prefix}exec: "{program}": executable file not found in $PATH'), 127)
    if stage == "stat":
        text = f'{prefix}exec: "{program}": stat {program}: {reason}'
        return NotStarted(BadParameter(text), 127 if missing else 126)
    if stage == "directory":
        return NotStarted(BadParameter(f'{prefix}exec: "{program}": is a directory: permission denied'), 126)
    if stage == "exec":
        text = f'{prefix}exec: "{program}": {reason}' if not missing else f"{prefix}exec {program}: {reason}"
        return NotStarted(BadParameter(text), 127 if missing else 126)
    if stage == "chdir":
        text = f'{prefix}chdir to cwd ("{directory}") set in config.json failed: {reason}'
        return NotStarted(BadParameter(text), 127 if missing or number == errno.ENOTDIR else 126)
    return NotStarted(Failed(f"{prefix}{failure.text or reason}"), 128)


def environment(
    config: dict,
    identity: users.Identity,
    *,
    tty: bool,
    root: str,
    plain: bool,
    more: list[str] | None = None,
) -> list[str]:
    """PATH and HOSTNAME first, then the container's own, HOME last: the order `env` shows under Docker."""
    path = DEFAULT_PATH
    if plain:
        path = "PATH=/bin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin"
    lines = [path, f"HOSTNAME={config['Hostname']}", *(["TERM=xterm"] if tty else [])]
    lines = override(override(lines, config["Env"] or []), more or [])
    if not any(line.startswith("HOME=") for line in lines):
        lines.append(f"HOME={root + identity.home if plain else identity.home}")
    return [_root_first(line, root) for line in lines] if plain else lines


def _root_first(line: str, root: str) -> str:
    """A search path of a container whose root is not at /: each directory in its root, then all on the machine."""
    name, _, value = line.partition("=")
    if name not in ("PATH", "LD_LIBRARY_PATH"):
        return line
    places = [place for place in value.split(":") if place.startswith("/") and not place.startswith(root)]
    return f"{name}={':'.join([*(root + place for place in places), value])}"


def marked(lines: list[str], tier: Tier, root: str) -> list[str]:
    """Where no namespace holds the processes together they carry a mark; and proot is told its place."""
    if tier.pid_namespace:
        return lines
    identity = Path(root).parent.name[:12]
    return [
        *lines,
        f"container={tree.MARK}{identity}",
        *(proot.environment(root) if tier.name == "proot" else []),
    ]


def check_program(root: str, name: str, env: list[str], directory: str) -> None:
    """For proot, which would tell of a missing program only by its own exit code."""
    path = dict(line.partition("=")[::2] for line in env).get("PATH", "")
    if "/" in name:
        status = _status_inside(root, name if name.startswith("/") else f"{directory}/{name}")
        if status is None:
            raise StartFailure("stat", errno.ENOENT)
        if stat.S_ISDIR(status.st_mode):
            raise StartFailure("directory", errno.EACCES)
        if not status.st_mode & 0o111:
            raise StartFailure("exec", errno.EACCES)
        return
    for place in path.split(":"):
        status = _status_inside(root, f"{place}/{name}")
        if name and status is not None and stat.S_ISREG(status.st_mode) and status.st_mode & 0o111:
            return
    raise StartFailure("path", errno.ENOENT)


def _status_inside(root: str, path: str) -> os.stat_result | None:
    try:
        with rooted.parent(root, path) as (directory, name, _):
            return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None


def override(lines: list[str], more: list[str]) -> list[str]:
    """A later line replaces an earlier one of the same name in its place; a bare name takes it away."""
    result = {line.partition("=")[0]: line for line in lines}
    for line in more:
        name, equals, _ = line.partition("=")
        if not name:
            continue
        if equals:
            result[name] = line
        else:
            result.pop(name, None)
    return list(result.values())


def limits(host: dict) -> list[tuple[str, int, int]]:
    return [(limit["Name"], limit["Soft"], limit["Hard"]) for limit in host["Ulimits"] or []]


class Run:
    def __init__(
        self,
        isolation: Isolation,
        root: Path,
        config: dict,
        host: dict,
        *,
        log: LogStore | None,
        output: Output,
        on_exit: Callable[[int, bool], None],
    ) -> None:
        self.isolation = isolation
        self.root = str(root)
        self.config = config
        self.host = host
        self.output = output
        self.pid = 0
        self.identity = users.Identity(0, 0, (0,), "/")
        self._on_exit = on_exit
        self._log = log
        self._ended = False
        self._started = False
        self._early: tuple[int, bool] | None = None  # the exit overtook the answer to the start
        self._exec_exits: dict[str, Callable[[int], None]] = {}
        self.shim: Shim | None = None
        self.stdio: Stdio | None = None

    async def start(self) -> None:
        try:
            self.identity = users.look_up(self.root, self.config["User"], self.host["GroupAdd"])
        except EngineError as error:
            raise NotStarted(error, 128) from error
        self._check_identity(self.identity)
        try:
            self._furnish()
        except OSError as error:
            raise NotStarted(Failed(f"{_RUN_PREFIX}{error}"), 128) from error
        argv = spec.command(self.config)
        directory = self.config["WorkingDir"] or "/"
        try:
            self.shim = Shim(self._exited, self._lost)
            if self.isolation.tier.name == "proot":
                proot.furnish(self.root)
            await self.shim.prepare(self._setup())
            self.stdio = self._stdio(tty=self.config["Tty"], stdin=self.config["OpenStdin"])
            self.stdio.listen(self.output)
            self.pid, master = await self.shim.run(
                self._request("main", argv, directory, self.identity, self._environment(), self.config["Tty"])
                | {"init": bool(self.host.get("Init")), "size": self._size()},
                self.stdio.child_ends,
            )
        except StartFailure as failure:
            await self.abandon()
            raise explain(failure, argv[0], directory) from failure
        except (ShimLost, OSError) as problem:
            await self.abandon()
            raise NotStarted(Failed(f"the container's process could not be started: {problem}"), 128) from problem
        self.stdio.started(master)
        self._started = True
        if self._early is not None:
            self._on_exit(*self._early)

    def _size(self) -> list[int] | None:
        return screen(self.host["ConsoleSize"])

    def _stdio(self, *, tty: bool, stdin: bool) -> Stdio:
        log = self._log
        return Stdio(
            tty=tty,
            stdin=stdin,
            shim_makes_terminal=self.isolation.tier.mounts,
            on_data=log.write if log is not None else _nowhere,
        )

    def _setup(self) -> dict:
        host, tier = self.host, self.isolation.tier
        binds = []
        for source, target, options in spec.binds(host):
            binds.append((*self._bind_point(source, target), options))
        for target, _ in spec.tmpfs(host):
            rooted.make_directories(self.root, target)
        return self.isolation.setup(
            self.root,
            hostname=self.config["Hostname"],
            user=(self.identity.uid, self.identity.gid),
            host_network=host["NetworkMode"] == "host",
            read_only=host["ReadonlyRootfs"],
            binds=binds,
            tmpfs=spec.tmpfs(host),
            shm_size=host["ShmSize"],
            capabilities=spec.capabilities(host, tier.capabilities),
            no_new_privileges=any(o.startswith("no-new-privileges") for o in host["SecurityOpt"] or []),
        )

    def _bind_point(self, source: str, target: str) -> tuple[str, str]:
        if not os.path.exists(source):
            os.makedirs(source)
        if os.path.isdir(source):
            rooted.make_directories(self.root, target)
        else:
            rooted.make_directories(self.root, os.path.dirname(target))
            with rooted.parent(self.root, target) as (directory, name, _):
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=directory))
        with rooted.parent(self.root, target) as (_, _, resolved):
            return source, self.root + resolved

    def _request(
        self, name: str, argv: list[str], directory: str, identity: users.Identity, env: list[str], tty: bool
    ) -> dict[str, Any]:
        if self.isolation.tier.name == "proot":
            check_program(self.root, argv[0], env, directory)
            if _status_inside(self.root, directory) is None:
                raise StartFailure("chdir", errno.ENOENT)
        argv, directory = self.isolation.wrap(argv, directory, self.root)
        return {
            "name": name,
            "argv": [_up_to_nul(word) for word in argv],
            "env": [_up_to_nul(line) for line in marked(env, self.isolation.tier, self.root)],
            "cwd": directory,
            "uid": identity.uid,
            "gid": identity.gid,
            "groups": list(identity.groups),
            "tty": tty,
            "limits": limits(self.host),
        }

    def _environment(self) -> list[str]:
        plain = self.isolation.tier.name == "plain"
        return environment(self.config, self.identity, tty=self.config["Tty"], root=self.root, plain=plain)

    def _check_identity(self, identity: users.Identity) -> None:
        main = self.identity
        if not self.isolation.maps_one_user:
            return
        if not self.isolation.tier.namespaces and identity.uid != 0:
            text = f"the practice engine has only the user root in a container here, not {identity.uid}"
            raise NotStarted(Failed(text), 128)
        if (identity.uid, identity.gid) != (main.uid, main.gid):
            only = f"this one's is {main.uid}, not {identity.uid}"
            text = f"the practice engine has one user in each container here: {only}"
            raise NotStarted(Failed(text), 128)

    def _furnish(self) -> None:
        """The files that Docker puts in, and the working directory."""
        hostname = self.config["Hostname"]
        hosts = [
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix",
            "ff02::1\tip6-allnodes",
            "ff02::2\tip6-allrouters",
        ]
        for line in self.host["ExtraHosts"] or []:
            name, _, address = line.partition("=" if "=" in line else ":")
            hosts.append(f"{address}\t{name}")
        domain = self.config["Domainname"]
        hosts.append(f"127.0.1.1\t{f'{hostname}.{domain} ' if domain else ''}{hostname}")
        rooted.write_text(self.root, "/etc/hosts", "\n".join(hosts) + "\n")
        rooted.write_text(self.root, "/etc/hostname", hostname + "\n")
        rooted.write_text(self.root, "/etc/resolv.conf", self._resolv_conf())
        rooted.write_text(self.root, "/.dockerenv", "", 0o755)
        for name in spec.volumes(self.config, self.host):
            rooted.make_directories(self.root, name)

    def _resolv_conf(self) -> str:
        lines = [f"nameserver {address}" for address in self.host["Dns"] or []]
        if self.host["DnsSearch"]:
            lines.append("search " + " ".join(self.host["DnsSearch"]))
        if self.host["DnsOptions"]:
            lines.append("options " + " ".join(self.host["DnsOptions"]))
        shares = self.host["NetworkMode"] == "host" or not self.isolation.tier.pid_namespace
        if shares and not self.host["Dns"]:
            try:
                return Path("/etc/resolv.conf").read_text()
            except OSError:
                return ""
        return "".join(line + "\n" for line in lines)

    # execs

    async def execute(
        self,
        name: str,
        settings: dict,
        output: Output,
        on_exit: Callable[[int], None],
        on_data: Callable[[int, bytes], None],
    ) -> tuple[int, Stdio]:
        if self.shim is None or self._ended:
            raise NotStarted(Failed("the container has ended"), 128)
        identity = self.identity
        if settings["User"]:
            try:
                identity = users.look_up(self.root, settings["User"], self.host["GroupAdd"])
            except EngineError as error:
                raise NotStarted(error, 128) from error
            self._check_identity(identity)
        plain = self.isolation.tier.name == "plain"
        env = environment(self.config, identity, tty=settings["Tty"], root=self.root, plain=plain, more=settings["Env"])
        directory = settings["WorkingDir"] or self.config["WorkingDir"] or "/"
        stdio = Stdio(
            tty=settings["Tty"],
            stdin=settings["AttachStdin"],
            shim_makes_terminal=self.isolation.tier.mounts,
            on_data=on_data,
        )
        try:
            request = self._request(name, settings["Cmd"], directory, identity, env, settings["Tty"])
        except StartFailure as failure:
            stdio.discard()
            raise explain(failure, settings["Cmd"][0], directory, in_exec=True) from failure
        self._exec_exits[name] = on_exit
        request["size"] = screen(settings.get("ConsoleSize"))
        stdio.listen(output)
        try:
            pid, master = await self.shim.run(request, stdio.child_ends)
        except StartFailure as failure:
            self._exec_exits.pop(name, None)
            stdio.discard()
            raise explain(failure, settings["Cmd"][0], directory, in_exec=True) from failure
        except (ShimLost, OSError) as problem:
            self._exec_exits.pop(name, None)
            stdio.discard()
            raise NotStarted(Failed("the container has ended"), 128) from problem
        stdio.started(master)
        return pid, stdio

    # signals and the end

    def signal(self, number: int, name: str = "main") -> None:
        if self.shim is not None and not self._ended:
            try:
                self.shim.signal(name, number)
            except ShimLost:
                return

    def _exited(self, name: str, code: int) -> None:
        if name != "main":
            on_exit = self._exec_exits.pop(name, None)
            if on_exit is not None:
                on_exit(code)
            return
        self._over(code, lost=False)

    def _lost(self) -> None:
        self._over(137, lost=True)

    def _over(self, code: int, *, lost: bool) -> None:
        if not self._ended:
            self._ended = True
            if self._started:
                self._on_exit(code, lost)
            else:
                self._early = (code, lost)

    async def finish(self) -> None:
        """After the exit: the rest of the output, then shim and descriptors."""
        if self.stdio is not None:
            await self.stdio.finish()
        await self.abandon()
        for on_exit in list(self._exec_exits.values()):
            on_exit(137)
        self._exec_exits = {}

    async def connect(self, kind: str, port: int) -> int:
        """A socket inside, connected to a port of the container."""
        if self.shim is None:
            raise ShimLost
        return await self.shim.connect(kind, port)

    async def abandon(self) -> None:
        self._ended = True
        if self.stdio is not None:
            self.stdio.discard()
        if self.shim is not None:
            self.shim.close()
            await self.shim.gone()


def screen(size: list[int] | None) -> list[int] | None:
    """Rows and columns, when both are given."""
    both = [number & 0xFFFF for number in (size or [])[:2]]
    return both if len(both) == 2 and all(both) else None


def _up_to_nul(text: str) -> str:
    """As a C program sees it."""
    return text.partition("\0")[0]


def _nowhere(stream: int, data: bytes) -> None:
    """The log driver `none`."""
