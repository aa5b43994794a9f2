"""Archives that nobody packs by accident, and what became of them inside a container of Docker 28.5."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable

LONG = "n" * 10_000
DEEP = "/".join(["d" * 200] * 50)
BIG = 1 << 26
KINDS = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "contiguous": tarfile.CONTTYPE,
    "unheard of": b"Z",
}
WORDS = {kind: word for word, kind in KINDS.items()}


def entry(name: str, kind: str = "file", target: str = "", data: bytes = b"x", **more: object) -> bytes:
    """One entry with its data, as it stands in an archive."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = KINDS[kind], target, 0o755 if kind == "folder" else 0o644
    member.devmajor, member.devminor = (1, 3) if kind in ("char", "block") else (0, 0)
    data = data if kind in ("file", "contiguous", "unheard of") else b""
    member.size = len(data)
    for key, value in more.items():
        setattr(member, key, value)
    return member.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def pax(kind: bytes, **records: str) -> bytes:
    """An extended header with these records, for the next entry (`x`) or for all (`g`)."""
    lines = b""
    for key, value in records.items():
        body = f" {key}={value}\n".encode()
        length = len(body) + 1
        while length != len(str(length)) + len(body):
            length = len(str(length)) + len(body)
        lines += str(length).encode() + body
    member = tarfile.TarInfo("pax")
    member.type, member.size = kind, len(lines)
    return member.tobuf(tarfile.USTAR_FORMAT) + lines + bytes(-len(lines) % 512)


def sparse(name: str, size: int) -> bytes:
    """A file of `size` bytes, of which none is there."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    head[483:495] = b"%011o\0" % size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def tar(*entries: bytes) -> bytes:
    return b"".join(entries) + bytes(1024)


def listing(data: bytes | Iterable[bytes]) -> dict[str, tuple]:
    """What is in an archive: name → kind, mode, owner, and the size or the target."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
        for each in archive:
            name = each.name.removeprefix("./").strip("/")
            more = each.linkname if each.linkname else each.size
            found[name] = (WORDS.get(each.type, "?"), oct(each.mode), each.uid, each.gid, more)
    return found


COMPRESSED = gzip.compress(tar(entry("a", data=b"a" * 3000)), mtime=0)
TWO = tar(entry("a"), entry("b"))
HOLES = {"GNU.sparse.size": str(BIG), "GNU.sparse.numblocks": "1"}
TARS: dict[str, bytes] = {
    "nothing at all": b"",
    "no entries": tar(),
    "a plain file": tar(entry("planted")),
    "it climbs": tar(entry("before"), entry("../climbed"), entry("after")),
    "it climbs far": tar(entry("../../../../climbed")),
    "it climbs out of a folder": tar(entry("a/../../climbed")),
    "it climbs and stays inside": tar(entry("a/../b")),
    "it climbs back to the folder": tar(entry("a/..", "folder")),
    "the folder above": tar(entry("..", "folder", mode=0o700)),
    "absolute": tar(entry("/etc/planted")),
    "absolute with more slashes": tar(entry("//etc//planted")),
    "absolute and climbing": tar(entry("/../../climbed")),
    "the folder itself": tar(entry("./", "folder", mode=0o700, uid=5)),
    "the folder itself as a file": tar(entry(".")),
    "the folder itself as a link": tar(entry(".", "link", "/etc")),
    "a name of nothing": tar(entry("")),
    "a character device": tar(entry("null", "char")),
    "a block device": tar(entry("disk", "block")),
    "a pipe": tar(entry("pipe", "pipe", mode=0o600)),
    "a link out": tar(entry("out", "link", "/etc")),
    "a link that climbs": tar(entry("out", "link", "../../../etc")),
    "a link that climbs inside": tar(entry("a/out", "link", "../b")),
    "a link to nothing": tar(entry("out", "link", "")),
    "through a link out": tar(entry("out", "link", "/etc"), entry("out/planted")),
    "through a link that climbs": tar(entry("out", "link", "../etc"), entry("out/planted")),
    "through a link inside": tar(entry("a", "folder"), entry("in", "link", "a"), entry("in/planted")),
    "through a link to itself": tar(entry("out", "link", "out"), entry("out/planted")),
    "a folder over a link out": tar(entry("out", "link", "/etc"), entry("out", "folder", mode=0o700)),
    "a file over a link out": tar(entry("out", "link", "/etc/passwd"), entry("out")),
    "a hard link that climbs": tar(entry("hard", "hard", "../etc/passwd")),
    "a hard link that is absolute": tar(entry("hard", "hard", "/etc/passwd")),
    "a hard link through a link": tar(entry("out", "link", "/etc"), entry("hard", "hard", "out/passwd")),
    "a hard link to a link out": tar(entry("out", "link", "/etc/passwd"), entry("hard", "hard", "out", mode=0o777)),
    "a hard link to nothing": tar(entry("hard", "hard", "nothing")),
    "a hard link to a folder": tar(entry("a", "folder"), entry("hard", "hard", "a")),
    "a hard link to itself": tar(entry("hard"), entry("hard", "hard", "hard")),
    "a hard link with a mode": tar(entry("one"), entry("two", "hard", "one", mode=0o4755)),
    "set-user-id": tar(entry("su", mode=0o4755), entry("sg", mode=0o2755), entry("st", "folder", mode=0o1777)),
    "a mode of all bits": tar(entry("all", mode=0o7777777)),
    "an owner": tar(entry("mine", uid=1234, gid=4321)),
    "an owner that cannot be": tar(entry("mine", uid=1 << 40)),
    "a time that cannot be": tar(entry("late", mtime=1 << 60)),
    "a time before time": tar(entry("early", mtime=-(1 << 40))),
    "a name too long": tar(entry(LONG)),
    "a path too long": tar(entry(DEEP)),
    "a name of escapes": tar(entry("\x1b[31m\n\u202etxt")),
    "a name of no characters": tar(entry("\udcff\udcfe")),
    "a name with a nul": tar(pax(b"x", path="a\0b"), entry("c")),
    "a name in the head of all": tar(pax(b"g", path="../climbed"), entry("c")),
    "a name in the head of one": tar(pax(b"x", path="../climbed"), entry("c")),
    "a target in the head of one": tar(pax(b"x", linkpath="../../etc"), entry("out", "link", "a")),
    "the same name twice": tar(entry("a", data=b"1"), entry("a", data=b"22")),
    "a folder over a file": tar(entry("a"), entry("a", "folder")),
    "a file over a folder": tar(entry("a/b"), entry("a")),
    "a file in a file": tar(entry("a"), entry("a/b")),
    "a whiteout": tar(entry("a"), entry(".wh.a")),
    "a whiteout of all": tar(entry("a"), entry(".wh..wh..opq")),
    "a whiteout that climbs": tar(entry("a/.wh..."), entry("b")),
    "a kind that is none": tar(entry("odd", "unheard of"), entry("after")),
    "a folder that a link takes away": tar(entry("d/e", "folder"), entry("d", "link", "/etc/passwd")),
    "a folder twice": tar(entry("d", "folder"), entry("d", "folder", mode=0o700)),
    "a whiteout of nothing": tar(entry(".wh.a"), entry("a")),
    "a whiteout of the folder above": tar(entry("a", "folder"), entry("a/.wh...")),
    "a whiteout without a name": tar(entry("a", "folder"), entry("a/.wh.")),
    "a size below nothing": tar(entry("less", data=b"", size=-512), entry("b")),
    "a size that is no number": tar(pax(b"x", size="many"), entry("a")),
    "a size in the head": tar(pax(b"x", size=str(1 << 60)), entry("a")),
    "a great size of the folder itself": tar(entry(".", data=b"", size=1 << 60), entry("b")),
    "a great size of a whiteout": tar(entry(".wh.a", data=b"", size=1 << 60), entry("b")),
    "a great size of a folder": tar(entry("d", "folder", size=1 << 60), entry("b")),
    "a great size of a link": tar(entry("l", "link", "b", size=1 << 60), entry("b")),
    "heads without end": tar(pax(b"x", comment="x") * 3000, entry("a")),
    "a head too long": tar(pax(b"x", comment="x" * (1 << 21)), entry("a")),
    "holes in the head": tar(pax(b"x", **{**HOLES, "GNU.sparse.map": "0,1"}), entry("a")),
    "holes in the head that are none": tar(pax(b"x", **{**HOLES, "GNU.sparse.map": "zero"}), entry("a")),
    "a contiguous file": tar(entry("row", "contiguous")),
    "a sparse file": tar(sparse("holes", BIG)),
    "an archive in an archive": tar(entry("in.tar", data=tar(entry("../climbed")))),
    "a size that is not there": entry("short", data=b"12345", size=1 << 30)[:1024],
    "cut in a head": TWO[:1300],
    "cut in a file": TWO[:700],
    "cut between files": TWO[:1024],
    "a few bytes": TWO[:5],
    "half a head": TWO[:300],
    "a head of rubbish": b"rubbish!" * 128,
    "rubbish behind a file": TWO[:1024] + b"rubbish!" * 128,
    "compressed": COMPRESSED,
    **{
        f"compressed and cut to {length} bytes": COMPRESSED[:length]
        for length in (2, 3, 9, 10, 12, 20, len(COMPRESSED) - 9, len(COMPRESSED) - 8, len(COMPRESSED) - 1)
    },
    "compressed with a wrong sum": COMPRESSED[:-8] + b"\0" * 8,
    "compressed with rubbish behind": COMPRESSED + b"rubbish",
}
