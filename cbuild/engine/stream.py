"""The multiplexed stream in which both engines send a container's two output streams.

Source of the rule: Docker Engine API, "Stream format" of ``POST /containers/{id}/attach``: eight bytes of header (the
stream's number, three zeroes, the length as a big-endian 32-bit number), then that many bytes. Podman sends the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

STDOUT = 1
STDERR = 2
_HEADER = struct.Struct(">BxxxL")


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (stream number, payload) for each frame; a frame that was cut off yields what is there."""
    position = 0
    while position + _HEADER.size <= len(data):
        stream, length = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        yield stream, data[position : position + length]
        position += length


def separate(data: bytes) -> tuple[bytes, bytes]:
    """Return (standard output, standard error) of a multiplexed stream."""
    parts: dict[int, list[bytes]] = {STDOUT: [], STDERR: []}
    for stream, payload in frames(data):
        parts.setdefault(stream, []).append(payload)
    return b"".join(parts[STDOUT]), b"".join(parts[STDERR])


def joined(data: bytes) -> bytes:
    """Return both streams of a multiplexed stream in the order in which they were written."""
    return b"".join(payload for _, payload in frames(data))
