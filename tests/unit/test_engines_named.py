"""What DOCKERMAGIC_ENGINES means to the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain import NAMED, Engine, named_engines, parse, usable


def test_parse() -> None:
    engines = parse("docker-20=unix:///a,docker-28=unix:///b\n podman-5=unix:///p ")
    assert engines == [
        Engine("docker-20", "unix:///a"),
        Engine("docker-28", "unix:///b"),
        Engine("podman-5", "unix:///p"),
    ]
    assert parse(" ") == []
    assert parse("far=tcp://10.0.0.1:2375") == [Engine("far", "tcp://10.0.0.1:2375")]


@pytest.mark.parametrize("text", ["docker-20", "=unix:///a", "a=", "a=/var/run/docker.sock", "a=unix:///b a=unix:///c"])
def test_parse_refuses(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, text)
    with pytest.raises(pytest.UsageError, match=NAMED):
        named_engines()


def test_none_named_means_the_practice_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    assert named_engines() == [Engine("practice", "")]
    monkeypatch.setenv(NAMED, "docker-28=unix:///a practice")
    assert named_engines() == [Engine("docker-28", "unix:///a"), Engine("practice", "")]


def test_one_that_does_not_answer_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="does not answer"):
        usable(Engine("gone", f"unix://{tmp_path}/gone.sock"))
