"""Whatever is typed, and whatever an engine answers: a value, or one of our errors in at most three lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_engine import MULTIPLEXED, RAW, Answer, FakeEngine
from hostile import HOSTILE, quiet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shellkit import Shell

from dockermagic import arguments, errors, streams, tables
from dockermagic.commands import COMMANDS
from dockermagic.endpoints import ENDPOINTS, METHODS
from dockermagic.exchange import Exchange, Reply, Request
from dockermagic.tables import Wanted

LEFT_OUT = {"connect"}  # with the word `practice` it starts a process
NAMES = sorted({row.name for row in (*ENDPOINTS, *COMMANDS)} - LEFT_OUT) + sorted(METHODS)
OPTIONS = sorted(
    {param.option for row in ENDPOINTS for param in (*row.query, *row.local, *arguments.COMMON)}
    - {"--output", "--input"}
)
PIECES = st.one_of(
    st.sampled_from(OPTIONS),
    st.sampled_from(HOSTILE),
    st.sampled_from("web --help ? -- - = --=x 'it's \" \\ $x {x} {} | > & # ; /x json=1 a=b 10s -1 9e99 中".split()),
    st.text(max_size=8),
)
LINES = st.builds(
    lambda first, rest: " ".join([first, *rest]),
    st.one_of(st.sampled_from(NAMES), st.text(max_size=6).filter(lambda text: "connect" not in text)),
    st.lists(PIECES, max_size=5),
)
CELLS = st.one_of(
    st.none(), st.text(max_size=20), st.sampled_from(["{}", "[]", "null", '{"Image": 5}', "[" * 2000, "{'a': 1}"])
)
JSON: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["", "application/json", "text/plain", "text/html", "application/x-tar", MULTIPLEXED, RAW, "\x1b[31m", "x" * 5000]
)


@contextmanager
def or_told() -> Iterator[None]:
    """Nothing fails in it but with an error of ours, as short as errors are."""
    try:
        yield
    except errors.DockerMagicError as error:
        told(error.lines())


def told(lines: list[str]) -> None:
    assert 1 <= len(lines) <= 3
    assert [line for line in lines if "\n" in line] == []
    quiet("\n".join(lines))


@pytest.fixture
def anything(fake: FakeEngine, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    fake.otherwise = Answer(404, {"message": "no such thing"})
    yield shell
    assert list(tmp_path.iterdir()) == []


@given(LINES, CELLS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example("create busybox --env", None)
@example("GET", "[" * 100_000)
@example("list " + "-" * 100_000, None)
@example("logs " + "9" * 5000, None)
@example("logs web --tail " + "9" * 5000, None)
@example("list --filter " + "\x00", None)
def test_whatever_is_typed(anything: Shell, line: str, cell: str | None) -> None:
    with or_told():
        anything.magic.docker(line, cell)


def answered(body: bytes, kind: str) -> Exchange:
    exchange = Exchange(Request("GET", "/x"), "unix:///e")
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    return exchange.answered(Reply(200, "OK", {"content-type": kind} if kind else {}, iter(pieces)))


@given(
    st.sampled_from([row for row in ENDPOINTS if row.operation]),
    st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())),
    KINDS,
)
@settings(max_examples=1500)
def test_whatever_is_answered(row: Any, body: bytes, kind: str) -> None:
    values = {param.name: "a" for param in row.places}
    with or_told():
        tables.value(row, answered(body, kind), Wanted(values=values))


@given(st.binary(max_size=80), KINDS, st.sampled_from([streams.values, streams.lines, streams.pieces]))
@settings(max_examples=300)
def test_whatever_comes_on_a_stream(body: bytes, kind: str, read: Any) -> None:
    with or_told():
        list(read(answered(body, kind)))
