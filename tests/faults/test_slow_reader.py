"""Whoever reads an answer slowly makes the engine wait, not grow; and loses nothing."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from faultkit import Own
from practicekit import eventually

from dockermagic import streams
from dockermagic.locate import Surroundings
from dockermagic.session import Session

MB = 1 << 20
HUGE = "truncate -s 2G /huge; echo ready; exec sleep 1000"
FLOOD = "yes $(printf %01000d 7) | head -c 50000000"
LONG = f"{FLOOD}; echo; echo ready"
LATER = f"echo ready; sleep 2; {FLOOD}; exec sleep 1000"
IDLE = "echo ready; exec sleep 1000"
COUNTS = "seq 200000; exec sleep 1000"
"""It goes on: Docker 20.10 itself ends a log with its container, however far its reader is."""
ROOM = 24 * MB
"""What an engine may take besides, for its own ends: much less than any of these answers has."""


@dataclass(frozen=True)
class Held:
    """What an engine holds."""

    descriptors: int
    processes: frozenset[int]
    files: frozenset[Path]

    def __le__(self, other: Held) -> bool:
        fewer = self.descriptors <= other.descriptors
        return fewer and self.processes <= other.processes and self.files <= other.files


def held(own: Own) -> Held:
    process = psutil.Process(own.pid)
    children = frozenset(child.pid for child in process.children(recursive=True))
    return Held(process.num_fds(), children, frozenset(temporary(own)))


def temporary(own: Own) -> Iterator[Path]:
    """The files of an engine, but not those of containers, which these write themselves."""
    for folder, folders, files in os.walk(own.folder):
        folders[:] = set(folders) - {"containers", "overlay2", "vfs", "exec"}
        yield from (Path(folder) / file for file in files)


@contextmanager
def reading(own: Own, path: str, body: object = None) -> Iterator[socket.socket]:
    """A reader whose own buffer is small. With a body it posts."""
    data = b"" if body is None else json.dumps(body).encode()
    line = f"GET {path}" if body is None else f"POST {path}"
    head = f"{line} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as reader:
        reader.settimeout(20)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(own.host.removeprefix("unix://"))
        reader.sendall(head.encode() + data)
        yield reader


def an_exec(own: Own) -> tuple[str, object]:
    config = {"Cmd": ["sh", "-c", FLOOD], "AttachStdout": True}
    made = own.api.call("POST", "/containers/much/exec", json=config).json()["Id"]
    return f"/exec/{made}/start", {"Detach": False, "Tty": False}


def answer(path: str, body: object = None) -> Callable[[Own], tuple[str, object]]:
    return lambda own: (f"/containers/much{path}", body)


an_attach = answer("/attach?stream=1&stdout=1", {})
KEPT_BY_DOCKER = (an_attach, an_exec)
"""A connection that it keeps, though its reader has left, until the process ends that writes there."""


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        (HUGE, answer("/export")),
        (LONG, answer("/logs?stdout=1")),
        (LONG, answer("/logs?stdout=1&follow=1")),
        (LATER, an_attach),
        (IDLE, an_exec),
    ],
    ids=["export", "logs", "logs that are followed", "attach", "exec"],
)
def test_the_engine_waits_and_does_not_grow(own: Own, script: str, asked: Callable[[Own], tuple[str, object]]) -> None:
    own.make("much", script)
    eventually(lambda: "ready" in own.said("much"), "the container has written")
    before, process = held(own), psutil.Process(own.pid)
    size = process.memory_info().rss
    most = 0
    with reading(own, *asked(own)) as reader:
        for _ in range(50):
            assert reader.recv(4096)
            assert own.api.call("GET", "/containers/json", params={"all": "1"}).ok, "others are answered meanwhile"
            most = max(most, process.memory_info().rss)
            time.sleep(0.01)
    assert most - size < ROOM
    if not (own.api.name == "dockerd" and asked in KEPT_BY_DOCKER):
        eventually(lambda: held(own) <= before, f"nothing is left, of {before}")
    assert own.api.call("DELETE", "/containers/much", params={"force": "1"}).status_code == 204
    eventually(lambda: held(own) <= before, f"nothing is left, of {before}")


def test_our_own_client_loses_nothing(own: Own) -> None:
    own.make("counts", COUNTS)
    session = Session(around=Surroundings(env={"DOCKER_HOST": own.host}, home=Path("/nowhere"), uid=1))
    answer = session.call("logs", id="counts", stdout=True, follow=True, tail="all")
    come: list[str] = []
    for number, batch in enumerate(streams.lines(answer)):
        come += [line for _, line in batch]
        time.sleep(0.3 if number < 5 else 0)
        if come[-1] == "200000":
            answer.stop()
    session.close()
    assert come == [str(number) for number in range(1, 200001)]


EVENTS = 1300
"""More than an engine keeps for a reader that does not read, 1024, and what the socket takes."""


def test_events_that_are_not_read(own: Own) -> None:
    """What an engine keeps for such a reader has an end; who reads on hears what happens then."""
    own.make("much", IDLE)
    before, process = held(own), psutil.Process(own.pid)
    size = process.memory_info().rss

    def rename(old: str, new: str) -> None:
        assert own.api.call("POST", f"/containers/{old}/rename", params={"name": new}).status_code == 204

    with reading(own, "/events") as reader:
        assert b"200 OK" in reader.recv(4096)
        names = ["much", *(f"n{each}" for each in range(1, EVENTS + 1))]
        for old, new in itertools.pairwise(names):
            rename(old, new)
        assert process.memory_info().rss - size < ROOM
        heard = told_names(reader)
        assert heard == names[1 : len(heard) + 1], "none is missing before the first that is lost"
        assert 1000 < len(heard) < EVENTS
        rename(names[-1], "much")
        assert told_names(reader) == ["much"]
    eventually(lambda: held(own) <= before, f"nothing is left, of {before}")


def told_names(reader: socket.socket) -> list[str]:
    """The names that events tell, until there is none for a second."""
    reader.settimeout(1)
    told = b""
    with suppress(TimeoutError):
        while piece := reader.recv(65536):
            told += piece
    return re.findall(r'"name":"(\w+)"', told.decode())
