"""Which language a reader gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockermagic import language


@pytest.mark.parametrize(
    ("environ", "folder", "expected"),
    [
        ({}, "/home/u/tutorial", "en"),
        ({}, "/home/u/tutorial/zh", "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "/home/u", "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "/home/u", "en"),
        ({"LANG": "de_DE.UTF-8"}, "/home/u", "en"),
        ({"JPY_SESSION_NAME": "/home/u/zh/01-list.ipynb"}, "/", "zh"),
        ({"JPY_SESSION_NAME": "/home/u/01-list.ipynb", "LANG": "zh_CN.UTF-8"}, "/", "en"),
        ({"JPY_SESSION_NAME": "0a1b", "LANG": "zh_CN.UTF-8"}, "/home/u", "zh"),
    ],
)
def test_the_edition_comes_before_the_locale(environ, folder, expected):
    assert language.detect(environ, Path(folder)) == expected


def test_what_was_chosen_comes_first(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(language.CHOICE, "chosen", "zh")
    assert language.CHOICE.current() == "zh"


def test_a_sentence_that_no_catalogue_has_stays_english():
    assert language.say("{name} sings", name="web") == "web sings"
    assert language.say("as it {stands}") == "as it {stands}"
    assert language.say("") == ""
