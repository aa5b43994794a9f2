"""Bodies in chunks: whatever way they arrive, the same comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockermagic.chunked import LONGEST, Chunked

PARTS = st.lists(
    st.binary(min_size=1, max_size=40) | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"\n", b"\r"]), max_size=8
)
LAST = [b"0\r\n\r\n", b"000;name=value\r\n\r\n", b"0\r\nDigest: x\r\nA: b\r\n\r\n"]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def fed(data: bytes, size: int) -> tuple[bytes, Chunked]:
    chunked = Chunked()
    return b"".join(chunked.feed(data[at : at + size]) for at in range(0, len(data), size)), chunked


@given(PARTS, st.integers(1, 60), st.sampled_from(LAST))
def test_cut_anywhere_the_payload_is_the_same(parts, size, last):
    body, chunked = fed(b"".join(map(chunk, parts)) + last, size)
    assert body == b"".join(parts)
    assert (chunked.ended, chunked.beyond) == (True, 0)


@given(PARTS, st.integers(1, 60), st.sampled_from(LAST), st.integers(1, 5))
def test_one_that_is_cut_off_has_not_ended(parts, size, last, short):
    data = b"".join(map(chunk, parts)) + last
    body, chunked = fed(data[:-short], size)
    assert b"".join(parts).startswith(body)
    assert not chunked.ended


def test_payload_comes_before_its_chunk_is_whole():
    chunked = Chunked()
    assert chunked.feed(b"ff\r\nabc") == b"abc"
    assert chunked.feed(b"def") == b"def"


@pytest.mark.parametrize("line", [b"5 ", b"5\t;a=b", b"05", b"5;a"])
def test_a_size_may_have_more_on_its_line(line):
    assert fed(line + b"\r\nhello\r\n" + LAST[0], 100)[0] == b"hello"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_comes_behind_the_end_is_counted(size):
    body, chunked = fed(chunk(b"x") + LAST[2] + b"HTTP/1.1 200 OK", size)
    assert (body, chunked.ended, chunked.beyond) == (b"x", True, 15)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\nx\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"1_0\r\n0123456789abcdef\r\n",
        b" 5\r\nhello\r\n",
        b"g\r\n",
        b"<html>\r\n",
        b"ffffffffffffffff\r\nx",
        b"5\nhello\r\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhello\n\n",
        b"1" * LONGEST,
        b"0\r\n" + b"x" * (LONGEST + 1),
        b"0\r\n" + b"name: value\r\n" * 9000,
    ],
    ids=lambda data: repr(data[:20]),
)
@pytest.mark.parametrize("parts", [1, 7, 30])
def test_what_is_no_chunk_is_refused(data, parts):
    with pytest.raises(ValueError, match=r"chunk|trailers"):
        fed(data, -(-len(data) // parts))
