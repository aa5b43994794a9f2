"""The course: every lesson, every exercise, in order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from dockermagic.errors import BadArgument
from dockermagic.language import say

from . import (
    l00_start,
    l01_list,
    l02_create,
    l03_inspect,
    l04_top,
    l05_logs,
    l06_export,
    l07_start,
    l08_stop,
    l09_restart,
    l10_kill,
    l11_wait,
    l12_exec,
    l13_attach,
    l14_archive_and_changes,
    l15_stats_and_limits,
    l16_events,
    l17_errors_and_faults,
    l18_images,
    l19_a_client_of_your_own,
    l20_a_bigger_engine,
)
from .exercise import Exercise, Lesson

LESSONS: tuple[Lesson, ...] = (
    l00_start.LESSON,
    l01_list.LESSON,
    l02_create.LESSON,
    l03_inspect.LESSON,
    l04_top.LESSON,
    l05_logs.LESSON,
    l06_export.LESSON,
    l07_start.LESSON,
    l08_stop.LESSON,
    l09_restart.LESSON,
    l10_kill.LESSON,
    l11_wait.LESSON,
    l12_exec.LESSON,
    l13_attach.LESSON,
    l14_archive_and_changes.LESSON,
    l15_stats_and_limits.LESSON,
    l16_events.LESSON,
    l17_errors_and_faults.LESSON,
    l18_images.LESSON,
    l19_a_client_of_your_own.LESSON,
    l20_a_bigger_engine.LESSON,
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.exercises}
LESSON_OF: dict[str, Lesson] = {exercise.name: lesson for lesson in LESSONS for exercise in lesson.exercises}
NAMES: tuple[str, ...] = tuple(EXERCISES)
CONTAINERS: frozenset[str] = frozenset(name for exercise in EXERCISES.values() for name in exercise.makes)
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
