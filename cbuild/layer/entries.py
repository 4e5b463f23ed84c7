"""What a part wrote, as a list of entries: walk its scratch directory, leave out what was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbuild.errors import PartError

Kind = Literal["directory", "file", "symlink", "hardlink"]


@dataclass(frozen=True)
class Entry:
    """One entry of a layer.

    path: bytes, relative to the image's root, no leading slash. target: of a symlink as it is, of a hard link the
    first path in order. source: where a file's bytes lie, from offset on. size: bytes of a file, 0 for anything else.
    lost: bits of a file's mode that a layer doesn't keep, and that somebody may have meant.
    """

    path: bytes
    kind: Kind
    executable: bool = False
    size: int = 0
    target: bytes = b""
    source: Path | None = None
    offset: int = 0
    lost: int = 0


_LOST = stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH

Inherited = Mapping[bytes, tuple[int, int]]
"""Paths (relative to the scratch directory) that were there before, with (device, inode); directories with (0, 0)."""


def shown(path: bytes) -> str:
    """Return a path as text for documents and messages; what isn't UTF-8 is escaped: any bytes are a name."""
    return path.decode("utf-8", "backslashreplace")


def _nothing(_: os.DirEntry[bytes]) -> bool:
    return False


def collect(
    scratch: Path, prefix: str, inherited: Inherited, left_out: Callable[[os.DirEntry[bytes]], bool] = _nothing
) -> list[Entry]:
    """Return the entries below scratch that the build made, sorted by the raw bytes of their paths.

    left_out: tells of a file or directory that it, and what is in it, isn't looked at. prefix: where scratch lies in
    an image (``/opt/cbuild``). A file counts as inherited while it is still the same inode: files of other parts are
    hard links owned by root, so a build can replace but not change them.
    A directory belongs to the part if it is new, or as the parent of something that belongs to it.
    PartError (``unsupported-file``) for sockets, fifos and devices: an image can't carry them.
    """
    root = os.fsencode(scratch)
    base = prefix.strip("/").encode()
    first: dict[tuple[int, int], bytes] = {}
    entries: dict[bytes, Entry] = {}
    for relative, status in sorted(_walk(root, left_out)):
        if _is_inherited(relative, status, inherited):
            continue
        path = base + b"/" + relative
        entries[path] = _entry(path, root + b"/" + relative, status, first)
    for path in list(entries):
        for parent in _parents(path):
            entries.setdefault(parent, Entry(parent, "directory"))
    return [entries[path] for path in sorted(entries)]


def _walk(root: bytes, left_out: Callable[[os.DirEntry[bytes]], bool]) -> Iterator[tuple[bytes, os.stat_result]]:
    pending = [b""]
    while pending:
        directory = pending.pop()
        with os.scandir(root + b"/" + directory if directory else root) as found:
            for item in found:
                if left_out(item):
                    continue
                relative = directory + b"/" + item.name if directory else item.name
                yield relative, item.stat(follow_symlinks=False)
                if item.is_dir(follow_symlinks=False):
                    pending.append(relative)


def _is_inherited(relative: bytes, status: os.stat_result, inherited: Inherited) -> bool:
    known = inherited.get(relative)
    return known is not None and (stat.S_ISDIR(status.st_mode) or known == (status.st_dev, status.st_ino))


def _entry(path: bytes, found: bytes, status: os.stat_result, first: dict[tuple[int, int], bytes]) -> Entry:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return Entry(path, "directory")
    if stat.S_ISLNK(mode):
        return Entry(path, "symlink", target=os.readlink(found))  # noqa: PTH115 - bytes
    if not stat.S_ISREG(mode):
        raise PartError(
            f"/{shown(path)} is neither a file, a directory nor a symbolic link.",
            reason="unsupported-file",
            resolution="Sockets, fifos and devices can't be part of an image: remove it in post-install.",
        )
    identity = (status.st_dev, status.st_ino)
    if status.st_nlink > 1 and identity in first:
        return Entry(path, "hardlink", target=first[identity])
    first[identity] = path
    executable = bool(mode & stat.S_IXUSR)
    source = Path(os.fsdecode(found))
    return Entry(path, "file", executable=executable, size=status.st_size, source=source, lost=mode & _LOST)


def _parents(path: bytes) -> Iterator[bytes]:
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path
