"""One container's process tree. `python -I -S shim.py FD` is the nursery; started by the engine, never by hand.

FD is a socket to the engine. For each descriptor that comes along it the nursery forks a shim, of which that
descriptor is the control socket: messages are a length (4 bytes, big endian) and JSON; descriptors ride along.
The shim takes its namespaces once and then is a fork server: the main process and every exec are its
children. When the control socket ends, the engine is gone, and the whole tree is killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import stat
import struct
import sys
import termios
import time

sys.path.append(os.path.dirname(os.path.abspath(__file__)))

import kernel

DEVICES = ["null", "zero", "full", "random", "urandom", "tty"]
_NEW_PROC = "/dev/.proc"
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}


class Shim:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.setup: dict = {}
        self.place = kernel.command_line_place()
        self.names: dict[int, str] = {}  # pid -> the engine's name for it
        self.buffer = b""
        self.descriptors: list[int] = []
        self.traced = -1  # under proot: a descriptor of the main process, which is proot's child
        self.fresh = True  # no process yet: the first one is PID 1 of the namespace
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)

    def serve(self) -> None:
        while True:
            watched = [self.control, self.wake_read, *([self.traced] if self.traced >= 0 else [])]
            ready, _, _ = select.select(watched, [], [])
            if self.traced in ready:
                self.end_traced()
            if self.wake_read in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake_read, 4096)
                self.reap()
            if self.control in ready and not self.receive():
                break
        self.kill_tree()

    def receive(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 65536, 8)
        except ConnectionResetError:
            return False
        if not data:
            return False
        self.buffer += data
        self.descriptors += descriptors
        while len(self.buffer) >= 4:
            (length,) = struct.unpack(">I", self.buffer[:4])
            if len(self.buffer) < 4 + length:
                break
            message = json.loads(self.buffer[4 : 4 + length])
            self.buffer = self.buffer[4 + length :]
            OPERATIONS[message["op"]](self, message)
        return True

    def send(self, message: dict, descriptors: tuple[int, ...] = ()) -> None:
        data = json.dumps(message).encode()
        data = struct.pack(">I", len(data)) + data
        try:
            sent = socket.send_fds(self.control, [data], list(descriptors)) if descriptors else 0
            self.control.sendall(data[sent:])
        except (BrokenPipeError, ConnectionResetError):
            self.kill_tree()
            os._exit(0)

    # operations

    def prepare(self, message: dict) -> None:
        self.setup = message
        try:
            enter(message)
        except OSError as error:
            self.send({"ev": "ready", "pid": os.getpid(), "error": error.strerror or str(error)})
        else:
            self.send({"ev": "ready", "pid": os.getpid()})

    def run(self, message: dict) -> None:
        if self.fresh:
            leave_session()
        taken = message["descriptors"]
        descriptors, self.descriptors = self.descriptors[:taken], self.descriptors[taken:]
        master = -1
        try:
            if message["tty"] and not descriptors:
                master, slave = os.openpty()
                descriptors = [slave]
            if message["tty"] and message.get("size"):
                resize(descriptors[0], *message["size"])
            message["place"] = self.place
            pid, error = spawn(self.setup, message, descriptors, first=self.fresh)
        except OSError as problem:
            pid, error = 0, {"stage": "fork", "errno": problem.errno, "text": str(problem)}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        if pid and not error:
            self.fresh = False
            self.names[pid] = message["name"]
            if self.setup["tier"] == "proot" and message["name"] == "main":
                self.traced = first_child(pid)
        self.send(
            {"ev": "started", "name": message["name"], "pid": pid, "error": error},
            (master,) if master >= 0 and not error else (),
        )
        if master >= 0:
            os.close(master)

    def connect(self, message: dict) -> None:
        kind = socket.SOCK_STREAM if message["kind"] == "tcp" else socket.SOCK_DGRAM
        problem: OSError | None = None
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                with socket.socket(family, kind) as sock:
                    sock.settimeout(2)  # a full backlog must not hold up the container's other business
                    sock.connect((address, message["port"]))
                    self.send({"ev": "connected"}, (sock.fileno(),))
                    return
            except OSError as error:
                problem = problem or error
        self.send({"ev": "connected", "error": str(problem)})

    def end_traced(self) -> None:
        """proot stays as long as anything it traces does; the container ends with its main process."""
        os.close(self.traced)
        self.traced = -1
        for pid in descendants(os.getpid()):
            if pid not in self.names:
                attempt(os.kill, pid, signal.SIGKILL)

    def signal(self, message: dict) -> None:
        number = message["signal"]
        for pid, name in self.names.items():
            if name != message["name"]:
                continue
            target = pid
            if number != signal.SIGKILL and not self.setup["pid_namespace"]:
                if self.setup["tier"] == "proot":
                    target = next(iter(descendants(pid)), pid)  # proot itself passes nothing on
                if name == "main" and ends(target, number):
                    continue  # a PID 1 is spared what it does not handle
            try:
                os.kill(target, number)
            except (ProcessLookupError, PermissionError):
                continue

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self.names.pop(pid, None)
            if name == "main" and not self.setup["pid_namespace"]:
                self.kill_tree()
            if name is not None:
                code = os.waitstatus_to_exitcode(status)
                self.send({"ev": "exit", "name": name, "code": 128 - code if code < 0 else code})

    def kill_tree(self) -> None:
        """Every process of the container, however far it has wandered from its parent."""
        while True:
            pids = list(self.names) if self.setup.get("pid_namespace") else descendants(os.getpid())
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
            if not pids:
                return
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return
            name = self.names.pop(pid, None)
            if name is not None and name != "main":
                code = os.waitstatus_to_exitcode(status)
                try:
                    self.control.sendall(
                        _packed({"ev": "exit", "name": name, "code": 128 - code if code < 0 else code})
                    )
                except OSError:
                    continue


def _packed(message: dict) -> bytes:
    data = json.dumps(message).encode()
    return struct.pack(">I", len(data)) + data


OPERATIONS = {"prepare": Shim.prepare, "run": Shim.run, "signal": Shim.signal, "connect": Shim.connect}


def descendants(ancestor: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                parents[int(entry)] = int(fields[1])
    found: list[int] = []
    level = [ancestor]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    return found


def ends(pid: int, number: int) -> bool:
    """Whether the process does nothing about the signal, and so will die of it."""
    harmless = (
        signal.SIGCHLD,
        signal.SIGCONT,
        signal.SIGURG,
        signal.SIGWINCH,
        signal.SIGSTOP,
        signal.SIGTSTP,
    )
    if number in harmless:
        return False
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = dict(line.split(":\t", 1) for line in file if line.startswith(("SigIgn", "SigCgt")))
    except OSError:
        return False
    handled = int(lines["SigIgn"], 16) | int(lines["SigCgt"], 16)
    return not handled >> (number - 1) & 1


def first_child(tracer: int) -> int:
    """A descriptor of the process that proot starts, as soon as it is there; -1 if it has come and gone."""
    for _ in range(200):
        children = descendants(tracer)
        if children:
            try:
                return os.pidfd_open(children[0])
            except OSError:
                return -1
        if os.waitid(os.P_PID, tracer, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return -1
        time.sleep(0.005)
    return -1


# entering the container, once


def leave_session() -> None:
    """Not before the engine knows the PID: a child outside its session that it does not know is an orphan to it."""
    if os.getsid(0) != os.getpid():
        os.setsid()


def enter(setup: dict) -> None:
    kernel.become_subreaper()
    os.umask(0o022)
    if setup["chroot"]:
        plain_directory(f"{setup['root']}/dev")
        for name in DEVICES:
            path = f"{setup['root']}/dev/{name}"
            if not os.path.lexists(path):
                attempt(make_device, name, path)
    if setup["namespaces"]:
        enter_namespaces(setup)
    elif setup["landlock"]:
        kernel.landlock(setup["landlock"], scope=setup["landlock_scope"])
    if setup["refuse_calls"]:
        kernel.refuse_calls()


def enter_namespaces(setup: dict) -> None:
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(setup["namespaces"])
    if "user" in setup["namespaces"]:
        inside_uid, inside_gid = setup["mapped"]
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{inside_uid} {uid} 1")
        write("/proc/self/gid_map", f"{inside_gid} {gid} 1")
    if "net" in setup["namespaces"]:
        kernel.loopback_up()
    if "uts" in setup["namespaces"]:
        socket.sethostname(setup["hostname"])
    root = setup["root"]
    kernel.mount(None, "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount(root, root, flags=kernel.MS_BIND)
    for name in ("proc", "dev", "sys"):
        plain_directory(f"{root}/{name}")
    furnish_devices(root, setup)
    if setup["fresh_proc"]:  # a user namespace may mount its own /proc only where it still sees another
        kernel.mount("/proc", f"{root}/proc", flags=kernel.MS_BIND | kernel.MS_REC)
    for source, target, options in setup["binds"]:
        bind(source, target, options)
    os.chdir(root)
    kernel.pivot_root_here()
    for target, options in setup["tmpfs"]:
        kernel.mount("tmpfs", target, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, options)
    attempt(kernel.mount, "sysfs", "/sys", "sysfs", 0xF)
    flags = kernel.MS_NODEV | kernel.MS_NOSUID * setup["nosuid"] | kernel.MS_RDONLY * setup["read_only"]
    if not attempt(kernel.mount, None, "/", None, kernel.MS_BIND | kernel.MS_REMOUNT | flags) and setup["read_only"]:
        raise OSError(errno.EPERM, "the root file system could not be made read-only")


def furnish_devices(root: str, setup: dict) -> None:
    dev = f"{root}/dev"
    kernel.mount("tmpfs", dev, "tmpfs", kernel.MS_NOSUID, "mode=755,size=65536k")
    for name in DEVICES:
        if not attempt(make_device, name, f"{dev}/{name}"):
            write(f"{dev}/{name}", "")
            bind(f"/dev/{name}", f"{dev}/{name}", "ro")  # the node, not what is written to it
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    quiet = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{dev}/{name}")
    pts = "newinstance,ptmxmode=0666,mode=0620"
    pts_flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    if not attempt(kernel.mount, "devpts", f"{dev}/pts", "devpts", pts_flags, pts + ",gid=5"):
        kernel.mount("devpts", f"{dev}/pts", "devpts", pts_flags, pts)
    kernel.mount("shm", f"{dev}/shm", "tmpfs", quiet, f"mode=1777,size={setup['shm_size']}")
    attempt(kernel.mount, "mqueue", f"{dev}/mqueue", "mqueue", quiet)


def make_device(name: str, path: str) -> None:
    """A node of its own: what root does to the mode of a shared one would be done to the machine's."""
    host = os.stat(f"/dev/{name}")
    if not stat.S_ISCHR(host.st_mode):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), name)
    os.mknod(path, stat.S_IFCHR | 0o666, host.st_rdev)
    os.chmod(path, 0o666)


def furnish_proc() -> None:
    """Only a process inside the new PID namespace can mount its /proc."""
    os.mkdir(_NEW_PROC)
    kernel.mount("proc", _NEW_PROC, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.unmount("/proc")
    kernel.mount(_NEW_PROC, "/proc", flags=kernel.MS_MOVE)
    os.rmdir(_NEW_PROC)
    for path in kernel.READONLY_PATHS:
        if os.path.exists(path):
            kernel.mount(path, path, flags=kernel.MS_BIND | kernel.MS_REC)
            kernel.mount(None, path, None, kernel.MS_BIND | kernel.MS_REMOUNT | 0xF)
    for path in kernel.MASKED_PATHS:
        if os.path.isdir(path):
            kernel.mount("tmpfs", path, "tmpfs", kernel.MS_RDONLY, "size=4k,nr_inodes=2")
        elif os.path.exists(path):
            kernel.mount("/dev/null", path, flags=kernel.MS_BIND)


def bind(source: str, target: str, options: str) -> None:
    kernel.mount(source, target, flags=kernel.MS_BIND | kernel.MS_REC)
    if "ro" in options.split(","):
        held = 0
        mounted = os.statvfs(target).f_flag
        for flag, have in ((2, os.ST_NOSUID), (4, os.ST_NODEV), (8, os.ST_NOEXEC)):
            held |= flag if mounted & have else 0
        kernel.mount(None, target, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | held)


def plain_directory(path: str) -> None:
    """A container may have put a link where its own /proc is about to be mounted."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            return
        os.unlink(path)
    os.mkdir(path, 0o755)


def write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def attempt(function, *arguments) -> bool:
    try:
        function(*arguments)
    except OSError:
        return False
    return True


# one process


def resize(descriptor: int, rows: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def spawn(setup: dict, message: dict, descriptors: list[int], *, first: bool) -> tuple[int, dict | None]:
    report_read, report_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            report_write = fcntl.fcntl(report_write, fcntl.F_DUPFD_CLOEXEC, 100)
            become(setup, message, descriptors, report_write, first)
        except Stage as problem:
            report = {"stage": problem.stage, "errno": problem.errno, "text": problem.text}
        except OSError as problem:
            report = {"stage": "setup", "errno": problem.errno, "text": str(problem)}
        except Exception as problem:  # noqa: BLE001 the parent is waiting for word
            report = {"stage": "setup", "errno": 0, "text": repr(problem)}
        os.write(report_write, json.dumps(report).encode())
        os._exit(127)
    os.close(report_write)
    with os.fdopen(report_read, "rb") as file:
        answer = file.read()
    if not answer:
        return pid, None
    os.waitpid(pid, 0)
    return 0, json.loads(answer)


class Stage(Exception):
    def __init__(self, stage: str, number: int, text: str = "") -> None:
        self.stage, self.errno, self.text = stage, number, text


def become(setup: dict, message: dict, descriptors: list[int], report: int, first: bool) -> None:
    """In the child: turn into the program, or raise."""
    os.setsid()
    if message["tty"]:
        fcntl.ioctl(descriptors[0], termios.TIOCSCTTY, 0)
        descriptors = descriptors * 3
    safe = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in descriptors]
    for number, descriptor in enumerate(safe):
        os.dup2(descriptor, number)
    os.closerange(3, report)
    os.closerange(report + 1, 4096)
    signal.set_wakeup_fd(-1)
    if first and setup["pid_namespace"] and setup["fresh_proc"]:
        furnish_proc()
    if first and message.get("init"):
        as_init(message["place"], message["argv"])
    if setup["chroot"]:
        os.chroot(setup["root"])
        os.chdir("/")
    for name, soft, hard in message["limits"]:
        number = getattr(resource, "RLIMIT_" + name.upper(), None)
        if number is not None:
            resource.setrlimit(number, (soft, hard))
    environment = {}
    for line in message["env"]:
        name, _, value = line.partition("=")
        environment[name] = value
    take_identity(setup, message)
    os.umask(0o022)
    directory = message["cwd"]
    try:
        os.chdir(setup["root"] + directory if setup["tier"] == "plain" else directory)
    except OSError as problem:
        raise Stage("chdir", problem.errno or 0) from problem
    program = message["argv"][0] if setup["tier"] == "proot" else find(message["argv"][0], environment.get("PATH", ""))
    if kernel.LINUX:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                continue
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execve(program, message["argv"], environment)
    except OSError as problem:
        raise Stage("exec", problem.errno or 0) from problem


def take_identity(setup: dict, message: dict) -> None:
    uid, gid, groups = message["uid"], message["gid"], message["groups"]
    privileged = setup["set_ids"]
    if privileged:
        os.setgroups(groups)
        os.setgid(gid)
    if setup["capabilities"] is not None:
        kernel.drop_bounding(setup["capabilities"])
    if setup["namespaces"] and setup["landlock"]:
        kernel.landlock(setup["landlock"], scope=setup["landlock_scope"], privileged=privileged)
    if privileged:
        os.setuid(uid)
    elif setup["namespaces"] and (uid, gid) != (os.getuid(), os.getgid()):
        os.setgid(gid)
        os.setuid(uid)
    if setup["capabilities"] is not None:
        kernel.limit_capabilities(setup["capabilities"])
    if setup["no_new_privileges"]:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def find(name: str, path: str) -> str:
    if "/" in name:
        try:
            mode = os.stat(name).st_mode
        except OSError as problem:
            raise Stage("stat", problem.errno or 0) from problem
        if stat.S_ISDIR(mode):
            raise Stage("directory", errno.EACCES)
        if not os.access(name, os.X_OK):
            raise Stage("exec", errno.EACCES)
        return name
    for directory in path.split(":"):
        candidate = os.path.join(directory or ".", name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise Stage("path", errno.ENOENT)


def as_init(place: tuple[int, int], argv: list[str]) -> None:
    """PID 1 stays here, passes signals on and buries the dead; the child goes on and becomes the program."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        return
    kernel.set_process_name("docker-init")
    kernel.set_command_line(place, ["/sbin/docker-init", "--", *argv])
    os.closerange(3, 4096)
    passed = set(signal.valid_signals()) - {signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        number = signal.sigwait(signal.valid_signals())
        if number in passed:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                continue
            continue
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                os._exit(0)
            if pid == 0:
                break
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(128 - code if code < 0 else code)


def bear(orders: int, control: int) -> None:
    """Fork a shim that is nobody's child here: the engine, as the nearest subreaper, inherits it."""
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    if os.fork() == 0:
        os.close(orders)
        try:
            Shim(socket.socket(fileno=control)).serve()
        finally:
            os._exit(0)  # nothing here needs to be tidied by an interpreter that ends
    os._exit(0)


def main() -> None:
    orders = socket.socket(fileno=int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        data, controls, _, _ = socket.recv_fds(orders, 1, 1)
        if not data:
            return
        for control in controls:
            bear(orders.fileno(), control)
            os.close(control)


if __name__ == "__main__":
    main()
