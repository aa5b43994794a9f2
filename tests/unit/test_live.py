"""Streams that do not end by themselves: bounds, several at once, stats and events."""

from __future__ import annotations

import json
import struct
import time

import pytest
from fake_engine import MULTIPLEXED, Answer, Cut, Silence
from shellkit import Shell

from dockermagic import arguments, charts, endpoints, errors, frames, samples, show

HEAD = {"Content-Type": MULTIPLEXED}
JSON = {"Content-Type": "application/json"}


def frame(data: bytes) -> bytes:
    return struct.pack(">BxxxL", 1, len(data)) + data


def stats(second: int, used: int, **more: object) -> bytes:
    found = {
        "name": "/web",
        "read": f"2026-01-31T12:00:{second:02}.5Z",
        "cpu_stats": {"cpu_usage": {"total_usage": 100 + used}, "system_cpu_usage": 2000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
        "memory_stats": {"usage": 3000, "limit": 8000, "stats": {"inactive_file": 1000}},
        "networks": {"eth0": {"rx_bytes": 5, "tx_bytes": 6}, "eth1": {"rx_bytes": 1, "tx_bytes": 1}},
        "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 7}, {"op": "write", "value": 8}]},
        "pids_stats": {"current": 2},
    }
    return json.dumps({**found, **more}).encode() + b"\n"


def event(action: str, second: int) -> bytes:
    actor = {"ID": "a" * 64, "Attributes": {"name": "web", "image": "busybox"}}
    found = {"Type": "container", "Action": action, "Actor": actor, "scope": "local", "time": 1769860800 + second}
    return json.dumps(found).encode() + b"\n"


@pytest.mark.parametrize("row", endpoints.ENDPOINTS, ids=lambda row: row.name)
def test_whatever_can_be_endless_can_be_bounded(row):
    endless = any(param.endless for param in row.query)
    assert not endless or {"for", "lines"} <= {param.name for param in row.local}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_neither_ends_nor_prolongs_it(shell, fake, monkeypatch, hours):
    def moved() -> None:
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now + hours * 3600)

    def steps():
        yield frame(b"one\n")
        moved()
        time.sleep(0.1)
        yield frame(b"two\n")
        yield Silence()

    fake.on("GET", "/containers/web/logs", Answer(headers=HEAD, steps=steps()))
    cell = shell.run("%docker logs web --for 0.5s")
    assert list(cell.value["line"]) == ["one", "two"]
    assert 0 < shell.magic.session.last.seconds < 600


def test_a_follow_ends_after_its_time_and_keeps_what_came(shell: Shell, fake):
    fake.on("GET", "/containers/web/logs", Answer(headers=HEAD, steps=[frame(b"one\ntwo\nha"), Silence()]))
    cell = shell.run("%docker logs web --for 0.5s")
    assert cell.error is None
    assert cell.value["line"].tolist() == ["one", "two", "ha"]
    assert dict(fake.requests[-1].query)["follow"] == "1"


def test_a_follow_ends_after_its_lines(shell: Shell, fake):
    fake.on("GET", "/containers/web/logs", Answer(headers=HEAD, steps=[frame(b"1\n2\n3\n"), Silence()]))
    cell = shell.run("%docker logs web --follow --lines 2")
    assert cell.value["line"].tolist() == ["1", "2"]


def test_several_logs_are_one_frame_with_names(shell: Shell, fake):
    fake.on("GET", "/containers/a/logs", Answer(headers=HEAD, steps=[frame(b"from a\n"), Silence()]))
    fake.on("GET", "/containers/b/logs", Answer(headers=HEAD, steps=[frame(b"from b\n"), Silence()]))
    cell = shell.run("%docker logs a b --for 0.5s")
    assert cell.error is None
    assert sorted(zip(cell.value["name"], cell.value["line"], strict=True)) == [("a", "from a"), ("b", "from b")]
    assert "a    │from a" in cell.text


def test_one_of_several_that_is_cut_fails_the_cell_and_keeps_the_rest(shell: Shell, fake):
    fake.on("GET", "/containers/a/logs", Answer(headers=HEAD, steps=[frame(b"from a\n"), Cut()]))
    fake.on("GET", "/containers/b/logs", Answer(headers=HEAD, steps=[Silence()]))
    cell = shell.run("%docker logs a b --follow")
    assert type(cell.error) is errors.CutShort
    assert shell.run("x = %docker last\nx.value").value["line"].tolist() == ["from a"]


def test_stats_are_one_sample_by_default(shell: Shell, fake):
    fake.on("GET", "/containers/web/stats", Answer(headers=JSON, body=stats(1, 250)))
    (row,) = shell.run("%docker stats web").value.to_dict("records")
    assert dict(fake.requests[-1].query) == {"stream": "0"}
    time = row.pop("time")
    assert time.isoformat() == "2026-01-31T12:00:01.500000+00:00"
    assert row == {
        "name": "web",
        "cpu_percent": 50.0,
        "memory_usage": 2000,
        "memory_limit": 8000,
        "memory_percent": 25.0,
        "net_rx": 6,
        "net_tx": 7,
        "block_read": 7,
        "block_write": 8,
        "pids": 2,
    }


def test_a_stream_of_stats_keeps_every_sample_and_draws_them(shell: Shell, fake):
    steps = [stats(second, 10 * second) for second in range(1, 4)]
    fake.on("GET", "/containers/web/stats", Answer(headers=JSON, steps=[*steps, Silence()]))
    cell = shell.run("%docker stats web --stream --lines 3")
    assert cell.value["cpu_percent"].tolist() == [2.0, 4.0, 6.0]
    html = shell.magic.frames.html(cell.value)
    assert "CPU of web, last 2 seconds: 6.0 % now, 2.0 % to 6.0 %" in html
    assert html.count("<tr>") == 2, "the head, and one row a container"


def test_no_sample_before_means_no_cpu_and_no_memory_means_none():
    found = samples.sample({"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "networks": None}, "web")
    assert (found.name, found.cpu_percent, found.memory_usage, found.time) == ("web", None, None, None)


@pytest.mark.parametrize(
    ("inside", "usage"), [({"total_inactive_file": 30, "inactive_file": 9}, 70), ({"inactive_file": 9}, 91), ({}, 100)]
)
def test_memory_is_counted_without_the_cache(inside, usage):
    assert samples.memory({"usage": 100, "limit": 1000, "stats": inside}) == (usage, 1000)


def test_events_without_a_bound_end_now(shell: Shell, fake):
    fake.on("GET", "/events", Answer(headers=JSON, body=event("start", 0) + event("die", 5)))
    cell = shell.run("%docker events")
    query = dict(fake.requests[-1].query)
    assert float(query["until"]) - float(query["since"]) == pytest.approx(3600, abs=5)
    assert cell.value["action"].tolist() == ["start", "die"]
    html = shell.magic.frames.html(cell.value)
    assert "web: start at 0.0 s, die at 5.0 s" in html
    assert "S start · X die" in html


def test_events_with_a_bound_follow(shell: Shell, fake):
    fake.on("GET", "/events", Answer(headers=JSON, steps=[event("start", 0), Silence()]))
    assert len(shell.run("%docker events --for 0.5s").value) == 1
    assert fake.requests[-1].query == []


def test_at_a_prompt_events_are_shown_once(shell: Shell, fake):
    fake.on("GET", "/events", Answer(headers=JSON, steps=[event("start", 0), event("die", 5), Silence()]))
    cell = shell.run("%docker events --for 0.5s")
    assert cell.text.count("die") == 1
    assert "(2 events, shown above)" in cell.text


def test_an_interrupt_says_what_had_come(shell: Shell, fake, monkeypatch):
    def stop(self, name, batch):
        raise KeyboardInterrupt

    steps = [stats(1, 10) + stats(2, 20), Silence()]
    fake.on("GET", "/containers/web/stats", Answer(headers=JSON, steps=steps))
    monkeypatch.setattr(show.Watch, "samples", stop)
    cell = shell.run("%docker stats web --stream")
    assert "you stopped the call after 2 samples;" in str(cell.error)


def test_a_stream_that_is_no_json(shell: Shell, fake):
    fake.on("GET", "/events", Answer(headers=JSON, steps=[event("start", 0), b"<html>\n"]))
    assert type(shell.run("%docker events").error) is errors.BadFrame


@pytest.mark.parametrize("at", [1, 3, 7, 20])
def test_json_values_cut_anywhere(at):
    data = b'{"a": 1}{"b": 2}\n\n  {"c": 3}'
    decoder = frames.JsonLines()
    assert [*decoder.feed(data[:at]), *decoder.feed(data[at:]), *decoder.flush()] == [{"a": 1}, {"b": 2}, {"c": 3}]


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), ("10s", 10), ("1m30s", 90), ("0.5s", 0.5), ("1h", 3600)])
def test_a_duration(text, seconds):
    assert arguments.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "soon", "-3s", "1d"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match=r"no time|could not"):
        arguments.seconds(text)


def test_a_picture_escapes_names():
    rows = [{"name": "<b>", "time": f"2026-01-31T12:00:0{at}Z", "cpu_percent": 1.0, "memory_usage": 5} for at in (1, 2)]
    assert "<b>" not in charts.usage(rows)


def test_part_of_a_frame_that_lacks_what_a_picture_needs_has_none(shell: Shell, fake):
    fake.on("GET", "/events", Answer(headers=JSON, body=event("start", 0) + event("die", 5)))
    whole = shell.run("%docker events").value
    assert show.picture(whole)
    assert show.picture(whole[["time", "action", "name"]]) == ""
