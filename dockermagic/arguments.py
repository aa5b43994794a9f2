"""Words → values by a row's parameters, values → the text that is sent; and the help for both."""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from . import bodies
from .endpoints import BY_NAME, LABEL, YES, Param
from .errors import BadArgument
from .language import mark, say

AS = Param("as", "choice", "print the call in another tongue, and send nothing", choices=("curl", "python", "cli"))
JSON = Param("json", "flag", "the answer as JSON, not as a frame")
HELP = Param("help", "flag", "this help")
COMMON = (AS, JSON, HELP)
OURS = (*COMMON, *BY_NAME["create"].local)
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


class Row(Protocol):
    """What `parse` needs of an endpoint, or of a command of ours."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def places(self) -> tuple[Param, ...]: ...
    @property
    def query(self) -> tuple[Param, ...]: ...
    @property
    def local(self) -> tuple[Param, ...]: ...
    @property
    def body(self) -> str: ...


@dataclass
class Arguments:
    """The words of a call, understood.

    Attributes:
        values: parameter → value, for the path, the query and what is local; `image` and `command` are
            the bare words of a body.
        flags: options that stand for keys of the body → value.
        notes: what the reader should know: a name of the CLI's, and what the API calls it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _word(text: str, param: Param) -> str:
    if not text:
        raise BadArgument(
            say("{named} is empty", named=_named(param)), say("give it a value: {usage}", usage=_usage(param))
        )
    return text


def _container(text: str, param: Param) -> str:
    return _word(text.removeprefix("/"), param)


def _number(text: str, param: Param) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadArgument(
            say("{named} takes a whole number, and {text!r} is none", named=_named(param), text=text),
            say("for instance {option} 5", option=param.option),
        ) from None


def _tail(text: str, param: Param) -> str:
    if text == "all" or (text.isascii() and text.isdigit()):
        return text
    raise BadArgument(
        say("{named} takes a number of lines or all, and not {text!r}", named=_named(param), text=text),
        say("for instance --tail 20"),
    )


def _choice(text: str, param: Param) -> str:
    if text in param.choices:
        return text
    close = difflib.get_close_matches(text, param.choices, 1, 0.5)
    raise BadArgument(
        say("{named} does not know {text!r}; did you mean {close}?", named=_named(param), text=text, close=close[0])
        if close
        else say("{named} does not know {text!r}", named=_named(param), text=text),
        say("it takes {choices}", choices=", ".join(param.choices)),
    )


def _signal(text: str, param: Param) -> str:
    if re.fullmatch(r"\d+|[A-Za-z][A-Za-z0-9+-]*", text):
        return text
    raise BadArgument(
        say("{named} takes a signal, and {text!r} is none", named=_named(param), text=text),
        say("by name (TERM, HUP, KILL) or number (15)"),
    )


def _pair(text: str, param: Param) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if separator and name and not name.startswith(("{", "[")):
        return name, value
    raise BadArgument(
        say("{named} takes KEY=VALUE, and {text!r} is none", named=_named(param), text=text),
        say(
            "for instance {option} {example}; the JSON that the API wants is made of it",
            option=param.option,
            example="status=running" if "status" in param.choices else "label=dockermagic",
        ),
    )


def _file(text: str, param: Param) -> str:
    try:
        path = Path(_word(text, param)).expanduser()
        folder, inside = path.is_dir(), path.parent.is_dir()
    except (OSError, RuntimeError) as error:
        raise BadArgument(
            say("{option} cannot be {text}: {error}", option=param.option, text=text, error=error),
            say("write a path, for instance ./web.tar"),
        ) from None
    if folder:
        raise BadArgument(
            say("{text} is a folder, and {option} takes a file", text=text, option=param.option),
            say("write {option} {path}", option=param.option, path=path / "web.tar"),
        )
    if not inside:
        raise BadArgument(say("there is no folder {folder}", folder=path.parent), say("make it first: `!mkdir -p …`"))
    return str(path)


def _given(text: str, param: Param) -> bytes:
    return f"{text}\n".encode()


def _existing(text: str, param: Param) -> str:
    path = Path(_word(text, param)).expanduser()
    if not path.is_file():
        raise BadArgument(
            say("{option}: there is no file {text}", option=param.option, text=text),
            say("name one that is there; `%ls` lists the folder"),
        )
    return str(path)


def _source(text: str, param: Param) -> str:
    try:
        path = Path(_word(text, param)).expanduser()
        there = path.exists()
    except (OSError, RuntimeError) as error:
        raise BadArgument(
            say("{option} cannot be {text}: {error}", option=param.option, text=text, error=error),
            say("write a path, for instance ./folder"),
        ) from None
    if not there:
        raise BadArgument(
            say("there is no {path} on this machine", path=text),
            say("name a file or folder that is there: {usage}", usage=_usage(param)),
        )
    kept = f"{path}{os.sep}." if text.endswith(("/.", f"{os.sep}.")) else str(path)
    return kept


def moment(text: str, now: float | None = None) -> str:
    """A moment as the API takes it, UNIX seconds: from seconds, a date (ISO 8601), a duration back (`1h30m`) or ahead
    (`+10s`).

    Raises:
        ValueError: it is none of these.
    """
    if re.fullmatch(r"\d+(\.\d{1,9})?", text):
        return text
    away = DURATION.fullmatch(text.removeprefix("+"))
    if away and away[0]:
        hours, minutes, seconds = (float(part or 0) for part in away.groups())
        sign = 1 if text.startswith("+") else -1
        return f"{(time.time() if now is None else now) + sign * (hours * 3600 + minutes * 60 + seconds):.9f}"
    nanoseconds = re.search(r"(?<=\d)\.(\d{1,9})(?=Z|[+-]|$)", text)
    plain = text.replace(nanoseconds[0], "", 1) if nanoseconds else text
    when = datetime.fromisoformat(plain.replace("Z", "+00:00"))
    stamp = int((when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp())
    return f"{stamp}{nanoseconds[0] if nanoseconds else ''}"


def seconds(text: str) -> float:
    """A duration in seconds: `10`, `10s`, `1m30s`.

    Raises:
        ValueError: it is none, or nothing.
    """
    found = DURATION.fullmatch(text) if not re.fullmatch(r"\d+(\.\d+)?", text) else None
    parts = [float(part or 0) for part in found.groups()] if found else [0, 0, float(text)]
    total = parts[0] * 3600 + parts[1] * 60 + parts[2]
    if not total:
        raise ValueError("no time at all")
    return total


def _duration(text: str, param: Param) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise BadArgument(
            say("{named} takes a time, and {text!r} is none", named=_named(param), text=text),
            say("for instance {option} 10s, or 1m30s", option=param.option),
        ) from None


def _moment(text: str, param: Param) -> str:
    try:
        return moment(text)
    except ValueError:
        raise BadArgument(
            say("{named} takes a moment, and {text!r} is none", named=_named(param), text=text),
            say("write a date (2026-01-31T12:00:00Z), UNIX seconds, or a time back (10m, 1h30m)"),
        ) from None


KINDS: Mapping[str, Callable[[str, Param], Any]] = {
    "text": lambda text, param: text,
    "texts": lambda text, param: text,
    "needed": _word,
    "target": _word,
    "maybe": _word,
    "anyone": _container,
    "path": _word,
    "exercise": _word,
    "lesson": _word,
    "container": _container,
    "number": _number,
    "tail": _tail,
    "choice": _choice,
    "signal": _signal,
    "filters": _pair,
    "file": _file,
    "given": _given,
    "existing": _existing,
    "moment": _moment,
    "source": _source,
    "reference": _word,
    "pairs": _pair,
    "array": _word,
    "choices": _choice,
    "duration": _duration,
}
PAIRED = ("filters", "pairs")
SEVERAL = ("texts", "choices")
REPEATABLE = (*PAIRED, *SEVERAL, "array")
NOUNS = {
    "CONTAINER": mark("a container"),
    "IMAGE": mark("an image"),
    "EXEC": mark("an exec"),
    "EXERCISE": mark("an exercise"),
    "NAME": mark("a name"),
    "PATH": mark("a path"),
    "WORD": mark("a word"),
}
PLACED = ("needed", "container", "reference")  # parameters of the query that may stand as bare words
TAGGED = re.compile(r"@|:[^/]*$")
SHOWN = {
    "container": mark("write `{usage}`; `%docker list --all` shows them"),
    "reference": mark("write `{usage}`; `%docker images` shows those that are there"),
}
MISSABLE = ("target", "maybe", "lesson", "anyone")  # a bare word that may be left out
BARE = ("container", "reference", "path", "exercise", *MISSABLE)
TRUTH = {"true": True, "1": True, "false": False, "0": False}


def params(row: Row) -> tuple[Param, ...]:
    """Every option of a row, in the order of its help."""
    return (*row.query, *(flag.param for flag in bodies.KINDS[row.body]), *row.local, *COMMON)


def spellings(options: Iterable[Param]) -> dict[str, Param]:
    """Every way to write each option → its parameter."""
    table: dict[str, Param] = {}
    for param in options:
        table[param.option] = param
        for alias in param.aliases:
            table.setdefault(f"--{alias}", param)
        if param.short:
            table.setdefault(f"-{param.short}", param)
    return table


def parse(row: Row, words: list[str], *, cell: bool = False) -> Arguments:
    """Understand the words that follow a subcommand.

    Args:
        cell: whether a cell holds the body, so that the line must not describe it too.

    Raises:
        BadArgument: says which word, and what would be right.
    """
    return _Parser(row, cell).run(words)


class _Parser:
    def __init__(self, row: Row, cell: bool) -> None:
        self.row, self.cell = row, cell
        self.flags = {flag.param.name for flag in bodies.KINDS[row.body]}
        self.table = spellings(params(row))
        self.found = Arguments()
        self.bare: list[str] = []
        self.command: list[str] | None = None
        self.runs = row.body in bodies.RUNS

    def run(self, words: list[str]) -> Arguments:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self._after_dashes(rest)
                break
            if word.startswith("--"):
                self._long(word, rest)
            elif word.startswith("-") and len(word) > 1 and not word[1:].isdigit():
                self._short(word, rest)
            elif self.runs and not self.cell and self.bare:
                self.command = [word, *rest]
                break
            else:
                self.bare.append(word)
        if not self.found.values.get("help"):
            self._places()
        self._misplaced(self.command or [])
        return self.found

    def _misplaced(self, command: list[str]) -> None:
        for word, after in zip_longest(command, command[1:]):
            if word == AS.option and after in AS.choices:
                raise BadArgument(
                    say(
                        "{word} {after} stands behind the command's first word, so the container would get it",
                        word=word,
                        after=after,
                    ),
                    say(
                        "put it before the --: `%docker {name} IMAGE {word} {after} -- COMMAND`",
                        name=self.row.name,
                        word=word,
                        after=after,
                    ),
                )
            if word in self.table and self.table[word] in OURS:
                self.found.notes.append(
                    say("{word} stands behind the command's first word, so it is part of the command", word=word)
                )

    def _after_dashes(self, rest: list[str]) -> None:
        if self.runs and self.bare:
            self.command = rest
        else:
            self.bare += rest

    def _long(self, word: str, rest: list[str]) -> None:
        spelled, equals, value = word.partition("=")
        param = self.table.get(spelled) or self._unknown(spelled)
        if param.kind == "flag":
            self._take(param, spelled, self._truth(param, value) if equals else True)
        else:
            self._take(param, spelled, value if equals else self._next(param, spelled, rest))

    def _short(self, word: str, rest: list[str]) -> None:
        letters = word[1:]
        while letters:
            spelled, letters = f"-{letters[0]}", letters[1:]
            param = self.table.get(spelled) or self._unknown(spelled)
            if param.kind == "flag":
                self._take(param, spelled, True)
                continue
            self._take(param, spelled, letters.removeprefix("=") if letters else self._next(param, spelled, rest))
            break

    def _next(self, param: Param, spelled: str, rest: list[str]) -> str:
        if rest and rest[0] not in self.table and rest[0] != "--":
            return rest.pop(0)
        raise BadArgument(say("{spelled} needs a value", spelled=spelled), say("write {usage}", usage=_usage(param)))

    def _truth(self, param: Param, text: str) -> bool:
        if text.lower() in TRUTH:
            return TRUTH[text.lower()]
        raise BadArgument(
            say("{option} is yes or no, and takes no {text!r}", option=param.option, text=text),
            say("write {option}, or leave it out", option=param.option),
        )

    def _unknown(self, spelled: str) -> Param:
        close = difflib.get_close_matches(spelled, [*self.table], 1, 0.6)
        facts = {"name": self.row.name, "option": spelled}
        raise BadArgument(
            say("{name} has no option {option}; did you mean {close}?", **facts, close=close[0])
            if close
            else say("{name} has no option {option}", **facts),
            say("`%docker {name} --help` lists its options; the container's own command goes after --", **facts)
            if self.runs
            else say("`%docker {name} --help` lists its options", **facts),
        )

    def _take(self, param: Param, spelled: str, value: Any) -> None:
        if self.cell and param.name in self.flags:
            key = next(flag.at for flag in bodies.KINDS[self.row.body] if flag.param is param)
            raise BadArgument(
                say("the cell is the body that is sent, so {spelled} cannot change it", spelled=spelled),
                say('write it into the JSON, as "{key}"', key=".".join(key)),
            )
        holder = self.found.flags if param.name in self.flags else self.found.values
        if isinstance(value, str):
            value = KINDS[param.kind](value, param)
        if param.kind == "filters":
            holder.setdefault(param.name, {}).setdefault(value[0], []).append(value[1])
        elif param.kind == "pairs":
            holder.setdefault(param.name, {})[value[0]] = value[1]
        elif param.kind in REPEATABLE:
            holder.setdefault(param.name, []).append(value)
        elif param.name in holder:
            raise BadArgument(
                say("{spelled} stands twice", spelled=spelled), say("which of the two is meant? Keep one")
            )
        else:
            holder[param.name] = value
        if spelled.removeprefix("--") in param.aliases:
            self.found.notes.append(
                say("{spelled} is the docker CLI's name; the API's is {name}", spelled=spelled, name=param.name)
            )

    def _places(self) -> None:
        wanted = [*self.row.places, *(param for param in self.row.query if param.kind in PLACED)]
        wanted = [param for param in wanted if param.name not in self.found.values]
        bare = list(self.bare)
        if self.runs and not self.row.places:
            self._image(bare)
            return
        for param in wanted:
            if bare and param.several:
                names = [KINDS[param.kind](word, param) for word in dict.fromkeys(bare)]
                self.found.values[param.name] = names if len(names) > 1 else names[0]
                bare = []
            elif bare:
                self.found.values[param.name] = KINDS[param.kind](bare.pop(0), param)
            elif param.kind not in MISSABLE:
                raise BadArgument(
                    say("{name} needs {what}", name=self.row.name, what=_noun(param)),
                    say(SHOWN.get(param.kind, mark("write `{usage}`")), usage=usage(self.row)),
                )
        if bare:
            self._too_many(bare)
        if self.runs:
            self._command()

    def _command(self) -> None:
        if self.cell:
            if self.command is not None:
                raise _cell_says(self.command, say('write "Cmd" into the JSON'))
            return
        if not self.command:
            raise BadArgument(
                say("{name} needs a command", name=self.row.name),
                say("write `{usage}`, for instance … -- ls -l", usage=usage(self.row)),
            )
        self.found.values["command"] = self.command

    def _image(self, bare: list[str]) -> None:
        if self.cell:
            if bare or self.command is not None:
                raise _cell_says(
                    bare, say('write "Image" and "Cmd" into the JSON; the line takes --name and --platform')
                )
            return
        if not bare or not bare[0]:
            raise BadArgument(
                say("create needs an image"),
                say("write `{usage}`; `%docker images` shows those that are there", usage=usage(self.row)),
            )
        self.found.values["image"], self.found.values["command"] = bare[0], self.command or []

    def _too_many(self, bare: list[str]) -> None:
        one = [param.kind for param in (*self.row.places, *self.row.query) if param.kind in PLACED]
        raise BadArgument(
            say("{name} has no use for {words}", name=self.row.name, words=bodies.quoted(bare)),
            say("one line is one call to one container: write a line for each")
            if one == ["container"]
            else say("write `{usage}`", usage=usage(self.row)),
        )


def _cell_says(words: list[str], step: str) -> BadArgument:
    return BadArgument(
        say("the cell is the body that is sent, so the line cannot name {word!r}", word=words[0])
        if words
        else say("the cell is the body that is sent, so the line cannot name a command"),
        step,
    )


def _named(param: Param) -> str:
    return param.option if param.kind not in BARE else param.metavar or param.name


def _usage(param: Param) -> str:
    value = param.metavar or param.name.upper()
    return value if param.kind in BARE else f"{param.option} {value}"


def _noun(param: Param) -> str:
    return say(NOUNS.get(param.metavar, param.metavar))


def encode(param: Param, value: Any) -> str | None:
    """A value as the query carries it; None where it is to be left out.

    Raises:
        BadArgument: a value of a type that the parameter cannot have.
    """
    if value is False and param.default == YES:
        return "0"
    if value is None or value is False:
        return None
    if value is True:
        return "1"
    if isinstance(value, Mapping) and param.kind == "pairs":
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, (list, tuple)) and param.kind == "array":
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, Mapping):
        return json.dumps(
            {name: _texts(texts) for name, texts in value.items()}, separators=(",", ":"), ensure_ascii=False
        )
    if isinstance(value, datetime):
        return moment(value.isoformat())
    if isinstance(value, (str, int, float)):
        return str(value)
    raise BadArgument(
        say("{name} takes no {kind}", name=param.name, kind=type(value).__name__),
        say("pass text, a number, True, or a dict of filters"),
    )


def _texts(found: Any) -> Any:
    """A filter's values as the API takes them: a list of texts, or the older map of texts to true."""
    if isinstance(found, Mapping):
        return found
    several = found if isinstance(found, (list, tuple, set)) else [found]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in several]


def query(options: Iterable[Param], values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The query for some values: in the row's order, defaults of ours filled in, groups completed."""
    options = tuple(options)
    named = {param.group for param in options if param.group and values.get(param.name)}
    pairs = []
    for param in options:
        value = values.get(param.name, _unsaid(param, values))
        if value is False and param.send is not None:
            value = "0"
        if param.group and param.group not in named:
            value = True
        if param.ours and not values.get("no-label"):
            value = {**(value or {}), "label": [*_texts((value or {}).get("label", [])), LABEL]}
        several = value if isinstance(value, (list, tuple)) and param.kind in SEVERAL else [value]
        texts = [encode(param, each) for each in several]
        pairs += [(param.name, text) for text in texts if text is not None]
    return tuple(pairs)


def _unsaid(param: Param, values: Mapping[str, Any]) -> Any:
    """What is sent for a parameter of which nothing was said."""
    if param.send is None or any(values.get(name) for name in param.unless):
        return None
    if param.tagged and TAGGED.search(str(values.get(param.tagged, ""))):
        return None
    return KINDS[param.kind](param.send, param) if param.kind in KINDS else param.send


def usage(row: Row) -> str:
    """`%docker start CONTAINER [options]`, from the row."""
    parts = ["%docker", row.name]
    if row.body in bodies.RUNS:
        places = [param.metavar for param in row.places]
        parts += [*places, "[options]", "--", "COMMAND …"] if places else ["IMAGE", "[options]", "[--]", "[COMMAND …]"]
        return " ".join(parts)
    parts += [f"[{p.metavar}]" if p.kind in MISSABLE else p.metavar or p.name.upper() for p in row.places]
    parts += [param.metavar or param.name.upper() for param in row.query if param.kind in PLACED]
    return " ".join([*parts, "[options]"])


def option_lines(row: Row) -> list[tuple[str, str]]:
    """Each option of a row: how it is written, and what it does."""
    lines = []
    for param in params(row):
        spelled = ", ".join(
            [
                *([f"-{param.short}"] if param.short and spellings(params(row))[f"-{param.short}"] is param else []),
                param.option,
            ]
        )
        value = "" if param.kind == "flag" else f" {param.metavar or '|'.join(param.choices) or param.name.upper()}"
        notes = [say("default {value}", value=say(param.default))] if param.default else []
        notes += [say("sent as {value} when not given", value=param.send)] if param.send else []
        notes += [say("since API {version}", version=param.since)] if param.since else []
        help = say(param.help)
        lines.append(
            (spelled + value, say("{help} ({notes})", help=help, notes=say("; ").join(notes)) if notes else help)
        )
    return lines
