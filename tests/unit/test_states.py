"""The life of a container: one table, and the diagram, the text and the static file that come of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fake_engine import Answer, FakeEngine
from hypothesis import example, given
from hypothesis import strategies as st
from shellkit import Shell

from dockermagic import complete, states
from dockermagic.endpoints import BY_NAME

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = st.text(st.characters(exclude_categories=()), max_size=200)


def texts(drawing: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def test_every_arrow_is_drawn_and_every_way_is_an_arrow() -> None:
    assert set(states.WAYS) == {(each.source, each.target) for each in states.ARROWS}
    assert set(states.PLACES) == {place for way in states.WAYS for place in way}


def test_every_call_is_a_row() -> None:
    for arrow in states.ARROWS:
        call, *options = arrow.call.split() or ["start"]
        assert all(BY_NAME[call].param(option.removeprefix("--")) for option in options)


def test_the_static_file_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "pictures.py"), "--check"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_picture_has_its_text_alternative() -> None:
    root = ElementTree.fromstring(states.picture("web", "paused").drawing)
    assert root.get("role") == "img"
    named = {each.get("id"): each.text for each in root.iter() if each.get("id")}
    title, desc = (named[each] for each in (root.get("aria-labelledby") or "").split())
    assert title == "The life of a container: web is paused"
    assert desc is not None
    assert "paused to running: unpause" in desc


@pytest.mark.parametrize("state", ["created", "running", "paused", "restarting", "exited"])
def test_where_it_stands_and_what_leads_on_are_told_by_more_than_colour(state: str) -> None:
    shown = states.picture("web", state)
    marked = [each for each in texts(shown.drawing) if each.startswith("●")]
    assert marked == ["● web"]
    bold = {
        each.text
        for each in ElementTree.fromstring(shown.drawing).iter(f"{SVG}text")
        if each.get("font-weight") == "bold" and each.text not in states.PLACES
    }
    assert bold == {arrow.call for arrow in states.leading_on(state)} != set()
    for arrow in states.leading_on(state):
        assert f"%docker {arrow.call.split()[0]} web" in shown.html()
        assert arrow.call in shown.plain
    assert f"[{state}]" in shown.plain


def test_podmans_words_and_the_way_out_and_an_unknown_state() -> None:
    assert "● web" in texts(states.picture("web", "configured").drawing)
    assert "● web" in texts(states.picture("web", "dead").drawing)
    strange = states.picture("web", "dancing")
    assert not [each for each in texts(strange.drawing) if each.startswith("●")]
    assert "web is dancing" in strange.plain


@given(HOSTILE, HOSTILE)
@example("</title><script>alert(1)</script>", "running")
@example("\u202eevil\n\x00\ud800]]>", "run'\"ning")
@example("x" * 10_000, "running")
def test_no_name_breaks_the_picture(name: str, state: str) -> None:
    shown = states.picture(name, state)
    root = ElementTree.fromstring(shown.drawing.encode("utf-8"))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        *"svg title desc rect defs marker path text g".split()
    }
    assert shown.html().isprintable()
    assert "<script" not in shown.html()
    assert all(len(each) < 40 for each in texts(shown.drawing) if each.startswith("●"))


def test_the_magic_asks_by_inspect(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(200, {"Id": "1", "State": {"Status": "exited"}}))
    cell = shell.run("%docker states web")
    assert cell.error is None
    assert [(each.method, each.path) for each in fake.requests] == [("GET", "/v1.51/containers/web/json")]
    assert "/containers/web/json" in cell.beside
    assert "[exited]" in cell.text


def test_without_a_name_nothing_is_asked(shell: Shell, fake: FakeEngine) -> None:
    cell = shell.run("%docker states")
    assert cell.error is None
    assert not fake.requests
    assert "unpause" in cell.text


def test_tab_offers_containers(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/json", Answer(200, [{"Names": ["/web"]}]))
    assert complete.candidates(shell.magic.session, "%docker states w") == ("w", ["web"])
