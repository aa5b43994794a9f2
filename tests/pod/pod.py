"""A pod as Binder gives it, made on a real engine by the steps in `binder/`: Debian with the packages of `apt.txt`,
a venv with `requirements.txt`, and the repository as the home of one unprivileged user, who ran `postBuild`.

`python tests/pod/pod.py ENGINE_HOST` builds it and prints what the checks in it found; root, debootstrap and
Debian's archive are needed. The root file system without the project is kept in $DOCKERMAGIC_POD_CACHE,
if that is set.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from plain import Engine

REPOSITORY = Path(__file__).parents[2]
CACHE = "DOCKERMAGIC_POD_CACHE"
BINDER_FOLDER = REPOSITORY / "binder"
REQUIREMENTS = BINDER_FOLDER / "requirements.txt"
PACKAGES = ("python3", "python3-venv", "ca-certificates", *(BINDER_FOLDER / "apt.txt").read_text().split())
TOOLS = ("pytest>=8.2", "pytest-timeout>=2.3", "nbclient>=0.10", "hatchling>=1.25")
USER = 1000
HOME = "/home/jovyan"
PYTHON = "srv/venv/bin/python"
PATH = "/srv/venv/bin:/usr/bin:/bin"
OUTSIDE = (".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", ".ipynb_checkpoints", "dockermagic-tutorial")
UNUSED = ("./var/cache", "./var/lib/apt", "./usr/share/doc", "./usr/share/locale", "./usr/share/man", "./wheels")
GIGABYTE = 1 << 30
MINUTES = 30.0
PATIENCE = 300.0
REPORT = "REPORT "


class CannotBuild(Exception):
    """The pod cannot be made here; says why."""


@dataclass(frozen=True)
class Kind:
    """What a pod may.

    Attributes:
        host: what the real engine is asked for, in a HostConfig.
        without: programs that this pod has not got.
    """

    name: str
    user: str = f"{USER}:{USER}"
    host: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()


START = (f"{HOME}/binder/start",)
"""What the image runs first, as Binder's own entry point does."""
NOTHING = {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"]}
UNCONFINED = {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}
BINDER = Kind("binder", host=NOTHING)
KINDS = (
    BINDER,
    Kind("binder-unconfined", host=UNCONFINED),
    Kind("binder-without-proot", host=NOTHING, without=("usr/bin/proot",)),
    Kind("colab", user="0:0"),
)


def run(*command: str | Path, **more: Any) -> str:
    """What a program says; its last words in a CannotBuild when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise CannotBuild(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}")
    return done.stdout


def archive() -> tuple[str, str]:
    """The mirror and the suite that this machine itself installs from.

    Raises:
        CannotBuild: it is no Debian, or the files have another form.
    """
    release = Path("/etc/os-release").read_text()
    suite = re.search(r"^VERSION_CODENAME=(\w+)", release, re.M)
    if "ID=debian" not in release or not suite:
        raise CannotBuild("this machine is no Debian, so it names no archive to take one from")
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in (path for path in places if path.is_file()):
        text = path.read_text()
        for block in text.split("\n\n"):
            uri = re.search(r"^URIs:\s*(\S+)", block, re.M)
            if uri and re.search(rf"^Suites:.*\b{suite[1]}\b(?!-)", block, re.M):
                return uri[1], suite[1]
        if line := re.search(rf"^deb\s+(?:\[.*?\]\s+)?(\S+)\s+{suite[1]}\s", text, re.M):
            return line[1], suite[1]
    raise CannotBuild(f"no line under /etc/apt names an archive of {suite[1]}")


def base(folder: Path) -> Path:
    """A root file system with all but the project, made in `folder` unless it is there."""
    mirror, suite = archive()
    wanted = [suite, *PACKAGES, *TOOLS, REQUIREMENTS.read_text()]
    root = folder / hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]
    if (root / "wheels" / "complete").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, root, mirror)
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = run("chroot", root, "python3", "-c", asked).strip()
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", root / "wheels"]
    run(*download, "--only-binary=:all:", "--python-version", version, "--requirement", REQUIREMENTS, *TOOLS)
    (root / "srv" / "venv").mkdir()
    os.chown(root / "srv" / "venv", USER, USER)
    shutil.copy(REQUIREMENTS, root / "wheels")
    as_user(root, "python3", "-m", "venv", "/srv/venv")
    as_user(root, f"/{PYTHON}", "-m", "pip", "install", "--quiet", "--requirement", "/wheels/requirements.txt", *TOOLS)
    (root / "wheels" / "complete").touch()
    return root


def as_user(root: Path, *command: str) -> str:
    """What a program says that the pod's user runs at home, while the image is built; pip finds what was downloaded."""
    (root / HOME.lstrip("/")).mkdir(parents=True, exist_ok=True)
    os.chown(root / HOME.lstrip("/"), USER, USER)
    env = ("env", "-i", f"--chdir={HOME}", f"HOME={HOME}", f"PATH={PATH}", "LANG=C.UTF-8")
    pip = ("PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels", "PIP_NO_CACHE_DIR=1", "PIP_DISABLE_PIP_VERSION_CHECK=1")
    return run("chroot", f"--userspec={USER}:{USER}", root, *env, *pip, *command)


def furnish(root: Path) -> None:
    """The repository as it is now, at home, and what `postBuild` makes of it."""
    home = root / HOME.lstrip("/")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(REPOSITORY, home, ignore=shutil.ignore_patterns(*OUTSIDE))
    run("chown", "-R", f"{USER}:{USER}", home)
    as_user(root, f"{HOME}/binder/postBuild")


@contextmanager
def image(engine: Engine) -> Iterator[str]:
    """An image of the pod on a real engine, removed in the end."""
    with tempfile.TemporaryDirectory(prefix="pod-") as temporary:
        root = base(Path(os.environ.get(CACHE) or temporary))
        furnish(root)
        name = f"dockermagic-pod-{uuid.uuid4().hex[:12]}"
        leave = [f"--exclude={path}" for path in UNUSED]
        with subprocess.Popen(["tar", "-C", root, *leave, "-c", "."], stdout=subprocess.PIPE) as tar:
            query = {"fromSrc": "-", "repo": name, "tag": "latest"}
            made = engine.call(
                "POST", "/images/create", params=query, data=tar.stdout, headers=AS_TAR, timeout=PATIENCE
            )
        if tar.returncode or made.status_code != 200 or "error" in made.text:
            raise CannotBuild(f"{engine.name} does not take the image: {made.text[-500:]}")
        try:
            yield name
        finally:
            engine.call("DELETE", f"/images/{name}", params={"force": "1"}, timeout=PATIENCE)


AS_TAR = {"Content-Type": "application/x-tar"}


@dataclass
class Outcome:
    """What came of the checks in a pod.

    Attributes:
        code: 0 when all passed.
        report: what `inside.py` told at its end; empty if it did not get there.
        memory: the most bytes that the pod held at a look, its files left out.
    """

    code: int
    said: str
    report: dict[str, Any]
    memory: int


def check(engine: Engine, name: str, kind: Kind, *words: str, entry: tuple[str, ...] = ()) -> Outcome:
    """Run `inside.py` in a pod of that kind, with no network and no Docker, by way of `entry`."""
    script = f"{HOME}/tests/pod/inside.py"
    told = ["BINDER_LAUNCH_HOST=https://mybinder.org/", f"POD_CREATED={time.time()}"]
    body = {
        "Image": name,
        "User": kind.user,
        "WorkingDir": HOME,
        "Env": [f"HOME={HOME}", "LANG=C.UTF-8", f"PATH={PATH}", *told],
        "Cmd": [*entry, f"/{PYTHON}", "-u", script, *words],
        "HostConfig": {"Memory": 2 * GIGABYTE, "NanoCpus": 10**9, "NetworkMode": "none", **kind.host},
    }
    made = engine.call("POST", "/containers/create", json=body)
    assert made.status_code == 201, made.text
    pod = f"/containers/{made.json()['Id']}"
    try:
        for program in kind.without:
            hidden = engine.call("PUT", f"{pod}/archive", params={"path": "/"}, data=blank(program))
            assert hidden.ok, hidden.text
        engine.call("POST", f"{pod}/start").raise_for_status()
        memory = watch(engine, pod)
        code = engine.call("POST", f"{pod}/wait").json()["StatusCode"]
        said = text(engine.call("GET", f"{pod}/logs", params={"stdout": "1", "stderr": "1"}).content)
    finally:
        engine.call("DELETE", pod, params={"force": "1", "v": "1"}, timeout=PATIENCE)
    reports = [line.removeprefix(REPORT) for line in said.splitlines() if line.startswith(REPORT)]
    return Outcome(code, said, json.loads(reports[-1]) if reports else {}, memory)


def blank(path: str) -> bytes:
    """A tar with an empty file that nobody can run at that path."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path)
        file.parent.mkdir(parents=True)
        file.touch(mode=0o600)
        return subprocess.run(["tar", "-C", folder, "-c", path], stdout=subprocess.PIPE, check=True).stdout


def watch(engine: Engine, pod: str) -> int:
    """Look at its memory until it ends; the most that was seen."""
    most = 0
    until = time.monotonic() + MINUTES * 60
    while engine.call("GET", f"{pod}/json", timeout=PATIENCE).json()["State"]["Running"]:
        if time.monotonic() > until:
            raise TimeoutError(f"the pod still runs after {MINUTES:g} minutes")
        time.sleep(0.5)
        once = {"stream": "0", "one-shot": "1"}
        found = engine.call("GET", f"{pod}/stats", params=once, timeout=PATIENCE).json()["memory_stats"]
        details = found.get("stats", {})
        files = details.get("total_inactive_file", details.get("inactive_file", 0))
        files += details.get("total_active_file", details.get("active_file", 0))
        most = max(most, found.get("usage", 0) - files)
    return most


def text(stream: bytes) -> str:
    """Docker's framed stream as text."""
    parts = []
    while len(stream) >= 8:
        size = int.from_bytes(stream[4:8], "big")
        parts.append(stream[8 : 8 + size])
        stream = stream[8 + size :]
    return b"".join(parts).decode(errors="replace")


def main() -> int:
    engine = Engine("docker", sys.argv[1])
    with image(engine) as name:
        learned = check(engine, name, BINDER, "course", entry=START)
        print(f"{learned.said}\n{learned.memory / GIGABYTE:.2f} GB at most")
        failed = learned.code
        for kind in KINDS:
            outcome = check(engine, name, kind, "isolation")
            print(
                f"== {kind.name}: ended with {outcome.code}, {outcome.memory / GIGABYTE:.2f} GB at most\n{outcome.said}"
            )
            failed = failed or outcome.code
    return failed


if __name__ == "__main__":
    sys.exit(main())
