"""A real IPython shell for tests: run a cell, see all that it showed."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from typing import Any

from IPython.core.displaypub import CapturingDisplayPublisher


@dataclass
class Cell:
    """What running a cell did.

    Attributes:
        error: the exception that failed it, None where it went well.
        text: what a terminal would show.
        shown: the bundles of what was displayed beside the value.
        value: the cell's value.
    """

    error: BaseException | None
    text: str
    shown: list[dict[str, Any]] = field(default_factory=list)
    value: Any = None

    @property
    def beside(self) -> str:
        return "\n".join(bundle["text/plain"] for bundle in self.shown)


class Shell:
    """A real IPython shell, with what it shows kept."""

    def __init__(self, ip: Any) -> None:
        self.ip = ip

    @property
    def names(self) -> dict[str, Any]:
        return self.ip.user_ns

    @property
    def magic(self) -> Any:
        return self.ip.find_line_magic("docker").__self__

    def run(self, source: str) -> Cell:
        publisher, before = CapturingDisplayPublisher(), self.ip.display_pub
        self.ip.display_pub = publisher
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                result = self.ip.run_cell(source, store_history=False)
        finally:
            self.ip.display_pub = before
        shown = [each["data"] for each in publisher.outputs]
        return Cell(result.error_before_exec or result.error_in_exec, out.getvalue(), shown, result.result)
