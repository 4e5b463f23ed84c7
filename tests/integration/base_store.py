"""A store with both base images, made once a test run: mmdebstrap takes most of a minute."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
import warnings
from pathlib import Path

from cbuild import base
from cbuild.base import operations
from cbuild.errors import SourceError
from cbuild.state.home import Home


@functools.cache
def base_store() -> Home:
    """Return the store that $CBUILD_TEST_STORE names, or a new one, with the base images in it."""
    named = os.environ.get("CBUILD_TEST_STORE")
    home = Home(Path(named or tempfile.mkdtemp(prefix="cbuild-store-")))
    if not named:
        atexit.register(shutil.rmtree, home.root, ignore_errors=True)
    for name in ("runtime", "builder"):
        _ensure_base(name, home)
    return home


def _ensure_base(name: str, home: Home) -> None:
    """Make a base image; where Debian's mirrors have moved on from the locked versions, with those that they have."""
    try:
        base.ensure(name, home)
    except SourceError as error:
        if error.reason != "base-lock":
            raise
        warnings.warn(f"base-images/{name}.lock is out of date: {error.details}", stacklevel=1)
        operations.lock(name, home)


def link_bases(home: Home) -> Home:
    """Put the base images into a new store (hard links), and let it share the fetched sources; return it."""
    shared = base_store()
    home.root.mkdir(parents=True, exist_ok=True)
    for name in ("oci", "bases"):
        # Each store has its own locks: two tests at once would wait for each other, and see them change.
        ignore = shutil.ignore_patterns(".*lock")
        shutil.copytree(shared.root / name, home.root / name, copy_function=_link, ignore=ignore)
    shared.sources.mkdir(exist_ok=True)
    home.sources.symlink_to(shared.sources)
    return home


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # $CBUILD_TEST_STORE may lie on another file system.
        shutil.copy2(source, target)
