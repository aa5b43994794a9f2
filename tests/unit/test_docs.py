"""What is generated is up to date, and what the README names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dockermagic import __version__

ROOT = Path(__file__).parents[2]
TABLES = {
    "SECURITY.md": [
        "A hostile engine", "A saved notebook", "A network in between", "Another user", "A hostile container",
        "A hostile archive", "A hostile client",
    ],
    "docs/faults.md": [
        "killed in the middle of `list`", "`logs --follow`", "`export`", "`events`", "`exec`",
        "cut, at any byte of a frame", "reader is slow", "never answers", "disk is full", "clock jumps",
        "stopped at once", "suspended", "upgraded",
    ],
}  # fmt: skip
"""What a page's tables must speak of, in the first column."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("tool", ["reference", "coverage"])
def test_what_is_generated_is_up_to_date(tool: str) -> None:
    found = subprocess.run(
        [sys.executable, str(ROOT / "tools" / f"{tool}.py"), "--check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def rows(page: str) -> list[list[str]]:
    """The cells of each row of a page's tables, without the titles."""
    lines = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [re.split(r" \| ?", line.removeprefix("| ").removesuffix(" |")) for line in lines][1:]


@pytest.mark.parametrize(("page", "subject"), [(page, subject) for page in TABLES for subject in TABLES[page]])
def test_each_subject_has_a_row(page: str, subject: str) -> None:
    assert any(re.search(subject, row[0]) for row in rows(page)), f"{page} has no row on {subject!r}"


@pytest.mark.parametrize("page", TABLES)
def test_each_row_has_tests_that_are_there(page: str) -> None:
    assert len(rows(page)) >= len(TABLES[page])
    for row in rows(page):
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1])
        assert named, row
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(), f"{file} has no {test}"


def test_one_version() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_the_coverage_has_no_empty_row() -> None:
    """Each operation has a subcommand or a reason, and each subcommand was seen somewhere or says why not."""
    lines = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [A-Z][a-z]+[A-Z]\w+ \|", line)
    ]
    assert len(lines) > 50
    for operation, _, _, subcommand, practice, seen in lines:
        if subcommand.startswith("left out"):
            assert len(subcommand) > len("left out: "), operation
        else:
            assert practice, operation
            assert seen, operation


def test_nothing_is_said_to_be_left_out_that_has_a_row() -> None:
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    source = (ROOT / "tools" / "coverage.py").read_text(encoding="utf-8")
    left_out = re.findall(r'^    "([A-Z]\w+)": "', source, re.MULTILINE)
    assert left_out
    for operation in left_out:
        assert re.search(rf"\| {operation} \|.*\| left out: \S", page), operation
