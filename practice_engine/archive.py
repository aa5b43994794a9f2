"""Tar out of a root file system, without ever leaving it; `unpacking` is the way in."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tarfile
import tempfile
from typing import Any, BinaryIO

from . import rooted

_ROOT = os.geteuid() == 0
_COPY = 1 << 18


def _owner(status: os.stat_result) -> tuple[int, int]:
    """An ordinary user's own files belong to root inside the container."""
    if _ROOT:
        return status.st_uid, status.st_gid
    return (0 if status.st_uid == os.getuid() else status.st_uid), (
        0 if status.st_gid == os.getgid() else status.st_gid
    )


def add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def write_tree(out: Any, root: str, path: str = "/", name: str | None = None) -> None:
    """A tar of what lies at `path` inside root, under its last name or `name`; the whole root has none."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, copybufsize=_COPY) as tar:
        with rooted.parent(root, path, follow_last=False) as (directory, last, resolved):
            top = "" if resolved == "/" and name is None else (name if name is not None else last)
            _add_all(tar, directory, last, top)


def _add_all(tar: tarfile.TarFile, directory: int, name: str, path: str) -> None:
    """What is there, and all below it; on the way a descriptor is held for each floor."""
    seen: dict[tuple[int, int], str] = {}
    floors = [(directory, [(name, path)])]
    try:
        while floors:
            here, todo = floors[-1]
            if not todo:
                floors.pop()
                if floors:
                    os.close(here)
                continue
            name, path = todo.pop()
            inner = _opened(here, name) if _add(tar, here, name, path, seen) else None
            if inner is not None:
                names = sorted(os.listdir(inner), reverse=True)
                floors.append((inner, [(child, f"{path}/{child}" if path else child) for child in names]))
    finally:
        for here, _ in floors[1:]:
            os.close(here)


def _opened(directory: int, name: str) -> int | None:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None


def _add(tar: tarfile.TarFile, directory: int, name: str, path: str, seen: dict) -> bool:
    """Whether it is a directory."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    member = tarfile.TarInfo(path)
    member.mode = stat.S_IMODE(status.st_mode)
    member.mtime = int(status.st_mtime)
    member.uid, member.gid = _owner(status)
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        member.type = tarfile.DIRTYPE
        if path:
            tar.addfile(member)
    elif kind in (stat.S_IFREG, stat.S_IFLNK) and _other_name(status, path, member, seen):
        tar.addfile(member)
    elif kind == stat.S_IFLNK:
        member.type = tarfile.SYMTYPE
        member.linkname = os.readlink(name, dir_fd=directory)
        tar.addfile(member)
    elif kind == stat.S_IFREG:
        _add_file(tar, directory, name, member)
    elif kind == stat.S_IFIFO:
        member.type = tarfile.FIFOTYPE
        tar.addfile(member)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        member.type = tarfile.CHRTYPE if kind == stat.S_IFCHR else tarfile.BLKTYPE
        member.devmajor, member.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
        tar.addfile(member)
    return kind == stat.S_IFDIR


def _other_name(status: os.stat_result, path: str, member: tarfile.TarInfo, seen: dict) -> bool:
    """Whether what is there stands in the archive already, by another name: then this one is a hard link."""
    first = seen.setdefault((status.st_dev, status.st_ino), path) if status.st_nlink > 1 else path
    if first == path:
        return False
    member.type, member.linkname = tarfile.LNKTYPE, first
    return True


def _add_file(tar: tarfile.TarFile, directory: int, name: str, member: tarfile.TarInfo) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except (FileNotFoundError, PermissionError, OSError):
        return
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return
        member.size = status.st_size
        tar.addfile(member, _Exactly(file, status.st_size))


class _Exactly:
    """A file of a running container may shrink while it is read; the header has already told its size."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        missing = min(size, self._left) - len(data)
        self._left -= len(data) + missing
        return data + b"\0" * missing


def digest(root: str) -> str:
    """sha256 of the tree as a tar, as an image's layer is named."""
    sink = _Hash()
    write_tree(sink, root)
    return "sha256:" + sink.hash.hexdigest()


class _Hash:
    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self._position = 0

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self._position += len(data)
        return len(data)


def spooled_tar(root: str) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 for the caller to close
    write_tree(file, root)
    file.seek(0)
    return file


# what HEAD and GET say of a path

_GO_MODES = (
    (stat.S_IFDIR, 1 << 31),
    (stat.S_IFLNK, 1 << 27),
    (stat.S_IFIFO, 1 << 25),
    (stat.S_IFSOCK, 1 << 24),
    (stat.S_IFBLK, 1 << 26),
    (stat.S_IFCHR, 1 << 26 | 1 << 21),
)
_GO_BITS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


def go_mode(mode: int) -> int:
    """Go's os.FileMode, whose bits are its own."""
    result = mode & 0o777
    for bit, go in _GO_BITS:
        result |= go if mode & bit else 0
    for kind, go in _GO_MODES:
        if stat.S_IFMT(mode) == kind:
            result |= go
    return result


def path_stat(root: str, path: str) -> dict[str, Any]:
    """Raises FileNotFoundError, NotADirectoryError."""
    from . import clock

    with rooted.parent(root, path, follow_last=False) as (directory, last, resolved):
        status = os.stat(last, dir_fd=directory, follow_symlinks=False)
        if path.endswith("/") and not stat.S_ISDIR(status.st_mode) and not stat.S_ISLNK(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        target = ""
        if stat.S_ISLNK(status.st_mode):
            link = os.readlink(last, dir_fd=directory)
            joined = link if link.startswith("/") else f"{os.path.dirname(resolved)}/{link}"
            target = _lexical(joined)
        return {
            "name": os.path.basename(resolved) or "/",
            "size": status.st_size,
            "mode": go_mode(status.st_mode),
            "mtime": clock.rfc3339(status.st_mtime_ns),
            "linkTarget": target,
        }


def _lexical(path: str) -> str:
    done: list[str] = []
    for part in rooted.parts_of(path):
        if part == "..":
            done = done[:-1]
        else:
            done.append(part)
    return "/" + "/".join(done)
