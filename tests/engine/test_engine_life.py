"""Every arrow of the diagram, walked on an engine: from the state it leaves to the state it claims."""

from __future__ import annotations

from typing import Any

import pytest
from differences import quirk
from enginekit import MINDS_TERM, Made, Magic, unique, until

from dockermagic import states
from dockermagic.states import ARROWS, CREATED, EXITED, NONE, PAUSED, REMOVED, RESTARTING, RUNNING, Arrow

SOON = "sleep 1"
AGAIN = {"HostConfig": {"RestartPolicy": {"Name": "always"}}}


def command(arrow: Arrow) -> dict[str, Any]:
    """What the container must run for this arrow: a program that ends where the end is what is waited for."""
    if RESTARTING in (arrow.source, arrow.target):
        return {"command": "exit 1" if arrow.target != RUNNING else "sleep 0.2", **AGAIN}
    return {"command": SOON if arrow.call in ("", "wait") else MINDS_TERM}


def bring(made: Made, arrow: Arrow) -> str:
    """The name of a container that is where the arrow begins."""
    if arrow.source == NONE:
        return made.expect(unique())
    if arrow.source == EXITED:
        return made.finished("exit 0" if arrow.target == REMOVED else "test -e /ran || { touch /ran; exit; }; sleep 60")
    name = made(start=arrow.source != CREATED, **command(arrow))
    if arrow.source == PAUSED:
        assert made.engine.call("POST", f"/containers/{name}/pause").status_code == 204
    if arrow.source == RESTARTING:
        until(lambda: made.state(name)["Status"] == RESTARTING, f"{name} is restarting")
    return name


def stands(made: Made, name: str, state: str) -> bool:
    if state == REMOVED:
        return not made.there(name)
    return states.state_of(made.inspect(name)) == state


def restarts_at_once(made: Made, magic: Magic) -> None:
    """It runs again without the state between, and stop ends that."""
    name = made("sleep 0.3; exit 1", **AGAIN)
    seen: set[str] = set()

    def twice() -> bool:
        found = made.inspect(name)
        seen.add(states.state_of(found))
        return bool(found["RestartCount"] > 1)

    until(twice, f"{name} runs again")
    assert RESTARTING not in seen
    magic.typed(["stop", name, "--t", "1"])
    until(lambda: stands(made, name, EXITED), f"{name} has exited")


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda each: f"{each.source}-{each.call or 'by itself'}-{each.target}")
def test_an_arrow(arrow: Arrow, made: Made, magic: Magic) -> None:
    if RESTARTING in (arrow.source, arrow.target) and quirk("life: restarts at once", magic.session.engine.name):
        restarts_at_once(made, magic)
        return
    name = bring(made, arrow)
    if arrow.source not in (NONE, RUNNING, RESTARTING):
        assert stands(made, name, arrow.source)
    if arrow.source == NONE:
        magic.typed(["create", "busybox", "--name", name, "--no-label", "--", "true"])
    elif arrow.call:
        call, *options = arrow.call.split()
        magic.typed([call, name, *options])
    until(lambda: stands(made, name, arrow.target), f"{name} is {arrow.target}")


@pytest.mark.parametrize("state", [CREATED, RUNNING, PAUSED, EXITED])
def test_the_diagram_marks_where_it_stands(state: str, made: Made, magic: Magic) -> None:
    name = made.finished("true") if state == EXITED else made(start=state != CREATED)
    if state == PAUSED:
        made.engine.call("POST", f"/containers/{name}/pause").raise_for_status()
    shown = magic.typed(["states", name])
    assert f"[{state}]" in shown.plain
