"""create: by flags and by JSON, seen again in inspect and inside the container; `--replace`."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest
from differences import expected, quirk
from enginekit import IMAGE, Caller, Made, Magic, unique, until

from dockermagic import bodies, errors
from dockermagic.endpoints import BY_NAME, LABEL

FLAGS: list[tuple[list[str], str, Any]] = [
    (["-e", "GREETING=你好 世界", "--env", "EMPTY="], "Config.Env", {"GREETING=你好 世界", "EMPTY="}),
    (["-l", "名字=值 与空格", "--label", "bare"], "Config.Labels", {"名字": "值 与空格", "bare": "", LABEL: "1"}),
    (["-w", "/tmp"], "Config.WorkingDir", "/tmp"),
    (["--workdir", "/中文/目录"], "Config.WorkingDir", "/中文/目录"),
    (["-u", "1000:1000"], "Config.User", "1000:1000"),
    (["--entrypoint", "/bin/echo"], "Config.Entrypoint", ["/bin/echo"]),
    (["-h", "es-host"], "Config.Hostname", "es-host"),
    (["-t"], "Config.Tty", True),
    (["-i"], "Config.OpenStdin", True),
    (["--stop-signal", "SIGINT"], "Config.StopSignal", "SIGINT"),
    (["--stop-timeout", "3"], "Config.StopTimeout", 3),
    (["--rm"], "HostConfig.AutoRemove", True),
    (["--init"], "HostConfig.Init", True),
    (["--restart", "on-failure:3"], "HostConfig.RestartPolicy", {"Name": "on-failure", "MaximumRetryCount": 3}),
    (["--restart", "always"], "HostConfig.RestartPolicy", {"Name": "always", "MaximumRetryCount": 0}),
    (["-v", "/usr:/outside:ro"], "HostConfig.Binds", {"/usr:/outside:ro"}),
    (["-p", "127.0.0.1:0:80", "-p", "53/udp"], "HostConfig.PortBindings", {"80/tcp", "53/udp"}),
    (["-m", "64m"], "HostConfig.Memory", 64 << 20),
    (["--cpus", "0.5"], "HostConfig.NanoCpus", 500_000_000),
    (["--network", "none"], "HostConfig.NetworkMode", "none"),
]


def pick(tree: Any, path: str) -> Any:
    return reduce(lambda inner, key: inner[key], path.split("."), tree)


@pytest.mark.parametrize(
    ("words", "path", "value"), FLAGS, ids=lambda found: " ".join(found) if isinstance(found, list) else None
)
def test_a_flag_is_seen_again_in_inspect(by: Caller, made: Made, words: list[str], path: str, value: Any) -> None:
    name = made.expect(unique())
    if words == ["--init"] and quirk("create: an init needs catatonit", by.session.engine.name):
        pytest.skip("the host may lack the program that this engine takes for an init")
    answer = by.create(IMAGE, "--name", name, *words, "--", "sleep", "60")
    assert answer["Id"] == made.inspect(name)["Id"]
    assert by.last.status == 201
    found = pick(made.inspect(name), path)
    if path == "HostConfig.PortBindings" and made.inspect(name)["HostConfig"]["NetworkMode"] == "host":
        pytest.skip("this engine's usual network is the host's, which publishes nothing")
    if isinstance(value, set):
        assert value <= set(map(str, found)) or all(any(each.startswith(one) for each in found) for one in value)
    elif isinstance(value, dict):
        assert value.items() <= found.items()
    elif path == "Config.StopSignal":
        assert str(found) in ("SIGINT", "2")  # Podman tells the number
    else:
        assert found == value


def test_every_flag_is_tried() -> None:
    tried = {word for words, _, _ in FLAGS for word in words}
    for flag in bodies.FLAGS:
        assert {flag.param.option, f"-{flag.param.short}"} & tried, flag.param.option


def test_the_flags_hold_inside(by: Caller, made: Made) -> None:
    name = made.expect(unique())
    script = 'pwd; id -u; hostname; echo "$GREETING"; cat /dev/null; ls /outside >/dev/null && echo mounted'
    by.create(
        IMAGE, "--name", name, "-w", "/tmp", "-u", "1000", "-h", "es-host",
        "-e", "GREETING=你好", "-v", "/usr:/outside:ro",
        "--network", "none", "--memory", "64m", "--cpus", "0.5", "--", "sh", "-c", script,
    )  # fmt: skip
    by("start", id=name)
    assert by("wait", id=name)["StatusCode"] == 0
    lines = by("logs", id=name)
    assert list(lines["line"]) == ["/tmp", "1000", "es-host", "你好", "mounted"]


def test_rm_removes_it_when_it_ends(by: Caller, made: Made) -> None:
    name = made.expect(unique())
    by.create(IMAGE, "--rm", "--name", name, "--", "true")
    by("start", id=name)
    until(lambda: not made.there(name), "it is gone")


def test_without_a_name_or_a_command(by: Caller, made: Made) -> None:
    answer = by.create(IMAGE)
    made.expect(answer["Id"])
    found = made.inspect(answer["Id"])
    assert len(found["Name"]) > 2
    assert found["Config"]["Cmd"] == ["sh"]
    assert answer["Warnings"] == [] or answer["Warnings"] is None


def test_our_label_and_no_label(by: Caller, made: Made) -> None:
    marked, bare = made.expect(unique()), made.expect(unique())
    by.create(IMAGE, "--name", marked)
    by.create(IMAGE, "--name", bare, "--no-label")
    assert made.inspect(marked)["Config"]["Labels"][LABEL] == "1"
    assert LABEL not in (made.inspect(bare)["Config"]["Labels"] or {})


def test_json_is_seen_again_in_inspect(by: Caller, made: Made) -> None:
    name = made.expect(unique())
    body = {
        "Image": IMAGE,
        "Cmd": ["sleep", "60"],
        "Env": ["语言=中文"],
        "Labels": {"颜色": "蓝色的 🐳", "empty": ""},
        "HostConfig": {"Memory": 64 << 20, "RestartPolicy": {"Name": "no"}},
    }
    by("create", body, name=name)
    found = made.inspect(name)
    assert found["Config"]["Cmd"] == ["sleep", "60"]
    assert "语言=中文" in found["Config"]["Env"]
    assert body["Labels"].items() <= found["Config"]["Labels"].items()
    assert LABEL not in found["Config"]["Labels"], "the cell is sent untouched"
    assert found["HostConfig"]["Memory"] == 64 << 20
    assert json.loads(by.last.request.body or b"") == body


def test_the_cell_is_sent_byte_by_byte(magic: Magic, made: Made) -> None:
    name = made.expect(unique())
    cell = '{ "Image" :\t"busybox",\n  "Cmd": ["echo", "$HOME {x} \\u4f60"] }\n'
    magic.run(f"%%docker create --name {name}\n{cell}")
    assert magic.last.request.body == cell.encode()
    assert made.inspect(name)["Config"]["Cmd"] == ["echo", "$HOME {x} 你"]


def test_a_cell_keeps_its_value_by_name(magic: Magic, made: Made) -> None:
    name = made.expect(unique())
    magic.run(f'%%docker create --name {name} << answer\n{{"Image": "busybox"}}')
    assert magic.shell.user_ns["answer"]["Id"] == made.inspect(name)["Id"]


def test_a_misplaced_key_is_told(magic: Magic, made: Made) -> None:
    name = made.expect(unique())
    magic.run(f'%%docker create --name {name}\n{{"Image": "busybox", "PortBindings": {{"80/tcp": null}}}}')
    assert '"PortBindings" at the top level is in the wrong place' in magic.text
    bound = made.inspect(name)["HostConfig"]["PortBindings"]
    assert bool(bound) == quirk("create: HostConfig's keys at the top level count", magic.session.engine.name)


@pytest.mark.parametrize("running", [True, False], ids=["running", "created"])
def test_replace_takes_one_of_ours(by: Caller, made: Made, running: bool) -> None:
    name = made(name=unique(), start=running, Labels={LABEL: "1"})
    before = made.inspect(name)["Id"]
    answer = by.create(IMAGE, "--name", name, "--replace", "--", "sleep", "60")
    assert answer["Id"] != before
    assert not made.there(before)
    assert made.inspect(name)["Config"]["Cmd"] == ["sleep", "60"]


def test_replace_takes_a_paused_one_of_ours(by: Caller, made: Made) -> None:
    name = made(Labels={LABEL: "1"})
    before = made.inspect(name)["Id"]
    made.engine.call("POST", f"/containers/{name}/pause")
    assert by.create(IMAGE, "--name", name, "--replace")["Id"] != before


def test_replace_with_nobody_there(by: Caller, made: Made) -> None:
    name = made.expect(unique())
    assert by.create(IMAGE, "--name", name, "--replace")["Id"] == made.inspect(name)["Id"]


@pytest.mark.parametrize("labels", [None, {"docker": "magic"}, {"DOCKERMAGIC": "1"}], ids=str)
def test_replace_never_takes_a_foreign_one(by: Caller, made: Made, labels: dict[str, str] | None) -> None:
    name = made(Labels=labels)
    before = made.inspect(name)
    with pytest.raises(errors.NotOurs, match=name):
        by.create(IMAGE, "--name", name, "--replace")
    after = made.inspect(name)
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert after["State"]["Running"] is True


def test_replace_needs_a_name(by: Caller) -> None:
    with pytest.raises(errors.BadArgument, match="--replace needs to know whom"):
        by.create(IMAGE, "--replace")


def test_without_replace_the_name_is_taken(by: Caller, made: Made) -> None:
    name = made(start=False, Labels={LABEL: "1"})
    with pytest.raises(errors.StatusError, match=name) as caught:
        by.create(IMAGE, "--name", name)
    assert caught.value.status == expected("create: the name is taken", by.session.engine.name)
    assert "--replace" in caught.value.step


def test_a_platform_that_the_image_has_not(by: Caller) -> None:
    assert BY_NAME["create"].param("platform") is not None
    with pytest.raises(errors.StatusError) as caught:
        by("create", {"Image": IMAGE}, name=unique(), platform="linux/s390x")
    assert caught.value.exchange.request.query[-1] == ("platform", "linux/s390x")
