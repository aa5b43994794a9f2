"""Exercises of 16-events."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

TWICE = "dm-ex-events-twice"
BIRDS = ("dm-ex-events-jay", "dm-ex-events-kite", "dm-ex-events-wren")
PAUSED, FOUND = BIRDS[1], "dm-ex-events-found"
LOOP, STARTS, ANSWER = "dm-ex-events-loop", 3, "dm-ex-events-answer"


def prepare_twice(make: Maker) -> None:
    make.start(TWICE, "exec sleep 3600")


def check_twice(ask: Asker) -> str:
    twice = ask.container(TWICE, say("`%docker prepare events-twice` makes it"))
    seen = [event.action for event in twice.events() if event.action in ("pause", "unpause")]
    if seen.count("pause") < 2:
        raise NotYet(
            say("the events of `{name}` tell {count} times `pause`", name=TWICE, count=seen.count("pause")),
            say("they should tell it twice; one that is paused has to go on before it can be paused again"),
        )
    twice.must_be("running", say("`%docker unpause {name}` lets it go on", name=TWICE))
    return say("`{name}` was paused {count} times, and runs", name=TWICE, count=seen.count("pause"))


def prepare_which(make: Maker) -> None:
    for name in BIRDS:
        make.start(name, "exec sleep 3600")
    make.call("pause", PAUSED)
    make.call("unpause", PAUSED)


def check_which(ask: Asker) -> str:
    for name in BIRDS:
        if name != PAUSED:
            ask.container(name, say("that one was not paused; `%docker prepare events-which` makes all three anew"))
    ask.container(FOUND, say("find the one that was paused, then `%docker rename CONTAINER {name}`", name=FOUND))
    return say("`{name}` is the one that was paused", name=FOUND)


def prepare_loop(make: Maker) -> None:
    make.ended(LOOP, "exit 0")
    for _ in range(STARTS - 1):
        make.call("start", LOOP)
        make.call("wait", LOOP)


def check_loop(ask: Asker) -> str:
    answer = ask.container(ANSWER, say("`%docker create busybox --name {name} --label starts=NUMBER`", name=ANSWER))
    answer.must_answer(
        "starts", str(STARTS), say("each start is an event of its own: count those of `{name}` only", name=LOOP)
    )
    return say("`{name}` was started {count} times", name=LOOP, count=STARTS)


LESSON = Lesson(
    "16-events",
    "GET /events",
    "what has happened, and what happens now",
    12,
    (
        Exercise(
            "events-twice",
            3,
            f"The container `{TWICE}` runs. Let its events tell `pause` twice, and let it run in the end.",
            check_twice,
            (
                "`%docker pause` freezes it, and one that is frozen cannot be frozen once more.",
                f"`%docker pause {TWICE}`, `%docker unpause {TWICE}`, and both once more.",
            ),
            f"%docker pause {TWICE}\n%docker unpause {TWICE}\n%docker pause {TWICE}\n%docker unpause {TWICE}",
            makes=(TWICE,),
            prepare=prepare_twice,
        ),
        Exercise(
            "events-which",
            3,
            "Three containers named after birds run. One of them was paused for a moment after it was started. Find "
            f"out which, and rename it to `{FOUND}`.",
            check_which,
            (
                "They all run now, so `list` cannot tell. What happened is in the events.",
                "`%docker events --since 10m --for 1s --filters event=pause` shows who was paused.",
                f"`%docker rename {PAUSED} {FOUND}`.",
            ),
            "events = %docker events --since 30m --for 1s --filters event=pause\n"
            'paused = events[events["name"].isin(["dm-ex-events-jay", "dm-ex-events-kite", "dm-ex-events-wren"])]\n'
            'bird = paused["name"].iloc[-1]\n'
            f"%docker rename {{bird}} {FOUND}",
            makes=(*BIRDS, FOUND),
            prepare=prepare_which,
        ),
        Exercise(
            "events-loop",
            5,
            f"Somebody starts the container `{LOOP}` again and again; it ends at once each time. How often was it "
            f"started since it was made? Give the answer as the label `starts` of a new container `{ANSWER}`. It need "
            "not be started.",
            check_loop,
            (
                "`inspect` tells the last start only. What tells of each one?",
                f"`--filters container={LOOP}` with `--filters event=start`, as far back as it was made.",
                f"Count the rows, then `%docker create busybox --name {ANSWER} --label starts=NUMBER`.",
            ),
            f"box = %docker inspect {LOOP}\n"
            f"events = %docker events --since 30m --for 1s --filters container={{box['Id']}} --filters event=start\n"
            "count = len(events)\n"
            f"%docker create busybox --name {ANSWER} --replace --label starts={{count}}",
            makes=(LOOP, ANSWER),
            prepare=prepare_loop,
        ),
    ),
)
