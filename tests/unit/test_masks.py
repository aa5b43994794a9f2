"""Passwords and tokens: in no line, no tongue, no display and no error."""

from __future__ import annotations

import json

import pytest
from fake_engine import Answer

from dockermagic import errors, masks, show, tables, tongues
from dockermagic.endpoints import ENDPOINTS, raw
from dockermagic.exchange import Exchange, Reply, Request

SECRET = "hunter2"
HEADERS = (
    ("X-Registry-Auth", SECRET),
    ("authorization", f"Bearer {SECRET}"),
    ("X-Registry-Config", SECRET),
    ("Proxy-Authorization", SECRET),
    ("Cookie", f"a={SECRET}"),
)
QUERY = (("remote", f"https://me:{SECRET}@git.example.org/x"), ("fromSrc", f"https://{SECRET}@example.org/x.tar"))
BODY = {
    "username": "me",
    "password": SECRET,
    "identitytoken": SECRET,
    "RegistryToken": SECRET,
    "Env": [f"HTTP_PROXY=http://me:{SECRET}@proxy:3128"],
    "HttpsProxy": f"http://me:{SECRET}@proxy:3128",
    "nested": [{"auth": SECRET}],
}
REQUEST = Request("POST", "/v1.51/auth", QUERY, HEADERS, json.dumps(BODY).encode())
TOLD = {"Status": "Login Succeeded", "IdentityToken": SECRET, "HttpProxy": f"http://me:{SECRET}@proxy:3128"}
CLEAR = ("me", "proxy:3128", "git.example.org")


def exchange(content: str = "application/json", body: bytes | None = None) -> Exchange:
    head = {"content-type": content, "set-cookie": SECRET, "location": f"http://me:{SECRET}@x/"}
    answer = json.dumps(TOLD).encode() if body is None else body
    made = Exchange(REQUEST, "unix:///e.sock", raw("POST", "/auth")).answered(Reply(200, "OK", head, [answer]))
    made.read()
    return made


@pytest.mark.parametrize("row", [*ENDPOINTS, raw("POST", "/auth")], ids=lambda row: row.name)
@pytest.mark.parametrize("tongue", tongues.TONGUES)
@pytest.mark.parametrize("host", ["unix:///e.sock", "tcp://far:2376", "ssh://me@far"])
def test_no_tongue_says_it(tongue, row, host):
    said = tongues.TONGUES[tongue](REQUEST, row, host)
    assert SECRET not in said
    assert tongue == "cli" or (masks.HIDDEN in said and "git.example.org" in said)


def test_no_display_shows_it():
    seen = exchange()
    curl = tongues.curl(REQUEST, seen.row, seen.host)
    for bundle in (show.whole(seen, curl), show.Line(seen, curl)._repr_mimebundle_(), show.bundle(show.dressed(TOLD))):
        for form, text in bundle.items():
            assert SECRET not in str(text), form
            assert masks.HIDDEN in str(text) or form == "text/plain"
    assert SECRET not in show.pretty(TOLD)
    assert SECRET not in seen.line + repr(seen)
    assert "proxy:3128" in show.pretty(TOLD)


@pytest.mark.parametrize("content", ["application/json", "text/plain"])
def test_an_answer_that_is_no_json(content):
    seen = exchange(content, f"see http://me:{SECRET}@proxy:3128".encode())
    assert SECRET not in str(show.whole(seen, ""))
    assert "proxy:3128" in str(show.whole(seen, ""))


def test_a_frame_remembers_the_exchange_without_it():
    frame = tables.records([{"id": "a", "name": "b", "was": "c"}], "removed")
    tables.mark(frame, exchange(), "")
    assert SECRET not in str(frame.attrs)


def test_no_error_tells_it():
    error = errors.EngineError(f"tcp://me:{SECRET}@far:1", f"try http://me:{SECRET}@x", detail=f"http://{SECRET}@x")
    assert SECRET not in str(error) + "".join(error._render_traceback_())


def test_what_is_sent_and_what_is_returned_stay_as_they_are(shell, fake):
    fake.on("POST", "/auth", Answer(200, TOLD))
    cell = shell.run(f"%%docker POST /auth << x\n{json.dumps(BODY)}")
    assert cell.error is None, cell.text
    assert json.loads(fake.requests[-1].body) == BODY
    assert shell.names["x"] == TOLD
    assert SECRET not in cell.text + str(cell.shown)
    last = shell.run("%docker last")
    assert SECRET not in last.text + str(last.shown)
    assert "login succeeded" in last.text.lower()


def test_the_original_is_not_touched():
    before = json.dumps(BODY)
    shown = REQUEST.shown
    assert json.dumps(BODY) == before
    assert SECRET in str(REQUEST.headers)
    assert SECRET not in str(shown)
    assert [name for name, _ in shown.headers] == [name for name, _ in HEADERS]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tcp://me:pw@far:2375/x", "tcp://me:xxxxx@far:2375/x"),
        ("ssh://me@far:22", "ssh://me@far:22"),
        ("http://me:p@w@far/x@y", "http://me:xxxxx@far/x@y"),
        ("https://token@github.com/x", "https://xxxxx@github.com/x"),
        ("HTTP://ME:PW@FAR", "HTTP://ME:xxxxx@FAR"),
        ("socks5h://:pw@far and http://a:b@c", "socks5h://:xxxxx@far and http://a:xxxxx@c"),
        ("http://far:80/a@b?x=c:d@e", "http://far:80/a@b?x=c:d@e"),
        ("unix:///a:b@c.sock", "unix:///a:b@c.sock"),
        ('{"a":"http://far:80","b":"me@far"}', '{"a":"http://far:80","b":"me@far"}'),
        ("me:pw@far", "me:pw@far"),
        ("", ""),
    ],
)
def test_text(text, shown):
    assert masks.text(text) == shown


@pytest.mark.parametrize("body", [None, b"", b"{", b'{ "Image":  "busybox"}', b"\x1f\x8b\x00", b"[1, 2]", b"@x"])
def test_a_body_without_a_secret_is_the_very_same(body):
    assert masks.body(body) == body


def test_values_that_are_no_secrets():
    found = {"password": "", "auth": None, "Auth": {"x": 1}, "Passwords": "a", "n": 1.5}
    assert masks.value(found) == found
