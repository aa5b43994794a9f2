"""`%docker` and `%%docker` in a real IPython."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_engine import MULTIPLEXED, Answer, FakeEngine, Seen, Silence, frame
from shellkit import Shell

from dockermagic import commands, endpoints, errors, show
from dockermagic.exchange import Exchange

WEB = {"Id": "a" * 64, "Names": ["/web"], "Image": "busybox", "State": "running", "Created": 1769860800}
STREAM = {"Content-Type": MULTIPLEXED}


@pytest.fixture(autouse=True)
def _usual(fake: FakeEngine) -> None:
    fake.on("GET", "/containers/json", Answer(200, [WEB]))
    fake.on("POST", "/containers/create", Answer(201, {"Id": "b" * 64, "Warnings": []}))
    fake.on("GET", "/containers/web/logs", Answer(200, frame(b"one\n") + frame(b"two\n", 2), STREAM))
    fake.on("GET", "/containers/web/json", Answer(200, {"Id": "a", "Config": {"Tty": False, "Labels": {}}}))


def asked(fake: FakeEngine) -> list[str]:
    return [f"{seen.method} {seen.path.replace('/v1.51', '')}" for seen in fake.requests]


# Loading


def test_loading_says_which_engine_and_why(bare_shell: Shell, fake, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    found = bare_shell.run("%load_ext dockermagic")
    assert found.beside == f"dockermagic: Docker Engine 28.5.2, API 1.51, at {fake.host} (DOCKER_HOST)"


def test_loading_without_an_engine_is_no_failure(bare_shell: Shell):
    found = bare_shell.run("%load_ext dockermagic")
    assert found.error is None
    assert "dockermagic is loaded, and has no engine yet: there is no socket at" in found.beside
    assert "→ start the engine" in found.beside


def test_an_engine_that_comes_later_is_found(bare_shell: Shell, fake, monkeypatch):
    bare_shell.run("%load_ext dockermagic")
    assert isinstance(bare_shell.run("%docker list").error, errors.SocketMissing)
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    assert bare_shell.run("%docker list").error is None


def test_loading_again_changes_nothing(shell: Shell, fake):
    for line in ("%reload_ext dockermagic", "%load_ext dockermagic", "%reload_ext dockermagic"):
        assert shell.run(line).error is None
    assert [type(each).__name__ for each in shell.ip.configurables].count("DockerMagic") == 1
    assert sum(getattr(each, "__name__", "") == "docker_matcher" for each in shell.ip.Completer.custom_matchers) == 1
    fake.requests.clear()
    assert shell.run("%docker list").error is None
    assert asked(fake) == ["GET /containers/json"]
    shell.run("%config DockerMagic.rows = 7")
    assert shell.magic.session.settings.rows == 7


def test_a_name_that_another_extension_took(bare_shell: Shell, fake, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    bare_shell.ip.register_magic_function(lambda line: "theirs", "line", "docker")
    found = bare_shell.run("%load_ext dockermagic")
    assert "%docker belonged to another extension and is ours now" in found.beside
    assert "%dockerapi is always ours" in found.beside
    assert len(bare_shell.run("%docker list").value) == 1


def test_our_second_name_is_ours_when_the_first_was_taken_since(shell: Shell):
    shell.ip.register_magic_function(lambda line: "theirs", "line", "docker")
    assert shell.run("%docker list").value == "theirs"
    assert len(shell.run("%dockerapi list").value) == 1
    assert shell.run('%%dockerapi create\n{"Image": "busybox"}').value["Id"] == "b" * 64
    assert len(shell.run("name = 'list'\nx = %dockerapi $name\nx").value) == 1


# What a line may look like


@pytest.mark.parametrize(
    "source",
    [
        "%docker list --all",
        "df = %docker list --all\ndf",
        "%docker list --all # every one of them",
        "%docker   list   -a",
        "option = '--all'\n%docker list $option",
        "option = '--all'\n%docker list {option}",
        "def ask(option):\n    found = %docker list {option}\n    return found\nask('--all')",
        "def ask():\n    option = '--all'\n    found = %docker list $option\n    return found\nask()",
        "for option in ['--all']:\n    df = %docker list {option}\ndf",
        "%docker ls --all",
        "get_ipython().run_line_magic('docker', 'list --all')",
    ],
)
def test_a_line_in_every_form(shell: Shell, fake, source):
    found = shell.run(source)
    assert found.error is None, found.text
    assert list(found.value.name) == ["web"]
    assert asked(fake) == ["GET /containers/json"]
    assert fake.requests[0].query == [("all", "1")]
    assert "GET /v1.51/containers/json?all=1 → 200 OK" in found.beside


def test_a_semicolon_keeps_the_value_quiet(shell: Shell, fake):
    found = shell.run("%docker list;")
    assert (found.error, found.value) == (None, None)
    assert "web" not in found.text
    assert "200 OK" in found.beside
    assert len(fake.requests) == 1


def test_the_frame_knows_its_exchange(shell: Shell, fake):
    shell.run("df = %docker list --all --filters label=x")
    note = shell.names["df"].attrs["dockermagic"]["exchange"]
    assert (note["method"], note["path"], note["status"]) == ("GET", "/v1.51/containers/json", 200)
    assert note["query"] == {"all": "1", "filters": '{"label":["x"]}'}
    assert note["curl"].startswith("curl ")
    assert note["host"] == fake.host


def test_a_cell_is_sent_untouched(shell: Shell, fake):
    cell = '{ "Image":"busybox",\n\t"Env": ["A={x} $y 中"],  "X": 1.50 }\n'
    found = shell.run(f"%%docker create --name web\n{cell}")
    assert found.error is None, found.text
    assert fake.requests[0].body == cell.encode()
    assert fake.requests[0].query == [("name", "web")]
    assert fake.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("first", ["create --name web << made", "create --name=web <<made", "create --name $n << made"])
def test_a_cell_keeps_its_value_under_a_name(shell: Shell, first):
    shell.names["n"] = "web"
    found = shell.run(f'%%docker {first}\n{{"Image": "busybox"}}')
    assert found.error is None, found.text
    assert shell.names["made"] == {"Id": "b" * 64, "Warnings": []}


def test_a_name_that_was_to_be_kept_is_left_when_the_call_fails(shell: Shell, fake):
    fake.on("POST", "/containers/create", Answer(409, {"message": "taken"}))
    shell.names["made"] = "before"
    assert shell.run('%%docker create << made\n{"Image": "busybox"}').error is not None
    assert shell.names["made"] == "before"


def test_lint_warns_and_sends(shell: Shell, fake):
    found = shell.run('%%docker create\n{"image": "busybox", "Binds": []}')
    assert found.error is None
    assert '⚠ "image" is spelled "Image"' in found.beside
    assert '"Binds" at the top level is in the wrong place' in found.beside
    assert len(fake.requests) == 1


def test_create_by_flags(shell: Shell, fake):
    found = shell.run("%docker create busybox --name web -e A=1 -- sh -c 'echo $HOME'")
    assert found.error is None, found.text
    assert json.loads(fake.requests[0].body) == {
        "Image": "busybox",
        "Cmd": ["sh", "-c", "echo $HOME"],
        "Env": ["A=1"],
        "Labels": {"dockermagic": "1"},
    }
    shell.run("%docker create busybox --no-label")
    assert json.loads(fake.requests[1].body) == {"Image": "busybox"}


def test_the_engines_warnings_are_shown(shell: Shell, fake):
    fake.on("POST", "/containers/create", Answer(201, {"Id": "x", "Warnings": ["no memory \x1b[31mlimit"]}))
    assert "⚠ the engine warns: no memory ␛[31mlimit" in shell.run("%docker create busybox").beside


def test_the_clis_names_are_taken_and_the_apis_told(shell: Shell):
    assert "ps is the docker CLI's name; the API calls it ContainerList, we list" in shell.run("%docker ps").beside
    assert "--filter is the docker CLI's name; the API's is filters" in shell.run("%docker list --filter a=b").beside


# Help


def test_the_docstring(shell: Shell):
    text = shell.ip.find_line_magic("docker").__doc__
    for row in endpoints.ENDPOINTS:
        assert f"{row.method:6} {row.path}" in text
    for command in commands.COMMANDS:
        assert command.name in text
    shown = shell.ip.object_inspect_mime("%docker")["text/plain"]
    assert "Call one endpoint of the Docker Engine API." in shown


@pytest.mark.parametrize("line", ["%docker", "%docker --help", "%docker help", "%docker -h", "%docker # nothing"])
def test_the_overview(shell: Shell, fake, line):
    found = shell.run(line)
    assert found.error is None
    assert all(f"{row.method} {row.path}" in found.beside for row in endpoints.ENDPOINTS)
    assert fake.requests == []


@pytest.mark.parametrize("name", [*(row.name for row in endpoints.ENDPOINTS), *commands.NAMED])
def test_help_of_each_subcommand(shell: Shell, fake, name):
    found = shell.run(f"%docker {name} --help")
    assert found.error is None, found.text
    assert f"%docker {name}" in found.beside
    assert "--help" in found.beside
    assert fake.requests == []


# The same in another tongue


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("list --as cli", "docker ps"),
        ("create busybox --as cli", "docker create --label dockermagic=1 busybox"),
        ("export web --output web.tar --as cli", "docker export --output web.tar web"),
        ("GET /info --as cli", "# the docker CLI has no word for GET /v1.51/info"),
    ],
)
def test_as_cli(shell: Shell, fake, line, text):
    found = shell.run(f"%docker {line}")
    assert found.error is None, found.text
    assert found.value == text
    assert text in found.text
    assert fake.requests == []


def test_as_curl_and_python(shell: Shell, fake):
    assert shell.run("%docker list --as curl").value == (
        f"curl --silent --unix-socket {fake.host.removeprefix('unix://')} http://localhost/v1.51/containers/json"
    )
    assert "requests_unixsocket" in shell.run('%%docker create --as python\n{"Image": "b"}').value
    assert shell.run("%docker connect --as curl").value.endswith(" http://localhost/v1.51")
    assert fake.requests == []


def test_as_curl_tells_what_is_sent(shell: Shell, fake):
    shown = shell.run("%docker create busybox --name web").shown[0]["text/html"]
    told = shell.run("%docker create busybox --name web --as curl").value
    assert "--request POST" in told
    assert "/v1.51/containers/create?name=web" in told
    assert show.escape(told) in shown


# Calls


def test_any_call_by_method_and_path(shell: Shell, fake):
    fake.on("GET", "/info", Answer(200, {"ID": "x"})).on("HEAD", "/_ping", Answer(200))
    fake.on("POST", "/networks/create", Answer(201, {"Id": "n"})).on("DELETE", "/networks/n", Answer(204))
    assert shell.run("%docker GET /info").value == {"ID": "x"}
    assert shell.run("%docker get '/containers/json?all=1'").value[0]["Names"] == ["/web"]
    assert list(shell.run("%docker HEAD /_ping").value.status) == [200]
    assert shell.run('%%docker POST /networks/create\n{"Name": "n"}').value == {"Id": "n"}
    assert fake.requests[-1].body == b'{"Name": "n"}\n'
    assert list(shell.run("%docker DELETE /networks/n").value.status) == [204]
    assert fake.requests[0].path == "/v1.51/info"


def test_an_answer_into_a_file(shell: Shell, fake, tmp_path: Path):
    fake.on("GET", "/info", Answer(200, {"ID": "x"}))
    shell.names["folder"] = tmp_path.as_posix()
    found = shell.run('%docker GET /info --output "{folder}/info file.json"')
    assert found.error is None, found.text
    assert json.loads((tmp_path / "info file.json").read_text()) == {"ID": "x"}


@pytest.mark.parametrize(
    ("status", "happened"), [(204, "started"), (304, "was running already")], ids=["started", "already"]
)
def test_a_reply_without_a_body_says_what_happened(shell: Shell, fake, status, happened):
    fake.on("POST", "/containers/web/start", Answer(status))
    found = shell.run("%docker start web")
    assert found.value.to_dict("records") == [{"container": "web", "status": status, "happened": happened}]
    assert happened in found.text
    assert str(status) in found.beside


def test_json_in_place_of_a_frame(shell: Shell):
    assert shell.run("%docker list --json").value == [WEB]


def test_the_terminal_is_asked_about_only_where_the_answer_does_not_say(shell: Shell, fake):
    shell.run("%docker logs web")
    assert asked(fake) == ["GET /containers/web/logs"]
    fake.requests.clear()
    fake.on("GET", "/containers/web/logs", Answer(200, b"raw\r\n"))
    fake.on("GET", "/containers/web/json", Answer(200, {"Config": {"Tty": True}}))
    assert list(shell.run("%docker logs web").value.line) == ["raw"]
    assert asked(fake) == ["GET /containers/web/logs", "GET /containers/web/json"]
    assert shell.run("%docker last").value.request.path.endswith("/logs")


# What is ours


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        ("exited", ["GET inspect", "DELETE", "POST create"]),
        ("running", ["GET inspect", "POST kill", "DELETE", "POST create"]),
    ],
)
def test_replace_removes_ours_first(shell: Shell, fake, state, calls):
    found = {"Id": "a", "Config": {"Labels": {"dockermagic": "1"}}, "State": {"Status": state}}
    fake.on("GET", "/containers/web/json", Answer(200, found))
    fake.on("POST", "/containers/a/kill", Answer(204)).on("DELETE", "/containers/a", Answer(204))
    assert shell.run("%docker create busybox --name web --replace").error is None
    expected = {
        "GET inspect": "GET /containers/web/json",
        "POST kill": "POST /containers/a/kill",
        "DELETE": "DELETE /containers/a",
        "POST create": "POST /containers/create",
    }
    assert asked(fake) == [expected[call] for call in calls]


def test_replace_where_there_is_none(shell: Shell, fake):
    fake.on("GET", "/containers/web/json", Answer(404, {"message": "no"}))
    assert shell.run("%docker create busybox --name web --replace").error is None
    assert asked(fake) == ["GET /containers/web/json", "POST /containers/create"]


def test_cleanup_touches_ours_only(shell: Shell, fake):
    listed = [
        {"Id": "a", "Names": ["/ours"], "State": "running", "Labels": {"dockermagic": "1"}},
        {"Id": "b", "Names": ["/theirs"], "State": "running", "Labels": {"other": "1"}},
        {"Id": "c", "Names": None, "State": None, "Labels": None},
    ]
    fake.on("GET", "/containers/json", Answer(200, listed))
    fake.on("POST", "/containers/a/kill", Answer(409, {"message": "gone"})).on("DELETE", "/containers/a", Answer(204))
    found = shell.run("%docker cleanup")
    assert found.error is None, found.text
    assert list(found.value.name) == ["ours"]
    assert asked(fake) == ["GET /containers/json", "POST /containers/a/kill", "DELETE /containers/a"]
    assert fake.requests[0].query == [("all", "1"), ("filters", '{"label":["dockermagic"]}')]


def test_cleanup_of_nothing(shell: Shell, fake):
    fake.on("GET", "/containers/json", Answer(200, b"null"))
    found = shell.run("%docker cleanup")
    assert (found.error, len(found.value)) == (None, 0)


DRILLS = "/practice/drills"
SLOW = {"Name": "slow", "Path": "/containers/*", "Count": 2, "Seconds": 1.5, "Ends": 59}


def test_drills_are_listed(shell: Shell, fake):
    fake.on("GET", DRILLS, Answer(200, [SLOW]))
    found = shell.run("%docker drill")
    assert found.error is None, found.text
    assert asked(fake) == [f"GET {DRILLS}"]
    assert found.value.to_dict("records") == [
        {"drill": "slow", "path": "/containers/*", "count": 2, "seconds": 1.5, "ends_in": 59}
    ]
    assert [str(found.value[name].dtype) for name in ("count", "seconds", "ends_in")] == ["int64", "float64", "int64"]


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("drill error", {"Name": "error"}),
        (
            "drill slow --path /containers/* --count 2 --seconds 1",
            {"Name": "slow", "Path": "/containers/*", "Count": 2, "Seconds": 1},
        ),
    ],
)
def test_a_drill_begins(shell: Shell, fake, line, sent):
    fake.on("POST", DRILLS, Answer(201, SLOW)).on("GET", DRILLS, Answer(200, [SLOW]))
    found = shell.run(f"%docker {line}")
    assert found.error is None, found.text
    assert asked(fake) == [f"POST {DRILLS}", f"GET {DRILLS}"]
    assert json.loads(fake.requests[0].body) == sent
    assert list(found.value.drill) == ["slow"]


def test_drills_end(shell: Shell, fake):
    fake.on("DELETE", DRILLS, Answer(200, [SLOW])).on("GET", DRILLS, Answer(200, []))
    found = shell.run("%docker drill --off")
    assert found.error is None, found.text
    assert asked(fake) == [f"DELETE {DRILLS}", f"GET {DRILLS}"]
    assert (len(found.value), list(found.value.columns)) == (0, ["drill", "path", "count", "seconds", "ends_in"])


def test_an_answer_that_a_drill_has_spoilt_says_so(shell: Shell, fake):
    fake.on("GET", "/containers/json", Answer(500, {"message": "a drill"}, {"Practice-Drill": "error"}))
    found = shell.run("%docker list")
    assert isinstance(found.error, errors.ServerError)
    assert "a drill has spoilt this answer: error" in found.beside
    fake.on("GET", "/containers/json", Answer(200, []))
    assert "drill" not in shell.run("%docker list").beside


def test_connect_and_doctor(shell: Shell, fake):
    found = shell.run(f"%docker connect {fake.host}").value
    assert found.to_dict("records") == [
        {"engine": "Docker Engine 28.5.2", "api": "1.51", "host": fake.host, "why": "%docker connect"}
    ]
    seen = shell.run("%docker doctor").value
    assert list(seen.columns) == ["host", "source", "verdict", "detail"]
    assert seen.verdict[0] == "in use"
    assert list(seen.verdict)[-1] == "not started"
    assert len(seen) == 13


def test_last_shows_the_whole_exchange(shell: Shell):
    frame = shell.run("%docker logs web").value
    found = shell.run("%docker last")
    assert isinstance(found.value, Exchange)
    assert found.value.value.equals(frame)
    for part in ("GET /v1.51/containers/web/logs?stdout=1", "200 OK", "[stdout      4 B] one", "[stderr      4 B] two"):
        assert part in found.text


def test_last_after_an_error(shell: Shell):
    shell.run("%docker GET /nothing")
    found = shell.run("%docker last")
    assert found.value.status == 404
    assert "page not found" in found.text


# Settings


def test_settings(shell: Shell, fake):
    fake.on("GET", "/containers/json", Answer(200, [WEB] * 5))
    assert shell.run("%config DockerMagic.rows = 2").error is None
    assert "and 3 more rows" in shell.run("%docker list").text
    shell.run("%config DockerMagic.timeout = 5")
    assert shell.magic.session.settings.timeout == 5
    shell.run("%config DockerMagic.timeout = 'soon'")
    assert shell.magic.session.settings.timeout == 5
    assert "seconds that an engine may be silent" in shell.run("%config DockerMagic").text


# Interrupts


def follow(fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/logs", Answer(headers=STREAM, steps=[frame(b"one\ntwo\nha"), Silence()]))


def stopped(shell: Shell) -> None:
    found = shell.run("%docker logs web --follow")
    assert type(found.error) is errors.Interrupted, found.text
    assert "Interrupted: you stopped the call after 2 lines" in found.text
    assert "   │one\n   │two\n" in found.text
    assert "Traceback" not in found.text
    last = shell.run("x = %docker last\nx").value
    assert list(last.value.line) == ["one", "two"]
    assert last.status == 200


def test_an_interrupt_of_a_follow_keeps_the_lines(shell: Shell, fake, monkeypatch):
    follow(fake)
    lines = show.Watch.lines

    def interrupted(self, name, batch):
        lines(self, name, batch)
        raise KeyboardInterrupt

    monkeypatch.setattr(show.Watch, "lines", interrupted)
    stopped(shell)


@pytest.fixture
def no_finalisers() -> Iterator[None]:
    """Python drops what is raised in a finaliser: an interrupt that lands in one of an earlier test's would be lost."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_finalisers")
def test_a_real_signal_while_the_engine_is_silent(shell: Shell, fake, monkeypatch):
    lines, stay, shown, stopping = show.Watch.lines, show.Watch.stay, threading.Event(), threading.Event()

    def told(self, name, batch):
        lines(self, name, batch)
        shown.set()

    def stays(self):
        stopping.set()
        stay(self)

    def steps(seen: Seen) -> Answer:
        def pieces():
            yield frame(b"one\ntwo\nha")
            assert shown.wait(30)
            os.kill(os.getpid(), signal.SIGINT)
            if not stopping.wait(1):
                yield frame(b"")  # it came just before the main thread went to wait, and Python looks only after that
            yield Silence()

        return Answer(headers=STREAM, steps=pieces())

    monkeypatch.setattr(show.Watch, "lines", told)
    monkeypatch.setattr(show.Watch, "stay", stays)
    fake.on("GET", "/containers/web/logs", steps)
    stopped(shell)


def test_after_an_interrupt_the_next_call_goes_through(shell: Shell, fake, monkeypatch):
    follow(fake)
    monkeypatch.setattr(show.Watch, "lines", lambda self, name, batch: (_ for _ in ()).throw(KeyboardInterrupt))
    assert type(shell.run("%docker logs web --follow").error) is errors.Interrupted
    assert len(shell.run("%docker list").value) == 1


def test_an_interrupt_of_an_export_leaves_no_file(shell: Shell, fake, monkeypatch, tmp_path: Path):
    fake.on("GET", "/containers/web/export", Answer(steps=[b"x" * 1000, Silence()]))
    monkeypatch.setattr(show.Watch, "progress", lambda self, *count: (_ for _ in ()).throw(KeyboardInterrupt))
    shell.names["folder"] = str(tmp_path)
    found = shell.run("%docker export web --output {folder}/web.tar")
    assert type(found.error) is errors.Interrupted
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_stops_the_cell(shell: Shell, fake, monkeypatch):
    follow(fake)
    monkeypatch.setattr(show.Watch, "lines", lambda self, name, batch: (_ for _ in ()).throw(KeyboardInterrupt))
    shell.run("%docker logs web --follow\nwent_on = True")
    assert "went_on" not in shell.names
