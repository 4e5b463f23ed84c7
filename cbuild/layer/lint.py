"""What in a layer depends on the machine, could, or will not work: found while the layer is written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator

from cbuild.layer import elf
from cbuild.layer.entries import Entry, shown

BUILD = b"/build/"
"""The build directory (cbuild.build.sandbox); it is in no image."""

SHOWN = 3
"""Paths that a finding names."""

_PATH_BEFORE = re.compile(rb"[\w.~/-]$")
_BYTECODE_3_7, _BYTECODE_2 = 3390, 20000
"""Magic numbers from 3.7 on, when hashes came (PEP 552), are between these; Python 2's and 1's are above."""

FINDINGS = {
    "setuid": "had a setuid or setgid bit, which a layer doesn't keep",
    "writable": "was writable for everybody, which a layer doesn't keep",
    "build": "mentions the build directory, which is in no image",
    "bytecode": "is bytecode with a time stamp in it",
    "library": "needs {detail}, which neither a part that this one refers to nor the runtime base has",
    "outside": "is an absolute link out of {detail}",
}

RUNTIME = frozenset(
    f"lib{name}"
    for name in (
        *("anl.so.1", "c.so.6", "crypt.so.1", "dl.so.2", "gcc_s.so.1", "m.so.6", "mvec.so.1", "nsl.so.1"),
        *("pthread.so.0", "resolv.so.2", "rt.so.1", "stdc++.so.6", "thread_db.so.1", "util.so.1"),
    )
)
"""The libraries of the runtime base: those of libc and of the compiler (base-images/runtime.yaml)."""

LINKER = "ld-linux"
"""How the names of the dynamic linker begin, which libraries may need, too."""


class Linter:
    """Looks at a layer's files as they pass: feed gets their bytes in the order of entries, b"" after each file.

    others: paths of the files that the parts have which this one refers to.
    """

    def __init__(self, entries: Iterable[Entry], prefix: str, others: Iterable[bytes] = ()) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}
        entries = list(entries)
        self._libraries = {_name(path) for path in (*others, *(entry.path for entry in entries))}
        self._files = (entry for entry in entries if entry.source is not None)
        self._file = next(self._files, None)
        self._first = True
        self._tail = b""
        for entry in entries:
            for kind in _of_entry(entry, prefix.encode()):
                self._note(kind, entry, prefix)

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of a file; b"" ends it."""
        if self._file is None:
            return
        if not chunk:
            self._file = next(self._files, None)
            self._first, self._tail = True, b""
            return
        if self._first and self._file.path.endswith(b".pyc") and not _is_hashed(chunk[:8]):
            self._note("bytecode", self._file)
        if self._first and chunk.startswith(elf.MAGIC):
            self._link(self._file)
        # The seam between two chunks alone: joining megabytes would cost as much as all the rest.
        if _mentions(chunk) or _mentions(self._tail + chunk[: len(BUILD)]):
            self._note("build", self._file)
        self._first, self._tail = False, chunk[-len(BUILD) :]

    def findings(self) -> tuple[str, ...]:
        """Return one line for each kind of finding."""
        return tuple(_line(kind, detail, paths) for (kind, detail), paths in sorted(self._found.items()))

    def _link(self, entry: Entry) -> None:
        """Note what a program is linked with that only the builder has."""
        for library in elf.needed(entry.source, entry.offset) if entry.source else ():
            there = library in RUNTIME or library.startswith(LINKER) or os.fsencode(library) in self._libraries
            if not there and "/" not in library:
                self._note("library", entry, library)

    def _note(self, kind: str, entry: Entry, detail: str = "") -> None:
        paths = self._found.setdefault((kind, detail), [])
        path = "/" + shown(entry.path)
        if path not in paths[-1:]:
            paths.append(path)


def _line(kind: str, detail: str, paths: list[str]) -> str:
    more = f" (and {len(paths) - SHOWN} more)" if len(paths) > SHOWN else ""
    return f"{', '.join(paths[:SHOWN])}{more} {FINDINGS[kind].format(detail=detail)}"


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _of_entry(entry: Entry, prefix: bytes) -> Iterator[str]:
    if entry.lost & (stat.S_ISUID | stat.S_ISGID):
        yield "setuid"
    if entry.lost & stat.S_IWOTH:
        yield "writable"
    inside = entry.target == prefix or entry.target.startswith((prefix + b"/", b"/dev/", b"/proc/"))
    if entry.kind == "symlink" and entry.target.startswith(b"/") and not inside:
        yield "outside"


def _mentions(data: bytes) -> bool:
    """Tell whether data has a path that begins with the build directory; `/usr/share/build/x` does not."""
    place = data.find(BUILD)
    while place >= 0:
        if not _PATH_BEFORE.search(data[max(place - 1, 0) : place]):
            return True
        place = data.find(BUILD, place + 1)
    return False


def _is_hashed(head: bytes) -> bool:
    """Tell whether bytecode that begins with these 8 bytes has a hash of its source, and no time."""
    magic, flags = int.from_bytes(head[:2], "little"), int.from_bytes(head[4:8], "little")
    return _BYTECODE_3_7 <= magic < _BYTECODE_2 and bool(flags & 1)
