"""Who a process is: the User of a container, looked up in the container's own /etc/passwd and /etc/group."""

from __future__ import annotations

from dataclasses import dataclass

from . import digits, rooted
from .errors import Failed

_HIGHEST = (1 << 31) - 1


@dataclass(frozen=True)
class Identity:
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def _table(root: str, path: str) -> list[list[str]]:
    """Whoever wrote it: a line whose ids are no numbers is none."""
    lines = [line.split(":") for line in rooted.read_text(root, path).splitlines()]
    ids = slice(2, 4 if path == "/etc/passwd" else 3)
    return [fields for fields in lines if fields[ids] and all(_number(text) is not None for text in fields[ids])]


def _number(text: str) -> int | None:
    number = digits.plain(text) if text.isascii() and text.isdigit() else None
    return number if number is not None and number <= _HIGHEST else None


def look_up(root: str, text: str, extra_groups: list[str] | None = None) -> Identity:
    user, _, group = text.partition(":")
    passwd, groups = _table(root, "/etc/passwd"), _table(root, "/etc/group")
    uid, gid, home, name = _number(user or "0"), 0, "/", ""
    for fields in passwd:
        if len(fields) >= 6 and (fields[0] == (user or "root") or (uid is not None and fields[2] == str(uid))):
            name, uid, gid, home = fields[0], int(fields[2]), int(fields[3]), fields[5] or "/"
            break
    if uid is None:
        raise Failed(f"unable to find user {user}: no matching entries in passwd file")
    more = {int(f[2]) for f in groups if len(f) >= 4 and name and name in f[3].split(",")}
    if group:
        gid = _group(groups, group)
        more = set()
    more |= {_group(groups, extra) for extra in extra_groups or []}
    return Identity(uid, gid, (gid, *sorted(more - {gid})), home)


def _group(groups: list[list[str]], text: str) -> int:
    for fields in groups:
        if len(fields) >= 3 and fields[0] == text:
            return int(fields[2])
    number = _number(text)
    if number is None:
        raise Failed(f"unable to find group {text}: no matching entries in group file")
    return number
