"""What the lessons say in prose, and the calls by which an engine shows it.

Left to the lessons' own cells: what the next cell calls and shows (a status that a cell tagged `raises-exception`
must raise, a value that it prints), since notebooks are run on every engine and their outputs compared. Here stands
what no cell shows: what another engine than the reader's does, what happens otherwise, defaults, headers, and what
tables list; and, under `OURS`, numbers of this package. Left out: what else is said of this package (tests/unit,
tests/practice), of the docker command, of the years before Docker 20.10 (read in Docker's version history), of the
machine, and how long things take, but for what no load can make shorter.

The words are the English edition's; the Chinese one follows it by `tools/editions.py`.
"""

from __future__ import annotations

import io
import re
import tarfile
from typing import Any, NamedTuple

from claimkit import Claim, Step

from dockermagic.endpoints import BY_NAME
from dockermagic.exchange import KEPT
from dockermagic.session import Settings
from practice_engine.drills import LONGEST

DOCKER, PODMAN, PRACTICE = "Docker Engine", "Podman", "dockermagic practice"
DOCKER_20, DOCKER_26, DOCKER_28 = "Docker Engine 20", "Docker Engine 26", "Docker Engine 28"
OLD = {DOCKER_20: {"status": 500}}


def elsewhere(status: int, *engines: str, **shows: Any) -> dict[str, dict[str, Any]]:
    """Another status on these engines, and nothing more to see there."""
    return {engine: {"status": status, "shows": shows} for engine in engines}


def seen(engine: str, **places: Any) -> dict[str, dict[str, Any]]:
    """Something else to see on an engine; `__` in a place is its dot."""
    return {engine: {"shows": {where.replace("__", "."): value for where, value in places.items()}}}


PODMAN_500 = elsewhere(500, PODMAN)
ZERO_OR_LESS = re.compile("^(0|-1)$")
CREATE = "POST /containers/create?name={it}"
START = Step("POST /containers/{it}/start", 204)
EXITED = Step("GET /containers/{it}/json", shows={"State.Status": "exited"}, soon=True)
LISTED = Step(
    'GET /containers/json?all=1&filters={"name":["{it}"]}', shows={"0.State": "exited"}, soon=True
)  # Podman's inspect says so a moment earlier
READY = Step("GET /containers/{it}/logs?stdout=1", shows={"text": re.compile("ready")}, soon=True)


def made(*command: str, **more: Any) -> Step:
    """A container is made of busybox."""
    return Step(CREATE, 201, body={"Image": "busybox", "Cmd": [*command], **more})


def shell(line: str, **more: Any) -> Step:
    return made("sh", "-c", line, **more)


LOOP = "echo ready; while :; do sleep 0.1; done"
SITUATIONS: dict[str, tuple[Step, ...]] = {
    "created": (made("sleep", "600", Labels={"color": "red"}),),
    "running": (made("sleep", "600", Labels={"color": "red"}), START),
    "paused": (made("sleep", "600"), START, Step("POST /containers/{it}/pause", 204)),
    "ended": (shell("echo hello; exit 3"), START, EXITED, LISTED),
    "polite": (shell(f"trap 'echo bye; exit 0' TERM; {LOOP}"), START, READY),
    "slow": (shell(f"trap 'sleep 0.7; echo bye; exit 0' TERM; {LOOP}"), START, READY),
    "hears_int": (shell(f"trap 'exit 5' INT; {LOOP}"), START, READY),
    "made_for_int": (shell(f"trap 'exit 5' INT; {LOOP}", StopSignal="INT", StopTimeout=20), START, READY),
    "lost": (made("no-such-program"), Step("POST /containers/{it}/start", 400, on=PODMAN_500)),
    "two": (shell("echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three"), START, EXITED, LISTED),
    "tty": (shell("echo one; echo two >&2", Tty=True), START, EXITED, LISTED),
    "in_var": (made("sleep", "600", Env=["FRUIT=apple"], WorkingDir="/var"), START),
    "files": (
        shell(f"mkdir /work; printf 123456 > /work/note; ln -s note /work/link; rm /bin/yes; {LOOP}"),
        START,
        READY,
    ),
}


def tar(name: str, text: bytes) -> bytes:
    """A tar archive with one file, of user 1000."""
    target = io.BytesIO()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.uid, entry.gid = len(text), 1_000_000_000, 1000, 1000
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(text))
    return target.getvalue()


def executed(container: str, line: str, code: int | None, *more: Step, **shown: Any) -> tuple[Step, ...]:
    """The three calls of an exec."""
    body = {"AttachStdout": True, "AttachStderr": True, "Cmd": ["sh", "-c", line]}
    return (
        Step(f"POST /containers/{container}/exec", 201, body=body, keep={"exec": "Id"}),
        Step("POST /exec/{exec}/start", 200, body={"Detach": False}, shows=shown),
        Step("GET /exec/{exec}/json", shows={"Running": False, "ExitCode": code}, soon=True),
        *more,
    )


STATE = "GET /containers/{own running}/json"
NAMED = '"name":["{created}","{running}","{ended}"]}'

CLAIMS: tuple[Claim, ...] = (
    # 00 start
    Claim("00-start", "`204` has no body", (Step("POST /containers/{own created}/start", 204, {"text": ""}),)),
    Claim(
        "00-start",
        "| `304` | nothing to do: it was so already |",
        (Step("POST /containers/{running}/start", 304), Step("POST /containers/{ended}/stop", 304)),
    ),
    Claim(
        "00-start",
        "| `404` | there is no such container or image |",
        (
            Step("GET /containers/dm-claim-nobody/json", 404),
            Step("GET /images/dm-claim-nobody/json", 404),
        ),
    ),
    Claim(
        "00-start",
        "Podman speaks the same API, and answers `500` in some places where Docker says `400` or `409`.",
        (
            Step("DELETE /containers/{running}", 409, on=PODMAN_500),
            Step("POST /containers/{running}/kill?signal=BANANA", 400, on=PODMAN_500),
        ),
    ),
    Claim(
        "00-start",
        "`ApiVersion` is the newest API that it speaks, `MinAPIVersion` the oldest.",
        (
            Step("GET /version", keep={"newest": "ApiVersion", "oldest": "MinAPIVersion"}),
            Step("GET /v{newest}/_ping"),
            Step("GET /v{oldest}/_ping"),
            Step("GET /v1.99/_ping", 400, on=elsewhere(200, PODMAN)),
            Step("GET /v1.1/_ping", 400, on=elsewhere(200, PODMAN)),
        ),
    ),
    Claim("00-start", "curl printed the body of the answer, `OK`", (Step("GET /_ping", shows={"text": "OK"}),)),
    Claim(
        "00-start",
        "Docker 20.10 still serves the API of 2014, and so does Podman, which does not look at the number. "
        "Newer versions of Docker and the practice engine refuse it",
        (Step("GET /v1.15/_ping", 400, on=elsewhere(200, PODMAN, DOCKER_20)),),
    ),
    Claim(
        "00-start",
        "So do Docker 28 and the practice engine, which refuse the old version in its own manner, as plain text. "
        "Docker 26 refuses it in JSON. Podman answers with JSON at any version.",
        (
            Step(
                "GET /v1.15/containers/dm-claim-nobody/json",
                400,
                {"header Content-Type": re.compile("^text/plain")},
                on={
                    PODMAN: {"status": 404, "shows": {"header Content-Type": re.compile("^application/json")}},
                    DOCKER_26: {"shows": {"header Content-Type": re.compile("^application/json")}},
                    DOCKER_20: {"status": 404},
                },
            ),
        ),
    ),
    Claim(
        "00-start",
        "Today it is JSON, an object with a `message`",
        (
            Step(
                "GET /containers/dm-claim-nobody/json",
                404,
                {"header Content-Type": re.compile("^application/json"), "message": re.compile("dm-claim-nobody")},
            ),
        ),
    ),
    # 01 list
    Claim(
        "01-list",
        "Without options, the engine lists the containers that run.",
        (
            Step('GET /containers/json?filters={"name":["{created}"]}', shows={"json": []}),
            Step('GET /containers/json?filters={"name":["{running}"]}', shows={"length": 1}),
        ),
    ),
    Claim(
        "01-list",
        "| `id` | `Id` | 64 hexadecimal digits; the table shows 12, the value has all |",
        (Step('GET /containers/json?filters={"name":["{running}"]}', shows={"0.Id": re.compile(r"^[0-9a-f]{64}$")}),),
    ),
    Claim(
        "01-list",
        "| `name` | `Names` | without the `/` that the engine puts before it |",
        (Step('GET /containers/json?filters={"name":["{running}"]}', shows={"0.Names.0": "/{running}"}),),
    ),
    Claim(
        "01-list",
        "the image; Podman writes its full name",
        (
            Step(
                'GET /containers/json?filters={"name":["{running}"]}',
                shows={"0.Image": "busybox"},
                on={PODMAN: {"shows": {"0.Image": "docker.io/library/busybox:latest"}}},
            ),
        ),
    ),
    Claim(
        "01-list",
        "Docker lists the newest first, Podman the oldest.",
        (
            made("true")._replace(call="POST /containers/create?name={name}"),
            made("true")._replace(call="POST /containers/create?name={other}"),
            Step(
                'GET /containers/json?all=1&filters={"name":["{name}","{other}"]}',
                shows={"0.Names.0": "/{other}", "1.Names.0": "/{name}"},
                on={PODMAN: {"shows": {"0.Names.0": "/{name}", "1.Names.0": "/{other}"}}},
            ),
        ),
    ),
    Claim(
        "01-list",
        "the newest so many, whatever their state",
        (Step('GET /containers/json?limit=1&filters={"name":["{created}"]}', shows={"0.State": "created"}),),
    ),
    Claim(
        "01-list",
        "With `status`, you need no `--all`.",
        (
            Step(
                'GET /containers/json?filters={"status":["exited"],"name":["{ended}"]}',
                shows={"0.Names.0": "/{ended}"},
            ),
        ),
    ),
    Claim(
        "01-list",
        "Different keys must **all** hold.",
        (Step('GET /containers/json?filters={"status":["exited"],"name":["{created}"]}', shows={"json": []}),),
    ),
    Claim(
        "01-list",
        "Of several values for one key, one is enough.",
        (Step('GET /containers/json?filters={"status":["exited","created"],' + NAMED, shows={"length": 2}),),
    ),
    Claim(
        "01-list",
        "It is a regular expression: `^` is the beginning of the name, `$` its end.",
        (
            Step('GET /containers/json?all=1&filters={"name":["^{created}$"]}', shows={"length": 1}),
            Step('GET /containers/json?all=1&filters={"name":["^dm-claim$"]}', shows={"json": []}),
        ),
    ),
    Claim(
        "01-list",
        "A label may be asked for with its value or without.",
        tuple(
            Step(
                f'GET /containers/json?filters={{"label":["{label}"],"name":["{{running}}"]}}', shows={"length": length}
            )
            for label, length in (("color", 1), ("color=red", 1), ("color=blue", 0))
        ),
    ),
    Claim(
        "01-list",
        "| `exited` | an exit code; use it with `--all` |",
        (
            Step('GET /containers/json?all=1&filters={"exited":["3"],' + NAMED, shows={"0.Names.0": "/{ended}"}),
            Step('GET /containers/json?all=1&filters={"exited":["4"],' + NAMED, shows={"json": []}),
        ),
    ),
    Claim(
        "01-list",
        "`created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`",
        tuple(
            Step(
                f'GET /containers/json?filters={{"status":["{state}"]}}',
                on=PODMAN_500 if state in ("restarting", "dead") else {},
            )
            for state in ("created", "running", "paused", "restarting", "removing", "exited", "dead")
        ),
    ),
    Claim(
        "01-list",
        "| `health` | `starting`, `healthy`, `unhealthy`, `none` |",
        tuple(
            Step(f'GET /containers/json?filters={{"health":["{state}"]}}')
            for state in ("starting", "healthy", "unhealthy", "none")
        ),
    ),
    Claim(
        "01-list",
        "Podman knows neither `expose`, `publish`, `is-task` and `isolation` nor the states `restarting` and `dead`: "
        "it answers `500`.",
        tuple(
            Step(f'GET /containers/json?filters={{"{key}":["{value}"]}}', on=on)
            for key, value, on in (
                ("ancestor", "busybox", {}),
                ("expose", "80/tcp", PODMAN_500),
                ("publish", "80/tcp", PODMAN_500),
                ("id", "0123", {}),
                ("is-task", "false", PODMAN_500),
                ("isolation", "default", PODMAN_500),
                ("network", "none", {}),
                ("volume", "nowhere", {}),
            )
        ),
    ),
    Claim(
        "01-list",
        "a filter is not known, or its value is not possible",
        (
            Step('GET /containers/json?filters={"banana":["1"]}', 400, on=PODMAN_500),
            Step('GET /containers/json?filters={"status":["banana"]}', 400, on=PODMAN_500),
        ),
    ),
    Claim(
        "01-list",
        "`before` or `since` names a container that is not there; on Podman and old versions of Docker it is 500",
        (
            Step('GET /containers/json?filters={"before":["dm-claim-nobody"]}', 404, on={**PODMAN_500, **OLD}),
            Step('GET /containers/json?filters={"since":["dm-claim-nobody"]}', 404, on={**PODMAN_500, **OLD}),
        ),
    ),
    Claim(
        "01-list",
        "the list; it may be empty",
        (Step('GET /containers/json?filters={"name":["dm-claim-nobody"]}', shows={"json": []}),),
    ),
    # 02 create
    Claim(
        "02-create",
        "`create` needs an image that is already there. It never downloads one.",
        (Step("POST /containers/create?name={name}", 404, body={"Image": "dm-claim-nothing"}),),
    ),
    Claim(
        "02-create",
        "A wrong body is accepted, and the container is not what you wanted.",
        (
            Step(
                "POST /containers/create?name={name}",
                201,
                body={"Image": "busybox", "Cmd": ["true"], "Banana": 1, "Memory_": 2},
            ),
        ),
    ),
    Claim(
        "02-create",
        "Docker 28, Podman and the practice engine do not look for `PortBindings` at the top, and so no port is "
        "published. Older versions of Docker, 20.10 and 26 among them, still do.",
        (
            Step(
                "POST /containers/create?name={name}",
                201,
                body={"Image": "busybox", "Cmd": ["true"], "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}},
            ),
            Step(
                "GET /containers/{name}/json",
                shows={"HostConfig.PortBindings": re.compile(r"^(null|\{\})$")},
                on={old: {"shows": {"HostConfig.PortBindings": re.compile("8080")}} for old in (DOCKER_20, DOCKER_26)},
            ),
        ),
    ),
    Claim(
        "02-create",
        "engines do not look at the case of a key",
        (
            Step("POST /containers/create?name={name}", 201, body={"image": "busybox", "cmd": ["sleep", "1"]}),
            Step("GET /containers/{name}/json", shows={"Config.Cmd": ["sleep", "1"]}),
        ),
    ),
    Claim(
        "02-create",
        "| `name` | `--name` | a name that the engine makes up |",
        (
            Step("POST /containers/create", 201, body={"Image": "busybox", "Cmd": ["true"]}, keep={"id": "Id"}),
            Step("GET /containers/{id}/json", shows={"Name": re.compile("^/[a-z]+_[a-z]+")}),
            Step("DELETE /containers/{id}", 204),
        ),
    ),
    Claim(
        "02-create",
        "A name begins with a letter or a digit. Letters, digits, `_`, `.` and `-` follow: at least one, on Podman "
        "even none.",
        (
            *(
                Step(
                    f"POST /containers/create?name={name}",
                    400,
                    body={"Image": "busybox", "Cmd": ["true"]},
                    on=PODMAN_500,
                )
                for name in ("_dm-claim", "-dm-claim", ".dm-claim", "dm-claim!")
            ),
            Step("POST /containers/create?name={name}_A.1-", 201, body={"Image": "busybox"}, keep={"id": "Id"}),
            Step("DELETE /containers/{id}", 204),
        ),
    ),
    Claim(
        "02-create",
        "at least one, on Podman even none.",
        (Step("POST /containers/create?name=Z", 400, body={"Image": "busybox"}),),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "02-create",
        "at least one, on Podman even none.",
        (
            Step("POST /containers/create?name=Z", 201, body={"Image": "busybox"}, keep={"id": "Id"}),
            Step("DELETE /containers/{id}", 204),
        ),
        only=(PODMAN,),
    ),
    Claim(
        "02-create",
        "Without `--replace`, the second container of one name is refused. Docker answers `409`, Podman `500`.",
        (
            Step(
                "POST /containers/create?name={running}",
                409,
                body={"Image": "busybox", "Cmd": ["true"]},
                on=PODMAN_500,
            ),
        ),
    ),
    Claim(
        "02-create",
        "A name with a space in it. Docker answers `400`, Podman `500`.",
        (Step("POST /containers/create?name=dm%20claim", 400, body={"Image": "busybox"}, on=PODMAN_500),),
    ),
    Claim(
        "02-create",
        "A number where a list of words belongs. New versions of Docker answer `400`, Podman and old versions `500`.",
        (
            Step(
                "POST /containers/create?name={name}",
                400,
                body={"Image": "busybox", "Cmd": [1]},
                on={**PODMAN_500, **OLD},
            ),
        ),
    ),
    Claim(
        "02-create",
        "A body needs the header `Content-Type: application/json`. Docker answers `400` without it.",
        (
            Step(
                "POST /containers/create?name={name}",
                400,
                body={"Image": "busybox", "Cmd": ["true"]},
                headers={"Content-Type": "text/plain"},
            ),
        ),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "02-create",
        'it takes `{"Binds": […]}` as the body of `POST /v1.15/…/start`, and refuses it with `400` at v1.41.',
        (
            Step("POST /v1.15/containers/{own created}/start", 204, body={"Binds": ["/tmp:/mnt"]}),
            Step("POST /v1.41/containers/{running}/start", 400, body={"Binds": ["/tmp:/mnt"]}),
        ),
        only=(DOCKER_20,),
    ),
    # 03 inspect
    Claim(
        "03-inspect",
        "It works in every state of a container: new, running, ended.",
        tuple(
            Step(f"GET /containers/{{{name}}}/json", shows={"State.Status": state})
            for name, state in (
                ("created", "created"),
                ("running", "running"),
                ("ended", "exited"),
                ("paused", "paused"),
            )
        ),
    ),
    Claim(
        "03-inspect",
        "Podman adds variables such as `container=podman`, and writes the image's full name.",
        (
            Step(
                "GET /containers/{created}/json",
                shows={
                    "Config.Env": re.compile('"container=podman"'),
                    "Config.Image": "docker.io/library/busybox:latest",
                },
            ),
        ),
        only=(PODMAN,),
    ),
    Claim(
        "03-inspect",
        "`Pid` is 0: it has no process. A time that never was is `0001-01-01T00:00:00Z`.",
        (
            Step(
                "GET /containers/{created}/json",
                shows={"State.Pid": 0, "State.StartedAt": "0001-01-01T00:00:00Z", "State.Running": False},
            ),
        ),
    ),
    Claim(
        "03-inspect",
        "Inside the container its number is 1.",
        executed("{running}", "tr '\\0' ' ' < /proc/1/cmdline", 0, text=re.compile("sleep 600")),
        only=(DOCKER, PODMAN),
    ),
    Claim(
        "03-inspect",
        "The exit code `137` is 128 + 9: signal 9, KILL, has ended it.",
        (
            Step("POST /containers/{own running}/stop?t=0", 204),
            Step(STATE, shows={"State.ExitCode": 128 + 9, "State.Status": "exited"}, soon=True),
        ),
    ),
    Claim(
        "03-inspect",
        "Times are text in UTC, with nanoseconds.",
        (
            Step(
                "GET /containers/{ended}/json",
                shows={
                    where: re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}Z$")
                    for where in ("Created", "State.StartedAt", "State.FinishedAt")
                },
            ),
        ),
    ),
    Claim(
        "03-inspect",
        "It adds two keys. `SizeRw` is what the container itself has written, in bytes. `SizeRootFs` is that and the "
        "image together. Podman sends `SizeRootFs` without being asked too, and then it is always 0.",
        (
            Step(
                "GET /containers/{created}/json",
                shows={"SizeRw": None, "SizeRootFs": None},
                on=seen(PODMAN, SizeRw=None, SizeRootFs=0),
            ),
            Step(
                "GET /containers/{created}/json?size=1",
                shows={"SizeRw": 0, "SizeRootFs": re.compile(r"^[1-9]\d+$")},
            ),
        ),
    ),
    Claim(
        "03-inspect",
        "six bytes. Docker counts just these. Podman counts a few files of its own too.",
        (
            shell("echo hello > /tmp/note; sleep 600")._replace(call="POST /containers/create?name={name}"),
            Step("POST /containers/{name}/start", 204),
            Step(
                "GET /containers/{name}/json?size=1",
                shows={"SizeRw": 6},
                soon=True,
                on=seen(PODMAN, SizeRw=re.compile(r"^[1-9]\d+$")),
            ),
        ),
    ),
    Claim(
        "03-inspect",
        "The name has a `/` before it.",
        (Step("GET /containers/{running}/json", shows={"Name": "/{running}"}),),
    ),
    Claim(
        "03-inspect",
        "On Docker 20.10, `Volumes` and `VolumesRW` are only then, and `Mounts` is only now.",
        (
            Step("GET /v1.15/containers/{running}/json", shows={"keys": re.compile('"Volumes", "VolumesRW"')}),
            Step("GET /containers/{running}/json", shows={"keys": re.compile('"Mounts"')}),
        ),
        only=(DOCKER_20,),
    ),
    Claim(
        "03-inspect",
        "Engines send `null` in many places where Docker's reference promises a list or an object",
        (
            Step(
                "GET /containers/{running}/json",
                shows={"HostConfig.Binds": None},
                on=seen(PODMAN, HostConfig__Binds=[]),
            ),
        ),
    ),
    # 04 top
    Claim(
        "04-top",
        "Without parameters it is called as `ps -ef`.",
        (
            Step("GET /containers/{running}/top", keep={"titles": "Titles"}),
            Step("GET /containers/{running}/top?ps_args=-ef", shows={"Titles": re.compile("PID")}),
        ),
    ),
    Claim(
        "04-top",
        "On Docker these are the numbers of the *machine*.",
        (
            Step("GET /containers/{running}/json", keep={"pid": "State.Pid"}),
            Step("GET /containers/{running}/top", shows={"Processes.0.1": "{pid}"}),
        ),
        only=(DOCKER,),
    ),
    Claim(
        "04-top",
        "On Podman, `top` shows the numbers *inside* the container, and `inspect` the one outside.",
        (
            Step("GET /containers/{running}/top", shows={"Processes.0.1": "1"}),
            Step("GET /containers/{running}/json", shows={"State.Pid": re.compile(r"^\d\d+$")}),
        ),
        only=(PODMAN,),
    ),
    Claim(
        "04-top",
        "`RSS` is what the process has in memory",
        (Step("GET /containers/{running}/top?ps_args=aux", shows={"Titles": re.compile('"RSS"')}),),
    ),
    Claim(
        "04-top",
        "Docker needs it to find the container's own processes among all others of the machine.",
        (Step("GET /containers/{running}/top?ps_args=-o%20args", 500, {"message": re.compile("PID")}),),
        only=(DOCKER,),
    ),
    Claim(
        "04-top",
        "it is not running; on Podman 500",
        (
            Step("GET /containers/{ended}/top", 409, on=PODMAN_500),
            Step("GET /containers/{created}/top", 409, on=PODMAN_500),
        ),
    ),
    Claim(
        "04-top",
        "the engine failed, or `ps` did not like its arguments",
        (Step("GET /containers/{running}/top?ps_args=banana", 500),),
    ),
    Claim(
        "04-top",
        "Docker 20.10 answers `409` under the old path too",
        (Step("GET /v1.15/containers/{ended}/top", 409),),
        only=(DOCKER_20,),
    ),
    # 05 logs
    Claim(
        "05-logs",
        "The engine keeps these lines as long as the container exists, whether it runs or not.",
        (Step("GET /containers/{ended}/logs?stdout=1", shows={"text": re.compile("hello")}),),
    ),
    Claim(
        "05-logs",
        "The API wants at least one of `stdout` and `stderr`.",
        (
            Step("GET /containers/{two}/logs", 400),
            Step("GET /containers/{two}/logs?stdout=1", shows={"text": re.compile(r"\A(?!.*two).*one.*three", re.S)}),
            Step("GET /containers/{two}/logs?stderr=1", shows={"text": re.compile(r"\A(?!.*one).*two", re.S)}),
        ),
    ),
    Claim(
        "05-logs",
        "| `tail` | `--tail`, `-n` | `all`; we send 100 | | the last so many lines |",
        (
            Step("GET /containers/{two}/logs?stdout=1&stderr=1", shows={"text": re.compile("one.*two.*three", re.S)}),
            Step(
                "GET /containers/{two}/logs?stdout=1&stderr=1&tail=2",
                shows={"text": re.compile(r"\A(?!.*one).*two.*three", re.S)},
            ),
        ),
    ),
    Claim(
        "05-logs",
        "The engine notes when each line came, in UTC.",
        (
            Step(
                "GET /containers/{two}/logs?stderr=1&timestamps=1",
                shows={"text": re.compile(r"^\x02\0\0\0\0\0\0.20\d\d-\d\d-\d\dT\S+Z two\n$")},
            ),
        ),
    ),
    Claim(
        "05-logs",
        "The API wants seconds since 1970.",
        (
            Step("GET /containers/{two}/logs?stdout=1&since=1", shows={"text": re.compile("one")}),
            Step("GET /containers/{two}/logs?stdout=1&until=1", shows={"text": ""}),
        ),
    ),
    Claim(
        "05-logs",
        "On Docker and the practice engine the line begins with `color=red`. Podman accepts the parameter, and adds "
        "nothing.",
        (
            Step(
                "POST /containers/create?name={name}",
                201,
                body={
                    "Image": "busybox",
                    "Cmd": ["echo", "hello"],
                    "Labels": {"color": "red"},
                    "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"labels": "color"}}},
                },
            ),
            Step("POST /containers/{name}/start", 204),
            Step("POST /containers/{name}/wait"),
            Step(
                "GET /containers/{name}/logs?stdout=1&details=1",
                shows={"text": re.compile(r"\A.{8}color=red hello\n$", re.S)},
                soon=True,
                on={PODMAN: {"shows": {"text": re.compile(r"\A.{8}hello\n$", re.S)}}},
            ),
        ),
    ),
    Claim(
        "05-logs",
        "the number of bytes that follow, highest byte first",
        (
            Step("GET /containers/{two}/logs?stdout=1&tail=1", shows={"text": "\x01\0\0\0\0\0\0\x06three\n"}),
            Step("GET /containers/{two}/logs?stderr=1", shows={"text": "\x02\0\0\0\0\0\0\x04two\n"}),
        ),
    ),
    Claim(
        "05-logs",
        "A terminal is **one** stream",
        (Step("GET /containers/{tty}/logs?stdout=1&stderr=1", shows={"text": "one\r\ntwo\r\n"}),),
    ),
    Claim(
        "05-logs",
        "Since API 1.42, Docker says so in the header `Content-Type`: `multiplexed-stream` or `raw-stream`. Older "
        "engines and Podman may not say",
        (
            Step(
                "GET /containers/{two}/logs?stdout=1",
                shows={"header Content-Type": "application/vnd.docker.multiplexed-stream"},
                on={
                    PODMAN: {"shows": {"header Content-Type": None}},
                    DOCKER_20: {"shows": {"header Content-Type": None}},
                },
            ),
            Step(
                "GET /containers/{tty}/logs?stdout=1",
                shows={"header Content-Type": "application/vnd.docker.raw-stream"},
                on={
                    PODMAN: {"shows": {"header Content-Type": None}},
                    DOCKER_20: {"shows": {"header Content-Type": None}},
                },
            ),
        ),
    ),
    Claim(
        "05-logs",
        "it has put a `�` in the place of each before anyone could read them",
        (
            shell("printf 'caf\\303\\251 \\377\\376\\n'")._replace(call="POST /containers/create?name={name}"),
            Step("POST /containers/{name}/start", 204),
            Step("POST /containers/{name}/wait"),
            Step(
                "GET /containers/{name}/logs?stdout=1",
                shows={"text": re.compile("caf\xc3\xa9 \xff\xfe\n$")},
                soon=True,
                on={DOCKER: {"shows": {"text": re.compile("caf\xc3\xa9 (\xef\xbf\xbd){2}\n$")}}},
            ),
        ),
    ),
    Claim(
        "05-logs",
        "When the container is removed, its log goes too.",
        (
            Step("DELETE /containers/{own created}", 204),
            Step("GET /containers/{own created}/logs?stdout=1", 404),
        ),
    ),
    # 06 export
    Claim(
        "06-export",
        "It works in every state of a container: new, running, ended.",
        tuple(Step(f"GET /containers/{{{name}}}/export") for name in ("created", "running", "ended")),
    ),
    Claim(
        "06-export",
        "Docker calls it `application/octet-stream`, then and now; Podman says `application/x-tar`.",
        (
            Step(
                "GET /containers/{created}/export",
                shows={"header Content-Type": "application/octet-stream"},
                on={PODMAN: {"shows": {"header Content-Type": "application/x-tar"}}},
            ),
        ),
    ),
    Claim(
        "06-export",
        "Docker and the practice engine put an empty file `.dockerenv` into the root folder. Podman puts one of its "
        "own elsewhere, `run/.containerenv`.",
        (
            Step(
                "GET /containers/{ended}/export",
                shows={"text": re.compile(r"(^|\0)(\./)?\.dockerenv\0")},
                on={PODMAN: {"shows": {"text": re.compile(r"\0run/\.containerenv\0")}}},
            ),
        ),
    ),
    Claim(
        "06-export",
        "the contents of `/proc` and `/sys`",
        (Step("GET /containers/{running}/export", shows={"text": re.compile(r"\A(?!.*\0(\./)?(proc|sys)/\w)", re.S)}),),
    ),
    Claim(
        "06-export",
        "Docker 20.10 still answers it up to v1.23, and says `404` from v1.24 on.",
        (
            Step("POST /containers/{running}/copy", 404, body={"Resource": "/etc/passwd"}),
            Step("POST /v1.44/containers/{running}/copy", 404, body={"Resource": "/etc/passwd"}),
        ),
        only=(DOCKER_26, DOCKER_28),
    ),
    Claim(
        "06-export",
        "Docker 20.10 still answers it up to v1.23, and says `404` from v1.24 on.",
        (
            Step("POST /v1.23/containers/{running}/copy", 200, body={"Resource": "/etc/passwd"}),
            Step("POST /v1.24/containers/{running}/copy", 404, body={"Resource": "/etc/passwd"}),
        ),
        only=(DOCKER_20,),
    ),
    # 07 start
    Claim(
        "07-start",
        "starts a container that was created, or one that has ended",
        (
            Step("POST /containers/{own created}/start", 204),
            Step("POST /containers/{own ended}/start", 204),
        ),
    ),
    Claim(
        "07-start",
        "Docker answers `400`, Podman `500`.",
        (
            Step("POST /containers/{lost}/start", 400, on=PODMAN_500),
            Step(
                "GET /containers/{lost}/json",
                shows={
                    "State.Status": "created",
                    "State.Running": False,
                    "State.Error": re.compile("no-such-program"),
                },
            ),
        ),
    ),
    Claim(
        "07-start",
        "On Docker the exit code is 127, as in a shell that does not find a command.",
        (Step("GET /containers/{lost}/json", shows={"State.ExitCode": 127}),),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "07-start",
        "it is paused: `unpause` it instead; on Podman 500",
        (
            Step("POST /containers/{own paused}/start", 409, on=PODMAN_500),
            Step("POST /containers/{own paused}/unpause", 204),
            Step("POST /containers/{own paused}/start", 304),
        ),
    ),
    Claim("07-start", "there is no such container", (Step("POST /containers/dm-claim-nobody/start", 404),)),
    Claim(
        "07-start",
        "Newer engines refuse it with `400`. Podman looks at no version, and overlooks the body.",
        (
            Step(
                "POST /v1.15/containers/{own created}/start",
                400,
                body={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}},
                on=elsewhere(204, PODMAN, DOCKER_20),
            ),
            Step(
                "GET /containers/{own created}/json",
                shows={"HostConfig.RestartPolicy.Name": re.compile("^(no|)$")},
                on={DOCKER_20: {"shows": {"HostConfig.RestartPolicy.Name": "on-failure"}}},
            ),
        ),
    ),
    Claim(
        "07-start",
        "From version 1.24 on, Docker answers `400` to a start with such a body",
        (
            Step(
                "POST /containers/{own created}/start",
                400,
                body={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}},
                on=elsewhere(204, PODMAN),
            ),
        ),
    ),
    Claim(
        "07-start",
        "A container that runs cannot be removed just so.",
        (Step("DELETE /containers/{running}", 409, on=PODMAN_500),),
    ),
    # 08 stop
    Claim(
        "08-stop",
        "TERM, which means *please end*",
        (
            Step("POST /containers/{own polite}/stop?t=20", 204),
            Step("GET /containers/{own polite}/logs?stdout=1", shows={"text": re.compile("bye")}, soon=True),
            Step("GET /containers/{own polite}/json", shows={"State.ExitCode": 0, "State.Status": "exited"}, soon=True),
        ),
    ),
    Claim(
        "08-stop",
        "If the process is still there, the engine sends KILL. No process survives that.",
        (
            shell(f"trap '' TERM; {LOOP}")._replace(call="POST /containers/create?name={name}"),
            Step("POST /containers/{name}/start", 204),
            Step("GET /containers/{name}/logs?stdout=1", shows={"text": re.compile("ready")}, soon=True),
            Step("POST /containers/{name}/stop?t=1", 204),
            Step("GET /containers/{name}/json", shows={"State.ExitCode": 137}, soon=True),
        ),
    ),
    Claim(
        "08-stop",
        "`--t -1` waits as long as it takes.",
        (
            Step("POST /containers/{own slow}/stop?t=-1", 204),
            Step("GET /containers/{own slow}/json", shows={"State.ExitCode": 0}, soon=True),
        ),
    ),
    Claim(
        "08-stop",
        "| `signal` | `--signal`, `-s` | TERM, or the container's `StopSignal` | 1.42 | the signal to ask with |",
        (
            Step("POST /containers/{own hears_int}/stop?signal=INT&t=2", 204),
            Step(
                "GET /containers/{own hears_int}/json",
                shows={"State.ExitCode": 5},
                soon=True,
                on={engine: {"shows": {"State.ExitCode": 137}} for engine in (PODMAN, DOCKER_20)},
            ),
        ),
    ),
    Claim(
        "08-stop",
        "Every engine knows the container's own values: `StopSignal` and `StopTimeout`.",
        (
            Step("GET /containers/{own made_for_int}/json", shows={"Config.StopTimeout": 20}),
            Step("POST /containers/{own made_for_int}/stop", 204),
            Step("GET /containers/{own made_for_int}/json", shows={"State.ExitCode": 5}, soon=True),
        ),
    ),
    Claim(
        "08-stop",
        "A container that was never started has nothing to stop. Docker answers `304`, Podman `204`.",
        (Step("POST /containers/{own created}/stop", 304, on=elsewhere(204, PODMAN)),),
    ),
    Claim(
        "08-stop",
        "After it, the container is still there, with its files and its log. It can be started again.",
        (
            Step("POST /containers/{own files}/stop?t=0", 204),
            Step("GET /containers/{own files}/logs?stdout=1", shows={"text": re.compile("ready")}),
            Step("HEAD /containers/{own files}/archive?path=/work/note", shows={"stat size": 6}),
            Step("POST /containers/{own files}/start", 204),
        ),
    ),
    Claim(
        "08-stop",
        "Newer engines refuse it with `400`, and on Docker 28 that message is plain text to this day.",
        (
            Step(
                "POST /v1.15/containers/dm-claim-nobody/stop?t=1",
                400,
                {"header Content-Type": re.compile("^text/plain")},
            ),
        ),
        only=(DOCKER_28, PRACTICE),
    ),
    # 09 restart
    Claim(
        "09-restart",
        "A call does not count.",
        (
            Step("POST /containers/{own running}/restart?t=0", 204),
            Step(STATE, shows={"RestartCount": 0, "State.Status": "running"}),
        ),
    ),
    Claim(
        "09-restart",
        "Then it is just started.",
        (
            Step("POST /containers/{own created}/restart?t=0", 204),
            Step("GET /containers/{own created}/json", shows={"State.Status": "running"}),
        ),
    ),
    Claim(
        "09-restart",
        "But Podman 5 gives no time at all when `t` is not named.",
        (
            Step("POST /containers/{own slow}/restart", 204),
            Step(
                "GET /containers/{own slow}/logs?stdout=1",
                shows={"text": re.compile("ready.*bye.*ready", re.S)},
                soon=True,
                on={PODMAN: {"shows": {"text": re.compile(r"\A(?!.*bye).*ready.*ready", re.S)}}},
            ),
        ),
    ),
    Claim(
        "09-restart",
        "Podman 5 overlooks it, and sends TERM.",
        (
            Step("POST /containers/{own polite}/restart?signal=INT&t=20", 204),
            Step("GET /containers/{own polite}/logs?stdout=1", shows={"text": re.compile("bye")}, soon=True),
        ),
        only=(PODMAN,),
    ),
    Claim(
        "09-restart",
        "There is no `304`: a restart always has something to do.",
        (Step("POST /containers/{own running}/restart?t=0", 204), Step("POST /containers/{own ended}/restart", 204)),
    ),
    Claim("09-restart", "there is no such container", (Step("POST /containers/dm-claim-nobody/restart", 404),)),
    Claim(
        "09-restart",
        "| `no` | never; this is the default |",
        (
            Step(
                "GET /containers/{running}/json",
                shows={
                    "HostConfig.RestartPolicy.Name": re.compile("^(no|)$")
                },  # Docker 20 and Podman may leave it empty
            ),
        ),
    ),
    Claim(
        "09-restart",
        "| `unless-stopped` | as `always`, but not after you have stopped it |",
        tuple(
            Step(
                "POST /containers/{own running}/update",
                body={"RestartPolicy": {"Name": policy}},
            )
            for policy in ("always", "unless-stopped", "no")
        ),
    ),
    # 10 kill
    Claim(
        "10-kill",
        "Without parameters it sends KILL, and that is the end.",
        (
            Step("POST /containers/{own polite}/kill", 204),
            Step(
                "GET /containers/{own polite}/json",
                shows={"State.ExitCode": 137, "State.Status": "exited"},
                soon=True,
            ),
        ),
    ),
    Claim(
        "10-kill",
        "A signal may be written as `USR1`, as `SIGUSR1`, or as its number, on Linux 10.",
        tuple(
            Step(f"POST /containers/{{own running}}/kill?signal={signal}", 204) for signal in ("USR1", "SIGUSR1", "10")
        ),
    ),
    Claim(
        "10-kill",
        "| signal | number on Linux | what it is for |",
        executed(
            "{running}",
            "for n in 1 2 3 9 10 12 15 19 18 28; do kill -l $n; done | xargs",
            0,
            text=re.compile("HUP INT QUIT KILL USR1 USR2 TERM STOP CONT WINCH"),
        ),
    ),
    Claim(
        "10-kill",
        "| STOP | 19 | halt; cannot be caught |",
        (
            Step("POST /containers/{own running}/kill?signal=19", 204),
            Step("POST /containers/{own running}/kill?signal=18", 204),
            Step(STATE, shows={"State.Running": True}),
        ),
    ),
    Claim(
        "10-kill",
        "there is no such signal; on Podman 500",
        (Step("POST /containers/{running}/kill?signal=BANANA", 400, on=PODMAN_500),),
    ),
    Claim(
        "10-kill",
        "Since 1.20 Docker says `409` for a container that does not run.",
        (
            Step("POST /containers/{ended}/kill", 409),
            Step("POST /containers/{created}/kill", 409),
        ),
    ),
    Claim(
        "10-kill",
        "Newer engines refuse 1.15 with `400`. Podman looks at no version, and says `409` to both.",
        (
            Step(
                "POST /v1.15/containers/{ended}/kill",
                400,
                on={PODMAN: {"status": 409}, DOCKER_20: {"status": 204}},
            ),
        ),
    ),
    Claim("10-kill", "there is no such container", (Step("POST /containers/dm-claim-nobody/kill", 404),)),
    # 11 wait
    Claim(
        "11-wait-and-exit-codes",
        "It is no HTTP status: the status of this call is `200`, whatever the container has ended with.",
        (Step("POST /containers/{ended}/wait", 200, {"StatusCode": 3}),),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "Docker answers `0`. Podman answers `-1` or `0`, as it happens.",
        (
            Step(
                "POST /containers/{created}/wait",
                shows={"StatusCode": 0},
                on=seen(PODMAN, StatusCode=ZERO_OR_LESS),
            ),
        ),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "as soon as the container does not run; at once, if it does not run now",
        (Step("POST /containers/{ended}/wait?condition=not-running", shows={"StatusCode": 3}),),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "| 125 | the docker command |",
        (Step("POST /containers/create?name={name}", 404, body={"Image": "dm-claim-nothing"}),),
    ),
    *(
        Claim("11-wait-and-exit-codes", words, executed("{running}", line, code))
        for words, line, code in (
            ("`exit 256` gave **0**, and `exit 300` gave 44.", "exit 300", 44),
            ("`exit 256` gave **0**, and `exit 300` gave 44.", "exit 256", 0),
            ("`no-such-program` gave **127**", "no-such-program", 127),
            ("`/etc/passwd` gave **126**", "/etc/passwd", 126),
            ("| 130 | | 128 + 2: INT, as Ctrl+C sends it |", "kill -INT $$", 130),
            ("| 137 | | 128 + 9: KILL;", "kill -KILL $$", 137),
            ("| 139 | | 128 + 11: SEGV,", "kill -SEGV $$", 139),
            ("| 143 | | 128 + 15: TERM |", "kill -TERM $$", 143),
            ("A program may say `exit 137` by itself, and look killed.", "exit 137", 137),
        )
    ),
    Claim(
        "11-wait-and-exit-codes",
        "Here the engine says 128 + n.",
        (
            Step("POST /containers/{own running}/kill", 204),
            Step("POST /containers/{own running}/wait", shows={"StatusCode": 137}),
            Step(STATE, shows={"State.OOMKilled": False, "State.ExitCode": 137}, soon=True),
        ),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "Docker has an exit code for it all the same, 127, and the answer of `wait` has a second key, `Error`. Podman "
        "keeps none.",
        (
            Step(
                "POST /containers/{lost}/wait",
                shows={"StatusCode": 127, "Error.Message": re.compile("no-such-program")},
                on=seen(PODMAN, StatusCode=ZERO_OR_LESS, Error=None),
            ),
        ),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "there is no such condition; Docker 20.10 takes it for the default instead",
        (Step("POST /containers/{ended}/wait?condition=banana", 400, on=elsewhere(200, DOCKER_20)),),
    ),
    Claim(
        "11-wait-and-exit-codes",
        "Newer engines refuse it with `400`. Podman looks at no version, and refuses the condition.",
        (
            Step("POST /v1.15/containers/{ended}/wait?condition=banana", 400, on=elsewhere(200, DOCKER_20)),
            Step("POST /v1.15/containers/{ended}/wait", 400, on=elsewhere(200, DOCKER_20, PODMAN)),
        ),
    ),
    Claim(
        "11-wait-and-exit-codes", "there is no such container", (Step("POST /containers/dm-claim-nobody/wait", 404),)
    ),
    # 12 exec
    Claim(
        "12-exec",
        "`Running` is `false`. `ExitCode` is `null` on Docker, and 0 on Podman",
        (
            Step("POST /containers/{running}/exec", 201, body={"Cmd": ["true"]}, keep={"exec": "Id"}),
            Step(
                "GET /exec/{exec}/json",
                shows={"Running": False, "ExitCode": None},
                on={PODMAN: {"shows": {"Running": False, "ExitCode": 0}}},
            ),
        ),
    ),
    Claim(
        "12-exec",
        "started; 101 where the client asked to take the connection over, as we do",
        (
            Step(
                "POST /containers/{running}/exec",
                201,
                body={"AttachStdout": True, "Cmd": ["true"]},
                keep={"exec": "Id"},
            ),
            Step(
                "POST /exec/{exec}/start",
                101,
                body={"Detach": False},
                headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            ),
        ),
    ),
    Claim(
        "12-exec",
        "Docker answers `200` or `101` all the same, and says it in the stream. Podman answers `500`.",
        executed(
            "{running}",
            "true",
            0,
            Step(
                "POST /exec/{exec}/start",
                200,
                {"text": re.compile("already run")},
                {"Detach": False},
                on=elsewhere(500, PODMAN),
            ),
        ),
    ),
    Claim(
        "12-exec",
        "What is not said is as in the container.",
        executed("{own in_var}", "pwd; echo $FRUIT; id -u", 0, text=re.compile("/var\n.*apple\n.*0\n$", re.S)),
    ),
    Claim(
        "12-exec",
        "With `Detach` the engine starts it and answers at once. What it writes is lost.",
        (
            Step(
                "POST /containers/{running}/exec",
                201,
                body={"AttachStdout": True, "Cmd": ["echo", "lost"]},
                keep={"exec": "Id"},
            ),
            Step("POST /exec/{exec}/start", 200, {"text": re.compile(r"\A\s*\Z")}, {"Detach": True}),
            Step("GET /exec/{exec}/json", shows={"Running": False, "ExitCode": 0}, soon=True),
            Step("GET /containers/{running}/logs?stdout=1&stderr=1", shows={"text": ""}),
        ),
    ),
    Claim(
        "12-exec",
        "A program that is not there gives 127. Docker 20.10 and 26 say 126 here",
        (
            Step(
                "POST /containers/{running}/exec",
                201,
                body={"AttachStdout": True, "Cmd": ["no-such-program"]},
                keep={"exec": "Id"},
            ),
            Step("POST /exec/{exec}/start", 200, body={"Detach": False}),
            Step(
                "GET /exec/{exec}/json",
                shows={"ExitCode": 127},
                soon=True,
                on={old: {"shows": {"ExitCode": 126}} for old in (DOCKER_20, DOCKER_26)},
            ),
        ),
    ),
    Claim(
        "12-exec",
        "| 400 | exec_create | no command; on Podman 500 |",
        (Step("POST /containers/{running}/exec", 400, body={"Cmd": []}, on=PODMAN_500),),
    ),
    Claim(
        "12-exec",
        "no such container, or no such exec",
        (
            Step("POST /containers/dm-claim-nobody/exec", 404, body={"Cmd": ["true"]}),
            Step("POST /exec/dm-claim-nobody/start", 404, body={"Detach": False}),
            Step("GET /exec/dm-claim-nobody/json", 404),
        ),
    ),
    Claim(
        "12-exec",
        "the container does not run, or is paused; where it does not run, Podman says 500",
        (
            Step("POST /containers/{created}/exec", 409, body={"Cmd": ["true"]}, on=PODMAN_500),
            Step("POST /containers/{ended}/exec", 409, body={"Cmd": ["true"]}, on=PODMAN_500),
            Step("POST /containers/{paused}/exec", 409, body={"Cmd": ["true"]}),
        ),
    ),
    Claim(
        "12-exec",
        "it ends when the container ends",
        (
            Step("POST /containers/{own running}/exec", 201, body={"Cmd": ["sleep", "500"]}, keep={"exec": "Id"}),
            Step("POST /exec/{exec}/start", 200, body={"Detach": True}),
            Step("GET /exec/{exec}/json", shows={"Running": True}, soon=True),
            Step("POST /containers/{own running}/kill", 204),
            Step("GET /exec/{exec}/json", shows={"Running": False}, soon=True),
        ),
    ),
    Claim(
        "12-exec",
        "| `AttachStdout`, `AttachStderr` | sent as true | false | | carry what it writes |",
        (
            Step("POST /containers/{running}/exec", 201, body={"Cmd": ["echo", "lost"]}, keep={"exec": "Id"}),
            Step("POST /exec/{exec}/start", 200, {"text": ""}, {"Detach": False}, on=elsewhere(500, PODMAN)),
        ),
    ),
    # 13 attach and streams
    Claim(
        "13-attach-and-streams",
        "So `1 0 0 0 0 0 0 4` says: standard output, four bytes.",
        (
            Step(
                "GET /containers/{two}/logs?stdout=1&stderr=1",
                shows={"text": "\x01\0\0\0\0\0\0\x04one\n\x02\0\0\0\0\0\0\x04two\n\x01\0\0\0\0\0\0\x06three\n"},
            ),
        ),
    ),
    Claim(
        "13-attach-and-streams",
        "One line, several frames: of at most 16384 bytes on Docker, of 8192 on Podman.",
        (
            shell("head -c 40000 /dev/zero | tr '\\0' x; echo")._replace(call="POST /containers/create?name={name}"),
            Step("POST /containers/{name}/start", 204),
            Step("POST /containers/{name}/wait"),
            Step(
                "GET /containers/{name}/logs?stdout=1",
                shows={"text": re.compile(r"^\x01\0\0\0\0\0\x40\0x{16384}\x01.*\n$", re.S)},
                soon=True,
                on={PODMAN: {"shows": {"text": re.compile(r"^\x01\0\0\0\0\0\x20\0x{8192}\x01.*\n$", re.S)}}},
            ),
        ),
        only=(DOCKER, PODMAN),
    ),
    Claim(
        "13-attach-and-streams",
        "the connection is taken over, as the client asked with `Upgrade: tcp`",
        (
            Step(
                "POST /containers/{polite}/attach?stream=1&stdout=1",
                101,
                headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            ),
        ),
    ),
    Claim(
        "13-attach-and-streams",
        "| `stream` | `--stream` | no, on Podman yes; we send 1 | | then what comes from now on |",
        (
            Step(
                "POST /containers/{polite}/attach?logs=1&stdout=1&stderr=1",
                200,
                {"text": "\x01\0\0\0\0\0\0\x06ready\n"},
            ),
        ),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "13-attach-and-streams",
        "a parameter is wrong; on Podman 500",
        (Step("POST /containers/{polite}/attach?stream=1&stdout=1&detachKeys=banana", 400, on=PODMAN_500),),
    ),
    Claim(
        "13-attach-and-streams",
        "it is paused; on Podman 500",
        (Step("POST /containers/{paused}/attach?stream=1&stdout=1", 409, on=PODMAN_500),),
    ),
    Claim(
        "13-attach-and-streams",
        "there is no such container",
        (Step("POST /containers/dm-claim-nobody/attach?stream=1&stdout=1", 404),),
    ),
    Claim(
        "13-attach-and-streams",
        "Podman has none.",
        (Step("GET /containers/{polite}/attach/ws", 404),),
        only=(PODMAN,),
    ),
    Claim(
        "13-attach-and-streams",
        "To attach to a container that has **ended** is no error.",
        (
            Step(
                "POST /containers/{ended}/attach?stream=1&stdout=1",
                101,
                headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            ),
        ),
    ),
    # 14 archive and changes
    Claim(
        "14-archive-and-changes",
        "it is in the image, and was removed",
        (
            Step(
                "GET /containers/{files}/changes",
                shows={
                    "text": re.compile(r'(?s)(?=.*"/bin","Kind":0)(?=.*"/work/note","Kind":1)(?=.*"/bin/yes","Kind":2)')
                },
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "A container that was never started has changed nothing. The engine answers `null`.",
        (Step("GET /containers/{created}/changes", shows={"json": None}),),
    ),
    Claim(
        "14-archive-and-changes",
        "The method is `HEAD`: the engine answers with a head and no body.",
        (
            Step(
                "HEAD /containers/{files}/archive?path=/work/note",
                shows={"text": "", "stat name": "note", "stat size": 6, "stat mode": 0o644},
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "`linkTarget` is where it leads, as a whole path. On Podman `name` is that of the target.",
        (
            Step(
                "HEAD /containers/{files}/archive?path=/work/link",
                shows={"stat linkTarget": "/work/note", "stat name": "link"},
                on={PODMAN: {"shows": {"stat linkTarget": "/work/note", "stat name": "note"}}},
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "The names begin with the folder's own name, `work`, and not with the path to it.",
        (
            Step(
                "GET /containers/{files}/archive?path=/work",
                shows={
                    "header Content-Type": "application/x-tar",
                    "text": re.compile(r"\Awork/?\0.*\0work/note\0", re.S),
                },
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "The time is that of the archive, and so is the owner. But Podman says of every file that comes out that it is "
        "root's, number 0; in the container it belongs to 1000 there too.",
        (
            Step("PUT /containers/{own files}/archive?path=/work", body=tar("old", b"old\n")),
            Step(
                "GET /containers/{own files}/archive?path=/work/old",
                shows={"text": re.compile(r"^old\0.*\0\d*1750\0", re.S)},
                on=seen(PODMAN, text=re.compile(r"^old\0{97}0*644\0(0+\0){2}")),
            ),
            *executed("{own files}", "stat -c %u.%Y /work/old", 0, text=re.compile(r"[^\d]1000\.1000000000")),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "That is no obstacle: its files are there.",
        (
            Step("PUT /containers/{own created}/archive?path=/tmp", body=tar("old", b"old\n")),
            Step("HEAD /containers/{own created}/archive?path=/tmp/old", shows={"stat size": 4}),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "| `path` | `--path` | all three | must be said | the path in the container |",
        (
            Step("GET /containers/{files}/archive", 400),
            Step("HEAD /containers/{files}/archive", 400),
            Step("PUT /containers/{files}/archive", 400, body=tar("old", b"old\n"), on=elsewhere(200, PODMAN)),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "no such container, or no such path in it",
        (
            Step("HEAD /containers/{files}/archive?path=/nowhere", 404),
            Step("GET /containers/{files}/archive?path=/nowhere", 404),
            Step("GET /containers/dm-claim-nobody/archive?path=/", 404),
            Step("GET /containers/dm-claim-nobody/changes", 404, on=PODMAN_500),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "A folder that is not there is a 404 on Docker and on the practice engine. Podman makes the folder, and "
        "answers 200.",
        (
            Step(
                "PUT /containers/{own files}/archive?path=/work/new",
                404,
                body=tar("old", b"old\n"),
                on=elsewhere(200, PODMAN),
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "Docker 20.10, Docker 26 and Podman also where Docker 28 says 400",
        (
            Step(
                "PUT /containers/{files}/archive?path=/work/note",
                400,
                body=tar("old", b"old\n"),
                on=elsewhere(500, PODMAN, DOCKER_20, DOCKER_26),
            ),
        ),
    ),
    Claim(
        "14-archive-and-changes",
        "Docker 28 answers 400, Docker 20.10 and 26 answer 500",
        (
            Step(
                "POST /containers/create?name={name}",
                201,
                body={"Image": "busybox", "Cmd": ["true"], "HostConfig": {"ReadonlyRootfs": True}},
            ),
            Step(
                "PUT /containers/{name}/archive?path=/tmp",
                400,
                body=tar("old", b"old\n"),
                on=elsewhere(500, DOCKER_20, DOCKER_26),
            ),
        ),
        only=(DOCKER,),
    ),
    Claim(
        "14-archive-and-changes",
        "refuse to put a file in a folder's place, or a folder in a file's",
        (
            Step(
                "PUT /containers/{own files}/archive?path=/&noOverwriteDirNonDir=1",
                500,
                body=tar("work", b"a file"),
            ),
            Step("HEAD /containers/{own files}/archive?path=/work/note", shows={"stat size": 6}),
        ),
    ),
    # 15 stats and limits
    Claim(
        "15-stats-and-limits",
        "Docker's own sample holds two looks already: `cpu_stats` now, and `precpu_stats` a second before.",
        (
            Step(
                "GET /containers/{polite}/stats?stream=0",
                shows={
                    "cpu_stats.cpu_usage.total_usage": re.compile("^[1-9]"),
                    "precpu_stats.cpu_usage.total_usage": re.compile("^[1-9]"),
                },
                on={PODMAN: {"shows": {"precpu_stats.cpu_usage.total_usage": 0}}},
            ),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "one look only: at once, and without a share.",
        (
            Step(
                "GET /containers/{polite}/stats?stream=0&one-shot=1",
                shows={
                    "cpu_stats.cpu_usage.total_usage": re.compile("^[1-9]"),
                    "precpu_stats.cpu_usage.total_usage": 0,
                },
            ),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "What was asked for stands in `HostConfig`, on every engine.",
        (
            Step("POST /containers/{own running}/update", body={"CpuPeriod": 100000, "CpuQuota": 50000}),
            Step(STATE, shows={"HostConfig.CpuPeriod": 100000, "HostConfig.CpuQuota": 50000}),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "Look at `Warnings`: the practice engine says that it does not hold this limit.",
        (
            Step(
                "POST /containers/{own running}/update",
                body={"CpuPeriod": 100000, "CpuQuota": 50000},
                shows={"Warnings": re.compile("Discarded")},
            ),
        ),
        only=(PRACTICE,),
    ),
    Claim(
        "15-stats-and-limits",
        "Podman does not take that one in an update.",
        (
            Step("POST /containers/{own running}/update", body={"NanoCpus": 500_000_000}),
            Step(STATE, shows={"HostConfig.NanoCpus": 500_000_000}, on=seen(PODMAN, HostConfig__NanoCpus=0)),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "`RestartPolicy` is no limit, and `update` can change it too",
        (
            Step(
                "POST /containers/{own running}/update",
                body={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
            ),
            Step(
                STATE,
                shows={"HostConfig.RestartPolicy.Name": "on-failure", "HostConfig.RestartPolicy.MaximumRetryCount": 3},
            ),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "a value is wrong; Podman says 500",
        (
            Step(
                "POST /containers/{running}/update",
                400,
                body={"RestartPolicy": {"Name": "sometimes"}},
                on=PODMAN_500,
            ),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "| 404 | both | there is no such container |",
        (
            Step("GET /containers/dm-claim-nobody/stats?stream=0", 404),
            Step("POST /containers/dm-claim-nobody/update", 404, body={"CpuShares": 512}),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "it contradicts a limit that is set already; Podman says 500",
        (
            Step(
                "POST /containers/create?name={name}",
                201,
                body={
                    "Image": "busybox",
                    "Cmd": ["sleep", "600"],
                    "HostConfig": {"Memory": 67108864, "MemorySwap": 67108864},
                },
            ),
            Step("POST /containers/{name}/start", 204),
            Step("POST /containers/{name}/update", 409, body={"Memory": 134217728}, on=PODMAN_500),
        ),
    ),
    Claim(
        "15-stats-and-limits",
        "Docker and the practice engine answer 200 with empty counters. Podman answers 200 too, with an error inside.",
        (
            Step(
                "GET /containers/{ended}/stats?stream=0",
                shows={"cpu_stats.cpu_usage.total_usage": 0},
                soon=True,  # one answer of Podman's in some hundred is empty
                on={PODMAN: {"shows": {"text": re.compile('"(message|cause)"')}}},
            ),
        ),
    ),
    # 16 events
    Claim(
        "16-events",
        "On Docker, a `stop` is several events: TERM is sent (`kill`), the process ends (`die`), and the engine calls "
        "it stopped (`stop`).",
        (
            Step("POST /containers/{own polite}/stop?t=20", 204),
            Step(
                'GET /events?since={begin}&until={later}&filters={"container":["{own polite}"]}',
                shows={
                    "text": re.compile(
                        '(?s)(?=.*"Action":"create")(?=.*"Action":"start")(?=.*"Action":"kill")'
                        '(?=.*"Action":"die")(?=.*"Action":"stop")'
                    )
                },
            ),
        ),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "16-events",
        "`init` before each start, `cleanup` after each end, `remove` for `destroy`; it tells neither that `kill` nor "
        "that `stop`.",
        (
            Step("GET /containers/{own polite}/json", keep={"id": "Id"}),
            Step("POST /containers/{own polite}/stop?t=20", 204),
            Step("DELETE /containers/{own polite}", 204),
            Step(
                'GET /events?since={begin}&until={later}&filters={"container":["{id}"]}',
                shows={
                    "text": re.compile(
                        r'(?s)\A(?!.*"Action":"(kill|stop|destroy)")(?=.*"Action":"init".*"Action":"start")'
                        r'(?=.*"Action":"died?".*"Action":"cleanup")(?=.*"Action":"remove")'
                    )
                },
            ),
        ),
        only=(PODMAN,),
    ),
    Claim(
        "16-events",
        "The exit code is in the attributes of the end, as a text: `exitCode`.",
        (
            Step("POST /containers/{own polite}/stop?t=20", 204),
            Step(
                'GET /events?since={begin}&until={later}&filters={"container":["{own polite}"],"event":["die"]}',
                shows={"text": re.compile('"exitCode": ?"0"')},
            ),
        ),
    ),
    Claim(
        "16-events",
        "An end before its beginning: Docker and the practice engine answer 400. Podman answers 200 and finds nothing.",
        (Step("GET /events?since=1700000000&until=1600000000", 400, on=elsewhere(200, PODMAN, text="")),),
    ),
    Claim(
        "16-events",
        "| 400 | a parameter is wrong; some engines say 500 |",
        (
            Step("GET /events?until=0&filters=banana", 400, on=elsewhere(500, DOCKER_20)),
            Step("GET /events?since=banana&until=0", 500),
        ),
    ),
    Claim(
        "16-events",
        "For old programs the old four are still written beside them, up to API 1.51.",
        (
            Step("POST /containers/{own created}/start", 204),
            Step(
                "GET /v1.41/events?since={begin}&until={later}"
                '&filters={"container":["{own created}"],"event":["start"]}',
                shows={"status": "start", "id": re.compile("^[0-9a-f]{64}$"), "from": "busybox", "Action": "start"},
                on=seen(PODMAN, status="start", **{"from": "docker.io/library/busybox:latest"}),
            ),
        ),
    ),
    # 17 errors and faults
    Claim(
        "17-errors-and-faults",
        "A swarm: the practice engine says 501. A Docker that is in no swarm says 503, Podman 404.",
        (Step("GET /swarm", 503, on={PRACTICE: {"status": 501}, PODMAN: {"status": 404}}),),
    ),
    Claim(
        "17-errors-and-faults",
        "409, the name is taken. On Podman it is 500 here.",
        (Step("POST /containers/create?name={running}", 409, body={"Image": "busybox"}, on=PODMAN_500),),
    ),
    Claim(
        "17-errors-and-faults",
        "Of a filter with an impossible value, Docker says 400 and Podman 500.",
        (Step('GET /containers/json?filters={"status":["banana"]}', 400, on=PODMAN_500),),
    ),
    Claim(
        "17-errors-and-faults",
        "| `start`, `stop` | 204, then 304 | send it again |",
        (
            Step("POST /containers/{own created}/start", 204),
            Step("POST /containers/{own created}/start", 304),
            Step("POST /containers/{own created}/stop?t=0", 204),
            Step("POST /containers/{own created}/stop?t=0", 304),
        ),
    ),
    Claim(
        "17-errors-and-faults",
        "| `remove` | 204, then 404: it is gone all the same |",
        (Step("DELETE /containers/{own created}", 204), Step("DELETE /containers/{own created}", 404)),
    ),
    Claim(
        "17-errors-and-faults",
        "| `put_archive` | writes the same files once more |",
        tuple(Step("PUT /containers/{own created}/archive?path=/tmp", body=tar("old", b"old\n")) for _ in range(2)),
    ),
    Claim(
        "17-errors-and-faults",
        "| `create` with a name | 201, then a refusal: the name is taken |",
        (
            Step("POST /containers/create?name={name}", 201, body={"Image": "busybox"}),
            Step("POST /containers/create?name={name}", 409, body={"Image": "busybox"}, on=PODMAN_500),
        ),
    ),
    Claim(
        "17-errors-and-faults",
        "| `create` without a name | **two containers** |",
        (
            Step("POST /containers/create", 201, body={"Image": "busybox"}, keep={"one": "Id"}),
            Step("POST /containers/create", 201, body={"Image": "busybox"}, keep={"two_": "Id"}),
            Step("DELETE /containers/{one}", 204),
            Step("DELETE /containers/{two_}", 204),
        ),
    ),
    Claim(
        "17-errors-and-faults",
        "| `restart` | **restarts twice** |",
        (
            shell(LOOP)._replace(call="POST /containers/create?name={name}"),
            Step("POST /containers/{name}/start", 204),
            Step("POST /containers/{name}/restart?t=0", 204),
            Step("POST /containers/{name}/restart?t=0", 204),
            Step(
                "GET /containers/{name}/logs?stdout=1",
                shows={"text": re.compile("ready.*ready.*ready", re.S)},
                soon=True,
            ),
        ),
    ),
    Claim(
        "17-errors-and-faults",
        "Today it is JSON with a `message`; Podman adds `cause` and `response`.",
        (
            Step(
                "GET /containers/dm-claim-nobody/json",
                404,
                {"keys": ["message"]},
                on={PODMAN: {"shows": {"keys": ["cause", "message", "response"]}}},
            ),
        ),
    ),
    # 18 images
    Claim(
        "18-images",
        "Today an id is a checksum, and says so: `sha256:`.",
        (
            Step(
                'GET /images/json?filters={"reference":["busybox"]}',
                shows={"0.Id": re.compile("^sha256:[0-9a-f]{64}$")},
            ),
        ),
    ),
    Claim(
        "18-images",
        "Docker shows `busybox:latest`. Podman writes the name in full, `docker.io/library/busybox:latest`",
        (
            Step(
                'GET /images/json?filters={"reference":["busybox"]}',
                shows={"0.RepoTags": re.compile('"busybox:latest"')},
                on={PODMAN: {"shows": {"0.RepoTags": re.compile('"docker.io/library/busybox:latest"')}}},
            ),
        ),
    ),
    Claim(
        "18-images",
        "| the tag | `2` | `latest` |",
        (
            Step("POST /images/busybox/tag?repo={name}", 201),
            Step("GET /images/{name}/json", shows={"RepoTags": re.compile("dm-claim-[0-9a-f]+:latest")}),
        ),
    ),
    Claim(
        "18-images",
        "| 201 | `commit`, `tag` | made |",
        (
            Step("POST /commit?container={ended}&repo={name}&tag=1", 201, body={}),
            Step("DELETE /images/{name}:1", 200),
        ),
    ),
    Claim(
        "18-images",
        "the name is wrong; on Docker 20.10 and Podman it is 500",
        (Step("POST /images/busybox/tag?repo=DM-Claim", 400, on=elsewhere(500, PODMAN, DOCKER_20)),),
    ),
    Claim(
        "18-images",
        "no such image; of `commit`: no such container",
        (
            Step("GET /images/dm-claim-nothing/json", 404),
            Step("GET /images/dm-claim-nothing/history", 404),
            Step("DELETE /images/dm-claim-nothing", 404),
            Step("POST /images/dm-claim-nothing/tag?repo=dm-claim", 404),
            Step("POST /commit?container=dm-claim-nobody", 404, body={}),
        ),
    ),
    Claim(
        "18-images",
        "a container needs it, or it has several names and was named by its id; for the latter Podman says 500",
        (
            Step("POST /commit?container={ended}&repo={name}", 201, body={}, keep={"id": "Id"}),
            Step("POST /images/{name}/tag?repo={other}", 201),
            Step("DELETE /images/{id}", 409, on=PODMAN_500),
            Step("DELETE /images/{other}", 200),
            Step("POST /containers/create?name={name}", 201, body={"Image": "{name}", "Cmd": ["true"]}),
            Step("DELETE /images/{name}", 409),
        ),
    ),
    Claim(
        "18-images",
        "Docker and Podman answer 500, since they could not connect. The practice engine answers 404",
        (Step("POST /images/create?fromImage=localhost:9/nothing&tag=latest", 500, on=elsewhere(404, PRACTICE)),),
    ),
    Claim(
        "18-images",
        "Docker and the practice engine say 200 and fail then, with the reason in their stream; Podman refuses it with "
        "a status.",
        (
            Step(
                "POST /images/load",
                200,
                {"text": re.compile('"error(Detail)?"')},
                tar("old", b"old\n"),
                on={PODMAN: {"status": 500, "shows": {}}},
            ),
        ),
    ),
    Claim(
        "18-images",
        "Later both counted everything, so API 1.44 dropped `VirtualSize`.",
        (
            Step(
                'GET /v1.44/images/json?filters={"reference":["busybox"]}',
                shows={"text": re.compile(r"\A(?!.*VirtualSize)", re.S)},
            ),
            Step("GET /v1.43/images/json", shows={"0.VirtualSize": re.compile(r"^\d+$")}),
        ),
        only=(DOCKER_26, DOCKER_28),
    ),
    Claim(
        "18-images",
        "On Docker and Podman all layers of the old one are in the new one too, and lie on the disk only once. The "
        "practice engine keeps one flat layer for each image.",
        (
            Step("POST /commit?container={files}&repo={name}", 201, body={}),
            Step(
                "GET /images/{name}/json",
                shows={"RootFS.Layers": re.compile(r'^\[("sha256:\w+"(, )?){2}\]$')},
                on=seen(PRACTICE, RootFS__Layers=re.compile(r'^\["sha256:\w+"\]$')),
            ),
        ),
    ),
    Claim(
        "18-images",
        "Docker 25 and later write them in another order of folders than older versions and Podman; `manifest.json` is "
        "in all of them.",
        (
            Step(
                "GET /images/busybox/get",
                shows={"text": re.compile(r"(?s)(?=.*blobs/sha256/)(?=.*\0manifest\.json\0)")},
                on={
                    old: {"shows": {"text": re.compile(r"(?s)\A(?!.*blobs/sha256/)(?=.*\0manifest\.json\0)")}}
                    for old in (PODMAN, DOCKER_20)
                },
            ),
        ),
        only=(DOCKER, PODMAN),
    ),
    Claim(
        "18-images",
        "it remembers the id of the image that it was made of",
        (
            Step("GET /images/busybox/json", keep={"id": "Id"}),
            Step("GET /containers/{running}/json", shows={"Image": "{id}"}),
        ),
    ),
    # 19 a client of your own
    Claim(
        "19-a-client-of-your-own",
        "One of them tells the newest version of the API that the engine speaks.",
        (
            Step("GET /version", keep={"newest": "ApiVersion"}),
            Step("GET /_ping", shows={"header Api-Version": "{newest}", "text": "OK"}),
        ),
    ),
    Claim(
        "19-a-client-of-your-own",
        "Docker refuses a body without it.",
        (
            Step(
                "POST /containers/create?name={name}",
                400,
                body={"Image": "busybox", "Cmd": ["true"]},
                headers={"Content-Type": "text/plain"},
            ),
        ),
        only=(DOCKER, PRACTICE),
    ),
    Claim(
        "19-a-client-of-your-own",
        "`force` ends a container that runs. A 404 means that there is nothing to remove",
        (
            Step("DELETE /containers/{own tty}?force=1", 204),
            Step("DELETE /containers/{own tty}?force=1", 404),
        ),
    ),
    Claim(
        "19-a-client-of-your-own",
        "Docker 28 and the practice engine refuse, and name the oldest version that they speak.",
        (
            Step("GET /version", keep={"oldest": "MinAPIVersion"}),
            Step("GET /v1.15/containers/json", 400, keep={"why": "text"}),
            Step("GET /v1.15/containers/json", 400, {"text": re.compile(r"1\.\d\d")}),
        ),
        only=(DOCKER_28, PRACTICE),
    ),
    # 20 a bigger engine
    Claim(
        "20-a-bigger-engine",
        "Docker 20.10 and Podman answer; newer Dockers and the practice engine refuse.",
        (Step("GET /v1.15/version", 400, on=elsewhere(200, PODMAN, DOCKER_20)),),
    ),
)


class Ours(NamedTuple):
    """A number of this package's own in a lesson, and where it is set."""

    lesson: str
    words: str
    set_to: Any
    said: Any


def sent(row: str, name: str) -> str:
    """What a call sends for a parameter that was not named."""
    return next(param.send for param in BY_NAME[row].query if param.name == name)


OURS: tuple[Ours, ...] = (
    Ours("05-logs", "`tail=100`: not more than the last hundred lines", sent("logs", "tail"), "100"),
    Ours("13-attach-and-streams", "the first 64 KiB of them", KEPT, 64 * 1024),
    Ours("13-attach-and-streams", "no, on Podman yes; we send 1", sent("attach", "stream"), "1"),
    Ours("15-stats-and-limits", "we send 0, so one sample", sent("stats", "stream"), "0"),
    Ours("16-events", "we send one hour ago", sent("events", "since"), "1h"),
    Ours("16-events", "we send one second from now", sent("events", "until"), "+1s"),
    Ours("17-errors-and-faults", "dockermagic gives up after 60 seconds.", Settings().timeout, 60),
    Ours("17-errors-and-faults", "A drill ends after one minute by itself", LONGEST, 60),
)

UNSEEN = {
    "NoEngine": "it needs a machine without any; lesson 00 has its words",
    "PermissionDenied": "root may open every socket",
    "NoDockerThere": "it needs another machine, and ssh",
    "FileError": "it needs a disk that is full",
    "EngineTooOld": "it needs an old engine: lesson 08 shows it on Docker 20.10",
    "TimedOut": "a drill, which only the practice engine has",
    "CutShort": "a drill",
    "NotImplementedHere": "only the practice engine answers 501",
}
"""The classes of errors that no stored output shows, and why."""
