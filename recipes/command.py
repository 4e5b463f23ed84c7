"""Shell commands as a part: plone.recipe.command (SLAPOS.md 1.5)."""

from __future__ import annotations

import os
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import say, shell

STOP = {"no": False, "off": False, "false": False, "yes": True, "on": True, "true": True}


class Recipe:
    """Run command when the part is installed, update-command when it was installed before.

    Options: command, update-command, stop-on-error (without it a failure is only said), location (the paths that the
    command makes). A command's exit code is its last line's: `set -e` is not on.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.directory = Path(buildout["buildout"]["directory"])
        self.options = options
        stop = options.get("stop-on-error", "").strip()
        if stop and stop.lower() not in STOP:
            raise UserError(f"[{name}] stop-on-error = {stop}: it is one of {', '.join(sorted(STOP))}.")
        self.stop = bool(stop) and STOP[stop.lower()]
        self.command = options.get("command", "").strip()
        if not self.command:
            raise UserError(f"[{name}] needs command.")

    def install(self) -> list[str]:
        """Run command; its paths are what location lists."""
        self._run(self.command)
        return self.options.get("location", "").split()

    def update(self) -> list[str]:
        """Run update-command, if there is one."""
        if command := self.options.get("update-command", "").strip():
            self._run(command)
        return []

    def _run(self, command: str) -> None:
        try:
            shell.run(command, dict(os.environ), self.directory, stop=False)
        except UserError as error:
            if self.stop:
                raise
            say.warn(f"{error}; stop-on-error is not set, so the part counts as installed")
