"""A real sshd on loopback, with keys and a configuration of its own, and the user's ssh told of it by a wrapper."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
SSH = shutil.which("ssh")
SECONDS = 30
DIAL = """\
#!{python}
import os, shutil, socket, sys, threading
assert sys.argv[-2:] == ["system", "dial-stdio"], sys.argv
host = sys.argv[2] if sys.argv[1] == "--host" else os.environ["DOCKER_HOST"]
engine = socket.socket(socket.AF_UNIX)
engine.connect(host.removeprefix("unix://"))
def send():
    while data := os.read(0, 65536): engine.sendall(data)
    engine.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := engine.recv(65536): os.write(1, data)
os._exit(0)
"""


@dataclass
class Server:
    """An ssh server, and how it is reached.

    Attributes:
        folder: all its files: `bin/ssh` (for the client's PATH), `there/docker` (on the server's PATH), `config`,
            `known_hosts`, `authorized_keys`.
        port: on which it listens, at 127.0.0.1.
        process: the server.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    def docker(self, script: str | None) -> None:
        """What `docker` is over there; None for no such command."""
        path = self.folder / "there" / "docker"
        path.unlink(missing_ok=True)
        if script is not None:
            executable(path, script)

    def docker_of(self, engine: str) -> None:
        """The docker CLI over there finds the engine at this address; a stand-in, where this machine has no CLI."""
        real = shutil.which("docker")
        script = f'exec {real} "$@"' if real else f'exec {self.folder / "dial"} "$@"'
        self.docker(f"#!/bin/sh\nexport DOCKER_HOST=${{DOCKER_HOST:-{engine}}}\n{script}\n")

    def processes(self) -> dict[int, str]:
        """All that the server runs for its clients, and the clients: process id → command line."""
        marks = (str(self.folder).encode(), f"\0{self.port}\0".encode(), b"dial-stdio")
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                line, environ = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
            except OSError:
                continue
            ours = marks[0] in environ or marks[0] in line or marks[1] in line
            if ours and (b"dial-stdio" in line or line.startswith(b"ssh\0") or b"/ssh\0" in line):
                found[int(path.name)] = line.replace(b"\0", b" ").decode("utf-8", "replace")
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def keygen(path: Path) -> str:
    """A new key pair; the public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.with_suffix(".pub").read_text()


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def start(folder: Path) -> Server:
    """Start a server; skips where there is none to start, but not in CI."""
    if not (SSHD and SSH):
        if os.environ.get("CI"):
            pytest.fail("sshd and ssh are not installed (Debian: openssh-server)", pytrace=False)
        pytest.skip("sshd and ssh are not installed (Debian: openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("bin", "there"):
        (folder / name).mkdir()
    port = free_port()
    known = keygen(folder / "host_key")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {known}")
    (folder / "authorized_keys").write_text(keygen(folder / "id"))
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
        "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"PermitRootLogin yes\nMaxStartups 100\nSetEnv PATH={folder}/there FAR={folder}\n"
    )
    (folder / "config").write_text(
        f"IdentityFile {folder}/id\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {folder}/known_hosts\n"
        "GlobalKnownHostsFile /dev/null\n"
    )
    executable(folder / "bin" / "ssh", f'#!/bin/sh\nexec {SSH} -F {folder}/config "$@"\n')
    executable(folder / "dial", DIAL.format(python=sys.executable))
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", folder / "sshd_config"], stderr=(folder / "log").open("wb"), stdin=subprocess.DEVNULL
    )
    until = time.monotonic() + SECONDS
    while b"Server listening" not in (folder / "log").read_bytes():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"sshd does not start: {(folder / 'log').read_text()}", pytrace=False)
        time.sleep(0.02)
    return Server(folder, port, process)
