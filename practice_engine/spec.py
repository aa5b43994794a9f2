"""What a create request may say, with Docker's defaults; and what this engine refuses or warns about."""

from __future__ import annotations

import os
import re
import resource
import signal
from typing import Any

from .errors import BadParameter, Failed, NotOffered
from .gojson import OMIT, Alias, Struct, struct
from .isolation import Isolation
from .kernel import CAPABILITIES, MASKED_PATHS, READONLY_PATHS

HEALTHCHECK = {
    "Test": (["string"], OMIT),
    "Interval": ("int64", OMIT),
    "Timeout": ("int64", OMIT),
    "StartPeriod": ("int64", OMIT),
    "StartInterval": ("int64", OMIT),
    "Retries": ("int", OMIT),
}

CONFIG = {
    "Hostname": ("string", ""),
    "Domainname": ("string", ""),
    "User": ("string", ""),
    "AttachStdin": ("bool", False),
    "AttachStdout": ("bool", False),
    "AttachStderr": ("bool", False),
    "ExposedPorts": ({"*": "struct{}"}, OMIT),
    "Tty": ("bool", False),
    "OpenStdin": ("bool", False),
    "StdinOnce": ("bool", False),
    "Env": (["string"], None),
    "Cmd": ("strings", None),
    "Healthcheck": (Struct("container.HealthConfig", HEALTHCHECK), OMIT),
    "ArgsEscaped": ("bool", OMIT),
    "Image": ("string", ""),
    "Volumes": ({"*": "struct{}"}, None),
    "WorkingDir": ("string", ""),
    "Entrypoint": ("strings", None),
    "NetworkDisabled": ("bool", OMIT),
    "MacAddress": ("string", OMIT),
    "OnBuild": (["string"], None),
    "Labels": ({"*": "string"}, {}),
    "StopSignal": ("string", OMIT),
    "StopTimeout": ("int", OMIT),
    "Shell": ("strings", OMIT),
}

RESTART_POLICY = {
    "Name": (Alias("container.RestartPolicyMode", "string"), ""),
    "MaximumRetryCount": ("int", 0),
}
LOG_CONFIG = {"Type": ("string", ""), "Config": ({"*": "string"}, {})}
PORT_BINDING = {"HostIp": ("string", ""), "HostPort": ("string", "")}
ULIMIT = {"Name": ("string", ""), "Hard": ("int64", 0), "Soft": ("int64", 0)}
MOUNT = {
    "Type": ("string", ""),
    "Source": ("string", OMIT),
    "Target": ("string", ""),
    "ReadOnly": ("bool", OMIT),
    "Consistency": ("string", OMIT),
    "BindOptions": ("any", OMIT),
    "VolumeOptions": ("any", OMIT),
    "TmpfsOptions": ("any", OMIT),
    "ImageOptions": ("any", OMIT),
}
DEVICE = {
    "PathOnHost": ("string", ""),
    "PathInContainer": ("string", ""),
    "CgroupPermissions": ("string", ""),
}

HOST_CONFIG = {
    "Binds": (["string"], None),
    "ContainerIDFile": ("string", ""),
    "LogConfig": (Struct("container.LogConfig", LOG_CONFIG), {"Type": "", "Config": {}}),
    "NetworkMode": ("string", ""),
    "PortBindings": ({"*": [Struct("nat.PortBinding", PORT_BINDING)]}, None),
    "RestartPolicy": (
        Struct("container.RestartPolicy", RESTART_POLICY),
        {"Name": "", "MaximumRetryCount": 0},
    ),
    "AutoRemove": ("bool", False),
    "VolumeDriver": ("string", ""),
    "VolumesFrom": (["string"], None),
    "ConsoleSize": (["int"], [0, 0]),
    "Annotations": ({"*": "string"}, OMIT),
    "CapAdd": ("strings", None),
    "CapDrop": ("strings", None),
    "CgroupnsMode": ("string", ""),
    "Dns": (["string"], None),
    "DnsOptions": (["string"], None),
    "DnsSearch": (["string"], None),
    "ExtraHosts": (["string"], None),
    "GroupAdd": (["string"], None),
    "IpcMode": ("string", ""),
    "Cgroup": ("string", ""),
    "Links": (["string"], None),
    "OomScoreAdj": ("int", 0),
    "PidMode": ("string", ""),
    "Privileged": ("bool", False),
    "PublishAllPorts": ("bool", False),
    "ReadonlyRootfs": ("bool", False),
    "SecurityOpt": (["string"], None),
    "StorageOpt": ({"*": "string"}, OMIT),
    "Tmpfs": ({"*": "string"}, OMIT),
    "UTSMode": ("string", ""),
    "UsernsMode": ("string", ""),
    "ShmSize": ("int64", 0),
    "Sysctls": ({"*": "string"}, OMIT),
    "Runtime": ("string", ""),
    "Isolation": ("string", ""),
    "CpuShares": ("int64", 0),
    "Memory": ("int64", 0),
    "NanoCpus": ("int64", 0),
    "CgroupParent": ("string", ""),
    "BlkioWeight": ("int", 0),
    "BlkioWeightDevice": (["any"], None),
    "BlkioDeviceReadBps": (["any"], None),
    "BlkioDeviceWriteBps": (["any"], None),
    "BlkioDeviceReadIOps": (["any"], None),
    "BlkioDeviceWriteIOps": (["any"], None),
    "CpuPeriod": ("int64", 0),
    "CpuQuota": ("int64", 0),
    "CpuRealtimePeriod": ("int64", 0),
    "CpuRealtimeRuntime": ("int64", 0),
    "CpusetCpus": ("string", ""),
    "CpusetMems": ("string", ""),
    "Devices": ([Struct("container.DeviceMapping", DEVICE)], None),
    "DeviceCgroupRules": (["string"], None),
    "DeviceRequests": (["any"], None),
    "MemoryReservation": ("int64", 0),
    "MemorySwap": ("int64", 0),
    "MemorySwappiness": ("int64", None),
    "OomKillDisable": ("bool", False),
    "PidsLimit": ("int64", None),
    "Ulimits": ([Struct("units.Ulimit", ULIMIT)], None),
    "CpuCount": ("int64", 0),
    "CpuPercent": ("int64", 0),
    "IOMaximumIOps": ("int64", 0),
    "IOMaximumBandwidth": ("int64", 0),
    "Mounts": ([Struct("mount.Mount", MOUNT)], OMIT),
    "MaskedPaths": (["string"], OMIT),
    "ReadonlyPaths": (["string"], OMIT),
    "Init": ("bool", OMIT),
}

CREATE = {
    **CONFIG,
    "HostConfig": (Struct("container.HostConfig", HOST_CONFIG), OMIT),
    "NetworkingConfig": ("any", OMIT),
}

UPDATE_NAMES = [
    "CpuShares",
    "Memory",
    "NanoCpus",
    "CgroupParent",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
    "CpuPeriod",
    "CpuQuota",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "CpusetCpus",
    "CpusetMems",
    "Devices",
    "MemoryReservation",
    "MemorySwap",
    "MemorySwappiness",
    "OomKillDisable",
    "PidsLimit",
    "Ulimits",
    "RestartPolicy",
]
UPDATE = {name: (HOST_CONFIG[name][0], OMIT) for name in UPDATE_NAMES}

EXEC = {
    "User": ("string", ""),
    "Privileged": ("bool", False),
    "Tty": ("bool", False),
    "ConsoleSize": (["int"], OMIT),
    "AttachStdin": ("bool", False),
    "AttachStderr": ("bool", False),
    "AttachStdout": ("bool", False),
    "DetachKeys": ("string", ""),
    "Env": (["string"], None),
    "WorkingDir": ("string", ""),
    "Cmd": (["string"], None),
    "Detach": ("bool", False),
}
EXEC_START = {"Detach": ("bool", False), "Tty": ("bool", False), "ConsoleSize": (["int"], OMIT)}

SIGNALS = {name[3:]: number.value for name, number in signal.Signals.__members__.items() if "_" not in name}
SIGNALS |= {f"RTMIN+{n}": signal.SIGRTMIN + n for n in range(1, 16)} if hasattr(signal, "SIGRTMIN") else {}
_HIGHEST_SIGNAL = 64


def signal_number(text: str) -> int:
    """KILL, SIGKILL, sigkill or 9."""
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        number = int(text)
        if number == 0:
            raise BadParameter(f"invalid signal: {text}")
        return number
    number = SIGNALS.get(text.upper().removeprefix("SIG"), 0)
    if number == 0:
        raise BadParameter(f"invalid signal: {text}")
    return number


def signal_for_linux(text: str) -> int:
    number = signal_number(text)
    if not 0 < number <= _HIGHEST_SIGNAL:
        raise BadParameter(f"the linux daemon does not support signal {number}")
    return number


def check_restart_policy(policy: dict, auto_remove: bool = False) -> None:
    name, count = policy["Name"], policy["MaximumRetryCount"]
    if name not in ("", "no", "always", "on-failure", "unless-stopped"):
        raise BadParameter(
            f"invalid restart policy: unknown policy '{name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if name in ("", "no", "always", "unless-stopped") and count:
        raise BadParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    if count < 0:
        raise BadParameter("invalid restart policy: maximum retry count cannot be negative")
    if auto_remove and name not in ("", "no"):
        raise BadParameter("can't create 'AutoRemove' container with restart policy")


def fill_host_config(given: dict | None) -> dict:
    """A whole HostConfig, in Docker's normal form."""
    host = given if given is not None else struct({}, HOST_CONFIG, "", "")
    host["LogConfig"]["Type"] = host["LogConfig"]["Type"] or "json-file"
    host["NetworkMode"] = "bridge" if host["NetworkMode"] in ("", "default") else host["NetworkMode"]
    host["RestartPolicy"]["Name"] = host["RestartPolicy"]["Name"] or "no"
    host["CgroupnsMode"] = host["CgroupnsMode"] or "host"
    host["IpcMode"] = host["IpcMode"] or "private"
    host["ShmSize"] = host["ShmSize"] or 64 << 20
    host["Runtime"] = host["Runtime"] or "practice"
    if host["Memory"] and not host["MemorySwap"]:
        host["MemorySwap"] = 2 * host["Memory"]
    host.setdefault("MaskedPaths", MASKED_PATHS)
    host.setdefault("ReadonlyPaths", READONLY_PATHS)
    return host


def check_config(config: dict) -> None:
    directory = config["WorkingDir"]
    if directory and not directory.startswith("/"):
        raise BadParameter(f"the working directory '{directory}' is invalid, it needs to be an absolute path")
    if config.get("StopSignal"):
        signal_number(config["StopSignal"])
    for line in config["Env"] or []:
        if not line or line.startswith("="):
            raise BadParameter(f"invalid environment variable: {line}")
    check_healthcheck(config.get("Healthcheck"))


def check_healthcheck(health: dict | None) -> None:
    if not health:
        return
    for name in ("Interval", "Timeout", "StartPeriod", "StartInterval"):
        value = health.get(name, 0)
        if value and value < 1_000_000:
            raise BadParameter(f"{name} in Healthcheck cannot be less than 1ms")
    if health.get("Retries", 0) < 0:
        raise BadParameter("Retries in Healthcheck cannot be negative")


def check_host_config(host: dict) -> None:
    """What Docker refuses as malformed, whatever the engine can do."""
    check_restart_policy(host["RestartPolicy"], host["AutoRemove"])
    if host["ShmSize"] < 0:
        raise BadParameter("SHM size can not be less than 0")
    if not -1000 <= host["OomScoreAdj"] <= 1000:
        raise BadParameter(f"Invalid value {host['OomScoreAdj']}, range for oom score adj is [-1000, 1000]")
    if host["Isolation"] not in ("", "default"):
        raise BadParameter(f"invalid isolation ({host['Isolation']}): linux only supports 'default'")
    if host["IpcMode"] not in ("", "none", "private", "shareable", "host") and ":" not in host["IpcMode"]:
        raise BadParameter(f"invalid IPC mode: {host['IpcMode']}")
    if host["PidMode"] not in ("", "host") and not host["PidMode"].startswith("container:"):
        raise BadParameter(f"invalid PID mode: {host['PidMode']}")
    if host["Runtime"] not in ("practice", "runc", "io.containerd.runc.v2"):
        raise BadParameter(f"unknown or invalid runtime name: {host['Runtime']}")
    for key in ("CapAdd", "CapDrop"):
        for name in host[key] or []:
            if capability(name) not in (*CAPABILITIES, "ALL"):
                raise BadParameter(f'invalid {key}: unknown capability: "CAP_{capability(name)}"')
    for line in host["ExtraHosts"] or []:
        if ":" not in line and "=" not in line:
            raise BadParameter(f'bad format for add-host: "{line}"')
    for port in host["PortBindings"] or {}:
        if not re.fullmatch(r"\d+(-\d+)?(/\w+)?", port):
            raise BadParameter(f'invalid port specification: "{port.partition("/")[0]}"')
    for bindings in (host["PortBindings"] or {}).values():
        for binding in bindings or []:
            if not re.fullmatch(r"(\d+(-\d+)?)?", binding["HostPort"]):
                raise BadParameter(f'invalid port specification: "{binding["HostPort"]}"')
    check_ulimits(host)
    check_resources(host)
    check_mounts(host)
    log = host["LogConfig"]
    if log["Type"] not in ("json-file", "local", "none"):
        raise BadParameter(f"logger: no log driver named '{log['Type']}' is registered")
    for name in log["Config"]:
        if name not in (
            "max-file",
            "max-size",
            "compress",
            "labels",
            "labels-regex",
            "env",
            "env-regex",
            "tag",
            "mode",
        ):
            raise BadParameter(f"unknown log opt '{name}' for {log['Type']} log driver")


ULIMITS = tuple(name[7:].lower() for name in dir(resource) if name.startswith("RLIMIT_"))


def check_ulimits(host: dict) -> None:
    """Docker finds it out when the container is started; it is no more wrong then."""
    for limit in host["Ulimits"] or []:
        if limit["Name"].lower() not in ULIMITS:
            raise BadParameter(f"wrong rlimit value: RLIMIT_{limit['Name'].upper()}")


def check_resources(host: dict) -> None:
    memory, swap = host.get("Memory", 0), host.get("MemorySwap", 0)
    if memory and memory < 6 << 20:
        raise BadParameter("Minimum memory limit allowed is 6MB")
    if memory and 0 < swap < memory:
        raise BadParameter("Minimum memoryswap limit should be larger than memory limit, see usage")
    if not memory and swap > 0:
        raise BadParameter("You should always set the Memory limit when using Memoryswap limit, see usage")
    processors = os.cpu_count() or 1
    cpus = host.get("NanoCpus", 0)
    if cpus and (cpus < 10_000_000 or cpus > processors * 1_000_000_000):
        raise BadParameter(
            f"range of CPUs is from 0.01 to {processors:.2f}, as there are only {processors} CPUs available"
        )
    if host.get("CpusetCpus"):
        wanted = set(_cpu_list(host["CpusetCpus"]))
        if not wanted <= set(range(processors)):
            raise BadParameter(
                f"Requested CPUs are not available - requested {host['CpusetCpus']}, available: 0-{processors - 1}"
            )


def _cpu_list(text: str) -> list[int]:
    cpus: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", part.strip())
        if not match:
            raise BadParameter(f"Invalid value {text} for cpuset cpus")
        cpus += range(int(match[1]), int(match[2] or match[1]) + 1)
    return cpus


def capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def capabilities(host: dict, kept: tuple[str, ...] | None) -> list[str] | None:
    if kept is None:
        return None
    dropped = {capability(name) for name in host["CapDrop"] or []}
    added = {capability(name) for name in host["CapAdd"] or []}
    if "ALL" in dropped and "ALL" not in added:
        return [name for name in kept if name in added]
    return [name for name in kept if name not in dropped or name in added]


_BIND_WORDS = "ro rw z Z nocopy private rprivate shared rshared slave rslave consistent cached delegated"
_BIND_OPTIONS = frozenset(_BIND_WORDS.split())


def binds(host: dict) -> list[tuple[str, str, str]]:
    """(source, target, options) of every bind mount asked for."""
    found = []
    for line in host["Binds"] or []:
        source, target, options = split_bind(line)
        if source:
            found.append((source, target, options))
    for mount in host.get("Mounts") or []:
        if mount["Type"] == "bind":
            found.append((mount.get("Source", ""), mount["Target"], "ro" if mount.get("ReadOnly") else "rw"))
    return found


def volumes(config: dict, host: dict) -> list[str]:
    """The volumes without a name that were asked for, in either place; what is mounted there is none."""
    asked = {*(config["Volumes"] or {}), *(split_bind(line)[1] for line in host["Binds"] or [])}
    return sorted(asked - {target for _, target, _ in binds(host)} - {target for target, _ in tmpfs(host)})


def split_bind(line: str) -> tuple[str, str, str]:
    """(source, target, options); the source is empty where only a path in the container is named."""
    parts = line.split(":")
    if len(parts) > 3:
        raise Failed(f"invalid volume specification: '{line}'")
    path = parts[1] if len(parts) > 1 else parts[0]
    if not path.startswith("/"):
        kind = "bind" if len(parts) > 1 and parts[0].startswith("/") else "volume"
        raise Failed(
            f"invalid volume specification: '{line}': invalid mount config for type \"{kind}\": "
            f"invalid mount path: '{path}' mount path must be absolute"
        )
    options = parts[2] if len(parts) > 2 else "rw"
    if set(options.split(",")) - _BIND_OPTIONS:
        raise Failed(f"invalid mode: {options}")
    return parts[0] if len(parts) > 1 else "", path, options


def check_mounts(host: dict) -> None:
    for mount in host.get("Mounts") or []:
        kind, source, target = mount["Type"], mount.get("Source", ""), mount["Target"]
        if kind not in ("bind", "tmpfs", "volume", "npipe", "cluster", "image"):
            raise BadParameter(f'invalid mount config for type "{kind}": mount type unknown')
        prefix = f'invalid mount config for type "{kind}": '
        if not target:
            raise BadParameter(f"{prefix}field Target must not be empty")
        for path in (target, *([source] if kind == "bind" else ())):
            if not path.startswith("/"):
                raise BadParameter(f"{prefix}invalid mount path: '{path}' mount path must be absolute")
        if kind == "bind" and not os.path.exists(source):
            raise BadParameter(f"{prefix}bind source path does not exist: {source}")
    for target in host.get("Tmpfs") or {}:
        if not target.startswith("/"):
            raise BadParameter(f"invalid mount path: '{target}' mount path must be absolute")
    for number, option in enumerate(host["SecurityOpt"] or [], 1):
        if option != "no-new-privileges" and not re.match(r"[\w-]+[=:]", option):
            raise Failed(f'invalid --security-opt {number}: "{option}"')


def tmpfs(host: dict) -> list[tuple[str, str]]:
    found = [(target, options) for target, options in (host.get("Tmpfs") or {}).items()]
    for mount in host.get("Mounts") or []:
        if mount["Type"] == "tmpfs":
            size = (mount.get("TmpfsOptions") or {}).get("SizeBytes")
            found.append((mount["Target"], f"size={size}" if size else ""))
    words = ("noexec", "nosuid", "nodev", "rw", "exec", "suid", "dev", "ro")
    return [(target, ",".join(w for w in options.split(",") if w and w not in words)) for target, options in found]


_REFUSED_MODES = (
    ("PidMode", "", "a PID namespace shared with another container or with the machine"),
    ("UTSMode", "", "the machine's own UTS namespace"),
    ("UsernsMode", "", "another user namespace mode"),
    ("CgroupParent", "", "a cgroup parent"),
)


def refuse(config: dict, host: dict, isolation: Isolation) -> None:
    """501 with a sentence for what would have to be pretended."""
    name = "the practice engine"
    for mount in host.get("Mounts") or []:
        if mount["Type"] not in ("bind", "tmpfs"):
            raise NotOffered(f"{name} has no volumes: a mount of type {mount['Type']} is not possible")
    for source, target, _ in binds(host):
        if not source.startswith("/"):
            raise NotOffered(f"{name} has no named volumes: '{source}:{target}' is not possible")
        if not isolation.tier.mounts:
            raise NotOffered(
                f"{name} cannot mount {source} here: its isolation tier is '{isolation.tier.name}', without mounts"
            )
    if tmpfs(host) and not isolation.tier.mounts:
        raise NotOffered(f"{name} cannot mount a tmpfs here: its isolation tier is '{isolation.tier.name}'")
    if host["VolumesFrom"]:
        raise NotOffered(f"{name} has no volumes: VolumesFrom is not possible")
    if host["Links"]:
        raise NotOffered(f"{name} has no networks: Links are not possible")
    if host["Devices"] or host["DeviceRequests"]:
        raise NotOffered(f"{name} gives containers no devices of the machine")
    if host["ReadonlyRootfs"] and not (isolation.tier.mounts or isolation.landlock):
        raise NotOffered(f"{name} cannot make a root file system read-only here")
    for key, allowed, what in _REFUSED_MODES:
        if host[key] not in (allowed, "private"):
            raise NotOffered(f"{name} does not offer {what} ({key})")
    if host["IpcMode"] in ("host",) or ":" in host["IpcMode"]:
        raise NotOffered(f"{name} does not offer a shared IPC namespace (IpcMode)")
    if host.get("Sysctls"):
        raise NotOffered(f"{name} does not set Sysctls")
    if host.get("StorageOpt"):
        raise NotOffered(f"{name} does not offer StorageOpt")
    mode = host["NetworkMode"]
    if mode.startswith("container:"):
        raise NotOffered(f"{name} does not share one container's network with another")
    if mode == "none" and not isolation.tier.pid_namespace:
        raise NotOffered(f"{name} cannot take a container off the network here (tier '{isolation.tier.name}')")


_UNENFORCED = (
    ("NanoCpus", "CPUs"),
    ("CpuShares", "CPU shares"),
    ("CpuQuota", "CPU quota"),
    ("CpuPeriod", "CPU period"),
    ("CpusetCpus", "CPU set"),
    ("CpusetMems", "memory nodes"),
    ("CpuRealtimeRuntime", "CPU real-time runtime"),
    ("BlkioWeight", "block I/O weight"),
    ("BlkioDeviceReadBps", "block I/O limits"),
    ("BlkioDeviceWriteBps", "block I/O limits"),
    ("BlkioDeviceReadIOps", "block I/O limits"),
    ("BlkioDeviceWriteIOps", "block I/O limits"),
    ("MemoryReservation", "memory reservation"),
    ("PidsLimit", "PIDs limit"),
    ("MemorySwappiness", "memory swappiness"),
    ("OomKillDisable", "disabling of the OOM killer"),
    ("OomScoreAdj", "OOM score"),
    ("DeviceCgroupRules", "device rules"),
)


def warnings(config: dict, host: dict, isolation: Isolation) -> list[str]:
    """What is accepted but not as Docker would do it."""
    lines = []
    for key, what in _UNENFORCED:
        if host.get(key) and host[key] not in (-1, 0):
            lines.append(f"The practice engine does not enforce {what} ({key}). Discarded.")
    if host.get("Memory"):
        lines.append(
            "The practice engine enforces the memory limit by sampling: a container above it is killed, a moment late."
        )
    if host["Privileged"]:
        lines.append("The practice engine has no privileged mode. Privileged was discarded.")
    extra = {capability(name) for name in host["CapAdd"] or []} - set(isolation.tier.capabilities or ())
    if extra:
        lines.append(f"The practice engine does not add capabilities ({', '.join(sorted(extra))}). Discarded.")
    profiles = [o for o in host["SecurityOpt"] or [] if not re.match(r"no-new-privileges|\w+[=:]unconfined", o)]
    if profiles:
        lines.append(f"The practice engine has no security profiles ({', '.join(profiles)}). Discarded.")
    for path in volumes(config, host):
        lines.append(f"The practice engine has no volumes: {path} is an ordinary directory of the container.")
    if host["NetworkMode"] == "host" and host["PortBindings"]:
        lines.append("Published ports are discarded when using host network mode")
    if config.get("MacAddress"):
        lines.append("The practice engine gives a container no network interface: MacAddress was discarded.")
    if host["Dns"] or host["DnsOptions"] or host["DnsSearch"]:
        lines.append("The practice engine has no name server: Dns settings are only written to /etc/resolv.conf.")
    return lines


_SIZE = re.compile(r"(?i)^\s*([0-9]{1,18}(?:\.[0-9]+)?)\s*([kmgtp]?)i?b?\s*$")


def size(text: str) -> int:
    match = _SIZE.match(text)
    if not match:
        raise Failed(
            f"failed to create task for container: failed to initialize logging driver: invalid size: '{text}'"
        )
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))


def merge(config: dict, image: dict) -> None:
    """What the image says where the request says nothing; its Cmd only without an Entrypoint of one's own."""
    if config["Entrypoint"] == [""]:
        config["Entrypoint"] = None
    elif not config["Entrypoint"]:
        if not config["Cmd"]:
            config["Cmd"] = list(image["Cmd"]) if image.get("Cmd") else config["Cmd"]
        config["Entrypoint"] = image.get("Entrypoint") or config["Entrypoint"]
    config["User"] = config["User"] or image.get("User", "")
    config["WorkingDir"] = config["WorkingDir"] or image.get("WorkingDir", "")
    own = {line.partition("=")[0] for line in config["Env"] or []}
    inherited = [line for line in image.get("Env") or [] if line.partition("=")[0] not in own]
    if inherited or config["Env"] is not None:
        config["Env"] = [*(config["Env"] or []), *inherited]
    config["Labels"] = {**(image.get("Labels") or {}), **config["Labels"]}
    for key in ("ExposedPorts", "Volumes"):
        if image.get(key):
            config[key] = {**image[key], **(config.get(key) or {})}
    if "StopSignal" not in config and image.get("StopSignal"):
        config["StopSignal"] = image["StopSignal"]
    if not config.get("Healthcheck") and image.get("Healthcheck"):
        config["Healthcheck"] = image["Healthcheck"]


def command(config: dict) -> list[str]:
    return [*(config["Entrypoint"] or []), *(config["Cmd"] or [])]


def says_nothing(body: Any) -> bool:
    """Docker refuses a create request without any key it knows."""
    known = {name.lower() for name in CREATE}
    return not any(name.lower() in known for name in body or ())
