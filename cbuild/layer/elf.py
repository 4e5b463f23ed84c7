"""Which shared libraries a program or library needs, as its dynamic section says (System V gABI, chapter 5)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\x7fELF"

_WIDE = _BIG_ENDIAN = b"\2"
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRTAB, _STRSZ = 0, 1, 5, 10
_LARGEST = 1 << 20
"""Bytes of a dynamic section or string table that are read; Chromium's string table is half of that."""


def needed(path: Path, offset: int = 0) -> tuple[str, ...]:
    """Return the names that a file asks the dynamic linker for (``libz.so.1``), in its order.

    offset: where the file begins in path. Empty for anything that isn't linked dynamically, and for what is no ELF.
    """
    with path.open("rb") as file:
        try:
            return tuple(_needed(file, offset))
        except (struct.error, ValueError, OverflowError):
            return ()  # it only begins like one


def _needed(file: BinaryIO, base: int) -> Iterator[str]:
    ident = _read(file, base, 16)
    if not ident.startswith(MAGIC):
        return
    wide, order = ident[4:5] == _WIDE, ">" if ident[5:6] == _BIG_ENDIAN else "<"
    segments = list(_segments(file, base, order, wide=wide))
    for kind, place, _, size in segments:
        if kind == _DYNAMIC:
            pair = struct.Struct(order + ("qQ" if wide else "iI"))
            section = _read(file, base + place, min(size, _LARGEST))
            yield from _names(file, base, segments, list(_pairs(section, pair)))


def _segments(file: BinaryIO, base: int, order: str, *, wide: bool) -> Iterator[tuple[int, int, int, int]]:
    """Give type, offset in the file, virtual address and size in the file of each segment."""
    start, width, count = (32, "Q", 54) if wide else (28, "I", 42)
    (table,) = struct.unpack(order + width, _read(file, base + start, struct.calcsize(width)))
    size, number = struct.unpack(order + "HH", _read(file, base + count, 4))
    for index in range(number):
        header = _read(file, base + table + index * size, size)
        if wide:
            kind, _, place, address, _, length = struct.unpack_from(order + "IIQQQQ", header)
        else:
            kind, place, address, _, length = struct.unpack_from(order + "IIIII", header)
        yield kind, place, address, length


def _pairs(section: bytes, pair: struct.Struct) -> Iterator[tuple[int, int]]:
    for tag, value in pair.iter_unpack(section[: len(section) // pair.size * pair.size]):
        if tag == _END:
            return
        yield tag, value


def _names(
    file: BinaryIO, base: int, segments: list[tuple[int, int, int, int]], pairs: list[tuple[int, int]]
) -> Iterator[str]:
    values = dict(pairs)
    at = values.get(_STRTAB, -1)
    strings = b""
    for kind, place, address, size in segments:
        if kind == _LOAD and address <= at < address + size:
            strings = _read(file, base + place + at - address, min(values.get(_STRSZ, 0), _LARGEST))
    for tag, value in pairs:
        if tag == _NEEDED:
            yield strings[value : strings.index(b"\0", value)].decode(errors="replace")


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    if not 0 <= place <= os.fstat(file.fileno()).st_size:
        raise ValueError(place)
    file.seek(place)
    return file.read(size)
