"""Imports run downwards only, and each outside package has one room."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dockermagic

PACKAGE = Path(dockermagic.__file__).parent
ORDER = (
    "__init__ __main__ lab layout magic complete commands "
    "lessons.__init__ lessons.desk lessons.course lessons.lNN lessons.exercise lessons.cards lessons.making "
    "lessons.progress lessons.asking "
    "states inside show charts pictures tables streams forest samples merge ours session hunter transport duplex "
    "connections chunked tongues trust practice locate binder ssh "
    "arguments bodies words files exchange packing endpoints frames errors masks safe language"
).split()
MODULES = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))
ROOMS = {
    "IPython": {"magic", "complete"},
    "traitlets": {"magic"},
    "pandas": {"tables", "magic"},
    "requests": {"transport"},
    "requests_unixsocket": {"transport", "connections"},
    "urllib3": {"transport", "connections"},
    "nbformat": {"layout"},
    "orjson": {"exchange"},
    "jupyter_client": {"lab"},
    "jupyter_core": {"lab"},
}


def place(module: str) -> str:
    """A module's name in ORDER: every lesson's own module stands in one place."""
    return re.sub(r"^lessons\.l\d\d_\w+$", "lessons.lNN", module)


def imports(module: str, *, first: bool = False) -> Iterator[str]:
    """The modules that one of ours imports, ours with a leading dot; with `first` only those at import time."""
    waiting: list[ast.AST] = [ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))]
    folder = module.rpartition(".")[0]
    while waiting:
        node = waiting.pop()
        if first and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            ours = bool(node.level) or str(node.module).partition(".")[0] == PACKAGE.name
            here = folder if node.level else ""
            said = (node.module or "") if node.level else str(node.module).partition(".")[2]
            base = ".".join(filter(None, (here, said)))
            if not ours:
                yield str(node.module).partition(".")[0]
            elif f"{base}.__init__" in MODULES or not base:
                yield from (f".{base}.{alias.name}".replace("..", ".") for alias in node.names)
            else:
                yield f".{base}"


def test_every_module_has_its_place():
    assert set(map(place, MODULES)) <= set(ORDER), "a new module: write it into ORDER, above all that it imports"


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards(module):
    lower = ORDER[ORDER.index(place(module)) + 1 :]
    ours = {place(name.removeprefix(".")) for name in imports(module) if name.startswith(".")}
    assert ours <= {*lower, "__version__"}, f"{module} imports upwards"


@pytest.mark.parametrize("module", MODULES)
def test_outside_packages_have_one_room(module):
    for name in imports(module):
        if not name.startswith(".") and name not in sys.stdlib_module_names and name != "dockermagic":
            assert module in ROOMS.get(name, ()), f"{module} imports {name}"


def test_pandas_is_imported_by_tables_alone_and_not_before_it_is_needed():
    assert [module for module in MODULES if "pandas" in imports(module, first=True)] == ["tables"]
    assert ".tables" not in {name for module in MODULES for name in imports(module, first=True)}


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("dockermagic", "IPython pandas requests"),
        ("dockermagic.session", "IPython pandas"),
        ("dockermagic.magic", "pandas numpy"),
        ("dockermagic.tables", "IPython requests"),
    ],
)
def test_what_an_import_brings_along(module, without):
    code = f"import sys, {module}; print(*sorted(set({without.split()!r}) & set(sys.modules)))"
    env = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
