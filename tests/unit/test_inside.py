"""What is inside a container, as a picture; its processes as a tree."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from fake_engine import Answer, FakeEngine
from hypothesis import example, given
from hypothesis import strategies as st
from shellkit import Shell

from dockermagic import commands, errors, forest, inside, safe

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = st.text(st.characters(exclude_categories=()), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(HOSTILE, each, max_size=3),
    max_leaves=8,
)
FOUND: dict[str, Any] = {
    "Id": "a" * 64,
    "Name": "/web",
    "State": {"Status": "running", "StartedAt": "2026-01-31T12:00:01.5Z", "Health": {"Status": "healthy"}},
    "Config": {"Image": "busybox"},
    "Mounts": [
        {"Type": "bind", "Source": "/srv/data", "Destination": "/data", "RW": False},
        {"Type": "volume", "Name": "cache", "Source": "/var/lib/x", "Destination": "/cache", "RW": True},
    ],
    "HostConfig": {"Tmpfs": {"/run": ""}},
    "NetworkSettings": {
        "Networks": {"bridge": {"IPAddress": "172.17.0.2"}},
        "Ports": {"53/udp": None, "80/tcp": [{"HostIp": "::", "HostPort": "8080"}]},
    },
}
TITLES = ["UID", "PID", "PPID", "CMD"]
TOP = {
    "Titles": TITLES,
    "Processes": [
        ["root", "12", "10", "sleep 2"],
        ["root", "10", "7", "/bin/sh -c wait"],
        ["root", "13", "12", "cat"],
        ["root", "11", "10", "sleep 1"],
    ],
}
DRAWN = ["10 /bin/sh -c wait", "├─ 12 sleep 2", "│  └─ 13 cat", "└─ 11 sleep 1"]


def texts(drawing: str) -> list[str]:
    return [(each.text or "").replace("\xa0", " ") for each in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def test_show_asks_twice_and_the_value_is_what_inspect_says(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(200, FOUND))
    fake.on("GET", "/containers/web/top", Answer(200, TOP))
    cell = shell.run("x = %docker inspect web --show --size\nx")
    assert cell.error is None
    assert [(each.path, dict(each.query)) for each in fake.requests] == [
        ("/v1.51/containers/web/json", {"size": "1"}),
        ("/v1.51/containers/web/top", {}),
    ]
    assert cell.value == FOUND
    (picture,) = [each for each in cell.shown if "image/svg+xml" in each]
    drawn = texts(picture["image/svg+xml"])
    assert {"web", "▶ running", "since 2026-01-31 12:00:01 UTC, health: healthy", "/data", "/cache"} <= set(drawn)
    assert {"/run", "bridge", "network, 172.17.0.2", "53/udp", "port, not published", *DRAWN} <= set(drawn)
    told = [
        "/data: read only, folder /srv/data",
        "/cache: volume cache",
        "80/tcp: port, at [::]:8080",
    ]
    for form in (picture["text/html"], picture["text/plain"]):
        assert all(each in form for each in told)
    assert "11 sleep 1, started by 10" in picture["text/html"]
    assert all(line in picture["text/plain"].replace("\xa0", " ") for line in DRAWN)
    assert 'alt="What is inside web: it is running"' in picture["text/html"]


def test_the_drawing_has_its_text_alternative() -> None:
    root = ElementTree.fromstring(inside.picture(FOUND, []).drawing)
    named = {each.get("id"): each.text or "" for each in root.iter() if each.get("id")}
    title, desc = (named[each] for each in (root.get("aria-labelledby") or "").split())
    assert root.get("role") == "img"
    assert title == "What is inside web: it is running"
    assert "mounts: /data: read only, folder /srv/data" in desc


def test_of_one_that_does_not_run_nothing_more_is_asked(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(200, {"Name": "/web", "State": {"Status": "exited", "ExitCode": 3}}))
    cell = shell.run("%docker inspect web --show")
    assert cell.error is None
    assert len(fake.requests) == 1
    assert "exited, exit code 3" in cell.beside
    assert "none: it does not run" in cell.beside


def test_where_top_fails_the_picture_says_so_and_the_cell_goes_on(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(200, FOUND))
    fake.on("GET", "/containers/web/top", Answer(500, {"message": "no ps here"}))
    cell = shell.run("x = %docker inspect web --show\nx")
    assert cell.error is None
    assert cell.value == FOUND
    assert "top did not tell: no ps here" in cell.beside


def test_where_inspect_fails_the_cell_fails(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(404, {"message": "No such container: web"}))
    assert type(shell.run("%docker inspect web --show").error) is errors.NotFound


def test_without_show_one_request(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/json", Answer(200, FOUND))
    shell.run("%docker inspect web")
    assert len(fake.requests) == 1


def test_as_curl_tells_both_calls_and_sends_none(shell: Shell, fake: FakeEngine) -> None:
    text = shell.run("%docker inspect web --show --as curl").value
    assert not fake.requests
    assert [line.rpartition("/")[2] for line in text.split("\n\n")] == ["json", "top"]
    assert shell.run("%docker inspect web --show --as cli").value == "docker inspect web\n\ndocker top web"


def test_much_of_everything_is_cut_and_counted() -> None:
    many = {
        **FOUND,
        "Mounts": [{"Destination": f"/m{at}"} for at in range(1000)],
        "NetworkSettings": {"Networks": {f"n{at}": {} for at in range(1000)}},
    }
    shown = inside.picture(many, [inside.Process("", f"{at} sleep") for at in range(1000)])
    assert f"… and {1001 - inside.BOXES} more" in texts(shown.drawing)
    assert f"… and {1000 - inside.PROCESSES} more" in texts(shown.drawing)
    assert f"… and {1000 - inside.LISTED} more" in shown.plain
    assert len(shown.html()) < 100_000


@given(HOSTILE, HOSTILE)
@example("</title><script>alert(1)</script>", "<img src=x onerror=alert(1)>")
@example("\u202eevil\n\x00\ud800]]>", "\u2066x")
@example("x" * 10_000, "中" * 10_000)
def test_no_name_breaks_the_picture(one: str, other: str) -> None:
    mount = {"Type": other, "Source": one, "Destination": other, "RW": True}
    network = {"Networks": {one: {"IPAddress": other}}, "Ports": {other: [{"HostIp": one, "HostPort": other}]}}
    found = {
        "Name": one,
        "State": {"Status": other, "Error": one},
        "Config": {"Image": one},
        "Mounts": [mount],
        "NetworkSettings": network,
    }
    listed = commands.processes([{"PID": one, "PPID": one, "CMD": other}, {"PID": other, "PPID": one, "CMD": one}])
    shown = inside.picture(found, listed, other)
    root = ElementTree.fromstring(shown.drawing.encode("utf-8"))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        *"svg title desc rect defs marker path text g".split()
    }
    assert safe.visible(shown.html()) == shown.html()
    assert "<script" not in shown.html()
    assert "<img src=x" not in shown.html()
    assert all(safe.width(each) <= 67 for each in texts(shown.drawing))
    assert len(shown._repr_mimebundle_()["text/plain"]) < 20_000


@given(st.dictionaries(st.sampled_from([*FOUND]), JSON))
def test_no_form_of_an_answer_breaks_the_picture(found: dict[str, Any]) -> None:
    ElementTree.fromstring(inside.picture(found, []).drawing.encode("utf-8"))


def test_top_as_a_tree(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/top", Answer(200, TOP))
    frame = shell.run("%docker top web --tree").value
    assert dict(fake.requests[-1].query) == {}
    assert list(frame.columns) == ["tree", *TITLES]
    assert [each.replace("\xa0", " ") for each in frame["tree"]] == ["sh", "├─ sleep", "│  └─ cat", "└─ sleep"]
    assert frame["PID"].tolist() == [10, 12, 13, 11]
    assert frame["PID"].dtype == "int64"
    assert list(frame.index) == [0, 1, 2, 3]
    assert frame.attrs["dockermagic"]["kind"] == "processes"


def test_a_tree_of_nothing(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/top", Answer(200, {"Titles": TITLES, "Processes": None}))
    frame = shell.run("%docker top web --tree").value
    assert list(frame.columns) == ["tree", *TITLES]
    assert len(frame) == 0


def test_a_tree_without_parents_is_told_and_the_list_is_kept(shell: Shell, fake: FakeEngine) -> None:
    fake.on("GET", "/containers/web/top", Answer(200, {"Titles": ["USER", "PID"], "Processes": [["root", "1"]]}))
    cell = shell.run("%docker top web --tree --ps_args aux")
    assert type(cell.error) is errors.ReplyError
    assert "ps told no PPID" in cell.text
    assert '--ps_args "-eo pid,ppid,args"' in cell.text
    assert shell.run("x = %docker last\nx.value").value["PID"].tolist() == [1]


@given(st.lists(st.tuples(st.integers(0, 12).map(str), st.integers(0, 12).map(str)), max_size=30))
@example([("1", "2"), ("2", "1"), ("3", "3")])
def test_every_row_stands_once_in_the_tree_and_below_its_parent(pairs: list[tuple[str, str]]) -> None:
    order = forest.branches(pairs)
    assert sorted(at for at, _ in order) == list(range(len(pairs)))
    assert all(set(branch) <= set("├└─│\xa0") for _, branch in order)


def test_a_chain_of_ten_thousand_is_no_recursion_and_does_not_grow_sideways() -> None:
    order = forest.branches([(str(at), str(at - 1)) for at in range(10_000)])
    assert [at for at, _ in order] == list(range(10_000))
    assert max(len(branch) for _, branch in order) == 3 * forest.DEEP


@pytest.mark.parametrize(
    ("command", "short"), [("/bin/sh -c x", "sh"), ("sleep 1", "sleep"), ("", ""), ("/usr/bin/", "/usr/bin/")]
)
def test_short(command: str, short: str) -> None:
    assert forest.short(command) == short


@given(HOSTILE, st.integers(2, 40))
def test_fit_fits(text: str, columns: int) -> None:
    shown = safe.fit(text, columns)
    assert safe.width(shown) <= columns
    assert shown == safe.visible(text) or shown.endswith("…")
