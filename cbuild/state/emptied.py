"""Removing what nobody needs, in an order that leaves a store whole wherever it ends."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from cbuild.image.layout import Layout
from cbuild.state import roots
from cbuild.state.garbage import Plan
from cbuild.state.home import Home

GOING = "gc-"
"""How a directory below work/ is called that is being removed: half a directory has no name of its own any more."""


def empty(home: Home, plan: Plan) -> None:
    """Remove the plan's items; the caller is the only one that uses the store (cbuild.state.use.emptying)."""
    layout = Layout(home.oci)
    layout.remove_unfinished()
    layout.untag([item.name for item in plan.items if item.kind == "reference"])
    for item in plan.items:
        for path in item.paths:
            _remove(home, path)
    for state in plan.gone:
        roots.forget(home, state)


def _remove(home: Home, path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    home.work.mkdir(parents=True, exist_ok=True)
    going = home.work / f"{GOING}{os.getpid()}"
    # work/ may be on a file system of its own; what lies outside may lose its files one by one.
    with suppress(OSError):
        path = path.rename(going)
    shutil.rmtree(path)
