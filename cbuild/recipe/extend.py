"""The builder's side of `extensions`: each is called with the buildout object, and may change sections (XTN-1).

Runs in the builder only: an extension is anybody's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cbuild.recipe import foreign
from cbuild.recipe.api import Buildout, Options, UserError

GROUP = "zc.buildout.extension"
UNLOAD = "zc.buildout.unloadextension"
"""A group of entry points that nobody calls; and the option of [buildout] that tells the host which extensions have one
(cbuild.plan.extend)."""


def load(recipe: Mapping[str, Any], buildout: Buildout) -> type[Extensions]:
    """Make extensions importable, and return what calls them.

    recipe: as of cbuild.recipe.foreign.load, with extensions (requirements) in the place of spec. Needs when
    distributions are missing.
    """
    names = recipe["extensions"]
    own = foreign.provide(names, recipe, buildout)

    def found(name: str, group: str) -> dict[str, str]:
        if name in own:
            return foreign.developed(own[name], group)
        return foreign.installed(foreign.project(name), recipe["site"], group)

    values: list[str] = []
    for name in names:
        points = found(name, GROUP)
        if not points:
            raise UserError(f"extensions: {name} has no entry point in the group {GROUP}.")
        values += points.values()

    class Loaded(Extensions):
        points = tuple(values)
        unloading = tuple(name for name in names if found(name, UNLOAD))

    return Loaded


class Extensions:
    """Has the form of a recipe; what it changes in sections is in the answer to the host."""

    points: tuple[str, ...] = ()
    unloading: tuple[str, ...] = ()

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        del name
        for point in self.points:
            foreign.imported(point)(buildout)
        if self.unloading:
            options[UNLOAD] = " ".join(self.unloading)

    def install(self) -> None:
        """Do nothing: an extension has no files."""
