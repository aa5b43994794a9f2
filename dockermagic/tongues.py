"""A request in other tongues: the same call as curl, as Python, as the docker CLI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from . import bodies
from .endpoints import Endpoint
from .exchange import Request
from .locate import TLS
from .packing import CONTENTS, Upload

SAFE = re.compile(r"[\w.~:,/-]*")


def where(host: str, tls: TLS | None = None) -> tuple[list[str], str]:
    """How curl reaches an engine: its options, and what the URL begins with."""
    scheme, _, rest = host.partition("://")
    if scheme == "unix":
        return ["--unix-socket", rest], "http://localhost"
    options = []
    if tls:
        files = (("--cacert", tls.ca), ("--cert", tls.cert), ("--key", tls.key))
        options = [word for option, path in files if path for word in (option, path)]
        options += [] if tls.verify else ["--insecure"]
    return options, f"{'https' if tls or scheme == 'https' else 'http'}://{rest.rstrip('/')}"


def curl(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """The curl command that sends the same request; runs as it stands in a POSIX shell."""
    options, base = where(host, tls)
    words = ["curl", "--silent", *options]
    plain = request.method == "GET" and request.body is None
    words += [] if plain else ["--head"] if request.method == "HEAD" else ["--request", request.method]
    apart = plain and all(name and SAFE.fullmatch(name) for name, _ in request.query)
    apart = apart and any(not SAFE.fullmatch(value) for _, value in request.query)
    if row.stream == "frames" or row.waits:
        words.append("--no-buffer")
    if row.stream and (output or row.stream != "tar"):
        words += ["--output", output or "-"]
    if row.stream == "tar" and not output:
        words += ["--output", "export.tar"]
    for name, value in request.headers:
        words += ["--header", f"{name}: {value}"]
    packed = ""
    if isinstance(request.body, Upload):
        words += ["--upload-file", "-" if request.body.name else str(request.body.source)]
        packed = _tar(request.body) if request.body.name else ""
    elif request.body is not None:
        words += ["--data-raw", request.body.decode()]
    if apart:
        words += ["--get"]
        words += [word for name, value in request.query for word in ("--data-urlencode", f"{name}={value}")]
    words.append(base + (request.path if apart else request.target))
    return packed + shlex.join(words)


def _tar(body: Upload) -> str:
    """The command whose output curl sends."""
    folder, name = (body.source, ".") if body.name == CONTENTS else (body.source.parent, body.source.name)
    words = ["tar", "--create", "--owner=0", "--group=0", "--directory", str(folder), "--", name]
    return f"{shlex.join(words)} | "


def python(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """A Python program that sends the same request by requests (and requests-unixsocket)."""
    scheme, _, rest = host.partition("://")
    unix = scheme == "unix"
    base = f"http+unix://{quote(rest, safe='')}" if unix else where(host, tls)[1]
    packs = isinstance(request.body, Upload) and request.body.name
    lines = ["import tarfile", "import tempfile", ""] if packs else []
    lines += ["import requests_unixsocket" if unix else "import requests", ""]
    lines.append(f"engine = {'requests_unixsocket' if unix else 'requests'}.Session()")
    lines.append("engine.trust_env = False")
    if tls:
        lines.append(f"engine.verify = {(tls.ca or True) if tls.verify else False!r}")
        lines += [f"engine.cert = ({tls.cert!r}, {tls.key!r})"] if tls.cert else []
    call = [repr(request.method), repr(base + request.path)]
    if request.query:
        pairs = dict(request.query)
        call.append(f"params={pairs if len(pairs) == len(request.query) else list(request.query)!r}")
    if request.headers:
        call.append(f"headers={dict(request.headers)!r}")
    if isinstance(request.body, Upload):
        lines += _packed(request.body)
        call.append("data=body")
    elif request.body is not None:
        call.append(f"data={request.body!r}")
    if row.stream:
        call.append("stream=True")
    inside = ",\n    ".join(call)
    lines.append(f"reply = engine.request(\n    {inside},\n)")
    lines.append("print(reply.status_code, reply.reason)")
    lines += [line.replace("OUTPUT", repr(output or "export.tar")) for line in READING.get(row.stream, READING[""])]
    return "\n".join(lines)


def _packed(body: Upload) -> list[str]:
    """The lines of Python that make the file `body`."""
    if not body.name:
        return [f"body = open({str(body.source)!r}, 'rb')"]
    return [
        "",
        "",
        "def root(entry):",
        "    entry.uid = entry.gid = 0",
        "    return entry",
        "",
        "",
        "body = tempfile.TemporaryFile()",
        'with tarfile.open(fileobj=body, mode="w") as tar:',
        f"    tar.add({str(body.source)!r}, {body.name!r}, filter=root)",
        "body.seek(0)",
    ]


READING: Mapping[str, list[str]] = {
    "": ["print(reply.text)"],
    "frames": ["for piece in reply.iter_content(None):", "    print(piece)"],
    "lines": ["for line in reply.iter_lines():", "    print(line.decode())"],
    "tar": [
        'with open(OUTPUT, "wb") as file:',
        "    for piece in reply.iter_content(1 << 20):",
        "        file.write(piece)",
    ],
}


def cli(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """The docker CLI's words for the same call, or a comment where it has none."""
    if not row.cli:
        return f"# the docker CLI has no word for {request.method} {unquote(request.path)}"
    words, notes = row.cli.split(), []
    query = dict(request.query)
    bare = [value for param, value in _bare(row, request)]
    for param in row.query:
        if param.name not in query or param.cli == "":
            continue
        if param.cli is None:
            if param.group and all(other.name in query for other in row.query if other.group == param.group):
                continue
            notes.append(f"# without {param.name}={query[param.name]}, for which the CLI has no word")
        elif param.kind == "flag":
            words.append(param.cli)
        elif param.kind == "filters":
            for name, values in json.loads(query[param.name]).items():
                words += [word for value in values for word in (param.cli, f"{name}={value}")]
        else:
            words += [param.cli, query[param.name]]
    if output:
        words += ["--output", output]
    if isinstance(request.body, bytes) and row.body in CLI_BODIES:
        more, left = CLI_BODIES[row.body](json.loads(request.body))
        words += more
        notes += [f"# without {key}, for which there is no flag here" for key in left]
    return "\n".join([shlex.join([*words, *bare]), *notes])


def _bare(row: Endpoint, request: Request) -> list[tuple[str, str]]:
    """The words of a call that stand without an option: those of the path, then those of the query."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(row.path))
    found = re.search(f"{pattern}$", request.path)
    inside = [(param.name, unquote(found[param.name])) for param in row.places] if found else []
    query = dict(request.query)
    return inside + [(p.name, query[p.name]) for p in row.query if p.cli == "" and p.name in query]


CLI_BODIES: Mapping[str, Callable[[Mapping[str, Any]], tuple[list[str], list[str]]]] = {
    "container": bodies.command_line,
    "update": lambda body: bodies.flags_line(body, "update"),
    "auth": lambda body: bodies.flags_line(body, "auth"),
}
TONGUES: Mapping[str, Callable[..., str]] = {"curl": curl, "python": python, "cli": cli}
