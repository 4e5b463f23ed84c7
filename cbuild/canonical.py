"""Canonical bytes and digests: the only way in which cbuild names things by content."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

CHUNK = 1 << 20


def canonical_json(value: object) -> bytes:
    """Return value as UTF-8 JSON with sorted keys and no spaces: equal values, equal bytes (RFC 8785 in spirit)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_bytes(data: bytes) -> str:
    """Return ``sha256:<hex>`` of data."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return ``sha256:<hex>`` of the file's bytes."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def hex_of(digest: str) -> str:
    """Return the hex part of ``sha256:<hex>``; a bare hex string is returned as it is."""
    return digest.rpartition(":")[2]


def write_atomic(path: Path, data: bytes) -> None:
    """Write data to path so that a reader, or a crash, sees the old bytes or the new ones, never a mixture."""
    import tempfile  # noqa: PLC0415 - 6 ms that a run which writes nothing need not pay

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk doesn't say which one it is
        raise
