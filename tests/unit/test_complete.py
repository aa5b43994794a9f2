"""Tab: what may stand where the cursor is."""

from __future__ import annotations

import pytest
from fake_engine import Answer, FakeEngine, Silence
from IPython.core import completer

from dockermagic import commands, complete
from dockermagic.endpoints import CONTAINER_FILTERS
from dockermagic.session import Session

NAMES = ["db-1", "web", "web.old"]


@pytest.fixture
def talk(session: Session, fake: FakeEngine) -> Session:
    listed = [{"Names": ["/web"]}, {"Names": ["/web.old", "/x/alias"]}, {"Names": ["/db-1"]}, {"Names": None}]
    fake.on("GET", "/containers/json", Answer(200, listed))
    fake.on("GET", "/images/json", Answer(200, [{"RepoTags": ["busybox:latest", "alpine:3"]}, {"RepoTags": None}]))
    session.connect()
    return session


@pytest.mark.parametrize(
    ("text", "fragment", "words"),
    [
        ("%docker ", "", list(commands.SUBCOMMANDS)),
        ("%docker st", "st", ["start", "stop", "states"]),
        ("%dockerapi st", "st", ["start", "stop", "states"]),
        ("%%docker cr", "cr", ["create"]),
        ("x = %docker st", "st", ["start", "stop", "states"]),
        ("x=%docker st", "st", ["start", "stop", "states"]),
        ("if True:\n    %docker st", "st", ["start", "stop", "states"]),
        ("a = 1\n%docker pi", "pi", ["ping"]),
        ("%docker pi", "pi", ["ping"]),
        ("%docker ps", "ps", ["ps"]),
        ("%docker zz", "zz", []),
        ("%docker start ", "", NAMES),
        ("%docker start web", "web", ["web", "web.old"]),
        ("%docker start db-", "db-", ["db-1"]),
        ("%docker  start   w", "w", ["web", "web.old"]),
        ("%docker rm w", "w", ["web", "web.old"]),
        ("%docker start web ", "", []),
        ("%docker stop --t 3 w", "w", ["web", "web.old"]),
        ("%docker create ", "", ["alpine:3", "busybox:latest"]),
        ("%docker create --name x b", "b", ["busybox:latest"]),
        ("%docker create busybox ", "", []),
        ("%docker create busybox -- --", "--", []),
        ("%docker list --al", "--al", ["--all"]),
        ("%docker list --all --a", "--a", ["--as"]),
        ("%docker list --filters a=b --f", "--f", ["--filters"]),
        ("%docker list --filters ", "", [f"{key}=" for key in CONTAINER_FILTERS]),
        ("%docker list -f sta", "sta", ["status="]),
        ("%docker list --filters=sta", "--filters=sta", ["--filters=status="]),
        ("%docker list --as ", "", ["curl", "python", "cli"]),
        ("%docker list --as=c", "--as=c", ["--as=curl", "--as=cli"]),
        ("%docker kill web --signal K", "K", ["KILL"]),
        ("%docker logs web --since ", "", list(complete.MOMENTS)),
        ("%docker logs web --tail ", "", ["all"]),
        ("%docker wait web --condition ", "", ["not-running", "next-exit", "removed"]),
        ("%docker create --na", "--na", ["--name"]),
        ("%docker create --env A=1 --en", "--en", ["--env", "--entrypoint"]),
        ("%docker connect d", "d", ["default"]),
        ("%docker doctor ", "", []),
        ("%docker nonsense ", "", []),
        ("%docker GET --o", "--o", ["--output"]),
    ],
)
def test_candidates(talk, text, fragment, words):
    assert complete.candidates(talk, text) == (fragment, words)


@pytest.mark.parametrize(
    "text", ["", "docker st", "%dockerx st", "%docker", "# %docker? no\nst", "x % docker st", "%time st"]
)
def test_what_is_no_line_of_ours(talk, text):
    assert complete.candidates(talk, text) is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"message": "no"}),
        Answer(200, b"<html>"),
        Answer(silent=True),
        Answer(200, b"null"),
        Answer(200, {"message": "x"}),
        Answer(200, [1, None, "x", {"Names": "web"}, {"Names": 5}]),
        Answer(steps=[b"[", Silence()]),
        Answer(verbatim=b""),
    ],
)
@pytest.mark.parametrize("text", ["%docker start w", "%docker create b"])
def test_an_engine_that_is_of_no_help(talk, fake, monkeypatch, text, answer):
    monkeypatch.setattr(complete, "PATIENCE", 0.05)
    fake.on("GET", "/containers/json", answer).on("GET", "/images/json", answer)
    assert complete.candidates(talk, text) == (text[-1], [])


def test_no_engine():
    assert complete.candidates(Session(), "%docker start w") == ("w", [])
    assert complete.candidates(Session(), "%docker st") == ("st", ["start", "stop", "states"])


def test_completing_is_not_remembered(talk):
    complete.candidates(talk, "%docker start w")
    assert talk.last is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%docker st", ["start", "stop", "states"]),
        ("x = %docker st", ["start", "stop", "states"]),
        ("%%docker st", ["start", "stop", "states"]),
        ("%docker start web", ["web", "web.old"]),
        ("%docker list --al", ["--all"]),
    ],
)
def test_ipython_offers_these_and_nothing_else(shell, talk, text, words):
    if not hasattr(completer, "context_matcher"):
        pytest.skip("this IPython has no matchers of the second kind")
    shell.names["start_of_mine"] = 1
    with completer.provisionalcompleter():
        found = list(shell.ip.Completer.completions(text, len(text)))
    assert [each.text for each in found] == words
    assert all(text[each.start : each.end] == text.split(" ")[-1] for each in found)


def test_ipython_still_completes_the_rest(shell):
    shell.names["start_of_mine"] = 1
    with completer.provisionalcompleter():
        assert "start_of_mine" in [each.text for each in shell.ip.Completer.completions("start_of", 8)]


def test_the_hook_for_an_older_ipython(shell, talk):
    class Event:
        line, symbol = "%docker st", "st"

    hooks = {}

    class Old:
        def set_hook(self, name, function, re_key):
            hooks[re_key] = function

    complete._install_hook(Old(), talk)
    assert len(hooks) == 2
    assert all(hook(None, Event()) == ["start", "stop", "states"] for hook in hooks.values())
