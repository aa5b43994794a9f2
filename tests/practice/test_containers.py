"""The life of a container: what the ten calls of the tutorial do, and what they answer."""

from __future__ import annotations

import os
import re
import socket
import urllib.request

import pytest
from practicekit import Engine, eventually, frames, text

LOOP = ("sh", "-c", "while true; do date; sleep 0.1; done")


def test_a_container_from_create_to_remove(engine: Engine) -> None:
    identity = engine.create(*LOOP, name="web")
    assert engine.state("web")["Status"] == "created"
    assert engine.names() == []
    assert engine.names(all=1) == ["web"]
    assert engine.post("/containers/web/start").status == 204
    assert engine.post("/containers/web/start").status == 304
    assert engine.state("web")["Running"] is True
    assert eventually(lambda: engine.logs("web")).count("\n") >= 1
    table = engine.get("/containers/web/top").json
    assert table["Titles"] == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert table["Processes"][0][-1].startswith("sh -c while true")
    assert engine.post("/containers/web/stop", t=0).status == 204
    assert engine.post("/containers/web/stop").status == 304
    assert engine.state("web")["ExitCode"] == 137
    assert engine.get("/containers/web/top").status == 409
    assert engine.delete("/containers/web").status == 204
    assert engine.get(f"/containers/{identity}/json").status == 404


@pytest.mark.parametrize("code", [0, 1, 3, 126, 255])
def test_exit_codes(engine: Engine, code: int) -> None:
    assert engine.wait(engine.run("sh", "-c", f"exit {code}")) == code


def test_an_end_by_signal_is_128_and_more(engine: Engine) -> None:
    identity = engine.run("sleep", "600", HostConfig={"Init": True})
    engine.post(f"/containers/{identity}/kill", signal="HUP")
    assert engine.wait(identity) == 129


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["nonesuch"], 127, 'exec: "nonesuch": executable file not found in $PATH'),
        (["/nonesuch"], 127, 'exec: "/nonesuch": stat /nonesuch: no such file or directory'),
        (["/etc"], 126, 'exec: "/etc": is a directory: permission denied'),
        (["/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'),
    ],
)
def test_what_cannot_be_started(engine: Engine, command: list[str], code: int, words: str) -> None:
    identity = engine.create(*command)
    answer = engine.post(f"/containers/{identity}/start")
    assert answer.status == 400
    assert answer.message.endswith(words)
    state = engine.state(identity)
    assert (state["Status"], state["ExitCode"]) == ("created", code)
    assert state["Error"] == answer.message


def test_stdout_and_stderr_stay_apart(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "echo out; echo err >&2")
    engine.wait(identity)
    assert engine.logs(identity, stream=1) == "out\n"
    assert engine.logs(identity, stream=2) == "err\n"
    assert engine.logs(identity, stderr=0) == "out\n"


def test_logs_by_lines_times_and_ends(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "for n in 1 2 3 4 5; do echo line $n; sleep 0.02; done; printf end")
    engine.wait(identity)
    assert engine.logs(identity, tail=2) == "line 5\nend"
    assert engine.logs(identity, tail=0) == ""
    assert engine.logs(identity, tail="all") == engine.logs(identity, tail="-3") == engine.logs(identity)
    stamped = engine.logs(identity, timestamps=1).splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line \d$", line) for line in stamped[:5])
    third = stamped[2].split()[0]
    from datetime import datetime, timezone

    whole = int(datetime.strptime(third[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp())
    moment = f"{whole}.{third[20:29]}"
    assert engine.logs(identity, since=moment).startswith("line 3\n")
    assert engine.logs(identity, until=moment).endswith("line 3\n")


def test_following_ends_with_the_container(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "echo first; sleep 0.3; echo last")
    answer = engine.get(f"/containers/{identity}/logs", stdout=1, follow=1)
    assert text(answer.body) == "first\nlast\n"


def test_a_frame_for_each_line(engine: Engine) -> None:
    identity = engine.run("seq", "3")
    engine.wait(identity)
    answer = engine.get(f"/containers/{identity}/logs", stdout=1)
    assert frames(answer.body) == [(1, b"1\n"), (1, b"2\n"), (1, b"3\n")]
    assert answer.headers["Content-Type"] == "application/vnd.docker.multiplexed-stream"


def test_logs_keep_their_bounds(engine: Engine) -> None:
    small = {"LogConfig": {"Type": "json-file", "Config": {"max-size": "10k", "max-file": "2"}}}
    identity = engine.run("sh", "-c", "seq 20000", HostConfig=small)
    engine.wait(identity)
    kept = engine.logs(identity).splitlines()
    assert kept[-1] == "20000"
    files = list((engine.data / "containers" / identity).glob("log*"))
    assert 1 <= len(files) <= 2


def test_the_environment_is_docker_s(engine: Engine) -> None:
    said = engine.output("env", Env=["A=1", "B"], Hostname="box").splitlines()
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert said == [path, "HOSTNAME=box", "A=1", "HOME=/root"]


def test_working_directory_user_and_hostname(engine: Engine) -> None:
    assert engine.output("pwd", WorkingDir="/made/up").strip() == "/made/up"
    assert engine.output("hostname", Hostname="box").strip() == "box"
    assert engine.output("id", "-u", User="65534").strip() == "65534"
    assert engine.output("id", "-un", User="daemon").strip() == "daemon"


def test_unknown_users_are_told(engine: Engine) -> None:
    identity = engine.create("true", User="nobody-here")
    answer = engine.post(f"/containers/{identity}/start")
    assert answer.message == "unable to find user nobody-here: no matching entries in passwd file"


def test_rename_pause_and_restart(engine: Engine) -> None:
    engine.run(*LOOP, name="before")
    assert engine.post("/containers/before/rename", name="after").status == 204
    assert engine.post("/containers/after/pause").status == 204
    assert engine.post("/containers/after/pause").status == 409
    assert engine.state("after")["Status"] == "paused"
    lines = engine.logs("after")
    assert engine.logs("after") == lines
    assert engine.post("/containers/after/unpause").status == 204
    assert engine.post("/containers/after/unpause").status == 500
    eventually(lambda: engine.logs("after") != lines)
    first = engine.state("after")["Pid"]
    assert engine.post("/containers/after/restart", t=0).status == 204
    assert engine.state("after")["Pid"] != first


def test_names_are_taken_once(engine: Engine) -> None:
    identity = engine.create("true", name="one")
    answer = engine.post("/containers/create", {"Image": "busybox"}, name="one")
    assert answer.status == 409
    assert answer.message == (
        f'Conflict. The container name "/one" is already in use by container "{identity}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": ["al"]}, ["alpha"]),
        ({"name": ["alpha", "beta"]}, ["beta", "alpha"]),
        ({"status": ["exited"]}, ["beta"]),
        ({"exited": ["3"]}, ["beta"]),
        ({"label": ["colour=red"]}, ["alpha"]),
        ({"label": ["colour"]}, ["beta", "alpha"]),
        ({"before": ["beta"]}, ["alpha"]),
        ({"since": ["alpha"]}, ["beta"]),
        ({"ancestor": ["busybox"]}, ["beta", "alpha"]),
        ({"ancestor": ["nonesuch"]}, []),
        ({"network": ["none"]}, []),
        ({"health": ["none"]}, ["beta", "alpha"]),
        ({"name": {"alpha": True}}, ["alpha"]),
    ],
)
def test_filters(engine: Engine, filters: dict, found: list[str]) -> None:
    engine.create("true", name="alpha", Labels={"colour": "red"})
    engine.wait(engine.run("sh", "-c", "exit 3", name="beta", Labels={"colour": "blue"}))
    assert engine.names(all=1, filters=filters) == found


def test_a_limit_shows_stopped_ones_too(engine: Engine) -> None:
    for name in ("one", "two", "three"):
        engine.create("true", name=name)
    assert engine.names(limit=2) == ["three", "two"]


def test_restart_on_failure_gives_up(engine: Engine) -> None:
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}
    identity = engine.run("sh", "-c", "echo try; exit 7", HostConfig=policy)
    eventually(lambda: engine.state(identity)["Status"] == "exited")
    assert engine.logs(identity) == "try\n" * 3
    assert engine.get(f"/containers/{identity}/json").json["RestartCount"] == 2


def test_a_stopped_one_is_not_restarted(engine: Engine) -> None:
    identity = engine.run("sleep", "600", HostConfig={"RestartPolicy": {"Name": "always"}})
    engine.post(f"/containers/{identity}/stop", t=0)
    assert engine.state(identity)["Status"] == "exited"


def test_a_network_that_is_not_there(engine: Engine) -> None:
    identity = engine.create("true", HostConfig={"NetworkMode": "nonesuch"})
    answer = engine.post(f"/containers/{identity}/start")
    assert answer.status == 404
    assert answer.message == "failed to set up container networking: network nonesuch not found"


def test_published_ports(engine: Engine) -> None:
    script = "mkdir /www; echo served > /www/index.html; exec httpd -f -p 80 -h /www"
    host = {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}}
    identity = engine.run("sh", "-c", script, ExposedPorts={"80/tcp": {}, "81/tcp": {}}, HostConfig=host)
    ports = engine.get(f"/containers/{identity}/json").json["NetworkSettings"]["Ports"]
    assert ports["81/tcp"] is None
    (binding,) = ports["80/tcp"]
    listed = engine.get("/containers/json").json[0]["Ports"]
    public = int(binding["HostPort"])
    assert {"IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": public, "Type": "tcp"} in listed

    def served() -> bytes:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{public}/", timeout=5) as answer:
                return answer.read()
        except OSError:
            return b""

    assert eventually(served) == b"served\n"
    taken = {"PortBindings": {"80/tcp": [binding]}}
    second = engine.create("sleep", "600", ExposedPorts={"80/tcp": {}}, HostConfig=taken)
    answer = engine.post(f"/containers/{second}/start")
    assert answer.status == 500
    assert answer.message.endswith("address already in use")
    engine.post(f"/containers/{identity}/stop", t=0)
    assert engine.post(f"/containers/{second}/start").status == 204


def test_published_datagrams(engine: Engine) -> None:
    if not (os.path.exists("/usr/bin/python3") and os.path.isdir("/lib64")):
        pytest.skip("needs the machine's python3, to be lent to a container")
    echo = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 5353))\n"
        "while True: s.sendto(*s.recvfrom(100))"
    )
    host = {
        "PortBindings": {"5353/udp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        "Binds": [f"{path}:{path}:ro" for path in ("/usr", "/lib", "/lib64")],
    }
    command = ("/usr/bin/python3", "-c", echo)
    created = engine.post("/containers/create", {"Image": "busybox", "HostConfig": host})
    if created.status == 501:
        pytest.skip(created.message)
    identity = engine.run(*command, ExposedPorts={"5353/udp": {}}, HostConfig=host)
    (binding,) = engine.get(f"/containers/{identity}/json").json["NetworkSettings"]["Ports"]["5353/udp"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect(("127.0.0.1", int(binding["HostPort"])))

        def echoed() -> bytes:
            try:
                sock.send(b"hello")
                return sock.recv(100)
            except OSError:
                return b""

        assert eventually(echoed) == b"hello"


def test_auto_remove(engine: Engine) -> None:
    identity = engine.create("true", HostConfig={"AutoRemove": True})
    engine.post(f"/containers/{identity}/start")
    eventually(lambda: engine.get(f"/containers/{identity}/json").status == 404)
    assert not (engine.data / "containers" / identity).exists()


def test_init_is_the_first_process_and_passes_signals_on(engine: Engine) -> None:
    host = {"Init": True}
    assert engine.output("ps", "-o", "pid,args", HostConfig=host).splitlines()[1].split() == (
        ["1", "/sbin/docker-init", "--", "ps", "-o", "pid,args"]
    )
    script = 'trap "exit 9" TERM; echo ready; while true; do sleep 0.05; done'
    identity = engine.run("sh", "-c", script, HostConfig=host)
    eventually(lambda: "ready" in engine.logs(identity))
    engine.post(f"/containers/{identity}/kill", signal="TERM")
    assert engine.wait(identity) == 9


def test_health(engine: Engine) -> None:
    second = 1_000_000_000
    check = {"Test": ["CMD-SHELL", "test -e /ok"], "Interval": second // 10, "Retries": 1}
    identity = engine.run("sleep", "600", Healthcheck=check)
    eventually(lambda: engine.state(identity)["Health"]["Status"] == "unhealthy")
    assert engine.names(filters={"health": ["unhealthy"]})
    engine.execute(identity, "touch", "/ok")
    eventually(lambda: engine.state(identity)["Health"]["Status"] == "healthy")
    assert "(healthy)" in engine.get("/containers/json").json[0]["Status"]


def test_a_memory_limit_is_held_and_told(engine: Engine) -> None:
    answer = engine.post(
        "/containers/create",
        {"Image": "busybox", "Cmd": ["tail", "/dev/zero"], "HostConfig": {"Memory": 32 << 20}},
    ).json
    assert "memory limit by sampling" in answer["Warnings"][0]
    engine.post(f"/containers/{answer['Id']}/start")
    assert engine.wait(answer["Id"]) == 137
    assert engine.state(answer["Id"])["OOMKilled"] is True


def test_update_keeps_what_it_does_not_name(engine: Engine) -> None:
    identity = engine.create("true", HostConfig={"CpuShares": 5})
    policy = {"Name": "on-failure", "MaximumRetryCount": 2}
    assert engine.post(f"/containers/{identity}/update", {"RestartPolicy": policy}).json == {"Warnings": None}
    host = engine.get(f"/containers/{identity}/json").json["HostConfig"]
    assert (host["RestartPolicy"], host["CpuShares"]) == (policy, 5)


@pytest.mark.parametrize("condition", ["not-running", "next-exit", "removed"])
def test_wait(engine: Engine, condition: str) -> None:
    identity = engine.create("sh", "-c", "sleep 0.2; exit 4", HostConfig={"AutoRemove": condition == "removed"})
    head = f"POST /containers/{identity}/wait?condition={condition} HTTP/1.1\nHost: e\n\n"
    if condition == "not-running":
        engine.post(f"/containers/{identity}/start")
    with engine.raw(head) as sock:
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 OK")
        if condition != "not-running":
            engine.post(f"/containers/{identity}/start")
        assert b'"StatusCode":4' in sock.recv(4096)


def test_stats(engine: Engine) -> None:
    identity = engine.run("sleep", "600")
    sample = engine.get(f"/containers/{identity}/stats", stream=0, **{"one-shot": 1}).json
    assert sample["pids_stats"]["current"] == 1
    assert sample["memory_stats"]["usage"] > 0
    assert sample["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    stopped = engine.create("true")
    assert engine.get(f"/containers/{stopped}/stats", stream=0).json["memory_stats"] == {}


def test_prune(engine: Engine) -> None:
    engine.run("sleep", "600", name="running")
    doomed = engine.create("true", name="created")
    assert engine.post("/containers/prune").json["ContainersDeleted"] == [doomed]
    assert engine.names(all=1) == ["running"]


def test_limits_that_cannot_be_held_are_told(engine: Engine) -> None:
    body = {"Image": "busybox", "HostConfig": {"NanoCpus": 500_000_000, "PidsLimit": 5}}
    warnings = engine.post("/containers/create", body).json["Warnings"]
    assert [line for line in warnings if "CPUs" in line]
    assert [line for line in warnings if "PIDs" in line]


@pytest.mark.parametrize(
    "host",
    [
        {"Binds": ["name:/data"]},
        {"VolumesFrom": ["x"]},
        {"Links": ["x"]},
        {"PidMode": "host"},
        {"Devices": [{"PathOnHost": "/dev/null"}]},
    ],
)
def test_what_is_not_offered_is_501_and_a_sentence(engine: Engine, host: dict) -> None:
    answer = engine.post("/containers/create", {"Image": "busybox", "HostConfig": host})
    assert answer.status == 501
    assert answer.message.startswith("the practice engine ")
    assert engine.names(all=1) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "then"),
    [
        ("POST", "stop?t=5", 204, "exited"),
        ("POST", "kill", 204, "exited"),
        ("POST", "restart?t=5", 204, "running"),
        ("POST", "pause", 204, "paused"),
        ("GET", "top", 200, "running"),
        ("POST", "resize?h=10&w=10", 200, "running"),
    ],
)
def test_a_request_during_a_start_waits_for_it(engine: Engine, method: str, path: str, status: int, then: str) -> None:
    """As on Docker, whose answers these are."""
    for _ in range(8):
        identity = engine.create("sh", "-c", "trap 'exit 3' TERM; sleep 86410 & wait")
        head = f"POST /containers/{identity}/start HTTP/1.1\nHost: e\nContent-Length: 0\nConnection: close\n\n"
        with engine.raw(head) as starting:
            furnished = engine.data / "containers" / identity / "root" / ".dockerenv"
            eventually(furnished.exists, pause=0.001)  # the start is under way, and takes a while yet
            assert engine.call(method, f"/containers/{identity}/{path}").status == status
            assert starting.recv(4096).startswith(b"HTTP/1.1 204 ")
        assert engine.state(identity)["Status"] == then
        engine.delete(f"/containers/{identity}", force=1)


def test_a_volume_without_a_name_is_no_folder_of_the_machine(engine: Engine) -> None:
    path = f"/no-such-folder-{os.getpid()}"
    identity = engine.run("touch", f"{path}/x", HostConfig={"Binds": [path]})
    assert engine.wait(identity) == 0
    assert not os.path.exists(path)
    assert engine.get(f"/containers/{identity}/json").json["Mounts"] == []


def test_an_exec_tells_whose_it_is(engine: Engine) -> None:
    """Its own user, else the container's."""
    identity = engine.run("sleep", "1000", User="0:0")
    for asked, told in (("", "0:0"), ("root", "root")):
        made = engine.post(f"/containers/{identity}/exec", {"Cmd": ["true"], "User": asked}).json["Id"]
        assert engine.get(f"/exec/{made}/json").json["ProcessConfig"]["user"] == told
