"""The distributions of a recipe, in one directory: what a recipe of somebody else's is imported from in a builder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cbuild.recipe.api import Buildout, Options
from recipes.wheel import Maker, compile_all

DIRECTORY = "site"
"""Below the buildout directory."""


class Recipe:
    """distributions: JSON, a list of ``[URL, [URL of each wheel that builds it]]``."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        del name
        self.target = Path(buildout["buildout"]["directory"], DIRECTORY)
        self.distributions = [
            (buildout.source(url), [buildout.source(tool) for tool in tools])
            for url, tools in json.loads(options["distributions"])
        ]

    def install(self) -> str:
        """Unpack the wheels, build and unpack the others; compile all modules."""
        self.target.mkdir()
        maker = Maker(sys.executable, Path(os.environ["CBUILD_BUILD"]), os.environ)
        for source, tools in self.distributions:
            maker.install(source.path, [tool.path for tool in tools], self.target)
        compile_all(self.target, sys.executable)
        return str(self.target)

    update = install
