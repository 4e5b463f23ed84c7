"""The canonical layer of a base: equal trees, equal bytes.

The rules are docs/base-images.md's: sorted by the raw bytes of the path, one mtime, numeric owners, no names, pax
records only for paths that ustar's fields can't hold, two zero blocks at the end and nothing else.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO, Protocol

from cbuild.canonical import CHUNK

if TYPE_CHECKING:
    from cbuild.base.tree import Node, Tree

_TYPES = {"d": tarfile.DIRTYPE, "f": tarfile.REGTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}


class Sink(Protocol):
    """Something that bytes can be written to."""

    def write(self, data: bytes, /) -> int:
        """Append data."""


def write(tree: Tree, raw: BinaryIO, epoch: int, out: Sink) -> None:
    """Write tree as a tar to out; file contents come from raw (the tar that tree was read from) or the nodes."""
    for path in sorted(tree, key=lambda name: name.encode(errors="surrogateescape")):
        node = tree[path]
        out.write(_header(path, node, epoch))
        if node.kind == "f" and node.size:
            _content(node, raw, out)
    out.write(bytes(2 * tarfile.BLOCKSIZE))


def _header(path: str, node: Node, epoch: int) -> bytes:
    """Return the header blocks of one entry."""
    info = tarfile.TarInfo(path[1:])  # tobuf appends a directory's slash
    info.type = _TYPES[node.kind]
    info.mode = node.mode
    info.uid = info.gid = node.owner
    info.mtime = epoch
    info.size = node.size if node.kind == "f" else 0
    info.linkname = node.target[1:] if node.kind == "h" else node.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(node: Node, raw: BinaryIO, out: Sink) -> None:
    """Write a file's content and its padding."""
    if node.offset < 0:
        out.write(node.data)
    else:
        raw.seek(node.offset)
        left = node.size
        while left:
            data = raw.read(min(left, CHUNK))
            if not data:
                raise EOFError(f"the tar ended {left} bytes early")
            out.write(data)
            left -= len(data)
    out.write(bytes(-node.size % tarfile.BLOCKSIZE))
