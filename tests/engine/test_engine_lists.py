"""list, images, inspect, top, ping, version, info: what is there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest
from differences import quirk
from enginekit import IMAGE, Caller, Made, Magic, unique, until
from plain import Engine

from dockermagic.errors import EngineTooOld, NotJson, ReplyError
from dockermagic.session import Session

COLUMNS = ["id", "name", "image", "command", "created", "state", "status", "ports", "labels"]
IMAGE_COLUMNS = ["id", "tags", "created", "size", "containers", "labels"]
TEXTS = ("id", "name", "image", "command", "status", "ports")


def filters(label: str, **more: str) -> dict[str, list[str]]:
    return {"label": [label], **{key: [value] for key, value in more.items()}}


class Trio:
    """Three containers of one label: made first and running, made next and ended, made last and never started."""

    def __init__(self, made: Made) -> None:
        self.label = unique()
        labels = {"Labels": {self.label: "1", "颜色": "红色的", "empty": ""}}
        self.running = made(**labels)
        self.ended = made.finished("exit 7", **labels)
        self.created = made(start=False, **labels)


@pytest.fixture(scope="module")
def trio(shared: Made) -> Trio:
    return Trio(shared)


def test_list_shows_the_running_ones_with_real_dtypes(by: Caller, trio: Trio, shared: Made) -> None:
    frame = by("list", filters=filters(trio.label))
    assert list(frame.columns) == COLUMNS
    assert list(frame["name"]) == [trio.running]
    row, told = frame.iloc[0], shared.inspect(trio.running)
    assert row["id"] == told["Id"]
    assert row["image"].removeprefix("docker.io/library/").removesuffix(":latest") == IMAGE
    assert row["command"].startswith("sh -c") or row["command"].startswith("sh")
    assert row["state"] == "running"
    assert row["status"].startswith("Up")
    assert row["labels"] | {trio.label: "1", "颜色": "红色的", "empty": ""} == row["labels"]
    assert frame["created"].dtype == "datetime64[ns, UTC]"
    assert abs(row["created"] - datetime.now(timezone.utc)) < timedelta(hours=1)
    assert isinstance(frame["state"].dtype, pd.CategoricalDtype)
    assert all(frame[name].dtype == "string" for name in TEXTS)


def test_list_all(by: Caller, trio: Trio) -> None:
    frame = by("list", all=True, filters=filters(trio.label)).set_index("name")
    assert set(frame.index) == {trio.running, trio.ended, trio.created}
    assert frame["state"].to_dict() == {trio.running: "running", trio.ended: "exited", trio.created: "created"}
    assert "(7)" in frame["status"][trio.ended]


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"status": "exited"}, ["ended"]),
        ({"status": "created"}, ["created"]),
        ({"exited": "7"}, ["ended"]),
        ({"exited": "8"}, []),
        ({"label": "颜色=红色的"}, ["running", "ended", "created"]),
        ({"label": "颜色=绿"}, []),
    ],
    ids=str,
)
def test_list_filters(by: Caller, trio: Trio, more: dict[str, str], names: list[str]) -> None:
    wanted = {"label": [trio.label], **{key: [value] for key, value in more.items() if key != "label"}}
    wanted["label"] += [value for key, value in more.items() if key == "label"]
    frame = by("list", all=True, filters=wanted)
    assert set(frame["name"]) == {getattr(trio, name) for name in names}


def test_list_filters_by_id_name_and_neighbours(by: Caller, trio: Trio, shared: Made) -> None:
    def names(**more: str) -> set[str]:
        return set(by("list", all=True, filters=filters(trio.label, **more))["name"])

    assert names(id=shared.inspect(trio.ended)["Id"][:12]) == {trio.ended}
    assert names(name=trio.created) == {trio.created}
    assert names(since=trio.running) == {trio.ended, trio.created}
    assert names(before=trio.created) == {trio.running, trio.ended}
    either = by("list", all=True, filters={"label": [trio.label], "name": [trio.running, trio.ended]})
    assert set(either["name"]) == {trio.running, trio.ended}


def test_list_limit_takes_the_newest(by: Caller, trio: Trio) -> None:
    frame = by("list", all=True, limit=2, filters=filters(trio.label))
    assert set(frame["name"]) == {trio.ended, trio.created}


def test_list_size_counts_bytes(by: Caller, trio: Trio, made: Made) -> None:
    label = unique()
    writer = made.finished("dd if=/dev/zero of=/kept bs=1000 count=50", Labels={label: ""})
    frame = by("list", all=True, size=True, filters=filters(label))
    assert list(frame.columns) == [*COLUMNS, "size_rw", "size_root_fs"]
    assert frame["size_rw"].dtype == frame["size_root_fs"].dtype == "int64"
    assert list(frame["name"]) == [writer]
    assert 50_000 <= frame["size_rw"][0] < frame["size_root_fs"][0]


def test_an_empty_list_keeps_columns_and_dtypes(by: Caller, trio: Trio) -> None:
    empty = by("list", filters=filters(unique()))
    full = by("list", filters=filters(trio.label))
    assert len(empty) == 0
    assert list(empty.columns) == COLUMNS
    for name in ("id", "name", "created", "labels"):
        assert empty[name].dtype == full[name].dtype, name
    assert (empty["created"] > "2020-01-01").sum() == 0


def test_list_shows_ports(by: Caller, made: Made) -> None:
    label = unique()
    config = {"ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": ""}]}}}
    name = made(Labels={label: ""}, **config)
    if made.inspect(name)["HostConfig"]["NetworkMode"] == "host":
        pytest.skip("this engine's usual network is the host's, which publishes nothing")
    found = by("list", filters=filters(label))["ports"][0]
    assert found.startswith("0.0.0.0:")
    assert "->80/tcp" in found


def test_images(by: Caller) -> None:
    frame = by("images")
    assert list(frame.columns) == IMAGE_COLUMNS
    ours = frame[frame["tags"].str.contains(f"{IMAGE}:latest")]
    assert len(ours) == 1
    assert ours["id"].iloc[0].startswith("sha256:")
    assert ours["size"].iloc[0] > 1_000_000
    assert frame["size"].dtype == frame["containers"].dtype == "int64"
    assert frame["created"].dtype == "datetime64[ns, UTC]"
    assert all(isinstance(labels, dict) for labels in frame["labels"])


def test_images_by_filter(by: Caller) -> None:
    assert len(by("images", filters={"reference": [IMAGE]}, all=True)) == 1
    if quirk("images: digests empties the answer", by.session.engine.name):
        with pytest.raises(NotJson):
            by("images", digests=True)
    else:
        assert len(by("images", filters={"reference": [IMAGE]}, digests=True)) == 1
    empty = by("images", filters={"reference": [unique()]})
    assert len(empty) == 0
    assert list(empty.columns) == IMAGE_COLUMNS
    assert empty["size"].dtype == "int64"


def test_images_shared_size_needs_api_1_42(by: Caller) -> None:
    if by.session.engine.api == "1.41":
        with pytest.raises(EngineTooOld, match=r"shared-size came with API 1\.42"):
            by("images", **{"shared-size": True})
    else:
        assert len(by("images", **{"shared-size": True})) >= 1


def test_inspect(by: Caller, trio: Trio, shared: Made) -> None:
    found, told = by("inspect", id=trio.running), shared.inspect(trio.running)
    assert isinstance(found, dict)
    assert found["Id"] == told["Id"]
    assert found["Name"] == f"/{trio.running}" or found["Name"] == trio.running
    assert found["State"]["Running"] is True
    assert found["Config"]["Labels"]["颜色"] == "红色的"
    assert "SizeRw" not in found
    assert by("inspect", id=told["Id"][:12])["Id"] == told["Id"]
    assert by("inspect", id=f"/{trio.running}")["Id"] == told["Id"]


def test_inspect_size(by: Caller, trio: Trio) -> None:
    found = by("inspect", id=trio.ended, size=True)
    assert found["SizeRootFs"] > 1_000_000
    assert isinstance(found["SizeRw"], int)


def test_top(by: Caller, trio: Trio) -> None:
    frame = by("top", id=trio.running)
    assert {"PID", "PPID", "CMD"} <= set(frame.columns)
    assert frame["PID"].dtype == frame["PPID"].dtype == "int64"
    first = frame[frame["CMD"].str.contains("trap")].iloc[0]
    assert first["CMD"].startswith("sh -c trap")
    assert first["UID"] == "root"


def test_top_with_arguments_for_ps(by: Caller, trio: Trio) -> None:
    frame = by("top", id=trio.running, ps_args="aux")
    assert {"USER", "PID", "%CPU", "VSZ", "STAT", "COMMAND"} <= set(frame.columns)
    assert frame["PID"].dtype == frame["VSZ"].dtype == "int64"
    assert frame["%CPU"].dtype == "float64"
    assert frame["STAT"].dtype == "string"
    chosen = by("top", id=trio.running, ps_args="-eo pid,args")
    assert list(chosen.columns) == ["PID", "COMMAND"]


def test_top_shows_what_starts_and_what_ends(by: Caller, made: Made) -> None:
    name = made.ready("sleep 4321 & trap 'kill %1' HUP; echo ready; wait; while :; do sleep 0.1; done")

    def listed() -> bool:
        return bool(by("top", id=name).iloc[:, -1].str.fullmatch("sleep 4321").any())

    until(listed, "the process is listed")
    by("kill", id=name, signal="HUP")
    until(lambda: not listed(), "it is listed no more")


FAMILY = "sleep 4322 & sh -c 'sleep 4323; true' & echo ready; wait"


def test_top_as_a_tree(by: Caller, made: Made) -> None:
    name = made.ready(FAMILY)
    until(lambda: by("top", id=name).iloc[:, -1].str.fullmatch("sleep 432[23]").sum() == 2, "all three run")
    listed, frame = by("top", id=name), by("top", id=name, tree=True)
    assert list(frame.columns) == ["tree", *listed.columns]
    assert sorted(frame["PID"]) == sorted(listed["PID"])
    drawn = dict(zip(frame["tree"].str.replace("\xa0", " "), frame["PID"], strict=True))
    assert next(iter(drawn)) == "sh"
    parents = dict(zip(frame["PID"], frame["PPID"], strict=True))
    assert {parents[pid] for text, pid in drawn.items() if text[:3] in ("├─ ", "└─ ")} == {drawn["sh"]}
    (grandchild,) = (pid for text, pid in drawn.items() if text[3:].strip().startswith(("└─ ", "├─ ")))
    assert parents[parents[grandchild]] == drawn["sh"]


def test_a_tree_needs_parents(by: Caller, trio: Trio) -> None:
    with pytest.raises(ReplyError, match="PPID"):
        by("top", id=trio.running, ps_args="aux", tree=True)


def test_inspect_shows_what_is_inside(magic: Magic, made: Made) -> None:
    name = made.ready(FAMILY, HostConfig={"Tmpfs": {"/es-tmp": ""}}, ExposedPorts={"4322/tcp": {}})
    value = magic.run(f"x = %docker inspect {name} --show --size\nx")
    assert value["Id"] == made.inspect(name)["Id"]
    assert value["SizeRootFs"] > 1_000_000
    assert f"What is inside {name}: it is running" in magic.text
    words = magic.text.replace("\xa0", " ")
    for part in ("state", "image", "processes", "mounts", "networks", "ports"):
        assert re.search(rf"^  {part} ", words, re.MULTILINE), part
    assert re.search(r"[├└]─ \d+ sleep 4322$", words, re.MULTILINE)
    assert "/es-tmp" in words
    assert magic.last.row.name == "top"


@pytest.mark.parametrize("state", ["created", "exited", "paused"])
def test_inspect_shows_a_container_in_any_state(magic: Magic, made: Made, state: str) -> None:
    name = made.finished("exit 3") if state == "exited" else made(start=state == "paused")
    if state == "paused":
        made.engine.call("POST", f"/containers/{name}/pause").raise_for_status()
    magic.run(f"x = %docker inspect {name} --show")
    assert f"What is inside {name}: it is {state}" in magic.text
    assert ("exit code 3" in magic.text) == (state == "exited")
    assert ("none: it does not run" in magic.text) == (state != "paused")


def test_ping(by: Caller, engine: Engine) -> None:
    frame = by("ping")
    assert list(frame.columns) == ["answer", "api_version", "os", "server", "builder_version"]
    told = engine.call("GET", "/version").json()
    assert frame.iloc[0]["answer"] == "OK"
    assert frame.iloc[0]["api_version"] == told["ApiVersion"]
    assert all(frame[name].dtype == "string" for name in frame.columns)


def test_version(by: Caller, engine: Engine, session: Session) -> None:
    found, told = by("version"), engine.call("GET", "/version").json()
    assert found["Version"] == told["Version"]
    assert found["ApiVersion"] == told["ApiVersion"]
    assert session.engine.name.endswith(told["Version"].removeprefix("practice-"))


def test_info(by: Caller) -> None:
    found = by("info")
    assert found["Containers"] >= found["ContainersRunning"] >= 0
    assert found["OSType"] == "linux"
    assert found["NCPU"] >= 1


def test_the_list_as_json(magic: Magic, trio: Trio) -> None:
    found = magic.typed(["list", "--json", "--filters", f"label={trio.label}"])
    assert [each["Labels"][trio.label] for each in found] == ["1"]
