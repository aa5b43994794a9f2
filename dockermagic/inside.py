"""What is inside a container: its state, its processes, what is mounted, its networks and ports, as one picture.

API reference: ContainerInspect (`State`, `Mounts`, `NetworkSettings`), ContainerTop. A description in another form
than the API's leaves parts out, and breaks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .language import say
from .pictures import CARD, INK, QUIET, STRONG, Picture, svg, xml
from .safe import cut, fit, pad

WIDTH, SIDE, LEFT, RIGHT, TOP = 940, 186, 244, 696, 56
BOX, GAP, LINE = 48, 10, 18
PROCESSES, BOXES, LISTED, LONG = 16, 7, 40, 200
MARKS = {"running": "▶", "paused": "‖", "exited": "■", "created": "○"}
SMALL, MONO = 11, "font-family='ui-monospace, monospace'"


@dataclass(frozen=True)
class Box:
    """Something outside that the container is tied to.

    Attributes:
        name: what the container calls it.
        text: what it is.
        heads: where the line to the container has a head: "in" at the container, "out" at the box.
    """

    name: str
    text: str
    heads: str = ""


@dataclass(frozen=True)
class Process:
    """A process.

    Attributes:
        branch: the box characters before it.
        text: its number and its command.
        parent: the number of who started it, "" where that one is not in the container.
    """

    branch: str
    text: str
    parent: str = ""

    @property
    def line(self) -> str:
        return f"{self.branch}{self.text}"

    @property
    def told(self) -> str:
        """The same in words, for who cannot see the branches."""
        return (
            say("{process}, started by {parent}", process=self.text, parent=self.parent) if self.parent else self.text
        )


def picture(found: Mapping[str, Any], processes: Sequence[Process], why: str = "") -> Picture:
    """The picture of what inspect answered.

    Args:
        processes: in tree order.
        why: why there are none.
    """
    name = cut(_text(found.get("Name")).removeprefix("/") or _text(found.get("Id"))[:12] or say("the container"), 60)
    state, more = _state(_map(found.get("State")))
    image = _text(_map(found.get("Config")).get("Image")) or _text(found.get("ImageName")) or _text(found.get("Image"))
    mounts, networks, ports = _mounts(found), _networks(found), _ports(found)
    title = say("What is inside {name}: it is {state}", name=name, state=state)
    none = say("none")
    groups = [
        (say("state"), [say(", ").join([state, *more])]),
        (say("image"), [image or say("not told")]),
        (say("processes"), [each.line for each in processes] or [why or none]),
        (
            say("mounts"),
            [f"{each.name}: {each.text}" for each in mounts] or [say("none: what it writes goes when it is removed")],
        ),
        (say("networks"), [f"{each.name}: {each.text}" for each in networks] or [none]),
        (say("ports"), [f"{each.name}: {each.text}" for each in ports] or [none]),
    ]
    groups = [(head, [cut(line, LONG) for line in _some(lines, LISTED)]) for head, lines in groups]
    plain = [f"  {pad(head if not at else '', 9)}  {line}" for head, lines in groups for at, line in enumerate(lines)]
    header = _header(name, image, state, more)
    sides = [
        _side(20, say("Mounts"), mounts, say("nothing is mounted")),
        _side(WIDTH - 20 - SIDE, say("Networks and ports"), [*networks, *ports], say("no network")),
    ]
    middle, low = _middle(processes, why)
    height = max(low, *(end for _, end in sides)) + 20
    frame = (
        f"<rect x='{LEFT}' y='20' width='{RIGHT - LEFT}' height='{height - 40}' rx='10' fill='#f6f8fa' "
        f"stroke='{INK}' stroke-width='2'/>\n"
    )
    inner = HEADS + frame + header + middle + "".join(drawn for drawn, _ in sides)
    drawing = svg(WIDTH, height, title, "; ".join(f"{head}: {', '.join(lines)}" for head, lines in groups), inner)
    told = [cut(each.told, LONG) for each in processes]
    spoken = {**dict(groups), **({say("processes"): _some(told, LISTED)} if told else {})}
    items = [(head, line) for head, lines in spoken.items() for line in lines]
    return Picture(title, drawing, "\n".join([title, *plain]), say("The same in words:"), items)


def _map(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _text(found: Any) -> str:
    return "" if found is None else str(found)


def _some(lines: Sequence[str], limit: int) -> list[str]:
    return [*lines[:limit], *([say("… and {count} more", count=len(lines) - limit)] if len(lines) > limit else [])]


def _moment(found: Any) -> str:
    text = _text(found)
    return "" if text.startswith("0001-") else f"{text[:19].replace('T', ' ')} UTC" if len(text) > 18 else text


def _state(found: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The engine's word for the state, and what else it says of it."""
    state = _text(found.get("Status")) or say("in no state that the engine names")
    alive = state in ("running", "paused")
    more = []
    if alive and (since := _moment(found.get("StartedAt"))):
        more.append(say("since {time}", time=since))
    if state == "exited":
        more.append(say("exit code {code}", code=_text(found.get("ExitCode"))))
        more += [say("since {time}", time=_moment(found["FinishedAt"]))] if _moment(found.get("FinishedAt")) else []
    if found.get("OOMKilled"):
        more.append(say("memory ran out"))
    if _text(found.get("Error")):
        more.append(_text(found.get("Error")))
    if health := _text(_map(found.get("Health")).get("Status")):
        more.append(say("health: {health}", health=health))
    return state, more


def _mounts(found: Mapping[str, Any]) -> list[Box]:
    listed = found.get("Mounts")
    boxes = []
    for each in map(_map, listed if isinstance(listed, list) else []):
        kind = {"bind": say("folder")}.get(_text(each.get("Type")), _text(each.get("Type")) or say("mount"))
        source = _text(each.get("Name")) or _text(each.get("Source"))
        written = bool(each.get("RW"))
        text = " ".join(filter(None, [kind, source]))
        text = text if written else say("read only, {what}", what=text)
        boxes.append(Box(_text(each.get("Destination")), text, "in out" if written else "in"))
    tmpfs = _map(_map(found.get("HostConfig")).get("Tmpfs"))
    known = {box.name for box in boxes}
    return boxes + [
        Box(path, say("tmpfs: memory, gone when it stops"), "in out") for path in tmpfs if path not in known
    ]


def _networks(found: Mapping[str, Any]) -> list[Box]:
    networks = _map(_map(found.get("NetworkSettings")).get("Networks"))
    return [Box(name, _address(_map(each))) for name, each in networks.items()]


def _address(network: Mapping[str, Any]) -> str:
    addresses = [_text(network.get(key)) for key in ("IPAddress", "GlobalIPv6Address")]
    known = ", ".join(filter(None, addresses))
    return say("network, {addresses}", addresses=known) if known else say("network, no address")


def _ports(found: Mapping[str, Any]) -> list[Box]:
    boxes = []
    for inside, outside in _map(_map(found.get("NetworkSettings")).get("Ports")).items():
        at = [
            f"{f'[{ip}]' if ':' in ip else ip or '0.0.0.0'}:{_text(each.get('HostPort'))}"
            for each in map(_map, outside if isinstance(outside, list) else [])
            for ip in [_text(each.get("HostIp"))]
        ]
        text = say("port, at {addresses}", addresses=", ".join(at)) if at else say("port, not published")
        boxes.append(Box(inside, text, "in" if at else ""))
    return boxes


def _label(x: int, y: int, text: str, columns: int, more: str = "") -> str:
    return f"<text x='{x}' y='{y}' {more or f'fill={chr(39)}{INK}{chr(39)}'}>{xml(fit(text, columns))}</text>\n"


def _header(name: str, image: str, state: str, more: Sequence[str]) -> str:
    x, bold, quiet = LEFT + 18, f"font-weight='bold' fill='{INK}'", f"font-size='12' fill='{QUIET}'"
    return (
        _label(x, 48, name, 46, f"{bold} font-size='17'")
        + _label(x, 70, f"{MARKS.get(state, '●')} {state}", 40, f"font-weight='bold' fill='{STRONG}'")
        + _label(x, 90, say(", ").join(more), 66, quiet)
        + _label(x, 108, say("from the image {image}", image=image), 66, quiet)
    )


def _middle(processes: Sequence[Process], why: str) -> tuple[str, int]:
    """The processes, and where they end."""
    y = 138
    parts = [_label(LEFT + 18, y, say("Processes"), 40, f"font-weight='bold' fill='{INK}'")]
    lines = _some([each.line for each in processes], PROCESSES)
    for text in lines:
        y += LINE
        parts.append(_label(LEFT + 18, y, text, 57, f"font-size='12' {MONO} fill='{INK}'"))
    if not lines:
        y += LINE
        parts.append(_label(LEFT + 18, y, why or say("none"), 62, f"font-size='12' fill='{QUIET}'"))
    return "".join(parts), y + 40


def _side(x: int, title: str, boxes: Sequence[Box], none: str) -> tuple[str, int]:
    """A column of boxes with their lines to the container, and where it ends."""
    y = TOP
    parts = [_label(x, 38, title, 26, f"font-weight='bold' fill='{INK}'")]
    for each in boxes[:BOXES]:
        near, edge = (x + SIDE, LEFT) if x < LEFT else (x, RIGHT)
        heads = (" marker-end='url(#head)'" if "in" in each.heads else "") + (
            " marker-start='url(#head)'" if "out" in each.heads else ""
        )
        off = 5 if near < edge else -5
        parts.append(
            f"<g><title>{xml(cut(f'{each.name}: {each.text}', LONG))}</title>"
            f"<path d='M{near + off} {y + BOX // 2}H{edge - off}' stroke='{QUIET}' stroke-width='2'{heads}/>"
            f"<rect x='{x}' y='{y}' width='{SIDE}' height='{BOX}' rx='6' fill='{CARD}' stroke='{QUIET}'/>\n"
            + _label(x + 10, y + 20, each.name, 22, f"font-size='13' font-weight='bold' fill='{INK}'")
            + _label(x + 10, y + 37, each.text, 27, f"font-size='{SMALL}' fill='{INK}'")
            + "</g>\n"
        )
        y += BOX + GAP
    rest = len(boxes) - BOXES
    if rest > 0 or not boxes:
        parts.append(
            _label(
                x,
                y + 14,
                say("… and {count} more", count=rest) if boxes else none,
                26,
                f"font-size='12' fill='{QUIET}'",
            )
        )
        y += 24
    return "".join(parts), y


HEADS = (
    "<defs><marker id='head' viewBox='0 0 10 10' refX='8' refY='5' markerWidth='5' markerHeight='5' "
    f"orient='auto-start-reverse'><path d='M0 0 L10 5 L0 10 z' fill='{QUIET}'/></marker></defs>\n"
)
