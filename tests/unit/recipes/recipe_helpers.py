"""A builder's view for recipes, below a directory of the test's."""

from __future__ import annotations

from pathlib import Path

from cbuild.recipe.api import Options
from cbuild.recipe.static import StaticBuildout


class Everything(frozenset[str]):
    """What is not there: all that is asked for."""

    def __contains__(self, name: object) -> bool:
        """Return that it is in it."""
        return True


def buildout(directory: Path, sources: dict[str, str] | None = None, **sections: dict[str, str]) -> StaticBuildout:
    """Return a buildout whose directory is this one; a section `part` holds a part's options."""
    own = {"directory": str(directory), "parts-directory": f"{directory}/parts"}
    return StaticBuildout({"buildout": own, **sections}, sources or {}, names=sections, absent=Everything())


def made(recipe, directory: Path, options: dict[str, str], sources: dict[str, str] | None = None, **sections):
    """Return recipe's object for the part `part` with these options."""
    found = buildout(directory, sources, part=dict(options), **sections)
    part: Options = found["part"]
    return recipe(found, "part", part)
