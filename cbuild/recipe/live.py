"""`buildout` on the host and in a partition: resolves on demand and notes what each part asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cbuild.recipe.api import Buildout, Options, Source
from cbuild.recipe.static import REFERENCE


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
    """What one part's constructor asked for: option values by section, and sources (URL to md5)."""

    options: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)


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

    def __getitem__(self, section: str) -> Options:
        """Return a section, initialising it; reads are noted."""
        data = self._resolver.section(section)
        if section == self._part:
            return Options(self, section, data)
        return Options(self, section, _Noting(data, self.asked.options.setdefault(section, {})))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all sections."""
        return iter(self._resolver.names())

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(self._resolver.names())

    def source(self, url: str, md5sum: str | None = None) -> Source:
        """Note that the part needs url; it is fetched later, or when its path is asked for."""
        url = url.strip()
        self.asked.sources[url] = (md5sum or "").strip() or self.asked.sources.get(url)
        return LiveSource(url, md5sum, self._fetch)

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced; what it refers to is noted."""
        for owner, option in references(text):
            if owner and owner != self._part:
                self._note(owner, option)
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
    """A section's options that notes which are read."""

    def __init__(self, data: MutableMapping[str, str], noted: dict[str, str]) -> None:
        self._data = data
        self._noted = noted

    def __getitem__(self, key: str) -> str:
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
