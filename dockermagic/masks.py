"""Passwords and tokens, hidden wherever something is shown: the one place that knows what they look like.

What is sent, and what a call returns, stays as it is. Hidden things read `xxxxx`, as in Docker's own messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "xxxxx"
HEADERS = frozenset("authorization cookie proxy-authorization set-cookie x-registry-auth x-registry-config".split())
KEYS = frozenset("auth identitytoken password registrytoken".split())
PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@?#\"'<>]*):[^\s/?#\"'<>]*@", re.IGNORECASE)
TOKEN = re.compile(r"(\bhttps?://)[^\s/:@?#\"'<>]+@", re.IGNORECASE)


def text(words: str) -> str:
    """`words` with no password in any URL: `http://me:xxxxx@proxy`; nor a token in the place of the user's name."""
    if "://" not in words:
        return words
    return PASSWORD.sub(rf"\1:{HIDDEN}@", TOKEN.sub(rf"\1{HIDDEN}@", words))


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers as they may be shown."""
    return tuple((name, HIDDEN if name.lower() in HEADERS else text(value)) for name, value in pairs)


def value(found: Any) -> Any:
    """A JSON value as it may be shown; `found` itself is left alone."""
    if isinstance(found, dict):
        return {key: HIDDEN if secret(key, each) else value(each) for key, each in found.items()}
    if isinstance(found, list):
        return [value(each) for each in found]
    return text(found) if isinstance(found, str) else found


def secret(key: Any, found: Any) -> bool:
    """Whether what stands under this key of a JSON object is hidden."""
    return str(key).lower() in KEYS and isinstance(found, str) and found != ""


def body(data: bytes | None) -> bytes | None:
    """A body as it may be shown: the very bytes, unless it is JSON with a secret in it."""
    if not data or not data.lstrip().startswith((b"{", b"[")):
        return data
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return text(data.decode("utf-8", "replace")).encode()
    shown = value(found)
    return data if shown == found else json.dumps(shown, ensure_ascii=False).encode()
