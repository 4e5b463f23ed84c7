"""A part as it is going to be built: all that is known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cbuild.distribution.distribution import Distribution
from cbuild.recipe.static import together
from cbuild.source import Request


@dataclass(frozen=True)
class RecipeUse:
    """Whose recipe: cbuild's own (module, attribute), or somebody else's (spec, develop: the directories as tars).

    code: digest of all the code of cbuild's and of develop that runs in the builder for it. modules: of cbuild's, the
    runner apart, that it takes. requirements: of the distributions that it is imported from. extensions: in the place
    of a recipe, extensions of buildout's (cbuild.plan.extend).
    """

    code: str
    module: str = ""
    attribute: str = ""
    spec: str = ""
    develop: tuple[Request, ...] = ()
    modules: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part. All values have virtual paths (cbuild.plan.virtual).

    given: its options before the constructor; options: after it, what other parts see. visible: of other sections what
    it read. sources: URL as the options have it, to what to fetch. requires: the parts that it refers to, and those
    that they refer to, in plan order. names: of all sections, if its recipe asked which there are. absent: sections,
    and ``buildout:OPTION``, that it asked for and that aren't there. read: own options that a text of a file refers to.
    distributions: of Python, by the requirements that belong together (cbuild.recipe.static.together); their files are
    among the sources. parsed: texts of a profile that its recipe has added (``buildout.parse``).
    """

    name: str
    recipe: RecipeUse
    given: Mapping[str, str]
    options: Mapping[str, str]
    visible: Mapping[str, Mapping[str, str]]
    sources: Mapping[str, Request]
    requires: tuple[str, ...]
    names: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()
    distributions: Mapping[str, tuple[Distribution, ...]] = field(default_factory=dict)
    parsed: tuple[str, ...] = ()

    @property
    def origin(self) -> tuple[Distribution, ...]:
        """Return the distributions that the recipe is imported from."""
        return self.distributions.get(together(self.recipe.requirements), ()) if self.recipe.requirements else ()

    def with_distributions(self, requirements: Sequence[str], found: tuple[Distribution, ...]) -> Part:
        """Return the part with what was chosen for requirements."""
        requests = {request.url: request for one in found for request in one.requests}
        distributions = {**self.distributions, together(requirements): found}
        return replace(self, distributions=distributions, sources={**self.sources, **requests})


@dataclass(frozen=True)
class Plan:
    """The parts in the order of initialisation (what a part refers to comes before it) and those asked for."""

    parts: Mapping[str, Part]
    wanted: tuple[str, ...]
    buildout: Mapping[str, str]
