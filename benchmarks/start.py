"""From nothing to the first result: `python benchmarks/start.py HOST`.

HOST is as for `client.py`. Three tables: importing the extension beside importing others; a new kernel up to its first
list of containers; and `make tutorial`, in a clone of its own, up to the first list in JupyterLab's own kernel: once
with everything to install, then with it there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import report
import websocket
from engine import Practice, named_engines, timed
from jupyter_client import KernelManager

ROOT = Path(__file__).parents[1]
PATIENCE = 600
OURS = "%load_ext dockermagic\n%docker list --all"
CELLS = {
    "`1 + 1`: the kernel itself": "1 + 1",
    "`%load_ext dockermagic`, `%docker list --all`": OURS,
    "`!docker ps --all`": "!docker ps --all",
    "docker-py, `containers.list(all=True)`": "import docker\ndocker.from_env().containers.list(all=True)",
    "pandas and requests, as a DataFrame": "import json, os, pandas, requests_unixsocket\n"
    "from urllib.parse import quote\n"
    "base = 'http+unix://' + quote(os.environ['DOCKER_HOST'].removeprefix('unix://'), safe='')\n"
    "found = requests_unixsocket.Session().get(base + '/containers/json', params={'all': 1})\n"
    "pandas.DataFrame(found.json())",
}
IMPORTS = {
    "`dockermagic.magic`": "dockermagic.magic",
    "docker-py": "docker",
    "requests": "requests",
    "pandas": "pandas",
    "aiodocker": "aiodocker",
    "python-on-whales": "python_on_whales",
}


def interleaved(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, in turns; the first round warms caches."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    names = [*ways]
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            seconds = ways[name]()
            if number:
                took[name].append(seconds)
    return took


def imported(module: str) -> float:
    """Seconds that an import takes where IPython is there already."""
    code = [sys.executable, "-X", "importtime", "-c", f"import IPython, {module}"]
    said = subprocess.run(code, capture_output=True, text=True, check=True, cwd=ROOT).stderr
    # a package is imported before its module, and told apart from it
    names = [".".join(module.split(".")[: at + 1]) for at in range(module.count(".") + 1)]
    lines = [
        re.findall(rf"^import time:\s+\d+ \|\s+(\d+) \| *{re.escape(name)}$", said, re.MULTILINE) for name in names
    ]
    return sum(int(total) for found in lines for total in found) / 1e6


def in_a_new_kernel(cell: str) -> float:
    """Seconds from the kernel's start to the end of its first cell."""
    manager = KernelManager(kernel_name="python3")
    with timed() as spent:
        manager.start_kernel(cwd=str(ROOT), stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        said = client.execute_interactive(cell, timeout=PATIENCE, output_hook=lambda message: None)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    if said["content"]["status"] != "ok":
        raise SystemExit(f"{cell!r} ended with {said['content']}")
    return spent[0]


@contextlib.contextmanager
def clone() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dmb-") as folder:
        place = Path(folder) / "dockermagic"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place)], check=True)
        yield place


def tutorial(place: Path) -> float:
    """Seconds from `make tutorial` to the first list in a kernel of the JupyterLab that it opens."""
    token, port = secrets.token_hex(16), free_port()
    options = f"--no-browser --port {port} --dir {place.parent / 'course'}"
    with timed() as spent:
        lab = subprocess.Popen(
            ["make", "tutorial", f"ARGS={options}"],
            cwd=place,
            env={**os.environ, "JUPYTER_TOKEN": token},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            first_list(lab, f"127.0.0.1:{port}", token)
        finally:
            done = time.perf_counter()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(lab.pid, signal.SIGTERM)
            lab.wait()
            stopping = time.perf_counter() - done
    return spent[0] - stopping


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def new_kernel(lab: subprocess.Popen[bytes], where: str, header: dict[str, str]) -> str:
    """The id of one, as soon as JupyterLab answers."""
    asked = urllib.request.Request(f"http://{where}/api/kernels", data=b"{}", headers=header, method="POST")
    while lab.poll() is None:
        try:
            with urllib.request.urlopen(asked) as answer:
                return str(json.load(answer)["id"])
        except urllib.error.URLError:
            time.sleep(0.02)
    raise SystemExit(f"make tutorial ended with {lab.returncode}")


def first_list(lab: subprocess.Popen[bytes], where: str, token: str) -> None:
    """A new kernel of that server, and our first list in it."""
    header = {"Authorization": f"token {token}"}
    kernel = new_kernel(lab, where, header)
    line = websocket.create_connection(f"ws://{where}/api/kernels/{kernel}/channels", header=header, timeout=PATIENCE)
    message = {
        "header": {"msg_id": secrets.token_hex(8), "msg_type": "execute_request", "username": "", "session": "b"},
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": {"code": OURS, "silent": False, "store_history": True, "allow_stdin": False},
    }
    line.send(json.dumps(message))
    while True:
        said: dict[str, Any] = json.loads(line.recv())
        if said["msg_type"] == "execute_reply":
            break
    line.close()
    if said["content"]["status"] != "ok":
        raise SystemExit(f"the first list ended with {said['content']}")


def lines(took: dict[str, list[float]], against: str) -> list[list[str]]:
    return [
        [
            name,
            report.duration(statistics.median(seconds)),
            "1" if name == against else f"{report.ratio(seconds, took[against]):.2f}",
        ]
        for name, seconds in took.items()
    ]


def render(imports: dict[str, list[float]], kernels: dict[str, list[float]], course: Sequence[float], note: str) -> str:
    first, *more = course
    again = f"; with everything there {report.duration(statistics.median(more))}" if more else ""
    return "\n\n".join(
        [
            "## From nothing to the first result",
            report.table(["import, where IPython is there", "median", "ratio"], lines(imports, "docker-py")),
            report.table(
                ["from the start of a kernel to the end of", "median", "ratio"], lines(kernels, next(iter(CELLS)))
            ),
            f"`make tutorial` to the first list in JupyterLab: {report.duration(first)} in a fresh clone, "
            f"packages to install{again}.",
            f"The ratio is to the line that has 1, round by round. {note}",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    hosts = [*named_engines(os.environ.get("DOCKERMAGIC_ENGINES", "")).values()]
    parser.add_argument("host", nargs="?", default=next(iter(hosts), None), help="as in DOCKER_HOST")
    parser.add_argument("--repeat", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one round; no figures to keep")
    parser.add_argument("--out", type=Path, help="also keep the tables in this file, in their section")
    given = parser.parse_args()
    rounds = 1 if given.quick else given.repeat
    note = f"{report.machine()}."
    practice = Practice()
    try:
        os.environ["DOCKER_HOST"] = given.host or practice.start()
        imports = interleaved(
            {name: lambda module=module: imported(module) for name, module in IMPORTS.items()}, rounds
        )
        kernels = interleaved({name: lambda cell=cell: in_a_new_kernel(cell) for name, cell in CELLS.items()}, rounds)
        with clone() as place:
            course = [tutorial(place) for _ in range(1 if given.quick else 4)]
    finally:
        practice.close()
    text = render(imports, kernels, course, note + (" Quick: not to be compared." if given.quick else ""))
    print(text)
    if given.out:
        report.keep(given.out, "start", f"{text}\n\nRun it: `make bench`, or `python benchmarks/start.py --help`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
