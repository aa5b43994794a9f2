"""Exercises of 00-start."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker
from .exercise import Exercise, Lesson
from .making import Maker

API, SHY, KEEPER, WORD = "dm-ex-start-api", "dm-ex-start-shy", "dm-ex-start-keeper", "dm-ex-start-word"
KEPT = "lantern"


def check_api(ask: Asker) -> str:
    made, newest = ask.container(API), str(ask.json("version")["ApiVersion"])
    made.must_answer(
        "api",
        newest,
        say("`%docker version` tells it as `ApiVersion`; then make the container anew, with `--replace`"),
    )
    return say("`{name}` carries the label `api={version}`, as the engine says", name=API, version=newest)


def prepare_shy(make: Maker) -> None:
    make.create(SHY, "exec sleep 3600")


def check_shy(ask: Asker) -> str:
    shy = ask.container(SHY, say("`%docker prepare start-shy` makes it"))
    shy.must_be("running", say("the method and the path that start a container are in `%docker start --help`"))
    return shy.seen


def prepare_word(make: Maker) -> None:
    make.create(KEEPER, "true", Env=[f"WORD={KEPT}"])


def check_word(ask: Asker) -> str:
    ask.container(KEEPER, say("`%docker prepare start-word` makes it"))
    made = ask.container(WORD, say("when you know the word, make it with `--label word=…`"))
    made.must_answer("word", KEPT, say("the word is the value of `WORD` in the environment of `{name}`", name=KEEPER))
    return say("`{name}` carries the word that `{keeper}` keeps", name=WORD, keeper=KEEPER)


LESSON = Lesson(
    "00-start",
    "",
    "your first calls",
    12,
    (
        Exercise(
            "start-api",
            3,
            f"Make a container `{API}`. Its label `api` says the newest version of the API that the engine speaks.",
            check_api,
            (
                "One of the calls of this lesson tells `ApiVersion`.",
                "`%docker create busybox --name NAME --label api=NUMBER` makes a container with a label.",
                f"`%docker create busybox --name {API} --replace --label api=` and behind it what "
                "`%docker version` says as `ApiVersion`.",
            ),
            "version = %docker version\n"
            'newest = version["ApiVersion"]\n'
            f"%docker create busybox --name {API} --replace --label api=$newest",
            makes=(API,),
        ),
        Exercise(
            "start-shy",
            3,
            f"The container `{SHY}` was made, and never started. Start it by method and path, "
            "without the subcommand `start`.",
            check_shy,
            (
                "Lines such as `%docker GET /_ping` make any call. Which method and which path start a container?",
                "`%docker start --help` names both. In the path, the container's name stands for `{id}`.",
                f"`%docker POST /containers/{SHY}/start`.",
            ),
            f"%docker POST /containers/{SHY}/start",
            makes=(SHY,),
            prepare=prepare_shy,
        ),
        Exercise(
            "start-word",
            5,
            f"The container `{KEEPER}` keeps a word: the value of `WORD` in its environment. "
            f"Make a container `{WORD}` whose label `word` says it.",
            check_word,
            (
                "Which of the subcommands tells everything about one container? `%docker` lists them.",
                f"`%docker inspect {KEEPER}` shows the environment, as `Env` in `Config`.",
                f"`%docker create busybox --name {WORD} --replace --label word=` and behind it the word.",
            ),
            f"keeper = %docker inspect {KEEPER}\n"
            'word = next(pair for pair in keeper["Config"]["Env"] if pair.startswith("WORD=")).removeprefix("WORD=")\n'
            f"%docker create busybox --name {WORD} --replace --label word=$word",
            makes=(KEEPER, WORD),
            prepare=prepare_word,
        ),
    ),
)
