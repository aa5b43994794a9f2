"""Write docs/images/states.svg from the table in dockermagic/states.py; with --check, fail when it is behind."""

from __future__ import annotations

import sys
from pathlib import Path

from dockermagic import states
from dockermagic.language import CHOICE, LANGUAGES

FILE = Path(__file__).resolve().parent.parent / "docs" / "images" / "states.svg"


def main(words: list[str]) -> int:
    CHOICE.chosen = LANGUAGES[0]
    drawn = states.picture().drawing
    if words == ["--check"]:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == drawn:
            return 0
        print(f"{FILE.name} is behind: run `python tools/pictures.py`", file=sys.stderr)
        return 1
    FILE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
