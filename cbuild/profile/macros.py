"""The ``<`` option: sections that inherit from others (LANGUAGE.md, MAC)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.merge import apply
from cbuild.profile.problems import did_you_mean, shorten
from cbuild.profile.syntax import Increment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

PARENT = "<"
MAX_INHERITED = 100_000
MAX_RATIO = 10
"""Options that all sections together may inherit: so many, or so many times those that are written if that is more.
SlapOS's largest profiles inherit 1 808 and write 4 091; a chain of n macros that add an option each inherits n²/2."""
MAX_VALUES = 1 << 24
"""Characters of the values that increments make of what is inherited."""


class Macros:
    """Expands sections, each once. sections: merged ones; what is added to it later is seen."""

    def __init__(self, sections: MutableMapping[str, MutableMapping[str, str]]) -> None:
        self._sections = sections
        self._done: dict[str, MutableMapping[str, str]] = {}
        self._bad: dict[str, ProfileError] = {}
        self._parents: dict[str, list[str]] = {}
        self._left = max(MAX_INHERITED, MAX_RATIO * sum(map(len, sections.values())))
        self._values_left = MAX_VALUES

    def expand(self, name: str) -> MutableMapping[str, str]:
        """Return the options of section name with what it inherits; ``<`` is gone.

        Raises ProfileError: ``missing-section`` for a parent that isn't there, ``circular-macro``.
        name itself must be there.
        """
        if name in self._done:
            return self._done[name]
        if PARENT not in self._sections[name]:
            self._done[name] = self._sections[name]
            return self._done[name]
        path: dict[str, Iterator[str]] = {}
        try:
            self._enter(name, path)
            while path:
                current = next(reversed(path))
                parent = next(path[current], None)
                if parent is None:
                    self._done[current] = self._combine(current)
                    path.popitem()
                elif parent in path:
                    raise self._error(current, "circular-macro", f"[{parent}] inherits from itself", [*path, parent])
                elif parent not in self._sections:
                    near = did_you_mean(parent, self._sections)
                    problem = f"there is no section [{parent[:200]}]"
                    raise self._error(current, "missing-section", problem, list(path), near)
                elif parent not in self._done:
                    self._enter(parent, path)
        except ProfileError as error:
            self._bad.update(dict.fromkeys(path, error))
            raise
        return self._done[name]

    def _enter(self, name: str, path: dict[str, Iterator[str]]) -> None:
        if name in self._bad:
            raise self._bad[name].with_traceback(None)
        # In [buildout] `<` is an ordinary option (MAC-7).
        lines = "" if name == "buildout" else self._sections[name].get(PARENT, "")
        self._parents[name] = [line.strip() for line in lines.split("\n") if line.strip()]
        path[name] = iter(self._parents[name])

    def parents(self, name: str) -> list[str]:
        """Return the sections that an expanded one inherits from, the one that counts most last."""
        return self._parents.get(name, []) if name in self._done else []

    def _combine(self, name: str) -> MutableMapping[str, str]:
        own = self._sections[name]
        if PARENT not in own or name == "buildout":
            return own
        inherited: dict[str, str] = {}
        for parent in self._parents[name]:
            inherited.update(self._done[parent])
        result = _over(inherited, own)
        waiting = [key[:-2] for key in own if key[-2:] in {" +", " -"}]
        self._left -= len(inherited)
        self._values_left -= sum(len(result[option]) for option in waiting)
        if self._left < 0 or self._values_left < 0:
            raise self._error(name, "value-too-large", "what is inherited adds up to more than can be meant", [name])
        return result

    def _error(self, name: str, reason: str, problem: str, path: list[str], near: str = "") -> ProfileError:
        return ProfileError(
            f"[{name}] can't inherit: {problem}.",
            reason=reason,
            section=name,
            option=PARENT,
            chain=shorten(path),
            resolution=near or "The option `<` lists sections, one a line.",
        )


def _over(inherited: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return inherited options below own ones, whose increments work against what is inherited (MAC-6)."""
    result = dict(inherited)
    waiting: dict[str, dict[str, str]] = {}
    for key, value in own.items():
        if key[-2:] in {" +", " -"}:
            waiting.setdefault(key[:-2], {})[key[-1]] = value
        else:
            result[key] = value
    for name, change in waiting.items():
        result[name] = apply(result.get(name), None, Increment(change.get("+"), change.get("-")))
    result.pop(PARENT, None)
    return result
