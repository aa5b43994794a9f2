"""Exercises of 05-logs."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

TALKER, WORD, TWO, RIVERS, GAP = (
    "dm-ex-logs-talker",
    "dm-ex-logs-word",
    "dm-ex-logs-two",
    "dm-ex-logs-rivers",
    "dm-ex-logs-gap",
)
SAID = {"stdout": "good", "stderr": "bad"}
HEARD, LATE = "heron", "tagus"


def prepare_word(make: Maker) -> None:
    make.ended(TALKER, f'for n in $(seq 300); do echo "line $n"; test $n = 150 && echo {HEARD} >&2; done; exit 0')


def check_word(ask: Asker) -> str:
    ask.container(TALKER, say("`%docker prepare logs-word` makes it"))
    made = ask.container(WORD, say("when you know the word, make it with `--label word=…`"))
    made.must_answer("word", HEARD, say("it is the only line on standard error, somewhere among 300 others"))
    return say("`{name}` carries the only word that `{talker}` wrote to standard error", name=WORD, talker=TALKER)


def check_two(ask: Asker) -> str:
    two = ask.container(TWO)
    if two.state == "created":
        raise NotYet(two.seen, say("start it, so that it writes"))
    if two.config.get("Tty"):
        raise NotYet(
            say("`{name}` has a terminal, and a terminal is one stream", name=TWO), say("make it anew, without `--tty`")
        )
    for stream, wanted in SAID.items():
        have = two.log(stream).splitlines()
        if have != [wanted]:
            raise NotYet(
                say("on `{stream}`, `{name}` wrote: {have}", stream=stream, name=TWO, have=named(have)),
                say("there it should be `{wanted}`, and nothing else", wanted=wanted),
                soon=two.state == "running",
            )
    return say("`{name}` wrote `good` to standard output and `bad` to standard error", name=TWO)


def prepare_gap(make: Maker) -> None:
    make.ended(
        RIVERS,
        f"for r in elbe loire po; do echo $r; sleep 0.1; done; sleep 1.2; "
        f"for r in {LATE} thames volga; do echo $r; sleep 0.1; done",
    )


def check_gap(ask: Asker) -> str:
    ask.container(RIVERS, say("`%docker prepare logs-gap` makes it"))
    made = ask.container(GAP, say("when you know the river, make it with `--label river=…`"))
    made.must_answer("river", LATE, say("the time of a line, less that of the line before: which is the largest?"))
    return say("`{name}` names the river that came late", name=GAP)


LESSON = Lesson(
    "05-logs",
    "GET /containers/{id}/logs",
    "what it wrote",
    10,
    (
        Exercise(
            "logs-word",
            3,
            f"The container `{TALKER}` wrote 300 lines to standard output, and one word to standard error. "
            f"Make a container `{WORD}` whose label `word` says that word.",
            check_word,
            (
                "One option chooses a stream. Do you see every line, or only the last hundred?",
                f"`%docker logs {TALKER} --stderr --tail all` shows all that came on standard error.",
                f"`%docker create busybox --name {WORD} --replace --label word=` and behind it the word.",
            ),
            f"log = %docker logs {TALKER} --stderr --tail all\n"
            'word = log["line"].iloc[0]\n'
            f"%docker create busybox --name {WORD} --replace --label word=$word",
            makes=(TALKER, WORD),
            prepare=prepare_word,
        ),
        Exercise(
            "logs-two",
            3,
            f"Let a container `{TWO}` write `good` to standard output and `bad` to standard error, and nothing else.",
            check_two,
            (
                "In a shell, `>&2` sends what a command writes to standard error.",
                "The command is `sh -c 'echo good; echo bad >&2'`. It must be started, too.",
            ),
            f"%docker create busybox --name {TWO} --replace -- sh -c 'echo good; echo bad >&2'\n"
            f"%docker start {TWO}\n"
            f"%docker wait {TWO}",
            makes=(TWO,),
        ),
        Exercise(
            "logs-gap",
            5,
            f"The container `{RIVERS}` wrote the names of six rivers. Before one of them it was silent for more than "
            f"a second. Which one is it? Make a container `{GAP}` whose label `river` says it.",
            check_gap,
            (
                "The engine notes the time of each line. An option shows it.",
                "With `--timestamps`, the column `time` has real times, and `diff()` takes each from the next.",
                f'`log = %docker logs {RIVERS} --timestamps`, then `log.loc[log["time"].diff().idxmax(), "line"]`.',
            ),
            f"log = %docker logs {RIVERS} --timestamps\n"
            'river = log.loc[log["time"].diff().idxmax(), "line"]\n'
            f"%docker create busybox --name {GAP} --replace --label river=$river",
            makes=(RIVERS, GAP),
            prepare=prepare_gap,
        ),
    ),
)
