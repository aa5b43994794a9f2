"""Exercises of 17-errors-and-faults."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

TAKEN, WHY = "dm-ex-errors-taken", "dm-ex-errors-why"
BATCH = ("dm-ex-errors-ant", "dm-ex-errors-bee", "dm-ex-errors-cat")
FIRST, RUNS = "first", "sleep 3600"
JOB, DONE = "dm-ex-errors-job", "dm-ex-errors-done"
INPUT, ANSWER = "/tmp/input", "the job has read 42"


def prepare_taken(make: Maker) -> None:
    make.ended(TAKEN, "echo I was here first")


def check_taken(ask: Asker) -> str:
    taken = ask.container(TAKEN)
    if taken.command != ["sleep", "600"]:
        raise NotYet(
            say("`{name}` is there, and its command is `{have}`", name=TAKEN, have=" ".join(taken.command)),
            say("it should be `sleep 600`; the old one has to make room, and it may go"),
        )
    taken.must_be("running")
    return say("`{name}` runs `sleep 600`", name=TAKEN)


def prepare_why(make: Maker) -> None:
    make.create(WHY, "", Cmd=["slepp", "600"])


def check_why(ask: Asker) -> str:
    why = ask.container(WHY, say("`%docker prepare errors-why` makes it, with its fault"))
    if why.command[:1] == ["slepp"]:
        raise NotYet(
            say("the command of `{name}` is still `{have}`", name=WHY, have=" ".join(why.command)),
            say("a command cannot be changed: make it anew with `--replace`, spelt right"),
        )
    why.must_be("running")
    return say("`{name}` runs `{command}`", name=WHY, command=" ".join(why.command))


def prepare_batch(make: Maker) -> None:
    make.start(BATCH[0], f"exec {RUNS}", labels={FIRST: "yes"})
    make.create(BATCH[1], f"exec {RUNS}", labels={FIRST: "yes"})


def check_batch(ask: Asker) -> str:
    for name in BATCH[:2]:
        container = ask.container(name, say("it was made before the connection broke: `%docker prepare errors-batch`"))
        if FIRST not in container.labels:
            raise NotYet(
                say("`{name}` was made anew; it was there already", name=name),
                say("look before you send a call again; `%docker prepare errors-batch` begins once more"),
            )
    for name in BATCH:
        ask.container(name, say("this one was not made before the connection broke")).must_be("running")
    return say("all three run, and none was made twice")


def prepare_job(make: Maker) -> None:
    make.create(JOB, f"read n < {INPUT} && echo the job has read $n", labels={FIRST: "yes"})


def check_job(ask: Asker) -> str:
    if ask.find(DONE) is None:
        job = ask.container(JOB, say("`%docker prepare errors-job` makes it"))
        text = (job.file(INPUT) or b"").decode("utf-8", "replace").strip()
        raise NotYet(
            say("{seen}, and has no `{path}`", seen=job.seen, path=INPUT)
            if not text
            else say("{seen}, and its `{path}` says `{text}`", seen=job.seen, path=INPUT, text=text[:60]),
            say("which of the four calls have been carried out? Those that are missing are for you to send"),
        )
    done = ask.container(DONE)
    if FIRST not in done.labels:
        raise NotYet(
            say("`{name}` is not the container that was made before the connection broke", name=DONE),
            say("`%docker prepare errors-job` begins once more; go on with that one"),
        )
    done.must_have_said(ANSWER, say("its program reads `{path}`, once it is started", path=INPUT))
    done.must_have_ended(0)
    return say("`{name}` has ended well, and says: {answer}", name=DONE, answer=ANSWER)


LESSON = Lesson(
    "17-errors-and-faults",
    "",
    "what can go wrong, and what may be sent twice",
    18,
    (
        Exercise(
            "errors-taken",
            2,
            f"A container `{TAKEN}` has ended, and its name is taken. It may go. Let a container of that very name run "
            "`sleep 600`.",
            check_taken,
            (
                "A second container cannot have the same name. The first has to go, or to get another name.",
                "`--replace` of `create` removes one of ours first.",
                f"`%docker create busybox --name {TAKEN} --replace -- sleep 600`, then `start`.",
            ),
            f"%docker create busybox --name {TAKEN} --replace -- sleep 600\n%docker start {TAKEN}",
            makes=(TAKEN,),
            prepare=prepare_taken,
        ),
        Exercise(
            "errors-why",
            3,
            f"The container `{WHY}` cannot be started. Read the error, and let a container of that name run as it was "
            "meant to.",
            check_why,
            (
                f"`%docker start {WHY}`: which program does the engine miss?",
                "The program's name is misspelt, and a container's command cannot be changed.",
                f"Make it anew: `%docker create busybox --name {WHY} --replace -- sleep 600`. Then start it.",
            ),
            f"%docker create busybox --name {WHY} --replace -- sleep 600\n%docker start {WHY}",
            makes=(WHY,),
            prepare=prepare_why,
        ),
        Exercise(
            "errors-batch",
            4,
            "A program was to make and start three containers, `dm-ex-errors-ant`, `dm-ex-errors-bee` and "
            "`dm-ex-errors-cat`, each with `sleep 3600`. In the middle the connection broke. Finish its work: all "
            "three run, and none is made a second time.",
            check_batch,
            (
                "Look first: which are there, and in which state?",
                "`%docker list --all --filters name=dm-ex-errors` shows them. One runs, one was never started.",
                "`start` for the one that was never started; `create` and `start` for the one that is missing.",
            ),
            f"%docker start {BATCH[1]}\n%docker create busybox --name {BATCH[2]} -- {RUNS}\n%docker start {BATCH[2]}",
            makes=BATCH,
            prepare=prepare_batch,
        ),
        Exercise(
            "errors-job",
            7,
            f"Four things were to happen: the container `{JOB}` is made; a file `{INPUT}` that says `42` is put "
            f"into it; it is started; it is renamed to `{DONE}`. The connection broke, nobody knows when. Bring "
            "it to its end.",
            check_job,
            (
                "Each of the four leaves a trace that can be looked at, without changing anything.",
                f"`inspect` tells the state, `%docker changes {JOB}` whether a file was put in.",
                "Only the first one was carried out. Write a file `input` that says `42`, `put_archive` it into "
                "`/tmp`, `start`, `wait`, `rename`.",
            ),
            "from pathlib import Path\n\n"
            'Path("input").write_text("42\\n")\n'
            f"%docker put_archive {JOB} --path /tmp --input input\n"
            'Path("input").unlink()\n'
            f"%docker start {JOB}\n"
            f"%docker wait {JOB}\n"
            f"%docker rename {JOB} {DONE}",
            makes=(JOB, DONE),
            prepare=prepare_job,
        ),
    ),
)
