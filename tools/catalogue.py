"""Keep the catalogue of messages: every English text that a reader may see, and its Chinese.

python tools/catalogue.py            bring the catalogue up to date, keep its translations, compile it
python tools/catalogue.py --take PO  the same, after a merge: what ours lacks comes from this file
python tools/catalogue.py --check    write nothing; name what is missing, stale or badly set, and fail

The texts are those of `say` and `mark` in the package, and those of its tables, which are plain literals there. The
Chinese stands in `dockermagic/locale/zh/LC_MESSAGES/dockermagic.po`: edit it there, then run this.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from dockermagic import arguments, bodies, commands, endpoints, errors, states
from dockermagic.language import DOMAIN
from dockermagic.lessons import course

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dockermagic"
SOURCES = (*sorted(PACKAGE.rglob("*.py")), ROOT / "tools" / "lessons.py")
GLOSSARY = ROOT / "docs" / "glossary.zh.md"
PO = PACKAGE / "locale" / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
WORDS = ("say", "mark")
BEGAN = datetime(2026, 11, 24, tzinfo=timezone.utc)  # no other date: a file that changes with the clock tells nothing

PLACEHOLDER = re.compile(r"\{(\w+)(?:![rs])?(?::[^{}]*)?\}")
CODE = re.compile(r"`[^`]*`")
HAN = "\u4e00-\u9fff"
PROSE = frozenset(
    "come part what why seen here help notes kind meaning place places names hint step source value link".split()
)
"""Placeholders that may stand for Chinese: no space is owed beside them."""
INNOCENT = ("运行程序", "执行程序", "主机端口")
"""Words that hold a term which the glossary rules out, across two words."""
SETTING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[「」『』]"), "quotation marks are “ ”"),
    (re.compile(rf"[{HAN}”][,.;:?!()]|[,;:?!()][{HAN}“]"), "half-width punctuation beside Chinese"),
    (re.compile(rf"[{HAN}][A-Za-z0-9%]|[A-Za-z0-9%][{HAN}]"), "no space between Chinese and Latin"),
    (re.compile(rf"[{HAN}]  +|  +[{HAN}]| [，。；：？！、）]|[，。；：？！、（] "), "a space too many"),
    (re.compile(rf"[{HAN}] [{HAN}]"), "a space between two Chinese characters"),
)


def said(tree: ast.AST) -> Iterator[str]:
    """The texts that a module gives to `say` and `mark`; both of a choice between two.

    Raises:
        ValueError: an f-string, which no catalogue can hold.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS and node.args:
            yield from _texts(node.args[0])


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        raise ValueError(f"line {node.lineno}: an f-string cannot be translated; name its values")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for each in node.values for text in _texts(each))


def of_params(params: Iterable[endpoints.Param]) -> Iterator[str]:
    for param in params:
        yield from (param.help, param.default)


def of_rows() -> Iterator[str]:
    for row in endpoints.ENDPOINTS:
        yield from (row.summary, *row.statuses.values(), *row.steps.values(), row.silent)
        yield from of_params((*row.places, *row.query, *row.local))


def of_commands() -> Iterator[str]:
    for command in (*commands.COMMANDS, *commands.RAW):
        yield command.summary
        yield from of_params((*command.places, *command.query, *command.local))


def of_flags() -> Iterator[str]:
    yield from of_params(flag.param for flags in bodies.KINDS.values() for flag in flags)


def of_errors() -> Iterator[str]:
    """What each error that keeps an engine away is in a few words, as `locate.short` has it."""
    kinds = [errors.EngineError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        yield str(kind.__doc__).rstrip(".")


def of_states() -> Iterator[str]:
    yield from (arrow.what for arrow in states.ARROWS)


TABLES = {
    "endpoints": of_rows,
    "arguments": lambda: of_params(arguments.COMMON),
    "bodies": of_flags,
    "commands": of_commands,
    "errors": of_errors,
    "states": of_states,
    "lessons/course": course.texts,
}


def messages() -> dict[str, list[str]]:
    """Every text → the files that it comes from, both in their order."""
    found: dict[str, list[str]] = {}
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        try:
            texts = [*said(ast.parse(path.read_text(encoding="utf-8")))]
        except ValueError as error:
            raise ValueError(f"{name}, {error}") from None
        _add(found, name, texts)
    for module, texts_of in TABLES.items():
        _add(found, f"dockermagic/{module}.py", texts_of())
    return found


def _add(found: dict[str, list[str]], name: str, texts: Iterable[str]) -> None:
    for text in filter(None, texts):
        places = found.setdefault(text, [])
        if name not in places:
            places.append(name)


def stored(path: Path) -> dict[str, str]:
    """Text → its Chinese, as a catalogue has them; "" for none yet."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        found = read_mo(file) if path.suffix == ".mo" else read_po(file)
    return {str(each.id): str(each.string or "") for each in found if each.id}


def catalogue(found: dict[str, list[str]], chinese: dict[str, str]) -> Catalog:
    """The catalogue as it should be, without what no one says any more."""
    made = Catalog(
        locale="zh",
        domain=DOMAIN,
        header_comment="# The Chinese of dockermagic's messages. See tools/catalogue.py.",
        project=DOMAIN,
        version="1",
        language_team="zh",
        last_translator="dockermagic",
        creation_date=BEGAN,
        revision_date=BEGAN,
        fuzzy=False,
    )
    for text, places in found.items():
        made.add(text, chinese.get(text, ""), locations=[(place, 0) for place in places])
    return made


def as_po(made: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, made, width=110, include_lineno=False, ignore_obsolete=True)
    return re.sub(rb'^"(Generated-By|Report-Msgid).*\n', b"", out.getvalue(), flags=re.M)


def as_mo(made: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, made)
    return out.getvalue()


def ruled_out() -> dict[str, str]:
    """Each term that the glossary rules out → the one to use."""
    rows = re.findall(r"^\|(.*)\|$", GLOSSARY.read_text(encoding="utf-8"), re.M)
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows[2:]]
    return {term: row[0] for row in cells for term in row[3].split("、") if term}


def faults(text: str, chinese: str, terms: dict[str, str]) -> Iterator[str]:
    """What is wrong with one translation."""
    if not chinese:
        yield "is not translated"
        return
    if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(chinese)):
        yield "has other placeholders"
    if missing := set(CODE.findall(text)) - set(CODE.findall(chinese)):
        yield f"lacks {' '.join(sorted(missing))}"
    words = re.sub("|".join(INNOCENT), "", chinese)
    for term, wanted in terms.items():
        if term in words:
            yield f"says {term}, for which the glossary has {wanted}"
    plain = PLACEHOLDER.sub(lambda found: "\0" if found[1] in PROSE else "x", CODE.sub("x", chinese))
    for pattern, what in SETTING:
        if at := pattern.search(plain):
            yield f"{what}: {plain[max(0, at.start() - 4) : at.end() + 4]!r}"


def findings() -> list[str]:
    """All that is wrong with the catalogue, a line each."""
    found, chinese, terms = messages(), stored(PO), ruled_out()
    lines = [f"is not in the catalogue: {text!r}" for text in found if text not in chinese]
    lines += [f"is said no more: {text!r}" for text in chinese if text not in found]
    lines += [f"{fault}: {text!r}" for text in found if text in chinese for fault in faults(text, chinese[text], terms)]
    if stored(MO) != {text: said for text, said in chinese.items() if said}:
        lines.append(f"{MO.name} is behind: run `make docs`")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail where anything is wrong")
    parser.add_argument("--take", type=Path, help="a catalogue whose Chinese is taken where ours has none")
    words = parser.parse_args()
    if not words.check:
        theirs = stored(words.take) if words.take else {}
        ours = {text: said for text, said in stored(PO).items() if said}
        made = catalogue(messages(), {**theirs, **ours})
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(as_po(made))
        MO.write_bytes(as_mo(made))
        print(f"wrote {PO.name}: {sum(bool(each.string) for each in made if each.id)} of {len(made)} translated")
        return 0
    lines = findings()
    print("\n".join(lines) or "the catalogue is whole", file=sys.stderr if lines else sys.stdout)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
