"""`buildout` on the host and in a partition: resolves on demand and notes what each part asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cbuild.recipe.api import Buildout, Egg, Options, Source
from cbuild.recipe.static import REFERENCE, asking


class Resolver(Protocol):
    """What is needed of cbuild.profile.Resolver."""

    def section(self, name: str) -> MutableMapping[str, str]:
        """Return a section's resolved options, live; initialises it."""

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced."""

    def names(self) -> list[str]:
        """Return the names of all sections."""


Fetch = Callable[[str, str | None], Path]
"""URL (or path) and md5 to the file on this machine."""


@dataclass
class Asked:
    """What one part's constructor asked for: option values by section, sources (URL to md5), what is not there.

    alternates: URL to another that may have it. names: whether it wanted to know which sections there are. absent:
    sections, and ``buildout:OPTION``. own: options of the part's own that a file's text refers to. distributions:
    requirements of Python distributions that belong together.
    """

    options: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    alternates: dict[str, str] = field(default_factory=dict)
    names: bool = False
    absent: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    distributions: list[tuple[str, ...]] = field(default_factory=list)


class LiveSource(Source):
    """A source that is fetched when its path is wanted."""

    def __init__(self, url: str, md5sum: str | None, fetch: Fetch) -> None:
        self.url = url
        self._md5sum = md5sum
        self._fetch = fetch

    @property
    def path(self) -> Path:
        """Fetch the file if need be and return where it lies."""
        return self._fetch(self.url, self._md5sum)


class LiveBuildout(Buildout):
    """One part's view: everything it reads is noted in `asked`."""

    def __init__(self, resolver: Resolver, part: str, fetch: Fetch) -> None:
        self._resolver = resolver
        self._part = part
        self._fetch = fetch
        self.asked = Asked()
        self.renders = False
        """Whether the part had references in a text of its own replaced."""

    def __getitem__(self, section: str) -> Options:
        """Return a section, initialising it; reads are noted."""
        data = self._resolver.section(section)
        if section == self._part:
            return Options(self, section, data)
        noted = self.asked.options.setdefault(section, {})
        return Options(self, section, _Noting(data, noted, self.asked.absent if section == "buildout" else set()))

    def get(self, section: str, default: object = None) -> object:  # type: ignore[override]  # as Mapping's
        """Return a section, default if there is none."""
        if section not in self._resolver.names():
            self.asked.absent.add(section)
            return default
        return self[section]

    def __contains__(self, section: object) -> bool:
        """Return whether there is such a section; it isn't initialised for that."""
        return section in self._all()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all sections."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(self._all())

    def _all(self) -> list[str]:
        self.asked.names = True
        return self._resolver.names()

    def source(self, url: str, md5sum: str | None = None, alternate: str = "") -> Source:
        """Note that the part needs url; it is fetched later, or when its path is asked for."""
        url = url.strip()
        self.asked.sources[url] = (md5sum or "").strip() or self.asked.sources.get(url)
        if alternate.strip():
            self.asked.alternates[url] = alternate.strip()
        return LiveSource(url, md5sum, self._fetch)

    def distributions(
        self, *requirements: str, python: str = "", source: bool = False, links: Sequence[str] = ()
    ) -> list[Egg]:
        """Note that the part needs them; they are chosen when its constructor has ended, so none is returned yet."""
        self.asked.distributions.append(tuple(asking(requirements, python, source=source, links=links)))
        return []

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced; what it refers to is noted."""
        self.renders = True
        for owner, option in references(text):
            if owner and owner != self._part:
                self._note(owner, option)
            else:
                self.asked.own.add(option)
        return self._resolver.substitute(text, section)

    def _note(self, section: str, option: str) -> None:
        options = self[section]
        if option in options:
            options.text(option)


def references(text: str) -> Iterator[tuple[str, str]]:
    """Return (section, option) of each ``${section:option}`` in text; ``$$`` before it makes it no reference."""
    for match in REFERENCE.finditer(text):
        if match[2] is not None:
            yield match[1], match[2]


class _Noting(MutableMapping[str, str]):
    """A section's options that notes which are read, and (for [buildout]) which aren't there."""

    def __init__(self, data: MutableMapping[str, str], noted: dict[str, str], absent: set[str]) -> None:
        self._data = data
        self._noted = noted
        self._absent = absent

    def __getitem__(self, key: str) -> str:
        if key not in self._data:
            self._absent.add(f"buildout:{key}")
        value = self._data[key]
        self._noted[key] = value
        return value

    def __setitem__(self, key: str, value: str) -> None:
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)
