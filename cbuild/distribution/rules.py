"""What a profile says about versions: pins, and whether anything may go without one (LANGUAGE.md, VER)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_OPERATOR = re.compile(r"[<>=!~]")

BUILDOUTS_OWN = frozenset({"packaging", "pip", "platformdirs", "setuptools", "wheel", "zc-buildout"})
"""What a buildout runs on: there before any version is picked, so none of it counts as picked."""


def normal(name: str) -> str:
    """Return a project's normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


@dataclass(frozen=True)
class Rules:
    """The options of ``[buildout]`` that bear on versions, and the section that ``versions`` names.

    versions: project to pin, as written. section: its name, for errors.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    section: str = "versions"
    allow_picked: bool = True
    prefer_final: bool = True

    @property
    def said(self) -> tuple[object, ...]:
        """Return all that a choice can depend on; equal and hashed by that."""
        return (*self.versions.items(), self.allow_picked, self.prefer_final)

    @cached_property
    def _pins(self) -> dict[str, str]:
        # `:whl` says that a wheel will do (SlapOS's fork); here wheels always go first.
        named = {normal(name): value.strip().removesuffix(":whl").strip() for name, value in self.versions.items()}
        return {name: value for name, value in named.items() if value}

    def pin(self, project: str) -> str:
        """Return the pin of a project (normalised), empty if it has none."""
        return self._pins.get(project, "")

    def option(self, project: str) -> str:
        """Return the name under which the section has a project's pin."""
        return next((name for name in self.versions if normal(name) == project), project)

    def exact(self, project: str) -> Version | None:
        """Return the one version that is allowed; None if there is no pin, or one that is a range."""
        from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - only to choose anew

        pin = self.pin(project).removeprefix("==").strip()
        if not pin or pin.endswith("*") or _OPERATOR.search(pin):
            return None
        try:
            return Version(pin)
        except InvalidVersion:
            raise self._bad(project) from None

    def allows(self, project: str, version: Version) -> bool:
        """Return whether the pin lets this version through.

        ``1.2+SlapOSPatched001`` is 1.2 after patches that a part applies to it: 1.2 itself is as good.
        """
        exact = self.exact(project)
        if exact is not None:
            return version == exact or (exact.local is not None and str(version) == exact.public)
        return version in self._range(project)

    def conflicts(self, requirement: Requirement) -> bool:
        """Return whether the requirement excludes the one version that its project is pinned to."""
        exact = self.exact(normal(requirement.name))
        return exact is not None and not requirement.specifier.contains(exact, prereleases=True)

    def _range(self, project: str) -> SpecifierSet:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - as above

        try:
            pin = self.pin(project)
            return SpecifierSet(pin if not pin or _OPERATOR.search(pin) else f"=={pin}", prereleases=True)
        except InvalidSpecifier:
            raise self._bad(project) from None

    def _bad(self, project: str) -> ProfileError:
        option = self.option(project)
        return ProfileError(
            f"[{self.section}] {option} = {self.versions[option]} is no version.", reason="bad-value",
            section=self.section, option=option, resolution="Write a version, or a range such as `>=1.2, <2`.",
        )  # fmt: skip
