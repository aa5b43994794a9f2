"""Text that others wrote, made harmless: nothing in it acts on a terminal or in a browser, and it fits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape

from .language import say

MATH = re.compile(r"[$\\]")


def visible(text: str) -> str:
    """`text` with nothing in it that a terminal or a browser obeys: controls and bidirectional marks shown."""
    if text.isprintable():  # as nearly all are, and this is many times quicker
        return text
    return "".join(char if char.isprintable() or char == "\t" else _shown(char) for char in text)


def visibles(texts: Sequence[str]) -> Sequence[str]:
    """Each of many as `visible` gives it."""
    return texts if "".join(texts).isprintable() else [*map(visible, texts)]


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return char if unicodedata.category(char) == "Zs" else f"\\u{code:04x}"


def markup(text: str) -> str:
    """`text` as HTML that shows just that: nothing in it acts, and MathJax finds no formula."""
    return MATH.sub(lambda found: f"<span>{found[0]}</span>", escape(visible(text)))


def markups(texts: Sequence[str]) -> list[str]:
    """Each of many as `markup` gives it, in one pass: no line break is left in a text that is `visible`."""
    if not texts:
        return []
    joined = "\n".join(visibles(texts))
    return MATH.sub(lambda found: f"<span>{found[0]}</span>", escape(joined)).split("\n")


def cut(text: str, limit: int) -> str:
    """`text`, or its beginning and how long it is."""
    return text if len(text) <= limit else say("{start}… ({count} characters)", start=text[:limit], count=len(text))


def visible_lines(text: str) -> str:
    """As `visible`, newlines kept."""
    return "\n".join(visibles(text.split("\n")))


def width(text: str) -> int:
    """Columns that a text takes on a terminal: two for a wide character."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def padded(texts: Sequence[str]) -> list[str]:
    """All of them as wide as the widest."""
    if "".join(texts).isascii():
        widest = max(map(len, texts), default=0)
        return [text.ljust(widest) for text in texts]
    widths = [width(text) for text in texts]
    widest = max(widths, default=0)
    return [text + " " * (widest - each) for text, each in zip(texts, widths, strict=True)]


def fit(text: str, columns: int) -> str:
    """`text` in at most so many columns; where it is longer, its beginning and `…`."""
    shown = visible(text[: columns + 1])
    if width(shown) <= columns and len(text) <= columns:
        return shown
    while shown and width(shown) > columns - 1:
        shown = shown[:-1]
    return f"{shown}…"
