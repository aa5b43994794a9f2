"""The script of tools/record.py, walked on the practice engine: it answers as Docker 28 did, or it is said why not."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from plain import practice_host

TOOL = Path(__file__).parents[2] / "tools" / "record.py"
NORM = Path(__file__).with_name("docker-28.5.json")
HEADS = ("content-type", "x-docker-container-path-stat")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|17672256\d\d")
NUMBERED = re.compile(r"\b\d{9,12}(0{52})?\b")
SIZES = ("Size", "SizeRootFs", "VirtualSize")


class Difference(NamedTuple):
    """Where it answers otherwise.

    Attributes:
        call: the call's name, a pattern.
        place: where in the answer, a pattern.
        reason: why.
    """

    call: str
    place: str
    reason: str


NETWORK = "EndpointID|Gateway|IPAddress|IPPrefixLen|NetworkID|SandboxID|SandboxKey"
DIFFERENCES = (
    Difference("version|info", ".*", "they tell which engine this is, and what it lacks"),
    Difference("inspect.*|image", r"\.(Graph)?Driver\b.*", "a root file system is a folder, not overlay2's"),
    Difference("inspect.*", r"\.(Hostname|Hosts|Log|ResolvConf)Path", "its files stand in other places"),
    Difference("inspect.*", r"\.HostConfig\.Runtime", "its runtime is not runc, and says so"),
    Difference("inspect.*|list.*", rf".*\.({NETWORK})", "it has no network of its own to give addresses in"),
    Difference("image", r"\.DockerVersion", "it is another engine's"),
    Difference("archive_info: a link", "header .*", "its busybox is of hard links, not of symbolic ones"),
    Difference("image", r"\.RootFS\.Layers\.\d", "an image is one whole layer"),
    Difference("history", r"\.1\.(Comment|CreatedBy)", "its busybox was made in another way"),
    Difference("prune_images", r"\.SpaceReclaimed", "its images are whole copies: all of one comes back, not a layer"),
    Difference("prune_images", r"\.ImagesDeleted.*", "so there is no layer to name beside the image"),
)


@pytest.fixture(scope="module")
def record() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("record_tool", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "record_tool", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def walked(record: ModuleType) -> dict[str, dict[str, Any]]:
    """Each call's answer, by the call's name."""
    host = practice_host()
    walk = record.Walk(host)
    mask = record.Mask(record.places_of(walk.get("/info"), host))
    return {call["name"]: mask.call(call)["answer"] for call in walk.run()}


@pytest.fixture(scope="module")
def norm() -> dict[str, dict[str, Any]]:
    return {call["name"]: call["answer"] for call in json.loads(NORM.read_text(encoding="utf-8"))["calls"]}


def places(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything in an answer that two engines may have in common: where it stands, and what."""
    yield "status", f"{answer['status']} {answer['reason']}"
    for name in HEADS:
        told = answer["headers"].get(name, "")
        yield f"header {name}", told if name == HEADS[0] or not told else plain(base64.b64decode(told).decode())
    if "json" in answer:
        yield from leaves(answer["json"])
    if "base64" in answer:
        yield "body", plain(base64.b64decode(answer["base64"]).decode("latin-1"))
    if "text" in answer:
        yield "body", plain(answer["text"])


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """JSON, value by value."""
    if isinstance(value, dict | list):
        yield place, type(value).__name__
        items = value.items() if isinstance(value, dict) else ((f"{at}", each) for at, each in enumerate(value))
        for key, each in items:
            yield from leaves(each, f"{place}.{key}") if key not in SIZES or not each else [(f"{place}.{key}", "size")]
    else:
        yield place, plain(json.dumps(value, ensure_ascii=False))


def plain(text: str) -> str:
    """Without what differs from one run to the next: the counts of ids and of times."""
    return NUMBERED.sub("ID", MOMENT.sub("TIME", text))


def test_it_answers_as_docker_does(norm: dict[str, Any], walked: dict[str, Any]) -> None:
    assert list(walked) == list(norm)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name in norm:
        theirs, ours = dict(places(norm[name])), dict(places(walked[name]))
        for place in theirs.keys() | ours.keys():
            if theirs.get(place) != ours.get(place):
                found[name, place] = theirs.get(place, "nothing"), ours.get(place, "nothing")
    known = {spot: [each for each in DIFFERENCES if matches(each, *spot)] for spot in found}
    assert {spot: found[spot] for spot, reasons in known.items() if not reasons} == {}
    assert set(DIFFERENCES) == {each for reasons in known.values() for each in reasons}, "what is not true any more"


def matches(difference: Difference, call: str, place: str) -> bool:
    return bool(re.fullmatch(difference.call, call) and re.fullmatch(difference.place, place))
