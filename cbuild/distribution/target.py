"""The Python that distributions are for: which wheels it takes, what environment markers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cbuild.profile.facts import BUILDER_FACTS, Facts

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.tags import Tag

GLIBC = (2, 36)
"""Of the builder and the runtime; wheels for any older one run with it, too."""

_OLD_NAMES = {(2, 5): "manylinux1", (2, 12): "manylinux2010", (2, 17): "manylinux2014"}


@dataclass(frozen=True)
class Target:
    """A CPython in the builder."""

    facts: Facts = BUILDER_FACTS

    @classmethod
    def of(cls, version: str) -> Target:
        """Return the target of a part's own Python, ``3.12``; what is behind the minor version counts as 0."""
        major, _, minor = version.partition(".")
        return cls(replace(BUILDER_FACTS, python=(int(major), int(minor), 0)))

    @property
    def platform(self) -> str:
        """Return it as buildout has it in the names of eggs."""
        return f"py{self.facts.python_version}-{self.facts.platform}-{self.facts.machine}"

    @cached_property
    def ranks(self) -> Mapping[Tag, int]:
        """Return the tags of wheels that it takes (PEP 425, 600), the best with the least number."""
        from packaging.tags import compatible_tags, cpython_tags  # noqa: PLC0415 - only to choose anew

        python = self.facts.python[:2]
        abis = [f"cp{python[0]}{python[1]}"]
        tags = [*cpython_tags(python, abis, self._platforms()), *compatible_tags(python, abis[0], self._platforms())]
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    def rank(self, filename: str) -> int | None:
        """Return how good a file is, less is better; None for a wheel that isn't for this Python.

        Source distributions come after all wheels: they run code to be built.
        """
        from packaging.utils import parse_wheel_filename  # noqa: PLC0415 - as above

        if not filename.endswith(".whl"):
            return len(self.ranks)
        return min((self.ranks[tag] for tag in parse_wheel_filename(filename)[3] if tag in self.ranks), default=None)

    def admits(self, python: str) -> bool:
        """Return whether ``Requires-Python`` admits it; what can't be read is taken for no limit, as pip does."""
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - as above

        try:
            return self.facts.python_full_version in SpecifierSet(python)
        except InvalidSpecifier:
            return True

    def holds(self, marker: Marker | None, extras: frozenset[str]) -> bool:
        """Return what a requirement's marker says when these extras are asked for."""
        return marker is None or any(
            marker.evaluate({**self.facts.markers, "extra": extra}) for extra in (*sorted(extras), "")
        )

    def _platforms(self) -> list[str]:
        machine = self.facts.machine
        found: list[str] = []
        for minor in range(GLIBC[1], 4, -1):
            found.append(f"manylinux_{GLIBC[0]}_{minor}_{machine}")
            found += [f"{_OLD_NAMES[GLIBC[0], minor]}_{machine}"] if (GLIBC[0], minor) in _OLD_NAMES else []
        return [*found, f"linux_{machine}"]
