"""The docker CLI as a foreign client: each test says what Docker 28 does."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import select
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_support import Docker, Done
from client_support import IMAGE, PATIENCE, RUN, Engine, Made, until
from tars import TARS

ID = re.compile(r"[0-9a-f]{64}")
IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
FOREVER = ["sleep", "100000"]


@pytest.fixture(scope="module")
def docker_of_module(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Docker:
    program = shutil.which("docker")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set and there is no docker CLI", pytrace=False)
        pytest.skip("no docker CLI on this machine")
    return Docker(program, engine, str(tmp_path_factory.mktemp("docker-config")))


@pytest.fixture
def docker(docker_of_module: Docker) -> Iterator[Docker]:
    yield docker_of_module
    docker_of_module.end_all()


@pytest.fixture(scope="module")
def box(docker_of_module: Docker, made_for_all: Made) -> str:
    """A container that runs for the whole module; tests leave it as it is."""
    name = made_for_all.name()
    docker_of_module.ok("run", "-d", "--name", name, "-e", "FRUIT=kiwi", "-w", "/tmp", IMAGE, *FOREVER)
    return name


def line(process: subprocess.Popen[str], wanted: str) -> str:
    """Read lines until one holds `wanted`."""
    for text in process.stdout:
        if wanted in text:
            return text
    raise AssertionError(f"the output ended without {wanted!r}")


# run: what the container sees

RUN_TABLE = {
    "words": ([], ["echo", "a b", "c"], "a b c\n"),
    "image's own environment": (
        ["--hostname", "kiwi"],
        ["sh", "-c", "env | grep -v SHLVL | grep -v PWD | sort"],
        "HOME=/root\nHOSTNAME=kiwi\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    ),
    "hostname": (["--hostname", "kiwi"], ["hostname"], "kiwi\n"),
    "hosts file": (["--hostname", "kiwi"], ["sh", "-c", "cat /etc/hostname"], "kiwi\n"),
    "workdir": (["-w", "/opt/made for it"], ["pwd"], "/opt/made for it\n"),
    "user by number": (["-u", "1234"], ["sh", "-c", "id -u; id -g; echo $HOME"], "1234\n0\n/\n"),
    "user and group": (["-u", "1234:567"], ["sh", "-c", "id -u; id -g"], "1234\n567\n"),
    "user by name": (["-u", "root"], ["sh", "-c", "id -u; echo $HOME"], "0\n/root\n"),
    "env": (["-e", "A=1", "-e", "B=x y", "-e", "C="], ["sh", "-c", 'echo "$A|$B|${C-unset}"'], "1|x y|\n"),
    "env replaces": (["-e", "HOME=/x"], ["sh", "-c", "echo $HOME"], "/x\n"),
    "env from here": (
        ["-e", "OURS", "-e", "NOT_HERE"],
        ["sh", "-c", "echo $OURS ${NOT_HERE-unset}"],
        "here unset\n",
    ),
    "entrypoint": (["--entrypoint", "echo"], ["sh", "-c"], "sh -c\n"),
    "entrypoint emptied": (["--entrypoint", ""], ["echo", "hi"], "hi\n"),
    "terminal": (["-t"], ["sh", "-c", "test -t 0 && test -t 1 && echo $TERM"], "xterm\r\n"),
    "terminal has one stream": (["-t"], ["sh", "-c", "echo out; echo err >&2"], "out\r\nerr\r\n"),
    "no terminal": ([], ["sh", "-c", "test -t 0 || test -t 1 || echo none"], "none\n"),
    "no stdin without -i": ([], ["cat"], ""),
    "unicode": ([], ["echo", "漢字 ñ"], "漢字 ñ\n"),
    "no newline": ([], ["printf", "abc"], "abc"),
    "main process": ([], ["sh", "-c", "echo $$"], "1\n"),
    "privileges": (["--privileged"], ["id", "-u"], "0\n"),
}


@pytest.mark.parametrize(("options", "command", "out"), RUN_TABLE.values(), ids=RUN_TABLE)
def test_run(docker: Docker, made: Made, options: list[str], command: list[str], out: str) -> None:
    done = docker("run", "--name", made.name(), *options, IMAGE, *command, stdin=b"ignored", env={"OURS": "here"})
    assert done == Done(0, out, "")


def test_run_uses_the_image_command(docker: Docker, name: str) -> None:
    done = docker("run", "-i", "--name", name, IMAGE, stdin=b"echo from $0\nexit 4\n")
    assert done == Done(4, "from sh\n", "")


def test_run_env_file_and_label_file(docker: Docker, name: str, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# note\nA=1\nB=two words\n\nC='quoted'\n")
    (tmp_path / "labels").write_text("fruit=kiwi\nsize=small\n")
    out = docker.ok(
        *[
            "run",
            "--name",
            name,
            "--env-file",
            str(tmp_path / "env"),
            "--label-file",
            str(tmp_path / "labels"),
        ],
        *["--label", "fruit=fig", IMAGE, "sh", "-c", 'echo "$A|$B|$C"'],
    )
    assert out == "1|two words|'quoted'"
    labels = json.loads(docker.ok("inspect", "-f", "{{json .Config.Labels}}", name))
    assert labels == {"fruit": "fig", "size": "small"}


def test_run_cidfile(docker: Docker, name: str, tmp_path: Path) -> None:
    docker.ok("run", "--name", name, "--cidfile", str(tmp_path / "id"), IMAGE, "true")
    assert (tmp_path / "id").read_text() == docker.ok("inspect", "-f", "{{.Id}}", name)


def test_run_keeps_streams_apart(docker: Docker, name: str) -> None:
    done = docker("run", "--name", name, IMAGE, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert done == Done(3, "out\n", "err\n")


def test_run_i_gives_bytes_back_unchanged(docker: Docker, name: str) -> None:
    data = os.urandom(5_000_000)
    done = docker.raw("run", "-i", "--name", name, IMAGE, "cat", stdin=data)
    assert (done.returncode, done.stderr) == (0, b"")
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_run_i_ends_with_its_stdin(docker: Docker, name: str) -> None:
    assert docker.ok("run", "-i", "--name", name, IMAGE, "wc", "-c", stdin=b"x" * 70_000) == "70000"


def test_run_much_output(docker: Docker, name: str) -> None:
    done = docker.raw("run", "--name", name, IMAGE, "sh", "-c", "seq 300000; seq 300000 >&2")
    wanted = "".join(f"{n}\n" for n in range(1, 300_001)).encode()
    assert done.stdout == wanted
    assert done.stderr == wanted


def test_run_d(docker: Docker, name: str) -> None:
    identity = docker.ok("run", "-d", "--name", name, IMAGE, *FOREVER)
    assert ID.fullmatch(identity)
    assert docker.ok("inspect", "-f", "{{.Id}} {{.State.Running}}", name) == f"{identity} true"


@pytest.mark.parametrize("detached", [False, True])
def test_run_rm(docker: Docker, name: str, detached: bool) -> None:
    docker.ok("run", "--rm", *["-d"] * detached, "--name", name, IMAGE, "true")
    until(lambda: docker.engine.gone(name))


def test_run_rm_after_failure(docker: Docker, name: str) -> None:
    assert docker("run", "--rm", "--name", name, IMAGE, "sh", "-c", "exit 9").code == 9
    until(lambda: docker.engine.gone(name))


# Exit codes

CODES = [0, 1, 2, 42, 125, 126, 127, 128, 137, 143, 254, 255]


@pytest.mark.parametrize("code", CODES)
def test_run_exit_code(docker: Docker, name: str, code: int) -> None:
    assert docker("run", "--name", name, IMAGE, "sh", "-c", f"exit {code}") == Done(code, "", "")
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}} {{.State.Status}}", name) == f"{code} exited"


# what, options, image, command, exit code, words of stderr, state afterwards (None: no container)
RUN_FAILURES = {
    "unknown option": (["--nosuch"], IMAGE, [], 125, "unknown flag: --nosuch", None),
    "unknown image": (
        ["--pull", "never"],
        "nosuch-image",
        [],
        125,
        "No such image: nosuch-image:latest",
        None,
    ),
    "unknown user": (["-u", "nosuch"], IMAGE, ["true"], 125, "unable to find user nosuch", "created 128"),
    "relative workdir": (["-w", "x"], IMAGE, ["true"], 125, "needs to be an absolute path", None),
    "bad label option": (["--stop-signal", "NOSUCH"], IMAGE, ["true"], 125, "invalid signal: NOSUCH", None),
    "a folder": ([], IMAGE, ["/etc"], 126, "permission denied", "created 126"),
    "not executable": ([], IMAGE, ["/etc/passwd"], 126, "permission denied", "created 126"),
    "no such program": ([], IMAGE, ["nosuch"], 127, "executable file not found in $PATH", "created 127"),
    "no such path": ([], IMAGE, ["/no/such"], 127, "no such file or directory", "created 127"),
}


@pytest.mark.parametrize(
    ("options", "image", "command", "code", "words", "after"), RUN_FAILURES.values(), ids=RUN_FAILURES
)
def test_run_fails(
    docker: Docker,
    name: str,
    options: list[str],
    image: str,
    command: list[str],
    code: int,
    words: str,
    after: str | None,
) -> None:
    done = docker("run", "--name", name, *options, image, *command)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    if after is None:
        assert docker.engine.gone(name)
    else:
        assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name) == after


def test_run_name_taken(docker: Docker, box: str) -> None:
    done = docker("run", "--name", box, IMAGE, "true")
    identity = docker.ok("inspect", "-f", "{{.Id}}", box)
    assert done.code == 125
    assert f'Conflict. The container name "/{box}" is already in use by container "{identity}".' in done.err


SIGNALS = [("KILL", 137), ("TERM", 143), ("INT", 130), ("HUP", 129), ("USR1", 138)]


@pytest.mark.parametrize(("signal", "code"), SIGNALS)
def test_killed_main_process(docker: Docker, name: str, signal: str, code: int) -> None:
    """--init: a process that is PID 1 has no default actions."""
    docker.ok("run", "-d", "--init", "--name", name, IMAGE, *FOREVER)
    docker.ok("exec", name, "true")
    assert docker.ok("kill", "-s", signal, name) == name
    assert docker.ok("wait", name) == str(code)


def test_killed_child(docker: Docker, name: str) -> None:
    done = docker("run", "--name", name, IMAGE, "sh", "-c", 'sh -c "kill -TERM \\$\\$"; exit $?')
    assert done.code == 143


def test_kill_sends_by_default_kill(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, *FOREVER)
    docker.ok("kill", name)
    assert docker.ok("wait", name) == "137"
    done = docker("kill", name)
    assert done.code == 1
    assert re.search(r"cannot kill container: \S+: container [0-9a-f]{64} is not running", done.err)


def test_kill_with_a_handled_signal(docker: Docker, name: str) -> None:
    script = 'trap "echo got HUP" HUP; trap "exit 5" USR2; echo ready; while :; do sleep 0.1; done'
    docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", script)
    until(lambda: docker.ok("logs", name) == "ready")
    docker.ok("kill", "-s", "SIGHUP", name)
    until(lambda: docker.ok("logs", name) == "ready\ngot HUP")
    docker.ok("kill", "-s", "12", name)
    assert docker.ok("wait", name) == "5"


def test_kill_bad_signal(docker: Docker, box: str) -> None:
    done = docker("kill", "-s", "NOSUCH", box)
    assert (done.code, done.out) == (1, "")
    assert "invalid signal: NOSUCH" in done.err


def test_foreground_run_passes_signals_on(docker: Docker, name: str) -> None:
    script = 'trap "echo bye; exit 6" TERM; echo ready; while :; do sleep 0.1; done'
    process = docker.spawn("run", "--name", name, IMAGE, "sh", "-c", script)
    line(process, "ready")
    process.terminate()
    line(process, "bye")
    assert process.wait(PATIENCE) == 6


# Terminals


def test_run_it(docker: Docker, name: str) -> None:
    terminal = docker.terminal("run", "-it", "--name", name, IMAGE, "sh", rows=33, columns=101)
    terminal.expect("# ")
    terminal.type("test -t 0 && echo is''-a-terminal\n")
    terminal.expect("is-a-terminal\r\n")
    terminal.type("exit 3\n")
    assert terminal.end() == 3


def test_run_it_resizes(docker: Docker, name: str) -> None:
    script = 'for size in "33 101" "44 55"; do until stty size | grep -x "$size"; do sleep 0.1; done; done'
    terminal = docker.terminal("run", "-it", "--name", name, IMAGE, "sh", "-c", script, rows=33, columns=101)
    terminal.expect("33 101\r\n")
    terminal.resize_until("44 55\r\n", 44, 55)
    assert terminal.end() == 0


def test_run_it_ctrl_c(docker: Docker, name: str) -> None:
    terminal = docker.terminal(
        "run",
        "-it",
        "--name",
        name,
        IMAGE,
        "sh",
        "-c",
        "trap 'echo in''terrupted; exit 7' INT; echo re''ady; cat",
    )
    terminal.expect("ready\r\n")
    terminal.type("\x03")
    terminal.expect("interrupted\r\n")
    assert terminal.end() == 7


def test_detach_and_attach_again(docker: Docker, name: str) -> None:
    terminal = docker.terminal("run", "-it", "--name", name, IMAGE, "sh")
    terminal.expect("# ")
    terminal.type("\x10\x11")  # ctrl-p ctrl-q
    assert terminal.end() == 0
    assert docker.engine.state(name) == "running"
    again = docker.terminal("attach", name)
    again.type("echo still''-here\n")
    again.expect("still-here\r\n")
    again.type("exit 8\n")
    assert again.end() == 8


def test_detach_keys_of_ones_own(docker: Docker, name: str) -> None:
    terminal = docker.terminal("run", "-it", "--detach-keys", "ctrl-x,q", "--name", name, IMAGE, "sh")
    terminal.expect("# ")
    terminal.type("\x18q")
    assert terminal.end() == 0
    assert docker.engine.state(name) == "running"


# create, start, stop, restart, pause, wait


def test_create_start_attached(docker: Docker, name: str) -> None:
    identity = docker.ok("create", "-i", "--name", name, IMAGE, "sh", "-c", "cat; echo err >&2; exit 11")
    assert docker.ok("inspect", "-f", "{{.Id}} {{.State.Status}}", name) == f"{identity} created"
    assert docker("start", "-ai", name, stdin=b"in\n") == Done(11, "in\n", "err\n")


def test_start_again_runs_again(docker: Docker, name: str) -> None:
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "echo x >>/seen; wc -l </seen")
    assert docker.ok("start", "-a", name) == "2"
    assert docker.ok("logs", name) == "1\n2"


def test_start_and_stop_are_content_when_already_so(docker: Docker, name: str, box: str) -> None:
    assert docker("start", box) == Done(0, f"{box}\n", "")
    docker.ok("create", "--name", name, IMAGE, "true")
    assert docker("stop", name) == Done(0, f"{name}\n", "")


def test_stop_lets_the_process_end(docker: Docker, name: str) -> None:
    script = 'trap "echo bye; exit 12" TERM; echo ready; while :; do sleep 0.1; done'
    docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", script)
    until(lambda: docker.ok("logs", name))
    assert docker.ok("stop", name) == name
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name) == "exited 12"
    assert docker.ok("logs", name) == "ready\nbye"


def test_stop_kills_in_the_end(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, *FOREVER)
    docker.ok("stop", "-t", "0", name)
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "137"


STOP_SIGNALS = {
    "the container's": (["--stop-signal", "USR1"], [], "5"),
    "stop's own": (["--stop-signal", "USR1"], ["-s", "USR2"], "6"),
}


@pytest.mark.parametrize(("options", "stop", "code"), STOP_SIGNALS.values(), ids=STOP_SIGNALS)
def test_stop_signal(docker: Docker, name: str, options: list[str], stop: list[str], code: str) -> None:
    script = 'trap "exit 5" USR1; trap "exit 6" USR2; echo ready; while :; do sleep 0.1; done'
    docker.ok("run", "-d", "--name", name, *options, IMAGE, "sh", "-c", script)
    until(lambda: docker.ok("logs", name))
    docker.ok("stop", *stop, name)
    assert docker.ok("wait", name) == code


def test_restart(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", "echo up; exec sleep 100000")
    until(lambda: docker.ok("logs", name) == "up")
    before = docker.ok("inspect", "-f", "{{.State.StartedAt}}", name)
    assert docker.ok("restart", "-t", "0", name) == name
    until(lambda: docker.ok("logs", name) == "up\nup")
    after = docker.ok("inspect", "-f", "{{.State.StartedAt}} {{.State.Status}} {{.RestartCount}}", name).split()
    assert after[0] != before
    assert after[1:] == ["running", "0"]


def test_restart_policy_on_failure(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--restart", "on-failure:2", "--name", name, IMAGE, "sh", "-c", "echo try; exit 5")
    look = "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}"
    until(lambda: docker.ok("inspect", "-f", look, name) == "2 exited 5", "two restarts")
    assert docker.ok("logs", name) == "try\n" * 2 + "try"


def test_restart_policy_leaves_success_alone(docker: Docker, name: str) -> None:
    docker.ok("run", "--restart", "on-failure", "--name", name, IMAGE, "echo", "once")
    assert docker.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", name) == "0 exited"


def test_restart_policy_always_until_stopped(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--restart", "always", "--name", name, IMAGE, "true")
    until(lambda: int(docker.ok("inspect", "-f", "{{.RestartCount}}", name)) >= 1)
    docker.ok("stop", "-t", "0", name)
    assert docker.engine.state(name) == "exited"


def test_init_is_the_first_process(docker: Docker, name: str) -> None:
    out = docker.ok("run", "--init", "--name", name, IMAGE, "ps", "-o", "pid,args")
    assert re.search(r"^ *1 \S*docker-init -- ps -o pid,args$", out, re.M)


def test_pause_and_unpause(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", "while :; do echo .; sleep 0.05; done")
    until(lambda: docker.ok("logs", name))
    assert docker.ok("pause", name) == name
    assert docker.engine.state(name) == "paused"
    assert re.search(r"^Up .* \(Paused\)$", docker.ok("ps", "-f", f"name={name}", "--format", "{{.Status}}"))
    quiet = docker.ok("logs", name)
    assert "is already paused" in docker("pause", name).err
    assert "is paused, unpause the container before exec" in docker("exec", name, "true").err
    assert docker.ok("logs", name) == quiet
    assert docker.ok("unpause", name) == name
    until(lambda: len(docker.ok("logs", name)) > len(quiet))
    done = docker("unpause", name)
    assert (done.code, "is not paused" in done.err) == (1, True)


def test_stop_of_a_paused_one(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, *FOREVER)
    docker.ok("pause", name)
    docker.ok("stop", "-t", "0", name)
    assert docker.engine.state(name) == "exited"


def test_wait_for_several(docker: Docker, made: Made) -> None:
    names = [made.name() for _ in range(2)]
    for code, name in enumerate(names, 21):
        docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", f"sleep 0.2; exit {code}")
    assert docker.ok("wait", *names).splitlines() == ["21", "22"]


def test_rm(docker: Docker, name: str) -> None:
    docker.ok("run", "-d", "--name", name, IMAGE, *FOREVER)
    done = docker("rm", name)
    assert (done.code, done.out) == (1, "")
    assert f'cannot remove container "{name}": container is running' in done.err
    assert docker.ok("rm", "-f", name) == name
    assert docker.engine.gone(name)
    assert docker("rm", name).code == 1
    assert docker("rm", "-f", name) == Done(0, "", f"Error response from daemon: No such container: {name}\n")


def test_rename(docker: Docker, made: Made, box: str) -> None:
    old, new = made.name(), made.name()
    docker.ok("create", "--name", old, IMAGE, "true")
    assert docker("rename", old, new) == Done(0, "", "")
    assert docker.engine.gone(old)
    assert docker.ok("inspect", "-f", "{{.Name}}", new) == f"/{new}"
    assert f'Conflict. The container name "/{box}" is already in use' in docker("rename", new, box).err
    assert "Renaming a container with the same name as its current name" in docker("rename", new, new).err


def test_update_restart_policy(docker: Docker, name: str) -> None:
    docker.ok("create", "--name", name, IMAGE, "true")
    assert docker.ok("update", "--restart", "on-failure:3", name) == name
    policy = json.loads(docker.ok("inspect", "-f", "{{json .HostConfig.RestartPolicy}}", name))
    assert policy == {"Name": "on-failure", "MaximumRetryCount": 3}


NO_SUCH = [
    *[
        "start X",
        "stop X",
        "restart X",
        "kill X",
        "pause X",
        "unpause X",
        "rm X",
        "wait X",
        "logs X",
        "top X",
    ],
    *[
        "diff X",
        "attach X",
        "export X",
        "port X",
        "stats --no-stream X",
        "update --restart no X",
        "rename X y",
    ],
    *["exec X true", "commit X"],
]


@pytest.mark.parametrize("words", NO_SUCH)
def test_no_such_container(docker: Docker, words: str) -> None:
    nobody = f"{RUN}-nosuch"
    done = docker(*words.replace("X", nobody).split())
    assert done.code == 1
    assert f"No such container: {nobody}" in done.err


# exec

EXEC_TABLE = {
    "words": ([], ["echo", "a b"], Done(0, "a b\n", "")),
    "streams": ([], ["sh", "-c", "echo out; echo err >&2; exit 3"], Done(3, "out\n", "err\n")),
    "container's env": ([], ["sh", "-c", "echo $FRUIT"], Done(0, "kiwi\n", "")),
    "env": (["-e", "FRUIT=fig", "-e", "B=2"], ["sh", "-c", "echo $FRUIT $B"], Done(0, "fig 2\n", "")),
    "container's workdir": ([], ["pwd"], Done(0, "/tmp\n", "")),
    "workdir": (["-w", "/etc"], ["pwd"], Done(0, "/etc\n", "")),
    "user by number": (["-u", "1234:567"], ["sh", "-c", "id -u; id -g"], Done(0, "1234\n567\n", "")),
    "user by name": (["-u", "root"], ["id", "-u"], Done(0, "0\n", "")),
    "no stdin": ([], ["cat"], Done(0, "", "")),
    "stdin": (["-i"], ["cat"], Done(0, "given\n", "")),
    "terminal": (["-t"], ["sh", "-c", "test -t 1 && echo $TERM"], Done(0, "xterm\r\n", "")),
    "privileged": (["--privileged"], ["true"], Done(0, "", "")),
    "killed": ([], ["sh", "-c", "kill -KILL $$"], Done(137, "", "")),
    "255": ([], ["sh", "-c", "exit 255"], Done(255, "", "")),
    "daemon inside": ([], ["sh", "-c", "sleep 0.1 >/dev/null 2>&1 & echo x"], Done(0, "x\n", "")),
}


@pytest.mark.parametrize(("options", "command", "wanted"), EXEC_TABLE.values(), ids=EXEC_TABLE)
def test_exec(docker: Docker, box: str, options: list[str], command: list[str], wanted: Done) -> None:
    assert docker("exec", *options, box, *command, stdin=b"given\n") == wanted


EXEC_FAILURES = {
    "no such program": ([], ["nosuch"], 127, "executable file not found in $PATH"),
    "a folder": ([], ["/etc"], 126, "permission denied"),
    "no such workdir": (["-w", "/nosuch"], ["true"], 127, "no such file or directory"),
    "no such user": (["-u", "nosuch"], ["true"], 1, "unable to find user nosuch"),
}


@pytest.mark.parametrize(("options", "command", "code", "words"), EXEC_FAILURES.values(), ids=EXEC_FAILURES)
def test_exec_fails(docker: Docker, box: str, options: list[str], command: list[str], code: int, words: str) -> None:
    done = docker("exec", *options, box, *command)
    assert done.code == code
    assert words in done.out + done.err


def test_exec_i_gives_bytes_back_unchanged(docker: Docker, box: str) -> None:
    data = os.urandom(2_000_000)
    assert docker.raw("exec", "-i", box, "cat", stdin=data).stdout == data


def test_exec_d(docker: Docker, box: str) -> None:
    assert docker("exec", "-d", box, "sh", "-c", "echo done >/tmp/detached") == Done(0, "", "")
    until(lambda: docker("exec", box, "cat", "/tmp/detached").out == "done\n")


def test_exec_it(docker: Docker, box: str) -> None:
    terminal = docker.terminal("exec", "-it", box, "sh", rows=21, columns=77)
    terminal.expect("# ")
    terminal.type("until stty size | grep -x '21 77'; do sleep 0.1; done\n")
    terminal.expect("21 77\r\n")
    terminal.size(22, 78)
    terminal.type("until stty size | grep -x '22 78'; do sleep 0.1; done\n")
    terminal.expect("22 78\r\n")
    terminal.type("exit 13\n")
    assert terminal.end() == 13


def test_exec_in_a_stopped_one(docker: Docker, name: str) -> None:
    identity = docker.ok("create", "--name", name, IMAGE, "true")
    done = docker("exec", name, "true")
    assert done == Done(1, "", f"Error response from daemon: container {identity} is not running\n")


# logs, attach


@pytest.fixture(scope="module")
def talker(docker_of_module: Docker, made_for_all: Made) -> str:
    """An ended container with five lines: 1 to 4 on stdout, `err` on stderr, the last after a pause."""
    name = made_for_all.name()
    script = "echo 1; echo 2; sleep 0.1; echo err >&2; sleep 0.1; echo 3; sleep 0.1; echo 4"
    docker_of_module.ok("run", "--name", name, IMAGE, "sh", "-c", script)
    return name


LOGS = {
    "all": ([], "1\n2\n3\n4\n", "err\n"),
    "tail": (["--tail", "2"], "3\n4\n", ""),
    "tail over both": (["-n", "3"], "3\n4\n", "err\n"),
    "tail none": (["--tail", "0"], "", ""),
    "tail all": (["--tail", "all"], "1\n2\n3\n4\n", "err\n"),
    "tail nonsense": (["--tail", "abc"], "1\n2\n3\n4\n", "err\n"),
    "more than there are": (["--tail", "99"], "1\n2\n3\n4\n", "err\n"),
    "since long ago": (["--since", "2h"], "1\n2\n3\n4\n", "err\n"),
    "since the future": (["--since", "2100-01-01T00:00:00Z"], "", ""),
    "until the past": (["--until", "2000-01-01"], "", ""),
    "follow an ended one": (["-f"], "1\n2\n3\n4\n", "err\n"),
    "follow with a tail": (["-f", "--tail", "1"], "4\n", ""),
}


@pytest.mark.parametrize(("options", "out", "err"), LOGS.values(), ids=LOGS)
def test_logs(docker: Docker, talker: str, options: list[str], out: str, err: str) -> None:
    assert docker("logs", *options, talker) == Done(0, out, err)


STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"


def test_logs_timestamps(docker: Docker, talker: str) -> None:
    lines = docker("logs", "--timestamps", talker).lines
    assert [re.fullmatch(rf"{STAMP} (\d)", text)[1] for text in lines] == list("1234")
    assert lines == sorted(lines)


def test_logs_since_and_until_include_their_moment(docker: Docker, talker: str) -> None:
    third = docker("logs", "-t", talker).lines[2].split()[0]
    assert docker("logs", "--since", third, talker) == Done(0, "3\n4\n", "")
    assert docker("logs", "--until", third, talker) == Done(0, "1\n2\n3\n", "err\n")
    assert docker("logs", "--since", third, "--until", third, talker).out == "3\n"


def test_logs_details(docker: Docker, name: str) -> None:
    docker.ok("run", "--name", name, "--log-opt", "labels=fruit", "--label", "fruit=kiwi", IMAGE, "echo", "x")
    assert docker("logs", "--details", name).out == "fruit=kiwi x\n"


def test_logs_of_a_terminal(docker: Docker, name: str) -> None:
    docker.ok("run", "-t", "--name", name, IMAGE, "sh", "-c", "echo a; echo b >&2")
    assert docker.raw("logs", name).stdout == b"a\r\nb\r\n"


def test_logs_follow(docker: Docker, name: str) -> None:
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        IMAGE,
        "sh",
        "-c",
        "echo 1; until test -e /go; do sleep 0.05; done; echo 2; exit 3",
    )
    process = docker.spawn("logs", "-f", name)
    assert line(process, "1") == "1\n"
    docker.ok("exec", name, "touch", "/go")
    assert process.communicate(timeout=PATIENCE)[0] == "2\n"
    assert process.returncode == 0


def test_logs_of_a_line_in_pieces(docker: Docker, name: str) -> None:
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "printf ab; sleep 0.1; printf cd; echo; printf end")
    assert docker("logs", name).out == "abcd\nend"


def test_logs_of_a_long_line(docker: Docker, name: str) -> None:
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo")
    assert docker("logs", name).out == "x" * 100_000 + "\n"


def test_logs_of_one_never_started(docker: Docker, name: str) -> None:
    docker.ok("create", "--name", name, IMAGE, "echo", "x")
    assert docker("logs", name) == Done(0, "", "")


def test_attach(docker: Docker, name: str) -> None:
    script = 'while read -r word; do echo "got $word"; test "$word" != end || exit 14; done'
    docker.ok("run", "-di", "--name", name, IMAGE, "sh", "-c", script)
    process = docker.spawn("attach", name)
    process.stdin.write("one\nend\n")
    process.stdin.flush()
    line(process, "got one")
    line(process, "got end")
    assert process.wait(PATIENCE) == 14


def test_attach_without_stdin_sees_only_what_comes(docker: Docker, name: str) -> None:
    script = "echo before; until test -e /go; do sleep 0.05; done; echo after; exit 2"
    docker.ok("run", "-d", "--name", name, IMAGE, "sh", "-c", script)
    until(lambda: docker.ok("logs", name) == "before")
    process = docker.spawn("attach", "--no-stdin", name)
    # nothing tells that an attach has arrived but the event
    until(lambda: "attach" in happened(docker, name), "the attach event")
    docker.ok("exec", name, "touch", "/go")
    assert process.communicate(timeout=PATIENCE)[0] == "after\n"
    assert process.returncode == 2


def test_attach_to_a_stopped_one(docker: Docker, talker: str) -> None:
    done = docker("attach", talker)
    assert (done.code, "cannot attach to a stopped container" in done.err) == (1, True)


# cp, diff, export, commit, images


def tar_names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_cp_both_ways(docker: Docker, name: str, tmp_path: Path, running: bool) -> None:
    docker.ok(*(["run", "-d"] if running else ["create"]), "--name", name, IMAGE, *FOREVER)
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "data").write_bytes(os.urandom(300_000))
    (tree / "script").write_text("#!/bin/sh\n")
    (tree / "script").chmod(0o755)
    (tree / "link").symlink_to("deep/data")
    assert docker("cp", "-q", str(tree), f"{name}:/opt") == Done(0, "", "")
    assert docker("cp", "-q", f"{name}:/opt", str(tmp_path / "back")) == Done(0, "", "")
    back = tmp_path / "back"
    assert (back / "deep" / "data").read_bytes() == (tree / "deep" / "data").read_bytes()
    assert os.readlink(back / "link") == "deep/data"
    assert (back / "script").stat().st_mode & 0o777 == 0o755


def test_cp_a_file_under_another_name(docker: Docker, box: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text\n")
    docker.ok("cp", "-q", str(tmp_path / "a"), f"{box}:/tmp/b")
    assert docker.ok("exec", box, "cat", "/tmp/b") == "text"
    docker.ok("cp", "-q", f"{box}:/tmp/b", str(tmp_path / "c"))
    assert (tmp_path / "c").read_text() == "text\n"


def test_cp_into_an_existing_folder(docker: Docker, box: str, tmp_path: Path) -> None:
    docker.ok("exec", box, "mkdir", "-p", "/tmp/into")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("1")
    docker.ok("cp", "-q", str(tmp_path / "folder"), f"{box}:/tmp/into")
    docker.ok("cp", "-q", f"{tmp_path}/folder/.", f"{box}:/tmp/into")
    found = docker.ok("exec", box, "find", "/tmp/into", "-type", "f").split()
    assert sorted(found) == ["/tmp/into/folder/x", "/tmp/into/x"]


def test_cp_as_a_stream(docker: Docker, box: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("streamed")
        entry.size, entry.mode = 3, 0o640
        tar.addfile(entry, io.BytesIO(b"abc"))
    assert docker.raw("cp", "-", f"{box}:/tmp", stdin=data.getvalue()).returncode == 0
    assert docker.ok("exec", box, "sh", "-c", "cat /tmp/streamed; stat -c ' %a %u' /tmp/streamed") == "abc 640 0"
    assert tar_names(docker.raw("cp", f"{box}:/tmp/streamed", "-").stdout) == ["streamed"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("absolute", True),
        ("through a link out", True),
        ("through a link that climbs", False),
        ("it climbs", False),
        ("a hard link that climbs", False),
        ("a name too long", False),
        ("compressed and cut to 12 bytes", False),
    ],
)
def test_cp_of_a_hostile_archive(docker: Docker, box: str, name: str, taken: bool) -> None:
    assert (docker.raw("cp", "-", f"{box}:/tmp", stdin=TARS[name]).returncode == 0) == taken
    assert docker.ok("exec", box, "sh", "-c", "ls -d /climbed /etc/planted 2>&-; true") == ""


def test_cp_follows_a_link_when_asked(docker: Docker, box: str, tmp_path: Path) -> None:
    docker.ok("exec", box, "sh", "-c", "echo real >/tmp/real; ln -sf /tmp/real /tmp/soft")
    docker.ok("cp", "-q", f"{box}:/tmp/soft", str(tmp_path / "kept"))
    docker.ok("cp", "-qL", f"{box}:/tmp/soft", str(tmp_path / "followed"))
    assert os.readlink(tmp_path / "kept") == "/tmp/real"
    assert (tmp_path / "followed").read_text() == "real\n"


CP_FAILURES = {
    "from no such path": (
        ["{box}:/no/such", "{here}"],
        "Could not find the file /no/such in container {box}",
    ),
    "into no such folder": (["{here}", "{box}:/no/such/"], "Could not find the file /no in container {box}"),
    "onto a file as a folder": (["{here}", "{box}:/etc/passwd"], "cannot copy directory"),
    "no such container": (["{box}-nosuch:/etc", "{here}"], "No such container: {box}-nosuch"),
}


@pytest.mark.parametrize(("words", "error"), CP_FAILURES.values(), ids=CP_FAILURES)
def test_cp_fails(docker: Docker, box: str, tmp_path: Path, words: list[str], error: str) -> None:
    done = docker("cp", *[word.format(box=box, here=tmp_path) for word in words])
    assert done.code == 1
    assert error.format(box=box) in done.err


def test_diff(docker: Docker, name: str) -> None:
    script = "mkdir /made; echo x >/made/new; echo y >>/etc/passwd; rm /bin/yes"
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", script)
    assert sorted(docker.ok("diff", name).splitlines()) == [
        *["A /made", "A /made/new", "C /bin", "C /etc", "C /etc/passwd", "D /bin/yes"]
    ]


def test_diff_of_one_untouched(docker: Docker, name: str) -> None:
    docker.ok("create", "--name", name, IMAGE, "true")
    assert docker("diff", name) == Done(0, "", "")


def test_export(docker: Docker, name: str, tmp_path: Path) -> None:
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "echo kept >/kept; rm /bin/yes")
    assert docker("export", "-o", str(tmp_path / "all.tar"), name) == Done(0, "", "")
    with tarfile.open(tmp_path / "all.tar") as tar:
        names = {entry.removeprefix("./") for entry in tar.getnames()}
        assert tar.extractfile("kept").read() == b"kept\n"
    assert {"kept", "bin/sh", "etc/passwd"} <= names
    assert "bin/yes" not in names


def test_commit(docker: Docker, made: Made) -> None:
    name, image = made.name(), made.image("v1")
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "echo kept >/kept")
    changes = [
        "-c",
        "ENV FRUIT=kiwi",
        "-c",
        'CMD ["sh", "-c", "echo $FRUIT $(cat /kept)"]',
        "-c",
        "LABEL a=b",
    ]
    identity = docker.ok("commit", "-m", "why", "-a", "who", *changes, name, image)
    assert IMAGE_ID.fullmatch(identity)
    look = "{{.Id}} {{.Comment}} {{.Author}} {{.Config.Labels.a}}"
    assert docker.ok("image", "inspect", "-f", look, image) == f"{identity} why who b"
    assert docker.ok("run", "--name", made.name(), image) == "kiwi kept"
    top = json.loads(docker.ok("history", "--no-trunc", "--format", "json", image).splitlines()[0])
    assert (top["ID"], top["Comment"]) == (identity, "why")


def test_tag_and_rmi(docker: Docker, made: Made) -> None:
    one, two = made.image("one"), made.image("two")
    assert docker("tag", IMAGE, one) == Done(0, "", "")
    docker.ok("tag", one, two)
    identity = docker.ok("image", "inspect", "-f", "{{.Id}}", IMAGE)
    assert docker.ok("image", "inspect", "-f", "{{.Id}}", two) == identity
    assert docker.ok("image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Tag}}", one) == f"{identity} one"
    assert docker.ok("images", "-q", one.partition(":")[0]) == identity[7:19]
    assert docker("rmi", one) == Done(0, f"Untagged: {one}\n", "")
    assert f"No such image: {one}" in docker("rmi", one).err
    assert f"No such image: {one}" in docker("tag", one, "other").err
    assert docker("tag", IMAGE, "Not Allowed").code == 1
    assert docker.ok("rmi", two) == f"Untagged: {two}"


def test_rmi_of_an_image_in_use(docker: Docker, made: Made) -> None:
    name, image = made.name(), made.image()
    docker.ok("run", "--name", name, IMAGE, "touch", "/new")
    docker.ok("commit", name, image)
    docker.ok("run", "-d", "--name", made.name(), image, *FOREVER)
    done = docker("rmi", image)
    assert done.code == 1
    assert "conflict: unable to remove repository reference" in done.err


def test_rmi_deletes_what_has_no_other_name(docker: Docker, made: Made) -> None:
    name, image = made.name(), made.image()
    docker.ok("run", "--name", name, IMAGE, "touch", "/new")
    identity = docker.ok("commit", name, image)
    lines = docker.ok("rmi", image).splitlines()
    assert lines[0] == f"Untagged: {image}"
    assert f"Deleted: {identity}" in lines


def test_save_and_load(docker: Docker, made: Made, tmp_path: Path) -> None:
    name, image = made.name(), made.image("v2")
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "echo kept >/kept")
    identity = docker.ok("commit", "-c", 'CMD ["cat", "/kept"]', name, image)
    docker.ok("save", "-o", str(tmp_path / "image.tar"), image)
    docker.ok("rmi", image)
    assert docker.ok("load", "-i", str(tmp_path / "image.tar")) == f"Loaded image: {image}"
    assert docker.ok("image", "inspect", "-f", "{{.Id}}", image) == identity
    assert docker.ok("run", "--name", made.name(), image) == "kept"


def test_import_a_root_file_system(docker: Docker, made: Made, tmp_path: Path) -> None:
    name, image = made.name(), made.image()
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "echo kept >/kept")
    docker.ok("export", "-o", str(tmp_path / "root.tar"), name)
    change = 'CMD ["cat", "/kept"]'
    identity = docker.ok("import", "-m", "note", "-c", change, str(tmp_path / "root.tar"), image)
    assert IMAGE_ID.fullmatch(identity)
    assert docker.ok("run", "--name", made.name(), image) == "kept"
    history = [json.loads(text) for text in docker.ok("history", "--format", "json", image).splitlines()]
    assert [layer["Comment"] for layer in history] == ["note"]
    look = "{{.Os}} {{len .RootFS.Layers}} {{json .RepoTags}}"
    assert docker.ok("image", "inspect", "-f", look, image) == f'linux 1 ["{image}"]'


def test_image_prune_by_label(docker: Docker, made: Made) -> None:
    name, label = made.name(), f"prune={RUN}"
    docker.ok("run", "--name", name, IMAGE, "touch", "/new")
    identity = docker.ok("commit", "-c", f"LABEL {label}", name)
    assert docker.ok("images", "-qf", "dangling=true", "-f", f"label={label}") == identity[7:19]
    out = docker.ok("image", "prune", "-f", "--filter", f"label={label}")
    assert re.match(rf"Deleted Images:\n(deleted: sha256:\w+\n)*deleted: {identity}\n", out)
    assert docker("image", "inspect", identity).code == 1


IMAGE_FILTERS = {
    "reference": ("reference={repo}:*", ["a", "b"]),
    "reference with its tag": ("reference={repo}:a", ["a"]),
    "label": ("label=fruit={repo}", ["b"]),
    "before": ("before={repo}:b", ["a"]),
    "since": ("since={repo}:a", ["b"]),
    "dangling": ("dangling=false", ["a", "b"]),
}


@pytest.fixture(scope="module")
def two_images(docker_of_module: Docker, made_for_all: Made) -> str:
    docker, name, a = docker_of_module, made_for_all.name(), made_for_all.image("a")
    repo = a.partition(":")[0]
    made_for_all.images.append(f"{repo}:b")
    docker.ok("run", "--name", name, IMAGE, "touch", "/new")
    docker.ok("commit", name, a)
    docker.ok("commit", "-c", f"LABEL fruit={repo}", name, f"{repo}:b")
    return repo


@pytest.mark.parametrize(("condition", "tags"), IMAGE_FILTERS.values(), ids=IMAGE_FILTERS)
def test_images_filter(docker: Docker, two_images: str, condition: str, tags: list[str]) -> None:
    out = docker.ok("images", "-f", condition.format(repo=two_images), "--format", "{{.Repository}}:{{.Tag}}")
    assert sorted(text for text in out.splitlines() if two_images in text) == [f"{two_images}:{t}" for t in tags]


def test_images_unknown_filter(docker: Docker) -> None:
    done = docker("images", "-f", "nosuch=1")
    assert (done.code, "invalid filter 'nosuch'" in done.err) == (1, True)


def test_pull_says_why_not(docker: Docker) -> None:
    done = docker("pull", "nosuch-image-anywhere")
    assert done.code == 1
    assert done.err.startswith("Error response from daemon: ")


# ps, inspect, top, stats, prune


@dataclass
class Scene:
    label: str
    names: dict[str, str]

    def short(self, names: list[str]) -> list[str]:
        return [short for name in names for short, full in self.names.items() if full == name]


@pytest.fixture(scope="module")
def scene(docker_of_module: Docker, made_for_all: Made) -> Scene:
    """Containers in different states, in order of their making: up, ended, new, held, well."""
    docker = docker_of_module
    scene = Scene(f"scene={made_for_all.name()}", {})
    rows: dict[str, list[str]] = {
        "up": ["run", "-d", "--label", "fruit=kiwi", IMAGE, *FOREVER],
        "ended": ["run", "-d", "--label", "fruit=fig", IMAGE, "sh", "-c", "exit 3"],
        "new": ["create", "--label", "bare", IMAGE, "true"],
        "held": ["run", "-d", IMAGE, *FOREVER],
        "well": ["run", "-d", "--health-cmd", "true", "--health-interval", "100ms", IMAGE, *FOREVER],
    }
    for short, (verb, *words) in rows.items():
        scene.names[short] = made_for_all.name()
        docker.ok(verb, "--name", scene.names[short], "--label", scene.label, *words)
    docker.ok("pause", scene.names["held"])
    docker.ok("wait", scene.names["ended"])
    until(lambda: docker.ok("inspect", "-f", "{{.State.Health.Status}}", scene.names["well"]) == "healthy")
    return scene


PS = {
    "running": ([], "well held up"),
    "all": (["-a"], "well held new ended up"),
    "status running": (["-f", "status=running"], "well up"),
    "status paused": (["-f", "status=paused"], "held"),
    "status exited": (["-f", "status=exited"], "ended"),
    "status created": (["-f", "status=created"], "new"),
    "two statuses": (["-f", "status=created", "-f", "status=exited"], "new ended"),
    "exit code": (["-af", "exited=3"], "ended"),
    "exit code, none": (["-af", "exited=4"], ""),
    "label with a value": (["-af", "label=fruit=kiwi"], "up"),
    "label": (["-af", "label=fruit"], "ended up"),
    "two labels": (["-af", "label=fruit", "-f", "label=bare"], ""),
    "health": (["-f", "health=healthy"], "well"),
    "no health": (["-af", "health=none"], "held new ended up"),
    "name": (["-af", "name={up}"], "up"),
    "name as a pattern": (["-af", "name=^/{up}$"], "up"),
    "two names": (["-af", "name={up}", "-f", "name={new}"], "new up"),
    "id": (["-af", "id={up_id}"], "up"),
    "before": (["-af", "before={new}"], "ended up"),
    "since": (["-af", "since={new}"], "well held"),
    "ancestor": (["-af", f"ancestor={IMAGE}"], "well held new ended up"),
    "ancestor without a tag": (["-af", "ancestor=busybox"], "well held new ended up"),
    "ancestor, none": (["-af", "ancestor=nosuch"], ""),
    "not a task": (["-f", "is-task=false"], "well held up"),
    "network": (["-f", "network=bridge"], "well held up"),
    "network, none": (["-f", "network=nosuch"], ""),
    "volume, none": (["-f", "volume=nosuch"], ""),
    "publish, none": (["-f", "publish=80"], ""),
}


@pytest.mark.parametrize(("words", "wanted"), PS.values(), ids=PS)
def test_ps(docker: Docker, scene: Scene, words: list[str], wanted: str) -> None:
    values = scene.names | {"up_id": docker.ok("inspect", "-f", "{{.Id}}", scene.names["up"])[:12]}
    out = docker.ok("ps", "-f", f"label={scene.label}", "--format", "{{.Names}}", *[w.format(**values) for w in words])
    assert scene.short(out.splitlines()) == wanted.split()


PS_FAILURES = {
    "unknown filter": ("nosuch=1", "invalid filter 'nosuch'"),
    "unknown status": ("status=nosuch", "invalid filter 'status=nosuch'"),
    "unknown health": ("health=nosuch", "invalid filter 'health=nosuch'"),
    "exit code is a word": ("exited=x", "invalid filter 'exited=x'"),
    "before nobody": ("before=nosuch-one", "No such container: nosuch-one"),
}


@pytest.mark.parametrize(("condition", "words"), PS_FAILURES.values(), ids=PS_FAILURES)
def test_ps_fails(docker: Docker, condition: str, words: str) -> None:
    done = docker("ps", "-f", condition)
    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_ps_n_implies_all(docker: Docker, scene: Scene) -> None:
    out = docker.ok("ps", "-n", "3", "-f", f"label={scene.label}", "--format", "{{.Names}}")
    assert scene.short(out.splitlines()) == ["well", "held", "new"]


PS_STATUS = {
    "up": r"Up .+",
    "ended": r"Exited \(3\) .+ ago",
    "new": "Created",
    "held": r"Up .+ \(Paused\)",
    "well": r"Up .+ \(healthy\)",
}


@pytest.mark.parametrize(("short", "status"), PS_STATUS.items())
def test_ps_json(docker: Docker, scene: Scene, short: str, status: str) -> None:
    name = scene.names[short]
    row = json.loads(docker.ok("ps", "-a", "--no-trunc", "--format", "json", "-f", f"name={name}"))
    assert re.fullmatch(status, row["Status"])
    assert row["ID"] == docker.ok("inspect", "-f", "{{.Id}}", name)
    states = {"up": "running", "ended": "exited", "new": "created", "held": "paused", "well": "running"}
    assert (row["Names"], row["Image"], row["State"]) == (name, IMAGE, states[short])
    assert scene.label in row["Labels"].split(",")
    assert (row["Ports"], row["Mounts"], row["Networks"], row["LocalVolumes"]) == ("", "", "bridge", "0")


def test_ps_command_and_size(docker: Docker, name: str) -> None:
    docker.ok("run", "--name", name, IMAGE, "sh", "-c", "head -c 100000 /dev/zero >/big")
    row = json.loads(docker.ok("ps", "-as", "--no-trunc", "--format", "json", "-f", f"name={name}"))
    assert row["Command"] == "\"sh -c 'head -c 100000 /dev/zero >/big'\""
    assert re.fullmatch(r"100kB \(virtual [\d.]+MB\)", row["Size"])


INSPECT = {
    "{{.Name}}": "/{name}",
    "{{.Path}} {{json .Args}}": 'sleep ["100000"]',
    "{{.Config.Image}}": IMAGE,
    "{{json .Config.Cmd}}": '["sleep","100000"]',
    "{{json .Config.Entrypoint}}": "null",
    "{{.Config.Tty}} {{.Config.OpenStdin}} {{.Config.AttachStdout}}": "false false false",
    "{{.Config.WorkingDir}}|{{.Config.User}}|{{.Config.Domainname}}": "/tmp||",
    "{{.State.Status}} {{.State.Running}} {{.State.Paused}}": "running true false",
    "{{.State.Restarting}} {{.State.OOMKilled}} {{.State.Dead}}": "false false false",
    "{{.State.ExitCode}}|{{.State.Error}}": "0|",
    "{{.State.FinishedAt}}": "0001-01-01T00:00:00Z",
    "{{.RestartCount}} {{.Driver | len | lt 0}}": "0 true",
    "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}": "no 0",
    "{{.HostConfig.AutoRemove}} {{.HostConfig.Privileged}}": "false false",
    "{{.HostConfig.LogConfig.Type}} {{.HostConfig.NetworkMode}}": "json-file bridge",
    "{{json .HostConfig.Binds}} {{json .Mounts}}": "null []",
}


@pytest.mark.parametrize(("form", "wanted"), INSPECT.items())
def test_inspect(docker: Docker, box: str, form: str, wanted: str) -> None:
    assert docker.ok("inspect", "-f", form, box) == wanted.replace("{name}", box)


def test_inspect_by_id_size_and_type(docker: Docker, box: str) -> None:
    identity = docker.ok("inspect", "-f", "{{.Id}}", box)
    for other in (identity, identity[:12], f"/{box}"):
        assert docker.ok("inspect", "-f", "{{.Name}}", other) == f"/{box}"
    assert int(docker.ok("inspect", "-s", "-f", "{{.SizeRootFs}}", box)) > 100_000
    done = docker("inspect", "--type", "image", box)
    assert (done.code, f"No such image: {box}" in done.err) == (1, True)


def test_top(docker: Docker, box: str) -> None:
    title, *rows = docker.ok("top", box).splitlines()
    assert title.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert any(row.endswith("sleep 100000") for row in rows)


def test_top_with_columns(docker: Docker, box: str) -> None:
    title, *rows = docker.ok("top", box, "-o", "pid,comm").splitlines()
    assert title.split() == ["PID", "COMMAND"]
    assert [row.split()[1] for row in rows] == ["sleep"]
    assert rows[0].split()[0] == docker.ok("inspect", "-f", "{{.State.Pid}}", box)


def test_top_of_a_stopped_one(docker: Docker, talker: str) -> None:
    done = docker("top", talker)
    assert (done.code, "is not running" in done.err) == (1, True)


def test_stats(docker: Docker, box: str) -> None:
    row = json.loads(docker.ok("stats", "--no-stream", "--format", "json", box))
    identity = docker.ok("inspect", "-f", "{{.Id}}", box)
    assert (row["Name"], row["Container"], row["ID"]) == (box, box, identity[:12])
    assert int(row["PIDs"]) >= 1
    assert re.fullmatch(r"[\d.]+%", row["CPUPerc"])
    assert re.fullmatch(r"[\d.]+[KM]iB / [\d.]+GiB", row["MemUsage"])


def test_stats_of_a_stopped_one(docker: Docker, talker: str) -> None:
    row = json.loads(docker.ok("stats", "--no-stream", "--format", "json", talker))
    assert (row["Name"], row["PIDs"], row["MemUsage"]) == (talker, "0", "0B / 0B")


def test_container_prune_by_label(docker: Docker, made: Made) -> None:
    label, ended, up = f"prune={made.name()}", made.name(), made.name()
    identity = docker.ok("create", "--name", ended, "--label", label, IMAGE, "true")
    docker.ok("run", "-d", "--name", up, "--label", label, IMAGE, *FOREVER)
    out = docker.ok("container", "prune", "-f", "--filter", f"label={label}")
    assert out == f"Deleted Containers:\n{identity}\n\nTotal reclaimed space: 0B"
    assert docker.engine.gone(ended)
    assert docker.engine.state(up) == "running"


def test_container_prune_unknown_filter(docker: Docker) -> None:
    done = docker("container", "prune", "-f", "--filter", f"nosuch={RUN}")
    assert (done.code, "invalid filter 'nosuch'" in done.err) == (1, True)


def test_health(docker: Docker, name: str) -> None:
    health = [
        "--health-cmd",
        "echo looked; test -e /well",
        "--health-interval",
        "100ms",
        "--health-retries",
        "2",
    ]
    docker.ok("run", "-d", *health, "--name", name, IMAGE, *FOREVER)

    def status() -> str:
        return docker.ok("inspect", "-f", "{{.State.Health.Status}}", name)

    assert status() in ("starting", "unhealthy")
    until(lambda: status() == "unhealthy", "unhealthy")
    last = json.loads(docker.ok("inspect", "-f", "{{json .State.Health}}", name))
    assert last["FailingStreak"] >= 2
    assert (last["Log"][-1]["ExitCode"], last["Log"][-1]["Output"]) == (1, "looked\n")
    docker.ok("exec", name, "touch", "/well")
    until(lambda: status() == "healthy", "healthy")
    config = json.loads(docker.ok("inspect", "-f", "{{json .Config.Healthcheck}}", name))
    assert config == {"Test": ["CMD-SHELL", health[1]], "Interval": 100_000_000, "Retries": 2}


# events


def events_of(name: str) -> list[str]:
    """The words for what happened to one container until now (`--until 0s` would cut to whole seconds)."""
    now = f"{time.time():.9f}"
    return ["events", "--since", "5m", "--until", now, "--filter", f"container={name}"]


def happened(docker: Docker, name: str) -> list[str]:
    return docker.ok(*events_of(name), "--format", "{{.Action}}").splitlines()


LIFE = [
    *["create", "start", "exec_create: sh -c true", "exec_start: sh -c true", "exec_die", "pause", "unpause"],
    *["rename", "rename"],
]


def test_events_of_a_life(docker: Docker, made: Made) -> None:
    name, other = made.name(), made.name()
    identity = docker.ok("create", "--name", name, IMAGE, *FOREVER)
    docker.ok("start", name)
    docker.ok("exec", name, "sh", "-c", "true")
    until(lambda: "exec_die" in happened(docker, identity), "exec_die")
    for verb in ("pause", "unpause"):
        docker.ok(verb, name)
    docker.ok("rename", name, other)
    docker.ok("rename", other, name)
    docker.ok("stop", "-t", "0", name)
    docker.ok("rm", name)
    until(lambda: "destroy" in happened(docker, identity), "destroy")
    seen = [event.strip() for event in happened(docker, identity)]
    assert seen[: len(LIFE)] == LIFE
    # stop and die may come in either order; a second kill follows where the first signal was not obeyed
    rest = seen[len(LIFE) :]
    assert (rest[0], rest[-1], set(rest[1:-1]) - {"kill"}) == ("kill", "destroy", {"stop", "die"})


def test_events_live_with_filters(docker: Docker, name: str) -> None:
    process = docker.spawn("events", "--filter", f"container={name}", "--filter", "event=die", "--format", "json")
    # the stream is open once an event arrives that was made after it; so make them until one does
    docker.ok("create", "--name", name, "--label", "fruit=kiwi", IMAGE, "sh", "-c", "exit 5")

    def comes() -> bool:
        docker.ok("start", name)
        docker.ok("wait", name)
        return bool(select.select([process.stdout], [], [], 0.2)[0])

    until(comes, "an event")
    event = json.loads(process.stdout.readline())
    assert (event["Type"], event["Action"], event["status"], event["from"]) == (
        "container",
        "die",
        "die",
        IMAGE,
    )
    actor = event["Actor"]
    assert actor["ID"] == event["id"] == docker.ok("inspect", "-f", "{{.Id}}", name)
    wanted = {"name": name, "image": IMAGE, "exitCode": "5", "fruit": "kiwi"}
    assert wanted.items() <= actor["Attributes"].items()
    assert event["timeNano"] // 10**9 == event["time"]


EVENT_FILTERS = {
    "by event": (["event=create", "event=start"], ["create", "start"]),
    "by label": (["label=fruit=kiwi", "event=create"], ["create"]),
    "by another label": (["label=fruit=fig"], []),
    "by type": (["type=container", "event=create"], ["create"]),
    "by another type": (["type=volume"], []),
    "by image": ([f"image={IMAGE}", "event=create"], ["create"]),
}


@pytest.fixture(scope="module")
def lived(docker_of_module: Docker, made_for_all: Made) -> str:
    name = made_for_all.name()
    docker_of_module.ok("run", "--name", name, "--label", "fruit=kiwi", IMAGE, "true")
    until(lambda: "die" in happened(docker_of_module, name), "the die event")
    return name


@pytest.mark.parametrize(("filters", "wanted"), EVENT_FILTERS.values(), ids=EVENT_FILTERS)
def test_events_filter(docker: Docker, lived: str, filters: list[str], wanted: list[str]) -> None:
    options = [word for condition in filters for word in ("--filter", condition)]
    assert docker.ok(*events_of(lived), "--format", "{{.Action}}", *options).splitlines() == wanted


def test_events_since_and_until(docker: Docker, lived: str) -> None:
    """Both include their moment."""
    form = ["--filter", f"container={lived}", "--format", "{{.TimeNano}} {{.Action}}"]
    lines = docker.ok(*events_of(lived), *form[2:]).splitlines()
    actions = [text.split()[1] for text in lines]
    start = int(lines[actions.index("start")].split()[0])
    moment = f"{start // 10**9}.{start % 10**9:09}"
    after = docker.ok("events", "--since", moment, "--until", f"{time.time():.9f}", *form).splitlines()
    assert [text.split()[1] for text in after] == actions[actions.index("start") :]
    before = docker.ok("events", "--since", "5m", "--until", moment, *form).splitlines()
    assert [text.split()[1] for text in before] == actions[: actions.index("start") + 1]


# the system


def test_version(docker: Docker) -> None:
    server = json.loads(docker.ok("version", "--format", "{{json .Server}}"))
    assert (server["Os"], server["MinAPIVersion"]) == ("linux", "1.24")
    assert re.fullmatch(r"1\.\d+", server["ApiVersion"])
    assert server["Platform"] is not None
    assert "Server:" in docker.ok("version")


def test_info(docker: Docker, box: str) -> None:
    info = json.loads(docker.ok("info", "--format", "json"))
    assert info["ServerVersion"] == docker.ok("version", "--format", "{{.Server.Version}}")
    assert info["ContainersRunning"] >= 1
    assert info["Containers"] >= info["ContainersRunning"] + info["ContainersPaused"]
    assert (info["OSType"], info["Images"] >= 1, info["NCPU"] >= 1) == ("linux", True, True)
    assert "ServerErrors" not in info
    assert "Server Version:" in docker.ok("info")


def test_system_df(docker: Docker, box: str) -> None:
    rows = {row["Type"]: row for row in map(json.loads, docker.ok("system", "df", "--format", "json").splitlines())}
    assert list(rows) == ["Images", "Containers", "Local Volumes", "Build Cache"]
    assert int(rows["Containers"]["TotalCount"]) >= int(rows["Containers"]["Active"]) >= 1
    assert box in docker.ok("system", "df", "-v")


def test_networks_and_volumes_can_be_listed(docker: Docker) -> None:
    assert "bridge" in docker.ok("network", "ls", "--format", "{{.Name}}").splitlines()
    assert docker("volume", "ls", "-q", "-f", f"name={RUN}-nosuch") == Done(0, "", "")


NEGOTIATED: list[tuple[str, Callable[[Done], bool]]] = [
    ("1.24", lambda done: done.code == 0),
    ("1.41", lambda done: done.code == 0),
    ("1.99", lambda done: done.code == 1 and "client version 1.99 is too new" in done.err),
]


@pytest.mark.parametrize(("version", "right"), NEGOTIATED, ids=lambda value: value if isinstance(value, str) else "")
def test_api_version_asked_for(docker: Docker, version: str, right: Callable[[Done], bool]) -> None:
    assert right(docker("ps", "-q", "-f", f"name={RUN}-nosuch", env={"DOCKER_API_VERSION": version}))
