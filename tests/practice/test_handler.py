"""What comes of a request when its endpoint slips: a handler with endpoints of the tests' own, no engine behind it."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httpserver import HTTPServer

from practice_engine.drills import Drills
from practice_engine.errors import NotFound
from practice_engine.handler import Handlers
from practice_engine.web import Call, Reply, Route, Router


class _Life:
    """How many requests are under way."""

    now = 0

    def request_began(self) -> None:
        self.now += 1

    def request_ended(self) -> None:
        self.now -= 1


def _plain(call: Call) -> Any:
    return {"plain": call["what"]}


async def _waiting(call: Call) -> Any:
    await asyncio.sleep(0)
    return {"waiting": call["what"]}


def _plain_slip(call: Call) -> Any:
    raise KeyError(call["what"])


async def _waiting_slip(call: Call) -> Any:
    await asyncio.sleep(0)
    raise KeyError(call["what"])


def _unspeakable(call: Call) -> Any:
    return Reply({}, headers={"X": "one\r\ntwo"})


def _missing(call: Call) -> Any:
    raise NotFound("No such thing")


async def _missing_later(call: Call) -> Any:
    await asyncio.sleep(0)
    raise NotFound("No such thing")


async def _breaks_off(call: Call) -> Any:
    await call.begin("text/plain")
    await call.write(b"begun")
    raise {"slip": KeyError, "disk": OSError, "refusal": NotFound}[call["what"]]("gone")


_ENDPOINTS = {
    "plain": _plain,
    "waiting": _waiting,
    "plain-slip": _plain_slip,
    "waiting-slip": _waiting_slip,
    "unspeakable": _unspeakable,
    "missing": _missing,
    "missing-later": _missing_later,
    "breaks-off": _breaks_off,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimpleNamespace]:
    life, path = _Life(), tmp_path / "s"
    router = Router([Route("GET", f"/{name}/{{what}}", endpoint) for name, endpoint in _ENDPOINTS.items()])
    ready, over = threading.Event(), []

    async def serve() -> None:
        end = asyncio.Event()
        over.append((asyncio.get_running_loop(), end))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
            sock.listen()
            sock.setblocking(False)
            http_server = HTTPServer(Handlers(router, SimpleNamespace(drills=Drills()), life))
            http_server.add_sockets([sock])
            ready.set()
            await end.wait()
            http_server.stop()
            await http_server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    yield SimpleNamespace(path=path, life=life)
    loop, end = over[0]
    loop.call_soon_threadsafe(end.set)
    thread.join()
    assert life.now == 0


def _connection(server: SimpleNamespace) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("engine", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    connection.sock.connect(str(server.path))
    return connection


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_whatever_goes_wrong_is_answered_and_the_connection_goes_on(server: SimpleNamespace) -> None:
    with closing(_connection(server)) as connection:
        for _ in range(2):
            assert _get(connection, "/plain/x") == (200, b'{"plain":"x"}\n')
            assert _get(connection, "/plain-slip/x") == (500, b'{"message":"KeyError: \'x\'"}\n')
            assert _get(connection, "/missing/x") == (404, b'{"message":"No such thing"}\n')
            assert _get(connection, "/waiting/x") == (200, b'{"waiting":"x"}\n')
            assert _get(connection, "/waiting-slip/x") == (500, b'{"message":"KeyError: \'x\'"}\n')
            assert _get(connection, "/missing-later/x") == (404, b'{"message":"No such thing"}\n')
            assert _get(connection, "/nowhere") == (404, b'{"message":"page not found"}\n')
            status, body = _get(connection, "/unspeakable/x")
            assert (status, body[:23]) == (500, b'{"message":"ValueError:')


@pytest.mark.parametrize("what", ["slip", "disk", "refusal"])
def test_what_goes_wrong_behind_the_head_is_no_whole_answer(server: SimpleNamespace, what: str) -> None:
    with closing(_connection(server)) as connection:
        connection.request("GET", f"/breaks-off/{what}")
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
        assert cut.value.partial == b"begun"


def test_requests_that_come_at_once_are_answered_in_their_order(server: SimpleNamespace) -> None:
    wanted = [f"/{kind}/{number}" for number in range(50) for kind in ("plain", "waiting", "plain-slip")]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(server.path))
        sock.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: engine\r\n\r\n".encode() for path in wanted))
        got = b""
        while got.count(b"}\n") < len(wanted):
            piece = sock.recv(65536)
            assert piece, got[-200:]
            got += piece
    bodies = [line.decode() for line in got.split(b"\n") if line.startswith(b"{")]
    assert bodies == [
        body
        for number in range(50)
        for body in (
            f'{{"plain":"{number}"}}',
            f'{{"waiting":"{number}"}}',
            f'{{"message":"KeyError: \'{number}\'"}}',
        )
    ]
