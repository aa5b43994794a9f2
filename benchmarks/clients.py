"""The clients that are measured, each as its users have it: `client.py` runs each in a process of its own.

A process reads a call a line from standard input, as JSON, makes it, and writes what it took.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

PIECE = 1 << 20
STATUS = Path("/proc/self/status")


class Client:
    """What they have in common.

    Each call gives a count of what came, by which is seen that all of it did: containers, processes, keys, lines
    of a log that the client tells apart, else bytes; `sys.maxsize` where a program said it all to somebody else.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self.scheme, _, self.rest = host.partition("://")

    def run(self, *command: str) -> int:
        """A program, its output thrown away."""
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return sys.maxsize


class Raw(Client):
    """A bare socket: the floor."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        from wire import Client as Wire

        self.wire = Wire(host)

    def list(self, label: str) -> int:
        return len(self.wire.json("GET", "/containers/json", all="1", filters=_label(label)))

    def inspect(self, name: str) -> int:
        return len(self.wire.json("GET", f"/containers/{name}/json"))

    def top(self, name: str) -> int:
        return len(self.wire.json("GET", f"/containers/{name}/top")["Processes"])

    def log(self, name: str) -> int:
        return self.wire.drain(f"/containers/{name}/logs", stdout="1", stderr="1")

    def export(self, name: str) -> int:
        return self.wire.drain(f"/containers/{name}/export")


class Requests(Client):
    """requests (and requests-unixsocket) with json, as a script has them."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        import requests
        import requests_unixsocket

        unix = self.scheme == "unix"
        self.session = requests_unixsocket.Session() if unix else requests.Session()
        self.base = f"http+unix://{quote(self.rest, safe='')}" if unix else f"http://{self.rest}"

    def _json(self, path: str, **query: str) -> Any:
        return json.loads(self.session.get(self.base + path, params=query).content)

    def _read(self, path: str, **query: str) -> int:
        with self.session.get(self.base + path, params=query, stream=True) as answer:
            return sum(map(len, answer.iter_content(PIECE)))

    def list(self, label: str) -> int:
        return len(self._json("/containers/json", all="1", filters=_label(label)))

    def inspect(self, name: str) -> int:
        return len(self._json(f"/containers/{name}/json"))

    def top(self, name: str) -> int:
        return len(self._json(f"/containers/{name}/top")["Processes"])

    def log(self, name: str) -> int:
        return self._read(f"/containers/{name}/logs", stdout="1", stderr="1")

    def export(self, name: str) -> int:
        return self._read(f"/containers/{name}/export")


class Cell(Client):
    """A notebook's cells: what a cell gives is formatted in every form that a notebook asks for."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        os.environ["DOCKER_HOST"] = host
        self.shell = InteractiveShell.instance()
        self.shell.display_pub = CapturingDisplayPublisher(parent=self.shell)

    def cell(self, source: str) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            done = self.shell.run_cell(source)
        done.raise_error()
        self.shell.display_pub.outputs.clear()
        return done.result


class RequestsCell(Cell):
    """requests with json in a cell that shows nothing."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.shell.user_ns["asked"] = Requests(host)

    def _found(self, ask: str) -> Any:
        self.cell(f"found = asked._json({ask})")
        return self.shell.user_ns["found"]

    def list(self, label: str) -> int:
        return len(self._found(f"'/containers/json', all='1', filters={_label(label)!r}"))

    def inspect(self, name: str) -> int:
        return len(self._found(f"'/containers/{name}/json'"))

    def top(self, name: str) -> int:
        return len(self._found(f"'/containers/{name}/top'")["Processes"])


class Magic(Cell):
    """%docker."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        from dockermagic import streams

        self.lines = streams.lines
        self.cell("%load_ext dockermagic")
        self.session = self.shell.magics_manager.magics["line"]["docker"].__self__.session

    def list(self, label: str) -> int:
        return len(self.cell(f"%docker list --all --filters label={label}"))

    def inspect(self, name: str) -> int:
        return len(self.cell(f"%docker inspect {name}"))

    def top(self, name: str) -> int:
        return len(self.cell(f"%docker top {name}"))

    def log(self, name: str) -> int:
        return sum(map(len, self.lines(self.session.call("logs", id=name, tail="all"))))

    def export(self, name: str) -> int:
        return sum(map(len, self.session.call("export", id=name).chunks()))


class Pandas(Cell):
    """What a notebook would do without us: the answer by requests, as a DataFrame that pandas shows."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.shell.user_ns["asked"] = Requests(host)
        self.cell("import pandas")

    def list(self, label: str) -> int:
        ask = f"asked._json('/containers/json', all='1', filters={_label(label)!r})"
        return len(self.cell(f"pandas.DataFrame({ask})"))

    def top(self, name: str) -> int:
        self.cell(f"found = asked._json('/containers/{name}/top')")
        return len(self.cell("pandas.DataFrame(found['Processes'], columns=found['Titles'])"))


class Unshown(Cell):
    """The columns of our table by requests and pandas, in a cell that shows nothing: the floor of a frame in a cell."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        import pandas

        asked = Requests(host)

        def table(label: str) -> pandas.DataFrame:
            found = asked._json("/containers/json", all="1", filters=label)
            texts = {name: [each[name] for each in found] for name in ("Id", "Image", "Command", "Status")}
            return pandas.DataFrame(
                {
                    **texts,
                    "Name": [each["Names"][0] for each in found],
                    "Created": pandas.to_datetime([each["Created"] for each in found], unit="s", utc=True),
                    "State": pandas.Categorical([each["State"] for each in found]),
                    "Ports": [str(each["Ports"] or "") for each in found],
                    "Labels": [each["Labels"] for each in found],
                }
            )

        self.shell.user_ns["table"] = table

    def list(self, label: str) -> int:
        self.cell(f"found = table({_label(label)!r})")
        return len(self.shell.user_ns["found"])


class Curl(Client):
    """curl."""

    def _get(self, path: str, **query: str) -> int:
        where = ("--unix-socket", self.rest, "http://localhost") if self.scheme == "unix" else (f"http://{self.rest}",)
        *options, base = where
        return self.run("curl", "-sS", "--fail", *options, f"{base}{path}?{urlencode(query)}")

    def list(self, label: str) -> int:
        return self._get("/containers/json", all="1", filters=_label(label))

    def inspect(self, name: str) -> int:
        return self._get(f"/containers/{name}/json")

    def top(self, name: str) -> int:
        return self._get(f"/containers/{name}/top")

    def log(self, name: str) -> int:
        return self._get(f"/containers/{name}/logs", stdout="1", stderr="1")

    def export(self, name: str) -> int:
        return self._get(f"/containers/{name}/export")


class Shouted(Cell):
    """`!curl` and `!docker` in a cell, which IPython gives a terminal."""

    program = ""

    def list(self, label: str) -> int:
        where = f"--unix-socket {self.rest} http://localhost" if self.scheme == "unix" else f"http://{self.rest}"
        lines = {
            "curl": f"!curl -sS {where}/containers/json?all=1\\&filters={quote(_label(label))}",
            "docker": f"!docker ps --all --filter label={label}",
        }
        self.cell(lines[self.program])
        return sys.maxsize


class ShoutedCurl(Shouted):
    program = "curl"


class ShoutedDocker(Shouted):
    program = "docker"


class Docker(Client):
    """The docker CLI."""

    def _docker(self, *words: str) -> int:
        return self.run("docker", "--host", self.host, *words)

    def list(self, label: str) -> int:
        return self._docker("ps", "--all", "--filter", f"label={label}")

    def inspect(self, name: str) -> int:
        return self._docker("inspect", name)

    def top(self, name: str) -> int:
        return self._docker("top", name)

    def log(self, name: str) -> int:
        return self._docker("logs", name)

    def export(self, name: str) -> int:
        return self._docker("export", name)


class DockerPy(Client):
    """docker-py."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        import docker

        self.client = docker.DockerClient(host, version="auto", timeout=600)

    def list(self, label: str) -> int:
        return len(self.client.containers.list(all=True, filters={"label": [label]}))

    def inspect(self, name: str) -> int:
        return len(self.client.containers.get(name).attrs)

    def top(self, name: str) -> int:
        return len(self.client.api.top(name)["Processes"])

    def log(self, name: str) -> int:
        return sum(1 for _ in self.client.api.logs(name, stream=True))

    def export(self, name: str) -> int:
        return sum(map(len, self.client.api.export(name)))


class AioDocker(Client):
    """aiodocker."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        import aiodocker

        self.loop = asyncio.new_event_loop()

        async def made() -> Any:
            return aiodocker.Docker(url=host)

        self.client = self.loop.run_until_complete(made())

    def list(self, label: str) -> int:
        asked = self.client.containers.list(all=True, filters={"label": [label]})
        return len(self.loop.run_until_complete(asked))

    def inspect(self, name: str) -> int:
        return len(self.loop.run_until_complete(self.client.containers.container(name).show()))

    def log(self, name: str) -> int:
        async def read() -> int:
            count = 0
            async for _ in self.client.containers.container(name).log(stdout=True, stderr=True, follow=True):
                count += 1
            return count

        return self.loop.run_until_complete(read())


class Whales(Client):
    """python-on-whales, which runs the docker CLI."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        from python_on_whales import DockerClient

        self.client = DockerClient(host=host)

    def list(self, label: str) -> int:
        return len(self.client.container.list(all=True, filters=[("label", label)]))

    def inspect(self, name: str) -> int:
        return len(self.client.container.inspect(name).id)

    def log(self, name: str) -> int:
        return sum(1 for _ in self.client.container.logs(name, stream=True))


CLIENTS: dict[str, Callable[[str], Client]] = {
    "raw socket": Raw,
    "requests and json": Requests,
    "requests and json, in a cell, not shown": RequestsCell,
    "%docker": Magic,
    "requests and pandas, in a cell": Pandas,
    "the same, typed, not shown": Unshown,
    "curl": Curl,
    "docker CLI": Docker,
    "!curl": ShoutedCurl,
    "!docker ps": ShoutedDocker,
    "docker-py": DockerPy,
    "aiodocker": AioDocker,
    "python-on-whales": Whales,
}


def _label(label: str) -> str:
    return json.dumps({"label": [label]})


def _processor() -> float:
    """Seconds of processors that this process and its children took."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _memory(line: str) -> int:
    """KiB, as the kernel counts them for this process."""
    return int(next(each.split()[1] for each in STATUS.read_text().splitlines() if each.startswith(line)))


def _forget_the_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def measured(client: Client, call: str, argument: str) -> dict[str, float]:
    """One call: `count`, `seconds`, `cpu` in seconds, and `memory`, the KiB that this process took on top."""
    _forget_the_peak()
    before = _memory("VmRSS:")
    cpu, began = _processor(), time.perf_counter()
    count = getattr(client, call)(argument)
    seconds, cpu = time.perf_counter() - began, _processor() - cpu
    return {"count": count, "seconds": seconds, "cpu": cpu, "memory": _memory("VmHWM:") - before}


def calls() -> Iterator[list[str]]:
    for line in sys.stdin:
        yield json.loads(line)


def main() -> None:
    _, name, host = sys.argv
    client, out = CLIENTS[name](host), os.dup(1)
    for call, argument in calls():
        os.write(out, f"{json.dumps(measured(client, call, argument))}\n".encode())


if __name__ == "__main__":
    main()
