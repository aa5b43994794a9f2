"""Health checks: a command run in the container now and then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from . import clock
from .errors import EngineError
from .runs import NotStarted

if TYPE_CHECKING:
    from .containers import Container

_SECOND = 10**9
DEFAULTS = {"Interval": 30 * _SECOND, "Timeout": 30 * _SECOND, "StartPeriod": 0, "StartInterval": 5 * _SECOND}
_KEPT = 5
_MOST_OUTPUT = 4096


def begin(settings: dict[str, Any] | None) -> dict[str, Any] | None:
    if not settings or not settings.get("Test") or settings["Test"][0] == "NONE":
        return None
    return {"Status": "starting", "FailingStreak": 0, "Log": []}


def ended(state: dict[str, Any]) -> None:
    if state["Status"] == "starting":
        state["Status"] = "unhealthy"


def command(test: list[str]) -> list[str]:
    return ["/bin/sh", "-c", *test[1:]] if test[0] == "CMD-SHELL" else test[1:]


async def watch(container: Container) -> None:
    settings = container.config["Healthcheck"]
    times = {name: (settings.get(name) or default) / 1e9 for name, default in DEFAULTS.items()}
    retries = settings.get("Retries") or 3
    began = asyncio.get_running_loop().time()
    while True:
        state = container.state.health
        if state is None:
            return
        starting = state["Status"] == "starting" and asyncio.get_running_loop().time() - began < times["StartPeriod"]
        await asyncio.sleep(times["StartInterval"] if starting else times["Interval"])
        if container.state.paused or not container.state.running:
            continue
        result = await probe(container, command(settings["Test"]), times["Timeout"])
        in_grace = asyncio.get_running_loop().time() - began < times["StartPeriod"]
        note(container, state, result, retries, forgiven=in_grace)


async def probe(container: Container, argv: list[str], seconds: float) -> dict[str, Any]:
    output = bytearray()

    def collect(stream: int, data: bytes) -> None:
        output.extend(data[: _MOST_OUTPUT - len(output)])

    started = clock.now()
    code = -1
    from . import spec
    from .gojson import struct

    settings = struct({"Cmd": argv, "AttachStdout": True, "AttachStderr": True}, spec.EXEC, "", "")
    try:
        item = container.engine.new_exec(container.id, settings)
        try:
            await item.start(collect)
            await clock.within(seconds, item.ended.wait())
            code = item.exit_code if item.exit_code is not None else -1
        except asyncio.TimeoutError:
            if container.run is not None:
                container.run.signal(9, item.id)
            await item.ended.wait()
            output[:] = f"Health check exceeded timeout ({seconds:g}s)".encode()
        finally:
            container.engine.all_execs.pop(item.id, None)
            container.execs.pop(item.id, None)
    except NotStarted as failure:
        output[:] = failure.error.message.encode()
    except EngineError as error:
        output[:] = error.message.encode()
    return {
        "Start": started,
        "End": clock.now(),
        "ExitCode": code,
        "Output": output.decode("utf-8", "replace"),
    }


def note(container: Container, state: dict[str, Any], result: dict[str, Any], retries: int, *, forgiven: bool) -> None:
    state["Log"] = [*state["Log"], result][-_KEPT:]
    before = state["Status"]
    if result["ExitCode"] == 0:
        state["FailingStreak"] = 0
        state["Status"] = "healthy"
    elif not (forgiven and before == "starting"):
        state["FailingStreak"] += 1
        if state["FailingStreak"] >= retries:
            state["Status"] = "unhealthy"
    container.try_save()
    if state["Status"] != before:
        container.tell(f"health_status: {state['Status']}")
