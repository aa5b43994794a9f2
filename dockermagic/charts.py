"""The pictures of what streams: use over the last minute, lives on a time line; each says in words what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .exchange import size
from .language import mark, say
from .pictures import INK, QUIET, STRONG, image, svg, xml
from .safe import cut, fit, markup

Row = Mapping[str, Any]
WIDTH, EDGE, NAMES, PLOT, ROW, HEAD = 760, 16, 150, 270, 66, 40
MINUTE = 60.0
NAME, SHOWN, TOLD = 18, 12, 40
"""Columns of a name; containers that are drawn, of which there is a word."""
CURVES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("CPU", "cpu_percent", lambda value: f"{value:.1f} %"),
    (mark("memory"), "memory_usage", size),
)
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
WORDS |= {"X": "die", "D": "destroy or remove"}
RUNS = {"S", "R", "U", "P"}
APART, LIFE = 14, 40
"""Of the letters of a life, and of lives."""


def usage(rows: Sequence[Row]) -> str:
    """CPU and memory of each container over its last minute: rows of samples, oldest first; "" for a lone sample."""
    drawn, told = [], []
    named = [(name, mine) for name, mine in _by_name(rows) if len(mine) > 1]
    for line, (name, mine) in enumerate(named[:TOLD]):
        curves = [_curve(name, what, mine, column, text) for what, column, text in CURVES]
        told += [said for _, said in curves if said]
        if line < SHOWN:
            y = HEAD + ROW * line
            drawn.append(_text(EDGE, y + 30, fit(name, NAME), f"fill='{INK}' font-weight='bold'"))
            drawn += [
                f"<g transform='translate({EDGE + NAMES + (PLOT + 20) * at} {y})'>{picture}</g>\n"
                for at, (picture, _) in enumerate(curves)
            ]
    if not told:
        return ""
    lines = min(len(named), SHOWN)
    heads = [
        _text(
            EDGE + NAMES + (PLOT + 20) * at,
            24,
            say("{what}, the last minute", what=say(what)),
            f"fill='{QUIET}' font-size='12'",
        )
        for at, (what, _, _) in enumerate(CURVES)
    ]
    return _whole(say("CPU and memory"), told, HEAD + ROW * lines, [*heads, *drawn], len(named) - SHOWN)


def _whole(title: str, told: Sequence[str], height: int, parts: Sequence[str], hidden: int) -> str:
    said = cut("; ".join(told), 4000)
    more = (
        [_text(EDGE, height + 14, say("… and {count} more", count=hidden), f"fill='{QUIET}' font-size='12'")]
        if hidden > 0
        else []
    )
    height += 24 if more else 0
    return image(svg(WIDTH, height, title, said, "".join([*parts, *more])), said)


def _text(x: float, y: float, text: str, how: str) -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' {how}>{xml(text)}</text>\n"


def _by_name(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["name"]), []).append(row)
    return list(found.items())


def _curve(name: str, what: str, rows: Sequence[Row], column: str, text: Callable[[Any], str]) -> tuple[str, str]:
    """A curve with its numbers, and the same in words; twice "" where nothing is known."""
    known = [(_stamp(row["time"]), float(row[column])) for row in rows if _is(row["time"]) and _is(row[column])]
    points = [(at, value) for at, value in known if at >= known[-1][0] - MINUTE]
    if not points:
        return "", ""
    values = [value for _, value in points]
    last, top = points[-1][0], max(values) or 1.0
    line = " ".join(f"{PLOT * (1 - (last - at) / MINUTE):.1f},{36 - 32 * value / top:.1f}" for at, value in points)
    drawn = (
        f"<path d='M0 37H{PLOT}' stroke='{QUIET}'/>"
        f"<polyline points='{line}' fill='none' stroke='{STRONG}' stroke-width='2'/>"
        + _text(
            0,
            54,
            say("{now} now, at most {most}", now=text(values[-1]), most=text(max(values))),
            f"fill='{INK}' font-size='12'",
        )
    )
    said = say(
        "{what} of {name}, last {seconds:.0f} seconds: {now} now, {least} to {most}",
        what=say(what),
        name=cut(name, 60),
        seconds=last - points[0][0],
        now=text(values[-1]),
        least=text(min(values)),
        most=text(max(values)),
    )
    return drawn, said


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
    span = (max(at for _, marks in lives for at, _ in marks) - first) or 1.0
    left, across = EDGE + NAMES + 10, WIDTH - 2 * EDGE - NAMES - 30
    drawn, told = [], []
    for line, (name, marks) in enumerate(lives[:TOLD]):
        moments = [say("{event} at {seconds:.1f} s", event=WORDS[letter], seconds=at - first) for at, letter in marks]
        told.append(f"{cut(name, 60)}: " + ", ".join(moments))
        if line < SHOWN:
            places = [(left + across * (at - first) / span, letter) for at, letter in marks]
            drawn += _life(name, _spread(places, left, left + across), 30 + LIFE * line, left + across)
    low = 14 + LIFE * min(len(lives), SHOWN)
    drawn.append(_text(left, low + 10, "0 s", f"fill='{QUIET}' font-size='12' text-anchor='middle'"))
    drawn.append(_text(left + across, low + 10, f"{span:.1f} s", f"fill='{QUIET}' font-size='12' text-anchor='middle'"))
    used = dict.fromkeys(letter for _, marks in lives for _, letter in marks)
    key = " · ".join(f"{letter} {WORDS[letter]}" for letter in used)
    whole = _whole(say("The lives of containers"), told, low + 24, drawn, len(lives) - SHOWN)
    return f"{whole}<p>{markup(say('{key} · line: it runs, dashes: paused', key=key))}</p>"


def _spread(places: Sequence[tuple[float, str]], start: float, end: float) -> list[tuple[float, str]]:
    """The letters far enough apart to be read, and none beyond the end."""
    apart = min(APART, (end - start) / max(1, len(places) - 1))
    spread: list[float] = []
    for x, _ in places:
        spread.append(max(x, spread[-1] + apart) if spread else x)
    limit = end
    for at in range(len(spread) - 1, -1, -1):
        spread[at] = min(spread[at], limit)
        limit = spread[at] - apart
    return [(x, letter) for x, (_, letter) in zip(spread, places, strict=True)]


def _life(name: str, places: Sequence[tuple[float, str]], y: int, end: float) -> list[str]:
    drawn = [_text(EDGE, y + 4, fit(name, NAME), f"fill='{INK}' font-weight='bold'")]
    for (x, letter), (after, _) in zip(places, [*places[1:], (end, "")], strict=True):
        if letter in RUNS:
            dash = " stroke-dasharray='3 4'" if letter == "P" else ""
            drawn.append(f"<path d='M{x:.1f} {y + 9}H{after:.1f}' stroke='{STRONG}' stroke-width='3'{dash}/>\n")
    how = f"fill='{INK}' font-size='13' font-weight='bold' text-anchor='middle'"
    return [*drawn, *(_text(x, y + 4, letter, how) for x, letter in places)]
