"""Everything that can be known of a profile without running a recipe (CLI.md, ``annotate``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.errors import CbuildError, ProfileError
from cbuild.profile.builtin import IMAGE_DIRECTORY, check, with_directory
from cbuild.profile.origins import Origin
from cbuild.profile.substitution import Resolver

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cbuild.profile.load import Profile

BUILDOUT = "buildout"
DEFAULT = "default"
"""The file of an option that is built in."""


@dataclass(frozen=True)
class Annotation:
    """Every option of the profile, resolved on its own.

    sections: without cbuild's defaults; ``$${`` as it is written. parts: in the order in which they are initialised; if
    they can't be, those that [buildout] lists. files and those in origins: relative to the profile's directory if they
    are below it. unresolved: section to option to ``reason: brief``.
    """

    sections: Mapping[str, Mapping[str, str]]
    parts: Sequence[str]
    files: Sequence[str]
    origins: Mapping[str, Mapping[str, Sequence[Origin]]]
    unresolved: Mapping[str, Mapping[str, str]]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape of the command line's contract."""
        return {
            "sections": self.sections,
            "parts": list(self.parts),
            "files": list(self.files),
            "origins": {
                section: {option: [item.as_dict() for item in found] for option, found in options.items()}
                for section, options in self.origins.items()
            },
            "unresolved": self.unresolved,
        }


def annotate(profile: Profile, only: Collection[str] = (), *, directory: str = IMAGE_DIRECTORY) -> Annotation:
    """Resolve profile's options, each on its own; an option that can't be resolved doesn't keep others from it.

    only: the sections wanted (default: all); ProfileError ``missing-section`` for one that isn't there.
    directory: what ``${buildout:directory}`` is where the profile doesn't say.
    """
    defaults = with_directory(directory)
    resolver = Resolver(profile, defaults, lazy=True)
    shown = _Shown({file: _relative(file, str(profile.directory)) for file in profile.files})
    wanted = list(only) or list(profile.sections)
    sections: dict[str, dict[str, str]] = {}
    unresolved: dict[str, dict[str, str]] = {}
    for name in wanted:
        sections[name] = {}
        _resolve(profile, resolver, name, sections[name], unresolved)
    if BUILDOUT in sections:
        _check(sections[BUILDOUT], unresolved)
    return Annotation(
        sections=sections,
        parts=_parts(profile, defaults, resolver),
        files=tuple(shown.names.values()),
        origins={
            name: _origins(resolver.section_origins(name), (*found, *unresolved.get(name, ())), shown)
            for name, found in sections.items()
        },
        unresolved=unresolved,
    )


def merged(profile: Profile, only: Collection[str] = (), *, directory: str = IMAGE_DIRECTORY) -> Annotation:
    """Return profile's options as its files and the command line give them: before inheritance and references (CLI-6).

    [buildout] has its defaults, too. only: the sections wanted (default: all); one that isn't there is left out.
    """
    defaults = with_directory(directory)
    raw: dict[str, Mapping[str, str]] = {BUILDOUT: {}, **profile.sections}
    raw[BUILDOUT] = {**defaults, **raw[BUILDOUT]}
    wanted = [name for name in only or raw if name in raw]
    shown = _Shown({file: _relative(file, str(profile.directory)) for file in profile.files})
    built_in = (Origin(DEFAULT, 0, 0, "="),)
    origins: dict[str, dict[str, Sequence[Origin]]] = {}
    for name in wanted:
        known = profile.origins.get(name, {})
        origins[name] = {option: shown(known.get(option.rstrip(" +-"), built_in)) for option in raw[name]}
    return Annotation(
        sections={name: raw[name] for name in wanted},
        parts=raw[BUILDOUT].get("parts", "").split(),
        files=tuple(shown.names.values()),
        origins=origins,
        unresolved={},
    )


def _resolve(
    profile: Profile,
    resolver: Resolver,
    name: str,
    into: dict[str, str],
    unresolved: dict[str, dict[str, str]],
) -> None:
    try:
        options = resolver.section(name)
    except ProfileError as error:
        if name not in profile.sections:
            raise
        unresolved.setdefault(name, {}).update(dict.fromkeys(profile.sections[name], _why(error)))
        return
    # [buildout] has cbuild's defaults among its options, and its directories made absolute: neither is shown.
    written = profile.sections[BUILDOUT] if name == BUILDOUT else resolver.expanded(name)
    for option in sorted(written):
        value = written[option]
        if "${" not in value:
            into[option] = value
            continue
        try:
            into[option] = options.stored(option)
        except ProfileError as error:
            unresolved.setdefault(name, {})[option] = _why(error)


def _origins(
    known: Mapping[str, Sequence[Origin]], options: Iterable[str], shown: _Shown
) -> dict[str, Sequence[Origin]]:
    return {name: shown(known.get(name, ())) for name in options}


def _check(options: Mapping[str, str], unresolved: dict[str, dict[str, str]]) -> None:
    try:
        check(options)
    except ProfileError as error:
        for each in (error, *error.others):
            unresolved.setdefault(BUILDOUT, {})[each.option or ""] = _why(each)


def _why(error: CbuildError) -> str:
    return f"{error.reason}: {error.brief}"


def _parts(profile: Profile, defaults: Mapping[str, str], lazy: Resolver) -> list[str]:
    """Return the parts in order; those that [buildout] lists if a section that they need can't be resolved."""
    try:
        return Resolver(profile, defaults).initialise()
    except ProfileError:
        pass
    try:
        return lazy.option(BUILDOUT, "parts").split()
    except ProfileError:
        return []


def _relative(file: str, directory: str) -> str:
    return file.removeprefix(directory.rstrip("/") + "/")


class _Shown:
    """Origins with their files' names as they are shown; each one is made once."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self._made: dict[int, tuple[Origin, ...]] = {}
        self._each: dict[int, Origin] = {}

    def __call__(self, origins: Sequence[Origin]) -> tuple[Origin, ...]:
        # The resolver keeps all origins, so that an identity stays the same one's; heirs have their parents'.
        return self._made.get(id(origins)) or self._make(origins)

    def _make(self, origins: Sequence[Origin]) -> tuple[Origin, ...]:
        made = self._made[id(origins)] = tuple([self._each.get(id(item)) or self._one(item) for item in origins])
        return made

    def _one(self, item: Origin) -> Origin:
        made = self._each[id(item)] = Origin(self.names.get(item.file, item.file), item.line, item.column, item.op)
        return made
