"""The manual's oldest dialect: ``%(name)s`` and [DEFAULT], in files that are marked for it (LANGUAGE.md, 17.1).

A file is marked by a [DEFAULT] section or by ``extended-by`` in its [buildout], for nothing newer has either, or by
``interpolate = true`` there. In every other file ``%(name)s`` belongs to the recipes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cbuild.errors import ProfileError
from cbuild.profile.problems import did_you_mean
from cbuild.profile.syntax import Increment, Parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 10
MAX_LENGTH = 1 << 20
DEFAULT = "DEFAULT"

_PERCENT = re.compile(r"%(?:\(([^()]*)\)s|(.?))", re.DOTALL)


def interpolate(parsed: Parsed, file: str, *, always: bool = False) -> None:
    """Expand ``%(name)s`` in parsed and give every section the options of [DEFAULT], if the file is marked for it.

    always: the file is one of the oldest dialect (cbuild.profile.oldest), which needs no mark. Names are looked up in
    the same section of this file, then in its [DEFAULT] (SEED-1, SEED-2). Raises ProfileError: ``missing-option``,
    ``bad-interpolation`` or ``circular-reference``.
    """
    buildout = parsed.sections.get("buildout", {})
    marked = DEFAULT in parsed.sections or "extended-by" in buildout or buildout.get("interpolate") == "true"
    if not marked and not always:
        return
    default = parsed.sections.pop(DEFAULT, {})
    default_lines = parsed.lines.pop(DEFAULT, {})
    parsed.increments.pop(DEFAULT, None)
    for section, options in parsed.sections.items():
        for name, value in default.items():
            if name not in options:
                options[name] = value
                parsed.lines[section][name] = default_lines[name]
        expand = _Expander(section, dict(options), file, parsed.lines[section])
        for name, value in options.items():
            options[name] = expand(name, value)
        increments = parsed.increments.get(section, {})
        for name, item in increments.items():
            increments[name] = Increment(
                None if item.add is None else expand(name, item.add),
                None if item.remove is None else expand(name, item.remove),
            )


class _Expander:
    """Expands the values of one section."""

    def __init__(self, section: str, options: Mapping[str, str], file: str, lines: Mapping[str, int]) -> None:
        self._section = section
        self._options = options
        self._file = file
        self._lines = lines

    def __call__(self, option: str, value: str, depth: int = 0) -> str:
        if "%" not in value:
            return value
        if depth > MAX_DEPTH:
            raise self._error("circular-reference", option, f"%(name)s is nested more than {MAX_DEPTH} deep")

        def replace(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                if found[2] == "%":
                    return "%"
                problem = f"'%' is followed by neither '%' nor '(name)s': {found[0]}"
                raise self._error("bad-interpolation", option, problem)
            for key in (name, name.lower()):
                if key in self._options:
                    return self(option, self._options[key], depth + 1)
            raise self._error(
                "missing-option",
                option,
                f"there is no option {name[:200]!r} for %({name[:200]})s",
                did_you_mean(name, self._options),
            )

        result = _PERCENT.sub(replace, value)
        if len(result) > MAX_LENGTH:
            raise self._error("value-too-large", option, "the value grows without end")
        return result

    def _error(self, reason: str, option: str, problem: str, near: str = "") -> ProfileError:
        return ProfileError(
            f"In [{self._section}] {option}: {problem}.",
            reason=reason,
            file=self._file,
            line=self._lines.get(option) or self._lines.get(f"{option} +"),
            column=1,
            section=self._section,
            option=option,
            resolution=near
            or "This file has [DEFAULT], extended-by or interpolate, so %(name)s is expanded in it;"
            " write %% for a percent sign.",
        )
