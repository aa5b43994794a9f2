"""The one object that remembers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_engine import VERSION, Answer, Cut, FakeEngine, Seen

from dockermagic import endpoints, errors
from dockermagic.endpoints import BY_NAME, NEWEST, OLDEST, raw
from dockermagic.locate import Surroundings
from dockermagic.session import Session, Settings, message, negotiate


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [
        ("1.51", "1.24", "1.51"),
        ("1.41", "1.12", "1.41"),
        ("1.56", "1.40", NEWEST),
        ("1.51", "1.51", "1.51"),
        ("1.24", "1.12", "1.24"),
        ("1.9999", None, NEWEST),
        ("1.41", "", "1.41"),
        ("1.41", None, "1.41"),
    ],
)
def test_negotiate(newest, oldest, spoken):
    assert negotiate({**VERSION, "ApiVersion": newest, "MinAPIVersion": oldest}, "unix:///e") == spoken


@pytest.mark.parametrize(
    ("version", "kind", "numbers"),
    [
        ({"ApiVersion": "1.23"}, errors.EngineTooOld, ["1.23", OLDEST, NEWEST]),
        ({"ApiVersion": "1.9"}, errors.EngineTooOld, ["1.9", OLDEST]),
        ({"ApiVersion": "1.80", "MinAPIVersion": "1.60"}, errors.EngineTooNew, ["1.60", OLDEST, NEWEST]),
        ({"ApiVersion": "2.0", "MinAPIVersion": "2.0"}, errors.EngineTooNew, ["2.0", NEWEST]),
        ({"ApiVersion": None}, errors.EngineError, ["None"]),
        ({"ApiVersion": "new"}, errors.EngineError, ["new"]),
        ({"ApiVersion": 1.51, "MinAPIVersion": []}, errors.EngineError, []),
        ({"ApiVersion": "1.51", "MinAPIVersion": "old"}, errors.EngineError, ["old"]),
    ],
)
def test_versions_that_do_not_meet(version, kind, numbers):
    if version == {"ApiVersion": 1.51, "MinAPIVersion": []}:
        assert negotiate(version, "unix:///e") == "1.51"
        return
    with pytest.raises(kind) as caught:
        negotiate(version, "unix:///e")
    assert type(caught.value) is kind
    assert all(number in caught.value.what for number in numbers)
    assert caught.value.step


@pytest.mark.parametrize(
    ("name", "values", "seconds"),
    [
        ("list", {}, 60),
        ("stop", {}, 70),
        ("stop", {"t": 3}, 63),
        ("stop", {"t": "3"}, 63),
        ("stop", {"t": 0}, 60),
        ("stop", {"t": None}, 70),
        ("stop", {"t": -1}, None),
        ("restart", {"t": 100}, 160),
        ("kill", {}, 60),
        ("wait", {}, None),
        ("logs", {}, 60),
        ("logs", {"follow": True}, None),
        ("logs", {"follow": False}, 60),
        ("export", {}, 60),
    ],
)
def test_patience(name, values, seconds):
    assert Session().patience(BY_NAME[name], values) == seconds


@pytest.mark.parametrize("value", ["soon", "", [1], "1.5"])
def test_patience_that_is_no_number(session, fake, value):
    session.connect()
    fake.requests.clear()
    with pytest.raises(errors.BadArgument, match="t takes"):
        session.call("stop", id="web", t=value)
    assert fake.requests == []


def test_patience_follows_the_setting():
    session = Session(Settings(timeout=5))
    assert session.patience(BY_NAME["list"], {}) == 5
    session.settings.timeout = 7
    assert session.patience(BY_NAME["stop"], {"t": 1}) == 8


def test_a_call(session, fake):
    fake.on("GET", "/containers/json", Answer(200, [{"Id": "a"}]))
    exchange = session.call("list", all=True, filters={"label": ["a=b"]})
    assert exchange.json() == [{"Id": "a"}]
    assert session.last is exchange
    assert exchange.host == fake.host
    seen = fake.requests[-1]
    assert seen.path == "/v1.51/containers/json"
    assert seen.query == [("all", "1"), ("filters", '{"label":["a=b"]}')]
    assert seen.body == b""
    assert "content-type" not in seen.headers


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"Image": "中"}, '{"Image": "中"}'.encode()),
        (b'{ "Image":1 }\n', b'{ "Image":1 }\n'),
        (b"", b""),
    ],
)
def test_a_body(session, fake, body, sent):
    fake.on("POST", "/containers/create", Answer(201, {"Id": "x"}))
    session.call("create", {"name": "web"}, body=body).json()
    assert fake.requests[-1].body == sent
    assert fake.requests[-1].headers["content-type"] == "application/json"


def test_a_call_reads_nothing_by_itself(session, fake):
    fake.on("GET", "/containers/web/logs", Answer(steps=[b"x", Cut()]))
    exchange = session.call("logs", id="web")
    assert exchange.status == 200
    assert exchange.received == 0
    with pytest.raises(errors.CutShort):
        exchange.read()
    assert exchange.kept == b"x"


@pytest.mark.parametrize(
    ("name", "values", "kind", "what"),
    [
        ("inspect", {}, errors.BadArgument, "inspect needs id"),
        ("inspect", {"id": ""}, errors.BadArgument, "inspect needs id"),
        ("list", {"al": True}, errors.BadArgument, "ContainerList takes no 'al'"),
        ("list", {"id": "web"}, errors.BadArgument, "takes no 'id'"),
        ("list", {"limit": [5]}, errors.BadArgument, "limit takes no list"),
    ],
)
def test_values_that_do_not_fit(session, fake, name, values, kind, what):
    session.connect()
    fake.requests.clear()
    with pytest.raises(kind) as caught:
        session.call(name, values)
    assert what in caught.value.what
    assert caught.value.step
    assert fake.requests == []


def test_options_that_stay_here_are_taken(session, fake):
    fake.on("GET", "/containers/web/export", Answer(200, b""))
    session.call("export", {"id": "web", "output": "x", "json": False, "as": None}).read()
    assert fake.requests[-1].query == []


@pytest.mark.parametrize(
    ("name", "values", "api", "what"),
    [
        ("stop", {"signal": "INT"}, "1.41", "stop's signal came with API 1.42"),
        ("create", {"platform": "linux"}, "1.40", "create's platform came with API 1.41"),
        ("images", {"manifests": True}, "1.46", "images's manifests came with API 1.47"),
        ("wait", {"condition": "removed"}, "1.24", "wait's condition came with API 1.30"),
    ],
)
def test_a_parameter_that_the_engine_does_not_know_yet(name, values, api, what):
    fake = FakeEngine(version={**VERSION, "ApiVersion": api, "MinAPIVersion": "1.12"})
    session = Session(around=Surroundings(env={"DOCKER_HOST": fake.host}, home=Path("/nowhere"), uid=1))
    session.connect()
    fake.requests.clear()
    with pytest.raises(errors.EngineTooOld) as caught:
        session.call(name, {"id": "web", **values} if BY_NAME[name].places else values)
    assert what in caught.value.what
    assert f"speaks {api}" in caught.value.what
    assert [seen.path for seen in fake.requests] == ["/version"], "whether it is still so old"
    fake.close()


def test_without_that_parameter_it_goes_through():
    fake = FakeEngine(version={**VERSION, "ApiVersion": "1.41"})
    fake.on("POST", "/containers/web/stop", Answer(204))
    session = Session(around=Surroundings(env={"DOCKER_HOST": fake.host}, home=Path("/nowhere"), uid=1))
    assert session.call("stop", id="web", t=1, signal=None).status == 204
    assert fake.requests[-1].target == "/v1.41/containers/web/stop?t=1"
    fake.close()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/info", "/v1.51/info"),
        ("/v1.24/info", "/v1.24/info"),
        ("/v1.24", "/v1.24"),
        ("/version1/x", "/v1.51/version1/x"),
        ("/x?a=1&b", "/v1.51/x?a=1&b="),
        ("/x?a=%20+y", "/v1.51/x?a=%20%20y"),
        ("/a b/中", "/v1.51/a%20b/%E4%B8%AD"),
        ("/a%2Fb", "/v1.51/a%2Fb"),
    ],
)
def test_a_raw_call(session, fake, path, target):
    fake.otherwise = Answer(200, {})
    session.call(raw("GET", path)).read()
    assert fake.requests[-1].target == target


@pytest.mark.parametrize(
    ("status", "kind", "step"),
    [
        (400, errors.BadRequest, "--help"),
        (401, errors.Denied, "credentials"),
        (403, errors.Denied, "does not allow"),
        (404, errors.NotFound, "%docker list --all"),
        (409, errors.Conflict, "%docker inspect"),
        (500, errors.ServerError, "own log"),
        (501, errors.NotImplementedHere, "no such feature"),
        (503, errors.ServerError, "own log"),
        (406, errors.StatusError, "own log"),
    ],
)
def test_an_engine_that_refuses(session, fake, status, kind, step):
    fake.on("POST", "/containers/web/pause", Answer(status, {"message": "because"}))
    with pytest.raises(kind) as caught:
        session.call("pause", id="web")
    assert caught.value.what == "because"
    assert caught.value.status == status
    assert step in caught.value.step
    assert caught.value.exchange is session.last
    assert session.last.kept == b'{"message": "because"}'


@pytest.mark.parametrize("said", ["No space left on device", "write /data/hosts: no space left on device"])
def test_a_full_disk_of_the_engine_s_is_told(session, fake, said):
    fake.on("POST", "/containers/create", Answer(500, {"message": said}))
    with pytest.raises(errors.ServerError) as caught:
        session.call("create", body={"Image": "busybox"})
    assert caught.value.step.startswith("the engine's disk is full")


def test_the_row_knows_better_what_to_do(session, fake):
    fake.on("POST", "/containers/create", Answer(409, {"message": "name is in use"}))
    with pytest.raises(errors.Conflict) as caught:
        session.call("create", {"name": "web"}, body={})
    assert "--replace" in caught.value.step
    assert caught.value.detail == "ContainerCreate answers 409 when: the name is taken"
    assert len(caught.value.lines()) == 3


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"message": "no such container"}', "no such container"),
        (b'{"message": "podman", "cause": "x", "response": 404}', "podman"),
        (b"plain text\n", "plain text"),
        (b"", "(no message)"),
        (b"{}", "{}"),
        (b'{"message": null}', '{"message": null}'),
        (b'["x"]', '["x"]'),
        (b"null", "null"),
        (b"<html>502</html>", "<html>502</html>"),
        (b"\xff\xfe", "��"),
        ('{"message": "没有"}'.encode(), "没有"),
    ],
)
def test_message(body, text):
    assert message(body) == text


def test_no_answer_is_kept_as_such(session, fake):
    session.connect()
    fake.on("GET", "/info", Answer(silent=True))
    session.settings.timeout = 0.05
    with pytest.raises(errors.TimedOut) as caught:
        session.call("info")
    assert caught.value.exchange is session.last
    assert session.last.status is None


def test_the_first_use_connects(session, fake):
    fake.on("GET", "/info", Answer(200, {}))
    session.call("info").json()
    assert [seen.path for seen in fake.requests] == ["/version", "/v1.51/info"]
    assert session.engine.name == "Docker Engine 28.5.2"
    assert session.engine.source == "DOCKER_HOST"


def test_a_connect_that_fails_leaves_the_old_engine(session, fake):
    fake.on("GET", "/info", Answer(200, {}))
    session.connect()
    with pytest.raises(errors.SocketMissing):
        session.connect("unix:///no/such.sock")
    assert session.engine.host == fake.host
    assert session.call("info").json() == {}


def test_a_connect_that_works_takes_the_new_one(session, fake):
    session.connect()
    other = FakeEngine(tcp=True, version={**VERSION, "ApiVersion": "1.40"}).on("GET", "/info", Answer(200, {}))
    assert session.connect(other.host).api == "1.40"
    session.call("info").json()
    assert other.requests[-1].path == "/v1.40/info"
    other.close()


@pytest.mark.parametrize(
    "version",
    [
        Answer(200, b"<html>router</html>", {"Content-Type": "text/html"}),
        Answer(200, []),
        Answer(200, "text"),
        Answer(200, {"Version": "1"}),
        Answer(404, {"message": "page not found"}),
        Answer(500, b"oops"),
        Answer(301, b"", {"Location": "/"}),
        Answer(verbatim=b"SSH-2.0-OpenSSH\r\n"),
        Answer(200, b"{", length=50),
    ],
    ids=lambda answer: str(answer.status),
)
def test_what_answers_and_is_no_engine(version):
    fake = FakeEngine(version=version)
    session = Session(around=Surroundings(env={"DOCKER_HOST": fake.host}, home=Path("/nowhere"), uid=1))
    with pytest.raises(errors.EngineError, match="not as a Docker engine does") as caught:
        session.connect()
    assert "%docker doctor" in caught.value.step
    fake.close()


class Practice:
    """Stands for the practice engine: notes that it was started, and is the fake one."""

    def __init__(self, host: str, error: errors.EngineError | None = None) -> None:
        self.host, self.error, self.started = host, error, 0

    def __call__(self, around: Surroundings) -> Practice:
        self.started += 1
        if self.error:
            raise self.error
        return self


@pytest.mark.parametrize(
    ("env", "target", "allowed", "started"),
    [
        ({}, None, True, True),
        ({}, None, False, False),
        ({}, "practice", False, True),
        ({"DOCKER_HOST": "unix:///gone"}, "practice", True, True),
        ({"DOCKER_HOST": "unix:///gone"}, None, True, False),
        ({"DOCKER_HOST": "rubbish"}, None, True, False),
        ({"DOCKER_CONTEXT": "gone"}, None, True, False),
        ({}, "unix:///gone", True, False),
        ({}, "gone", True, False),
    ],
)
def test_the_practice_engine_stands_in_only_where_nothing_was_named(
    fake, monkeypatch, tmp_path, env, target, allowed, started
):
    practice = Practice(fake.host)
    monkeypatch.setattr("dockermagic.practice.start", practice)
    monkeypatch.setattr("dockermagic.locate.KNOWN_SOCKETS", ())
    around = Surroundings(env=env, home=tmp_path, uid=1, default_socket=str(tmp_path / "gone.sock"))
    session = Session(Settings(practice=allowed), around)
    if started:
        assert session.connect(target).host == fake.host
        assert session.engine.source.startswith("the practice engine: ")
    else:
        with pytest.raises(errors.EngineError):
            session.connect(target)
    assert practice.started == started


def test_a_practice_engine_that_does_not_start_is_told(fake, monkeypatch, tmp_path):
    monkeypatch.setattr("dockermagic.practice.start", Practice(fake.host, errors.NoEngine("no module", "get it")))
    monkeypatch.setattr("dockermagic.locate.KNOWN_SOCKETS", ())
    session = Session(around=Surroundings(env={}, home=tmp_path, uid=1, default_socket=str(tmp_path / "gone.sock")))
    with pytest.raises(errors.NoEngine) as caught:
        session.connect()
    assert caught.value.detail == "The practice engine cannot stand in: no module → get it"
    assert len(caught.value.lines()) == 3


def test_a_practice_engine_that_is_gone_and_does_not_start_again_is_told(fake, monkeypatch, tmp_path):
    practice, told = Practice(fake.host), []
    monkeypatch.setattr("dockermagic.practice.start", practice)
    session = Session(around=Surroundings(env={}, home=tmp_path, uid=1), tell=told.append)
    session.connect("practice")
    fake.close()
    practice.error = errors.NoEngine("no room left", "make room")
    with pytest.raises(errors.NoEngine, match="no room left"):
        session.call("list")
    assert practice.started == 2
    assert not told


class Turned:
    """The fake engine as another one: its version, the marks on its answers, and what it refuses."""

    def __init__(self, fake: FakeEngine, name: str, newest: str, oldest: str = "1.24") -> None:
        self.newest, self.oldest = endpoints.version(newest), endpoints.version(oldest)
        self.marks, fake.server_header = {"Api-Version": newest}, f"Docker/{name} (linux)"
        told = {"Version": name, "ApiVersion": newest, "MinAPIVersion": oldest}
        fake.on("GET", "/version", Answer(200, {**VERSION, **told}, self.marks))
        fake.otherwise = self

    def __call__(self, seen: Seen) -> Answer:
        spoken = endpoints.version(seen.path.split("/")[1].removeprefix("v"))
        if spoken > self.newest:
            return Answer(400, {"message": "client version is too new"}, self.marks)
        if spoken < self.oldest:
            return Answer(400, {"message": "client version is too old"}, self.marks)
        return Answer(404 if "gone" in seen.path else 200, [], self.marks)


@pytest.mark.parametrize(
    ("before", "after", "times"),
    [
        (("28.5.2", "1.51"), ("20.10.24", "1.41", "1.12"), 2),
        (("20.10.24", "1.41"), ("29.0.0", "1.52", "1.44"), 2),
        (("20.10.24", "1.41"), ("28.5.2", "1.51"), 1),
        (("28.5.1", "1.51"), ("28.5.2", "1.51"), 1),
    ],
    ids=["too new for it", "too old for it", "it speaks both", "the same API"],
)
def test_another_engine_answers_by_now(session, fake, before, after, times):
    Turned(fake, *before)
    told = []
    session.tell = told.append
    session.connect()
    Turned(fake, *after)
    fake.requests.clear()
    session.call("list").read()
    name, spoken = after[0], negotiate({"ApiVersion": after[1]}, "")
    asked = [before[1], spoken][:times]
    assert [seen.path for seen in fake.requests if seen.path != "/version"] == [f"/v{v}/containers/json" for v in asked]
    assert told == [
        f"another engine answers at {fake.host} by now: Docker Engine {name}, API {spoken}; "
        f"it was Docker Engine {before[0]}, API {before[1]}"
    ]
    fake.requests.clear()
    session.call("list").read()
    assert [seen.path for seen in fake.requests] == [f"/v{spoken}/containers/json"]
    assert len(told) == 1
    assert session.engine.name == f"Docker Engine {name}"


def test_another_engine_that_refuses_is_noticed_too(session, fake):
    Turned(fake, "20.10.24", "1.41")
    told = []
    session.tell = told.append
    session.connect()
    Turned(fake, "28.5.2", "1.51")
    with pytest.raises(errors.NotFound):
        session.call("inspect", id="gone")
    assert len(told) == 1
    assert [seen.path for seen in fake.requests].count("/v1.41/containers/gone/json") == 1, (
        "what was refused is not repeated"
    )


def test_another_engine_that_is_older_lacks_what_is_asked(session, fake):
    Turned(fake, "28.5.2", "1.51")
    session.connect()
    Turned(fake, "20.10.24", "1.41")
    with pytest.raises(errors.EngineTooOld, match=r"stop's signal came with API 1\.42"):
        session.call("stop", id="web", signal="HUP")


def test_another_engine_that_is_newer_has_what_is_asked(session, fake):
    Turned(fake, "20.10.24", "1.41")
    session.connect()
    Turned(fake, "28.5.2", "1.51")
    assert session.call("stop", id="web", signal="HUP").status == 200


@pytest.mark.parametrize(
    ("newest", "oldest", "kind"), [("1.80", "1.60", errors.EngineTooNew), ("1.20", "1.12", errors.EngineTooOld)]
)
def test_another_engine_that_speaks_none_of_our_versions(session, fake, newest, oldest, kind):
    Turned(fake, "28.5.2", "1.51")
    session.connect()
    Turned(fake, "other", newest, oldest)
    for _ in range(2):
        with pytest.raises(kind):
            session.call("list")


def test_a_call_of_the_user_s_own_version_is_refused_once(session, fake):
    Turned(fake, "28.5.2", "1.51")
    session.connect()
    with pytest.raises(errors.BadRequest):
        session.call(raw("GET", "/v1.52/containers/json"))
    assert [seen.path for seen in fake.requests] == ["/version", "/v1.52/containers/json"]


def test_other_marks_of_the_same_engine_are_asked_about_once(session, fake):
    fake.on("GET", "/containers/json", Answer(200, []))
    for proxy in ("nginx", "nginx", "Docker/28.5.2 (linux)", "Docker/28.5.2 (linux)"):
        fake.server_header = proxy
        session.call("list")
    assert [seen.path for seen in fake.requests].count("/version") == 3, "at first, and when another mark appears"


def test_quick_forgets_and_forgives(session, fake):
    fake.on("GET", "/containers/json", Answer(200, [1])).on("GET", "/images/json", Answer(500, {"message": "no"}))
    session.connect()
    assert session.quick("list", 1, all=True) == [1]
    assert session.quick("images", 1) is None
    assert session.last is None


def test_doctor_marks_the_engine_in_use(session, fake):
    session.connect()
    assert next((each.host, each.verdict) for each in session.doctor()) == (fake.host, "in use")


def test_the_value_of_a_reply_can_be_json_null(session, fake):
    fake.on("GET", "/containers/json", Answer(200, b"null", {"Content-Type": "application/json"}))
    assert session.call("list").json() is None
    assert json.loads(session.last.kept) is None
