"""The one object that remembers: which engine, the last exchange, the settings. Knows no IPython.

From Python, without a notebook::

    from dockermagic.session import Session

    session = Session()
    for container in session.call("list", all=True).json():
        print(container["Names"], container["Status"])
"""

from __future__ import annotations

import json
import logging
import os
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from . import arguments, bodies, endpoints, files, locate, packing, practice
from .endpoints import BY_NAME, NEWEST, OLDEST, Endpoint
from .errors import (
    BadArgument,
    BadRequest,
    DockerMagicError,
    EngineError,
    EngineTooNew,
    EngineTooOld,
    Refused,
    SocketMissing,
    TimedOut,
    for_status,
)
from .exchange import Exchange, Request
from .hunter import PRACTICE, Hunter
from .language import mark, say
from .locate import TLS, Candidate, Place, Surroundings
from .packing import Upload

if TYPE_CHECKING:
    from .transport import Transport

LOG = logging.getLogger(__package__)
JSON: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
TAR: tuple[tuple[str, str], ...] = (("Content-Type", "application/x-tar"),)
AUTH = "X-Registry-Auth"
VERSIONED = re.compile(r"/v\d+\.\d+(/|$)")
MARKS = ("api-version", "server")
"""Headers by which an engine is known again: its API, `Docker/28.5.2 (linux)`. While we talk it may be upgraded, or
another take its address."""
IN_USE = mark("in use")
STEPS = {
    400: mark("the message says which value; `%docker SUBCOMMAND --help` lists what the call takes"),
    401: mark("the engine wants credentials that were not sent"),
    403: mark("the engine, or something in front of it, does not allow this call"),
    404: mark("`%docker list --all` shows the containers that are there"),
    409: mark("`%docker inspect` tells the state that is in the way"),
    500: mark("if that does not tell why, the engine's own log may; `%docker info` shows its warnings"),
    501: mark("this engine has no such feature: `%docker version` says which engine it is"),
}

FULL = "no space left on device"
ROOM = mark("the engine's disk is full: make room there; `%docker df` tells what takes it")


@dataclass
class Settings:
    """What a user may set.

    Attributes:
        timeout: seconds that an engine may be silent; for stop and restart, on top of their `t`.
        rows: rows of a frame that are shown.
        lines: lines of a log that are shown.
        practice: whether the practice engine is started where no other answers.
    """

    timeout: float = 60.0
    rows: int = 30
    lines: int = 500
    practice: bool = True


@dataclass(frozen=True)
class Engine:
    """An engine that answered.

    Attributes:
        host: its address, as in DOCKER_HOST.
        source: why this one.
        version: its answer to `/version`.
        api: the version that we speak with it: the lower of ours and its own.
        tls: the files of its TLS connection.
        practice: whether it is the practice engine, which is ours to start again.
    """

    host: str
    source: str
    version: Mapping[str, Any]
    api: str
    tls: TLS | None = None
    practice: bool = False

    @property
    def name(self) -> str:
        return locate.describe(dict(self.version))


def over_http(host: str, tls: TLS | None) -> Transport:
    """The transport that a session has by itself; requests takes long to import, and not before it is needed."""
    from .transport import HTTP

    return HTTP(host, tls)


class Session:
    """One user's conversation with one engine.

    Args:
        settings: shared with whoever lets the user change them.
        around: the machine as the hunt for an engine sees it.
        transport: makes the transport to an address.
        tell: takes a sentence that the user should read, beside the result.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        around: Surroundings | None = None,
        transport: Callable[[str, TLS | None], Transport] = over_http,
        tell: Callable[[str], None] = LOG.warning,
    ) -> None:
        self.settings = settings or Settings()
        self.last: Exchange | None = None
        self.logins: dict[str, str] = {}
        self.tell = tell
        self._around = around
        self._open = transport
        self._engine: Engine | None = None
        self._transport: Transport | None = None
        self._marks: dict[str, str] = {}

    @property
    def around(self) -> Surroundings:
        return self._around or Surroundings()

    @property
    def engine(self) -> Engine:
        """The engine; the first use looks for it.

        Raises:
            EngineError: there is none.
        """
        return self._engine or self.connect()

    def connect(self, target: str | None = None) -> Engine:
        """Look for an engine, or for the one named, and keep it. A failure leaves the old one in place.

        Args:
            target: an address (`unix:///…`, `tcp://…`), a docker context's name, `practice`, or None for the
                usual order, at whose end the practice engine is started.

        Raises:
            EngineError: none answers, or the version is beyond us.
        """
        place, version = self._hunter.find(target)
        engine = Engine(place.host, place.why, version, negotiate(version, place.host), place.tls, place.practice)
        if place.note:
            self.tell(place.note)
        return self._take(engine)

    def _take(self, engine: Engine) -> Engine:
        if self._transport:
            self._transport.close()
        self._engine, self._transport = engine, self._open(engine.host, engine.tls)
        self._marks = {}
        return engine

    def close(self) -> None:
        """Give the connections back; the next call makes new ones."""
        if self._transport:
            self._transport.close()
            self._transport = self._open(self.engine.host, self.engine.tls)

    @property
    def _hunter(self) -> Hunter:
        return Hunter(self.around, self._open, self.settings.timeout, self.settings.practice)

    def _wire(self) -> Transport:
        if self._transport is None:
            self.connect()
        assert self._transport is not None, "an engine that was found has a transport"
        return self._transport

    def doctor(self) -> list[Candidate]:
        """What is at every place where an engine may be, the one in use marked, in the order of the hunt."""
        seen = self._hunter.survey()
        if self._engine is None:
            return seen
        host = self._engine.host
        known = say("{name}, API {version}", name=self._engine.name, version=self._engine.api)
        if not any(each.host == host for each in seen):
            return [Candidate(host, self._engine.source, IN_USE, known), *seen]
        return [replace(each, verdict=IN_USE) if each.host == host else each for each in seen]

    def prepare(self, row: Endpoint, values: Mapping[str, Any], body: bytes | Upload | None = None) -> Request:
        """The request for a row, complete; nothing is sent.

        Raises:
            BadArgument: a value that is missing, unknown or of the wrong type.
            EngineTooOld: the engine lacks the operation, or a parameter that was asked for.
        """
        api, values = self.engine.api, bounded(row, values)
        self._check_names(row, values)
        if body is None and row.body in packing.KINDS:
            body = packing.KINDS[row.body](values)
        self._check_age(row.name, row.since)
        for param in row.query:
            if values.get(param.name) is not None:
                self._check_age(say("{name}'s {param}", name=row.name, param=param.name), param.since)
        path, query = row.path, arguments.query(row.query, values)
        for param in row.places:
            if not values.get(param.name):
                raise BadArgument(
                    say("{name} needs {what}", name=row.name, what=param.name),
                    say("`%docker {name} --help` shows how it is written", name=row.name),
                )
            path = path.replace(f"{{{param.name}}}", quote(str(values[param.name]).removeprefix("/"), safe=""))
        if row.reply == "any":
            path, _, text = path.partition("?")
            path = quote(path, safe="/%:@!$&'()*+,;=~")
            query = tuple(parse_qsl(text, keep_blank_values=True))
        if not VERSIONED.match(path):
            path = f"/v{api}{path}"
        given = files.given(values.get("input"), values.get("input-file")) if row.upgrade else b""
        terminal = bool(row.upgrade and isinstance(body, bytes) and self.terminal(values, body))
        headers = _typed(body) + upgraded(row)
        login = self.logins.get(bodies.registry(str(values.get(row.registry)))) if row.registry else None
        if row.registry:
            headers += ((AUTH, login or bodies.header({})),)
        return Request(row.method, path, query, headers, body, given, terminal)

    @staticmethod
    def _check_names(row: Endpoint, values: Mapping[str, Any]) -> None:
        known = [param.name for param in (*row.places, *row.query, *row.local, *arguments.COMMON)]
        for name in values:
            if row.operation and name not in known:
                raise BadArgument(
                    say("{operation} takes no {name!r}", operation=row.operation, name=name),
                    say("it takes {known}", known=", ".join(known[: -len(arguments.COMMON)])),
                )

    def check_flags(self, row: arguments.Row, flags: Mapping[str, Any]) -> None:
        """Look at the flags that stand for keys of a body: a key that an engine does not know it leaves out silently.

        Raises:
            EngineTooOld: a key came later than the engine's API.
        """
        for flag in bodies.KINDS[row.body]:
            if flag.param.since and flags.get(flag.param.name):
                self._check_age(say("{name}'s {param}", name=row.name, param=flag.param.name), flag.param.since)

    def _check_age(self, what: str, since: str) -> None:
        engine = self.engine
        if since and endpoints.version(since) > endpoints.version(engine.api):
            raise EngineTooOld(
                say(
                    "{what} came with API {since}, and {name} speaks {api}",
                    what=what,
                    since=since,
                    name=engine.name,
                    api=engine.api,
                ),
                say("leave it out, or `%docker connect` to a newer engine"),
            )

    def call(
        self, row: Endpoint | str, values: Mapping[str, Any] | None = None, *, body: Any = None, **named: Any
    ) -> Exchange:
        """Call one endpoint; the body of the answer is read from the exchange that comes back.

        Args:
            row: a row, or a subcommand's name.
            values: parameters by the API's names; `named` adds to them.
            body: a dict (sent as JSON), bytes or a `packing.Upload` (sent as they are), or None.

        Returns:
            The `Exchange`: `.json()` for the whole answer, `.chunks()` for the bytes as they arrive.

        Raises:
            CallError: the values do not fit; nothing was sent.
            EngineError: no engine, or no answer.
            StatusError: the engine refused; the class says how, `.exchange` holds the answer.
        """
        row = BY_NAME[row] if isinstance(row, str) else row
        values = {**(values or {}), **named}
        data = body if body is None or isinstance(body, bytes | Upload) else bodies.encode(body)
        spoken = self.engine.api
        try:
            return self._attempt(row, values, data)
        except (SocketMissing, Refused):  # nothing was sent
            if not self._revive():
                raise
        except EngineTooOld:  # as it was when we asked it
            if not self._look_again():
                raise
        except BadRequest:  # nothing was done
            if self.engine.api == spoken:
                raise
        return self._attempt(row, values, data)

    def _attempt(self, row: Endpoint, values: Mapping[str, Any], data: bytes | Upload | None) -> Exchange:
        request, seconds = self.prepare(row, values, data), self.patience(row, values)
        if values.get("stdin"):
            request = replace(request, terminal=bool(self.terminal(values)))
        self.last = Exchange(request, self.engine.host, row)
        try:
            return self.send(row, self.last, seconds, values)
        finally:
            self._recognise(self.last.headers)

    def _recognise(self, headers: Mapping[str, str]) -> None:
        """Look again at an engine whose answer bears other marks than those before. An answer without says nothing.

        Raises:
            EngineTooOld, EngineTooNew: another engine answers, and speaks no version that we speak.
        """
        marks = {name: headers[name] for name in MARKS if headers.get(name)}
        if not all(self._fits(name, value) for name, value in marks.items()):
            self._look_again()
        self._marks.update(marks)

    def _fits(self, name: str, value: str) -> bool:
        """Whether a mark is the one that we know; where we know none, whether it tells what `/version` told."""
        if name in self._marks:
            return value == self._marks[name]
        told = {"api-version": str(self.engine.version.get("ApiVersion")), "server": self.engine.name.split()[-1]}
        return told[name] in value

    def _look_again(self) -> bool:
        """Ask the engine in use what it is by now, and tell if it is another; whether it is.

        Raises:
            EngineTooOld, EngineTooNew: it is, and speaks no version that we speak.
        """
        old = self.engine
        try:
            version = self._hunter.probe(Place(old.host, old.source, tls=old.tls))
        except EngineError:
            return False
        new = replace(old, version=version, api=negotiate(version, old.host))
        if (new.name, new.api) == (old.name, old.api):
            return False
        self._engine = new
        self.tell(
            say(
                "another engine answers at {host} by now: {name}, API {version}; it was {old}",
                host=new.host,
                name=new.name,
                version=new.api,
                old=say("{name}, API {version}", name=old.name, version=old.api),
            )
        )
        return True

    def _revive(self) -> bool:
        """Start the practice engine again, if that is the engine in use; whether it is.

        Raises:
            NoEngine: it is, and cannot be started.
        """
        old = self.engine
        if not old.practice:
            return False
        place, version = self._hunter.find(PRACTICE)
        self._take(replace(old, host=place.host, version=version, api=negotiate(version, place.host)))
        self.tell(say(practice.AGAIN))
        return True

    def send(
        self, row: Endpoint, exchange: Exchange, seconds: float | None, values: Mapping[str, Any] | None = None
    ) -> Exchange:
        """Send a request that is complete, and look at the head of the answer. A `for` among `values` bounds it.

        Raises:
            EngineError, StatusError: as `call`.
        """
        try:
            exchange.answered(self._wire().send(exchange.request, seconds=seconds))
        except DockerMagicError as error:
            error.exchange = exchange
            if isinstance(error, TimedOut) and row.patience:
                error.step = say(
                    "it may be under way (`%docker inspect`); give it longer: --{option} 120", option=row.patience[0]
                )
            raise
        assert exchange.status is not None, "an answer has a status"
        if row.endless(values or {}) and exchange.status < 400 and (bound := (values or {}).get("for")):
            exchange.limit(arguments.seconds(str(bound)))
        if exchange.status >= 400:
            said = message(exchange.read())
            raise for_status(exchange.status)(
                said,
                say(_step(row, exchange.status, said)),
                detail=_meaning(row, exchange.status, said),
                exchange=exchange,
            )
        if row.body == bodies.LOGIN:
            self._remember(exchange.request)
        return exchange

    def _remember(self, request: Request) -> None:
        """Keep credentials that an engine has just found right, for as long as this session lives."""
        body = request.body
        if isinstance(body, bytes):
            told = json.loads(body)
            self.logins[bodies.host_of(told.get("serveraddress"))] = bodies.header(told)

    def patience(self, row: Endpoint, values: Mapping[str, Any]) -> float | None:
        """How many seconds the engine may be silent in this call; None for ever."""
        if row.endless(values) and values.get("for"):
            return arguments.seconds(str(values["for"])) + self.settings.timeout
        if row.waits or row.endless(values):
            return None
        if row.patience is None:
            return self.settings.timeout
        name, default = row.patience
        value = values.get(name)
        try:
            grace = default if value is None else int(value)
        except (TypeError, ValueError):
            raise BadArgument(
                say("{name} takes a whole number of seconds, and no {value!r}", name=name, value=value),
                say("for instance 5"),
            ) from None
        return None if grace < 0 else grace + self.settings.timeout

    def terminal(self, values: Mapping[str, Any], body: bytes | Upload | None = None) -> bool | None:
        """Whether a stream is a terminal's: the call's body says so where it has one, else the container does.

        None where neither does.
        """
        if isinstance(body, bytes):
            try:
                return bool(json.loads(body).get("Tty"))
            except (ValueError, AttributeError):
                return None
        answer = self.quick("inspect", self.settings.timeout, id=values.get("id"))
        return bool((answer.get("Config") or {}).get("Tty")) if isinstance(answer, dict) else None

    def quick(self, row: str, seconds: float, **values: Any) -> Any:
        """The JSON of a call that may fail and is not remembered; None where it does, or no engine is connected."""
        if self._engine is None:
            return None
        try:
            request = self.prepare(BY_NAME[row], values)
            return self.send(BY_NAME[row], Exchange(request, self.engine.host, BY_NAME[row]), seconds).json()
        except DockerMagicError:
            return None


def bounded(row: Endpoint, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a call; one that goes on `for` some time follows."""
    follow = {param.name: True for param in row.query if param.endless} if values.get("for") else {}
    return {**follow, **values}


def upgraded(row: Endpoint) -> tuple[tuple[str, str], ...]:
    """The headers that ask for another protocol on the same connection, where the row wants one."""
    if not row.upgrade:
        return ()
    asked = (("Connection", "Upgrade"), ("Upgrade", row.upgrade))
    if row.upgrade != "websocket":
        return asked
    key = b64encode(os.urandom(16)).decode()
    return (*asked, ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key))


def _typed(body: bytes | Upload | None) -> tuple[tuple[str, str], ...]:
    return () if body is None else JSON if isinstance(body, bytes) else TAR


def negotiate(version: Mapping[str, Any], host: str) -> str:
    """The API version to speak with an engine: the lower of ours and its own.

    Raises:
        EngineTooOld, EngineTooNew: there is none that both speak.
    """
    theirs, least = str(version.get("ApiVersion")), str(version.get("MinAPIVersion") or OLDEST)
    try:
        newest, oldest = endpoints.version(theirs), endpoints.version(least)
    except ValueError as error:
        raise EngineError(
            say("{host} names no API version: {error}", host=host, error=error), say("is this a Docker engine?")
        ) from None
    name = locate.describe(dict(version))
    if newest < endpoints.version(OLDEST):
        raise EngineTooOld(
            say(
                "{name} speaks the API up to {theirs}, and dockermagic speaks {oldest} to {newest}",
                name=name,
                theirs=theirs,
                oldest=OLDEST,
                newest=NEWEST,
            ),
            say("use Docker 1.12 or newer"),
        )
    if oldest > endpoints.version(NEWEST):
        raise EngineTooNew(
            say(
                "{name} speaks the API from {least} on, and dockermagic speaks {oldest} to {newest}",
                name=name,
                least=least,
                oldest=OLDEST,
                newest=NEWEST,
            ),
            say("get a newer dockermagic: `%pip install --upgrade dockermagic`"),
        )
    return min(theirs, NEWEST, key=endpoints.version)


def message(body: bytes) -> str:
    """The engine's own words in an error's body: JSON of Docker's form, or plain text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except ValueError:
        return text or say("(no message)")
    return str(found.get("message") or found.get("error") or text) if isinstance(found, dict) else text


def _step(row: Endpoint, status: int, said: str) -> str:
    """What to do where the engine refused: a full disk explains any call's refusal, else the row knows best."""
    return ROOM if FULL in said.lower() else row.steps.get(status) or STEPS.get(status, STEPS[500])


def _meaning(row: Endpoint, status: int, said: str) -> str:
    """What the row says of a status, where the engine's own words do not say it already."""
    meaning = row.statuses.get(status, "")
    if not (meaning and row.operation) or meaning in (said.lower(), *endpoints.FAILED.values()):
        return ""
    return say(
        "{operation} answers {status} when: {meaning}", operation=row.operation, status=status, meaning=say(meaning)
    )
