"""Flags or a cell → the JSON body; what looks wrong in it; and back to the CLI's words."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockermagic import arguments, bodies
from dockermagic.endpoints import BY_NAME
from dockermagic.errors import BadArgument, BadBody


def made(line: str, *, label: bool = False) -> dict:
    found = arguments.parse(BY_NAME["create"], shlex.split(line))
    return bodies.container(found.values["image"], found.values["command"], found.flags, label=label)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("busybox", {}),
        ("busybox sleep 60", {"Cmd": ["sleep", "60"]}),
        ("-e A=1 -e B=x=y busybox", {"Env": ["A=1", "B=x=y"]}),
        ("-l a=1 -l b busybox", {"Labels": {"a": "1", "b": ""}}),
        ("-w /srv -u 1000:100 --hostname h busybox", {"WorkingDir": "/srv", "User": "1000:100", "Hostname": "h"}),
        ("--entrypoint /bin/sh busybox -- -c ls", {"Entrypoint": ["/bin/sh"], "Cmd": ["-c", "ls"]}),
        ("-it busybox", {"OpenStdin": True, "Tty": True}),
        ("--stop-signal INT --stop-timeout 3 busybox", {"StopSignal": "INT", "StopTimeout": 3}),
        ("--rm --init busybox", {"HostConfig": {"AutoRemove": True, "Init": True}}),
        ("--restart no busybox", {"HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}}),
        (
            "--restart on-failure:3 busybox",
            {"HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}},
        ),
        ("-v /a:/b:ro busybox", {"HostConfig": {"Binds": ["/a:/b:ro"]}}),
        ("-v /data busybox", {"HostConfig": {"Binds": []}, "Volumes": {"/data": {}}}),
        (
            "-p 8080:80 busybox",
            {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}, "ExposedPorts": {"80/tcp": {}}},
        ),
        (
            "-p 127.0.0.1::53/udp -p [::1]:54:53/udp busybox",
            {
                "HostConfig": {
                    "PortBindings": {
                        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": ""}, {"HostIp": "::1", "HostPort": "54"}]
                    }
                },
                "ExposedPorts": {"53/udp": {}},
            },
        ),
        ("-m 64m busybox", {"HostConfig": {"Memory": 64 << 20}}),
        ("--memory 1.5GB busybox", {"HostConfig": {"Memory": 3 << 29}}),
        ("--cpus 0.5 --network host busybox", {"HostConfig": {"NanoCpus": 500_000_000, "NetworkMode": "host"}}),
        ("-e 名字=世界 busybox", {"Env": ["名字=世界"]}),
    ],
)
def test_flags_make_the_body(line, body):
    assert made(line) == {"Image": "busybox", **body}


def test_the_label_of_ours():
    assert made("busybox", label=True)["Labels"] == {"dockermagic": "1"}
    assert made("-l a=1 busybox", label=True)["Labels"] == {"a": "1", "dockermagic": "1"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-e A busybox", "--env takes NAME=VALUE, and 'A' is none"),
        ("-e =1 busybox", "--env takes NAME=VALUE"),
        ("-l =1 busybox", "--label takes NAME=VALUE"),
        ("-l '' busybox", "--label takes NAME=VALUE"),
        ("-v '' busybox", "--volume is empty"),
        ("--memory lots busybox", "--memory takes a number of bytes"),
        ("--memory -1 busybox", "--memory takes a number of bytes"),
        ("--cpus two busybox", "--cpus takes a number"),
        ("--cpus nan busybox", "--cpus takes a number"),
        ("--cpus inf busybox", "--cpus takes a number"),
        ("--restart sometimes busybox", "--restart does not know 'sometimes'"),
        ("--restart always:3 busybox", "--restart does not know 'always:3'"),
        ("--restart on-failure:x busybox", "--restart does not know"),
        ("-p web busybox", "--publish takes"),
        ("-p 8000-8010:80 busybox", "--publish takes"),
        ("-p 80/http busybox", "--publish takes"),
        ("-p '' busybox", "--publish takes"),
    ],
)
def test_values_that_a_flag_does_not_take(line, what):
    with pytest.raises(BadArgument) as caught:
        made(line)
    assert what in caught.value.what
    assert caught.value.step


SAFE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
NAMES = st.from_regex(r"[A-Za-z_]\w{0,5}", fullmatch=True)
PORTS = st.integers(1, 65535).map(str)
IPS = st.sampled_from(["", "127.0.0.1:", "[::1]:"])
FLAGS = st.fixed_dictionaries(
    {},
    optional={
        "env": st.lists(st.builds("{}={}".format, NAMES, SAFE), min_size=1, max_size=3),
        "label": st.lists(st.builds("{}={}".format, NAMES, SAFE), min_size=1, max_size=3),
        "workdir": st.text(max_size=5),
        "user": SAFE,
        "entrypoint": SAFE,
        "hostname": SAFE,
        "tty": st.just(True),
        "interactive": st.just(True),
        "rm": st.just(True),
        "init": st.just(True),
        "stop-signal": st.sampled_from(["INT", "9"]),
        "stop-timeout": st.integers(0, 100),
        "restart": st.sampled_from(["no", "always", "unless-stopped", "on-failure", "on-failure:3"]),
        "volume": st.lists(st.sampled_from(["/a:/b", "/a:/b:ro", "named:/c", "/d"]), min_size=1, unique=True),
        "publish": st.lists(
            st.builds("{}{}:{}{}".format, IPS, PORTS | st.just(""), PORTS, st.sampled_from(["", "/udp"])),
            min_size=1,
            max_size=3,
        ),
        "memory": st.sampled_from(["64m", "1g", "1000000"]),
        "cpus": st.integers(1, 10**12).map(lambda nano: f"{nano / 1e9:.9f}"),
        "network": st.sampled_from(["host", "none", "web"]),
    },
)


@given(FLAGS, st.lists(st.text(max_size=6), max_size=3))
def test_flags_to_json_to_words_and_back(flags, command):
    body = bodies.container("busybox", command, flags)
    words, left = bodies.command_line(json.loads(bodies.encode(body)))
    assert left == []
    at = words.index("busybox", words.index("--label"))
    again = arguments.parse(BY_NAME["create"], [*words[:at], "busybox", "--", *words[at + 1 :]])
    assert again.values["command"] == command
    assert bodies.container("busybox", command, again.flags) == body


@pytest.mark.parametrize(
    ("body", "words", "left"),
    [
        ({"Image": "busybox"}, "busybox", []),
        ({}, "''", []),
        ({"Image": "busybox", "Cmd": "ls -l"}, "busybox 'ls -l'", []),
        ({"Image": "busybox", "Cmd": ["sh", "-c", "a b"]}, "busybox sh -c 'a b'", []),
        ({"Image": "b", "Entrypoint": "sh"}, "--entrypoint sh b", []),
        ({"Image": "b", "Entrypoint": ["sh"]}, "--entrypoint sh b", []),
        ({"Image": "b", "Entrypoint": ["sh", "-c"]}, "b", ['Entrypoint=["sh", "-c"]']),
        ({"Image": "b", "User": ""}, "--user '' b", []),
        ({"Image": "b", "Tty": False, "OpenStdin": True}, "--interactive b", []),
        ({"Image": "b", "Labels": None, "Env": None, "HostConfig": None, "Cmd": None}, "b", []),
        ({"Image": "b", "HostConfig": {"Memory": None, "Privileged": True}}, "b", ['HostConfig={"Privileged": true}']),
        ({"Image": "b", "HostConfig": []}, "b", []),
        ({"Image": "b", "HostConfig": "x"}, "b", ['HostConfig="x"']),
        ({"Image": "b", "Labels": ["a=1"]}, "b", ['Labels=["a=1"]']),
        ({"Image": "b", "Env": 5}, "b", ["Env=5"]),
        ({"Image": "b", "Cmd": 5}, "b 5", []),
        ({"Image": "b", "HostConfig": {"RestartPolicy": "no"}}, "b", ['HostConfig={"RestartPolicy": "no"}']),
        ({"Image": "b", "HostConfig": {"NanoCpus": "x"}}, "b", ['HostConfig={"NanoCpus": "x"}']),
        ({"Image": "b", "Domainname": "中"}, "b", ['Domainname="中"']),
        ({"Image": "b", "Volumes": {"/data": {}}}, "--volume /data b", []),
    ],
)
def test_command_line(body, words, left):
    found, rest = bodies.command_line(body)
    assert (shlex.join(found), rest) == (words, left)


@pytest.mark.parametrize(
    "cell",
    ['{"Image": "busybox"}', '\n  {"Image":\n"busybox"}\n', "{}", '{"Labels": {"名": "字"}}', '{"a": "{x} $y"}'],
)
def test_a_cell_that_is_a_body(cell):
    assert bodies.from_cell(cell) == json.loads(cell)


@pytest.mark.parametrize(
    ("cell", "what", "step"),
    [
        ("", "the cell is empty", "write JSON under the first line"),
        ("  \n\n", "the cell is empty", "write JSON"),
        ("{'Image': 'busybox'}", "line 1, column 2", "straight double quotes"),
        ('{"Image": ‘busybox’}', "line 1, column 11", "straight double quotes"),
        ("{“Image”: 1}", "line 1, column 2", "straight double quotes"),
        ('{"Image": "b",\n "Tty": True}', "line 2, column 9", "true, false and null"),
        ('{"Image": None}', "line 1, column 11", "true, false and null"),
        ('{"Image": "b",\n "Cmd": ["a", "b",]\n}', "line 2", "no comma after the last"),
        ('{"Image": "b",}', "line 1", "no comma after the last"),
        ('{"Image": "b" # the image\n}', "line 1, column 15", "no comments"),
        ('// the image\n{"Image": "b"}', "line 1, column 1", "no comments"),
        ('{"Image": "b"', "line 1, column 14", "still open at the end"),
        ('{"Image": "b', "line 1, column 11", "nothing was sent"),
        ("Image: busybox", "line 1, column 1", "one JSON object"),
        ('{"Image": "b"}\n{"Image": "c"}', "line 2, column 1", "one JSON object"),
        ('{"a": "\u2028",\n "b": x}', "line 2, column 7", "one JSON object"),
        ("[]", "this is an array", "begin with {"),
        ('["busybox"]', "this is an array", "begin with {"),
        ('"busybox"', "this is a string", "begin with {"),
        ("null", "this is null", "begin with {"),
        ("5", "this is a value", "begin with {"),
        ('{"a":' * 100_000, "nested too deep", "nothing was sent"),
    ],
)
def test_a_cell_that_is_none(cell, what, step):
    with pytest.raises(BadBody) as caught:
        bodies.from_cell(cell)
    assert what in caught.value.what
    assert step in caught.value.step
    assert len(caught.value.lines()) <= 3


def test_the_line_at_fault_is_shown():
    with pytest.raises(BadBody) as caught:
        bodies.from_cell('{"a": "\u2028",\n "b": x}')
    assert caught.value.detail == '2 │ "b": x}'


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        (
            {"Binds": []},
            '"Binds" at the top level is in the wrong place',
        ),
        ({"PortBindings": {}}, 'it belongs inside "HostConfig"'),
        ({"portbindings": {}}, '"portbindings" at the top level is in the wrong place'),
        ({"EndpointsConfig": {}}, 'belongs inside "NetworkingConfig"'),
        ({"image": "b"}, '"image" is spelled "Image"'),
        ({"CMD": []}, '"CMD" is spelled "Cmd"'),
        ({"hostconfig": {}}, '"hostconfig" is spelled "HostConfig"'),
        ({"HostConfig": {"memory": 1}}, '"memory" is spelled "Memory"'),
        (
            {"HostConfig": {"Env": []}},
            'it belongs at the top level, beside "Image"',
        ),
        ({"NetworkingConfig": {"Memory": 1}}, 'it belongs inside "HostConfig"'),
        ({"Imagee": "b"}, 'the API knows no "Imagee" at the top level: did you mean "Image"?'),
        ({"HostConfig": {"Memori": 1}}, 'no "Memori" in "HostConfig": did you mean "Memory"?'),
        ({"Wurst": 1}, 'the API knows no "Wurst" at the top level'),
        ({"Cmd": []}, 'there is no "Image"'),
    ],
)
def test_lint(body, warning):
    assert any(warning in found for found in bodies.lint(body)), bodies.lint(body)


@pytest.mark.parametrize(
    "body",
    [
        {
            "Image": "b",
            "Cmd": ["x"],
            "HostConfig": {"Memory": 1, "Binds": []},
            "NetworkingConfig": {"EndpointsConfig": {}},
        },
        {"Image": "b", "HostConfig": None},
        {"Image": "b", "HostConfig": []},
        {"Image": "b", "Labels": {"image": "x", "Binds": "y"}},
    ],
)
def test_lint_has_nothing_to_say(body):
    assert bodies.lint(body) == []


def test_flags_make_a_body_without_a_warning():
    line = (
        "-it -e A=1 -l b=2 -w / -u 0 -h h --rm --init --restart no -v /a:/b -p 80:80 -m 64m --cpus 1 --network host b"
    )
    assert bodies.lint(made(line, label=True)) == []
