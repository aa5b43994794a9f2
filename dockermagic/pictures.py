"""A picture in every form that a front end may take: SVG, HTML, plain text.

In a notebook that is not trusted JupyterLab 4.6 takes inline `<svg>` out of the HTML, and where there is only
`image/svg+xml` it shows the plain text; an `<img>` whose source is a data URL stays, with its `alt`: `tests/browser`
looks there. In an `<img>` a drawing cannot see the page's colour, so each stands on a light card of its own, which
reads on a dark page too. What the drawing says follows as text. `image/svg+xml` goes beside it, for front ends that
show no HTML.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .language import say
from .safe import markup, visible, visible_lines

CARD, INK, QUIET, STRONG = "#ffffff", "#1f2328", "#57606a", "#0550ae"
"""Contrast on the card: 16 to 1, 6.4 to 1, 7.6 to 1; WCAG AA asks for 4.5."""
FONT = "font-family='system-ui, sans-serif'"


def xml(text: str) -> str:
    """`text` for XML, in an attribute or between tags: nothing in it acts, and every character is allowed there."""
    return escape(visible(text))


def svg(width: int, height: int, title: str, desc: str, inner: str) -> str:
    """A whole drawing on its card, `inner` being markup; `title` and `desc` are its text alternative."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"role='img' aria-labelledby='title desc' {FONT} font-size='14'>\n"
        f"<title id='title'>{xml(title)}</title>\n<desc id='desc'>{xml(desc)}</desc>\n"
        f"<rect width='{width}' height='{height}' rx='8' fill='{CARD}'/>\n{inner}</svg>\n"
    )


def image(drawing: str, alt: str) -> str:
    """A drawing as HTML that every notebook shows, trusted or not."""
    data = base64.b64encode(drawing.encode()).decode()
    return f'<p><img src="data:image/svg+xml;base64,{data}" alt="{xml(alt)}"></p>'


@dataclass(frozen=True)
class Picture:
    """A drawing and what it says.

    Attributes:
        title: one line, the `alt` of the picture.
        drawing: the SVG, whole.
        plain: the same for a terminal.
        heading: what the list beneath the picture is of.
        items: that list, `(call or name, what it does or is)`.
    """

    title: str
    drawing: str
    plain: str
    heading: str
    items: Sequence[tuple[str, str]] = ()

    def html(self) -> str:
        items = ((f"<b><code>{markup(call)}</code></b>", markup(text)) for call, text in self.items)
        listed = "".join(f"<li>{say('{call}: {text}', call=call, text=text)}</li>" for call, text in items)
        return f"{image(self.drawing, self.title)}<p>{markup(self.heading)}</p>" + (
            f"<ul>{listed}</ul>" if listed else ""
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html(), "image/svg+xml": self.drawing, "text/plain": visible_lines(self.plain)}
