"""Runs of cbuild on this store: each has a directory with a lock, so that what a killed one left is found."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cbuild.build.trees import UNPACKING, run_of
from cbuild.canonical import sha256_bytes
from cbuild.engine.api import Engine
from cbuild.errors import UsageError
from cbuild.image.layout import Layout
from cbuild.state import locks
from cbuild.state.home import Home
from cbuild.state.use import using

ABANDONED = 3600.0
"""Seconds after which a temporary document belongs to a process that was killed: writing one takes milliseconds."""

_RUN = re.compile(r"\d+-[0-9a-f]{8}")


@contextmanager
def running(home: Home) -> Iterator[str]:
    """Give a name to this run for a block; its scratch directory lies below ``work/NAME`` and is locked meanwhile.

    UsageError (``needs-root``) for anybody but root.
    """
    if os.geteuid():
        raise UsageError(
            "Building needs root: a builder's files belong to a user of its own.",
            reason="needs-root",
            resolution="Run `cbuild software` as root or with sudo.",
        )
    name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    directory = home.work / name
    with ExitStack() as stack:
        stack.enter_context(using(home))
        # It comes into being and is locked in one go: who cleans up at this moment must not take it for a dead one's.
        with _judging(home):
            directory.mkdir(parents=True)
            lock = stack.enter_context((directory / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        # What is written here is for the builders' users to read, whatever the caller keeps to itself.
        umask = os.umask(0o022)
        try:
            yield name
        finally:
            os.umask(umask)
            # What was kept after a failure stays, without the lock's file: it belongs to nobody.
            (directory / "lock").unlink(missing_ok=True)
            with suppress(OSError):
                directory.rmdir()


def label(home: Home) -> dict[str, str]:
    """Return the label that all containers of this store carry."""
    return {"cbuild.home": sha256_bytes(str(home.root).encode())[7:23]}


def clean(home: Home, engine: Engine) -> None:
    """Remove what runs left that were killed, and nothing of those that live.

    That is: containers, scratch directories, unfinished blobs and documents, files of locks, and the unpacked layers
    of earlier boots.
    """
    with _judging(home):
        dead = {path.name for path in home.work.glob("*") if _is_dead(path)}
    for container in engine.containers(label(home)):
        run = container.labels.get("cbuild.run", "")
        if run and (run in dead or not (home.work / run).exists()):
            engine.remove(container.id)
    Layout(home.oci).remove_unfinished()
    locks.sweep(home)
    for name in dead:
        _remove(home.work / name)
    _clean_trees(home)
    _clean_documents(home.keys, home.results, home.answers, home.seconds, home.oci)


def _remove(directory: Path) -> None:
    """Remove a dead run's directory, its lock last: without one, what is there looks as if it were kept on purpose."""
    for path in directory.glob("*"):
        if path.name != "lock":
            shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


def _clean_trees(home: Home) -> None:
    """Remove the unpacked layers of earlier boots, and what killed runs were unpacking."""
    abandoned = [path for path in home.trees.glob(f"{UNPACKING}*") if not (home.work / run_of(path)).exists()]
    earlier = [path for path in home.trees.parent.glob("*") if path != home.trees]
    for path in (*abandoned, *earlier):
        shutil.rmtree(path, ignore_errors=True)


def _clean_documents(*directories: Path) -> None:
    """Remove what cbuild.canonical.write_atomic was writing when it was killed."""
    limit = time.time() - ABANDONED
    for path in (path for directory in directories for path in directory.glob(".*.*")):
        with suppress(FileNotFoundError):  # another run cleans, too
            if path.stat().st_mtime < limit:
                path.unlink()


@contextmanager
def _judging(home: Home) -> Iterator[None]:
    """Let one process at a time begin a run, or tell dead ones from living ones; it takes a millisecond."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / ".runs").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_dead(directory: Path) -> bool:
    """Tell whether a run's directory is one that was killed; others' directories below work/ are none."""
    if not _RUN.fullmatch(directory.name):
        return False
    with suppress(BlockingIOError):
        try:
            with (directory / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
        except FileNotFoundError:
            # Kept on purpose after a failure; or empty, because the run was killed with its last breath.
            return _is_empty(directory)
    return False


def _is_empty(directory: Path) -> bool:
    with suppress(FileNotFoundError):
        return not any(directory.iterdir())
    return False
