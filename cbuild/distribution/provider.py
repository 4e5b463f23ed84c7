"""The rules of choosing, as resolvelib asks for them: candidates of a requirement, dependencies of a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from packaging.requirements import Requirement
from resolvelib import AbstractProvider
from resolvelib.structs import RequirementInformation

from cbuild.distribution.finder import Candidate, Finder
from cbuild.distribution.problems import parsed, pinned_otherwise
from cbuild.distribution.rules import Rules, normal

Key = tuple[str, frozenset[str]]
"""A project and the extras of it that are asked for."""


class Provider(AbstractProvider[Requirement, Candidate, Key]):
    """Chooses by the profile's rules. ProfileError ``version-conflict`` as soon as a requirement excludes a pin.

    developed: projects of which no file is looked for, with what each requires.
    """

    def __init__(self, finder: Finder, rules: Rules, developed: Mapping[str, tuple[str, ...]]) -> None:
        self._finder = finder
        self._rules = rules
        self._developed = developed

    def identify(self, requirement_or_candidate: Requirement | Candidate) -> Key:
        """Return project and extras."""
        return normal(requirement_or_candidate.name), frozenset(map(normal, requirement_or_candidate.extras))

    def get_preference(
        self,
        identifier: Key,
        resolutions: Mapping[Key, Candidate],
        candidates: Mapping[Key, Iterator[Candidate]],
        information: Mapping[Key, Iterator[RequirementInformation[Requirement, Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[Requirement, Candidate]],
    ) -> tuple[bool, str, list[str]]:
        """Return what is pinned first, then by name: the same order in every run."""
        del resolutions, candidates, information, backtrack_causes
        return not self._rules.pin(identifier[0]), identifier[0], sorted(identifier[1])

    def find_matches(
        self,
        identifier: Key,
        requirements: Mapping[Key, Iterator[Requirement]],
        incompatibilities: Mapping[Key, Iterator[Candidate]],
    ) -> list[Candidate]:
        """Return the candidates that all requirements and the pin let through, the best first."""
        project, extras = identifier
        wanted = list(requirements[identifier])
        for requirement in wanted:
            if self._rules.conflicts(requirement):
                raise pinned_otherwise(requirement, self._rules)
        excluded = {candidate.request.url for candidate in incompatibilities[identifier]}
        fitting = [
            candidate
            for candidate in self._finder.candidates(project)
            if candidate.request.url not in excluded
            and self._rules.allows(project, candidate.version)
            and all(self.is_satisfied_by(requirement, candidate) for requirement in wanted)
        ]
        return [replace(candidate, extras=extras) for candidate in self._in_order(project, fitting, wanted)]

    def _in_order(self, project: str, fitting: list[Candidate], wanted: list[Requirement]) -> list[Candidate]:
        """Put what only who names it gets behind the rest: pre-releases, and what its author has taken back."""
        if any(_names_pre_release(requirement) for requirement in wanted) or self._rules.exact(project):
            return fitting
        pre = self._rules.prefer_final
        return sorted(fitting, key=lambda one: (not one.locked, one.yanked, pre and one.version.is_prerelease))

    def is_satisfied_by(self, requirement: Requirement, candidate: Candidate) -> bool:
        """Return whether the requirement admits the candidate's version."""
        return requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate: Candidate) -> Iterable[Requirement]:
        """Return what the candidate requires; with extras, the same version without them as well."""
        said = self._finder.metadata(candidate)
        if candidate.extras:
            yield Requirement(f"{candidate.name}=={candidate.version}")
        texts = (parsed(text, f"{candidate.name} {candidate.version}") for text in said.requires)
        yield from self.needed(texts, candidate.extras)

    def needed(
        self,
        requirements: Iterable[Requirement],
        extras: frozenset[str] = frozenset(),
        seen: frozenset[str] = frozenset(),
    ) -> Iterator[Requirement]:
        """Give the requirements that hold here; in the place of a developed project stands what that requires."""
        for requirement in requirements:
            project = normal(requirement.name)
            if not self._finder.target.holds(requirement.marker, extras):
                continue
            if project not in self._developed:
                yield requirement
            elif project not in seen:
                texts = (parsed(text, requirement.name) for text in self._developed[project])
                yield from self.needed(texts, frozenset(requirement.extras), seen | {project})


def _names_pre_release(requirement: Requirement) -> bool:
    return bool(requirement.specifier.prereleases)
