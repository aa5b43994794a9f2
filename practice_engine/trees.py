"""Directory trees: copy one, measure one, compare two, remove one. Never follows a link."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Collection, Iterator

_ROOT = os.geteuid() == 0
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS = (os.geteuid(), os.getegid())


def copy(source: str, target: str, without: Collection[str] = ()) -> None:
    """Modes, times, links and (as root) owners stay; the target is made. Paths `without` begin with a slash."""
    seen: dict[tuple[int, int], str] = {}
    left_out = {source + path for path in without}
    made = [(source, target)]
    for here, there in made:  # it grows on the way: no tree is too deep
        os.mkdir(there, 0o700)
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.path in left_out:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    made.append((entry.path, os.path.join(there, entry.name)))
                else:
                    _copy_entry(entry, os.path.join(there, entry.name), seen)
    for here, there in reversed(made):
        _copy_attributes(os.lstat(here), there)


def _copy_entry(entry: os.DirEntry[str], target: str, seen: dict[tuple[int, int], str]) -> None:
    status = entry.stat(follow_symlinks=False)
    kind = stat.S_IFMT(status.st_mode)
    if kind in (stat.S_IFREG, stat.S_IFLNK) and status.st_nlink > 1:
        other = seen.setdefault((status.st_dev, status.st_ino), target)
        if other != target:
            os.link(other, target, follow_symlinks=False)
            return
    if kind == stat.S_IFLNK:
        os.symlink(os.readlink(entry.path), target)
    elif kind == stat.S_IFREG:
        _copy_data(entry.path, target, status.st_size)
    elif kind == stat.S_IFIFO:
        os.mkfifo(target)
    else:
        return
    _copy_attributes(status, target)


def _copy_data(source: str, target: str, size: int) -> None:
    with open(source, "rb", buffering=0) as reader, open(target, "wb", buffering=0) as writer:
        try:
            while size > 0:
                sent = os.sendfile(writer.fileno(), reader.fileno(), None, size)  # type: ignore[arg-type]
                if sent == 0:
                    return
                size -= sent
        except (TypeError, AttributeError):
            shutil.copyfileobj(reader, writer, 1 << 20)


def _copy_attributes(status: os.stat_result, target: str) -> None:
    if _ROOT and (status.st_uid, status.st_gid) != _OURS:
        os.lchown(target, status.st_uid, status.st_gid)
    if stat.S_ISLNK(status.st_mode):
        return  # most of a busybox is links: nobody asks when they were made
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def remove(path: str) -> None:
    """However a container left it: an unreadable directory of one's own is made readable first."""

    def again(function, name, _):
        parent = os.path.dirname(name)
        for directory in (parent, name):
            if os.path.isdir(directory) and not os.path.islink(directory):
                os.chmod(directory, 0o700)
        if function is os.unlink or function is os.rmdir:
            function(name)
        else:
            shutil.rmtree(name)

    if not os.path.lexists(path):
        return
    try:
        shutil.rmtree(path, onerror=again)
    except (RecursionError, OSError):
        _remove_deep(path)


def _remove_deep(path: str) -> None:
    """Where it goes down further than Python can: what is in each folder is brought up, then removed."""
    top = os.open(path, DIRECTORY)
    try:
        empty(top)
    finally:
        os.close(top)
    os.rmdir(path)


def empty(top: int) -> None:
    """Take away all that is in a directory, however deep."""
    while names := os.listdir(top):
        for name in names:
            _bring_up(top, name)


def _bring_up(top: int, name: str) -> None:
    if not _is_directory(top, name):
        os.unlink(name, dir_fd=top)
        return
    folder = os.open(name, DIRECTORY, dir_fd=top)
    try:
        for each in os.listdir(folder):
            if _is_directory(folder, each):
                os.rename(each, secrets.token_hex(16), src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(each, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _is_directory(directory: int, name: str) -> bool:
    """Whether it is one; then one that its owner can empty and move."""
    try:
        held = os.open(name, DIRECTORY | os.O_PATH, dir_fd=directory)
    except NotADirectoryError:
        return False
    try:  # by descriptor: a running container may swap the name for a link
        os.chmod(f"/proc/self/fd/{held}", 0o700)
    finally:
        os.close(held)
    return True


def size(path: str) -> int:
    """Bytes of the plain files, hard links once."""
    total = 0
    seen: set[tuple[int, int]] = set()
    for _, status in walk(path):
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1:
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
            total += status.st_size
    return total


def walk(root: str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """(path from root, with a leading slash; lstat), in the order of names."""
    floors = [_entries(root, below)]
    while floors:
        if not floors[-1]:
            floors.pop()
            continue
        path, status = floors[-1].pop()
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            floors.append(_entries(root, path))


def _entries(root: str, below: str) -> list[tuple[str, os.stat_result]]:
    """What is in a directory, the last name first; nothing where it is gone, closed to us, or too deep for a path."""
    found = sorted(_names(root + below).items(), reverse=True)
    return [(f"{below}/{name}", status) for name, status in found]


MODIFIED, ADDED, DELETED = 0, 1, 2


def changes(image: str, root: str, ignored: frozenset[str] = frozenset()) -> list[tuple[str, int]]:
    """What differs in root from the image it was copied from; with the parents, sorted, as with Docker."""
    found: dict[str, int] = {}
    todo = [""]
    for below in todo:  # it grows on the way
        todo += _compare(image, root, below, ignored, found)
    for path in list(found):
        while path := path.rpartition("/")[0]:
            found.setdefault(path, MODIFIED)
    return sorted(found.items())


def _compare(image: str, root: str, below: str, ignored: frozenset[str], found: dict[str, int]) -> list[str]:
    """Note the differences of one directory; returns those in it that are to be compared next."""
    both: list[str] = []
    before, now = _names(image + below), _names(root + below)
    for name in before.keys() - now.keys():
        if f"{below}/{name}" not in ignored:
            found[f"{below}/{name}"] = DELETED
    for name, status in now.items():
        path = f"{below}/{name}"
        if path in ignored:
            continue
        directory = stat.S_ISDIR(status.st_mode)
        old = before.get(name)
        if old is None:
            found[path] = ADDED
            if directory:
                found.update((inner, ADDED) for inner, _ in walk(root, path) if inner not in ignored)
            continue
        if stat.S_ISLNK(old.st_mode) and stat.S_ISLNK(status.st_mode):
            if os.readlink(image + path) != os.readlink(root + path):
                found[path] = MODIFIED
            continue
        if _differs(old, status, directory):
            found[path] = MODIFIED
        if directory and stat.S_ISDIR(old.st_mode):
            both.append(path)
    return both


def _names(path: str) -> dict[str, os.stat_result]:
    names = {}
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    names[entry.name] = entry.stat(follow_symlinks=False)
    except OSError:
        return {}
    return names


def _differs(old: os.stat_result, new: os.stat_result, directory: bool) -> bool:
    if (old.st_mode, old.st_uid, old.st_gid) != (new.st_mode, new.st_uid, new.st_gid):
        return True
    return not directory and (old.st_size, old.st_mtime_ns) != (new.st_size, new.st_mtime_ns)
