"""Learn the Docker Engine API by running it: `%load_ext dockermagic`."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext dockermagic` calls."""
    from .magic import load

    load(shell)
