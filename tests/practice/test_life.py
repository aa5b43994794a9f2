"""From start to end: nothing is lost, nothing is left."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from practicekit import Engine, alive, eventually, processes

Engines = Callable[..., Engine]


def test_the_socket_is_private(engines: Engines) -> None:
    engine = engines().start()
    assert stat.S_IMODE(os.stat(engine.socket).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(Path(engine.socket).parent).st_mode) == 0o700
    assert stat.S_IMODE(engine.data.stat().st_mode) == 0o700


def test_it_ends_cleanly_when_told_to(engines: Engines) -> None:
    engine = engines().start()
    engine.run("sleep", "86401")
    assert engine.stop() == ""
    assert engine.process is not None
    assert engine.process.returncode == 0
    assert not Path(engine.socket).exists()
    assert alive("sleep 86401") == []


def test_it_says_what_it_is(engines: Engines) -> None:
    engine = engines().start()
    assert engine.get("/version").json["Platform"]["Name"] == "dockermagic practice engine"
    warnings = " ".join(engine.get("/info").json["Warnings"])
    assert "not Docker" in warnings
    assert "Isolation tier" in warnings


def test_killed_with_nine(engines: Engines) -> None:
    """Its containers are gone with it; state and logs are there when it comes back."""
    engine = engines().start()
    engine.run("sh", "-c", "echo kept; sleep 86402 & setsid sleep 86402 & wait", name="victim")
    engine.run("sleep", "86403", name="again", HostConfig={"RestartPolicy": {"Name": "always"}})
    eventually(lambda: len(alive("sleep 86402")) >= 2)
    engine.kill()
    eventually(lambda: not alive("sleep 86402"))
    engine.start()
    state = engine.state("victim")
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 137, 0)
    assert engine.logs("victim") == "kept\n"
    assert engine.get("/containers/json", all=1).json[1]["Status"].startswith("Exited (137)")
    eventually(lambda: engine.state("again")["Running"])


def shims_of(engine: Engine, *, nursery: bool = False) -> list[int]:
    """What the engine has forked off: a shim for each run, in a session of its own; or the one that forks them."""
    assert engine.process is not None
    found = []
    for pid, command in processes():
        if "shim.py" in command:
            parent, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1:4]
            if int(parent) == engine.process.pid and (int(session) != pid) == nursery:
                found.append(pid)
    return found


def test_a_killed_nursery_is_replaced_and_takes_nothing_along(engines: Engines) -> None:
    engine = engines().start()
    before = engine.run("sleep", "86407")
    (nursery,) = shims_of(engine, nursery=True)
    os.kill(nursery, signal.SIGKILL)
    after = engine.run("sleep", "86407")
    assert [engine.state(identity)["Running"] for identity in (before, after)] == [True, True]
    assert shims_of(engine, nursery=True) not in ([], [nursery])
    assert engine.execute(before, "echo", "here") == (0, "here\n")
    engine.clear()
    eventually(lambda: shims_of(engine) == [])
    assert alive("sleep 86407") == []


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_no_nursery_outlives_its_engine(engines: Engines, how: str) -> None:
    engine = engines().start()
    engine.run("sleep", "86408")
    (nursery,) = shims_of(engine, nursery=True)
    getattr(engine, how)()
    eventually(lambda: not Path(f"/proc/{nursery}").exists())


def test_an_engine_whose_data_is_removed_ends_and_says_so(engines: Engines) -> None:
    engine = engines().start()
    engine.run("sleep", "86409")
    socket_path = Path(engine.socket)
    shutil.rmtree(engine.data)
    socket_path.unlink()
    socket_path.touch()  # as if the next engine had its own there
    assert engine.process is not None
    said, _ = engine.process.communicate(timeout=30)
    assert engine.process.returncode == 0
    assert said.strip().splitlines() == [
        f"dockermagic practice engine: its data in {engine.data} was removed: "
        "the engine ends, and its containers with it"
    ]
    assert alive("sleep 86409") == []
    assert socket_path.exists()


def test_a_killed_shim_takes_its_container_along(engines: Engines) -> None:
    engine = engines().start()
    identity = engine.run("sh", "-c", "setsid sleep 86404 & sleep 86404")
    for pid in shims_of(engine):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: engine.state(identity)["Status"] == "exited")
    assert engine.state(identity)["ExitCode"] == 137
    eventually(lambda: not alive("sleep 86404"))
    assert engine.post(f"/containers/{identity}/start").status == 204


def test_a_second_engine_names_the_first(engines: Engines) -> None:
    first = engines().start()
    second = engines(directory=first.directory)
    process = second.popen()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert first.process is not None
    assert said.count("\n") == 1
    assert f"pid {first.process.pid}" in said
    assert first.get("/_ping").body == b"OK"


def test_a_shared_directory_is_no_place_for_the_socket(engines: Engines) -> None:
    engine = engines()
    os.makedirs(engine.directory / "tmp", mode=0o777)
    os.chmod(engine.directory / "tmp", 0o777)
    (engine.directory / "tmp" / "somebody-else").touch()
    command = engine.command()
    command[command.index("--socket") + 1] = str(engine.directory / "tmp" / "e.sock")
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, cwd=Path(__file__).parents[2])
    assert done.returncode == 1
    assert "directory of its own" in done.stderr


def test_idle_it_goes(engines: Engines) -> None:
    engine = engines("--idle-exit", "0.3").start()
    assert engine.process is not None
    assert engine.process.wait(20) == 0


def test_not_idle_while_something_runs_or_listens(engines: Engines) -> None:
    engine = engines("--idle-exit", "0.5").start()
    assert engine.process is not None
    listener = engine.raw("GET /events HTTP/1.1\nHost: e\n\n")
    identity = engine.run("sh", "-c", "sleep 1")
    engine.wait(identity)
    assert engine.process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        engine.process.wait(1)
    listener.close()
    assert engine.process.wait(20) == 0


def test_idle_it_uses_no_cpu(engines: Engines) -> None:
    engine = engines().start()
    for _ in range(5):
        engine.run("sleep", "86405")
    assert engine.process is not None

    def spent() -> int:
        fields = Path(f"/proc/{engine.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = spent()
    listener = engine.raw("GET /events HTTP/1.1\nHost: e\n\n")
    with pytest.raises(subprocess.TimeoutExpired):
        engine.process.wait(2)
    listener.close()
    assert spent() - before <= 2  # hundredths of a second


def descriptors(engine: Engine) -> int:
    assert engine.process is not None
    return len(os.listdir(f"/proc/{engine.process.pid}/fd"))


def test_fifty_containers_leave_nothing(engines: Engines) -> None:
    engine = engines().start()
    engine.wait(engine.run("true"))
    engine.clear()
    before = descriptors(engine)

    def some() -> None:
        for _ in range(12):
            identity = engine.run("sh", "-c", "echo x; sleep 86406")
            engine.execute(identity, "true")
            engine.delete(f"/containers/{identity}", force=1)

    workers = [threading.Thread(target=some) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    eventually(lambda: descriptors(engine) <= before + 2)
    assert alive("sleep 86406") == []
    assert shims_of(engine) == []
    assert list((engine.data / "containers").iterdir()) == []
    assert str(engine.directory) not in Path("/proc/mounts").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_is_an_error_and_no_half_state(engines: Engines) -> None:
    engine = engines()
    engine.data.mkdir(parents=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "none", engine.data], check=False)
    if mount.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        engine.start()
        for number in range(20):
            answer = engine.post("/containers/create", {"Image": "busybox"}, name=f"c{number}")
            if answer.status != 201:
                break
        assert answer.status == 500
        assert "No space left" in answer.message
        names = engine.names(all=1)
        assert f"c{number}" not in names
        assert len(list((engine.data / "containers").iterdir())) == len(names)
        engine.delete("/containers/c0")
        assert engine.post("/containers/create", {"Image": "busybox"}, name="fits").status == 201
        engine.stop()
        engine.start()
        assert set(engine.names(all=1)) == set(names) - {"c0"} | {"fits"}
    finally:
        if engine.process is not None and engine.process.poll() is None:
            engine.stop()
        subprocess.run(["umount", engine.data], check=False)


def test_thirty_at_once(engine: Engine) -> None:
    problems: list[str] = []

    def walk(number: int) -> None:
        name = f"walker{number}"
        try:
            engine.run("sh", "-c", "while true; do date; sleep 0.2; done", name=name)
            for path in ("json", "top", "logs?stdout=1"):
                assert engine.get(f"/containers/{name}/{path}").status == 200
            assert engine.post(f"/containers/{name}/restart", t=0).status == 204
            assert engine.post(f"/containers/{name}/kill").status == 204
            assert engine.delete(f"/containers/{name}", force=1).status == 204
        except Exception as error:  # noqa: BLE001 told below
            problems.append(f"{name}: {error!r}")

    workers = [threading.Thread(target=walk, args=(number,)) for number in range(30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /containers/json HTTP/1.1\nHost: e\nContent-Length: x\n\n",
        "BREW /coffee HTTP/1.1\nHost: e\n\n",
        "nonsense\n\n",
        "GET / HTTP/1.1\nHost: e\n\n",
        "POST /containers/create HTTP/1.1\nHost: e\nContent-Type: application/json\nContent-Length: 3\n\n{{{",
        "GET /containers/json?filters=%FF%FE&limit=99999999999999999999 HTTP/1.1\nHost: e\n\n",
        "GET /containers/%00/json HTTP/1.1\nHost: e\n\n",
    ],
)
def test_nonsense_is_answered_or_hung_up_on(engine: Engine, request_text: str) -> None:
    with engine.raw(request_text) as sock:
        sock.settimeout(20)
        data = sock.recv(65536)
        assert data == b"" or data.startswith(b"HTTP/1.1 ")
        assert b"Traceback" not in data
    assert engine.get("/_ping").body == b"OK"


def test_versions(engine: Engine) -> None:
    assert engine.get("/v1.24/containers/json").status == 200
    assert engine.get("/v1.51/containers/json").status == 200
    answer = engine.get("/v1.99/containers/json")
    assert answer.message == "client version 1.99 is too new. Maximum supported API version is 1.51"
    assert engine.get("/v1.1/version").status == 400
    assert engine.get("/_ping").headers["Api-Version"] == "1.51"
    assert engine.call("HEAD", "/_ping").status == 200


@pytest.mark.parametrize("path", ["/swarm", "/services", "/nodes", "/secrets", "/configs", "/tasks"])
def test_what_there_is_not(engine: Engine, path: str) -> None:
    answer = engine.get(path)
    assert answer.status == 501
    assert answer.message.startswith("the practice engine ")


def test_a_plugin_that_there_is_not_is_told_as_docker_does(engine: Engine) -> None:
    answer = engine.get("/plugins/x/json")
    assert (answer.status, answer.message) == (404, 'plugin "x" not found')


def test_networks_and_volumes_are_told_as_they_are(engine: Engine) -> None:
    networks = {network["Name"]: network["Driver"] for network in engine.get("/networks").json}
    assert "bridge" in networks
    assert "bridge" not in networks.values()
    assert engine.get("/volumes").json == {"Volumes": [], "Warnings": None}
    assert engine.post("/volumes/create", {}).status == 501
    assert engine.post("/networks/create", {"Name": "x"}).status == 501
    assert engine.post("/auth", {"username": "x", "password": "y"}).status == 403


def test_a_path_too_long_for_a_socket_is_told(engines: Engines) -> None:
    engine = engines()
    command = engine.command()
    command[command.index("--socket") + 1] = str(engine.directory / ("x" * 120) / "e.sock")
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 1
    assert "too long" in done.stderr


def test_it_takes_over_a_dead_socket_but_not_a_live_one(engines: Engines) -> None:
    engine = engines()
    Path(engine.socket).parent.mkdir(mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(engine.socket)
    dead.close()
    engine.start()
    other = engines()
    other.data.mkdir()
    command = other.command()
    command[command.index("--socket") + 1] = engine.socket
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert "already listens" in done.stderr


@pytest.mark.parametrize("what", ["file", "link to a file", "link to nothing", "folder"])
def test_what_is_no_socket_stays_where_it_is(engines: Engines, tmp_path: Path, what: str) -> None:
    engine = engines()
    notes, place = tmp_path / "notes.txt", Path(engine.socket)
    place.parent.mkdir(mode=0o700)
    if what == "file":
        place.write_text("mine")
    elif what == "folder":
        place.mkdir()
    else:
        place.symlink_to(notes)
    if what == "link to a file":
        notes.write_text("mine")
    before = place.lstat()
    done = subprocess.run(engine.command(), capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{place} is in the way: it is no socket" in done.stderr
    assert os.path.samestat(place.lstat(), before)
    assert notes.exists() == (what == "link to a file")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
def test_another_user_reaches_neither_the_socket_nor_the_data(engines: Engines) -> None:
    engine = engines().start()
    engine.create("true", name="private")

    def connect() -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(engine.socket)

    tries = {
        "connect": connect,
        "list": lambda: os.listdir(engine.data),
        "read": lambda: (engine.data / "lock").read_text(),
        "write": lambda: (engine.data / "planted").write_text(""),
        "replace": lambda: os.rename(engine.socket, f"{engine.socket}.old"),
    }
    os.chmod(engine.directory, 0o755)
    for name, attempt in tries.items():
        assert as_nobody(attempt, engine.directory) == errno.EACCES, name
    assert engine.get("/_ping").status == 200


def as_nobody(attempt: Callable[[], object], directory: Path) -> int:
    """The errno with which it fails for an ordinary user who stands in the directory; 0 when it does not fail."""
    child = os.fork()
    if child == 0:
        result = 255
        try:
            os.chdir(directory)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            attempt()
            result = 0
        except OSError as error:
            result = error.errno or 254
        finally:
            os._exit(result)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_record_on_disk_can_be_read(engine: Engine) -> None:
    identity = engine.create("true", name="readable")
    record = json.loads((engine.data / "containers" / identity / "container.json").read_text())
    assert record["name"] == "readable"
