"""A check's questions to the engine, in words that make a check read like a sentence.

    def stopped(ask: Asker) -> str:
        web = ask.container("dm-ex-web")        # NotYet: there is no container `dm-ex-web`
        web.must_have_ended(3)                  # NotYet: `dm-ex-web` exists, but exited with 0
        return web.seen                         # `dm-ex-web` exited with 3

What is seen comes from the engine alone, never from the notebook's variables.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

from dockermagic import frames
from dockermagic.arguments import moment
from dockermagic.endpoints import Endpoint, raw
from dockermagic.errors import NotFound
from dockermagic.language import mark, say
from dockermagic.session import Session

CHANGES = ("modified", "added", "deleted")
"""What the kinds 0, 1 and 2 of a change mean."""
ALIKE = 0.9
"""How alike two names are, of 1, where one is taken for the other misspelt."""
STATES = {"configured": "created", "initialized": "created", "stopped": "exited", "stopping": "running"}
"""Podman's words for what Docker calls otherwise."""


class NotYet(Exception):
    """What must be true is not.

    Args:
        seen: what was seen instead, a sentence.
        step: what to do about it, a sentence; "" where the first says it.
        soon: it may become true by itself in a moment, so it is worth asking again.
    """

    def __init__(self, seen: str, step: str = "", *, soon: bool = False) -> None:
        super().__init__(seen)
        self.seen, self.step, self.soon = seen, step, soon


class Asker:
    """Asks the engine; what it asks is not remembered as the learner's last exchange.

    Args:
        known: names that exercises use, so that none of them is taken for a misspelt other.
    """

    def __init__(self, session: Session, known: Collection[str] = ()) -> None:
        self._session, self._known = session, known

    def json(self, row: str | Endpoint, **values: Any) -> Any:
        """The JSON that a call is answered with.

        Raises:
            StatusError, EngineError, ReplyError: as `Session.call`.
        """
        with unnoticed(self._session):
            return self._session.call(row, values).json()

    def body(self, row: str | Endpoint, **values: Any) -> tuple[str, bytes]:
        """The Content-Type and the bytes that a call is answered with."""
        with unnoticed(self._session):
            exchange = self._session.call(row, values)
            return exchange.content_type, exchange.read()

    def find(self, name: str) -> Container | None:
        """A container by its exact name; None where there is none."""
        try:
            found = self.json("inspect", id=name)
        except NotFound:
            return None
        return Container(self, name, found) if str(found.get("Name")).removeprefix("/") == name else None

    def container(self, name: str, step: str = "") -> Container:
        """The container of that name.

        Args:
            step: what to do where it is not there.

        Raises:
            NotYet: it is not there.
        """
        found = self.find(name)
        if found is None:
            if alike := self._alike(name):
                raise NotYet(
                    say("there is no container `{name}`, but there is `{alike}`", name=name, alike=alike),
                    say(
                        "is it a slip of the pen? `%docker rename {alike} {name}` puts it right", name=name, alike=alike
                    ),
                )
            raise NotYet(
                say("there is no container `{name}`", name=name),
                step or say("make it with `%docker create`, under just that name"),
            )
        return found

    def _alike(self, name: str) -> str:
        """The name of a container, no exercise's own, that is `name` but for a slip of the pen; "" for none."""
        there = [each for each in self.names() if each not in self._known]
        return next(iter(get_close_matches(name, there, 1, ALIKE)), "")

    def image(self, name: str, step: str) -> Mapping[str, Any]:
        """The image of that name, as `%docker image` tells it.

        Args:
            step: what to do where it is not there.

        Raises:
            NotYet: it is not there.
        """
        try:
            return dict(self.json("image", name=name))
        except NotFound:
            raise NotYet(say("there is no image `{name}`", name=name), step) from None

    def must_be_gone(self, name: str) -> None:
        """
        Raises:
            NotYet: a container of that name is there.
        """
        found = self.find(name)
        if found is not None:
            raise NotYet(
                say("{seen}, and should be gone", seen=found.seen),
                say("`%docker remove` removes a container that does not run"),
            )

    def names(self, **filters: str) -> list[str]:
        """The names that `%docker list --all` gives with these filters, sorted."""
        found = self.json("list", all=True, filters={key: [value] for key, value in filters.items()}) or []
        return sorted(str(each["Names"][0]).removeprefix("/") for each in found if each.get("Names"))

    def now(self) -> str:
        """The engine's own time, UNIX seconds; ours where it does not tell."""
        told = str(self.json("info").get("SystemTime") or "")
        return moment(told or "0s")


class Container:
    """A container as the engine described it when it was asked."""

    def __init__(self, ask: Asker, name: str, found: Mapping[str, Any]) -> None:
        self._ask, self.name, self.found = ask, name, found

    @property
    def id(self) -> str:
        return str(self.found["Id"])

    @property
    def image(self) -> str:
        """The id of its image, 64 hexadecimal digits."""
        return digits(str(self.found["Image"]))

    @property
    def config(self) -> Mapping[str, Any]:
        """`Config`: image, command, environment, labels."""
        return self.found.get("Config") or {}

    @property
    def host(self) -> Mapping[str, Any]:
        """`HostConfig`: limits, restart policy."""
        return self.found.get("HostConfig") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        return self.config.get("Labels") or {}

    @property
    def state(self) -> str:
        """`created`, `running`, `paused`, `restarting`, `exited`, `dead`."""
        status = str(self.found["State"].get("Status"))
        return STATES.get(status, status)

    @property
    def exit_code(self) -> int:
        return int(self.found["State"].get("ExitCode") or 0)

    @property
    def command(self) -> list[str]:
        """Entrypoint and command, as they run."""
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]

    @property
    def env(self) -> dict[str, str]:
        """Its environment; engines add variables of their own."""
        pairs = (each.partition("=") for each in self.config.get("Env") or [])
        return {name: value for name, _, value in pairs}

    @property
    def seen(self) -> str:
        """What it is doing, one clause: "`web` exited with 0"."""
        return say(
            SEEN.get(self.state, mark("`{name}` is {state}")), name=self.name, state=self.state, code=self.exit_code
        )

    def must_be(self, state: str, step: str = "") -> None:
        """
        Args:
            state: `created`, `running`, `paused` or `exited`.
            step: what to do where it is not.

        Raises:
            NotYet: it is in another state.
        """
        if self.state != state:
            wanted = say("{seen}; it should be `{state}`", seen=self.seen, state=state)
            usual = say(STEPS.get((self.state, state)) or OTHERWISE[state], name=self.name)
            raise NotYet(wanted, step or usual, soon=(self.state, state) in PASSING)

    def must_have_ended(self, code: int, step: str = "") -> None:
        """
        Raises:
            NotYet: it has not ended, or with another exit code.
        """
        self.must_be("exited")
        if self.exit_code != code:
            raise NotYet(
                say("{seen}; it should have exited with {code}", seen=self.seen, code=code),
                step or say("the exit code is that of its first process"),
            )

    def must_carry(self, label: str, value: str | None = None) -> None:
        """
        Raises:
            NotYet: it lacks the label, or the label has another value.
        """
        have = self.labels.get(label)
        wanted = f"`{label}`" if value is None else f"`{label}={value}`"
        if have is None:
            raise NotYet(
                say("`{name}` is there and has no label {wanted}", name=self.name, wanted=f"`{label}`"),
                say("labels are given when it is made; the label should be {wanted}", wanted=wanted),
            )
        if value is not None and have != value:
            raise NotYet(
                say("the label of `{name}` is `{label}={have}`", name=self.name, label=label, have=have),
                say("it should be {wanted}", wanted=wanted),
            )

    def must_answer(self, label: str, right: str, step: str = "") -> None:
        """An answer is given as the value of a label; a wrong one is not told what is right.

        Args:
            step: where to look, for a wrong answer.

        Raises:
            NotYet: the label is not there, or says something else.
        """
        have = self.labels.get(label)
        if have is None:
            raise NotYet(
                say("`{name}` is there and has no label {wanted}", name=self.name, wanted=f"`{label}`"),
                say("make it anew with `--replace` and `--label {label}=…`", label=label),
            )
        if have != right:
            raise NotYet(
                say("`{name}` says `{label}={have}`, and that is not so", name=self.name, label=label, have=have),
                step or say("look again, then make it anew with `--replace`"),
            )

    def log(self, stream: str = "") -> str:
        """What it wrote, without times; of one stream (`stdout`, `stderr`) or both."""
        wanted = {"stdout": stream != "stderr", "stderr": stream != "stdout"}
        kind, data = self._ask.body("logs", id=self.id, **wanted)
        decoder, lines = frames.decoder(kind, bool(self.config.get("Tty"))), frames.Lines()
        return "\n".join(line for _, line in [*lines.feed(decoder.feed(data)), *lines.flush()])

    def must_have_said(self, text: str, step: str = "") -> None:
        """
        Raises:
            NotYet: its log does not hold the text; it may come in a moment while it runs.
        """
        log = self.log()
        if text in log:
            return
        last = log.strip().rpartition("\n")[2][:80]
        seen = (
            say("the last line that `{name}` wrote is `{last}`", name=self.name, last=last)
            if last
            else say("`{name}` has written nothing", name=self.name)
        )
        raise NotYet(
            say("{seen}; there is no `{text}` in its log", seen=seen, text=text), step, soon=self.state == "running"
        )

    def file(self, path: str) -> bytes | None:
        """What a file in it holds; None where there is no file of that path."""
        try:
            _, data = self._ask.body("get_archive", id=self.id, path=path)
        except NotFound:
            return None
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            entry = tar.next()
            found = tar.extractfile(entry) if entry is not None else None
            return None if found is None else found.read()

    def changed(self, kind: str) -> list[str]:
        """The paths that it has `added`, `modified` or `deleted`, sorted."""
        found = self._ask.json("changes", id=self.id) or []
        return sorted(str(each["Path"]) for each in found if CHANGES[each["Kind"]] == kind)

    def events(self) -> list[Event]:
        """What happened to it since it was made, oldest first, as far back as the engine remembers.

        Takes up to a second: Podman tells nothing where the end lies in the past. Nor does it tell a signal.
        """
        query = {
            "since": moment(str(self.found["Created"])),
            "until": str(int(float(self._ask.now())) + 1),
            "filters": json.dumps({"container": [self.id]}),
        }
        _, text = self._ask.body(raw("GET", f"/events?{urlencode(query)}"))
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
        return [Event(str(each["Action"]), each["Actor"].get("Attributes") or {}) for each in found]


@dataclass(frozen=True)
class Event:
    """One thing that happened: `kill`, with `{"signal": "1", …}`."""

    action: str
    attributes: Mapping[str, str]


def digits(image: str) -> str:
    """The id of an image without the name of its checksum, which some engines leave out."""
    return image.removeprefix("sha256:")


def named(names: Iterable[str]) -> str:
    """Names as they stand in a sentence: `a`, `b`; or that there are none."""
    return say(", ").join(f"`{name}`" for name in names) or say("none")


SEEN = {
    "created": mark("`{name}` exists but was never started"),
    "running": mark("`{name}` is running"),
    "paused": mark("`{name}` is paused"),
    "restarting": mark("`{name}` is restarting"),
    "exited": mark("`{name}` exists but exited with {code}"),
    "dead": mark("`{name}` is dead"),
}
STEPS = {
    ("created", "running"): mark("`%docker start {name}` starts it"),
    ("paused", "running"): mark("`%docker unpause {name}` lets it go on"),
    ("exited", "running"): mark(
        "its command has come to its end; start it, or if it ends again at once, make it anew with one that goes on: "
        "`--replace`, and `-- sleep 600` at the end"
    ),
    ("created", "exited"): mark("it has not run yet: `%docker start {name}` starts it"),
    ("running", "exited"): mark("let it come to its end; `%docker stop {name}` asks it to end"),
    ("paused", "exited"): mark("it cannot end while it is paused: `%docker unpause {name}` lets it go on"),
}
"""What to do about it: state seen, state wanted."""
OTHERWISE = {
    "created": mark("one that was started once cannot be so again: make it anew with `--replace`, and do not start it"),
    "running": mark("`%docker inspect {name}` tells more; it should run in the end"),
    "paused": mark("`%docker pause` freezes a container that runs"),
    "exited": mark("`%docker inspect {name}` tells more; it should have come to its end"),
}
"""What to do about it where the state seen does not matter."""
PASSING = {("running", "exited"), ("restarting", "exited"), ("restarting", "running")}
"""State seen → state wanted that may come by itself."""


@contextmanager
def unnoticed(session: Session) -> Iterator[None]:
    """What is called within is not the learner's last exchange."""
    before = session.last
    try:
        yield
    finally:
        session.last = before
