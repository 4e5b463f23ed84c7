"""Sections that a recipe adds while it is asked (``buildout.parse``, LANGUAGE.md RCP-6)."""

from __future__ import annotations

from textwrap import dedent

from cbuild.profile.macros import PARENT
from cbuild.profile.merge import apply
from cbuild.profile.syntax import Increment, parse


def sections_of(text: str, file: str) -> dict[str, dict[str, str]]:
    """Return the sections of a profile's text, dedented, before inheritance: those whose condition holds.

    file: the name for errors, which are those of cbuild.profile.syntax. Increments are made of nothing (INC-5), or wait
    for what the section inherits (MAC-6), as in a file.
    """
    parsed = parse(dedent(text), file)
    found = {name: dict(options) for name, options in parsed.sections.items()}
    for name, changes in parsed.increments.items():
        for option, change in changes.items():
            _change(found[name], option, change)
    return found


def _change(options: dict[str, str], option: str, change: Increment) -> None:
    if PARENT in options:
        waiting = {f"{option} +": change.add, f"{option} -": change.remove}
        options.update({key: value for key, value in waiting.items() if value is not None})
    elif option in options:
        options[option] = apply(None, options[option], change)
    else:
        options[option] = apply(None, change.add or "", Increment(None, change.remove))
