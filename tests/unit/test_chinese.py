"""The Chinese edition: in step with the English one, of the same shape, and written as the glossary asks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / "notebooks"
CHINESE = ENGLISH / "zh"
PAGES = {"README.md": "README.zh.md", "docs/instructors.md": "docs/instructors.zh.md"}
LESSONS = sorted(path.stem for path in CHINESE.glob("[0-9]*.ipynb"))

HAN, FULL = "\u3400-\u9fff", "，。：；？！、（）“”‘’《》"
MARKS = FULL + "`"
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
CODE = re.compile(r"`+[^`]+`+")
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
RULES = {
    "half-width punctuation beside Chinese": rf"[{HAN}][,.:;?!()\"]|[,;:?!()\"] ?[{HAN}]",
    "no space between Chinese and Latin": rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]",
    "more than one space": r"(?<=\S)  +(?=\S)",
    "a space between two Chinese characters": rf"[{HAN}] +[{HAN}]",
    "a space beside full-width punctuation": rf"[{FULL}] | [{FULL}]",
    "an English sentence": r"[A-Za-z']+(?:,? [A-Za-z']+){7,}",
}


def prose(text: str) -> Iterator[str]:
    """The pieces of a text that a reader reads as sentences: code is a letter, marks are gone, tables are cells."""
    text = CODE.sub("x", FENCE.sub("", text))
    for line in LINK.sub(r"\1", text).replace("*", "").splitlines():
        for cell in line.split("|"):
            yield re.sub(r"^(?:#+|[->]|\d+\.) +", "", cell.strip())


def unshown(text: str) -> list[str]:
    """Asterisks that CommonMark does not take for emphasis: punctuation within, and Chinese without."""
    lines = CODE.sub("`x`", FENCE.sub("", text)).replace("**", "*")
    return [
        found[0]
        for found in re.finditer(r"\*([^*\n]+)\*", lines)
        if (found[1][0] in MARKS and re.match(rf"[{HAN}]", lines[found.start() - 1 : found.start()]))
        or (found[1][-1] in MARKS and re.match(rf"[{HAN}]", lines[found.end() : found.end() + 1]))
    ]


def broken(text: str) -> list[str]:
    """Each rule that a text breaks, with the place."""
    pieces = list(prose(text))
    rules = {**RULES, **{f"the glossary rules out {term}": term for term in ruled_out()}}
    marks = [f"emphasis that is not shown: {piece}" for piece in unshown(text)]
    return marks + [f"{rule}: {piece}" for rule, form in rules.items() for piece in pieces if re.search(form, piece)]


def ruled_out() -> list[str]:
    """The last column of the glossary."""
    lines = (ROOT / "docs" / "glossary.zh.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert rows[0][-1] == "不用"
    return [term for row in rows[2:] for term in row[-1].split("、") if term]


def shape(text: str) -> dict[str, list[int]]:
    """What a translation keeps: the levels of the headings, the columns of each row of a table, blocks of code."""
    lines = FENCE.sub("", text).splitlines()
    return {
        "headings": [len(line) - len(line.lstrip("#")) for line in lines if line.startswith("#")],
        "tables": [CODE.sub("x", line).count("|") for line in lines if line.startswith("|")],
        "blocks": [len(FENCE.findall(text))],
    }


@pytest.fixture(scope="module")
def editions():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import editions
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return editions


@pytest.fixture(params=LESSONS)
def cells(request, editions):
    """The Markdown cells of a lesson: its id, the English text, the Chinese one."""
    english, chinese = editions.read(ENGLISH, request.param), editions.read(CHINESE, request.param)
    theirs = {cell.id: cell.source for cell in chinese.cells}
    return [(cell.id, cell.source, theirs.get(cell.id, "")) for cell in english.cells if cell.cell_type == "markdown"]


def test_there_is_a_chinese_edition():
    assert "00-start" in LESSONS


def test_the_editions_are_in_step(editions):
    found = [finding for finding in editions.findings() if finding.notebook in LESSONS]
    assert [str(finding) for finding in found] == [], "tools/editions.py shows what to do"


def test_the_chinese_is_written_as_agreed(cells):
    assert [f"{name}: {what}" for name, _, text in cells for what in broken(text)] == []


def test_headings_and_tables_keep_their_shape(cells):
    assert [(name, shape(text)) for name, _, text in cells] == [(name, shape(text)) for name, text, _ in cells]


def page(name: str) -> str:
    """A page as prose: without comments, and without blocks of code that are only indented."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"^    .*\n", "", re.sub(r"<!--.*?-->\n?", "", text, flags=re.S), flags=re.M)


def commands(name: str) -> list[str]:
    """What a page has in blocks of code, and its pictures."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [*FENCE.findall(text), *re.findall(r"^    .*", text, re.M), *re.findall(r"!\[[^\]]*\]\(([^)\s]+)", text)]


@pytest.mark.parametrize("name", PAGES.values())
def test_a_chinese_page_is_written_as_agreed(name):
    assert broken(page(name)) == []


@pytest.mark.parametrize(("english", "chinese"), PAGES.items())
def test_both_pages_have_the_same_shape_and_the_same_commands(english, chinese):
    assert shape(page(chinese)) == shape(page(english))
    assert commands(chinese) == commands(english)
    assert len(commands(english)) > 5


@pytest.mark.parametrize(("english", "chinese"), PAGES.items())
def test_both_pages_link_to_each_other(english, chinese):
    for one, other in ((english, chinese), (chinese, english)):
        assert f"({Path(other).name})" in (ROOT / one).read_text(encoding="utf-8").split("\n## ")[0]


def test_links_stay_in_the_edition_and_lead_somewhere(cells):
    targets = [target.split("#")[0] for _, _, text in cells for _, target in LINK.findall(text)]
    files = [target for target in targets if target and "://" not in target]
    assert [
        file for file in files if not (ENGLISH if file.endswith(".ipynb") else CHINESE).joinpath(file).exists()
    ] == []
    assert [file for file in files if file.endswith(".ipynb") and "/" in file] == []


@pytest.mark.parametrize(
    "text",
    [
        "容器,镜像",
        "容器(container)",
        "用 `list`,再看",
        "用`list` 列出",
        "用 `list`列出",
        "共3 个",
        "用  `list` 列出",
        "容器 镜像",
        "容器 （container）",
        "如下： `a`",
        "| 容器 | 用`a` |\n|---|---|",
        "> **尚未翻译**：A row for each container, and the newest of them first.",
        "这是一个货柜。",
        "**注意：**容器",
        "这是**`box`**。",
        "- 见[容器,镜像](01-list.ipynb)。",
    ],
)
def test_what_is_not_agreed_is_found(text):
    assert broken(text)


@pytest.mark.parametrize(
    "text",
    [
        "### 容器（container）\n\n用 `list,all` 列出：**3 个**。",
        "```\n容器,镜像 货柜\n```",
        "| 容器 | `a`、`b` |\n|---|---|\n| 共 2 个 | 见[第 01 课](01-list.ipynb) |",
        "1. 它写作 `--size`（`-s`）\n2. *约 3 分钟。*",
        "Docker Engine API",
    ],
)
def test_what_is_agreed_passes(text):
    assert broken(text) == []
