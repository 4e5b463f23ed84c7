"""A small ELF file with a dynamic section, to the letter of the gABI."""

from __future__ import annotations

import struct

ADDRESS = 0x40_0000


def elf(*libraries: str, wide: bool = True, order: str = "<", soname: str = "libself.so.1") -> bytes:
    """Return a library that needs these; wide: 64 bits; order: as struct has it."""
    word = "Q" if wide else "I"
    head, entry = (64, 56) if wide else (52, 32)
    strings, pairs = b"\0", []
    for tag, name in ((14, soname), *((1, library) for library in libraries)):
        pairs.append((tag, len(strings)))
        strings += name.encode() + b"\0"
    dynamic_at = head + 2 * entry
    strings_at = dynamic_at + (len(pairs) + 3) * 2 * struct.calcsize(word)
    pairs += [(5, ADDRESS + strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(f"{order}2{word}", *pair) for pair in pairs)
    size = strings_at + len(strings)
    segments = [(1, 0, ADDRESS, size), (2, dynamic_at, ADDRESS + dynamic_at, len(dynamic))]
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    header = struct.pack(f"{order}HHI3{word}I6H", 3, 62, 1, 0, head, 0, 0, head, entry, len(segments), 0, 0, 0)
    return ident + header + b"".join(_segment(*each, wide=wide, order=order) for each in segments) + dynamic + strings


def _segment(kind: int, place: int, address: int, size: int, *, wide: bool, order: str) -> bytes:
    if wide:
        return struct.pack(f"{order}IIQQQQQQ", kind, 5, place, address, address, size, size, 8)
    return struct.pack(f"{order}IIIIIIII", kind, place, address, address, size, size, 5, 4)
