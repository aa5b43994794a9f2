"""The `filters` parameter: read, checked, applied."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from . import gojson
from .errors import BadParameter

Filters = dict[str, list[str]]
_MOST_REPEATS = 3


def parse(text: str, known: str | None = None) -> Filters:
    """{"name": ["a"]} or {"name": {"a": true}}; every name must be among the known, if they are said."""
    if not text:
        return {}
    try:
        value = gojson.scalars(json.loads(text))
    except (ValueError, RecursionError):
        value = ...
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadParameter("invalid filter")
    filters: Filters = {}
    for name, items in value.items():
        filters[name] = _items(items)
    for name in filters:
        if known is not None and name not in known.split():
            raise BadParameter(f"invalid filter '{name}'")
    return filters


def _items(items: Any) -> list[str]:
    if isinstance(items, dict):
        if all(isinstance(on, bool) for on in items.values()):
            return [item for item, on in items.items() if on]
    elif isinstance(items, list) and all(isinstance(item, str) for item in items):
        return items
    raise BadParameter("invalid filter")


def boolean(filters: Filters, name: str, default: bool) -> bool:
    values = {value.lower() for value in filters.get(name, [])}
    if not values:
        return default
    truth = {value in ("1", "true", "t") for value in values if value in ("1", "true", "t", "0", "false", "f")}
    if len(truth) != 1 or len(values) != 1:
        raise BadParameter(f"invalid filter '{name}=[{' '.join(filters[name])}]'")
    return truth.pop()


def labels(wanted: list[str], have: dict[str, str] | None) -> bool:
    """All of them: `key` or `key=value`."""
    have = have or {}
    for line in wanted:
        key, equals, value = line.partition("=")
        if key not in have or (equals and have[key] != value):
            return False
    return True


def names(wanted: list[str], name: str) -> bool:
    """Any of them: the very name, or a pattern found in it, with or without the slash."""
    if not wanted:
        return True
    for text in wanted:
        if text.removeprefix("/") == name:
            return True
        pattern = _pattern(text)
        if pattern is not None and (pattern.search(name) or pattern.search(f"/{name}")):
            return True
    return False


@functools.lru_cache(256)
def _pattern(text: str) -> re.Pattern[str] | None:
    """None when it is none. Python's may take for ever, other than Go's: the worst are refused."""
    bare = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", text)
    if re.search(r"\)[*+?{]", bare) or len(re.findall(r"[*+?{]", bare)) > _MOST_REPEATS:
        raise BadParameter(f"invalid filter 'name={text}': too many repetitions for the practice engine")
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return None


def prefixes(wanted: list[str], identity: str) -> bool:
    return not wanted or any(identity.startswith(prefix) for prefix in wanted)
