"""The processes of a container as the machine sees them: all below its shim."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from .containers import Container

_SAMPLE_EVERY = 0.1
MARK = "practice:"  # in the environment of a container that has no namespace to be known by
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError)


def processes(shim: int) -> list[psutil.Process]:
    try:
        return psutil.Process(shim).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def shown(process: psutil.Process, tracer: str) -> bool:
    """Neither the dead that are not buried yet, nor a tool of ours."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.name() != tracer
    except psutil.NoSuchProcess:
        return False


def stop_all(shim: int) -> None:
    """Until a look finds none that was not stopped yet: a process may fork while others are being stopped."""
    stopped: set[int] = set()
    while True:
        fresh = [process for process in processes(shim) if process.pid not in stopped]
        if not fresh:
            return
        for process in fresh:
            stopped.add(process.pid)
            with contextlib.suppress(*_GONE):
                process.send_signal(signal.SIGSTOP)


def continue_all(shim: int) -> None:
    for process in processes(shim):
        with contextlib.suppress(*_GONE):
            process.send_signal(signal.SIGCONT)


def resident(shim: int) -> int:
    total = 0
    for process in processes(shim):
        with contextlib.suppress(*_GONE):
            total += process.memory_info().rss
    return total


async def watch_memory(container: Container) -> None:
    """The limit that the engine can hold by itself: whoever is above it at a look is killed."""
    while container.run is not None and container.run.shim is not None:
        if resident(container.run.shim.pid) > container.host["Memory"]:
            container.state.oom_killed = True
            container.tell("oom")
            container.run.signal(signal.SIGKILL)
            return
        await asyncio.sleep(_SAMPLE_EVERY)


def bury_orphans(ours: set[int]) -> None:
    """Children of the engine that it does not know: inherited from a killed shim if they left its session.

    In its session there may be a shim that is just being born, which is let live.
    """
    session = os.getsid(0)
    for child in psutil.Process().children():
        with contextlib.suppress(*_GONE, ChildProcessError):
            if child.pid in ours:
                continue
            if os.getsid(child.pid) == session and child.status() != psutil.STATUS_ZOMBIE:
                continue
            for process in [*child.children(recursive=True), child]:
                with contextlib.suppress(*_GONE):
                    process.kill()
            os.waitpid(child.pid, 0)


def kill_strays(directory: str) -> None:
    """At the start: processes still in a container's directory, their engine and shim both killed."""
    for pid in psutil.pids():
        with contextlib.suppress(*_GONE, OSError):
            inside = os.readlink(f"/proc/{pid}/root").startswith(directory + "/")
            if not inside and os.readlink(f"/proc/{pid}/cwd").startswith(directory + "/"):
                inside = psutil.Process(pid).environ().get("container", "").startswith(MARK)
            if inside:
                os.kill(pid, signal.SIGKILL)


# stats


def usage(shim: int) -> dict[str, Any]:
    """CPU in ns (of the living and of their buried children), memory, number of processes."""
    user = system = 0.0
    memory = count = total = 0
    for process in processes(shim):
        with contextlib.suppress(*_GONE):
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                times = process.cpu_times()
                user += times.user + times.children_user
                system += times.system + times.children_system
                total += max(_scheduled(process.pid), int((times.user + times.system) * 1e9))
                total += int((times.children_user + times.children_system) * 1e9)
                memory += process.memory_info().rss
                count += 1
    return {
        "total": total,
        "user": int(user * 1e9),
        "system": int(system * 1e9),
        "memory": memory,
        "processes": count,
    }


def _scheduled(pid: int) -> int:
    """Time on a CPU in ns, where the kernel tells it finer than in ticks."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
    return total


def machine_cpu() -> int:
    times = psutil.cpu_times()
    counted = times.user + times.nice + times.system + times.idle + getattr(times, "iowait", 0)
    counted += getattr(times, "irq", 0) + getattr(times, "softirq", 0) + getattr(times, "steal", 0)
    return int(counted * 1e9)


def machine_memory() -> int:
    return psutil.virtual_memory().total
