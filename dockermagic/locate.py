"""Which engine, and why: the docker CLI's own order, then the other sockets that are known."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from . import masks, ssh
from .errors import BadHost, EngineError, NoEngine, NoSuchContext, NotTrusted, PermissionDenied
from .language import mark, say

DEFAULT_SOCKET = "/var/run/docker.sock"
KNOWN_SOCKETS = (
    ("{runtime}/docker.sock", mark("rootless Docker")),
    ("{home}/.docker/run/docker.sock", "Docker Desktop (macOS)"),
    ("{home}/.docker/desktop/docker.sock", "Docker Desktop (Linux)"),
    ("{home}/.colima/default/docker.sock", "Colima"),
    ("{home}/.rd/docker.sock", "Rancher Desktop"),
    ("{home}/.orbstack/run/docker.sock", "OrbStack"),
    ("{home}/.lima/docker/sock/docker.sock", "Lima"),
    ("/run/podman/podman.sock", mark("Podman, as root")),
    ("{runtime}/podman/podman.sock", mark("Podman, rootless")),
    ("{home}/.local/share/containers/podman/machine/podman.sock", mark("Podman machine")),
)
TAKEN, ANSWERS, NO = mark("taken"), mark("answers"), mark("no")
WITHOUT_TLS = ("unix://", "ssh://", "npipe://")
LONGEST_SOCKET_PATH = 107
TCP_PORT, TLS_PORT = 2375, 2376
PORT = re.compile(r":[^:\]/]+/?$")
SCHEMES = ("unix", "tcp", "http", "https", "ssh")


@dataclass(frozen=True)
class TLS:
    """Paths of the PEM files that a TLS connection uses; None where there is none."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True


@dataclass(frozen=True)
class Place:
    """One place where an engine may be.

    Attributes:
        host: its address, as in DOCKER_HOST.
        source: what named it, in words.
        named: whether the user named it, so that its failure is an error and no reason to look on.
        tls: the files of its TLS connection.
        problem: why it cannot even be tried.
        note: what the user should know besides, a sentence.
        practice: whether it is the practice engine, which is ours to start again.
    """

    host: str
    source: str
    named: bool = False
    tls: TLS | None = None
    problem: EngineError | None = None
    note: str = ""
    practice: bool = False

    @property
    def why(self) -> str:
        """What named it, and what the user should know of how it is reached."""
        return (
            say("{source}; its certificate is not checked", source=self.source)
            if self.tls and not self.tls.verify
            else self.source
        )


@dataclass(frozen=True)
class Candidate:
    """What the hunt saw at one place.

    Attributes:
        host, source: of the place.
        verdict: "taken", "answers" (and is not taken, since another comes first), or "no"; of the practice
            engine also "is started" (by a hunt) and "not started".
        detail: why.
    """

    host: str
    source: str
    verdict: str
    detail: str


@dataclass(frozen=True)
class Surroundings:
    """All that the hunt knows of its machine; tests pass another one."""

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    home: Path = field(default_factory=Path.home)
    uid: int = field(default_factory=lambda: getattr(os, "getuid", lambda: 0)())
    platform: str = sys.platform
    default_socket: str = DEFAULT_SOCKET

    @property
    def runtime(self) -> str:
        return self.env.get("XDG_RUNTIME_DIR") or f"/run/user/{self.uid}"

    @property
    def docker_config(self) -> Path:
        named = self.env.get("DOCKER_CONFIG")
        return Path(named) if named else self.home / ".docker"


def check(host: str, tls: TLS | None = None) -> str:
    """`host`, if it has a form that we speak; with the engine's usual port where a tcp address names none.

    Raises:
        BadHost: it has not.
    """
    scheme, separator, rest = host.partition("://")
    if scheme == "unix" and len(os.fsencode(rest)) > LONGEST_SOCKET_PATH:
        raise BadHost(
            say(
                "the socket's path has {count} bytes, and the system takes {most}",
                count=len(os.fsencode(rest)),
                most=LONGEST_SOCKET_PATH,
            ),
            say(
                "make a shorter link to it: `ln -s LONG_PATH /tmp/docker.sock`, "
                "then `%docker connect unix:///tmp/docker.sock`"
            ),
        )
    if scheme in ("tcp", "http", "https") and masks.text(host) != host:
        raise BadHost(
            say(
                "{host} has a password in it, which an address cannot carry, for the docker CLI neither",
                host=masks.text(host),
            ),
            say("leave it out; an engine far away tells its users by TLS certificates or by ssh"),
        )
    if scheme == "ssh":
        ssh.words(host)
    if scheme == "tcp" and rest and not PORT.search(rest):
        return f"tcp://{rest.rstrip('/')}:{TLS_PORT if tls else TCP_PORT}"
    if separator and rest and scheme in SCHEMES:
        return host
    if scheme == "npipe":
        raise BadHost(
            say("{host} is a Windows named pipe, which Python's requests cannot open", host=host),
            say("run the notebooks inside WSL 2, where the engine has a Unix socket"),
        )
    raise BadHost(
        say("{host!r} is no address of an engine", host=host),
        say("write unix:///path/to/docker.sock, tcp://host:2375, ssh://host, or a context (`docker context ls`)"),
    )


def context(name: str, around: Surroundings, source: str) -> Place:
    """The place that a stored docker context names.

    Raises:
        NoSuchContext: none of that name is stored, or its file cannot be read.
    """
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = around.docker_config / "contexts" / "meta" / key / "meta.json"
    try:
        endpoint = json.loads(meta.read_text())["Endpoints"]["docker"]
        host = str(endpoint["Host"])
    except FileNotFoundError:
        raise NoSuchContext(
            say("there is no docker context {name!r} (from {source})", name=name, source=source),
            say(
                "stored ones: {names}; or name an address: `%docker connect unix:///path`",
                names=", ".join(context_names(around)) or say("none"),
            ),
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoSuchContext(
            say(
                "the docker context {name!r} (from {source}) cannot be read: {error!r}",
                name=name,
                source=source,
                error=error,
            ),
            say("look at {file}, or make it anew with `docker context create`", file=meta),
        ) from None
    folder = around.docker_config / "contexts" / "tls" / key / "docker"
    unchecked = bool(endpoint.get("SkipTLSVerify"))
    wanted = (unchecked or folder.is_dir()) and not host.startswith(WITHOUT_TLS)
    tls = _tls(folder, verify=not unchecked) if wanted else None
    return Place(check(host, tls), source, named=True, tls=tls)


def context_names(around: Surroundings) -> list[str]:
    """The names of all stored docker contexts, sorted."""
    names = []
    for meta in sorted((around.docker_config / "contexts" / "meta").glob("*/meta.json")):
        try:
            names.append(str(json.loads(meta.read_text())["Name"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(names)


def _tls(folder: Path, *, verify: bool) -> TLS:
    """The files of a folder.

    Raises:
        NotTrusted: its key waits for a passphrase, which no one would be asked for here.
    """
    key = folder / "key.pem"
    if key.exists() and b"ENCRYPTED" in key.read_bytes():
        raise NotTrusted(
            say("{key} is locked by a passphrase, which is not asked for here, nor by the docker CLI", key=key),
            say("unlock it once: `openssl pkey -in {key} -out key.pem`, and put that in its place", key=key),
        )

    def path(name: str) -> str | None:
        file = folder / name
        return str(file) if file.exists() else None

    return TLS(path("ca.pem"), path("cert.pem"), path("key.pem"), verify)


def named_place(target: str, around: Surroundings) -> Place:
    """The place for what a user wrote after `%docker connect`: an address or a context's name."""
    if "://" in target:
        return _addressed(target, "%docker connect", around)
    if target == "default":
        return Place(f"unix://{around.default_socket}", "%docker connect default", named=True)
    if target.startswith("/"):
        return Place(f"unix://{target}", "%docker connect", named=True)
    return context(target, around, "%docker connect")


def _addressed(host: str, source: str, around: Surroundings) -> Place:
    tls = _tls_of(around, host)
    return Place(check(host, tls), source, named=True, tls=tls)


def _tls_of(around: Surroundings, host: str) -> TLS | None:
    verify = around.env.get("DOCKER_TLS_VERIFY", "")
    folder = around.env.get("DOCKER_CERT_PATH", "")
    if host.startswith(WITHOUT_TLS) or not (verify or folder or around.env.get("DOCKER_TLS")):
        return None
    found = _tls(Path(folder) if folder else around.docker_config, verify=bool(verify))
    if folder and not (found.ca or found.cert):
        raise NotTrusted(
            say("DOCKER_CERT_PATH names {folder}, which holds no certificates", folder=folder),
            say("it should hold ca.pem, cert.pem and key.pem, from the engine's owner"),
        )
    return found


def places(around: Surroundings, target: str | None = None) -> Iterator[Place]:
    """Every place, in the order in which they are tried; those that the user named come first."""
    if target:
        yield named_place(target, around)
    if host := around.env.get("DOCKER_HOST"):
        yield _named(host, "DOCKER_HOST", lambda: _addressed(host, "DOCKER_HOST", around))
    for name, source in (
        (around.env.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"),
        (_current_context(around), say("the current context in {file}", file=around.docker_config / "config.json")),
    ):
        if name == "default":
            break
        if name:
            yield _named(
                name, source, partial(context, name, around, say("{source} (context {name})", source=source, name=name))
            )
    yield Place(f"unix://{around.default_socket}", say("the default socket"))
    for template, source in KNOWN_SOCKETS:
        yield Place(f"unix://{template.format(home=around.home, runtime=around.runtime)}", say(source))


def _named(name: str, source: str, make: Callable[[], Place]) -> Place:
    try:
        return make()
    except EngineError as error:
        return Place(masks.text(name), source, named=True, problem=error)


def _current_context(around: Surroundings) -> str | None:
    file = around.docker_config / "config.json"
    try:
        found = json.loads(file.read_text()).get("currentContext")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def hunt(
    around: Surroundings, probe: Callable[[Place], dict[str, Any]], target: str | None = None
) -> tuple[Place, dict[str, Any]]:
    """Try the places in order and take the first whose engine answers.

    Args:
        probe: asks a place for its `/version`, or raises an EngineError.

    Returns:
        the place and its `/version`.

    Raises:
        EngineError: of the place that the user named; PermissionDenied where that is all that stands in the
            way; else NoEngine.
    """
    tried: list[str] = []
    denied: PermissionDenied | None = None
    for place in places(around, target):
        try:
            return place, _ask(place, probe)
        except EngineError as error:
            if place.named:
                error.detail = error.detail or say(
                    "It was named by {source}, so no other engine was tried.", source=place.source
                )
                raise
            tried.append(place.source)
            if isinstance(error, PermissionDenied):
                denied = denied or error
    if denied:
        raise denied
    raise NoEngine(
        say(
            "no container engine answers; {count} places were tried: {places}",
            count=len(tried),
            places=say(", ").join(tried),
        ),
        say(
            "install Docker (docs.docker.com/get-docker) or Podman (podman.io), start it, then `%docker connect`; "
            "`%docker doctor` lists every place"
        ),
    )


def survey(around: Surroundings, probe: Callable[[Place], dict[str, Any]]) -> list[Candidate]:
    """What is at every place, also at those that a hunt would not get to."""
    seen: list[Candidate] = []
    over = False
    for place in places(around):
        try:
            detail, verdict = _answered(_ask(place, probe)), ANSWERS if over else TAKEN
            over = True
        except EngineError as error:
            detail, verdict = short(error), NO
        seen.append(Candidate(place.host, place.source, verdict, detail))
        over = over or place.named
    return seen


def _ask(place: Place, probe: Callable[[Place], dict[str, Any]]) -> dict[str, Any]:
    if place.problem:
        raise place.problem
    return probe(place)


def describe(version: dict[str, Any]) -> str:
    """`Docker Engine 28.5.2`, `Podman Engine 5.8.6`, from an answer of `/version`."""
    parts = version.get("Components")
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], dict) else {}
    name = str(first.get("Name") or "Engine")
    if name == "Engine":
        platform = version.get("Platform")
        name = str((platform.get("Name") if isinstance(platform, dict) else None) or "Docker Engine")
    return f"{name} {str(version.get('Version') or '?').removeprefix('practice-')}"


def short(error: EngineError) -> str:
    """An error in a few words, for a list in which the place stands beside it."""
    return error.what if type(error) is EngineError else say(str(type(error).__doc__).rstrip("."))


def _answered(version: dict[str, Any]) -> str:
    return say("{name}, API {version}", name=describe(version), version=version.get("ApiVersion") or "?")
