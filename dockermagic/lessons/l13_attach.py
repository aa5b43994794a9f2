"""Exercises of 13-attach-and-streams."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

SUM, TWO, GATE = "dm-ex-attach-sum", "dm-ex-attach-two", "dm-ex-attach-gate"
FED = {"OpenStdin": True, "StdinOnce": True}
WORD = "raven"


def prepare_sum(make: Maker) -> None:
    make.ready(
        SUM,
        'echo "How much is 6 times 7?"; read answer; '
        'if [ "$answer" = 42 ]; then echo right; else echo "wrong: $answer"; exit 1; fi',
        "How much",
        **FED,
    )


def check_sum(ask: Asker) -> str:
    asked = ask.container(SUM, say("`%docker prepare attach-sum` makes it"))
    asked.must_be("exited", say("it reads one line from its standard input, and ends"))
    asked.must_have_ended(
        0, say("that was not the answer, or none came; `%docker start {name}` lets it ask again", name=SUM)
    )
    return say("`{name}` has ended with 0: the answer was right", name=SUM)


def check_two(ask: Asker) -> str:
    two = ask.container(TWO)
    two.must_be("exited", say("start it, and let it end by itself"))
    if two.config.get("Tty"):
        raise NotYet(
            say("`{name}` has a terminal, and with it only one stream", name=TWO),
            say("make it anew, without `--tty`"),
        )
    for stream, word in (("stdout", "coffee"), ("stderr", "grounds")):
        wrote = two.log(stream).split()
        if wrote != [word]:
            raise NotYet(
                say("on {stream} it wrote `{text}`", stream=stream, text=" ".join(wrote))
                if wrote
                else say("on {stream} it wrote nothing", stream=stream),
                say("there should be just `{word}`; in a shell, `>&2` sends a line to standard error", word=word),
            )
    return say("`coffee` went to standard output, and `grounds` to standard error")


def prepare_gate(make: Maker) -> None:
    noise = iter("qzkwx")
    letters = "".join(f"printf {next(noise)}; printf {letter} >&2; " for letter in WORD)
    make.ready(
        GATE,
        f"{letters}echo; echo >&2; echo 'Say the word'; read word; "
        f'if [ "$word" = {WORD} ]; then echo "The gate is open"; else echo "$word is not the word"; exit 1; fi',
        "Say the word",
        **FED,
    )


def check_gate(ask: Asker) -> str:
    gate = ask.container(GATE, say("`%docker prepare attach-gate` makes it"))
    gate.must_be("exited", say("it waits for a word; one of its two streams gives it away"))
    gate.must_have_ended(0, say("that was not the word; `%docker start {name}` lets it ask again", name=GATE))
    return say("`{name}` has ended with 0: the gate is open", name=GATE)


LESSON = Lesson(
    "13-attach-and-streams",
    "POST /containers/{id}/attach",
    "eight bytes that tell two streams apart",
    15,
    (
        Exercise(
            "attach-sum",
            2,
            f"The container `{SUM}` has asked something, and waits. Answer it, so that it ends with the exit code 0.",
            check_sum,
            (
                f"`%docker logs {SUM}` shows the question. The answer goes to its standard input.",
                "`%docker attach` with `--stdin` joins its standard input, and `--input` says what to send.",
                f"`%docker attach {SUM} --stdin --input 42` answers it.",
            ),
            f"%docker attach {SUM} --stdin --input 42\n%docker wait {SUM}",
            makes=(SUM,),
            prepare=prepare_sum,
        ),
        Exercise(
            "attach-two",
            4,
            f"Make a container `{TWO}` that writes `coffee` on standard output and `grounds` on standard error, "
            "and nothing else. Let it run to its end.",
            check_two,
            (
                "`echo` writes on standard output. A shell can send that elsewhere.",
                "`echo grounds >&2` writes on standard error, within `sh -c '…'`.",
                f"`%docker create busybox --name {TWO} -- sh -c 'echo coffee; echo grounds >&2'`, then start it.",
            ),
            f"%docker create busybox --name {TWO} --replace -- sh -c 'echo coffee; echo grounds >&2'\n"
            f"%docker start {TWO}\n%docker wait {TWO}",
            makes=(TWO,),
        ),
        Exercise(
            "attach-gate",
            7,
            f"The container `{GATE}` is a gate. It opens, and ends with the exit code 0, when it hears the right word. "
            "It has given the word away, hidden among other letters. Find it, and open the gate.",
            check_gate,
            (
                "Letter by letter, it wrote on two streams in turn. Take them apart.",
                f"`%docker logs {GATE} --stderr` shows one of the streams alone.",
                f"Say it to its standard input: `%docker attach {GATE} --stdin --input WORD`.",
                f"The word is `{WORD}`.",
            ),
            f"log = %docker logs {GATE} --stderr\n"
            'word = log["line"].iloc[0]\n'
            f"%docker attach {GATE} --stdin --input {{word}}\n"
            f"%docker wait {GATE}",
            makes=(GATE,),
            prepare=prepare_gate,
        ),
    ),
)
