"""What is displayed: exchanges, frames, trees, logs, errors' lines. HTML that reads well with no CSS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple, TextIO

from . import charts, masks
from .endpoints import Endpoint
from .exchange import Exchange, duration, size
from .language import mark, say
from .packing import Upload
from .safe import cut, markup, markups, padded, visible, visible_lines, visibles, width
from .session import Settings

SHORT_ID = 12
CELL = 200
LINE = 4000
LONG = 4 * LINE
TREE = 1_000_000  # characters of a tree that are shown
LEAF = 20  # what each of its leaves counts besides its text
DEEPEST = 100
PAINTS_A_SECOND = 5
MARKED = "dockermagic"
SHORT = 24
SIZES = ("memory_usage", "memory_limit", "net_rx", "net_tx", "block_read", "block_write")
NUMBERS = "iuf"
NONE = ("NoneType", "NAType", "NaTType")
PICTURES: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], str]] = {
    "stats": charts.usage,
    "events": charts.timeline,
}
PICTURED = {"stats": {"name", "time", "cpu_percent", "memory_usage"}, "events": {"name", "time", "type", "action"}}
"""The columns that a picture needs: a part of a frame may lack them."""
LATEST = {"stats": "name"}
PRINTED = ("log", "events")  # whose rows a prompt has shown already where they came live
KEEP = 120
JSON = json.JSONEncoder(ensure_ascii=False, default=str)
GLUE = {"text/plain": "\n", "text/html": ""}
TERMINAL = "font-family:monospace;background:#1b1b1f;color:#e8e8e8;padding:8px;overflow-x:auto"


class Tree(dict[str, Any]):
    """A JSON object: still a dict, shown as a tree."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(pretty(self) if len(printer.stack) < 2 else dict.__repr__(self))


class Branch(list[Any]):
    """A JSON array: still a list, shown as a tree."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(pretty(self) if len(printer.stack) < 2 else list.__repr__(self))


class Code(str):
    """A call in another tongue: still a str, shown as it would be typed."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return f"<pre><code>{escape(visible_lines(self))}</code></pre>"


class Text(str):
    """A text too long to be read: still a str, its beginning shown."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(cut(repr(str(self)), LONG))


def dressed(value: Any, deep: int = 0) -> Any:
    """A value as it is to be shown: dicts and lists as trees, those inside them too."""
    if isinstance(value, str) and len(value) > LONG:
        return Text(value)
    if deep > DEEPEST:
        return value
    if isinstance(value, dict):
        return Tree({key: dressed(each, deep + 1) for key, each in value.items()})
    return Branch(dressed(each, deep + 1) for each in value) if isinstance(value, list) else value


def pretty(value: Any) -> str:
    """JSON, indented, for reading."""
    return visible_lines(json.dumps(trimmed(value), indent=2, ensure_ascii=False))


def trimmed(value: Any) -> Any:
    """As much of a tree as is shown, as plain JSON: all of nearly every tree that there is, but its secrets."""
    return _trimmed(value, [TREE])


def _trimmed(value: Any, left: list[int], deep: int = 0) -> Any:
    """A part of a tree; `left` is how many characters more are shown."""
    if isinstance(value, str):
        text = cut(masks.text(value), LINE)
        left[0] -= len(text) if text.isprintable() else len(JSON.encode(text))
        return text
    if value is None or isinstance(value, int | float):
        return value
    if not isinstance(value, Mapping | list):
        return str(value)
    if deep > DEEPEST and value:
        return "…"
    kept: dict[str, Any] = {}
    for key, each in value.items() if isinstance(value, Mapping) else enumerate(value):
        if left[0] <= 0:
            kept["…"] = say("… and {count} more", count=len(value) - len(kept))
            break
        name = cut(str(key), CELL)
        left[0] -= len(name) + LEAF
        kept[name] = masks.HIDDEN if masks.secret(key, each) else _trimmed(each, left, deep + 1)
    return kept if isinstance(value, Mapping) else [*kept.values()]


def bundle(value: Any) -> dict[str, Any]:
    """A tree in the forms that a notebook may take; as text IPython asks for it by itself."""
    safe = trimmed(value)
    return {"application/json": safe, "text/html": branches(safe)}


def branches(value: Any, name: str = "", deep: int = 0) -> str:
    """A tree as nested `<details>`: opens and closes without JavaScript."""
    label = _label(name) if name else ""
    if value and isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        inner = "".join([f"<li>{branches(each, str(key), deep + 1)}</li>" for key, each in pairs])
        count = f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"
        state = "" if deep else " open"
        return f"<details{state}><summary>{label}{count}</summary><ul>{inner}</ul></details>"
    text = _number(value) if value is None or isinstance(value, int | float) else JSON.encode(value)
    return f"{label}<code>{escape(cut(visible(text), LINE))}</code>"


@lru_cache(1024)  # one tree after another has the same names
def _label(name: str) -> str:
    return f"<b>{markup(name)}</b>: "


@lru_cache(typed=True)
def _number(value: float | None) -> str:
    return JSON.encode(value)


class Line:
    """An exchange on one line; unfolded, the curl command that does the same."""

    def __init__(self, exchange: Exchange, curl: str, notes: Sequence[str] = ()) -> None:
        self.text, self.curl, self.notes = visible(exchange.line), curl, list(notes)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        notes = "".join(f"<div>{markup(note)}</div>" for note in self.notes)
        html = (
            f"<details><summary><code>{escape(self.text)}</code></summary>"
            f"<pre>{escape(visible_lines(self.curl))}</pre></details>{notes}"
        )
        return {"text/plain": "\n".join([self.text, *map(visible, self.notes)]), "text/html": html}


def lines(seen: Sequence[tuple[Exchange, str]], notes: Sequence[str]) -> dict[str, Any]:
    """Several exchanges, each on its line with its curl command; the notes once."""
    bundles = [Line(exchange, curl)._repr_mimebundle_() for exchange, curl in seen[:-1]]
    bundles += [Line(exchange, curl, notes)._repr_mimebundle_() for exchange, curl in seen[-1:]]
    return {mime: glue.join(each[mime] for each in bundles) for mime, glue in GLUE.items()}


class Notes:
    """Lines of our own, beside a value."""

    def __init__(self, *lines: str) -> None:
        self.lines = [visible(line) for line in lines]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        html = "".join(f"<div>{markup(line)}</div>" for line in self.lines)
        return {"text/plain": "\n".join(self.lines), "text/html": html}


class Page:
    """Help: a heading, text, and tables of two or three columns."""

    def __init__(self, title: str, text: str, *tables: tuple[str, Sequence[str], Sequence[Sequence[str]]]) -> None:
        self.title, self.text, self.tables = title, text, tables

    def plain(self) -> str:
        parts = [self.title, "", self.text] if self.text else [self.title]
        for caption, _, rows in self.tables:
            parts += ["", caption, *(f"  {line}" for line in grid(zip(*rows, strict=True)))]
        return "\n".join(parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        html = [f"<p><b><code>{markup(self.title)}</code></b></p><p>{markup(self.text)}</p>"]
        html += [table(caption, heads, zip(*rows, strict=True)) for caption, heads, rows in self.tables]
        return {"text/plain": self.plain(), "text/html": "".join(html)}


def table(caption: str, heads: Sequence[str], columns: Iterable[Sequence[str]], right: Container[int] = ()) -> str:
    """An HTML table with a caption, and headers that say what they head.

    Args:
        columns: the texts below each header.
        right: the columns of numbers, which end at the right.
    """
    head = "".join(_head(name, at in right) for at, name in enumerate(heads))
    data = [_data(texts, at in right) for at, texts in enumerate(columns)]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*data, strict=True))
    return (
        f'<table><caption style="text-align:left">{markup(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _align(right: bool) -> str:
    return "text-align:right" if right else "text-align:left"


def _head(text: str, right: bool) -> str:
    return f'<th scope="col" style="{_align(right)}">{markup(text)}</th>'


def _data(texts: Sequence[str], right: bool) -> list[str]:
    """The cells of a column."""
    begun = f'<td style="{_align(right)}'
    short = f'{begun};white-space:nowrap">'
    shown = zip(texts, markups(texts), strict=True)
    return [
        f"{short}{html}</td>" if len(text) <= SHORT else f'{begun}{_wrap(text)}">{html}</td>' for text, html in shown
    ]


def _wrap(text: str) -> str:
    """How a long cell wraps. Chinese may break behind each character: without a width it becomes a column of them."""
    return ";min-width:20em" if width(text) > len(text) else ""


def grid(columns: Iterable[Sequence[str]]) -> list[str]:
    """Columns of texts as lines, column beside column."""
    return ["  ".join(row).rstrip() for row in zip(*map(padded, columns), strict=True)]


def under(heads: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """Columns under their headers as lines; a text of several lines takes one."""
    return grid(visibles([head, *texts]) for head, texts in zip(heads, columns, strict=True))


def missing(value: Any) -> bool:
    """Whether a value is none: None, NaN, NaT, and NA, which cannot even be compared."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def cell(name: str, value: Any) -> str:
    """One value of a frame of ours as text: ids short, sizes and times readable, nothing that acts."""
    kind: Any = type(value)
    return _writer(name, kind)(value)


def cells(name: str, values: Sequence[Any]) -> list[str]:
    """The values of a column, each as `cell` writes it."""
    kinds: set[Any] = {*map(type, values)}
    if len(kinds) == 1:  # as in most columns
        return [*map(_writer(name, kinds.pop()), values)]
    return [cell(name, value) for value in values]


@lru_cache
def _writer(name: str, kind: type) -> Callable[[Any], str]:
    """What writes values of one type in the column of that name."""
    if kind is str:
        return READ.get(name, _text)
    if kind.__name__ in NONE:
        return lambda value: ""
    if kind.__name__ in ("bool", "bool_"):
        return lambda value: say("✔ yes") if value else say("○ no")
    if issubclass(kind, Mapping):
        return lambda value: _text(", ".join(f"{key}={text}" if text else str(key) for key, text in value.items()))
    if issubclass(kind, datetime):
        return lambda value: str(value)[:19]
    if name in SIZES:
        return lambda value: "" if missing(value) else size(value)
    if issubclass(kind, float):
        return lambda value: "" if missing(value) else f"{value:.2f}"
    return lambda value: "" if missing(value) else READ.get(name, _text)(str(value))


def _text(value: str) -> str:
    return value if len(value) <= CELL else cut(value, CELL)


READ: Mapping[str, Callable[[str], str]] = {
    "id": lambda text: text.removeprefix("sha256:")[:SHORT_ID],
    "time": lambda text: text[:19].replace("T", " "),
}
"""Columns whose very text is made readable."""


CAPTIONS: Mapping[str, tuple[str, str]] = {
    "containers": (mark("{count} container"), mark("{count} containers")),
    "images": (mark("{count} image"), mark("{count} images")),
    "processes": (mark("{count} process"), mark("{count} processes")),
    "log": (mark("{count} line"), mark("{count} lines")),
    "archive": (mark("{count} entry"), mark("{count} entries")),
    "places": (mark("{count} place"), mark("{count} places")),
    "changes": (mark("{count} change"), mark("{count} changes")),
    "history": (mark("{count} layer"), mark("{count} layers")),
    "found": (mark("{count} image"), mark("{count} images")),
    "usage": (mark("{count} thing"), mark("{count} things")),
    "pruned": (mark("{count} thing"), mark("{count} things")),
    "deletions": (mark("{count} thing"), mark("{count} things")),
    "messages": (mark("{count} message"), mark("{count} messages")),
    "stats": (mark("{count} sample"), mark("{count} samples")),
    "events": (mark("{count} event"), mark("{count} events")),
    "drills": (mark("{count} drill"), mark("{count} drills")),
    "progress": (mark("{count} exercise"), mark("{count} exercises")),
}


def captioned(frame: Any) -> str:
    """The caption of a frame of ours: how many rows of what, and a note; "" where that would say nothing."""
    caption, note = counted(frame), frame.attrs[MARKED].get("note")
    return say("{caption}; {note}", caption=caption, note=note) if caption and note else caption


def counted(frame: Any) -> str:
    """How many rows of what a frame of ours has: `3 samples`; "" where its kind has no word for it."""
    count = len(frame)
    kind = frame.attrs[MARKED]["kind"]
    if kind not in CAPTIONS:
        return ""
    one, several = CAPTIONS[kind]
    return say(one if count == 1 else several, count=count)


def picture(frame: Any) -> str:
    """The picture that belongs below a frame of its kind; "" for none."""
    kind = frame.attrs[MARKED]["kind"]
    if kind not in PICTURES or not set(frame.columns) >= PICTURED[kind]:
        return ""
    return PICTURES[kind](frame.to_dict("records"))


def latest(frame: Any) -> Any:
    """The rows of a frame that are shown: of samples, the last of each container."""
    column = LATEST.get(frame.attrs[MARKED]["kind"])
    return frame.drop_duplicates(column, keep="last") if column in frame.columns else frame


class Frames:
    """Our formatter for frames of ours; every other frame is left to what showed it before.

    IPython asks for a bundle first: it has both forms, written from one look at the frame. The printer of plain text
    stays for frames inside lists and dicts.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._before: dict[str, Any] = {}
        self._formatter: Any = None

    def install(self, formatter: Any, frame_type: type) -> None:
        """Register for a DataFrame type with IPython's display formatter."""
        self._formatter = formatter
        self._take_over("bundle", formatter.mimebundle_formatter.for_type(frame_type, self._bundle))
        self._take_over("text/plain", formatter.formatters["text/plain"].for_type(frame_type, self._print))
        if theirs := formatter.formatters["text/html"].pop(frame_type, None):
            self._before["text/html"] = theirs

    def _take_over(self, name: str, before: Any) -> None:
        """Remember what was registered before us, not what an earlier one of us was."""
        earlier = getattr(before, "__self__", None)
        if isinstance(earlier, Frames):
            self._before = {**earlier._before, **self._before}
        else:
            self._before[name] = before

    def _bundle(self, frame: Any) -> Any:
        if MARKED in frame.attrs:
            look = self._look(frame)
            wanted = self._formatter.formatters["text/html"].enabled
            html = {"text/html": self._html(frame, look)} if wanted else {}
            return {"text/plain": self._plain(frame, look), **html}
        if theirs := self._before.get("bundle") or getattr(type(frame), "_repr_mimebundle_", None):
            return theirs(frame)
        written = self._before.get("text/html")
        return {"text/html": written(frame)} if written else None

    def _print(self, frame: Any, printer: Any, cycle: bool) -> None:
        before = self._before.get("text/plain")
        if MARKED in frame.attrs:
            if len(printer.stack) < 2 and self._bundled(frame):
                raise NotImplementedError  # IPython's word for: keep what the bundle said
            printer.text(self.plain(frame))
        elif before:
            before(frame, printer, cycle)
        else:
            printer.text(repr(frame))

    def _bundled(self, frame: Any) -> bool:
        """Whether IPython has our bundle of this frame."""
        bundles = self._formatter.mimebundle_formatter
        return bool(bundles.enabled) and bundles.lookup(frame) == self._bundle

    def html(self, frame: Any) -> str:
        return self._html(frame, self._look(frame))

    def plain(self, frame: Any) -> str:
        return self._plain(frame, self._look(frame))

    @staticmethod
    def _html(frame: Any, look: Look) -> str:
        if look.lines is not None:
            return terminal(look.lines, look.caption)
        setting = "<code>%config DockerMagic.rows = …</code>"
        more = (
            f"<p>{say('… and {count} more rows; {setting} shows more', count=look.left, setting=setting)}</p>"
            if look.left
            else ""
        )
        right = {at for at, column in enumerate(look.columns) if column.kind in NUMBERS}
        heads, texts = [column.head for column in look.columns], [column.texts for column in look.columns]
        return table(look.caption, heads, texts, right) + more + picture(frame)

    @staticmethod
    def _plain(frame: Any, look: Look) -> str:
        caption = say("({caption})", caption=look.caption) if look.caption else ""
        if frame.attrs[MARKED]["kind"] in PRINTED and frame.attrs[MARKED].get("live"):
            return say("({caption}, shown above)", caption=look.caption)
        if look.lines is not None:
            return "\n".join([*look.lines, caption])
        lines = under([column.head for column in look.columns], [column.texts for column in look.columns])
        if look.left:
            lines.append(say("… and {count} more rows", count=look.left))
        return "\n".join([*lines, caption]).rstrip()

    def _look(self, frame: Any) -> Look:
        caption = captioned(frame)
        if frame.attrs[MARKED]["kind"] == "log" and set(frame.columns) >= {"stream", "line"}:
            return Look(caption, [], 0, log_lines(frame, self.settings.lines))
        rows, most = latest(frame), self.settings.rows
        bare = type(frame)(rows)  # without attrs, which pandas copies for every column
        columns = [_column(name, column.array, most) for name, column in bare.items()]
        return Look(caption, columns, max(0, len(rows) - most))


class Look(NamedTuple):
    """What there is to show of a frame of ours, from which both of its forms are written.

    Attributes:
        left: how many rows are left out.
        lines: those of a log, instead of columns.
    """

    caption: str
    columns: list[Column]
    left: int
    lines: list[str] | None = None


class Column(NamedTuple):
    """A column of a frame as it is shown.

    Attributes:
        kind: the dtype's letter: `f`, `i`, `M`…
    """

    head: str
    kind: str
    texts: list[str]


def _column(name: Any, array: Any, most: int) -> Column:
    kind, shown, head = array.dtype.kind, array[:most], cut(str(name), CELL)
    if kind == "M":
        return Column(f"{head} (UTC)", kind, _moments(shown))
    if hasattr(shown, "codes"):  # a category is written once, not in each of its rows
        texts = [*cells(name, shown.categories.tolist()), ""]
        return Column(head, kind, [texts[code] for code in shown.codes.tolist()])
    return Column(head, kind, cells(name, shown.tolist()))


def _moments(array: Any) -> list[str]:
    """Times to the second, all at once; "" where there is none."""
    texts = array.to_numpy("datetime64[s]").astype(str).tolist()
    return ["" if text == "NaT" else text.replace("T", " ") for text in texts]


def log_lines(frame: Any, limit: int) -> list[str]:
    """The last lines of a log's frame as text: the time where there is one, `err│` before standard error."""
    shown = frame.tail(limit)
    times = shown["time"] if "time" in shown.columns else [None] * len(shown)
    names = [f"{name} " for name in shown["name"]] if "name" in shown.columns else [""] * len(shown)
    lines = [
        name + log_line(stream, "" if missing(line) else line, None if missing(time) else time.isoformat())
        for name, time, stream, line in zip(names, times, shown["stream"], shown["line"], strict=True)
    ]
    left = len(frame) - len(shown)
    more = say("… {count} lines before these; %config DockerMagic.lines = … shows more", count=left)
    return [more, *lines] if left else lines


def log_line(stream: str, line: str, time: str | None = None) -> str:
    stamp = f"{time.replace('+00:00', 'Z')} " if time else ""
    return f"{'err│' if stream == 'stderr' else '   │'}{stamp}{visible(cut(line, LINE))}"


def terminal(lines: Sequence[str], caption: str) -> str:
    """Lines as a terminal shows them; without CSS it is plain preformatted text."""
    return f'<pre style="{TERMINAL}">{escape(chr(10).join(lines))}</pre><p>{escape(caption)}</p>'


def bar(count: int, total: int | None, seconds: float, *, ended: bool = False) -> dict[str, Any]:
    """How far a transfer is: a bar, and beside it the bytes and their speed, which say the same in words."""
    so_far = say("{part} of {whole}", part=size(count), whole=size(total)) if total and not ended else size(count)
    speed = f"{size(count / seconds)}/s" if seconds else ""
    share = f"{min(count / total, 1):.0%}" if total and not ended else ""
    words = " · ".join(
        filter(None, (share, so_far, speed, say("done in {time}", time=duration(seconds)) if ended else ""))
    )
    here, end = (1, 1) if ended else (min(count, total), total) if total else (None, None)
    places = f' value="{here}" max="{end}"' if end else ""
    filled = round(20 * (here or 0) / end) if end else 0
    drawn = f"[{'█' * filled}{'·' * (20 - filled)}] " if end else ""
    return {
        "text/html": f'<div><progress aria-label="{escape(words)}"{places}></progress> {escape(words)}</div>',
        "text/plain": drawn + words,
    }


class Watch:
    """Shows what is under way: a handle that is repainted in a notebook, plain lines at a prompt.

    Args:
        display: IPython's `display`.
        notebook: whether the front end can repaint.
        out: where lines go at a prompt.
    """

    def __init__(self, display: Callable[..., Any], notebook: bool, settings: Settings, out: TextIO) -> None:
        self._display, self._notebook, self._settings, self._out = display, notebook, settings, out
        self._handle: Any = None
        self._painted = 0.0
        self._lines: list[str] = []
        self._rows: list[Mapping[str, Any]] = []
        self._content: Callable[[], dict[str, Any]] | None = None
        self._height = 0
        self._began = time.monotonic()
        self._moved: tuple[int, int | None] | None = None
        self.count = 0

    def taker(self, kind: str) -> Callable[[str, Sequence[Any]], None]:
        """What takes the things that a stream of this kind brings."""
        return {"stats": self.samples, "events": self.events}.get(kind, self.lines)

    def samples(self, name: str, batch: Sequence[Mapping[str, Any]]) -> None:
        """New samples: a row a container, rewritten; and its last minute."""
        self.count += len(batch)
        self._rows = [*self._rows, *batch]
        mine = [row for row in self._rows if row["name"] == batch[-1]["name"]] if batch else []
        if len(mine) > KEEP:
            self._rows.remove(mine[0])
        self._redraw(self._samples)

    def _samples(self) -> dict[str, Any]:
        rows = [*{row["name"]: row for row in self._rows}.values()]
        return self._table(
            rows, say("samples so far: {count}; the last of each container", count=self.count), charts.usage(self._rows)
        )

    def events(self, name: str, batch: Sequence[Mapping[str, Any]]) -> None:
        """New events."""
        self.count += len(batch)
        self._rows = [*self._rows, *batch][-self._settings.lines :]
        if not self._notebook:
            for row in batch:
                words = [cell(head, value) for head, value in row.items() if head not in ("attributes", "scope")]
                print(visible("  ".join(word for word in words if word)), file=self._out, flush=True)
            return
        self._redraw(self._events)

    def _events(self) -> dict[str, Any]:
        rows = self._rows[-self._settings.rows :]
        return self._table(
            rows,
            say("{count} events, the last {shown}", count=self.count, shown=len(rows)),
            charts.timeline(self._rows),
        )

    @staticmethod
    def _table(rows: Sequence[Mapping[str, Any]], caption: str, drawn: str) -> dict[str, Any]:
        names = [*rows[0]] if rows else []
        heads = [f"{name} (UTC)" if name == "time" else name for name in names]
        columns = [cells(name, [row[name] for row in rows]) for name in names]
        text = under(heads, columns)
        return {
            "text/html": table(caption, heads, columns) + drawn,
            "text/plain": "\n".join([*text, say("({caption})", caption=caption)]),
        }

    def _redraw(self, content: Callable[[], dict[str, Any]]) -> None:
        """Paint in a notebook; at a terminal write over what was written before; into a file only at the end."""
        self._content = content
        if self._notebook:
            self._paint(content)
        elif self._out.isatty():
            text = content()["text/plain"]
            up = f"\x1b[{self._height}F\x1b[J" if self._height else ""
            print(up + text, file=self._out, flush=True)
            self._height = text.count("\n") + 1

    def lines(self, name: str, batch: Sequence[tuple[str, str]]) -> None:
        """New lines of a log, with their container's name where there are several."""
        self.count += len(batch)
        before = f"{name} " if name else ""
        fresh = [before + log_line(stream, line) for stream, line in batch]
        self._content = self._log
        if not self._notebook:
            print(*fresh, sep="\n", file=self._out, flush=True)
            return
        self._lines = [*self._lines, *fresh][-self._settings.lines :]
        self._paint(self._log)

    def _log(self) -> dict[str, Any]:
        return {
            "text/html": terminal(self._lines, say("{count} lines", count=self.count)),
            "text/plain": "\n".join(self._lines),
        }

    def progress(self, count: int, total: int | None = None) -> None:
        """Bytes that have gone or come so far, of how many where that is known."""
        self._moved = (count, total)
        self._content = self._bar
        if self._notebook:
            self._paint(self._bar)
        elif self._out.isatty() and self._due():
            print("\r\x1b[K" + self._bar()["text/plain"], end="", file=self._out, flush=True)
            self._height = 1

    def _bar(self, *, ended: bool = False) -> dict[str, Any]:
        count, total = self._moved or (0, None)
        return bar(count, total, time.monotonic() - self._began, ended=ended)

    def finish(self, final: Mapping[str, Any]) -> None:
        """The last state; what was shown before gives way to it."""
        if self._moved and self._content == self._bar:
            done = self._bar(ended=True)
            final = {**final, **{mime: glue.join((final[mime], done[mime])) for mime, glue in GLUE.items()}}
            if self._height:
                print("\r\x1b[K", end="", file=self._out, flush=True)
        if self._handle is None:
            self._display(final, raw=True)
        else:
            self._handle.update(final, raw=True)

    def stay(self) -> None:
        """Leave on the page what has come so far: what follows does not take its place."""
        if self._moved and self._height:
            print(file=self._out, flush=True)
        self._moved = None
        if self._handle is not None and self._content:
            self._handle.update(self._content(), raw=True)
            self._handle = None

    def _due(self) -> bool:
        """Whether it is time to paint again; then the time is kept."""
        now = time.monotonic()
        if now - self._painted < 1 / PAINTS_A_SECOND:
            return False
        self._painted = now
        return True

    def _paint(self, content: Callable[[], dict[str, Any]]) -> None:
        if not self._due() and self._handle is not None:
            return
        if self._handle is None:
            self._handle = self._display(content(), raw=True, display_id=True)
        else:
            self._handle.update(content(), raw=True)


def whole(exchange: Exchange, curl: str) -> dict[str, Any]:
    """A whole exchange for `%docker last`: request, answer, headers, body, stream frames told apart."""
    request = exchange.request.shown
    head = [f"{request.method} {request.target}", *(f"{name}: {value}" for name, value in request.headers)]
    head = [visible(line) for line in head]
    sent = [_sent(request.body)] if request.body else []
    answer = [visible(f"{exchange.status} {exchange.reason}")] if exchange.status else [say("no answer")]
    answer += [visible(f"{name}: {value}") for name, value in masks.headers(exchange.headers.items())]
    body = _frames(exchange) or _body(exchange)
    sections = [
        (say("request"), [*head, *([""] if sent else []), *sent]),
        (say("answer"), [*answer, *([""] if body else []), *body]),
        (say("the same by curl"), [curl]),
    ]
    title = f"{exchange.line} ({exchange.host})"
    plain = [visible(title)]
    html = [f"<p><code>{escape(visible(title))}</code></p>"]
    for name, lines in sections:
        text = "\n".join(visible_lines(line) for line in lines)
        plain += ["", f"── {name}", text]
        html.append(f"<p><b>{name}</b></p><pre>{escape(text)}</pre>")
    return {"text/plain": "\n".join(plain), "text/html": "".join(html)}


def _sent(body: bytes | Upload) -> str:
    if isinstance(body, bytes):
        return body.decode("utf-8", "backslashreplace")
    said = mark("(the files of {source}, {size} as a tar archive)")
    return say(
        said if body.name else mark("({source}, {size} as a tar archive)"), source=body.source, size=size(body.sent)
    )


def _frames(exchange: Exchange) -> list[str]:
    return [f"[{piece.stream:>6} {len(piece.data):>6} B] {_peek(piece.data)}" for piece in exchange.pieces]


def _peek(data: bytes) -> str:
    return visible(cut(data.decode("utf-8", "backslashreplace").rstrip(), CELL))


def _body(exchange: Exchange) -> list[str]:
    if not exchange.kept:
        return []
    text = exchange.kept.decode("utf-8", "backslashreplace")
    if "json" in exchange.content_type and exchange.received <= len(exchange.kept):
        try:
            text = pretty(json.loads(text))
        except (ValueError, RecursionError):
            return _quoted(cut(masks.text(text), LINE))
    else:
        text = "\n".join(_quoted(text))
    left = exchange.received - len(exchange.kept)
    return [cut(masks.text(text), LONG), *([say("… and {size} more", size=size(left))] if left > 0 else [])]


def _quoted(text: str) -> list[str]:
    """Another's text, of which several lines begin as none of ours does."""
    first, *more = text.split("\n")
    return [f"│ {line}" for line in (first, *more)] if more else [first]


def overview(rows: Iterable[Endpoint], commands: Iterable[tuple[str, str]]) -> Page:
    """What `%docker` alone shows."""
    return Page(
        "%docker SUBCOMMAND …",
        say("One subcommand calls one endpoint of the Docker Engine API. %docker SUBCOMMAND --help tells its options."),
        (
            say("Calls of the API"),
            (say("subcommand"), say("endpoint"), say("what it does")),
            [(row.name, f"{row.method} {row.path}", say(row.summary)) for row in rows],
        ),
        (say("Ours"), (say("subcommand"), say("what it does")), [*commands]),
    )
