"""Options that are lists of ``TYPE NAME VALUE`` lines: context and import-list of templates."""

from __future__ import annotations

from cbuild.recipe.api import Buildout, Options, UserError


def lines(text: str) -> list[str]:
    """Return the lines that say something."""
    return [line for line in map(str.strip, text.splitlines()) if line]


def three(part: str, option: str, line: str) -> tuple[str, str, str]:
    """Return type, name and value of a line; ``raw name`` alone is an empty text."""
    words = line.split(None, 2)
    if len(words) == 2 and words[0] == "raw":  # noqa: PLR2004 - three words, or two
        words.append("")
    if len(words) != 3:  # noqa: PLR2004 - see above
        raise UserError(f"[{part}] {option}: {line!r} is not TYPE NAME VALUE.")
    return words[0], words[1], words[2]


def key(buildout: Buildout, options: Options, option: str, reference: str) -> str:
    """Return the value that ``section:option`` or ``:option`` (the part's own) names."""
    section, colon, name = reference.strip().partition(":")
    if not colon or ":" in name:
        raise UserError(f"[{options.name}] {option}: {reference!r} is not section:option.")
    return (buildout[section] if section else options)[name]
