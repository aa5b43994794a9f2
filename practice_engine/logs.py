"""The log store: what a container wrote, whole lines with the time they arrived, in files of bounded size.

A file is a run of records: time in ns, stream, number of lines, length, data, and the record's size again at
its end, so that it can be read backwards for the last lines. Knows no HTTP.
"""

from __future__ import annotations

import errno
import os
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

STDOUT, STDERR = 1, 2
PARTIAL = 0x80  # the record ends in the middle of a line, as one too long for a buffer does
LONGEST_LINE = 16384

_HEAD = struct.Struct(">QBII")
_TAIL = struct.Struct(">I")
_AROUND = _HEAD.size + _TAIL.size

DEFAULT_SIZE = 512 << 20
DEFAULT_FILES = 2


@dataclass(frozen=True)
class Record:
    time: int
    stream: int
    partial: bool
    data: bytes

    def lines(self) -> list[bytes]:
        return _split(self.data)


def _split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _ends_whole(file: BinaryIO, end: int) -> bool:
    if end < _AROUND:
        return False
    file.seek(end - _TAIL.size)
    (size,) = _TAIL.unpack(file.read(_TAIL.size))
    if not _AROUND <= size <= end:
        return False
    file.seek(end - size)
    return _HEAD.unpack(file.read(_HEAD.size))[3] + _AROUND == size


class LogStore:
    """Written by one container's run after another; read by any number of readers at once."""

    def __init__(self, path: Path, size: int = DEFAULT_SIZE, files: int = DEFAULT_FILES) -> None:
        self.path = path
        self.size = size
        self.files = max(1, files)
        self.rotations = 0
        self._file: BinaryIO | None = None
        self._written = 0
        self._open_lines: dict[int, bytes] = {}
        self._last_time = 0
        self.watchers: set[Callable[[], None]] = set()
        self.failed: OSError | None = None  # the disk was full; told in the container's Error
        self._mend()

    def _mend(self) -> None:
        """Cut off a record that was only half written when the engine was killed."""
        try:
            file = open(self.path, "r+b")  # noqa: SIM115 closed below
        except OSError:
            return
        with file:
            end = file.seek(0, os.SEEK_END)
            if end == 0 or _ends_whole(file, end):
                return
            position = 0
            while position + _HEAD.size <= end:
                file.seek(position)
                size = _AROUND + _HEAD.unpack(file.read(_HEAD.size))[3]
                if position + size > end:
                    break
                position += size
            file.truncate(position)

    def write(self, stream: int, data: bytes) -> None:
        data = self._open_lines.pop(stream, b"") + data
        end = data.rfind(b"\n") + 1
        if end:
            self._append(stream, data[:end])
            data = data[end:]
        while len(data) >= LONGEST_LINE:
            self._append(stream | PARTIAL, data[:LONGEST_LINE])
            data = data[LONGEST_LINE:]
        if data:
            self._open_lines[stream] = data
        self._tell()

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()

    def end_of_run(self) -> None:
        for stream, data in self._open_lines.items():
            self._append(stream, data)
        self._open_lines = {}
        if self._file is not None:
            self._file.close()
            self._file = None
        self._tell()

    def remove(self) -> None:
        self.end_of_run()
        for path in self._all_paths():
            path.unlink(missing_ok=True)

    def _append(self, stream: int, data: bytes) -> None:
        now = max(time.time_ns(), self._last_time + 1)
        self._last_time = now
        record = _HEAD.pack(now, stream, data.count(b"\n"), len(data)) + data + _TAIL.pack(_AROUND + len(data))
        try:
            file = self._file or self._open()
            if file.write(record) < len(record):  # the last of the disk
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as problem:
            self.failed = problem
            self._repair()
            return
        self._written += len(record)
        if self._written >= self.size:
            self._rotate()

    def _open(self) -> BinaryIO:
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115 kept open for the run
        self._written = self._file.tell()
        return self._file

    def _repair(self) -> None:
        """A record that did not fit must not leave half of itself behind."""
        if self._file is not None:
            os.ftruncate(self._file.fileno(), self._written)

    def _rotate(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        paths = self._all_paths()
        if self.files == 1:
            self.path.unlink(missing_ok=True)
        else:
            paths[-1].unlink(missing_ok=True)
            for older, newer in zip(reversed(paths[1:]), reversed(paths[:-1]), strict=True):
                if newer.exists():
                    newer.rename(older)
        self.rotations += 1

    def _all_paths(self) -> list[Path]:
        """Newest first."""
        return [self.path, *(self.path.with_name(f"{self.path.name}.{n}") for n in range(1, self.files))]

    # reading

    def reader(self, tail: int | None = None) -> Reader:
        return Reader(self, tail)


class Reader:
    """Reads records from some way back up to now; `read` again later goes on where it stopped."""

    def __init__(self, store: LogStore, tail: int | None) -> None:
        self._store = store
        self._rotations = store.rotations
        self._older: list[BinaryIO] = []
        self._current: BinaryIO | None = None
        self._skip_lines = 0
        self._open_files()
        if tail is not None:
            self._seek_back(tail)

    def _open_files(self) -> None:
        files = []
        for path in reversed(self._store._all_paths()):
            try:
                files.append(open(path, "rb"))  # noqa: SIM115 closed by close()
            except FileNotFoundError:
                continue
        self._older, self._current = files[:-1], files[-1] if files else None
        if files and not self._store.path.exists():
            self._older, self._current = files, None

    def close(self) -> None:
        for file in [*self._older, *([self._current] if self._current else [])]:
            file.close()
        self._older, self._current = [], None

    def _seek_back(self, wanted: int) -> None:
        found = 0
        files = [*self._older, *([self._current] if self._current else [])]
        for index in range(len(files) - 1, -1, -1):
            file = files[index]
            position = file.seek(0, os.SEEK_END)
            while position and found < wanted:
                file.seek(position - _TAIL.size)
                (size,) = _TAIL.unpack(file.read(_TAIL.size))
                position -= size
                file.seek(position)
                _, stream, lines, length = _HEAD.unpack(file.read(_HEAD.size))
                if stream & PARTIAL:
                    continue
                if lines == 0 and length:
                    lines = 1  # the last line of a run, without an end
                found += lines
            file.seek(position)
            if found >= wanted:
                for other in files[:index]:
                    other.close()
                self._older = [other for other in self._older if not other.closed]
                break
        self._skip_lines = max(0, found - wanted)
        if wanted == 0:
            for file in files:
                file.seek(0, os.SEEK_END)
            self._skip_lines = 0

    def read(self) -> Iterator[Record]:
        while True:
            if not self._older and self._current is None:
                self._reopen()
            file = self._older[0] if self._older else self._current
            if file is None:
                return
            record = self._next(file)
            if record is not None:
                if self._skip_lines:
                    record = self._without_skipped(record)
                if record is not None:
                    yield record
                continue
            if self._older:
                self._older.pop(0).close()
            elif self._rotations != self._store.rotations:
                self._reopen()
            else:
                return

    def _reopen(self) -> None:
        """The file being read was rotated: what came after it is in the newer ones."""
        missed = min(self._store.rotations - self._rotations, self._store.files) - 1
        self._rotations = self._store.rotations
        if self._current:
            self._current.close()
        self._older, self._current = [], None
        paths = self._store._all_paths()
        for path in [*reversed(paths[1 : max(0, missed) + 1]), paths[0]]:
            try:
                file = open(path, "rb")  # noqa: SIM115 closed by close()
            except FileNotFoundError:
                continue
            if path is paths[0]:
                self._current = file
            else:
                self._older.append(file)

    def _next(self, file: BinaryIO) -> Record | None:
        start = file.tell()
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            file.seek(start)
            return None
        when, stream, _, length = _HEAD.unpack(head)
        rest = file.read(length + _TAIL.size)
        if len(rest) < length + _TAIL.size:
            file.seek(start)
            return None
        return Record(when, stream & ~PARTIAL, bool(stream & PARTIAL), rest[:length])

    def _without_skipped(self, record: Record) -> Record | None:
        lines = _split(record.data)
        dropped = min(self._skip_lines, len(lines))
        if record.partial:
            return None
        self._skip_lines -= dropped
        rest = b"".join(lines[dropped:])
        return Record(record.time, record.stream, record.partial, rest) if rest else None
