"""What the rows of files, images and registries send, and what they make of an answer."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from fake_engine import Answer, FakeEngine
from shellkit import Shell

from dockermagic import bodies, errors, frames, packing, tables
from dockermagic.endpoints import BY_NAME
from dockermagic.exchange import Exchange, Reply, Request

LINES = (
    b'{"status":"Pulling from library/busybox","id":"latest"}\r\n'
    b'{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"abc"}\r\n'
    b'{"status":"Downloading","progressDetail":{"current":100,"total":100},"id":"abc"}\r\n'
    b'{"status":"Pull complete","progressDetail":{},"id":"abc"}\r\n'
    b'{"aux":{"ID":"sha256:1"}}\r\n{"status":"Digest: sha256:2"}'
)


def sent(fake: FakeEngine) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fake.requests[-1].query:
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pull(shell: Shell, fake: FakeEngine, size: int) -> None:
    steps = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    fake.on("POST", "/images/create", Answer(steps=steps))
    frame = shell.run("%docker pull busybox").value
    assert sent(fake) == {"fromImage": ["busybox"], "tag": ["latest"]}
    assert list(frame["id"]) == ["latest", "abc", "", ""]
    assert list(frame["message"])[1:] == ["Pull complete", "ID sha256:1", "Digest: sha256:2"]
    assert frame["total"].isna().all()


def test_push(shell: Shell, fake: FakeEngine) -> None:
    told = (
        b'{"status":"The push refers to repository [far:5000/a]"}\r\n'
        b'{"status":"Pushing","progressDetail":{"current":10,"total":100},"id":"abc"}\r\n'
        b'{"status":"Pushed","progressDetail":{},"id":"abc"}\r\n'
        b'{"status":"1: digest: sha256:2 size: 527"}\r\n'
        b'{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:2","Size":527}}\r\n'
    )
    fake.on("POST", "/images/far:5000/a/push", Answer(200, told))
    found = shell.run("%docker push far:5000/a --tag 1")
    assert found.error is None, found.text
    assert sent(fake) == {"tag": ["1"]}
    assert fake.requests[-1].headers["x-registry-auth"] == "e30="
    said = list(found.value["message"])
    assert said[:2] == ["The push refers to repository [far:5000/a]", "Pushed"]
    assert "1: digest: sha256:2 size: 527" in said


def test_search(shell: Shell, fake: FakeEngine) -> None:
    entry = {"name": "busybox", "description": "Busybox base image.", "star_count": 3000, "is_official": True}
    fake.on("GET", "/images/search", Answer(200, [entry, {"name": "me/busybox", "star_count": 0}]))
    found = shell.run("%docker search busybox --limit 2 --filters is-official=true")
    assert found.error is None, found.text
    assert sent(fake) == {"term": ["busybox"], "limit": ["2"], "filters": ['{"is-official":["true"]}']}
    assert [*found.value.itertuples(index=False, name=None)] == [
        ("busybox", "Busybox base image.", 3000, True),
        ("me/busybox", "", 0, False),
    ]


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("pull busybox:1.36", {"fromImage": ["busybox:1.36"]}),
        ("pull far:5000/a/b", {"fromImage": ["far:5000/a/b"], "tag": ["latest"]}),
        ("pull far:5000/a/b@sha256:1", {"fromImage": ["far:5000/a/b@sha256:1"]}),
        ("pull busybox --tag 1.36", {"fromImage": ["busybox"], "tag": ["1.36"]}),
        ("prune", {"filters": ['{"label":["dockermagic"]}']}),
        ("prune -f until=1h", {"filters": ['{"until":["1h"],"label":["dockermagic"]}']}),
        ("prune -f label=a", {"filters": ['{"label":["a","dockermagic"]}']}),
        ("prune --no-label", {}),
        ("prune_images", {}),
        ("commit web", {"container": ["web"]}),
        ("commit web --pause=false -c 'CMD a' -c 'LABEL b=c'", {"container": ["web"], "pause": ["0"]}),
        ("get_images --names a --names b", {"names": ["a", "b"]}),
        ("df --type image --type container", {"type": ["image", "container"]}),
        ("archive_info web --path /etc", {"path": ["/etc"]}),
        ("archive_info web /etc", {"path": ["/etc"]}),
        ("tag busybox far/x --tag 2", {"repo": ["far/x"], "tag": ["2"]}),
    ],
)
def test_what_a_line_sends(shell: Shell, fake: FakeEngine, line: str, query: dict[str, list[str]]) -> None:
    fake.otherwise = Answer(200, {})
    shell.run(f"%docker {line}")
    found = sent(fake)
    assert {name: values for name, values in found.items() if name != "changes"} == query


def test_the_flags_of_a_build(shell: Shell, fake: FakeEngine, tmp_path: Path) -> None:
    fake.otherwise = Answer(200, b'{"stream":"Step 1/1"}\n')
    (tmp_path / "Dockerfile").write_text("FROM busybox\n")
    shell.names["folder"] = str(tmp_path)
    shell.run("%docker build --input {folder} -t a:1 -t a:2 --build-arg X=1 --label l= --cachefrom c --rm=false")
    assert sent(fake) == {
        "t": ["a:1", "a:2"],
        "buildargs": ['{"X":"1"}'],
        "labels": ['{"l":""}'],
        "rm": ["0"],
        "cachefrom": ['["c"]'],
    }
    with tarfile.open(fileobj=io.BytesIO(fake.requests[-1].body)) as tar:
        assert [each.name for each in tar] == [".", "Dockerfile"]


def test_update_by_flags(shell: Shell, fake: FakeEngine) -> None:
    fake.on("POST", "/containers/web/update", Answer(200, {"Warnings": None}))
    line = "update web --memory 64m --memory-swap -1 --cpus 0.5 --cpu-shares 5 --pids-limit 9 --restart always"
    assert shell.run(f"%docker {line}").error is None
    assert json.loads(fake.requests[-1].body) == {
        "Memory": 64 << 20,
        "MemorySwap": -1,
        "NanoCpus": 500_000_000,
        "CpuShares": 5,
        "PidsLimit": 9,
        "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    }
    text = shell.run(f"%docker {line} --as cli").value
    assert text == f"docker {line.replace('64m', '67108864')}".replace(" web", "") + " web"


def test_the_password_is_asked_for_and_shown_nowhere(shell: Shell, fake: FakeEngine, monkeypatch) -> None:
    answer = Answer(200, {"Status": "Login Succeeded", "IdentityToken": "tok-en"})
    fake.on("POST", "/auth", answer)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "geheim")
    asked = shell.run("%docker auth -u me --serveraddress far:5000")
    assert json.loads(fake.requests[-1].body)["password"] == "geheim"
    monkeypatch.setenv("FAR_PASSWORD", "geheim")
    named = shell.run("%docker auth -u me --serveraddress far:5000 --password-env FAR_PASSWORD")
    last = shell.run("%docker last")
    shown = json.dumps([asked.shown, named.shown, last.shown]) + asked.text + named.text + last.text
    for tongue in ("curl", "python", "cli"):
        shown += shell.run(f"%docker auth -u me --password-env FAR_PASSWORD --as {tongue}").text
    assert "geheim" not in shown
    assert "tok-en" not in shown
    assert named.value.loc[0, "happened"] == "Login Succeeded"


def test_a_password_in_the_cell_is_masked_too(shell: Shell, fake: FakeEngine) -> None:
    fake.on("POST", "/auth", Answer(204))
    cell = '{"username": "me", "password": "geheim"}'
    for line in ("auth", "POST /auth"):
        found = shell.run(f"%%docker {line}\n{cell}")
        assert found.error is None
        assert json.loads(fake.requests[-1].body)["password"] == "geheim"
        assert "geheim" not in found.text + json.dumps(found.shown) + shell.run("%docker last").text


def test_nobody_to_ask(shell: Shell, fake: FakeEngine, monkeypatch) -> None:
    def nobody(prompt: str) -> str:
        raise NotImplementedError

    monkeypatch.setattr("getpass.getpass", nobody)
    assert isinstance(shell.run("%docker auth -u me").error, errors.BadArgument)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("busybox", "docker.io"),
        ("me/busybox", "docker.io"),
        ("docker.io/me/x", "docker.io"),
        ("far:5000/x", "far:5000"),
        ("far.example/x:1", "far.example"),
        ("localhost/x", "localhost"),
    ],
)
def test_registry(image: str, host: str) -> None:
    assert bodies.registry(image) == host


def test_the_hub_has_many_names() -> None:
    assert {bodies.host_of(each) for each in ("", None, "https://index.docker.io/v1/", "docker.io")} == {"docker.io"}


def value(name: str, answer: object, headers: dict[str, str] | None = None) -> object:
    exchange = Exchange(Request("GET", "/x"), "unix:///e", BY_NAME[name])
    exchange.status, exchange.headers = 200, headers or {}
    exchange._chunks = [json.dumps(answer).encode()]
    return tables.value(BY_NAME[name], exchange, tables.Wanted())


def test_df_counts_what_could_go() -> None:
    frame = value(
        "df",
        {
            "Images": [
                {"Id": "sha256:1", "RepoTags": ["a:1"], "Size": 10, "SharedSize": 4, "Containers": 0},
                {"Id": "sha256:2", "RepoTags": None, "Size": 10, "SharedSize": -1, "Containers": 2},
            ],
            "Containers": [{"Id": "c", "Names": ["/web"], "SizeRw": 5, "State": "exited"}],
            "Volumes": [{"Name": "v", "UsageData": {"Size": 7, "RefCount": 0}}],
            "BuildCache": [{"ID": "b", "Description": "mount", "Size": 3, "InUse": True}],
        },
    )
    assert list(frame["type"]) == ["image", "image", "container", "volume", "build cache"]
    assert list(frame["name"]) == ["a:1", "", "web", "v", "mount"]
    assert list(frame["reclaimable"]) == [6, 0, 5, 7, 0]
    assert frame.attrs["dockermagic"]["note"] == "18 B could come back"


@pytest.mark.parametrize("name", ["df", "history", "search", "changes", "remove_image", "prune"])
def test_an_empty_answer_keeps_columns_and_dtypes(name: str) -> None:
    frame = value(name, None)
    assert len(frame) == 0
    assert len(frame.columns) >= 2
    assert "object" not in {str(dtype) for dtype in frame.dtypes}


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (0o644, "-rw-r--r--"),
        (1 << 31 | 0o755, "drwxr-xr-x"),
        (1 << 31 | 1 << 20 | 0o777, "drwxrwxrwt"),
        (1 << 23 | 0o755, "-rwsr-xr-x"),
    ],
)
def test_go_modes(mode: int, text: str) -> None:
    import base64

    told = {"name": "f??>>", "size": 1, "mode": mode, "mtime": "2026-01-31T12:00:00.5+01:00", "linkTarget": "/f"}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        header = encode(json.dumps(told).encode()).decode()
        found = value("archive_info", None, {"x-docker-container-path-stat": header})
        assert found["permissions"] == text
        assert found["linkTarget"] == ""
        assert str(found["mtime"]) == "2026-01-31 11:00:00.500000+00:00"


def test_a_pull_counts_the_bytes_of_its_layers() -> None:
    told = [
        {"status": "Pulling from library/x", "id": "latest"},
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}},
        {"status": "Downloading", "id": "b", "progressDetail": {"current": 20, "total": 200}},
        {"status": "Download complete", "id": "a", "progressDetail": {}},
        {"status": "Extracting", "id": "a", "progressDetail": {"current": 1, "total": 100}},
    ]
    body = b"".join(json.dumps(each).encode() + b"\r\n" for each in told)
    exchange = Exchange(Request("POST", "/x"), "unix:///e").answered(Reply(200, "OK", {}, [body]))
    seen: list[tuple[int, ...]] = []
    tables.messages(exchange, BY_NAME["pull"], tables.Wanted(progress=lambda *counts: seen.append(counts)))
    assert seen == [(10, 100), (30, 300), (120, 300), (120, 300)]


def test_packing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "big").write_bytes(b"x" * (2 * packing.PIECE + 5))
    os.link(folder / "big", folder / "deep" / "same")
    (folder / "link").symlink_to("nowhere")
    upload = packing.archive({"input": str(folder)})
    counts: list[int] = []
    upload.watch = lambda count, total: counts.append(count)
    pieces = list(upload)
    assert max(map(len, pieces)) <= packing.PIECE
    assert counts[-1] == upload.sent == sum(map(len, pieces))
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        assert tar.getnames() == ["folder", "folder/big", "folder/deep", "folder/deep/same", "folder/link"]
        assert tar.getmember("folder/deep/same").size == 2 * packing.PIECE + 5
        assert tar.getmember("folder/link").linkname == "nowhere"
        assert {each.uname for each in tar} == {"root"}
    assert b"".join(upload) == b"".join(pieces), "it can be sent again"


def test_a_file_that_shrinks_while_it_is_packed(tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(b"x" * 3 * packing.PIECE)
    pieces = iter(packing.archive({"input": str(source)}))
    next(pieces)
    os.truncate(source, 5)
    with pytest.raises(errors.FileError, match="became shorter"):
        list(pieces)


def test_a_file_that_goes_away_is_an_error_of_ours(shell: Shell, fake: FakeEngine, tmp_path: Path) -> None:
    upload = packing.Upload(tmp_path / "gone", "gone")
    with pytest.raises(errors.FileError, match="cannot be read"):
        list(upload)


def test_json_values_one_after_the_other() -> None:
    lines = frames.JsonLines()
    assert list(lines.feed(b'{"a": 1} {"a"')) == []
    assert lines.pending
    assert list(lines.feed(b': 2}\n\n[3]\n"')) == [{"a": 1}, {"a": 2}, [3]]
    assert list(lines.feed("é".encode()[:1])) == []
    assert list(lines.feed("é".encode()[1:] + b'"')) == []
    assert list(lines.flush()) == ["é"]
    assert lines.pending == 0
