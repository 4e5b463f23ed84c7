"""Runs of cbuild on this store: each has a directory with a lock, so that what a killed one left is found."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cbuild.canonical import sha256_bytes
from cbuild.engine.api import Engine
from cbuild.errors import UsageError
from cbuild.image.layout import Layout
from cbuild.state.home import Home


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
    starting = home.root / f".starting-{name}"
    starting.mkdir(parents=True)
    home.work.mkdir(exist_ok=True)
    with (starting / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # It appears locked: a run that cleans up at this moment must not take it for a dead one's.
        starting.rename(directory)
        # What is written here is for the builders' users to read, whatever the caller keeps to itself.
        umask = os.umask(0o022)
        try:
            yield name
        finally:
            os.umask(umask)
            # What was kept after a failure stays, without the lock's file: it belongs to nobody.
            (directory / "lock").unlink(missing_ok=True)
            if not any(directory.iterdir()):
                directory.rmdir()


def label(home: Home) -> dict[str, str]:
    """Return the label that all containers of this store carry."""
    return {"cbuild.home": sha256_bytes(str(home.root).encode())[7:23]}


def clean(home: Home, engine: Engine) -> None:
    """Remove what runs left that were killed: their containers, unfinished blobs, scratch directories."""
    dead = {path.name for path in home.work.glob("*") if _is_dead(path)}
    for container in engine.containers(label(home)):
        run = container.labels.get("cbuild.run", "")
        if run and (run in dead or not (home.work / run).exists()):
            engine.remove(container.id)
    Layout(home.oci).remove_unfinished()
    for name in dead:
        shutil.rmtree(home.work / name, ignore_errors=True)


def _is_dead(directory: Path) -> bool:
    try:
        with (directory / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        # Kept on purpose after a failure, or about to be locked.
        return False
