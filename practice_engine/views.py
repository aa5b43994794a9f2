"""A container as the API shows it."""

from __future__ import annotations

import time
from typing import Any

from . import clock, ports, spec
from .containers import Container

_NO_ENDPOINT: dict[str, Any] = {
    "IPAMConfig": None,
    "Links": None,
    "Aliases": None,
    "MacAddress": "",
    "DriverOpts": None,
    "GwPriority": 0,
    "NetworkID": "",
    "EndpointID": "",
    "Gateway": "",
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "DNSNames": None,
}
_NO_NETWORK: dict[str, Any] = {
    "Bridge": "",
    "SandboxID": "",
    "SandboxKey": "",
    "HairpinMode": False,
    "LinkLocalIPv6Address": "",
    "LinkLocalIPv6PrefixLen": 0,
    "SecondaryIPAddresses": None,
    "SecondaryIPv6Addresses": None,
    "EndpointID": "",
    "Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "MacAddress": "",
}


def _networks(container: Container) -> dict[str, Any]:
    """The network it was put on, by name; there are no addresses to tell."""
    mode = container.host["NetworkMode"]
    known = container.engine.networks.get(mode)
    return {mode: {**_NO_ENDPOINT, "NetworkID": known["Id"] if known and container.state.running else ""}}


def _mounts(container: Container) -> list[dict[str, Any]]:
    found = []
    for source, target, options in spec.binds(container.host):
        words = options.split(",")
        found.append(
            {
                "Type": "bind",
                "Source": source,
                "Destination": target,
                "Mode": "" if options == "rw" else options,
                "RW": "ro" not in words,
                "Propagation": "rprivate",
            }
        )
    for mount in container.host.get("Mounts") or []:
        if mount["Type"] == "tmpfs":
            found.append(
                {
                    "Type": "tmpfs",
                    "Source": "",
                    "Destination": mount["Target"],
                    "Mode": "",
                    "RW": True,
                    "Propagation": "",
                }
            )
    return found


def status_text(container: Container) -> str:
    state = container.state
    now = time.time_ns()
    if state.running:
        up = clock.human(now - clock.nanoseconds(state.started_at))
        if state.paused:
            return f"Up {up} (Paused)"
        if state.restarting:
            ago = clock.human(now - clock.nanoseconds(state.finished_at))
            return f"Restarting ({state.exit_code}) {ago} ago"
        if state.health is not None:
            health = state.health["Status"]
            return f"Up {up} ({'health: starting' if health == 'starting' else health})"
        return f"Up {up}"
    if state.removing:
        return "Removal In Progress"
    if state.dead:
        return "Dead"
    if state.status == "created":
        return "Created"
    return f"Exited ({state.exit_code}) {clock.human(now - clock.nanoseconds(state.finished_at))} ago"


def image_shown(container: Container) -> str:
    """The name it was made from, as long as that name still means the same image."""
    found = container.engine.images.find(container.config["Image"])
    return container.config["Image"] if found is not None and found.id == container.image_id else container.image_id


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def summary(container: Container, *, size: bool) -> dict[str, Any]:
    path, *arguments = spec.command(container.config)
    told: dict[str, Any] = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": image_shown(container),
        "ImageID": container.image_id,
        "Command": " ".join([path, *(_quoted(word) for word in arguments)]),
        "Created": container.created // 10**9,
        "Ports": ports.listed(container) if container.state.running else [],
    }
    if size:
        told |= _sizes(container, omit_zero=True)
    return told | {
        "Labels": container.config["Labels"] or {},
        "State": container.state.status,
        "Status": status_text(container),
        "HostConfig": {"NetworkMode": container.host["NetworkMode"]},
        "NetworkSettings": {"Networks": _networks(container)},
        "Mounts": _mounts(container),
    }


def _sizes(container: Container, *, omit_zero: bool) -> dict[str, int]:
    image = container.engine.images.find(container.image_id)
    written = container.size_rw()
    sizes = {"SizeRw": written, "SizeRootFs": written + (image.size if image else 0)}
    return {name: value for name, value in sizes.items() if value or not omit_zero}


def inspect(container: Container, *, size: bool) -> dict[str, Any]:
    path, *arguments = spec.command(container.config)
    directory = container.directory
    begun = container.state.started_at != clock.NEVER
    root = str(container.root)

    def place(name: str) -> str:
        return f"{root}/etc/{name}" if begun else ""

    told: dict[str, Any] = {
        "Id": container.id,
        "Created": clock.rfc3339(container.created),
        "Path": path,
        "Args": arguments,
        "State": container.state.view(),
        "Image": container.image_id,
        "ResolvConfPath": place("resolv.conf"),
        "HostnamePath": place("hostname"),
        "HostsPath": place("hosts"),
        "LogPath": f"{directory}/log" if begun and container.host["LogConfig"]["Type"] != "none" else "",
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "practice",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": list(container.execs) or None,
        "HostConfig": container.host,
        "GraphDriver": {"Data": {"ID": container.id, "RootDir": root}, "Name": "practice"},
    }
    if size:
        told |= _sizes(container, omit_zero=False)
    return told | {
        "Mounts": _mounts(container),
        "Config": container.config,
        "NetworkSettings": {
            **_NO_NETWORK,
            "Ports": ports.inspected(container) if container.state.running else {},
            "Networks": _networks(container),
        },
    }
