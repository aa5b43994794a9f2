"""JupyterLab as `dockermagic tutorial` starts it: checks in-process, then a real one, stopped by a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from dockermagic import lab
from dockermagic.lab import CannotStart, check, command, environment


def kernel(folder: Path, program: str) -> None:
    """Store a kernel `python3` that runs `program`, below `folder`."""
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    spec = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Other", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))


def test_command(tmp_path: Path) -> None:
    words = command(tmp_path, port=8899, browser=False)
    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in words
    assert "--LabApp.default_url=/lab/tree/00-start.ipynb" in words
    assert {"--ServerApp.port=8899", "--ServerApp.port_retries=0", "--no-browser"} <= set(words)
    plain = command(tmp_path)
    assert "--no-browser" not in plain
    assert not [word for word in plain if "port" in word and "transport" not in word]


def test_environment_keeps_what_was_there() -> None:
    changed = environment({"JUPYTER_PATH": "/theirs", "HOME": "/home/x"})
    assert changed["JUPYTER_PATH"] == os.pathsep.join([str(lab.SHARE), "/theirs"])
    assert changed["JUPYTER_CONFIG_PATH"] == str(lab.CONFIG)
    assert changed["HOME"] == "/home/x"


def test_an_edition_of_its_own_is_opened(tmp_path: Path) -> None:
    assert "--LabApp.default_url=/lab/tree/zh/00-start.ipynb" in command(tmp_path, language="zh")


def test_lab_speaks_the_editions_language_where_its_pack_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: object())
    assert environment({}, "zh")["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(lab.CONFIG), str(lab.CONFIG / "zh")]
    assert lab.remark("zh") == ""
    settings = json.loads((lab.CONFIG / "zh" / "labconfig" / "default_setting_overrides.json").read_text())
    assert settings == {"@jupyterlab/translation-extension:plugin": {"locale": "zh_CN"}}


def test_where_the_pack_is_missing_lab_stays_english_and_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert environment({}, "zh")["JUPYTER_CONFIG_PATH"] == str(lab.CONFIG)
    assert "pip install jupyterlab-language-pack-zh-CN" in lab.remark("zh")
    assert lab.remark("en") == ""


def test_nothing_is_in_the_way() -> None:
    check(None)


@pytest.mark.parametrize("missing", ["jupyterlab", "ipykernel"])
def test_a_missing_package(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(CannotStart, match=f"{missing} is not installed.*pip install {missing}"):
        check(None)


def test_a_kernel_of_the_user_does_not_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(tmp_path, "/other/bin/python")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    check(None)


def test_a_kernel_of_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(tmp_path, "/other/bin/python")
    monkeypatch.setattr(lab, "SHARE", tmp_path)
    with pytest.raises(CannotStart, match="/other/bin/python, not this environment's"):
        check(None)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} cannot be used: .*--port"):
            check(port)


@pytest.fixture
def tutorial(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `dockermagic tutorial` of a user who has a kernel python3 of another environment."""
    kernel(tmp_path / "home" / ".local" / "share" / "jupyter", "/other/bin/python")
    words = [sys.executable, "-m", "dockermagic", "tutorial", "--no-browser", "--dir", "my course"]
    surroundings = {**os.environ, "HOME": str(tmp_path / "home")}
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        surroundings.pop(name, None)
    with subprocess.Popen(
        words, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def ask(url: str, token: str) -> Any:
    """The JSON at `url`. Lab prints its address a moment before it listens, so a refusal is tried again."""
    until = time.monotonic() + 60
    while True:
        try:
            reply = requests.get(url, params={"token": token}, timeout=60)
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
            continue
        reply.raise_for_status()
        return reply.json()


def test_a_real_one(tutorial: subprocess.Popen[str]) -> None:
    """It serves our folder, our settings and our kernel, and a SIGTERM ends all of it quietly."""
    assert tutorial.stdout
    said = []
    found = None
    while not found and (line := tutorial.stdout.readline()):
        said.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/00-start\.ipynb\?token=(\w+)", line)
    assert found, "".join(said)
    base, token = found.groups()

    listed = ask(f"{base}/api/contents", token)["content"]
    assert "00-start.ipynb" in [item["name"] for item in listed]
    notification = ask(f"{base}/lab/api/settings/@jupyterlab/apputils-extension:notification", token)
    assert notification["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert ask(f"{base}/api/kernelspecs/python3", token)["spec"]["argv"][0] == "python"

    tutorial.send_signal(signal.SIGTERM)
    said += tutorial.stdout.readlines()
    assert tutorial.wait() == 0, "".join(said)
    assert "Traceback" not in "".join(said)
    assert said[-1].startswith("JupyterLab has ended.")
    with pytest.raises(requests.ConnectionError):
        requests.get(base, timeout=5)
