"""Values, or a cell, → the JSON body of a call; and what looks wrong in it."""

from __future__ import annotations

import base64
import difflib
import getpass
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .endpoints import LABEL, Param
from .errors import BadArgument, BadBody
from .language import mark, say

# The keys of ContainerConfig, HostConfig (with Resources) and NetworkingConfig in Docker's specification v1.51.
CONFIG_KEYS = frozenset(
    "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce "
    "Env Cmd Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled MacAddress "
    "OnBuild Labels StopSignal StopTimeout Shell HostConfig NetworkingConfig".split()
)
HOST_KEYS = frozenset(
    "Binds ContainerIDFile LogConfig NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver "
    "VolumesFrom Mounts ConsoleSize Annotations CapAdd CapDrop CgroupnsMode Dns DnsOptions DnsSearch "
    "ExtraHosts GroupAdd IpcMode Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts "
    "ReadonlyRootfs SecurityOpt StorageOpt Tmpfs UTSMode UsernsMode ShmSize Sysctls Runtime Isolation "
    "MaskedPaths ReadonlyPaths CpuShares Memory CgroupParent BlkioWeight BlkioWeightDevice "
    "BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota "
    "CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests "
    "KernelMemoryTCP MemoryReservation MemorySwap MemorySwappiness NanoCpus OomKillDisable Init PidsLimit "
    "Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth".split()
)
NETWORKING_KEYS = frozenset({"EndpointsConfig"})
# The keys of the bodies of ContainerExec and ExecStart there.
EXEC_KEYS = frozenset(
    "AttachStdin AttachStdout AttachStderr ConsoleSize DetachKeys Tty Env Cmd Privileged User WorkingDir".split()
)
START_KEYS = frozenset("Detach Tty ConsoleSize".split())
SECTIONS: Mapping[str, frozenset[str]] = {
    "": CONFIG_KEYS,
    "HostConfig": HOST_KEYS,
    "NetworkingConfig": NETWORKING_KEYS,
}
RESOURCES = frozenset(
    "CpuShares Memory CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps "
    "BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus "
    "CpusetMems Devices DeviceCgroupRules DeviceRequests KernelMemoryTCP MemoryReservation MemorySwap "
    "MemorySwappiness NanoCpus OomKillDisable Init PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps "
    "IOMaximumBandwidth".split()
)
LOGIN_KEYS = frozenset("username password email serveraddress identitytoken registrytoken auth".split())
BY_KIND: Mapping[str, Mapping[str, frozenset[str]]] = {
    "container": SECTIONS,
    "exec": {"": EXEC_KEYS},
    "exec_start": {"": START_KEYS},
    "update": {"": RESOURCES | {"RestartPolicy"}},
    "config": {"": CONFIG_KEYS - {"HostConfig", "NetworkingConfig"}},
    "auth": {"": LOGIN_KEYS},
}
NEEDED = {
    "container": ("Image", mark('there is no "Image": the engine takes such a body, and the container cannot start')),
    "exec": ("Cmd", mark('there is no "Cmd": an exec needs to know what to run')),
}
EXAMPLES = {
    "container": '{"Image": "busybox", "Cmd": ["sleep", "60"]}',
    "exec": '{"AttachStdout": true, "AttachStderr": true, "Cmd": ["ls", "-l"]}',
    "exec_start": '{"Detach": false, "Tty": false}',
    "update": '{"Memory": 67108864, "MemorySwap": -1}',
    "config": '{"Cmd": ["sleep", "60"], "Labels": {"stage": "test"}}',
    "auth": '{"username": "me", "serveraddress": "registry.example"}',
}
BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class Flag:
    """An option of the docker CLI that stands for a key of the body.

    Attributes:
        param: its spelling and help.
        at: the key's path in the body.
        make: the option's value (a list of words where `param.kind` is "texts") → JSON.
        back: JSON → the words that the docker CLI takes for it.
    """

    param: Param
    at: tuple[str, ...]
    make: Callable[[Any], Any]
    back: Callable[[Any], list[str]]


def _same(value: Any) -> Any:
    return value


def _one(value: Any) -> list[str]:
    return [str(value)]


def _pairs(words: list[str]) -> dict[str, str]:
    for word in words:
        if not word.partition("=")[0]:
            raise BadArgument(
                say("--label takes NAME=VALUE, and {word!r} is none", word=word), say("write it as -l stage=test")
            )
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _unpair(value: Mapping[str, str]) -> list[str]:
    return [f"{name}={text}" if text else name for name, text in value.items()]


def _env(words: list[str]) -> list[str]:
    for word in words:
        name, separator, _ = word.partition("=")
        if not (separator and name):
            raise BadArgument(
                say("--env takes NAME=VALUE, and {word!r} is none", word=word), say("write it as -e GREETING=hello")
            )
    return words


def _bytes(word: str) -> int:
    return _amount("--memory", word)


def _amount(option: str, word: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([bkmgt]?)b?", word.lower())
    if not found:
        raise BadArgument(
            say("{option} takes a number of bytes, and {word!r} is none", option=option, word=word),
            say("write it as 64m or 1g"),
        )
    return int(float(found[1]) * BYTES[found[2]])


def _swap(word: str) -> int:
    return -1 if word == "-1" else _amount("--memory-swap", word)


def _cpus(word: str) -> int:
    try:
        return round(float(word) * 1e9)
    except (ValueError, OverflowError):
        raise BadArgument(
            say("--cpus takes a number, and {word!r} is none", word=word), say("write it as 0.5 or 2")
        ) from None


def _restart(word: str) -> dict[str, Any]:
    name, _, count = word.partition(":")
    if name not in ("no", "always", "unless-stopped", "on-failure") or (
        count and (name != "on-failure" or not count.isdigit())
    ):
        raise BadArgument(
            say("--restart does not know {word!r}", word=word),
            say("it takes no, always, unless-stopped, on-failure or on-failure:3"),
        )
    return {"Name": name, "MaximumRetryCount": int(count or 0)}


def _unrestart(value: Mapping[str, Any]) -> list[str]:
    count = value.get("MaximumRetryCount") or 0
    return [f"{value.get('Name')}:{count}" if count else str(value.get("Name"))]


def _ports(words: list[str]) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for word in words:
        found = re.fullmatch(r"(?:(?:([\d.]+|\[[0-9a-fA-F:]+\]):)?(\d*):)?(\d+)(/(?:tcp|udp|sctp))?", word)
        if not found:
            raise BadArgument(
                say("--publish takes [[IP:]HOST_PORT:]CONTAINER_PORT[/tcp|udp], and {word!r} is none", word=word),
                say("write it as 8080:80, one port at a time"),
            )
        ip, outside, inside, protocol = found.groups()
        binding = {"HostIp": ip.strip("[]")} if ip else {}
        bindings.setdefault(inside + (protocol or "/tcp"), []).append({**binding, "HostPort": outside or ""})
    return bindings


def _unports(value: Mapping[str, Any]) -> list[str]:
    return [_outside(each) + inside.removesuffix("/tcp") for inside, bound in value.items() for each in bound or [{}]]


def _outside(binding: Mapping[str, str]) -> str:
    ip, port = binding.get("HostIp") or "", binding.get("HostPort") or ""
    if ip:
        return f"[{ip}]:{port}:" if ":" in ip else f"{ip}:{port}:"
    return f"{port}:" if port else ""


def _volumes(words: list[str]) -> list[str]:
    if "" in words:
        raise BadArgument(say("--volume is empty"), say("write it as SOURCE:TARGET, or TARGET alone"))
    return words


def _flag(value: Any) -> list[str]:
    return [""] if value else []


def _entrypoint(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(value[0])] if len(value) == 1 else []


FLAGS: tuple[Flag, ...] = (
    Flag(
        Param("env", "texts", "a variable of its environment; repeatable", short="e", metavar="NAME=VALUE"),
        ("Env",),
        _env,
        list,
    ),
    Flag(
        Param("label", "texts", "a label; repeatable", short="l", metavar="NAME=VALUE"),
        ("Labels",),
        _pairs,
        _unpair,
    ),
    Flag(
        Param("workdir", "text", "its working directory", short="w", metavar="DIR"),
        ("WorkingDir",),
        _same,
        _one,
    ),
    Flag(
        Param("user", "text", "user (and group) that it runs as", short="u", metavar="USER[:GROUP]"),
        ("User",),
        _same,
        _one,
    ),
    Flag(
        Param("entrypoint", "text", "program to run instead of the image's", metavar="PROGRAM"),
        ("Entrypoint",),
        lambda word: [word],
        _entrypoint,
    ),
    Flag(Param("hostname", "text", "its host name", short="h", metavar="NAME"), ("Hostname",), _same, _one),
    Flag(Param("tty", "flag", "give it a terminal", short="t"), ("Tty",), _same, _flag),
    Flag(Param("interactive", "flag", "keep its standard input open", short="i"), ("OpenStdin",), _same, _flag),
    Flag(
        Param("stop-signal", "text", "the signal that asks it to end", metavar="SIGNAL"),
        ("StopSignal",),
        _same,
        _one,
    ),
    Flag(
        Param("stop-timeout", "number", "seconds that it gets to end", metavar="SECONDS"),
        ("StopTimeout",),
        _same,
        _one,
    ),
    Flag(Param("rm", "flag", "remove it when it ends"), ("HostConfig", "AutoRemove"), _same, _flag),
    Flag(Param("init", "flag", "run an init as its first process"), ("HostConfig", "Init"), _same, _flag),
    Flag(
        Param("restart", "text", "no, always, unless-stopped, on-failure[:TIMES]", metavar="POLICY"),
        ("HostConfig", "RestartPolicy"),
        _restart,
        _unrestart,
    ),
    Flag(
        Param(
            "volume",
            "texts",
            "a folder of the host inside it; repeatable",
            short="v",
            metavar="SOURCE:TARGET[:ro]",
        ),
        ("HostConfig", "Binds"),
        _volumes,
        list,
    ),
    Flag(
        Param("publish", "texts", "a port of it on the host; repeatable", short="p", metavar="HOST_PORT:PORT"),
        ("HostConfig", "PortBindings"),
        _ports,
        _unports,
    ),
    Flag(
        Param("memory", "text", "memory that it may use", short="m", metavar="BYTES"),
        ("HostConfig", "Memory"),
        _bytes,
        _one,
    ),
    Flag(
        Param("cpus", "text", "processors that it may use", metavar="NUMBER"),
        ("HostConfig", "NanoCpus"),
        _cpus,
        lambda value: [f"{value / 1e9:.9f}".rstrip("0").rstrip(".")],
    ),
    Flag(
        Param("network", "text", "network that it joins", aliases=("net",), metavar="NAME"),
        ("HostConfig", "NetworkMode"),
        _same,
        _one,
    ),
)


def _size(word: str) -> list[int]:
    found = re.fullmatch(r"(\d+)x(\d+)", word.lower())
    if not found:
        raise BadArgument(
            say("--console-size takes ROWSxCOLUMNS, and {word!r} is none", word=word), say("write it as 24x80")
        )
    return [int(found[1]), int(found[2])]


EXEC_FLAGS: tuple[Flag, ...] = (
    Flag(Param("interactive", "flag", "attach its standard input", short="i"), ("AttachStdin",), _same, _flag),
    Flag(Param("tty", "flag", "give it a terminal", short="t"), ("Tty",), _same, _flag),
    Flag(
        Param("env", "texts", "a variable of its environment; repeatable", short="e", metavar="NAME=VALUE"),
        ("Env",),
        _env,
        list,
    ),
    Flag(
        Param("workdir", "text", "its working directory", short="w", since="1.35", metavar="DIR"),
        ("WorkingDir",),
        _same,
        _one,
    ),
    Flag(
        Param("user", "text", "user (and group) that it runs as", short="u", metavar="USER[:GROUP]"),
        ("User",),
        _same,
        _one,
    ),
    Flag(Param("privileged", "flag", "with every capability"), ("Privileged",), _same, _flag),
    Flag(
        Param("detach-keys", "text", "keys that detach from it", aliases=("detachKeys",), metavar="KEYS"),
        ("DetachKeys",),
        _same,
        _one,
    ),
)
START_FLAGS: tuple[Flag, ...] = (
    Flag(Param("detach", "flag", "do not wait for it, and see nothing of it", short="d"), ("Detach",), _same, _flag),
    Flag(
        Param("tty", "flag", "read one raw stream: right where it was created with a terminal", short="t"),
        ("Tty",),
        _same,
        _flag,
    ),
    Flag(
        Param("console-size", "text", "rows and columns of its terminal", since="1.42", metavar="ROWSxCOLUMNS"),
        ("ConsoleSize",),
        _size,
        lambda value: ["x".join(map(str, value))],
    ),
)
_POLICY, _MEMORY, _CPUS = (next(f for f in FLAGS if f.param.name == name) for name in ("restart", "memory", "cpus"))


def _number_flag(name: str, key: str, help: str, metavar: str = "NUMBER") -> Flag:
    return Flag(Param(name, "number", help, metavar=metavar), (key,), _same, _one)


UPDATE_FLAGS: tuple[Flag, ...] = (
    Flag(_MEMORY.param, ("Memory",), _bytes, _one),
    Flag(
        Param("memory-swap", "text", "memory and swap together; -1 for as much swap as there is", metavar="BYTES"),
        ("MemorySwap",),
        _swap,
        _one,
    ),
    Flag(
        Param("memory-reservation", "text", "memory that it may count on when memory is short", metavar="BYTES"),
        ("MemoryReservation",),
        lambda word: _amount("--memory-reservation", word),
        _one,
    ),
    Flag(replace(_CPUS.param, since="1.29"), ("NanoCpus",), _CPUS.make, _CPUS.back),
    _number_flag("cpu-shares", "CpuShares", "its share of the processors, beside the 1024 of the others"),
    _number_flag("cpu-period", "CpuPeriod", "length of the period in which --cpu-quota counts", "MICROSECONDS"),
    _number_flag("cpu-quota", "CpuQuota", "processor time that it may use in each period", "MICROSECONDS"),
    Flag(
        Param("cpuset-cpus", "text", "the processors that it may use: 0-2 or 0,1", metavar="LIST"),
        ("CpusetCpus",),
        _same,
        _one,
    ),
    Flag(
        Param("cpuset-mems", "text", "the memory nodes that it may use: 0-1 or 0,1", metavar="LIST"),
        ("CpusetMems",),
        _same,
        _one,
    ),
    _number_flag("blkio-weight", "BlkioWeight", "its share of the disks, 10 to 1000"),
    Flag(
        Param("pids-limit", "number", "processes that it may have; -1 for any", since="1.40", metavar="NUMBER"),
        ("PidsLimit",),
        _same,
        _one,
    ),
    Flag(_POLICY.param, ("RestartPolicy",), _restart, _unrestart),
)


def _from_environment(name: str) -> str:
    found = os.environ.get(name)
    if not found:
        raise BadArgument(
            say("there is no environment variable {name}", name=name),
            say(
                "set it before Jupyter starts, or `import os, getpass; os.environ[{name!r}] = getpass.getpass()`",
                name=name,
            ),
        )
    return found


def _never(word: str) -> str:
    raise BadArgument(
        say("a password on the line would be saved with the notebook"),
        say("leave --password out and be asked for it, or name an environment variable: --password-env NAME"),
    )


AUTH_FLAGS: tuple[Flag, ...] = (
    Flag(Param("username", "text", "who logs in", short="u", metavar="NAME"), ("username",), _same, _one),
    Flag(
        Param(
            "password-env",
            "text",
            "environment variable that holds the password; without it you are asked",
            metavar="VARIABLE",
        ),
        ("password",),
        _from_environment,
        lambda value: [],
    ),
    Flag(
        Param("password", "text", "refused: it would be saved with the notebook", short="p"),
        ("password",),
        _never,
        lambda value: [],
    ),
    Flag(
        Param("serveraddress", "text", "the registry", default="Docker Hub", metavar="HOST"),
        ("serveraddress",),
        _same,
        _one,
    ),
)
KINDS: Mapping[str, tuple[Flag, ...]] = {
    "": (),
    "json": (),
    "archive": (),
    "context": (),
    "tarball": (),
    "source": (),
    "config": (),
    "update": UPDATE_FLAGS,
    "auth": AUTH_FLAGS,
    "container": FLAGS,
    "exec": EXEC_FLAGS,
    "exec_start": START_FLAGS,
}
LOGIN = "auth"
IMPLIED = {"container": ("ExposedPorts",), "exec": ("AttachStdout", "AttachStderr")}  # by the docker CLI itself
BARE = ("image", "command")  # what stands on the line for the body, and is no parameter of the call
RUNS = frozenset({"container", "exec"})  # a command may follow, whose words are not ours


def execution(command: list[str], flags: Mapping[str, Any], *, fed: bool = False) -> dict[str, Any]:
    """The body of ContainerExec for flags as the docker CLI spells them: both output streams are attached.

    Args:
        fed: whether something will be sent to its standard input.

    Raises:
        BadArgument: a value that its flag does not take.
    """
    body: dict[str, Any] = {"AttachStdout": True, "AttachStderr": True, "Cmd": command}
    return _flagged({**body, **({"AttachStdin": True} if fed else {})}, EXEC_FLAGS, flags)


def beginning(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ExecStart: what the engine takes when nothing is said stands in it, visibly."""
    return _flagged({"Detach": False, "Tty": False}, START_FLAGS, flags)


def changes(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ContainerUpdate.

    Raises:
        BadArgument: nothing is to be changed.
    """
    body = _flagged({}, UPDATE_FLAGS, flags)
    if not body:
        raise BadArgument(
            say("update is told nothing to change"), say("name a limit: --memory 64m, --cpus 0.5, --restart always")
        )
    return body


def login(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The body of SystemAuth; the password comes from an environment variable, or from the user's keyboard.

    Raises:
        BadArgument: there is no user name, or nobody to ask.
    """
    if not flags.get("username"):
        raise BadArgument(say("auth needs to know who logs in"), say("write --username NAME"))
    body = _flagged({}, AUTH_FLAGS, flags)
    if "password" not in body:
        try:
            body["password"] = getpass.getpass(say("Password of {name}: ", name=body["username"]))
        except (EOFError, OSError, NotImplementedError, RuntimeError):
            raise BadArgument(
                say("there is nobody here to ask for the password"),
                say("name a variable that holds it: --password-env NAME"),
            ) from None
    return body


HUB = "docker.io"


def header(login: Mapping[str, Any]) -> str:
    """Credentials as the header X-Registry-Auth carries them."""
    return base64.urlsafe_b64encode(encode(login)).decode()


def host_of(address: Any) -> str:
    """The registry that an address means: `https://index.docker.io/v1/` and none at all are Docker Hub."""
    host = re.sub(r"^\w+://", "", str(address or HUB)).partition("/")[0]
    return HUB if host in ("index.docker.io", "registry-1.docker.io", "hub.docker.com") else host


def registry(image: str) -> str:
    """The registry in an image's name: `far:5000/a/b` → `far:5000`, `busybox` → `docker.io`."""
    first, slash, _ = image.partition("/")
    return host_of(first) if slash and (re.search(r"[.:]", first) or first == "localhost") else HUB


def _flagged(body: dict[str, Any], known: tuple[Flag, ...], flags: Mapping[str, Any]) -> dict[str, Any]:
    for flag in known:
        if flag.param.name in flags:
            _set(body, flag.at, flag.make(flags[flag.param.name]))
    return body


def container(image: str, command: list[str], flags: Mapping[str, Any], *, label: bool = True) -> dict[str, Any]:
    """The body of ContainerCreate for flags as the docker CLI spells them.

    Args:
        image: as `docker create` takes it.
        command: the words of the command; empty for the image's own.
        flags: the names of `FLAGS` → values.
        label: whether to add the label that marks containers of ours.

    Raises:
        BadArgument: a value that its flag does not take.
    """
    body: dict[str, Any] = {"Image": image}
    if command:
        body["Cmd"] = command
    _flagged(body, FLAGS, flags)
    published = body.get("HostConfig", {}).get("PortBindings")
    if published:
        body["ExposedPorts"] = {port: {} for port in published}
    _anonymous_volumes(body)
    if label:
        body["Labels"] = {**body.get("Labels", {}), LABEL: "1"}
    return body


MAKE: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    "container": lambda values, flags: container(
        values["image"], values["command"], flags, label=not values.get("no-label")
    ),
    "exec": lambda values, flags: execution(values["command"], flags, fed=bool({"input", "input-file"} & set(values))),
    "exec_start": lambda values, flags: beginning(flags),
    "update": lambda values, flags: changes(flags),
    LOGIN: lambda values, flags: login(flags),
}


def encode(body: Mapping[str, Any]) -> bytes:
    """A body of ours as it is sent: JSON in UTF-8, readable."""
    return json.dumps(body, ensure_ascii=False).encode()


def _anonymous_volumes(body: dict[str, Any]) -> None:
    binds = body.get("HostConfig", {}).get("Binds", [])
    named = [bind for bind in binds if ":" in bind]
    if len(named) < len(binds):
        body["Volumes"] = {bind: {} for bind in binds if ":" not in bind}
        body["HostConfig"]["Binds"] = named


def _set(body: dict[str, Any], at: tuple[str, ...], value: Any) -> None:
    for key in at[:-1]:
        body = body.setdefault(key, {})
    body[at[-1]] = value


def command_line(
    body: Mapping[str, Any], kind: str = "container", place: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """A body of some kind as words of the docker CLI, and the keys that the CLI has no flag for here.

    Args:
        place: words that stand before the command; the image, where the body names one.
    """
    left = json.loads(json.dumps(body))
    image, command = left.pop("Image", None), left.pop("Cmd", None) or []
    words = _flags_of(left, KINDS[kind])
    for volume in left.pop("Volumes", None) or {}:
        words += ["--volume", volume]
    for key in IMPLIED.get(kind, ()):
        left.pop(key, None)
    if not left.get("HostConfig"):
        left.pop("HostConfig", None)
    words += place or ([str(image or "")] if kind in RUNS else [])
    words += [str(word) for word in command] if isinstance(command, list) else [str(command)]
    return words, [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in left.items()]


def _flags_of(left: dict[str, Any], known: tuple[Flag, ...]) -> list[str]:
    """The words for what flags can say of a body; that is taken out of it."""
    words: list[str] = []
    for flag in known:
        holder = left
        for key in flag.at[:-1]:
            holder = holder.get(key) or {}
        if not isinstance(holder, dict) or flag.at[-1] not in holder:
            continue
        value = holder[flag.at[-1]]
        try:
            values = [] if value is None else flag.back(value)
        except (TypeError, ValueError, AttributeError, LookupError):
            continue
        if value and not values:
            continue
        del holder[flag.at[-1]]
        bare = flag.param.kind == "flag"
        words += [word for text in values for word in ([flag.param.option] if bare else [flag.param.option, text])]
    return words


HINTS = (
    (re.compile(r"['‘’“”]"), mark("JSON takes straight double quotes")),
    (re.compile(r"True|False|None"), mark("JSON writes true, false and null")),
    (re.compile(r",?\s*[\]}]"), mark("JSON takes no comma after the last element")),
    (re.compile(r"#|//"), mark("JSON has no comments")),
    (re.compile(r"$"), mark("something is still open at the end: a bracket, a brace or a quote")),
)


def from_cell(cell: str, kind: str = "container") -> dict[str, Any]:
    """The JSON object that a cell holds.

    Args:
        kind: of the body, for an example.

    Raises:
        BadBody: there is none; says where, by line and column.
    """
    if not cell.strip():
        raise BadBody(
            say("the cell is empty, and its text is the body that is sent"),
            say("write JSON under the first line: {example}", example=EXAMPLES[kind]),
        )
    try:
        body = json.loads(cell.rstrip())
    except json.JSONDecodeError as error:
        at = cell[error.pos :].lstrip()
        hint = next((text for pattern, text in HINTS if pattern.match(at)), mark("the cell must hold one JSON object"))
        line = cell.split("\n")[error.lineno - 1]
        raise BadBody(
            say(
                "no JSON at line {line}, column {column}: {why}",
                line=error.lineno,
                column=error.colno,
                why=error.msg.lower(),
            ),
            say("{hint}; nothing was sent", hint=say(hint)),
            detail=f"{error.lineno} │ {line.strip()}" if line.strip() else "",
        ) from None
    except RecursionError:
        raise BadBody(
            say("the JSON is nested too deep"), say("no body of the API needs that; nothing was sent")
        ) from None
    if not isinstance(body, dict):
        kind = {list: mark("an array"), str: mark("a string"), type(None): "null"}.get(type(body), mark("a value"))
        raise BadBody(
            say("the body must be a JSON object, and this is {kind}", kind=say(kind)),
            say("begin with { and end with }"),
        )
    return body


def lint(body: Mapping[str, Any], kind: str = "container") -> list[str]:
    """What looks wrong in a body of some kind: keys in the wrong place, miscased or unknown, and what is missing."""
    sections = BY_KIND[kind]
    found = _lint_section(sections, "", body)
    for section in sections:
        inner = body.get(section) if section else None
        if isinstance(inner, Mapping):
            found += _lint_section(sections, section, inner)
    needed, why = NEEDED.get(kind, ("", ""))
    if needed and not any(key.lower() == needed.lower() for key in body):
        found.append(say(why))
    return found


def _lint_section(sections: Mapping[str, frozenset[str]], section: str, keys: Mapping[str, Any]) -> list[str]:
    return [warning for key in keys if (warning := _lint_key(sections, section, key))]


def _lint_key(sections: Mapping[str, frozenset[str]], section: str, key: str) -> str | None:
    known = sections[section]
    if key in known:
        return None
    here = say('in "{section}"', section=section) if section else say("at the top level")
    for other, names in (
        (section, known),
        *((name, names) for name, names in sections.items() if name != section),
    ):
        right = next((name for name in names if name.lower() == key.lower()), None)
        if right and other == section:
            return say('"{key}" is spelled "{right}" in the API', key=key, right=right)
        if right:
            return say(
                '"{key}" {here} is in the wrong place, and engines of today do not look there: it belongs {place}',
                key=key,
                here=here,
                place=say('inside "{other}"', other=other) if other else say('at the top level, beside "Image"'),
            )
    close = difflib.get_close_matches(key, known, 1, 0.75)
    if not close:
        return say('the API knows no "{key}" {here}', key=key, here=here)
    return say('the API knows no "{key}" {here}: did you mean "{close}"?', key=key, here=here, close=close[0])


def quoted(words: list[str]) -> str:
    """Words as a POSIX shell takes them."""
    return " ".join(shlex.quote(word) for word in words)
