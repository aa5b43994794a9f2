"""`Lesson` and `Exercise`: plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .asking import Asker
from .making import Maker


@dataclass(frozen=True)
class Exercise:
    """One exercise; its texts are English, the language's key, and may hold `code` in backticks.

    Attributes:
        name: kebab-case, begins with the lesson's topic; means something.
        minutes: how long a learner takes.
        task: what is to be done, one or two short sentences.
        check: asks the engine; returns the sentence that tells what it saw, or raises `NotYet`.
        hints: each one step more; the last all but gives it away.
        solution: the text of a notebook cell that solves it.
        makes: names of the containers that exist while it is worked on, prepared or the learner's; what carries
            our label among them is removed by `reset`.
        images: names of images that the learner makes, which begin with `dm-`; removed by `reset`.
        prepare: makes the starting situation, where there is one.
    """

    name: str
    minutes: int
    task: str
    check: Callable[[Asker], str]
    hints: tuple[str, ...]
    solution: str
    makes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    prepare: Callable[[Maker], None] | None = None


@dataclass(frozen=True)
class Lesson:
    """One lesson, that is one notebook.

    Attributes:
        name: of the notebook, without `.ipynb`: "01-list".
        endpoint: the call that it is about, "" where it is about more.
        about: what it is about, a few words.
        minutes: to read it and to run its cells, the exercises not counted.
    """

    name: str
    endpoint: str
    about: str
    minutes: int
    exercises: tuple[Exercise, ...] = ()

    @property
    def all_minutes(self) -> int:
        return self.minutes + sum(exercise.minutes for exercise in self.exercises)
