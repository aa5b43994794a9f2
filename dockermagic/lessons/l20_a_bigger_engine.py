"""Exercises of 20-a-bigger-engine."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

WHO = "dm-ex-engine-who"
SHARED = {
    "dm-ex-engine-red": "ann",
    "dm-ex-engine-green": "you",
    "dm-ex-engine-blue": "bob",
    "dm-ex-engine-gold": "you",
}
YOURS = tuple(name for name, owner in SHARED.items() if owner == "you")
THEIRS = tuple(name for name, owner in SHARED.items() if owner != "you")
LOST, NOTE, OWNER = "dm-ex-engine-lost", "dm-ex-engine-note", "mia"


def check_who(ask: Asker) -> str:
    cpus = str(ask.json("info")["NCPU"])
    who = ask.container(WHO)
    who.must_carry("cpus")
    have = who.labels["cpus"]
    if have != cpus:
        raise NotYet(
            say("the label of `{name}` is `cpus={have}`, and the engine has another number", name=WHO, have=have),
            say("`NCPU` in the answer of `%docker info` is the engine's own"),
        )
    return say("the engine has {cpus} CPUs, and the label says so", cpus=cpus)


def prepare_mine(make: Maker) -> None:
    for name, owner in SHARED.items():
        make.create(name, "exec sleep 3600", labels={"owner": owner})


def check_mine(ask: Asker) -> str:
    lost = [name for name in THEIRS if ask.find(name) is None]
    if lost:
        raise NotYet(
            say("gone, and not yours: {names}", names=named(lost)),
            say("`%docker prepare engine-mine` makes all four anew"),
        )
    left = [name for name in YOURS if ask.find(name) is not None]
    if left:
        raise NotYet(
            say("yours, and still there: {names}", names=named(left)),
            say("the filter `label=owner=you` finds them"),
        )
    return say("yours are gone, and {names} are untouched", names=named(THEIRS))


def prepare_lost(make: Maker) -> None:
    make.start(LOST, "exec sleep 3600", Env=[f"LEARNER={OWNER}"])


def check_lost(ask: Asker) -> str:
    ask.container(LOST, say("`%docker prepare engine-lost` makes it")).must_be("running")
    note = ask.container(NOTE, say("make it with `%docker create`; its label `owner` holds what you found"))
    note.must_carry("owner")
    if note.labels["owner"] != OWNER:
        raise NotYet(
            say(
                "the label of `{name}` is `owner={have}`, and that is not its owner",
                name=NOTE,
                have=note.labels["owner"],
            ),
            say("what was `{name}` given when it was made?", name=LOST),
        )
    return say("`{name}` belongs to {owner}, and your note says so", name=LOST, owner=OWNER)


LESSON = Lesson(
    "20-a-bigger-engine",
    "",
    "contexts, TLS and ssh: an engine far away",
    14,
    (
        Exercise(
            "engine-who",
            3,
            f"How many CPUs has the engine that you talk to? Make a container `{WHO}` with the label `cpus`, whose "
            "value is that number.",
            check_who,
            (
                "The engine may be on another machine, so Python's `os.cpu_count()` is no answer. Ask the engine.",
                '`info = %docker info`, then `info["NCPU"]`.',
                f"`%docker create busybox --name {WHO} --label cpus=NUMBER -- true`, with your number.",
            ),
            "info = %docker info\n"
            'cpus = info["NCPU"]\n'
            f"%docker create busybox --name {WHO} --replace --label cpus={{cpus}} -- true",
            makes=(WHO,),
        ),
        Exercise(
            "engine-mine",
            4,
            "Four containers named after colours belong to several people who share this engine; the label `owner` "
            "says to whom. Remove those of `you`, and leave the others alone.",
            check_mine,
            (
                "`%docker list --all` shows labels, and can filter by one.",
                "`%docker list --all --filters label=owner=you` shows yours.",
                f"`%docker remove {YOURS[0]}`, and the same for the other one.",
            ),
            "mine = %docker list --all --filters label=owner=you --filters name=dm-ex-engine\n"
            'for name in mine["name"]:\n'
            "    %docker remove {name}",
            makes=tuple(SHARED),
            prepare=prepare_mine,
        ),
        Exercise(
            "engine-lost",
            5,
            f"Nobody knows whose container `{LOST}` is. Find out. Then make a container `{NOTE}` with the label "
            "`owner`, whose value is that name. Leave the lost one as it is.",
            check_lost,
            (
                "It has no label `owner`, and it writes nothing. What else is a container given when it is made?",
                f'`box = %docker inspect {LOST}`, then look through `box["Config"]`.',
                'Its environment, `box["Config"]["Env"]`, names a learner.',
                f"`%docker create busybox --name {NOTE} --label owner={OWNER} -- true` solves it.",
            ),
            f"box = %docker inspect {LOST}\n"
            'owner = next(each for each in box["Config"]["Env"] if each.startswith("LEARNER=")).partition("=")[2]\n'
            f"%docker create busybox --name {NOTE} --replace --label owner={{owner}} -- true",
            makes=(LOST, NOTE),
            prepare=prepare_lost,
        ),
    ),
)
