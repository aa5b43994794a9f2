"""Looks at the places that `locate` names, over a transport; the practice engine stands at the end of the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import locate, practice
from .errors import DockerMagicError, EngineError, NoEngine, PermissionDenied
from .exchange import Exchange, Request
from .language import mark, say
from .locate import TLS, Candidate, Place, Surroundings

if TYPE_CHECKING:
    from .transport import Transport

PRACTICE = "practice"
WOULD_START, NOT_STARTED = mark("is started"), mark("not started")
SECONDS = 5.0
SECONDS_FOR_NAMED = 20.0
NO_ENGINE_STEP = mark("`%docker doctor` lists the engines here")
TLS_STEP = mark(
    "if it wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use its context; else `%docker doctor`"
)


def _step(place: Place) -> str:
    return say(TLS_STEP if place.host.startswith("tcp://") and not place.tls else NO_ENGINE_STEP)


@dataclass(frozen=True)
class Hunter:
    """One hunt.

    Attributes:
        around: the machine.
        open: makes the transport to an address.
        timeout: seconds that an engine may be silent, at the most.
        practice: whether the practice engine is started where no other answers.
    """

    around: Surroundings
    open: Callable[[str, TLS | None], Transport]
    timeout: float
    practice: bool

    def find(self, target: str | None) -> tuple[Place, dict[str, Any]]:
        """The engine to use, and its `/version`.

        Args:
            target: an address, a context, `practice`, or None for the usual order.

        Raises:
            EngineError: none answers, or not the one that was named.
        """
        if target == PRACTICE:
            return self._start("%docker connect practice")
        try:
            return locate.hunt(self.around, self.probe, target)
        except (NoEngine, PermissionDenied) as error:
            if target or not self.practice or any(place.named for place in locate.places(self.around)):
                raise
            try:
                return self._start(say("no other engine answers") if isinstance(error, NoEngine) else error.what)
            except EngineError as why:
                error.detail = error.detail or say(
                    "The practice engine cannot stand in: {what} → {step}", what=why.what, step=why.step
                )
                raise error from None

    def _start(self, why: str) -> tuple[Place, dict[str, Any]]:
        ran = practice.answers(practice.home(self.around))
        host = practice.start(self.around).host
        place = Place(host, say("the practice engine: {why}", why=why), practice=True)
        version = self.probe(place)
        if not ran and (self._ask(place, "/info", SECONDS)[1] or {}).get("Containers"):
            place = replace(place, note=say(practice.AGAIN))
        return place, version

    def probe(self, place: Place) -> dict[str, Any]:
        """The `/version` of the engine at a place.

        Raises:
            EngineError: no answer, or not that of an engine.
        """
        seconds = min(SECONDS_FOR_NAMED if place.named else SECONDS, self.timeout)
        exchange, version = self._ask(place, "/version", seconds)
        if exchange.status != 200 or not isinstance(version, dict) or "ApiVersion" not in version:
            raise EngineError(
                say(
                    "{host} answers, but not as a Docker engine does ({status} {reason})",
                    host=place.host,
                    status=exchange.status,
                    reason=exchange.reason,
                ),
                _step(place),
            )
        return version

    def _ask(self, place: Place, path: str, seconds: float) -> tuple[Exchange, Any]:
        transport = self.open(place.host, place.tls)
        exchange = Exchange(Request("GET", path), place.host)
        try:
            answered = exchange.answered(transport.send(exchange.request, seconds=seconds))
            return answered, answered.json()
        except EngineError:
            raise
        except DockerMagicError as error:
            raise EngineError(
                say("{host} answers, but not as a Docker engine does", host=place.host), _step(place)
            ) from error
        finally:
            transport.close()

    def survey(self) -> list[Candidate]:
        """What is at every place, the practice engine's among them."""
        seen = locate.survey(self.around, self.probe)
        named = any(place.named for place in locate.places(self.around))
        turn = self.practice and not named and all(each.verdict != locate.TAKEN for each in seen)
        return [*seen, self._practice(turn)]

    def _practice(self, turn: bool) -> Candidate:
        """What is at the practice engine's place; `turn`: whether a hunt gets as far as that."""
        home = practice.home(self.around)
        source = say("the practice engine")
        place = Place(home.host, source)
        if not practice.answers(home):
            if turn:
                return Candidate(home.host, source, WOULD_START, say("since no other engine answers"))
            return Candidate(home.host, source, NOT_STARTED, say("`%docker connect practice` starts it"))
        try:
            info, used = (self._ask(place, path, SECONDS)[1] or {} for path in ("/info", "/system/df"))
        except EngineError as error:
            return Candidate(home.host, source, locate.NO, error.what)
        verdict = locate.TAKEN if turn else locate.ANSWERS
        return Candidate(home.host, source, verdict, practice.describe(info, used, home))
