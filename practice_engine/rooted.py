"""Paths inside a container, opened so that no link and no race leads out of its root.

Every step is an openat() relative to a directory already held, and the kernel follows no link; links are read
and walked here, with `/` meaning the container's root.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40


def parts_of(path: str) -> list[str]:
    if "\0" in path:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    return [part for part in path.split("/") if part not in ("", ".")]


@contextmanager
def parent(
    root: str | int, path: str, *, follow_last: bool = True, create: bool = False, strict: bool = False
) -> Iterator[tuple[int, str, str]]:
    """(descriptor of its directory, last name, resolved path) of `path` in root; the name is "." for root.

    Args:
        root: its path, or a descriptor.
        create: directories that are missing on the way.
        strict: what climbs above root is an error, and not root.
    """
    where, base = (".", root) if isinstance(root, int) else (root, None)
    stack = [os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=base)]
    names: list[str] = []
    todo = parts_of(path)[::-1]
    links = 0
    try:
        while todo:
            name = todo.pop()
            if name == "..":
                if strict and not names:
                    raise OSError(errno.EXDEV, "path escapes from parent", path)
                if names:
                    names.pop()
                    os.close(stack.pop())
                continue
            last = not todo
            try:
                status = os.stat(name, dir_fd=stack[-1], follow_symlinks=False)
            except FileNotFoundError:
                if last:
                    yield stack[-1], name, "/" + "/".join([*names, name])
                    return
                if not create:
                    raise
                os.mkdir(name, 0o755, dir_fd=stack[-1])
                status = os.stat(name, dir_fd=stack[-1], follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode) and (follow_last or not last):
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(name, dir_fd=stack[-1])
                if target.startswith("/"):
                    while len(stack) > 1:
                        os.close(stack.pop())
                    names = []
                todo += parts_of(target)[::-1]
                continue
            if last:
                yield stack[-1], name, "/" + "/".join([*names, name])
                return
            stack.append(os.open(name, _DIRECTORY, dir_fd=stack[-1]))
            names.append(name)
        yield stack[-1], ".", "/" + "/".join(names)
    finally:
        for descriptor in stack:
            os.close(descriptor)


def read_text(root: str, path: str, limit: int = 1 << 20) -> str:
    """A small file of the container, or nothing if it is not there or not a plain file."""
    try:
        with parent(root, path) as (directory, name, _):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return ""
                return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def write_text(root: str, path: str, text: str, mode: int = 0o644) -> None:
    with parent(root, path, create=True) as (directory, name, _):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, mode, dir_fd=directory)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)


def make_directories(root: str, path: str, owner: tuple[int, int] | None = None) -> None:
    """As mkdir -p. Raises NotADirectoryError with the path that is in the way."""
    done = ""
    for part in parts_of(path):
        done = f"{done}/{part}"
        with parent(root, done) as (directory, name, resolved):
            if name == ".":
                continue
            try:
                os.mkdir(name, 0o755, dir_fd=directory)
                if owner is not None:
                    os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), resolved) from None
