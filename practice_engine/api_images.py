"""The image endpoints."""

from __future__ import annotations

import asyncio
import time
from fnmatch import fnmatchcase
from typing import Any

from . import clock, filters, images
from .api_containers import moment, until
from .errors import BadParameter, EngineError, NotFound, NotOffered
from .web import Call, Reply, dump

_LIST_FILTERS = "dangling label label! before since until reference"


def _attributes(image: images.Image, name: str) -> dict[str, str]:
    return {**(image.config.get("Labels") or {}), "name": name}


def _tell(call: Call, action: str, image: images.Image, name: str) -> None:
    call.engine.events.tell("image", action, image.id, _attributes(image, name))


def list_all(call: Call) -> Any:
    wanted = filters.parse(call.text("filters"), _LIST_FILTERS)
    store = call.engine.images
    dangling = filters.boolean(wanted, "dangling", False) if "dangling" in wanted else None
    limits = [moment(value, time.time_ns()) for value in wanted.get("until", [])]
    before = [store.get(name).created for name in wanted.get("before", [])]
    since = [store.get(name).created for name in wanted.get("since", [])]
    found = []
    for image in store.all():
        labels = image.config.get("Labels")
        tags = image.tags
        if dangling is not None and dangling != (not tags):
            continue
        if wanted.get("reference"):
            tags = [tag for tag in tags if any(_matches(pattern, tag) for pattern in wanted["reference"])]
            if not tags:
                continue
        if not filters.labels(wanted.get("label", []), labels):
            continue
        if any(filters.labels([line], labels) for line in wanted.get("label!", [])):
            continue
        if any(image.created >= other for other in before) or any(image.created <= other for other in since):
            continue
        if any(clock.nanoseconds(image.created) > limit for limit in limits):
            continue
        containers = len(call.engine.containers_of(image.id))
        found.append({**images.summary(image, containers), "RepoTags": tags})
    return found


def _matches(pattern: str, tag: str) -> bool:
    name = tag.rpartition(":")[0]
    return fnmatchcase(tag, pattern) or fnmatchcase(name, pattern)


async def inspect(call: Call) -> Any:
    image = await call.engine.image(call["name"])
    return images.inspect(image, call.engine.images.root(image))


async def history(call: Call) -> Any:
    return images.history(call.engine.images.line(await call.engine.image(call["name"])))


def tag(call: Call) -> Any:
    if not call.text("repo"):
        raise BadParameter("repository name must have at least one component")
    image = call.engine.images.tag(call["name"], call.text("repo"), call.text("tag"))
    _tell(call, "tag", image, images.familiar(":".join(filter(None, (call.text("repo"), call.text("tag"))))))
    return Reply(status=201)


def remove(call: Call) -> Any:
    image = call.engine.images.get(call["name"])
    told = call.engine.images.remove(call["name"], force=call.flag("force"))
    for line in told:
        action = "untag" if "Untagged" in line else "delete"
        _tell(call, action, image, image.id)
    return told


def prune(call: Call) -> Any:
    wanted = filters.parse(call.text("filters"), "dangling label label! until")
    dangling, limit = filters.boolean(wanted, "dangling", True), until(wanted.get("until", []))

    def chosen(image: images.Image) -> bool:
        labels = image.config.get("Labels")
        return (
            not (dangling and image.tags)
            and clock.nanoseconds(image.created) <= limit
            and filters.labels(wanted.get("label", []), labels)
            and not any(filters.labels([line], labels) for line in wanted.get("label!", []))
        )

    deleted, freed = call.engine.images.prune(chosen)
    call.engine.events.tell("image", "prune", "", {"reclaimed": str(freed)})
    return {"ImagesDeleted": deleted or None, "SpaceReclaimed": freed}


async def create(call: Call) -> Any:
    """A pull, which there is not, or an import, which there is."""
    source = call.text("fromSrc")
    if source:
        return await _import(call, source)
    name = call.text("fromImage")
    if not name:
        raise BadParameter("one of fromImage and fromSrc is needed")
    wanted = call.text("tag")
    reference = f"{name}@{wanted}" if wanted.startswith("sha256:") else f"{name}:{wanted}" if wanted else name
    shown = images.familiar(reference)
    new = call.engine.images.makes(reference, pulled=True)
    if new:
        await call.engine.image(reference, pulled=True)
    elif call.engine.images.find(reference) is None:
        raise call.engine.images.refuse_pull(shown)
    await call.begin("application/json")
    said = "has been made from this machine's own Python" if new else "is here already"
    await call.write_json({"status": f"{shown} {said}; the practice engine pulls nothing"})
    await call.write_json(
        {"status": f"Status: {'Downloaded newer image' if new else 'Image is up to date'} for {shown}"}
    )
    return None


async def _import(call: Call, source: str) -> Any:
    if source != "-":
        raise NotOffered("the practice engine fetches nothing: send the tar as the body, with fromSrc=-")
    image = await asyncio.to_thread(
        call.engine.images.import_tar,
        call.file,
        repository=call.text("repo"),
        tag=call.text("tag"),
        changes=[line for text in call.texts("changes") for line in text.split("\n") if line.strip()],
        message=call.text("message"),
    )
    _tell(call, "import", image, image.id)
    await call.begin("application/json")
    await call.write_json({"status": image.id})


async def load(call: Call) -> Any:
    """What is wrong is told in the stream, as Docker does: its head has gone out by then."""
    try:
        loaded = await asyncio.to_thread(call.engine.images.load, call.file)
    except EngineError as error:
        return _told(error.message)
    await call.begin("application/json")
    for image, tags in loaded:
        _tell(call, "load", image, image.id)
        for name in tags or [None]:
            text = f"Loaded image: {name}\n" if name else f"Loaded image ID: {image.id}\n"
            await call.write_json({"stream": text})
    return None


def _told(message: str, *before: dict[str, str]) -> Reply:
    return Reply(b"".join(map(dump, [*before, {"errorDetail": {"message": message}, "error": message}])))


async def get(call: Call) -> Any:
    return await _save(call, [call["name"]])


async def get_many(call: Call) -> Any:
    references = call.texts("names")
    if not references:
        raise BadParameter("no image names given")
    return await _save(call, [part for text in references for part in text.split(",")])


async def _save(call: Call, references: list[str]) -> None:
    store = call.engine.images
    for reference in references:
        if store.makes(reference, pulled=False):
            await call.engine.image(reference)
    chosen = store.save(references)
    for image, _ in chosen:
        _tell(call, "save", image, image.id)
    await call.stream_from(lambda out: images.write_save(chosen, store, out))


def search(call: Call) -> Any:
    raise NotOffered("the practice engine has no registry to search")


def push(call: Call) -> Any:
    """That there is nothing to push is told in the stream, as Docker does: its head has gone out by then."""
    reference = ":".join(filter(None, (call["name"], call.text("tag"))))
    name, _ = images.parse_reference(reference)
    try:
        call.engine.images.get(reference)
    except NotFound:
        said = f"An image does not exist locally with the tag: {name}"
        return _told(said, {"status": f"The push refers to repository [{images.full(name)}]"})
    raise NotOffered("the practice engine has no registry to push to")


def distribution(call: Call) -> Any:
    raise NotOffered("the practice engine has no registry to ask")


def build(call: Call) -> Any:
    raise images.refuse_build()
