"""The small parts, without an engine."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from concurrent.futures import CancelledError as Cancelled
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from practice_engine import busybox, clock, drills, filters, frames, images, rooted, routes, shim, spec, trees
from practice_engine.errors import STATUS, BadParameter, EngineError, status_of
from practice_engine.logs import STDERR, STDOUT, LogStore


def everything(store: LogStore, tail: int | None = None) -> list[tuple[int, bytes]]:
    reader = store.reader(tail)
    found = [(record.stream, line) for record in reader.read() for line in record.lines()]
    reader.close()
    return found


def test_a_line_in_pieces_is_one_line(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "log")
    store.write(STDOUT, b"one ")
    store.write(STDERR, b"other\n")
    store.write(STDOUT, b"line\nrest")
    store.end_of_run()
    assert everything(store) == [(STDERR, b"other\n"), (STDOUT, b"one line\n"), (STDOUT, b"rest")]


@pytest.mark.parametrize("tail", [0, 1, 5, 99, 100, 1000])
def test_the_last_lines(tmp_path: Path, tail: int) -> None:
    store = LogStore(tmp_path / "log")
    for start in range(0, 100, 4):
        store.write(STDOUT, b"".join(b"%d\n" % n for n in range(start, start + 4)))
    lines = [int(line) for _, line in everything(store, tail)]
    assert lines == list(range(100))[max(0, 100 - tail) :]


def test_the_last_lines_over_files(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "log", size=400, files=3)
    for number in range(200):
        store.write(STDOUT, b"%d\n" % number)
    assert [int(line) for _, line in everything(store, 15)] == list(range(185, 200))
    assert len(list(tmp_path.iterdir())) <= 3


def test_reading_goes_on_over_a_rotation(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "log", size=200, files=5)
    reader = store.reader()
    seen = []
    for number in range(60):
        store.write(STDOUT, b"%d\n" % number)
        seen += [int(record.data) for record in reader.read()]
    assert seen == list(range(60))
    reader.close()


@pytest.mark.parametrize("cut", [1, 4, 5, 16, 20])
def test_a_log_survives_a_cut(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log"
    store = LogStore(path)
    for line in (b"whole\n", b"cut short\n"):
        store.write(STDOUT, line)
    store.end_of_run()
    os.truncate(path, path.stat().st_size - cut)
    assert everything(LogStore(path)) == [(STDOUT, b"whole\n")]
    assert everything(LogStore(path), 1) == [(STDOUT, b"whole\n")]
    again = LogStore(path)
    again.write(STDOUT, b"after\n")
    assert everything(again) == [(STDOUT, b"whole\n"), (STDOUT, b"after\n")]
    assert everything(again, 1) == [(STDOUT, b"after\n")]


def test_the_end_of_a_big_log_is_found_at_once(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "log")
    for _ in range(2000):
        store.write(STDOUT, b"x" * 9999 + b"\n")
    reader = store.reader(5)
    assert reader._current is not None
    assert os.fstat(reader._current.fileno()).st_size - reader._current.tell() < 60_000
    reader.close()


def test_paths_stay_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (tmp_path / "secret").write_text("no")
    (root / "etc" / "absolute").symlink_to(tmp_path / "secret")
    (root / "etc" / "climbing").symlink_to("../../../../secret")
    (root / "etc" / "fine").symlink_to("/etc/real")
    (root / "etc" / "real").write_text("yes")
    assert rooted.read_text(str(root), "/etc/absolute") == ""
    assert rooted.read_text(str(root), "/etc/climbing") == ""
    assert rooted.read_text(str(root), "../../../etc/fine") == "yes"


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert rooted.read_text(str(tmp_path), "/a") == ""


def test_trees_are_copied_and_compared(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "d").mkdir(parents=True)
    (one / "d" / "f").write_text("x")
    (one / "l").symlink_to("d/f")
    os.link(one / "d" / "f", one / "hard")
    trees.copy(str(one), str(two))
    assert trees.changes(str(one), str(two)) == []
    assert (two / "hard").stat().st_ino == (two / "d" / "f").stat().st_ino
    (two / "l").unlink()
    (two / "d" / "g").write_text("y")
    assert trees.changes(str(one), str(two)) == [("/d", 0), ("/d/g", 1), ("/l", 2)]
    assert trees.size(str(one)) == 1


def test_trees_that_resist_are_removed(tmp_path: Path) -> None:
    (tmp_path / "t" / "closed").mkdir(parents=True)
    (tmp_path / "t" / "closed" / "f").touch()
    (tmp_path / "t" / "closed").chmod(0)
    trees.remove(str(tmp_path / "t"))
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("busybox", "busybox:latest"),
        ("docker.io/library/busybox:1", "busybox:1"),
        ("a/b:c", "a/b:c"),
        ("host:5000/a", "host:5000/a:latest"),
    ],
)
def test_references(text: str, found: str) -> None:
    assert images.familiar(text) == found


@pytest.mark.parametrize("text", ["UPPER", "a b", "a:", ":x", "-a", "a@sha256:zz"])
def test_references_that_are_none(text: str) -> None:
    with pytest.raises(BadParameter):
        images.familiar(text)


def test_times() -> None:
    now = time.time_ns()
    assert clock.nanoseconds(clock.rfc3339(now)) == now
    assert clock.rfc3339(1_500_000_000_120_000_000) == "2017-07-14T02:40:00.12Z"
    assert clock.nanoseconds("1970-01-01T01:00:00+01:00") == 0
    assert clock.duration("1m30s") == 90 * 10**9


def test_a_wait_that_is_cancelled_while_its_work_ends_is_cancelled() -> None:
    async def both_at_once() -> None:
        done = asyncio.Event()
        waiting = asyncio.ensure_future(clock.within(None, done.wait()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.set()
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    with ThreadPoolExecutor(1) as apart:  # from the loop that a browser's test leaves running in this thread
        with pytest.raises((asyncio.CancelledError, Cancelled)):
            apart.submit(asyncio.run, both_at_once()).result()
        with pytest.raises(asyncio.TimeoutError):
            apart.submit(asyncio.run, clock.within(0, asyncio.sleep(30))).result()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (3000, "50 minutes"),
        (3600, "About an hour"),
        (7200, "2 hours"),
        (3 * 86400, "3 days"),
        (15 * 86400, "2 weeks"),
    ],
)
def test_spans(seconds: float, said: str) -> None:
    assert clock.human(int(seconds * 10**9)) == said


def test_signals() -> None:
    assert spec.signal_number("KILL") == spec.signal_number("sigkill") == spec.signal_number("9") == 9
    for wrong in ("0", "NOPE", ""):
        with pytest.raises(BadParameter):
            spec.signal_number(wrong)


def test_filters_in_both_shapes() -> None:
    assert filters.parse('{"a":["b"]}') == filters.parse('{"a":{"b":true}}') == {"a": ["b"]}
    with pytest.raises(BadParameter):
        filters.parse('{"a":["b"]}', "c")


def test_frames_and_detaching() -> None:
    assert frames.frame(2, b"abc") == b"\x02\0\0\0\0\0\0\x03abc"
    keys = frames.DetachKeys("ctrl-a,x")
    assert keys.look(b"ab\x01y") == (b"ab\x01y", False)
    assert keys.look(b"\x01") == (b"", False)
    assert keys.look(b"x more") == (b"", True)


def test_every_kind_of_error_has_a_status() -> None:
    kinds = EngineError.__subclasses__()
    assert set(kinds) == set(STATUS)
    assert all(status_of(kind()) < 400 or status_of(kind()) >= 400 for kind in kinds)


def test_no_route_hides_another() -> None:
    seen = set()
    for route in routes.ROUTES:
        assert (route.method, route.path) not in seen
        seen.add((route.method, route.path))


def test_the_shim_needs_no_package() -> None:
    source = Path(shim.__file__).read_text()
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported - {"__future__", "kernel"} <= set(sys.stdlib_module_names)


def test_busybox_from_host_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busybox, "static_busybox", lambda: None)
    told = busybox.build(tmp_path / "root")
    assert "tools of this machine" in told
    assert os.access(tmp_path / "root" / "bin" / "sh", os.X_OK)
    assert (tmp_path / "root" / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_a_drill_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(drills.time, "monotonic", lambda: now)
    store = drills.Drills()
    store.begin("error", "/containers/*", 3, None)
    now += drills.LONGEST - 1
    assert store.take("/containers/json") is not None
    now += 1
    assert store.take("/containers/json") is None
    assert store.all() == []
    assert store.warnings() == []
