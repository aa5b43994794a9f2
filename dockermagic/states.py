"""The life of a container: its states and the calls that lead from one to another.

`ARROWS` is all that is known; the diagram, the plain text and `docs/images/states.svg` come from it.
API reference: ContainerInspect, `State.Status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .language import mark, say
from .pictures import INK, QUIET, STRONG, Picture, svg, xml
from .safe import cut, pad, width

NONE, CREATED, RUNNING, PAUSED = mark("no container"), "created", "running", "paused"
RESTARTING, EXITED, REMOVED = "restarting", "exited", mark("removed")
NO_STATE = (NONE, REMOVED)
"""Words of ours, where there is no container whose state an engine could name."""


@dataclass(frozen=True)
class Arrow:
    """A way from one state to another.

    Attributes:
        source, target: the states.
        call: the words after `%docker`; "" where it happens by itself.
        what: what happens.
    """

    source: str
    target: str
    call: str
    what: str

    @property
    def text(self) -> str:
        return self.call or say(self.what)


ARROWS: tuple[Arrow, ...] = (
    Arrow(NONE, CREATED, "create", "its files are made, nothing runs"),
    Arrow(CREATED, RUNNING, "start", "its program runs"),
    Arrow(CREATED, RUNNING, "restart", "nothing is there to stop: it starts"),
    Arrow(CREATED, REMOVED, "remove", "it is gone, and its files"),
    Arrow(RUNNING, RUNNING, "restart", "it is stopped, and its program runs anew"),
    Arrow(RUNNING, PAUSED, "pause", "every process is frozen"),
    Arrow(PAUSED, RUNNING, "unpause", "they go on"),
    Arrow(PAUSED, EXITED, "kill", "a frozen program ends too"),
    Arrow(PAUSED, REMOVED, "remove --force", "killed, then gone"),
    Arrow(RUNNING, EXITED, "stop", "asked to end by TERM, killed if it does not"),
    Arrow(RUNNING, EXITED, "kill", "its program ends at once"),
    Arrow(RUNNING, EXITED, "wait", "changes nothing: it answers when the program has ended"),
    Arrow(RUNNING, EXITED, "", "its program ends"),
    Arrow(RUNNING, RESTARTING, "", "it ends, by policy"),
    Arrow(RESTARTING, RUNNING, "", "after a pause"),
    Arrow(RESTARTING, EXITED, "stop", "the engine tries no more"),
    Arrow(RUNNING, REMOVED, "remove --force", "killed, then gone"),
    Arrow(EXITED, RUNNING, "start", "its program runs again, on the same files"),
    Arrow(EXITED, RUNNING, "restart", "nothing is there to stop: it starts"),
    Arrow(EXITED, REMOVED, "remove", "it is gone, and its files"),
)
PLACES: Mapping[str, tuple[int, int]] = {
    NONE: (76, 210),
    CREATED: (260, 210),
    RUNNING: (530, 210),
    RESTARTING: (740, 70),
    EXITED: (840, 210),
    PAUSED: (530, 350),
    REMOVED: (530, 490),
}
WAYS: Mapping[tuple[str, str], tuple[str, int, int, str]] = {
    (NONE, CREATED): ("M142 210 H190", 168, 170, "middle"),
    (CREATED, RUNNING): ("M326 210 H460", 393, 182, "middle"),
    (CREATED, REMOVED): ("M250 238 C250 430 330 492 460 492", 252, 380, "end"),
    (RUNNING, RUNNING): ("M490 182 C450 110 570 110 540 178", 512, 118, "middle"),
    (RUNNING, PAUSED): ("M515 238 V318", 507, 290, "end"),
    (PAUSED, RUNNING): ("M545 322 V242", 553, 290, "start"),
    (PAUSED, EXITED): ("M596 350 C740 350 800 310 822 242", 752, 352, "start"),
    (PAUSED, REMOVED): ("M530 378 V458", 538, 424, "start"),
    (RUNNING, EXITED): ("M596 198 H770", 714, 129, "middle"),
    (EXITED, RUNNING): ("M774 224 H600", 687, 246, "middle"),
    (RUNNING, RESTARTING): ("M560 182 C570 100 610 66 670 66", 606, 62, "middle"),
    (RESTARTING, RUNNING): ("M674 84 C630 90 596 120 588 178", 650, 122, "middle"),
    (RESTARTING, EXITED): ("M806 74 C832 90 840 130 840 178", 848, 130, "start"),
    (RUNNING, REMOVED): ("M476 238 C330 300 350 470 460 482", 370, 320, "end"),
    (EXITED, REMOVED): ("M850 238 C850 430 740 490 600 490", 838, 400, "start"),
}
"""Each way that is drawn: its path, and where its words stand and begin."""
WIDTH, HEIGHT, HALF_WIDTH, HALF_HEIGHT, ROW = 940, 540, 66, 28, 17
SHORT_NAME = 16
OTHER_NAMES = {"configured": CREATED, "initialized": CREATED, "stopped": EXITED, "stopping": RUNNING}
"""What Podman may call a state."""
ENDING = {"removing": REMOVED, "dead": REMOVED}
"""States on the way out: the engine removes it, or could not."""
ALIVE = (RUNNING, PAUSED)
"""States in which there are processes."""


def state_of(description: Mapping[str, Any]) -> str:
    """The engine's word for a container's state, from what inspect answers; "" where it says none."""
    state = description.get("State")
    return str(state.get("Status") or "") if isinstance(state, Mapping) else ""


def leading_on(state: str) -> tuple[Arrow, ...]:
    """The calls that lead on from a state, in the table's order."""
    place = OTHER_NAMES.get(state, state)
    return tuple(arrow for arrow in ARROWS if arrow.source == place and arrow.call)


def picture(name: str = "", state: str = "") -> Picture:
    """The diagram; with a name, where that container stands and which calls lead on are marked.

    Args:
        state: the engine's word for its state; one that is not in the table is told, and nothing is marked.
    """
    here = {**OTHER_NAMES, **ENDING}.get(state, state)
    known = here in PLACES
    if not name:
        title, heading = say("The life of a container"), say("Every way from one state to another:")
        arrows = ARROWS
        items = [(f"{_word(each.source)} → {_word(each.target)}", _said(each)) for each in ARROWS]
    else:
        short = cut(name, 60)
        title = (
            say("The life of a container: {name} is {state}", name=short, state=state)
            if state
            else say("The life of a container: {name} is in no state that the engine names", name=short)
        )
        arrows = leading_on(state)
        items = [
            (f"%docker {_for(each, short)}", say("{what}: {state}", what=say(each.what), state=_word(each.target)))
            for each in arrows
        ]
        heading = say(
            mark("{name} is {state}. From there:")
            if arrows
            else mark("{name} is {state}. No call of this table leads on from there.")
            if state
            else mark("{name} is in no known state. No call of this table leads on from there."),
            name=short,
            state=state,
        )
    desc = " ".join(
        say("{source} to {target}: {what}.", source=_word(each.source), target=_word(each.target), what=_said(each))
        for each in ARROWS
    )
    drawn = svg(WIDTH, HEIGHT, title, desc, _arrows(here if known and name else "") + _nodes(name, here))
    plain = "\n".join([title, *([heading] if name else []), *_plain(ARROWS if not name else arrows, here, name)])
    return Picture(title, drawn, plain, heading, items)


def _said(arrow: Arrow) -> str:
    what = say(arrow.what)
    return say("{call}, {what}", call=arrow.call, what=what) if arrow.call else say("by itself, {what}", what=what)


def _word(state: str) -> str:
    """A state as it is shown: the engine's own word, or ours in the reader's language."""
    return say(state) if state in NO_STATE else state


def _for(arrow: Arrow, name: str) -> str:
    call, _, options = arrow.call.partition(" ")
    return " ".join(filter(None, [call, name, options]))


def _plain(arrows: tuple[Arrow, ...], here: str, name: str) -> list[str]:
    states = [] if not name else ["  ".join(f"[{_word(each)}]" if each == here else _word(each) for each in PLACES)]
    calls = [each.call or say("(by itself)") for each in arrows]
    columns = max(map(width, calls), default=0)
    return states + [
        f"  {pad(_word(each.source), 12)} ── {pad(call, columns)} ──▶ {pad(_word(each.target), 10)}  {say(each.what)}"
        for each, call in zip(arrows, calls, strict=True)
    ]


def _arrows(here: str) -> str:
    parts = []
    for (source, target), (path, x, y, anchor) in WAYS.items():
        both = [each for each in ARROWS if (each.source, each.target) == (source, target)]
        on = source == here and any(each.call for each in both)
        color, width = (STRONG, 3) if on else (QUIET, 1.5)
        dashes = "" if any(each.call for each in both) else " stroke-dasharray='5 4'"
        tip = "on" if on else "off"
        parts.append(
            f"<path d='{path}' fill='none' stroke='{color}' stroke-width='{width}'{dashes} marker-end='url(#{tip})'/>\n"
        )
        for at, each in enumerate(both):
            bold = " font-weight='bold'" if on and each.call else ""
            slant = "" if each.call else " font-style='italic'"
            parts.append(
                f"<text x='{x}' y='{y + ROW * at}' text-anchor='{anchor}' fill='{color}'{bold}{slant} "
                f"font-size='13' stroke='#ffffff' stroke-width='4' paint-order='stroke'>{xml(each.text)}</text>\n"
            )
    heads = "".join(
        f"<marker id='{name}' viewBox='0 0 10 10' refX='7' refY='5' markerWidth='{size}' markerHeight='{size}' "
        f"orient='auto'><path d='M0 0 L10 5 L0 10 z' fill='{color}'/></marker>"
        for name, color, size in (("on", STRONG, 4), ("off", QUIET, 7))
    )
    return f"<defs>{heads}</defs>\n" + "".join(parts)


def _nodes(name: str, here: str) -> str:
    parts = []
    for state, (x, y) in PLACES.items():
        on = bool(name) and state == here
        fill, ink, edge = (STRONG, "#ffffff", 4) if on else ("#f6f8fa", INK, 1.5)
        dashes = " stroke-dasharray='3 4'" if state in (NONE, REMOVED) else ""
        under = f"● {cut_name(name)}" if on else {REMOVED: "removing, dead"}.get(state, "")
        parts.append(
            f"<g><title>{xml(say('{name} is here', name=name) if on else _word(state))}</title>"
            f"<rect x='{x - HALF_WIDTH}' y='{y - HALF_HEIGHT}' width='{2 * HALF_WIDTH}' height='{2 * HALF_HEIGHT}' "
            f"rx='10' fill='{fill}' stroke='{INK}' stroke-width='{edge}'{dashes}/>"
            f"<text x='{x}' y='{y - 3 if under else y + 5}' text-anchor='middle' font-weight='bold' "
            f"fill='{ink}'>{xml(_word(state))}</text>"
            + (
                f"<text x='{x}' y='{y + 15}' text-anchor='middle' font-size='12' fill='{ink}'>{xml(under)}</text>"
                if under
                else ""
            )
            + "</g>\n"
        )
    return "".join(parts)


def cut_name(name: str) -> str:
    """A name that fits into a node; the node's `<title>` has the whole."""
    return name if len(name) <= SHORT_NAME else f"{name[: SHORT_NAME - 1]}…"
