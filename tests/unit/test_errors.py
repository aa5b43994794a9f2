"""The tree of errors, and the block that each becomes."""

from __future__ import annotations

import inspect
import re

import pytest
from fake_engine import FakeEngine

from dockermagic import errors
from dockermagic.errors import DockerMagicError
from dockermagic.exchange import Exchange, Reply, Request

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, DockerMagicError)]


def drawn() -> dict[str, tuple[str, str]]:
    """The tree in the module's docstring: class → (its parent, its line)."""
    found, path = {}, ["DockerMagicError"]
    for bars, name, text in re.findall(r"^([│├└─ ]*)(\w+) {2,}(\S.*)$", errors.__doc__, re.MULTILINE):
        deep = len(bars) // 4
        path = [*path[:deep], name]
        found[name] = (path[deep - 1] if deep else "Exception", text)
    return found


def test_the_tree_is_drawn_as_it_is():
    assert {each.__name__: each.__bases__[0].__name__ for each in CLASSES} == {
        name: parent for name, (parent, _) in drawn().items()
    }


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_says_the_drawn_line(kind):
    first = inspect.getdoc(kind).splitlines()[0]
    if kind is not DockerMagicError:
        assert first.rstrip(".").lower() == drawn()[kind.__name__][1].rstrip(".").lower()


@pytest.mark.parametrize(
    ("what", "step", "detail", "lines"),
    [
        ("it broke", "", "", ["NoEngine: it broke"]),
        ("it broke", "mend it", "", ["NoEngine: it broke", "→ mend it"]),
        ("it broke", "mend it", "badly", ["NoEngine: it broke", "badly", "→ mend it"]),
        ("two\nlines\tand\r\n more", "", "", ["NoEngine: two lines and more"]),
        ("red \x1b[31m\x07 \u202e back", "", "", ["NoEngine: red �[31m� � back"]),
    ],
)
def test_the_block(what, step, detail, lines):
    error = errors.NoEngine(what, step, detail=detail)
    assert error._render_traceback_() == error.lines() == lines
    assert str(error) == "\n".join(lines)


def test_a_long_message_is_cut():
    (line,) = errors.NoEngine("x" * 5000).lines()
    assert len(line) < 700
    assert "(5010 characters)" in line


def test_a_status_error_names_its_status():
    exchange = Exchange(Request("GET", "/"), "unix:///e").answered(Reply(404, "Not Found", {}, []))
    error = errors.NotFound("no such container: web", exchange=exchange)
    assert error.status == 404
    assert error.lines() == ["NotFound (404): no such container: web"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Denied),
        (403, errors.Denied),
        (404, errors.NotFound),
        (406, errors.StatusError),
        (409, errors.Conflict),
        (500, errors.ServerError),
        (501, errors.NotImplementedHere),
        (503, errors.ServerError),
    ],
)
def test_for_status(status, kind):
    assert errors.for_status(status) is kind


def test_no_engine_is_in_reach_of_these_tests(monkeypatch):
    """The fixtures hide this machine's engines; a test that forgets its fake one meets none."""
    from dockermagic.session import Session

    with pytest.raises(errors.SocketMissing):
        _ = Session().engine
    fake = FakeEngine()
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    assert Session().engine.host == fake.host
    fake.close()
