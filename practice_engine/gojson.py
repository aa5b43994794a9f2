"""JSON bodies read as Docker reads them: keys in any case, unknown ones ignored, wrong types named.

A shape is a table of fields. A field is (kind, default): the kind is a word below, [kind] for a list,
{"*": kind} for a map, or a Struct with a shape of its own. A default of OMIT leaves the key out when it was
not sent.
"""

from __future__ import annotations

import json
import re
from typing import Any

from . import digits
from .errors import BadParameter

OMIT: Any = object()

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_DECODER = json.JSONDecoder(parse_int=digits.plain)
_GO = {"string": str, "bool": bool, "int": int, "int64": int, "float64": (int, float)}
_JSON_NAME = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
}
_ZERO = {"string": "", "bool": False, "int": 0, "int64": 0, "float64": 0, "struct{}": {}}

Kind = Any
Shape = dict[str, tuple[Kind, Any]]


def parse(body: bytes) -> Any:
    """The one JSON value of a body."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        raise BadParameter("invalid JSON: got EOF while reading request body")
    try:
        value, end = _DECODER.raw_decode(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadParameter(f"invalid JSON: {_syntax(text, error)}") from error
    if text[end:].strip():
        raise BadParameter("unexpected content after JSON")
    return scalars(value) if _SURROGATE.search(text) else value


def scalars(value: Any) -> Any:
    """Half a surrogate pair is no character: Go reads it as U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [scalars(item) for item in value]
    if isinstance(value, dict):
        return {scalars(key): scalars(item) for key, item in value.items()}
    return value


def _syntax(text: str, error: Exception) -> str:
    position = getattr(error, "pos", 0)
    if position >= len(text) or text in ("{", "["):
        return "unexpected EOF"
    for word in ("null", "true", "false"):
        if text[position] == word[0]:
            for got, wanted in zip(text[position:], word, strict=False):
                if got != wanted:
                    return f"invalid character '{got}' in literal {word} (expecting '{wanted}')"
            return "unexpected EOF"
    return f"invalid character '{text[position]}' looking for beginning of value"


def read(body: bytes, shape: Shape, name: str, prefix: str = "") -> dict | None:
    value = parse(body)
    return None if value is None else struct(value, shape, prefix, name)


def struct(value: Any, shape: Shape, path: str, name: str) -> dict:
    if not isinstance(value, dict):
        raise _wrong(value, path, name)
    given: dict[str, Any] = {}
    lower = {key.lower(): key for key in shape}
    for key, item in value.items():
        known = lower.get(key.lower())
        if known is not None and item is not None:
            given[known] = _read(item, shape[known][0], f"{path}.{known}")
    result = {}
    for key, (_, default) in shape.items():
        if key in given:
            result[key] = given[key]
        elif default is not OMIT:
            result[key] = _copy(default)
    return result


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value


def _read(value: Any, kind: Kind, path: str) -> Any:
    if isinstance(kind, Struct):
        return struct(value, kind.shape, path, kind.name)
    if isinstance(kind, Alias):
        if not isinstance(value, _GO[kind.kind]):
            raise _wrong(value, path, kind.name)
        return value
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise _wrong(value, path, _name(kind))
        return [_read_inside(item, kind[0], f"{path}.{index}") for index, item in enumerate(value)]
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            raise _wrong(value, path, _name(kind))
        return {key: _read_inside(item, kind["*"], f"{path}.{key}") for key, item in value.items()}
    if kind == "strings":
        return _strings(value)
    if kind == "any":
        return value
    if kind == "struct{}":
        if not isinstance(value, dict):
            raise _wrong(value, path, kind)
        return {}
    wanted = _GO[kind]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("int", "int64") and number:
        if isinstance(value, float) or abs(value) >= 1 << 63:
            raise BadParameter(
                f"invalid JSON: json: cannot unmarshal number {value} into Go struct field {path} of type {kind}"
            )
        return value
    if isinstance(value, bool) != (kind == "bool") or not isinstance(value, wanted):
        raise _wrong(value, path, kind)
    return value


def _read_inside(value: Any, kind: Kind, path: str) -> Any:
    """An item of a list or a map, where null is the zero value."""
    if value is None:
        return _copy(_ZERO.get(kind)) if isinstance(kind, str) else None
    return _read(value, kind, path)


def _strings(value: Any) -> list[str]:
    """A list of words, or one word alone, as Cmd and Entrypoint allow."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadParameter(
            f"invalid JSON: json: cannot unmarshal {_JSON_NAME[type(value)]} into Go value of type string"
        )
    return value


def _name(kind: Kind) -> str:
    if isinstance(kind, Struct):
        return kind.name
    if isinstance(kind, list):
        return "[]" + _name(kind[0])
    if isinstance(kind, dict):
        return "map[string]" + _name(kind["*"])
    return str(kind)


def _wrong(value: Any, path: str, kind: str) -> BadParameter:
    where = f"Go struct field {path} of type" if "." in path else "Go value of type"
    if path and path.rpartition(".")[2].isdigit():
        where = f"{path} of type"
    return BadParameter(f"invalid JSON: json: cannot unmarshal {_JSON_NAME[type(value)]} into {where} {kind}")


class Alias:
    """A Go type of another name: it shows in errors only."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind


class Struct:
    def __init__(self, name: str, shape: Shape) -> None:
        self.name = name
        self.shape = shape
