"""The texts of this package's errors, and what finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.distribution.rules import Rules, normal
from cbuild.errors import CbuildError, ProfileError, SourceError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from resolvelib import ResolutionError

    from cbuild.distribution.finder import Candidate, Finder

SHOWN = 12
"""Versions of a project that an error lists."""


def parsed(text: str, owner: str = "") -> Requirement:
    """Return the requirement that a profile, or owner (a distribution), writes; ProfileError ``bad-requirement``."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - 30 ms

    try:
        return Requirement(text)
    except InvalidRequirement as problem:
        raise ProfileError(
            f"{owner} requires {text!r}, which is no requirement." if owner else f"{text!r} is no requirement.",
            reason="bad-requirement", details=str(problem),
            resolution=f"Pin another version of {owner.partition(' ')[0]}."
            if owner else "Write it as NAME, or NAME ==1.2, or NAME[EXTRA] >=1.2, <2.",
        ) from None  # fmt: skip


def pinned_otherwise(requirement: Requirement, rules: Rules) -> ProfileError:
    """Return the error for a requirement that excludes its project's pin (VER-2)."""
    option = rules.option(normal(requirement.name))
    return ProfileError(
        f"The requirement {str(requirement)!r} excludes the pin {option} = {rules.versions[option]}.",
        reason="version-conflict", section=rules.section, option=option,
        resolution=f"Change the pin in [{rules.section}], or what requires it.",
    )  # fmt: skip


def impossible(error: ResolutionError, finder: Finder, rules: Rules) -> CbuildError:
    """Return why no choice fits: a project has no such version, or two requirements exclude each other."""
    # Not in a class of its own in all versions of resolvelib; a resolution that takes too long has no causes.
    causes: list[tuple[Requirement, Candidate | None]] = list(getattr(error, "causes", []))
    lines = [f"{requirement}{_asked_by(parent)}" for requirement, parent in causes]
    for requirement, parent in causes:
        project = normal(requirement.name)
        found = finder.candidates(project)
        if not any(
            rules.allows(project, one.version) and requirement.specifier.contains(one.version, prereleases=True)
            for one in found
        ):
            reason = "version-missing" if found or parent else "distribution-missing"
            problems = finder.problems.get(project, [])
            said = [problem.text for problem in problems]
            if any(problem.unasked for problem in problems):
                return _unreachable(requirement, [*lines, *([_versions(found)] if found else []), *said])
            return _missing(requirement, reason, [*lines, _versions(found), *said], rules)
    return ProfileError(
        "No choice of versions fulfils all requirements.", reason="version-conflict", details="\n".join(lines),
        resolution=f"Pin one of these in [{rules.section}] to a version that all of them admit.",
    )  # fmt: skip


def _missing(requirement: Requirement, reason: str, details: list[str], rules: Rules) -> SourceError:
    project = normal(requirement.name)
    pin = rules.pin(project)
    option = rules.option(project) if pin else None
    asked = f"{requirement}, pinned to {pin}" if pin else str(requirement)
    return SourceError(
        f"There is no distribution for {asked}.", reason=reason,
        section=rules.section if pin else None, option=option, details="\n".join(filter(None, details)),
        resolution="Correct the version, or name a directory or page that has it in find-links.",
    )  # fmt: skip


def _unreachable(requirement: Requirement, details: list[str]) -> SourceError:
    """Return the error for what may well be there: a page that may have it couldn't be asked."""
    return SourceError(
        f"The index could not be asked for {requirement}.", reason="index-unreachable", details="\n".join(details),
        resolution="Try again when it answers; index and find-links of [buildout], else pip's settings, say where.",
    )  # fmt: skip


def _asked_by(parent: Candidate | None) -> str:
    return f" (required by {parent.name} {parent.version})" if parent else ""


def _versions(found: list[Candidate]) -> str:
    if not found:
        return "no file of this project fits the builder's Python"
    versions = sorted({one.version for one in found}, reverse=True)
    return f"there are: {', '.join(map(str, versions[:SHOWN]))}{', …' if len(versions) > SHOWN else ''}"
