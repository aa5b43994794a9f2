"""The exec endpoints."""

from __future__ import annotations

import contextlib
from typing import Any

from . import spec
from .api_containers import ExecFeed, _size_of_screen, converse
from .errors import BadParameter, EngineError, Failed
from .frames import DetachKeys, frame
from .runs import NotStarted
from .web import Call, Reply


async def create(call: Call) -> Any:
    settings = call.json_or_nothing(spec.EXEC, "container.ExecOptions")
    if not settings["Cmd"]:
        raise BadParameter("No exec command specified")
    try:
        DetachKeys(settings["DetachKeys"])
    except ValueError as error:
        raise Failed(f"Invalid escape keys ({settings['DetachKeys']}) provided") from error
    await call.engine.get(call["name"]).settled()
    return Reply({"Id": call.engine.new_exec(call["name"], settings).id}, 201)


async def start(call: Call) -> Any:
    options = call.json_or_nothing(spec.EXEC_START, "container.ExecStartOptions")
    item = call.engine.get_exec(call["id"])
    if options["Detach"]:
        item.check_startable()
        try:
            await item.start()
        except NotStarted as failure:
            raise failure.error from failure
        return Reply()
    return await _attached(call, item, options)


async def _attached(call: Call, item: Any, options: dict) -> None:
    """Whatever goes wrong is told inside the stream: the head has gone out by then, as with Docker."""
    tty = options["Tty"]
    if options.get("ConsoleSize"):
        item.settings["ConsoleSize"] = options["ConsoleSize"]
    item.container.check_can_exec(item.container.id)
    listener = item.listen()
    connection = await call.hijack(tty=tty)
    try:
        with contextlib.suppress(ConnectionError):
            problem = await _begin(item)
            if problem is not None:
                text = f"{problem}\r\n".encode()
                await connection.write(text if tty else frame(1, text))
                return
            wants_input = item.settings["AttachStdin"]
            await converse(
                connection,
                listener,
                raw=tty,
                stdin=ExecFeed(item) if wants_input else None,
                keys=DetachKeys(item.settings["DetachKeys"]) if item.settings["Tty"] else None,
                detached=lambda: item.container.tell("exec_detach", execID=item.id),
            )
    finally:
        item.output.leave(listener)
        await connection.close()


async def _begin(item: Any) -> str | None:
    try:
        item.check_startable()
        await item.start()
    except NotStarted as failure:
        return failure.error.message
    except EngineError as error:
        return error.message
    return None


def inspect(call: Call) -> Any:
    return call.engine.get_exec(call["id"]).view()


async def resize(call: Call) -> Any:
    rows, columns = _size_of_screen(call)
    await call.engine.get_exec(call["id"]).resize(rows, columns)
    return Reply()
