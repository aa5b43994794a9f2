"""logs: streams told apart, bounds, times, and whatever bytes a program writes."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pytest
from differences import quirk
from enginekit import Caller, Made, Magic, Python, until
from plain import Engine

from dockermagic import streams, tables
from dockermagic.endpoints import BY_NAME
from dockermagic.session import Session

COLUMNS = ["time", "stream", "line"]


def lines(frame: Any) -> list[tuple[str, str]]:
    assert list(frame.columns) == COLUMNS
    return list(zip(frame["stream"], frame["line"], strict=True))


@pytest.fixture(scope="module")
def both(shared: Made) -> str:
    """Wrote three lines to each stream, half a second between the pairs."""
    return shared.finished("for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.5; done")


def test_both_streams_by_default(by: Caller, both: str) -> None:
    frame = by("logs", id=both)
    found = lines(frame)
    assert [text for stream, text in found if stream == "stdout"] == ["out 1", "out 2", "out 3"]
    assert [text for stream, text in found if stream == "stderr"] == ["err 1", "err 2", "err 3"]
    assert isinstance(frame["stream"].dtype, pd.CategoricalDtype)
    assert list(frame["stream"].cat.categories) == ["stdout", "stderr"]
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    assert frame["time"].isna().all()
    assert frame["line"].dtype == "string"


@pytest.mark.parametrize(("name", "word"), [("stdout", "out"), ("stderr", "err")])
def test_one_stream(by: Caller, both: str, name: str, word: str) -> None:
    assert lines(by("logs", id=both, **{name: True})) == [(name, f"{word} {i}") for i in (1, 2, 3)]


def test_tail(by: Caller, both: str) -> None:
    assert len(by("logs", id=both, tail="2")) == 2
    assert len(by("logs", id=both, tail="0")) == 0
    assert len(by("logs", id=both, tail="all")) == 6


def test_a_hundred_lines_unless_told_otherwise(by: Caller, made: Made) -> None:
    name = made.finished("seq 1 250")
    assert [line for _, line in lines(by("logs", id=name))] == [str(i) for i in range(151, 251)]
    assert len(by("logs", id=name, tail="all")) == 250


def test_timestamps(by: Caller, both: str) -> None:
    frame = by("logs", id=both, timestamps=True)
    assert sorted(frame["line"]) == ["err 1", "err 2", "err 3", "out 1", "out 2", "out 3"]
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    out = frame[frame["stream"] == "stdout"]
    assert out["time"].is_monotonic_increasing
    assert abs(out["time"].iloc[0] - datetime.now(timezone.utc)) < pd.Timedelta(hours=1)
    apart = out["time"].diff().dropna()
    assert (apart > pd.Timedelta(milliseconds=400)).all()


def test_since_and_until(by: Caller, both: str) -> None:
    times = by("logs", id=both, timestamps=True, stdout=True)["time"]
    middle = (times[0] + (times[1] - times[0]) / 2).isoformat()
    late = (times[1] + (times[2] - times[1]) / 2).isoformat()
    since, until_ = moment(middle), moment(late)
    assert lines(by("logs", id=both, stdout=True, since=since)) == [("stdout", "out 2"), ("stdout", "out 3")]
    assert lines(by("logs", id=both, stdout=True, until=until_)) == [("stdout", "out 1"), ("stdout", "out 2")]
    assert lines(by("logs", id=both, stdout=True, since=since, until=until_)) == [("stdout", "out 2")]


def moment(text: str) -> str:
    from dockermagic.arguments import moment

    return moment(text)


def test_since_as_a_person_writes_it(magic: Magic, both: str) -> None:
    assert len(magic.run(f"%docker logs {both} --since 2h")) == 6
    assert len(magic.run(f"%docker logs {both} --until 2h")) == 0
    assert len(magic.run(f"%docker logs {both} --since 2020-01-01T00:00:00Z")) == 6
    assert len(magic.run(f"%docker logs {both} --since 2099-01-01")) == 0


def test_details(by: Caller, made: Made) -> None:
    name = made.finished("echo one")
    found = lines(by("logs", id=name, details=True))
    assert [(stream, text.strip()) for stream, text in found] == [("stdout", "one")]


def test_an_empty_log_keeps_columns_and_dtypes(by: Caller, made: Made) -> None:
    frame = by("logs", id=made.finished("true"))
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert frame["time"].dtype == "datetime64[ns, UTC]"
    assert list(frame["stream"].cat.categories) == ["stdout", "stderr"]


def test_a_terminal_is_one_stream(by: Caller, made: Made) -> None:
    name = made.finished("echo out; echo err >&2; printf 'no newline'", Tty=True)
    assert lines(by("logs", id=name)) == [("stdout", "out"), ("stdout", "err"), ("stdout", "no newline")]


ODD = [
    ("no newline at the end", "printf 'a\\nb'", ["a", "b"]),
    ("empty lines", "printf '\\n\\nx\\n\\n'", ["", "", "x", ""]),
    ("Chinese", "echo 你好，世界 🐳", ["你好，世界 🐳"]),
    ("a zero byte", r"printf 'a\000b\n'", ["a\0b"]),
    ("carriage returns", r"printf 'a\r\nb\rc\n'", ["a", "b\rc"]),
    ("colours", r"printf '\033[31mred\033[0m\n'", ["\033[31mred\033[0m"]),
    ("what looks like a header", r"printf '\001\000\000\000\000\000\000\003abc\n'", ["\1\0\0\0\0\0\0\3abc"]),
]


@pytest.mark.parametrize(("script", "wanted"), [odd[1:] for odd in ODD], ids=[odd[0] for odd in ODD])
def test_whatever_it_writes(by: Caller, made: Made, script: str, wanted: list[str]) -> None:
    found = lines(by("logs", id=made.finished(script)))
    assert found == [("stdout", line) for line in wanted]


ALL_BYTES = bytes(range(256))
EVERY_BYTE = r"i=0; while [ $i -lt 256 ]; do printf \\$(printf %03o $i); i=$((i+1)); done"


def test_bytes_that_are_no_text(by: Caller, made: Made) -> None:
    """Docker's usual log driver replaces what is no UTF-8; its driver `local`, and Podman, keep every byte."""
    name = made.finished(EVERY_BYTE)
    way = "replace" if quirk("logs: no UTF-8 becomes U+FFFD", by.session.engine.name) else "backslashreplace"
    assert lines(by("logs", id=name)) == [("stdout", part.decode("utf-8", way)) for part in ALL_BYTES.split(b"\n")]


def test_bytes_that_are_no_text_and_are_kept(by: Caller, made: Made) -> None:
    if not quirk("logs: no UTF-8 becomes U+FFFD", by.session.engine.name):
        pytest.skip("this engine's usual log driver keeps every byte")
    name = made.finished(EVERY_BYTE, HostConfig={"LogConfig": {"Type": "local"}})
    parts = [part.decode("utf-8", "backslashreplace") for part in ALL_BYTES.split(b"\n")]
    assert lines(by("logs", id=name)) == [("stdout", part) for part in parts]
    assert "\\xff" in parts[-1]


@pytest.mark.parametrize("tty", [False, True], ids=["framed", "terminal"])
def test_a_line_of_a_megabyte(by: Caller, made: Made, tty: bool) -> None:
    count = 1_000_000
    name = made.finished(f"head -c {count} /dev/zero | tr '\\0' x; echo; echo after", Tty=tty)
    found = lines(by("logs", id=name, tail="all"))
    assert [(stream, len(text)) for stream, text in found] == [("stdout", count), ("stdout", len("after"))]
    assert set(found[0][1]) == {"x"}


def test_a_character_cut_between_two_pieces(by: Caller, made: Made) -> None:
    name = made.finished(r"printf '\344\275'; sleep 0.3; printf '\240\n'")
    assert lines(by("logs", id=name)) == [("stdout", "你")]


def test_the_first_frames_are_kept_for_last(by: Caller, both: str) -> None:
    by("logs", id=both)
    assert {piece.stream for piece in by.last.pieces} == {"stdout", "stderr"}
    assert b"".join(piece.data for piece in by.last.pieces if piece.stream == "stderr") == b"err 1\nerr 2\nerr 3\n"


def test_follow_comes_to_an_end_with_the_container(by: Caller, made: Made) -> None:
    name = made("echo first; sleep 1; echo second")
    assert lines(by("logs", id=name, follow=True)) == [("stdout", "first"), ("stdout", "second")]


def test_follow_shows_a_line_while_the_container_runs(session: Session, made: Made, engine: Engine) -> None:
    """The container ends only after its first line has been seen, so a line that comes late never comes."""
    name = made("trap 'echo bye; exit 0' HUP; echo first; while :; do sleep 0.1; done")
    seen: list[tuple[str, str]] = []
    killers: list[threading.Thread] = []

    def watch(_: str, batch: Any) -> None:
        seen.extend(batch)
        if not killers:
            killers.append(threading.Thread(target=engine.call, args=("POST", f"/containers/{name}/kill?signal=HUP")))
            killers[0].start()

    values = {"id": name, "follow": True}
    exchange = session.call("logs", values)
    frame = tables.value(BY_NAME["logs"], exchange, tables.Wanted(values=values, tty=lambda answer: False, lines=watch))
    killers[0].join()
    assert seen == lines(frame) == [("stdout", "first"), ("stdout", "bye")]


def test_follow_at_a_prompt_prints_the_lines(magic: Magic, made: Made) -> None:
    name = made("echo one; echo two >&2; sleep 0.5")
    frame = magic("logs", id=name, follow=True)
    assert "   │one" in magic.text
    assert "err│two" in magic.text
    assert len(frame) == 2


def test_python_reads_the_lines_as_they_come(session: Session, both: str) -> None:
    exchange = session.call("logs", id=both)
    batches = list(streams.lines(exchange, lambda: False))
    assert sum(map(len, batches)) == 6


def test_restarted_container_keeps_its_log(by: Caller, made: Made) -> None:
    name = made("echo up; while :; do sleep 0.1; done")
    until(lambda: b"up" in made.log(name), "it is up")
    by("restart", id=name, t=0)
    until(lambda: made.log(name).count(b"up") == 2, "it is up again")
    assert lines(by("logs", id=name)) == [("stdout", "up")] * 2


def test_a_log_is_shown_as_a_terminal(magic: Magic, both: str) -> None:
    frame = magic("logs", id=both)
    text = magic.shell.display_formatter.format(frame)[0]
    assert "err│err 3" in text["text/plain"]
    assert "<pre" in text["text/html"]
    assert isinstance(Python(magic.session)("logs", id=both), pd.DataFrame)
