"""A failed part's builder, opened again: the same image, mounts, user and environment, for a person to look around."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cbuild import base
from cbuild.build.runs import running
from cbuild.build.sandbox import BUILDER, Sandbox, Scratch
from cbuild.build.schedule import cpus
from cbuild.build.surroundings import USER
from cbuild.engine.api import Engine
from cbuild.errors import UsageError
from cbuild.events import silent
from cbuild.recipe.last import NAME
from cbuild.state.home import Home

_LIKE_THE_LAST = f"if [ -f /log/{NAME} ]; then . /log/{NAME}; fi; "
SHELL = ("/bin/sh", "-c", _LIKE_THE_LAST + "if command -v bash >/dev/null; then exec bash --norc; else exec sh; fi")
"""A shell where the last program ran that the recipe started, in its environment."""

COMMAND = ("/bin/sh", "-c", _LIKE_THE_LAST + 'exec "$@"', "sh")
"""What a command's words are appended to, for the same."""


@contextmanager
def reopened(home: Home, connect: Callable[[], Engine], part: str, command: Sequence[str]) -> Iterator[Sequence[str]]:
    """Start the kept builder of part; yield the argv that opens command in it, or a shell if it is empty.

    connect: called once it is known that there is one. UsageError (``nothing-kept``).
    """
    with running(home) as run:
        kept = _kept(home, part)
        engine = connect()
        builder = base.ensure((kept / BUILDER).read_text(encoding="ascii"), home, silent)
        sandbox = Sandbox(engine, home, builder, run, cpus())
        sandbox.load()
        spec = replace(sandbox.spec(part, Scratch(kept, keep=True)), command=("sleep", "infinity"), stop_timeout=0)
        container = engine.create(spec)
        try:
            engine.start(container)
            yield engine.interactive(container, (*COMMAND, *command) if command else SHELL, f"{USER}:{USER}")
        finally:
            engine.remove(container)


def _kept(home: Home, part: str) -> Path:
    """Return the newest scratch directory of part that no run owns."""
    runs = (run for run in home.work.glob("*") if not (run / "lock").exists())
    found = [kept for run in runs if ((kept := home.scratch(run.name, part)) / BUILDER).is_file()]
    if not found:
        raise UsageError(
            f"No failed builder of {part} is kept, and no partition has this name.",
            reason="nothing-kept",
            resolution="Build with --keep-failed, then try again.",
        )
    return max(found, key=lambda path: (path / BUILDER).stat().st_mtime)
