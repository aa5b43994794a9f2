"""Containers of ours: how one is removed."""

from __future__ import annotations

from .errors import NotFound, StatusError
from .session import Session


def remove(session: Session, container: str, state: str) -> None:
    """Remove one container of ours; killed first, since some engines give it ten seconds otherwise."""
    try:
        if state in ("running", "restarting"):
            session.call("kill", id=container).read()
    except StatusError:
        state = "unknown"
    try:
        session.call("remove", id=container, force=True, v=True).read()
    except NotFound:
        return
