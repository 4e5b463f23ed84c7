"""A profile: its files and the assignments of the command line, merged."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.profile.assignments import Assignment, assign
from cbuild.profile.builtin import DEFAULTS
from cbuild.profile.directories import at_home
from cbuild.profile.extends import File, Loader, Read, split_url
from cbuild.profile.facts import BUILDER_FACTS, Facts
from cbuild.profile.merge import Merged, merge, overlay
from cbuild.profile.origins import Origins
from cbuild.profile.syntax import BASE_LOCATION, Parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_IS_URL = re.compile(r"[a-zA-Z+]+://").match


@dataclass(frozen=True)
class Profile:
    """A profile as its files and the command line give it: merged, neither expanded nor substituted.

    name: the root file's path, or its URL. directory: where what belongs to it lies, see home_of. files: each
    once, the root first. sections: without built-in defaults. origins: where every option comes from.
    bases: what ``_profile_base_location_`` is in any of the files; the root of a web server is left out.
    """

    name: str
    directory: Path
    files: tuple[str, ...]
    sections: Mapping[str, Mapping[str, str]]
    origins: Origins
    bases: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Return the root file's path; of a URL the path in it, which names no file here."""
        parts = split_url(self.name) if _IS_URL(self.name) else None
        return Path(parts.path if parts else self.name)

    def assigned(self, assignments: Sequence[Assignment]) -> Profile:
        """Return the profile after further assignments."""
        sections = {name: dict(options) for name, options in self.sections.items()}
        assign(sections, assignments, DEFAULTS)
        return replace(self, sections=sections, origins=self.origins.assigned(tuple(sections), assignments))


def load(
    file: Path | str,
    assignments: Sequence[Assignment] = (),
    *,
    user_defaults: Path | None = None,
    facts: Facts = BUILDER_FACTS,
    read: Read | None = None,
) -> Profile:
    """Read a profile.

    file: a path, or a URL if read is given. assignments: of the command line, the last one wins; ``buildout:extends``
    adds files on top. user_defaults: a file below all others, ignored if it isn't there. facts: of the machine for
    which conditions are evaluated. read: returns the bytes at a URL. Raises ProfileError.
    """
    name = str(file) if _IS_URL(str(file)) else _absolute(str(file))
    loader = Loader(facts, read, {item.option: item.value for item in assignments if _sets_buildout(item)})
    below = []
    if user_defaults is not None and user_defaults.is_file():
        below.append(loader.load(_absolute(str(user_defaults))))
        loader.below = below[0]
    defaults = loader.read_order
    root = loader.load(name)
    once = _extends_once(assignments, [*below, root])
    merged = merge(_over([*below, root]), once=once)
    layers = [merged]
    sections = merged.sections
    for extra in (_option(assignments, "extends") or "").split():
        layers.append(_finished(loader, extra, once=once))
        overlay(sections, layers[-1].sections)
    kept = [item for item in assignments if (item.section, item.option) != ("buildout", "extends")]
    assign(sections, kept, DEFAULTS)
    return Profile(
        name=name,
        directory=home_of(name, assignments),
        files=tuple(item.name for item in (*loader.read_order[len(defaults) :], *defaults)),
        sections=sections,
        origins=Origins(tuple(sections), layers, kept),
        bases=_bases(loader.files),
    )


def home_of(file: Path | str, assignments: Iterable[Assignment]) -> Path:
    """Return the directory where what belongs to a profile lies, as its lock: the root file's own.

    For a URL it is what ``buildout:directory`` on the command line says (EXT-4), else the current one.
    """
    if not _IS_URL(str(file)):
        return Path(_absolute(str(file))).parent
    return Path.cwd() / at_home(_option(assignments, "directory") or ".")


def _absolute(name: str) -> str:
    return os.path.abspath(name)  # noqa: PTH100 - textual, as the names in extends are: symbolic links stay


def _option(assignments: Iterable[Assignment], option: str) -> str | None:
    """Return what the command line assigns to an option of [buildout]."""
    found = [item.value for item in assignments if _sets_buildout(item) and item.option == option]
    return found[-1] if found else None


def _sets_buildout(item: Assignment) -> bool:
    return item.section == "buildout" and item.op == "="


def _extends_once(assignments: Iterable[Assignment], roots: Iterable[File]) -> bool:
    """Return whether each file counts once: said on the command line, in the profile's file or the user's defaults."""
    value = _option(assignments, "extends-once")
    for root in roots:
        if value is None:
            value = root.parsed.sections.get("buildout", {}).get("extends-once")
    return value == "true"


def _over(files: list[File]) -> File:
    """Return a file without text that extends files."""
    return File("", "", Parsed(), before=list(files))


def _finished(loader: Loader, name: str, *, once: bool) -> Merged:
    """Return the finished result of a file named on the command line, relative to the current directory (EXT-9)."""
    file = loader.load(name if _IS_URL(name) else _absolute(name))
    return merge(_over([file]), once=once)


def _bases(files: Iterable[File]) -> tuple[str, ...]:
    every = (options.get(BASE_LOCATION) for file in files for options in file.parsed.sections.values())
    return tuple(sorted({base for base in every if base is not None and not _is_bare_host(base)}))


def _is_bare_host(base: str) -> bool:
    """Return whether base is a web server's root: far more begins with it than the profile's files."""
    parts = split_url(base) if _IS_URL(base) else None
    return parts is not None and not parts.path.strip("/")
