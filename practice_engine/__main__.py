from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from . import NAME, VERSION
from .nursery import nursery


def main() -> int:
    with contextlib.suppress(OSError):  # the probe tries again, and tells
        nursery.open()  # it comes up while this process loads the rest
    from . import isolation, server

    parser = argparse.ArgumentParser(prog="python -m practice_engine", description=f"The {NAME}.")
    parser.add_argument("--socket", type=Path, default=server.default_socket(), help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=server.default_data(), help="default: %(default)s")
    parser.add_argument(
        "--idle-exit", type=float, default=server.IDLE_EXIT, metavar="SECONDS",
        help="end after so long with nothing running and no client; 0: never (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--tier", choices=sorted(isolation.BY_NAME), help="this tier of isolation or none")
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    arguments = parser.parse_args()
    code = server.run(arguments.socket, arguments.data, arguments.idle_exit, arguments.tier)
    sys.stdout.flush()
    os._exit(code)  # a thread may still be sending to a client that reads no more


if __name__ == "__main__":
    main()
