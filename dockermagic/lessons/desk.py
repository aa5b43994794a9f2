"""What `%docker check`, `hint`, `solution`, `prepare`, `reset` and `progress` do."""

from __future__ import annotations

import time
from typing import Any

from dockermagic.language import say
from dockermagic.session import Session

from . import course, making
from .asking import Asker, NotYet, named
from .cards import Card, Verdict
from .exercise import Exercise
from .progress import Progress

PATIENCE = 3.0
PAUSE = 0.1
BAR = 20


def check(session: Session, name: str) -> Verdict:
    """Ask the engine whether an exercise is solved, and tell what was seen. Not solved is no error.

    Raises:
        BadArgument: there is no such exercise.
        StatusError, EngineError: the engine could not be asked.
    """
    exercise, progress = course.find(name), Progress()
    passed, seen, step = _ask(session, exercise)
    if passed:
        progress.done(name)
        head = say("✔ solved: `{name}`", name=name)
        lines = [head, say("Seen: {seen}.", seen=seen), _what_remains(exercise, progress)]
    else:
        head = say("○ not yet: `{name}`", name=name)
        lines = [head, say("Seen: {seen}.", seen=seen), *([f"→ {step}"] if step else []), _help(exercise, progress)]
    return Verdict((*lines, *progress.remarks), passed=passed, message=seen)


def _ask(session: Session, exercise: Exercise) -> tuple[bool, str, str]:
    """Whether it is solved, what was seen, what to do; asked again while it may come right by itself."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return True, exercise.check(Asker(session, course.CONTAINERS)), ""
        except NotYet as reason:
            if not reason.soon or time.monotonic() > end:
                return False, reason.seen, reason.step
        time.sleep(PAUSE)


def _what_remains(exercise: Exercise, progress: Progress) -> str:
    lesson, marks = course.LESSON_OF[exercise.name], progress.marks()
    left = [each.name for each in lesson.exercises if each.name not in marks or not marks[each.name].done]
    if not left:
        return say("All {count} exercises of {lesson} are solved.", count=len(lesson.exercises), lesson=lesson.name)
    return say("Still to do in {lesson}: {names}.", lesson=lesson.name, names=named(left))


def _help(exercise: Exercise, progress: Progress) -> str:
    mark = progress.mark(exercise.name)
    if mark.done:
        return say("You solved it before ({day}), and it stays marked as done.", day=mark.done[:10])
    if mark.hints < len(exercise.hints):
        return say(
            "`%docker hint {name}` helps a step further ({left} left).",
            name=exercise.name,
            left=len(exercise.hints) - mark.hints,
        )
    return say("`%docker solution {name}` shows a solution.", name=exercise.name)


def hint(session: Session, name: str) -> Card:
    """One hint more than last time, under those that were given before.

    Raises:
        BadArgument: there is no such exercise.
    """
    exercise, progress = course.find(name), Progress()
    all_given = progress.mark(name).hints >= len(exercise.hints)
    given = progress.hinted(name, len(exercise.hints)).hints
    head = say("Hint {number} of {all} for `{name}`", number=given, all=len(exercise.hints), name=name)
    lines = [f"{number}. {say(text)}" for number, text in enumerate(exercise.hints[:given], 1)]
    if all_given:
        lines.append(say("That is all. `%docker solution {name}` shows a solution.", name=name))
    return Card((head, *lines, *progress.remarks))


def solution(session: Session, name: str) -> Card:
    """A cell that solves the exercise: after success, or when it is asked for twice.

    Raises:
        BadArgument: there is no such exercise.
    """
    exercise, progress = course.find(name), Progress()
    mark = progress.asked(name)
    if not mark.done and mark.asked < 2:
        head = say("`{name}` is not solved yet.", name=name)
        again = say("Run `%docker solution {name}` once more, and the solution is shown.", name=name)
        left = mark.hints < len(exercise.hints)
        return Card((head, again, *([_help(exercise, progress)] if left else []), *progress.remarks))
    head = say("A solution of `{name}`; yours may be another, and as good", name=name)
    return Card((head, *progress.remarks), exercise.solution, say("show it"))


def prepare(session: Session, name: str) -> Card:
    """Make the situation that an exercise begins with; what was made for it before is removed. Marks stay.

    Raises:
        BadArgument: there is no such exercise.
        StatusError, EngineError: the engine refused.
    """
    exercise = course.find(name)
    lines = _clear(session, exercise)
    if not lines and exercise.prepare is not None:
        exercise.prepare(making.Maker(session))
        return Card((say("`{name}` is prepared.", name=name), say(exercise.task)))
    return Card((say("`{name}` begins with nothing.", name=name), *lines, say(exercise.task)))


def reset(session: Session, name: str) -> Card:
    """As `prepare`; the exercise is not done any more, and its hints begin with the first.

    Raises:
        BadArgument, StatusError, EngineError: as `prepare`.
    """
    progress = Progress()
    prepared = prepare(session, name)
    progress.forget(name)
    return Card((say("`{name}` is as it was at the beginning.", name=name), *prepared.lines, *progress.remarks))


def tidy(session: Session, name: str) -> Card:
    """Remove what was made for the exercises of a lesson, or for one. Marks stay.

    Raises:
        BadArgument: there is neither lesson nor exercise of that name.
    """
    lines = [line for exercise in course.chosen(name) for line in _clear(session, exercise)]
    return Card((say("Nothing of the exercises of {name} is left.", name=name), *lines))


def _clear(session: Session, exercise: Exercise) -> list[str]:
    """Remove what an exercise made; a sentence for each container that is not ours, and so stays."""
    foreign = [name for name in exercise.makes if not making.remove(session, name)]
    for image in exercise.images:  # after the containers, which may need them
        making.remove_image(session, image)
    return [
        say(
            "`{name}` is there and has no label `dockermagic`, so it stays; `%docker remove {name} --force` removes it",
            name=name,
        )
        for name in foreign
    ]


def overview(session: Session) -> list[dict[str, Any]]:
    """A row an exercise; above it the session tells a bar for all, and a square for each exercise of each lesson."""
    progress = Progress()
    marks = progress.marks()
    rows = []
    for lesson in course.LESSONS:
        for exercise in lesson.exercises:
            mark = marks.get(exercise.name)
            rows.append(
                {
                    "lesson": lesson.name,
                    "exercise": exercise.name,
                    "minutes": exercise.minutes,
                    "done": bool(mark and mark.done),
                    "hints": mark.hints if mark else 0,
                }
            )
    done = [row for row in rows if row["done"]]
    filled = BAR * len(done) // len(rows)
    session.tell(
        say(
            "{bar} {done} of {all} exercises, {spent} of {minutes} minutes",
            bar="■" * filled + "□" * (BAR - filled),
            done=len(done),
            all=len(rows),
            spent=sum(row["minutes"] for row in done),
            minutes=sum(row["minutes"] for row in rows),
        )
    )
    glance = []
    for lesson in course.LESSONS:
        squares = "".join("■" if row["done"] else "□" for row in rows if row["lesson"] == lesson.name)
        glance.append(f"{lesson.name[:2]} {squares}")
    session.tell("   ".join(glance))
    for remark in progress.remarks:
        session.tell(remark)
    return rows
