"""Engines that want TLS on both sides: dockerd, or a proxy before any engine; the certificates are trustme's."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme
from plain import Engine

DOCKERD = shutil.which("dockerd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
SECONDS = 60
NOW = datetime.now(timezone.utc)
NAMES = ("localhost", "127.0.0.1")


class Certificates:
    """An authority, and a folder with what a client needs: ca.pem, cert.pem, key.pem."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        folder.mkdir()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        self._store(self.authority.issue_cert("client@example.org"), "cert.pem", "key.pem")

    def _store(self, issued: trustme.LeafCert, cert: str, key: str) -> None:
        issued.cert_chain_pems[0].write_to_path(self.folder / cert)
        issued.private_key_pem.write_to_path(self.folder / key)

    def server(self, *names: str, expired: bool = False) -> tuple[Path, Path]:
        """A new certificate for a server, and its key."""
        end = NOW - timedelta(days=1) if expired else NOW + timedelta(days=1)
        issued = self.authority.issue_cert(*names, not_before=NOW - timedelta(days=2), not_after=end)
        self._store(issued, "server.pem", "server-key.pem")
        return self.folder / "server.pem", self.folder / "server-key.pem"

    def context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.folder / "ca.pem"))
        made.load_cert_chain(*self.server(*names, expired=expired))
        made.verify_mode = ssl.CERT_REQUIRED
        made.options |= ssl.OP_IGNORE_UNEXPECTED_EOF  # a client may end its direction only: Go's TLS goes on sending
        return made


class _Handler(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        with contextlib.suppress(OSError), self.server.context.wrap_socket(self.request, server_side=True) as client:
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(self.server.path)
                back = threading.Thread(target=_copy, args=(engine, client), daemon=True)
                back.start()
                _copy(client, engine)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Proxy(socketserver.ThreadingTCPServer):
    """Takes TLS off, and hands all on to the engine at a Unix socket."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext, path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context, self.path = context, path
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Dockerd:
    """A dockerd of our own: TLS on a port, and a Unix socket for looking at it from behind.

    It lives in a network of its own, since a dockerd takes the machine's bridge `docker0` away from others; only the
    port, which it is handed as systemd would (`fd://`), is the machine's.
    """

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        assert DOCKERD
        cert, key = certificates.server(*NAMES)
        port = socket.create_server(("127.0.0.1", 0))
        self.host = f"tcp://127.0.0.1:{port.getsockname()[1]}"
        self.engine = Engine("dockerd", f"unix://{folder}/e.sock")
        tls = ["--tlsverify", "--tlscacert", certificates.folder / "ca.pem", "--tlscert", cert, "--tlskey", key]
        apart = ["--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        where = ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
        self.log = folder / "log"
        handed = 'exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'  # the port is descriptor 3
        command = [DOCKERD, *where, *apart, *tls, "--host", self.engine.host, "--host", "fd://"]
        with port:
            self.process = subprocess.Popen(
                ["unshare", "--net", "sh", "-c", handed, "sh", *command],
                stdin=port.fileno(),
                stdout=self.log.open("wb"),
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"dockerd does not start: {self.log.read_text()[-2000:]}", pytrace=False)
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.engine.call("GET", "/_ping").ok
        except OSError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


def can_run_dockerd() -> bool:
    return bool(DOCKERD and shutil.which("unshare")) and os.geteuid() == 0
