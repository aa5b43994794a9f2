"""What an engine refuses: the class, the status, its own message, the exchange; nothing is changed by it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from differences import DIFFERENCES, NORM, expected
from enginekit import IMAGE, Caller, Made, least, unique, until
from plain import Engine

from dockermagic import errors
from dockermagic.endpoints import ENDPOINTS

CLASSES = {
    400: errors.BadRequest,
    404: errors.NotFound,
    409: errors.Conflict,
    500: errors.ServerError,
}
Case = Callable[[Caller, Made], Any]


def paused(by: Caller, made: Made) -> str:
    name = made()
    assert made.engine.call("POST", f"/containers/{name}/pause").status_code == 204
    return name


def create(by: Caller, made: Made, name: str = "", **body: Any) -> Any:
    return by("create", {"Image": IMAGE, **body}, name=made.expect(name or unique()))


def prepared(by: Caller, name: str, *command: str) -> str:
    return str(by("exec_create", {"Cmd": [*(command or ("true",))], "AttachStdout": True}, id=name)["Id"])


def start_paused(by: Caller, made: Made) -> Any:
    name = made()
    identity = prepared(by, name)
    assert made.engine.call("POST", f"/containers/{name}/pause").status_code == 204
    return by("exec_start", {"Detach": False}, id=identity)


CASES: dict[str, Case] = {
    "attach: no such container": lambda by, made: by("attach", id=unique()),
    "attach: paused": lambda by, made: by("attach", id=paused(by, made)),
    "attach: keys that are none": lambda by, made: by("attach", id=made(), detachKeys="nosuch"),
    "resize: not running": lambda by, made: by("resize", id=made(start=False, Tty=True), h=24, w=80),
    "resize: no size": lambda by, made: by("resize", id=made(Tty=True)),
    "exec_create: no such container": lambda by, made: by("exec_create", {"Cmd": ["true"]}, id=unique()),
    "exec_create: not running": lambda by, made: by("exec_create", {"Cmd": ["true"]}, id=made(start=False)),
    "exec_create: paused": lambda by, made: by("exec_create", {"Cmd": ["true"]}, id=paused(by, made)),
    "exec_create: no command": lambda by, made: by("exec_create", {"AttachStdout": True}, id=made()),
    "exec_start: no such exec": lambda by, made: by("exec_start", {"Detach": False}, id=unique()),
    "exec_start: detached, no such program": lambda by, made: by(
        "exec_start", {"Detach": True}, id=prepared(by, made(), "/no/such/program")
    ),
    "exec_start: paused": start_paused,
    "exec_inspect: no such exec": lambda by, made: by("exec_inspect", id=unique()),
    "exec_resize: no such exec": lambda by, made: by("exec_resize", id=unique(), h=24, w=80),
    "create: the name is taken": lambda by, made: create(by, made, made(start=False)),
    "create: no such image": lambda by, made: create(by, made, Image="es-none:1"),
    "create: Image is a number": lambda by, made: create(by, made, Image=5),
    "create: WorkingDir is relative": lambda by, made: create(by, made, WorkingDir="tmp"),
    "create: a name with a space": lambda by, made: by("create", {"Image": IMAGE}, name="es none"),
    "start: no such program": lambda by, made: by("start", id=made(start=False, Cmd=["/no/such/program"])),
    "kill: not running": lambda by, made: by("kill", id=made(start=False)),
    "kill: no such signal": lambda by, made: by("kill", id=made(), signal="NOSUCH"),
    "top: not running": lambda by, made: by("top", id=made(start=False)),
    "top: ps refuses": lambda by, made: by("top", id=made(), ps_args="--nosuch"),
    "pause: not running": lambda by, made: by("pause", id=made(start=False)),
    "pause: paused already": lambda by, made: by("pause", id=paused(by, made)),
    "unpause: not paused": lambda by, made: by("unpause", id=made()),
    "remove: running": lambda by, made: by("remove", id=made()),
    "remove: paused": lambda by, made: by("remove", id=paused(by, made)),
    "remove: no such link": lambda by, made: by("remove", id=unique(), link=True),
    "rename: to its own name": lambda by, made: (lambda name: by("rename", id=name, name=name))(made(start=False)),
    "rename: a name with a space": lambda by, made: by("rename", id=made(start=False), name="es none"),
    "rename: the name is taken": lambda by, made: by("rename", id=made(start=False), name=made(start=False)),
    "logs: no stream": lambda by, made: by.raw("GET", f"/containers/{made(start=False)}/logs?tail=1"),
    "wait: no such condition": lambda by, made: by.raw(
        "POST", f"/containers/{made(start=False)}/wait?condition=nosuch"
    ),
    "list: no such filter": lambda by, made: by("list", filters={"nosuch": ["1"]}),
    "list: no such state": lambda by, made: by("list", filters={"status": ["nosuch"]}),
    "list: before an unknown one": lambda by, made: by("list", filters={"before": ["es-none"]}),
    "images: no such filter": lambda by, made: by("images", filters={"nosuch": ["1"]}),
    "GET: no such path": lambda by, made: by.raw("GET", "/es/none"),
    "stop: created only": lambda by, made: by("stop", id=made(start=False)),
    "logs: created only": lambda by, made: by("logs", id=made(start=False)),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(by: Caller, made: Made, case: str) -> None:
    status = expected(case, by.session.engine.name)
    if status < 400:
        CASES[case](by, made)
        assert by.last.status == status
        return
    with pytest.raises(errors.StatusError) as caught:
        CASES[case](by, made)
    error = caught.value
    assert type(error) is CLASSES[status]
    assert error.status == status
    body = error.exchange.kept.decode().strip()
    assert error.what == (json.loads(body)["message"] if body.startswith("{") else body)
    assert error.exchange is by.last
    assert error.exchange.status == status
    assert error.step
    assert 2 <= len(error.lines()) <= 3


def test_every_difference_is_of_a_case() -> None:
    assert {difference.case for difference in DIFFERENCES} <= set(NORM)
    assert all(difference.status != NORM[difference.case] and difference.reason for difference in DIFFERENCES)


@pytest.mark.parametrize("row", [row.name for row in ENDPOINTS if row.places or row.name == "commit"])
def test_nothing_of_that_name(by: Caller, row: str, tmp_path: Path) -> None:
    body, values = least(row, tmp_path)
    case = f"{row}: nothing of that name"
    status = expected(case, by.session.engine.name) if case in NORM else 404
    with pytest.raises(errors.StreamFailed if status < 400 else CLASSES[status]) as caught:
        by(row, *body, **values)
    assert by.last.status == status
    said = "no such (container|exec|image)|not found|not known|failed to find|does not exist"
    assert by.last.request.method == "HEAD" or re.search(said, caught.value.what.lower())
    assert any("→" in line for line in caught.value.lines())


def test_a_body_without_its_content_type(by: Caller, engine: Engine) -> None:
    """What our own calls never do: the reason why they send the header."""
    reply = engine.call(
        "POST", "/containers/create", data=b'{"Image": "busybox"}', headers={"Content-Type": "text/plain"}
    )
    if reply.status_code == 201:
        engine.call("DELETE", f"/containers/{reply.json()['Id']}")
    assert reply.status_code == expected("create: no Content-Type", by.session.engine.name)


def test_refused_in_the_notebook_is_one_block(magic: Any) -> None:
    with pytest.raises(errors.NotFound) as caught:
        magic.run("%docker inspect es-none")
    block = caught.value._render_traceback_()
    assert block[0].startswith("NotFound (404): ")
    assert len(block) <= 3
    assert "Traceback" not in magic.text
    assert "→ 404" in magic.text


def test_an_error_can_be_caught_and_looked_at(magic: Any, made: Made) -> None:
    name = made()
    found = magic.run(
        "from dockermagic.errors import StatusError\n"
        f"try:\n    %docker remove {name}\nexcept StatusError as error:\n    status = error.status\nstatus"
    )
    assert found == expected("remove: running", magic.session.engine.name)
    until(lambda: made.state(name)["Running"], "it was left alone")
