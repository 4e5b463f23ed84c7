"""A failed part's builder, opened again: the same image, mounts, user and environment, for a person to look around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cbuild import base
from cbuild.build.runs import running
from cbuild.build.sandbox import Sandbox, Scratch
from cbuild.build.surroundings import USER
from cbuild.engine.api import Engine
from cbuild.errors import UsageError
from cbuild.events import silent
from cbuild.state.home import Home


@contextmanager
def reopened(home: Home, engine: Engine, part: str, command: Sequence[str]) -> Iterator[Sequence[str]]:
    """Start the kept builder of part; yield the argv that opens command in it. UsageError (``nothing-kept``)."""
    builder = base.ensure("builder", home, silent)
    with running(home) as run:
        scratch = Scratch(_kept(home, part), keep=True)
        sandbox = Sandbox(engine, home, builder, run, make_jobs=1)
        sandbox.load()
        container = engine.create(replace(sandbox.spec(part, scratch), command=("sleep", "infinity")))
        try:
            engine.start(container)
            yield engine.interactive(container, command, f"{USER}:{USER}")
        finally:
            engine.remove(container)


def _kept(home: Home, part: str) -> Path:
    """Return the newest scratch directory of part that no run owns."""
    found = [path for path in home.work.glob(f"*/{part}") if not (path.parent / "lock").exists()]
    if not found:
        raise UsageError(
            f"No failed builder of {part} is kept, and no partition has this name.",
            reason="nothing-kept",
            resolution="Build with --keep-failed, then try again.",
        )
    return max(found, key=lambda path: path.stat().st_mtime)
