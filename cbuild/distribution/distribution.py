"""A distribution that was chosen: a file, and what it needs to be built."""

from __future__ import annotations

from dataclasses import dataclass

from cbuild.source import Request


@dataclass(frozen=True)
class Distribution:
    """One wheel or source distribution.

    name: normalised. request: names the file, with its sha256. platform: what it is for (Target.platform). build: the
    wheels that build a source distribution.
    """

    name: str
    version: str
    request: Request
    platform: str
    build: tuple[Distribution, ...] = ()

    @property
    def egg(self) -> str:
        """Return the name that buildout would give its egg: what a signature has (LANGUAGE.md, INS-13)."""
        return f"{self.name.replace('-', '_')}-{self.version}-{self.platform}.egg"

    @property
    def fact(self) -> tuple[str, str, tuple[str, ...]]:
        """Return what a recipe is told (cbuild.recipe.static.Chosen)."""
        return self.egg, self.request.url, tuple(tool.request.url for tool in self.build)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Return all files that it takes to install it."""
        return (self.request, *(tool.request for tool in self.build))
