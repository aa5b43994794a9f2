"""The reader's language. The English text is the key; the catalogue is gettext's, under `locale/`.

`say("{name} is not there", name=…)` gives the sentence in the reader's language. `mark("…")` leaves a text
as it is, for a table that is read at import time; whoever shows it calls `say` on it.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

DOMAIN = __package__ or "dockermagic"
LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", "zh")
FIRST = "00-start.ipynb"


class Choice:
    """Which language is spoken: the one that was chosen, else the notebook's edition, else the locale's.

    What is not chosen is found once for the process, and anew after each choice.

    Attributes:
        chosen: one of `LANGUAGES`; "" for none.
    """

    def __init__(self) -> None:
        self._chosen = self._found = ""

    @property
    def chosen(self) -> str:
        return self._chosen

    @chosen.setter
    def chosen(self, language: str) -> None:
        self._chosen, self._found = language, ""

    def current(self) -> str:
        if not self._found:
            self._found = self._chosen or detect(os.environ, here())
        return self._found


CHOICE = Choice()


def first(language: str) -> str:
    """The first notebook of an edition, by its path in the course."""
    return FIRST if language == LANGUAGES[0] else f"{language}/{FIRST}"


def here() -> Path:
    """The folder that the process works in; the root where that is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def detect(environ: Mapping[str, str], folder: Path) -> str:
    """The language of the edition in which the notebook lies, else that of the locale.

    Jupyter names the notebook in `JPY_SESSION_NAME`; elsewhere the kernel's folder tells.
    """
    notebook = environ.get("JPY_SESSION_NAME", "")
    folder = Path(notebook).parent if notebook.endswith(".ipynb") else folder
    if os.path.isfile(folder / FIRST):  # no, too, where this user may not look
        return folder.name if folder.name in LANGUAGES else LANGUAGES[0]
    locale = next(filter(None, map(environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return next((language for language in LANGUAGES if locale.startswith(language)), LANGUAGES[0])


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE, [language], fallback=True)


def say(text: str, /, **values: Any) -> str:
    """`text` in the reader's language, its placeholders filled.

    Raises:
        KeyError: a placeholder has no value.
    """
    said = catalogue(CHOICE.current()).gettext(text) if text else ""
    return said.format(**values) if values else said


def mark(text: str) -> str:
    """A text for the catalogue, that is translated where it is shown."""
    return text
