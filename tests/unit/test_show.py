"""What is displayed: readable with no CSS, and nothing in a foreign text acts."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest
from fake_engine import MULTIPLEXED, frame
from hostile import HOSTILE, Page, harmless, quiet

from dockermagic import safe, show, tables
from dockermagic.endpoints import BY_NAME, ENDPOINTS
from dockermagic.exchange import Exchange, Reply, Request
from dockermagic.frames import Piece
from dockermagic.session import Settings
from dockermagic.tables import Wanted


def answered(body: bytes, *, path: str = "/x", **headers: str) -> Exchange:
    exchange = Exchange(Request("GET", path), "unix:///e")
    return exchange.answered(Reply(200, "OK", headers, iter([body])))


def value(name: str, found: Any, **values: Any) -> pd.DataFrame:
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    head = {"content-type": MULTIPLEXED} if isinstance(found, bytes) else {}
    return tables.value(BY_NAME[name], answered(body, **head), Wanted(values=values))


@pytest.fixture
def frames() -> show.Frames:
    return show.Frames(Settings())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_containers(frames, text):
    found = value(
        "list",
        [
            {
                "Id": text,
                "Names": [text],
                "Image": text,
                "Command": text,
                "Status": text,
                "State": text,
                "Labels": {text: text},
            }
        ],
    )
    page = harmless(frames.html(found))
    assert page.tags.count("tr") == 2
    assert page.tags.count("td") == page.tags.count("th") == 9
    assert safe.visible(text) in page.text
    plain = frames.plain(found)
    quiet(plain)
    assert len(plain.splitlines()) == 3
    assert safe.visible(text) in plain


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_of_top(frames, text):
    found = value("top", {"Titles": [text, "CMD"], "Processes": [[text, text]]})
    assert harmless(frames.html(found)).tags.count("td") == 2
    plain = frames.plain(found)
    quiet(plain)
    assert len(plain.splitlines()) == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_lines_of_a_log(frames, text):
    found = value("logs", frame(text.encode() + b"\n", 2))
    lines = text.replace("\r\n", "\n").count("\n") + 1
    assert len(found) == lines
    page = harmless(frames.html(found))
    assert set(page.tags) == {"pre", "p"}
    plain = frames.plain(found)
    quiet(plain)
    assert len(plain.splitlines()) == lines + 1
    assert all(line.startswith("err│") for line in plain.splitlines()[:-1])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_trees(text):
    for tree in (show.dressed({text: text, "deep": [{text: [text]}]}), show.dressed([text, {text: None}])):
        bundle = tree._repr_mimebundle_()
        harmless(bundle["text/html"])
        quiet(show.pretty(tree))
        assert bundle["application/json"] == tree


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_exchanges(text):
    exchange = answered(
        json.dumps({text: text}).encode(), path=f"/{text}", **{"content-type": "application/json", "x-odd": text}
    )
    curl = text.replace("\n", " ")  # ours, as the body that is sent: their line breaks are meant
    exchange.request = Request("POST", f"/{text}", ((text, text),), (("X-A", text),), curl.encode())
    exchange.reason = text
    exchange.read()
    for bundle in (show.whole(exchange, curl), show.Line(exchange, curl, [text])._repr_mimebundle_()):
        harmless(bundle["text/html"])
        quiet(bundle["text/plain"])
    exchange.pieces = [Piece("stderr", text.encode())]
    bundle = show.whole(exchange, curl)
    harmless(bundle["text/html"])
    quiet(bundle["text/plain"])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_notes_code_and_pages(text):
    harmless(show.Notes(text)._repr_mimebundle_()["text/html"])
    quiet(show.Notes(text)._repr_mimebundle_()["text/plain"])
    harmless(show.Code(text.replace("\n", " "))._repr_html_())
    harmless(show.Page(text, text, (text, (text, text), [(text, text)]))._repr_mimebundle_()["text/html"])


@pytest.mark.parametrize("text", [text for text in HOSTILE if "$" in text or "\\" in text])
def test_mathjax_finds_no_formula(frames, text):
    html = frames.html(value("list", [{"Names": [text]}]))
    assert "$E" not in html
    assert "\\(" not in html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc 中文 é", "abc 中文 é"),
        ("\x1b[0m", "␛[0m"),
        ("a\nb", "a␊b"),
        ("\x00\x7f", "␀␡"),
        ("\u202e", "\\u202e"),
        ("\x9b", "\\u009b"),
        ("a\tb", "a\tb"),
        ("a\u00a0b", "a\u00a0b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_visible(text, shown):
    assert safe.visible(text) == shown


@pytest.mark.parametrize(
    ("name", "found", "caption"),
    [
        ("list", [], "0 containers"),
        ("list", [{}], "1 container"),
        ("images", [{}, {}], "2 images"),
        ("top", {"Titles": ["PID"], "Processes": [["1"]]}, "1 process"),
        ("top", {"Titles": ["PID"], "Processes": [["1"], ["2"]]}, "2 processes"),
        ("logs", frame(b"a\n"), "1 line"),
        ("logs", b"", "0 lines"),
    ],
)
def test_the_caption(frames, name, found, caption):
    table = value(name, found)
    assert show.captioned(table) == caption
    assert caption in frames.html(table)
    assert f"({caption})" in frames.plain(table)


def test_a_table_reads_well_without_css(frames):
    found = value("list", [{"Id": "a" * 64, "Names": ["/web"], "Created": 1769860800}], size=True)
    html = frames.html(found)
    assert html.startswith("<table><caption")
    assert html.count('scope="col"') == html.count("<th ") == 11
    assert "<script" not in html
    assert "class=" not in html
    page = Page(html)
    assert "a" * 12 in page.text
    assert "a" * 13 not in page.text
    assert "created (UTC)" in page.text
    assert "2026-01-31 12:00:00" in page.text
    assert list(found.id) == ["a" * 64]


def test_more_rows_than_are_shown_are_counted():
    frames = show.Frames(Settings(rows=2, lines=3))
    found = value("list", [{}] * 5)
    assert "and 3 more rows" in frames.html(found)
    assert "and 3 more rows" in frames.plain(found)
    lines = value("logs", frame(b"".join(b"%d\n" % number for number in range(10))))
    plain = frames.plain(lines)
    assert "7 lines before these" in plain
    assert plain.splitlines()[-2].endswith("9")
    assert "   │6" not in plain


def test_a_long_line_is_cut_and_says_so(frames):
    found = value("logs", frame(b"x" * 1_000_000 + b"\n"))
    assert "(1000000 characters)" in frames.plain(found)
    assert len(frames.html(found)) < 10_000
    assert len(found.line[0]) == 1_000_000


def test_times_of_a_log_are_shown(frames):
    found = value("logs", frame(b"2026-01-31T12:00:00.5Z one\n"), timestamps=True)
    assert "   │2026-01-31T12:00:00.500000Z one" in frames.plain(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[["name"]],
        lambda frame: frame.rename(columns={"name": "called"}),
        lambda frame: frame.sort_values("name").head(1),
        lambda frame: frame.assign(extra=[None, 1.5], more=pd.array([pd.NA, 1], dtype="Int64")),
        lambda frame: frame.reindex([0, 5]),
        lambda frame: pd.concat([frame, frame.assign(new="x")]),
        lambda frame: frame.set_index("name"),
        lambda frame: frame.iloc[:0],
        lambda frame: frame.T,
        lambda frame: frame.drop(columns=list(frame.columns)),
    ],
)
def test_a_frame_of_ours_that_was_changed_is_still_shown(frames, change):
    changed = change(value("list", [{"Names": ["/web"], "Labels": {"a": ""}}, {"Names": ["/db"]}]))
    harmless(frames.html(changed))
    quiet(frames.plain(changed))


def test_a_log_that_was_changed_is_still_shown(frames):
    found = value("logs", frame(b"one\ntwo\n"))
    for changed in (found[["line"]], found[found.line == "none"], found.drop(columns=["time"]), found.reindex([0, 7])):
        harmless(frames.html(changed))
        quiet(frames.plain(changed))


def test_columns_line_up_where_characters_are_wide(frames):
    found = value("top", {"Titles": ["A", "B"], "Processes": [["中文", "x"], ["ab", "y"]]})
    lines = frames.plain(found).splitlines()
    assert lines[:3] == ["A     B", "中文  x", "ab    y"]
    assert safe.width("中a") == 3


def test_foreign_frames_are_left_alone(shell, fake):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, []))
    formatter = shell.ip.display_formatter
    foreign = pd.DataFrame({"a": [1, 2], "b": ["<b>", "y"]})
    html, plain = foreign._repr_html_(), repr(foreign)
    for _ in range(3):
        assert shell.run("ours = %docker list").error is None
        data, _ = formatter.format(foreign)
        assert data["text/html"] == html
        assert data["text/plain"] == plain
    assert formatter.format(shell.names["ours"])[0]["text/html"].startswith("<table><caption")
    with pd.option_context("display.notebook_repr_html", False):
        assert "text/html" not in formatter.format(foreign)[0]


def test_a_formatter_that_was_there_before_still_shows_the_others(shell, fake):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, []))
    formatters = shell.ip.display_formatter.formatters
    before = {mime: formatters[mime].for_type(pd.DataFrame) for mime in ("text/html", "text/plain")}
    formatters["text/html"].for_type(pd.DataFrame, lambda frame: "theirs")
    formatters["text/plain"].for_type(pd.DataFrame, lambda frame, printer, cycle: printer.text("theirs"))
    try:
        shell.run("ours = %docker list")
        shell.run("ours = %docker list")
        data, _ = shell.ip.display_formatter.format(pd.DataFrame({"a": [1]}))
        assert (data["text/html"], data["text/plain"]) == ("theirs", "theirs")
        assert "0 containers" in shell.ip.display_formatter.format(shell.names["ours"])[0]["text/html"]
    finally:
        for mime, each in before.items():
            formatters[mime].pop(pd.DataFrame, None)
            if each:
                formatters[mime].for_type(pd.DataFrame, each)


def test_both_forms_are_those_of_the_frame_as_it_is_now(shell, fake):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, [{"Id": "a", "Names": ["/web"]}]))
    shell.run("ours = %docker list")
    ours, format = shell.names["ours"], shell.ip.display_formatter.format
    looks = []
    look = shell.magic.frames._look
    shell.magic.frames._look = lambda frame: looks.append(frame) or look(frame)
    try:
        for name in ("web", "changed"):
            ours.loc[0, "name"] = name
            data, _ = format(ours)
            assert name in data["text/html"]
            assert name in data["text/plain"]
    finally:
        del shell.magic.frames._look
    assert len(looks) == 2, "one look gives both forms"
    assert format(ours, include=["text/plain"])[0].keys() == {"text/plain"}
    assert "text/plain" not in format(ours, exclude=["text/plain"])[0]


def test_bundles_of_others_are_theirs(shell, fake, monkeypatch):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, []))
    shell.run("ours = %docker list")
    monkeypatch.setattr(pd.DataFrame, "_repr_mimebundle_", lambda frame, **_: {"text/html": "theirs"}, raising=False)
    format = shell.ip.display_formatter.format
    assert format(pd.DataFrame({"a": [1]}))[0]["text/html"] == "theirs"
    assert "0 containers" in format(shell.names["ours"])[0]["text/html"]


def test_a_frame_in_a_list_is_shown_our_way_too(shell, fake):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, [{"Id": "a", "Names": ["/web\x1b[2J"]}]))
    shell.run("ours = %docker list")
    text = shell.ip.display_formatter.format([shell.names["ours"]])[0]["text/plain"]
    assert "web␛[2J" in text
    assert "(1 container)" in text


def test_where_bundles_are_off_the_text_is_there_all_the_same(shell, fake):
    from fake_engine import Answer

    fake.on("GET", "/containers/json", Answer(200, []))
    shell.run("ours = %docker list")
    formatter = shell.ip.display_formatter
    formatter.mimebundle_formatter.enabled = False
    try:
        assert "(0 containers)" in formatter.format(shell.names["ours"])[0]["text/plain"]
    finally:
        formatter.mimebundle_formatter.enabled = True


class Display:
    """Stands for IPython's `display`, and for the handle that it gives."""

    def __init__(self) -> None:
        self.first: list[Any] = []
        self.updates: list[Any] = []

    def __call__(self, data: Any, **options: Any) -> Any:
        self.first.append(data)
        return self if options.get("display_id") else None

    def update(self, data: Any, **_: Any) -> None:
        self.updates.append(data)


def test_live_lines_in_a_notebook_and_at_a_prompt(capsys):
    import sys

    display = Display()
    watch = show.Watch(display, True, Settings(lines=2), sys.stdout)
    for number in range(5):
        watch.lines("", [("stdout", f"line {number} <b>\x1b[0m")])
    watch.stay()
    last = display.updates[-1]
    assert len(display.first) == 1
    assert last["text/plain"].splitlines() == ["   │line 3 <b>␛[0m", "   │line 4 <b>␛[0m"]
    harmless(last["text/html"])
    watch.finish({"text/plain": "end"})
    assert display.updates[-1] == last, "what came so far stays"
    assert display.first[-1] == {"text/plain": "end"}
    assert capsys.readouterr().out == ""

    display = Display()
    watch = show.Watch(display, False, Settings(), sys.stdout)
    watch.lines("", [("stderr", "oops\x07")])
    watch.finish({"text/plain": "end"})
    assert capsys.readouterr().out == "err│oops␇\n"
    assert display.first == [{"text/plain": "end"}]


class Clock:
    """Stands for `time`, a second later at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(show, "time", clock)
    return clock


def test_progress_in_a_notebook(clock):
    display = Display()
    watch = show.Watch(display, True, Settings(), None)
    watch.progress(1_000_000, 4_000_000)
    watch.progress(4_000_000, 4_000_000)
    (first,) = display.first
    assert first["text/plain"] == "[█████···············] 25% · 1.0 MB of 4.0 MB · 500.0 kB/s"
    assert (
        '<progress aria-label="25% · 1.0 MB of 4.0 MB · 500.0 kB/s" value="1000000" max="4000000">'
        in first["text/html"]
    )
    assert "</progress> 25% · 1.0 MB of 4.0 MB · 500.0 kB/s</div>" in first["text/html"]
    watch.finish({"text/plain": "line", "text/html": "<p>line</p>"})
    last = display.updates[-1]
    assert len(display.first) == 1, "the bar gives way to its last state"
    assert last["text/plain"] == "line\n[████████████████████] 4.0 MB · 800.0 kB/s · done in 5.0 s"
    assert (
        '<p>line</p><div><progress aria-label="4.0 MB · 800.0 kB/s · done in 5.0 s" value="1" max="1">'
        in last["text/html"]
    )
    assert harmless(last["text/html"]).tags.count("progress") == 1


def test_progress_of_unknown_length(clock):
    display = Display()
    watch = show.Watch(display, True, Settings(), None)
    watch.progress(2_100_000)
    watch.stay()
    (first,) = display.first
    assert first["text/plain"] == "2.1 MB · 1.1 MB/s"
    assert '<progress aria-label="2.1 MB · 1.1 MB/s"></progress>' in first["text/html"]
    watch.finish({"text/plain": "line", "text/html": ""})
    assert display.first[-1] == {"text/plain": "line", "text/html": ""}, "what was stopped is not called done"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_at_a_terminal_is_one_line_rewritten(clock):
    display, out = Display(), Terminal()
    watch = show.Watch(display, False, Settings(), out)
    watch.progress(1_000_000, 2_000_000)
    watch.progress(2_000_000, 2_000_000)
    watch.finish({"text/plain": "line", "text/html": ""})
    assert "\n" not in out.getvalue()
    assert [text.partition("]")[2] for text in out.getvalue().split("\r\x1b[K")] == [
        "",
        " 50% · 1.0 MB of 2.0 MB · 500.0 kB/s",
        " 100% · 2.0 MB of 2.0 MB · 500.0 kB/s",
        "",
    ]
    assert "done in" in display.first[-1]["text/plain"]


def test_a_tree_is_still_a_dict_and_a_list():
    tree = show.dressed({"a": [1, {"b": None}]})
    assert tree == {"a": [1, {"b": None}]}
    assert json.loads(json.dumps(tree)) == tree
    assert isinstance(show.dressed([1]), list)
    assert show.dressed("text") == "text"
    assert show.dressed(None) is None
    page = harmless(show.branches(tree))
    assert page.tags.count("details") == 3
    assert "null" in page.text


def test_the_whole_of_an_exchange():
    exchange = answered(b'{"a":1}', path="/v1.51/info", **{"content-type": "application/json"})
    exchange.read()
    plain = show.whole(exchange, "curl …")["text/plain"]
    for part in ("GET /v1.51/info", "200 OK", "content-type: application/json", '"a": 1', "curl …", "unix:///e"):
        assert part in plain
    silent = show.whole(Exchange(Request("GET", "/info"), "unix:///e"), "curl …")["text/plain"]
    assert "no answer" in silent


def test_the_frames_of_a_stream_are_told_apart_by_words():
    exchange = answered(frame(b"one\n") + frame(b"oops\n", 2), **{"content-type": MULTIPLEXED})
    tables.value(BY_NAME["logs"], exchange, Wanted())
    plain = show.whole(exchange, "curl …")["text/plain"]
    assert "[stdout      4 B] one" in plain
    assert "[stderr      5 B] oops" in plain


def test_a_long_body_is_cut_and_says_so():
    exchange = answered(b"x" * 200_000)
    exchange.read()
    plain = show.whole(exchange, "curl …")["text/plain"]
    assert len(plain) < 20_000
    assert "134.5 kB more" in plain


def test_the_overview_names_every_row():
    plain = show.overview(ENDPOINTS, [("doctor", "what it does")]).plain()
    assert all(f"{row.method} {row.path}" in plain for row in ENDPOINTS)
    harmless(show.overview(ENDPOINTS, [])._repr_mimebundle_()["text/html"])


def test_long_chinese_in_a_narrow_cell_is_no_column_of_characters():
    long = "隔离方式为命名空间，在这台机器上运行的就是这些进程，没有别的引擎应答"
    assert f';min-width:20em">{long}</td>' in show.table("", ["a"], [[long]])
    assert "min-width" not in show.table("", ["a"], [["名称"], ["a text of English words, as long as the other one"]])
