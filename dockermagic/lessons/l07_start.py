"""Exercises of 07-start."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

NEW, TWICE, PICKY = "dm-ex-start-new", "dm-ex-start-twice", "dm-ex-start-picky"


def prepare_new(make: Maker) -> None:
    make.create(NEW, "echo hello; exec sleep 3600")


def check_new(ask: Asker) -> str:
    new = ask.container(NEW, say("`%docker prepare start-new` makes it"))
    new.must_be("running")
    return new.seen


def prepare_twice(make: Maker) -> None:
    make.ended(TWICE, "echo here I am")


def check_twice(ask: Asker) -> str:
    twice = ask.container(TWICE, say("`%docker prepare start-twice` makes it"))
    lines = twice.log().splitlines()
    if len(lines) != 3:
        raise NotYet(
            say("the log of `{name}` has {count} lines", name=TWICE, count=len(lines)),
            say("it should have three: each run adds one; `%docker prepare start-twice` begins with one"),
            soon=twice.state == "running",
        )
    return say("the log of `{name}` has three lines, one of each run", name=TWICE)


def prepare_picky(make: Maker) -> None:
    make.ended(PICKY, "test -e /tmp/second || { touch /tmp/second; echo not yet; exit 1; }; exec sleep 3600")


def check_picky(ask: Asker) -> str:
    picky = ask.container(PICKY, say("`%docker prepare start-picky` makes it"))
    picky.must_be("running", say("what it wrote, and what it runs, tell what it waits for"))
    return picky.seen


LESSON = Lesson(
    "07-start",
    "POST /containers/{id}/start",
    "start it",
    8,
    (
        Exercise(
            "start-new",
            1,
            f"The container `{NEW}` was made, and never started. Start it.",
            check_new,
            ("The call has the same name as the lesson.", f"`%docker start {NEW}` does it."),
            f"%docker start {NEW}",
            makes=(NEW,),
            prepare=prepare_new,
        ),
        Exercise(
            "start-twice",
            3,
            f"The container `{TWICE}` writes one line and ends. It ran once. Let it run until its log has three lines.",
            check_twice,
            (
                "A container that has ended can be started again, and its log goes on where it was.",
                "If it runs still, a start answers 304 and does nothing: `%docker wait` waits until it has ended.",
                f"`%docker start {TWICE}`, `%docker wait {TWICE}`, and the first once more.",
            ),
            f"%docker start {TWICE}\n%docker wait {TWICE}\n%docker start {TWICE}\n%docker wait {TWICE}",
            makes=(TWICE,),
            prepare=prepare_twice,
        ),
        Exercise(
            "start-picky",
            4,
            f"The container `{PICKY}` was started, and ended with an error. Find out why, and make it run.",
            check_picky,
            (
                "What does its log say, and which command does it run?",
                f"`%docker logs {PICKY}` and `%docker inspect {PICKY}` tell. Its files stay from one run to the next.",
                f"The first run made the file that it missed. So just `%docker start {PICKY}`.",
            ),
            f"%docker start {PICKY}",
            makes=(PICKY,),
            prepare=prepare_picky,
        ),
    ),
)
