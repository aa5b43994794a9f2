"""What is different on Binder, told to whoever loads the magic there."""

from __future__ import annotations

from collections.abc import Mapping

from .language import say

SIGNS = ("BINDER_LAUNCH_HOST", "BINDER_SERVICE_HOST")


def remarks(environ: Mapping[str, str]) -> list[str]:
    """Whole sentences, none where this is no Binder."""
    if not any(environ.get(name) for name in SIGNS):
        return []
    return [
        say(
            "This is Binder: a machine that is lent to you. It has no Docker, so the practice engine stands in; "
            "engines far away are out of reach."
        ),
        say(
            "A kernel that stands idle for ten minutes is ended: restart it and go on at any cell. Containers and your "
            "progress are kept, variables are not."
        ),
        say("The machine is taken back when you leave it alone; download the notebooks that you want to keep."),
    ]
