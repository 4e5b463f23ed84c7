"""All that is wrong with the sections that a run needs, when something is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.substitution import Resolver
from cbuild.profile.syntax import DEPENDENCIES, MAX_REPORTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cbuild.profile.load import Profile


def survey(profile: Profile, defaults: Mapping[str, str], names: Iterable[str]) -> tuple[list[str], list[ProfileError]]:
    """Resolve every option of the sections called names and of all that they refer to, each on its own.

    defaults: built-in options of [buildout]. Returns the sections that were reached, and what is wrong with their
    options as far as no recipe has to be asked for it: MAX_REPORTED errors at most, without repetitions.
    """
    resolver = Resolver(profile, defaults, lazy=True)
    reached = _Reached(profile.sections, names)
    errors: dict[int, ProfileError] = {}
    for name in reached.order:
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
                reached.add(value.split())
        reached.add(resolver.referred(name))
    return reached.order, list(errors.values())[:MAX_REPORTED]


class _Reached:
    """The sections that were reached, each once; order grows while it is gone through."""

    def __init__(self, sections: Collection[str], names: Iterable[str]) -> None:
        self._sections = sections
        self._known: set[str] = set()
        self.order: list[str] = []
        self.add(names)

    def add(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._sections and name not in self._known:
                self._known.add(name)
                self.order.append(name)
