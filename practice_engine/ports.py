"""Published ports: the engine listens on the machine, the container's shim makes each connection inside."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import clock
from .errors import BadParameter, Failed
from .process import ShimLost, StartFailure

if TYPE_CHECKING:
    from .containers import Container
    from .runs import Run

_CHUNK = 65536
_UDP_SILENCE = 60.0
_TRIES = 20  # for a free port on both families


@dataclass(frozen=True)
class Binding:
    inside: int
    protocol: str
    address: str
    outside: int

    @property
    def key(self) -> str:
        return f"{self.inside}/{self.protocol}"


def wanted(config: dict, host: dict) -> list[tuple[int, str, str, range]]:
    """(port inside, protocol, address, ports outside to choose from), of the exposed ports that are bound."""
    if host["NetworkMode"] in ("host", "none"):
        return []
    found = []
    exposed = config.get("ExposedPorts") or {}
    bindings = host["PortBindings"] or {}
    for key in exposed:
        number, _, protocol = key.partition("/")
        if not number.isdigit() or protocol not in ("tcp", "udp"):
            continue
        asked = bindings.get(key) or ([{"HostIp": "", "HostPort": ""}] if host["PublishAllPorts"] else [])
        for binding in asked:
            found.append((int(number), protocol, binding["HostIp"], _outside(binding["HostPort"])))
    return found


def _outside(text: str) -> range:
    first, _, last = text.partition("-")
    if not text:
        return range(1)
    if not first.isdigit() or (last and not last.isdigit()):
        raise BadParameter(f'invalid port specification: "{text}"')
    return range(int(first), int(last or first) + 1)


@dataclass
class Published:
    """The listening side of one run."""

    bindings: list[Binding] = field(default_factory=list)
    _servers: list[asyncio.AbstractServer] = field(default_factory=list)
    _transports: list[asyncio.DatagramTransport] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, container: Container, run: Run) -> None:
        for inside, protocol, address, outside in wanted(container.config, container.host):
            sockets = _bind(container, inside, protocol, address, outside)
            for sock in sockets:
                name, port = sock.getsockname()[:2]
                self.bindings.append(Binding(inside, protocol, name, port))
                await self._listen(sock, run, inside, protocol)

    async def _listen(self, sock: socket.socket, run: Run, inside: int, protocol: str) -> None:
        loop = asyncio.get_running_loop()
        if protocol == "tcp":

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                self._tasks.add(task)
                try:
                    await _tcp(reader, writer, run, inside)
                finally:
                    self._tasks.discard(task)

            self._servers.append(await asyncio.start_server(serve, sock=sock))
            return
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(run, inside), sock=sock)
        self._transports.append(transport)

    def close(self) -> None:
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        for task in self._tasks:
            task.cancel()
        self.bindings, self._servers, self._transports = [], [], []


def _bind(container: Container, inside: int, protocol: str, address: str, outside: range) -> list[socket.socket]:
    """One socket, or without an address one for each family on the same port."""
    error: OSError | None = None
    for port in outside if outside.start else [0] * _TRIES:
        opened: list[socket.socket] = []
        try:
            for name in [address] if address else _everywhere():
                opened.append(_socket(name, opened[0].getsockname()[1] if opened else port, protocol))
            return opened
        except OSError as problem:
            error = problem
            for sock in opened:
                sock.close()
    reason = "address already in use" if error and error.errno == errno.EADDRINUSE else str(error)
    shown = f"{address or '0.0.0.0'}:{outside.start}:127.0.0.1:{inside}/{protocol}"
    raise Failed(
        "failed to set up container networking: driver failed programming external connectivity on endpoint "
        f"{container.name} ({container.id}): failed to bind host port for {shown}: {reason}"
    )


def _everywhere() -> list[str]:
    return ["0.0.0.0", "::"] if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6") else ["0.0.0.0"]


def _socket(address: str, port: int, protocol: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    try:
        if protocol == "tcp":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def _tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, run: Run, inside: int) -> None:
    try:
        sock = socket.socket(fileno=await run.connect("tcp", inside))
        inner_reader, inner_writer = await asyncio.open_connection(sock=sock)
    except (StartFailure, ShimLost, OSError):
        writer.close()
        return
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    finally:
        for end in (writer, inner_writer):
            end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


class _Datagrams(asyncio.DatagramProtocol):
    """A socket inside for each sender, until it has been silent for a while."""

    def __init__(self, run: Run, inside: int) -> None:
        self._run = run
        self._inside = inside
        self._senders: dict[Any, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def datagram_received(self, data: bytes, sender: Any) -> None:
        queue = self._senders.get(sender)
        if queue is None:
            queue = self._senders[sender] = asyncio.Queue(256)
            task = asyncio.ensure_future(self._serve(sender, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.QueueFull):  # a datagram may be lost
            queue.put_nowait(data)

    async def _serve(self, sender: Any, queue: asyncio.Queue[bytes]) -> None:
        loop = asyncio.get_running_loop()
        outer = self
        try:
            sock = socket.socket(fileno=await self._run.connect("udp", self._inside))
        except (StartFailure, ShimLost, OSError):
            del self._senders[sender]
            return

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _: Any) -> None:
                if outer._transport is not None:
                    outer._transport.sendto(data, sender)

        transport, _ = await loop.create_datagram_endpoint(Back, sock=sock)
        try:
            while True:
                transport.sendto(await clock.within(_UDP_SILENCE, queue.get()))
        except asyncio.TimeoutError:
            return
        finally:
            transport.close()
            self._senders.pop(sender, None)


# views


def inspected(container: Container) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(container.config.get("ExposedPorts") or {})
    for binding in container.published.bindings:
        told[binding.key] = [
            *(told.get(binding.key) or []),
            {"HostIp": binding.address, "HostPort": str(binding.outside)},
        ]
    return told


def listed(container: Container) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    bound = {binding.key for binding in container.published.bindings}
    for key in container.config.get("ExposedPorts") or {}:
        number, _, protocol = key.partition("/")
        if key not in bound and number.isdigit():
            told.append({"PrivatePort": int(number), "Type": protocol or "tcp"})
    for binding in container.published.bindings:
        told.append(
            {
                "IP": binding.address,
                "PrivatePort": binding.inside,
                "PublicPort": binding.outside,
                "Type": binding.protocol,
            }
        )
    return told
