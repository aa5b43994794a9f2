"""A root file system for the image `busybox`, from what this machine has: a static busybox, or its tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUP = """\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
kmem:x:9:
wheel:x:10:root
www-data:x:33:
staff:x:50:
users:x:100:
nogroup:x:65534:
"""
DIRECTORIES = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o755, "root": 0o700, "sys": 0o755,
    "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755, "var": 0o755, "var/spool": 0o755,
    "var/spool/mail": 0o755, "var/www": 0o755,
}  # fmt: skip

TOOLS = [
    "sh",
    "awk",
    "base64",
    "basename",
    "cat",
    "chmod",
    "chown",
    "cmp",
    "comm",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "env",
    "expr",
    "false",
    "find",
    "fold",
    "grep",
    "gzip",
    "head",
    "hostname",
    "id",
    "kill",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mv",
    "nl",
    "nproc",
    "od",
    "paste",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sha256sum",
    "sleep",
    "sort",
    "split",
    "stat",
    "stty",
    "sync",
    "tac",
    "tail",
    "tar",
    "tee",
    "test",
    "timeout",
    "top",
    "touch",
    "tr",
    "true",
    "tty",
    "uname",
    "uniq",
    "vi",
    "wc",
    "wget",
    "which",
    "whoami",
    "xargs",
    "yes",
]


def static_busybox() -> str | None:
    """The path of a busybox that needs no library."""
    for name in (shutil.which("busybox"), "/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static"):
        if name and os.path.exists(name) and not _needs_loader(name):
            return os.path.realpath(name)
    return None


def _needs_loader(path: str) -> bool:
    """Whether the ELF file names a program interpreter, as everything not static does."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF" or head[4] != 2:
            return True
        offset = int.from_bytes(head[32:40], "little")
        size, count = int.from_bytes(head[54:56], "little"), int.from_bytes(head[56:58], "little")
        file.seek(offset)
        table = file.read(size * count)
    kinds = [int.from_bytes(table[n * size : n * size + 4], "little") for n in range(count)]
    return 3 in kinds


def build(root: Path) -> str:
    """Fill `root`; says what it was made of."""
    root.mkdir()
    root.chmod(0o755)
    for name, mode in DIRECTORIES.items():
        (root / name).mkdir()
        (root / name).chmod(mode)
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    program = static_busybox()
    if program:
        _from_busybox(root, program)
        return f"Made from {program} of this machine"
    _from_host_tools(root)
    return "Made from the tools of this machine, since it has no static busybox"


def _from_busybox(root: Path, program: str) -> None:
    shutil.copyfile(program, root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    listing = subprocess.run([program, "--list"], capture_output=True, text=True, check=True, timeout=10)
    for applet in listing.stdout.split():
        if applet != "busybox":
            _another_name(root / "bin" / "busybox", root / "bin" / applet)


def _another_name(program: Path, name: Path) -> None:
    """A hard link, as in Docker's own busybox: a copy of the tree then makes one file, not hundreds of links."""
    try:
        os.link(program, name)
    except OSError:  # a file system that has none
        name.symlink_to(program.name)


def _from_host_tools(root: Path) -> None:
    libraries: set[str] = set()
    for tool in TOOLS:
        path = shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        if path is None:
            continue
        target = root / "bin" / tool
        shutil.copyfile(os.path.realpath(path), target)
        target.chmod(0o755)
        libraries.update(libraries_of(path))
    for library in libraries:
        place = root / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copyfile(os.path.realpath(library), place)
            place.chmod(0o755)


def libraries_of(program: str) -> list[str]:
    """The paths that ldd names, the loader among them."""
    try:
        answer = subprocess.run(["ldd", program], capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return []
    return re.findall(r"(/\S+) \(0x", answer.stdout)
