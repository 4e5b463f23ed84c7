"""A part as it is going to be built: all that is known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbuild.source import Request


@dataclass(frozen=True)
class RecipeUse:
    """Whose recipe: cbuild's own (module, attribute), or somebody else's (spec, develop: the directories as tars).

    code: digest of all the code that runs in the builder for it. modules: of cbuild's, the runner apart, that it takes.
    """

    code: str
    module: str = ""
    attribute: str = ""
    spec: str = ""
    develop: tuple[Request, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part. All values have virtual paths (cbuild.plan.virtual).

    given: its options before the constructor; options: after it, what other parts see. visible: of other sections what
    it read. sources: URL as the options have it, to what to fetch. requires: the parts that it refers to, and those
    that they refer to, in plan order. names: of all sections, if its recipe asked which there are. absent: sections,
    and ``buildout:OPTION``, that it asked for and that aren't there. read: own options that a text of a file refers to.
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


@dataclass(frozen=True)
class Plan:
    """The parts in the order of initialisation (what a part refers to comes before it) and those asked for."""

    parts: Mapping[str, Part]
    wanted: tuple[str, ...]
    buildout: Mapping[str, str]
