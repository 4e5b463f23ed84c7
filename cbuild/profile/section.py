"""A section while it is resolved, and as recipes see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping


class Section:
    """A section while and after it is resolved. raw: expanded; cooked: substituted once; data: what is seen.

    escaped: values that a recipe has read without their ``$${``.
    """

    __slots__ = ("cooked", "data", "escaped", "name", "raw")

    def __init__(self, name: str, raw: MutableMapping[str, str]) -> None:
        self.name = name
        self.raw = raw
        self.cooked: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.escaped: dict[str, str] = {}

    def plain(self, option: str) -> str | None:
        """Return an option's value if nothing has to be done for it: nearly all of them."""
        value = self.data.get(option)
        if value is not None:
            return value
        value = self.cooked.get(option)
        if value is None:
            value = self.raw.get(option)
        return None if value is not None and "${" in value else value


class Options(MutableMapping[str, str]):
    """A section as recipes see it: ``$${`` has become ``${`` (SLP-2); changes are seen by later references.

    look_up: resolves an option of the section; None if there is none.
    """

    def __init__(self, section: Section, look_up: Callable[[Section, str], str | None]) -> None:
        self._section = section
        self._look_up = look_up

    def __getitem__(self, name: str) -> str:
        """Return an option's value; KeyError if there is none."""
        value = self.stored(name)
        if "$${" not in value:
            return value
        self._section.escaped[name] = value
        return value.replace("$${", "${")

    def stored(self, name: str) -> str:
        """Return the value as references to it get it: ``$${`` stays."""
        value = self._look_up(self._section, name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        """Set an option; what was read of it and is written back unchanged keeps its ``$${``."""
        escaped = self._section.escaped.get(name)
        if escaped is not None and escaped.replace("$${", "${") == value:
            value = escaped
        self._section.data[name] = value

    def __delitem__(self, name: str) -> None:
        """Remove an option; KeyError if there is none."""
        found = [known.pop(name, None) for known in (self._section.raw, self._section.cooked, self._section.data)]
        if all(value is None for value in found):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names: those of the profile, then those that were added."""
        raw = self._section.raw
        return iter([*raw, *(name for name in self._section.data if name not in raw)])

    def __len__(self) -> int:
        """Return the number of options."""
        return len(self._section.raw.keys() | self._section.data.keys())
