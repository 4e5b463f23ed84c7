"""Where in the files an error is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from cbuild.errors import CbuildError, ProfileError
from cbuild.profile.problems import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbuild.profile.load import Profile
    from cbuild.profile.macros import Macros
    from cbuild.profile.origins import Origin

MAX_LINES = 2000
MAX_ORIGINS = 100
"""Of one option; the last ones count most."""

_E = TypeVar("_E", bound=CbuildError)
_SIMPLE = re.compile(r"[-a-zA-Z0-9 ._]+").fullmatch


def bad_reference(reference: str) -> ProfileError:
    """Return the error for what stands between ``${`` and ``}`` and is no reference (SUB-6)."""
    parts = reference.split(":")
    shown = reference[:200].replace("\n", " ")
    if len(parts) == 1:
        problem, resolution = "has no colon", "Write ${section:option}, or $${...} for the text itself."
    elif len(parts) > 2:  # noqa: PLR2004 - section and option
        problem, resolution = "has more than one colon", "References can't be nested: write ${section:option}."
    else:
        bad = "section" if not _SIMPLE(parts[0]) and parts[0] else "option"
        problem = f"has a character that the name of {'a section' if bad == 'section' else 'an option'} can't have"
        resolution = "Names in references are made of letters, digits, '-', '.', '_' and spaces."
    return ProfileError(f"The reference ${{{shown}}} {problem}.", reason="bad-reference", resolution=resolution)


class Locator:
    """Finds the file and the line of options, also of inherited ones."""

    def __init__(self, profile: Profile, macros: Macros) -> None:
        self._profile = profile
        self._macros = macros
        self._origins: dict[str, Mapping[str, tuple[Origin, ...]]] = {}

    def place(self, error: _E, text: str = "") -> _E:
        """Fill in the file, the line and the column of error's section and option, and return it.

        text: what to point at in the option's value; without it, or if it isn't found, the option itself.
        """
        if error.file is not None or error.section is None:
            return error
        found = self.origins(error.section, error.option) if error.option is not None else ()
        for origin in reversed(found):
            error.file, error.line, error.column = origin.file, origin.line or None, origin.column or None
            if not text or self._point(error, text):
                break
        header = None if found else self._profile.origins.header(error.section)
        if header is not None:
            error.file, error.line, error.column = *header, 1
        self._show(error)
        return error

    def _show(self, error: CbuildError) -> None:
        """Put the line that error is about, with a caret, into its details."""
        lines = self._profile.origins.text(error.file) if error.file is not None else []
        if error.line is not None and 0 < error.line <= len(lines):
            shown = excerpt(lines[error.line - 1], error.column or 1)
            error.details = f"{shown}\n{error.details}" if error.details else shown

    def origins(self, section: str, option: str) -> tuple[Origin, ...]:
        """Return where an option of section comes from, be it written there, inherited, or both."""
        return self.of_section(section).get(option, ())

    def of_section(self, name: str) -> Mapping[str, tuple[Origin, ...]]:
        """Return where each option of a section comes from."""
        if not self._macros.parents(name):
            return self._own(name)
        # What a section inherits from was expanded with it, so nothing here changes any more.
        pending = [name]
        while pending:
            current = pending[-1]
            parents = self._macros.parents(current)
            waiting = [parent for parent in parents if parent not in self._origins]
            if waiting:
                pending += waiting
                continue
            pending.pop()
            if current not in self._origins:
                self._origins[current] = self._combined(current, parents)
        return self._origins[name]

    def _own(self, section: str) -> Mapping[str, tuple[Origin, ...]]:
        return self._profile.origins.get(section, {})

    def _combined(self, section: str, parents: Sequence[str]) -> Mapping[str, tuple[Origin, ...]]:
        """Return the origins of what parents have and, over them, of what is section's own."""
        own = self._own(section)
        if not parents:
            return own
        written = self._profile.sections.get(section, {})
        found: dict[str, tuple[Origin, ...]] = {}
        for parent in parents:
            found.update(self._origins[parent])
        for option, origins in own.items():
            adds = f"{option} +" in written or f"{option} -" in written
            found[option] = (*found.get(option, ()), *origins)[-MAX_ORIGINS:] if adds else origins
        return found

    def _point(self, error: CbuildError, text: str) -> bool:
        """Set line and column to where text stands in the option's lines; return whether it is there.

        It is looked for as a word of its own first: the part ``a`` is in ``parts``, too.
        """
        if error.file is None or error.line is None:
            return False
        lines = self._profile.origins.text(error.file)
        # The lines of a file keep the blanks that a value has lost.
        first = re.escape(text.partition("\n")[0])
        for pattern in (rf"(?<!\S){first}(?!\S)", first):
            for number, start in _lines(lines, error.line):
                if found := re.compile(pattern).search(lines[number - 1], start):
                    error.line, error.column = number, found.start() + 1
                    return True
        return False


def _lines(lines: Sequence[str], begin: int) -> Iterator[tuple[int, int]]:
    """Give the numbers of an option's lines, and where its value begins in each: in the first behind the ``=``."""
    for number in range(begin, min(len(lines), begin + MAX_LINES) + 1):
        line = lines[number - 1]
        if number > begin and line and not line[0].isspace() and line[0] not in "#;":
            return
        yield number, line.find("=") + 1 if number == begin else 0
