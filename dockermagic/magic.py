"""`%docker` and `%%docker`: strip, parse, call, show. With `complete`, the only users of IPython."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope, no_var_expand
from IPython.display import display
from traitlets import Float, Int, TraitError, Unicode, validate
from traitlets.config import Config

from . import arguments, binder, bodies, commands, complete, endpoints, packing, practice, show, tongues, words
from .arguments import Arguments
from .commands import Command
from .endpoints import BY_NAME, Endpoint
from .errors import BadArgument, DockerMagicError, EngineError, Interrupted, UnknownSubcommand
from .exchange import Exchange
from .language import CHOICE, LANGUAGES, mark, say
from .packing import Upload
from .session import Session, Settings

NAMES = ("docker", "dockerapi")


@magics_class
class DockerMagic(Magics):
    """The magic, and its settings for `%config DockerMagic`."""

    shell: Any
    timeout = Float(Settings.timeout, help="seconds that an engine may be silent").tag(config=True)
    rows = Int(Settings.rows, help="rows of a frame that are shown").tag(config=True)
    lines = Int(Settings.lines, help="lines of a log that are shown").tag(config=True)
    language = Unicode("", help="en or zh; empty: that of the notebook's edition, else the machine's").tag(config=True)

    def __init__(self, shell: Any, session: Session | None = None, **traits: Any) -> None:
        super().__init__(shell=shell, **traits)
        self.session = session or Session()
        self.session.tell = lambda text: display(show.Notes(text))
        self.frames = show.Frames(self.session.settings)
        self._apply()
        self._show_exchanges()
        self.observe(lambda change: self._apply(), names=["timeout", "rows", "lines", "language"])

    def _apply(self) -> None:
        settings = self.session.settings
        settings.timeout, settings.rows, settings.lines = self.timeout, self.rows, self.lines
        CHOICE.chosen = self.language
        type(self).docker.__doc__ = docstring()

    @validate("language")
    def _spoken(self, proposal: Any) -> str:
        language = str(proposal["value"])
        if language and language not in LANGUAGES:
            choices = ", ".join(LANGUAGES)
            raise TraitError(
                say(
                    "DockerMagic.language takes no {language!r}; it takes {choices}", language=language, choices=choices
                )
            )
        return language

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def docker(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        said = words.read(line, {**self.shell.user_ns, **(local_ns or {})})
        try:
            value = self._run(said.words, cell)
        except KeyboardInterrupt:
            raise self._interrupted() from None
        if said.bind:
            self.shell.user_ns[said.bind] = value
        return None if said.quiet else value

    def _run(self, said: list[str], cell: str | None) -> Any:
        if not said or said[0] in ("--help", "-h", "help"):
            display(show.overview(endpoints.ENDPOINTS, [(c.name, say(c.summary)) for c in _ours()]))
            return None
        name, *rest = said
        command = commands.NAMED.get(name) or commands.NAMED.get(name.upper())
        row = BY_NAME.get(name) or command or _unknown(name)
        found = arguments.parse(row, rest, cell=cell is not None)
        if row.name != name and isinstance(row, Endpoint):
            found.notes.insert(
                0,
                say(
                    "{alias} is the docker CLI's name; the API calls it {operation}, we {name}",
                    alias=name,
                    operation=row.operation,
                    name=row.name,
                ),
            )
        if found.values.pop("help", False):
            display(help_page(row))
            return None
        if cell is not None and row.body in packing.KINDS:
            raise BadArgument(
                say("{name} sends a file, and the cell is text", name=row.name),
                say("name the file or folder: --input PATH"),
            )
        if cell is not None and not row.body:
            fed = any(param.kind == "given" for param in row.local)
            raise BadArgument(
                say("{name} takes no body, and the cell has one", name=row.name),
                say("write %docker {name}, on one line; text for its standard input goes after --input", name=row.name)
                if fed
                else say("write %docker {name}, on one line", name=row.name),
            )
        row = commands.instead(row, found.values)
        if isinstance(row, Endpoint):
            return self._call(row, found, self._body(row, found, cell))
        if command in commands.RAW:
            assert command is not None
            raw = endpoints.raw(command.name, self._path(found))
            return self._call(raw, found, cell.encode() if cell and cell.strip() else None)
        return self._ours(row, found, self._body(row, found, cell))

    @staticmethod
    def _path(found: Arguments) -> str:
        path = str(found.values["path"])
        if not path.startswith("/"):
            raise BadArgument(
                say("a path begins with a slash, and {path!r} does not", path=path), say("write /{path}", path=path)
            )
        return path

    def _ours(self, command: Command, found: Arguments, body: bytes | Upload | None) -> Any:
        if inspect.isgeneratorfunction(command.run):
            calls = command.run(self.session, {**found.values, **({} if body is None else {"body": body})})
            return self._said(calls, found.values["as"]) if found.values.get("as") else self._calls(calls, found)
        if found.values.get("as") and command.name != "connect":
            raise BadArgument(say("{name} is ours, and no call of the API", name=command.name), say("leave --as out"))
        value = command.run(self.session, found.values)
        if isinstance(value, str):
            return show.Code(value)
        if not isinstance(value, list):
            return value
        self._adopt_frames()
        from . import tables

        return tables.records(value, command.kind)

    def _calls(self, calls: commands.Calls, found: Arguments) -> Any:
        """Make the calls of a command one by one, each shown on its line."""
        notes, go_on = found.notes, partial(calls.send, None)
        while True:
            try:
                call = go_on()
            except StopIteration as stop:
                if stop.value.note:
                    display(show.Notes(stop.value.note))
                if stop.value.beside:
                    display(stop.value.beside)
                return stop.value.value
            try:
                value = self._call(BY_NAME[call.row], Arguments(dict(call.values), notes=notes), call.body)
            except DockerMagicError as error:
                go_on = partial(calls.throw, error)
            else:
                go_on = partial(calls.send, value)
            notes = []

    def _said(self, calls: commands.Calls, tongue: str) -> show.Code:
        """The calls of a command in another tongue; none is made."""
        texts: list[str] = []
        try:
            call = next(calls)
            while True:
                texts.append(self._in(tongue, BY_NAME[call.row], call.values, call.body))
                call = calls.send({"Id": tongues.LATER})
        except StopIteration:
            return show.Code(tongues.chain(tongue, texts))

    def _in(self, tongue: str, row: Endpoint, values: Mapping[str, Any], body: bytes | Upload | None) -> str:
        engine = self.session.engine
        request = self.session.prepare(row, values, body)
        return tongues.TONGUES[tongue](request, row, engine.host, engine.tls, values.get("output") or "")

    def _body(self, row: Endpoint | Command, found: Arguments, cell: str | None) -> bytes | Upload | None:
        if row.body in packing.KINDS:
            return packing.KINDS[row.body](found.values)
        if not row.body or (cell is None and row.body not in bodies.MAKE):
            return None
        if cell is not None:
            body = bodies.from_cell(cell, row.body)
            found.notes += [f"⚠ {warning}" for warning in bodies.lint(body, row.body)]
            return cell.encode()
        self.session.check_flags(row, found.flags)
        body = bodies.MAKE[row.body](found.values, found.flags)
        for name in bodies.BARE:
            found.values.pop(name, None)
        return bodies.encode(body)

    def _call(self, row: Endpoint, found: Arguments, body: bytes | Upload | None) -> Any:
        values = found.values
        output = values.get("output") or ""
        if tongue := values.get("as"):
            return show.Code("\n\n".join(self._in(tongue, row, each, body) for each in one_by_one(row, values)))
        if values.get("replace"):
            commands.make_room(self.session, values.get("name"))
        self._adopt_frames()
        from . import tables

        watch = show.Watch(display, self._in_notebook(), self.session.settings, sys.stdout)
        if isinstance(body, Upload):
            body.watch = watch.progress
        before = self.session.last
        live = bool(row.upgrade or row.endless(values) or values.get("lines"))
        answers: dict[str, Exchange] = {}
        wanted = tables.Wanted(
            values=values,
            tty=lambda answer: self.session.terminal({"id": whose(answers, answer)}, body),
            lines=watch.taker(row.reply) if live else lambda name, things: None,
            progress=watch.progress,
            as_json=bool(values.get("json")),
        )
        try:
            for each in one_by_one(row, values):
                exchange = self.session.call(row, each, body=body)
                answers[str(each.get("id"))] = exchange
            wanted.answers = answers if len(answers) > 1 else {}
            value = show.dressed(tables.value(row, exchange, wanted))
        except (KeyboardInterrupt, DockerMagicError):
            watch.stay()
            raise
        finally:
            for answer in answers.values():
                answer.close()
            now = self.session.last
            if now is not None and now is not before and now.status is not None:
                seen = [*answers.values(), *([] if now in answers.values() else [now])]
                notes = [*found.notes, *practice.spoilt(now.headers)]
                watch.finish(show.lines([(each, self._curl(each, output)) for each in seen], notes))
        if isinstance(value, dict):
            self._warnings(value)
        tables.mark(value, exchange, self._curl(exchange, output), live=live and not self._in_notebook())
        return value

    def _warnings(self, value: Mapping[str, Any]) -> None:
        warnings = value.get("Warnings")
        if isinstance(warnings, list) and warnings:
            display(show.Notes(*(say("⚠ the engine warns: {warning}", warning=warning) for warning in warnings)))

    def _curl(self, exchange: Exchange, output: str = "") -> str:
        return tongues.curl(exchange.request, exchange.row, exchange.host, self.session.engine.tls, output)

    def _interrupted(self) -> Interrupted:
        last = self.session.last
        come = show.counted(last.value) if last and hasattr(last.value, "columns") else ""
        return Interrupted(
            say("you stopped the call after {come}; what the container does is not changed by that", come=come)
            if come
            else say("you stopped the call; what the container does is not changed by that"),
            say("what had come by then: `x = %docker last`, then x.value"),
            exchange=last,
        )

    def _in_notebook(self) -> bool:
        return hasattr(self.shell, "kernel")

    def _show_exchanges(self) -> None:
        """Show an exchange, which `%docker last` returns, whole."""
        formatters = self.shell.display_formatter.formatters
        formatters["text/html"].for_type(Exchange, lambda seen: show.whole(seen, self._curl(seen))["text/html"])
        formatters["text/plain"].for_type(
            Exchange, lambda seen, printer, cycle: printer.text(show.whole(seen, self._curl(seen))["text/plain"])
        )

    def _adopt_frames(self) -> None:
        """Show frames of ours our way; not before one is made, since pandas takes long to import."""
        from pandas import DataFrame

        self.frames.install(self.shell.display_formatter, DataFrame)


def one_by_one(row: Endpoint, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The values of each call that a line makes: one, or one a container where several are named."""
    several = [param.name for param in row.places if param.several and isinstance(values.get(param.name), list)]
    return [{**values, name: each} for name in several for each in values[name]] or [values]


def whose(answers: Mapping[str, Exchange], answer: Exchange) -> str:
    """The container whose answer it is."""
    return next(name for name, each in answers.items() if each is answer)


def _ours() -> tuple[Command, ...]:
    return (*commands.COMMANDS, *commands.RAW)


def _unknown(name: str) -> Any:
    known = [*commands.SUBCOMMANDS, *BY_NAME]
    swapped = [each for each in known if sorted(each) == sorted(name.lower())]
    close = swapped or difflib.get_close_matches(name.lower(), known, 1, 0.5)
    raise UnknownSubcommand(
        say("there is no subcommand {name!r}; did you mean {close}?", name=name, close=close[0])
        if close
        else say("there is no subcommand {name!r}", name=name),
        say("`%docker` alone lists them all"),
    )


def help_page(row: Endpoint | Command) -> show.Page:
    """The help of one subcommand, from its row."""
    options = (say("Options"), (say("option"), say("what it does")), _options(row))
    if isinstance(row, Command):
        return show.Page(arguments.usage(row), say(row.summary), options)
    statuses = [(str(status), say(meaning)) for status, meaning in sorted(row.statuses.items())]
    about = mark("{operation}: {method} {path}: {summary}. The docker CLI: {cli}.")
    return show.Page(
        arguments.usage(row),
        say(
            about if row.cli else mark("{operation}: {method} {path}: {summary}."),
            operation=row.operation,
            method=row.method,
            path=row.path,
            summary=say(row.summary),
            cli=row.cli,
        ),
        options,
        (say("Statuses"), (say("status"), say("what it means")), statuses),
    )


def _options(row: Endpoint | Command) -> list[tuple[str, str]]:
    places = [(param.metavar or param.name, say(param.help)) for param in row.places]
    return [*places, *arguments.option_lines(row)]


def docstring() -> str:
    """What `%docker?` shows, from the rows."""
    lines = [
        say("Call one endpoint of the Docker Engine API."),
        "",
        "    %docker SUBCOMMAND [arguments] [options]",
        f"    %%docker create [--name NAME] [<< variable]     {say('the cell is the JSON body')}",
        "",
        say("A list is a DataFrame, a description a dict: x = %docker list"),
        "",
        *(f"    {row.name:10} {row.method:6} {row.path:28} {say(row.summary)}" for row in endpoints.ENDPOINTS),
        "",
        *(f"    {command.name:10} {say(command.summary)}" for command in _ours()),
        "",
        say("`%docker SUBCOMMAND --help` lists its options; --as curl, python or cli prints a call and sends nothing."),
    ]
    return "\n".join(lines)


def load(shell: Any) -> DockerMagic:
    """Register the magics with a shell, and say which engine was found."""
    taken = [name for name in NAMES[:1] if _foreign(shell.find_line_magic(name))]
    magic = DockerMagic(shell, config=getattr(shell, "config", Config()))
    shell.register_magics(magic)
    for kind in ("line", "cell"):
        shell.register_magic_function(shell.find_line_magic(NAMES[0]), kind, NAMES[1])
    others = [each for each in shell.configurables if type(each).__name__ != "DockerMagic"]
    shell.configurables[:] = [*others, magic]
    complete.install(shell, magic.session)
    lines = [
        say(
            "%{name} belonged to another extension and is ours now; load that one again to give it back. "
            "%dockerapi is always ours",
            name=name,
        )
        for name in taken
    ]
    display(show.Notes(*lines, *binder.remarks(magic.session.around.env), *_greeting(magic.session)))
    return magic


def _foreign(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    return function is not None and type(owner).__name__ != "DockerMagic"


def _greeting(session: Session) -> list[str]:
    try:
        engine = session.connect()
    except EngineError as error:
        return [
            say("dockermagic is loaded, and has no engine yet: {what}", what=error.what),
            *filter(None, [error.detail, f"→ {error.step}"]),
        ]
    except DockerMagicError as error:
        return error.lines()
    found = say(
        "dockermagic: {name}, API {version}, at {host} ({source})",
        name=engine.name,
        version=engine.api,
        host=engine.host,
        source=engine.source,
    )
    return [found, *practice.confession(engine.version)]
