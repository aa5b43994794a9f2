"""Exercises of 18-images."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, digits, named
from .exercise import Exercise, Lesson
from .making import IMAGE, Maker

BLUE = "dm-ex-images-paint:blue"
COOK, CAKE, EATER = "dm-ex-images-cook", "dm-ex-images-cake:1", "dm-ex-images-eater"
MANY, FLAT = "dm-ex-images-many", "dm-ex-images-flat:1"
SHIP, RAFT, SAVED = "dm-ex-images-ship", "dm-ex-images-raft", "dm-ex-images-cargo:1"
CARGO, CRATES = "/cargo", "seven crates of oranges"
SERVE = ["cat", "/cake"]


def check_blue(ask: Asker) -> str:
    found = ask.image(BLUE, say("a name has a repository and a tag: here `dm-ex-images-paint`, and `blue`"))
    if digits(found["Id"]) != digits(ask.json("image", name=IMAGE)["Id"]):
        raise NotYet(
            say("`{name}` is there, and is another image than `busybox`", name=BLUE),
            say("take the name off with `%docker remove_image {name}`, and give it to `busybox`", name=BLUE),
        )
    return say("`{name}` and `busybox` are one image", name=BLUE)


def prepare_cake(make: Maker) -> None:
    make.ready(COOK, "echo a cake with seven candles > /cake; echo ready; exec sleep 3600", "ready")


def check_cake(ask: Asker) -> str:
    found = ask.image(CAKE, say("`%docker commit {cook}` makes an image of the container", cook=COOK))
    command = (found.get("Config") or {}).get("Cmd") or []
    if command != SERVE:
        raise NotYet(
            say("the image `{name}` is there; its command is `{have}`", name=CAKE, have=" ".join(command)),
            say("it should be `{wanted}`: commit once more, with `--changes`", wanted=" ".join(SERVE)),
        )
    eater = ask.container(EATER, say("the image is right; make a container of it, of just that name"))
    if eater.image != digits(found["Id"]):
        raise NotYet(
            say("`{name}` was made of another image, `{image}`", name=EATER, image=eater.config.get("Image")),
            say("make it anew, of `{image}` as it is now: `--replace` removes the old one", image=CAKE),
        )
    eater.must_have_said("seven candles", say("has it been started? Its command is the image's"))
    return say("`{name}`, made of `{image}`, serves the cake", name=EATER, image=CAKE)


def prepare_flat(make: Maker) -> None:
    make.ended(MANY, "echo bread > /bread; echo butter > /butter")


def check_flat(ask: Asker) -> str:
    found = ask.image(
        FLAT, say("files alone: they come out of `{name}` as one archive, and go into an image", name=MANY)
    )
    steps = ask.json("history", name=FLAT)
    if len(steps) != 1:
        raise NotYet(
            say("`{name}` is there, and its history has {count} rows", name=FLAT, count=len(steps)),
            say("one row is wanted: `commit` lays a layer upon the others, `import` does not"),
        )
    command = (found.get("Config") or {}).get("Cmd") or []
    if command != ["cat", "/bread", "/butter"]:
        raise NotYet(
            say("`{name}` has a history of one row; its command is `{have}`", name=FLAT, have=" ".join(command)),
            say("it should be `cat /bread /butter`: import it once more, with `--changes`"),
        )
    return say("`{name}` has a history of one row, and the command", name=FLAT)


def prepare_ship(make: Maker) -> None:
    make.ready(SHIP, f"echo {CRATES} > {CARGO}; echo ready; exec sleep 3600", "ready")


def check_ship(ask: Asker) -> str:
    raft = ask.container(RAFT, say("a container of that name should run, with the file `{path}` in it", path=CARGO))
    raft.must_be("running")
    text = (raft.file(CARGO) or b"").decode("utf-8", "replace")
    if CRATES not in text:
        raise NotYet(
            say("`{name}` runs; it has added: {added}", name=RAFT, added=named(raft.changed("added")))
            if not text
            else say("`{name}` runs; its `{path}` says `{text}`", name=RAFT, path=CARGO, text=text.strip()[:60]),
            say(
                "it should have the `{path}` of `{ship}`; is that gone already? `%docker prepare images-ship`",
                path=CARGO,
                ship=SHIP,
            ),
        )
    ask.must_be_gone(SHIP)
    return say("`{ship}` is gone, and `{raft}` carries {crates}", ship=SHIP, raft=RAFT, crates=CRATES)


LESSON = Lesson(
    "18-images",
    "GET /images/json",
    "what containers are made of",
    16,
    (
        Exercise(
            "images-blue",
            2,
            f"Give the image `busybox` one more name: `{BLUE}`.",
            check_blue,
            (
                "The call has the name of the last part of an image's name.",
                "`%docker tag IMAGE NEW-NAME --tag NEW-TAG`.",
                "`%docker tag busybox dm-ex-images-paint --tag blue`.",
            ),
            "%docker tag busybox dm-ex-images-paint --tag blue",
            images=(BLUE,),
        ),
        Exercise(
            "images-cake",
            5,
            f"The container `{COOK}` runs, and has baked `/cake`. Make an image `{CAKE}` of it, whose command is "
            f"`cat /cake`. Then start a container `{EATER}` of that image.",
            check_cake,
            (
                "`commit` makes an image of a container, and `--changes` gives it a command.",
                'As a line of a Dockerfile the command is `CMD ["cat", "/cake"]`.',
                f'`%docker commit {COOK} --repo dm-ex-images-cake --tag 1 --changes \'CMD ["cat", "/cake"]\'`, then '
                f"`create` with `--name {EATER}`, then `start`.",
            ),
            f'%docker commit {COOK} --repo dm-ex-images-cake --tag 1 --changes \'CMD ["cat", "/cake"]\'\n'
            f"%docker create {CAKE} --name {EATER}\n"
            f"%docker start {EATER}",
            makes=(COOK, EATER),
            images=(CAKE,),
            prepare=prepare_cake,
        ),
        Exercise(
            "images-flat",
            4,
            f"The container `{MANY}` has ended. Make an image `{FLAT}` of its files, whose history has one row only, "
            "and whose command is `cat /bread /butter`.",
            check_flat,
            (
                "A commit has the history of its image below its own row. Which way keeps the files only?",
                f"`%docker export {MANY} --output files.tar`, and `import` makes an image of that archive.",
                "`%docker import --input files.tar --repo dm-ex-images-flat --tag 1`, and the command goes into "
                "`--changes`, as in the lesson.",
            ),
            "from pathlib import Path\n\n"
            f"%docker export {MANY} --output files.tar\n"
            "%docker import --input files.tar --repo dm-ex-images-flat --tag 1 "
            '--changes \'CMD ["cat", "/bread", "/butter"]\'\n'
            'Path("files.tar").unlink()',
            makes=(MANY,),
            images=(FLAT,),
            prepare=prepare_flat,
        ),
        Exercise(
            "images-ship",
            7,
            f"The container `{SHIP}` has to go, and its file `{CARGO}` must not be lost. In the end there is no "
            f"`{SHIP}`, and a container `{RAFT}` runs that has the same `{CARGO}`. If you make an image on the way, "
            f"call it `{SAVED}`.",
            check_ship,
            (
                "First save the file, then let the container go. There are several ways.",
                "One way: an image of the ship, and a container of that image. Another: the archive of one file.",
                f"`%docker commit {SHIP} --repo dm-ex-images-cargo --tag 1`, then `create` and `start` of `{RAFT}`, "
                "with something that goes on, such as `sleep 3600`. Last, `%docker remove --force`.",
            ),
            f"%docker commit {SHIP} --repo dm-ex-images-cargo --tag 1\n"
            f"%docker create {SAVED} --name {RAFT} -- sleep 3600\n"
            f"%docker start {RAFT}\n"
            f"%docker kill {SHIP}\n"
            f"%docker remove {SHIP} --force",
            makes=(SHIP, RAFT),
            images=(SAVED,),
            prepare=prepare_ship,
        ),
    ),
)
