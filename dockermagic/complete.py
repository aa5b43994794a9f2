"""Tab: what may stand where the cursor is. The candidates are plain; the hook into IPython is at the end."""

from __future__ import annotations

import re
from typing import Any

from . import arguments, commands
from .endpoints import BY_NAME, Param
from .session import Session

LINE = re.compile(r"(?:^|[=\s])%{1,2}docker(?:api)?\s+(?P<rest>[^\n]*)$")
PATIENCE = 0.3
SIGNALS = ("HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "STOP", "CONT")
MOMENTS = ("10s", "1m", "10m", "1h")


def candidates(session: Session, text: str) -> tuple[str, list[str]] | None:
    """What may complete the text before the cursor: the fragment it replaces, and the words, in order.

    None where the text is no line of ours.
    """
    found = LINE.search(text)
    if not found:
        return None
    *before, fragment = found["rest"].split(" ")
    before = [word for word in before if word]
    words = _words(session, before, fragment)
    return fragment, [word for word in words if word.startswith(fragment)]


def _words(session: Session, before: list[str], fragment: str) -> list[str]:
    if not before:
        names = [*commands.SUBCOMMANDS]
        return names if any(name.startswith(fragment) for name in names) else [*BY_NAME]
    row = BY_NAME.get(before[0]) or commands.NAMED.get(before[0])
    if row is None or "--" in before:
        return []
    table = arguments.spellings(arguments.params(row))
    waiting = table.get(before[-1])
    if waiting and waiting.kind != "flag":
        return _values(session, waiting)
    option, equals, _ = fragment.partition("=")
    if equals and option in table:
        return [f"{option}={word}" for word in _values(session, table[option])]
    if fragment.startswith("-"):
        given = {table[word].name for word in before if word in table}
        return [p.option for p in arguments.params(row) if p.kind in arguments.REPEATABLE or p.name not in given]
    place = row.places[0] if row.places else None
    if place and not _bare(before[1:], table):
        return _values(session, place)
    if row.body == "container" and not _bare(before[1:], table):
        return _images(session)
    return []


def _bare(words: list[str], table: dict[str, Param]) -> list[str]:
    """The words that are neither options nor their values."""
    bare, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in table:
            skip = table[word].kind != "flag"
        elif not word.startswith("-"):
            bare.append(word)
    return bare


def _values(session: Session, param: Param) -> list[str]:
    if param.kind == "filters":
        return [f"{key}=" for key in param.choices]
    if param.kind in ("container", "anyone"):
        return _containers(session)
    if param.kind == "target":
        return commands.names_of_contexts(session)
    return [*{"signal": SIGNALS, "moment": MOMENTS, "tail": ("all",)}.get(param.kind, param.choices)]


def _containers(session: Session) -> list[str]:
    return sorted(names[0].removeprefix("/") for names in _listed(session, "list", "Names", all=True) if names)


def _images(session: Session) -> list[str]:
    return sorted(tag for tags in _listed(session, "images", "RepoTags") for tag in tags)


def _listed(session: Session, row: str, key: str, **values: Any) -> list[list[str]]:
    """The texts under a key of each object that a call lists; what has another form is left out."""
    found = session.quick(row, PATIENCE, **values)
    lists = [each.get(key) for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [[str(text) for text in texts] for texts in lists if isinstance(texts, list)]


def install(shell: Any, session: Session) -> None:
    """Give IPython's completer our candidates: as a matcher of its second kind where it has them, else as a hook."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        _install_hook(shell, session)
        return

    @context_matcher()  # type: ignore[untyped-decorator]
    def docker_matcher(context: Any) -> Any:
        found = candidates(session, context.text_until_cursor)
        if found is None:
            return {"completions": [], "suppress": False}
        fragment, words = found
        return {
            "completions": [SimpleCompletion(text=word, type="docker") for word in words],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    matchers = shell.Completer.custom_matchers
    matchers[:] = [each for each in matchers if getattr(each, "__name__", "") != docker_matcher.__name__]
    matchers.append(docker_matcher)


def _install_hook(shell: Any, session: Session) -> None:
    def complete(_: Any, event: Any) -> list[str]:
        found = candidates(session, event.line[: event.line.rfind(event.symbol) + len(event.symbol)] or event.line)
        return found[1] if found else []

    for key in (r".*%docker\b", r".*%dockerapi\b"):
        shell.set_hook("complete_command", complete, re_key=key)
