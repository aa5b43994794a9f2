"""The course: every lesson, every exercise, in order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from dockermagic.errors import BadArgument
from dockermagic.language import say

from . import l01_list
from .exercise import Exercise, Lesson

LESSONS: tuple[Lesson, ...] = (
    Lesson("00-start", "", "your first calls", 12),
    l01_list.LESSON,
    Lesson("02-create", "POST /containers/create", "make a container", 12),
    Lesson("03-inspect", "GET /containers/{id}/json", "everything about one container", 10),
    Lesson("04-top", "GET /containers/{id}/top", "its processes", 8),
    Lesson("05-logs", "GET /containers/{id}/logs", "what it wrote", 10),
    Lesson("06-export", "GET /containers/{id}/export", "its files", 10),
    Lesson("07-start", "POST /containers/{id}/start", "start it", 8),
    Lesson("08-stop", "POST /containers/{id}/stop", "ask it to end", 10),
    Lesson("09-restart", "POST /containers/{id}/restart", "stop it and start it again", 8),
    Lesson("10-kill", "POST /containers/{id}/kill", "send it a signal", 10),
)
"""A lesson whose module is not written yet stands here without exercises."""
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.exercises}
LESSON_OF: dict[str, Lesson] = {exercise.name: lesson for lesson in LESSONS for exercise in lesson.exercises}
NAMES: tuple[str, ...] = tuple(EXERCISES)
PLACES: tuple[str, ...] = (*(lesson.name for lesson in LESSONS if lesson.exercises), *NAMES)


def find(name: str) -> Exercise:
    """The exercise of that name.

    Raises:
        BadArgument: there is none; names the nearest.
    """
    return EXERCISES.get(name) or _unknown(name, NAMES)


def chosen(name: str) -> tuple[Exercise, ...]:
    """The exercises of a lesson, or the one exercise of that name.

    Raises:
        BadArgument: there is neither.
    """
    lessons = {lesson.name: lesson.exercises for lesson in LESSONS}
    if name in lessons:
        return lessons[name]
    return (EXERCISES.get(name) or _unknown(name, (*NAMES, *lessons)),)


def _unknown(name: str, known: tuple[str, ...]) -> Exercise:
    close = difflib.get_close_matches(name.lower(), known, 1, 0.4)
    raise BadArgument(
        say("there is no exercise {name!r}; did you mean {close}?", name=name, close=close[0])
        if close
        else say("there is no exercise {name!r}", name=name),
        say("`%docker progress` lists them all"),
    )


def texts() -> Iterator[str]:
    """Every English text of the table, for the catalogue."""
    for lesson in LESSONS:
        yield lesson.about
        for exercise in lesson.exercises:
            yield from (exercise.task, *exercise.hints)
