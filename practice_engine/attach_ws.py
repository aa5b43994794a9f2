"""Attach over a websocket: raw bytes both ways, as binary messages."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import unquote

from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .api_containers import _Feed
from .errors import EngineError, status_of
from .logs import STDERR, STDOUT
from .web import _FALSE, JSON, dump

ATTACH_PATH = r"(?:/v[\d.]+)?/containers/.*/attach/ws"  # without groups: Tornado would decode them


class AttachSocket(WebSocketHandler):
    def initialize(self, engine: Any, life: Any) -> None:
        self._engine = engine
        self._life = life
        self._sending: asyncio.Task[None] | None = None
        self._feed: _Feed | None = None
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(64)
        self._writing: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        if self.request.method != "GET":
            self.set_status(404)
            self.set_header("Content-Type", JSON)
            self.finish(dump({"message": "page not found"}))

    def check_origin(self, origin: str) -> bool:
        return True  # whoever can open the socket may do everything already

    def _flag(self, name: str) -> bool:
        value = self.request.query_arguments.get(name, [b""])[-1]
        return value.decode("utf-8", "replace").strip().lower() not in _FALSE

    async def get(self) -> None:
        name = self.request.path.rpartition("/containers/")[2].removesuffix("/attach/ws")
        try:
            self._container = self._engine.get(unquote(name))
        except EngineError as error:
            self.set_status(status_of(error))
            self.set_header("Content-Type", JSON)
            self.finish(dump({"message": error.message}))
            return
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            self.set_status(400)
            self.clear_header("Content-Type")
            self.finish(b"not websocket protocol")
            return
        await super().get()

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, HTTPError):  # that is the client's fault, and told to it
            super().log_exception(kind, error, trace)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if subprotocols else None

    async def open(self, *arguments: str) -> None:
        self._life.request_began()
        container = self._container
        streams = frozenset(n for name, n in (("stdout", STDOUT), ("stderr", STDERR)) if self._flag(name))
        past = []
        if self._flag("logs"):
            reader = container.log.reader()
            past = [record.data for record in reader.read() if record.stream in streams]
            reader.close()
        listener = container.output.listen(streams) if self._flag("stream") else None
        if self._flag("stdin") and container.config["OpenStdin"]:
            self._feed = _Feed(container)
            self._writing = asyncio.create_task(self._write())
        container.tell("attach")
        self._sending = asyncio.create_task(self._send(past, listener))

    async def _send(self, past: list[bytes], listener: Any) -> None:
        with contextlib.suppress(WebSocketClosedError):
            for data in past:
                await self.write_message(data, binary=True)
            if listener is not None:
                try:
                    async for _, data in listener:
                        await self.write_message(data, binary=True)
                finally:
                    self._container.output.leave(listener)
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        if self._feed is not None:
            await self._queue.put(message.encode() if isinstance(message, str) else message)

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while (data := await self._queue.get()) is not None:
                await self._feed.write(data)
            await self._feed.close()

    def on_close(self) -> None:
        self._life.request_ended()
        if self._sending is not None:
            self._sending.cancel()
        if self._writing is not None:
            if self._container.run is None or self._queue.full():
                self._writing.cancel()
            else:
                self._queue.put_nowait(None)
