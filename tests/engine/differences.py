"""What each call is answered with, and where engines differ: data, with a reason each.

Docker's newest engine is the norm. An engine that answers otherwise stands in `DIFFERENCES`, under the first
words of what it calls itself (`Podman`, `Docker Engine 20`); the tests assert the exact answer on each, so that
an entry which is no longer true fails.
"""

from __future__ import annotations

from typing import NamedTuple

NORM: dict[str, int] = {
    "create: the name is taken": 409,
    "create: no such image": 404,
    "create: Image is a number": 400,
    "create: WorkingDir is relative": 400,
    "create: a name with a space": 400,
    "create: no Content-Type": 400,
    "start: runs already": 304,
    "start: no such program": 400,
    "stop: created only": 304,
    "stop: stopped already": 304,
    "restart: created only": 204,
    "kill: not running": 409,
    "kill: no such signal": 400,
    "top: not running": 409,
    "top: ps refuses": 500,
    "pause: not running": 409,
    "pause: paused already": 409,
    "unpause: not paused": 500,
    "remove: running": 409,
    "remove: paused": 409,
    "remove: no such link": 404,
    "rename: to its own name": 400,
    "rename: a name with a space": 400,
    "rename: the name is taken": 409,
    "logs: no stream": 400,
    "logs: created only": 200,
    "wait: no such condition": 400,
    "list: no such filter": 400,
    "list: no such state": 400,
    "list: before an unknown one": 404,
    "images: no such filter": 400,
    "attach: no such container": 404,
    "attach: paused": 409,
    "attach: keys that are none": 400,
    "resize: not running": 409,
    "resize: no size": 400,
    "exec_create: no such container": 404,
    "exec_create: not running": 409,
    "exec_create: paused": 409,
    "exec_create: no command": 400,
    "exec_start: no such exec": 404,
    "exec_start: detached, no such program": 400,
    "exec_start: paused": 409,
    "exec_inspect: no such exec": 404,
    "exec_resize: no such exec": 404,
    "changes: nothing of that name": 404,
    "push: nothing of that name": 200,
    "put_archive: no such folder": 404,
    "prune_builds: nothing to prune": 200,
    "pull: no registry": 500,
    "search: no registry": 500,
    "push: no registry": 200,
    "auth: no registry": 500,
    "GET: no such path": 404,
    "GET: a version beyond it": 400,
}


class Difference(NamedTuple):
    """One engine's own way.

    Attributes:
        engine: the first words of the engine's name.
        case: a key of `NORM`.
        status: its answer.
        reason: why, or since when.
    """

    engine: str
    case: str
    status: int
    reason: str


PODMAN = "Podman's compatible API answers most failures with 500"
DIFFERENCES: tuple[Difference, ...] = (
    Difference("Docker Engine 20", "create: Image is a number", 500, "a decoding error became 400 in a later version"),
    Difference("Docker Engine 20", "list: before an unknown one", 500, "became 404 in a later version"),
    Difference("Docker Engine 20", "wait: no such condition", 200, "an unknown condition was taken for the default"),
    Difference("Podman", "create: the name is taken", 500, PODMAN),
    Difference("Podman", "create: Image is a number", 500, PODMAN),
    Difference("Podman", "create: WorkingDir is relative", 201, "it is taken as it stands"),
    Difference("Podman", "create: a name with a space", 500, PODMAN),
    Difference("Podman", "create: no Content-Type", 201, "the body is read as JSON whatever it is called"),
    Difference("Podman", "start: no such program", 500, PODMAN),
    Difference("Podman", "stop: created only", 204, "a container that never ran goes from created to exited"),
    Difference("Podman", "top: not running", 500, PODMAN),
    Difference("Podman", "pause: not running", 500, PODMAN),
    Difference("Podman", "pause: paused already", 500, PODMAN),
    Difference("Podman", "remove: running", 500, PODMAN),
    Difference("Podman", "remove: paused", 500, PODMAN),
    Difference("Podman", "remove: no such link", 400, "it knows no links"),
    Difference("Podman", "kill: no such signal", 500, PODMAN),
    Difference("Podman", "rename: to its own name", 204, "it is no error there"),
    Difference("Podman", "rename: the name is taken", 500, PODMAN),
    Difference("Podman", "rename: a name with a space", 500, PODMAN),
    Difference("Podman", "list: no such filter", 500, PODMAN),
    Difference("Podman", "list: no such state", 500, PODMAN),
    Difference("Podman", "list: before an unknown one", 500, PODMAN),
    Difference("Podman", "attach: paused", 500, PODMAN),
    Difference("Podman", "attach: keys that are none", 500, PODMAN),
    Difference("Podman", "resize: no size", 200, "nothing is a size of nought there"),
    Difference("Podman", "exec_create: not running", 500, PODMAN),
    Difference("Podman", "exec_create: no command", 500, PODMAN),
    Difference("Podman", "exec_start: detached, no such program", 500, PODMAN),
    Difference("Podman", "changes: nothing of that name", 500, PODMAN),
    Difference("Podman", "push: nothing of that name", 404, "it looks for the image before it answers"),
    Difference("Podman", "put_archive: no such folder", 200, "it makes the folder"),
    Difference("Podman", "prune_builds: nothing to prune", 404, "its compatible API leaves it out"),
    Difference("Podman", "search: no registry", 404, "it looks among its own images, where it reaches no registry"),
    Difference("Podman", "push: no registry", 500, "it reaches for the registry before it answers"),
    Difference("dockermagic practice", "pull: no registry", 404, "it has no registry: there is no such image"),
    Difference("dockermagic practice", "search: no registry", 501, "it has no registry"),
    Difference("dockermagic practice", "push: no registry", 501, "it has no registry"),
    Difference("dockermagic practice", "auth: no registry", 403, "it knows no registry"),
    Difference("Podman", "GET: a version beyond it", 200, "it looks at no version"),
    Difference("Podman", "images: no such filter", 500, PODMAN),
)


QUIRKS: dict[str, tuple[str, ...]] = {
    "stop: the signal is not looked at": ("Podman", "its compatible API passes no signal on"),
    "list: a paused one is shown only with all": ("Podman", "without all it lists what is running, and paused is not"),
    "create: an init needs catatonit": ("Podman", "its init is a program of the host, which need not be installed"),
    "create: HostConfig's keys at the top level count": (
        "Docker Engine 20",
        "Docker Engine 26",
        "as in the API's first years; given up between 26 and 28",
    ),
    "images: digests empties the answer": ("Podman", "200 and a body of no bytes; a defect of 5.8"),
    "events: until now comes short": ("Podman", "it stops reading its file at that moment, however far it has come"),
    "attach: both streams come": ("Podman", "it attaches to both, whichever is named"),
    "attach_ws: both streams come": ("Docker Engine 20", "the parameters that name them came with API 1.42"),
    "build: extrahosts are an array of JSON": ("Podman", "it takes no name:ip as it stands"),
    "prune_builds: there is none": ("Podman", "its compatible API leaves it out"),
    "attach_ws: there is none": ("Podman", "its compatible API leaves it out"),
    "exec: a second start is an error": ("Podman", "Docker answers 200, and says it in the stream"),
    "exec: a missing program is 126": ("Docker Engine 20", "Docker Engine 26", "became 127 between 26 and 28"),
    "life: restarts at once": ("Podman", "it waits not between two starts, so no container is seen to be restarting"),
    "history: sizes are those of archives": ("Podman", "it counts a layer as it is packed, in blocks of 512 bytes"),
    "logs: no UTF-8 becomes U+FFFD": ("Docker Engine", "its log driver json-file stores JSON, which has no bytes"),
}
"""What no status tells: the quirk → the first words of the names of the engines that have it, then the reason."""


def expected(case: str, engine: str) -> int:
    """The status that an engine answers a case with.

    Args:
        engine: its name, as `Session.engine.name`.
    """
    for difference in DIFFERENCES:
        if difference.case == case and engine.startswith(difference.engine):
            return difference.status
    return NORM[case]


def quirk(name: str, engine: str) -> bool:
    """Whether an engine has this quirk."""
    return engine.startswith(QUIRKS[name][:-1])
