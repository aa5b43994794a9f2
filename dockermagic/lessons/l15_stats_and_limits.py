"""Exercises of 15-stats-and-limits."""

from __future__ import annotations

from collections.abc import Mapping

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

MIB = 1 << 20
EATEN = {"dm-ex-stats-ant": 1, "dm-ex-stats-fly": 1, "dm-ex-stats-owl": 12}
HUNGRY = "dm-ex-stats-hungry"
LOOSE, KEEPER, DYING = "dm-ex-stats-loose", "dm-ex-stats-keeper", "dm-ex-stats-dying"
FIRST = "first"
GREEDY = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo it fits; sleep 1"


def prepare_hungry(make: Maker) -> None:
    for name, size in EATEN.items():
        make.ready(name, f"x=$(head -c {size}000000 /dev/zero | tr '\\0' x); echo full; sleep 3600; echo $x", "full")


def check_hungry(ask: Asker) -> str:
    for name, size in EATEN.items():
        if size == 1:
            ask.container(name, say("that one uses little; `%docker prepare stats-hungry` makes all three anew"))
    ask.container(
        HUNGRY, say("find the one that uses most memory, then `%docker rename CONTAINER {name}`", name=HUNGRY)
    )
    return say("`{name}` is the one with 12 MB and more", name=HUNGRY)


def prepare_loose(make: Maker) -> None:
    make.start(LOOSE, "exec sleep 3600", labels={FIRST: "yes"})


def check_loose(ask: Asker) -> str:
    loose = ask.container(LOOSE, say("`%docker prepare stats-loose` makes it"))
    _must_be_first(loose.labels, LOOSE)
    loose.must_be("running")
    have = int(loose.host.get("Memory") or 0)
    if have != 64 * MIB:
        raise NotYet(
            say("`{name}` runs, and may use {have} bytes of memory (0: any)", name=LOOSE, have=have),
            say("64 MiB are {bytes} bytes; `%docker update --help` lists the options", bytes=64 * MIB),
        )
    return say("`{name}` still runs, and may use 64 MiB", name=LOOSE)


def prepare_keeper(make: Maker) -> None:
    make.start(KEEPER, "exec sleep 3600", labels={FIRST: "yes"})


def check_keeper(ask: Asker) -> str:
    keeper = ask.container(KEEPER, say("`%docker prepare stats-keeper` makes it"))
    _must_be_first(keeper.labels, KEEPER)
    policy = keeper.host.get("RestartPolicy") or {}
    have = f"{policy.get('Name') or 'no'}:{policy.get('MaximumRetryCount') or 0}"
    if have != "on-failure:3":
        raise NotYet(
            say("the restart policy of `{name}` is `{have}`", name=KEEPER, have=have),
            say("it should be `on-failure:3`: again when it fails, three times at most"),
        )
    return say("`{name}` will be started again when it fails, three times at most", name=KEEPER)


def _must_be_first(labels: Mapping[str, str], name: str) -> None:
    if FIRST not in labels:
        raise NotYet(
            say("`{name}` was made anew", name=name),
            say("it was to be changed as it is; `%docker prepare` and the exercise's name begins once more"),
        )


def prepare_dying(make: Maker) -> None:
    make.ended(DYING, GREEDY, HostConfig={"Memory": 16 * MIB, "MemorySwap": 16 * MIB})


def check_dying(ask: Asker) -> str:
    dying = ask.container(DYING, say("`%docker prepare stats-dying` makes it"))
    if dying.command != ["sh", "-c", GREEDY]:
        raise NotYet(
            say("`{name}` runs another program now", name=DYING),
            say("its program is right, and something else is not; `%docker prepare stats-dying` begins once more"),
        )
    dying.must_have_ended(0, say("look at the whole of `State` in `%docker inspect {name}`", name=DYING))
    if not dying.host.get("Memory"):
        raise NotYet(
            say("`{name}` ended well, and may use any memory now", name=DYING),
            say("it should have a limit still, one that is large enough"),
        )
    return say("`{name}` ended well, within {limit} bytes", name=DYING, limit=dying.host["Memory"])


LESSON = Lesson(
    "15-stats-and-limits",
    "GET /containers/{id}/stats",
    "how much it uses, and may use",
    14,
    (
        Exercise(
            "stats-hungry",
            3,
            "Three containers named after animals run. One of them uses much more memory than the other two. Rename it "
            f"to `{HUNGRY}`.",
            check_hungry,
            (
                "One call of this lesson tells the memory in use, and takes several names.",
                "`df = %docker stats dm-ex-stats-ant dm-ex-stats-fly dm-ex-stats-owl`, then look at `memory_usage`.",
                f"It is the owl: `%docker rename dm-ex-stats-owl {HUNGRY}`.",
            ),
            'names = ["dm-ex-stats-ant", "dm-ex-stats-fly", "dm-ex-stats-owl"]\n'
            "used = {}\n"
            "for name in names:\n"
            "    sample = %docker stats {name}\n"
            '    used[name] = sample["memory_usage"].iloc[0]\n'
            "most = max(used, key=used.get)\n"
            f"%docker rename {{most}} {HUNGRY}",
            makes=(*EATEN, HUNGRY),
            prepare=prepare_hungry,
        ),
        Exercise(
            "stats-loose",
            3,
            f"The container `{LOOSE}` runs and may use all the memory of the machine. Let it use 64 MiB at most. "
            "Do not make it anew.",
            check_loose,
            (
                "`update` changes limits while a container runs.",
                "`--memory 64m`; and `--memory-swap 64m` with it, so that the two fit together.",
                f"`%docker update {LOOSE} --memory 64m --memory-swap 64m`.",
            ),
            f"%docker update {LOOSE} --memory 64m --memory-swap 64m",
            makes=(LOOSE,),
            prepare=prepare_loose,
        ),
        Exercise(
            "stats-keeper",
            3,
            f"The container `{KEEPER}` runs. See to it that the engine starts it again when it fails, three times at "
            "most. Do not make it anew.",
            check_keeper,
            (
                "It is no limit, and the same call changes it.",
                "The policy is called `on-failure`, and a number may follow.",
                f"`%docker update {KEEPER} --restart on-failure:3`.",
            ),
            f"%docker update {KEEPER} --restart on-failure:3",
            makes=(KEEPER,),
            prepare=prepare_keeper,
        ),
        Exercise(
            "stats-dying",
            6,
            f"The container `{DYING}` is killed each time it is started. Find out by what. Let the same program end "
            "well, with a limit that is large enough.",
            check_dying,
            (
                "What does `State` say besides the exit code?",
                "`OOMKilled`: it wants more memory than it may use. What may it use? `HostConfig` tells.",
                f"`%docker update {DYING} --memory 256m --memory-swap 256m`, then start it.",
            ),
            f"%docker update {DYING} --memory 256m --memory-swap 256m\n%docker start {DYING}\n%docker wait {DYING}",
            makes=(DYING,),
            prepare=prepare_dying,
        ),
    ),
)
