"""Python projects that parts develop (zc.recipe.egg:develop): for whoever requires one, no index is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from cbuild.distribution import normal
from cbuild.errors import SourceError
from cbuild.plan.part import Part
from cbuild.recipe.registry import find
from cbuild.source import Request

_DEVELOP = find("zc.recipe.egg:develop")
_NAMES = ("egg", "egg-name")
"""Options by which real profiles say what a checkout is called; else it is the part's name."""
_END = re.compile(r"[\[<>=!~;\s]")

Fetch = Callable[[Request], Path]


def developed(part: Part, parts: Mapping[str, Part], fetch: Fetch) -> dict[str, tuple[str, ...]]:
    """Return the projects (normalised) that part gets from parts that it refers to, each with what that requires.

    parts: what part requires, at least. fetch: to read a checkout. One that can't be had says nothing: it is told with
    all other sources that are missing.
    """
    found: dict[str, tuple[str, ...]] = {}
    for other in (parts[name] for name in part.requires):
        if _DEVELOP and (other.recipe.module, other.recipe.attribute) == (_DEVELOP.module, _DEVELOP.attribute):
            requires: tuple[str, ...] = ()
            with suppress(SourceError):
                requires = _requires(other, parts, fetch)
            words = (_END.split(other.options.get(option, "").strip(), maxsplit=1)[0] for option in _NAMES)
            found |= {normal(name): requires for name in (other.name, *words) if name}
    return found


def _requires(part: Part, parts: Mapping[str, Part], fetch: Fetch) -> tuple[str, ...]:
    """Return what the checkout says that it requires: a directory of the profile's, or what another part unpacks."""
    from cbuild.distribution.declared import declared  # noqa: PLC0415 - parsers that hardly any run needs

    setup = part.options.get("setup", "").strip()
    if setup in part.sources:
        return declared(fetch(part.sources[setup]))
    for other in (parts[name] for name in part.requires):
        location = other.options.get("location", "")
        if location and other.sources and PurePosixPath(setup).is_relative_to(location):
            inside = PurePosixPath(setup).relative_to(location)
            return declared(fetch(next(iter(other.sources.values()))), str(inside))
    return ()
