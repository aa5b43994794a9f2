"""Exercises of 10-kill."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

RELOADS, LAMP, STUBBORN = "dm-ex-kill-reloads", "dm-ex-kill-lamp", "dm-ex-kill-stubborn"
FOR_EVER = "echo ready; while :; do sleep 3600 & wait $!; done"
SWITCHED = ["ready", "on", "off", "on"]


def prepare_reloads(make: Maker) -> None:
    make.ready(RELOADS, f'trap "echo settings read again" HUP; {FOR_EVER}', "ready")


def check_reloads(ask: Asker) -> str:
    reloads = ask.container(RELOADS, say("`%docker prepare kill-reloads` makes it"))
    reloads.must_be("running", say("it should not end by it; `%docker prepare kill-reloads` begins anew"))
    reloads.must_have_said("settings read again", say("many servers read their settings again on one certain signal"))
    return say("{seen}, and has read its settings again", seen=reloads.seen)


def prepare_lamp(make: Maker) -> None:
    make.ready(LAMP, f'trap "echo on" USR1; trap "echo off" USR2; {FOR_EVER}', "ready")


def check_lamp(ask: Asker) -> str:
    lamp = ask.container(LAMP, say("`%docker prepare kill-lamp` makes it"))
    lamp.must_be("running", say("a signal that it does not know ended it: `%docker prepare kill-lamp` begins anew"))
    lines = lamp.log().splitlines()
    if lines != SWITCHED:
        wanted = SWITCHED[: len(lines)]
        raise NotYet(
            say("its log is `{lines}`", lines=", ".join(lines)),
            say("it should be `{wanted}`", wanted=", ".join(SWITCHED))
            if lines == wanted
            else say("it should be `{wanted}`; `%docker prepare kill-lamp` begins anew", wanted=", ".join(SWITCHED)),
            soon=lines == wanted,
        )
    return say("the lamp was switched on, off, and on again")


def prepare_stubborn(make: Maker) -> None:
    make.ready(STUBBORN, f'trap "" HUP INT QUIT TERM USR1; trap "echo well then; exit 42" WINCH; {FOR_EVER}', "ready")


def check_stubborn(ask: Asker) -> str:
    stubborn = ask.container(STUBBORN, say("`%docker prepare kill-stubborn` makes it"))
    stubborn.must_be("exited", say("it hears one signal only: what does its command say?"))
    stubborn.must_have_ended(
        42, say("137 is KILL, which asks nobody; `%docker start {name}` lets you try again", name=STUBBORN)
    )
    return say("`{name}` has ended with 42", name=STUBBORN)


LESSON = Lesson(
    "10-kill",
    "POST /containers/{id}/kill",
    "send it a signal",
    10,
    (
        Exercise(
            "kill-reloads",
            2,
            f"The container `{RELOADS}` is a server. Let it read its settings again, while it runs on.",
            check_reloads,
            (
                "The table of signals in this lesson says which signal servers take for that.",
                f"`%docker kill {RELOADS} --signal HUP` sends it.",
            ),
            f"%docker kill {RELOADS} --signal HUP",
            makes=(RELOADS,),
            prepare=prepare_reloads,
        ),
        Exercise(
            "kill-lamp",
            4,
            f"The container `{LAMP}` is a lamp: USR1 switches it on, USR2 off. Switch it on, off, and on again.",
            check_lamp,
            (
                "Three calls. A signal that has not been handled may be overtaken by the next one.",
                f"Look into `%docker logs {LAMP}` after each signal, and send the next when the lamp has answered.",
                f"`%docker kill {LAMP} --signal USR1`, then `USR2`, then `USR1`, with a look into the log between.",
            ),
            "import time\n"
            'for count, signal in enumerate(["USR1", "USR2", "USR1"], 2):\n'
            f"    %docker kill {LAMP} --signal {{signal}}\n"
            "    for _ in range(50):\n"
            f"        log = %docker logs {LAMP}\n"
            "        if len(log) == count:\n"
            "            break\n"
            "        time.sleep(0.1)",
            makes=(LAMP,),
            prepare=prepare_lamp,
        ),
        Exercise(
            "kill-stubborn",
            6,
            f"The container `{STUBBORN}` does not want to end. Find out what ends it, "
            "and let it end with the exit code 42.",
            check_stubborn,
            (
                "What a container does with a signal is written in its command.",
                f"`%docker inspect {STUBBORN}` shows the command. Which `trap` has an `exit` in it?",
                f"`%docker kill {STUBBORN} --signal WINCH` is the one.",
            ),
            f"%docker kill {STUBBORN} --signal WINCH\n%docker wait {STUBBORN}",
            makes=(STUBBORN,),
            prepare=prepare_stubborn,
        ),
    ),
)
