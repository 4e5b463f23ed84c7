"""Locks between processes that share a store: flock on files of their own. A killed holder's lock ends with it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cbuild.canonical import hex_of, sha256_bytes
from cbuild.state.home import Home


@contextmanager
def held(home: Home, name: str, wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock called name for a block.

    wait: called again and again while somebody else holds it; it sleeps, and may raise to give up. Whoever can't write
    into the store can't harm it either, and needs no lock.
    """
    path = home.locks / hex_of(sha256_bytes(name.encode()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _take(path)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        yield
        return
    while handle is None:
        wait()
        handle = _take(path)
    try:
        yield
    finally:
        _drop(path, handle)


def sweep(home: Home) -> None:
    """Remove the files of locks that nobody holds: killed processes leave them."""
    for path in home.locks.glob("*"):
        if (handle := _take(path)) is not None:
            _drop(path, handle)


def _take(path: Path) -> int | None:
    """Return a handle that holds the lock; None if it is another's."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The holder before may have removed the file between the two: then it is no lock any more.
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    os.close(handle)
    return None


def _drop(path: Path, handle: int) -> None:
    path.unlink(missing_ok=True)
    os.close(handle)
