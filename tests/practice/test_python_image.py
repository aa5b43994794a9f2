"""The image `python`, which is the interpreter that runs the engine: made at its first use, on every tier."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from practicekit import Engine
from test_isolation import placed, python_of_everybody  # noqa: F401 a fixture: one engine for each tier

MAJOR, MINOR = sys.version_info[:2]
TAGS = sorted([f"python:{MAJOR}", f"python:{MAJOR}.{MINOR}", "python:latest"])
CODE = "import json, ssl, sqlite3, hashlib, ctypes; print(sum(json.loads('[1, 2]')))"


def in_python(engine: Engine, code: str, image: str = "python:3") -> str:
    return engine.output("python3", "-c", code, Image=image)


def tags(engine: Engine) -> list[str]:
    return sorted(tag for image in engine.get("/images/json").json for tag in image["RepoTags"])


@pytest.mark.timeout(240)
def test_it_runs_on_every_tier(placed: Engine) -> None:  # noqa: F811
    assert in_python(placed, CODE) == "3\n"
    assert in_python(placed, "import sys; print(sys.prefix)").endswith("/usr/local\n")
    assert placed.output("sh", "-c", "echo $((1 + 2))", Image="python:3") == "3\n"


def test_it_is_listed_when_it_is_there(engines: Callable[..., Engine]) -> None:
    engine = engines().start()
    assert tags(engine) == ["busybox:latest"]
    seen = engine.get("/images/python:3/json").json
    assert (seen["RepoTags"], seen["Config"]["Cmd"]) == (TAGS, ["python3"])
    assert tags(engine) == ["busybox:latest", *TAGS]
    listed = next(image for image in engine.get("/images/json").json if image["Id"] == seen["Id"])
    with tarfile.open(fileobj=io.BytesIO(engine.get("/images/python/get").body)) as saved:
        layer = saved.extractfile(next(one for one in saved if one.name.endswith("layer.tar")))
        with tarfile.open(fileobj=layer) as files:
            assert listed["Size"] == seen["Size"] == sum(one.size for one in files if one.isreg())
    assert engine.stop() == ""


def test_a_version_that_is_not_the_machine_s_is_not_there(engine: Engine) -> None:
    answer = engine.post("/containers/create", {"Image": "python:2.7"})
    assert (answer.status, answer.message) == (404, "No such image: python:2.7")
    pulled = engine.post("/images/create", fromImage="python", tag="2.7")
    assert pulled.status == 404
    assert "cannot pull python:2.7" in pulled.message


def test_removed_it_comes_back_by_a_pull_only(engines: Callable[..., Engine]) -> None:
    engine = engines().start()
    assert pull(engine).startswith("python:3 has been made")
    assert pull(engine).startswith("python:3 is here already")
    assert engine.delete(f"/images/python:{MAJOR}.{MINOR}").status == 200
    assert engine.delete("/images/python:latest").status == 200
    assert engine.delete("/images/python:3").status == 200
    assert tags(engine) == ["busybox:latest"]
    assert engine.post("/containers/create", {"Image": "python:3"}).status == 404
    pull(engine)
    assert tags(engine) == ["busybox:latest", *TAGS]
    assert engine.stop() == ""


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker CLI here")
def test_docker_run(engine: Engine) -> None:
    command = ["docker", "run", "--rm", "python:3", "python3", "-c", CODE]
    env = {**os.environ, "DOCKER_HOST": f"unix://{engine.socket}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def pull(engine: Engine) -> str:
    """The first line of progress."""
    answer = engine.post("/images/create", fromImage="python", tag="3")
    assert answer.status == 200, answer.body
    return json.loads(answer.body.splitlines()[0])["status"]


def test_an_interpreter_in_a_closed_home_and_in_a_venv(engines: Callable[..., Engine], tmp_path: Path) -> None:
    """As with pyenv: the interpreter lies under a folder that nobody else may enter."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    root = str(Path(__file__).parents[2])
    engine = engines(python=str(home / "venv/bin/python"), env={"PYTHONPATH": f"{root}{os.pathsep}{packages}"}).start()
    assert in_python(engine, CODE) == "3\n"
    assert in_python(engine, "import sys; print(any('site-packages' in p and 'home' in p for p in sys.path))") == (
        "False\n"
    )
    assert engine.stop() == ""


@pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="this machine has no interpreter in /usr")
def test_an_interpreter_in_usr(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from practice_engine import pythons; "
        "print(pythons.build(Path(sys.argv[1]) / 'root'))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = ["/usr/bin/python3", "-B", "-c", code, str(tmp_path)]
    done = subprocess.run(run, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Made from /usr/bin/python3" in done.stdout


def test_where_it_cannot_be_made_it_says_why(engines: Callable[..., Engine], tmp_path: Path) -> None:
    """Without ldd nobody can tell which libraries the interpreter needs."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "busybox").symlink_to(shutil.which("busybox") or "/bin/busybox")
    engine = engines(env={"PATH": str(tools)}).start()
    answer = engine.post("/containers/create", {"Image": "python:3"})
    assert answer.status == 404
    assert answer.message.startswith("the practice engine cannot make python:3 here: ldd does not tell")
    assert tags(engine) == ["busybox:latest"]
    assert engine.stop() == ""
