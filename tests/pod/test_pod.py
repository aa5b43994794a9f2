"""The project in a Binder-like pod: one unprivileged user, no capability, no Docker, 1 CPU and 2 GB.

`DOCKERMAGIC_POD=1` (make test-all) runs it. It needs root, debootstrap, and a Docker among DOCKERMAGIC_ENGINES.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from plain import Engine, named_engines, usable
from pod import BINDER, GIGABYTE, KINDS, START, Kind, check, image

from dockermagic.lessons.course import LESSONS

ASKED = "DOCKERMAGIC_POD"
TIERS = {
    "binder": "proot",
    "binder-unconfined": "user-namespaces-without-proc",
    "binder-without-proot": "plain",
    "colab": "chroot",
}
pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.environ.get(ASKED) != "1", reason=f"only with {ASKED}=1: it takes ten minutes"),
]


@pytest.fixture(scope="module")
def docker() -> Engine:
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a root file system")
    if not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed")
    found = next((engine for engine in named_engines() if engine.name.startswith("docker")), None)
    if found is None:
        pytest.skip("no engine whose name starts with docker is named in DOCKERMAGIC_ENGINES")
    return usable(found)


@pytest.fixture(scope="module")
def pod(docker: Engine) -> Iterator[str]:
    with image(docker) as name:
        yield name


def test_the_course_in_a_pod_without_capabilities(docker: Engine, pod: str) -> None:
    """Started as Binder starts it; `%docker` is there in a new kernel, and every lesson runs while Lab does."""
    outcome = check(docker, pod, BINDER, "course", entry=START)
    assert outcome.code == 0, outcome.said
    report = outcome.report["course"]
    print(f"{report['tier']}, first result after {report['first_result']} s, all after {report['minutes']} minutes")
    print(
        f"{outcome.memory / GIGABYTE:.2f} GB at most, {report['held'] / GIGABYTE:.2f} at the end; {report['warnings']}"
    )
    assert outcome.report["uid"] == 1000
    assert report["lab"] == 200
    assert report["shown"].startswith("This is Binder")
    assert "practice engine" in report["shown"]
    assert "GET /v" in report["shown"]
    assert report["tier"] == TIERS[BINDER.name]
    assert not report["first"]
    assert list(report["runs"]) == [f"{lesson.name}.ipynb" for lesson in LESSONS]
    assert not {name: found for name, found in report["runs"].items() if any(found)}
    assert not report["left"]
    assert report["same"], "the engine did not outlive a kernel"
    assert report["ended"]
    assert outcome.memory < GIGABYTE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_containers_are_held_in(docker: Engine, pod: str, kind: Kind) -> None:
    outcome = check(docker, pod, kind, "isolation")
    assert outcome.code == 0, outcome.said
    found = outcome.report["isolation"]
    print(found)
    assert found["tier"] == TIERS[kind.name]
    assert found["code"] == 0, outcome.said
