"""Exercises of 06-export."""

from __future__ import annotations

import io
import tarfile
from urllib.parse import urlencode

from dockermagic.endpoints import raw
from dockermagic.errors import NotFound
from dockermagic.language import say

from .asking import Asker, Container, NotYet
from .exercise import Exercise, Lesson
from .making import Maker

CHEST, WORD, NOTE = "dm-ex-export-chest", "dm-ex-export-word", "dm-ex-export-note"
LEFT, RIGHT, LACK = "dm-ex-export-left", "dm-ex-export-right", "dm-ex-export-lack"
PATH, TEXT, HIDDEN, LACKING = "/notes/today.txt", "sunny", "amber", "file3"
FILES = "mkdir /data; for n in $(seq 40); do test $((n * 7 % 40)) = $WITHOUT || echo x > /data/file$n; done"


def text_of(ask: Asker, box: Container, path: str) -> str | None:
    """What a file of a container holds; None where there is no such file."""
    try:
        _, data = ask.body(raw("GET", f"/containers/{box.id}/archive?{urlencode({'path': path})}"))
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        entry = archive.next()
        file = archive.extractfile(entry) if entry is not None and entry.isfile() else None
        return None if file is None else file.read().decode(errors="replace")


def prepare_word(make: Maker) -> None:
    make.ended(CHEST, f"mkdir -p /srv/old/ship; echo {HIDDEN} > /srv/old/ship/treasure.txt")


def check_word(ask: Asker) -> str:
    ask.container(CHEST, say("`%docker prepare export-word` makes it"))
    made = ask.container(WORD, say("when you know the word, make it with `--label word=…`"))
    made.must_answer("word", HIDDEN, say("it is all that the file holds, one word; look at its text once more"))
    return say("`{name}` carries the word that was hidden in `{chest}`", name=WORD, chest=CHEST)


def check_note(ask: Asker) -> str:
    note = ask.container(NOTE)
    have = text_of(ask, note, PATH)
    if have is None:
        step = (
            say("start it, so that its command can write the file")
            if note.state == "created"
            else say("its command should make the folder first, and then write the file")
        )
        raise NotYet(
            say("{seen}; it has no file `{path}`", seen=note.seen, path=PATH), step, soon=note.state == "running"
        )
    if have.strip() != TEXT:
        raise NotYet(
            say("in `{name}`, the file `{path}` holds `{have}`", name=NOTE, path=PATH, have=have.strip()[:80]),
            say("it should hold `{text}`", text=TEXT),
            soon=note.state == "running",
        )
    return say("in `{name}`, the file `{path}` holds `{have}`", name=NOTE, path=PATH, have=TEXT)


def prepare_lack(make: Maker) -> None:
    make.ended(LEFT, FILES, Env=["WITHOUT=21"])
    make.ended(RIGHT, FILES, Env=["WITHOUT=none"])


def check_lack(ask: Asker) -> str:
    for name in (LEFT, RIGHT):
        ask.container(name, say("`%docker prepare export-lack` makes both"))
    made = ask.container(LACK, say("when you know the file, make it with `--label file=…`"))
    made.must_answer(
        "file", LACKING, say("compare the names below `/data`; the label should say the name without its folder")
    )
    return say("`{name}` names the file that `{left}` lacks", name=LACK, left=LEFT)


LESSON = Lesson(
    "06-export",
    "GET /containers/{id}/export",
    "its files",
    10,
    (
        Exercise(
            "export-word",
            4,
            f"Somewhere in `{CHEST}` is a file `treasure.txt`, and in it a word. "
            f"Make a container `{WORD}` whose label `word` says that word.",
            check_word,
            (
                "Export its files with `--output`, and look for the name in the DataFrame.",
                "The path is `srv/old/ship/treasure.txt`. `tarfile` reads it, as in the lesson.",
                f"`%docker create busybox --name {WORD} --replace --label word=` and behind it what the file holds.",
            ),
            "import os\n"
            "import tarfile\n"
            "\n"
            f"files = %docker export {CHEST} --output dm-ex-export.tar\n"
            'path = files.loc[files["name"].str.endswith("treasure.txt"), "name"].iloc[0]\n'
            'with tarfile.open("dm-ex-export.tar") as tar:\n'
            "    word = tar.extractfile(path).read().decode().strip()\n"
            'os.remove("dm-ex-export.tar")\n'
            f"%docker create busybox --name {WORD} --replace --label word=$word",
            makes=(CHEST, WORD),
            prepare=prepare_word,
        ),
        Exercise(
            "export-note",
            3,
            f"Let there be a container `{NOTE}` among whose files is `{PATH}`, which holds `{TEXT}`.",
            check_note,
            (
                "A container that has ended keeps its files. So let its command write that one.",
                "The folder must be made first: `mkdir /notes`. And `echo sunny > /notes/today.txt` writes the file.",
                "The command is `sh -c 'mkdir /notes; echo sunny > /notes/today.txt'`. It must be started, too.",
            ),
            f"%docker create busybox --name {NOTE} --replace "
            "-- sh -c 'mkdir /notes; echo sunny > /notes/today.txt'\n"
            f"%docker start {NOTE}\n"
            f"%docker wait {NOTE}",
            makes=(NOTE,),
        ),
        Exercise(
            "export-lack",
            5,
            f"`{LEFT}` and `{RIGHT}` hold many files below `/data`. One of them is missing in `{LEFT}`. "
            f"Make a container `{LACK}` whose label `file` says its name, without the folder.",
            check_lack,
            (
                "A list of all files of each container is one call for each. Nothing needs to be kept on disk.",
                "The column `name` of both, as Python sets: one less the other leaves what is missing.",
                'With the two in `left` and `right`: `set(right["name"]) - set(left["name"])`.',
            ),
            f"left = %docker export {LEFT}\n"
            f"right = %docker export {RIGHT}\n"
            'missing = set(right["name"]) - set(left["name"])\n'
            'file = next(name for name in missing if name.startswith("data/")).removeprefix("data/")\n'
            f"%docker create busybox --name {LACK} --replace --label file=$file",
            makes=(LEFT, RIGHT, LACK),
            prepare=prepare_lack,
        ),
    ),
)
