"""All that is wrong with the sections that a run needs, when something is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.substitution import Resolver
from cbuild.profile.syntax import DEPENDENCIES, MAX_REPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbuild.profile.load import Profile


def survey(profile: Profile, defaults: Mapping[str, str], names: Iterable[str]) -> tuple[list[str], list[ProfileError]]:
    """Resolve every option of the sections called names and of all that they refer to, each on its own.

    defaults: built-in options of [buildout]. Returns the sections that were reached, and what is wrong with their
    options as far as no recipe has to be asked for it: MAX_REPORTED errors at most, without repetitions.
    """
    resolver = Resolver(profile, defaults, lazy=True)
    reached = dict.fromkeys(name for name in names if name in profile.sections)
    errors: dict[int, ProfileError] = {}
    for name in _growing(reached):
        if len(errors) >= MAX_REPORTED:
            break
        try:
            options = resolver.section(name)
        except ProfileError as error:
            errors[id(error)] = error
            continue
        for option in sorted(options):
            try:
                value = options.stored(option)
            except ProfileError as error:
                errors[id(error)] = error
                continue
            if option == DEPENDENCIES:
                reached.update(dict.fromkeys(other for other in value.split() if other in profile.sections))
        found = resolver.references.get(name, ())
        reached.update(dict.fromkeys(other for other in found if other in profile.sections))
    return list(reached), list(errors.values())[:MAX_REPORTED]


def _growing(names: dict[str, None]) -> Iterable[str]:
    """Give the names of a dict that grows meanwhile."""
    done = 0
    while done < len(names):
        for name in list(names)[done:]:
            done += 1
            yield name
