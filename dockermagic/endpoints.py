"""The rows: one for each operation, a page of the API reference in a few lines.

Parsing, help, completion, the curl line, version checks and `docs/reference.md` are derived from
these rows and stored nowhere else. What a row cannot say is a *kind*, which `arguments`, `bodies`
and `tables` map to a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .language import say

NEWEST = "1.51"
OLDEST = "1.24"
LABEL = "dockermagic"
YES = "yes"


@dataclass(frozen=True)
class Param:
    """One parameter of a call, or one option that is our own.

    Attributes:
        name: the API's spelling; the long option is `--name`.
        kind: how words become a value: see `arguments.KINDS`.
        help: one line.
        short: the docker CLI's short option for the same thing (`a` for `-a`).
        aliases: the docker CLI's long names for it, accepted too.
        default: what the engine takes when nothing is sent, in words.
        send: what we send when nothing is said.
        since: the API version that brought it.
        choices: the only values; for filters, the known keys.
        cli: how the docker CLI spells it, None where it has no word for it, "" for a bare word.
        metavar: how help names the value.
        group: of parameters of one group at least one must be sent; when none is named, all are.
        tagged: `send` is left out where the parameter of this name holds a tag or a digest already.
        ours: filters to which our label is added, unless `no-label` is said.
        endless: with it the answer goes on until something ends it, and the engine may be silent in between.
        several: of a container: more than one may be named, and each is a call of its own.
        unless: options with which `send` is not sent.
        states: of a container: those in which the call can do something; Tab offers no others. Empty for any.
    """

    name: str
    kind: str = "text"
    help: str = ""
    short: str = ""
    aliases: tuple[str, ...] = ()
    default: str = ""
    send: str | None = None
    since: str = ""
    choices: tuple[str, ...] = ()
    cli: str | None = None
    metavar: str = ""
    group: str = ""
    tagged: str = ""
    ours: bool = False
    endless: bool = False
    several: bool = False
    unless: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return f"--{self.name}"


@dataclass(frozen=True)
class Endpoint:
    """One operation.

    Attributes:
        name: the subcommand.
        operation: the operationId in Docker's specification.
        method, path: `{id}` in the path is filled from a word.
        summary: what it does, one line.
        reply: the kind of answer: see `tables.KINDS`.
        places: the path's parameters, in order.
        query: the query parameters.
        body: the kind of body: see `bodies.KINDS`; "" for none.
        local: options that stay on this machine.
        statuses: status → what it means; for 204 and 304 it ends the sentence "web …".
        steps: status → what to do about it, where the engine's message leaves that open.
        stream: the body's form while it arrives: "" (whole), "frames", "raw", "tar", "lines" (JSON).
        silent: what to do when its stream stays silent for too long.
        upgrade: what the connection becomes after the head: "tcp" (attach, exec), "websocket"; "" where it stays HTTP.
        patience: the parameter whose seconds the engine may take before it answers, and its default.
        waits: the engine answers when something happens, however long that takes.
        registry: the parameter whose image's registry may want to know who asks.
        cli: the docker CLI's words for it.
        aliases: names that are accepted too, the CLI's own.
        since: the API version that brought it.
    """

    name: str
    operation: str
    method: str
    path: str
    summary: str
    reply: str
    places: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    body: str = ""
    local: tuple[Param, ...] = ()
    statuses: Mapping[int, str] = field(default_factory=dict)
    steps: Mapping[int, str] = field(default_factory=dict)
    stream: str = ""
    silent: str = ""
    upgrade: str = ""
    patience: tuple[str, int] | None = None
    waits: bool = False
    registry: str = ""
    cli: str = ""
    aliases: tuple[str, ...] = ()
    since: str = ""

    def param(self, name: str) -> Param | None:
        return next((param for param in (*self.places, *self.query, *self.local) if param.name == name), None)

    def endless(self, values: Mapping[str, Any]) -> bool:
        """Whether the answer to a call with these values goes on until something ends it."""
        return any(param.endless and values.get(param.name) for param in (*self.query, *self.local))


CONTAINER = Param("id", "container", "name or id of the container", metavar="CONTAINER", cli="")
CONTAINERS = replace(CONTAINER, help="name or id of the container, or of several", several=True)
BOUNDS = (
    Param("for", "duration", "end it after so long (10s, 1m30s); follows until then", metavar="TIME", endless=True),
    Param("lines", "number", "end it after so many lines, events or samples", metavar="COUNT"),
)
RUNNING = replace(CONTAINER, states=("running",))
ALIVE = replace(CONTAINER, states=("running", "paused", "restarting"))
STOPPED = replace(CONTAINER, states=("created", "exited", "dead"))
PAUSED = replace(CONTAINER, states=("paused",))
STOP_SIGNAL = Param(
    "signal",
    "signal",
    "signal to ask with, by name or number",
    short="s",
    default="TERM, or the container's StopSignal",
    since="1.42",
    cli="--signal",
    metavar="SIGNAL",
)
SIZE = Param("size", "flag", "count the bytes too (slower)", short="s", cli="--size")
GRACE = Param(
    "t",
    "number",
    "seconds to wait before the engine kills it",
    short="t",
    aliases=("time", "timeout"),
    default="10, or the container's StopTimeout",
    cli="--time",
    metavar="SECONDS",
)
CONTAINER_FILTERS = (
    "ancestor",
    "before",
    "expose",
    "exited",
    "health",
    "id",
    "isolation",
    "is-task",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
)
EVENT_FILTERS = (
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
)
IMAGE_FILTERS = ("before", "dangling", "label", "reference", "since", "until")


def filters(keys: tuple[str, ...]) -> Param:
    """The parameter `filters` of a list, with the keys that it knows."""
    return Param(
        "filters",
        "filters",
        "only those for which key=value holds; repeatable",
        short="f",
        aliases=("filter",),
        choices=keys,
        cli="--filter",
        metavar="KEY=VALUE",
    )


INSIDE = Param("path", "needed", "path inside the container", metavar="PATH")
OUTPUT = Param(
    "output",
    "file",
    "write the archive to this file; without it, its entries are listed and nothing is kept",
    short="o",
    cli="--output",
    metavar="FILE",
)
TARBALL = Param("input", "source", "the tar archive", short="i", metavar="FILE")
IMAGE = Param("name", "reference", "name or id of the image", metavar="IMAGE", cli="")
PLATFORM = Param("platform", "text", "os[/arch[/variant]]", since="1.32", cli="--platform")
NO_IMAGE = {404: "no such image"}
IMAGES_THERE = "`%docker images` shows those that are there"
NOT_INSIDE = "no such container, or no such path in it"
NO_PATH = "`%docker list --all` shows the containers; `%docker export CONTAINER` lists the paths in one"
UNBOUND = ("follow", "for", "lines")
NO_CONTAINER = {404: "no such container"}
FAILED = {500: "the engine failed"}
NOT_RUNNING = "`%docker inspect` tells its state; `%docker start` starts it"

SEEN = "what has been written so far, before what comes"
STREAMS = (
    Param(
        "detachKeys",
        "text",
        "keys that detach from it",
        aliases=("detach-keys",),
        default="ctrl-p, ctrl-q",
        cli="--detach-keys",
        metavar="KEYS",
    ),
    Param("logs", "flag", SEEN),
    Param("stream", "flag", "stay, and take what comes from now on", default="no", send="1"),
    Param("stdin", "flag", "its standard input"),
    Param("stdout", "flag", "standard output (both streams, if neither is named)", group="streams"),
    Param("stderr", "flag", "standard error (both streams, if neither is named)", group="streams"),
)
INPUT = (
    Param("input", "given", "a line for its standard input, which ends after it", metavar="TEXT"),
    Param("input-file", "existing", "a file for its standard input, byte for byte", metavar="FILE"),
)
BYTES = Param("bytes", "flag", "the value is the bytes of standard output, and no frame")
EXEC = Param("id", "needed", "id of the exec, from exec_create", metavar="EXEC", cli="")
WINDOW = (
    Param("h", "number", "rows of its terminal", metavar="ROWS"),
    Param("w", "number", "columns of its terminal", metavar="COLUMNS"),
)
STILL = "does it run and write? `%docker inspect` tells; what it wrote before is in `%docker logs`"
DETACH = "keys are written as ctrl-p,ctrl-q"
RUNS_NOT = "`%docker inspect` tells its state; `%docker start` or `%docker unpause` lets it run"
RESIZE = "give both as whole numbers: --h 24 --w 80"
NO_EXEC = {404: "no such exec"}
NO_EXEC_STEP = "an exec is gone when its container ends, and is started once: make another, `%docker exec_create`"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "list",
        "ContainerList",
        "GET",
        "/containers/json",
        "list containers",
        "containers",
        query=(
            Param("all", "flag", "stopped ones too", short="a", default="running ones only", cli="--all"),
            Param("limit", "number", "the newest so many", short="n", aliases=("last",), cli="--last"),
            SIZE,
            filters(CONTAINER_FILTERS),
        ),
        statuses={200: "the list", 400: "a filter is not known, or its value is not possible", **FAILED},
        cli="docker ps",
        aliases=("ps", "ls"),
    ),
    Endpoint(
        "create",
        "ContainerCreate",
        "POST",
        "/containers/create",
        "create a container, without starting it",
        "tree",
        query=(
            Param(
                "name",
                "text",
                "its name",
                default="one that the engine makes up",
                cli="--name",
                metavar="NAME",
            ),
            Param("platform", "text", "os[/arch[/variant]] of the image", since="1.41", cli="--platform"),
        ),
        body="container",
        local=(
            Param("replace", "flag", "remove a container of that name first, if it carries our label"),
            Param("no-label", "flag", f"leave the label {LABEL!r} out"),
        ),
        statuses={
            201: "created",
            400: "the body is wrong",
            404: "no such image: create does not pull",
            409: "the name is taken",
            **FAILED,
        },
        steps={
            400: "compare the body with the reference: `%docker create … --as curl` shows what is sent",
            404: "create does not pull: `%docker images` lists the images that are there",
            409: "take another name, `%docker remove` the old one, or add --replace if it is one of ours",
            500: "if the name is taken: `%docker remove` the old one, or add --replace",
        },
        cli="docker create",
    ),
    Endpoint(
        "inspect",
        "ContainerInspect",
        "GET",
        "/containers/{id}/json",
        "everything that the engine knows of one container",
        "tree",
        places=(CONTAINER,),
        query=(SIZE,),
        local=(Param("show", "flag", "draw what is inside too; asks top for the processes, where it runs"),),
        statuses={200: "the description", **NO_CONTAINER, **FAILED},
        cli="docker inspect",
    ),
    Endpoint(
        "top",
        "ContainerTop",
        "GET",
        "/containers/{id}/top",
        "the processes inside a running container",
        "processes",
        places=(ALIVE,),
        query=(Param("ps_args", "text", "arguments for ps", default="-ef", cli="", metavar="ARGS"),),
        local=(Param("tree", "flag", "in the order of a tree, with a column that draws who started whom"),),
        statuses={200: "the processes", **NO_CONTAINER, 409: "it is not running", **FAILED},
        steps={409: NOT_RUNNING, 500: f"if it runs, ps did not take these arguments; if not: {NOT_RUNNING}"},
        cli="docker top",
    ),
    Endpoint(
        "logs",
        "ContainerLogs",
        "GET",
        "/containers/{id}/logs",
        "what a container wrote to its standard output and error",
        "log",
        places=(CONTAINERS,),
        query=(
            Param("stdout", "flag", "standard output (both streams, if neither is named)", group="streams"),
            Param("stderr", "flag", "standard error (both streams, if neither is named)", group="streams"),
            Param(
                "tail",
                "tail",
                "the last so many lines, or all",
                short="n",
                default="all",
                send="100",
                cli="--tail",
                metavar="LINES",
            ),
            Param(
                "since",
                "moment",
                "lines from this moment on: a date, UNIX seconds, or 10m for ten minutes ago",
                cli="--since",
                metavar="TIME",
            ),
            Param(
                "until",
                "moment",
                "lines up to this moment",
                since="1.35",
                cli="--until",
                metavar="TIME",
            ),
            Param("timestamps", "flag", "with the time of each line", short="t", cli="--timestamps"),
            Param("follow", "flag", "stay, and show new lines as they come", short="f", cli="--follow", endless=True),
            Param("details", "flag", "with the attributes given to the log driver", cli="--details"),
        ),
        local=BOUNDS,
        statuses={200: "the lines", 400: "no stream was chosen", **NO_CONTAINER, **FAILED},
        stream="frames",
        cli="docker logs",
    ),
    Endpoint(
        "export",
        "ContainerExport",
        "GET",
        "/containers/{id}/export",
        "the container's whole file system as a tar archive",
        "archive",
        places=(CONTAINER,),
        local=(OUTPUT,),
        statuses={200: "the archive", **NO_CONTAINER, **FAILED},
        stream="tar",
        cli="docker export",
    ),
    Endpoint(
        "start",
        "ContainerStart",
        "POST",
        "/containers/{id}/start",
        "start a created or stopped container",
        "outcome",
        places=(STOPPED,),
        query=(
            Param(
                "detachKeys",
                "text",
                "keys that detach from it",
                aliases=("detach-keys",),
                cli="--detach-keys",
                metavar="KEYS",
            ),
        ),
        statuses={
            204: "started",
            304: "was running already",
            400: "its program cannot be run",
            **NO_CONTAINER,
            **FAILED,
        },
        cli="docker start",
    ),
    Endpoint(
        "stop",
        "ContainerStop",
        "POST",
        "/containers/{id}/stop",
        "ask a container to end, and kill it if it does not",
        "outcome",
        places=(ALIVE,),
        query=(
            STOP_SIGNAL,
            GRACE,
        ),
        statuses={204: "stopped", 304: "was stopped already", **NO_CONTAINER, **FAILED},
        patience=("t", 10),
        cli="docker stop",
    ),
    Endpoint(
        "restart",
        "ContainerRestart",
        "POST",
        "/containers/{id}/restart",
        "stop a container and start it again",
        "outcome",
        places=(CONTAINER,),
        query=(
            STOP_SIGNAL,
            GRACE,
        ),
        statuses={204: "restarted", **NO_CONTAINER, **FAILED},
        patience=("t", 10),
        cli="docker restart",
    ),
    Endpoint(
        "kill",
        "ContainerKill",
        "POST",
        "/containers/{id}/kill",
        "send a signal to a container's first process",
        "outcome",
        places=(ALIVE,),
        query=(
            Param(
                "signal",
                "signal",
                "signal to send",
                short="s",
                default="KILL",
                cli="--signal",
                metavar="SIGNAL",
            ),
        ),
        statuses={204: "was sent the signal", **NO_CONTAINER, 409: "it is not running", **FAILED},
        steps={409: NOT_RUNNING, 500: NOT_RUNNING},
        cli="docker kill",
    ),
    Endpoint(
        "wait",
        "ContainerWait",
        "POST",
        "/containers/{id}/wait",
        "wait until a container ends, and tell its exit code",
        "tree",
        places=(CONTAINER,),
        query=(
            Param(
                "condition",
                "choice",
                "what to wait for",
                default="not-running",
                since="1.30",
                choices=("not-running", "next-exit", "removed"),
            ),
        ),
        statuses={200: "its exit code", 400: "no such condition", **NO_CONTAINER, **FAILED},
        waits=True,
        cli="docker wait",
    ),
    Endpoint(
        "remove",
        "ContainerDelete",
        "DELETE",
        "/containers/{id}",
        "remove a container and its files",
        "outcome",
        places=(CONTAINER,),
        query=(
            Param("v", "flag", "its anonymous volumes too", short="v", aliases=("volumes",), cli="--volumes"),
            Param("force", "flag", "kill it first, if it is running", short="f", cli="--force"),
            Param("link", "flag", "only the link of that name", short="l", cli="--link"),
        ),
        statuses={
            204: "removed",
            400: "a parameter is wrong",
            **NO_CONTAINER,
            409: "it is running",
            **FAILED,
        },
        steps={
            409: "stop it first: `%docker stop`; or add --force",
            500: "if it is running, stop it first: `%docker stop`; or add --force",
        },
        cli="docker rm",
        aliases=("rm", "delete"),
    ),
    Endpoint(
        "rename",
        "ContainerRename",
        "POST",
        "/containers/{id}/rename",
        "give a container another name",
        "outcome",
        places=(CONTAINER,),
        query=(Param("name", "needed", "its new name", cli="", metavar="NAME"),),
        statuses={204: "renamed", **NO_CONTAINER, 409: "the name is taken", **FAILED},
        cli="docker rename",
        since="1.17",
    ),
    Endpoint(
        "pause",
        "ContainerPause",
        "POST",
        "/containers/{id}/pause",
        "freeze every process in a container",
        "outcome",
        places=(RUNNING,),
        statuses={204: "paused", **NO_CONTAINER, 409: "it is paused already, or not running", **FAILED},
        cli="docker pause",
    ),
    Endpoint(
        "unpause",
        "ContainerUnpause",
        "POST",
        "/containers/{id}/unpause",
        "let a paused container go on",
        "outcome",
        places=(PAUSED,),
        statuses={204: "goes on", **NO_CONTAINER, 500: "it was not paused, or the engine failed"},
        cli="docker unpause",
    ),
    Endpoint(
        "attach",
        "ContainerAttach",
        "POST",
        "/containers/{id}/attach",
        "join a container's own streams: see what it writes, write to its standard input",
        "hijacked",
        places=(ALIVE,),
        query=STREAMS,
        local=(*INPUT, BYTES, *BOUNDS),
        statuses={
            101: "the connection is taken over",
            200: "the connection is taken over, where no upgrade was asked for",
            400: "a parameter is wrong",
            **NO_CONTAINER,
            409: "it is paused",
            **FAILED,
        },
        steps={400: DETACH, 409: RUNS_NOT, 500: RUNS_NOT},
        silent=STILL,
        stream="frames",
        upgrade="tcp",
        cli="docker attach",
    ),
    Endpoint(
        "attach_ws",
        "ContainerAttachWebsocket",
        "GET",
        "/containers/{id}/attach/ws",
        "join a container's own streams over a WebSocket, both outputs as one",
        "hijacked",
        places=(ALIVE,),
        query=STREAMS,
        local=(*INPUT, BYTES, *BOUNDS),
        statuses={
            101: "the connection is a WebSocket",
            200: "it is none",
            400: "a parameter is wrong",
            404: "no such container; or the engine, like Podman, has no such call",
            409: "it is paused",
            **FAILED,
        },
        steps={400: DETACH, 404: "is the container there? If so, this engine has no attach/ws: `%docker attach`"},
        silent=STILL,
        stream="raw",
        upgrade="websocket",
    ),
    Endpoint(
        "resize",
        "ContainerResize",
        "POST",
        "/containers/{id}/resize",
        "tell the size of a container's terminal",
        "outcome",
        places=(ALIVE,),
        query=WINDOW,
        statuses={200: "was resized", 400: "a size is wrong", **NO_CONTAINER, 409: "it is not running", **FAILED},
        steps={400: RESIZE, 409: NOT_RUNNING, 500: NOT_RUNNING},
    ),
    Endpoint(
        "exec_create",
        "ContainerExec",
        "POST",
        "/containers/{id}/exec",
        "prepare one more program in a running container, without starting it",
        "tree",
        places=(RUNNING,),
        body="exec",
        statuses={
            201: "prepared",
            400: "the body is wrong",
            **NO_CONTAINER,
            409: "it is not running, or is paused",
            **FAILED,
        },
        steps={400: "`%docker exec_create CONTAINER -- ls -l` makes the body", 409: RUNS_NOT, 500: RUNS_NOT},
        cli="docker exec",
    ),
    Endpoint(
        "exec_start",
        "ExecStart",
        "POST",
        "/exec/{id}/start",
        "start a prepared program, and see what it writes",
        "hijacked",
        places=(EXEC,),
        body="exec_start",
        local=(*INPUT, BYTES, *BOUNDS),
        statuses={
            101: "the connection is taken over",
            200: "started",
            400: "the body is wrong, or the program cannot be run",
            **NO_EXEC,
            409: "its container is not running, or is paused",
            **FAILED,
        },
        steps={404: NO_EXEC_STEP, 409: RUNS_NOT, 500: NO_EXEC_STEP},
        silent="the program goes on, unseen; wait longer with `%config DockerMagic.timeout = 300`",
        stream="frames",
        upgrade="tcp",
    ),
    Endpoint(
        "exec_inspect",
        "ExecInspect",
        "GET",
        "/exec/{id}/json",
        "what the engine knows of one exec: whether it runs, its exit code",
        "tree",
        places=(EXEC,),
        statuses={200: "the description", **NO_EXEC, **FAILED},
        steps={404: NO_EXEC_STEP},
    ),
    Endpoint(
        "exec_resize",
        "ExecResize",
        "POST",
        "/exec/{id}/resize",
        "tell the size of an exec's terminal",
        "outcome",
        places=(EXEC,),
        query=WINDOW,
        statuses={
            200: "was resized",
            201: "was resized",
            400: "a size is wrong",
            **NO_EXEC,
            **FAILED,
        },
        steps={400: RESIZE, 404: NO_EXEC_STEP, 500: "only while it runs: `%docker exec_inspect` tells"},
    ),
    Endpoint(
        "changes",
        "ContainerChanges",
        "GET",
        "/containers/{id}/changes",
        "which files a container has added, modified or deleted",
        "changes",
        places=(CONTAINER,),
        statuses={200: "the changes", **NO_CONTAINER, **FAILED},
        cli="docker diff",
        aliases=("diff",),
    ),
    Endpoint(
        "update",
        "ContainerUpdate",
        "POST",
        "/containers/{id}/update",
        "change a container's limits and its restart policy",
        "tree",
        places=(CONTAINER,),
        body="update",
        statuses={200: "changed", 400: "a value is wrong", **NO_CONTAINER, **FAILED},
        steps={
            400: "--memory and --memory-swap belong together: the second counts both, and is never below the first",
            500: "--memory and --memory-swap belong together; `%docker info` shows which limits the machine has",
        },
        cli="docker update",
        since="1.22",
    ),
    Endpoint(
        "prune",
        "ContainerPrune",
        "POST",
        "/containers/prune",
        f"remove every stopped container that carries our label {LABEL!r}",
        "pruned",
        query=(replace(filters(("until", "label", "label!")), ours=True),),
        local=(Param("no-label", "flag", f"those without the label {LABEL!r} too: other people's as well"),),
        statuses={200: "what was removed", 400: "a filter is not known, or its value is not possible", **FAILED},
        cli="docker container prune --force",
        since="1.25",
    ),
    Endpoint(
        "archive_info",
        "ContainerArchiveInfo",
        "HEAD",
        "/containers/{id}/archive",
        "one file in a container: size, mode, time, where it links to",
        "stat",
        places=(CONTAINER,),
        query=(INSIDE,),
        statuses={200: "the file is there", 400: "the path is wrong", 404: NOT_INSIDE, **FAILED},
        steps={404: NO_PATH},
    ),
    Endpoint(
        "get_archive",
        "ContainerArchive",
        "GET",
        "/containers/{id}/archive",
        "a file or folder of a container as a tar archive",
        "archive",
        places=(CONTAINER,),
        query=(INSIDE,),
        local=(OUTPUT,),
        statuses={200: "the archive", 400: "the path is wrong", 404: NOT_INSIDE, **FAILED},
        steps={404: NO_PATH},
        stream="tar",
    ),
    Endpoint(
        "put_archive",
        "PutContainerArchive",
        "PUT",
        "/containers/{id}/archive",
        "unpack a file, a folder or a tar archive of yours inside a container",
        "uploaded",
        places=(CONTAINER,),
        query=(
            replace(INSIDE, help="the folder in the container to unpack it in"),
            Param("noOverwriteDirNonDir", "flag", "do not put a file in a folder's place, nor the other way round"),
            Param("copyUIDGID", "flag", "keep the owners that the archive names"),
        ),
        body="archive",
        local=(
            Param(
                "input",
                "source",
                "a file or folder, packed on the way (FOLDER/. for only what is in it); a tar archive goes as it is",
                metavar="PATH",
            ),
        ),
        statuses={
            200: "was unpacked",
            400: "the archive or the path is wrong, or the path is no folder",
            403: "the container's file system is read-only",
            404: NOT_INSIDE,
            **FAILED,
        },
        steps={404: NO_PATH},
    ),
    Endpoint(
        "commit",
        "ImageCommit",
        "POST",
        "/commit",
        "make an image of a container's files",
        "tree",
        query=(
            Param("container", "container", "name or id of the container", metavar="CONTAINER", cli=""),
            Param("repo", "text", "the image's name", metavar="NAME"),
            Param("tag", "text", "its tag", default="latest", metavar="TAG"),
            Param("comment", "text", "a remark, which history shows", short="m", cli="--message"),
            Param("author", "text", "who made it", short="a", cli="--author"),
            Param("pause", "flag", "freeze the container meanwhile", default=YES, cli="--pause"),
            Param("changes", "texts", "a line of a Dockerfile to apply; repeatable", short="c", cli="--change"),
        ),
        body="config",
        statuses={201: "made", **NO_CONTAINER, **FAILED},
        cli="docker commit",
    ),
    Endpoint(
        "images",
        "ImageList",
        "GET",
        "/images/json",
        "list the images that are there",
        "images",
        query=(
            Param("all", "flag", "intermediate ones too", short="a", cli="--all"),
            filters(IMAGE_FILTERS),
            Param("shared-size", "flag", "count what images share", since="1.42"),
            Param("digests", "flag", "with their digests", cli="--digests"),
            Param("manifests", "flag", "with the manifests of every platform", since="1.47"),
        ),
        statuses={200: "the list", **FAILED},
        cli="docker images",
    ),
    Endpoint(
        "image",
        "ImageInspect",
        "GET",
        "/images/{name}/json",
        "everything that the engine knows of one image",
        "tree",
        places=(IMAGE,),
        query=(Param("manifests", "flag", "with the manifests of every platform", since="1.48"),),
        statuses={200: "the description", **NO_IMAGE, **FAILED},
        steps={404: IMAGES_THERE},
        cli="docker image inspect",
    ),
    Endpoint(
        "history",
        "ImageHistory",
        "GET",
        "/images/{name}/history",
        "the layers of an image, and what made each",
        "history",
        places=(IMAGE,),
        query=(Param("platform", "text", "of which platform, as JSON", since="1.48", cli="--platform"),),
        statuses={200: "the layers", **NO_IMAGE, **FAILED},
        steps={404: IMAGES_THERE},
        cli="docker history",
    ),
    Endpoint(
        "tag",
        "ImageTag",
        "POST",
        "/images/{name}/tag",
        "give an image one more name",
        "outcome",
        places=(IMAGE,),
        query=(
            Param("repo", "needed", "the new name, with the registry where it is to go", cli="", metavar="NAME"),
            Param("tag", "text", "its tag", default="latest", metavar="TAG"),
        ),
        statuses={201: "tagged", 400: "the name is wrong", **NO_IMAGE, 409: "the name is taken", **FAILED},
        steps={400: "a name is written small: registry/name, and the tag goes into --tag", 404: IMAGES_THERE},
        cli="docker tag",
    ),
    Endpoint(
        "pull",
        "ImageCreate",
        "POST",
        "/images/create",
        "fetch an image from a registry",
        "messages",
        query=(
            Param("fromImage", "reference", "name of the image", metavar="IMAGE", cli=""),
            Param("tag", "text", "tag or digest", send="latest", tagged="fromImage", metavar="TAG"),
            PLATFORM,
        ),
        statuses={200: "it begins", 404: "no such image there, or no access to it", **FAILED},
        steps={
            404: "is the name right? A private image needs `%docker auth` first",
            500: "the engine cannot reach the registry: the engine's network, not that of this notebook, counts",
        },
        stream="lines",
        registry="fromImage",
        cli="docker pull",
    ),
    Endpoint(
        "import",
        "ImageCreate",
        "POST",
        "/images/create",
        "make an image of a tar archive with a file system",
        "messages",
        query=(
            Param("fromSrc", "text", "a URL to fetch it from; - for --input", send="-", metavar="URL", cli=""),
            Param("repo", "text", "the image's name", metavar="NAME"),
            Param("tag", "text", "its tag", default="latest", metavar="TAG"),
            Param("message", "text", "a remark, which history shows", short="m", cli="--message"),
            Param("changes", "texts", "a line of a Dockerfile to apply; repeatable", short="c", cli="--change"),
            PLATFORM,
        ),
        body="source",
        local=(TARBALL,),
        statuses={200: "it begins", 404: "no such URL", **FAILED},
        stream="lines",
        cli="docker import",
    ),
    Endpoint(
        "push",
        "ImagePush",
        "POST",
        "/images/{name}/push",
        "send an image to the registry in its name",
        "messages",
        places=(replace(IMAGE, help="name of the image, with the registry that it goes to, without a tag"),),
        query=(
            Param("tag", "text", "its tag", send="latest", metavar="TAG"),
            Param("platform", "text", "of which platform, as JSON", since="1.46", cli="--platform"),
        ),
        statuses={200: "it begins", **NO_IMAGE, **FAILED},
        steps={404: IMAGES_THERE, 500: "`%docker auth` logs in; is the registry in the name reachable for the engine?"},
        stream="lines",
        registry="name",
        cli="docker push",
    ),
    Endpoint(
        "remove_image",
        "ImageDelete",
        "DELETE",
        "/images/{name}",
        "take a name off an image; with its last name the image goes",
        "deletions",
        places=(IMAGE,),
        query=(
            Param("force", "flag", "even where stopped containers need it", short="f", cli="--force"),
            Param("noprune", "flag", "keep the layers below that have no name", cli="--no-prune"),
            Param("platforms", "texts", "only of this platform, as JSON; repeatable", since="1.50"),
        ),
        statuses={200: "what was removed", **NO_IMAGE, 409: "a container needs it, or it has several names", **FAILED},
        steps={404: IMAGES_THERE, 409: "`%docker list --all --filters ancestor=IMAGE` shows whose it is"},
        cli="docker rmi",
        aliases=("rmi",),
    ),
    Endpoint(
        "search",
        "ImageSearch",
        "GET",
        "/images/search",
        "look for images on Docker Hub",
        "found",
        query=(
            Param("term", "needed", "what to look for", metavar="WORD", cli=""),
            Param("limit", "number", "at most so many", default="25", cli="--limit"),
            filters(("is-official", "stars")),
        ),
        statuses={200: "what was found", **FAILED},
        steps={500: "the engine cannot reach Docker Hub: the engine's network, not that of this notebook, counts"},
        cli="docker search",
    ),
    Endpoint(
        "prune_images",
        "ImagePrune",
        "POST",
        "/images/prune",
        "remove the images that have no name, or that no container needs",
        "pruned",
        query=(filters(("dangling", "until", "label", "label!")),),
        statuses={200: "what was removed", 400: "a filter is not known, or its value is not possible", **FAILED},
        cli="docker image prune --force",
        since="1.25",
    ),
    Endpoint(
        "get_image",
        "ImageGet",
        "GET",
        "/images/{name}/get",
        "an image with its layers and names as a tar archive",
        "archive",
        places=(IMAGE,),
        query=(Param("platform", "text", "of which platform, as JSON", since="1.48", cli="--platform"),),
        local=(OUTPUT,),
        statuses={200: "the archive", 404: "no such image", **FAILED},
        steps={404: IMAGES_THERE, 500: IMAGES_THERE},
        stream="tar",
        cli="docker save",
        aliases=("save",),
    ),
    Endpoint(
        "get_images",
        "ImageGetAll",
        "GET",
        "/images/get",
        "several images as one tar archive",
        "archive",
        query=(
            Param("names", "texts", "name of an image; repeatable", metavar="IMAGE", cli=""),
            Param("platform", "text", "of which platform, as JSON", since="1.48", cli="--platform"),
        ),
        local=(OUTPUT,),
        statuses={200: "the archive", 404: "no such image", **FAILED},
        steps={404: IMAGES_THERE, 500: IMAGES_THERE},
        stream="tar",
        cli="docker save",
    ),
    Endpoint(
        "load",
        "ImageLoad",
        "POST",
        "/images/load",
        "take images in from a tar archive that get_image wrote",
        "messages",
        query=(
            Param("quiet", "flag", "tell nothing of the progress", short="q", cli="--quiet"),
            Param("platform", "text", "of which platform, as JSON", since="1.48", cli="--platform"),
        ),
        body="tarball",
        local=(TARBALL,),
        statuses={200: "it begins", **FAILED},
        stream="lines",
        cli="docker load",
    ),
    Endpoint(
        "build",
        "ImageBuild",
        "POST",
        "/build",
        "make an image by a Dockerfile",
        "messages",
        query=(
            Param("t", "texts", "name[:tag] of the image; repeatable", short="t", aliases=("tag",), cli="--tag"),
            Param("dockerfile", "text", "the Dockerfile's path in the folder", default="Dockerfile", short="f"),
            Param("buildargs", "pairs", "a value for an ARG; repeatable", aliases=("build-arg",), metavar="NAME=VALUE"),
            Param("labels", "pairs", "a label; repeatable", aliases=("label",), metavar="NAME=VALUE"),
            Param("target", "text", "the stage to stop at", since="1.29", cli="--target"),
            Param("nocache", "flag", "make every layer anew", aliases=("no-cache",), cli="--no-cache"),
            Param("pull", "flag", "look for a newer base image", cli="--pull"),
            Param("q", "flag", "tell only the image's id", short="q", aliases=("quiet",), cli="--quiet"),
            Param("rm", "flag", "remove the containers that it needed", default=YES),
            Param("forcerm", "flag", "remove them after a failure too", aliases=("force-rm",)),
            Param("remote", "text", "a Git repository or a URL instead of a folder", metavar="URL"),
            Param("extrahosts", "texts", "name:ip for /etc/hosts; repeatable", aliases=("add-host",), cli="--add-host"),
            Param("cachefrom", "array", "an image whose layers may be used; repeatable", aliases=("cache-from",)),
            Param("networkmode", "text", "network of the RUN steps", aliases=("network",), cli="--network"),
            PLATFORM,
            Param("memory", "number", "bytes of memory for the RUN steps", metavar="BYTES"),
            Param("memswap", "number", "memory and swap together; -1 for any", metavar="BYTES"),
            Param("cpushares", "number", "their share of the processors"),
            Param("cpusetcpus", "text", "the processors that they may use", metavar="LIST"),
            Param("cpuperiod", "number", "length of the period of cpuquota", metavar="MICROSECONDS"),
            Param("cpuquota", "number", "processor time in each period", metavar="MICROSECONDS"),
            Param("shmsize", "number", "bytes of /dev/shm", aliases=("shm-size",), metavar="BYTES"),
            Param("squash", "flag", "one layer in the end (experimental)"),
            Param("outputs", "text", "where the result goes, for BuildKit, as JSON", since="1.40", metavar="JSON"),
            Param("version", "choice", "the builder: 1 is the classic one", since="1.38", choices=("1", "2")),
        ),
        body="context",
        local=(Param("input", "source", "the folder with the Dockerfile, or a tar archive of it", metavar="PATH"),),
        statuses={200: "it begins", 400: "the Dockerfile or a parameter is wrong", **FAILED},
        steps={400: "the message names the line; the folder's Dockerfile is meant, if --dockerfile names no other"},
        stream="lines",
        waits=True,
        cli="docker build",
    ),
    Endpoint(
        "prune_builds",
        "BuildPrune",
        "POST",
        "/build/prune",
        "empty the builder's cache",
        "pruned",
        query=(
            Param("all", "flag", "layers that are in use too", short="a", since="1.39", cli="--all"),
            Param("keep-storage", "number", "bytes to keep (until API 1.48)", metavar="BYTES"),
            Param("reserved-space", "number", "bytes to keep", since="1.48", metavar="BYTES"),
            Param("max-used-space", "number", "bytes that may stay at the most", since="1.48", metavar="BYTES"),
            Param("min-free-space", "number", "bytes of the disk that must be free", since="1.48", metavar="BYTES"),
            filters(("until", "id", "parent", "type", "description", "inuse", "shared", "private")),
        ),
        statuses={200: "what was removed", **FAILED},
        cli="docker builder prune --force",
        since="1.31",
    ),
    Endpoint(
        "ping",
        "SystemPing",
        "GET",
        "/_ping",
        "ask whether the engine is there, and which API it speaks",
        "ping",
        statuses={200: "it is", **FAILED},
    ),
    Endpoint(
        "version",
        "SystemVersion",
        "GET",
        "/version",
        "the engine's version and that of its parts",
        "tree",
        statuses={200: "the versions", **FAILED},
        cli="docker version",
    ),
    Endpoint(
        "info",
        "SystemInfo",
        "GET",
        "/info",
        "the engine's settings, counts and warnings",
        "tree",
        statuses={200: "the description", **FAILED},
        cli="docker info",
    ),
    Endpoint(
        "df",
        "SystemDataUsage",
        "GET",
        "/system/df",
        "what takes how much of the disk, and what could go",
        "usage",
        query=(
            Param(
                "type",
                "choices",
                "only these; repeatable",
                since="1.42",
                choices=("container", "image", "volume", "build-cache"),
            ),
        ),
        statuses={200: "the sizes", **FAILED},
        cli="docker system df --verbose",
        since="1.25",
    ),
    Endpoint(
        "auth",
        "SystemAuth",
        "POST",
        "/auth",
        "log in to a registry; pull and push use it until the session ends",
        "login",
        body="auth",
        statuses={200: "logged in", 204: "logged in", 401: "the name or the password is wrong", **FAILED},
        steps={
            401: "nothing was kept; run the cell again",
            500: "is --serveraddress right, and in the engine's reach?",
        },
        cli="docker login",
    ),
    Endpoint(
        "stats",
        "ContainerStats",
        "GET",
        "/containers/{id}/stats",
        "what a running container uses: CPU, memory, network, disk",
        "stats",
        places=(CONTAINERS,),
        query=(
            Param(
                "stream",
                "flag",
                "stay, and take a sample a second; without it the engine needs a second or two for one",
                default="1",
                send="0",
                endless=True,
            ),
            Param(
                "one-shot",
                "flag",
                "one sample at once, with nothing before it to compare with, so without CPU",
                since="1.41",
            ),
        ),
        local=BOUNDS,
        statuses={200: "the sample", **NO_CONTAINER, **FAILED},
        steps={500: NOT_RUNNING},
        stream="lines",
        cli="docker stats",
    ),
    Endpoint(
        "events",
        "SystemEvents",
        "GET",
        "/events",
        "what happens on the engine; without a bound, what happened in the last hour",
        "events",
        query=(
            Param(
                "since",
                "moment",
                "events from this moment on: a date, UNIX seconds, or 10m for ten minutes ago",
                send="1h",
                unless=UNBOUND,
                cli="--since",
                metavar="TIME",
            ),
            Param(
                "until",
                "moment",
                "events up to this moment",
                send="+1s",
                unless=UNBOUND,
                cli="--until",
                metavar="TIME",
            ),
            filters(EVENT_FILTERS),
        ),
        local=(Param("follow", "flag", "stay, and show new events as they come", endless=True), *BOUNDS),
        statuses={200: "the events", 400: "a parameter is wrong", **FAILED},
        stream="lines",
        cli="docker events",
    ),
)

BY_NAME: dict[str, Endpoint] = {name: row for row in ENDPOINTS for name in (row.name, *row.aliases)}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


def raw(method: str, path: str, body: str = "") -> Endpoint:
    """A row for any call at all, by method and path."""
    return Endpoint(method, "", method, path, f"{method} {path}", "any", body=body)


def version(text: str) -> tuple[int, int]:
    """`"1.51"` → `(1, 51)`, to compare versions by.

    Raises:
        ValueError: `text` is no API version.
    """
    found = re.fullmatch(r"v?(\d+)\.(\d+)", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no API version")
    return int(found[1]), int(found[2])


def markdown(rows: Iterable[Endpoint]) -> str:
    """The table of subcommands, in the reader's language, as README and reference show it."""
    heads = say("subcommand"), say("endpoint"), say("what it does")
    lines = ((f"`{row.name}`", f"`{row.method} {row.path}`", say(row.summary)) for row in rows)
    return f"| {' | '.join(heads)} |\n|---|---|---|\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
