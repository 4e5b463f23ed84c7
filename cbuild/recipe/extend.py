"""The builder's side of `extensions`: each is called with the buildout object, and may change sections (XTN-1).

Runs in the builder only: an extension is anybody's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cbuild.recipe import foreign
from cbuild.recipe.api import Buildout, Options, UserError

GROUP = "zc.buildout.extension"


def load(recipe: Mapping[str, Any], buildout: Buildout) -> type[Extensions]:
    """Make extensions importable, and return what calls them.

    recipe: as of cbuild.recipe.foreign.load, with extensions (requirements) in the place of spec. Needs when
    distributions are missing.
    """
    names = recipe["extensions"]
    own = foreign.provide(names, recipe, buildout)
    values: list[str] = []
    for name in names:
        project, site = foreign.project(name), recipe["site"]
        points = foreign.developed(own[name], GROUP) if name in own else foreign.installed(project, site, GROUP)
        if not points:
            raise UserError(f"extensions: {name} has no entry point in the group {GROUP}.")
        values += points.values()

    class Loaded(Extensions):
        points = tuple(values)

    return Loaded


class Extensions:
    """Has the form of a recipe; what it changes in sections is in the answer to the host."""

    points: tuple[str, ...] = ()

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        del name, options
        for point in self.points:
            foreign.imported(point)(buildout)

    def install(self) -> None:
        """Do nothing: an extension has no files."""
