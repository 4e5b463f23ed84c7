"""The builder's side of `buildout`: what the host has given, and a way to ask for more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cbuild.recipe.api import Buildout, Egg, MissingSection, Options, Source
from cbuild.recipe.needs import Needs

# `$$` comes in pairs from the left (LANGUAGE.md SUB-4): in `$$${a:b}` it is a reference that follows two dollars.
REFERENCE = re.compile(r"\$\$\{?|\$\{([^:{}\s]*):([^{}]+)\}")


# None can be a requirement.
PYTHON, SOURCE, LINK = "python:", "source:", "link:"

Chosen = tuple[str, str, Sequence[str]]
"""A distribution: its egg's name, its URL, the URLs of the wheels that build it."""


class StaticSource(Source):
    """A source; ``path`` is where the builder sees it."""

    def __init__(self, url: str, md5sum: str | None, fetched: Mapping[str, str]) -> None:
        self.url = url
        self._md5sum = md5sum
        self._fetched = fetched

    @property
    def path(self) -> Path:
        """Return where it lies: where the host put it, or the file that it names in the builder; Needs otherwise."""
        if self.url in self._fetched:
            return Path(self._fetched[self.url])
        path = Path(self.url.removeprefix("file://"))
        if path.is_absolute() and path.exists():
            return path
        raise Needs(source=self.url, md5=self._md5sum)


class StaticBuildout(Buildout):
    """Sections and sources as the job document lists them; what it doesn't list is asked for (Needs).

    names: of all sections of the profile, None if nobody asked yet. absent: sections, and ``buildout:OPTION``, that
    are known not to be there. distributions: by their requirements, name, URL and URLs of tools of each. parsed: texts
    whose sections the profile has by now.
    """

    def __init__(
        self,
        sections: Mapping[str, MutableMapping[str, str]],
        sources: Mapping[str, str],
        names: Collection[str] | None = None,
        absent: Collection[str] = (),
        distributions: Mapping[str, Sequence[Chosen]] | None = None,
        parsed: Collection[str] = (),
    ) -> None:
        self._given = {name: dict(data) for name, data in sections.items()}
        self._sections = {name: Options(self, name, data) for name, data in sections.items()}
        if "buildout" in sections:
            self._sections["buildout"] = Options(self, "buildout", _Asking(sections["buildout"], absent))
        self._sources = sources
        self._names = names
        self._absent = absent
        self._distributions = distributions or {}
        self._parsed = parsed
        self.declared: dict[str, str | None] = {}
        """URL to md5 of what the recipe said it needs."""

    def __getitem__(self, section: str) -> Options:
        """Return a section; MissingSection if the profile has none of this name."""
        if section in self._sections:
            return self._sections[section]
        if section in self._absent or (self._names is not None and section not in self._names):
            raise MissingSection(section)
        raise Needs(section=section)

    def __setitem__(self, section: str, options: Mapping[str, str]) -> None:
        """Add a section; KeyError if there is one of this name (RCP-6)."""
        if section in self:
            raise KeyError(section)
        self._sections[section] = Options(self, section, dict(options))

    def __contains__(self, section: object) -> bool:
        """Return whether the profile has the section; it isn't initialised for that."""
        return section in self._sections or (section not in self._absent and section in self._all())

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all sections."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(self._all())

    def _all(self) -> list[str]:
        if self._names is None:
            raise Needs(names=True)
        return list(dict.fromkeys((*self._names, *self._sections)))

    def source(self, url: str, md5sum: str | None = None, alternate: str = "") -> Source:
        """Return a source, and note that the recipe needs it."""
        del alternate  # the host fetches
        url, md5sum = url.strip(), (md5sum or "").strip() or None
        self.declared[url] = md5sum or self.declared.get(url)
        return StaticSource(url, md5sum, self._sources)

    def distributions(
        self, *requirements: str, python: str = "", source: bool = False, links: Sequence[str] = ()
    ) -> list[Egg]:
        """Return the distributions that the host has chosen."""
        words = asking(requirements, python, source=source, links=links)
        asked = together(words)
        if asked not in self._distributions:
            raise Needs(distributions=words)
        return [egg(chosen, self._sources) for chosen in self._distributions[asked]]

    def parse(self, text: str) -> None:
        """Add the sections in a profile's text (RCP-6): the host does, which knows the language and all sections."""
        if text not in self._parsed:
            raise Needs(parse=text)

    def changed(self, part: str) -> dict[str, dict[str, str]]:
        """Return the sections besides part that the recipe added, and the options that it set in others."""
        found = {}
        for name, options in self._sections.items():
            given = self._given.get(name)
            data = options.copy()
            new = {key: value for key, value in data.items() if given is None or given.get(key) != value}
            if name != part and (new or given is None):
                found[name] = new
        return found

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced; values are resolved already, so once is enough."""

        def value(match: re.Match[str]) -> str:
            if match[2] is None:
                return match[0].replace("$${", "${")
            if match[2] == "_buildout_section_name_":
                return section
            return self[match[1] or section].text(match[2])

        return REFERENCE.sub(value, text)


def asking(requirements: Iterable[str], python: str, *, source: bool, links: Iterable[str] = ()) -> list[str]:
    """Return what is asked for as words: requirements, and how they are meant (see split)."""
    meant = [*([f"{PYTHON}{python}"] if python else []), *([SOURCE] if source else [])]
    return [*sorted(requirements), *meant, *(f"{LINK}{link}" for link in links)]


class Meant(NamedTuple):
    """What words mean: requirements, the version of Python, whether source distributions are wanted, where to look."""

    requirements: list[str]
    python: str
    source: bool
    links: list[str]


def split(words: Iterable[str]) -> Meant:
    """Return what words mean."""
    requirements, python, source, links = [], "", False, []
    for word in words:
        if word.startswith(PYTHON):
            python = word.removeprefix(PYTHON)
        elif word.startswith(LINK):
            links.append(word.removeprefix(LINK))
        elif word == SOURCE:
            source = True
        else:
            requirements.append(word)
    return Meant(requirements, python, source, links)


def together(requirements: Iterable[str]) -> str:
    """Return the name of what was chosen for requirements; where it was looked for is no part of it."""
    return "\n".join(sorted(word for word in requirements if not word.startswith(LINK)))


def egg(chosen: Chosen, sources: Mapping[str, str]) -> Egg:
    """Return a distribution whose files the host has fetched."""
    name, url, tools = chosen
    return Egg(name, StaticSource(url, None, sources), tuple(StaticSource(tool, None, sources) for tool in tools))


class _Asking(MutableMapping[str, str]):
    """The options of [buildout], asked for one by one: all of them in every key would make every part everybody's."""

    def __init__(self, data: MutableMapping[str, str], absent: Collection[str]) -> None:
        self._data = data
        self._absent = absent

    def __getitem__(self, key: str) -> str:
        if key not in self._data and f"buildout:{key}" not in self._absent:
            raise Needs(option=key)
        return self._data[key]

    def __contains__(self, key: object) -> bool:
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __setitem__(self, key: str, value: str) -> None:
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)
