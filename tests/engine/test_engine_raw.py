"""Any call at all, by method and path."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from differences import expected
from enginekit import IMAGE, Caller, Made, Magic, unique
from plain import Engine

from dockermagic import errors


def test_get_json(by: Caller, made: Made) -> None:
    name = made(start=False)
    assert by.raw("GET", f"/containers/{name}/json")["Id"] == made.inspect(name)["Id"]
    assert by.last.request.path == f"/v{by.session.engine.api}/containers/{name}/json"


def test_get_with_a_query_and_a_version(by: Caller, engine: Engine) -> None:
    found = by.raw("GET", "/v1.40/containers/json?limit=1&all=0")
    assert isinstance(found, list)
    assert by.last.request.path == "/v1.40/containers/json"
    assert by.last.request.query == (("limit", "1"), ("all", "0"))


def test_get_with_an_encoded_filter(by: Caller, made: Made) -> None:
    label = unique()
    name = made(start=False, Labels={label: "值"})
    found = by.raw("GET", f'/containers/json?all=1&filters={{"label":["{label}=值"]}}')
    assert [each["Id"] for each in found] == [made.inspect(name)["Id"]]
    encoded = f"/containers/json?all=1&filters=%7B%22label%22%3A%5B%22{label}%22%5D%7D"
    assert by.raw("GET", encoded) == found


def test_get_text(by: Caller) -> None:
    assert by.raw("GET", "/_ping").strip() == "OK"


def test_head(by: Caller) -> None:
    frame = by.raw("HEAD", "/_ping")
    assert by.last.status == 200
    assert by.last.received == 0
    assert by.last.headers["api-version"] == by.session.engine.version["ApiVersion"]
    assert by.session.engine.name.split()[-1] in by.last.headers["server"], "by both it is known again"
    assert frame["status"][0] == 200


def test_head_of_a_file_in_a_container(by: Caller, made: Made) -> None:
    name = made.finished("echo hello >/hello")
    by.raw("HEAD", f"/containers/{name}/archive?path=/hello")
    assert by.last.headers["x-docker-container-path-stat"]
    with pytest.raises(errors.NotFound):
        by.raw("HEAD", f"/containers/{name}/archive?path=/none")


def test_post_and_delete(by: Caller, made: Made) -> None:
    name = made.expect(unique())
    answer = by.raw("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["sleep", "60"]})
    assert answer["Id"] == made.inspect(name)["Id"]
    assert by.raw("POST", f"/containers/{name}/start")["status"][0] == 204
    assert made.state(name)["Running"] is True
    assert by.raw("POST", f"/containers/{name}/start")["status"][0] == 304
    assert by.raw("DELETE", f"/containers/{name}?force=1")["status"][0] == 204
    assert not made.there(name)


def test_get_logs_is_a_log(by: Caller, made: Made) -> None:
    """Docker 28 says that the answer is framed, older ones and Podman say nothing."""
    name = made.finished("echo one; echo two >&2")
    found = by.raw("GET", f"/containers/{name}/logs?stdout=1&stderr=1")
    assert sorted(zip(found["stream"], found["line"], strict=True)) == [("stderr", "two"), ("stdout", "one")]


def test_get_an_archive_is_its_entries(by: Caller, made: Made) -> None:
    name = made.finished("mkdir /d && echo hello >/d/f")
    found = by.raw("GET", f"/containers/{name}/archive?path=/d")
    assert isinstance(found, pd.DataFrame)
    assert [entry.rstrip("/") for entry in found["name"]] == ["d", "d/f"]
    assert list(found["size"]) == [0, 6]


def test_events_that_are_over(by: Caller, made: Made) -> None:
    name, now = made.finished("true"), time.time()
    found = by.raw("GET", f'/events?since={now - 60:.0f}&until={now + 1:.0f}&filters={{"container":["{name}"]}}')
    found = found if isinstance(found, list) else [found]
    assert {"create", "start"} <= {event["Action"] for event in found if isinstance(event, dict)}


def test_a_version_beyond_the_engine(by: Caller) -> None:
    status = expected("GET: a version beyond it", by.session.engine.name)
    if status < 400:
        assert isinstance(by.raw("GET", "/v1.99/version"), dict)
        return
    with pytest.raises(errors.BadRequest, match=r"1\.99"):
        by.raw("GET", "/v1.99/version")


def test_a_path_with_odd_characters(by: Caller) -> None:
    with pytest.raises(errors.NotFound):
        by.raw("GET", "/containers/no such, 容器/json")
    assert by.last.request.path.endswith("/containers/no%20such,%20%E5%AE%B9%E5%99%A8/json")


def test_the_cell_is_the_body(magic: Magic, made: Made) -> None:
    name = made.expect(unique())
    cell = f'{{"Image": "{IMAGE}", "Cmd": ["echo", "{{x}}"]}}'
    magic.run(f"%%docker POST /containers/create?name={name}\n{cell}")
    assert made.inspect(name)["Config"]["Cmd"] == ["echo", "{x}"]
