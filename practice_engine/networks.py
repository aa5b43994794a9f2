"""The networks there are. None can be made: each is a way of sharing this machine's network, or not."""

from __future__ import annotations

import hashlib
from typing import Any

from .isolation import Isolation

_NOTE = "dockermagic.practice"
_OWN = "each container has its own loopback and nothing else"
_SHARED = "containers share the network of this machine"


def known(isolation: Isolation, engine_id: str, created: str) -> dict[str, dict[str, Any]]:
    """By name: the default, called bridge as with Docker, and what else NetworkMode can ask for."""
    if isolation.tier.pid_namespace:
        table = {"bridge": ("null", _OWN), "host": ("host", _SHARED), "none": ("null", _OWN)}
    else:
        table = {"bridge": ("host", _SHARED), "host": ("host", _SHARED)}
    return {name: _view(name, driver, note, engine_id, created) for name, (driver, note) in table.items()}


def _view(name: str, driver: str, note: str, engine_id: str, created: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Id": hashlib.sha256(f"{engine_id} {name}".encode()).hexdigest(),
        "Created": created,
        "Scope": "local",
        "Driver": driver,
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": None},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": {_NOTE: note},
        "Labels": {},
    }
