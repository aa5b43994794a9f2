"""The mechanics of exercises, on a fake engine: verdicts, hints, solutions, progress, reset."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_engine import Answer, FakeEngine, frame
from shellkit import Shell

from dockermagic import language
from dockermagic.errors import BadArgument, ServerError
from dockermagic.files import RECORD
from dockermagic.lessons import cards, course, desk, progress
from dockermagic.lessons.asking import Asker, NotYet
from dockermagic.lessons.exercise import Exercise, Lesson
from dockermagic.lessons.making import Maker
from dockermagic.lessons.progress import FILE, Mark, Progress
from dockermagic.session import Session

WEB = "/containers/web/json"
LIST = "/containers/json"


def described(status: str = "running", code: int = 0, **more: Any) -> dict[str, Any]:
    labels = more.pop("labels", {"dockermagic": "1"})
    return {
        "Id": "ab" * 32,
        "Name": "/web",
        "Created": "2026-11-24T15:20:00.5Z",
        "State": {"Status": status, "ExitCode": code, **more},
        "Config": {"Labels": labels, "Tty": False, "Cmd": ["sleep", "9"]},
    }


def check_web(ask: Asker) -> str:
    web = ask.container("web")
    web.must_have_ended(3)
    return web.seen


EXERCISE = Exercise(
    "try-web",
    2,
    "Let `web` exit with 3.",
    check_web,
    ("First `this`.", "Then that.", "Then all."),
    "print('solved')\n%docker start web",
    makes=("web",),
)
OTHER = replace(EXERCISE, name="try-other", minutes=6, makes=())
LESSON = Lesson("01-try", "GET /try", "a try", 5, (EXERCISE, OTHER))


@pytest.fixture(autouse=True)
def _course(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake: FakeEngine) -> None:
    """A course of one lesson, in a folder of the learner's own, in English; no containers."""
    fake.on("GET", LIST, Answer(200, []))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(language.CHOICE, "chosen", "en")
    monkeypatch.setattr(course, "LESSONS", (LESSON,))
    monkeypatch.setattr(course, "EXERCISES", {each.name: each for each in LESSON.exercises})
    monkeypatch.setattr(course, "LESSON_OF", {each.name: LESSON for each in LESSON.exercises})
    monkeypatch.setattr(course, "NAMES", ("try-web", "try-other"))
    monkeypatch.setattr(desk, "PATIENCE", 0.3)


def text(card: cards.Card) -> str:
    return str(card._repr_mimebundle_()["text/plain"])


def stored(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / FILE).read_text())
    return found["exercises"]


# Check


def test_a_failure_tells_what_was_seen_what_to_do_and_where_help_is(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described("exited", 0)))
    verdict = desk.check(session, "try-web")
    assert not verdict.passed
    assert verdict.message == "`web` exists but exited with 0; it should have exited with 3"
    assert text(verdict).splitlines() == [
        "○ not yet: `try-web`",
        "Seen: `web` exists but exited with 0; it should have exited with 3.",
        "→ the exit code is that of its first process",
        "`%docker hint try-web` helps a step further (3 left).",
    ]


def test_success_is_marked_and_what_remains_is_told(session: Session, fake: FakeEngine, tmp_path: Path):
    fake.on("GET", WEB, Answer(200, described("exited", 3)))
    verdict = desk.check(session, "try-web")
    assert verdict.passed
    assert text(verdict).splitlines()[0] == "✔ solved: `try-web`"
    assert text(verdict).splitlines()[2] == "Still to do in 01-try: `try-other`."
    assert list(stored(tmp_path)) == ["try-web"]
    assert "All 2 exercises of 01-try are solved." in text(desk.check(session, "try-other"))


def test_solved_before_and_not_now_stays_marked(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described("exited", 3)))
    desk.check(session, "try-web")
    fake.on("GET", WEB, Answer(404, {"message": "no"}))
    verdict = desk.check(session, "try-web")
    assert not verdict.passed
    assert "You solved it before" in text(verdict)
    assert Progress().mark("try-web").done


def test_what_is_about_to_come_right_is_asked_again(session: Session, fake: FakeEngine):
    answers = [described("running"), described("running"), described("exited", 3)]
    fake.on("GET", WEB, lambda seen: Answer(200, answers.pop(0)))
    assert desk.check(session, "try-web").passed
    assert answers == []


def test_what_will_not_come_right_by_itself_is_asked_once(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described("created")))
    session.connect()
    fake.requests.clear()
    assert desk.check(session, "try-web").message == "`web` exists but was never started; it should be `exited`"
    assert len(fake.requests) == 1


def test_a_container_whose_id_begins_like_the_name_is_another(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, {**described("exited", 3), "Name": "/other"}))
    assert desk.check(session, "try-web").message == "there is no container `web`"


@pytest.mark.parametrize(("name", "told"), [("dm-ex-list-tow", True), ("dm-ex-list-one", False), ("moon", False)])
def test_a_misspelt_name_is_told_and_no_other_exercises_own(session: Session, fake: FakeEngine, name: str, told: bool):
    fake.on("GET", LIST, Answer(200, [{"Names": [f"/{name}"]}]))
    with pytest.raises(NotYet) as caught:
        Asker(session, course.CONTAINERS).container("dm-ex-list-two", "make it")
    seen = "there is no container `dm-ex-list-two`"
    rename = f"is it a slip of the pen? `%docker rename {name} dm-ex-list-two` puts it right"
    assert (caught.value.seen, caught.value.step) == (
        (f"{seen}, but there is `{name}`", rename) if told else (seen, "make it")
    )


def test_an_engine_that_fails_is_an_error(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(500, {"message": "broken"}))
    with pytest.raises(ServerError):
        desk.check(session, "try-web")


def test_the_learners_last_exchange_stays(session: Session, fake: FakeEngine):
    session.call("ping").read()
    before = session.last
    desk.check(session, "try-web")
    assert session.last is before


def test_an_unknown_name_names_the_nearest(session: Session):
    with pytest.raises(BadArgument, match="there is no exercise 'try-wbe'; did you mean try-web"):
        desk.check(session, "try-wbe")
    for do in (desk.hint, desk.solution, desk.prepare, desk.reset, desk.tidy):
        with pytest.raises(BadArgument, match="there is no exercise 'nothing-like-it'\n→ `%docker progress`"):
            do(session, "nothing-like-it")


# Hints and solutions


def test_each_hint_is_one_step_more_also_in_a_new_kernel(session: Session, tmp_path: Path):
    assert text(desk.hint(session, "try-web")).splitlines() == ["Hint 1 of 3 for `try-web`", "1. First `this`."]
    assert text(desk.hint(session, "try-web")).splitlines()[1:] == ["1. First `this`.", "2. Then that."]
    assert stored(tmp_path) == {"try-web": {"hints": 2}}
    last = text(desk.hint(session, "try-web"))
    assert last.splitlines()[-1] == "3. Then all."
    after = text(desk.hint(session, "try-web"))
    assert after.splitlines()[-1] == "That is all. `%docker solution try-web` shows a solution."
    assert stored(tmp_path) == {"try-web": {"hints": 3}}
    assert "`%docker solution try-web` shows a solution." in text(desk.check(session, "try-web"))


def test_a_solution_is_shown_when_it_is_asked_for_twice(session: Session):
    first = desk.solution(session, "try-web")
    assert first.source == ""
    assert "once more" in text(first)
    second = desk.solution(session, "try-web")
    assert second.source == EXERCISE.solution
    assert "    %docker start web" in text(second).splitlines()
    html = second._repr_mimebundle_()["text/html"]
    assert "<details><summary>show it</summary>" in html


def test_a_solution_is_shown_after_success(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described("exited", 3)))
    desk.check(session, "try-web")
    assert desk.solution(session, "try-web").source == EXERCISE.solution


def test_a_card_shows_code_as_code_and_nothing_acts():
    card = cards.Card(("Say `<b>` and $x$", "\x1b[31m"), "<script>")
    html = card._repr_mimebundle_()["text/html"]
    assert "<code>&lt;b&gt;</code>" in html
    assert "<script>" not in html
    assert "\x1b" not in html + text(card)


# Prepare, reset, cleanup


def removable(fake: FakeEngine, **more: Any) -> list[tuple[str, str]]:
    """An engine with `web` on it, which goes when it is removed; what was done to it."""
    done: list[tuple[str, str]] = []
    there = [described(**more)]

    def act(seen: Any) -> Answer:
        done.append((seen.method, seen.path.partition("/containers")[2]))
        if seen.method == "DELETE":
            there.clear()
        return Answer(204)

    fake.on("GET", WEB, lambda seen: Answer(200, there[0]) if there else Answer(404, {"message": "no such container"}))
    fake.on("POST", f"/containers/{'ab' * 32}/kill", act)
    fake.on("DELETE", f"/containers/{'ab' * 32}", act)
    return done


def test_reset_removes_what_is_ours_and_forgets(session: Session, fake: FakeEngine, tmp_path: Path):
    done = removable(fake)
    desk.hint(session, "try-web")
    card = desk.reset(session, "try-web")
    assert [method for method, _ in done] == ["POST", "DELETE"]
    assert text(card).splitlines()[0] == "`try-web` is as it was at the beginning."
    assert EXERCISE.task in text(card)
    assert stored(tmp_path) == {}


def test_what_has_no_label_of_ours_stays_and_is_told(session: Session, fake: FakeEngine):
    done = removable(fake, labels={})
    card = desk.reset(session, "try-web")
    assert done == []
    assert "`web` is there and has no label `dockermagic`, so it stays" in text(card)


def test_prepare_makes_the_situation_and_keeps_the_marks(
    session: Session, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    done = removable(fake)
    fake.on("POST", "/containers/create", Answer(201, {"Id": "cd" * 32}))
    prepared = replace(EXERCISE, prepare=lambda make: make.create("web", "exit 3", labels={"a": "b"}))
    monkeypatch.setitem(course.EXERCISES, "try-web", prepared)
    Progress().done("try-web")
    assert "`try-web` is prepared." in text(desk.prepare(session, "try-web"))
    assert [method for method, _ in done] == ["POST", "DELETE"]
    created = fake.requests[-1]
    assert created.query == [("name", "web")]
    assert json.loads(created.body) == {
        "Image": "busybox",
        "Cmd": ["sh", "-c", "exit 3"],
        "Labels": {"dockermagic": "1", "a": "b"},
    }
    assert Progress().mark("try-web").done


def test_cleanup_of_a_lesson_takes_its_exercises_and_keeps_the_marks(shell: Shell, fake: FakeEngine):
    done = removable(fake, status="exited")
    Progress().done("try-web")
    found = shell.run("%docker cleanup 01-try")
    assert found.error is None
    assert "Nothing of the exercises of 01-try is left." in found.text
    assert [method for method, _ in done] == ["DELETE"]
    assert Progress().mark("try-web").done


def test_images_of_an_exercise_go_by_name(session: Session, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(
        course.EXERCISES, "try-web", replace(EXERCISE, images=("dm-ex-try:one", "dm-ex-gone"), makes=())
    )
    fake.on("DELETE", "/images/dm-ex-try:one", Answer(200, [{"Untagged": "dm-ex-try:one"}]))
    desk.reset(session, "try-web")
    assert [seen.path for seen in fake.requests if seen.method == "DELETE"] == [
        "/v1.51/images/dm-ex-try:one",
        "/v1.51/images/dm-ex-gone",
    ]


def test_a_situation_that_does_not_come_about_is_one_block(session: Session, fake: FakeEngine, monkeypatch):
    monkeypatch.setattr("dockermagic.lessons.making.PATIENCE", 0.1)
    fake.on("POST", "/containers/create", Answer(201, {"Id": "cd" * 32}))
    fake.on("POST", "/containers/web/start", Answer(204))
    fake.on("GET", WEB, Answer(200, described()))
    fake.on("GET", f"/containers/{'ab' * 32}/logs", Answer(200, frame(b"not that\n")))
    with pytest.raises(Exception, match="`web` is not as the exercise needs it"):
        Maker(session).ready("web", "echo not that", "ready")


# Asking


def test_conditions_tell_what_was_seen(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described("paused", labels={"color": "red"})))
    web = Asker(session).container("web")
    for do, seen in (
        (lambda: web.must_be("running"), "`web` is paused; it should be `running`"),
        (lambda: web.must_carry("size"), "`web` is there and has no label `size`"),
        (lambda: web.must_carry("color", "blue"), "the label of `web` is `color=red`"),
        (lambda: web.must_answer("word", "heron"), "`web` is there and has no label `word`"),
        (lambda: web.must_answer("color", "heron"), "`web` says `color=red`, and that is not so"),
        (lambda: Asker(session).must_be_gone("web"), "`web` is paused, and should be gone"),
    ):
        with pytest.raises(NotYet) as caught:
            do()
        assert caught.value.seen == seen
        assert caught.value.step
        assert "heron" not in caught.value.step, "a wrong answer is not told what is right"
    web.must_be("paused")
    web.must_answer("color", "red")
    web.must_carry("color", "red")
    assert web.command == ["sleep", "9"]


@pytest.mark.parametrize(
    ("theirs", "state"), [("configured", "created"), ("stopped", "exited"), ("running", "running")]
)
def test_podmans_words_for_states(session: Session, fake: FakeEngine, theirs: str, state: str):
    fake.on("GET", WEB, Answer(200, described(theirs)))
    assert Asker(session).container("web").state == state


def test_a_log_is_read_by_stream_and_its_last_line_told(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described()))
    fake.on("GET", f"/containers/{'ab' * 32}/logs", Answer(200, frame(b"one\n") + frame(b"two\n", 2)))
    web = Asker(session).container("web")
    assert web.log() == "one\ntwo"
    web.must_have_said("two")
    with pytest.raises(NotYet) as caught:
        web.must_have_said("three", "wait for it")
    assert caught.value.seen == "the last line that `web` wrote is `two`; there is no `three` in its log"
    assert caught.value.soon
    web.log("stderr")
    assert ("stderr", "1") in fake.requests[-1].query
    assert ("stdout", "1") not in fake.requests[-1].query


def test_events_since_it_was_made_until_the_engines_next_second(session: Session, fake: FakeEngine):
    fake.on("GET", WEB, Answer(200, described()))
    fake.on("GET", "/info", Answer(200, {"SystemTime": "2026-11-24T15:30:00Z"}))
    event = {"Action": "kill", "Actor": {"Attributes": {"signal": "1"}}}
    fake.on("GET", "/events", Answer(200, steps=[json.dumps(event).encode() + b"\n"]))
    (found,) = Asker(session).container("web").events()
    assert (found.action, found.attributes["signal"]) == ("kill", "1")
    query = dict(fake.requests[-1].query)
    assert (query["since"], query["until"]) == ("1795533600.5", "1795534201")
    assert json.loads(query["filters"]) == {"container": ["ab" * 32]}


# Progress


def test_the_overview_is_a_frame_with_a_bar(shell: Shell, fake: FakeEngine):
    Progress().done("try-other")
    Progress().hinted("try-web", 3)
    found = shell.run("df = %docker progress")
    assert found.error is None
    frame_ = shell.names["df"]
    assert list(frame_.columns) == ["lesson", "exercise", "minutes", "done", "hints"]
    assert frame_.dtypes.map(str).tolist()[2:] == ["int64", "bool", "int64"]
    assert frame_.to_dict("records") == [
        {"lesson": "01-try", "exercise": "try-web", "minutes": 2, "done": False, "hints": 1},
        {"lesson": "01-try", "exercise": "try-other", "minutes": 6, "done": True, "hints": 0},
    ]
    assert "■■■■■■■■■■□□□□□□□□□□ 1 of 2 exercises, 6 of 8 minutes" in found.beside
    shown = shell.run("df")
    assert "✔ yes" in shown.text
    assert "○ no" in shown.text


def test_progress_lies_in_the_folder_that_was_laid_out(tmp_path: Path):
    (tmp_path / "course" / "zh").mkdir(parents=True)
    (tmp_path / "course" / RECORD).touch()
    assert progress.folder(tmp_path / "course" / "zh") == tmp_path / "course"
    assert progress.folder(tmp_path / "course") == tmp_path / "course"


def test_without_one_it_lies_beside_the_english_edition(tmp_path: Path):
    assert progress.folder(tmp_path / "zh") == tmp_path
    assert progress.folder(tmp_path / "work") == tmp_path / "work"


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"exercises": []}', '{"exercises": {"a": 1}}', "\udcff"])
def test_a_damaged_file_is_put_aside_and_told(session: Session, tmp_path: Path, damage: str):
    for number in (1, 2):
        (tmp_path / FILE).write_bytes(damage.encode("utf-8", "surrogateescape"))
        shown = text(desk.hint(session, "try-web"))
        assert f"it was put aside as {FILE}.damaged-{number}" in shown
        assert (tmp_path / f"{FILE}.damaged-{number}").read_bytes() == damage.encode("utf-8", "surrogateescape")
        assert stored(tmp_path) == {"try-web": {"hints": 1}}


def test_values_of_another_type_count_as_none(tmp_path: Path):
    (tmp_path / FILE).write_text('{"exercises": {"try-web": {"done": 1, "hints": "x"}}}')
    assert Progress().mark("try-web") == Mark()


def test_what_a_later_version_wrote_is_kept(tmp_path: Path):
    (tmp_path / FILE).write_text('{"exercises": {"later-one": {"stars": 5}}, "more": true}')
    Progress().done("try-web")
    found = json.loads((tmp_path / FILE).read_text())
    assert found["exercises"]["later-one"] == {"stars": 5}
    assert found["more"] is True


def test_done_keeps_the_first_day(tmp_path: Path):
    first = Progress().done("try-web")
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().replace(first.done, "2020-01-01T00:00:00Z"))
    assert Progress().done("try-web").done == "2020-01-01T00:00:00Z"


def test_where_it_cannot_be_written_the_verdict_comes_with_a_word(session: Session, fake: FakeEngine, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    fake.on("GET", WEB, Answer(200, described("exited", 3)))
    verdict = desk.check(session, "try-web")
    assert verdict.passed
    assert "your progress could not be kept" in text(verdict)
    assert "No space left on device" in text(verdict)


def _solve(folder: str, names: list[str]) -> None:
    for name in names:
        Progress(Path(folder)).done(name)


def test_two_kernels_at_once_lose_no_mark(tmp_path: Path):
    names = [[f"{letter}-{number}" for number in range(60)] for letter in "ab"]
    context = multiprocessing.get_context("fork")
    kernels = [context.Process(target=_solve, args=(str(tmp_path), each)) for each in names]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert [kernel.exitcode for kernel in kernels] == [0, 0]
    assert set(stored(tmp_path)) == {*names[0], *names[1]}
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]


# In the magic


def test_check_in_a_cell_shows_its_verdict_and_fails_nothing(shell: Shell, fake: FakeEngine):
    found = shell.run("%docker check try-web")
    assert found.error is None
    assert "○ not yet: `try-web`" in found.text
    assert found.value.passed is False
    assert found.value.message == "there is no container `web`"


def test_check_without_a_name_says_what_it_needs(shell: Shell):
    assert "check needs an exercise" in shell.run("%docker check").text


def test_nothing_is_said_in_another_tongue(shell: Shell):
    assert "check is ours, and no call of the API" in shell.run("%docker check try-web --as curl").text


def test_the_table_gives_every_text_to_the_catalogue():
    assert list(course.texts()) == [
        "a try",
        *(text for _ in LESSON.exercises for text in ("Let `web` exit with 3.", *EXERCISE.hints)),
    ]


def test_the_whole_time_of_a_lesson():
    assert LESSON.all_minutes == 13
