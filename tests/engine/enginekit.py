"""Two ways to make the same call: from Python (`Session.call` and `tables.value`), and by the magic in IPython.

What the tests make is named `es-…`, made and removed through `plain.Engine`, with nothing of dockermagic between.
"""

from __future__ import annotations

import json
import shlex
import tarfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from plain import Engine

from dockermagic import arguments, bodies, commands, tables
from dockermagic.endpoints import BY_NAME, Endpoint, raw
from dockermagic.exchange import Exchange
from dockermagic.session import Session

IMAGE = "busybox"
MINDS_TERM = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done"
IGNORES_TERM = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
Found = TypeVar("Found")
NOWHERE = "es-none"
BODIES: dict[str, dict[str, Any]] = {
    "container": {"Image": NOWHERE},
    "exec": {"Cmd": ["true"]},
    "exec_start": {"Detach": False},
    "update": {"RestartPolicy": {"Name": "no"}},
    "auth": {"username": "me", "password": "secret", "serveraddress": "127.0.0.1:9"},
}
SIZE = {"h": 24, "w": 80}
MORE: dict[str, dict[str, Any]] = {
    "resize": SIZE,
    "exec_resize": SIZE,
    "import": {"repo": NOWHERE},
}


def unique() -> str:
    return f"es-{uuid.uuid4().hex[:12]}"


def until(check: Callable[[], Found], what: str, seconds: float = 60) -> Found:
    """The first true answer of `check`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {found!r}")
        time.sleep(0.05)
    return found


def least(row: str, folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The least that a call must be told: its body in a list, if it has one, and its values. All names are of nothing.

    Args:
        folder: where files may be made that are to be sent.
    """
    found = BY_NAME[row]
    names = {param.name: NOWHERE for param in (*found.places, *found.query) if param.kind in arguments.PLACED}
    values = {**names, **MORE.get(row, {})}
    if any(param.kind == "source" for param in found.local):
        (folder / "Dockerfile").write_text("FROM scratch\n")
        with tarfile.open(folder / "root.tar", "w") as archive:
            archive.add(folder / "Dockerfile", "Dockerfile")
        values["input"] = str(folder if found.body == "context" else folder / "root.tar")
    return [BODIES[found.body]] if found.body in BODIES else [], values


class Made:
    """Containers of a test: made and removed by plain HTTP."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.names: list[str] = []

    def __call__(self, command: str | None = None, *, start: bool = True, name: str = "", **config: Any) -> str:
        """A new container's name; `command` goes to its shell, `config` into the body."""
        name = self.expect(name or unique())
        body = {"Image": IMAGE, "Cmd": ["sh", "-c", command or MINDS_TERM], **config}
        reply = self.engine.call("POST", "/containers/create", params={"name": name}, json=body)
        assert reply.status_code == 201, reply.text
        if start:
            reply = self.engine.call("POST", f"/containers/{name}/start")
            assert reply.status_code == 204, reply.text
        return name

    def finished(self, command: str, **config: Any) -> str:
        """A container that has run to its end."""
        name = self(command, **config)
        only = {"all": "1", "filters": json.dumps({"name": [name]})}
        # Podman's inspect says exited a moment before its list does
        until(
            lambda: self.engine.call("GET", "/containers/json", params=only).json()[0]["State"] == "exited",
            f"{name} ends",
        )
        return name

    def ready(self, command: str = MINDS_TERM, **config: Any) -> str:
        """A container that has set its traps, and said `ready`."""
        name = self(command, **config)
        until(lambda: b"ready" in self.log(name), f"{name} is ready")
        return name

    def expect(self, name: str) -> str:
        """Remove what will carry this name, too."""
        self.names.append(name)
        return name

    def inspect(self, name: str) -> dict[str, Any]:
        reply = self.engine.call("GET", f"/containers/{name}/json")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def state(self, name: str) -> dict[str, Any]:
        return dict(self.inspect(name)["State"])

    def log(self, name: str) -> bytes:
        reply = self.engine.call("GET", f"/containers/{name}/logs", params={"stdout": "1", "stderr": "1"})
        return reply.content

    def there(self, name: str) -> bool:
        return self.engine.call("GET", f"/containers/{name}/json").status_code == 200

    def remove(self) -> None:
        for name in self.names:
            self.engine.call("POST", f"/containers/{name}/unpause")
            self.engine.call("POST", f"/containers/{name}/kill")  # or Podman waits ten seconds before it removes
            self.engine.call("DELETE", f"/containers/{name}", params={"force": "1", "v": "1"})
        left = [name for name in self.names if self.there(name)]
        self.names = []
        assert not left, f"could not be removed: {left}"


class Python:
    """Calls from Python."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, row: str, body: Any = None, /, **values: Any) -> Any:
        """The value of a call; `body` is JSON."""
        return self._value(BY_NAME[row], values, body)

    def create(self, *words: str) -> Any:
        """Create by flags, as they would be typed."""
        row = BY_NAME["create"]
        found = arguments.parse(row, [*words])
        image, command = found.values.pop("image"), found.values.pop("command")
        body = bodies.container(image, command, found.flags, label=not found.values.get("no-label"))
        if found.values.get("replace"):
            commands.make_room(self.session, found.values.get("name"))
        return self._value(row, found.values, body)

    def raw(self, method: str, path: str, body: Any = None, output: str = "") -> Any:
        """Any call at all."""
        values = {"path": path, **({"output": output} if output else {})}
        return self._value(raw(method, path, "json"), values, body)

    def _value(self, row: Endpoint, values: Mapping[str, Any], body: Any) -> Any:
        exchange = self.session.call(row, values, body=body)
        sent = None if body is None else bodies.encode(body)
        wanted = tables.Wanted(values=values, tty=lambda answer: self.session.terminal(values, sent))
        return tables.value(row, exchange, wanted)

    @property
    def last(self) -> Exchange:
        assert self.session.last is not None
        return self.session.last


class Magic:
    """The same calls, typed into IPython."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.shell, self.session = shell, session
        self.text = ""

    def __call__(self, row: str, body: Any = None, /, **values: Any) -> Any:
        words, found = [row], BY_NAME[row]
        params = (*found.places, *found.query, *found.local, *arguments.COMMON)
        assert set(values) <= {param.name for param in params}, values
        for param in params:
            if param.name not in values or values[param.name] is False:
                continue
            value = values[param.name]
            if param.kind in arguments.PLACED:
                words.append(value)
            elif value is True:
                words.append(param.option)
            elif param.kind == "filters":
                words += [
                    word for key, many in value.items() for each in many for word in (param.option, f"{key}={each}")
                ]
            elif isinstance(value, dict):
                words += [word for key, text in value.items() for word in (param.option, f"{key}={text}")]
            elif isinstance(value, list):
                words += [word for text in value for word in (param.option, str(text))]
            else:
                words += [param.option, str(value)]
        return self.typed(words, body)

    def create(self, *words: str) -> Any:
        return self.typed(["create", *words])

    def raw(self, method: str, path: str, body: Any = None, output: str = "") -> Any:
        return self.typed([method, path, *(["--output", output] if output else [])], body)

    def typed(self, words: list[str], body: Any = None) -> Any:
        line = f"docker {shlex.join(words)}"
        return self.run(f"%{line}" if body is None else f"%%{line}\n{json.dumps(body, ensure_ascii=False)}")

    def run(self, cell: str) -> Any:
        """The value of a cell; `text` keeps what it displayed. Raises what the cell raised."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell)
        shown = [output.data.get("text/plain", "") for output in captured.outputs]
        self.text = "\n".join([captured.stdout, *shown])
        if result.error_in_exec or result.error_before_exec:
            raise result.error_in_exec or result.error_before_exec
        return result.result

    @property
    def last(self) -> Exchange:
        assert self.session.last is not None
        return self.session.last


Caller = Python | Magic
