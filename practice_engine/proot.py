"""proot: a root directory of one's own by tracing system calls, where the kernel gives nothing better."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import struct
from pathlib import Path

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_ELF64 = b"\x7fELF\x02"


def program() -> str:
    return shutil.which("proot") or "/usr/bin/proot"


def scratch(root: str) -> str:
    """Where it keeps its own files, beside the root."""
    return os.path.join(os.path.dirname(root), "proot")


def environment(root: str) -> list[str]:
    place = scratch(root)
    return [f"PROOT_TMP_DIR={place}", f"PROOT_LOADER={place}/loader"]


def command(argv: list[str], cwd: str, root: str, more_binds: tuple[str, ...] = ()) -> list[str]:
    devices = () if os.geteuid() == 0 else tuple(f"/dev/{name}" for name in DEVICES)
    binds = (*devices, *more_binds)
    return [program(), "-0", "-r", root, "-w", cwd, *(word for path in binds for word in ("-b", path)), *argv]


def furnish(root: str) -> None:
    """What it would otherwise make in /tmp, where it must not write: its loader, and places to bind on."""
    place = Path(scratch(root))
    place.mkdir(exist_ok=True)
    loader = place / "loader"
    if not loader.exists():
        loader.write_bytes(embedded_loader(Path(program()).read_bytes()))
        loader.chmod(0o755)
    devices = Path(root, "dev")
    if devices.is_symlink() or not devices.is_dir():
        return
    for name in DEVICES:
        path = devices / name
        if os.path.lexists(path):
            continue
        if os.geteuid():
            path.touch()  # the machine's node is bound here; nobody but its owner can change its mode
            continue
        with contextlib.suppress(PermissionError):  # as root a node of its own, or none
            os.mknod(path, stat.S_IFCHR | 0o666, os.stat(f"/dev/{name}").st_rdev)
            path.chmod(0o666)


def embedded_loader(binary: bytes) -> bytes:
    """The second ELF file inside proot's own. Empty if there is none: then the probe fails, and says so."""
    start = binary.find(_ELF64, 1)
    if start < 0:
        return b""
    (table,) = struct.unpack_from("<Q", binary, start + 40)
    size, count = struct.unpack_from("<HH", binary, start + 58)
    return binary[start : start + table + size * count]
