"""The `dockermagic` command: `dockermagic tutorial`, `dockermagic doctor`."""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from .language import CHOICE, LANGUAGES, first, say

FOLDER = "dockermagic-tutorial"
UNREAD = 1
"""Python's own status where nobody reads what is printed."""


class Seen(Protocol):
    """What the hunt for an engine saw at one place."""

    @property
    def host(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def detail(self) -> str: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit status. `dockermagic doctor | head -1` ends it, silently."""
    try:
        try:
            return _run(argv)
        finally:
            print(end="", flush=True)  # a closed pipe shows here, and not when the interpreter ends
    except BrokenPipeError:
        _let_go()
        return UNREAD


def _let_go() -> None:
    """Send to nowhere what is left for a closed pipe: the interpreter would complain of it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            print(end="", flush=True, file=stream)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    words = parser.parse_args(argv)
    try:
        if words.command == "tutorial":
            CHOICE.chosen = words.lang or CHOICE.chosen
            return tutorial(Path(words.dir), port=words.port, browser=words.browser, opened=words.lab)
        if words.command == "doctor":
            return doctor()
        parser.print_help()
        return 0
    except KeyboardInterrupt:
        return _failed(say("stopped"), 130)


def tutorial(folder: Path, *, port: int | None, browser: bool, opened: bool = True) -> int:
    """Lay the notebooks out into `folder` and, if it is to be opened, run JupyterLab on them; its exit status.

    It opens on the edition in the reader's language, and speaks that language too where it can.
    """
    from . import lab, layout  # nbformat takes a second to import

    language = CHOICE.current()
    folder = folder.expanduser().absolute()
    try:
        if opened:
            lab.check(port)
        for line in layout.lay_out(layout.course(), folder).lines():
            print(line)
    except (layout.CannotLay, lab.CannotStart) as error:
        return _failed(str(error))
    print(say("The notebooks are in {folder}.", folder=folder))
    if not opened:
        return 0
    if missing := lab.remark(language):
        print(missing)
    print(say("Opening {notebook} in JupyterLab; Ctrl-C here ends it.", notebook=first(language)), flush=True)
    status = lab.run(folder, language=language, port=port, browser=browser)
    if status:
        return _failed(say("JupyterLab ended with status {status}; the reason is above", status=status), status)
    print(say("JupyterLab has ended. Your notebooks are in {folder}.", folder=folder))
    return 0


def doctor() -> int:
    """Print what a hunt for an engine sees; 1 when none would be taken."""
    from .errors import DockerMagicError
    from .session import Session

    try:
        seen = list(Session().doctor())
    except DockerMagicError as error:
        return _failed("\n".join(error.lines()))
    for line in table(seen):
        print(line)
    if any(place.verdict in ("taken", "is started") for place in seen):
        return 0
    return _failed(say("no engine answers; start Docker or Podman, or set DOCKER_HOST"))


def table(seen: Iterable[Seen]) -> list[str]:
    """The places as lines of text, one a place, columns aligned."""
    rows = [(say("VERDICT"), say("HOST"), say("WHERE FROM"), say("DETAIL"))]
    rows += [(say(place.verdict), place.host, place.source, place.detail) for place in seen]
    cells = [[" ".join(str(cell).split()) for cell in row] for row in rows]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    padded = [[cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)] for row in cells]
    return ["  ".join(row).rstrip() for row in padded]


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dockermagic", description=say("Learn the Docker Engine API by running it, in JupyterLab.")
    )
    parser.add_argument("--version", action="version", version=f"dockermagic {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    start = commands.add_parser(
        "tutorial",
        help=say("lay the notebooks out and open them in JupyterLab"),
        description=say("Lay clean copies of the notebooks out, never over an edit, and open them in JupyterLab."),
    )
    start.add_argument("--dir", default=FOLDER, help=say("where the copies go (default: ./%(default)s)"))
    start.add_argument(
        "--lang",
        type=_language,
        metavar="|".join(LANGUAGES),
        help=say("the edition to open (default: that of the folder you are in, else the locale's)"),
    )
    start.add_argument("--port", type=_port, help=say("the port of JupyterLab (default: 8888, or the next free)"))
    start.add_argument("--no-lab", dest="lab", action="store_false", help=say("lay the copies out, and open nothing"))
    start.add_argument("--no-browser", dest="browser", action="store_false", help=say("do not open a browser"))
    commands.add_parser(
        "doctor",
        help=say("show where an engine was looked for, and what was found"),
        description=say("Show each place where a container engine may be, and why it was taken or not."),
    )
    return parser


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(say("{text!r} is no port; a number from 1 to 65535", text=text))
    return port


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise argparse.ArgumentTypeError(
            say("the course has no edition {text!r}; there are: {names}", text=text, names=", ".join(LANGUAGES))
        )
    return text


def _failed(why: str, status: int = 1) -> int:
    print(f"dockermagic: {why}", file=sys.stderr)
    return status


def _version() -> str:
    try:
        return version("dockermagic")
    except PackageNotFoundError:
        return say("(not installed)")


if __name__ == "__main__":
    sys.exit(main())
