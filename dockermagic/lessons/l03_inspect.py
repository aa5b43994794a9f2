"""Exercises of 03-inspect."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

SHIP, FOLDER = "dm-ex-inspect-ship", "dm-ex-inspect-folder"
WHERE = "/srv/harbour"
MODES = {"dm-ex-inspect-red": "quiet", "dm-ex-inspect-green": "loud", "dm-ex-inspect-blue": "quiet"}
LOUD = "dm-ex-inspect-green"
MODEL, TWIN = "dm-ex-inspect-model", "dm-ex-inspect-twin"
OF_MODEL = {"TIDE": "high", "MOON": "full"}


def prepare_folder(make: Maker) -> None:
    make.create(SHIP, "pwd", WorkingDir=WHERE)


def check_folder(ask: Asker) -> str:
    ask.container(SHIP, say("`%docker prepare inspect-folder` makes it"))
    made = ask.container(FOLDER, say("when you know the folder, make it with `--label folder=…`"))
    made.must_answer(
        "folder", WHERE, say("in the answer of `inspect`, `Config` tells the folder; write it as it stands there")
    )
    return say("`{name}` names the folder in which `{ship}` begins", name=FOLDER, ship=SHIP)


def prepare_loud(make: Maker) -> None:
    for name, mode in MODES.items():
        make.ready(name, 'trap "exit 0" TERM; echo ready; sleep 3600 & wait', "ready", Env=[f"MODE={mode}"])


def check_loud(ask: Asker) -> str:
    anew = say("`%docker prepare inspect-loud` makes all three anew")
    for name, mode in MODES.items():
        if mode == "quiet":
            ask.container(name, anew).must_be("running", say("its `MODE` is `quiet`: {anew}", anew=anew))
    if ask.container(LOUD, anew).state == "running":
        raise NotYet(
            say("all three are running"), say("in the environment of one of them, `MODE` is `loud`: stop that one")
        )
    return say("`{name}` was the loud one, and does not run; the other two do", name=LOUD)


def prepare_twin(make: Maker) -> None:
    make.create(
        MODEL,
        "date; exec sleep 900",
        labels={"crew": "night"},
        Env=[f"{name}={value}" for name, value in OF_MODEL.items()],
        WorkingDir="/var",
    )


def check_twin(ask: Asker) -> str:
    model = ask.container(MODEL, say("`%docker prepare inspect-twin` makes it"))
    twin = ask.container(TWIN, say("make it, as like the model as you can"))
    parts: tuple[tuple[str, str | list[str], str | list[str]], ...] = (
        (say("the command"), model.command, twin.command),
        (say("the working folder"), model.config.get("WorkingDir") or "/", twin.config.get("WorkingDir") or "/"),
        (
            say("the environment"),
            [f"{name}={value}" for name, value in OF_MODEL.items()],
            [f"{name}={twin.env[name]}" for name in OF_MODEL if name in twin.env],
        ),
        (say("the label `crew`"), model.labels.get("crew", ""), twin.labels.get("crew", "")),
    )
    for part, wanted, have in parts:
        if wanted != have:
            raise NotYet(
                say("{part} differs: `{twin}` has {have}", part=part, twin=TWIN, have=_quoted(have)),
                say("`{model}` has {wanted}; make the twin anew with `--replace`", model=MODEL, wanted=_quoted(wanted)),
            )
    twin.must_be("running")
    return say("`{twin}` runs, and is like `{model}` in command, folder, environment and label", twin=TWIN, model=MODEL)


def _quoted(value: str | list[str]) -> str:
    text = " ".join(value) if isinstance(value, list) else value
    return f"`{text}`" if text else say("none")


LESSON = Lesson(
    "03-inspect",
    "GET /containers/{id}/json",
    "everything about one container",
    10,
    (
        Exercise(
            "inspect-folder",
            2,
            f"In which folder is the command of `{SHIP}` to begin? Make a container `{FOLDER}` "
            "whose label `folder` says it.",
            check_folder,
            (
                f"`%docker inspect {SHIP}` tells it. Which part holds what was asked for?",
                "The key is `WorkingDir`, in `Config`.",
                f"`%docker create busybox --name {FOLDER} --replace --label folder=` and behind it the folder.",
            ),
            f"ship = %docker inspect {SHIP}\n"
            'folder = ship["Config"]["WorkingDir"]\n'
            f"%docker create busybox --name {FOLDER} --replace --label folder=$folder",
            makes=(SHIP, FOLDER),
            prepare=prepare_folder,
        ),
        Exercise(
            "inspect-loud",
            4,
            "Three containers named after colours run, and look the same in the list. In the environment of one "
            "of them, `MODE` is `loud`. Stop that one, and let the other two run.",
            check_loud,
            (
                "The list does not tell a container's environment. `inspect` does, for one container at a time.",
                "Look at `Config`, `Env`: a loop over the three names saves typing.",
                f"It is `{LOUD}`: `%docker stop {LOUD}`.",
            ),
            f"for name in {tuple(MODES)!r}:\n"
            "    box = %docker inspect $name\n"
            '    if "MODE=loud" in box["Config"]["Env"]:\n'
            "        %docker stop $name",
            makes=tuple(MODES),
            prepare=prepare_loud,
        ),
        Exercise(
            "inspect-twin",
            6,
            f"Let a container `{TWIN}` run that is like `{MODEL}`: the same command, folder, environment and "
            "label `crew`.",
            check_twin,
            (
                f"`%docker inspect {MODEL}` tells all that you need, in `Config`.",
                "For `create`, the options are `-w`, `-e` and `--label`; the command stands after `--`.",
                "It needs `-w /var -e TIDE=high -e MOON=full --label crew=night` and `sh -c 'date; exec sleep 900'`. "
                "Then start it.",
            ),
            f"%docker create busybox --name {TWIN} --replace -w /var -e TIDE=high -e MOON=full --label crew=night "
            "-- sh -c 'date; exec sleep 900'\n"
            f"%docker start {TWIN}",
            makes=(MODEL, TWIN),
            prepare=prepare_twin,
        ),
    ),
)
