"""What is checked in a pod: `inside.py course isolation`. The last line is a report as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from jupyter_client import BlockingKernelClient, find_connection_file

TESTS = Path(__file__).parents[1]
REPORT = "REPORT "
FOLDER = "dockermagic-tutorial"
PORT = 8888
TOKEN = "learner"
ADMITTED = {"Authorization": f"token {TOKEN}"}
PATIENCE = 120.0
ISOLATION = TESTS / "practice" / "test_isolation.py"


def course() -> dict[str, Any]:
    """JupyterLab as it opens, a kernel of its own, then every lesson that was laid out; the report of `alone.py`."""
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--port={PORT}",
        f"--IdentityProvider.token={TOKEN}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as lab:
        try:
            opened = page(f"/lab/tree/{FOLDER}/00-start.ipynb")
            shown = in_kernel("%docker list --all")
            first = round(time.time() - float(os.environ["POD_CREATED"]), 1)
            command = [sys.executable, str(TESTS / "notebooks" / "alone.py"), FOLDER, "all"]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            held = sum(process.memory_full_info().pss for process in psutil.process_iter())
        finally:
            lab.terminate()
    report = next(line for line in said.splitlines() if line.startswith(REPORT)).removeprefix(REPORT)
    return {"lab": opened, "shown": shown, "first_result": first, "held": held, **json.loads(report)}


def page(path: str) -> int:
    """The status of a page of JupyterLab, which may still have to come up."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            asked = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers=ADMITTED)
            with urllib.request.urlopen(asked) as answer:
                return int(answer.status)
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def in_kernel(cell: str) -> str:
    """What a cell shows that is the first in a kernel which JupyterLab started, as text."""
    body = {"path": f"{FOLDER}/00-start.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    data = json.dumps(body).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{PORT}/api/sessions", data, ADMITTED)
    with urllib.request.urlopen(asked) as answer:
        kernel = json.load(answer)["kernel"]["id"]
    client = BlockingKernelClient(connection_file=find_connection_file(f"kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    shown: list[str] = []
    ready(client)
    client.execute_interactive(cell, timeout=PATIENCE, output_hook=lambda message: shown.append(text(message)))
    client.stop_channels()
    return "\n".join(filter(None, shown))


def ready(client: BlockingKernelClient) -> None:
    """Wait for a kernel that is still coming up, which its client takes for a dead one after a second."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return client.wait_for_ready(timeout=PATIENCE)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def text(message: dict[str, Any]) -> str:
    content = message["content"]
    return str(content.get("data", {}).get("text/plain") or content.get("text") or content.get("evalue") or "")


def isolation() -> dict[str, Any]:
    """The promises of every tier that this pod can be made to show, and which it takes by itself."""
    from practice_engine.isolation import probe

    found = probe()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ISOLATION]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent)
    print(done.stdout)
    return {
        "tier": found.tier.name,
        "refused": dict(found.refused),
        "landlock": found.landlock,
        "code": done.returncode,
    }


def main() -> int:
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    report = {word: {"course": course, "isolation": isolation}[word]() for word in sys.argv[1:]}
    print(REPORT + json.dumps({"uid": os.getuid(), **report}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
