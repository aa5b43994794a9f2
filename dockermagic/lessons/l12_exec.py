"""Exercises of 12-exec."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

NOTE, GUEST, HIDDEN = "dm-ex-exec-note", "dm-ex-exec-guest", "dm-ex-exec-hidden"


def prepare_note(make: Maker) -> None:
    make.ready(
        NOTE,
        'echo ready; while [ "$(cat /tmp/note 2>/dev/null)" != hello ]; do sleep 0.2; done; '
        'echo "the note says hello"; exec sleep 3600',
        "ready",
    )


def check_note(ask: Asker) -> str:
    note = ask.container(NOTE, say("`%docker prepare exec-note` makes it"))
    note.must_be("running", say("`%docker prepare exec-note` begins anew"))
    note.must_have_said(
        "the note says hello", say("a program that runs in it can write the file; `>` is the work of a shell")
    )
    return say("`{name}` has read its note", name=NOTE)


def prepare_guest(make: Maker) -> None:
    make.ready(
        GUEST,
        "mkdir -m 777 /guests; cd /guests; echo ready; "
        'while :; do for file in *; do [ -f "$file" ] && stat -c "%n belongs to %u" "$file"; done; sleep 0.5; done',
        "ready",
    )


def check_guest(ask: Asker) -> str:
    guest = ask.container(GUEST, say("`%docker prepare exec-guest` makes it"))
    guest.must_be("running", say("`%docker prepare exec-guest` begins anew"))
    found = sorted({line for line in guest.log().splitlines() if line.startswith("card belongs to ")})
    if "card belongs to 2000" not in found:
        raise NotYet(
            say("in `/guests` of `{name}`: {found}", name=GUEST, found=f"`{found[-1]}`" if found else say("no card")),
            say(
                "it should belong to 2000: who writes a file owns it, and an owned one can be removed and written anew"
            ),
            soon=True,
        )
    return say("in `/guests` lies a card, and it belongs to user 2000")


def prepare_hidden(make: Maker) -> None:
    make.ready(
        HIDDEN,
        'mkdir -p /srv/a /srv/b /srv/c; echo cold > /srv/a/door; echo "exit 23" > /srv/b/.way; '
        'echo cold > /srv/c/door; echo "I wait for /tmp/way, and do what it says"; '
        "while [ ! -s /tmp/way ]; do sleep 0.2; done; . /tmp/way; exec sleep 3600",
        "I wait",
    )


def check_hidden(ask: Asker) -> str:
    hidden = ask.container(HIDDEN, say("`%docker prepare exec-hidden` makes it"))
    hidden.must_be("exited", say("what does it wait for, and where in `/srv` may that be?"))
    hidden.must_have_ended(23, say("that was not the way; `%docker prepare exec-hidden` begins anew"))
    return say("`{name}` has ended with 23: it found the way", name=HIDDEN)


LESSON = Lesson(
    "12-exec",
    "POST /containers/{id}/exec",
    "one more program in it",
    14,
    (
        Exercise(
            "exec-note",
            3,
            f"The container `{NOTE}` waits for a note: the file `/tmp/note`, with the word `hello` in it. "
            "Write it the note.",
            check_note,
            (
                "A file of a container is written by a program that runs in the container.",
                "`>` is the work of a shell, so let a shell run: `sh -c '…'`.",
                f"`%docker exec {NOTE} -- sh -c 'echo hello > /tmp/note'` writes it.",
            ),
            f"%docker exec {NOTE} -- sh -c 'echo hello > /tmp/note'",
            makes=(NOTE,),
            prepare=prepare_note,
        ),
        Exercise(
            "exec-guest",
            4,
            f"In the container `{GUEST}` is a folder `/guests`. Put an empty file `card` into it that belongs to "
            "user number 2000.",
            check_guest,
            (
                "A file belongs to the user whose program has made it.",
                "`--user` says as whom a program runs, and `touch FILE` makes an empty file.",
                f"`%docker exec {GUEST} --user 2000 -- touch /guests/card` makes it.",
            ),
            f"%docker exec {GUEST} --user 2000 -- touch /guests/card",
            makes=(GUEST,),
            prepare=prepare_guest,
        ),
        Exercise(
            "exec-hidden",
            7,
            f"The container `{HIDDEN}` waits for something that is hidden in its own folder `/srv`. "
            "Find it, give it to the container, and let it end by itself.",
            check_hidden,
            (
                "Its log says what it waits for. What can you look at, with a program of your own in there?",
                f"`%docker exec {HIDDEN} -- ls -aR /srv` lists all there is; a name that begins with a dot is hidden.",
                f"`%docker exec {HIDDEN} -- cat /srv/b/.way` shows it. It belongs in `/tmp/way`.",
                f"`%docker exec {HIDDEN} -- cp /srv/b/.way /tmp/way` gives it to the container.",
            ),
            f"%docker exec {HIDDEN} -- cp /srv/b/.way /tmp/way\n%docker wait {HIDDEN}",
            makes=(HIDDEN,),
            prepare=prepare_hidden,
        ),
    ),
)
