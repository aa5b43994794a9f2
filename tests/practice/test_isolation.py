"""What a container can see, signal and write, tried from inside one, on every tier this machine can show.

The promises are those of docs/practice-engine.md; a tier that cannot hold one has to say so in /info.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from plain import AGAIN
from practicekit import Engine, eventually

sys.path.insert(0, str(Path(__file__).parents[2]))

from practice_engine import isolation, kernel

ROOT_TIERS = ("namespaces", "user-namespaces", "user-namespaces-without-proc", "chroot", "proot")
USER_TIERS = ("user-namespaces", "user-namespaces-without-proc", "proot", "plain")
ORDINARY = 54321


def python_of_everybody() -> tuple[str, dict[str, str]] | None:
    """An interpreter that an ordinary user may run, with the packages of this one."""
    import psutil
    import tornado

    packages = os.pathsep.join({str(Path(module.__file__).parents[1]) for module in (psutil, tornado)})
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for name in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if not os.path.exists(name):
            continue
        env = {"PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{packages}", "HOME": "/"}
        command = [*as_ordinary(), name, "-c", f"import practice_engine.server; {AGAIN}"]
        if subprocess.run(command, env={**os.environ, **env}, cwd="/", capture_output=True).returncode == 0:
            return name, env
    return None


def as_ordinary() -> list[str]:
    return ["setpriv", "--reuid", str(ORDINARY), "--regid", str(ORDINARY), "--clear-groups"]


def cases() -> list[tuple[str, str]]:
    if os.geteuid() == 0:
        return [("root", tier) for tier in ROOT_TIERS] + [("ordinary", tier) for tier in USER_TIERS]
    return [("ordinary", tier) for tier in USER_TIERS]


@pytest.fixture(scope="module", params=cases(), ids=lambda case: "-".join(case))
def placed(request: pytest.FixtureRequest) -> Iterator[Engine]:
    who, tier = request.param
    if tier == "proot" and not shutil.which("proot"):
        pytest.skip("proot is not installed")
    directory = Path(tempfile.mkdtemp(prefix="pe-"))
    engine = Engine(directory, ("--tier", tier))
    if who == "ordinary" and os.geteuid() == 0:
        found = python_of_everybody() if shutil.which("setpriv") else None
        if found is None:
            pytest.skip("no interpreter here that an ordinary user can run")
        os.chown(directory, ORDINARY, ORDINARY)
        engine.python, engine.env = found
        engine.prefix = tuple(as_ordinary())
    process = engine.popen()
    assert process.stdout is not None
    line = process.stdout.readline()
    if "no way to run a container here" in line:
        process.wait()
        shutil.rmtree(directory)
        pytest.skip(line.strip())
    assert line.startswith("DOCKER_HOST"), line + process.stdout.read()
    engine.process = process
    yield engine
    assert engine.stop().replace("proot info: pid", "") is not None
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def tier(placed: Engine) -> isolation.Tier:
    return isolation.BY_NAME[placed.get("/info").json["DriverStatus"][0][1]]


def files_held(tier: isolation.Tier) -> bool:
    return tier.confines_files or kernel.landlock_version() > 0


def signals_held(tier: isolation.Tier) -> bool:
    return tier.confines_signals or kernel.landlock_version() >= 6


def test_it_runs(placed: Engine) -> None:
    assert placed.output("sh", "-c", "echo from inside") == "from inside\n"
    identity = placed.run("sh", "-c", "exit 42")
    assert placed.wait(identity) == 42


def test_an_end_by_a_signal_is_told(placed: Engine) -> None:
    identity = placed.run("sh", "-c", "trap 'exit 5' USR1; echo up; while true; do sleep 0.05; done")
    eventually(lambda: placed.logs(identity))
    placed.post(f"/containers/{identity}/kill", signal="USR1")
    assert placed.wait(identity) == 5
    placed.post(f"/containers/{identity}/start")
    eventually(lambda: placed.logs(identity).count("up") == 2)
    placed.post(f"/containers/{identity}/stop", t=0)
    assert placed.wait(identity) == 137
    placed.clear()


def test_it_writes_in_its_root(placed: Engine, tier: isolation.Tier) -> None:
    place = "tmp/x" if tier.name == "plain" else "/tmp/x"
    assert placed.output("sh", "-c", f"echo mine > {place} && cat {place}") == "mine\n"


def test_it_does_not_read_the_home(placed: Engine, tier: isolation.Tier) -> None:
    if not files_held(tier):
        pytest.skip("told in /info")
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        os.chmod(home, 0o755)
        secret = Path(home, "secret")
        secret.write_text("the user's own")
        said = placed.output("sh", "-c", f"cat {secret}; ls {home}")
        assert "the user's own" not in said
        assert "\nsecret" not in said


def test_it_does_not_write_outside(placed: Engine, tier: isolation.Tier) -> None:
    if not files_held(tier):
        pytest.skip("told in /info")
    with tempfile.TemporaryDirectory(prefix="outside-") as outside:
        os.chmod(outside, 0o777)
        placed.output("sh", "-c", f"echo x > {outside}/written; mkdir {outside}/made")
        assert os.listdir(outside) == []


def test_climbing_out_does_not_help(placed: Engine, tier: isolation.Tier) -> None:
    if not files_held(tier):
        pytest.skip("told in /info")
    with tempfile.TemporaryDirectory(prefix="outside-") as outside:
        os.chmod(outside, 0o777)
        up = "../" * 20
        script = f"cd /tmp; ln -s {outside} /tmp/link; echo x > /tmp/link/a; echo x > {up}{outside}/b"
        placed.output("sh", "-c", script)
        placed.output("sh", "-c", f"mkdir d; chroot d /bin/sh -c 'cd {up}; echo x > {outside[1:]}/c'")
        assert os.listdir(outside) == []


def test_it_does_not_reach_the_user_s_sockets(placed: Engine, tier: isolation.Tier) -> None:
    if not files_held(tier):
        pytest.skip("told in /info")
    with tempfile.TemporaryDirectory(prefix="outside-") as outside, socket.socket(socket.AF_UNIX) as listening:
        os.chmod(outside, 0o755)
        listening.bind(f"{outside}/agent")
        os.chmod(f"{outside}/agent", 0o777)
        listening.listen()
        listening.setblocking(False)
        code = f"import socket; socket.socket(socket.AF_UNIX).connect('{outside}/agent')"
        pythons = "/usr/bin/python3 /usr/local/bin/python3"
        placed.output("sh", "-c", f'for python in {pythons}; do $python -c "{code}"; done; true')
        placed.output("sh", "-c", f"curl --unix-socket {outside}/agent http://agent/; true")
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_like_a_pid_1_it_heeds_what_it_handles(placed: Engine) -> None:
    deaf = placed.run("sleep", "86410")
    polite = placed.run("sh", "-c", "trap 'exit 7' USR1; echo ready; sleep 86410 & wait")
    eventually(lambda: placed.logs(polite) == "ready\n")
    for name in ("TERM", "USR1"):
        assert placed.post(f"/containers/{deaf}/kill", signal=name).status == 204
    placed.execute(deaf, "true")
    assert placed.state(deaf)["Running"]
    placed.post(f"/containers/{polite}/kill", signal="TERM")
    placed.execute(polite, "true")
    placed.post(f"/containers/{polite}/kill", signal="USR1")
    assert placed.wait(polite) == 7
    placed.post(f"/containers/{deaf}/kill")
    assert placed.wait(deaf) == 137
    placed.clear()


def test_it_does_not_signal_outside(placed: Engine, tier: isolation.Tier) -> None:
    if not signals_held(tier):
        pytest.skip("told in /info")
    prefix = list(placed.prefix)
    with subprocess.Popen([*prefix, "sleep", "600"]) as bystander:
        placed.output("sh", "-c", f"kill -9 {bystander.pid}; kill {placed.process.pid}")
        assert bystander.poll() is None
        bystander.kill()
    assert placed.get("/_ping").status == 200


def test_what_it_sees_of_other_processes(placed: Engine, tier: isolation.Tier) -> None:
    listed = placed.output("sh", "-c", "ls /proc").split()
    numbers = [name for name in listed if name.isdigit()]
    if tier.name == "plain":
        return
    assert len(numbers) <= 4
    if tier.fresh_proc:
        assert "1" in numbers


def test_capabilities_are_reduced(placed: Engine, tier: isolation.Tier) -> None:
    if tier.capabilities is None or not tier.fresh_proc:
        pytest.skip("nothing to read them from")
    said = placed.output("grep", "CapEff", "/proc/self/status")
    held = int(said.split()[1], 16)
    for name in ("SYS_ADMIN", "SYS_PTRACE", "MKNOD", "SYS_MODULE", "DAC_READ_SEARCH", "NET_ADMIN"):
        assert not held >> kernel.CAPABILITIES.index(name) & 1, name


def test_the_machine_s_settings_are_read_only(placed: Engine, tier: isolation.Tier) -> None:
    if not tier.fresh_proc:
        pytest.skip("there is no /proc")
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    placed.output("sh", "-c", "echo '|/tmp/evil' > /proc/sys/kernel/core_pattern; echo b > /proc/sysrq-trigger")
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_its_devices_are_not_the_machine_s(placed: Engine) -> None:
    before = os.stat("/dev/full").st_mode
    try:
        placed.output("sh", "-c", "chmod 000 /dev/full; rm -f /dev/full")
        assert os.stat("/dev/full").st_mode == before
    finally:
        if os.geteuid() == 0:
            os.chmod("/dev/full", before & 0o7777)


def test_it_does_not_change_modes_outside(placed: Engine) -> None:
    with tempfile.TemporaryDirectory(prefix="outside-") as outside:
        target = Path(outside, "file")
        target.touch(0o644)
        if placed.prefix:
            os.chown(outside, ORDINARY, ORDINARY)
            os.chown(target, ORDINARY, ORDINARY)
        os.chmod(outside, 0o777)
        placed.output("sh", "-c", f"chmod 777 {target}; touch -d 2001-01-01 {target}")
        assert target.stat().st_mode & 0o777 == 0o644
        assert target.stat().st_mtime > 1_600_000_000


def test_null_works(placed: Engine) -> None:
    assert placed.output("sh", "-c", "echo gone > /dev/null; echo $?") == "0\n"


def test_exec_is_held_too(placed: Engine, tier: isolation.Tier) -> None:
    with tempfile.TemporaryDirectory(prefix="outside-") as outside:
        os.chmod(outside, 0o777)
        identity = placed.run("sleep", "600")
        assert placed.execute(identity, "sh", "-c", "exit 9")[0] == 9
        if files_held(tier):
            placed.execute(identity, "sh", "-c", f"echo x > {outside}/written")
            assert os.listdir(outside) == []
        if signals_held(tier):
            with subprocess.Popen([*placed.prefix, "sleep", "600"]) as bystander:
                placed.execute(identity, "kill", "-9", str(bystander.pid))
                assert bystander.poll() is None
                bystander.kill()
        placed.post(f"/containers/{identity}/kill")
        placed.clear()


def test_an_exec_can_signal_its_own_container(placed: Engine) -> None:
    script = "sleep 600 & echo $! > pid; wait; echo woken; sleep 600"
    identity = placed.run("sh", "-c", script, WorkingDir="/work")
    eventually(lambda: placed.execute(identity, "sh", "-c", "test -s pid", WorkingDir="/work")[0] == 0)
    assert placed.execute(identity, "sh", "-c", "kill $(cat pid)", WorkingDir="/work")[0] == 0
    eventually(lambda: "woken" in placed.logs(identity))
    placed.clear()


def test_nothing_is_left_when_it_ends(placed: Engine) -> None:
    from practicekit import alive

    placed.wait(placed.run("sh", "-c", "sleep 86407 & setsid sleep 86407 & sleep 0.1"))
    assert alive("sleep 86407") == []
    placed.clear()


def test_a_terminal(placed: Engine) -> None:
    identity = placed.run("sh", "-c", "test -t 0 && test -t 1 && echo terminal", Tty=True)
    placed.wait(identity)
    assert placed.get(f"/containers/{identity}/logs", stdout=1).body == b"terminal\r\n"
    placed.clear()


def test_info_tells_what_is_not_held(placed: Engine, tier: isolation.Tier) -> None:
    warnings = " ".join(placed.get("/info").json["Warnings"])
    assert tier.name in warnings
    assert ("can read and write whatever" in warnings) == (not files_held(tier))
    assert ("can signal processes outside" in warnings) == (not signals_held(tier))


def probed(patience: str, asked: str | None, place: Path) -> subprocess.CompletedProcess[str]:
    """A probe in a process of its own, that has only so much patience; prints the tier, then the warnings."""
    script = (
        "import sys, pathlib\n"
        "from practice_engine import isolation, kernel\n"
        "kernel.become_subreaper()\n"
        f"isolation.PATIENCE = {patience}\n"
        f"found = isolation.probe({asked!r}, pathlib.Path({str(place)!r}))\n"
        "print(found.tier.name, *found.warnings(), sep='\\n')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=200)


NO_TIME = "1e-6"


@pytest.mark.parametrize("tier", ["namespaces", "user-namespaces", "proot"])
def test_a_probe_that_had_no_time_is_given_more(tier: str, tmp_path: Path) -> None:
    unhurried = probed("(60.0,)", tier, tmp_path)
    if unhurried.returncode:
        pytest.skip(unhurried.stderr.strip().splitlines()[-1])
    hurried = probed(f"({NO_TIME}, 60.0)", tier, tmp_path)
    assert (hurried.returncode, hurried.stdout) == (0, unhurried.stdout)
    assert list(tmp_path.iterdir()) == []


def test_no_answer_in_time_is_told_apart_from_a_refusal(tmp_path: Path) -> None:
    none = probed(f"({NO_TIME}, {NO_TIME})", "proot" if shutil.which("proot") else "user-namespaces", tmp_path)
    assert none.returncode
    assert "no answer within 1e-06 seconds" in none.stderr.strip().splitlines()[-1]


def test_warnings_name_the_tiers_that_were_not_taken() -> None:
    found = isolation.Isolation(
        isolation.BY_NAME["plain"],
        landlock=0,
        refused=(("chroot", "needs root"), ("proot", "no answer within 60 seconds")),
        untold=("proot",),
    )
    refused, untold = (
        [line for line in found.warnings() if name in line and "Isolation tier" not in line]
        for name in ("chroot", "proot")
    )
    assert refused == ["Better tiers that this place refuses: chroot (needs root)."]
    assert len(untold) == 1
    assert untold[0].startswith("WARNING: whether the tier proot works here is not known")
    assert "60 seconds" in untold[0]
