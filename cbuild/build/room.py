"""A full disk is the machine's fault and not the part's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cbuild.errors import FULL, HostError

LITTLE = 1 << 20
"""Bytes: with less than this, or fewer files, what failed most likely failed for want of room."""

FEW = 16


def check_room(directory: Path, part: str) -> None:
    """Raise HostError (``disk-full``) if the file system of directory is full; called after part has failed."""
    found = os.statvfs(directory)
    little = found.f_bavail * found.f_frsize < LITTLE
    # File systems that make inodes as they need them say that they have none at all.
    few = found.f_files > 0 and found.f_favail < FEW
    if little or few:
        raise disk_full(directory, f"{part} failed with {found.f_bavail * found.f_frsize} bytes left there.")


@contextmanager
def telling_of_a_full_disk(directory: Path) -> Iterator[None]:
    """Make an error of cbuild's of the system's for a full disk, or a quota that is used up.

    directory: what is written to, where the system doesn't say which file it was.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise disk_full(Path(error.filename or directory), f"{error.strerror}.") from error


def disk_full(directory: Path, details: str) -> HostError:
    """Return the error for a file system without room."""
    return HostError(
        f"The disk is full: {directory}",
        reason="disk-full",
        details=details,
        resolution="Make room and run again: what was built is kept.",
    )
