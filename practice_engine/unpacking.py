"""Tar into a root file system, without ever leaving it; what is no good is refused as by Docker 28."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import hashlib
import lzma
import os
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import rooted, trees
from .errors import BadParameter, EngineError, Failed

_ROOT = os.geteuid() == 0
_WHITEOUT = ".wh."
_CUT = "unexpected EOF"
_NO_HEAD = "archive/tar: invalid tar header"
_LONG_HEADS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_LONGEST_HEAD = 1 << 20
_LONGEST_PATH = 4096
_PIECE = 1 << 20
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b\x08": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}


class _Entry(tarfile.TarInfo):
    """The head of an entry, as strict as Docker is: what is none ends the archive with an error, wherever it stands."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Entry:
        try:
            entry = super().frombuf(buf, encoding, errors)
        except tarfile.TruncatedHeaderError as error:
            raise Failed(_CUT) from error
        except tarfile.InvalidHeaderError as error:
            raise Failed(_NO_HEAD) from error
        if entry.size < 0:
            raise Failed(_NO_HEAD)
        if entry.type in _LONG_HEADS and entry.size > _LONGEST_HEAD:
            raise Failed("archive/tar: header field too long")
        return entry


class _ForAll(dict):
    """What an archive says of all its entries: nothing of it holds, as with Docker."""

    def __setitem__(self, key: str, value: str) -> None:
        return


class _Unpacked:
    """The bytes of an archive, out of a compressed file too; an error where its end is missing."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._ended = False

    def read(self, size: int) -> bytes:
        data = self._more(size)
        if self._ended and not data:  # or tarfile goes on to the end that a head has told, however far away
            raise Failed(_CUT)
        self._ended = not data
        return data

    def _more(self, size: int) -> bytes:
        try:
            return self._read(size)
        except EOFError as error:
            raise Failed(_CUT) from error
        except (OSError, zlib.error, lzma.LZMAError) as error:
            raise Failed(f"Error processing tar file: {error}") from error


@dataclass
class _Unpacking:
    """One archive on its way into a directory.

    Attributes:
        base: the directory, which is `/` for all links that lead on the way.
        path: what messages call it.
        layer: whether it is one of an image, with whiteouts, and each name once.
        names: of the entries that came so far.
        directories: whose attributes are set again in the end.
    """

    tar: tarfile.TarFile
    base: int
    path: str
    layer: bool
    overwrite_types: bool
    names: set[str] = field(default_factory=set)
    directories: dict[str, tarfile.TarInfo] = field(default_factory=dict)

    def all(self) -> None:
        try:
            for member in self.tar:
                with _named(member):
                    self._one(member)
        except BaseException:
            with contextlib.suppress(EngineError):
                self._settle()
            raise
        self._settle()

    def _one(self, member: tarfile.TarInfo) -> None:
        name = clean(member.name)
        if self.layer and name in self.names:
            raise Failed("duplicates of file paths not supported")
        if not name:
            return
        if self.layer and os.path.basename(name).startswith(_WHITEOUT):
            self._white_out(name)
            return
        self.names.add(name)
        with rooted.parent(self.base, name, follow_last=False, create=True, strict=True) as (directory, last, inner):
            self._put(member, directory, last, inner)

    def _put(self, member: tarfile.TarInfo, directory: int, last: str, inner: str) -> None:
        existing = _stat(directory, last)
        if existing is not None:
            self._refuse_change(existing, member)
        if existing is not None and not (stat.S_ISDIR(existing.st_mode) and member.isdir()):
            _remove_any(directory, last)
            existing = None
        if member.isdir():
            if existing is None:
                os.mkdir(last, 0o700, dir_fd=directory)
            self.directories[inner] = member
            return
        _make(self.tar, member, self.base, directory, last)
        _attributes(directory, last, member)

    def _refuse_change(self, existing: os.stat_result, member: tarfile.TarInfo) -> None:
        was = stat.S_ISDIR(existing.st_mode)
        if self.overwrite_types or was == member.isdir():
            return
        what, other = ("directory", "non-directory") if was else ("non-directory", "directory")
        raise Failed(f'cannot overwrite {what} "{clean(member.name)}" with {other} "{self.path}"')

    def _settle(self) -> None:
        for inner, member in reversed(self.directories.items()):
            try:
                with rooted.parent(self.base, inner, follow_last=False) as (directory, last, _):
                    status = _stat(directory, last)
                    if status is not None and stat.S_ISDIR(status.st_mode):
                        _attributes(directory, last, member)
            except OSError as error:  # a later entry put something else in its place
                raise Failed(f"Error processing tar file: {member.name}: {error.strerror}") from None

    def _white_out(self, name: str) -> None:
        above, _, last = name.rpartition("/")
        if last == ".wh..wh..opq":
            with rooted.parent(self.base, f"{above}/x", create=True, strict=True) as (directory, _, _):
                self._hide(directory, above)
            return
        if last.startswith(_WHITEOUT * 2):  # what AUFS kept for itself
            return
        hidden = last.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise Failed(f'invalid whiteout entry "{name}"')
        if f"{above}/{hidden}".lstrip("/") in self.names:
            raise Failed(f"failed to mknod('{hidden}', S_IFCHR, 0): file exists")
        with (
            contextlib.suppress(FileNotFoundError),
            rooted.parent(self.base, f"{above}/{hidden}", follow_last=False, strict=True) as (directory, found, _),
        ):
            _remove_any(directory, found)

    def _hide(self, directory: int, above: str) -> None:
        """All of a directory but what this layer has put there."""
        ours = {name.removeprefix(f"{above}/").partition("/")[0] for name in self.names if _below(name, above)}
        for child in set(os.listdir(directory)) - ours:
            _remove_any(directory, child)


def _below(name: str, above: str) -> bool:
    return not above or name.startswith(f"{above}/")


@contextlib.contextmanager
def _named(member: tarfile.TarInfo) -> Iterator[None]:
    """What the system refuses is told with the name of the entry."""
    try:
        yield
    except OSError as error:
        raise Failed(f"Error processing tar file: {member.name}: {error.strerror}") from error


def extract(file: Any, root: str, path: str, *, layer: bool = False, overwrite_types: bool = True) -> None:
    """Unpack a tar (plain or compressed) at `path` inside root."""
    with rooted.parent(root, path) as (directory, last, _):
        base = os.open(last, trees.DIRECTORY, dir_fd=directory)
    try:
        with _opened(file) as tar:
            _Unpacking(tar, base, path, layer, overwrite_types).all()
    except tarfile.ReadError as error:
        if str(error) == "empty file":
            return
        raise Failed(_CUT if "unexpected end" in str(error) else _NO_HEAD) from error
    except (tarfile.TarError, RecursionError, ValueError) as error:
        raise Failed(_NO_HEAD) from error
    finally:
        os.close(base)


def digest(file: Any) -> str:
    """sha256 of an archive, of what is in it where it is compressed: the name of a layer."""
    found, plain = hashlib.sha256(), _plain(file)
    while data := plain.read(_PIECE):
        found.update(data)
    return f"sha256:{found.hexdigest()}"


def _plain(file: Any) -> _Unpacked:
    file.seek(0)
    head = file.read(6)
    file.seek(0)
    new = next((new for magic, new in _COMPRESSED.items() if head.startswith(magic)), None)
    return _Unpacked(new(file).read1 if new else file.read)


def _opened(file: Any) -> tarfile.TarFile:
    return tarfile.open(
        fileobj=_plain(file),  # type: ignore[arg-type]
        mode="r|",
        bufsize=_PIECE,
        tarinfo=_Entry,
        pax_headers=_ForAll(),
    )


def clean(name: str) -> str:
    """The path of an entry below the directory that it goes to; "" for that directory itself."""
    done: list[str] = []
    for part in rooted.parts_of(name):
        if part != "..":
            done.append(part)
        elif done:
            done.pop()
        else:
            raise Failed(f'invalid entry name "{name}"')
    path = "/".join(done)
    if len(os.fsencode(path)) >= _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
    return path


def _stat(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _make(tar: tarfile.TarFile, member: tarfile.TarInfo, base: int, directory: int, last: str) -> None:
    if member.issym():
        os.symlink(member.linkname, last, dir_fd=directory)
    elif member.islnk():
        with rooted.parent(base, clean(member.linkname), follow_last=False, strict=True) as (other, name, _):
            os.link(name, last, src_dir_fd=other, dst_dir_fd=directory, follow_symlinks=False)
    elif member.isfifo():
        os.mkfifo(last, dir_fd=directory)
    elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
        _make_file(tar, member, directory, last)
    elif member.ischr() or member.isblk():
        raise BadParameter(f"{member.name}: the practice engine makes no device nodes")
    else:
        raise Failed(f"unhandled tar header type {ord(member.type)}")


def _make_file(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: int, last: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    source = tar.extractfile(member)
    room = os.fstatvfs(directory)
    if member.size > room.f_bavail * room.f_frsize:  # a few bytes can say that there are very many
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), member.name)
    with os.fdopen(os.open(last, flags, 0o600, dir_fd=directory), "wb") as out:
        while source is not None and (data := source.read(1 << 20)):
            out.write(data)


def _attributes(directory: int, name: str, member: tarfile.TarInfo) -> None:
    if _ROOT:
        os.chown(name, _identity(member.uid), _identity(member.gid), dir_fd=directory, follow_symlinks=False)
    if not member.issym():
        _set_mode(directory, name, member)
    try:
        os.utime(name, (member.mtime, member.mtime), dir_fd=directory, follow_symlinks=False)
    except (OverflowError, ValueError):
        return


def _set_mode(directory: int, name: str, member: tarfile.TarInfo) -> None:
    """By descriptor: a running container may swap the name for a link."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        if member.islnk():  # of a link, or of what we may not read
            return
        raise
    try:
        os.fchmod(descriptor, member.mode & 0o7777)
    finally:
        os.close(descriptor)


def _identity(number: int) -> int:
    """A user's or a group's number as the kernel takes it, in 32 bits."""
    number &= 0xFFFFFFFF
    return -1 if number == 0xFFFFFFFF else number


def _remove_any(directory: int, name: str) -> None:
    status = _stat(directory, name)
    if status is None:
        return
    if stat.S_ISDIR(status.st_mode):
        inner = os.open(name, trees.DIRECTORY, dir_fd=directory)
        try:
            trees.empty(inner)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)
