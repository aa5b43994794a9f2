"""JupyterLab, started on the first notebook with the kernels of this very environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from .language import LANGUAGES, first, say

CONFIG = Path(__file__).parent / "lab_config"
PACKS = {"zh": "jupyterlab_language_pack_zh_CN"}
"""Language → the package in which JupyterLab speaks it. The setting lies in the folder of `CONFIG` of that name."""
SHARE = Path(sys.prefix) / "share" / "jupyter"
SECONDS_TO_END = 10.0


class CannotStart(Exception):
    """JupyterLab cannot be started; one line says why."""


def command(folder: Path, *, language: str = LANGUAGES[0], port: int | None = None, browser: bool = True) -> list[str]:
    """The command line that opens JupyterLab on the first notebook of an edition in `folder`."""
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    words += [f"--LabApp.default_url=/lab/tree/{first(language)}", "--Application.log_level=ERROR"]
    words.append("--KernelManager.transport_encryption=auto")  # else each kernel warns in the terminal
    if port is not None:
        words += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        words.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")
    return words


def environment(around: Mapping[str, str], language: str = LANGUAGES[0]) -> dict[str, str]:
    """`around` with this environment's kernels and our settings (no pop-ups, the language) ahead of the user's.

    They are JupyterLab's defaults: a language that the user chose in its menu stays.
    """
    ahead = {"JUPYTER_PATH": [SHARE], "JUPYTER_CONFIG_PATH": [CONFIG]}
    if speaks(language):
        ahead["JUPYTER_CONFIG_PATH"].append(CONFIG / language)
    changed = dict(around)
    for name, paths in ahead.items():
        changed[name] = os.pathsep.join(filter(None, (*map(str, paths), around.get(name))))
    return changed


def speaks(language: str) -> bool:
    """Whether JupyterLab's package for a language other than English is installed."""
    return language in PACKS and find_spec(PACKS[language]) is not None


def remark(language: str) -> str:
    """What to install where JupyterLab could speak this language and does not; "" elsewhere."""
    if language not in PACKS or speaks(language):
        return ""
    return say(
        "JupyterLab itself speaks English here; for the other language: `{python} -m pip install {package}`",
        python=sys.executable,
        package=PACKS[language].replace("_", "-"),
    )


def check(port: int | None) -> None:
    """Find out what would keep JupyterLab from starting.

    Raises:
        CannotStart: a package is missing, the kernel is not ours, or the port is taken.
    """
    for package in ("jupyterlab", "ipykernel"):
        if find_spec(package) is None:
            raise CannotStart(
                say(
                    "{package} is not installed here; `{python} -m pip install {package}`",
                    package=package,
                    python=sys.executable,
                )
            )
    python = Path(kernel_program())
    if python.is_absolute() and python.parent != Path(sys.executable).parent:
        raise CannotStart(
            say(
                "the kernel python3 runs {other}, not this environment's Python; "
                "`{python} -m pip install --force-reinstall ipykernel`",
                other=python,
                python=sys.executable,
            )
        )
    if port is not None:
        _check_port(port)


def kernel_program() -> str:
    """The program of the kernel `python3`, as JupyterLab will find it. A bare `python` is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from jupyter_core.paths import jupyter_path

    folders = [str(SHARE / "kernels"), *jupyter_path("kernels")]
    try:
        return str(KernelSpecManager(kernel_dirs=folders).get_kernel_spec("python3").argv[0])
    except (NoSuchKernel, IndexError):
        raise CannotStart(
            say(
                "there is no kernel python3; `{python} -m pip install --force-reinstall ipykernel`",
                python=sys.executable,
            )
        ) from None


def _check_port(port: int) -> None:
    for family, kind, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise CannotStart(
                    say(
                        "port {port} cannot be used: {why}; choose another --port, or leave it out",
                        port=port,
                        why=error.strerror,
                    )
                ) from None


def run(folder: Path, *, language: str = LANGUAGES[0], port: int | None = None, browser: bool = True) -> int:
    """Run JupyterLab until it ends or is stopped by Ctrl-C (or SIGTERM); its exit status.

    It runs in a session of its own, so that Ctrl-C reaches us alone and we end it quietly.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    words = command(folder, language=language, port=port, browser=browser)
    with subprocess.Popen(words, cwd=folder, env=environment(os.environ, language), start_new_session=True) as lab:
        try:
            return lab.wait()
        except KeyboardInterrupt:
            _end(lab)
            return 0


def _end(lab: subprocess.Popen[bytes]) -> None:
    lab.terminate()
    try:
        lab.wait(SECONDS_TO_END)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        lab.kill()
