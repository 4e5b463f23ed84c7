"""Which Python distributions a profile's parts get: requirements and the profile's rules to files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cbuild.distribution import Distribution, Distributions, Rules, Target
from cbuild.errors import CbuildError, UsageError
from cbuild.plan.place import place
from cbuild.profile import Resolver
from cbuild.recipe.static import split


class Choice:
    """Chooses by ``[versions]`` and the options of ``[buildout]``; None where no distributions can be had."""

    def __init__(self, resolver: Resolver, distributions: Distributions | None) -> None:
        self._resolver = resolver
        self._distributions = distributions

    def closure(
        self, requirements: Sequence[str], part: str, developed: Mapping[str, tuple[str, ...]]
    ) -> tuple[Distribution, ...]:
        """Return the distributions that fulfil what part requires; errors as of Distributions.closure, with a place.

        requirements: words as of cbuild.recipe.static.asking. developed: as of Distributions.closure.
        """
        if self._distributions is None:
            raise UsageError("There is no index of Python distributions here.")
        try:
            meant = split(requirements)
            target = Target.of(meant.python) if meant.python else None
            links = [self._resolver.link(word) for word in meant.links]
            return self._distributions.closure(
                meant.requirements, self._rules, target=target, source=meant.source, developed=developed, links=links
            )
        except CbuildError as error:
            self._locate(error, part)
            raise

    @property
    def _rules(self) -> Rules:
        # As they are now: the constructor of one part may have changed them for those after it.
        section = self._resolver.option("buildout", "versions").strip()
        known = section and section in self._resolver.names()
        return Rules(
            dict(self._resolver.section(section)) if known else {},
            section or "versions",
            allow_picked=self._resolver.option("buildout", "allow-picked-versions") != "false",
            prefer_final=self._resolver.option("buildout", "prefer-final") != "false",
        )

    def _locate(self, error: CbuildError, part: str) -> None:
        """Say where in the profile a mistake is: at the pin or switch that it names, else at the part's recipe."""
        if error.file is None:
            found = place(self._resolver, error.section or part, error.option or "recipe")
            error.section, error.option, error.file, error.line = found.section, found.option, found.file, found.line
