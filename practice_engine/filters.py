"""The `filters` parameter: read, checked, applied."""

from __future__ import annotations

import json
import re
from typing import Any

from .errors import BadParameter

Filters = dict[str, list[str]]


def parse(text: str, known: str | None = None) -> Filters:
    """{"name": ["a"]} or {"name": {"a": true}}; every name must be among the known, if they are said."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
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
    truth = {
        value in ("1", "true", "t") for value in values if value in ("1", "true", "t", "0", "false", "f")
    }
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
    for pattern in wanted:
        if pattern.removeprefix("/") == name:
            return True
        try:
            if re.search(pattern, name) or re.search(pattern, f"/{name}"):
                return True
        except re.error:
            continue
    return False


def prefixes(wanted: list[str], identity: str) -> bool:
    return not wanted or any(identity.startswith(prefix) for prefix in wanted)
