"""The practice engine as a user gets it: started by the client, found again, told about, and gone in the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager
from plain import AGAIN
from practicekit import ROOT, eventually

from dockermagic import practice
from dockermagic.errors import NoEngine, Refused, SocketMissing
from dockermagic.locate import Surroundings
from dockermagic.session import Session
from practice_engine import server

ORDINARY = 65533
SLEEPER = {"Image": "busybox", "Cmd": ["sleep", "86408"]}


@dataclass
class User:
    """Somebody with a HOME of their own.

    Attributes:
        told: what their sessions told them.
    """

    folder: Path
    told: list[str] = field(default_factory=list)

    @property
    def around(self) -> Surroundings:
        return Surroundings(env={}, home=self.folder, default_socket=str(self.folder / "no-docker.sock"))

    @property
    def place(self) -> practice.Home:
        return practice.home(self.around)

    def session(self) -> Session:
        session = Session(around=self.around, tell=self.told.append)
        session.connect("practice")
        return session

    @property
    def pid(self) -> int:
        return int((self.place.data / "lock").read_text())

    def kill(self) -> None:
        """End the engine as nobody should, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: not practice.answers(self.place))

    def end(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.pid, signal.SIGTERM)
        eventually(lambda: not practice.answers(self.place) and self.let_go())

    def let_go(self) -> bool:
        """Whether no engine holds the data any more: the last thing that one does in its life."""
        try:
            lock = (self.place.data / "lock").open()
        except FileNotFoundError:
            return True
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


@pytest.fixture
def user() -> Iterator[User]:
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as folder:
        somebody = User(Path(folder))
        yield somebody
        somebody.end()


def pid_of(session: Session) -> str:
    labels = dict(label.partition("=")[::2] for label in session.call("info").json()["Labels"])
    return labels["dockermagic.pid"]


class Kernel:
    """A real kernel of that user."""

    def __init__(self, user: User) -> None:
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DOCKER", "XDG_", "IPYTHON", "JUPYTER"))
        }
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**env, "HOME": str(user.folder), "PYTHONPATH": path}, cwd=str(user.folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> str:
        """All that the cell shows, as text."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
            said.extend(content.get("traceback", []))

        self.client.execute_interactive(code, output_hook=hear, timeout=120)
        return "\n".join(said)

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernels(user: User) -> Iterator[Callable[[], Kernel]]:
    made: list[Kernel] = []

    def make() -> Kernel:
        made.append(Kernel(user))
        return made[-1]

    yield make
    for kernel in made:
        kernel.end()


LOAD = "%load_ext dockermagic\n%docker connect practice"


def test_kernels_that_start_at_once_share_one_engine(user: User, kernels: Callable[[], Kernel]) -> None:
    both = [kernels(), kernels()]
    said: list[str] = []
    workers = [threading.Thread(target=lambda kernel=kernel: said.append(kernel.run(LOAD))) for kernel in both]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all("practice engine" in each for each in said), said
    for kernel in both:
        assert f"dockermagic.pid={user.pid}" in kernel.run("info = %docker info\nprint(info['Labels'])")


def test_the_engine_outlives_the_kernel(user: User, kernels: Callable[[], Kernel]) -> None:
    first = kernels()
    first.run(LOAD)
    assert "201 Created" in first.run("%docker create busybox --name stays -- sleep 86409")
    first.run("%docker start stays")
    pid = user.pid
    first.end()
    second = kernels()
    second.run(LOAD)
    assert user.pid == pid
    assert "running" in second.run("%docker list")


def test_a_kernel_is_told_that_the_engine_was_started_again(user: User, kernels: Callable[[], Kernel]) -> None:
    kernel = kernels()
    kernel.run(LOAD)
    user.kill()
    said = kernel.run("%docker list --all")
    assert practice.AGAIN in said
    assert "200 OK" in said
    assert practice.AGAIN not in kernel.run("%docker list --all")


def test_a_new_kernel_after_the_engine_ended_is_told_and_goes_on(user: User, kernels: Callable[[], Kernel]) -> None:
    """As on Binder, where kernels that stand idle are ended: no cell has to be run again before the next."""
    settings = user.folder / ".ipython" / "profile_default"
    settings.mkdir(parents=True)
    shutil.copy(ROOT / "binder" / "ipython_config.py", settings)
    first = kernels()
    first.run("%docker connect practice")
    first.run("%docker prepare start-new\n%docker start dm-ex-start-new")
    assert "✔ solved" in first.run("%docker check start-new")
    first.end()
    user.kill()
    second = kernels()
    said = second.run("%docker connect practice")
    assert said.count(practice.AGAIN) == 1
    assert "Exited (137)" in second.run("%docker list --all")
    assert "You solved it before" in second.run("%docker check start-new")
    assert "✔" in second.run("%docker start dm-ex-start-new\n%docker check start-new")
    second.end()
    assert practice.AGAIN not in kernels().run("%docker connect practice"), "it ran all the time"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_gone_it_is_started_again_once_and_said_so(user: User, number: int) -> None:
    session = user.session()
    kept = session.call("create", name="kept", body=SLEEPER).json()["Id"]
    session.call("start", id=kept)
    before = user.pid
    os.kill(before, number)
    eventually(lambda: not practice.answers(user.place))
    made = session.call("create", name="new", body=SLEEPER).json()["Id"]
    assert user.told == [practice.AGAIN]
    assert user.pid != before
    assert session.last is not None
    assert session.last.status == 201
    states = {found["Id"]: found["Status"] for found in session.call("list", all=True).json()}
    assert set(states) == {kept, made}
    assert states[kept].startswith("Exited (137)")
    assert user.told == [practice.AGAIN]


def test_many_sessions_that_find_it_gone_start_one(user: User) -> None:
    sessions = [user.session() for _ in range(4)]
    user.kill()
    found: list[str] = []
    workers = [threading.Thread(target=lambda each=each: found.append(pid_of(each))) for each in sessions]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [str(user.pid)] * 4
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert sum(f"--data {user.place.data}" in line for line in lines) == 1, "one that comes up later would stay"


def test_one_that_the_user_named_is_not_started_again(user: User) -> None:
    named = Session(around=Surroundings(env={"DOCKER_HOST": user.place.host}, home=user.folder), tell=user.told.append)
    user.session()
    named.connect()
    user.kill()
    with pytest.raises((Refused, SocketMissing)):
        named.call("list")
    assert not user.told


def test_idle_it_ends_and_comes_back(user: User) -> None:
    command = [sys.executable, "-m", "practice_engine", "--socket", str(user.place.socket)]
    command += ["--data", str(user.place.data), "--idle-exit", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as short_lived:
        assert short_lived.stdout is not None
        assert short_lived.stdout.readline().startswith("DOCKER_HOST=")
        session = user.session()
        session.call("create", name="kept", body=SLEEPER)
        short_lived.wait(60)
    assert session.call("list", all=True).json()[0]["Names"] == ["/kept"]
    assert user.told == [practice.AGAIN]


def test_the_socket_of_a_dead_engine_is_no_hindrance(user: User) -> None:
    user.place.data.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(user.place.socket))
    assert pid_of(user.session()) == str(user.pid)


def test_it_waits_for_one_that_is_about_to_end(user: User) -> None:
    user.place.data.mkdir(parents=True, mode=0o700)
    with open(user.place.data / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log = user.place.log
        waiting = threading.Thread(target=user.session)
        waiting.start()
        eventually(lambda: log.exists() and practice.IN_USE in log.read_text())
    waiting.join()
    assert practice.answers(user.place)


def test_another_users_socket_is_not_ours(user: User) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    user.place.data.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(user.place.socket))
        trap.listen()
        os.chown(user.place.data, ORDINARY, ORDINARY)
        assert not practice.answers(user.place)
        with pytest.raises(NoEngine, match="is not a directory of the user"):
            user.session()


def test_two_long_homes_have_two_sockets(tmp_path: Path) -> None:
    one, other = (practice.home(Surroundings(env={}, home=tmp_path / (name * 100))) for name in "ab")
    assert one.socket != other.socket
    assert len(os.fsencode(one.socket)) < 108


@pytest.mark.parametrize("folder", ["/home/ada", "/home/" + "a" * 100])
def test_started_by_hand_it_is_the_same(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", folder)
    place = practice.home(Surroundings())
    assert (place.data, place.socket) == (server.default_data(), server.default_socket())


def test_doctor_tells_all_there_is_to_know(user: User) -> None:
    session = user.session()
    session.call("start", id=session.call("create", body=SLEEPER).json()["Id"])
    last = session.doctor()[-1]
    assert last.host == f"unix://{user.place.socket}"
    assert last.verdict == "in use"
    tier = dict(session.call("info").json()["DriverStatus"])
    for words in (
        f"pid {user.pid}",
        f"isolation: {next(iter(tier.values()))}",
        "1 image(s)",
        "1 of 1 container(s) running",
        f"B in {user.place.data}",
        f"stop it by `kill {user.pid}`",
    ):
        assert words in last.detail
    assert Session(around=user.around).doctor()[-1].verdict == "taken"
    user.end()
    assert Session(around=user.around).doctor()[-1].verdict == "is started"
    user_named = Session(around=Surroundings(env={"DOCKER_HOST": "unix:///gone"}, home=user.folder))
    assert user_named.doctor()[-1].detail == "`%docker connect practice` starts it"


# Where it cannot be started


def block(user: User, *become: str) -> str:
    """What somebody reads who connects, in a process of their own."""
    code = (
        "from pathlib import Path\n"
        "from dockermagic.locate import Surroundings\nfrom dockermagic.session import Session\n"
        "from dockermagic.errors import DockerMagicError\n"
        f"around = Surroundings(env={{}}, home=Path({str(user.folder)!r}), default_socket='/nonexistent')\n"
        "try: print(Session(around=around).connect('practice'))\n"
        "except DockerMagicError as error: print(error)\n"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path, "HOME": str(user.folder)}
    done = subprocess.run([*become, sys.executable, "-c", code], env=env, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_home_that_cannot_be_written_is_told(user: User) -> None:
    user.folder.chmod(0o555)
    become: tuple[str, ...] = ()
    if os.geteuid() == 0:
        become = ("setpriv", "--reuid", str(ORDINARY), "--regid", str(ORDINARY), "--clear-groups")
        if not shutil.which("setpriv") or subprocess.run([*become, sys.executable, "-c", AGAIN]).returncode:
            pytest.skip("an ordinary user cannot run this Python")
    said = block(user, *become)
    assert said.startswith("NoEngine: the practice engine cannot be started: ")
    assert "Permission denied" in said
    assert "→ it keeps its data in" in said
    assert len(said.splitlines()) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
@pytest.mark.parametrize("left", [0, 4096, 1 << 19])
def test_a_full_disk_is_told(user: User, left: int) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(user.folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with open(user.folder / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        os.truncate(user.folder / "filler", max(0, (user.folder / "filler").stat().st_size - left))
        said = block(user)
        assert said.startswith("NoEngine: the practice engine ")
        assert "No space left on device" in said or "no room left" in said
        assert len(said.splitlines()) == 2
    finally:
        user.end()
        subprocess.run(["umount", str(user.folder)], check=True)
