"""What the tests of the lessons share."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


class Learner:
    """Runs cells."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, cell: str) -> Any:
        """The value of a cell; raises what the cell raised."""
        with capture_output():
            result = self.shell.run_cell(cell, store_history=False)
        if error := result.error_before_exec or result.error_in_exec:
            raise error
        return result.result
