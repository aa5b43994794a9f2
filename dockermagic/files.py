"""A file that is there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from .errors import BadArgument, FileError
from .language import say

RECORD = ".dockermagic.json"
"""What `dockermagic tutorial` leaves in the folder that it laid out."""


def save(
    chunks: Iterable[bytes],
    path: str,
    watch: Callable[[int], None],
    check: Callable[[Path], None] = lambda part: None,
) -> int:
    """Write chunks to `path` through a temporary name beside it; returns the number of bytes.

    Whatever ends it early (an error, a full disk, an interrupt) leaves `path` as it was and nothing else behind.

    Args:
        watch: is told the bytes written so far.
        check: is shown the whole file before it gets its name, and raises where it must not get it.

    Raises:
        FileError: the file cannot be written.
    """
    target = Path(path)
    written = 0
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        part = Path(name)
        with open(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                written += len(chunk)
                watch(written)
        check(part)
        part.chmod(0o666 & ~_umask())
        part.replace(target)
        part = None
    except OSError as error:
        raise FileError(
            say("{path} cannot be written: {why}", path=path, why=error.strerror or error),
            say("name another place: --output /path/file.tar"),
            detail=say("Nothing of it was kept; {count} bytes had been written.", count=written) if written else "",
        ) from None
    finally:
        if part is not None:
            with suppress(FileNotFoundError):
                part.unlink()
    return written


def given(text: bytes | str | None, path: str | None) -> bytes:
    """What goes to a program's standard input: a text, or the bytes of a file; nothing where neither is named.

    Raises:
        BadArgument: both are named.
        FileError: the file cannot be read.
    """
    if text is not None and path is not None:
        raise BadArgument(
            say("--input and --input-file both say what its standard input gets"), say("keep one of the two")
        )
    if path is None:
        return text.encode() if isinstance(text, str) else text or b""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileError(
            say("{path} cannot be read: {why}", path=path, why=error.strerror or error), say("name another file")
        ) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def replace(path: Path, text: str) -> None:
    """Write `text` to `path` through a temporary name, so that no half of it is ever there.

    Raises:
        OSError: it cannot be written; `path` is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
