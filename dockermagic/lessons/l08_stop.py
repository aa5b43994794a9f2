"""Exercises of 08-stop."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

SAVES, QUICK, WEB = "dm-ex-stop-saves", "dm-ex-stop-quick", "dm-ex-stop-web"
CREW = {"cook": 3601, "waiter": 3602, "guard": 3603}
DEAF = "waiter"
BIRTH = {DEAF: 'trap "" TERM; '}
END = (
    f'echo "asked to end: I wait for all"; kill {" ".join(f"${name}" for name in CREW)}; wait; echo "all gone"; exit 0'
)


def prepare_saves(make: Maker) -> None:
    make.ready(SAVES, 'trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 3600 & wait $!; done', "ready")


def check_saves(ask: Asker) -> str:
    saves = ask.container(SAVES, say("`%docker prepare stop-saves` makes it"))
    saves.must_be("exited", say("ask it to end, with the call of this lesson"))
    saves.must_have_said("saved", say("it got no time to save; `%docker prepare stop-saves` begins anew"))
    return say("`{name}` has ended, and had saved its work before", name=SAVES)


def check_quick(ask: Asker) -> str:
    quick = ask.container(QUICK)
    if quick.command[:1] != ["sleep"]:
        raise NotYet(
            say("`{name}` runs `{command}`", name=QUICK, command=" ".join(quick.command)),
            say("it should run `sleep 3600`, which does not hear TERM"),
        )
    seconds = quick.config.get("StopTimeout")
    if seconds != 2:
        told = say("its own `StopTimeout` is {seconds}", seconds=10 if seconds is None else seconds)
        raise NotYet(
            f"{quick.seen}; {told}",
            say("it should be 2, and is said when the container is made: make it anew with `--replace`"),
        )
    quick.must_be("exited", say("start it, then stop it without any parameter"))
    return say("`{name}` has ended, and carries its two seconds with it", name=QUICK)


def prepare_web(make: Maker) -> None:
    born = "".join(
        f'({BIRTH.get(name, "")}exec sleep {seconds}) & {name}=$!; echo "{name} is process ${name}: sleep {seconds}"; '
        for name, seconds in CREW.items()
    )
    make.ready(WEB, f"{born}trap '{END}' TERM; echo ready; while :; do wait; sleep 1; done", "ready")


def check_web(ask: Asker) -> str:
    web = ask.container(WEB, say("`%docker prepare stop-web` makes it"))
    step = say("it must end by itself, and no KILL may end it; `%docker prepare stop-web` begins anew")
    if web.state == "running" and "asked to end" in web.log():
        raise NotYet(
            say("`{name}` was asked to end, and still waits", name=WEB),
            say("which of its processes is still there? That one must go, and `{name}` ends", name=WEB),
            soon=True,
        )
    web.must_be("exited", say("ask it to end, and see what it waits for"))
    web.must_have_ended(0, step)
    return say("`{name}` has ended with 0: nobody kept it any longer", name=WEB)


LESSON = Lesson(
    "08-stop",
    "POST /containers/{id}/stop",
    "ask it to end",
    10,
    (
        Exercise(
            "stop-saves",
            2,
            f"The container `{SAVES}` saves its work when it is asked to end. Let it end, with its work saved.",
            check_saves,
            (
                "Asked to end means TERM, and some time to do it.",
                f"`%docker stop {SAVES}`, and do not take its time away.",
            ),
            f"%docker stop {SAVES}",
            makes=(SAVES,),
            prepare=prepare_saves,
        ),
        Exercise(
            "stop-quick",
            4,
            f"Make a container `{QUICK}` that runs `sleep 3600`. `%docker stop {QUICK}`, without any parameter, "
            "should take two seconds and not ten. Start it, and stop it so.",
            check_quick,
            (
                "The time that a container gets may be said when it is made.",
                "`%docker create` has the option `--stop-timeout`.",
                f"`%docker create busybox --name {QUICK} --stop-timeout 2 -- sleep 3600`, then start it and stop it.",
            ),
            f"%docker create busybox --name {QUICK} --replace --stop-timeout 2 -- sleep 3600\n"
            f"%docker start {QUICK}\n%docker stop {QUICK}",
            makes=(QUICK,),
        ),
        Exercise(
            "stop-web",
            8,
            f"The container `{WEB}` does not stop. It waits for one of its processes. Find out which process keeps it, "
            "and let the container end with the exit code 0.",
            check_web,
            (
                f"`%docker logs {WEB}` names its processes. `%docker kill {WEB} --signal TERM` asks it to end, and "
                "takes no time away. Who is there after that?",
                f"`%docker top {WEB}` shows who is still there. One of them does not hear TERM; but no process is deaf "
                "to KILL.",
                f"`%docker exec {WEB} -- kill -KILL NUMBER` sends KILL to one process in the container. Its number is "
                "in the log.",
                f"It is the {DEAF}.",
            ),
            f"%docker kill {WEB} --signal TERM\n"
            f"log = %docker logs {WEB}\n"
            f'line = log["line"][log["line"].str.startswith("{DEAF} is process")].iloc[-1]\n'
            'number = line.split()[3].rstrip(":")\n'
            f"%docker exec {WEB} -- kill -KILL {{number}}\n"
            f"%docker wait {WEB}",
            makes=(WEB,),
            prepare=prepare_web,
        ),
    ),
)
