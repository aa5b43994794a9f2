"""Everything that can go wrong, as one tree.

DockerMagicError                 any of the below; carries the exchange, where there was one
├── CallError                    the words are wrong, nothing was sent
│   ├── UnknownSubcommand        no subcommand of that name
│   ├── BadArgument              an option or a value that the call does not take
│   ├── BadBody                  the cell is no JSON object
│   └── LeftOver                 `$x` or `{x}` for which Python has no value
├── EngineError                  no call could be made
│   ├── NoEngine                 every place was tried, none answers
│   ├── NoSuchContext            a context of that name is not stored
│   ├── BadHost                  an address of a form that we do not speak
│   ├── SocketMissing            the socket's file is not there
│   ├── NotASocket               the file is there and is something else
│   ├── PermissionDenied         the engine is there and not for this user
│   ├── Refused                  nothing listens
│   ├── Unreachable              the host has no address or no route
│   ├── NotTrusted               one end could not prove to the other who it is
│   ├── NoDockerThere            ssh reached a machine that has no docker command
│   ├── TimedOut                 connected, and no answer in time
│   ├── EngineTooOld             the engine lacks the version that the call needs
│   └── EngineTooNew             the engine has given up every version that we speak
├── StatusError                  the engine answered, and refused
│   ├── BadRequest               400
│   ├── Denied                   401, 403
│   ├── NotFound                 404
│   ├── Conflict                 409
│   ├── ServerError              500 and the other 5xx
│   └── NotImplementedHere       501
├── ReplyError                   the engine answered, and the answer is unusable
│   ├── NotJson                  JSON was due
│   ├── CutShort                 the connection ended inside the answer
│   └── BadFrame                 a stream that does not keep to its framing
├── StreamFailed                 the engine said 200, began, and then told of an error
├── FileError                    the file to write or read on this machine
├── NotOurs                      a container without our label would have been touched
└── Interrupted                  the user stopped a call that was under way
"""

from __future__ import annotations

from typing import Any

from . import masks
from .language import say


class DockerMagicError(Exception):
    """What happened, and the next step; shown as one block of at most three lines, without a traceback.

    Args:
        what: one sentence, the engine's own message where it gave one.
        step: what to do next, one line.
        detail: one line more, where the sentence is not enough.
        exchange: the `Exchange` during which it happened.
    """

    def __init__(self, what: str, step: str = "", *, detail: str = "", exchange: Any = None) -> None:
        super().__init__(what)
        self.what, self.step, self.detail, self.exchange = what, step, detail, exchange

    def lines(self) -> list[str]:
        """The block, line by line: what, detail, next step."""
        parts = (f"{self.title}: {self.what}", self.detail, f"→ {self.step}" if self.step else "")
        return [_one_line(part) for part in parts if part]

    @property
    def title(self) -> str:
        return type(self).__name__

    def _render_traceback_(self) -> list[str]:
        return self.lines()

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _one_line(text: str, limit: int = 600) -> str:
    """`text` on one line, with nothing in it that a terminal obeys, cut where it is too long to read."""
    flat = " ".join(masks.text(text).split())
    safe = "".join(char if char.isprintable() else "�" for char in flat[:limit])
    return safe if len(flat) <= limit else say("{start} … ({count} characters)", start=safe, count=len(flat))


class CallError(DockerMagicError):
    """The words are wrong, nothing was sent."""


class UnknownSubcommand(CallError):
    """No subcommand of that name."""


class BadArgument(CallError):
    """An option or a value that the call does not take."""


class BadBody(CallError):
    """The cell is no JSON object."""


class LeftOver(CallError):
    """`$x` or `{x}` for which Python has no value."""


class EngineError(DockerMagicError):
    """No call could be made."""


class NoEngine(EngineError):
    """Every place was tried, none answers."""


class NoSuchContext(EngineError):
    """A context of that name is not stored."""


class BadHost(EngineError):
    """An address of a form that we do not speak."""


class SocketMissing(EngineError):
    """The socket's file is not there."""


class NotASocket(EngineError):
    """The file is there and is something else."""


class PermissionDenied(EngineError):
    """The engine is there and not for this user."""


class Refused(EngineError):
    """Nothing listens."""


class Unreachable(EngineError):
    """The host has no address or no route."""


class NotTrusted(EngineError):
    """One end could not prove to the other who it is."""


class NoDockerThere(EngineError):
    """Ssh reached a machine that has no docker command."""


class TimedOut(EngineError):
    """Connected, and no answer in time."""


class EngineTooOld(EngineError):
    """The engine lacks the version that the call needs."""


class EngineTooNew(EngineError):
    """The engine has given up every version that we speak."""


class StatusError(DockerMagicError):
    """The engine answered, and refused.

    Attributes:
        status: the HTTP status, an int.
    """

    @property
    def status(self) -> int | None:
        return self.exchange.status if self.exchange is not None else None

    @property
    def title(self) -> str:
        return f"{type(self).__name__} ({self.status})"


class BadRequest(StatusError):
    """400."""


class Denied(StatusError):
    """401, 403."""


class NotFound(StatusError):
    """404."""


class Conflict(StatusError):
    """409."""


class ServerError(StatusError):
    """500 and the other 5xx."""


class NotImplementedHere(StatusError):
    """501."""


class ReplyError(DockerMagicError):
    """The engine answered, and the answer is unusable."""


class NotJson(ReplyError):
    """JSON was due."""


class CutShort(ReplyError):
    """The connection ended inside the answer."""


class BadFrame(ReplyError):
    """A stream that does not keep to its framing."""


class StreamFailed(DockerMagicError):
    """The engine said 200, began, and then told of an error.

    The exchange's value is the frame of what came before it.
    """


class FileError(DockerMagicError):
    """The file to write or read on this machine."""


class NotOurs(DockerMagicError):
    """A container without our label would have been touched."""


class Interrupted(DockerMagicError):
    """The user stopped a call that was under way."""


BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequest,
    401: Denied,
    403: Denied,
    404: NotFound,
    409: Conflict,
    501: NotImplementedHere,
}


def for_status(status: int) -> type[StatusError]:
    """The class for an HTTP status of 400 or more."""
    return BY_STATUS.get(status, ServerError if status >= 500 else StatusError)
