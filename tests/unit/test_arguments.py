"""Words → values, values → the query, and the help for both."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockermagic import arguments, commands
from dockermagic.endpoints import BY_NAME, ENDPOINTS, Param
from dockermagic.errors import BadArgument


def parsed(line: str, *, cell: bool = False) -> arguments.Arguments:
    name, *rest = line.split()
    row = BY_NAME.get(name) or commands.NAMED[name]
    return arguments.parse(row, rest, cell=cell)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("list", {}),
        ("list --all", {"all": True}),
        ("list -a -s", {"all": True, "size": True}),
        ("list -as", {"all": True, "size": True}),
        ("list --all=false", {"all": False}),
        ("list --all=1", {"all": True}),
        ("list -n 5", {"limit": 5}),
        ("list -n5", {"limit": 5}),
        ("list -n=5", {"limit": 5}),
        ("list --limit=5", {"limit": 5}),
        ("list --last 5", {"limit": 5}),
        ("list -an5", {"all": True, "limit": 5}),
        ("list --filters status=running", {"filters": {"status": ["running"]}}),
        ("list -f a=1 -f a=2 -f b=x=y", {"filters": {"a": ["1", "2"], "b": ["x=y"]}}),
        ("list --json", {"json": True}),
        ("inspect web", {"id": "web"}),
        ("inspect /web", {"id": "web"}),
        ("inspect -- -web", {"id": "-web"}),
        ("top web --ps_args aux", {"id": "web", "ps_args": "aux"}),
        ("logs web --tail 5 -t -f", {"id": "web", "tail": "5", "timestamps": True, "follow": True}),
        ("logs web --tail=all", {"id": "web", "tail": "all"}),
        ("stop web --t 3", {"id": "web", "t": 3}),
        ("stop web -t 0", {"id": "web", "t": 0}),
        ("stop web --t -1", {"id": "web", "t": -1}),
        ("stop web --time 3 --signal HUP", {"id": "web", "t": 3, "signal": "HUP"}),
        ("kill web -s 9", {"id": "web", "signal": "9"}),
        ("kill web -s SIGRTMIN+3", {"id": "web", "signal": "SIGRTMIN+3"}),
        ("wait web --condition removed", {"id": "web", "condition": "removed"}),
        ("remove web -fv", {"id": "web", "force": True, "v": True}),
        ("rename web www", {"id": "web", "name": "www"}),
        ("rename web --name www", {"id": "web", "name": "www"}),
        ("connect", {}),
        ("connect unix:///e", {"target": "unix:///e"}),
        ("GET /info", {"path": "/info"}),
        ("list --as curl", {"as": "curl"}),
    ],
)
def test_values(line, values):
    assert parsed(line).values == values


@pytest.mark.parametrize(
    ("line", "image", "command", "flags", "values"),
    [
        ("create busybox", "busybox", [], {}, {}),
        ("create busybox --name web", "busybox", [], {}, {"name": "web"}),
        ("create --name web busybox", "busybox", [], {}, {"name": "web"}),
        ("create busybox sleep 60", "busybox", ["sleep", "60"], {}, {}),
        ("create busybox ls -la --all", "busybox", ["ls", "-la", "--all"], {}, {}),
        ("create busybox --name web -- ls -la", "busybox", ["ls", "-la"], {}, {"name": "web"}),
        ("create busybox -- --help", "busybox", ["--help"], {}, {}),
        ("create busybox --", "busybox", [], {}, {}),
        ("create -- busybox", "busybox", [], {}, {}),
        (
            "create -it -e A=1 -e B= busybox",
            "busybox",
            [],
            {"interactive": True, "tty": True, "env": ["A=1", "B="]},
            {},
        ),
        ("create -h host busybox", "busybox", [], {"hostname": "host"}, {}),
        ("create --net host busybox", "busybox", [], {"network": "host"}, {}),
        ("create --stop-timeout 3 busybox", "busybox", [], {"stop-timeout": 3}, {}),
    ],
)
def test_create(line, image, command, flags, values):
    found = parsed(line)
    assert (found.values.pop("image"), found.values.pop("command")) == (image, command)
    assert (found.flags, found.values) == (flags, values)


def test_a_cell_leaves_the_line_the_query():
    assert parsed("create --name web --platform linux/amd64", cell=True).values == {
        "name": "web",
        "platform": "linux/amd64",
    }


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("list --filter a=1", "--filter is the docker CLI's name; the API's is filters"),
        ("stop web --time 3", "--time is the docker CLI's name; the API's is t"),
        ("create busybox sleep --replace", "--replace stands behind the command's first word"),
    ],
)
def test_notes(line, note):
    assert any(note in each for each in parsed(line).notes)


@pytest.mark.parametrize("line", ["list --filters a=1", "stop web -t 3", "create busybox sleep -- --replace"])
def test_no_notes(line):
    assert not [note for note in parsed(line).notes if "CLI" in note]


@pytest.mark.parametrize(
    ("line", "what", "step"),
    [
        ("list web", "list has no use for web", "write `%docker list"),
        ("list --al", "no option --al; did you mean --all?", "--help` lists its options"),
        ("list --zzz", "no option --zzz", "--help` lists its options"),
        ("list -z", "no option -z", "--help` lists its options"),
        ("list --all --all", "--all stands twice", "Keep one"),
        ("list --limit 1 --last 2", "--last stands twice", "Keep one"),
        ("list --limit", "--limit needs a value", "write --limit LIMIT"),
        ("list --limit --all", "--limit needs a value", "write --limit LIMIT"),
        ("list --limit many", "--limit takes a whole number, and 'many' is none", "for instance --limit 5"),
        ("list --limit 1.5", "takes a whole number", "for instance"),
        ("list --limit=", "takes a whole number", "for instance"),
        ("list --all=banana", "--all is yes or no", "write --all, or leave it out"),
        ("list --all=", "--all is yes or no", "leave it out"),
        ("list --filters running", "takes KEY=VALUE", "status=running"),
        ("list --filters =x", "takes KEY=VALUE", "status=running"),
        ("list --filters [1]=2", "takes KEY=VALUE", "status=running"),
        ("list --as klingon", "does not know 'klingon'", "curl, python, cli"),
        ("list --as crul", "did you mean curl?", "curl, python, cli"),
        ("inspect", "inspect needs a container", "%docker list --all"),
        ("inspect /", "CONTAINER is empty", "give it a value: CONTAINER"),
        ("inspect web db", "inspect has no use for db", "a line for each"),
        ("rename web", "rename needs a name", "write `%docker rename CONTAINER NAME"),
        ("rename web a b", "rename has no use for b", "%docker rename"),
        ("logs web --tail -5", "takes a number of lines or all, and not '-5'", "--tail 20"),
        ("logs web --tail abc", "not 'abc'", "--tail 20"),
        ("logs web --tail ²", "not '²'", "--tail 20"),
        ("logs web --since yesterday", "takes a moment, and 'yesterday' is none", "10m, 1h30m"),
        ("logs web --since=", "takes a moment", "10m, 1h30m"),
        ("kill web --signal !", "takes a signal", "by name"),
        ("kill web --signal=", "takes a signal", "by name"),
        ("wait web --condition gone", "does not know 'gone'", "not-running, next-exit, removed"),
        ("create", "create needs an image", "%docker images"),
        ("create --name web", "create needs an image", "%docker images"),
        ("create --nmae web busybox", "did you mean --name?", "after --"),
        ("GET", "GET needs a path", "%docker GET PATH"),
        ("export web --output=", "--output is empty", "--output FILE"),
        ("export web --output /", "is a folder", "/web.tar"),
        ("export web --output /no/such/folder/x.tar", "there is no folder /no/such/folder", "mkdir"),
        ("export web --output ~nobody-of-that-name/x", "cannot be", "write a path"),
        ("export web --output " + "x" * 5000, "cannot be", "write a path"),
    ],
)
def test_what_is_refused(line, what, step):
    with pytest.raises(BadArgument) as caught:
        parsed(line)
    assert what in caught.value.what
    assert step in caught.value.step


@pytest.mark.parametrize(
    ("line", "what", "step"),
    [
        ("create -e A=1", "so -e cannot change it", '"Env"'),
        ("create --memory 64m", "so --memory cannot change it", '"HostConfig.Memory"'),
        ("create busybox", "the line cannot name 'busybox'", '"Image" and "Cmd"'),
        ("create busybox sleep 1", "cannot name 'busybox'", '"Image" and "Cmd"'),
    ],
)
def test_what_is_refused_beside_a_cell(line, what, step):
    with pytest.raises(BadArgument) as caught:
        parsed(line, cell=True)
    assert what in caught.value.what
    assert step in caught.value.step


NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1769860800", "1769860800"),
        ("1769860800.5", "1769860800.5"),
        ("0", "0"),
        ("10m", f"{NOW - 600:.9f}"),
        ("1h30m", f"{NOW - 5400:.9f}"),
        ("1.5h", f"{NOW - 5400:.9f}"),
        ("90s", f"{NOW - 90:.9f}"),
        ("+10s", f"{NOW + 10:.9f}"),
        ("2026-01-31", "1769817600"),
        ("2026-01-31T12:00:00", "1769860800"),
        ("2026-01-31T12:00:00Z", "1769860800"),
        ("2026-01-31T13:00:00+01:00", "1769860800"),
        ("2026-01-31T12:00:00.123456789Z", "1769860800.123456789"),
        ("2026-01-31T12:00:00.5+00:00", "1769860800.5"),
    ],
)
def test_moment(text, expected):
    assert arguments.moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-5", "10", "5d", "2026-13-01", "10m ago", "h", "now", "1e5", "T", "+", "+-1s"]
)
def test_what_is_no_moment(text):
    if text == "10":
        assert arguments.moment(text) == "10"
        return
    with pytest.raises(ValueError):  # noqa: PT011 - the text is datetime's own
        arguments.moment(text)


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_its_parts(hours, minutes, seconds):
    back = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    assert float(arguments.moment(f"{hours}h{minutes}m{seconds}s", NOW)) == pytest.approx(NOW - back)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (False, None),
        (True, "1"),
        (0, "0"),
        (5, "5"),
        ("", ""),
        ("中", "中"),
        ({"a": ["1"]}, '{"a":["1"]}'),
        ({"a": "1"}, '{"a":["1"]}'),
        ({"a": 1}, '{"a":["1"]}'),
        ({"exited": [0, 1]}, '{"exited":["0","1"]}'),
        ({"dangling": True}, '{"dangling":["true"]}'),
        ({"a": ("x", "y")}, '{"a":["x","y"]}'),
        ({"a": {"x": True}}, '{"a":{"x":true}}'),
        ({"name": ["中 &\"'"]}, '{"name":["中 &\\"\'"]}'),
        (datetime(2026, 1, 31, 12, tzinfo=timezone.utc), "1769860800"),
    ],
)
def test_encode(value, expected):
    assert arguments.encode(Param("x"), value) == expected


@pytest.mark.parametrize("value", [[1], object(), b"x", {1}])
def test_what_cannot_be_encoded(value):
    with pytest.raises(BadArgument, match="x takes no"):
        arguments.encode(Param("x"), value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [("stdout", "1"), ("stderr", "1"), ("tail", "100")]),
        ({"stdout": True}, [("stdout", "1"), ("tail", "100")]),
        ({"stderr": True, "tail": "all"}, [("stderr", "1"), ("tail", "all")]),
        ({"follow": True, "tail": 3}, [("stdout", "1"), ("stderr", "1"), ("tail", "3"), ("follow", "1")]),
        ({"stdout": False}, [("stdout", "1"), ("stderr", "1"), ("tail", "100")]),
        ({"tail": None}, [("stdout", "1"), ("stderr", "1")]),
    ],
)
def test_the_query_of_logs(values, expected):
    assert list(arguments.query(BY_NAME["logs"].query, values)) == expected


def test_filters_are_the_json_that_the_api_wants():
    found = dict(arguments.query(BY_NAME["list"].query, parsed("list -f status=running -f label=a=b").values))
    assert json.loads(found["filters"]) == {"status": ["running"], "label": ["a=b"]}


@pytest.mark.parametrize("row", [*ENDPOINTS, *commands.COMMANDS, *commands.RAW], ids=lambda row: row.name)
def test_help_and_usage(row):
    lines = dict(arguments.option_lines(row))
    assert len(lines) == len(arguments.params(row))
    for param in arguments.params(row):
        assert any(param.option in spelled for spelled in lines), param.name
    assert arguments.usage(row).startswith(f"%docker {row.name}")
    assert arguments.parse(row, ["--help"]).values == {"help": True}
    for param in row.places:
        assert param.metavar in arguments.usage(row)


WORDS = st.sampled_from(
    [
        "list",
        "web",
        "--all",
        "-a",
        "--name",
        "-n",
        "5",
        "--",
        "--filters",
        "a=b",
        "-it",
        "--tail",
        "",
        "-",
        "--x=",
        "中",
    ]
)


@given(st.sampled_from(ENDPOINTS), st.lists(WORDS, max_size=6), st.booleans())
def test_any_words_are_understood_or_refused_in_words(row, words, cell):
    with contextlib.suppress(BadArgument):
        arguments.parse(row, words, cell=cell)
