"""A short run of the soak; `make soak` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_walks_leave_nothing_and_nothing_grows() -> None:
    command = [sys.executable, "tools/soak.py", "--minutes", "0.1", "--clients", "3", "--pause", "0.05", "--every", "2"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.returncode == 0, run.stdout
    assert " 0 failed: create " in run.stdout
