"""Every exercise on every engine: as handed out it fails, solved it passes, after a reset it fails again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lessonkit import Learner
from plain import Engine

from dockermagic.lessons import course
from dockermagic.lessons.exercise import Exercise, Lesson

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXERCISES = pytest.mark.parametrize("exercise", course.EXERCISES.values(), ids=list(course.EXERCISES))
LESSONS = pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
CHECK = re.compile(r"%docker check (\S+)")


@pytest.fixture
def nothing_left(engine: Engine) -> Iterator[None]:
    before = engine.labelled()
    yield
    assert engine.labelled() <= before


@EXERCISES
def test_fails_as_handed_out_passes_with_its_solution_and_fails_after_reset(
    exercise: Exercise, learner: Learner, nothing_left: None
) -> None:
    check, name = f"%docker check {exercise.name}", exercise.name
    try:
        learner.run(f"%docker reset {name}")
        handed_out = learner.run(check)
        assert not handed_out.passed
        assert handed_out.message
        assert "→" in str(handed_out), "a failure names the next step"
        learner.run(exercise.solution)
        solved = learner.run(check)
        assert solved.passed, str(solved)
        assert solved.message != handed_out.message
        progress = learner.run("%docker progress").set_index("exercise")
        assert progress.loc[name, "done"]
        learner.run(f"%docker reset {name}")
        anew = learner.run(check)
        assert (anew.passed, anew.message) == (False, handed_out.message)
        assert not learner.run("%docker progress").set_index("exercise").loc[name, "done"]
    finally:
        learner.run(f"%docker cleanup {name}")


@EXERCISES
def test_a_row_is_complete(exercise: Exercise) -> None:
    lesson = course.LESSON_OF[exercise.name]
    topic, *words = lesson.name.split("-")[1:]
    begins = "|".join(("-".join([topic, *words]), topic, *words))
    assert re.fullmatch(rf"({begins})(-[a-z0-9]+)+", exercise.name), (
        "kebab-case, begins with a word of the lesson's name"
    )
    assert 1 <= exercise.minutes <= 20
    assert exercise.task.endswith((".", "?"))
    assert len(exercise.hints) >= 2
    assert all(hint.strip().endswith((".", "?")) for hint in exercise.hints)
    assert len(set(exercise.hints)) == len(exercise.hints)
    assert exercise.solution.strip()
    assert all(name.startswith("dm-ex-") for name in (*exercise.makes, *exercise.images))
    for text in (exercise.task, *exercise.hints):
        assert text.count("`") % 2 == 0, text


@LESSONS
def test_the_notebook_has_the_exercises_of_the_table_in_order_and_each_in_its_form(lesson: Lesson) -> None:
    cells = nbformat.read(NOTEBOOKS / f"{lesson.name}.ipynb", as_version=4).cells
    found = [match[1] for cell in cells if cell.cell_type == "code" and (match := CHECK.fullmatch(cell.source))]
    assert found == [exercise.name for exercise in lesson.exercises]
    at = {cell.id: number for number, cell in enumerate(cells)}
    for exercise in lesson.exercises:
        ids = [
            f"ex-{exercise.name}{end}" for end in ("", *(["-prepare"] if exercise.prepare else []), "-turn", "-check")
        ]
        first = at[ids[0]]
        assert [cell.id for cell in cells[first : first + len(ids)]] == ids
        task, turn = cells[first], cells[first + len(ids) - 2]
        assert task.source.startswith("### ")
        assert exercise.task in task.source
        assert str(exercise.minutes) in task.source
        assert turn.source == "# your turn"
        assert "exercise" in turn.metadata.tags
        if exercise.prepare:
            assert cells[first + 1].source == f"%docker prepare {exercise.name}"
    if lesson.exercises:
        assert cells[at["cleanup-exercises"]].source == f"%docker cleanup {lesson.name}"


def test_no_two_exercises_share_a_name_or_a_container() -> None:
    assert len(course.NAMES) == sum(len(lesson.exercises) for lesson in course.LESSONS)
    made = [name for exercise in course.EXERCISES.values() for name in (*exercise.makes, *exercise.images)]
    assert len(made) == len(set(made))


def test_the_lessons_are_the_notebooks_in_order() -> None:
    assert [lesson.name for lesson in course.LESSONS] == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
