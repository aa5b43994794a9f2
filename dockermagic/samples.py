"""What a container uses, from the engine's counters: the sums that `docker stats` makes, and no others.

Docker's own: cli/command/container/stats_helpers.go. (API reference: ContainerStats.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """One container at one moment. Sizes are bytes; None where the engine gave nothing to reckon with.

    Attributes:
        name: of the container.
        cpu_percent: of one processor, so two of them busy are 200; since the sample before.
        memory_usage: without the cache of files that could be dropped.
        memory_percent: of the limit.
        net_rx, net_tx: received and sent since the start, all networks together.
        block_read, block_write: since the start, all disks together.
        pids: processes and threads.
        time: as the engine wrote it; None where the container does not run.
    """

    name: str
    cpu_percent: float | None
    memory_usage: int | None
    memory_limit: int | None
    memory_percent: float | None
    net_rx: int
    net_tx: int
    block_read: int
    block_write: int
    pids: int | None
    time: str | None


def sample(found: Mapping[str, Any], name: str = "") -> Sample:
    """A sample from one JSON object of the stream; `name` where the object has none."""
    usage, limit = memory(found.get("memory_stats") or {})
    networks = (found.get("networks") or {}).values()
    disks = (found.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    time = str(found.get("read") or "")
    return Sample(
        str(found.get("name") or name).removeprefix("/"),
        cpu(found),
        usage,
        limit,
        usage / limit * 100 if usage is not None and limit else None,
        sum(each.get("rx_bytes") or 0 for each in networks),
        sum(each.get("tx_bytes") or 0 for each in networks),
        _bytes(disks, "read"),
        _bytes(disks, "write"),
        (found.get("pids_stats") or {}).get("current"),
        None if time.startswith("0001-") else time or None,
    )


def _bytes(disks: list[Mapping[str, Any]], kind: str) -> int:
    return sum(each.get("value") or 0 for each in disks if str(each.get("op")).lower() == kind)


def cpu(found: Mapping[str, Any]) -> float | None:
    """The share of one processor since the sample before; None where there is none before."""
    now, before = found.get("cpu_stats") or {}, found.get("precpu_stats") or {}
    if not before.get("system_cpu_usage") or not now.get("system_cpu_usage"):
        return None
    used = _total(now) - _total(before)
    whole = now["system_cpu_usage"] - before["system_cpu_usage"]
    several = now.get("online_cpus") or len((now.get("cpu_usage") or {}).get("percpu_usage") or []) or 1
    return float(used / whole * several * 100) if whole > 0 and used > 0 else 0.0


def _total(stats: Mapping[str, Any]) -> int:
    return (stats.get("cpu_usage") or {}).get("total_usage") or 0


def memory(found: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Usage without the cache, and the limit: cgroup v1 counts it as total_inactive_file, v2 as inactive_file."""
    usage, inside = found.get("usage"), found.get("stats") or {}
    cache = inside.get("total_inactive_file", inside.get("inactive_file")) or 0
    if usage is None:
        return None, found.get("limit")
    return (usage - cache if cache < usage else usage), found.get("limit")
