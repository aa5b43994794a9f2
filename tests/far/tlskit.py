"""Engines that want TLS on both sides: dockerd, or a proxy before any engine; the certificates are trustme's."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import daemon
import trustme

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
    """A dockerd of our own: TLS on a port, and a Unix socket for looking at it from behind."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        cert, key = certificates.server(*NAMES)
        tls = ["--tlsverify", "--tlscacert", certificates.folder / "ca.pem", "--tlscert", cert, "--tlskey", key]
        self._daemon = daemon.Dockerd(folder, *tls)
        self.engine = self._daemon.engine
        with socket.create_server(("127.0.0.1", 0)) as port:
            self.host = f"tcp://127.0.0.1:{port.getsockname()[1]}"
            self._daemon.start(port)

    def close(self) -> None:
        self._daemon.stop()
