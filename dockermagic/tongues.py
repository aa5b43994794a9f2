"""A request in other tongues: the same call as curl, as Python, as the docker CLI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

from . import bodies, ssh
from .endpoints import Endpoint
from .exchange import Request
from .frames import masked
from .language import mark, say
from .locate import TLS
from .packing import CONTENTS, Upload

FORWARDED = "/tmp/far.sock"
UNFED = mark("# curl cannot send what goes to standard input, nor end it, so it gives up after 10 s; --as python can")
CRLF = b"\r\n"
SAFE = re.compile(r"[\w.~:,/-]*")


def where(host: str, tls: TLS | None = None) -> tuple[list[str], str]:
    """How curl reaches an engine: its options, and what the URL begins with; over ssh by a socket forwarded."""
    scheme, _, rest = _reached(host).partition("://")
    if scheme == "unix":
        return ["--unix-socket", rest], "http://localhost"
    options = []
    if tls:
        files = (("--cacert", tls.ca), ("--cert", tls.cert), ("--key", tls.key))
        options = [word for option, path in files if path for word in (option, path)]
        options += [] if tls.verify else ["--insecure"]
    return options, f"{'https' if tls or scheme == 'https' else 'http'}://{rest.rstrip('/')}"


def _reached(host: str) -> str:
    return f"unix://{FORWARDED}" if host.startswith("ssh://") else host


def first(host: str) -> list[str]:
    """Lines that stand above a call which cannot speak ssh: what must run beside it."""
    if not host.startswith("ssh://"):
        return []
    return [
        say("# no ssh is spoken here: first, in another terminal, forward the engine's socket"),
        f"# {ssh.forward(host, FORWARDED)}",
    ]


def curl(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """The curl command that sends the same request; runs as it stands in a POSIX shell."""
    request = request.shown
    options, base = where(host, tls)
    words = ["curl", "--silent", *options]
    plain = request.method == "GET" and request.body is None
    words += [] if plain else ["--head"] if request.method == "HEAD" else ["--request", request.method]
    apart = plain and all(name and SAFE.fullmatch(name) for name, _ in request.query)
    apart = apart and any(not SAFE.fullmatch(value) for _, value in request.query)
    if row.stream in ("frames", "raw") or row.waits:
        words.append("--no-buffer")
    if row.stream and (output or row.stream != "tar"):
        words += ["--output", output or "-"]
    if row.stream == "tar" and not output:
        words += ["--output", "export.tar"]
    for name, value in apart_from_upgrade(request):
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
    if request.input:
        words += ["--max-time", "10"]
    words.append(base + (request.path if apart else request.target))
    return "\n".join([*first(host), *([UNFED] if request.input else []), packed + shlex.join(words)])


def _tar(body: Upload) -> str:
    """The command whose output curl sends."""
    folder, name = (body.source, ".") if body.name == CONTENTS else (body.source.parent, body.source.name)
    words = ["tar", "--create", "--owner=0", "--group=0", "--directory", str(folder), "--", name]
    return f"{shlex.join(words)} | "


def apart_from_upgrade(request: Request) -> tuple[tuple[str, str], ...]:
    """The headers without the wish for a two-way stream: the engine then answers 200, and streams the same."""
    if request.upgrade != "tcp":
        return request.headers
    return tuple((name, value) for name, value in request.headers if name not in ("Connection", "Upgrade"))


def python(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """A Python program that sends the same request by requests (and requests-unixsocket); by a socket, where
    something goes to standard input, or the connection becomes a WebSocket."""
    request = request.shown
    if request.input or request.upgrade == "websocket":
        return "\n".join([*first(host), _socket(request, _reached(host), tls)])
    scheme, _, rest = _reached(host).partition("://")
    unix = scheme == "unix"
    base = f"http+unix://{quote(rest, safe='')}" if unix else where(host, tls)[1]
    packs = isinstance(request.body, Upload) and request.body.name
    lines = [*first(host), *(["import tarfile", "import tempfile", ""] if packs else [])]
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
    if headers := dict(apart_from_upgrade(request)):
        call.append(f"headers={headers!r}")
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


def _socket(request: Request, host: str, tls: TLS | None) -> str:
    """A Python program that does with a bare socket what requests cannot: it sends on after the head of the answer."""
    parts = urlsplit(host)
    unix = parts.scheme == "unix"
    lines = ["import socket", *(["import ssl"] if tls else []), ""]
    if unix:
        lines += ["engine = socket.socket(socket.AF_UNIX)", f"engine.connect({host.removeprefix('unix://')!r})"]
    else:
        lines.append(f"engine = socket.create_connection(({parts.hostname!r}, {parts.port!r}))")
    if tls:
        lines.append(f"context = ssl.create_default_context(cafile={tls.ca!r})")
        lines += [] if tls.verify else ["context.check_hostname, context.verify_mode = False, ssl.CERT_NONE"]
        lines += [f"context.load_cert_chain({tls.cert!r}, {tls.key!r})"] if tls.cert else []
        lines.append(f"engine = context.wrap_socket(engine, server_hostname={parts.hostname!r})")
    body = request.body if isinstance(request.body, bytes) else b""
    headers = {"Host": "docker", **dict(request.headers)}
    if body:
        headers["Content-Length"] = str(len(body))
    head = "".join(
        f"{line}\r\n" for line in (f"{request.method} {request.target} HTTP/1.1", *map(": ".join, headers.items()))
    )
    lines.append(f"engine.sendall({head.encode() + CRLF + body!r})")
    lines.append('head, _, rest = engine.recv(65536).partition(b"\\r\\n\\r\\n")')
    lines.append('print(head.decode().splitlines()[0].partition(" ")[2])')
    lines.append("print(rest)")
    if request.input:
        given = masked(request.given, bytes(4)) if request.upgrade == "websocket" else request.given
        lines.append(f"engine.sendall({given!r})")
    lines += (
        []
        if request.terminal
        else [f"{'socket.socket.shutdown(engine, ' if tls else 'engine.shutdown('}socket.SHUT_WR)"]
    )
    lines += ["while piece := engine.recv(65536):", "    print(piece)"]
    return "\n".join(lines)


READING: Mapping[str, list[str]] = {
    "": ["print(reply.text)"],
    "frames": ["for piece in reply.iter_content(None):", "    print(piece)"],
    "lines": ["for line in reply.iter_lines():", "    print(line.decode())"],
    "raw": ["for piece in reply.iter_content(None):", "    print(piece)"],
    "tar": [
        'with open(OUTPUT, "wb") as file:',
        "    for piece in reply.iter_content(1 << 20):",
        "        file.write(piece)",
    ],
}


def cli(request: Request, row: Endpoint, host: str, tls: TLS | None = None, output: str = "") -> str:
    """The docker CLI's words for the same call, or a comment where it has none."""
    feed = [say("# what goes to standard input comes from the shell: printf … |")] if request.input else []
    if not row.cli:
        nothing = say(
            "# the docker CLI has no word for {method} {path}", method=request.method, path=unquote(request.path)
        )
        return "\n".join([nothing, *feed])
    request = request.shown
    docker, *rest = row.cli.split()
    words: list[str] = [docker, *_named(host, tls), *rest]
    notes: list[str] = feed
    query = dict(request.query)
    bare = [value for param, value in _bare(row, request)]
    for param in row.query:
        if param.name not in query or param.cli == "":
            continue
        if param.cli is None:
            if query[param.name] == param.send:
                continue
            if param.group and all(other.name in query for other in row.query if other.group == param.group):
                continue
            notes.append(
                say("# without {name}={value}, for which the CLI has no word", name=param.name, value=query[param.name])
            )
        elif param.kind == "flag":
            words.append(param.cli)
        elif param.kind == "filters":
            for name, values in json.loads(query[param.name]).items():
                words += [word for value in values for word in (param.cli, f"{name}={value}")]
        else:
            words += [param.cli, query[param.name]]
    if output:
        words += ["--output", output]
    if isinstance(request.body, bytes) and row.body in bodies.MAKE:
        bare, left = bodies.command_line(json.loads(request.body), row.body, bare)
        notes += [say("# without {key}, for which there is no flag here", key=key) for key in left]
    return "\n".join([shlex.join([*words, *bare]), *notes])


def _named(host: str, tls: TLS | None) -> list[str]:
    """How the docker CLI is told of an engine far away; one on this machine it finds as we did."""
    if host.startswith("unix://"):
        return []
    options = []
    if tls:
        files = (("--tlscacert", tls.ca), ("--tlscert", tls.cert), ("--tlskey", tls.key))
        options = ["--tlsverify" if tls.verify else "--tls"]
        options += [word for option, path in files if path for word in (option, path)]
    return [*options, "--host", host]


def _bare(row: Endpoint, request: Request) -> list[tuple[str, str]]:
    """The words of a call that stand without an option: those of the path, then those of the query."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(row.path))
    found = re.search(f"{pattern}$", request.path)
    inside = [(param.name, unquote(found[param.name])) for param in row.places] if found else []
    query = dict(request.query)
    return inside + [(p.name, query[p.name]) for p in row.query if p.cli == "" and p.name in query]


LATER = "EXEC_ID"  # stands for what only the first of several calls will tell


def chain(tongue: str, texts: Sequence[str]) -> str:
    """Several calls in one tongue: one program. Where the others need an id, the first tells it."""
    first, *rest = texts
    if not any(LATER in text for text in rest):
        return "\n\n".join(texts)
    if tongue == "cli":  # one word for all of them: what the others add is in the notes below their own line
        return "\n".join([first, *(note for text in rest for note in text.split("\n")[1:])])
    if tongue == "curl":
        found = """sed 's/.*"Id": *"\\([^"]*\\)".*/\\1/'"""
        return "\n".join([f"ID=$({first} | {found})", *(text.replace(LATER, "$ID") for text in rest)])
    return "\n\n".join(
        [first + '\nmade = reply.json()["Id"]', *("\n".join(map(_later, text.split("\n"))) for text in rest)]
    )


def _later(line: str) -> str:
    """A line of Python with the variable in the place of the id."""
    inside = "made.encode() + b" if "(b'" in line else "made + "
    return line.replace(LATER, f"' + {inside}'")


TONGUES: Mapping[str, Callable[..., str]] = {"curl": curl, "python": python, "cli": cli}
