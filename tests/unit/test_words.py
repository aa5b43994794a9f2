"""A line as it was typed → words."""

from __future__ import annotations

import contextlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockermagic import words
from dockermagic.errors import BadArgument, LeftOver


class Thing:
    name = "web"
    size = 5


VALUES = {
    "x": "web",
    "n": 5,
    "f": 0.5,
    "two": "a b",
    "apostrophe": "it's",
    "quote": 'say "hi"',
    "end": "a;",
    "backslash": "a\\b",
    "thing": Thing(),
    "names": ["web", "db"],
    "dict_": {"a": "web"},
    "nothing": None,
    "empty": "",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("list", ["list"]),
        ("  list   --all ", ["list", "--all"]),
        ("create busybox -- sh -c 'echo hi'", ["create", "busybox", "--", "sh", "-c", "echo hi"]),
        ('create busybox sh -c "echo hi"', ["create", "busybox", "sh", "-c", "echo hi"]),
        ("a\\ b", ["a b"]),
        # comments
        ("list # all of them", ["list"]),
        ("# nothing", []),
        ("list#1", ["list#1"]),
        ("a '# b' # c", ["a", "# b"]),
        ('a "# b" # it\'s', ["a", "# b"]),
        # values
        ("inspect $x", ["inspect", "web"]),
        ("inspect {x}", ["inspect", "web"]),
        ("stop web --t $n", ["stop", "web", "--t", "5"]),
        ("create busybox --cpus={f}", ["create", "busybox", "--cpus=0.5"]),
        ("inspect $thing.name", ["inspect", "web"]),
        ("inspect {thing.name}-{n + 1}", ["inspect", "web-6"]),
        ("inspect $x-1", ["inspect", "web-1"]),
        ("inspect $x.old", ["inspect", "web.old"]),
        ("inspect {names[0]}", ["inspect", "web"]),
        ("inspect {dict_['a']}", ["inspect", "web"]),
        ("inspect {[y for y in names if y != x][0]}", ["inspect", "db"]),
        ('create busybox -e "GREETING=$x you"', ["create", "busybox", "-e", "GREETING=web you"]),
        ("list $two", ["list", "a", "b"]),
        ('list "$two"', ["list", "a b"]),
        ("list $apostrophe", ["list", "it's"]),
        ('list "$apostrophe"', ["list", "it's"]),
        ("list -f name=$quote", ["list", "-f", "name=say", '"hi"']),
        ('list "$quote"', ["list", 'say "hi"']),
        ("list $backslash", ["list", "a\\b"]),
        ('list "{backslash}"', ["list", "a\\b"]),
        ("list x$empty", ["list", "x"]),
        # what is left as it stands
        ("sh -c 'echo $HOME {x} ${y}'", ["sh", "-c", "echo $HOME {x} ${y}"]),
        ('sh -c "echo $HOME"', ["sh", "-c", "echo $HOME"]),
        ("sh -c 'echo $x'", ["sh", "-c", "echo $x"]),
        ("echo $$HOME", ["echo", "$HOME"]),
        ("echo {{x}}", ["echo", "{x}"]),
        ("echo 5$ $5 $", ["echo", "5$", "$5", "$"]),
        ("sh -c 'a | b > c && d'", ["sh", "-c", "a | b > c && d"]),
        ('sh -c "a | b < c &"', ["sh", "-c", "a | b < c &"]),
        ("GET /x?a=1&b=2", ["GET", "/x?a=1&b=2"]),
        ("logs web --since 2026-01-31T12:00:00Z", ["logs", "web", "--since", "2026-01-31T12:00:00Z"]),
        ("inspect 名字", ["inspect", "名字"]),
    ],
)
def test_words(line, expected):
    said = words.read(line, VALUES)
    assert said == words.Line(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("list;", words.Line(["list"], quiet=True)),
        ("list ;", words.Line(["list"], quiet=True)),
        ("list ; # quiet", words.Line(["list"], quiet=True)),
        ("echo 'a;'", words.Line(["echo", "a;"])),
        ("echo a\\;", words.Line(["echo", "a;"])),
        ("list $end", words.Line(["list", "a;"])),
        ("create --name web << made", words.Line(["create", "--name", "web"], bind="made")),
        ("create <<made", words.Line(["create"], bind="made")),
        ("create << made  ", words.Line(["create"], bind="made")),
        ("create << 名", words.Line(["create"], bind="名")),
    ],
)
def test_bind_and_quiet(line, expected):
    assert words.read(line, VALUES) == expected


@pytest.mark.parametrize(
    ("line", "kind", "fragment"),
    [
        ("inspect it's", BadArgument, "no closing quotation"),
        ('inspect "web', BadArgument, "no closing quotation"),
        ("inspect web\\", BadArgument, "no escaped character"),
        ("list | head", BadArgument, "`| head` is for a shell"),
        ("list > out.txt", BadArgument, "`> out.txt` is for a shell"),
        ("list >out.txt", BadArgument, "is for a shell"),
        ("create < body.json", BadArgument, "`< body.json` is for a shell"),
        ("create <<", BadArgument, "is for a shell"),
        ("create << 1st", BadArgument, "is for a shell"),
        ("create busybox sleep 9 && ls", BadArgument, "`&& ls` is for a shell"),
        ("create busybox sleep 9 &", BadArgument, "`&` is for a shell"),
        ("inspect $web", LeftOver, "no variable 'web'"),
        ("inspect {web}", LeftOver, "`{web}` has no value"),
        ("inspect {", LeftOver, "opens a brace"),
        ("inspect {x", LeftOver, "opens a brace"),
        ("inspect {}", LeftOver, "has no value"),
        ("inspect {1/0}", LeftOver, "ZeroDivisionError"),
        ('create {"Image": "busybox"}', LeftOver, "SyntaxError"),
        ("create {dict(Image='busybox')}", LeftOver, "is a dict"),
        ("list --filters={1,2}", LeftOver, "is a tuple"),
        ("inspect $names", LeftOver, "is a list"),
        ("inspect {names}", LeftOver, "is a list"),
        ("inspect $nothing", LeftOver, "is a NoneType"),
        ("inspect $thing.colour", LeftOver, "is a Thing"),
    ],
)
def test_what_is_refused(line, kind, fragment):
    with pytest.raises(kind) as caught:
        words.read(line, VALUES)
    assert fragment in caught.value.what
    assert caught.value.step


def test_numbers_of_a_frame_are_plain():
    import pandas as pd

    frame = pd.DataFrame({"id": pd.Series(["abc"], dtype="string"), "size": [7], "share": [0.5]})
    assert words.read("a {df.id[0]} {df['size'][0]} {df.share[0]}", {"df": frame}).words == ["a", "abc", "7", "0.5"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=5))
def test_quoted_words_come_back(texts):
    assert words.read(shlex.join(texts), {}).words == texts


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_a_value_in_double_quotes_is_one_word(text):
    assert words.read('a "{x}" b', {"x": text}).words == ["a", text, "b"]


@given(st.text(max_size=30))
def test_any_line_is_read_or_refused_in_words(text):
    with contextlib.suppress(BadArgument, LeftOver):
        words.read(text, {"x": 1})
