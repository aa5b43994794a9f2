"""What can go wrong, as kinds; and in one place the HTTP status of each kind.

EngineError
├── NotFound          there is no such container, image, exec or path
├── Conflict          the state does not allow it now
├── BadParameter      the request itself is wrong
├── AlreadyDone       nothing to do: started when running, stopped when stopped
├── NotOffered        a thing this engine does not do
├── Forbidden         refused for good
├── Unavailable       not possible on this machine just now, as a swarm without a manager
└── Failed            everything else
"""

from __future__ import annotations


class EngineError(Exception):
    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(EngineError):
    pass


class Conflict(EngineError):
    pass


class BadParameter(EngineError):
    pass


class AlreadyDone(EngineError):
    pass


class NotOffered(EngineError):
    pass


class Forbidden(EngineError):
    pass


class Unavailable(EngineError):
    pass


class Failed(EngineError):
    pass


STATUS: dict[type[EngineError], int] = {
    NotFound: 404,
    Conflict: 409,
    BadParameter: 400,
    AlreadyDone: 304,
    NotOffered: 501,
    Forbidden: 403,
    Unavailable: 503,
    Failed: 500,
}


def status_of(error: EngineError) -> int:
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500
