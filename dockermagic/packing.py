"""A file or a folder of this machine → the tar archive that a call sends; memory does not grow with it."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import BadArgument, FileError
from .language import say

PIECE = 1 << 20
CONTENTS = "."


@dataclass
class Upload:
    """The bytes of a body that is read while it is sent; each pass over it begins anew.

    Attributes:
        source: the file or folder.
        name: what it is called inside the archive, `.` for a folder's contents; "" for a file that is sent as it is.
        watch: is told the bytes that were sent so far, and `total`.
        sent: how many that were.
    """

    source: Path
    name: str = ""
    watch: Callable[[int, int | None], None] = field(default=lambda count, total: None, repr=False)
    sent: int = 0

    @property
    def total(self) -> int | None:
        """How many bytes there are to send; None where they are packed on the way."""
        return self.source.stat().st_size if not self.name else None

    def __iter__(self) -> Iterator[bytes]:
        self.sent = 0
        try:
            total = self.total
            for piece in self._packed() if self.name else self._plain():
                self.sent += len(piece)
                self.watch(self.sent, total)
                yield piece
        except OSError as error:
            raise FileError(
                say(
                    "{path} cannot be read: {why}",
                    path=error.filename or self.source,
                    why=error.strerror or error,
                ),
                say("make it readable, or name another --input; what was sent of it may be there in part"),
            ) from None

    def _plain(self) -> Iterator[bytes]:
        with self.source.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def _packed(self) -> Iterator[bytes]:
        for path, inside in _walk(self.source, self.name):
            entry = _entry(path, inside)
            if entry is None:
                continue
            yield entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            if entry.isreg():
                yield from _contents(path, entry.size)
        yield bytes(2 * tarfile.BLOCKSIZE)


def _walk(source: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Each file below `source`, folders before what is in them, in the order of their names."""
    yield source, name
    if source.is_dir() and not source.is_symlink():
        for each in sorted(os.listdir(source)):
            yield from _walk(source / each, f"{name}/{each}".removeprefix("./"))


def _entry(path: Path, inside: str) -> tarfile.TarInfo | None:
    """How a file stands in the archive, owned by root as the docker CLI has it; None for a socket."""
    with tarfile.TarFile(fileobj=_Nowhere(), mode="w") as tar:  # type: ignore[arg-type]
        entry = tar.gettarinfo(path, inside)
    if entry is None:
        return None
    if entry.islnk():  # each of several names of one file is packed as a file
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", path.stat().st_size
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


class _Nowhere:
    """Takes what is written, and keeps none of it."""

    def write(self, data: bytes) -> int:
        return len(data)

    def tell(self) -> int:
        return 0


def _contents(path: Path, size: int) -> Iterator[bytes]:
    left = size
    with path.open("rb") as file:
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
    if left:
        raise FileError(
            say("{path} became shorter while it was packed", path=path),
            say("run the cell again when nothing writes to it"),
        )
    yield bytes(-size % tarfile.BLOCKSIZE)


def archive(values: Mapping[str, Any]) -> Upload:
    """PutContainerArchive: a tar archive as it is; any other file or folder packed, as `docker cp` would.

    A folder arrives under its own name, and with `/.` behind it only what is in it.

    Raises:
        BadArgument: no input, or none that is there.
    """
    text = _given(values)
    source = Path(text)
    if source.is_file() and tarfile.is_tarfile(source):
        return Upload(source)
    whole = not source.resolve().name or text.replace(os.sep, "/").endswith("/.") or text == "."
    return Upload(source, CONTENTS if source.is_dir() and whole else source.resolve().name)


def context(values: Mapping[str, Any]) -> Upload:
    """ImageBuild: what is in a folder; or a tar archive as it is.

    Raises:
        BadArgument: no input, or a file that is no archive.
    """
    source = Path(_given(values))
    return Upload(source, CONTENTS) if source.is_dir() else tarball(values)


def tarball(values: Mapping[str, Any]) -> Upload:
    """ImageLoad, ImageCreate: a tar archive as it is.

    Raises:
        BadArgument: no input, or one that is no tar archive.
    """
    source = Path(_given(values))
    if not source.is_file() or not tarfile.is_tarfile(source):
        raise BadArgument(
            say("{source} is no tar archive", source=source),
            say("name one, as `%docker get_image` or `%docker export` writes it"),
        )
    return Upload(source)


def source(values: Mapping[str, Any]) -> Upload | None:
    """ImageCreate: a tar archive as it is, where the call does not name a URL."""
    return tarball(values) if values.get("fromSrc") in (None, "-") else None


def _given(values: Mapping[str, Any]) -> str:
    text = str(values.get("input") or "")
    if not text:
        raise BadArgument(
            say("nothing is named that could be sent"), say("name a file or a folder of yours: --input PATH")
        )
    if not Path(text).exists():
        raise BadArgument(
            say("there is no {path} on this machine", path=text),
            say("name a file or folder that is there: --input PATH"),
        )
    return text


KINDS: Mapping[str, Callable[[Mapping[str, Any]], Upload | None]] = {
    "archive": archive,
    "context": context,
    "tarball": tarball,
    "source": source,
}
