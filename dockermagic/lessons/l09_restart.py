"""Exercises of 09-restart."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

SECOND, TWICE, LOOP = "dm-ex-restart-second", "dm-ex-restart-twice", "dm-ex-restart-loop"
KEY = "/tmp/key"


def prepare_second(make: Maker) -> None:
    make.ready(
        SECOND,
        'trap "exit 0" TERM; echo x >> /tmp/lives; echo "life $(wc -l < /tmp/lives)"; '
        "while :; do sleep 3600 & wait $!; done",
        "life 1",
    )


def check_second(ask: Asker) -> str:
    second = ask.container(SECOND, say("`%docker prepare restart-second` makes it"))
    second.must_be("running")
    second.must_have_said("life 2", say("end its first life, and begin the second; its files stay"))
    return say("{seen}, and lives its second life", seen=second.seen)


def check_twice(ask: Asker) -> str:
    twice = ask.container(TWICE)
    policy = twice.host.get("RestartPolicy") or {}
    name, times = str(policy.get("Name") or "no"), int(policy.get("MaximumRetryCount") or 0)
    if (name, times) != ("on-failure", 2):
        have = f"{name}:{times}" if times else name
        raise NotYet(
            say("the restart policy of `{name}` is `{have}`", name=TWICE, have=have),
            say("one policy restarts after a failure only, and so many times at most; it is said at `create`"),
        )
    if twice.state == "created":
        twice.must_be("exited", say("start it once; the engine does the rest"))
    count = int(twice.found.get("RestartCount") or 0)
    if count != 2 or twice.state != "exited":
        raise NotYet(
            say("{seen}; `RestartCount` is {count}", seen=twice.seen, count=count),
            say("it should fail each time, so that the engine restarts it twice: does it end with an error?"),
            soon=twice.state in ("running", "restarting") or count < 2,
        )
    return say("`{name}` has ended, after two restarts by the engine", name=TWICE)


def prepare_loop(make: Maker) -> None:
    make.ready(
        LOOP,
        f'if [ -e {KEY} ]; then echo "the door is open"; exec sleep 3600; fi; echo "no {KEY}, so I end"; '
        "sleep 12; exit 1",
        "so I end",
        HostConfig={"RestartPolicy": {"Name": "always"}},
    )


def check_loop(ask: Asker) -> str:
    loop = ask.container(LOOP, say("`%docker prepare restart-loop` makes it"))
    policy = (loop.host.get("RestartPolicy") or {}).get("Name")
    if policy != "always":
        raise NotYet(
            say("the restart policy of `{name}` is `{policy}`", name=LOOP, policy=policy),
            say("it is not the one that was prepared: `%docker prepare restart-loop` begins anew"),
        )
    loop.must_have_said("the door is open", say("what does it miss? What you put into it stays for its next life"))
    loop.must_be("running")
    return say("{seen}, and its door is open", seen=loop.seen)


LESSON = Lesson(
    "09-restart",
    "POST /containers/{id}/restart",
    "stop it and start it again",
    8,
    (
        Exercise(
            "restart-second",
            2,
            f"The container `{SECOND}` counts its lives, and lives its first. Let it live its second.",
            check_second,
            (
                "One call is enough.",
                f"`%docker restart {SECOND} --t 5` ends one life and begins the next.",
            ),
            f"%docker restart {SECOND} --t 5",
            makes=(SECOND,),
            prepare=prepare_second,
        ),
        Exercise(
            "restart-twice",
            4,
            f"Make a container `{TWICE}` that ends with an error each time, and let the engine restart it: "
            "twice, and no more. You start it only once.",
            check_twice,
            (
                "That is what a restart policy is for.",
                "`--restart on-failure:2` at `%docker create`, and a command like `sh -c 'exit 1'`.",
                f"`%docker create busybox --name {TWICE} --restart on-failure:2 -- sh -c 'exit 1'`, then start it.",
            ),
            f"%docker create busybox --name {TWICE} --replace --restart on-failure:2 -- sh -c 'exit 1'\n"
            f"%docker start {TWICE}\n"
            "import time\n"
            "for _ in range(100):\n"
            f"    box = %docker inspect {TWICE}\n"
            '    if box["RestartCount"] == 2 and box["State"]["Status"] == "exited":\n'
            "        break\n"
            "    time.sleep(0.2)",
            makes=(TWICE,),
        ),
        Exercise(
            "restart-loop",
            7,
            f"The container `{LOOP}` ends again and again, and the engine starts it again and again. "
            "Find out what it misses, and make it stay.",
            check_loop,
            (
                "Its log tells what it misses.",
                f"It needs a file, `{KEY}`. Files stay from one life to the next, and `%docker exec` runs a program "
                "in a container that runs; lesson 12 tells more.",
                f"`%docker exec {LOOP} -- touch {KEY}` makes the file. Its next life finds it; `%docker restart` "
                "begins that one now.",
            ),
            f"%docker exec {LOOP} -- touch {KEY}\n%docker restart {LOOP} --t 0",
            makes=(LOOP,),
            prepare=prepare_loop,
        ),
    ),
)
