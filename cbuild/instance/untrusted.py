"""Reading files that a partition wrote: it may have put a link, a fifo or a terabyte where a file is expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read(root: Path, relative: str, limit: int, *, start: int | None = 0) -> bytes:
    """Return at most limit bytes of a regular file below root, from start on; None: the last ones.

    No symbolic link is followed below root. OSError if there is no such file.
    """
    handle = _open(root, relative)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(f"{relative} is no regular file")
        stream.seek(max(0, status.st_size - limit) if start is None else start)
        return stream.read(limit)


def names(root: Path, relative: str) -> list[str]:
    """Return the names in a directory below root, sorted; none if there is no such directory."""
    try:
        handle = _open(root, relative, os.O_DIRECTORY)
    except OSError:
        return []
    try:
        return sorted(os.listdir(handle))  # noqa: PTH208 - pathlib has no directory handles
    finally:
        os.close(handle)


def _open(root: Path, relative: str, flags: int = 0) -> int:
    # O_NONBLOCK: opening a fifo would wait for a writer.
    common = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    *parents, last = Path(relative).parts
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for parent in parents:
            inner = os.open(parent, common | os.O_DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = inner
        return os.open(last, common | flags, dir_fd=handle)
    finally:
        os.close(handle)
