"""Tab: what may stand where the cursor is."""

from __future__ import annotations

import threading

import pytest
from fake_engine import Answer, FakeEngine, Silence
from IPython.core import completer

from dockermagic import commands, complete
from dockermagic.endpoints import CONTAINER_FILTERS, ENDPOINTS
from dockermagic.locate import Surroundings
from dockermagic.session import Session

NAMES = ["db-1", "web", "web.old"]  # these do not run
STATES = complete.FILTERS["status"]
ALIVE = ["again", "runs", "waits"]


PATIENCE = complete.PATIENCE


@pytest.fixture
def talk(session: Session, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session with an engine that answers, and is given time, on however busy a machine."""
    monkeypatch.setattr(complete, "PATIENCE", 30.0)
    listed = [
        {"Names": ["/web"], "State": "exited", "Labels": {"stage": "test", "dockermagic": ""}},
        {"Names": ["/web.old", "/x/alias"], "State": "created", "Labels": None},
        {"Names": ["/db-1"], "State": "exited", "Labels": {"stage": "live"}},
        {"Names": ["/runs"], "State": "running"},
        {"Names": ["/waits"], "State": "paused"},
        {"Names": ["/again"], "State": "restarting"},
        {"Names": None},
    ]
    fake.on("GET", "/containers/json", Answer(200, listed))
    fake.on("GET", "/images/json", Answer(200, [{"RepoTags": ["busybox:latest", "alpine:3"]}, {"RepoTags": None}]))
    session.connect()
    return session


@pytest.mark.parametrize(
    ("text", "fragment", "words"),
    [
        ("%docker ", "", list(commands.SUBCOMMANDS)),
        ("%docker st", "st", ["start", "stop", "stats", "states"]),
        ("%dockerapi st", "st", ["start", "stop", "stats", "states"]),
        ("%%docker cr", "cr", ["create"]),
        ("x = %docker st", "st", ["start", "stop", "stats", "states"]),
        ("x=%docker st", "st", ["start", "stop", "stats", "states"]),
        ("if True:\n    %docker st", "st", ["start", "stop", "stats", "states"]),
        ("a = 1\n%docker pi", "pi", ["ping"]),
        ("%docker pu", "pu", ["put_archive", "pull", "push"]),
        ("%docker ps", "ps", ["ps"]),
        ("%docker zz", "zz", []),
        ("%docker start ", "", NAMES),
        ("%docker stop ", "", ALIVE),
        ("%docker kill ", "", ALIVE),
        ("%docker top ", "", ALIVE),
        ("%docker pause ", "", ["runs"]),
        ("%docker exec ", "", ["runs"]),
        ("%docker exec runs -- l", "l", []),
        ("%docker attach ", "", ALIVE),
        ("%docker unpause ", "", ["waits"]),
        ("%docker inspect ", "", sorted([*NAMES, *ALIVE])),
        ("%docker remove ", "", sorted([*NAMES, *ALIVE])),
        ("%docker list --filters status=", "status=", [f"status={each}" for each in STATES]),
        ("%docker list --filters status=p", "status=p", ["status=paused"]),
        ("%docker list --filters=status=p", "--filters=status=p", ["--filters=status=paused"]),
        ("%docker list -f name=w", "name=w", ["name=waits", "name=web", "name=web.old"]),
        ("%docker list -f ancestor=", "ancestor=", ["ancestor=alpine:3", "ancestor=busybox:latest"]),
        ("%docker list -f label=s", "label=s", ["label=stage", "label=stage=live", "label=stage=test"]),
        ("%docker list -f label=d", "label=d", ["label=dockermagic"]),
        ("%docker list -f health=h", "health=h", ["health=healthy"]),
        ("%docker images -f dangling=", "dangling=", ["dangling=true", "dangling=false"]),
        ("%docker images -f since=b", "since=b", ["since=busybox:latest"]),
        ("%docker list -f since=we", "since=we", ["since=web", "since=web.old"]),
        ("%docker list -f expose=", "expose=", []),
        ("%docker POST /containers/p", "/containers/p", ["/containers/prune"]),
        ("%docker GET /im", "/im", ["/images/", "/images/get", "/images/json", "/images/search"]),
        ("%docker start web", "web", ["web", "web.old"]),
        ("%docker start db-", "db-", ["db-1"]),
        ("%docker  start   w", "w", ["web", "web.old"]),
        ("%docker rm w", "w", ["waits", "web", "web.old"]),
        ("%docker start web ", "", []),
        ("%docker stop --t 3 w", "w", ["waits"]),
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


def test_an_engine_that_is_silent_is_not_waited_for(talk, fake, monkeypatch):
    """The fake engine answers only when Tab has: who waits for it gets the names."""
    monkeypatch.setattr(complete, "PATIENCE", PATIENCE)
    done = threading.Event()

    def slow(seen):
        done.wait(30)
        return Answer(200, [{"Names": ["/web"], "State": "exited"}])

    fake.on("GET", "/containers/json", slow)
    fake.requests.clear()
    assert complete.candidates(talk, "%docker start ") == ("", [])
    assert complete.candidates(talk, "%docker start w") == ("w", [])
    assert len(fake.requests) <= 1, "an engine that has not answered yet is not asked again"
    done.set()
    complete.asking[talk].join(30)
    monkeypatch.setattr(complete, "PATIENCE", 30.0)
    assert complete.candidates(talk, "%docker start w") == ("w", ["web"])


def test_an_engine_whose_answer_drips_is_not_waited_for(talk, fake, monkeypatch):
    monkeypatch.setattr(complete, "PATIENCE", PATIENCE)
    done = threading.Event()

    def drip():
        yield b"["
        for _ in range(3000):
            if done.wait(0.01):
                break
            yield b" "
        yield b'{"Names": ["/web"], "State": "exited"}]'

    fake.on("GET", "/containers/json", Answer(steps=drip()))
    assert complete.candidates(talk, "%docker start w") == ("w", [])
    done.set()


def test_five_hundred_containers(talk, fake):
    many = [
        {
            "Names": [f"/c{number:03}"],
            "State": ("running", "exited")[number % 2],
            "Labels": {f"l{n}": "x" for n in range(20)},
        }
        for number in range(500)
    ]
    fake.on("GET", "/containers/json", Answer(200, many))
    assert complete.candidates(talk, "%docker start ") == ("", [f"c{number:03}" for number in range(1, 500, 2)])


def test_states_in_the_rows_are_states_of_containers():
    for row in ENDPOINTS:
        for place in row.places:
            assert set(place.states) <= set(STATES)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("web.tar", "web-2.tar", ".hidden", "two words.tar", "sub/inner.tar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("", ["sub/", "web-2.tar", "web.tar"]),
        ("w", ["web-2.tar", "web.tar"]),
        (".", [".hidden"]),
        ("sub/", ["sub/inner.tar"]),
        ("sub/in", ["sub/inner.tar"]),
        ("gone/", []),
        ("web.tar/", []),
        ("/", None),
    ],
)
@pytest.mark.parametrize("option", ["--output ", "--output=", "-o "])
def test_files(talk, folder, fragment, words, option):
    found = complete.candidates(talk, f"%docker export web {option}{fragment}")
    begun = option if option.endswith("=") else ""
    assert found is not None
    if words is None:
        assert f"{begun}/etc/" in found[1]
    else:
        assert found == (begun + fragment, [begun + word for word in words])


def test_contexts(tmp_path):
    meta = tmp_path / ".docker" / "contexts" / "meta" / "x" / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"Name": "far"}')
    session = Session(around=Surroundings(env={}, home=tmp_path))
    assert complete.candidates(session, "%docker connect ") == ("", ["default", "far"])


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
    complete.asking.clear()
    fake.on("GET", "/containers/json", answer).on("GET", "/images/json", answer)
    assert complete.candidates(talk, text) == (text[-1], [])


def test_no_engine():
    assert complete.candidates(Session(), "%docker start w") == ("w", [])
    assert complete.candidates(Session(), "%docker st") == ("st", ["start", "stop", "stats", "states"])


def test_completing_is_not_remembered(talk):
    complete.candidates(talk, "%docker start w")
    assert talk.last is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%docker st", ["start", "stop", "stats", "states"]),
        ("x = %docker st", ["start", "stop", "stats", "states"]),
        ("%%docker st", ["start", "stop", "stats", "states"]),
        ("%docker start web", ["web", "web.old"]),
        ("%docker list --al", ["--all"]),
    ],
)
def test_ipython_offers_these_and_nothing_else(shell, talk, text, words):
    shell.names["start_of_mine"] = 1
    with completer.provisionalcompleter():
        found = list(shell.ip.Completer.completions(text, len(text)))
    assert [each.text for each in found] == words
    assert all(text[each.start : each.end] == text.split(" ")[-1] for each in found)


def test_ipython_still_completes_the_rest(shell):
    shell.names["start_of_mine"] = 1
    with completer.provisionalcompleter():
        assert "start_of_mine" in [each.text for each in shell.ip.Completer.completions("start_of", 8)]


@pytest.mark.parametrize(
    ("text", "fragment", "words"),
    [
        ("%docker st", "st", ["start", "stop", "stats", "states"]),
        ("%docker list --", "--", ["--all", "--limit", "--size", "--filters", "--as", "--json", "--help"]),
        ("%docker list --filters=sta", "sta", ["status="]),
        ("%docker list --filters status=pa", "pa", ["paused"]),
        ("%docker start web", "web", ["web", "web.old"]),
        ("%docker start nothing", "nothing", ["nothing"]),
        ("1 + st", "st", []),
    ],
)
def test_the_matcher_for_an_older_ipython(talk, text, fragment, words):
    """Such an IPython replaces its own idea of the fragment, and takes what comes for the whole of the words."""

    class Older:
        splitter, text_until_cursor = completer.CompletionSplitter(), text

    assert Older.splitter.split_line(text) == fragment
    assert complete.older_matcher(Older(), talk)(text) == words


def test_an_older_ipython_is_given_its_matcher_once(talk, monkeypatch):
    monkeypatch.delattr(completer, "context_matcher", raising=False)

    class Shell:
        class Completer:
            splitter, text_until_cursor, magic_arg_matchers = completer.CompletionSplitter(), "%docker st", [len]

    for _ in range(2):
        complete.install(Shell, talk)
    first, ours = Shell.Completer.magic_arg_matchers
    assert (first, ours("%docker st")) == (len, ["start", "stop", "stats", "states"])
