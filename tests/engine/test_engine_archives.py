"""Hostile archives, by each door into a container: what Docker 28 made of them stands in `unpacked.json`.

Nothing ends up anywhere but below the place that it was sent to; the practice engine does as Docker does, or refuses.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tars
from plain import Engine, main_engines, named_engines, practice_host, usable
from tars import TARS

RECORD = "DOCKERMAGIC_RECORD"
UNPACKED = Path(__file__).with_name("unpacked.json")
SAID = json.loads(UNPACKED.read_text(encoding="utf-8")) if UNPACKED.exists() else {}
IMAGE = "es-tar"
ANY = ("put_archive", "import", "load")
OF_THE_ENGINE = frozenset(
    ".dockerenv dev dev/console dev/pts dev/shm etc etc/hostname etc/hosts etc/mtab etc/resolv.conf proc sys".split()
)
DIFFERENCES: dict[str, tuple[str, int, list[str]]] = {
    "a character device": ("it makes no devices", 400, []),
    "a block device": ("it makes no devices", 400, []),
    "heads without end": ("refused, where Docker reads them all", 500, []),
    "cut in a file": ("refused, where Docker does not miss what only fills the last block", 500, ["tmp/a"]),
    "a size in the head": ("refused before anything is written: the disk has not so much room", 500, []),
    "a great size of a whiteout": ("the same", 500, []),
    "a size that is not there": ("what came of it stays away", 500, ["tmp/short"]),
    "a size that is no number": ("it is taken for 0, and what follows is no head", 500, ["tmp/a"]),
    f"compressed and cut to {len(tars.COMPRESSED) - 9} bytes": (
        "only the end of the compression is missing, and nothing of the archive", 200, ["tmp/a"],
    ),
}  # fmt: skip
"""Where the practice engine does otherwise: why, what it answers, and what is there then of the names."""
BY_LAYER = [
    "a plain file", "it climbs", "absolute", "absolute and climbing", "through a link out",
    "through a link that climbs",
    "a hard link that climbs", "a hard link through a link", "set-user-id", "a name too long", "the same name twice",
    "a whiteout that climbs", "a whiteout of the folder above", "a name in the head of all", "a sparse file",
    "cut in a head", "a head of rubbish",
]  # fmt: skip


def make(engine: Engine, image: str = "busybox") -> str:
    reply = engine.call("POST", "/containers/create", json={"Image": image, "Cmd": ["true"]})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["Id"])


def tree(engine: Engine, container: str) -> dict[str, list[Any]]:
    found = tars.listing(engine.call("GET", f"/containers/{container}/export").content)
    return {name: list(more) for name, more in found.items()}


def send(engine: Engine, method: str, path: str, data: bytes) -> requests.Response:
    return engine.call(method, path, data=data, headers={"Content-Type": "application/x-tar"})


def put(engine: Engine, data: bytes, before: dict[str, Any]) -> tuple[requests.Response, dict[str, Any]]:
    container = make(engine)
    try:
        reply = send(engine, "PUT", f"/containers/{container}/archive?path=/tmp", data)
        now = tree(engine, container)
    finally:
        engine.call("DELETE", f"/containers/{container}", params={"force": "1"})
    assert set(before) <= set(now), "it took something away"
    return reply, {name: more for name, more in now.items() if before.get(name) != more}


def image(engine: Engine, method: str, path: str, data: bytes) -> tuple[requests.Response, dict[str, Any]]:
    reply = send(engine, method, path, data)
    if engine.call("GET", f"/images/{IMAGE}/json").status_code == 404:
        return reply, {}
    container = make(engine, IMAGE)
    try:
        found = tree(engine, container)
    finally:
        engine.call("DELETE", f"/containers/{container}", params={"force": "1"})
        engine.call("DELETE", f"/images/{IMAGE}", params={"force": "1"})
    return reply, {name: more for name, more in found.items() if name not in OF_THE_ENGINE}


def saved(*layers: bytes, names: object = None) -> bytes:
    """As `docker save` would write an image of these layers; `names`, where they are said to have other digests."""
    named = [digest(layer) for layer in layers] if names is None else names
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": named},
    }
    files = {f"l{number}.tar": layer for number, layer in enumerate(layers)}
    manifest = [{"Config": "c.json", "RepoTags": [f"{IMAGE}:latest"], "Layers": list(files)}]
    told = {"c.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    return tars.tar(*(tars.entry(name, data=data) for name, data in {**told, **files}.items()))


def digest(layer: bytes) -> str:
    return f"sha256:{hashlib.sha256(layer).hexdigest()}"


DOORS: dict[str, Callable[[Engine, bytes, dict[str, Any]], tuple[requests.Response, dict[str, Any]]]] = {
    "put_archive": put,
    "import": lambda engine, data, _: image(engine, "POST", f"/images/create?fromSrc=-&repo={IMAGE}", data),
    "load": lambda engine, data, _: image(engine, "POST", "/images/load", saved(data)),
}


@pytest.fixture(scope="module", params=main_engines(named_engines()), ids=lambda engine: engine.name)
def main(request: pytest.FixtureRequest) -> Engine:
    return usable(request.param)


@pytest.fixture(scope="module")
def before(main: Engine) -> Iterator[dict[str, Any]]:
    container = make(main)
    yield tree(main, container)
    main.call("DELETE", f"/containers/{container}", params={"force": "1"})


def told(reply: requests.Response) -> dict[str, Any]:
    """Whether it says yes or no, and by which status: an image's load says no in its stream."""
    return {"status": reply.status_code, "refused": "error" in reply.text or reply.status_code >= 400}


def expected(engine: Engine, door: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = SAID[door][name]
    if engine.name != "practice" or name not in DIFFERENCES:
        return found
    _, status, names = DIFFERENCES[name]
    here = [each.removeprefix("tmp/") if door != "put_archive" else each for each in names]
    kept = here if door == "put_archive" or status == 200 else []
    return {"status": 200 if door == "load" else status, "refused": status >= 400, "names": kept}


def without_owners(found: dict[str, Any]) -> dict[str, Any]:
    there = found.get("there", {}).items()
    return {**found, "there": {name: [kind, mode, more] for name, (kind, mode, _, _, more) in there}}


CASES = [(door, name) for door in ("put_archive", "import") for name in TARS] + [("load", name) for name in BY_LAYER]


@pytest.mark.parametrize(("door", "name"), CASES, ids=[f"{door}: {name}" for door, name in CASES])
def test_what_becomes_of_it(main: Engine, before: dict[str, Any], door: str, name: str) -> None:
    reply, there = DOORS[door](main, TARS[name], before)
    found = {**told(reply), "there": there}
    if os.environ.get(RECORD) and main.name.startswith("docker"):
        SAID.setdefault(door, {})[name] = found
        UNPACKED.write_text(json.dumps(SAID, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    wanted = expected(main, door, name)
    if "names" in wanted:
        assert found != SAID[door][name] or door != "put_archive", "there is no difference any more"
        found["names"] = sorted(found.pop("there"))
    if main.name == "practice" and os.geteuid():  # an ordinary user gives nothing away
        found, wanted = without_owners(found), without_owners(wanted)
    assert found == wanted, reply.text[:300]
    if reply.status_code >= 400:
        assert len(reply.json()["message"]) < 25_000
        assert "Error:" not in reply.json()["message"]
    if door == "put_archive":
        assert {each for each in there if not each.startswith("tmp/")} == set()


def test_nothing_is_outside_of_a_root() -> None:
    """All of them into one container of the practice engine: neither its own files nor the machine's change."""
    engine = usable(Engine("practice", practice_host()))
    data = Path(engine.host.removeprefix("unix://")).with_name("data")

    def outside() -> set[str]:
        found = set()
        for folder, folders, files in os.walk(data):
            folders[:] = [name for name in folders if name != "root"]
            found |= {f"{folder}/{name}" for name in (*folders, *files)}
        return found | {name for name in ("/climbed", "/etc/planted", "/tmp/planted") if Path(name).exists()}

    container = make(engine)
    before = outside()
    try:
        for each in TARS.values():
            send(engine, "PUT", f"/containers/{container}/archive?path=/tmp", each)
            send(engine, "POST", "/images/load", each)
        assert outside() == before
    finally:
        engine.call("DELETE", f"/containers/{container}", params={"force": "1"})


ONE, TWO = (tars.tar(tars.entry(name, data=name.encode())) for name in ("one", "two"))
UNFIT = {
    "another layer's": ([digest(TWO)], f'invalid diffID for layer 0: expected "{digest(TWO)}", got "{digest(ONE)}"'),
    "no digest": (["one"], f'invalid diffID for layer 0: expected "one", got "{digest(ONE)}"'),
    "too many": ([digest(ONE)] * 2, "invalid manifest, layers length mismatch: expected 1, got 2"),
    "none": ([], "invalid manifest, layers length mismatch: expected 1, got 0"),
}


@pytest.mark.parametrize(("names", "message"), UNFIT.values(), ids=UNFIT)
def test_a_layer_that_is_not_the_one_that_the_image_speaks_of(main: Engine, names: object, message: str) -> None:
    reply = send(main, "POST", "/images/load", saved(ONE, names=names))
    assert reply.json()["error"] == message
    assert main.call("GET", f"/images/{IMAGE}/json").status_code == 404


def test_what_is_saved_speaks_of_the_layers_that_are_in_it(main: Engine) -> None:
    assert "Loaded image" in send(main, "POST", "/images/load", saved(ONE, TWO)).text
    try:
        again = main.call("GET", f"/images/{IMAGE}/get").content
    finally:
        main.call("DELETE", f"/images/{IMAGE}", params={"force": "1"})
    with tarfile.open(fileobj=io.BytesIO(again)) as tar:
        files = {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}
    (told,) = json.loads(files["manifest.json"])
    layers = json.loads(files[told["Config"]])["rootfs"]["diff_ids"]
    assert layers == [digest(files[name]) for name in told["Layers"]]
