"""Ten million characters where an engine sends a name: what is shown has a bound, and the value keeps them all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fake_engine import MULTIPLEXED, Answer, FakeEngine, frame
from hostile import plain
from shellkit import Cell, Shell

from dockermagic import errors, frames, show

SIZE = 10_000_000
TEXT = "<b>\x1b[0m\n" * (SIZE // 8)
SHORT = 30_000
"""Characters of a table of a few rows, an error, a log or an exchange: each cell has 200, a line 4000."""
TREE = 2 * show.TREE
EVENT = {"Type": "container", "Action": "start", "time": 1, "timeNano": 1}
Taken = Callable[[Any], Any]


def log(text: str) -> Answer:
    return Answer(200, frame(text.encode()), {"Content-Type": MULTIPLEXED})


def event(text: str) -> Answer:
    actor = {"ID": text, "Attributes": {"name": text, text: text}}
    return Answer(200, json.dumps({**EVENT, "Action": text, "Actor": actor}).encode() + b"\n")


CALLS: dict[str, tuple[str, str, Callable[[str], Answer], int, Taken]] = {
    "a name": (
        "list", "/containers/json", lambda text: Answer(200, [{"Id": "a", "Names": [text]}]), SHORT,
        lambda value: value["name"][0],
    ),
    "a label": (
        "list", "/containers/json", lambda text: Answer(200, [{"Id": "a", "Labels": {text: text}}]), SHORT,
        lambda value: value["labels"][0].popitem()[1],
    ),
    "an image": (
        "images", "/images/json", lambda text: Answer(200, [{"Id": text, "RepoTags": [text]}]), SHORT,
        lambda value: value["tags"][0],
    ),
    "a text of inspect": (
        "inspect a", "/containers/a/json", lambda text: Answer(200, {"Id": text, text: [text]}), SHORT,
        lambda value: value["Id"],
    ),
    "a line of a log": ("logs a", "/containers/a/logs", log, SHORT, lambda value: "\n".join(value["line"])),
    "a title and a process of top": (
        "top a", "/containers/a/top", lambda text: Answer(200, {"Titles": ["PID", text], "Processes": [["1", text]]}),
        SHORT, lambda value: value.iloc[0, 1],
    ),
    "an event": ("events", "/events", event, SHORT, lambda value: value["action"][0]),
    "a text of another kind": (
        "GET /x", "/x", lambda text: Answer(200, text.encode(), {"Content-Type": "text/plain"}), SHORT,
        lambda value: value,
    ),
}  # fmt: skip


def all_of(shell: Shell, cell: Cell) -> list[dict[str, Any]]:
    """Every form of all that a cell showed."""
    formatted = [] if cell.value is None else [shell.ip.display_formatter.format(cell.value)[0]]
    return [{"text/plain": cell.text}, *cell.shown, *formatted]


def bounded(bundles: list[dict[str, Any]], most: int) -> None:
    for bundle in bundles:
        if most == SHORT:
            plain(bundle)
        for mime, found in bundle.items():
            length = len(found if isinstance(found, str) else json.dumps(found))
            assert length < (most if mime == "text/plain" else 4 * most), mime


@pytest.mark.parametrize("call", CALLS)
def test_what_is_shown_has_a_bound(shell: Shell, fake: FakeEngine, call: str) -> None:
    line, path, answer, most, taken = CALLS[call]
    fake.on("GET", path, answer(TEXT))
    cell = shell.run(f"%docker {line}")
    assert cell.error is None
    bounded(all_of(shell, cell), most)
    value = cell.value
    assert taken(value).rstrip("\n") == TEXT.rstrip("\n"), "the value keeps all of it"
    bounded(all_of(shell, shell.run("%docker last")), SHORT)


@pytest.mark.parametrize("body", ["json", "text"])
def test_an_error_has_a_bound(shell: Shell, fake: FakeEngine, body: str) -> None:
    said = {"message": TEXT} if body == "json" else TEXT.encode()
    fake.on("GET", "/containers/a/json", Answer(404, said))
    cell = shell.run("%docker inspect a")
    assert isinstance(cell.error, errors.NotFound)
    assert cell.error.what.rstrip() == TEXT.rstrip(), "the exception keeps all of it"
    assert len(cell.error.lines()) <= 3
    bounded(all_of(shell, cell), SHORT)


@pytest.mark.parametrize("found", [["x"] * 200_000, {str(key): {"a": "b"} for key in range(60_000)}], ids=["[]", "{}"])
def test_a_tree_of_many_branches_has_a_bound(shell: Shell, fake: FakeEngine, found: Any) -> None:
    fake.on("GET", "/containers/a/json", Answer(200, {"all": found}))
    cell = shell.run("%docker inspect a")
    bounded(all_of(shell, cell), TREE)
    assert "… and " in cell.text
    assert cell.value["all"] == found


@pytest.mark.parametrize("deep", [90, 300, 600, 900, 940, 960, 5000])
@pytest.mark.parametrize(
    ("line", "path"),
    [("inspect a", "/containers/a/json"), ("GET /x", "/x"), ("events", "/events"), ("list", "/containers/json")],
)
def test_a_tree_of_many_floors(shell: Shell, fake: FakeEngine, line: str, path: str, deep: int) -> None:
    """However deep: it is shown to a bound, or one of our errors tells."""
    fake.on("GET", path, Answer(200, b"[" * deep + b"]" * deep + b"\n", {"Content-Type": "application/json"}))
    for each in (shell.run(f"%docker {line}"), shell.run("%docker last")):
        assert each.error is None or isinstance(each.error, errors.DockerMagicError)
        assert "Traceback" not in each.text
        bounded(all_of(shell, each), SHORT)


def test_a_table_of_very_many_columns_is_none(shell: Shell, fake: FakeEngine) -> None:
    many = [str(number) for number in range(100_000)]
    fake.on("GET", "/containers/a/top", Answer(200, {"Titles": many, "Processes": [many]}))
    assert isinstance(shell.run("%docker top a").error, errors.ReplyError)


def test_no_stream_is_read_again_for_each_piece_of_it() -> None:
    """Or these would take hours: a long value in many pieces, and many values on one line."""
    lines, piece = frames.JsonLines(), b"x" * 100
    assert lines.feed(b'"') == []
    for _ in range(100_000):
        assert lines.feed(piece) == []
    assert lines.feed(b'"\n') == ["x" * len(piece) * 100_000]
    assert len(frames.values(b"{} " * 1_000_000)) == 1_000_000
