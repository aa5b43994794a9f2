"""Exercises of 19-a-client-of-your-own."""

from __future__ import annotations

from dockermagic.language import say

from .asking import Asker, NotYet, named
from .exercise import Exercise, Lesson
from .making import Maker

HELLO, TWO, ANSWER = "dm-ex-client-hello", "dm-ex-client-two", "dm-ex-client-answer"
SHOPS = {"dm-ex-client-fig": 0, "dm-ex-client-kiwi": 3, "dm-ex-client-lime": 0, "dm-ex-client-plum": 9}
FAILED = tuple(name for name, code in SHOPS.items() if code)
FINE = tuple(name for name, code in SHOPS.items() if not code)
WORD = "lantern"
TALK = "echo table; echo lan >&2; echo chair; sleep 0.1; echo tern >&2; echo window"


def check_hello(ask: Asker) -> str:
    hello = ask.container(HELLO, say("`create` of your client makes it, under just that name"))
    hello.must_carry("made-by", "me")
    hello.must_have_ended(0, say("`start` of your client starts it; it ends by itself"))
    wrong = hello.log("stderr").strip()
    if "hello" in wrong:
        raise NotYet(
            say("`{name}` wrote `hello` to its standard error", name=HELLO), say("it should go to its standard output")
        )
    hello.must_have_said("hello", say("its command should be `echo hello`"))
    return say("`{name}` is yours, said `hello`, and ended with 0", name=HELLO)


def prepare_word(make: Maker) -> None:
    make.ended(TWO, TALK)


def check_word(ask: Asker) -> str:
    answer = ask.container(ANSWER, say("make it with your client, and give it the label `word`"))
    found = answer.labels.get("word")
    if found is None:
        answer.must_carry("word")
    if found != WORD:
        raise NotYet(
            say("the label of `{name}` is `word={found}`", name=ANSWER, found=found),
            say("join what came on stream 2 of `{name}`, without the ends of the lines", name=TWO),
        )
    return say("the word on standard error is `{word}`", word=WORD)


def prepare_failed(make: Maker) -> None:
    for name, code in SHOPS.items():
        make.ended(name, f"exit {code}")


def check_failed(ask: Asker) -> str:
    lost = [name for name in FINE if ask.find(name) is None]
    if lost:
        raise NotYet(
            say("gone, though they had ended with 0: {names}", names=named(lost)),
            say("`%docker prepare client-failed` makes all four anew"),
        )
    left = [name for name in FAILED if ask.find(name) is not None]
    if left:
        raise NotYet(
            say("still there, though they failed: {names}", names=named(left)),
            say("the exit code is in the answer to `GET /containers/NAME/json`"),
        )
    return say("those that failed are gone, {names} are there", names=named(FINE))


LESSON = Lesson(
    "19-a-client-of-your-own",
    "",
    "write a small client in Python",
    15,
    (
        Exercise(
            "client-hello",
            4,
            f"With your own client, make a container `{HELLO}` with the label `made-by=me`. It writes `hello` to its "
            "standard output and ends. Start it.",
            check_hello,
            (
                "`create` of your client takes a name, a command and labels; `start` takes a name.",
                f'`create("{HELLO}", ["echo", "hello"], **{{"made-by": "me"}})` makes it.',
                f'Then `start("{HELLO}")`.',
            ),
            "from urllib.parse import quote\n"
            "\n"
            "import requests_unixsocket\n"
            "\n"
            "%docker ping\n"
            "seen = %docker last\n"
            'scheme, _, rest = seen.host.partition("://")\n'
            'base = "http+unix://" + quote(rest, safe="") if scheme == "unix" else "http://" + rest\n'
            'body = {"Image": "busybox", "Cmd": ["echo", "hello"], "Labels": {"dockermagic": "", "made-by": "me"}}\n'
            "with requests_unixsocket.Session() as session:\n"
            f'    session.post(base + "/containers/create", params={{"name": "{HELLO}"}}, json=body)\n'
            f'    session.post(base + "/containers/{HELLO}/start")\n'
            f"%docker wait {HELLO}",
            makes=(HELLO,),
        ),
        Exercise(
            "client-word",
            5,
            f"The container `{TWO}` wrote to both of its streams. Its standard error, joined, is one word. Find it. "
            f"Then make a container `{ANSWER}` with the label `word`, whose value is that word.",
            check_word,
            (
                "`logs` of your client gives pairs: the number of the stream, and the text.",
                "Stream 2 is standard error: `[text for stream, text in logs(NAME) if stream == 2]`.",
                'Take the ends of the lines off with `.strip()`, and join the parts with `"".join(…)`.',
                f"The word is `{WORD}`.",
            ),
            f"log = %docker logs {TWO}\n"
            'word = "".join(log[log["stream"] == "stderr"]["line"])\n'
            f"%docker create busybox --name {ANSWER} --replace --label word={{word}} -- true",
            makes=(TWO, ANSWER),
            prepare=prepare_word,
        ),
        Exercise(
            "client-failed",
            7,
            "Four containers named after fruits have ended, some with an error. Teach your client to find those "
            "that failed, and to remove them. The others stay.",
            check_failed,
            (
                "Your client can list with `all`, and remove. What it lacks is the exit code.",
                'A new function: `call("GET", f"/containers/{name}/json").json()["State"]["ExitCode"]`.',
                "Go through `containers(all=1)`, take the names that begin with `/dm-ex-client-`, and remove where the "
                "code is not 0.",
            ),
            "found = %docker list --all --filters name=dm-ex-client\n"
            'for name in found["name"]:\n'
            "    box = %docker inspect {name}\n"
            '    if box["State"]["ExitCode"]:\n'
            "        %docker remove {name}",
            makes=tuple(SHOPS),
            prepare=prepare_failed,
        ),
    ),
)
