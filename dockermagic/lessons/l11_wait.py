"""Exercises of 11-wait-and-exit-codes."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

RIVERS = {"dm-ex-wait-elbe": 0, "dm-ex-wait-oder": 3, "dm-ex-wait-ruhr": 0}
FAILED, LOST, LIAR = "dm-ex-wait-failed", "dm-ex-wait-lost", "dm-ex-wait-liar"
NIGHTS = ("dm-ex-wait-owl", "dm-ex-wait-bat", "dm-ex-wait-fox")


def prepare_rivers(make: Maker) -> None:
    for name, code in RIVERS.items():
        make.start(name, f"sleep 2; exit {code}")


def check_rivers(ask: Asker) -> str:
    for name, code in RIVERS.items():
        if code == 0 and ask.find(name) is None:
            raise NotYet(
                say("there is no container `{name}`, and that one has not failed", name=name),
                say("`%docker prepare wait-rivers` makes all three anew"),
            )
    failed = ask.container(
        FAILED, say("wait for each, and look at the codes; then `%docker rename CONTAINER {name}`", name=FAILED)
    )
    failed.must_have_ended(3, say("that is another one; `%docker prepare wait-rivers` makes all three anew"))
    return say("`{name}` is the one that exited with {code}", name=FAILED, code=3)


def check_lost(ask: Asker) -> str:
    lost = ask.container(LOST)
    lost.must_be(
        "exited", say("start it; where the engine refuses, since it misses the program itself, let a shell look for it")
    )
    lost.must_have_ended(127, say("127 is what a shell says of a program that it does not find"))
    return say("`{name}` has ended with 127: its shell did not find the program", name=LOST)


def prepare_liar(make: Maker) -> None:
    owl, bat, fox = NIGHTS
    for name in (owl, fox):
        make.ready(name, "echo good night; exec sleep 3600", "good night")
        make.kill(name)
    make.ended(bat, "echo good night; sleep 0.1; exit 137")


def check_liar(ask: Asker) -> str:
    for name in NIGHTS:
        if name != "dm-ex-wait-bat" and ask.find(name) is None:
            raise NotYet(
                say("there is no container `{name}`, and that one was killed indeed", name=name),
                say("`%docker prepare wait-liar` makes all three anew"),
            )
    liar = ask.container(
        LIAR, say("find the one that nobody killed, then `%docker rename CONTAINER {name}`", name=LIAR)
    )
    liar.must_have_ended(137, say("that is another one; `%docker prepare wait-liar` makes all three anew"))
    return say("`{name}` says 137 by itself; the other two were killed", name=LIAR)


LESSON = Lesson(
    "11-wait-and-exit-codes",
    "POST /containers/{id}/wait",
    "until it ends, and with which code",
    12,
    (
        Exercise(
            "wait-rivers",
            3,
            "Three containers named after rivers have just been started, and will end soon. Wait for each. "
            f"Rename the one that failed to `{FAILED}`.",
            check_rivers,
            (
                "A container has failed when its exit code is not 0.",
                "`%docker wait dm-ex-wait-elbe` waits for the first, and shows its code; so do the other two.",
                f"It is `dm-ex-wait-oder`: `%docker rename dm-ex-wait-oder {FAILED}`.",
            ),
            'for river in ["elbe", "oder", "ruhr"]:\n'
            "    answer = %docker wait dm-ex-wait-{river}\n"
            '    if answer["StatusCode"] != 0:\n'
            f"        %docker rename dm-ex-wait-{{river}} {FAILED}",
            makes=(*RIVERS, FAILED),
            prepare=prepare_rivers,
        ),
        Exercise(
            "wait-lost",
            4,
            f"Make a container `{LOST}`, and let it run to its end. Its exit code should be the one that says: "
            "there is no such program.",
            check_lost,
            (
                "The table of exit codes in this lesson has the number.",
                "127. If the engine looks for the program itself, the container never runs; so let a shell look.",
                f"`%docker create busybox --name {LOST} -- sh -c 'no-such-program'`, then start it.",
            ),
            f"%docker create busybox --name {LOST} --replace -- sh -c 'no-such-program'\n"
            f"%docker start {LOST}\n%docker wait {LOST}",
            makes=(LOST,),
        ),
        Exercise(
            "wait-liar",
            6,
            "Three containers named after animals of the night have ended with 137, and all of them look killed. "
            f"One of them was not killed at all. Find out which, and rename it to `{LIAR}`.",
            check_liar,
            (
                "The code alone does not tell. What were they told to do?",
                "`%docker inspect` shows the command of each. Two of them would have slept for an hour.",
                f"It is `dm-ex-wait-bat`: `%docker rename dm-ex-wait-bat {LIAR}`.",
            ),
            'for animal in ["owl", "bat", "fox"]:\n'
            "    box = %docker inspect dm-ex-wait-{animal}\n"
            '    if "exit 137" in " ".join(box["Config"]["Cmd"]):\n'
            f"        %docker rename dm-ex-wait-{{animal}} {LIAR}",
            makes=(*NIGHTS, LIAR),
            prepare=prepare_liar,
        ),
    ),
)
