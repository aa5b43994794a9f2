"""A dockerd of a test's own, apart from the machine's engines; only root may start one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from plain import Engine

DOCKERD = shutil.which("dockerd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
SECONDS = 60
APART = ["--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
HANDED = 'exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'  # the port is descriptor 3


class Dockerd:
    """A dockerd on a Unix socket, and on a port where one is handed to it.

    It lives in a network of its own, since a dockerd takes the machine's bridge `docker0` away from others; only the
    port, which it is handed as systemd would (`fd://`), is the machine's.
    """

    def __init__(self, folder: Path, *options: str | Path) -> None:
        assert DOCKERD
        self.engine = Engine("dockerd", f"unix://{folder}/e.sock")
        self.folder, self.log = folder, folder / "log"
        where = ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
        self._command = [DOCKERD, *where, *APART, "--host", self.engine.host, *options]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, port: socket.socket | None = None) -> Dockerd:
        handed = ["sh", "-c", HANDED, "sh"] if port else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", *handed, *self._command, *(["--host", "fd://"] if port else [])],
                stdin=port.fileno() if port else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"dockerd does not start: {self.log.read_text()[-2000:]}", pytrace=False)
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return self.engine.call("GET", "/_ping").ok
        except OSError:
            return False

    def kill(self) -> None:
        """As nobody should; its containerd goes with it, and the next one must not meet that."""
        assert self.process
        containerd = int((self.folder / "exec" / "containerd" / "containerd.pid").read_text())
        self.process.kill()
        self.process.wait(SECONDS)
        until = time.monotonic() + SECONDS
        while Path(f"/proc/{containerd}").exists():
            assert time.monotonic() < until, "containerd outlives its dockerd"
            time.sleep(0.01)

    def stop(self) -> None:
        assert self.process
        self.process.terminate()
        self.process.wait(SECONDS)


def unmount(folder: Path) -> None:
    """What is mounted below a folder: also what a dockerd that was killed could not unmount."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in sorted((each for each in mounted if each.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", place], check=True)


def can_run_dockerd() -> bool:
    return bool(DOCKERD and shutil.which("unshare")) and os.geteuid() == 0


def give_busybox(source: Engine, target: Engine) -> None:
    made = source.call("POST", "/containers/create", json={"Image": "busybox", "Cmd": ["true"]}).json()["Id"]
    try:
        files = source.call("GET", f"/containers/{made}/export").content
    finally:
        source.call("DELETE", f"/containers/{made}")
    given = target.call(
        "POST", "/images/create", params={"fromSrc": "-", "repo": "busybox", "tag": "latest"}, data=files
    )
    assert given.ok, given.text
