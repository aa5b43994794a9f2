"""Tab: what may stand where the cursor is. The candidates are plain; the hook into IPython is at the end.

What an engine is asked for is asked in a thread that Tab waits for no longer than `PATIENCE`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from threading import Thread
from typing import Any
from weakref import WeakKeyDictionary

from . import arguments, commands
from .endpoints import BY_NAME, ENDPOINTS, Param
from .session import Session

LINE = re.compile(r"(?:^|[=\s])%{1,2}docker(?:api)?\s+(?P<rest>[^\n]*)$")
PATIENCE = 0.3
SILENCE = 5.0
SIGNALS = ("HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "STOP", "CONT")
MOMENTS = ("10s", "1m", "10m", "1h")
YES_OR_NO = ("true", "false")
LONGEST = 256
UNQUOTED = re.compile(r"[\w.,:@%+=~/-]*")
asking: WeakKeyDictionary[Session, Thread] = WeakKeyDictionary()


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
    return fragment, [word for word in words if word.startswith(fragment) and _typed(word)]


def _typed(word: str) -> bool:
    """Whether a word is one as it stands: what an engine names may hold blanks, quotes or a newline, and be long."""
    return len(word) <= LONGEST and bool(UNQUOTED.fullmatch(word))


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
        return _values(session, row, waiting, fragment)
    option, equals, begun = fragment.partition("=")
    if equals and option in table:
        return [f"{option}={word}" for word in _values(session, row, table[option], begun)]
    if fragment.startswith("-"):
        given = {table[word].name for word in before if word in table}
        return [p.option for p in arguments.params(row) if p.kind in arguments.REPEATABLE or p.name not in given]
    bare = _bare(before[1:], table)
    places = [*row.places, *(param for param in row.query if param.kind in arguments.PLACED)]
    if len(bare) < len(places):
        return _values(session, row, places[len(bare)], fragment)
    if row.body == "container" and not bare:
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


def _values(session: Session, row: arguments.Row, param: Param, fragment: str) -> list[str]:
    if param.kind == "filters":
        return _filters(session, row, param, fragment)
    source = SOURCES.get(param.kind)
    return [*source(session, row, param, fragment)] if source else [*param.choices]


def _filters(session: Session, row: arguments.Row, param: Param, fragment: str) -> list[str]:
    """The keys of a filter; after `key=` the values that are known for it."""
    key, equals, _ = fragment.partition("=")
    if not equals:
        return [f"{known}=" for known in param.choices]
    found = FILTERS.get(f"{row.name} {key}") or FILTERS.get(key, ())
    return [f"{key}={word}" for word in (found(session) if callable(found) else found)]


def _containers(session: Session, states: tuple[str, ...] = ()) -> list[str]:
    """The names of all containers, or of those in one of `states`."""
    fitting = [each for each in _listed(session, "list", all=True) if not states or each.get("State") in states]
    return sorted(names[0].removeprefix("/") for names in _texts(fitting, "Names") if names)


def _images(session: Session) -> list[str]:
    return sorted(tag for tags in _texts(_listed(session, "images"), "RepoTags") for tag in tags)


def _labels(session: Session) -> list[str]:
    """Every label of a container, with and without its value."""
    found = [each["Labels"] for each in _listed(session, "list", all=True) if isinstance(each.get("Labels"), dict)]
    pairs = {(str(key), str(value)) for labels in found for key, value in labels.items()}
    return sorted({key for key, _ in pairs} | {f"{key}={value}" for key, value in pairs if value})


def _files(fragment: str) -> list[str]:
    """What is in the folder that the fragment names, folders with a slash; hidden only where a dot is typed."""
    folder, slash, begun = fragment.rpartition("/")
    try:
        with os.scandir(f"{folder}{slash}" or ".") as entries:
            found = [f"{folder}{slash}{each.name}{'/' if each.is_dir() else ''}" for each in entries]
    except OSError:
        return []
    start = len(folder) + len(slash)
    return sorted(path for path in found if UNQUOTED.fullmatch(path) and (begun or path[start] != "."))


def _paths(method: str) -> list[str]:
    """The paths that take a method, as far as they are fixed."""
    return sorted({row.path.partition("{")[0] for row in ENDPOINTS if row.method == method})


def _listed(session: Session, row: str, **values: Any) -> list[dict[str, Any]]:
    """The objects that a call lists; none where the engine does not say them at once.

    An engine that is slow answers the thread, later: it is not asked again before.
    """
    before = asking.get(session)
    if before and before.is_alive():
        return []
    answer: list[Any] = []
    asking[session] = thread = Thread(target=lambda: answer.append(session.quick(row, SILENCE, **values)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    found = answer[0] if answer and isinstance(answer[0], list) else []
    return [each for each in found if isinstance(each, dict)]


def _texts(found: Iterable[Mapping[str, Any]], key: str) -> list[list[str]]:
    """The texts under a key of each object; what has another form is left out."""
    lists = (each.get(key) for each in found)
    return [[str(text) for text in texts] for texts in lists if isinstance(texts, list)]


# The kind of a parameter → its words. Another module may add a kind of its own; one without takes the row's choices.
SOURCES: dict[str, Callable[[Session, arguments.Row, Param, str], Iterable[str]]] = {
    "container": lambda session, row, param, fragment: _containers(session, param.states),
    "reference": lambda session, row, param, fragment: _images(session),
    "target": lambda session, row, param, fragment: commands.names_of_contexts(session),
    "signal": lambda session, row, param, fragment: SIGNALS,
    "moment": lambda session, row, param, fragment: MOMENTS,
    "tail": lambda session, row, param, fragment: ("all",),
    "file": lambda session, row, param, fragment: _files(fragment),
    "existing": lambda session, row, param, fragment: _files(fragment),
    "source": lambda session, row, param, fragment: _files(fragment),
    "path": lambda session, row, param, fragment: _paths(row.name),
    "anyone": lambda session, row, param, fragment: _containers(session),
}
# A filter's key, after a subcommand where that makes a difference → its values.
FILTERS: dict[str, tuple[str, ...] | Callable[[Session], list[str]]] = {
    "status": ("created", "running", "paused", "restarting", "removing", "exited", "dead"),
    "health": ("starting", "healthy", "unhealthy", "none"),
    "is-task": YES_OR_NO,
    "dangling": YES_OR_NO,
    "isolation": ("default", "process", "hyperv"),
    "exited": ("0", "1", "137"),
    "type": ("container", "image", "volume", "network", "daemon", "plugin"),
    "event": ("create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "rename", "destroy"),
    "label": _labels,
    "name": _containers,
    "container": _containers,
    "before": _containers,
    "since": _containers,
    "ancestor": _images,
    "image": _images,
    "reference": _images,
    "images before": _images,
    "images since": _images,
}


def install(shell: Any, session: Session) -> None:
    """Give IPython's completer our candidates: as a matcher of its second kind, where it has these."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        _put(shell.Completer.magic_arg_matchers, older_matcher(shell.Completer, session))
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

    _put(shell.Completer.custom_matchers, docker_matcher)


def _put(matchers: list[Any], ours: Any) -> None:
    """Add our matcher, and take away the one of an earlier load."""
    matchers[:] = [each for each in matchers if getattr(each, "__name__", "") != ours.__name__]
    matchers.append(ours)


def older_matcher(completer: Any, session: Session) -> Callable[[str], list[str]]:
    """A matcher for IPython before 8.6: one for arguments of magics, which nothing of Python is mixed into."""

    def docker_matcher(line: str) -> list[str]:
        found = candidates(session, completer.text_until_cursor)
        if found is None:
            return []
        fragment, words = found
        replaced = completer.splitter.split_line(completer.text_until_cursor)  # IPython's idea of the fragment
        start = len(fragment) - len(replaced)
        return [word[start:] for word in words] or [replaced]  # itself: or Python's names would be offered

    docker_matcher.__qualname__ = docker_matcher.__name__
    return docker_matcher
