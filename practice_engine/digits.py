"""Numbers in text, read as Go reads them: ASCII digits, and no more than an int64 holds."""

from __future__ import annotations

import re

from .errors import Failed

_ENOUGH = 40  # digits: such a number is out of range whatever follows, and Python's int() refuses thousands


def plain(text: str) -> int | None:
    """What the digits say, however many; None when it is no number."""
    match = re.fullmatch(r"([+-]?)0*([0-9]+)", text)
    if match is None:
        return None
    value = int(match[2][:_ENOUGH])
    return -value if match[1] == "-" else value


def whole(text: str, function: str = "Atoi") -> int:
    value = plain(text)
    if value is None:
        raise Failed(f'strconv.{function}: parsing "{text}": invalid syntax')
    if not -(1 << 63) <= value < 1 << 63:
        raise Failed(f'strconv.{function}: parsing "{text}": value out of range')
    return value
