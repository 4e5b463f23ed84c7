"""Where in the profile something is, for errors that are no longer the language's: a source, a recipe's refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cbuild.profile import Resolver

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")


@dataclass(frozen=True)
class Place:
    """An option, and the last line that says something about it; None for what no file has."""

    section: str
    option: str | None = None
    file: str | None = None
    line: int | None = None


def place(resolver: Resolver, section: str, option: str) -> Place:
    """Return where the option is, be it written in the section or inherited."""
    origins = resolver.origins(section, option)
    return Place(section, option, origins[-1].file, origins[-1].line or None) if origins else Place(section, option)


def holding(resolver: Resolver, section: str, options: Mapping[str, str], text: str) -> Place:
    """Return the place of the option whose value is text (a URL, a path) or else has it; the recipe's if none has."""
    exact = (name for name, value in options.items() if text == value.strip())
    found = next(exact, None) or next((name for name, value in options.items() if text in value), "recipe")
    return place(resolver, section, found)


def named(resolver: Resolver, section: str, options: Mapping[str, str], message: str) -> Place:
    """Return the place of the option that a recipe's message names first; the recipe's if it names none."""
    words = _WORD.findall(message.removeprefix(f"[{section}]"))
    found = next((word for word in words if word in options and word not in ("recipe", "<")), "recipe")
    return place(resolver, section, found)
