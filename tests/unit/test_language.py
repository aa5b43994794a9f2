"""Which language a reader gets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockermagic import language


@pytest.fixture
def home(tmp_path):
    """A home with a course in both editions."""
    for folder in (tmp_path / "course", tmp_path / "course" / "zh"):
        folder.mkdir()
        (folder / language.FIRST).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "folder", "expected"),
    [
        ({}, "course", "en"),
        ({}, "course/zh", "zh"),
        ({}, ".", "en"),
        ({"LANG": "zh_CN.UTF-8"}, "course", "en"),
        ({"LANG": "zh_CN.UTF-8"}, ".", "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, ".", "en"),
        ({"LANG": "de_DE.UTF-8"}, ".", "en"),
    ],
)
@pytest.mark.parametrize("by_name", [False, True], ids=["folder", "notebook"])
def test_the_edition_comes_before_the_locale(home, environ, folder, expected, by_name):
    if by_name:
        environ = environ | {"JPY_SESSION_NAME": str(home / folder / "mine.ipynb")}
    assert language.detect(environ, Path("/") if by_name else home / folder) == expected


def test_a_session_without_a_notebook_has_the_folders_language(home):
    assert language.detect({"JPY_SESSION_NAME": "0a1b"}, home / "course" / "zh") == "zh"


def test_what_was_chosen_comes_first(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(language.CHOICE, "chosen", "zh")
    assert language.CHOICE.current() == "zh"


def test_a_sentence_that_no_catalogue_has_stays_english():
    assert language.say("{name} sings", name="web") == "web sings"
    assert language.say("as it {stands}") == "as it {stands}"
    assert language.say("") == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_this_user_may_not_look_into_tells_nothing(home):
    home.chmod(0o700)
    os.seteuid(65534)
    try:
        assert language.detect({"LANG": "zh_CN.UTF-8"}, home / "course") == "zh"
    finally:
        os.seteuid(0)
