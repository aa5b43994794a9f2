"""A hostile engine forges no line of ours: heads of answers, what it says of itself, progress, messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_engine import VERSION, Answer, FakeEngine
from hostile import FORGED, HOSTILE, plain
from shellkit import Cell, Shell

from dockermagic import errors

HEADS = "Server Api-Version Docker-Experimental Ostype Builder-Version Content-Type Warning Location".split()
DRILL = "Practice-Drill"
MESSAGES = ["Downloading", "Extracting", "Pushing"]
NUMBERS = [-1, 0, 1e308, -1e308, 1 << 70, "1", None, True, [], {}, float("nan"), float("inf"), 0.5]


def of_a_head(text: str) -> bytes:
    """As it can stand in a head: no line break of HTTP; the rest byte by byte."""
    return text.replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogatepass")


def checked(shell: Shell, cell: Cell) -> None:
    """No form of what was shown acts or forges; no failure but ours, in three lines."""
    assert cell.error is None or isinstance(cell.error, errors.DockerMagicError), repr(cell.error)
    assert "Traceback" not in cell.text
    if cell.error is not None:
        assert len(cell.error.lines()) <= 3
    formatted = [] if cell.value is None else [shell.ip.display_formatter.format(cell.value)[0]]
    for bundle in ({"text/plain": cell.text}, *cell.shown, *formatted):
        plain(bundle)
    assert [line for line in cell.text.splitlines() if line.lstrip("→ ").startswith(FORGED)] == []


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("status", [200, 500])
def test_the_head_of_an_answer(shell: Shell, fake: FakeEngine, text: str, status: int) -> None:
    value = of_a_head(text)
    heads = b"".join(name.encode() + b": " + value + b"\r\n" for name in (*HEADS, DRILL))
    first, odd = b"HTTP/1.1 %d " % status + value + b"\r\nContent-Length: ", b"X-\x1b[31m: y\r\n"
    for method, path, line, body in (
        ("GET", "/_ping", "ping", b"OK"),
        ("POST", "/containers/a/start", "start a", b""),
        ("GET", "/containers/a/json", "inspect a", b"{}"),
        ("HEAD", "/containers/a/archive", "path_stat a /x", b""),
        ("GET", "/x", "GET /x", value),
    ):
        fake.on(method, path, Answer(verbatim=first + b"%d\r\n" % len(body) + heads + odd + b"\r\n" + body))
        checked(shell, shell.run(f"%docker {line}"))
        checked(shell, shell.run("%docker last"))


@pytest.mark.parametrize("long", ["reason", "header", "headers", "folded"])
def test_a_head_without_end(shell: Shell, fake: FakeEngine, long: str) -> None:
    reason = b"x" * 10_000_000 if long == "reason" else b"OK"
    more = {
        "header": b"X-A: " + b"x" * 10_000_000 + b"\r\n",
        "headers": b"X-A: x\r\n" * 100_000,
        "folded": b"X-A: a\r\n" + b" FORGED\r\n" * 50,
    }.get(long, b"")
    fake.on("GET", "/x", Answer(verbatim=b"HTTP/1.1 200 " + reason + b"\r\n" + more + b"Content-Length: 2\r\n\r\nOK"))
    checked(shell, shell.run("%docker GET /x"))
    checked(shell, shell.run("%docker last"))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_it_says_of_itself(shell: Shell, text: str) -> None:
    parts = {"Components": [{"Name": text, "Version": text, "Details": {"Isolation": text, text: text}}]}
    for version in (
        {**VERSION, **parts, "Version": text},
        {**VERSION, "ApiVersion": text},
        {**VERSION, "MinAPIVersion": f"1.99{text}"},
        {**VERSION, "Platform": {"Name": text}, "Os": text, "KernelVersion": text},
    ):
        engine = FakeEngine(version=version)
        try:
            checked(shell, shell.run(f"%docker connect {engine.host}"))
            checked(shell, shell.run("%docker version"))
            checked(shell, shell.run("%docker doctor"))
        finally:
            engine.close()


def told(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\r\n" for value in values)


@pytest.mark.parametrize("text", HOSTILE)
def test_progress_and_messages(shell: Shell, fake: FakeEngine, text: str) -> None:
    moves = [
        {"id": text, "status": word, "progress": text, "progressDetail": {"current": 5, "total": 9}}
        for word in (*MESSAGES, text)
    ]
    for last in (
        {"status": text},
        {"stream": text},
        {"aux": {text: text}},
        {"error": text, "errorDetail": {"message": text}},
    ):
        fake.on("POST", "/images/create", Answer(200, told(*moves, last), {"Content-Type": "application/json"}))
        checked(shell, shell.run("%docker pull busybox"))
        checked(shell, shell.run("%docker last"))


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("key", ["current", "total"])
def test_progress_of_numbers_that_are_none(shell: Shell, fake: FakeEngine, number: Any, key: str) -> None:
    detail = {"current": 5, "total": 9, key: number}
    body = told({"id": "a", "status": "Downloading", "progressDetail": detail}, {"id": "a", "status": "Pull complete"})
    fake.on("POST", "/images/create", Answer(200, body, {"Content-Type": "application/json"}))
    checked(shell, shell.run("%docker pull busybox"))


@pytest.mark.parametrize("length", ["-5", "x", "9" * 30, "1e3", "\x1b[31m5"])
def test_a_length_that_is_none(shell: Shell, fake: FakeEngine, length: str, tmp_path: Any) -> None:
    """The bar of a transfer goes by what has come, whatever was promised."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Length: {length}\r\n\r\n"
    fake.on("GET", "/containers/a/export", Answer(verbatim=head.encode() + bytes(1024)))
    checked(shell, shell.run(f"%docker export a --output {tmp_path}/a.tar"))
    checked(shell, shell.run("%docker export a"))
