"""The builder's side of `buildout`: what the host has resolved, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from cbuild.recipe.api import Buildout, MissingOption, MissingSection, Options, Source

# `$$` comes in pairs from the left (LANGUAGE.md SUB-4): in `$$${a:b}` it is a reference that follows two dollars.
REFERENCE = re.compile(r"\$\$\{?|\$\{([^:{}\s]*):([^{}]+)\}")


class StaticSource(Source):
    """A source that the host has fetched; ``path`` is where the builder sees it."""

    def __init__(self, url: str, path: str) -> None:
        self.url = url
        self._path = Path(path)

    @property
    def path(self) -> Path:
        """Return where it lies."""
        return self._path


class StaticBuildout(Buildout):
    """Sections and sources as the job document lists them."""

    def __init__(self, sections: Mapping[str, MutableMapping[str, str]], sources: Mapping[str, str]) -> None:
        self._sections = {name: Options(self, name, data) for name, data in sections.items()}
        self._sources = sources

    def __getitem__(self, section: str) -> Options:
        """Return a section; MissingSection if the part didn't ask for it while it was planned."""
        try:
            return self._sections[section]
        except KeyError:
            raise MissingSection(section) from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._sections)

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(self._sections)

    def source(self, url: str, md5sum: str | None = None) -> Source:
        """Return a fetched source."""
        del md5sum  # the host has checked it
        try:
            return StaticSource(url, self._sources[url])
        except KeyError:
            raise MissingOption(f"The source {url} was not declared while the part was planned.") from None

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced; values are resolved already, so once is enough."""

        def value(match: re.Match[str]) -> str:
            if match[2] is None:
                return match[0].replace("$${", "${")
            if match[2] == "_buildout_section_name_":
                return section
            return self[match[1] or section].text(match[2])

        return REFERENCE.sub(value, text)
