"""What storing a lesson anew changes: only what a reader would see."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

TOOL = Path(__file__).parents[2] / "tools" / "execute.py"
BEFORE = {
    "list": "GET /v1.51/containers/json → 200 OK · 3 ms · 2.1 kB\n0123456789ab  web  2026-11-24 15:20:01  Up 5 seconds",
    "inspect": '{"Id": "' + "a" * 64 + '", "Created": "2026-11-24T15:20:01.123456789Z", "IPAddress": "172.17.0.2"}',
    "mac": '"MacAddress": "3a:77:85:d8:bc:a5"',
    "top": "PID  CMD\n516  sleep 600\n87   sleep 5",
    "pids": "[516, 87]",
    "bytes": "1795534457 1984158",
    "code": "exited with 137",
}
AFTER = {
    "list": "GET /v1.51/containers/json → 200 OK · 14 ms · 980 B\nfedcba987654  web  2027-01-02 03:04:05  Up 2 seconds",
    "inspect": '{"Id": "' + "b" * 64 + '", "Created": "2027-01-02T03:04:05.9Z", "IPAddress": "172.17.0.13"}',
    "mac": '"MacAddress": "02:42:ac:11:00:02"',
    "top": "PID   CMD\n6200  sleep 600\n88    sleep 5",
    "pids": "[6200, 87]",
    "bytes": "1800000000 1984999",
    "code": "exited with 137",
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["execute_tool"] = module
    spec.loader.exec_module(module)
    return module


def notebook(outputs: dict[str, str]) -> NotebookNode:
    cells = []
    for count, (name, text) in enumerate(outputs.items(), 1):
        output = new_output("execute_result", {"text/plain": text}, execution_count=count)
        cells.append(new_code_cell(f"# {name}", id=name, outputs=[output], execution_count=count))
    return new_notebook(cells=cells)


def text(stored: NotebookNode, name: str) -> str:
    return str(next(cell for cell in stored.cells if cell.id == name).outputs[0].data["text/plain"])


def test_what_looks_the_same_keeps_the_stored_text(tool):
    stored = notebook(BEFORE)
    assert tool.store(stored, notebook(AFTER)) is False
    assert {name: text(stored, name) for name in BEFORE} == BEFORE


def test_the_order_in_which_a_kernel_names_the_forms_of_a_value_is_no_difference(tool):
    def shown(*forms: str) -> NotebookNode:
        data = {form: form.upper() for form in forms}
        return new_notebook(cells=[new_code_cell("1", id="a", outputs=[new_output("display_data", data)])])

    assert tool.store(shown("text/html", "text/plain"), shown("text/plain", "text/html")) is False


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("list", BEFORE["list"].replace("200 OK", "404 Not Found")),
        ("list", BEFORE["list"].replace("web", "db")),
        ("top", "PID  CMD\n516  sleep 601x\n87   sleep 5"),
        ("top", "PID  CMD\n516  sleep 600"),
        ("code", "exited with 0"),
    ],
)
def test_what_a_reader_would_see_is_stored_and_nothing_else(tool, name, now):
    stored = notebook(BEFORE)
    assert tool.store(stored, notebook({**AFTER, name: now})) is True
    assert text(stored, name) == now
    others = [each for each in BEFORE if each != name and (name, each) != ("top", "pids")]
    assert {each: text(stored, each) for each in others} == {each: BEFORE[each] for each in others}


def test_a_cell_that_showed_nothing_before_takes_what_it_shows(tool):
    stored = notebook(BEFORE)
    stored.cells[0].outputs, stored.cells[0].execution_count = [], None
    assert tool.store(stored, notebook(BEFORE)) is True
    assert (text(stored, "list"), stored.cells[0].execution_count) == (BEFORE["list"], 1)


def test_what_is_this_machines_own_is_not_told(tool):
    words = {"/srv/e.sock": "/var/run/docker.sock", "myhost": "learner"}
    data = {"text/html": "at unix:///srv/e.sock or %2Fsrv%2Fe.sock", "application/json": ["myhost", 3]}
    output = new_output("display_data", data)
    assert tool.told(output, words).data == {
        "text/html": "at unix:///var/run/docker.sock or %2Fvar%2Frun%2Fdocker.sock",
        "application/json": ["learner", 3],
    }
