"""The endpoints about the engine itself, and the ones it does not have."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import tornado

from . import NAME, VERSION, clock, filters, images, tree, views
from .api_containers import timestamp
from .errors import BadParameter, Forbidden, NotFound, NotOffered
from .web import API_VERSION, MIN_API_VERSION, Call, Reply

_STARTED = clock.now()
_PING = {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Swarm": "inactive",
    "Builder-Version": "1",
}


def ping(call: Call) -> Any:
    return Reply(b"OK", headers=_PING, kind="text/plain; charset=utf-8")


def options(call: Call) -> Any:
    return Reply()


def ping_head(call: Call) -> Any:
    return Reply(headers={**_PING, "Content-Type": "text/plain; charset=utf-8"})


def version(call: Call) -> Any:
    isolation = call.engine.isolation
    common = {
        "GitCommit": "",
        "GoVersion": "none",
        "Os": "linux",
        "Arch": images.architecture(),
        "BuildTime": _STARTED,
    }
    details = {
        "ApiVersion": API_VERSION,
        "Arch": images.architecture(),
        "BuildTime": _STARTED,
        "Experimental": "false",
        "GitCommit": "",
        "GoVersion": "none",
        "KernelVersion": platform.release(),
        "MinAPIVersion": MIN_API_VERSION,
        "Os": "linux",
        "Isolation": isolation.tier.name,
        "Landlock": str(isolation.landlock),
    }
    python = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"
    return {
        "Platform": {"Name": NAME},
        "Components": [
            {"Name": "Engine", "Version": VERSION, "Details": details},
            {"Name": "python", "Version": python, "Details": {"GitCommit": ""}},
            {"Name": "tornado", "Version": tornado.version, "Details": {"GitCommit": ""}},
        ],
        "Version": f"practice-{VERSION}",
        "ApiVersion": API_VERSION,
        "MinAPIVersion": MIN_API_VERSION,
        **common,
        "KernelVersion": platform.release(),
    }


def _operating_system() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return platform.platform()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get("PRETTY_NAME", platform.platform()).strip('"')


def info(call: Call) -> Any:
    engine = call.engine
    states = [container.state for container in engine.by_id.values()]
    paused = sum(state.paused for state in states)
    running = sum(state.running and not state.paused for state in states)
    isolation = engine.isolation
    options = [f"name={isolation.tier.name}"] + (["name=landlock"] if isolation.landlock else [])
    return {
        "ID": engine.id,
        "Containers": len(states),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(states) - running - paused,
        "Images": len(engine.images.all()),
        "Driver": "practice",
        "DriverStatus": [["Isolation", isolation.tier.name], ["Landlock", str(isolation.landlock)]],
        "Plugins": {
            "Volume": [],
            "Network": ["host", "null"],
            "Authorization": None,
            "Log": ["json-file", "local", "none"],
        },
        "MemoryLimit": True,
        "SwapLimit": False,
        "KernelMemoryTCP": False,
        "CpuCfsPeriod": False,
        "CpuCfsQuota": False,
        "CPUShares": False,
        "CPUSet": False,
        "PidsLimit": False,
        "IPv4Forwarding": False,
        "Debug": False,
        "NFd": _descriptors(),
        "OomKillDisable": False,
        "NGoroutines": len(asyncio.all_tasks()),
        "SystemTime": clock.now(),
        "LoggingDriver": "json-file",
        "CgroupDriver": "none",
        "CgroupVersion": "1",
        "NEventsListener": engine.events.listeners,
        "KernelVersion": platform.release(),
        "OperatingSystem": _operating_system(),
        "OSVersion": "",
        "OSType": "linux",
        "Architecture": platform.machine(),
        "IndexServerAddress": "",
        "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": [], "Mirrors": None},
        "NCPU": os.cpu_count() or 1,
        "MemTotal": tree.machine_memory(),
        "GenericResources": None,
        "DockerRootDir": str(engine.data),
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": platform.node(),
        "Labels": [
            "dockermagic.practice",
            f"dockermagic.pid={os.getpid()}",
            f"dockermagic.isolation={isolation.tier.name}",
        ],
        "ExperimentalBuild": False,
        "ServerVersion": f"practice-{VERSION}",
        "Runtimes": {"practice": {"path": sys.executable}},
        "DefaultRuntime": "practice",
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "docker-init",
        "ContainerdCommit": {"ID": ""},
        "RuncCommit": {"ID": ""},
        "InitCommit": {"ID": ""},
        "SecurityOptions": options,
        "CDISpecDirs": [],
        "Warnings": [*engine.drills.warnings(), *isolation.warnings()],
    }


def _descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


_DISK_TYPES = {"container": "Containers", "image": "Images", "volume": "Volumes", "build-cache": "BuildCache"}


async def disk_usage(call: Call) -> Any:
    wanted = call.texts("type") or list(_DISK_TYPES)
    for name in wanted:
        if name not in _DISK_TYPES:
            raise BadParameter(f"unknown object type: {name}")
    engine = call.engine

    def measure() -> dict[str, Any]:
        told: dict[str, Any] = {
            "LayersSize": 0,
            "Images": None,
            "Containers": None,
            "Volumes": None,
            "BuildCache": None,
        }
        if "image" in wanted:
            all_images = engine.images.all()
            told["LayersSize"] = sum(image.size for image in all_images)
            told["Images"] = [
                {**images.summary(image, len(engine.containers_of(image.id))), "SharedSize": 0} for image in all_images
            ]
        if "container" in wanted:
            told["Containers"] = [views.summary(container, size=True) for container in engine.newest_first()]
        for name in ("volume", "build-cache"):
            if name in wanted:
                told[_DISK_TYPES[name]] = []
        return told

    return await asyncio.to_thread(measure)


def auth(call: Call) -> Any:
    raise Forbidden("the practice engine knows no registry: there is nothing to log in to")


async def events(call: Call) -> Any:
    since, until = timestamp(call.text("since")), timestamp(call.text("until"))
    wanted = filters.parse(call.text("filters"))
    if since is not None and until is not None and since > until:
        asked = f"`since` time ({call.text('since')}) cannot be after `until` time ({call.text('until')})"
        raise BadParameter(asked)
    with call.engine.events.listening() as queue:
        await call.begin("application/json")
        past = call.engine.events.past(since, until) if since is not None or until is not None else []
        for event in past:
            if event_matches(wanted, event):
                await call.write_json(event)
        if until is not None and until <= time.time_ns():
            return
        left = None if until is None else (until - time.time_ns()) / 1e9
        await call.until_gone(_send_events(call, queue, wanted, left))


async def _send_events(call: Call, queue: asyncio.Queue, wanted: filters.Filters, left: float | None) -> None:
    loop = asyncio.get_running_loop()
    deadline = None if left is None else loop.time() + left
    while True:
        try:
            event = await clock.within(None if deadline is None else deadline - loop.time(), queue.get())
        except asyncio.TimeoutError:
            return
        if event_matches(wanted, event):
            await call.write_json(event)


def event_matches(wanted: filters.Filters, event: dict[str, Any]) -> bool:
    actor = event["Actor"]
    attributes = actor["Attributes"]
    action = event["Action"].partition(":")[0]

    def by_object(kind: str, values: list[str]) -> bool:
        name = attributes.get("name", "")
        if kind == "image" and event["Type"] == "container":
            return attributes.get("image") in values or attributes.get("image", "").partition(":")[0] in values
        return event["Type"] == kind and any(actor["ID"].startswith(value) or name == value for value in values)

    tests: dict[str, Callable[[list[str]], bool]] = {
        "type": lambda values: event["Type"] in values,
        "event": lambda values: event["Action"] in values or action in values,
        "container": lambda values: by_object("container", values),
        "image": lambda values: by_object("image", values),
        "label": lambda values: filters.labels(values, attributes),
        "scope": lambda values: event["scope"] in values,
        "network": lambda values: by_object("network", values),
        "volume": lambda values: by_object("volume", values),
        "daemon": lambda values: by_object("daemon", values),
        "plugin": lambda values: by_object("plugin", values),
    }
    return all(tests[name](values) for name, values in wanted.items() if values and name in tests)


# networks and volumes: what is true


def networks(call: Call) -> Any:
    wanted = filters.parse(call.text("filters"), "dangling driver id label name scope type")
    found = []
    for view in call.engine.networks.values():
        if not filters.names(wanted.get("name", []), view["Name"]) or not filters.prefixes(
            wanted.get("id", []), view["Id"]
        ):
            continue
        if wanted.get("driver") and view["Driver"] not in wanted["driver"]:
            continue
        if wanted.get("scope") and view["Scope"] not in wanted["scope"]:
            continue
        if wanted.get("label") or "custom" in wanted.get("type", []):
            continue
        if "dangling" in wanted and filters.boolean(wanted, "dangling", False):
            continue
        found.append(view)
    return found


def network(call: Call) -> Any:
    name = call["name"]
    for view in call.engine.networks.values():
        if name == view["Name"] or (len(name) >= 4 and view["Id"].startswith(name)):
            return view
    raise NotFound(f"network {name} not found")


def remove_network(call: Call) -> Any:
    found = network(call)
    raise Forbidden(f"{found['Name']} is a pre-defined network and cannot be removed")


def volumes(call: Call) -> Any:
    filters.parse(call.text("filters"), "dangling driver label name")
    return {"Volumes": [], "Warnings": None}


def volume(call: Call) -> Any:
    raise NotFound(f"get {call['name']}: no such volume")


def plugin(call: Call) -> Any:
    raise NotFound(f'plugin "{call["name"]}" not found')


def nothing(call: Call) -> Any:
    return []


def prune_networks(call: Call) -> Any:
    return {"NetworksDeleted": None}


def prune_volumes(call: Call) -> Any:
    return {"VolumesDeleted": [], "SpaceReclaimed": 0}


def prune_builds(call: Call) -> Any:
    return {"CachesDeleted": None, "SpaceReclaimed": 0}


def refuse(sentence: str) -> Callable[[Call], Awaitable[Any]]:
    def refused(call: Call) -> Any:
        raise NotOffered(f"the practice engine {sentence}")

    return refused
