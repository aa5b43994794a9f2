"""The rows: complete, consistent, and what Docker's published specification says.

`spec.json` is an extract of that specification (Docker's, Apache-2.0), made by `tools/extract_spec.py`.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import dockermagic
from dockermagic import arguments, bodies, commands, endpoints, tables
from dockermagic.endpoints import ENDPOINTS

SPEC = json.loads((Path(__file__).parent / "spec.json").read_text(encoding="utf-8"))
PACKAGE = Path(dockermagic.__file__).parent
OPTIONAL = {"": 0, "frames": 0, "raw": 0, "tar": 0, "lines": 0}
# What real engines answer, or take, and the specification leaves out (measured on Docker 28 and Podman 5).
MORE_STATUSES = {
    ("ContainerUpdate", 400),
    ("ContainerPrune", 400),
    ("ImagePrune", 400),
    ("ImageGet", 404),
    ("ImageGetAll", 404),
    ("ContainerTop", 409),
    ("ContainerLogs", 400),
    ("ContainerStart", 400),
    ("ContainerPause", 409),
    ("ContainerAttach", 409),
    ("ContainerAttachWebsocket", 409),
    ("ContainerResize", 400),
    ("ContainerResize", 409),
    ("ContainerExec", 400),
    ("ExecStart", 101),
    ("ExecStart", 400),
    ("ExecStart", 500),
    ("ExecResize", 201),
}
MORE_QUERY = {("ContainerLogs", "details")}
SHARED = {each.operation: [row for row in ENDPOINTS if row.operation == each.operation] for each in ENDPOINTS}
rows = pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)


def test_names_are_unique():
    names = [name for row in ENDPOINTS for name in (row.name, *row.aliases)]
    names += [command.name for command in (*commands.COMMANDS, *commands.RAW)]
    assert len(names) == len(set(names))
    assert {operation for operation, rows in SHARED.items() if len(rows) > 1} == {"ImageCreate"}
    assert len({(row.method, row.path) for row in ENDPOINTS}) == len(SHARED)


@rows
def test_a_row_is_complete(row):
    params = (*row.places, *row.query, *row.local)
    assert row.reply in tables.KINDS
    assert row.body in bodies.KINDS
    assert row.stream in OPTIONAL
    assert row.summary
    assert not row.summary.endswith(".")
    assert re.findall(r"\{(\w+)\}", row.path) == [param.name for param in row.places]
    assert row.patience is None or row.param(row.patience[0]) is not None
    assert len({param.name for param in params}) == len(params)
    assert set(row.steps) <= set(row.statuses)
    for param in params:
        assert param.kind == "flag" or param.kind in arguments.KINDS, param.name
        assert param.help, param.name
        assert param.kind != "choice" or param.choices, param.name
        assert not param.since or endpoints.version(param.since)


@rows
def test_every_spelling_of_an_option_means_one_thing(row):
    spelled = {}
    for param in arguments.params(row):
        for text in (param.option, *(f"--{alias}" for alias in param.aliases)):
            assert spelled.setdefault(text, param) is param, text
    own = [param.short for param in (*row.query, *(flag.param for flag in bodies.KINDS[row.body])) if param.short]
    assert len(own) == len(set(own))


@pytest.mark.parametrize("row", commands.COMMANDS, ids=lambda row: row.name)
def test_a_command_of_ours_is_complete(row):
    assert row.kind in {"", *tables.COLUMNS}
    assert row.body in bodies.KINDS
    for param in (*row.places, *row.query, *row.local):
        assert param.kind in {"flag", *arguments.KINDS}


@rows
def test_a_row_is_what_the_specification_says(row):
    theirs = SPEC["operations"][row.operation]
    assert (row.method, row.path) == (theirs["method"], theirs["path"])
    extra = {name for operation, name in MORE_QUERY if operation == row.operation}
    together = {param.name for each in SHARED[row.operation] for param in each.query}
    assert together == {*theirs["query"], *extra}
    more = {status for operation, status in MORE_STATUSES if operation == row.operation}
    assert set(row.statuses) == {*theirs["statuses"], *more}
    assert any(each.body for each in SHARED[row.operation]) == theirs["body"]


def test_what_the_specification_leaves_out_is_still_left_out():
    for operation, status in MORE_STATUSES:
        assert status not in SPEC["operations"][operation]["statuses"], f"{operation} {status} is no exception any more"
    for operation, name in MORE_QUERY:
        assert name not in SPEC["operations"][operation]["query"], f"{operation} {name} is no exception any more"


def test_the_extract_is_of_the_version_that_we_speak():
    assert SPEC["version"] == endpoints.NEWEST
    assert "Apache License 2.0" in SPEC["about"]
    assert len(SPEC["operations"]) > 50


def test_the_keys_of_a_body_are_those_of_the_specification():
    assert set(SPEC["keys"]["ContainerConfig"]) | {"HostConfig", "NetworkingConfig"} == bodies.CONFIG_KEYS
    assert set(SPEC["keys"]["HostConfig"]) == bodies.HOST_KEYS
    assert set(SPEC["keys"]["NetworkingConfig"]) == bodies.NETWORKING_KEYS


@pytest.mark.parametrize("flag", bodies.FLAGS, ids=lambda flag: flag.param.name)
def test_a_flag_sets_a_key_that_the_specification_has(flag):
    section, key = ("", flag.at[0]) if len(flag.at) == 1 else flag.at
    assert key in bodies.SECTIONS[section]


def compared(tree: ast.AST) -> set[str]:
    """Every text that some code compares with, or matches."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            found |= {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
        if isinstance(node, ast.MatchValue):
            found |= {each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)}
    return {text for text in found if isinstance(text, str)}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_no_code_asks_for_the_name_of_an_operation(path):
    names = {name for row in ENDPOINTS for name in (row.name, row.operation, row.path, *row.aliases)}
    assert not compared(ast.parse(path.read_text(encoding="utf-8"))) & names


def test_that_check_can_fail():
    assert compared(ast.parse('if row.name in ("list", "top"): pass')) == {"list", "top"}


@pytest.mark.parametrize(("text", "number"), [("1.51", (1, 51)), ("v1.4", (1, 4)), (" 1.24 ", (1, 24))])
def test_version(text, number):
    assert endpoints.version(text) == number


@pytest.mark.parametrize("text", ["", "1", "one", "1.51.2", "None", "-1.2"])
def test_what_is_no_version(text):
    with pytest.raises(ValueError, match="no API version"):
        endpoints.version(text)


def test_markdown_has_a_line_for_each_row():
    lines = endpoints.markdown(ENDPOINTS).splitlines()
    assert len(lines) == len(ENDPOINTS) + 2
    assert all(f"`{row.method} {row.path}`" in line for row, line in zip(ENDPOINTS, lines[2:], strict=True))
