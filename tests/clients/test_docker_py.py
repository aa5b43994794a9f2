"""docker-py as a foreign client, low and high: each test says what it gets from Docker 28."""

from __future__ import annotations

import io
import os
import re
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import docker
import pytest
from client_support import IMAGE, PATIENCE, RUN, Engine, Made, until
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import Healthcheck
from docker.utils.socket import frames_iter

FOREVER = ["sleep", "100000"]
FIVE_LINES = "echo 1; echo 2; sleep 0.05; echo err >&2; sleep 0.05; echo 3; sleep 0.05; echo 4"


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=engine.host, version="auto", timeout=PATIENCE)
    yield client
    client.close()


@pytest.fixture
def api(client: docker.DockerClient) -> docker.APIClient:
    return client.api


@pytest.fixture(scope="module")
def box(client: docker.DockerClient, made_for_all: Made) -> Container:
    """A container that runs for the whole module; tests leave it as it is."""
    how = {"environment": {"FRUIT": "kiwi"}, "working_dir": "/tmp", "labels": {"fruit": "kiwi", "run": RUN}}
    return client.containers.run(IMAGE, FOREVER, name=made_for_all.name(), detach=True, **how)


@pytest.fixture(scope="module")
def talker(client: docker.DockerClient, made_for_all: Made) -> Container:
    """An ended container with four lines on stdout, one on stderr."""
    container = client.containers.run(IMAGE, ["sh", "-c", FIVE_LINES], name=made_for_all.name(), detach=True)
    container.wait()
    return container


@pytest.fixture
def run(client: docker.DockerClient, made: Made) -> Callable[..., Container]:
    def run(*command: str, **how: Any) -> Container:
        return client.containers.run(IMAGE, list(command), name=made.name(), detach=True, **how)

    return run


@pytest.fixture
def create(client: docker.DockerClient, made: Made) -> Callable[..., Container]:
    def create(*command: str, **how: Any) -> Container:
        return client.containers.create(IMAGE, list(command), name=made.name(), **how)

    return create


def status(container: Container) -> str:
    container.reload()
    return container.status


@contextmanager
def fails(code: int, words: str = "") -> Iterator[None]:
    """The block raises an APIError with this status and these words."""
    with pytest.raises(APIError) as caught:
        yield
    assert caught.value.status_code == code, caught.value
    assert words in caught.value.explanation


# run

RUN_TABLE: dict[str, tuple[list[str], dict[str, Any], bytes]] = {
    "words": (["echo", "a b"], {}, b"a b\n"),
    "environment": (["sh", "-c", "echo $A$B"], {"environment": ["A=1", "B=2"]}, b"12\n"),
    "hostname": (["hostname"], {"hostname": "kiwi"}, b"kiwi\n"),
    "user": (["id", "-u"], {"user": 1234}, b"1234\n"),
    "working_dir": (["pwd"], {"working_dir": "/made/here"}, b"/made/here\n"),
    "entrypoint": (["b"], {"entrypoint": ["echo", "a"]}, b"a b\n"),
    "stdout only": (["sh", "-c", "echo out; echo err >&2"], {}, b"out\n"),
    "stderr only": (["sh", "-c", "echo out; echo err >&2"], {"stdout": False, "stderr": True}, b"err\n"),
    "both": (["sh", "-c", "echo a; sleep 0.1; echo b >&2"], {"stderr": True}, b"a\nb\n"),
    "tty": (["sh", "-c", "test -t 1 && echo yes"], {"tty": True}, b"yes\r\n"),
    "bytes": (["printf", "\\000\\001"], {}, b"\0\1"),
}


@pytest.mark.parametrize(("command", "how", "out"), RUN_TABLE.values(), ids=RUN_TABLE)
def test_run(client: docker.DockerClient, name: str, command: list[str], how: dict[str, Any], out: bytes) -> None:
    assert client.containers.run(IMAGE, command, name=name, **how) == out


def test_run_streams(client: docker.DockerClient, name: str) -> None:
    pieces = client.containers.run(IMAGE, ["seq", "2000"], name=name, stream=True)
    assert b"".join(pieces) == b"".join(b"%d\n" % n for n in range(1, 2001))


def test_run_raises_on_failure(client: docker.DockerClient, name: str) -> None:
    with pytest.raises(ContainerError) as caught:
        client.containers.run(IMAGE, ["sh", "-c", "echo why >&2; exit 3"], name=name)
    assert (caught.value.exit_status, caught.value.stderr) == (3, b"why\n")


def test_run_remove(client: docker.DockerClient, name: str) -> None:
    assert client.containers.run(IMAGE, ["echo", "x"], name=name, remove=True) == b"x\n"
    with pytest.raises(NotFound):
        client.containers.get(name)


def test_auto_remove(client: docker.DockerClient, run: Callable[..., Container]) -> None:
    container = run("sleep", "1", auto_remove=True)  # there until it is waited for
    container.wait(condition="removed")
    with fails(404):
        client.containers.get(container.id)


def test_run_of_what_is_not_there(client: docker.DockerClient, name: str) -> None:
    with fails(400, "executable file not found in $PATH"):
        client.containers.run(IMAGE, ["nosuch"], name=name, detach=True)
    container = client.containers.get(name)
    assert (container.status, container.attrs["State"]["ExitCode"]) == ("created", 127)


# create, list, get, prune


def test_create_and_inspect(create: Callable[..., Container]) -> None:
    how = {
        "labels": {"fruit": "kiwi"},
        "stop_signal": "SIGUSR1",
        "tty": True,
        "stdin_open": True,
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": 2},
        "healthcheck": Healthcheck(test=["CMD", "true"], interval=10**9),
        "init": True,
    }
    container = create(*FOREVER, **how)
    attrs = container.attrs
    assert re.fullmatch(r"[0-9a-f]{64}", container.id)
    assert (container.short_id, container.status, container.labels) == (
        container.id[:12],
        "created",
        how["labels"],
    )
    assert attrs["Config"]["Cmd"] == FOREVER
    assert [attrs["Config"][key] for key in ("StopSignal", "Tty", "OpenStdin")] == ["SIGUSR1", True, True]
    assert attrs["Config"]["Healthcheck"] == {"Test": ["CMD", "true"], "Interval": 10**9}
    assert attrs["HostConfig"]["RestartPolicy"] == how["restart_policy"]
    assert attrs["HostConfig"]["Init"] is True
    assert attrs["Path"] == "sleep"
    assert attrs["Image"] == container.image.id
    assert IMAGE in container.image.tags


def test_create_gives_a_name(client: docker.DockerClient) -> None:
    container = client.containers.create(IMAGE, ["true"])
    try:
        assert re.fullmatch(r"[a-z]+_[a-z]+\d?", container.name)
    finally:
        container.remove()


LISTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "running": ({}, ["up"]),
    "all": ({"all": True}, ["new", "ended", "up"]),
    "limit": ({"limit": 2}, ["new", "ended"]),
    "status": ({"filters": {"status": "exited"}}, ["ended"]),
    "statuses": ({"filters": {"status": ["exited", "created"]}}, ["new", "ended"]),
    "exit code": ({"all": True, "filters": {"exited": 3}}, ["ended"]),
    "since": ({"all": True, "filters": {"since": "up"}}, ["new", "ended"]),
    "before": ({"all": True, "filters": {"before": "ended"}}, ["up"]),
    "name": ({"all": True, "filters": {"name": "up"}}, ["up"]),
}


@pytest.fixture(scope="module")
def three(client: docker.DockerClient, made_for_all: Made) -> dict[str, str]:
    names = {key: made_for_all.name() for key in ("label", "up", "ended", "new")}
    labels = {names["label"]: ""}
    client.containers.run(IMAGE, FOREVER, name=names["up"], detach=True, labels=labels)
    ended = client.containers.run(IMAGE, ["sh", "-c", "exit 3"], name=names["ended"], detach=True, labels=labels)
    ended.wait()
    client.containers.create(IMAGE, ["true"], name=names["new"], labels=labels)
    return names


@pytest.mark.parametrize(("how", "wanted"), LISTS.values(), ids=LISTS)
def test_list(client: docker.DockerClient, three: dict[str, str], how: dict[str, Any], wanted: list[str]) -> None:
    def named(value: Any) -> Any:
        return three.get(value, value) if isinstance(value, str) else value

    filters = {key: named(value) for key, value in how.get("filters", {}).items()}
    words = {key: named(value) for key, value in how.items() if key != "filters"}
    found = client.containers.list(filters=filters | {"label": three["label"]}, **words)
    assert [container.name for container in found] == [three[key] for key in wanted]


def test_low_level_list(api: docker.APIClient, three: dict[str, str]) -> None:
    (row,) = api.containers(all=True, size=True, filters={"name": three["ended"]})
    assert row["Names"] == [f"/{three['ended']}"]
    assert (row["Image"], row["Command"], row["State"]) == (IMAGE, "sh -c 'exit 3'", "exited")
    assert re.fullmatch(r"Exited \(3\) .*ago", row["Status"])
    assert (row["Ports"], row["Mounts"], row["Labels"]) == ([], [], {three["label"]: ""})
    assert row["SizeRootFs"] > 100_000
    assert abs(row["Created"] - time.time()) < 3600


def test_get_by_name_and_by_part_of_id(client: docker.DockerClient, box: Container) -> None:
    assert client.containers.get(box.name) == client.containers.get(box.id[:10]) == box


def test_container_prune(client: docker.DockerClient, create: Callable[..., Container], made: Made) -> None:
    label = made.name()
    container = create("true", labels={label: "x"})
    answer = client.containers.prune(filters={"label": label})
    assert answer == {"ContainersDeleted": [container.id], "SpaceReclaimed": 0}


# errors


def test_not_found(client: docker.DockerClient) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch-one") as caught:
        client.containers.get("nosuch-one")
    assert caught.value.is_client_error()
    with pytest.raises(ImageNotFound):
        client.images.get("nosuch-image")


def test_conflict(client: docker.DockerClient, box: Container) -> None:
    with fails(409, f'The container name "/{box.name}" is already in use'):
        client.containers.create(IMAGE, name=box.name)


def test_image_not_found_on_create(api: docker.APIClient, name: str) -> None:
    with pytest.raises(ImageNotFound, match="No such image: nosuch-image:latest"):
        api.create_container("nosuch-image", name=name)


def test_already_so_is_silent(box: Container, talker: Container) -> None:
    assert box.start() is None
    assert talker.stop() is None


FAILURES: dict[str, tuple[str, str, tuple, dict[str, Any], int, str]] = {
    "kill a stopped one": ("talker", "kill", (), {}, 409, "is not running"),
    "bad signal": ("box", "kill", ("NOSUCH",), {}, 400, "invalid signal"),
    "pause a stopped one": ("talker", "pause", (), {}, 409, "is not running"),
    "unpause a running one": ("box", "unpause", (), {}, 500, "is not paused"),
    "remove a running one": ("box", "remove", (), {}, 409, "container is running"),
    "exec in a stopped one": ("talker", "exec_run", ("true",), {}, 409, "is not running"),
    "top of a stopped one": ("talker", "top", (), {}, 409, "is not running"),
    "resize a stopped one": ("talker", "resize", (20, 70), {}, 409, "is not running"),
    "archive of nothing": ("box", "get_archive", ("/nosuch",), {}, 404, "Could not find the file /nosuch"),
    "archive into nothing": (
        "box",
        "put_archive",
        ("/nosuch", b"\0" * 1024),
        {},
        404,
        "Could not find the file",
    ),
    "unknown condition": ("box", "wait", (), {"condition": "nosuch"}, 400, "invalid condition"),
    "rename to nothing": ("box", "rename", ("!",), {}, 400, "Invalid container name"),
}


@pytest.mark.parametrize(("who", "method", "words", "how", "code", "said"), FAILURES.values(), ids=FAILURES)
def test_failures(
    box: Container, talker: Container, who: str, method: str, words: tuple, how: dict, code: int, said: str
) -> None:
    with fails(code, said):
        getattr({"box": box, "talker": talker}[who], method)(*words, **how)


def test_unknown_filter(client: docker.DockerClient) -> None:
    with fails(400, "invalid filter 'nosuch'"):
        client.containers.list(filters={"nosuch": "x"})


# life


def test_life(client: docker.DockerClient, create: Callable[..., Container], made: Made) -> None:
    container = create(*FOREVER)
    container.start()
    assert status(container) == "running"
    container.pause()
    assert status(container) == "paused"
    with fails(409, "is already paused"):
        container.pause()
    container.unpause()
    new = made.name()
    container.rename(new)
    assert client.containers.get(new).id == container.id
    container.restart(timeout=0)
    assert status(container) == "running"
    container.stop(timeout=0)
    assert (status(container), container.attrs["State"]["ExitCode"]) == ("exited", 137)
    container.remove()
    with fails(404, "No such container"):
        container.reload()


KILLS = [("SIGKILL", 137), ("TERM", 143), (2, 130)]


@pytest.mark.parametrize(("signal", "code"), KILLS)
def test_kill(run: Callable[..., Container], signal: str | int, code: int) -> None:
    container = run(*FOREVER, init=True)
    container.exec_run("true")
    container.kill(signal)
    assert container.wait() == {"StatusCode": code}


def test_stop_signal_and_timeout(run: Callable[..., Container]) -> None:
    script = 'trap "exit 5" USR1; echo ready; while :; do sleep 0.05; done'
    container = run("sh", "-c", script, stop_signal="SIGUSR1")
    until(container.logs)
    container.stop(timeout=PATIENCE)
    assert container.wait()["StatusCode"] == 5


def test_update(api: docker.APIClient, create: Callable[..., Container]) -> None:
    container = create("true")
    assert api.update_container(container.id, restart_policy={"Name": "always"}) == {"Warnings": None}
    container.reload()
    assert container.attrs["HostConfig"]["RestartPolicy"] == {"Name": "always", "MaximumRetryCount": 0}


def test_restart_policy(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "exit 7", restart_policy={"Name": "on-failure", "MaximumRetryCount": 1})

    def done() -> bool:
        return status(container) == "exited" and container.attrs["RestartCount"] == 1

    until(done, "one restart")
    assert container.attrs["State"]["ExitCode"] == 7


def test_health(run: Callable[..., Container]) -> None:
    test = Healthcheck(test=["CMD-SHELL", "test -e /well"], interval=10**8, retries=1)
    container = run(*FOREVER, healthcheck=test)
    until(lambda: container.reload() or container.health == "unhealthy", "unhealthy")
    container.exec_run("touch /well")
    until(lambda: container.reload() or container.health == "healthy", "healthy")


# wait


@pytest.mark.parametrize("condition", [None, "not-running", "next-exit"])
def test_wait(run: Callable[..., Container], condition: str | None) -> None:
    container = run("sh", "-c", "until test -e /go; do sleep 0.05; done; exit 9")
    process = run_later(lambda: container.exec_run("touch /go"))
    assert container.wait(condition=condition, timeout=PATIENCE) == {"StatusCode": 9}
    process.join()


def run_later(action: Callable[[], Any]) -> threading.Timer:
    """In a thread, a moment from now: after the call that follows, or before; both must do."""
    timer = threading.Timer(0.3, action)
    timer.start()
    return timer


def test_wait_for_removal(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "until test -e /go; do sleep 0.05; done; exit 6", auto_remove=True)
    timer = run_later(lambda: container.exec_run("touch /go"))
    assert container.wait(condition="removed", timeout=PATIENCE) == {"StatusCode": 6}
    timer.join()


def test_wait_when_it_is_over(talker: Container, create: Callable[..., Container]) -> None:
    assert talker.wait() == {"StatusCode": 0}
    assert create("true").wait() == {"StatusCode": 0}


# logs

LOGS: dict[str, tuple[dict[str, Any], bytes]] = {
    "all": ({}, b"1\n2\nerr\n3\n4\n"),
    "stdout": ({"stderr": False}, b"1\n2\n3\n4\n"),
    "stderr": ({"stdout": False}, b"err\n"),
    "tail": ({"tail": 2}, b"3\n4\n"),
    "tail zero": ({"tail": 0}, b""),
    "since the future": ({"since": 4_000_000_000}, b""),
    "until the past": ({"until": 1}, b""),
    "since a date": ({"since": datetime(2020, 1, 1)}, b"1\n2\nerr\n3\n4\n"),
}


@pytest.mark.parametrize(("how", "wanted"), LOGS.values(), ids=LOGS)
def test_logs(talker: Container, how: dict[str, Any], wanted: bytes) -> None:
    assert talker.logs(**how) == wanted


def test_logs_timestamps_and_since(talker: Container) -> None:
    lines = talker.logs(timestamps=True, stderr=False).decode().splitlines()
    third = re.fullmatch(r"(.*)\.(\d{9})Z 3", lines[2])
    seconds = datetime.fromisoformat(third[1]).replace(tzinfo=timezone.utc).timestamp()
    assert talker.logs(stderr=False, since=seconds + float(f"0.{third[2]}") - 0.01) == b"3\n4\n"


def test_logs_stream(talker: Container) -> None:
    assert b"".join(talker.logs(stream=True)) == b"1\n2\nerr\n3\n4\n"


def test_logs_follow(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "echo 1; until test -e /go; do sleep 0.05; done; echo 2")
    lines = container.logs(stream=True, follow=True)
    assert next(lines) == b"1\n"
    container.exec_run("touch /go")
    assert list(lines) == [b"2\n"]


def test_logs_follow_from_now(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "echo 1; until test -e /go; do sleep 0.05; done; echo 2; echo 3")
    until(container.logs)
    lines = container.logs(stream=True, follow=True, tail=0)
    container.exec_run("touch /go")
    assert b"".join(lines) == b"2\n3\n"


def test_logs_of_a_terminal(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "echo a; echo b >&2", tty=True)
    container.wait()
    assert container.logs() == b"a\r\nb\r\n"


def test_many_logs(run: Callable[..., Container]) -> None:
    container = run("seq", "100000")
    container.wait()
    assert container.logs() == "".join(f"{n}\n" for n in range(1, 100_001)).encode()
    assert container.logs(tail=3) == b"99998\n99999\n100000\n"


# attach


def test_attach_stream(create: Callable[..., Container]) -> None:
    container = create("sh", "-c", FIVE_LINES)
    pieces = container.attach(stdout=True, stderr=True, stream=True)
    container.start()
    assert b"".join(pieces) == b"1\n2\nerr\n3\n4\n"


def test_attach_demultiplexed(api: docker.APIClient, create: Callable[..., Container]) -> None:
    container = create("sh", "-c", FIVE_LINES)
    pieces = api.attach(container.id, stdout=True, stderr=True, stream=True, demux=True)
    container.start()
    out, err = zip(*pieces, strict=True)
    assert b"".join(filter(None, out)) == b"1\n2\n3\n4\n"
    assert b"".join(filter(None, err)) == b"err\n"


def raw(sock: Any) -> socket.socket:
    """The socket in what docker-py gives."""
    return getattr(sock, "_sock", sock)


def everything(sock: Any, tty: bool = False) -> dict[int, bytes]:
    """All frames until the end, by stream."""
    found: dict[int, bytes] = {}
    for stream, data in frames_iter(sock, tty):
        found[stream] = found.get(stream, b"") + data
    return found


def test_attach_socket(api: docker.APIClient, name: str) -> None:
    # StdinOnce: the end of our side is the end of the container's stdin
    config = api.create_container_config(IMAGE, ["sh", "-c", "cat; echo end >&2"], stdin_open=True)
    api.create_container_from_config(config | {"AttachStdin": True, "StdinOnce": True}, name=name)
    sock = api.attach_socket(name, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    api.start(name)
    data = os.urandom(300_000)

    def write() -> None:
        raw(sock).sendall(data)
        raw(sock).shutdown(socket.SHUT_WR)

    writer = threading.Thread(target=write)
    writer.start()
    assert everything(sock) == {1: data, 2: b"end\n"}
    writer.join()
    sock.close()


def test_attach_socket_to_a_terminal(create: Callable[..., Container]) -> None:
    container = create("sh", stdin_open=True, tty=True)
    sock = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    container.resize(20, 70)
    raw(sock).sendall(b"stty size; exit 4\n")
    assert b"20 70\r\n" in everything(sock, tty=True)[1]
    sock.close()
    assert container.wait()["StatusCode"] == 4


# exec


def test_exec_run(box: Container) -> None:
    assert box.exec_run(["sh", "-c", "echo $FRUIT; pwd"]) == (0, b"kiwi\n/tmp\n")
    assert box.exec_run("sh -c 'echo err >&2; exit 3'") == (3, b"err\n")


def test_exec_demux(box: Container) -> None:
    assert box.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True) == (0, (b"out\n", b"err\n"))


EXECS: dict[str, tuple[list[str], dict[str, Any], bytes]] = {
    "environment": (["sh", "-c", "echo $FRUIT$B"], {"environment": {"FRUIT": "fig", "B": "2"}}, b"fig2\n"),
    "workdir": (["pwd"], {"workdir": "/etc"}, b"/etc\n"),
    "user": (["sh", "-c", "id -u; id -g"], {"user": "1234:567"}, b"1234\n567\n"),
    "tty": (["sh", "-c", "test -t 1 && echo yes"], {"tty": True}, b"yes\r\n"),
    "no stderr": (["sh", "-c", "echo a; echo b >&2"], {"stderr": False}, b"a\n"),
    "privileged": (["id", "-u"], {"privileged": True}, b"0\n"),
}


@pytest.mark.parametrize(("command", "how", "out"), EXECS.values(), ids=EXECS)
def test_exec_options(box: Container, command: list[str], how: dict[str, Any], out: bytes) -> None:
    assert box.exec_run(command, **how) == (0, out)


def test_exec_stream(box: Container) -> None:
    code, pieces = box.exec_run(["seq", "3000"], stream=True)
    assert code is None
    assert b"".join(pieces) == "".join(f"{n}\n" for n in range(1, 3001)).encode()


def test_exec_socket(box: Container) -> None:
    _, sock = box.exec_run("cat", stdin=True, socket=True)
    raw(sock).sendall(b"abc")
    raw(sock).shutdown(socket.SHUT_WR)
    assert everything(sock) == {1: b"abc"}
    sock.close()


def test_exec_socket_with_a_terminal(box: Container, api: docker.APIClient) -> None:
    exec_id = api.exec_create(box.id, "sh", stdin=True, tty=True)["Id"]
    sock = api.exec_start(exec_id, tty=True, socket=True)
    api.exec_resize(exec_id, height=20, width=70)
    raw(sock).sendall(b"stty size; exit 5\n")
    assert b"20 70\r\n" in everything(sock, tty=True)[1]
    sock.close()
    until(lambda: api.exec_inspect(exec_id)["ExitCode"] == 5)


def test_exec_detached(box: Container, api: docker.APIClient) -> None:
    exec_id = api.exec_create(box.id, ["sh", "-c", "exit 8"])["Id"]
    assert api.exec_start(exec_id, detach=True) == ""
    until(lambda: api.exec_inspect(exec_id)["ExitCode"] == 8)


def test_exec_inspect(box: Container, api: docker.APIClient) -> None:
    command = ["sh", "-c", "until test -e /tmp/exec-go; do sleep 0.05; done; exit 3"]
    exec_id = api.exec_create(box.id, command, environment=["A=b"], workdir="/etc", user="0")["Id"]
    new = api.exec_inspect(exec_id)
    assert (new["Running"], new["ExitCode"], new["Pid"], new["ContainerID"]) == (False, None, 0, box.id)
    config = new["ProcessConfig"]
    assert (config["entrypoint"], config["arguments"], config["tty"]) == ("sh", command[1:], False)
    api.exec_start(exec_id, detach=True)
    running = until(lambda: (seen := api.exec_inspect(exec_id))["Running"] and seen)
    assert running["Pid"] > 0
    box.reload()
    assert exec_id in box.attrs["ExecIDs"]
    box.exec_run("touch /tmp/exec-go")
    ended = until(lambda: not (seen := api.exec_inspect(exec_id))["Running"] and seen)
    assert ended["ExitCode"] == 3


def test_exec_what_is_not_there(box: Container, api: docker.APIClient) -> None:
    exec_id = api.exec_create(box.id, ["nosuch"])["Id"]
    assert b"executable file not found in $PATH" in api.exec_start(exec_id)
    assert api.exec_inspect(exec_id)["ExitCode"] == 127
    with fails(404, "No such exec instance: nosuch"):
        api.exec_inspect("nosuch")


def test_every_exit_code(box: Container) -> None:
    """All of them in one round: an exec is cheap."""
    script = "for n in $(seq 0 255); do (exit $n); echo $?; done"
    assert box.exec_run(["sh", "-c", script]).output.split() == [b"%d" % n for n in range(256)]
    for code in range(0, 256, 15):
        assert box.exec_run(["sh", "-c", f"exit {code}"]).exit_code == code


# archives, changes, export, images


def archive(**files: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime, entry.uid = len(data), 0o640, 1_000_000_000, 1234
            tar.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def members(pieces: Iterator[bytes]) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        return {entry.name: entry for entry in tar.getmembers()}


def test_archive_there_and_back(create: Callable[..., Container]) -> None:
    container = create("true")
    assert container.put_archive("/tmp", archive(a=b"x" * 200_000, b=b"")) is True
    pieces, stat = container.get_archive("/tmp/a")
    (entry,) = members(pieces).values()
    assert (entry.name, entry.size, entry.mode, entry.mtime, entry.uid) == (
        "a",
        200_000,
        0o640,
        1_000_000_000,
        1234,
    )
    assert (stat["name"], stat["size"], stat["mode"], stat["linkTarget"]) == ("a", 200_000, 0o640, "")
    assert stat["mtime"] == "2001-09-09T01:46:40Z"


def test_archive_of_a_folder(box: Container) -> None:
    box.exec_run(["sh", "-c", "mkdir -p /tmp/top/deep; echo x >/tmp/top/deep/x; ln -sf deep/x /tmp/top/link"])
    pieces, stat = box.get_archive("/tmp/top")
    found = members(pieces)
    assert {name.rstrip("/") for name in found} == {"top", "top/deep", "top/deep/x", "top/link"}
    assert found["top/link"].linkname == "deep/x"
    assert stat["mode"] & (1 << 31)
    assert members(box.get_archive("/tmp/top/.")[0]).keys() & {"./", ".", "./deep/x"}


def test_archive_does_not_climb(create: Callable[..., Container], client: docker.DockerClient) -> None:
    container = create("true")
    with fails(500, "invalid entry name"):
        container.put_archive("/tmp", archive(**{"../../climbed": b"x"}))
    with fails(404):
        container.get_archive("/climbed")


def test_archive_keeps_folders_where_files_are_not_wanted(box: Container, api: docker.APIClient) -> None:
    box.exec_run("mkdir -p /tmp/folder")
    url = api._url("/containers/{0}/archive", box.id)
    query = {"path": "/tmp", "noOverwriteDirNonDir": "true"}
    answer = api._put(url, params=query, data=archive(folder=b"x"))
    assert (answer.status_code, "cannot overwrite directory" in answer.text) == (500, True)


def test_diff(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "echo x >/new; echo x >>/etc/passwd; rm /bin/yes")
    container.wait()
    changes = {(change["Path"], change["Kind"]) for change in container.diff()}
    assert changes == {("/new", 1), ("/etc", 0), ("/etc/passwd", 0), ("/bin", 0), ("/bin/yes", 2)}


def test_diff_of_one_untouched(create: Callable[..., Container]) -> None:
    assert create("true").diff() is None


def test_export(run: Callable[..., Container]) -> None:
    container = run("sh", "-c", "echo kept >/kept")
    container.wait()
    names = {name.removeprefix("./") for name in members(container.export(chunk_size=4096))}
    assert {"kept", "bin/sh", "etc/passwd"} <= names


def test_commit_and_images(client: docker.DockerClient, run: Callable[..., Container], made: Made) -> None:
    container = run("sh", "-c", "echo kept >/kept", labels={"a": "b"})
    container.wait()
    repo, _, tag = made.image("v1").partition(":")
    conf = {"Env": ["FRUIT=kiwi"], "Labels": {"run": RUN}}
    image = container.commit(repo, tag, message="why", author="who", conf=conf)
    assert image.tags == [f"{repo}:{tag}"]
    assert (image.attrs["Comment"], image.attrs["Author"]) == ("why", "who")
    assert "FRUIT=kiwi" in image.attrs["Config"]["Env"]
    assert image.history()[0]["Comment"] == "why"
    assert client.images.list(name=repo) == [image]
    assert client.images.list(filters={"label": f"run={RUN}", "reference": repo}) == [image]
    assert client.containers.run(image, ["cat", "/kept"], name=made.name()) == b"kept\n"


def test_tag_get_and_remove(client: docker.DockerClient, made: Made) -> None:
    image = client.images.get(IMAGE)
    repo, _, tag = made.image("v3").partition(":")
    assert image.tag(repo, tag) is True
    image.reload()
    assert {IMAGE, f"{repo}:{tag}"} <= set(image.tags)
    assert client.images.get(image.id) == client.images.get(image.short_id) == image
    assert client.api.remove_image(f"{repo}:{tag}") == [{"Untagged": f"{repo}:{tag}"}]
    with pytest.raises(ImageNotFound):
        client.images.remove(f"{repo}:{tag}")


def test_save_and_load(client: docker.DockerClient, made: Made) -> None:
    image = client.images.get(IMAGE)
    repo, _, tag = made.image("v4").partition(":")
    image.tag(repo, tag)
    data = b"".join(client.images.get(f"{repo}:{tag}").save(named=f"{repo}:{tag}"))
    client.images.remove(f"{repo}:{tag}")
    (loaded,) = client.images.load(data)
    assert loaded.id == image.id
    assert f"{repo}:{tag}" in loaded.tags


def test_import(client: docker.DockerClient, made: Made) -> None:
    repo, _, tag = made.image().partition(":")
    client.api.import_image_from_data(archive(hello=b"x"), repository=repo, tag=tag)
    image = client.images.get(f"{repo}:{tag}")
    assert len(image.attrs["RootFS"]["Layers"]) == 1
    assert (image.attrs["Os"], image.attrs["Size"] >= 1) == ("linux", True)


def test_pull_says_why_not(client: docker.DockerClient) -> None:
    with pytest.raises(APIError):
        client.images.pull("nosuch-image-anywhere", tag="latest")


def test_image_prune(client: docker.DockerClient) -> None:
    assert client.images.prune(filters={"label": f"{RUN}-nosuch"}) == {
        "ImagesDeleted": None,
        "SpaceReclaimed": 0,
    }


# top, stats


def test_top(box: Container) -> None:
    top = box.top()
    assert top["Titles"] == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert "sleep 100000" in [row[-1] for row in top["Processes"]]
    box.reload()
    top = box.top(ps_args="-o pid,args")
    assert top == {
        "Titles": ["PID", "COMMAND"],
        "Processes": [[str(box.attrs["State"]["Pid"]), "sleep 100000"]],
    }


def test_stats_once(box: Container) -> None:
    stats = box.stats(stream=False)
    assert (stats["name"], stats["id"]) == (f"/{box.name}", box.id)
    assert stats["cpu_stats"]["cpu_usage"]["total_usage"] >= stats["precpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert stats["cpu_stats"]["system_cpu_usage"] > stats["precpu_stats"]["system_cpu_usage"] > 0
    assert 0 < stats["memory_stats"]["usage"] < stats["memory_stats"]["limit"]
    assert stats["pids_stats"]["current"] >= 1


def test_stats_without_waiting(api: docker.APIClient, box: Container) -> None:
    stats = api.stats(box.id, stream=False, one_shot=True)
    assert stats["preread"] == "0001-01-01T00:00:00Z"
    assert "system_cpu_usage" not in stats["precpu_stats"]


def test_stats_stream(box: Container) -> None:
    stream = box.stats(stream=True, decode=True)
    first, second = next(stream), next(stream)
    assert first["read"] < second["read"]
    assert second["preread"] == first["read"]


# events and the system


def test_events(client: docker.DockerClient, run: Callable[..., Container]) -> None:
    begin = time.time()
    container = run("sh", "-c", "exit 3", labels={"fruit": "kiwi"})
    container.wait()

    def seen() -> list[dict[str, Any]]:
        filters = {"container": container.id, "event": ["create", "start", "die"]}
        stream = client.events(since=f"{begin:.6f}", until=f"{time.time():.6f}", filters=filters, decode=True)
        return list(stream)

    events = until(lambda: len(found := seen()) == 3 and found, "three events")
    assert [event["Action"] for event in events] == ["create", "start", "die"]
    attributes = events[2]["Actor"]["Attributes"]
    assert (attributes["exitCode"], attributes["fruit"]) == ("3", "kiwi")
    assert attributes.keys() >= {"execDuration", "image", "name"}


def test_live_events(client: docker.DockerClient, run: Callable[..., Container]) -> None:
    filters = {"label": f"live={RUN}", "event": "die"}
    stream = client.events(decode=True, filters=filters)
    # docker-py sends the request when it makes the stream, and it has the head when it returns
    container = run("true", labels={"live": RUN})
    assert next(stream)["id"] == container.id
    stream.close()


def test_system(client: docker.DockerClient, box: Container) -> None:
    assert client.ping() is True
    version, info = client.version(), client.info()
    assert (version["Os"], version["Version"]) == ("linux", info["ServerVersion"])
    assert tuple(map(int, version["ApiVersion"].split("."))) >= tuple(map(int, version["MinAPIVersion"].split(".")))
    assert info["ContainersRunning"] >= 1


def test_df(client: docker.DockerClient, box: Container) -> None:
    df = client.df()
    assert df.keys() == {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"}
    assert box.id in [row["Id"] for row in df["Containers"]]


@pytest.mark.parametrize("version", ["1.24", "1.30", "1.41", "1.44"])
def test_older_versions(engine: Engine, box: Container, version: str) -> None:
    old = docker.APIClient(base_url=engine.host, version=version)
    assert old.inspect_container(box.name)["Id"] == box.id
    assert box.name in [row["Names"][0].lstrip("/") for row in old.containers(filters={"name": box.name})]
    old.close()


def test_a_version_from_the_future(engine: Engine) -> None:
    new = docker.APIClient(base_url=engine.host, version="1.99")
    with fails(400, "client version 1.99 is too new"):
        new.containers()
    new.close()
