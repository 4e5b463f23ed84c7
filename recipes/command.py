"""Shell commands as a part: plone.recipe.command's options (SLAPOS.md 1.5)."""

from __future__ import annotations

import os
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import shell


class Recipe:
    """Run command when the part is installed, update-command when it was installed before.

    Options: command, update-command, stop-on-error (without it a failure is only said), location (the paths that the
    command makes).
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.directory = Path(buildout["buildout"]["directory"])
        self.options = options
        self.stop = options.flag("stop-on-error")
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
            shell.run(command, dict(os.environ), self.directory)
        except UserError as error:
            if self.stop:
                raise
            print(f"warning: {error}; stop-on-error is not set, so the part counts as installed", flush=True)  # noqa: T201 - this is the part's log
