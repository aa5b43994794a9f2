"""Exercises of 01-list."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

CODES = {"dm-ex-list-ash": 0, "dm-ex-list-elm": 7, "dm-ex-list-oak": 17}
WRITTEN = {"dm-ex-list-ant": 20, "dm-ex-list-fly": 3000, "dm-ex-list-owl": 200}
CREW = ("dm-ex-list-one", "dm-ex-list-two")
HUNGRY = "dm-ex-list-hungry"


def prepare_ended(make: Maker) -> None:
    for name, code in CODES.items():
        make.ended(name, f"exit {code}")


def check_ended(ask: Asker) -> str:
    for name, code in CODES.items():
        if code != 7 and ask.find(name) is None:
            raise NotYet(
                say("there is no container `{name}`, which had exited with {code}", name=name, code=code),
                say("`%docker prepare list-ended` makes all three anew"),
            )
    ask.must_be_gone("dm-ex-list-elm")
    return say("the one that had exited with 7 is gone, the other two are there")


def check_crew(ask: Asker) -> str:
    for name in CREW:
        ask.container(name).must_carry("crew", "moon")
    found = ask.names(label="crew=moon")
    if found != [*CREW]:
        raise NotYet(
            say("the filter `label=crew=moon` finds: {names}", names=named(found)),
            say("it should find {names}, and no other", names=named(CREW)),
        )
    states = sorted(ask.container(name).state for name in found)
    if states != ["created", "running"]:
        raise NotYet(
            say("both are there; one is `{one}`, the other is `{other}`", one=states[0], other=states[1]),
            say("one should be `running`, and one `created`, that is, never started"),
        )
    return say("the filter finds {names}; one runs, one was never started", names=named(found))


def prepare_hungry(make: Maker) -> None:
    for name, size in WRITTEN.items():
        make.ready(name, f"head -c {size}000 /dev/zero > /tmp/food; echo full; exec sleep 3600", "full")


def check_hungry(ask: Asker) -> str:
    for name in WRITTEN:
        if name != "dm-ex-list-fly" and ask.find(name) is None:
            raise NotYet(
                say("there is no container `{name}`, and it had not written the most", name=name),
                say("`%docker prepare list-hungry` makes all three anew"),
            )
    if ask.find(HUNGRY) is not None:
        ask.must_be_gone("dm-ex-list-fly")
    ask.container(
        HUNGRY, say("find the one that wrote most, then `%docker rename CONTAINER {name}`", name=HUNGRY)
    ).must_be("running")
    return say("`{name}` is the one that had written 3 MB", name=HUNGRY)


LESSON = Lesson(
    "01-list",
    "GET /containers/json",
    "which containers are there",
    12,
    (
        Exercise(
            "list-ended",
            3,
            "Three containers named after trees have ended. Find the one that exited with 7, and remove it. "
            "Leave the other two alone.",
            check_ended,
            (
                "Ended containers are listed only with `--all`, and there is a filter for the exit code.",
                "`%docker list --all --filters exited=7 --filters name=dm-ex-list` shows just one.",
                "Its name is `dm-ex-list-elm`. Write `%docker remove` and that name.",
            ),
            "found = %docker list --all --filters exited=7 --filters name=dm-ex-list\n"
            'elm = found["name"].iloc[0]\n'
            "%docker remove {elm}",
            makes=tuple(CODES),
            prepare=prepare_ended,
        ),
        Exercise(
            "list-crew",
            4,
            "Make it so that `%docker list --all --filters label=crew=moon` shows two containers, "
            "`dm-ex-list-one` and `dm-ex-list-two`: one runs, and the other was never started.",
            check_crew,
            (
                "You need `%docker create` twice, with the same label, and `%docker start` once.",
                "`%docker create busybox --name dm-ex-list-one --label crew=moon -- sleep 600` makes the first.",
                "Make `dm-ex-list-two` in the same way, then `%docker start dm-ex-list-one`.",
            ),
            "%docker create busybox --name dm-ex-list-one --replace --label crew=moon -- sleep 600\n"
            "%docker create busybox --name dm-ex-list-two --replace --label crew=moon -- sleep 600\n"
            "%docker start dm-ex-list-one",
            makes=CREW,
        ),
        Exercise(
            "list-hungry",
            5,
            "Three containers named after animals run. One of them has written much more than the other two. "
            f"Find out which, and rename it to `{HUNGRY}`.",
            check_hungry,
            (
                "One of the parameters of `list` counts bytes.",
                "With `--size`, the column `size_rw` says what each container has written itself.",
                'Keep it as `df`, then `df.sort_values("size_rw")[["name", "size_rw"]]` puts the hungry one last.',
                f"It is `dm-ex-list-fly`: `%docker rename dm-ex-list-fly {HUNGRY}`.",
            ),
            "df = %docker list --size --filters name=dm-ex-list\n"
            'hungry = df.sort_values("size_rw")["name"].iloc[-1]\n'
            f"%docker rename {{hungry}} {HUNGRY}",
            makes=(*WRITTEN, HUNGRY),
            prepare=prepare_hungry,
        ),
    ),
)
