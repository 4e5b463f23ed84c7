"""The zc.buildout recipe API, for recipes of anybody and for cbuild's own (LANGUAGE.md, RCP-1 to RCP-7).

Standard library only: this module is imported on the host (to plan), in the builder (to install) and in a partition.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from cbuild.recipe.typed import MARK, dumps, loads

__all__ = [
    "BadValue",
    "Buildout",
    "Egg",
    "MissingOption",
    "MissingSection",
    "Options",
    "Recipe",
    "RecipeClass",
    "Source",
    "UserError",
    "dumps",
    "loads",
]

TRUE_FALSE = {"true": True, "false": False}


class UserError(Exception):
    """What a recipe raises for a mistake in the profile."""


class MissingOption(UserError, KeyError):  # noqa: N818 - the name is zc.buildout's
    """An option that the profile does not have."""

    def __str__(self) -> str:
        """Return the message without KeyError's quotes."""
        return str(self.args[0])


class MissingSection(UserError, KeyError):  # noqa: N818 - the name is zc.buildout's
    """A section that the profile does not have."""

    def __str__(self) -> str:
        """Return the message without KeyError's quotes."""
        return f"The referenced section, {self.args[0]!r}, was not defined."


class BadValue(UserError):  # noqa: N818 - it is one of a family without the suffix
    """An option that starts with ``!py!`` and can't be evaluated (SLP-3)."""


class Options(MutableMapping[str, str]):
    """A section's resolved options; what a constructor sets here is seen by other parts (RCP-5).

    data: shared with whoever made this object; changes go through. It holds text: a value that is none is kept as
    ``!py!`` and its literal, and evaluated when it is read (SLP-3). Nearly all values are text, so they are typed so.
    """

    def __init__(self, buildout: Buildout, name: str, data: MutableMapping[str, str]) -> None:
        self.buildout = buildout
        self.name = name
        self._data = data
        self._created: list[str] = []

    def __getitem__(self, key: str) -> str:
        """Return an option's value; MissingOption if there is none, BadValue if it can't be evaluated."""
        text = self.text(key)
        if not text.startswith(MARK):
            return text
        try:
            return cast("str", loads(text))
        except ValueError as error:
            raise BadValue(f"[{self.name}] {key}: {error}") from None

    def __setitem__(self, key: str, value: object) -> None:
        """Set an option to text, or to a value made of literals; TypeError for anything else."""
        self._data[key] = value if isinstance(value, str) else dumps(value)

    def text(self, key: str) -> str:
        """Return an option's text, as references and the state file have it; MissingOption if there is none."""
        try:
            return self._data[key]
        except KeyError:
            raise MissingOption(f"Missing option: {self.name}:{key}") from None

    def __delitem__(self, key: str) -> None:
        """Remove an option."""
        if key not in self._data:
            raise MissingOption(f"Missing option: {self.name}:{key}")
        del self._data[key]

    def __contains__(self, key: object) -> bool:
        """Return whether there is such an option, be its value a good one or not."""
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(list(self._data))

    def __len__(self) -> int:
        """Return the number of options."""
        return len(self._data)

    def copy(self) -> dict[str, str]:
        """Return a plain dict of the options' texts."""
        return dict(self._data)

    def created(self, *paths: str) -> list[str]:
        """Register paths to delete if the running install or update raises; return all of them (RCP-7)."""
        self._created.extend(paths)
        return self._created

    def _sub(self, template: str, seen: object) -> str:
        """Return template with references replaced: not public in zc.buildout, but recipes that render files use it."""
        del seen
        return self.buildout.substitute(template, self.name)

    def barrier(self) -> None:
        """Say that every section initialised later depends on this one (SlapOS's fork).

        Nothing to do: a part depends on what it refers to, and is built again when that changes.
        """

    @property
    def depends(self) -> set[str]:
        """Return the sections that this one depends on without a reference (SlapOS's fork): none, see barrier."""
        return set()

    @depends.setter
    def depends(self, value: set[str]) -> None:
        """Ignore what is set: references are found where they are made."""

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean option: exactly ``true`` or ``false``."""
        value = self._data.get(key)
        if value is None or not value.strip():
            return default
        if value.startswith(MARK):
            value = str(self[key]).lower()
        try:
            return TRUE_FALSE[value.strip()]
        except KeyError:
            raise UserError(f"Invalid value for {key!r} option: {value!r}; it is true or false") from None


class Buildout(Mapping[str, Options]):
    """All sections, by name; asking for one that isn't initialised yet initialises it (RCP-6).

    Three kinds stand behind it: on the host and in a partition one that resolves on demand, in the builder one that
    holds what the host has resolved.
    """

    @abstractmethod
    def source(self, url: str, md5sum: str | None = None, alternate: str = "") -> Source:
        """Declare that the part needs the file at url (a URL or an absolute path); it is fetched before the build.

        alternate: a URL to try when url doesn't give it.
        """

    def distributions(
        self, *requirements: str, python: str = "", source: bool = False, links: Sequence[str] = ()
    ) -> list[Egg]:
        """Declare that the part needs these Python distributions; return them, with all that they need in turn.

        python: the version that they are for (``3.12``), the builder's own if it is empty. source: those that are named
        come as source distributions. links: more ``find-links``, where they may be.
        """
        del python, source, links
        raise UserError(f"Python distributions can't be had here: {', '.join(requirements)}.")

    @abstractmethod
    def substitute(self, text: str, section: str) -> str:
        """Return text with ``${section:option}`` replaced and ``$${`` turned into ``${``; ``${:x}`` is section's."""


class Source(Protocol):
    """A file that a part needs from outside."""

    url: str

    @property
    def path(self) -> Path:
        """Return where it lies now: on the host this fetches it at once, in the builder it is there already."""


@dataclass(frozen=True)
class Egg:
    """A Python distribution that a part needs.

    name: what buildout calls its egg, unpacked. source: the file; tools: wheels that build it, none for a wheel.
    """

    name: str
    source: Source
    tools: tuple[Source, ...] = ()


class Recipe(Protocol):
    """What an entry point of the group ``zc.buildout`` makes."""

    def install(self) -> str | Iterable[str] | None:
        """Install the part; return the paths it made."""

    def update(self) -> str | Iterable[str] | None:
        """Bring an installed part up to date."""


class RecipeClass(Protocol):
    """A recipe's constructor."""

    def __call__(self, buildout: Buildout, name: str, options: Options) -> Recipe:
        """Make the recipe for one part; sets options, has no other effect."""
