"""Two layers, path by path: what differs, and from which byte on."""

from __future__ import annotations

import difflib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from cbuild.canonical import CHUNK

SHOWN = 16
"""Bytes that are shown from the first one that differs."""

LINES = 20
"""Lines of a text's difference that are shown."""

TEXT = 1 << 20
"""A file up to this size, in bytes, may be shown as text."""

_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
}


@dataclass(frozen=True)
class Difference:
    """A path that is not the same in both layers.

    path: in the image, absolute. what: missing (from the second), new (in it), kind, mode, target (of a link), bytes.
    stored, again: what the first and the second have, for a person. offset: of the first byte that differs. diff:
    lines of a unified diff, if both are text.
    """

    path: str
    what: Literal["missing", "new", "kind", "mode", "target", "bytes"]
    stored: str = ""
    again: str = ""
    offset: int | None = None
    diff: tuple[str, ...] = ()


def compare(stored: Path, again: Path) -> list[Difference]:
    """Return what differs between two layers (tars on disk), sorted by path; nothing if they have the same digest."""
    with tarfile.open(stored, "r:") as one, tarfile.open(again, "r:") as other:
        before, after = ({member.name: member for member in tar} for tar in (one, other))
        found = []
        for name in sorted({*before, *after}):
            first, second = before.get(name), after.get(name)
            if first is None or second is None:
                found.append(Difference(f"/{name}", "new" if first is None else "missing", _is(first), _is(second)))
            else:
                found += _entry(one, first, other, second)
    return found


def _entry(
    one: tarfile.TarFile, first: tarfile.TarInfo, other: tarfile.TarFile, second: tarfile.TarInfo
) -> Iterator[Difference]:
    path = f"/{first.name}"
    if first.type != second.type:
        yield Difference(path, "kind", _is(first), _is(second))
        return
    if first.mode != second.mode:
        yield Difference(path, "mode", f"{first.mode:04o}", f"{second.mode:04o}")
    if first.linkname != second.linkname:
        yield Difference(path, "target", first.linkname, second.linkname)
    if first.isreg():
        offset = _first(_open(one, first), _open(other, second))
        if offset is not None:
            yield Difference(
                path, "bytes", _bytes(one, first, offset), _bytes(other, second, offset), offset,
                _text(one, first, other, second),
            )  # fmt: skip


def _is(member: tarfile.TarInfo | None) -> str:
    if member is None:
        return "nothing"
    kind = _KINDS.get(member.type, "something else")
    return f"{kind} of {member.size} bytes" if member.isreg() else kind


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        raise OSError(f"{member.name} has no data in the layer")
    return stream


def _first(one: IO[bytes], other: IO[bytes]) -> int | None:
    """Return the offset of the first byte that differs, None if there is none; the end of a file differs, too."""
    offset = 0
    while True:
        left, right = one.read(CHUNK), other.read(CHUNK)
        if left != right:
            same = (index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
            return offset + next(same, min(len(left), len(right)))
        if not left:
            return None
        offset += len(left)


def _bytes(tar: tarfile.TarFile, member: tarfile.TarInfo, offset: int) -> str:
    stream = _open(tar, member)
    stream.seek(offset)
    shown = stream.read(SHOWN)
    plain = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in shown)  # noqa: PLR2004 - ASCII that prints
    return f"{member.size} bytes; {shown.hex(' ')}  |{plain}|"


def _text(
    one: tarfile.TarFile, first: tarfile.TarInfo, other: tarfile.TarFile, second: tarfile.TarInfo
) -> tuple[str, ...]:
    if max(first.size, second.size) > TEXT:
        return ()
    left, right = _open(one, first).read(), _open(other, second).read()
    if b"\0" in left + right:
        return ()
    try:
        before, after = left.decode().splitlines(), right.decode().splitlines()
    except UnicodeDecodeError:
        return ()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    return (*lines[:LINES], f"… {len(lines) - LINES} lines more") if len(lines) > LINES else tuple(lines)
