"""Directories: slapos.cookbook:mkdirectory and slapos.recipe.build:mkdirectory; they are never removed."""

from __future__ import annotations

import os
from pathlib import Path

from cbuild.recipe.api import Buildout, Options
from recipes.template import mode

_NOT_PATHS = ("recipe", "mode", "_buildout_section_name_", "_profile_base_location_")


class Recipe:
    """Every option but `recipe` and `mode` (octal, default 0777 less the umask) is a directory's path, or empty."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        del name
        directory = buildout["buildout"]["directory"]
        self.mode = mode(options)
        self.paths: list[Path] = []
        for key in sorted(set(options) - set(_NOT_PATHS)):
            if path := options[key].strip():
                # Absolute from here on, so that others who refer to the option need not know where this part ran.
                # A slash at its end stays: they may have put a name right behind it.
                options[key] = os.path.join(directory, path)  # noqa: PTH118 - a Path has no slash at its end
                self.paths.append(Path(directory, path))

    def install(self) -> list[str]:
        """Make what is missing; record nothing, so that uninstalling the part keeps the data."""
        for path in sorted(self.paths):  # a parent first, so that it has the mode as well
            path.mkdir(0o777 if self.mode is None else self.mode, parents=True, exist_ok=True)
        return []

    update = install
