"""Which engine, and why: a table of surroundings."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from fake_engine import VERSION

from dockermagic import locate
from dockermagic.errors import BadHost, EngineError, NoEngine, NoSuchContext, PermissionDenied, Refused, SocketMissing
from dockermagic.locate import TLS, Place, Surroundings

DEFAULT = "unix:///var/run/docker.sock"
COLIMA = "unix://{home}/.colima/default/docker.sock"
ROOTLESS = "unix:///run/user/7/docker.sock"
PODMAN = "unix:///run/podman/podman.sock"


def store(home: Path, contexts: dict[str, Any], current: str | None, folder: str = ".docker") -> None:
    for name, meta in contexts.items():
        file = home / folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        file.parent.mkdir(parents=True)
        if "://" in meta and not meta.startswith("{"):
            meta = json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": meta}}})
        file.write_text(meta, encoding="utf-8")
    if current is not None:
        (home / folder).mkdir(exist_ok=True)
        (home / folder / "config.json").write_text(json.dumps({"currentContext": current}), encoding="utf-8")


class Probe:
    """Answers for some places; the others have no socket, or are named in `failing`."""

    def __init__(self, answering: list[str], failing: dict[str, EngineError] | None = None) -> None:
        self.answering, self.failing, self.asked = answering, failing or {}, []

    def __call__(self, place: Place) -> dict[str, Any]:
        self.asked.append(place.host)
        if place.host in self.answering:
            return VERSION
        raise self.failing.get(place.host) or SocketMissing(f"there is no socket at {place.host}", "start it")


@pytest.mark.parametrize(
    ("env", "contexts", "current", "answering", "target", "host", "source"),
    [
        pytest.param({}, {}, None, [DEFAULT], None, DEFAULT, "the default socket", id="default"),
        pytest.param({}, {}, None, [COLIMA], None, COLIMA, "Colima", id="colima"),
        pytest.param({}, {}, None, [ROOTLESS], None, ROOTLESS, "rootless Docker", id="rootless"),
        pytest.param({}, {}, None, [PODMAN, COLIMA], None, COLIMA, "Colima", id="first of two"),
        pytest.param(
            {"XDG_RUNTIME_DIR": "/r"},
            {},
            None,
            ["unix:///r/podman/podman.sock"],
            None,
            "unix:///r/podman/podman.sock",
            "Podman, rootless",
            id="runtime folder",
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://far:2375"},
            {"mine": "tcp://ctx:1"},
            "mine",
            [DEFAULT, "tcp://far:2375", "tcp://ctx:1"],
            None,
            "tcp://far:2375",
            "DOCKER_HOST",
            id="DOCKER_HOST before all",
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://far:1", "DOCKER_CONTEXT": "mine"},
            {"mine": "tcp://ctx:1"},
            None,
            ["tcp://far:1", "tcp://ctx:1"],
            None,
            "tcp://far:1",
            "DOCKER_HOST",
            id="DOCKER_HOST before DOCKER_CONTEXT",
        ),
        pytest.param(
            {"DOCKER_CONTEXT": "other"},
            {"mine": "tcp://ctx:1", "other": "tcp://ctx:2"},
            "mine",
            ["tcp://ctx:1", "tcp://ctx:2"],
            None,
            "tcp://ctx:2",
            "DOCKER_CONTEXT (context other)",
            id="DOCKER_CONTEXT before the current one",
        ),
        pytest.param(
            {},
            {"mine": "tcp://ctx:1"},
            "mine",
            [DEFAULT, "tcp://ctx:1"],
            None,
            "tcp://ctx:1",
            "the current context in {home}/.docker/config.json (context mine)",
            id="current context",
        ),
        pytest.param(
            {"DOCKER_CONTEXT": "default"},
            {"mine": "tcp://ctx:1"},
            "mine",
            [DEFAULT, "tcp://ctx:1"],
            None,
            DEFAULT,
            "the default socket",
            id="the default context by name",
        ),
        pytest.param({}, {}, "default", [DEFAULT], None, DEFAULT, "the default socket", id="current is default"),
        pytest.param(
            {"DOCKER_HOST": ""}, {}, None, [DEFAULT], None, DEFAULT, "the default socket", id="empty variable"
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://far:1"}, {}, None, [PODMAN], PODMAN, PODMAN, "%docker connect", id="connect address"
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://far:1"},
            {"my 中": "tcp://ctx:9"},
            None,
            ["tcp://ctx:9"],
            "my 中",
            "tcp://ctx:9",
            "%docker connect",
            id="connect context",
        ),
        pytest.param(
            {"DOCKER_HOST": "tcp://far:1"},
            {},
            None,
            [DEFAULT],
            "default",
            DEFAULT,
            "%docker connect default",
            id="connect default",
        ),
        pytest.param({}, {}, None, ["unix:///my.sock"], "/my.sock", "unix:///my.sock", "%docker connect", id="a path"),
    ],
)
def test_which_and_why(tmp_path, env, contexts, current, answering, target, host, source):
    store(tmp_path, contexts, current)
    around = Surroundings(env=env, home=tmp_path, uid=7)
    probe = Probe([each.format(home=tmp_path) for each in answering])
    place, version = locate.hunt(around, probe, target)
    assert (place.host, place.source) == (host.format(home=tmp_path), source.format(home=tmp_path))
    assert version is VERSION
    assert probe.asked[-1] == place.host


def test_the_folder_of_contexts_can_be_named(tmp_path):
    store(tmp_path, {"mine": "tcp://ctx:1"}, "mine", folder="cfg")
    around = Surroundings(env={"DOCKER_CONFIG": str(tmp_path / "cfg")}, home=Path("/nowhere"), uid=7)
    assert locate.hunt(around, Probe(["tcp://ctx:1"]))[0].host == "tcp://ctx:1"
    assert locate.context_names(around) == ["mine"]


@pytest.mark.parametrize(
    ("env", "contexts", "current", "target", "kind", "what"),
    [
        ({"DOCKER_HOST": "tcp://far:1"}, {}, None, None, SocketMissing, "tcp://far:1"),
        ({"DOCKER_HOST": "rubbish"}, {}, None, None, BadHost, "'rubbish' is no address"),
        ({"DOCKER_HOST": "unix://"}, {}, None, None, BadHost, "no address"),
        ({"DOCKER_HOST": "ftp://x"}, {}, None, None, BadHost, "no address"),
        ({"DOCKER_HOST": "ssh://me:secret@far"}, {}, None, None, BadHost, "ssh://me:xxxxx@far is no address"),
        ({"DOCKER_HOST": "ssh://"}, {}, None, None, BadHost, "no host's name"),
        ({"DOCKER_HOST": "ssh://-oProxyCommand=x"}, {}, None, None, BadHost, "no host's name"),
        ({"DOCKER_HOST": "ssh://far?x=1"}, {}, None, None, BadHost, "more than a path"),
        ({"DOCKER_HOST": "ssh://far:abc"}, {}, None, None, BadHost, "no address for ssh"),
        ({"DOCKER_HOST": "tcp://me:secret@far"}, {}, None, None, BadHost, "tcp://me:xxxxx@far has a password"),
        ({"DOCKER_HOST": "npipe:////./pipe/docker_engine"}, {}, None, None, BadHost, "named pipe"),
        ({"DOCKER_HOST": "unix:///" + "x" * 200}, {}, None, None, BadHost, "has 201 bytes"),
        ({"DOCKER_CONTEXT": "gone"}, {"mine": "tcp://c:1"}, None, None, NoSuchContext, "no docker context 'gone'"),
        ({}, {}, "gone", None, NoSuchContext, "no docker context 'gone'"),
        ({}, {"mine": "tcp://c:1"}, "mine", None, SocketMissing, "tcp://c:1"),
        ({}, {"mine": "not json"}, "mine", None, NoSuchContext, "cannot be read"),
        ({}, {"mine": "{}"}, "mine", None, NoSuchContext, "cannot be read"),
        ({}, {"mine": "[]"}, "mine", None, NoSuchContext, "cannot be read"),
        ({}, {"mine": '{"Endpoints": {"docker": null}}'}, "mine", None, NoSuchContext, "cannot be read"),
        ({}, {"far": "ssh://me:secret@far"}, "far", None, BadHost, "ssh://me:xxxxx@far"),
        ({}, {}, None, "gone", NoSuchContext, "no docker context 'gone'"),
        ({}, {}, None, "tcp://far:1", SocketMissing, "tcp://far:1"),
        ({}, {}, None, "ssh://far", SocketMissing, "ssh://far"),
        ({}, {}, None, "https://me:secret@far", BadHost, "https://me:xxxxx@far has a password"),
        ({}, {}, None, "relative/path.sock", NoSuchContext, "no docker context"),
    ],
)
def test_what_was_named_and_fails_is_an_error_and_nothing_else_is_tried(
    tmp_path, env, contexts, current, target, kind, what
):
    store(tmp_path, contexts, current)
    probe = Probe([DEFAULT, PODMAN])
    with pytest.raises(kind) as caught:
        locate.hunt(Surroundings(env=env, home=tmp_path, uid=7), probe, target)
    assert what in caught.value.what
    assert caught.value.step
    assert len(caught.value.lines()) <= 3
    assert not set(probe.asked) & {DEFAULT, PODMAN}


def test_the_error_says_who_named_it(tmp_path):
    around = Surroundings(env={"DOCKER_HOST": "tcp://far:1"}, home=tmp_path, uid=7)
    with pytest.raises(SocketMissing) as caught:
        locate.hunt(around, Probe([]))
    assert caught.value.detail == "It was named by DOCKER_HOST, so no other engine was tried."


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"currentContext": 5}', '{"currentContext": ""}', "{}"])
def test_a_config_that_names_no_context(tmp_path, text):
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(text)
    assert locate.hunt(Surroundings(env={}, home=tmp_path, uid=7), Probe([DEFAULT]))[0].host == DEFAULT


def test_nothing_answers(tmp_path):
    with pytest.raises(NoEngine) as caught:
        locate.hunt(Surroundings(env={}, home=tmp_path, uid=7), Probe([]))
    assert "11 places were tried" in caught.value.what
    assert "Colima" in caught.value.what
    assert "docs.docker.com" in caught.value.step


def test_a_door_that_is_locked_is_told_when_nothing_else_answers(tmp_path):
    denied = PermissionDenied("this user may not open it", "ask for membership")
    around = Surroundings(env={}, home=tmp_path, uid=7)
    with pytest.raises(PermissionDenied):
        locate.hunt(around, Probe([], {DEFAULT: denied}))
    assert locate.hunt(around, Probe([PODMAN], {DEFAULT: denied}))[0].host == PODMAN


def test_survey_lists_every_place(tmp_path):
    around = Surroundings(env={}, home=tmp_path, uid=7)
    refused = Refused("nothing listens there", "start it")
    seen = {each.host: each for each in locate.survey(around, Probe([ROOTLESS, PODMAN], {DEFAULT: refused}))}
    assert (seen[DEFAULT].verdict, seen[DEFAULT].detail) == ("no", "Nothing listens")
    assert (seen[ROOTLESS].verdict, seen[ROOTLESS].detail) == ("taken", "Docker Engine 28.5.2, API 1.51")
    assert seen[PODMAN].verdict == "answers"
    assert len(seen) == 11


def test_survey_goes_on_after_what_was_named_and_fails(tmp_path):
    around = Surroundings(env={"DOCKER_HOST": "rubbish"}, home=tmp_path, uid=7)
    first, *rest = locate.survey(around, Probe([DEFAULT]))
    assert (first.host, first.source, first.verdict) == ("rubbish", "DOCKER_HOST", "no")
    assert [each.verdict for each in rest if each.host == DEFAULT] == ["answers"]


@pytest.mark.parametrize(
    ("env", "files", "expected"),
    [
        ({}, ["ca.pem"], None),
        ({"DOCKER_TLS_VERIFY": "1"}, [], TLS(None, None, None, True)),
        (
            {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "certs"},
            ["ca.pem", "cert.pem", "key.pem"],
            TLS("certs/ca.pem", "certs/cert.pem", "certs/key.pem", True),
        ),
        ({"DOCKER_CERT_PATH": "certs"}, ["ca.pem"], TLS("certs/ca.pem", None, None, False)),
    ],
)
def test_tls_by_the_environment(tmp_path, monkeypatch, env, files, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "certs").mkdir()
    for name in files:
        (tmp_path / "certs" / name).touch()
    around = Surroundings(env={**env, "DOCKER_HOST": "tcp://far:2376"}, home=Path("/nowhere"), uid=7)
    assert next(locate.places(around)).tls == expected
    local = Surroundings(env={**env, "DOCKER_HOST": "unix:///e"}, home=Path("/nowhere"), uid=7)
    assert next(locate.places(local)).tls is None


@pytest.mark.parametrize(
    ("env", "host"),
    [({}, "tcp://far:2375"), ({"DOCKER_TLS_VERIFY": "1"}, "tcp://far:2376"), ({"DOCKER_TLS": "1"}, "tcp://far:2376")],
)
def test_the_port_where_none_is_named(env, host):
    around = Surroundings(env={**env, "DOCKER_HOST": "tcp://far"}, home=Path("/nowhere"), uid=7)
    place = next(locate.places(around))
    assert place.host == host
    assert (place.tls is not None, bool(place.tls and place.tls.verify)) == (bool(env), "DOCKER_TLS_VERIFY" in env)
    assert locate.named_place("tcp://far", around).host == host


def test_a_context_may_want_tls_and_check_no_certificate(tmp_path):
    meta = json.dumps({"Name": "lax", "Endpoints": {"docker": {"Host": "tcp://ctx", "SkipTLSVerify": True}}})
    store(tmp_path, {"lax": meta}, "lax")
    place = next(locate.places(Surroundings(env={}, home=tmp_path, uid=7)))
    assert (place.host, place.tls) == ("tcp://ctx:2376", TLS(verify=False))


def test_tls_by_a_context(tmp_path):
    store(tmp_path, {"mine": "tcp://ctx:2376"}, "mine")
    key = hashlib.sha256(b"mine").hexdigest()
    folder = tmp_path / ".docker" / "contexts" / "tls" / key / "docker"
    folder.mkdir(parents=True)
    (folder / "ca.pem").touch()
    place = next(locate.places(Surroundings(env={}, home=tmp_path, uid=7)))
    assert place.tls == TLS(str(folder / "ca.pem"), None, None, True)


def test_context_names_skip_what_cannot_be_read(tmp_path):
    store(tmp_path, {"b": "tcp://c:1", "a": "tcp://c:2", "broken": "not json"}, None)
    assert locate.context_names(Surroundings(env={}, home=tmp_path, uid=7)) == ["a", "b"]


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (VERSION, "Docker Engine 28.5.2"),
        ({"Components": [{"Name": "Podman Engine"}], "Version": "5.8.6"}, "Podman Engine 5.8.6"),
        ({"Version": "1"}, "Docker Engine 1"),
        ({"Components": None, "Version": None}, "Docker Engine ?"),
        ({"Components": [None]}, "Docker Engine ?"),
        ({"Components": {"a": 1}}, "Docker Engine ?"),
        ({"Components": [{"Name": None}]}, "Docker Engine ?"),
        ({}, "Docker Engine ?"),
    ],
)
def test_describe(version, text):
    assert locate.describe(version) == text
