"""Who uses the store: any number of processes at once, or one that removes things from it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cbuild.state.home import Home


def _silent() -> None:
    pass


@contextmanager
def using(home: Home, waiting: Callable[[], None] = _silent) -> Iterator[None]:
    """Use the store for a block: nothing is removed from it meanwhile. waiting: called once if that has to wait."""
    with _locked(home, fcntl.LOCK_SH, waiting):
        yield


@contextmanager
def emptying(home: Home, waiting: Callable[[], None] = _silent) -> Iterator[None]:
    """Be the only one that uses the store for a block; waiting: called once if that has to wait."""
    with _locked(home, fcntl.LOCK_EX, waiting):
        yield


@contextmanager
def _locked(home: Home, kind: int, waiting: Callable[[], None]) -> Iterator[None]:
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        stream = (home.root / ".in-use").open("a")
    except OSError:
        # Whoever can't write into the store (a read-only file system) has nothing to keep others from.
        yield
        return
    with stream:
        try:
            fcntl.flock(stream, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, kind)
        yield
