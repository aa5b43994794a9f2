"""Interrupting a call in a real kernel: the prompt comes back, and what had come is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from enginekit import Made
from jupyter_client.manager import KernelManager
from plain import Engine

import dockermagic

SECONDS = 60


class Kernel:
    """A kernel that says what it displays, message by message."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def begin(self, code: str) -> str:
        return str(self.client.execute(code, stop_on_error=False))

    def message(self, request: str) -> dict[str, Any]:
        """The next message that belongs to a request."""
        while True:
            found = self.client.get_iopub_msg(timeout=SECONDS)
            if found["parent_header"].get("msg_id") == request:
                return dict(found)

    def see(self, request: str, text: str) -> None:
        """Read on until something displayed holds the text."""
        seen = []
        while True:
            found = self.message(request)
            seen.append(str(found["content"]))
            if text in seen[-1]:
                return
            assert found["msg_type"] != "error", found["content"]
            assert found["content"].get("execution_state") != "idle", seen

    def end(self, request: str) -> dict[str, Any]:
        """The reply to a request: the prompt is back."""
        while True:
            found = self.client.get_shell_msg(timeout=SECONDS)
            if found["parent_header"].get("msg_id") == request:
                return dict(found["content"])

    def run(self, code: str) -> str:
        """The text of a cell's value."""
        request = self.begin(code)
        reply = self.end(request)
        assert reply["status"] == "ok", reply
        while True:
            found = self.message(request)
            if found["msg_type"] == "execute_result":
                return str(found["content"]["data"]["text/plain"])
            if found["content"].get("execution_state") == "idle":
                return ""


@pytest.fixture(scope="module")
def kernel(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("kernel")
    source = str(Path(dockermagic.__file__).parents[1])
    env = {
        **os.environ,
        "DOCKER_HOST": engine.host,
        "IPYTHONDIR": str(home),
        "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")])),
    }
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=env, cwd=str(home))
    try:
        started = Kernel(manager)
        started.run("%load_ext dockermagic")
        yield started
        started.client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)


def test_logs_follow(kernel: Kernel, made: Made) -> None:
    name = made("i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done")
    request = kernel.begin(f"%docker logs {name} --follow --tail all")
    kernel.see(request, "line 3")
    kernel.manager.interrupt_kernel()
    reply = kernel.end(request)
    assert reply["status"] == "error"
    assert reply["ename"] == "Interrupted"
    assert "Traceback" not in "\n".join(reply["traceback"])
    assert kernel.run("x = %docker last\nlist(x.value.columns), len(x.value) >= 3, x.value['line'][0]") == (
        "(['time', 'stream', 'line'], True, 'line 1')"
    )
    assert made.state(name)["Running"] is True, "what the container does is not changed by that"
    assert kernel.run(f"y = %docker inspect {name}\ny['State']['Running']") == "True"


def test_logs_follow_of_a_silent_container(kernel: Kernel, made: Made) -> None:
    name = made("sleep 600")
    request = kernel.begin(f"%docker logs {name} --follow")
    until_busy(kernel, request)
    kernel.manager.interrupt_kernel()
    assert kernel.end(request)["ename"] == "Interrupted"
    assert kernel.run("x = %docker last\nlen(x.value) if x.value is not None else 0") == "0"


def test_wait(kernel: Kernel, made: Made) -> None:
    name = made()
    request = kernel.begin(f"%docker wait {name}")
    until_busy(kernel, request)
    kernel.manager.interrupt_kernel()
    assert kernel.end(request)["ename"] == "Interrupted"
    assert made.state(name)["Running"] is True


@pytest.mark.parametrize("line", ["exec {} -- sleep 600", "attach {}", "exec {} -- sh -c 'echo begun; sleep 600'"])
def test_streams_of_a_connection_that_was_taken_over(kernel: Kernel, made: Made, line: str) -> None:
    name = made("sleep 600")
    request = kernel.begin(f"%docker {line.format(name)}")
    until_busy(kernel, request)
    kernel.manager.interrupt_kernel()
    reply = kernel.end(request)
    assert reply["ename"] == "Interrupted", reply
    assert "Traceback" not in "\n".join(reply["traceback"])
    assert made.state(name)["Running"] is True


def until_busy(kernel: Kernel, request: str) -> None:
    """The cell is under way; a moment more, so that it is inside the call and not before it."""
    while kernel.message(request)["content"].get("execution_state") != "busy":
        pass
    time.sleep(1)
