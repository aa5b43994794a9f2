"""The rows beside a container's life: files, limits, images, disk, registries. Each on every engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from differences import expected, quirk
from enginekit import Caller, Made, Magic, unique, until
from plain import Engine

from dockermagic import errors
from dockermagic.session import Session

NO_NETWORK = {"HostConfig": {"NetworkMode": "none"}}
SCRIPT = "mkdir /es; printf twelve_bytes >/es/f; chmod 4751 /es/f; ln -s f /es/l; rm /bin/yes; echo ready; sleep 1000"


@pytest.fixture(scope="module")
def container(shared: Made) -> str:
    return shared.ready(SCRIPT, **NO_NETWORK)


@pytest.fixture
def image(engine: Engine, container: str) -> Iterator[str]:
    """An image of our own, removed in the end."""
    name = f"es/{unique()}"
    query = {"container": container, "repo": name, "tag": "1"}
    assert engine.call("POST", "/commit", params=query).status_code == 201
    yield f"{name}:1"
    forget(engine, name)


def forget(engine: Engine, name: str) -> None:
    """Remove every tag of an image of ours."""
    for found in engine.call("GET", "/images/json").json():
        for tag in found["RepoTags"] or []:
            if f"{name}:" in tag:
                engine.call("DELETE", f"/images/{tag}", params={"force": "1"})


def there(engine: Engine, name: str) -> bool:
    return engine.call("GET", f"/images/{name}/json").status_code == 200


def test_changes(by: Caller, container: str) -> None:
    frame = by("changes", id=container)
    assert list(frame.columns) == ["path", "kind"]
    assert frame["path"].dtype == "string"
    assert list(frame["kind"].cat.categories) == ["modified", "added", "deleted"]
    found = dict(zip(frame["path"], frame["kind"], strict=True))
    wanted = {"/es": "added", "/es/f": "added", "/es/l": "added", "/bin": "modified", "/bin/yes": "deleted"}
    assert wanted.items() <= found.items()


def test_no_changes_keep_the_columns(by: Caller, made: Made) -> None:
    frame = by("changes", id=made(start=False, **NO_NETWORK))
    assert list(frame.columns) == ["path", "kind"]
    assert list(frame["kind"].cat.categories) == ["modified", "added", "deleted"]


def test_archive_info(by: Caller, container: str) -> None:
    found = by("archive_info", id=container, path="/es/f")
    assert (found["name"], found["size"], found["linkTarget"]) == ("f", 12, "")
    assert found["permissions"] == "-rwsr-x--x"
    assert found["mtime"].tzinfo is not None
    assert abs(found["mtime"] - pd.Timestamp.now("UTC")) < pd.Timedelta(hours=1)
    assert by("archive_info", id=container, path="/es")["permissions"].startswith("d")
    link = by("archive_info", id=container, path="/es/l")
    assert link["permissions"].startswith("l")
    assert link["linkTarget"] == "/es/f"
    with pytest.raises(errors.NotFound, match="no such path"):
        by("archive_info", id=container, path="/none")


def test_files_go_in_and_come_out(by: Caller, container: str, tmp_path: Path) -> None:
    name = unique()
    folder = tmp_path / name
    (folder / "空").mkdir(parents=True)
    (folder / "文件.txt").write_text("hello")
    frame = by("put_archive", id=container, path="/tmp", input=str(folder))
    assert list(frame.columns) == ["container", "path", "status", "happened", "sent"]
    assert frame.loc[0, "sent"] % 512 == 0
    assert frame.loc[0, "sent"] >= 2048
    out = by("get_archive", id=container, path=f"/tmp/{name}")
    assert {each.rstrip("/") for each in out["name"]} == {name, f"{name}/空", f"{name}/文件.txt"}
    assert set(out["uid"]) == {0}
    target = tmp_path / "out.tar"
    by("get_archive", id=container, path=f"/tmp/{name}", output=str(target))
    assert target.stat().st_size == by.last.received
    again = by("put_archive", id=container, path="/root", input=str(target))
    assert again.loc[0, "sent"] == target.stat().st_size, "an archive goes as it is"
    assert by("archive_info", id=container, path=f"/root/{name}/文件.txt")["size"] == 5


def test_into_a_folder_that_is_not_there(by: Caller, container: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    status = expected("put_archive: no such folder", by.session.engine.name)
    if status == 404:
        with pytest.raises(errors.NotFound):
            by("put_archive", id=container, path="/no/such/folder", input=str(tmp_path))
    else:
        by("put_archive", id=container, path="/no/such/folder", input=str(tmp_path))
    assert by.last.status == status


def test_only_what_is_in_a_folder(by: Caller, container: str, tmp_path: Path) -> None:
    name = unique()
    (tmp_path / name).write_text("x")
    by("put_archive", id=container, path="/tmp", input=f"{tmp_path}/.")
    assert by("archive_info", id=container, path=f"/tmp/{name}")["size"] == 1


def test_get_archive_of_what_is_not_there(by: Caller, container: str, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFound):
        by("get_archive", id=container, path="/none", output=str(tmp_path / "x.tar"))
    assert list(tmp_path.iterdir()) == []


def test_update(by: Caller, made: Made) -> None:
    name = made(start=False, **NO_NETWORK)
    policy = {"Name": "on-failure", "MaximumRetryCount": 2}
    assert "Warnings" in by("update", {"RestartPolicy": policy}, id=name)
    assert made.inspect(name)["HostConfig"]["RestartPolicy"] == policy


def test_update_by_flags(magic: Magic, made: Made) -> None:
    name = made(start=False, **NO_NETWORK)
    magic.typed(["update", name, "--restart", "on-failure:3"])
    policy = made.inspect(name)["HostConfig"]["RestartPolicy"]
    assert policy == {"Name": "on-failure", "MaximumRetryCount": 3}


def test_prune_touches_ours_only(by: Caller, made: Made) -> None:
    label = unique()
    ours = made(start=False, Labels={label: "1", "dockermagic": "1"}, **NO_NETWORK)
    other = made(start=False, Labels={label: "1"}, **NO_NETWORK)
    running = made(Labels={label: "1", "dockermagic": "1"}, **NO_NETWORK)
    frame = by("prune", filters={"label": [label]})
    assert json.loads(dict(by.last.request.query)["filters"])["label"] == [label, "dockermagic"]
    assert list(frame.columns) == ["what", "happened"]
    assert list(frame["happened"]) == ["deleted"]
    assert isinstance(frame.attrs["dockermagic"]["reclaimed"], int)
    assert [made.there(name) for name in (ours, other, running)] == [False, True, True]
    assert len(by("prune", filters={"label": [label]}, **{"no-label": True})) == 1
    assert [made.there(name) for name in (other, running)] == [False, True]


def test_image_and_history(by: Caller, image: str) -> None:
    assert by("image", name=image)["Os"] == "linux"
    frame = by("history", name=image)
    assert list(frame.columns) == ["id", "created", "created_by", "size", "tags", "comment"]
    assert len(frame) >= 2
    assert frame["created"].dtype == "datetime64[ns, UTC]"
    assert frame["size"].dtype == "int64"
    assert image in frame["tags"].iloc[0]
    with pytest.raises(errors.NotFound):
        by("history", name="es/none")


def test_commit_tag_and_remove(by: Caller, container: str, engine: Engine) -> None:
    name = f"es/{unique()}"
    try:
        made = by("commit", container=container, repo=name, tag="1", comment="ours", changes=["LABEL es=1"])
        assert made["Id"]
        assert by("image", name=f"{name}:1")["Config"]["Labels"]["es"] == "1"
        frame = by("tag", name=f"{name}:1", repo=name, tag="2")
        assert frame.loc[0, "happened"] == "tagged"
        frame = by("remove_image", name=f"{name}:2")
        assert list(frame.columns) == ["what", "happened"]
        assert [text.endswith(f"{name}:2") for text in frame["what"]] == [True]
        frame = by("remove_image", name=f"{name}:1")
        assert {"untagged", "deleted"} == set(frame["happened"])
        with pytest.raises(errors.NotFound):
            by("remove_image", name=f"{name}:1")
    finally:
        forget(engine, name)


def test_the_body_of_commit_is_united_with_the_containers_own(by: Caller, made: Made, engine: Engine) -> None:
    name = f"es/{unique()}"
    container = made(start=False, Env=["A=1", "B=1"], Labels={"a": "1", "b": "1"}, Entrypoint=["echo"], **NO_NETWORK)
    try:
        by("commit", {"Env": ["B=2"], "Labels": {"b": "2"}, "Entrypoint": ["ls"]}, container=container, repo=name)
        config = by("image", name=name)["Config"]
        assert {"A=1", "B=2"} <= set(config["Env"])
        assert "B=1" not in config["Env"]
        assert {"a": "1", "b": "2"}.items() <= config["Labels"].items()
        assert config["Entrypoint"] == ["ls"]
        assert not config.get("Cmd")
    finally:
        forget(engine, name)


def test_a_layer_holds_what_was_written_and_nothing_of_the_engines(by: Caller, made: Made, engine: Engine) -> None:
    name = f"es/{unique()}"
    container = made.finished("echo kept >/kept", **NO_NETWORK)
    try:
        by("commit", container=container, repo=name)
        size = by("history", name=name)["size"].iloc[0]
        assert size > 5 if quirk("history: sizes are those of archives", by.session.engine.name) else size == 5
        assert by("archive_info", id=made(start=False, Image=name, **NO_NETWORK), path="/kept")["size"] == 5
    finally:
        made.remove()
        forget(engine, name)


def test_save_and_load(by: Caller, image: str, engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "image.tar"
    frame = by("get_image", name=image, output=str(target))
    assert "manifest.json" in set(frame["name"])
    both = by("get_images", names=[image, "busybox"])
    assert len(both) > len(frame)
    engine.call("DELETE", f"/images/{image}")
    assert not there(engine, image)
    told = by("load", input=str(target))
    assert list(told.columns) == ["id", "message", "current", "total"]
    assert told["current"].dtype == told["total"].dtype == "Int64"
    assert image in told["message"].iloc[-1]
    assert there(engine, image)


def test_save_what_is_not_there(by: Caller) -> None:
    with pytest.raises((errors.NotFound, errors.ServerError)):
        by("get_image", name="es/none:1")


def test_import(by: Caller, container: str, engine: Engine, tmp_path: Path) -> None:
    name, target = f"es/{unique()}", tmp_path / "root.tar"
    by("export", id=container, output=str(target))
    try:
        told = by("import", input=str(target), repo=name, tag="1", message="ours")
        assert len(told) >= 1
        assert there(engine, f"{name}:1")
    finally:
        forget(engine, name)


def test_build(by: Caller, engine: Engine, session: Session, tmp_path: Path) -> None:
    name = f"es/{unique()}"
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY 文件 /es\n")
    (tmp_path / "文件").write_text("hello")
    values = {"input": str(tmp_path), "t": [f"{name}:1"], "labels": {"es": "1"}, "version": "1"}
    if "practice" in session.engine.name.lower():
        with pytest.raises(errors.NotImplementedHere, match="does not build"):
            by("build", **values)
        return
    try:
        told = by("build", **values)
        assert any("FROM busybox" in text for text in told["message"])
        assert there(engine, f"{name}:1")
        (tmp_path / "文件").unlink()
        with pytest.raises(errors.StreamFailed, match="文件") as failed:
            by("build", **values)
        assert failed.value.exchange.status == 200
        assert any("FROM busybox" in text for text in failed.value.exchange.value["message"])
    finally:
        forget(engine, name)


def test_df(by: Caller, container: str, shared: Made, image: str) -> None:
    frame = by("df")
    assert list(frame.columns) == ["type", "id", "name", "size", "shared", "in_use", "reclaimable"]
    assert list(frame["type"].cat.categories) == ["image", "container", "volume", "build cache"]
    assert frame["size"].dtype == frame["reclaimable"].dtype == "int64"
    assert frame["in_use"].dtype == "bool"
    assert (frame["reclaimable"] <= frame["size"]).all()
    row = frame[frame["id"] == shared.inspect(container)["Id"]].iloc[0]
    assert (row["type"], row["in_use"], row["reclaimable"]) == ("container", True, 0)
    assert (frame["type"] == "image").any()


def test_prunes_that_find_nothing(by: Caller, session: Session) -> None:
    frame = by("prune_images", filters={"label": [unique()]})
    assert list(frame.columns) == ["what", "happened"]
    assert len(frame) == 0
    if expected("prune_builds: nothing to prune", session.engine.name) == 404:
        with pytest.raises(errors.NotFound):
            by("prune_builds", filters={"id": [unique()]})
    else:
        assert len(by("prune_builds", filters={"id": [unique()]})) == 0


def test_only_the_images_with_the_label_are_pruned(by: Caller, container: str, engine: Engine) -> None:
    label = unique()
    ours, other = (
        by("commit", {"Labels": {name: "1"}}, container=container)["Id"] for name in (label, f"{label}-other")
    )
    try:
        told = by("prune_images", filters={"label": [label]})
        assert any(ours in text for text in told["what"])
        assert not there(engine, ours)
        assert there(engine, other)
    finally:
        engine.call("DELETE", f"/images/{other}")


@pytest.mark.parametrize("row", ["pull", "search", "push", "auth"])
def test_registries_that_cannot_be_reached(by: Caller, image: str, row: str) -> None:
    """No registry is in reach of the tests: what fails says why, and nothing passes for a success."""
    name, _, tag = image.rpartition(":")
    login = {"username": "me", "password": "geheim", "serveraddress": "127.0.0.1:9"}
    body, values = {
        "pull": ([], {"fromImage": "127.0.0.1:9/es", "tag": "1", "platform": "linux/amd64"}),
        "search": ([], {"term": "busybox", "limit": 5, "filters": {"stars": ["3"]}}),
        "push": ([], {"name": name, "tag": tag}),
        "auth": ([login], {}),
    }[row]
    with pytest.raises((errors.StatusError, errors.StreamFailed)) as failed:
        by(row, *body, **values)
    assert by.last.status == expected(f"{row}: no registry", by.session.engine.name)
    assert failed.value.step
    assert "geheim" not in str(failed.value)
    shown = by.last.request.shown
    assert b"geheim" not in (shown.body or b"")
    assert (b'"username"' in (shown.body or b"")) == (row == "auth")
    if row in ("pull", "push"):
        assert by.last.request.headers == (("X-Registry-Auth", "e30="),)


def test_a_whole_life(by: Caller, made: Made) -> None:
    """Every call of a container's life once, in order."""
    name, other = made.expect(unique()), made.expect(unique())
    config = {"Image": "busybox", "Cmd": ["sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"]}
    assert by("create", {**config, **NO_NETWORK}, name=other)["Id"]
    by("rename", id=other, name=name)
    assert by("start", id=name).loc[0, "happened"] == "started"
    until(lambda: "ready" in set(by("logs", id=name)["line"]), "it writes")
    assert name in set(by("list")["name"])
    assert len(by("top", id=name)) >= 1
    by("pause", id=name)
    by("unpause", id=name)
    by("stop", id=name, t=30)
    assert by("wait", id=name)["StatusCode"] == 3
    by("restart", id=name, t=0)
    by("kill", id=name)
    until(lambda: not by("inspect", id=name)["State"]["Running"], "it is killed")
    assert len(by("export", id=name)) > 200
    by("remove", id=name, force=True)
    assert not made.there(name)
    assert len(by("images")) >= 1
    assert by("ping").loc[0, "answer"] == "OK"
    assert by("version")["ApiVersion"]
    assert by("info")["NCPU"] >= 1
