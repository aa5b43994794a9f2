"""What is checked in a pod: `inside.py tutorial isolation`. The last line is a report as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
REPORT = "REPORT "
ISOLATION = TESTS / "practice" / "test_isolation.py"


def tutorial() -> dict[str, Any]:
    """The eleven notebooks, twice; the report of `alone.py`."""
    command = [sys.executable, TESTS / "notebooks" / "alone.py", TESTS.parent / "notebooks"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(next(line for line in said.splitlines() if line.startswith(REPORT)).removeprefix(REPORT)))


def isolation() -> dict[str, Any]:
    """The promises of every tier that this pod can be made to show, and which it takes by itself."""
    from practice_engine.isolation import probe

    found = probe()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ISOLATION]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent)
    print(done.stdout)
    return {
        "tier": found.tier.name,
        "refused": dict(found.refused),
        "landlock": found.landlock,
        "code": done.returncode,
    }


def main() -> int:
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    report = {word: {"tutorial": tutorial, "isolation": isolation}[word]() for word in sys.argv[1:]}
    print(REPORT + json.dumps({"uid": os.getuid(), **report}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
