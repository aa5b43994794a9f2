"""How much a container uses, in the shape of cgroup statistics."""

from __future__ import annotations

import os
from typing import Any

from . import clock, tree
from .containers import Container

_NO_IO = [
    "io_service_bytes_recursive",
    "io_serviced_recursive",
    "io_queue_recursive",
    "io_service_time_recursive",
    "io_wait_time_recursive",
    "io_merged_recursive",
    "io_time_recursive",
    "sectors_recursive",
]


def empty(container: Container) -> dict[str, Any]:
    cpu = {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    return {
        "name": f"/{container.name}",
        "id": container.id,
        "read": clock.NEVER,
        "preread": clock.NEVER,
        "pids_stats": {},
        "blkio_stats": dict.fromkeys(_NO_IO),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu,
        "precpu_stats": cpu,
        "memory_stats": {},
    }


def sample(container: Container, before: dict[str, Any] | None) -> dict[str, Any]:
    told = empty(container)
    if container.run is None or container.run.shim is None:
        return told
    used = tree.usage(container.run.shim.pid)
    processors = os.cpu_count() or 1
    limit = container.host["Memory"] or tree.machine_memory()
    highest = max(used["memory"], before["memory_stats"].get("max_usage", 0) if before else 0)
    told |= {
        "read": clock.now(),
        "pids_stats": {"current": used["processes"]},
        "blkio_stats": {name: [] for name in _NO_IO},
        "cpu_stats": {
            "cpu_usage": {
                "total_usage": used["total"],
                "usage_in_kernelmode": used["system"],
                "usage_in_usermode": used["user"],
            },
            "system_cpu_usage": tree.machine_cpu(),
            "online_cpus": processors,
            "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
        },
        "memory_stats": {
            "usage": used["memory"],
            "max_usage": highest,
            "stats": {"rss": used["memory"], "total_rss": used["memory"], "cache": 0, "total_cache": 0},
            "limit": limit,
        },
    }
    if before and before["cpu_stats"].get("system_cpu_usage"):
        told["precpu_stats"], told["preread"] = before["cpu_stats"], before["read"]
    return told
