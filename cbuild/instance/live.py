"""`buildout` as a partition's recipes see it: sections that are resolved when somebody asks (RCP-6)."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path

from cbuild.profile import Resolver
from cbuild.recipe.api import Buildout, MissingSection, Options, Recipe, Source, UserError
from cbuild.recipe.registry import NATIVE, find


class LocalSource(Source):
    """A file of the software; there is no network where a partition is processed."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def path(self) -> Path:
        """Return where it lies."""
        return Path(self.url.removeprefix("file://"))


class LiveBuildout(Buildout):
    """The partition's buildout; `recipes` has an entry for every part that was initialised."""

    def __init__(self) -> None:
        self.resolver: Resolver
        self.recipes: dict[str, Recipe] = {}
        self._options: dict[str, Options] = {}

    def initialize(self, name: str, data: MutableMapping[str, str]) -> None:
        """Run the constructor of a part's recipe; what the resolver calls."""
        native = find(data["recipe"])
        if native is None:
            raise UserError(
                f"The recipe {data['recipe']!r} of part {name!r} can't be used in an instance profile. "
                f"There are: {', '.join(sorted(NATIVE))}."
            )
        options = Options(self, name, data)
        self._options[name] = options
        self.recipes[name] = native.load()(self, name, options)

    def __getitem__(self, section: str) -> Options:
        """Return a section, initialised; MissingSection if there is none."""
        if section not in self._options:
            if section not in self.resolver.names():
                raise MissingSection(section)
            data = self.resolver.section(section)
            # A part's own constructor has put its options there in the meantime.
            self._options.setdefault(section, Options(self, section, data))
        return self._options[section]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all sections."""
        return iter(self.resolver.names())

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(list(self.resolver.names()))

    def source(self, url: str, md5sum: str | None = None) -> Source:
        """Return a file of the software; UserError for what isn't on disk."""
        del md5sum  # the image's digest covers it
        found = LocalSource(url)
        if not found.path.is_absolute() or not found.path.exists():
            raise UserError(f"{url} is not a file of the software; an instance profile can't fetch anything.")
        return found

    def substitute(self, text: str, section: str) -> str:
        """Return text with references replaced."""
        return self.resolver.substitute(text, section)
