"""What is displayed of an exercise: short lines with symbols and words, never colour alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from dockermagic import safe

CODE = re.compile(r"`([^`]+)`")


def rich(text: str) -> str:
    """Our text as HTML: what stands in backticks as code, nothing in it acts."""
    parts = CODE.split(text)
    return "".join(
        f"<code>{safe.markup(part)}</code>" if at % 2 else safe.markup(part) for at, part in enumerate(parts)
    )


@dataclass(frozen=True)
class Card:
    """Lines, and a cell's source that may be folded.

    Attributes:
        lines: sentences; the first is the heading.
        source: code to copy, "" for none.
        summary: what stands on the folded code.
    """

    lines: tuple[str, ...]
    source: str = ""
    summary: str = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        head, *rest = self.lines
        html = [f"<div><b>{rich(head)}</b></div>", *(f"<div>{rich(line)}</div>" for line in rest)]
        plain = [safe.visible(line) for line in self.lines]
        if self.source:
            plain += ["", *(f"    {line}" for line in safe.visible_lines(self.source).split("\n"))]
            html.append(
                f"<details><summary>{rich(self.summary)}</summary>"
                f"<pre><code>{escape(safe.visible_lines(self.source))}</code></pre></details>"
            )
        return {"text/plain": "\n".join(plain), "text/html": "".join(html)}

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Verdict(Card):
    """What `%docker check` found.

    Attributes:
        passed: whether the exercise is solved now.
        message: what was seen, one sentence.
    """

    passed: bool = False
    message: str = ""
