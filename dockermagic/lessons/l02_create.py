"""Exercises of 02-create."""

from __future__ import annotations

from dockermagic.endpoints import LABEL
from dockermagic.language import say

from .asking import Asker, Container, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

GREET, BODY, LAMP = "dm-ex-create-greet", "dm-ex-create-body", "dm-ex-create-lamp"
SCRIPT = 'test "$SWITCH" = on && echo light'


def check_greet(ask: Asker) -> str:
    greet = ask.container(GREET)
    have = greet.env.get("GREETING")
    if have is None:
        raise NotYet(
            say("`{name}` is there, and has no variable `GREETING`", name=GREET),
            say("`-e NAME=VALUE` gives a variable when it is made; `--replace` makes it anew"),
        )
    if have != "hello":
        raise NotYet(
            say("in `{name}` the variable is `GREETING={have}`", name=GREET, have=have), say("it should be `hello`")
        )
    _must_begin_in(greet, "/tmp")
    greet.must_be("created")
    return say("`{name}` has `GREETING=hello`, begins in `/tmp` and was never started", name=GREET)


def _must_begin_in(box: Container, folder: str) -> None:
    have = str(box.config.get("WorkingDir") or "/")
    if have != folder:
        raise NotYet(
            say("the working folder of `{name}` is `{have}`", name=box.name, have=have),
            say("it should be `{folder}`; the option is `-w`", folder=folder),
        )


def check_body(ask: Asker) -> str:
    body = ask.container(BODY)
    if LABEL not in body.labels:
        raise NotYet(
            say("`{name}` is there, and lacks our label", name=BODY),
            say(
                '`%docker remove {name}`, then make it anew with `"Labels": {label}` in the body',
                name=BODY,
                label=f'{{"{LABEL}": "1"}}',
            ),
        )
    if body.command != ["sleep", "600"]:
        raise NotYet(
            say("the command of `{name}` is `{command}`", name=BODY, command=" ".join(body.command)),
            say('in the body it should be `"Cmd": ["sleep", "600"]`'),
        )
    policy = body.host.get("RestartPolicy") or {}
    if policy.get("Name") != "on-failure":
        raise NotYet(
            say("its restart policy is `{policy}`", policy=policy.get("Name") or "no"),
            say("`RestartPolicy` stands in `HostConfig`, and its `Name` should be `on-failure`"),
        )
    count = int(policy.get("MaximumRetryCount") or 0)
    if count != 3:
        raise NotYet(
            say("it is started again at most {count} times", count=count)
            if count
            else say("it is started again without end"),
            say("`MaximumRetryCount`, beside `Name`, should be 3"),
        )
    return say("`{name}` runs `sleep 600`, and is started again at most 3 times when it fails", name=BODY)


def prepare_lamp(make: Maker) -> None:
    make.ended(LAMP, SCRIPT)


def check_lamp(ask: Asker) -> str:
    lamp = ask.container(LAMP, say("`%docker prepare create-lamp` makes it, dark"))
    if lamp.command != ["sh", "-c", SCRIPT]:
        raise NotYet(
            say("`{name}` runs another command now: `{command}`", name=LAMP, command=" ".join(lamp.command)),
            say("leave the command as it was, `{script}`, and give the container what it lacks", script=SCRIPT),
        )
    lamp.must_have_ended(0, say("its command tells what it tests; what is missing can be given only when it is made"))
    lamp.must_have_said("light")
    return say("`{name}` wrote `light`, and its command is the same as before", name=LAMP)


LESSON = Lesson(
    "02-create",
    "POST /containers/create",
    "make a container",
    12,
    (
        Exercise(
            "create-greet",
            2,
            f"Make a container `{GREET}` that begins in the folder `/tmp` and has the variable `GREETING` "
            "with the value `hello`. Do not start it.",
            check_greet,
            (
                'The table "What goes where" has an option for the environment, and one for the folder.',
                "They are `-e` and `-w`, and stand before `--`.",
                f"`%docker create busybox --name {GREET} --replace -e GREETING=hello -w /tmp`.",
            ),
            f"%docker create busybox --name {GREET} --replace -e GREETING=hello -w /tmp -- sleep 600",
            makes=(GREET,),
        ),
        Exercise(
            "create-body",
            4,
            f"Write the body yourself: make `{BODY}`, which is to run `sleep 600`, carries our label `dockermagic`, "
            "and is started again when it fails, at most 3 times.",
            check_body,
            (
                "The cell begins with `%%docker create --name` and the name. JSON follows, as in the lesson.",
                "`RestartPolicy` belongs in `HostConfig`. Its `Name` is `on-failure`.",
                'The policy is `{"Name": "on-failure", "MaximumRetryCount": 3}`.',
            ),
            f"%%docker create --name {BODY} --replace\n"
            "{\n"
            '  "Image": "busybox",\n'
            '  "Cmd": ["sleep", "600"],\n'
            '  "Labels": {"dockermagic": "1"},\n'
            '  "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}\n'
            "}",
            makes=(BODY,),
        ),
        Exercise(
            "create-lamp",
            6,
            f"The container `{LAMP}` should have written `light`, and did not. Find out what it lacks. "
            "Then see to it that a container of that name, with the very same command, writes `light` and ends well.",
            check_lamp,
            (
                f"`%docker inspect {LAMP}` shows the command. Which variable does it test?",
                "A container's environment cannot be changed. It must be made anew, with `--replace`, and started.",
                "It lacks `-e SWITCH=on`. Keep the command in single quotes, so that `$SWITCH` stays as it is.",
            ),
            f"%docker create busybox --name {LAMP} --replace -e SWITCH=on -- sh -c '{SCRIPT}'\n"
            f"%docker start {LAMP}\n"
            f"%docker wait {LAMP}",
            makes=(LAMP,),
            prepare=prepare_lamp,
        ),
    ),
)
