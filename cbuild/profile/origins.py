"""Where each value comes from, found when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cbuild.profile.assignments import Assignment
from cbuild.profile.syntax import Increment

if TYPE_CHECKING:
    from cbuild.profile.extends import File
    from cbuild.profile.merge import Mention, Merged


class Origin(NamedTuple):
    """One contribution to a value.

    line and column count from 1 and are 0 where there is none (the command line); op is ``=``, ``+=`` or ``-=``.
    """

    file: str
    line: int
    column: int
    op: str

    @property
    def place(self) -> str:
        """Return file and line, for people."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_dict(self) -> dict[str, object]:
        """Return the JSON shape of the command line's contract."""
        return {"file": self.file, "line": self.line, "column": self.column, "op": self.op}


class Origins(Mapping[str, Mapping[str, tuple[Origin, ...]]]):
    """Section to option to its origins: the assignment that counts and the increments after it, each file once."""

    def __init__(self, names: Sequence[str], layers: Sequence[Merged], assignments: Sequence[Assignment]) -> None:
        self._names = dict.fromkeys(names)
        self._layers = layers
        self._assignments = assignments
        self._cache: dict[str, dict[str, tuple[Origin, ...]]] = {}

    def __getitem__(self, section: str) -> Mapping[str, tuple[Origin, ...]]:
        """Return the origins of section's options; KeyError if the profile hasn't the section."""
        if section not in self._cache:
            if section not in self._names:
                raise KeyError(section)
            self._cache[section] = self._section(section)
        return self._cache[section]

    def assigned(self, names: Sequence[str], assignments: Sequence[Assignment]) -> Origins:
        """Return the origins after further assignments. names: of all sections then."""
        return Origins(names, self._layers, [*self._assignments, *assignments])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the sections' names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return the number of sections."""
        return len(self._names)

    @cached_property
    def _files(self) -> list[dict[str, list[File]]]:
        """Return for each layer the files that have each section, those that win last."""
        result = []
        for layer in self._layers:
            by_section: dict[str, list[File]] = {}
            for file in layer.order:
                for section in file.parsed.sections:
                    by_section.setdefault(section, []).append(file)
            result.append(by_section)
        return result

    @cached_property
    def _changed(self) -> list[dict[str, list[str]]]:
        """Return for each layer the options that have increments, by section."""
        result = []
        for layer in self._layers:
            by_section: dict[str, list[str]] = {}
            for section, name in layer.sequences:
                by_section.setdefault(section, []).append(name)
            result.append(by_section)
        return result

    def _section(self, section: str) -> dict[str, tuple[Origin, ...]]:
        found: dict[str, tuple[Origin, ...]] = {}
        for layer, files, changed in zip(self._layers, self._files, self._changed, strict=True):
            for file in files.get(section, ()):
                for name in file.parsed.sections[section]:
                    found[name] = (_origin(file, section, name, ""),)
            for name in changed.get(section, ()):
                found[name] = _increments(section, name, layer.sequences[section, name])
        for item in self._assignments:
            if item.section == section:
                origin = Origin(item.origin, 0, 0, item.op)
                found[item.option] = (origin,) if item.op == "=" else (*found.get(item.option, ()), origin)
        return found

    def header(self, section: str) -> tuple[str, int] | None:
        """Return file and line of the header that counts most for section."""
        for files in reversed(self._files):
            for file in reversed(files.get(section, [])):
                if section in file.parsed.headers:
                    return file.name, file.parsed.headers[section]
        return None

    def written(self) -> Iterator[str]:
        """Give each value as the profile's files have it, those that others replace, too."""
        files = (file for layer in self._layers for file in layer.order)
        return (value for file in files for options in file.parsed.sections.values() for value in options.values())

    def text(self, file: str) -> list[str]:
        """Return the lines of a file of the profile; none if it isn't one."""
        return self._texts.get(file, [])

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        return {item.name: item.parsed.text for layer in self._layers for item in layer.order}


def _origin(file: File, section: str, name: str, operator: str) -> Origin:
    key = f"{name} {operator}" if operator else name
    return Origin(file.name, file.parsed.lines.get(section, {}).get(key, 0), 1, f"{operator}=")


def _increments(section: str, name: str, mentions: Sequence[Mention]) -> tuple[Origin, ...]:
    out: dict[Origin, None] = {}
    for mention in dict.fromkeys(mentions):
        change = mention.change or Increment()
        parts = ((mention.assign, ""), (change.add, "+"), (change.remove, "-"))
        for value, operator in parts:
            if value is not None:
                out[_origin(mention.file, section, name, operator)] = None
    return tuple(out)
