"""The tiers of isolation, best first, and which this place allows. Probed once, by really doing it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import kernel, proot, wire
from .nursery import nursery, wait_for

# What Docker leaves to a container, less what would be a way out without a user namespace or a device filter.
KEPT = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SYS_CHROOT",
    "AUDIT_WRITE",
    "SETFCAP",
]
KEPT_IN_CHROOT = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "AUDIT_WRITE",
    "SETFCAP",
]


@dataclass(frozen=True)
class Tier:
    name: str
    summary: str
    namespaces: tuple[str, ...] = ()
    needs_root: bool = False
    needs_program: str = ""
    fresh_proc: bool = False
    chroot: bool = False
    capabilities: tuple[str, ...] | None = None
    confines_files: bool = True
    confines_signals: bool = False

    @property
    def pid_namespace(self) -> bool:
        return "pid" in self.namespaces

    @property
    def mounts(self) -> bool:
        return "mount" in self.namespaces


PROGRAMS = ("/usr", "/bin", "/lib", "/lib64")
_ALL = ("mount", "uts", "ipc", "pid", "net")
TIERS = (
    Tier(
        "namespaces",
        "namespaces of the kernel as root, pivot_root, reduced capabilities",
        namespaces=_ALL,
        needs_root=True,
        fresh_proc=True,
        capabilities=tuple(KEPT),
        confines_signals=True,
    ),
    Tier(
        "user-namespaces",
        "namespaces of the kernel as an ordinary user, pivot_root",
        namespaces=("user", *_ALL),
        fresh_proc=True,
        capabilities=tuple(KEPT),
        confines_signals=True,
    ),
    Tier(
        "user-namespaces-without-proc",
        "namespaces of the kernel as an ordinary user, pivot_root, no /proc",
        namespaces=("user", *_ALL),
        capabilities=tuple(KEPT),
        confines_signals=True,
    ),
    Tier(
        "chroot",
        "a root directory of its own, reduced capabilities",
        needs_root=True,
        chroot=True,
        capabilities=tuple(KEPT_IN_CHROOT),
    ),
    Tier("proot", "a root directory of its own, kept by proot", needs_program="proot"),
    Tier("plain", "ordinary processes in a directory of their own", confines_files=False),
)
BY_NAME = {tier.name: tier for tier in TIERS}


@dataclass(frozen=True)
class Isolation:
    """What this place gave."""

    tier: Tier
    landlock: int  # 0: this kernel has none
    refused: tuple[tuple[str, str], ...] = field(default=())  # better tiers, and why not
    untold: tuple[str, ...] = ()  # those of them that only gave no answer in time

    @property
    def confines_files(self) -> bool:
        return self.tier.confines_files or self.landlock > 0

    @property
    def confines_signals(self) -> bool:
        return self.tier.confines_signals or self.landlock >= 6

    @property
    def maps_one_user(self) -> bool:
        return "user" in self.tier.namespaces or self.tier.name in ("proot", "plain")

    def warnings(self) -> list[str]:
        """What a reader of /info should know, in sentences."""
        tier = self.tier
        lines = [
            f"This is the {_engine_name()}, not Docker: containers are ordinary processes of this machine.",
            f"Isolation tier: {tier.name} ({tier.summary})"
            + (f", Landlock {self.landlock} on top." if self.landlock else ", no Landlock in this kernel."),
        ]
        lines += [
            f"WARNING: whether the tier {name} works here is not known, since this machine was too busy to tell "
            f"({problem}). Start the engine again to have it tried again."
            for name, problem in self.refused
            if name in self.untold
        ]
        known = [f"{name} ({problem})" for name, problem in self.refused if name not in self.untold]
        if known:
            lines.append(f"Better tiers that this place refuses: {', '.join(known)}.")
        if tier.pid_namespace:
            lines.append("A container has a loopback and published ports; other networks only with NetworkMode host.")
        else:
            lines.append("Containers share the network, the host name and the process list of this machine.")
        if not self.confines_files:
            lines.append("WARNING: containers can read and write whatever the user running this engine can.")
        elif tier.name == "plain":
            lines.append("Containers see the programs of this machine (read-only), but neither home nor data.")
            if kernel.can_refuse_calls():
                lines.append("chmod, chown, setting times and Unix sockets fail in them, also in their root.")
            else:
                lines.append("WARNING: containers can change modes and times of the user's files, and use sockets.")
        if not self.confines_signals:
            lines.append("WARNING: containers can signal processes outside of them that belong to the same user.")
        lines.append("Limits on CPU and block devices are not enforced; memory limits are enforced by sampling.")
        return lines

    def setup(
        self,
        root: str,
        *,
        hostname: str,
        user: tuple[int, int] = (0, 0),
        host_network: bool = False,
        read_only: bool = False,
        binds: list[tuple[str, str, str]] | None = None,
        tmpfs: list[tuple[str, str]] | None = None,
        shm_size: int = 64 << 20,
        capabilities: list[str] | None = None,
        no_new_privileges: bool = False,
    ) -> dict:
        tier = self.tier
        namespaces = [name for name in tier.namespaces if not (name == "net" and host_network)]
        keep = capabilities if capabilities is not None else tier.capabilities
        if keep is not None and host_network:
            keep = [name for name in keep if name != "NET_RAW"]
        return {
            "op": "prepare",
            "tier": tier.name,
            "root": root,
            "hostname": hostname,
            "namespaces": namespaces,
            "pid_namespace": tier.pid_namespace,
            "fresh_proc": tier.fresh_proc,
            "chroot": tier.chroot,
            "mapped": user,
            "set_ids": tier.needs_root,
            "capabilities": keep,
            "no_new_privileges": no_new_privileges or (not tier.needs_root and kernel.LINUX),
            "nosuid": not tier.needs_root,
            "refuse_calls": tier.name == "plain" and kernel.can_refuse_calls(),
            "read_only": read_only,
            "binds": binds or [],
            "tmpfs": tmpfs or [],
            "shm_size": shm_size,
            "landlock": self._landlock_rules(root, read_only) if self.landlock else [],
            "landlock_scope": (0 if tier.pid_namespace else kernel.SCOPE_SIGNALS)
            | (kernel.SCOPE_ABSTRACT_SOCKETS if host_network or not tier.pid_namespace else 0),
        }

    def _landlock_rules(self, root: str, read_only: bool) -> list[tuple[str, int]]:
        if self.tier.mounts:
            return [("/", kernel.LANDLOCK_ALL)]
        rules = [
            (root, kernel.LANDLOCK_READ if read_only else kernel.LANDLOCK_ALL),
            ("/proc", kernel.LANDLOCK_READ),
        ]
        rules += [(f"/dev/{name}", kernel.LANDLOCK_DEVICE) for name in proot.DEVICES]
        if self.tier.name == "proot":
            rules += [(path, kernel.LANDLOCK_READ) for path in (*PROGRAMS, proot.program())]
            rules.append((proot.scratch(root), kernel.LANDLOCK_ALL))
        if self.tier.name == "plain":
            rules += [(path, kernel.LANDLOCK_READ) for path in (*PROGRAMS, "/sbin", "/etc")]
        return rules

    def wrap(self, argv: list[str], cwd: str, root: str) -> tuple[list[str], str]:
        """The command and directory as this tier has to be given them."""
        if self.tier.name != "proot":
            return argv, cwd
        return proot.command(argv, cwd, root), "/"


def _engine_name() -> str:
    from . import NAME

    return NAME


PATIENCE = (10.0, 60.0)  # seconds for an answer: a loaded machine is given a second, longer chance


def probe(asked: str | None = None, place: Path | None = None) -> Isolation:
    """The best tier that works here, or the one asked for if that works. No answer in time is no refusal."""
    refused: list[tuple[str, str]] = []
    untold: list[str] = []
    landlock = kernel.landlock_version()
    for tier in TIERS:
        if asked and tier.name != asked:
            continue
        isolation = Isolation(tier, landlock, tuple(refused), tuple(untold))
        try:
            problem = _try_patiently(isolation, place)
        except TimeoutError:
            untold.append(tier.name)
            problem = f"no answer within {PATIENCE[-1]:g} seconds"
        if problem is None:
            return isolation
        refused.append((tier.name, problem))
    reasons = "; ".join(f"{name}: {problem}" for name, problem in refused)
    raise RuntimeError(f"no way to run a container here ({reasons})")


def _try_patiently(isolation: Isolation, place: Path | None) -> str | None:
    """Raises TimeoutError when not even the longest patience brought an answer."""
    for seconds in PATIENCE[:-1]:
        try:
            return _try(isolation, place, seconds)
        except TimeoutError:
            continue
    return _try(isolation, place, PATIENCE[-1])


def _try(isolation: Isolation, place: Path | None, seconds: float) -> str | None:
    tier = isolation.tier
    if tier.needs_root and os.geteuid() != 0:
        return "needs root"
    if tier.needs_program and not shutil.which(tier.needs_program):
        return f"{tier.needs_program} is not installed"
    if tier.namespaces and not kernel.LINUX:
        return "needs Linux"
    if tier.name == "plain":
        return None if os.geteuid() else "would hold nothing back from root"
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=place) as directory:
        root = os.path.join(directory, "root")
        os.mkdir(root, 0o755)
        if tier.name == "proot":
            for path in ("/dev", *PROGRAMS):
                os.mkdir(root + path)
            proot.furnish(root)
        return _run_nothing(isolation, root, seconds)


def _run_nothing(isolation: Isolation, root: str, seconds: float) -> str | None:
    """Go all the way to starting a program that is not there: that is as far as an empty root can get."""
    tier = isolation.tier
    ours, theirs = socket.socketpair()
    shim = 0
    with ours:
        ours.settimeout(seconds)
        try:
            with theirs:
                nursery.bear(theirs)
            ours.sendall(wire.pack(isolation.setup(root, hostname="probe")))
            answer, _ = wire.receive(ours)
            shim = answer["pid"]
            if answer.get("error"):
                return answer["error"]
            argv, cwd = isolation.wrap(["/nothing"], "/", root)
            if tier.name == "proot":
                argv = proot.command(["/bin/true"], "/", root, PROGRAMS)
            null = os.open(os.devnull, os.O_RDWR)
            try:
                request = {
                    "op": "run", "name": "main", "argv": argv, "env": proot.environment(root), "cwd": cwd,
                    "uid": 0, "gid": 0, "groups": [0], "tty": False, "limits": [], "descriptors": 3,
                }  # fmt: skip
                socket.send_fds(ours, [wire.pack(request)], [null, null, null])
            finally:
                os.close(null)
            answer, _ = wire.receive(ours)
            error = answer.get("error")
            if error and error["stage"] != "stat":
                return error["text"] or os.strerror(error["errno"])
            if not error:
                answer, _ = wire.receive(ours)
                if tier.name == "proot" and answer["code"]:
                    return f"proot ended with {answer['code']}"
        except TimeoutError:
            raise
        except (OSError, EOFError) as problem:
            return str(problem) or type(problem).__name__
        finally:
            ours.close()
            if shim:
                wait_for(shim)
    return None
