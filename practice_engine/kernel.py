"""What Linux offers for keeping a process apart. Standard library only: the shim uses it too."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
import sys
from collections.abc import Iterable

MASKED_PATHS = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
]
READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)

CLONE = {
    "mount": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_NAME, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = (
    1,
    15,
    24,
    36,
    38,
)
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

_NUMBERS = {"x86_64": {"pivot_root": 155}, "aarch64": {"pivot_root": 41}}
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446

CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def unshare(names: Iterable[str]) -> None:
    flags = 0
    for name in names:
        flags |= CLONE[name]
    _check(_libc.unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    result = _libc.mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data))
    _check(result, f"mount {target}")


def unmount(target: str) -> None:
    _check(_libc.umount2(_bytes(target), MNT_DETACH), f"umount {target}")


def pivot_root_here() -> None:
    """Make the current directory the root, and let go of the old one."""
    number = _NUMBERS.get(platform.machine(), {}).get("pivot_root")
    if number is None:
        raise OSError(errno.ENOSYS, f"pivot_root is not known for {platform.machine()}")
    _check(_libc.syscall(number, b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
    arguments = [ctypes.c_ulong(value) for value in (a, b, c, d)]
    _check(_libc.prctl(ctypes.c_int(option), *arguments), f"prctl {option}")


def become_subreaper() -> None:
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)


def set_process_name(name: str) -> None:
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    _check(_libc.prctl(PR_SET_NAME, buffer, 0, 0, 0), "prctl name")


def command_line_place() -> tuple[int, int]:
    """Where in memory this process keeps the command line that others see. (0, 0): not known."""
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[45]), int(fields[46])
    except (OSError, IndexError, ValueError):
        return 0, 0


def set_command_line(place: tuple[int, int], words: list[str]) -> None:
    start, end = place
    if end > start > 0:
        text = b"\0".join(word.encode() for word in words) + b"\0"
        ctypes.memmove(start, text[: end - start].ljust(end - start, b"\0"), end - start)


def drop_bounding(keep: Iterable[str]) -> None:
    """No program started from here on can gain a capability outside `keep`."""
    wanted = set(keep)
    for number, name in enumerate(CAPABILITIES):
        if name not in wanted:
            try:
                prctl(PR_CAPBSET_DROP, number)
            except OSError as error:
                if error.errno != errno.EINVAL:  # this kernel does not know that capability
                    raise


def limit_capabilities(keep: Iterable[str]) -> None:
    """Hold no more than `keep`, of what is held now."""
    mask = 0
    for name in keep:
        mask |= 1 << CAPABILITIES.index(name)
    header = struct.pack("=Ii", 0x20080522, 0)
    old = ctypes.create_string_buffer(24)
    _check(_libc.capget(header, old), "capget")
    words = struct.unpack("=6I", old.raw)
    permitted = (words[1] | words[4] << 32) & mask
    low, high = permitted & 0xFFFFFFFF, permitted >> 32
    _check(_libc.capset(header, struct.pack("=6I", low, low, 0, high, high, 0)), "capset")


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(sock, 0x8914, request)


# What Landlock has no word for: to change the mode, owner, times or attributes of a file, and to connect to a
# Unix socket by its path. 425 is io_uring_setup, which leads around the rest.
_REFUSED = {
    "x86_64": (
        0xC000003E,
        41,
        "90 91 268 452 92 93 94 260 132 235 261 280 188 189 190 197 198 199 463 466 469 425",
    ),
    "aarch64": (0xC00000B7, 198, "52 53 452 54 55 88 5 6 7 14 15 16 463 466 469 425"),
}
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06


def can_refuse_calls() -> bool:
    return LINUX and platform.machine() in _REFUSED


def refuse_calls() -> None:
    """From here on chmod, chown, utime, setxattr and Unix sockets fail. Needs no privilege."""
    architecture, make_socket, calls = _REFUSED[platform.machine()]
    rules = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    rules += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSE)]
    for number in map(int, calls.split()):
        rules += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    rules += [(_EQUAL, 0, 3, make_socket), (_LOAD, 0, 0, 16), (_EQUAL, 0, 1, socket.AF_UNIX)]
    rules += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program))


# Landlock: a process gives up rights for itself and all its children, without any privilege.
LANDLOCK_READ = 0x1 | 0x4 | 0x8  # execute, read a file, read a directory
LANDLOCK_DEVICE = 0x2 | 0x4 | 1 << 14 | 1 << 15
LANDLOCK_FILE = 0x1 | 0x2 | 0x4 | 1 << 14 | 1 << 15  # the rights that can be given on something not a directory
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
LANDLOCK_ALL = (1 << 16) - 1
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 2


def landlock_version() -> int:
    if not LINUX:
        return 0
    return max(0, _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))


def landlock(rules: Iterable[tuple[str, int]], *, scope: int, privileged: bool = False) -> None:
    """From here on only what the rules name can be opened; paths that do not exist are left out."""
    version = landlock_version()
    if version == 0:
        raise OSError(errno.EOPNOTSUPP, "this kernel has no Landlock")
    handled = (1 << _FS_RIGHTS.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", handled, 0, scope if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _check(_libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0), "landlock")
    try:
        for path, rights in rules:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                is_directory = os.path.isdir(path)
                allowed = rights & handled if is_directory else rights & handled & LANDLOCK_FILE
                rule = struct.pack("=Qi", allowed, descriptor)
                _check(_libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock {path}")
            finally:
                os.close(descriptor)
        if not privileged:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
        _check(_libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)
