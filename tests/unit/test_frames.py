"""The stream formats, whatever pieces they arrive in."""

from __future__ import annotations

import pytest
from fake_engine import frame
from hypothesis import example, given
from hypothesis import strategies as st

from dockermagic import frames
from dockermagic.frames import MULTIPLEXED, RAW, Demultiplexer, Lines, Piece, Unframed, decoder

STREAMS = st.sampled_from([0, 1, 2])
PAYLOADS = st.binary(max_size=40) | st.text(alphabet="ab\n\r中", max_size=20).map(str.encode)
SEQUENCES = st.lists(st.tuples(STREAMS, PAYLOADS), max_size=8)
CUTS = st.lists(st.integers(0, 400), max_size=12)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({min(cut, len(data)) for cut in cuts})
    return [data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True)]


def fed(chunks: list[bytes]) -> list[Piece]:
    demultiplexer = Demultiplexer()
    found = [piece for chunk in chunks for piece in demultiplexer.feed(chunk)]
    assert demultiplexer.pending == 0
    return found


def lines_of(pieces: list[Piece]) -> list[tuple[str, str]]:
    lines = Lines()
    return [line for piece in pieces for line in lines.feed([piece])] + list(lines.flush())


@given(SEQUENCES, CUTS)
def test_any_split_gives_the_same_pieces(sequence, cuts):
    data = b"".join(frame(payload, stream) for stream, payload in sequence)
    expected = [Piece(frames.STREAMS[stream], payload) for stream, payload in sequence]
    assert fed(pieces_of(data, cuts)) == expected


def test_cut_at_every_byte():
    data = frame(b"one\ntwo") + frame(b"oops\n", 2) + frame(b"") + frame("中文\n".encode())
    whole = fed([data])
    for at in range(len(data) + 1):
        assert fed([data[:at], data[at:]]) == whole
    assert fed([data[at : at + 1] for at in range(len(data))]) == whole


@pytest.mark.parametrize("at", range(1, 12))
def test_what_still_lacks_its_end_is_pending(at):
    demultiplexer = Demultiplexer()
    assert demultiplexer.feed(frame(b"abcd")[:at]) == []
    assert demultiplexer.pending == at


@pytest.mark.parametrize(
    "head",
    [
        b"\3\0\0\0\0\0\0\1x",
        b"\1\1\0\0\0\0\0\1x",
        b"\1\0\0\7\0\0\0\1x",
        b"\1\0\0\0\xff\xff\xff\xffx",
        b"HTTP/1.1 200 OK",
        b"plain text that a terminal shows",
    ],
)
def test_what_is_no_frame(head):
    with pytest.raises(ValueError, match="no stream frame starts with"):
        Demultiplexer().feed(head)


def test_a_line_of_a_megabyte_in_frames_of_sixteen_kilobytes():
    line = "0123456789中".encode() * 100_000
    data = b"".join(frame(line[at : at + 16384]) for at in range(0, len(line), 16384)) + frame(b"\nnext\n")
    chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    assert lines_of(fed(chunks)) == [("stdout", line.decode()), ("stdout", "next")]


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([(1, b"one\ntwo\n")], [("stdout", "one"), ("stdout", "two")]),
        ([(1, b"o"), (1, b"ne\nt"), (1, b"wo\n")], [("stdout", "one"), ("stdout", "two")]),
        ([(1, b"half"), (2, b"err\n"), (1, b" done\n")], [("stderr", "err"), ("stdout", "half done")]),
        ([(1, b"no end")], [("stdout", "no end")]),
        ([(1, b"\n\n")], [("stdout", ""), ("stdout", "")]),
        ([(1, b"")], []),
        ([(1, b"a\n"), (1, b"")], [("stdout", "a")]),
        ([(1, b"\r\na\r\n")], [("stdout", ""), ("stdout", "a")]),
        ([(1, b"50%\r100%\n")], [("stdout", "50%\r100%")]),
        ([(1, b"\xff\xfe ok\n")], [("stdout", "\\xff\\xfe ok")]),
        ([(1, "中".encode()[:1]), (1, "中".encode()[1:] + b"\n")], [("stdout", "中")]),
        ([(1, b"\x00\x1b[31m\n")], [("stdout", "\x00\x1b[31m")]),
    ],
)
def test_lines(payloads, expected):
    assert lines_of([Piece(frames.STREAMS[stream], data) for stream, data in payloads]) == expected


@given(SEQUENCES, CUTS)
@example([(1, b"")], [])
@example([(1, b"a\n"), (2, b""), (1, b"b")], [])
def test_each_stream_has_its_lines_whatever_the_split(sequence, cuts):
    data = b"".join(frame(payload, stream) for stream, payload in sequence)
    found = lines_of(fed(pieces_of(data, cuts)))
    for number, name in enumerate(frames.STREAMS):
        text = b"".join(payload for stream, payload in sequence if stream == number)
        lines = text.split(b"\n")
        lines = lines if lines[-1] else lines[:-1]
        expected = [line.decode("utf-8", "backslashreplace").removesuffix("\r") for line in lines]
        assert [line for stream, line in found if stream == name] == expected


@pytest.mark.parametrize(
    ("content_type", "tty", "kind"),
    [
        (MULTIPLEXED, None, Demultiplexer),
        (MULTIPLEXED, True, Demultiplexer),
        (f"{MULTIPLEXED}; charset=utf-8", None, Demultiplexer),
        (RAW, None, Unframed),
        (RAW, False, Demultiplexer),
        (RAW, True, Unframed),
        ("", True, Unframed),
        ("", False, Demultiplexer),
        ("", None, Demultiplexer),
        ("application/octet-stream", True, Unframed),
    ],
)
def test_decoder(content_type, tty, kind):
    assert isinstance(decoder(content_type, tty), kind)


def test_unframed():
    assert Unframed().feed(b"x") == [Piece("stdout", b"x")]
    assert Unframed().feed(b"") == []
    assert Unframed().pending == 0
