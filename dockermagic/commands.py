"""What is ours and no endpoint: connect, doctor, last, cleanup, the raw methods, --replace.

The only place where one line may become more than one request.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import bodies, endpoints, forest, inside, locate, ours, practice, states, tongues
from .endpoints import BY_NAME, CONTAINER, LABEL, METHODS, RUNNING, Endpoint, Param
from .errors import BadArgument, NotFound, NotOurs, ReplyError, StatusError
from .exchange import Exchange
from .language import say
from .lessons import course, desk
from .session import Session


@dataclass(frozen=True)
class Call:
    """One of the calls that a command is made of: a row's name, its values, its body."""

    row: str
    values: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Done:
    """What a command that is made of calls comes to: its value, a line about it, a picture beside it."""

    value: Any
    note: str = ""
    beside: Any = None


Calls = Generator[Call, Any, Done]


@dataclass(frozen=True)
class Command:
    """A subcommand of ours; its fields mean what those of an `Endpoint` mean.

    Attributes:
        run: does it; gets the session and the values, returns rows for a frame, `Calls` that are to be made and
            shown one by one, each value going back in, or another value.
        kind: what the rows are, for the frame that shows them; "" for any other value.
    """

    name: str
    summary: str
    run: Callable[[Session, Mapping[str, Any]], Any]
    places: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    local: tuple[Param, ...] = ()
    body: str = ""
    kind: str = ""


def connect(session: Session, values: Mapping[str, Any]) -> Any:
    """Look for an engine, or for the one that is named; or, with `--as curl`, tell how curl reaches this one."""
    if values.get("as"):
        return _reach(session, values["as"])
    engine = session.connect(values.get("target"))
    return [{"engine": engine.name, "api": engine.api, "host": engine.host, "why": engine.source}]


def _reach(session: Session, tongue: str) -> str:
    engine = session.engine
    if tongue != "curl":
        raise BadArgument(
            say("connect sends nothing that could be said in {tongue}", tongue=tongue),
            say("`%docker connect --as curl` gives curl's options"),
        )
    options, base = tongues.where(engine.host, engine.tls)
    return "\n".join([*tongues.first(engine.host), " ".join([*options, f"{base}/v{engine.api}"])])


def doctor(session: Session, values: Mapping[str, Any]) -> Any:
    """Every place where an engine may be, and what is there."""
    return [
        {"host": seen.host, "source": seen.source, "verdict": say(seen.verdict), "detail": seen.detail}
        for seen in session.doctor()
    ]


def last(session: Session, values: Mapping[str, Any]) -> Any:
    """The whole last exchange: its `.value` is what the call returned."""
    if session.last is None:
        raise BadArgument(say("there is no exchange yet"), say("make a call first, for instance `%docker list`"))
    return session.last


def cleanup(session: Session, values: Mapping[str, Any]) -> Any:
    """Remove every container that carries our label, running or not; no other. Or what an exercise has made."""
    if values.get("lesson"):
        return desk.tidy(session, values["lesson"])
    removed = []
    for container in _objects(session.call("list", all=True, filters={"label": [LABEL]})):
        if LABEL not in (container.get("Labels") or {}):
            continue
        names = [str(name).removeprefix("/") for name in container.get("Names") or []]
        ours.remove(session, container["Id"], str(container.get("State")))
        removed.append({"id": container["Id"], "name": (names or [""])[0], "was": str(container.get("State"))})
    return removed


def _objects(exchange: Exchange) -> list[dict[str, Any]]:
    found = exchange.json()
    found = found if isinstance(found, list) else [] if found is None else [found]
    if not all(isinstance(each, dict) and "Id" in each for each in found):
        raise ReplyError(
            say(
                "{method} {path} was answered in another form than the API's",
                method=exchange.request.method,
                path=exchange.request.path,
            ),
            say("`%docker last` shows it; is this a Docker engine? `%docker version` says which"),
            exchange=exchange,
        )
    return found


def make_room(session: Session, name: str | None) -> None:
    """For `--replace`: remove the container of that name, if there is one and it carries our label.

    Raises:
        BadArgument: no name was given.
        NotOurs: there is one, and it does not.
    """
    if not name:
        raise BadArgument(say("--replace needs to know whom"), say("give the container a name: --name NAME"))
    try:
        exchange = session.call("inspect", id=name)
        found = next(iter(_objects(exchange)), {})
    except NotFound:
        return
    if LABEL not in ((found.get("Config") or {}).get("Labels") or {}):
        raise NotOurs(
            say(
                "{name} is there and does not carry the label {label!r}, so it is not replaced", name=name, label=LABEL
            ),
            say("take another name; or, if it may go, `%docker remove {name} --force`", name=name),
            exchange=exchange,
        )
    ours.remove(session, found["Id"], str((found.get("State") or {}).get("Status")))


def drill(session: Session, values: Mapping[str, Any]) -> Any:
    """Begin a fault drill, or end all of them; the drills that are under way then.

    Raises:
        NotFound: the engine is not the practice engine, and has no drills.
        BadRequest: there is no such drill, or it takes no such thing.
    """
    asked = {key: values[name] for name, key in DRILLED.items() if values.get(name) is not None}
    if asked and "Name" not in asked:
        raise BadArgument(
            say("which drill?"),
            say("write `%docker drill NAME …`; there are {drills}", drills=", ".join(practice.DRILLS)),
        )
    if asked and values.get("off"):
        raise BadArgument(
            say("--off ends every drill, and takes nothing beside it"), say("write `%docker drill --off`")
        )
    try:
        if asked:
            session.call(endpoints.raw("POST", practice.DRILLS_PATH), body=asked).read()
        if values.get("off"):
            session.call(endpoints.raw("DELETE", practice.DRILLS_PATH)).read()
        found = session.call(endpoints.raw("GET", practice.DRILLS_PATH)).json()
    except NotFound as error:
        error.what, error.step = say("drills exist on the practice engine only"), "`%docker connect practice`"
        raise
    return [
        {
            "drill": each["Name"],
            "path": each["Path"],
            "count": each["Count"],
            "seconds": each["Seconds"],
            "ends_in": each["Ends"],
        }
        for each in found
    ]


def execute(session: Session, values: Mapping[str, Any]) -> Calls:
    """Run a program in a container: prepare it, start it, ask for its exit code; `values["body"]` is the JSON."""
    tty = bool(json.loads(values["body"]).get("Tty"))
    made = yield Call("exec_create", {"id": values["id"]}, values["body"])
    told = {name: values[name] for name in STARTING if name in values}
    output = yield Call("exec_start", {"id": made["Id"], **told}, bodies.encode(bodies.beginning({"tty": tty})))
    for _ in range(LOOKS):
        seen = yield Call("exec_inspect", {"id": made["Id"]})
        if not seen.get("Running"):
            break
        time.sleep(BETWEEN)
    code = seen.get("ExitCode")
    if hasattr(output, "columns"):
        output.attrs["dockermagic"]["exit_code"] = code
    return Done(output, say("it is still running") if code is None else say("exit code {code}", code=code))


def life(session: Session, values: Mapping[str, Any]) -> Calls:
    """The life of a container as a diagram; with a name, where that one stands, which inspect is asked for."""
    name = values.get("id")
    if not name:
        return Done(states.picture())
    return Done(states.picture(str(name), states.state_of((yield Call("inspect", {"id": name})))))


def look(session: Session, values: Mapping[str, Any]) -> Calls:
    """What inspect says of a container, and what is inside as a picture; top is asked where it may run."""
    found = yield Call("inspect", {name: values[name] for name in LOOKED if name in values})
    state = states.state_of(found)
    if state and state not in states.ALIVE:
        return Done(found, beside=inside.picture(found, [], "none: it does not run"))
    try:
        listed = yield Call("top", {"id": values["id"]})
    except StatusError as error:
        return Done(found, beside=inside.picture(found, [], say("top did not tell: {what}", what=error.what)))
    rows = listed.to_dict("records") if hasattr(listed, "to_dict") else []
    return Done(found, beside=inside.picture(found, processes(rows)))


def processes(rows: Sequence[Mapping[str, Any]]) -> list[inside.Process]:
    """Rows of top in tree order; as they come where they tell of no parent."""
    pairs = [(str(row.get("PID", f"row {at}")), str(row.get("PPID", ""))) for at, row in enumerate(rows)]
    listed = {own for own, _ in pairs}
    told = [" ".join(filter(None, [str(row.get("PID", "")), forest.command(row)])) for row in rows]
    return [
        inside.Process(branch, told[at], pairs[at][1] if pairs[at][1] in listed else "")
        for at, branch in forest.branches(pairs)
    ]


def instead(row: Endpoint | Command, values: Mapping[str, Any]) -> Endpoint | Command:
    """A row; or, where an option asks for more than one request, the command that makes them."""
    asked = (MORE.get((row.name, name)) for name, value in values.items() if value)
    return next((command for command in asked if command), row)


def names_of_contexts(session: Session) -> list[str]:
    """What may follow `%docker connect`, besides an address."""
    return ["default", *locate.context_names(session.around)]


def progress(session: Session, values: Mapping[str, Any]) -> Any:
    """Every exercise, and how far the learner is."""
    return desk.overview(session)


def _at_desk(do: Callable[[Session, str], Any]) -> Callable[[Session, Mapping[str, Any]], Any]:
    return lambda session, values: do(session, values["exercise"])


def _raw(session: Session, values: Mapping[str, Any]) -> Any:
    raise AssertionError("a raw method is a row of its own")


LOOKED = ("id", "size")
STARTING = tuple(param.name for param in BY_NAME["exec_start"].local)
LOOKS, BETWEEN = 20, 0.05  # a stream may end a moment before the engine knows the exit code
OUTPUT = Param("output", "file", "write the answer to this file", short="o", metavar="FILE")
PATH = Param("path", "path", "path and query, with or without the version", metavar="PATH")
TARGET = Param("target", "target", "unix:///path, tcp://host:port, or a docker context", metavar="TARGET")
ANYONE = replace(CONTAINER, kind="anyone", help="name or id of the container; without it, the diagram alone")
DRILL = Param("name", "maybe", "which drill: slow, error, …", choices=practice.DRILLS, metavar="NAME")
DRILL_OPTIONS = (
    Param("path", "needed", "spoil answers to this path only, without the version; * stands for anything", default="*"),
    Param("count", "number", "how many answers to spoil, at most 100", default="1"),
    Param("seconds", "number", "how late an answer is (slow), how long none comes (silent)", default="3; 60"),
    Param("off", "flag", "end every drill"),
)
DRILLED = {"name": "Name", "path": "Path", "count": "Count", "seconds": "Seconds"}

LESSON = Param("lesson", "lesson", "a lesson or an exercise", choices=course.PLACES, metavar="LESSON")
EXERCISE = Param(
    "exercise", "exercise", "its name: `%docker progress` lists them", choices=course.NAMES, metavar="EXERCISE"
)
DESK: tuple[tuple[str, str, Callable[[Session, str], Any]], ...] = (
    ("check", "ask the engine whether an exercise is solved, and tell what it saw", desk.check),
    ("hint", "help with an exercise, one step more each time", desk.hint),
    ("solution", "show a cell that solves an exercise: once it is solved, or when asked twice", desk.solution),
    ("prepare", "make the situation that an exercise begins with", desk.prepare),
    ("reset", "begin an exercise anew: what it made is removed, its mark and its hints forgotten", desk.reset),
)
COMMANDS: tuple[Command, ...] = (
    Command("connect", "look for an engine, or take the one named", connect, places=(TARGET,), kind="engine"),
    Command("doctor", "list every place where an engine may be, and what is there", doctor, kind="places"),
    Command("last", "show the last exchange, whole", last),
    Command(
        "exec",
        "run a program in a running container: exec_create, exec_start and exec_inspect",
        execute,
        places=(RUNNING,),
        local=BY_NAME["exec_start"].local,
        body="exec",
    ),
    Command("states", "draw the life of a container, and where this one stands", life, places=(ANYONE,)),
    Command(
        "drill",
        "have the practice engine spoil its next answers, for a lesson on errors; without a name: list the drills",
        drill,
        places=(DRILL,),
        local=DRILL_OPTIONS,
        kind="drills",
    ),
    Command(
        "cleanup",
        f"remove every container with the label {LABEL!r}, or those of a lesson's exercises; no other",
        cleanup,
        places=(LESSON,),
        kind="removed",
    ),
    *(Command(name, summary, _at_desk(do), places=(EXERCISE,)) for name, summary, do in DESK),
    Command("progress", "show every exercise, and how far you are", progress, kind="progress"),
)
MORE: Mapping[tuple[str, str], Command] = {
    ("inspect", "show"): Command("inspect", BY_NAME["inspect"].summary, look),
}
"""Options of rows that ask for more than one request."""
RAW: tuple[Command, ...] = tuple(
    Command(
        method, "any path by this method; a body goes into the cell", _raw, places=(PATH,), local=(OUTPUT,), body="json"
    )
    for method in METHODS
)
NAMED: dict[str, Command] = {command.name: command for command in (*COMMANDS, *RAW)}
SUBCOMMANDS: tuple[str, ...] = (*dict.fromkeys(row.name for row in BY_NAME.values()), *NAMED)
