"""The catalogue of messages is whole, and a reader of Chinese gets Chinese."""

from __future__ import annotations

import ast
import gettext
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dockermagic import __main__ as command
from dockermagic import language, magic, session
from dockermagic.errors import BadArgument, NotFound
from dockermagic.language import CHOICE, say

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("catalogue_tool", ROOT / "tools" / "catalogue.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def chinese():
    CHOICE.chosen = "zh"


def test_the_catalogue_is_whole(tool):
    found = tool.findings()
    assert not found, "\n".join(["run `make docs`, then write the Chinese into the .po file:", *found])


def test_every_call_of_say_is_one_that_a_catalogue_can_hold(tool):
    """What is said is a text, a choice of texts, or comes from a table that the tool reads."""
    texts = {text for path in tool.SOURCES for text in tool.said(ast.parse(path.read_text(encoding="utf-8")))}
    assert len(texts) > 300
    with pytest.raises(ValueError, match="f-string"):
        [*tool.said(ast.parse("say(f'{x} is gone')"))]
    assert [*tool.said(ast.parse("say('a' if x else 'b', y=mark('c')); say(x or 'd'); say(TABLE[x])"))] == list("abdc")


@pytest.mark.parametrize(
    ("english", "chinese", "fault"),
    [
        ("{name} is gone", "", "not translated"),
        ("{name} is gone", "{names} 已删除", "other placeholders"),
        ("see `%docker list`", "见 `%docker ps`", "lacks `%docker list`"),
        ("the process", "行程", "glossary"),
        ("one, two", "一,二", "half-width"),
        ("the API", "调用API", "no space"),
        ("{name} is gone", "{name}已删除", "no space"),
        ("see `%docker list`", "见`%docker list`", "no space"),
        ("the API, the engine", "API， 引擎", "a space too many"),
        ("the engine", "引 擎", "two Chinese characters"),
        ("the “engine”", "「引擎」", "quotation"),
        ("it runs programs", "它运行程序。", None),
        ("{seen}, and more", "{seen}，还有 `x` 和 {count} 个 API：“好”", None),
    ],
)
def test_what_a_translation_may_not_do(tool, english, chinese, fault):
    english = english if fault else chinese
    found = [*tool.faults(english, chinese, tool.ruled_out())]
    assert any(fault in each for each in found) if fault else found == []


def test_the_tool_keeps_translations_and_drops_what_is_said_no_more(tool, tmp_path):
    made = tool.catalogue({"old {x}": ["a.py"], "new": ["b.py"]}, {"old {x}": "旧 {x}", "gone": "没了"})
    for name, data in (("m.po", tool.as_po(made)), ("m.mo", tool.as_mo(made))):
        (tmp_path / name).write_bytes(data)
    assert tool.stored(tmp_path / "m.po") == {"old {x}": "旧 {x}", "new": ""}
    assert tool.stored(tmp_path / "m.mo") == {"old {x}": "旧 {x}"}


def test_what_another_branch_has_translated_is_taken(tool, monkeypatch, tmp_path, capsys):
    for name, chinese in (("ours", {"a": "甲"}), ("theirs", {"a": "乙", "b": "丙"})):
        (tmp_path / f"{name}.po").write_bytes(tool.as_po(tool.catalogue({"a": ["x"], "b": ["x"]}, chinese)))
    monkeypatch.setattr(tool, "PO", tmp_path / "ours.po")
    monkeypatch.setattr(tool, "MO", tmp_path / "ours.mo")
    monkeypatch.setattr(tool, "messages", lambda: {"a": ["x"], "b": ["x"]})
    monkeypatch.setattr(sys, "argv", ["catalogue.py", "--take", str(tmp_path / "theirs.po")])
    assert tool.main() == 0
    assert tool.stored(tmp_path / "ours.mo") == {"a": "甲", "b": "丙"}
    assert "2 of 2" in capsys.readouterr().out


def test_the_check_fails_where_something_is_missing(tool, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tool, "PO", tmp_path / "none.po")
    monkeypatch.setattr(tool, "MO", tmp_path / "none.mo")
    monkeypatch.setattr(sys, "argv", ["catalogue.py", "--check"])
    assert tool.main() == 1
    assert "is not in the catalogue" in capsys.readouterr().err
    assert not (tmp_path / "none.po").exists()


def test_an_error_in_chinese(shell, chinese):
    found = shell.run("%docker start --tailor 3 web")
    assert isinstance(found.error, BadArgument)
    lines = found.error.lines()
    assert lines[0] == "BadArgument: start 没有选项 --tailor"
    assert lines[1] == "→ `%docker start --help` 列出它的选项"


def test_a_help_page_in_chinese(chinese):
    text = magic.help_page(magic.BY_NAME["stop"]).plain()
    assert "请容器结束，若不结束就杀死它。" in text
    assert {"选项", "状态码"} <= set(text.splitlines())
    assert "没有这个容器" in text
    prose = [line for line in text.splitlines()[2:] if "  " in line.strip()]
    assert all(HAN.search(line) for line in prose), text


def test_the_caption_of_a_frame_in_chinese(shell, chinese):
    text = shell.run("%docker doctor").text
    assert re.search(r"^（\d+ 处）$", text, re.MULTILINE), text
    assert "默认套接字" in text


def test_a_choice_is_taken_at_once(shell):
    assert "没有子命令" not in shell.run("%docker lisst").text
    assert shell.run('%config DockerMagic.language = "zh"').error is None
    assert "没有子命令" in shell.run("%docker lisst").text
    assert "调用 Docker Engine API" in shell.ip.find_line_magic("docker").__doc__
    assert shell.run('%config DockerMagic.language = "en"').error is None
    assert "there is no subcommand" in shell.run("%docker lisst").text


def test_a_language_that_is_not_there(shell, caplog):
    """`%config` logs an error, and does not raise it."""
    shell.run('%config DockerMagic.language = "zh"')
    caplog.clear()
    shell.run('%config DockerMagic.language = "fr"')
    assert caplog.messages == ["DockerMagic.language 不接受 'fr'；可用的有 en, zh"]
    assert CHOICE.chosen == "zh"


def test_the_commands_help_in_chinese(chinese, capsys):
    assert command.main([]) == 0
    assert "铺好笔记本" in capsys.readouterr().out


def test_the_table_of_places_keeps_its_columns(chinese):
    seen = [
        type("Seen", (), {"host": "unix:///a", "source": "默认套接字", "verdict": "no", "detail": "x"}),
        type("Seen", (), {"host": "unix:///b", "source": "Colima", "verdict": "taken", "detail": "x"}),
    ]
    lines = command.table(seen)
    assert len({command._columns(line) for line in lines[1:]}) == 1


def test_the_language_is_found_once(monkeypatch):
    asked = []
    monkeypatch.setattr(language, "detect", lambda environ, folder: asked.append(folder) or "zh")
    CHOICE.chosen = ""
    assert [say("in use"), say("not started")] == ["使用中", "未启动"]
    assert len(asked) == 1


def test_a_folder_that_is_gone_is_no_error(monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(language.Path, "cwd", gone)
    assert language.here() == Path("/")


def test_importing_reads_no_catalogue():
    code = (
        "import dockermagic.magic as m; from dockermagic import language as l; "
        "print(l.catalogue.cache_info().currsize, m.DockerMagic.docker.__doc__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["0", "None"]


def test_an_engines_own_words_stay_as_they_are(chinese):
    assert session.message(b'{"message": "No such container: web"}') == "No such container: web"
    assert NotFound("No such container: web").lines() == ["NotFound (None): No such container: web"]


def test_the_compiled_catalogue_is_in_the_package():
    assert gettext.find(language.DOMAIN, language.LOCALE, ["zh"])
