"""A store with both base images, made once a test run: mmdebstrap takes most of a minute."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from cbuild import base
from cbuild.state.home import Home


@functools.cache
def base_store() -> Home:
    """Return the store that $CBUILD_TEST_STORE names, or a new one, with the base images in it."""
    named = os.environ.get("CBUILD_TEST_STORE")
    home = Home(Path(named or tempfile.mkdtemp(prefix="cbuild-store-")))
    if not named:
        atexit.register(shutil.rmtree, home.root, ignore_errors=True)
    for name in ("runtime", "builder"):
        base.ensure(name, home)
    return home


def link_bases(home: Home) -> Home:
    """Put the base images into a new store (hard links), and let it share the fetched sources; return it."""
    shared = base_store()
    home.root.mkdir(parents=True, exist_ok=True)
    for name in ("oci", "bases"):
        shutil.copytree(shared.root / name, home.root / name, copy_function=_link)
    shared.sources.mkdir(exist_ok=True)
    home.sources.symlink_to(shared.sources)
    return home


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # $CBUILD_TEST_STORE may lie on another file system.
        shutil.copy2(source, target)
