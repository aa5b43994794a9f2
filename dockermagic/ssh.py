"""Engines behind ssh, as the docker CLI reaches them: `ssh HOST docker system dial-stdio`, by the user's own ssh.

ssh gets one end of a pair of sockets as its standard input and output; the other end is the connection to the engine.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import subprocess
import tempfile
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from . import masks
from .errors import BadHost, EngineError, NoDockerThere, NotTrusted, PermissionDenied, Refused, TimedOut, Unreachable
from .language import mark, say

CONNECT_SECONDS = 10
GRACE = 2.0
NOT_FOUND = 127
SAID = 4000


def words(host: str) -> list[str]:
    """The words after `ssh` that name the other end: user, port, host.

    Raises:
        BadHost: `host` is not of the form ssh://[user@]host[:port][/path/to/docker.sock].
    """
    try:
        url = urlsplit(host)
        port = url.port
    except ValueError as error:
        raise _bad(host, str(error)) from None
    if url.password is not None:
        raise _bad(host, say("a password in it is not taken, by the docker CLI neither"))
    if not url.hostname or url.hostname.startswith("-"):
        raise _bad(host, say("it has no host's name"))
    if url.query or url.fragment:
        raise _bad(host, say("it has more than a path"))
    user = ["-l", unquote(url.username)] if url.username else []
    return [*user, *(["-p", str(port)] if port else []), "--", url.hostname]


def _bad(host: str, why: str) -> BadHost:
    return BadHost(
        say("{host} is no address for ssh: {why}", host=masks.text(host), why=why),
        say("write ssh://user@host, or ssh://user@host:22/path/docker.sock"),
    )


def path(host: str) -> str:
    """The path of the engine's socket over there, "" for the usual one."""
    found = unquote(urlsplit(host).path)
    return "" if found == "/" else found


def command(host: str) -> list[str]:
    """The command that connects its standard input and output with the engine. It asks no questions.

    Raises:
        BadHost: as `words`.
    """
    there = ["docker", *(["--host", f"unix://{path(host)}"] if path(host) else []), "system", "dial-stdio"]
    options = ["-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", "BatchMode=yes", "-T"]
    return ["ssh", *options, *words(host), shlex.join(there)]


def forward(host: str, here: str) -> str:
    """The command that forwards the engine's socket to a socket on this machine, while it runs."""
    return shlex.join(["ssh", "-nNT", "-L", f"{here}:{path(host) or '/var/run/docker.sock'}", *_bare(host)])


def _bare(host: str) -> list[str]:
    return [word for word in words(host) if word != "--"]


class Line(socket.socket):
    """A connection to an engine, made of an ssh process, which ends with it.

    Raises:
        EngineError: on reading, where ssh ended before the engine said anything; which one says why.
    """

    def __init__(self, host: str) -> None:
        self.host, self._heard = host, False
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would block when full
        ours, theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        try:
            with theirs:
                # a session of its own: Ctrl-C is ours to obey, and no password is asked for where no one looks
                end = theirs.fileno()
                self._process = subprocess.Popen(
                    command(host), stdin=end, stdout=end, stderr=self._complaints, start_new_session=True
                )
        except OSError as error:
            self.close()
            raise EngineError(
                say(
                    "{host} needs the command ssh, which cannot be run here: {why}",
                    host=host,
                    why=error.strerror,
                ),
                say("install OpenSSH's client, or `%docker connect` to an address that needs none"),
            ) from None

    def recv_into(self, *args: Any) -> int:
        try:
            count = super().recv_into(*args)
        except ConnectionResetError:
            count = 0
        if not (count or self._heard):
            raise explain(self.host, *self._last_words())
        self._heard = True
        return count

    def _last_words(self) -> tuple[int | None, str]:
        """How ssh ended, None where it did not, and what it said."""
        code = None
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(GRACE)
        if self._complaints.closed:
            return code, ""
        self._complaints.seek(0)
        return code, self._complaints.read(SAID).decode("utf-8", "replace")

    def _real_close(self) -> None:
        """Called when the last user of the socket has closed it, be it the connection or an answer half read."""
        super()._real_close()  # type: ignore[misc]
        self.end()

    def end(self) -> None:
        """End the process; who still reads finds the end of the stream."""
        self._complaints.close()
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


# What ssh, the shell over there or its docker says → the error, what it means, what to do.
SAYINGS: tuple[tuple[str, type[EngineError], str, str], ...] = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        NotTrusted,
        mark("the host key of {name} is not the one that ssh remembers, so it may be another machine"),
        mark("ask its owner; if the key was changed: `ssh-keygen -R {name}`, then `{ssh}` once in a terminal"),
    ),
    (
        "Host key verification failed",
        NotTrusted,
        mark("ssh does not know the host key of {name} yet"),
        mark("run `{ssh}` once in a terminal and compare the fingerprint, then run the cell again"),
    ),
    (
        r"Permission denied \(|Too many authentication failures",
        PermissionDenied,
        mark("{name} lets no one in with the keys that ssh has"),
        mark("`ssh-add` your key, or ask for your public key in authorized_keys; `{ssh}` must work and ask nothing"),
    ),
    (
        "Could not resolve hostname",
        Unreachable,
        mark("{name} has no address: {said}"),
        mark("check the name, and the Host entries of ~/.ssh/config"),
    ),
    (
        "permission denied while trying to connect|dial.*permission denied",
        PermissionDenied,
        mark("the user on {name} may not open the engine's socket there"),
        mark("ask for membership of the group that owns it (often `docker`) on {name}, or name another user"),
    ),
    (
        "Cannot connect to the Docker daemon|failed to (?:open|dial)|error during connect|unable to (?:dial|connect)",
        Refused,
        mark("ssh reached {name}, where no engine answers: {said}"),
        mark("start the engine there, or name its socket: ssh://{name}/path/to/docker.sock"),
    ),
    (
        "is not a docker command|unknown command|Did you mean",
        NoDockerThere,
        mark("the docker command on {name} is too old for this"),
        mark("Docker's command there must be 18.09 or newer: `{ssh} docker --version`"),
    ),
    (
        "[Cc]onnection refused",
        Refused,
        mark("no ssh server listens at {name}"),
        mark("check host and port, or start the ssh server there"),
    ),
    (
        "timed out",
        TimedOut,
        mark("the ssh server of {name} did not answer in time"),
        mark("check host, port and network: `{ssh}` in a terminal"),
    ),
    (
        "No route to host|Network is unreachable|kex_exchange_identification|[Cc]onnection (?:closed|reset)",
        Unreachable,
        mark("{name} cannot be reached: {said}"),
        mark("check host, port and network: `{ssh}` in a terminal"),
    ),
)


def explain(host: str, code: int | None, said: str) -> EngineError:
    """The error for an ssh that ended with `code` and `said` something, before the engine said anything."""
    ended = say("it ended with status {code}", code=code)
    last = next((line for line in reversed(said.strip().splitlines()) if line.strip()), ended)
    name = str(urlsplit(host).hostname)
    facts = {"name": name, "ssh": shlex.join(["ssh", *_bare(host)]), "said": last.strip().removeprefix("ssh: ")}
    for pattern, kind, what, step in SAYINGS:
        if re.search(pattern, said):
            return kind(say(what, **facts), say(step, **facts))
    if code == NOT_FOUND:
        return NoDockerThere(
            say("ssh reached {name}, which has no docker command", name=name),
            say(
                "install Docker's command there, or forward the engine's socket: `{forward}`, then `%docker "
                "connect unix:///tmp/far.sock`",
                forward=forward(host, "/tmp/far.sock"),
            ),
        )
    return EngineError(
        say("ssh to {name} ended: {said}", name=name, said=facts["said"]),
        say("try `{ssh}` in a terminal", ssh=facts["ssh"]),
    )
