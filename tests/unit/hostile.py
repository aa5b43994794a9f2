"""What a hostile engine may say, and what must be true of all that we show of it."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from typing import Any
from unicodedata import category
from xml.etree import ElementTree

FORGED = "FORGED"
"""Begins no line that we show: each break in `HOSTILE` tries to make it do so."""
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><a href="javascript:alert(1)">x</a>',
    "' onload='alert(1)' x='",
    "</td></table><h1>mine</h1>",
    "</pre></details><iframe>",
    "</title></desc></svg><script>alert(1)</script>",
    "]]><!--",
    "&lt;b&gt;",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J\x1b[1;1HFORGED",
    "\x9b31m\x9d52;c;ZXZpbA==\x9c\x90q\x9c",
    "\u202etxt.exe",
    "a\u2066b\u2069c\u200f",
    "one\ntwo\r\nthree\x0bfour\u2028five\u2029six",
    f"x\n{FORGED}",
    f"x\r{FORGED}",
    f"x\x0b{FORGED}\x0c{FORGED}\x1c{FORGED}\x85{FORGED}\u2028{FORGED}",
    "50%\r100%\x08\x08\x08",
    "nul\x00nul\x7f",
    "zero\u200bwidth\ufeff\u200d\u2060",
    "tags \U000e0041\U000e0042 \ufff9hidden\ufffb",
    "z\u0300\u0301" + "\u0302" * 60,
    "$E = mc^2$ \\(x\\)",
]
TAGS = set("b p progress code pre details summary ul li div span table caption thead tbody tr th td img".split())
ATTRIBUTES = set("style scope open aria-label value max src alt".split())
DRAWN = set("svg title desc rect text g path polyline defs marker".split())
SVG, PICTURE = "{http://www.w3.org/2000/svg}", "data:image/svg+xml;base64,"


class Page(HTMLParser):
    """HTML taken apart: its tags, their attributes, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.pictures: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.pictures.append(dict(attrs)["src"] or "")
        else:
            self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(html: str) -> Page:
    """The page, in which there is nothing that acts and no tag but ours; its pictures are drawn in it."""
    page = Page(html)
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert page.open == []
    quiet(page.text)
    for source in page.pictures:
        assert source.startswith(PICTURE)
        drawn(base64.b64decode(source.removeprefix(PICTURE)).decode())
    return page


def drawn(svg: str) -> None:
    """Nothing in a drawing acts or is fetched, and each of its texts is quiet."""
    for each in ElementTree.fromstring(svg).iter():
        assert each.tag.removeprefix(SVG) in DRAWN
        assert not [name for name in each.attrib if name.lower().startswith("on") or "href" in name]
        quiet(each.text or "")


def quiet(text: str) -> None:
    """Nothing in a text is obeyed by a terminal, and each line is one that we began."""
    assert [char for char in text if not (char.isprintable() or char in "\n\t" or category(char) == "Zs")] == []
    assert [line for line in text.splitlines() if line.strip().startswith(FORGED)] == []


def plain(bundle: dict[str, Any]) -> None:
    """Every form of something that was displayed is harmless."""
    quiet(bundle["text/plain"])
    if "text/html" in bundle:
        harmless(bundle["text/html"])
    if "image/svg+xml" in bundle:
        drawn(bundle["image/svg+xml"])
