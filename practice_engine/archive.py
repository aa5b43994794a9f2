"""Tar in and out of a root file system, without ever leaving it."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Callable
from typing import Any, BinaryIO

from . import rooted
from .errors import BadParameter, Failed

_ROOT = os.geteuid() == 0
_WHITEOUT = ".wh."
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
            seen: dict[tuple[int, int], str] = {}
            _add(tar, directory, last, top, seen)


def _add(tar: tarfile.TarFile, directory: int, name: str, path: str, seen: dict) -> None:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    member = tarfile.TarInfo(path)
    member.mode = stat.S_IMODE(status.st_mode)
    member.mtime = int(status.st_mtime)
    member.uid, member.gid = _owner(status)
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        member.type = tarfile.DIRTYPE
        if path:
            tar.addfile(member)
        _add_children(tar, directory, name, path, seen)
    elif kind == stat.S_IFLNK:
        member.type = tarfile.SYMTYPE
        member.linkname = os.readlink(name, dir_fd=directory)
        tar.addfile(member)
    elif kind == stat.S_IFREG:
        first = seen.setdefault((status.st_dev, status.st_ino), path) if status.st_nlink > 1 else path
        if first != path:
            member.type = tarfile.LNKTYPE
            member.linkname = first
            tar.addfile(member)
            return
        _add_file(tar, directory, name, member)
    elif kind == stat.S_IFIFO:
        member.type = tarfile.FIFOTYPE
        tar.addfile(member)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        member.type = tarfile.CHRTYPE if kind == stat.S_IFCHR else tarfile.BLKTYPE
        member.devmajor, member.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
        tar.addfile(member)


def _add_children(tar: tarfile.TarFile, directory: int, name: str, path: str, seen: dict) -> None:
    try:
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        for child in sorted(os.listdir(inner)):
            _add(tar, inner, child, f"{path}/{child}" if path else child, seen)
    finally:
        os.close(inner)


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


def extract(
    file: Any,
    root: str,
    path: str,
    *,
    whiteouts: bool = False,
    overwrite_types: bool = True,
    copy_ids: bool = True,
    owner: Callable[[], tuple[int, int]] | None = None,
) -> None:
    """Unpack a tar (plain or compressed) at `path` inside root."""
    try:
        with _opened(file) as tar:
            directories: list[tuple[str, tarfile.TarInfo]] = []
            for member in tar:
                try:
                    _extract_one(tar, member, root, path, whiteouts, overwrite_types, copy_ids, owner, directories)
                except OSError as error:
                    raise Failed(f"Error processing tar file: {member.name}: {error.strerror}") from error
            for inner, member in reversed(directories):
                try:
                    _settle(root, inner, member, copy_ids, owner)
                except OSError as error:  # a later entry put something else in its place
                    raise Failed(f"Error processing tar file: {member.name}: {error.strerror}") from error
    except tarfile.ReadError as error:
        if str(error) == "empty file":
            return
        raise BadParameter(f"Error processing tar file: {error}") from error
    except (tarfile.TarError, EOFError) as error:
        raise BadParameter(f"Error processing tar file: {error}") from error


def _opened(file: Any) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r|*", bufsize=1 << 20)
    except TypeError as error:  # what CPython's tarfile makes of a gzip head that is cut short
        raise Failed("unexpected EOF") from error


def _clean(name: str) -> str:
    parts = rooted.parts_of(name)
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise Failed(f'invalid entry name "{name}"')
    return "/".join(parts)


def _extract_one(tar, member, root, path, whiteouts, overwrite_types, copy_ids, owner, directories) -> None:
    name = _clean(member.name)
    inner = f"{path.rstrip('/')}/{name}" if name else path
    if whiteouts and os.path.basename(name).startswith(_WHITEOUT):
        _white_out(root, inner)
        return
    with rooted.parent(root, inner, follow_last=False, create=True) as (directory, last, resolved):
        if last == "." or resolved == "/":
            return
        existing = _stat(directory, last)
        if member.isdir():
            if existing is not None and stat.S_ISLNK(existing.st_mode) and not whiteouts:
                return
            if existing is not None and not stat.S_ISDIR(existing.st_mode):
                _refuse_change(existing, member, overwrite_types, path)
                os.unlink(last, dir_fd=directory)
                existing = None
            if existing is None:
                os.mkdir(last, 0o700, dir_fd=directory)
            directories.append((resolved, member))
            return
        if existing is not None:
            _refuse_change(existing, member, overwrite_types, path)
            if stat.S_ISDIR(existing.st_mode):
                _remove_directory(directory, last)
            else:
                os.unlink(last, dir_fd=directory)
        _make(tar, member, root, path, directory, last)
        if not member.islnk():
            _attributes(directory, last, member, copy_ids, owner)


def _refuse_change(existing: os.stat_result, member: tarfile.TarInfo, allowed: bool, path: str) -> None:
    was = stat.S_ISDIR(existing.st_mode)
    if allowed or was == member.isdir():
        return
    what, other = ("directory", "non-directory") if was else ("non-directory", "directory")
    raise Failed(f'cannot overwrite {what} "{_clean(member.name)}" with {other} "{path}"')


def _stat(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _make(tar: tarfile.TarFile, member: tarfile.TarInfo, root: str, path: str, directory: int, last: str) -> None:
    if member.issym():
        os.symlink(member.linkname, last, dir_fd=directory)
    elif member.islnk():
        target = f"{path.rstrip('/')}/{_clean(member.linkname)}"
        with rooted.parent(root, target, follow_last=False) as (other, name, _):
            os.link(name, last, src_dir_fd=other, dst_dir_fd=directory, follow_symlinks=False)
    elif member.isfifo():
        os.mkfifo(last, dir_fd=directory)
    elif member.isreg():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        source = tar.extractfile(member)
        with os.fdopen(os.open(last, flags, 0o600, dir_fd=directory), "wb") as out:
            while source is not None and (data := source.read(1 << 20)):
                out.write(data)
    elif member.ischr() or member.isblk():
        raise BadParameter(f"{member.name}: the practice engine makes no device nodes")
    else:
        raise BadParameter(f"{member.name}: unhandled tar header type")


def _attributes(directory: int, name: str, member: tarfile.TarInfo, copy_ids: bool, owner) -> None:
    if _ROOT:
        uid, gid = (member.uid, member.gid) if copy_ids or owner is None else owner()
        os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
    if member.isreg() or member.isdir():  # by descriptor: a running container may swap the name for a link
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fchmod(descriptor, member.mode & 0o7777)
        finally:
            os.close(descriptor)
    try:
        os.utime(name, (member.mtime, member.mtime), dir_fd=directory, follow_symlinks=False)
    except (OverflowError, ValueError):
        return


def _settle(root: str, inner: str, member: tarfile.TarInfo, copy_ids: bool, owner) -> None:
    with rooted.parent(root, inner, follow_last=False) as (directory, last, _):
        status = _stat(directory, last)
        if status is not None and stat.S_ISDIR(status.st_mode):
            _attributes(directory, last, member, copy_ids, owner)


def _white_out(root: str, inner: str) -> None:
    parent, _, name = inner.rpartition("/")
    target = f"{parent}/{name.removeprefix(_WHITEOUT)}"
    if name == ".wh..wh..opq":
        with rooted.parent(root, f"{parent}/x", create=True) as (directory, _, _):
            for child in os.listdir(directory):
                _remove_any(directory, child)
        return
    try:
        with rooted.parent(root, target, follow_last=False) as (directory, last, _):
            _remove_any(directory, last)
    except FileNotFoundError:
        return


def _remove_any(directory: int, name: str) -> None:
    status = _stat(directory, name)
    if status is None:
        return
    if stat.S_ISDIR(status.st_mode):
        _remove_directory(directory, name)
    else:
        os.unlink(name, dir_fd=directory)


def _remove_directory(directory: int, name: str) -> None:
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        for child in os.listdir(inner):
            _remove_any(inner, child)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=directory)


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
