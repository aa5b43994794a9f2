"""Small pictures as SVG, in the colour of the text around them; each says in words what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from .exchange import size
from .language import say

Row = Mapping[str, Any]
WIDTH, HEIGHT, LABELS = 600, 60, 130
MINUTE = 60.0
MARKS = {
    "create": "C",
    "start": "S",
    "restart": "R",
    "pause": "P",
    "unpause": "U",
    "kill": "K",
    "stop": "T",
    "die": "X",
    "died": "X",
    "destroy": "D",
    "remove": "D",
}
WORDS = {"C": "create", "S": "start", "R": "restart", "P": "pause", "U": "unpause", "K": "kill", "T": "stop"}
WORDS |= {"X": "die", "D": "destroy/remove"}
RUNS = {"S", "R", "U", "P"}


def usage(rows: Sequence[Row]) -> str:
    """CPU and memory of each container over its last minute: rows of samples, oldest first; "" for a lone sample."""
    parts = []
    for name, mine in _by_name(rows):
        if len(mine) < 2:
            continue
        parts.append(_curve(name, "CPU", mine, "cpu_percent", lambda value: f"{value:.1f} %"))
        parts.append(_curve(name, say("memory"), mine, "memory_usage", size))
    return "".join(f"<div>{part}</div>" for part in parts)


def _by_name(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    names = dict.fromkeys(str(row["name"]) for row in rows)
    return [(name, [row for row in rows if row["name"] == name]) for name in names]


def _curve(name: str, what: str, rows: Sequence[Row], column: str, text: Any) -> str:
    known = [(_stamp(row["time"]), float(row[column])) for row in rows if _is(row["time"]) and _is(row[column])]
    points = [(at, value) for at, value in known if at >= known[-1][0] - MINUTE]
    if not points:
        return ""
    values = [value for _, value in points]
    last, top = points[-1][0], max(values) or 1.0
    across = WIDTH - LABELS - 10
    drawn = " ".join(
        f"{LABELS + across * (1 - (last - at) / MINUTE):.1f},{HEIGHT - 6 - (HEIGHT - 14) * value / top:.1f}"
        for at, value in points
    )
    said = say(
        "{what} of {name}, last {seconds:.0f} seconds: {now} now, {least} to {most}",
        what=what,
        name=name,
        seconds=last - points[0][0],
        now=text(values[-1]),
        least=text(min(values)),
        most=text(max(values)),
    )
    inner = (
        f'<text x="0" y="16">{escape(name[:18])}</text><text x="0" y="34">{what} {text(values[-1])}</text>'
        f'<text x="0" y="52">{say("at most {value}", value=text(max(values)))}</text>'
        f'<path d="M{LABELS},{HEIGHT - 5}h{across}" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<polyline points="{drawn}" fill="none" stroke="currentColor" stroke-width="2"/>'
    )
    return svg(inner, WIDTH, HEIGHT, said)


def svg(inner: str, width: int, height: int, said: str) -> str:
    """A picture with its text alternative. The grey reads on white and on black where no page gives a colour."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(said)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" color="#767676" fill="currentColor" '
        f'font-family="sans-serif" font-size="12"><title>{escape(said)}</title>{inner}</svg>'
    )


def _is(value: Any) -> bool:
    return value is not None and type(value).__name__ != "NAType" and value == value


def _stamp(value: Any) -> float:
    if isinstance(value, str):
        value = datetime.fromisoformat(value[:19] + "+00:00")
    return float(value.timestamp())


def timeline(rows: Sequence[Row]) -> str:
    """The life of each container: a line while it runs, a letter for each event; "" where there is none."""
    lives = [
        (name, [(row["time"].timestamp(), MARKS[row["action"]]) for row in mine if row["action"] in MARKS])
        for name, mine in _by_name([row for row in rows if row["type"] == "container"])
    ]
    lives = [(name, marks) for name, marks in lives if marks]
    if not lives:
        return ""
    first = min(at for _, marks in lives for at, _ in marks)
    last = max(at for _, marks in lives for at, _ in marks)
    across, span = WIDTH - LABELS - 20, (last - first) or 1.0
    parts, told = [], []
    for line, (name, marks) in enumerate(lives):
        y = 20 + 26 * line
        parts.append(f'<text x="0" y="{y + 4}">{escape(name[:18])}</text>')
        places = [(LABELS + across * (at - first) / span, mark) for at, mark in marks]
        for (x, mark), (after, _) in zip(places, [*places[1:], (LABELS + across, "")], strict=True):
            if mark in RUNS:
                dash = ' stroke-dasharray="3 4"' if mark == "P" else ""
                parts.append(f'<path d="M{x:.1f},{y + 8}H{after:.1f}" stroke="currentColor" stroke-width="3"{dash}/>')
        taken = -99.0
        for x, mark in places:
            x = max(x, taken + 10)
            taken = x
            parts.append(f'<text x="{x:.1f}" y="{y + 4}" text-anchor="middle" font-weight="bold">{mark}</text>')
        told.append(
            f"{name}: "
            + ", ".join(
                say("{event} at {seconds:.1f} s", event=WORDS[letter], seconds=at - first) for at, letter in marks
            )
        )
    height = 26 * len(lives) + 16
    used = dict.fromkeys(mark for _, marks in lives for _, mark in marks)
    key = " · ".join(f"{letter} {WORDS[letter]}" for letter in used)
    said = say("{key} · line: it runs, dashes: paused", key=key)
    return f"{svg(''.join(parts), WIDTH, height, '; '.join(told))}<p>{escape(said)}</p>"
