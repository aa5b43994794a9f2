"""What goes in and out of a container's file system."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile

import pytest
from practicekit import Engine


def make_tar(**files: str | bytes | tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def stat_of(engine: Engine, identity: str, path: str) -> dict:
    answer = engine.call("HEAD", f"/containers/{identity}/archive", path=path)
    return json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))


def test_export_is_the_whole_tree(engine: Engine) -> None:
    identity = engine.create("true")
    found = names(engine.get(f"/containers/{identity}/export").body)
    assert {"bin/busybox", "etc/passwd", "tmp"} <= set(found) or {"bin/sh", "etc/passwd", "tmp"} <= set(found)


def test_a_root_file_system_is_the_containers_own(engine: Engine) -> None:
    """Also where all tools are hard links of one file: neither the image nor another container sees a change."""
    script = "chmod 700 /bin/cat; rm /bin/ls; echo mine > /etc/passwd; touch -d 2001-01-01 /bin/sh; chown 1:1 /bin/vi"
    spoiler = engine.run("sh", "-c", script)
    engine.wait(spoiler)
    found = {change["Path"] for change in engine.get(f"/containers/{spoiler}/changes").json}
    assert {"/bin/cat", "/bin/ls", "/etc/passwd"} <= found
    other = engine.run("sh", "-c", "ls -ln /bin/cat /bin/ls /bin/sh /bin/vi; head -1 /etc/passwd; touch /new")
    engine.wait(other)
    said = engine.logs(other)
    assert said.count("-rwxr-xr-x") == 4
    assert "2001" not in said
    assert said.endswith("root:x:0:0:root:/root:/bin/sh\n")
    assert engine.get(f"/containers/{other}/changes").json == [{"Path": "/new", "Kind": 1}]


def test_a_file_with_many_names_is_counted_once(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "cp /bin/busybox /one || cp /bin/sh /one; for n in 2 3 4; do ln /one /$n; done")
    engine.wait(identity)
    found = engine.get(f"/containers/{identity}/json", size=1).json
    size = stat_of(engine, identity, "/one")["size"]
    assert found["SizeRw"] == size


def test_what_is_exported_can_be_imported_and_run(engine: Engine) -> None:
    data = engine.get(f"/containers/{engine.create('true')}/export").body
    assert engine.call("POST", "/images/create?fromSrc=-&repo=perf-again", data).status == 200
    assert engine.output("sh", "-c", "ls /bin/sh && echo up", Image="perf-again") == "/bin/sh\nup\n"
    assert engine.delete("/images/perf-again").status == 200


def test_put_and_get(engine: Engine) -> None:
    identity = engine.create("true")
    data = make_tar(**{"one.txt": "1", "deep/two.txt": "2"})
    assert engine.call("PUT", f"/containers/{identity}/archive", data, path="/tmp").status == 200
    back = engine.get(f"/containers/{identity}/archive", path="/tmp/deep").body
    assert names(back) == ["deep", "deep/two.txt"]
    assert engine.get(f"/containers/{identity}/archive", path="/tmp/nonesuch").status == 404


def test_what_head_tells(engine: Engine) -> None:
    identity = engine.create("true")
    told = stat_of(engine, identity, "/tmp")
    assert told["name"] == "tmp"
    assert told["mode"] == 1 << 31 | 1 << 20 | 0o777
    engine.call(
        "PUT",
        f"/containers/{identity}/archive",
        make_tar(link=link("link", "/etc/../etc/passwd")),
        path="/tmp",
    )
    told = stat_of(engine, identity, "/tmp/link")
    assert (told["name"], told["linkTarget"]) == ("link", "/etc/passwd")


def test_changes(engine: Engine) -> None:
    identity = engine.create("sh", "-c", "echo x > /tmp/new; rm /etc/group; mkdir /made; touch /made/in")
    assert engine.get(f"/containers/{identity}/changes").json is None
    engine.post(f"/containers/{identity}/start")
    engine.wait(identity)
    assert [(line["Kind"], line["Path"]) for line in engine.get(f"/containers/{identity}/changes").json] == [
        (0, "/etc"),
        (2, "/etc/group"),
        (1, "/made"),
        (1, "/made/in"),
        (0, "/tmp"),
        (1, "/tmp/new"),
    ]


@pytest.mark.parametrize("path", ["../../../climbed", "/tmp/../../climbed"])
def test_a_climbing_archive_is_refused(engine: Engine, path: str) -> None:
    identity = engine.create("true")
    answer = engine.call("PUT", f"/containers/{identity}/archive", make_tar(**{path: "x"}), path="/")
    assert answer.status == 500
    assert answer.message == f'invalid entry name "{path}"' or "climbed" in answer.message


@pytest.mark.parametrize("length", [3, 12, 60])
def test_a_compressed_archive_that_is_cut(engine: Engine, length: int) -> None:
    """As on Docker 28: for files that go in, and for an image; 12 bytes are a whole head and nothing else."""
    identity = engine.create("true")
    data = gzip.compress(make_tar(a="x" * 3000))[:length]
    for method, place, query in (
        ("PUT", f"/containers/{identity}/archive", {"path": "/tmp"}),
        ("POST", "/images/create", {"fromSrc": "-", "repo": "cut"}),
    ):
        answer = engine.call(method, place, data, **query)
        assert (answer.status, answer.message) == (500, "unexpected EOF")


def test_a_folder_that_a_later_entry_takes_away_is_told(engine: Engine) -> None:
    folder = tarfile.TarInfo("d/e")
    folder.type = tarfile.DIRTYPE
    identity = engine.create("true")
    data = make_tar(**{"d/e": folder, "d": link("d", "/etc/passwd")})
    answer = engine.call("PUT", f"/containers/{identity}/archive", data, path="/tmp")
    assert answer.status == 500
    assert answer.message.startswith("Error processing tar file: d/e: ")


def test_a_pipe_in_the_place_of_an_image_s_file_is_not_waited_for(engine: Engine) -> None:
    pipe = tarfile.TarInfo("c")
    pipe.type = tarfile.FIFOTYPE
    manifest = json.dumps([{"Config": "c", "Layers": []}])
    answer = engine.call("POST", "/images/load", make_tar(**{"c": pipe, "manifest.json": manifest}))
    assert answer.json["error"] == "c in the archive is no file"


def test_a_path_too_long_for_the_machine_hides_nothing(engine: Engine) -> None:
    """Two deep folders, one moved to the end of the other, where no whole path leads: it is seen, and removed."""
    deep = "/".join(["d" * 200] * 15)
    script = f"mkdir -p /tmp/{deep} /b/{deep} && echo end > /b/{deep}/end && mv /b /tmp/{deep}/"
    identity = engine.run("sh", "-c", script)
    assert engine.wait(identity) == 0
    assert engine.get("/containers/json", all=1, size=1).json[0]["SizeRootFs"] > 0
    assert engine.get(f"/containers/{identity}/changes").status == 200
    assert [name for name in names(engine.get(f"/containers/{identity}/export").body) if name.endswith("/end")]
    assert engine.delete(f"/containers/{identity}").status == 204
    assert not (engine.data / "containers" / identity).exists()


@pytest.mark.parametrize("depth", [1200])
def test_a_tree_too_deep_for_python_hides_nothing(engine: Engine, depth: int) -> None:
    deep = "/".join(["d"] * depth)
    identity = engine.run("sh", "-c", f"mkdir -p /tmp/{deep} && cd /tmp && echo end > {deep}/end")
    assert engine.wait(identity) == 0
    assert engine.get("/containers/json", all=1, size=1).json[0]["SizeRw"] == len("end\n")
    assert len(engine.get(f"/containers/{identity}/changes").json) == depth + 2
    assert engine.get("/system/df").status == 200
    made = engine.post("/commit", None, container=identity, repo="deep")
    assert made.status == 201
    assert engine.delete(f"/containers/{identity}").status == 204
    assert not (engine.data / "containers" / identity).exists()
    assert engine.delete("/images/deep").status == 200
    assert not (engine.data / "images" / made.json["Id"].removeprefix("sha256:")).exists()


def test_a_file_takes_the_place_of_a_folder_too_deep_for_python(engine: Engine) -> None:
    deep = "/".join(["d"] * 1500)
    identity = engine.run("sh", "-c", f"mkdir -p /tmp/{deep}; cd /tmp/d; ln -s /etc/passwd link; chmod 0 d")
    assert engine.wait(identity) == 0
    put = engine.call("PUT", f"/containers/{identity}/archive", make_tar(d="a file"), path="/tmp")
    assert put.status == 200, put.json
    back = engine.get(f"/containers/{identity}/archive", path="/tmp/d").body
    with tarfile.open(fileobj=io.BytesIO(back)) as tar:
        assert tar.extractfile("d").read() == b"a file"


def test_links_of_a_container_lead_nowhere_else(engine: Engine, tmp_path) -> None:
    """Neither reading nor writing through a link leaves the root, even when the link is absolute."""
    secret = tmp_path / "secret"
    secret.write_text("the machine's own")
    identity = engine.create("true")
    root = engine.data / "containers" / identity / "root"
    data = make_tar(out=link("out", str(tmp_path)), up=link("up", "../../../../../../../.." + str(tmp_path)))
    engine.call("PUT", f"/containers/{identity}/archive", data, path="/")
    for name in ("out", "up"):
        assert engine.get(f"/containers/{identity}/archive", path=f"/{name}/secret").status == 404
        answer = engine.call("PUT", f"/containers/{identity}/archive", make_tar(planted="x"), path=f"/{name}")
        assert answer.status == 404
    engine.call("PUT", f"/containers/{identity}/archive", make_tar(**{"out/planted": "x"}), path="/")
    assert not (tmp_path / "planted").exists()
    assert root.is_dir()


def test_passwd_behind_a_link_is_not_the_machine_s(engine: Engine) -> None:
    identity = engine.create("id", User="root")
    data = make_tar(passwd=link("passwd", "/../../../../../../etc/passwd"))  # inside the root: itself
    engine.call("PUT", f"/containers/{identity}/archive", data, path="/etc")
    answer = engine.post(f"/containers/{identity}/start")
    assert answer.message == "unable to find user root: no matching entries in passwd file"


def test_a_big_file_goes_through_unchanged(engine: Engine) -> None:
    content = bytes(range(256)) * 40_000
    identity = engine.create("true")
    engine.call("PUT", f"/containers/{identity}/archive", make_tar(big=content), path="/tmp")
    back = engine.get(f"/containers/{identity}/archive", path="/tmp/big").body
    with tarfile.open(fileobj=io.BytesIO(back)) as tar:
        file = tar.extractfile("big")
        assert file is not None
        assert file.read() == content


def test_no_tar_is_told(engine: Engine) -> None:
    identity = engine.create("true")
    assert engine.call("PUT", f"/containers/{identity}/archive", b"no tar at all" * 100, path="/").status in (
        400,
        500,
    )


# images


def test_an_image_from_a_tar_and_back(engine: Engine) -> None:
    identity = engine.create("true")
    exported = engine.get(f"/containers/{identity}/export").body
    answer = engine.call(
        "POST", "/images/create", exported, fromSrc="-", repo="mine", tag="v1", changes='CMD ["echo", "mine"]'
    )
    assert answer.status == 200
    image = engine.get("/images/mine:v1/json").json
    assert image["Config"]["Cmd"] == ["echo", "mine"]
    made = engine.post("/containers/create", {"Image": "mine:v1"}).json["Id"]
    engine.post(f"/containers/{made}/start")
    engine.wait(made)
    assert engine.logs(made) == "mine\n"
    assert engine.delete("/images/mine:v1").status == 409
    engine.delete(f"/containers/{made}")
    told = engine.delete("/images/mine:v1").json
    assert told == [{"Untagged": "mine:v1"}, {"Deleted": image["Id"]}]


def test_save_and_load_keep_the_id(engine: Engine) -> None:
    identity = engine.run("sh", "-c", "echo kept > /kept")
    engine.wait(identity)
    made = engine.post("/commit", None, container=identity, repo="kept", tag="1").json["Id"]
    saved = engine.get("/images/kept:1/get").body
    engine.delete("/images/kept:1")
    assert engine.get("/images/kept:1/json").status == 404
    assert b"Loaded image: kept:1" in engine.call("POST", "/images/load", saved).body
    assert engine.get("/images/kept:1/json").json["Id"] == made
    again = engine.post("/containers/create", {"Image": "kept:1", "Cmd": ["cat", "/kept"]}).json["Id"]
    engine.post(f"/containers/{again}/start")
    engine.wait(again)
    assert engine.logs(again) == "kept\n"
    engine.clear()
    engine.delete("/images/kept:1")


def test_tags_come_and_go(engine: Engine) -> None:
    assert engine.post("/images/busybox/tag", repo="other", tag="x").status == 201
    assert engine.get("/images/other:x/json").json["Id"] == engine.get("/images/busybox/json").json["Id"]
    assert engine.delete("/images/other:x").json == [{"Untagged": "other:x"}]
    assert engine.get("/images/busybox/json").status == 200


def test_a_pull_names_the_images_that_are_there(engine: Engine) -> None:
    answer = engine.post("/images/create", fromImage="nginx", tag="latest")
    assert answer.status == 404
    assert "cannot pull nginx:latest" in answer.message
    assert "busybox:latest" in answer.message
    assert engine.post("/images/create", fromImage="busybox", tag="latest").status == 200
