"""Every option of docker-py's `containers.run`: honoured as Docker does, or told about, or refused. Never pretended.

A row: command, options, what the container then says; and what the practice engine does where it cannot honour the
option: `Warns` of it in `Warnings` (the container runs), or `Refuses` with a 501 and a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import docker
import pytest
from client_support import IMAGE, PATIENCE, Engine
from docker.errors import APIError, NotFound
from docker.models.containers import _create_container_args
from docker.types import Healthcheck, LogConfig, Mount, Ulimit


@dataclass(frozen=True)
class Warns:
    words: str


@dataclass(frozen=True)
class Refuses:
    words: str


@dataclass(frozen=True)
class Row:
    command: Any
    options: dict[str, Any]
    says: str
    practice: Warns | Refuses | None = None
    says_anyway: str | None = None  # where the option is discarded, and that shows


OK = "echo ok"
SHOW_MOUNT = "grep ' /t ' /proc/mounts | cut -d' ' -f2,3; stat -c %a /t"
TABLE: dict[str, Row] = {
    # honoured
    "command as one text": Row("echo 'a b' c", {}, "a b c\n"),
    "entrypoint": Row(["x"], {"entrypoint": ["echo", "e"]}, "e x\n"),
    "entrypoint as one text": Row(["x"], {"entrypoint": "echo 'a b'"}, "a b x\n"),
    "environment as a list": Row("echo $A-$B-$C", {"environment": ["A=1", "B=2", "C"]}, "1-2-\n"),
    "environment as a dict": Row("echo $A-$B", {"environment": {"A": "1", "B": None}}, "1-\n"),
    "working_dir": Row("pwd", {"working_dir": "/a/b"}, "/a/b\n"),
    "user and group_add": Row("id -u; id -g; id -G", {"user": "12:34", "group_add": ["56"]}, "12\n34\n34 56\n"),
    "hostname and domainname": Row(
        "hostname; hostname -f", {"hostname": "kiwi", "domainname": "x.org"}, "kiwi\nkiwi.x.org\n"
    ),
    "extra_hosts": Row("grep kiwi /etc/hosts", {"extra_hosts": {"kiwi": "10.0.0.9"}}, "10.0.0.9\tkiwi\n"),
    "labels as a list": Row(OK, {"labels": ["a", "b"]}, "ok\n"),
    "tty": Row("test -t 1; echo $?", {"tty": True}, "0\r\n"),
    "stdin_open": Row("cat; echo end", {"stdin_open": False}, "end\n"),
    "init": Row("cat /proc/1/comm", {"init": True}, "docker-init\n"),
    "read_only": Row("touch /x 2>/dev/null; echo $?", {"read_only": True}, "1\n"),
    "read_only with a tmpfs": Row("touch /t/x; echo $?", {"read_only": True, "tmpfs": {"/t": ""}}, "0\n"),
    "tmpfs": Row(SHOW_MOUNT, {"tmpfs": {"/t": "size=1m,mode=1777"}}, "/t tmpfs\n1777\n"),
    "mount of a tmpfs": Row(
        "df -k /t | tail -1 | awk '{print $2}'",
        {"mounts": [Mount("/t", None, type="tmpfs", tmpfs_size=1 << 20)]},
        "1024\n",
    ),
    "shm_size": Row("df -k /dev/shm | tail -1 | awk '{print $2}'", {"shm_size": "8m"}, "8192\n"),
    "a folder of the machine, read-only": Row(
        "test -e /m/hostname; echo $?; touch /m/x 2>/dev/null; echo $?",
        {"volumes": {"/etc": {"bind": "/m", "mode": "ro"}}},
        "0\n1\n",
    ),
    "ulimits": Row("ulimit -n", {"ulimits": [Ulimit(name="nofile", soft=99, hard=100)]}, "99\n"),
    "cap_drop": Row("chown 1 /tmp 2>/dev/null; echo $?", {"cap_drop": ["CHOWN"]}, "1\n"),
    "security_opt": Row(
        "grep NoNewPrivs /proc/self/status", {"security_opt": ["no-new-privileges"]}, "NoNewPrivs:\t1\n"
    ),
    "ports": Row(OK, {"ports": {"80/tcp": None, "81/udp": ("127.0.0.1", None)}}, "ok\n"),
    "publish_all_ports": Row(OK, {"publish_all_ports": True}, "ok\n"),
    "network_mode none": Row("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", {"network_mode": "none"}, "lo\n"),
    "network_mode host": Row(OK, {"network_mode": "host"}, "ok\n"),
    "network bridge": Row(OK, {"network": "bridge"}, "ok\n"),
    "healthcheck": Row(OK, {"healthcheck": Healthcheck(test=["CMD", "true"], interval=10**9)}, "ok\n"),
    "log_config": Row(OK, {"log_config": LogConfig(type="local", config={"max-size": "1m"})}, "ok\n"),
    "stop_signal": Row(OK, {"stop_signal": "SIGUSR1"}, "ok\n"),
    "restart_policy": Row("echo x; exit 0", {"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 1}}, "x\n"),
    "platform": Row(OK, {"platform": "linux"}, "ok\n"),
    # honoured otherwise, or not at all: a warning
    "mem_limit": Row(OK, {"mem_limit": "32m"}, "ok\n", Warns("memory limit by sampling")),
    "memswap_limit": Row(OK, {"mem_limit": "32m", "memswap_limit": "64m"}, "ok\n", Warns("memory limit by sampling")),
    "mem_reservation": Row(OK, {"mem_reservation": "16m"}, "ok\n", Warns("memory reservation")),
    "mem_swappiness": Row(OK, {"mem_swappiness": 10}, "ok\n", Warns("memory swappiness")),
    "oom_kill_disable": Row(OK, {"oom_kill_disable": True}, "ok\n", Warns("OOM killer")),
    "oom_score_adj": Row("cat /proc/self/oom_score_adj", {"oom_score_adj": 500}, "500\n", Warns("OOM score"), "0\n"),
    "cpu_shares": Row(OK, {"cpu_shares": 512}, "ok\n", Warns("CPU shares")),
    "cpu_quota": Row(OK, {"cpu_quota": 50000, "cpu_period": 100000}, "ok\n", Warns("CPU quota")),
    "nano_cpus": Row(OK, {"nano_cpus": 500_000_000}, "ok\n", Warns("CPUs")),
    "cpuset_cpus": Row(OK, {"cpuset_cpus": "0"}, "ok\n", Warns("CPU set")),
    "cpuset_mems": Row(OK, {"cpuset_mems": "0"}, "ok\n", Warns("memory nodes")),
    "pids_limit": Row(OK, {"pids_limit": 20}, "ok\n", Warns("PIDs limit")),
    "blkio_weight": Row(OK, {"blkio_weight": 300}, "ok\n", Warns("block I/O weight")),
    "device_cgroup_rules": Row(OK, {"device_cgroup_rules": ["c 13:* rwm"]}, "ok\n", Warns("device rules")),
    "cap_add": Row(OK, {"cap_add": ["SYS_TIME"]}, "ok\n", Warns("SYS_TIME")),
    "privileged": Row(OK, {"privileged": True}, "ok\n", Warns("no privileged mode")),
    "dns": Row(
        "grep -v '^#' /etc/resolv.conf | grep .",
        {"dns": ["9.9.9.9"], "dns_search": ["x.org"], "dns_opt": ["ndots:2"]},
        "nameserver 9.9.9.9\nsearch x.org\noptions ndots:2\n",
        Warns("no name server"),
    ),
    "mac_address": Row(OK, {"mac_address": "02:42:ac:11:00:99"}, "ok\n", Warns("MacAddress")),
    "a volume without a name": Row(
        "touch /made-by-dmc/x; echo $?", {"volumes": ["/made-by-dmc"]}, "0\n", Warns("/made-by-dmc is an ordinary")
    ),
    # refused
    "devices": Row(
        "test -c /dev/xnull; echo $?", {"devices": ["/dev/null:/dev/xnull:rwm"]}, "0\n", Refuses("no devices")
    ),
    "sysctls": Row(
        "cat /proc/sys/net/ipv4/ip_forward", {"sysctls": {"net.ipv4.ip_forward": "1"}}, "1\n", Refuses("Sysctls")
    ),
    "pid_mode": Row(OK, {"pid_mode": "host"}, "ok\n", Refuses("PidMode")),
    "ipc_mode": Row(OK, {"ipc_mode": "host"}, "ok\n", Refuses("IpcMode")),
    "uts_mode": Row(OK, {"uts_mode": "host"}, "ok\n", Refuses("UTSMode")),
    "userns_mode": Row(OK, {"userns_mode": "host"}, "ok\n", Refuses("UsernsMode")),
}


@pytest.fixture(scope="module")
def client(engine: Engine) -> Any:
    client = docker.DockerClient(base_url=engine.host, version="auto", timeout=PATIENCE)
    yield client
    client.close()


def create(client: docker.DockerClient, name: str, command: Any, options: dict[str, Any]) -> dict[str, Any]:
    """As `containers.create`, but with the whole answer: `Warnings` are in it."""
    told = {**options, "image": IMAGE, "command": command, "name": name, "version": client.api._version}
    return client.api.create_container(**_create_container_args(told))


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_an_option_is_honoured_or_told_about(engine: Engine, client: docker.DockerClient, name: str, row: Row) -> None:
    shell = isinstance(row.command, str) and row.command != "echo 'a b' c"
    command = ["sh", "-c", row.command] if shell else row.command
    expected = row.practice if engine.name == "practice" else None
    if isinstance(expected, Refuses):
        with pytest.raises(APIError) as caught:
            create(client, name, command, row.options)
        assert caught.value.status_code == 501
        assert expected.words in caught.value.explanation
        with pytest.raises(NotFound):
            client.containers.get(name)
        return
    warnings = " ".join(create(client, name, command, row.options)["Warnings"])
    client.api.start(name)
    assert client.api.wait(name)["StatusCode"] == 0
    out = client.api.logs(name).decode()
    if isinstance(expected, Warns):
        assert expected.words in warnings
        assert out == (row.says if row.says_anyway is None else row.says_anyway)
    else:
        assert "practice engine" not in warnings
        assert out == row.says


WRONG: dict[str, dict[str, Any]] = {
    "a CPU that is not there": {"cpuset_cpus": "77"},
    "a capability that is none": {"cap_add": ["NOSUCH"]},
    "a soft limit above the hard one": {"ulimits": [Ulimit(name="nofile", soft=100, hard=9)]},
    "a limit that is none": {"ulimits": [Ulimit(name="nosuch", soft=1, hard=1)]},
    "a user that is not there": {"user": "nosuch"},
    "a network that is not there": {"network": "nosuch"},
    "a runtime that is not there": {"runtime": "nosuch"},
    "another machine's platform": {"platform": "linux/s390x"},
    "another system's isolation": {"isolation": "hyperv"},
    "a health check without a pause": {"healthcheck": {"test": ["CMD", "true"], "interval": 5}},
    "a log driver that is not there": {"log_config": LogConfig(type="nosuch")},
    "too little memory": {"mem_limit": "1m"},
    "a folder of no machine": {"mounts": [Mount("/t", "/no/such/folder", type="bind")]},
    "links": {"links": {"nosuch": "x"}},
    "volumes_from": {"volumes_from": ["nosuch"]},
    "a GPU": {"device_requests": [docker.types.DeviceRequest(count=1, capabilities=[["gpu"]])]},
    "storage_opt": {"storage_opt": {"size": "1g"}},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused(client: docker.DockerClient, name: str, options: dict[str, Any]) -> None:
    """On create or on start; a broken connection, Docker's answer to an unknown log driver, counts too."""
    with pytest.raises((APIError, docker.errors.DockerException, ConnectionError, OSError)):
        client.api.start(create(client, name, ["true"], options)["Id"])


def test_logs_of_the_driver_none(client: docker.DockerClient, name: str) -> None:
    create(client, name, ["true"], {"log_config": LogConfig(type="none")})
    client.api.start(name)
    with pytest.raises(APIError) as caught:
        client.api.logs(name)
    assert (caught.value.status_code, caught.value.explanation) == (
        501,
        "configured logging driver does not support reading",
    )


# what there is besides containers

CALLS: dict[str, tuple[Any, Any, str]] = {
    # name: call, what Docker gives; what practice says where it has no such thing
    "networks": (lambda c: sorted(n.name for n in c.networks.list(names=["bridge", "host", "none"])), None, ""),
    "networks by driver": (lambda c: [n.name for n in c.networks.list(filters={"driver": "host"})], ["host"], ""),
    "networks by type": (
        lambda c: sorted(n.name for n in c.networks.list(filters={"type": "builtin"})),
        ["bridge", "host", "none"],
        "",
    ),
    "network none": (lambda c: (c.networks.get("none").name, c.networks.get("none").attrs["Driver"]), None, ""),
    "network that is not there": (lambda c: c.networks.get("nosuch"), 404, ""),
    "networks by nonsense": (lambda c: c.networks.list(filters={"nosuch": "x"}), 400, ""),
    "remove a network": (lambda c: c.api.remove_network("nosuch"), 404, ""),
    "remove the network host": (lambda c: c.api.remove_network("host"), 403, ""),
    "prune networks": (lambda c: c.networks.prune(filters={"label": "nosuch"}), {"NetworksDeleted": None}, ""),
    "volumes": (lambda c: c.volumes.list(filters={"label": "nosuch"}), [], ""),
    "volume that is not there": (lambda c: c.volumes.get("nosuch"), 404, ""),
    "remove a volume": (lambda c: c.api.remove_volume("nosuch"), 404, ""),
    "volumes by nonsense": (lambda c: c.volumes.list(filters={"nosuch": "x"}), 400, ""),
    "plugins": (lambda c: c.plugins.list(), [], ""),
    "plugin that is not there": (lambda c: c.plugins.get("nosuch"), 404, ""),
    "swarm": (lambda c: c.api.inspect_swarm(), 503, "is no swarm"),
    "services": (lambda c: c.services.list(), 503, "is no swarm"),
    "nodes": (lambda c: c.nodes.list(), 503, "is no swarm"),
    "secrets": (lambda c: c.secrets.list(), 503, "is no swarm"),
    "configs": (lambda c: c.configs.list(), 503, "is no swarm"),
    "tasks": (lambda c: c.api.tasks(), 503, "is no swarm"),
}


@pytest.mark.parametrize(("call", "wanted", "refusal"), CALLS.values(), ids=CALLS)
def test_what_there_is_besides(
    engine: Engine, client: docker.DockerClient, call: Any, wanted: Any, refusal: str
) -> None:
    if refusal and engine.name == "practice":
        with pytest.raises(APIError) as caught:
            call(client)
        assert caught.value.status_code == 501
        assert re.match(rf"the practice engine .*{refusal}", caught.value.explanation)
    elif isinstance(wanted, int):
        with pytest.raises(APIError) as caught:
            call(client)
        assert caught.value.status_code == wanted
    else:
        found = call(client)
        assert found == (wanted if wanted is not None else found)
        assert found is not None


MADE: dict[str, tuple[Any, str]] = {
    "network": (lambda c: c.networks.create("dmc-nosuch"), "makes no networks"),
    "volume": (lambda c: c.volumes.create("dmc-nosuch"), "has no volumes"),
    "build": (lambda c: c.api.build(fileobj=__import__("io").BytesIO(b"FROM busybox\n")), "does not build images"),
    "search": (lambda c: c.images.search("busybox"), "no registry to search"),
    "registry": (lambda c: c.images.get_registry_data("nosuch"), "no registry to ask"),
    "plugin": (lambda c: c.api.plugin_privileges("nosuch"), "has no plugins"),
    "swarm": (lambda c: c.swarm.init(), "is no swarm"),
}


@pytest.mark.parametrize(("call", "words"), MADE.values(), ids=MADE)
def test_what_practice_cannot_make_it_refuses(
    engine: Engine, client: docker.DockerClient, call: Any, words: str
) -> None:
    if engine.name != "practice":
        pytest.skip("Docker makes these, and they would stay")
    with pytest.raises(APIError) as caught:
        for _ in call(client):
            pass
    assert caught.value.status_code == 501
    assert words in caught.value.explanation
