"""A line as it was typed → words: comments, `;`, Python's values, quotes.

IPython's own expansion changes inside quotes and gives up on a whole line at one bad brace. Ours
follows the shell: in single quotes nothing is touched, elsewhere `$name` and `{expression}` stand
for Python's values, and what has no value is an error and not a surprise.
"""

from __future__ import annotations

import numbers
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .errors import BadArgument, LeftOver
from .language import say

BOUND = re.compile(r"\s<<\s*([^\W\d]\w*)\s*$")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
PLAIN = (str, numbers.Real)


@dataclass(frozen=True)
class Line:
    """What a line says.

    Attributes:
        words: quotes and values resolved.
        bind: the name after `<<`, which is to hold the value; None where there is none.
        quiet: whether the line ended with `;`.
    """

    words: list[str]
    bind: str | None = None
    quiet: bool = False


def read(line: str, values: Mapping[str, Any]) -> Line:
    """Take a line apart.

    Args:
        values: Python's names, for `$name` and `{expression}`.

    Raises:
        BadArgument: an open quote, a pipe or a redirection.
        LeftOver: a name or an expression that has no plain value.
    """
    bound = BOUND.search(line)
    text = _Scanner(line[: bound.start()] if bound else line, values).run().rstrip()
    quiet = text.endswith(";") and not text.endswith("\\;")
    try:
        words = shlex.split(text.rstrip(";") if quiet else text)
    except ValueError as error:
        raise BadArgument(
            say("{error} in: {line}", error=str(error).lower(), line=line.strip()),
            say('close the quote; an apostrophe inside a word goes in double quotes: "it\'s"'),
        ) from None
    return Line(words, bound[1] if bound else None, quiet)


class _Scanner:
    """One pass over a line: copies it, puts values in, stops at a comment."""

    def __init__(self, line: str, values: Mapping[str, Any]) -> None:
        self.line, self.values = line, values
        self.at = 0
        self.quote = ""
        self.out: list[str] = []

    def run(self) -> str:
        while self.at < len(self.line):
            char = self.line[self.at]
            if char == "#" and not self.quote and self._after_space():
                break
            step = _Scanner._single if self.quote == "'" else self.STEPS.get(char, _Scanner._plain)
            step(self)
        return "".join(self.out)

    def _plain(self) -> None:
        found = self.PLAIN_RUN.match(self.line, self.at)
        self._copy(len(found[0]) if found else 1)

    def _copy(self, count: int = 1) -> None:
        self.out.append(self.line[self.at : self.at + count])
        self.at += count

    def _single(self) -> None:
        end = self.line.find("'", self.at)
        self._copy((end if end >= 0 else len(self.line)) + 1 - self.at)
        self.quote = ""

    def _escape(self) -> None:
        self._copy(2)

    def _quotes(self) -> None:
        char = self.line[self.at]
        self.quote = "" if self.quote == char else self.quote or char
        self._copy()

    def _after_space(self) -> bool:
        return self.at == 0 or self.line[self.at - 1].isspace()

    def _shell(self) -> None:
        if not self.quote and self._after_space():
            rest = self.line[self.at :].strip()
            raise BadArgument(
                say("`{rest}` is for a shell, and this line goes to no shell", rest=rest),
                say(
                    "put a command for the container in quotes: sh -c '…'; "
                    "for the answer, `x = %docker …`, then x.head()"
                ),
            )
        self._copy()

    def _dollar(self) -> None:
        if self.line.startswith("$$", self.at):
            self.out.append("$")
            self.at += 2
            return
        if self.line.startswith("${", self.at):
            self.at += 1
            return
        name = NAME.match(self.line, self.at + 1)
        if not name:
            self._copy()
            return
        first = name[0].partition(".")[0]
        if first in self.values:
            self._put(name[0] if self._is_plain(name[0]) else first, f"${name[0]}")
            self.at += 1 + len(name[0] if self._is_plain(name[0]) else first)
        elif self.quote:
            self._copy(1 + len(name[0]))
        else:
            raise LeftOver(
                say(
                    "Python has no variable {first!r}, so `${name}` would be sent as it stands",
                    first=first,
                    name=name[0],
                ),
                say(
                    "set {first} in a cell above; or, for the container's shell, use single quotes: sh -c 'echo "
                    "${first}'",
                    first=first,
                ),
            )

    def _is_plain(self, expression: str) -> bool:
        try:
            return isinstance(self._value(expression), PLAIN)
        except Exception:  # noqa: BLE001 - whatever the user's expression raises, it has no value
            return False

    def _brace(self) -> None:
        if self.line.startswith("{{", self.at):
            self.out.append("{")
            self.at += 2
            return
        end = self._matching()
        expression = self.line[self.at + 1 : end]
        self._put(expression, self.line[self.at : end + 1])
        self.at = end + 1

    def _close(self) -> None:
        self.out.append("}")
        self.at += 2 if self.line.startswith("}}", self.at) else 1

    def _matching(self) -> int:
        depth = 0
        for at in range(self.at, len(self.line)):
            depth += {"{": 1, "}": -1}.get(self.line[at], 0)
            if depth == 0:
                return at
        raise LeftOver(
            say("`{value}` opens a brace and does not close it", value=self.line[self.at :].strip()),
            say("a brace that is meant as such goes in single quotes"),
        )

    def _put(self, expression: str, typed: str) -> None:
        try:
            value = self._value(expression)
        except Exception as error:  # noqa: BLE001 - whatever the user's expression raises is what we report
            raise LeftOver(
                say(
                    "`{typed}` has no value in Python: {name}: {error}",
                    typed=typed,
                    name=type(error).__name__,
                    error=error,
                ),
                say("set it in a cell above; JSON goes into the cell under %%docker, filters are written key=value"),
            ) from None
        if not isinstance(value, PLAIN):
            raise LeftOver(
                say(
                    "`{typed}` is a {name}, and a line takes words and numbers", typed=typed, name=type(value).__name__
                ),
                say("JSON goes into the cell under %%docker, filters are written key=value"),
            )
        self.out.append(self._escaped(str(value)))

    def _escaped(self, text: str) -> str:
        """As in a shell: a value may be several words, and nothing in it is a quote."""
        return re.sub(r'(["\\])' if self.quote else r"""(["'\\;])""", r"\\\1", text)

    def _value(self, expression: str) -> Any:
        return eval(expression, {**self.values})

    STEPS: ClassVar[dict[str, Callable[[_Scanner], None]]] = {
        "\\": _escape,
        "'": _quotes,
        '"': _quotes,
        "$": _dollar,
        "{": _brace,
        "}": _close,
        "|": _shell,
        ">": _shell,
        "<": _shell,
        "&": _shell,
    }
    PLAIN_RUN: ClassVar[re.Pattern[str]] = re.compile(f"[^#{re.escape(''.join(STEPS))}]+")
