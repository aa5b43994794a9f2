"""The pictures of what streams: well-formed whatever the names, bounded, and told in words."""

from __future__ import annotations

import base64
import itertools
import re
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from dockermagic import charts, safe

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(st.characters(exclude_categories=()), max_size=60)
START = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


def drawing(html: str) -> ElementTree.Element:
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    assert found
    return ElementTree.fromstring(base64.b64decode(found[1]))


def texts(html: str) -> list[str]:
    return [each.text or "" for each in drawing(html).iter(f"{SVG}text")]


def samples(*names: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "time": f"2026-01-31T12:00:0{at}.5Z", "cpu_percent": 10.0 * at, "memory_usage": 1000 * at}
        for at in (1, 2, 3)
        for name in names
    ]


def events(name: str, *actions: str) -> list[dict[str, Any]]:
    return [
        {"type": "container", "name": name, "action": action, "time": START + timedelta(seconds=at)}
        for at, action in enumerate(actions)
    ]


def test_usage_is_told_in_the_drawing_and_in_its_alternative() -> None:
    html = charts.usage(samples("web", "db"))
    assert texts(html) == [
        "CPU, the last minute",
        "memory, the last minute",
        *("web", "30.0 % now, at most 30.0 %", "3.0 kB now, at most 3.0 kB"),
        *("db", "30.0 % now, at most 30.0 %", "3.0 kB now, at most 3.0 kB"),
    ]
    assert "memory of db, last 2 seconds: 3.0 kB now, 1.0 kB to 3.0 kB" in html
    assert len(list(drawing(html).iter(f"{SVG}polyline"))) == 4


def test_what_is_not_known_is_not_drawn() -> None:
    blind = [{**each, "memory_usage": None, "cpu_percent": None} for each in samples("web")]
    assert charts.usage(blind) == ""
    assert charts.usage(samples("web")[:1]) == ""
    half = charts.usage([{**each, "memory_usage": None} for each in samples("web")])
    assert len(list(drawing(half).iter(f"{SVG}polyline"))) == 1


def test_a_hundred_containers_are_cut_and_counted() -> None:
    html = charts.usage(samples(*(f"c{at}" for at in range(100))))
    assert f"… and {100 - charts.SHOWN} more" in texts(html)
    lives = charts.timeline([each for at in range(100) for each in events(f"c{at}", "start", "die")])
    assert f"… and {100 - charts.SHOWN} more" in texts(lives)
    assert len(html) + len(lives) < 60_000


def test_a_life_and_its_letters() -> None:
    html = charts.timeline(events("web", "create", "start", "pause", "unpause", "die", "rename"))
    assert texts(html) == ["web", *"CSPUX", "0 s", "4.0 s"]
    dashed = [each.get("stroke-dasharray") for each in drawing(html).iter(f"{SVG}path")]
    assert dashed == [None, "3 4", None]
    assert charts.timeline([]) == charts.timeline(events("web", "rename")) == ""


def test_letters_never_cover_each_other_and_stay_in_the_picture() -> None:
    many = events("web", *(["start", "die"] * 20))
    crowd = [{**each, "time": START} for each in many]
    late = [*crowd[:1], *({**each, "time": START + timedelta(hours=1)} for each in many)]
    for rows in (many, crowd, late):
        marks = [
            float(each.get("x") or 0)
            for each in drawing(charts.timeline(rows)).iter(f"{SVG}text")
            if each.text in charts.WORDS
        ]
        assert all(after - before >= 11 for before, after in itertools.pairwise(marks))
        assert 0 <= min(marks) <= max(marks) <= charts.WIDTH - charts.EDGE


@given(NAMES)
@example("</title><script>alert(1)</script>")
@example("\u202eevil\n\x00\ud800]]>")
@example("中" * 10_000)
def test_no_name_breaks_a_picture(name: str) -> None:
    for html in (charts.usage(samples(name)), charts.timeline(events(name, "start", "die"))):
        root = drawing(html)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            *"svg title desc rect path text g polyline".split()
        }
        assert safe.visible(html) == html
        assert "<script" not in html
        assert all(safe.width(each) <= 40 for each in texts(html))
