"""Exercises of 04-top."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, Container, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

CROWD, COUNT, THREE = "dm-ex-top-crowd", "dm-ex-top-count", "dm-ex-top-three"
HANDS = {"dm-ex-top-cow": 2, "dm-ex-top-hen": 2, "dm-ex-top-pig": 3}
MOST = "dm-ex-top-pig"
SCRIPT = 'trap "exit 0" TERM; for n in $(seq $HANDS); do sleep 3600 & done; echo ready; wait'


def commands(ask: Asker, box: Container) -> list[str]:
    """What runs in it, one command line for each process."""
    return [str(process[-1]) for process in ask.json("top", id=box.id)["Processes"] or []]


def prepare_count(make: Maker) -> None:
    make.ready(CROWD, SCRIPT, "ready", Env=["HANDS=5"])


def check_count(ask: Asker) -> str:
    crowd = ask.container(CROWD, say("`%docker prepare top-count` makes it"))
    crowd.must_be("running", say("`%docker prepare top-count` makes it anew"))
    made = ask.container(COUNT, say("when you know the number, make it with `--label processes=…`"))
    count = len(commands(ask, crowd))
    made.must_answer("processes", str(count), say("each row of `top` is a process, and the first one counts too"))
    return say("in `{name}` {count} processes run, as you say", name=CROWD, count=count)


def check_three(ask: Asker) -> str:
    three = ask.container(THREE)
    if three.state == "exited":
        raise NotYet(
            say("{seen}: its first process had nothing to wait for, or was ended", seen=three.seen),
            say("the shell should wait for the other two; make the container anew with `--replace`, and start it"),
        )
    three.must_be("running")
    found = commands(ask, three)
    sleeping = [command for command in found if command == "sleep 600"]
    if len(found) != 3 or len(sleeping) != 2:
        raise NotYet(
            say("in `{name}` run: {commands}", name=THREE, commands=named(sorted(found))),
            say("two should be `sleep 600`, and one the shell that waits for them"),
            soon=True,
        )
    return say("in `{name}` run {commands}", name=THREE, commands=named(sorted(found)))


def prepare_most(make: Maker) -> None:
    for name, hands in HANDS.items():
        make.ready(name, SCRIPT, "ready", Env=[f"HANDS={hands}"])


def check_most(ask: Asker) -> str:
    anew = say("`%docker prepare top-most` makes all three anew")
    for name in HANDS:
        if name != MOST:
            ask.container(name, anew).must_be("running", say("it had fewer processes than another: {anew}", anew=anew))
    if ask.container(MOST, anew).state == "running":
        raise NotYet(say("all three are running"), say("find the one with the most processes, and stop it"))
    return say("`{name}` had the most processes, and does not run; the other two do", name=MOST)


LESSON = Lesson(
    "04-top",
    "GET /containers/{id}/top",
    "its processes",
    8,
    (
        Exercise(
            "top-count",
            2,
            f"How many processes run in `{CROWD}`? Make a container `{COUNT}` whose label `processes` says the number.",
            check_count,
            (
                "`top` gives a DataFrame with one row for each process.",
                f"`processes = %docker top {CROWD}`, then `len(processes)`.",
                f"`%docker create busybox --name {COUNT} --replace --label processes=` and behind it the number.",
            ),
            f"processes = %docker top {CROWD}\n"
            "number = len(processes)\n"
            f"%docker create busybox --name {COUNT} --replace --label processes=$number",
            makes=(CROWD, COUNT),
            prepare=prepare_count,
        ),
        Exercise(
            "top-three",
            4,
            f"Let a container `{THREE}` run in which `top` shows three processes: a shell, and two times `sleep 600`.",
            check_three,
            (
                "In a shell, `&` at the end of a command leaves it in the background.",
                "A shell may turn itself into the last command of its line, and then it is missing. "
                "The shell's own command `wait` keeps it there.",
                "The command is `sh -c 'sleep 600 & sleep 600 & wait'`. Make it, and start it.",
            ),
            f"%docker create busybox --name {THREE} --replace -- sh -c 'sleep 600 & sleep 600 & wait'\n"
            f"%docker start {THREE}",
            makes=(THREE,),
        ),
        Exercise(
            "top-most",
            4,
            "Three containers named after animals of a farm run the same command. One of them has more processes "
            "than the other two. Stop that one, and let the other two run.",
            check_most,
            (
                "Which call counts processes? Names that begin alike are found by a filter of `list`.",
                "A loop over the names of `%docker list --filters name=dm-ex-top` calls `top` for each.",
                f"It is `{MOST}`: `%docker stop {MOST}`.",
            ),
            "counts = {}\n"
            f"for name in {tuple(HANDS)!r}:\n"
            "    processes = %docker top $name\n"
            "    counts[name] = len(processes)\n"
            "most = max(counts, key=counts.get)\n"
            "%docker stop $most",
            makes=tuple(HANDS),
            prepare=prepare_most,
        ),
    ),
)
