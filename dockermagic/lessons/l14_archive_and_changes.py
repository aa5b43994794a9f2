"""Exercises of 14-archive-and-changes."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

ATTIC, ADDED = "dm-ex-archive-attic", "/bin/moth"
POST, LETTER = "dm-ex-archive-post", "/tmp/letter.txt"
TOOLS = "dm-ex-archive-tools"
TREES = ("ash", "elm", "oak")
MARKED = "elm"
BROKEN, MODE = "dm-ex-archive-broken", "/app/mode"
PICKY = (
    f"[ -e {MODE} ] || {{ mkdir /app; echo bad > {MODE}; }}; read mode < {MODE}; "
    f'[ "$mode" = good ] || {{ echo "{MODE} says $mode, and has to say good"; exit 1; }}; echo at work; exec sleep 3600'
)


def prepare_moth(make: Maker) -> None:
    make.ready(ATTIC, f"echo munch > {ADDED}; echo ready; exec sleep 3600", "ready")


def check_moth(ask: Asker) -> str:
    attic = ask.container(ATTIC, say("`%docker prepare archive-moth` makes it"))
    attic.must_be("running", say("`%docker prepare archive-moth` makes it anew"))
    added = attic.changed("added")
    if ADDED in added:
        raise NotYet(
            say("`{name}` has still added a file to its image", name=ATTIC),
            say("which one, `%docker changes` tells; a program in the container, such as `rm`, can remove it"),
        )
    return say("`{name}` runs, and has added nothing to its image", name=ATTIC)


def prepare_letter(make: Maker) -> None:
    make.create(POST, "cat /tmp/letter.txt")


def check_letter(ask: Asker) -> str:
    post = ask.container(POST, say("`%docker prepare archive-letter` makes it"))
    text = post.file(LETTER)
    if text is None:
        raise NotYet(
            say(
                "there is no `{path}` in `{name}`; it has added: {added}",
                path=LETTER,
                name=POST,
                added=named(post.changed("added")),
            ),
            say("`--path` of `put_archive` names the folder, `/tmp`; the file keeps the name that it has on your side"),
        )
    if b"hello" not in text:
        said = text.decode("utf-8", "replace").strip()[:60]
        raise NotYet(
            say("`{path}` is there, and says `{said}`", path=LETTER, said=said),
            say("it should say `hello`: write your file anew, and send it once more"),
        )
    return say("`{path}` in `{name}` says hello", path=LETTER, name=POST)


def prepare_setuid(make: Maker) -> None:
    make.ended(
        TOOLS,
        f"mkdir /tools; for each in {' '.join(TREES)}; do echo $each > /tools/$each; chmod 755 /tools/$each; done; "
        f"chmod 4755 /tools/{MARKED}",
    )


def check_setuid(ask: Asker) -> str:
    wrong = [name for tree in TREES if tree != MARKED and ask.find(name := _called(tree)) is not None]
    if wrong:
        raise NotYet(
            say("it is called `{name}` now, and that is not the one with setuid", name=wrong[0]),
            say("look at `permissions` of all three: an `s` in place of the first `x`; then rename it again"),
        )
    found = ask.container(_called(MARKED), say("`%docker rename {name} dm-ex-archive-…` gives the answer", name=TOOLS))
    return say("`{name}` tells it: that file carries the bit setuid", name=found.name)


def _called(tree: str) -> str:
    return f"dm-ex-archive-{tree}"


def prepare_broken(make: Maker) -> None:
    make.ended(BROKEN, PICKY)


def check_broken(ask: Asker) -> str:
    broken = ask.container(BROKEN, say("`%docker prepare archive-broken` makes it"))
    if broken.command != ["sh", "-c", PICKY]:
        raise NotYet(
            say("`{name}` is there, and runs another command than the one that was prepared", name=BROKEN),
            say("`%docker prepare archive-broken` makes it anew; mend that one"),
        )
    broken.must_be("running", say("its last words tell what is wrong: `%docker logs {name}`", name=BROKEN))
    return say("`{name}` runs: `{path}` says good", name=BROKEN, path=MODE)


LESSON = Lesson(
    "14-archive-and-changes",
    "GET /containers/{id}/archive",
    "files in and out, and which have changed",
    14,
    (
        Exercise(
            "archive-moth",
            3,
            f"The container `{ATTIC}` runs, and has added one file to its image. Find out which, and remove that file. "
            "The container goes on.",
            check_moth,
            (
                "Which call compares a container's files with those of its image?",
                f"In `%docker changes {ATTIC}` look for `added`.",
                f"`%docker exec {ATTIC} -- rm FILE`, with the path that you have found.",
            ),
            f"changes = %docker changes {ATTIC}\n"
            'moth = changes[(changes["kind"] == "added") & changes["path"].str.startswith("/bin/")]["path"].iloc[0]\n'
            f"%docker exec {ATTIC} -- rm {{moth}}",
            makes=(ATTIC,),
            prepare=prepare_moth,
        ),
        Exercise(
            "archive-letter",
            4,
            f"The container `{POST}` was never started. Write a file `letter.txt` that says `hello`, and put it into "
            "the container's folder `/tmp`.",
            check_letter,
            (
                'In Python, `Path("letter.txt").write_text("hello\\n")` writes the file; `Path` comes from `pathlib`.',
                "`put_archive` packs a file by itself. `--input` names yours, `--path` the folder in the container.",
                f"`%docker put_archive {POST} --path /tmp --input letter.txt`.",
            ),
            "from pathlib import Path\n\n"
            'Path("letter.txt").write_text("hello\\n")\n'
            f"%docker put_archive {POST} --path /tmp --input letter.txt\n"
            'Path("letter.txt").unlink()',
            makes=(POST,),
            prepare=prepare_letter,
        ),
        Exercise(
            "archive-setuid",
            4,
            f"The container `{TOOLS}` has ended. It has three files, `/tools/ash`, `/tools/elm` and `/tools/oak`. One "
            "of them carries the bit setuid. Rename the container to `dm-ex-archive-` and the name of that file. "
            "Do not start it.",
            check_setuid,
            (
                "`exec` needs a container that runs. Two calls of this lesson do not.",
                "`archive_info` tells `permissions` of one file; `get_archive` lists `mode` of a whole folder.",
                f"`%docker get_archive {TOOLS} --path /tools`: setuid is the `s` in `-rwsr-xr-x`.",
            ),
            f"files = %docker get_archive {TOOLS} --path /tools\n"
            'marked = files[files["mode"].str[3] == "s"]["name"].iloc[0].rpartition("/")[2]\n'
            f"%docker rename {TOOLS} dm-ex-archive-{{marked}}",
            makes=(TOOLS, *(f"dm-ex-archive-{tree}" for tree in TREES)),
            prepare=prepare_setuid,
        ),
        Exercise(
            "archive-broken",
            6,
            f"The container `{BROKEN}` ends as soon as it is started. Mend it, without making a new one, so that it "
            "goes on running.",
            check_broken,
            (
                "What did it say before it ended?",
                f"A file in it says the wrong word: `{MODE}`. No program can run in it, but files can be replaced.",
                f"Write a file `mode` that says `good`. `%docker put_archive {BROKEN} --path /app --input mode`, then "
                "start it.",
            ),
            "from pathlib import Path\n\n"
            'Path("mode").write_text("good\\n")\n'
            f"%docker put_archive {BROKEN} --path /app --input mode\n"
            'Path("mode").unlink()\n'
            f"%docker start {BROKEN}",
            makes=(BROKEN,),
            prepare=prepare_broken,
        ),
    ),
)
