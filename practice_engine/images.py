"""The images: each a root file system and a configuration, in a directory of its own. Knows no HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import tarfile
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import VERSION, archive, busybox, clock, gojson, pythons, spec, trees, unpacking
from .errors import BadParameter, Conflict, NotFound, NotOffered

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
EMPTY_CONFIG: dict[str, Any] = {
    "Cmd": None, "Entrypoint": None, "Env": None, "Labels": None, "OnBuild": None,
    "User": "", "Volumes": None, "WorkingDir": "",
}  # fmt: skip
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?{_PART}(?:/{_PART})*")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_MOST_JSON = 1 << 26


def architecture() -> str:
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def parse_reference(text: str) -> tuple[str, str]:
    """(familiar name, tag); the tag is latest when none is said."""
    name, at, digest = text.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    if head != head.lower() and re.fullmatch(r"[\w./:-]+", head):
        repository = head if "/" in head else f"library/{head}"
        raise BadParameter(f"invalid reference format: repository name ({repository}) must be lowercase")
    if at and not re.fullmatch(r"[a-z0-9+._-]+:[0-9a-f]{32,}", digest):
        raise BadParameter("invalid reference format")
    if not _NAME.fullmatch(head) or (colon and head != name and not _TAG.fullmatch(tag)):
        raise BadParameter("invalid reference format")
    for prefix in ("docker.io/library/", "index.docker.io/library/", "docker.io/", "library/"):
        if head.startswith(prefix):
            head = head.removeprefix(prefix)
            break
    return head, f"@{digest}" if at else tag or "latest"


def familiar(text: str) -> str:
    name, tag = parse_reference(text)
    return f"{name}{tag}" if tag.startswith("@") else f"{name}:{tag}"


@dataclass
class Image:
    id: str  # sha256:...
    created: str
    config: dict[str, Any]
    comment: str
    author: str
    parent: str
    size: int
    layers: list[str]
    history: list[dict[str, Any]]
    tagged: str
    tags: list[str] = field(default_factory=list)

    @property
    def short(self) -> str:
        return self.id.removeprefix("sha256:")


_NO_ARCHIVE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
)


class Images:
    def __init__(self, directory: Path, in_use: Callable[[str], list[Any]]) -> None:
        self._directory = directory
        self._in_use = in_use  # containers of an image
        self._images: dict[str, Image] = {}
        self._making = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._load()

    def _load(self) -> None:
        for path in sorted(self._directory.iterdir()):
            record = path / "image.json"
            if record.exists():
                image = Image(**json.loads(record.read_text()))
                self._images[image.id] = image
            elif path.name.startswith(".") and path.is_dir():
                trees.remove(str(path))  # an import that never ended

    def sweep(self) -> None:
        """Drop the files of removed images that no container was made from any more."""
        for path in self._directory.iterdir():
            identity = f"sha256:{path.name}"
            kept = path.name.startswith(".") or identity in self._images or self._in_use(identity)
            if path.is_dir() and not kept:
                trees.remove(str(path))

    def root_by_id(self, identity: str) -> Path:
        return self._directory / identity.removeprefix("sha256:") / "root"

    def root(self, image: Image) -> Path:
        return self._directory / image.short / "root"

    def all(self) -> list[Image]:
        return sorted(self._images.values(), key=lambda image: image.created, reverse=True)

    def names(self) -> list[str]:
        return sorted(tag for image in self._images.values() for tag in image.tags)

    def get(self, reference: str) -> Image:
        image = self.find(reference)
        if image is None:
            shown = reference if re.fullmatch(r"(sha256:)?[0-9a-f]{64}", reference) else familiar(reference)
            raise NotFound(f"No such image: {shown}")
        return image

    def find(self, reference: str) -> Image | None:
        if not reference:
            return None
        if reference.startswith("sha256:") or re.fullmatch(r"[0-9a-f]{64}", reference):
            return self._by_id(reference)
        wanted = familiar(reference)
        for image in self._images.values():
            if wanted in image.tags:
                return image
        return self._by_id(reference) if re.fullmatch(r"[0-9a-f]{4,64}", reference) else None

    def _by_id(self, text: str) -> Image | None:
        prefix = text.removeprefix("sha256:")
        found = [image for image in self._images.values() if image.short.startswith(prefix)]
        return found[0] if len(found) == 1 else None

    def ensure_busybox(self) -> None:
        """The one image that is always there, made on first use and kept."""
        if self.find("busybox:latest") is None and not (self._directory / ".busybox-removed").exists():
            with self._workshop() as work:
                comment = busybox.build(work / "root")
                image = self._adopt(work, {"Cmd": ["sh"]}, comment=comment, created_by="practice engine")
            self._set_tags(image, ["busybox:latest"])

    def makes(self, reference: str, *, pulled: bool) -> bool:
        """Whether that is the image `python`, to be made now: at its first use, or once removed when it is pulled."""
        if familiar_or_none(reference) not in pythons.TAGS or self.find(reference) is not None:
            return False
        return pulled or not (self._directory / ".python-removed").exists()

    def make_python(self, reference: str) -> None:
        """From the interpreter of this engine. Takes seconds; any thread may do it, one at a time does."""
        with self._making:
            if self.find(reference) is not None:
                return
            with self._workshop() as work:
                try:
                    comment = pythons.build(work / "root")
                except pythons.Unavailable as error:
                    raise NotFound(f"the practice engine cannot make {familiar(reference)} here: {error}") from error
                image = self._adopt(work, pythons.CONFIG, comment=comment, created_by="practice engine")
            self._set_tags(image, list(pythons.TAGS))
            (self._directory / ".python-removed").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _workshop(self):
        work = self._directory / f".{secrets.token_hex(8)}"
        work.mkdir()
        try:
            yield work
        finally:
            trees.remove(str(work))

    def _adopt(
        self,
        work: Path,
        config: dict,
        *,
        comment: str = "",
        created_by: str = "",
        author: str = "",
        parent: Image | None = None,
        created: str = "",
        layers: list[str] | None = None,
        raw: bytes = b"",
    ) -> Image:
        """A finished root becomes an image, in one rename."""
        created = created or clock.now()
        full = {**EMPTY_CONFIG, **config}
        step = {"created": created, "created_by": created_by, "comment": comment, "author": author}
        size = trees.size(str(work / "root"))
        step["size"] = max(0, size - (parent.size if parent else 0))
        image = Image(
            id="",
            created=created,
            config=full,
            comment=comment,
            author=author,
            parent=parent.id if parent else "",
            size=size,
            layers=layers or [archive.digest(str(work / "root"))],
            history=[*(parent.history if parent else []), step],
            tagged=clock.now(),
        )
        text = raw or json.dumps(described(image, image.layers[-1])).encode()
        image.id = identity = "sha256:" + hashlib.sha256(text).hexdigest()
        if identity not in self._images:
            (work / "config.json").write_bytes(text)
            (work / "image.json").write_text(json.dumps(vars(image)))
            work.rename(self._directory / image.short)
            self._images[identity] = image
        return self._images[identity]

    def config_file(self, image: Image, layer: str) -> bytes:
        """As `docker save` has it, with this one layer: as it came, or was made, where that speaks of the same."""
        path = self._directory / image.short / "config.json"
        if image.layers == [layer] and path.exists():
            return path.read_bytes()
        return json.dumps(described(image, layer)).encode()

    def _save(self, image: Image) -> None:
        path = self._directory / image.short / "image.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(vars(image)))
        fresh.replace(path)

    def _set_tags(self, image: Image, tags: list[str]) -> None:
        for other in self._images.values():
            if other is not image and set(other.tags) & set(tags):
                other.tags = [tag for tag in other.tags if tag not in tags]
                self._save(other)
        image.tags = sorted({*image.tags, *tags})
        image.tagged = clock.now()
        self._save(image)

    def tag(self, reference: str, repository: str, tag: str) -> Image:
        wanted = familiar(f"{repository}:{tag}" if tag else repository)
        image = self.get(reference)
        self._set_tags(image, [wanted])
        return image

    def import_tar(self, file: Any, *, repository: str, tag: str, changes: list[str], message: str) -> Image:
        names = [familiar(f"{repository}:{tag}" if tag else repository)] if repository else []
        config = apply_changes({}, changes)
        with self._workshop() as work:
            (work / "root").mkdir(mode=0o755)
            unpacking.extract(file, str(work / "root"), "/", layer=True)
            image = self._adopt(work, config, comment=message or "Imported from -")
        self._set_tags(image, names)
        return image

    def commit(
        self,
        root: str,
        base: Image | None,
        config: dict,
        *,
        name: str,
        comment: str,
        author: str,
        command: str,
        without: Collection[str] = (),
    ) -> Image:
        names = [familiar(name)] if name else []
        with self._workshop() as work:
            trees.copy(root, str(work / "root"), without)
            image = self._adopt(work, config, comment=comment, author=author, parent=base, created_by=command)
        self._set_tags(image, names)
        return image

    def save(self, references: list[str]) -> list[tuple[Image, list[str]]]:
        chosen: dict[str, tuple[Image, list[str]]] = {}
        for reference in references:
            image = self.find(reference)
            if image is None:
                by_name = [other for other in self._images.values() if _has_repository(other, reference)]
                if not by_name or ":" in reference:
                    raise NotFound(f"No such image: {reference}")
                for other in by_name:
                    chosen.setdefault(other.id, (other, []))[1].extend(other.tags)
                continue
            is_id = image.short.startswith(reference.removeprefix("sha256:"))
            chosen.setdefault(image.id, (image, []))[1].extend([] if is_id else [familiar(reference)])
        return list(chosen.values())

    def load(self, file: Any) -> list[tuple[Image, list[str]]]:
        """`docker save` of this engine or of Docker: layers are laid one over the other."""
        loaded = []
        with self._workshop() as work:
            unpacked = work / "unpacked"
            unpacked.mkdir()
            unpacking.extract(file, str(unpacked), "/")
            manifest = unpacked / "manifest.json"
            if not manifest.is_file():
                raise BadParameter("open manifest.json: no such file or directory")
            try:
                for entry in gojson.scalars(json.loads(_read(manifest))):
                    loaded.append(self._load_one(unpacked, entry))
            except _NO_ARCHIVE as error:
                raise BadParameter("manifest.json or what it names is not what `docker save` writes") from error
        return loaded

    def _load_one(self, unpacked: Path, entry: dict) -> tuple[Image, list[str]]:
        raw = _read(_inside(unpacked, entry["Config"]))
        told = gojson.scalars(json.loads(raw))
        tags = [familiar(tag) for tag in entry.get("RepoTags") or []]
        history = told.get("history") or [{}]
        gojson.struct(told.get("config") or {}, spec.CONFIG, "", "container.Config")  # is it one?
        layers, names = [*(entry["Layers"] or [])], [*((told.get("rootfs") or {}).get("diff_ids") or [])]
        if len(layers) != len(names):
            lengths = f"expected {len(layers)}, got {len(names)}"
            raise BadParameter(f"invalid manifest, layers length mismatch: {lengths}")
        with self._workshop() as work:
            (work / "root").mkdir(mode=0o755)
            for number, (layer, name) in enumerate(zip(layers, names, strict=True)):
                with open(_inside(unpacked, layer), "rb") as file:
                    if (found := unpacking.digest(file)) != name:
                        raise BadParameter(f'invalid diffID for layer {number}: expected "{name}", got "{found}"')
                    unpacking.extract(file, str(work / "root"), "/", layer=True)
            image = self._adopt(
                work,
                {key: value for key, value in (told.get("config") or {}).items() if value is not None},
                comment=told.get("comment") or history[-1].get("comment", ""),
                author=told.get("author", ""),
                created=told.get("created", ""),
                created_by=history[-1].get("created_by", ""),
                layers=names,
                raw=raw,
            )
        self._set_tags(image, tags)
        return image, tags

    def remove(self, reference: str, *, force: bool) -> list[dict[str, str]]:
        image = self.get(reference)
        by_id = (
            image.short.startswith(reference.removeprefix("sha256:")) and familiar_or_none(reference) not in image.tags
        )
        users = self._in_use(image.id)
        running = [container for container in users if container.state.running]
        untag = list(image.tags) if by_id else [familiar(reference)]
        last = set(untag) >= set(image.tags)
        if by_id and len(image.tags) > 1 and not force:
            raise Conflict(
                f"conflict: unable to delete {image.short[:12]} (must be forced) - "
                "image is referenced in multiple repositories"
            )
        if last and users and not by_id and not force:
            state = "running container" if running else "container"
            raise Conflict(
                f'conflict: unable to remove repository reference "{reference}" (must force) - '
                f"container {users[0].id[:12]} is using its referenced image {image.short[:12]}"
            )
        if last and by_id and (running or (users and not force)):
            state = "running container" if running else "stopped container"
            how = "cannot be forced" if running else "must be forced"
            raise Conflict(
                f"conflict: unable to delete {image.short[:12]} ({how}) - "
                f"image is being used by {state} {(running or users)[0].id[:12]}"
            )
        image.tags = [tag for tag in image.tags if tag not in untag]
        told = [{"Untagged": tag} for tag in untag]
        self._note_removal(untag)
        self._save(image)
        if not image.tags and not running and not (users and not force) and not self._children(image):
            told.append({"Deleted": image.id})
            self._forget(image)
        return told

    def _note_removal(self, tags: list[str]) -> None:
        """An image of our own making is not made again by itself when its user has removed it."""
        for name, ours in (("busybox", ("busybox:latest",)), ("python", pythons.TAGS)):
            if set(ours) & set(tags):
                (self._directory / f".{name}-removed").touch()

    def line(self, image: Image) -> list[Image]:
        """The image, its parent, and so on, as far as they are still there."""
        found = [image]
        while parent := self._images.get(found[-1].parent):
            found.append(parent)
        return found

    def _children(self, image: Image) -> list[Image]:
        return [other for other in self._images.values() if other.parent == image.id]

    def _forget(self, image: Image) -> None:
        del self._images[image.id]
        if self._in_use(image.id):  # its files still serve `changes` of what was made from it
            (self._directory / image.short / "image.json").unlink()
            return
        trees.remove(str(self._directory / image.short))

    def prune(self, wanted: Callable[[Image], bool]) -> tuple[list[dict[str, str]], int]:
        told, freed = [], 0
        for image in self.all():
            if self._in_use(image.id) or self._children(image) or not wanted(image):
                continue
            freed += image.size
            told += [{"Untagged": tag} for tag in image.tags] + [{"Deleted": image.id}]
            self._note_removal(image.tags)
            self._forget(image)
        return told, freed

    def refuse_pull(self, name: str) -> NotFound:
        here = ", ".join(self.names()) or "none"
        more = "" if self.find(pythons.TAGS[0]) else f"; {pythons.TAGS[0]} is made from this machine's own when pulled"
        return NotFound(
            f"the practice engine cannot pull {name}: it has no registry. The images that are here: {here}{more}"
        )


def full(name: str) -> str:
    """A familiar name with the registry that it stands for."""
    first, slash, _ = name.partition("/")
    if slash and (set(first) & set(".:") or first == "localhost"):
        return name
    return f"docker.io/{name if slash else f'library/{name}'}"


def familiar_or_none(text: str) -> str | None:
    try:
        return familiar(text)
    except BadParameter:
        return None


def _has_repository(image: Image, name: str) -> bool:
    return any(tag.rpartition(":")[0] == name for tag in image.tags)


def _inside(directory: Path, name: str) -> Path:
    path = (directory / name).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise BadParameter(f"invalid path in the archive: {name}")
    if path.exists() and not path.is_file():  # who opens a pipe waits
        raise BadParameter(f"{name} in the archive is no file")
    return path


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MOST_JSON:
        raise BadParameter(f"{path.name} in the archive is too long")
    return path.read_bytes()


_ADDRESSES = (
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "LABEL",
    "ONBUILD",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)


_UNITED = ("Labels", "Volumes", "ExposedPorts")


def merged(given: dict, base: dict) -> dict:
    """A configuration, completed by another as Docker does it: names are united, of one name the given one holds."""
    config = {**base, **{key: value for key, value in given.items() if value}}
    for key in _UNITED:
        if base.get(key) and given.get(key):
            config[key] = {**base[key], **given[key]}
    names = {line.partition("=")[0] for line in given.get("Env") or []}
    others = [line for line in base.get("Env") or [] if line.partition("=")[0] not in names]
    config["Env"] = [*(given.get("Env") or []), *others] or base.get("Env")
    if given.get("Entrypoint"):
        config["Cmd"] = given.get("Cmd")  # what was there were arguments of another program
    return config


def apply_changes(config: dict, changes: list[str]) -> dict:
    """Dockerfile instructions of commit and import."""
    config = dict(config)
    for line in changes:
        word, _, rest = line.strip().partition(" ")
        word, rest = word.upper(), rest.strip()
        if word not in _ADDRESSES:
            raise BadParameter(f"{word.lower()} is not a valid change command")
        _CHANGES[word](config, rest)
    return config


def _words(text: str) -> list[str]:
    words = _json_words(text)
    return ["/bin/sh", "-c", text] if words is None else words


def _json_words(text: str) -> list[str] | None:
    with contextlib.suppress(ValueError, RecursionError):
        words = gojson.scalars(json.loads(text))
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    return None


def _pairs(text: str) -> dict[str, str]:
    import shlex

    if "=" not in text.split(" ")[0]:
        name, _, value = text.partition(" ")
        return {name: value}
    try:
        return dict(part.partition("=")[::2] for part in shlex.split(text))
    except ValueError as error:
        raise BadParameter(f"{text}: {error}") from error


def _set_env(config: dict, text: str) -> None:
    new = _pairs(text)
    old = [line for line in config.get("Env") or [] if line.partition("=")[0] not in new]
    config["Env"] = old + [f"{name}={value}" for name, value in new.items()]


def _names(text: str) -> list[str]:
    words = _json_words(text)
    return text.split() if words is None else words


_CHANGES: dict[str, Callable[[dict, str], None]] = {
    "CMD": lambda config, text: config.update(Cmd=_words(text)),
    "ENTRYPOINT": lambda config, text: config.update(Entrypoint=_words(text)),
    "ENV": _set_env,
    "EXPOSE": lambda config, text: config.update(
        ExposedPorts={
            **(config.get("ExposedPorts") or {}),
            **{port if "/" in port else f"{port}/tcp": {} for port in text.split()},
        }
    ),
    "LABEL": lambda config, text: config.update(Labels={**(config.get("Labels") or {}), **_pairs(text)}),
    "ONBUILD": lambda config, text: config.update(OnBuild=[*(config.get("OnBuild") or []), text]),
    "STOPSIGNAL": lambda config, text: config.update(StopSignal=text),
    "USER": lambda config, text: config.update(User=text),
    "VOLUME": lambda config, text: config.update(
        Volumes={**(config.get("Volumes") or {}), **{name: {} for name in _names(text)}}
    ),
    "WORKDIR": lambda config, text: config.update(WorkingDir=text),
}


# views


def summary(image: Image, containers: int) -> dict[str, Any]:
    return {
        "Containers": containers,
        "Created": clock.seconds(image.created),
        "Id": image.id,
        "Labels": image.config.get("Labels"),
        "ParentId": image.parent,
        "RepoDigests": [],
        "RepoTags": list(image.tags),
        "SharedSize": -1,
        "Size": image.size,
    }


def inspect(image: Image, root: Path) -> dict[str, Any]:
    return {
        "Id": image.id,
        "RepoTags": list(image.tags),
        "RepoDigests": [],
        "Parent": image.parent,
        "Comment": image.comment,
        "Created": image.created,
        "DockerVersion": f"practice-{VERSION}",
        "Author": image.author,
        "Architecture": architecture(),
        "Os": "linux",
        "Size": image.size,
        "GraphDriver": {"Data": {"RootDir": str(root)}, "Name": "practice"},
        "RootFS": {"Type": "layers", "Layers": list(image.layers)},
        "Metadata": {"LastTagTime": image.tagged},
        "Config": image.config,
    }


def history(line: list[Image]) -> list[dict[str, Any]]:
    """The steps of an image, given with its parents, the nearest first; a step whose image is gone has no id."""
    steps = []
    for number, step in enumerate(reversed(line[0].history)):
        image = line[number] if number < len(line) else None
        steps.append(
            {
                "Comment": step["comment"],
                "Created": clock.seconds(step["created"]),
                "CreatedBy": step["created_by"],
                "Id": image.id if image else "<missing>",
                "Size": step["size"],
                "Tags": (list(image.tags) or None) if image else None,
            }
        )
    return steps


def described(image: Image, layer: str) -> dict[str, Any]:
    """The configuration file of the image inside `docker save`, whose one layer has this digest."""
    return {
        "architecture": architecture(),
        "author": image.author,
        "comment": image.comment,
        "config": image.config,
        "created": image.created,
        "history": [
            {"created": step["created"], "created_by": step["created_by"], "comment": step["comment"]}
            for step in image.history[-1:]
        ],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer]},
    }


def write_save(chosen: list[tuple[Image, list[str]]], store: Images, out: Any) -> None:
    """The tar of `docker save`, a flat layer for each image."""
    manifest, repositories = [], {}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for image, tags in chosen:
            layer_name = f"{image.short}/layer.tar"
            with archive.spooled_tar(str(store.root(image))) as layer:
                member = tarfile.TarInfo(layer_name)
                member.size = os.fstat(layer.fileno()).st_size
                member.mtime = int(time.time())
                tar.addfile(member, layer)
                config = store.config_file(image, unpacking.digest(layer))
            archive.add_bytes(tar, f"{image.short}.json", config)
            manifest.append({"Config": f"{image.short}.json", "RepoTags": sorted(set(tags)), "Layers": [layer_name]})
            for tag in tags:
                name, _, version = tag.rpartition(":")
                repositories.setdefault(name, {})[version] = image.short
        archive.add_bytes(tar, "manifest.json", json.dumps(manifest).encode())
        archive.add_bytes(tar, "repositories", json.dumps(repositories).encode())


def refuse_build() -> NotOffered:
    return NotOffered("the practice engine does not build images: commit a container or import a root file system")
