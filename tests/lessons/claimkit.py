"""How an engine is asked whether a sentence of a lesson is true: steps of plain HTTP, played one after the other."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import requests
from plain import Engine

SECONDS = 30
PLACE = re.compile(r"\{(own )?([a-z]\w*)\}")
"""`{running}` in a call: a container in that situation, which all claims share; `{own running}`: the claim's own."""
STAT = "x-docker-container-path-stat"


class Step(NamedTuple):
    """One call, and what the answer must be.

    Attributes:
        call: method and path with its query; see `PLACE` for what may stand in braces.
        status: the status.
        shows: where in the answer → what must stand there; see `found` and `agrees`.
        body: JSON, or the bytes of a tar archive.
        headers: more of them.
        keep: a name for later steps → where in the answer its value stands.
        soon: whether to ask again until it is so.
        on: the first words of an engine's name → the fields that are different there.
    """

    call: str
    status: int = 200
    shows: Mapping[str, Any] = {}
    body: Any = None
    headers: Mapping[str, str] = {}
    keep: Mapping[str, str] = {}
    soon: bool = False
    on: Mapping[str, Mapping[str, Any]] = {}

    def at(self, engine: str) -> Step:
        """The step as it is on an engine, by its name."""
        for words, fields in self.on.items():
            if engine.startswith(words):
                return self._replace(**fields)
        return self


class Claim(NamedTuple):
    """A sentence of a lesson, and how an engine shows that it is true.

    Attributes:
        lesson: the notebook.
        words: of its English prose, as they stand there.
        steps: what is done, and seen.
        only: the first words of the names of the engines of which it is said; of all, where there are none.
    """

    lesson: str
    words: str
    steps: tuple[Step, ...]
    only: tuple[str, ...] = ()


def found(reply: requests.Response, where: str) -> Any:
    """What stands at a place of an answer.

    Args:
        where: `text`, `header NAME`, `json`, `keys` or `length` of the JSON, `stat KEY` out of the archive's header;
            else a path into the JSON, `State.ExitCode` or `0.Names.0`.
    """
    kind, _, name = where.partition(" ")
    if kind == "text":
        return reply.content.decode("latin-1")  # one character a byte, so that frames can be written as text
    if kind == "header":
        return reply.headers.get(name)
    if kind == "stat":
        coded = reply.headers[STAT].replace("-", "+").replace("_", "/")  # Podman's alphabet, and Docker's
        return json.loads(base64.b64decode(coded))[name]
    value = reply.json()
    if kind in ("json", "keys", "length"):
        return {"json": lambda: value, "keys": lambda: sorted(value), "length": lambda: len(value)}[kind]()
    for part in where.split("."):
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return value


def agrees(value: Any, wanted: Any) -> bool:
    """Whether a value is what it must be: a pattern is looked for in its text, anything else must be equal."""
    if isinstance(wanted, re.Pattern):
        return bool(wanted.search(value if isinstance(value, str) else json.dumps(value)))
    return bool(value == wanted)


class Stage:
    """Where claims are played: an engine, and the containers that were made on it."""

    def __init__(
        self, engine: Engine, name: str, situations: Mapping[str, tuple[Step, ...]], shared: Any = None
    ) -> None:
        """
        Args:
            name: what the engine calls itself.
            situations: the steps that lead to each; `{it}` is the container.
            shared: the stage whose containers this one may look at.
        """
        self.engine, self.name, self.situations, self.shared = engine, name, situations, shared
        begin = str(int(time.time()))
        self.known: dict[str, str] = {}
        self.names: list[str] = []
        self.moments: dict[str, Callable[[], str]] = {
            "name": self.new,
            "other": self.new,
            "begin": lambda: begin,
            "later": lambda: str(int(time.time()) + 1),
        }

    def new(self) -> str:
        self.names.append(f"dm-claim-{uuid.uuid4().hex[:12]}")
        return self.names[-1]

    def make(self, situation: str) -> str:
        """A container in a situation: its name."""
        within = Stage(self.engine, self.name, {})
        within.known["it"] = self.new()
        for step in self.situations[situation]:
            within.play(step)
        return within.known["it"]

    def value(self, own: str | None, name: str) -> str:
        """What a place in braces stands for; always the same within one claim."""
        if not own and self.shared is not None and name in self.situations:
            return str(self.shared.value("own", name))
        if name not in self.known:
            self.known[name] = self.make(name) if name in self.situations else self.moments[name]()
        return self.known[name]

    def filled(self, text: str) -> str:
        return PLACE.sub(lambda match: self.value(match[1], match[2]), text)

    def ask(self, step: Step) -> requests.Response:
        method, _, path = self.filled(step.call).partition(" ")
        more: dict[str, Any] = {"headers": dict(step.headers)}
        if isinstance(step.body, bytes):
            more["data"] = step.body
            more["headers"].setdefault("Content-Type", "application/x-tar")
        elif step.body is not None:
            more["data"] = self.filled(json.dumps(step.body))
            more["headers"].setdefault("Content-Type", "application/json")
        return self.engine.call(method, path, **more)

    def faults(self, step: Step, reply: requests.Response) -> Iterator[str]:
        """What is otherwise than the step says."""
        if reply.status_code != step.status:
            yield f"{step.call}: status {reply.status_code} and not {step.status}: {reply.text[:300]}"
            return
        for where, wanted in step.shows.items():
            wanted = self.filled(wanted) if isinstance(wanted, str) else wanted
            try:
                value = found(reply, where)
            except (ValueError, LookupError, AttributeError, TypeError) as error:
                yield f"{step.call}: nothing at {where}: {error!r}: {reply.text[:300]}"
                continue
            if not agrees(value, wanted):
                yield f"{step.call}: {where} is {str(value)[:500]!r} and not {wanted!r}"

    def play(self, step: Step) -> None:
        """Take a step; fails where the answer is not what it must be."""
        step = step.at(self.name)
        end = time.monotonic() + SECONDS
        while True:
            reply = self.ask(step)
            faults = list(self.faults(step, reply))
            if not (faults and step.soon and time.monotonic() < end):
                break
            time.sleep(0.05)
        assert not faults, "\n".join(faults)
        for name, where in step.keep.items():
            self.known[name] = str(found(reply, where))

    def remove(self) -> None:
        """Remove every container and every image's name that was made."""
        left = []
        for name in self.names:
            self.engine.call("POST", f"/containers/{name}/unpause")
            self.engine.call("POST", f"/containers/{name}/kill")  # or Podman waits ten seconds before it removes
            self.engine.call("DELETE", f"/containers/{name}", params={"force": "1", "v": "1"})
        for name in self.names:
            self.engine.call("DELETE", f"/images/{name}", params={"force": "1"})
            if self.engine.call("GET", f"/containers/{name}/json").status_code != 404:
                left.append(name)
        self.names = []
        assert not left, f"could not be removed: {left}"
