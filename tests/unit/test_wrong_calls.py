"""Every wrong call that we can think of ends in a clear block, and never in a traceback.

Each line here runs through the real magic in a real IPython. What is typed wrongly must be refused
before anything is sent.
"""

from __future__ import annotations

import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fake_engine import MULTIPLEXED, VERSION, Answer, Cut, FakeEngine, Silence, frame
from shellkit import Cell, Shell

from dockermagic import errors
from dockermagic.errors import BadArgument, BadBody, CallError, LeftOver, UnknownSubcommand


@dataclass
class Wrong:
    """A wrong call: what is typed, and what must come of it.

    Attributes:
        cell: the text under the line, which makes it `%%docker`.
        answers: what the engine answers, where it is asked: "GET /path" → answer.
    """

    line: str
    kind: type[errors.DockerMagicError]
    what: str
    step: str
    cell: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return f"%docker {self.line}" if self.cell is None else f"%%docker {self.line}\n{self.cell}"


TYPED = [
    # the subcommand
    Wrong("lst", UnknownSubcommand, "no subcommand 'lst'; did you mean list?", "`%docker` alone lists them all"),
    Wrong("strat web", UnknownSubcommand, "did you mean start?", "alone lists them all"),
    Wrong("LIST", UnknownSubcommand, "did you mean list?", "alone lists them all"),
    Wrong("run busybox", UnknownSubcommand, "no subcommand 'run'", "alone lists them all"),
    Wrong("--all", UnknownSubcommand, "no subcommand '--all'", "alone lists them all"),
    Wrong("''", UnknownSubcommand, "no subcommand ''", "alone lists them all"),
    Wrong("/containers/json", UnknownSubcommand, "no subcommand '/containers/json'", "alone lists them all"),
    Wrong("容器", UnknownSubcommand, "no subcommand '容器'", "alone lists them all"),
    # names
    Wrong("inspect", BadArgument, "inspect needs a container", "%docker list --all"),
    Wrong("top", BadArgument, "top needs a container", "%docker top CONTAINER"),
    Wrong("logs --tail 5", BadArgument, "logs needs a container", "%docker list --all"),
    Wrong("start web db", BadArgument, "start has no use for db", "write a line for each"),
    Wrong("stop web db cache", BadArgument, "stop has no use for db cache", "write a line for each"),
    Wrong("list web", BadArgument, "list has no use for web", "%docker list [options]"),
    Wrong("inspect ''", BadArgument, "CONTAINER is empty", "give it a value: CONTAINER"),
    Wrong("inspect /", BadArgument, "CONTAINER is empty", "give it a value: CONTAINER"),
    Wrong("rename web", BadArgument, "rename needs a name", "%docker rename CONTAINER NAME"),
    Wrong("rename web ''", BadArgument, "--name is empty", "--name NAME"),
    Wrong("rename web a b", BadArgument, "rename has no use for b", "%docker rename CONTAINER NAME"),
    Wrong("version please", BadArgument, "version has no use for please", "%docker version"),
    # options
    Wrong("list --al", BadArgument, "no option --al; did you mean --all?", "%docker list --help"),
    Wrong("list -z", BadArgument, "list has no option -z", "%docker list --help"),
    Wrong("list --all --all", BadArgument, "--all stands twice", "Keep one"),
    Wrong("list -a --all", BadArgument, "--all stands twice", "Keep one"),
    Wrong("stop web --t 3 --time 4", BadArgument, "--time stands twice", "Keep one"),
    Wrong("list --all=banana", BadArgument, "--all is yes or no", "leave it out"),
    Wrong("list --limit", BadArgument, "--limit needs a value", "--limit LIMIT"),
    Wrong("list --limit --all", BadArgument, "--limit needs a value", "--limit LIMIT"),
    Wrong("list --limit five", BadArgument, "takes a whole number, and 'five' is none", "--limit 5"),
    Wrong("list --limit 2.5", BadArgument, "takes a whole number", "--limit 5"),
    Wrong("list --limit ''", BadArgument, "takes a whole number", "--limit 5"),
    Wrong("stop web --t soon", BadArgument, "--t takes a whole number, and 'soon' is none", "--t 5"),
    Wrong("list --filters running", BadArgument, "takes KEY=VALUE, and 'running' is none", "status=running"),
    Wrong("list --filters =running", BadArgument, "takes KEY=VALUE", "status=running"),
    Wrong("list --filters", BadArgument, "--filters needs a value", "--filters KEY=VALUE"),
    Wrong("""list --filters '{"a":["b=c"]}'""", BadArgument, "takes KEY=VALUE", "the JSON that the API wants is made"),
    Wrong("logs web --tail -5", BadArgument, "a number of lines or all, and not '-5'", "--tail 20"),
    Wrong("logs web --tail abc", BadArgument, "a number of lines or all, and not 'abc'", "--tail 20"),
    Wrong("logs web --since yesterday", BadArgument, "a moment, and 'yesterday' is none", "1h30m"),
    Wrong("logs web --since ''", BadArgument, "a moment, and '' is none", "1h30m"),
    Wrong("logs web --until 2026-02-30", BadArgument, "a moment, and '2026-02-30' is none", "1h30m"),
    Wrong("kill web --signal 'SIG KILL'", BadArgument, "takes a signal, and 'SIG KILL' is none", "by name"),
    Wrong("kill web --signal -9", BadArgument, "takes a signal, and '-9' is none", "by name"),
    Wrong("kill web -9", BadArgument, "kill has no use for -9", "write a line for each"),
    Wrong("wait web --condition gone", BadArgument, "does not know 'gone'", "not-running, next-exit, removed"),
    Wrong("list --as klingon", BadArgument, "does not know 'klingon'", "curl, python, cli"),
    Wrong("list --as", BadArgument, "--as needs a value", "--as AS"),
    Wrong("doctor --as curl", BadArgument, "doctor is ours, and no call of the API", "leave --as out"),
    Wrong("cleanup --as curl", BadArgument, "cleanup is ours", "leave --as out"),
    Wrong("connect --as python", BadArgument, "connect sends nothing", "--as curl"),
    Wrong("drill --count 2", BadArgument, "which drill?", "slow, error, cut, garbage, silent"),
    Wrong("drill slow --off", BadArgument, "--off ends every drill", "%docker drill --off"),
    Wrong("drill slow fast", BadArgument, "drill has no use for fast", "%docker drill [NAME]"),
    Wrong("drill slow --count many", BadArgument, "a whole number", "--count 5"),
    Wrong("export web --output", BadArgument, "--output needs a value", "--output FILE"),
    Wrong("export web --output /", BadArgument, "/ is a folder", "--output /web.tar"),
    Wrong("export web --output /no/such/folder/x.tar", BadArgument, "no folder /no/such/folder", "mkdir"),
    Wrong("export web --output ~no-such-user/x.tar", BadArgument, "cannot be ~no-such-user", "write a path"),
    Wrong("export web --output " + "x" * 4000, BadArgument, "cannot be xxx", "write a path"),
    Wrong("last", BadArgument, "no exchange yet", "%docker list"),
    Wrong("last web", BadArgument, "last has no use for web", "%docker last"),
    # create by flags
    Wrong("create", BadArgument, "create needs an image", "%docker images"),
    Wrong("create --name web", BadArgument, "create needs an image", "%docker create IMAGE"),
    Wrong("create ''", BadArgument, "create needs an image", "%docker images"),
    Wrong("create --nmae web busybox", BadArgument, "did you mean --name?", "own command goes after --"),
    Wrong("create busybox -x", BadArgument, "no option -x", "own command goes after --"),
    Wrong("create busybox -e GREETING", BadArgument, "--env takes NAME=VALUE", "-e GREETING=hello"),
    Wrong("create busybox -l =x", BadArgument, "--label takes NAME=VALUE", "-l stage=test"),
    Wrong("create busybox --memory lots", BadArgument, "--memory takes a number of bytes", "64m or 1g"),
    Wrong("create busybox --cpus two", BadArgument, "--cpus takes a number", "0.5 or 2"),
    Wrong("create busybox --cpus inf", BadArgument, "--cpus takes a number", "0.5 or 2"),
    Wrong("create busybox --restart sometimes", BadArgument, "--restart does not know", "unless-stopped"),
    Wrong("create busybox -p web:80", BadArgument, "--publish takes", "8080:80"),
    Wrong("create busybox --replace", BadArgument, "--replace needs to know whom", "--name NAME"),
    # values of Python, and of JSON, on the line
    Wrong("inspect $web", LeftOver, "no variable 'web'", "set web in a cell above"),
    Wrong("inspect {web}", LeftOver, "`{web}` has no value in Python: NameError", "set it in a cell above"),
    Wrong("inspect {web", LeftOver, "opens a brace and does not close it", "single quotes"),
    Wrong("inspect {1/0}", LeftOver, "ZeroDivisionError", "set it in a cell above"),
    Wrong("inspect {[1, 2]}", LeftOver, "is a list, and a line takes words and numbers", "JSON goes into the cell"),
    Wrong('create {"Image": "busybox"}', LeftOver, "has no value", "JSON goes into the cell under %%docker"),
    Wrong('list --filters={"status":["running"]}', LeftOver, "has no value", "filters are written key=value"),
    Wrong("create busybox sh -c echo $HOME", LeftOver, "no variable 'HOME'", "single quotes: sh -c 'echo $HOME'"),
    Wrong("inspect it's", BadArgument, "no closing quotation in: inspect it's", "close the quote"),
    Wrong('create busybox sh -c "echo', BadArgument, "no closing quotation", "close the quote"),
    Wrong("inspect web\\", BadArgument, "no escaped character", "close the quote"),
    # what a shell would do
    Wrong("list | head -3", BadArgument, "`| head -3` is for a shell", "x.head()"),
    Wrong("list > list.txt", BadArgument, "`> list.txt` is for a shell", "x = %docker"),
    Wrong("export web >web.tar", BadArgument, "`>web.tar` is for a shell", "x = %docker"),
    Wrong("create < body.json", BadArgument, "`< body.json` is for a shell", "x = %docker"),
    Wrong("stop web && docker rm web", BadArgument, "is for a shell", "x = %docker"),
    Wrong("start web &", BadArgument, "`&` is for a shell", "x = %docker"),
    # a cell
    Wrong("create --name web", BadBody, "the cell is empty", "write JSON under the first line", cell="\n"),
    Wrong("create", BadBody, "the cell is empty", "write JSON under the first line", cell="  \n\n"),
    Wrong("create", BadBody, "no JSON at line 1, column 2", "double quotes", cell="{'Image': 'busybox'}"),
    Wrong("create", BadBody, "no JSON at line 2, column 9", "true, false", cell='{"Image": "b",\n "Tty": True}'),
    Wrong("create", BadBody, "no JSON at line 1, column 11", "null", cell='{"Image": None}'),
    Wrong("create", BadBody, "no JSON at line 1", "no comma after the last", cell='{"Image": "b",}'),
    Wrong("create", BadBody, "no JSON at line 1", "no comma after the last", cell='{"Image": "b", "Cmd": ["a",]}'),
    Wrong("create", BadBody, "no JSON at line 1, column 14", "still open", cell='{"Image": "b"'),
    Wrong("create", BadBody, "no JSON at line 1, column 15", "no comments", cell='{"Image": "b" # x\n}'),
    Wrong("create", BadBody, "no JSON at line 1, column 1", "one JSON object", cell="Image: busybox"),
    Wrong("create", BadBody, "no JSON at line 2, column 1", "one JSON object", cell='{"Image": "b"}\n{"Image": "b"}'),
    Wrong(
        "create",
        BadBody,
        "no JSON at line 1, column 12",
        "nothing was sent",
        cell='{"Image":  $image}',
    ),
    Wrong("create", BadBody, "this is an array", "begin with {", cell='["busybox"]'),
    Wrong("create", BadBody, "this is a string", "begin with {", cell='"busybox"'),
    Wrong("create", BadBody, "this is null", "begin with {", cell="null"),
    Wrong("create", BadBody, "this is a value", "begin with {", cell="5"),
    Wrong("create", BadBody, "nested too deep", "nothing was sent", cell='{"a":' * 99_999),
    Wrong("create -e A=1", BadArgument, "so -e cannot change it", '"Env"', cell='{"Image": "b"}'),
    Wrong("create --memory 1g", BadArgument, "cannot change it", '"HostConfig.Memory"', cell='{"Image": "b"}'),
    Wrong("create busybox", BadArgument, "cannot name 'busybox'", '"Image" and "Cmd"', cell='{"Image": "b"}'),
    Wrong("create -- ls", BadArgument, "cannot name 'ls'", '"Image" and "Cmd"', cell='{"Image": "b"}'),
    Wrong("create --replace", BadArgument, "needs to know whom", "--name NAME", cell='{"Image": "b"}'),
    Wrong("list", BadArgument, "list takes no body", "%docker list, on one line", cell='{"all": true}'),
    Wrong("start web", BadArgument, "start takes no body", "%docker start, on one line", cell="{}"),
    Wrong("doctor", BadArgument, "doctor takes no body", "%docker doctor, on one line", cell="{}"),
    Wrong("lst", UnknownSubcommand, "did you mean list?", "alone lists them all", cell="{}"),
    # exec, attach and their kin
    Wrong("exec", BadArgument, "exec needs a container", "%docker exec CONTAINER [options] -- COMMAND …"),
    Wrong("exec web", BadArgument, "exec needs a command", "-- ls -l"),
    Wrong("exec web --", BadArgument, "exec needs a command", "-- ls -l"),
    Wrong("exec web --inptu x -- cat", BadArgument, "did you mean --input?", "own command goes after --"),
    Wrong("exec web --input -- cat", BadArgument, "--input needs a value", "--input TEXT"),
    Wrong("exec web --input-file /no/such -- cat", BadArgument, "there is no file /no/such", "name one"),
    Wrong("exec web --input-file / -- cat", BadArgument, "there is no file /", "name one"),
    Wrong("exec web -e A -- env", BadArgument, "--env takes NAME=VALUE", "-e GREETING=hello"),
    Wrong("exec web --tty=maybe -- ls", BadArgument, "--tty is yes or no", "leave it out"),
    Wrong("exec web -- ls --as curl", BadArgument, "the container would get it", "before the --"),
    Wrong("exec web -- ls", BadArgument, "cannot name 'ls'", '"Cmd"', cell='{"Cmd": ["ls"]}'),
    Wrong("exec web -e A=1", BadArgument, "so -e cannot change it", '"Env"', cell='{"Cmd": ["ls"]}'),
    Wrong("exec web", BadBody, "the cell is empty", '"Cmd": ["ls", "-l"]', cell="\n"),
    Wrong("exec web", BadBody, "no JSON at line 1", "one JSON object", cell="ls -l"),
    Wrong("exec_create", BadArgument, "exec_create needs a container", "COMMAND …"),
    Wrong("exec_create web", BadArgument, "exec_create needs a command", "-- ls -l"),
    Wrong("exec_create web", BadBody, "this is an array", "begin with {", cell='["ls"]'),
    Wrong("exec_start", BadArgument, "exec_start needs an exec", "%docker exec_start EXEC"),
    Wrong("exec_start ''", BadArgument, "is empty", "EXEC"),
    Wrong("exec_start e1 e2", BadArgument, "exec_start has no use for e2", "%docker exec_start EXEC"),
    Wrong("exec_start e1 --console-size big", BadArgument, "takes ROWSxCOLUMNS", "24x80"),
    Wrong("exec_start e1", BadBody, "the cell is empty", '{"Detach": false, "Tty": false}', cell="\n"),
    Wrong("exec_start e1 --tty", BadArgument, "so --tty cannot change it", '"Tty"', cell='{"Detach": false}'),
    Wrong("exec_inspect", BadArgument, "exec_inspect needs an exec", "%docker exec_inspect EXEC"),
    Wrong("exec_inspect e1", BadArgument, "exec_inspect takes no body", "on one line", cell="{}"),
    Wrong("exec_resize e1 --h tall", BadArgument, "takes a whole number", "--h 5"),
    Wrong("resize", BadArgument, "resize needs a container", "%docker list --all"),
    Wrong("resize web 24 80", BadArgument, "resize has no use for 24 80", "write a line for each"),
    Wrong("attach", BadArgument, "attach needs a container", "%docker list --all"),
    Wrong("attach web db", BadArgument, "attach has no use for db", "write a line for each"),
    Wrong("attach web", BadArgument, "attach takes no body", "goes after --input", cell="hello"),
    Wrong("attach web --no-stdin", BadArgument, "no option --no-stdin", "%docker attach --help"),
    Wrong("attach_ws", BadArgument, "attach_ws needs a container", "%docker list --all"),
    # calls by method and path
    Wrong("GET", BadArgument, "GET needs a path", "%docker GET PATH"),
    Wrong("GET info", BadArgument, "a path begins with a slash, and 'info' does not", "write /info"),
    Wrong("GET /info /version", BadArgument, "GET has no use for /version", "%docker GET PATH"),
    Wrong("GET /info --output /", BadArgument, "/ is a folder", "--output"),
    Wrong("PATCH /info", UnknownSubcommand, "no subcommand 'PATCH'", "alone lists them all"),
    # files, limits, images, registries
    Wrong("changes", BadArgument, "changes needs a container", "%docker changes CONTAINER"),
    Wrong("diff web db", BadArgument, "changes has no use for db", "write a line for each"),
    Wrong("changes web --all", BadArgument, "changes has no option --all", "%docker changes --help"),
    Wrong("archive_info web", BadArgument, "archive_info needs a path", "%docker archive_info CONTAINER PATH"),
    Wrong("archive_info web --path ''", BadArgument, "--path is empty", "--path PATH"),
    Wrong("archive_info", BadArgument, "needs a container", "%docker list --all"),
    Wrong("get_archive web", BadArgument, "get_archive needs a path", "CONTAINER PATH"),
    Wrong("get_archive web /etc /bin", BadArgument, "has no use for /bin", "CONTAINER PATH"),
    Wrong("get_archive web /etc --output /", BadArgument, "/ is a folder", "--output /web.tar"),
    Wrong("get_archive web /etc --output /no/such/x.tar", BadArgument, "no folder /no/such", "mkdir"),
    Wrong("put_archive web /tmp", BadArgument, "nothing is named that could be sent", "--input PATH"),
    Wrong("put_archive web --input /etc", BadArgument, "put_archive needs a path", "CONTAINER PATH"),
    Wrong("put_archive web /tmp --input", BadArgument, "--input needs a value", "--input PATH"),
    Wrong("put_archive web /tmp --input ''", BadArgument, "--input is empty", "--input PATH"),
    Wrong("put_archive web /tmp --input /no/such", BadArgument, "no /no/such on this machine", "--input PATH"),
    Wrong("put_archive web /tmp --input ~no-such-user/x", BadArgument, "cannot be ~no-such-user", "write a path"),
    Wrong("put_archive web /tmp --input " + "x" * 4000, BadArgument, "cannot be xxx", "write a path"),
    Wrong("put_archive web /tmp", BadArgument, "the cell is text", "--input PATH", cell="hello"),
    Wrong("update", BadArgument, "update needs a container", "%docker list --all"),
    Wrong("update web", BadArgument, "told nothing to change", "--memory 64m"),
    Wrong("update web --memory lots", BadArgument, "--memory takes a number of bytes", "64m or 1g"),
    Wrong("update web --memory-swap some", BadArgument, "--memory-swap takes a number of bytes", "64m or 1g"),
    Wrong("update web --memory-reservation x", BadArgument, "--memory-reservation takes a number", "64m or 1g"),
    Wrong("update web --cpus two", BadArgument, "--cpus takes a number", "0.5 or 2"),
    Wrong("update web --cpu-shares half", BadArgument, "takes a whole number, and 'half' is none", "--cpu-shares 5"),
    Wrong("update web --pids-limit 1.5", BadArgument, "takes a whole number", "--pids-limit 5"),
    Wrong("update web --restart often", BadArgument, "--restart does not know", "unless-stopped"),
    Wrong("update web --memroy 1g", BadArgument, "did you mean --memory?", "%docker update --help"),
    Wrong("update web --memory 1g", BadArgument, "cannot change it", '"Memory"', cell='{"CpuShares": 5}'),
    Wrong("update web", BadBody, "the cell is empty", '"MemorySwap"', cell=" "),
    Wrong("update web", BadBody, "this is an array", "begin with {", cell="[]"),
    Wrong("prune web", BadArgument, "prune has no use for web", "%docker prune [options]"),
    Wrong("prune --filters old", BadArgument, "takes KEY=VALUE, and 'old' is none", "label=dockermagic"),
    Wrong("prune", BadArgument, "prune takes no body", "on one line", cell="{}"),
    Wrong("image", BadArgument, "image needs a", "%docker images"),
    Wrong("image ''", BadArgument, "IMAGE is empty", "give it a value: IMAGE"),
    Wrong("history", BadArgument, "history needs a", "%docker history IMAGE"),
    Wrong("history a b", BadArgument, "history has no use for b", "%docker history IMAGE"),
    Wrong("tag busybox", BadArgument, "tag needs a name", "%docker tag IMAGE NAME"),
    Wrong("tag", BadArgument, "tag needs a", "%docker images"),
    Wrong("pull", BadArgument, "pull needs a", "%docker pull IMAGE"),
    Wrong("pull a b", BadArgument, "pull has no use for b", "%docker pull IMAGE"),
    Wrong("push", BadArgument, "push needs a", "%docker push IMAGE"),
    Wrong("rmi", BadArgument, "remove_image needs a", "%docker images"),
    Wrong("search", BadArgument, "search needs a word", "%docker search WORD"),
    Wrong("search x --limit few", BadArgument, "takes a whole number", "--limit 5"),
    Wrong("commit", BadArgument, "commit needs a container", "%docker list --all"),
    Wrong("commit web --pause perhaps", BadArgument, "has no use for perhaps", "write a line"),
    Wrong("commit web --pause=perhaps", BadArgument, "--pause is yes or no", "leave it out"),
    Wrong("load", BadArgument, "nothing is named that could be sent", "--input PATH"),
    Wrong("load --input /etc", BadArgument, "/etc is no tar archive", "%docker get_image"),
    Wrong("load --input /etc/passwd", BadArgument, "/etc/passwd is no tar archive", "%docker get_image"),
    Wrong("import --repo x", BadArgument, "nothing is named that could be sent", "--input PATH"),
    Wrong("import --input /etc/passwd", BadArgument, "is no tar archive", "%docker export"),
    Wrong("build --t x", BadArgument, "nothing is named that could be sent", "--input PATH"),
    Wrong("build --input /etc/passwd", BadArgument, "is no tar archive", "name one"),
    Wrong("build --input /etc --buildargs A", BadArgument, "takes KEY=VALUE, and 'A' is none", "--buildargs"),
    Wrong("build --input /etc --version 3", BadArgument, "does not know '3'", "it takes 1, 2"),
    Wrong("df --type images", BadArgument, "does not know 'images'; did you mean image?", "build-cache"),
    Wrong("df everything", BadArgument, "df has no use for everything", "%docker df"),
    Wrong("auth", BadArgument, "auth needs to know who logs in", "--username NAME"),
    Wrong("auth --username me --password secret", BadArgument, "saved with the notebook", "--password-env"),
    Wrong("auth -u me -p secret", BadArgument, "saved with the notebook", "be asked for it"),
    Wrong("auth --username me --password-env NO_SUCH", BadArgument, "no environment variable NO_SUCH", "os.environ"),
]


def block(found: Cell, wrong: Wrong) -> None:
    """The cell failed, in a block of one to three lines that names the next step."""
    assert type(found.error) is wrong.kind, found.text
    lines = found.text.strip().splitlines()
    assert 1 <= len(lines) <= 3, found.text
    assert lines[0].startswith(wrong.kind.__name__)
    assert lines[-1].startswith("→ ")
    assert "Traceback" not in found.text
    assert 'File "' not in found.text
    assert "object at 0x" not in found.text
    assert wrong.what in " ".join(lines[:-1])
    assert wrong.step in lines[-1]


def named(table: list[Wrong]) -> Any:
    return pytest.mark.parametrize("wrong", table, ids=lambda wrong: wrong.source[:60].replace("\n", "⏎"))


def test_the_table_is_long_enough():
    assert len(TYPED) >= 140
    assert len({wrong.source for wrong in TYPED}) == len(TYPED)


@named(TYPED)
def test_what_is_typed_wrongly_is_refused_and_nothing_is_sent(shell: Shell, fake: FakeEngine, wrong: Wrong):
    found = shell.run(wrong.source)
    block(found, wrong)
    assert isinstance(found.error, CallError)
    assert fake.requests == []


def archive(size: int) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        info = tarfile.TarInfo("big")
        info.size = size
        tar.addfile(info, BytesIO(b"x" * size))
    return file.getvalue()


HTML = Answer(200, b"<html><title>Router</title></html>", {"Content-Type": "text/html"})
JUNK = Answer(200, b'[{"Id": ', {"Content-Type": "application/json"})
LOGS = "GET /containers/web/logs"
EXPORT = "GET /containers/web/export"
STREAM = {"Content-Type": MULTIPLEXED}


def refused(status: int, text: str) -> Answer:
    return Answer(status, {"message": text})


ANSWERED = [
    Wrong(
        "pull busybox",
        errors.StreamFailed,
        "manifest unknown",
        "the engine's network",
        None,
        {"POST /images/create": Answer(200, b'{"status":"Pulling"}\n{"errorDetail":{"message":"manifest unknown"}}\n')},
    ),
    Wrong(
        "push busybox",
        errors.StreamFailed,
        "denied",
        "%docker auth",
        None,
        {"POST /images/busybox/push": Answer(200, b'{"error":"denied"}')},
    ),
    Wrong(
        "pull busybox",
        errors.BadFrame,
        "the stream is no JSON",
        "%docker last",
        None,
        {"POST /images/create": Answer(200, b"<html>\n")},
    ),
    Wrong(
        "pull busybox",
        errors.CutShort,
        "ended in the middle",
        "%docker ping",
        None,
        {"POST /images/create": Answer(steps=[b'{"status":"Pulling"}\n{"sta', Cut()])},
    ),
    Wrong(
        "archive_info web /etc",
        errors.ReplyError,
        "another form",
        "%docker last",
        None,
        {"HEAD /containers/web/archive": Answer(200)},
    ),
    Wrong(
        "changes web",
        errors.ReplyError,
        "another form",
        "%docker last",
        None,
        {"GET /containers/web/changes": Answer(200, [{"Path": "/x", "Kind": 7}])},
    ),
    Wrong("df", errors.ReplyError, "another form", "%docker last", None, {"GET /system/df": Answer(200, [1])}),
    Wrong(
        "history busybox",
        errors.NotFound,
        "no such image",
        "%docker images",
        None,
        {"GET /images/busybox/history": refused(404, "no such image: busybox")},
    ),
    Wrong(
        "list",
        errors.NotJson,
        "something that is no JSON: '<html>",
        "%docker doctor",
        None,
        {"GET /containers/json": HTML},
    ),
    Wrong("list", errors.NotJson, "something that is no JSON", "%docker doctor", None, {"GET /containers/json": JUNK}),
    Wrong("list", errors.NotJson, "no JSON: ''", "%docker doctor", None, {"GET /containers/json": Answer(200, b"")}),
    Wrong(
        "list",
        errors.ReplyError,
        "answered in another form",
        "%docker last",
        None,
        {"GET /containers/json": Answer(200, {"message": "what?"})},
    ),
    Wrong("images", errors.ReplyError, "another form", "%docker last", None, {"GET /images/json": Answer(200, [[1]])}),
    Wrong(
        "top web",
        errors.ReplyError,
        "another form",
        "%docker last",
        None,
        {"GET /containers/web/top": Answer(200, [1])},
    ),
    Wrong(
        "cleanup", errors.ReplyError, "another form", "%docker last", None, {"GET /containers/json": Answer(200, "x")}
    ),
    Wrong("inspect web", errors.NotJson, "no JSON", "%docker doctor", None, {"GET /containers/web/json": HTML}),
    Wrong("start web", errors.NotJson, "no JSON", "%docker doctor", None, {"POST /containers/web/start": HTML}),
    Wrong(
        "drill error",
        errors.NotFound,
        "drills exist on the practice engine only",
        "%docker connect practice",
        None,
        {"POST /practice/drills": refused(404, "page not found")},
    ),
    Wrong(
        "drill nosuch",
        errors.BadRequest,
        "there is no drill 'nosuch'",
        "--help",
        None,
        {"POST /practice/drills": refused(400, "there is no drill 'nosuch'")},
    ),
    Wrong(
        "inspect web",
        errors.CutShort,
        "ended in the middle of the answer",
        "%docker ping",
        None,
        {"GET /containers/web/json": Answer(200, b'{"Id": ', length=5000)},
    ),
    Wrong("info", errors.CutShort, "ended in the middle", "%docker ping", None, {"GET /info": Answer(verbatim=b"")}),
    Wrong(
        "info",
        errors.CutShort,
        "ended in the middle",
        "%docker ping",
        None,
        {"GET /info": Answer(verbatim=b"SSH-2.0\r\n")},
    ),
    Wrong(
        "logs web",
        errors.CutShort,
        "ended in the middle",
        "%docker ping",
        None,
        {LOGS: Answer(headers=STREAM, steps=[frame(b"one\n"), frame(b"two\n")[:9], Cut()])},
    ),
    Wrong(
        "logs web",
        errors.CutShort,
        "ended inside a frame",
        "%docker ping",
        None,
        {LOGS: Answer(headers=STREAM, steps=[frame(b"one\n"), frame(b"two\n")[:9]])},
    ),
    Wrong(
        "logs web",
        errors.BadFrame,
        "not framed as the API says",
        "Config.Tty",
        None,
        {LOGS: Answer(200, b"plain text of a terminal\n", STREAM)},
    ),
    Wrong("export web", errors.CutShort, "cannot be read", "run the cell again", None, {EXPORT: HTML}),
    Wrong("export web", errors.CutShort, "cannot be read", "run the cell again", None, {EXPORT: Answer(200, b"")}),
    Wrong(
        "export web",
        errors.CutShort,
        "ended in the middle",
        "%docker ping",
        None,
        {EXPORT: Answer(steps=[archive(9000)[:4000], Cut()])},
    ),
    Wrong(
        "export web --output {folder}/web.tar",
        errors.CutShort,
        "ended in the middle",
        "%docker ping",
        None,
        {EXPORT: Answer(steps=[archive(9000)[:4000], Cut()])},
    ),
    Wrong(
        "export web --output {folder}/web.tar", errors.CutShort, "cannot be read", "run the cell", None, {EXPORT: HTML}
    ),
    Wrong(
        "start web",
        errors.NotFound,
        "No such container: web",
        "%docker list --all",
        None,
        {"POST /containers/web/start": refused(404, "No such container: web")},
    ),
    Wrong(
        "create nothing --name web",
        errors.NotFound,
        "No such image",
        "create does not pull",
        None,
        {"POST /containers/create": refused(404, "No such image: nothing:latest")},
    ),
    Wrong(
        "create --name web",
        errors.Conflict,
        "already in use",
        "--replace",
        '{"Image": "busybox"}',
        {"POST /containers/create": refused(409, 'The container name "/web" is already in use')},
    ),
    Wrong(
        "top web",
        errors.Conflict,
        "not running",
        "%docker start",
        None,
        {"GET /containers/web/top": refused(409, "web is not running")},
    ),
    Wrong(
        "list -f colour=red",
        errors.BadRequest,
        "invalid filter 'colour'",
        "--help",
        None,
        {"GET /containers/json": refused(400, "invalid filter 'colour'")},
    ),
    Wrong("info", errors.ServerError, "out of memory", "own log", None, {"GET /info": refused(500, "out of memory")}),
    Wrong(
        "info", errors.ServerError, "Bad Gateway", "own log", None, {"GET /info": Answer(502, b"<h1>Bad Gateway</h1>")}
    ),
    Wrong("info", errors.ServerError, "(no message)", "own log", None, {"GET /info": Answer(503)}),
    Wrong("info", errors.Denied, "who are you", "credentials", None, {"GET /info": refused(401, "who are you")}),
    Wrong(
        "pause web",
        errors.NotImplementedHere,
        "not here",
        "%docker version",
        None,
        {"POST /containers/web/pause": refused(501, "not here")},
    ),
    Wrong("GET /nothing", errors.NotFound, "page not found", "%docker list --all"),
    Wrong("HEAD /nothing", errors.NotFound, "(no message)", "%docker list --all"),
    Wrong(
        "info",
        errors.ServerError,
        "a b �[31m �",
        "own log",
        None,
        {"GET /info": refused(500, "a\n\nb \x1b[31m \u202e")},
    ),
    Wrong("info", errors.ServerError, "characters)", "own log", None, {"GET /info": refused(500, "x" * 100_000)}),
    Wrong(
        "create busybox --name web --replace",
        errors.NotOurs,
        "web is there and does not carry the label",
        "%docker remove web --force",
        None,
        {"GET /containers/web/json": Answer(200, {"Id": "x", "Config": {"Labels": None}})},
    ),
    Wrong(
        "create busybox --name web --replace",
        errors.NotOurs,
        "does not carry the label",
        "take another name",
        None,
        {"GET /containers/web/json": Answer(200, {"Id": "x"})},
    ),
]


@named(ANSWERED)
def test_what_the_engine_answers_wrongly(shell: Shell, fake: FakeEngine, wrong: Wrong, tmp_path: Path):
    for call, answer in wrong.answers.items():
        method, _, path = call.partition(" ")
        fake.on(method, path, answer)
    shell.names["folder"] = str(tmp_path)
    found = shell.run(wrong.source)
    block(found, wrong)
    assert found.error.exchange.status is not None or "ended in the middle" in found.text
    if isinstance(found.error, errors.NotOurs):
        assert {seen.method for seen in fake.requests} == {"GET"}


@named([each for each in ANSWERED if "--output" in each.line and each.kind is errors.CutShort and "ended" in each.what])
def test_nothing_of_a_file_is_left(shell: Shell, fake: FakeEngine, wrong: Wrong, tmp_path: Path):
    fake.on("GET", "/containers/web/export", wrong.answers[EXPORT])
    shell.names["folder"] = str(tmp_path)
    shell.run(wrong.source)
    assert list(tmp_path.iterdir()) == []


SLOW = [
    Wrong(
        "info",
        errors.TimedOut,
        "did not answer within 0.05 s",
        "%docker ping",
        None,
        {"GET /info": Answer(silent=True)},
    ),
    Wrong(
        "logs web",
        errors.TimedOut,
        "fell silent for 0.05 s",
        "DockerMagic.timeout",
        None,
        {LOGS: Answer(headers=STREAM, steps=[frame(b"one\n"), Silence()])},
    ),
    Wrong(
        "stop web --t 0",
        errors.TimedOut,
        "did not answer within 0.05 s",
        "give it longer: --t",
        None,
        {"POST /containers/web/stop": Answer(silent=True)},
    ),
    Wrong(
        "export web --output {folder}/web.tar",
        errors.TimedOut,
        "fell silent for",
        "%docker ping",
        None,
        {EXPORT: Answer(steps=[archive(9000)[:4000], Silence()])},
    ),
]


@named(SLOW)
def test_an_engine_that_falls_silent(shell: Shell, fake: FakeEngine, wrong: Wrong, tmp_path: Path):
    assert shell.run("%config DockerMagic.timeout = 0.05").error is None
    for call, answer in wrong.answers.items():
        method, _, path = call.partition(" ")
        fake.on(method, path, answer)
    shell.names["folder"] = str(tmp_path)
    block(shell.run(wrong.source), wrong)
    assert list(tmp_path.iterdir()) == []


# Places where there is no engine. Each makes one, and gives the address to put into DOCKER_HOST.


def missing(folder: Path) -> str:
    return f"unix://{folder}/gone.sock"


def plain_file(folder: Path) -> str:
    (folder / "plain").touch()
    return f"unix://{folder}/plain"


def a_folder(folder: Path) -> str:
    return f"unix://{folder}"


def below_a_file(folder: Path) -> str:
    (folder / "plain").touch()
    return f"unix://{folder}/plain/docker.sock"


def deaf(folder: Path) -> str:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(folder / "deaf.sock"))
    bound.close()
    return f"unix://{folder}/deaf.sock"


def address(text: str) -> Callable[[Path], str]:
    return lambda folder: text


NOWHERE = [
    (missing, errors.SocketMissing, "there is no socket at", "start the engine"),
    (plain_file, errors.NotASocket, "is a file, and no socket", "%docker doctor"),
    (a_folder, errors.NotASocket, "is a file, and no socket", "%docker doctor"),
    (below_a_file, errors.SocketMissing, "there is no socket at", "start the engine"),
    (deaf, errors.Refused, "nothing listens at", "systemctl start docker"),
    (address("tcp://127.0.0.1:1"), errors.Refused, "nothing listens at", "start the engine"),
    (address("tcp://127.0.0.1:99999"), errors.BadHost, "no address of an engine", "tcp://host:2375"),
    (address("tcp://127.0.0.1:docker"), errors.BadHost, "no address of an engine", "tcp://host:2375"),
    (address("ssh://me:pw@far"), errors.BadHost, "is no address for ssh", "ssh://user@host"),
    (address("npipe:////./pipe/docker_engine"), errors.BadHost, "named pipe", "WSL 2"),
    (address("rubbish"), errors.BadHost, "'rubbish' is no address", "unix:///path/to/docker.sock"),
    (address("unix://"), errors.BadHost, "is no address", "unix:///path/to/docker.sock"),
    (address("unix:///" + "long/" * 30), errors.BadHost, "the system takes 107", "ln -s"),
    (address("fd://3"), errors.BadHost, "is no address", "tcp://host:2375"),
]


@pytest.mark.parametrize("line", ["list", "create busybox", "connect", "GET /info", "list --as curl"])
@pytest.mark.parametrize(("make", "kind", "what", "step"), NOWHERE)
def test_no_engine_there(bare_shell: Shell, monkeypatch, tmp_path_factory, make, kind, what, step, line):
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("w")))
    monkeypatch.setenv("DOCKER_HOST", make(folder))
    loaded = bare_shell.run("%load_ext dockermagic")
    assert loaded.error is None
    assert "has no engine yet" in loaded.beside
    assert what in loaded.beside
    block(bare_shell.run(f"%docker {line}"), Wrong(line, kind, what, step))


@pytest.mark.parametrize(("make", "kind", "what", "step"), NOWHERE)
def test_connect_to_what_is_none(shell: Shell, fake, tmp_path_factory, make, kind, what, step):
    target = make(Path(os.path.realpath(tmp_path_factory.mktemp("w"))))
    if target == "rubbish":
        kind, what, step = errors.NoSuchContext, "there is no docker context 'rubbish'", "stored ones: none"
    block(shell.run(f"%docker connect {target}"), Wrong("connect", kind, what, step))
    assert fake.requests == []
    fake.on("GET", "/containers/json", Answer(200, []))
    assert shell.run("%docker list").error is None, "the old engine is still there"


@pytest.fixture
def strange() -> Iterator[Callable[..., str]]:
    engines: list[FakeEngine] = []

    def make(version: Any) -> str:
        engines.append(FakeEngine(version=version))
        return engines[-1].host

    yield make
    for each in engines:
        each.close()


@pytest.mark.parametrize(
    ("version", "kind", "what", "step"),
    [
        ({**VERSION, "ApiVersion": "1.18"}, errors.EngineTooOld, "up to 1.18", "Docker 1.12 or newer"),
        (
            {**VERSION, "ApiVersion": "1.90", "MinAPIVersion": "1.70"},
            errors.EngineTooNew,
            "from 1.70 on",
            "pip install --upgrade dockermagic",
        ),
        ({**VERSION, "ApiVersion": None}, errors.EngineError, "names no API version", "is this a Docker engine?"),
        ({**VERSION, "ApiVersion": "latest"}, errors.EngineError, "names no API version", "is this a Docker engine?"),
        (HTML, errors.EngineError, "not as a Docker engine does", "%docker doctor"),
        (JUNK, errors.EngineError, "not as a Docker engine does", "%docker doctor"),
        (Answer(200, []), errors.EngineError, "not as a Docker engine does", "%docker doctor"),
        (Answer(403, {"message": "no"}), errors.EngineError, "(403 Forbidden)", "%docker doctor"),
        (Answer(verbatim=b"SSH-2.0-OpenSSH_9.2\r\n"), errors.EngineError, "not as a Docker engine", "%docker doctor"),
        (Answer(verbatim=b""), errors.EngineError, "not as a Docker engine does", "%docker doctor"),
    ],
)
def test_what_answers_and_is_none_for_us(bare_shell: Shell, monkeypatch, strange, version, kind, what, step):
    monkeypatch.setenv("DOCKER_HOST", strange(version))
    assert bare_shell.run("%load_ext dockermagic").error is None
    block(bare_shell.run("%docker list"), Wrong("list", kind, what, step))


def test_an_engine_that_accepts_and_never_answers(bare_shell: Shell, monkeypatch, strange):
    bare_shell.run("%load_ext dockermagic")
    bare_shell.run("%config DockerMagic.timeout = 0.05")
    monkeypatch.setenv("DOCKER_HOST", strange(Answer(silent=True)))
    wrong = Wrong("list", errors.TimedOut, "did not answer within 0.05 s", "%docker ping")
    block(bare_shell.run("%docker list"), wrong)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("stop web --signal INT", "stop's signal came with API 1.42, and Docker Engine 20.10.24 speaks 1.41"),
        ("images --shared-size", "images's shared-size came with API 1.42"),
        ("exec_start abc --console-size 24x80", "exec_start's console-size came with API 1.42"),
    ],
)
def test_an_option_that_the_engine_is_too_old_for(bare_shell: Shell, monkeypatch, strange, line, what):
    monkeypatch.setenv("DOCKER_HOST", strange({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}))
    bare_shell.run("%load_ext dockermagic")
    block(bare_shell.run(f"%docker {line}"), Wrong(line, errors.EngineTooOld, what, "leave it out"))


@pytest.mark.parametrize(
    ("env", "config", "what", "step"),
    [
        ({"DOCKER_CONTEXT": "gone"}, None, "no docker context 'gone' (from DOCKER_CONTEXT", "stored ones: mine"),
        ({}, {"currentContext": "gone"}, "no docker context 'gone' (from the current context", "stored ones: mine"),
        ({"DOCKER_CONTEXT": "broken"}, None, "'broken' (from DOCKER_CONTEXT", "docker context create"),
        ({}, {"currentContext": "broken"}, "cannot be read", "docker context create"),
    ],
)
def test_a_context_that_is_none(bare_shell: Shell, monkeypatch, tmp_path, env, config, what, step):
    from test_locate import store

    store(tmp_path, {"mine": "unix:///gone", "broken": '{"Endpoints": '}, None, folder="cfg")
    if config:
        (tmp_path / "cfg" / "config.json").write_text(json.dumps(config))
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "cfg"))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    bare_shell.run("%load_ext dockermagic")
    block(bare_shell.run("%docker list"), Wrong("list", errors.NoSuchContext, what, step))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_socket_that_is_not_for_this_user(bare_shell: Shell, fake: FakeEngine, monkeypatch):
    os.chmod(fake.folder, 0o755)
    os.chmod(fake.host.removeprefix("unix://"), 0o600)
    monkeypatch.setenv("DOCKER_HOST", fake.host)
    os.seteuid(65534)
    try:
        bare_shell.run("%load_ext dockermagic")
        found = bare_shell.run("%docker list")
    finally:
        os.seteuid(0)
    block(found, Wrong("list", errors.PermissionDenied, "this user may not open", "ask for membership"))
    assert "666" not in found.text


def test_an_error_can_be_caught(shell: Shell):
    found = shell.run("try:\n    %docker lst\nexcept Exception as error:\n    name = type(error).__name__")
    assert found.error is None
    assert shell.names["name"] == "UnknownSubcommand"
