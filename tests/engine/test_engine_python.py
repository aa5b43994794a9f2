"""The page on Python: its examples run, in order, and print what they promise."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from enginekit import Made
from plain import Engine

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
NAME = "python-door"


def test_the_examples_of_the_page(engine: Engine, made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    made.expect(NAME)
    names: dict[str, Any] = {}
    printed = []
    for example in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(example, names)
        printed.append(out.getvalue())
    hello, calls, stream, frame, errors = printed
    assert hello.strip()
    assert calls.startswith("0\n")
    assert f"/{NAME}" in calls
    assert sorted(stream.splitlines()[:2]) == ["stderr two", "stdout one"]
    assert {"create", "start"} <= set(stream.splitlines()[2:])
    assert NAME in frame
    assert errors.startswith("404 ")
    assert "nothing was sent" in errors
    assert not made.there(NAME)
