"""Who started whom: rows with a number and their parent's number, in the order of a tree, with its branches drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DEEP = 24
"""Levels that are drawn; what is deeper stands at this one."""


def branches(pairs: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    """The rows in tree order: each row's place in `pairs`, and the box characters that stand before it.

    Whoever's parent is not listed is a root. A loop, which no kernel makes, is opened at its first row.
    The blanks are no-break spaces: HTML keeps them.

    Args:
        pairs: of each row its own number and its parent's.
    """
    first: dict[str, int] = {}
    for at, (own, _) in enumerate(pairs):
        first.setdefault(own, at)
    children: dict[int | None, list[int]] = {}
    for at, (_, parent) in enumerate(pairs):
        above = first.get(parent)
        children.setdefault(None if above == at else above, []).append(at)
    order: list[tuple[int, str]] = []
    left = dict.fromkeys(range(len(pairs)))
    roots = children.get(None, [])
    while left:
        waiting = [(at, "", "", 0) for at in reversed(roots or [next(iter(left))])]
        roots = []
        while waiting:
            at, before, under, level = waiting.pop()
            if at not in left:
                continue
            del left[at]
            order.append((at, before))
            below = [each for each in children.get(at, []) if each in left]
            for each in reversed(below):
                last = each == below[-1]
                mine = (under + ("└─ " if last else "├─ "), under + ("   " if last else "│  "))
                waiting.append((each, *(mine if level < DEEP else (before, under)), level + 1))
    return [(at, before.replace(" ", "\xa0")) for at, before in order]


COMMANDS = ("CMD", "COMMAND", "ARGS", "COMM")
"""Titles of ps under which the command stands."""


def command(row: Mapping[str, Any]) -> str:
    """A process's command line, by whatever title ps gave it; "" where there is none."""
    return next((str(row[title]) for title in COMMANDS if title in row), "")


def short(command: str) -> str:
    """A command line's program, without its folder: `/bin/sh -c …` is `sh`."""
    program = command.split(" ", 1)[0]
    return program.rpartition("/")[2] or program
