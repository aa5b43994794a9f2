"""Request, Reply, Exchange."""

from __future__ import annotations

import pytest

from dockermagic.errors import NotJson
from dockermagic.exchange import KEPT, SAMPLED, Exchange, Reply, Request, duration, size
from dockermagic.frames import Piece


def answered(*chunks: bytes, status: int = 200, reason: str = "OK", headers=None) -> Exchange:
    exchange = Exchange(Request("GET", "/v1.51/info"), "unix:///e")
    return exchange.answered(Reply(status, reason, headers or {}, iter(chunks)))


@pytest.mark.parametrize(
    ("query", "target", "readable"),
    [
        ((), "/x", "/x"),
        ((("all", "1"),), "/x?all=1", "/x?all=1"),
        ((("a", "1 2"), ("b", "c&d=e")), "/x?a=1%202&b=c%26d%3De", "/x?a=1 2&b=c&d=e"),
        ((("filters", '{"name":["中"]}'),), "/x?filters=%7B%22name%22%3A%5B%22%E4%B8%AD%22%5D%7D", None),
        ((("plus", "1+1"), ("percent", "%41")), "/x?plus=1%2B1&percent=%2541", "/x?plus=1+1&percent=%41"),
        ((("flag", ""),), "/x?flag=", "/x?flag"),
        ((("a", "1"), ("a", "2")), "/x?a=1&a=2", "/x?a=1&a=2"),
    ],
)
def test_the_target(query, target, readable):
    request = Request("GET", "/x", query)
    assert request.target == target
    assert readable is None or request.readable == readable


def test_the_body_is_read_once_and_counted():
    exchange = answered(b"abc", b"", b"de")
    assert exchange.read() == b"abcde"
    assert exchange.received == 5
    assert exchange.kept == b"abcde"
    assert exchange.read() == b""


def test_what_is_kept_has_an_end():
    exchange = answered(*[b"x" * 10_000] * 20)
    assert sum(len(chunk) for chunk in exchange.chunks()) == 200_000
    assert len(exchange.kept) == KEPT
    assert exchange.received == 200_000


def test_the_sample_of_frames_has_an_end():
    exchange = answered()
    for _ in range(3):
        exchange.sample([Piece("stdout", b"x")] * (SAMPLED - 50))
    assert len(exchange.pieces) == SAMPLED


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff", b"[" * 100_000])
def test_what_is_no_json(body):
    with pytest.raises(NotJson, match="no JSON") as caught:
        answered(body).json()
    assert caught.value.exchange.received == len(body)


@pytest.mark.parametrize(("body", "value"), [(b"null", None), (b"[]", []), ('{"名":1}'.encode(), {"名": 1})])
def test_json(body, value):
    assert answered(body).json() == value


def test_the_line():
    exchange = answered(b"x" * 2100)
    exchange.read()
    exchange.seconds = 0.003
    assert exchange.line == "GET /v1.51/info → 200 OK · 3 ms · 2.1 kB"
    assert "2.1 kB" in repr(exchange)
    assert Exchange(Request("GET", "/info"), "unix:///e").line == "GET /info → no answer"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0034, "3 ms"), (0.9, "900 ms"), (1.44, "1.4 s"), (59.9, "59.9 s"), (125, "2 min 05 s")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2100, "2.1 kB"), (10**9, "1.0 GB"), (5 * 10**12, "5.0 TB")],
)
def test_size(count, text):
    assert size(count) == text
