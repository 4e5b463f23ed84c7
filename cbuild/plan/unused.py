"""Options that nobody uses: misspelt ones, as a rule (LANGUAGE.md, INS-11)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from cbuild.errors import near
from cbuild.plan.part import Part
from cbuild.profile import Profile
from cbuild.recipe import schema
from cbuild.recipe.registry import find

IDIOMS = ("<", "depends", "<part-dependencies>")
"""What a section may have for buildout's sake: `depends` refers to parts that have to be there, and says no more."""

_REFERENCE = re.compile(r"\$\{([^:{}\s]*):([^{}]+)\}|%\(([^()\s]+)\)s")
# `section:option` as a word: in the context of a template.
_WORD = re.compile(r"(?<!\S)([\w.+-]*):([\w.+-]+)(?!\S)")


@dataclass(frozen=True)
class Unused:
    """An option that the recipe doesn't know and nobody refers to.

    hint: what may have been meant, or nothing. place: file and line for people, or nothing.
    """

    part: str
    option: str
    hint: str
    place: str


def unused(profile: Profile, parts: Iterable[Part], everybody: Iterable[Part]) -> Iterator[Unused]:
    """Give the options of parts that nothing uses. everybody: all parts, whose templates may refer to them.

    An option that is referred to anywhere is used, whether or not what refers to it is built. Only of cbuild's own
    recipes it is known which options they have. Hooks may read any, and what a section inherits is often for others:
    there only what looks misspelt counts.
    """
    used = _referred(profile)
    for part in everybody:
        used |= {(section, option) for section, options in part.visible.items() for option in options}
        used |= {(part.name, option) for option in part.read}
    for part in parts:
        native = find(part.given.get("recipe", ""))
        if native is None:
            continue
        known = schema.load(native)
        hooks = any(option.endswith("-hook") for option in part.given)
        for option in known.unknown(part.given):
            if option in IDIOMS or option.startswith("_") or {(part.name, option), ("", option)} & used:
                continue
            place = _place(profile, part.name, option)
            if (place and not hooks) or _misspelt(option, known.properties):
                yield Unused(part.name, option, near(option, known.properties), place)


def _misspelt(option: str, known: Iterable[str]) -> bool:
    # `configure-option` is 0.97 like `configure-options`; `perl_location`, which hooks read, 0.76 like `location`.
    return bool(difflib.get_close_matches(option, known, 1, cutoff=0.85))


def _place(profile: Profile, part: str, option: str) -> str:
    origins = profile.origins[part].get(option, ())  # one that is inherited has no place in the section
    return origins[-1].place if origins else ""


def _referred(profile: Profile) -> set[tuple[str, str]]:
    """Return (section, option) of all that the profile's text refers to; section is empty for one's own.

    A value that another file replaces counts: a `url` for a mirror's, which leaves its `version` behind.
    """
    found: set[tuple[str, str]] = set()
    texts = chain(*(options.values() for options in profile.sections.values()), profile.origins.written())
    for text in texts:
        if ":" in text or "%(" in text:
            found |= {(match[1] or "", match[2] or match[3]) for match in _REFERENCE.finditer(text)}
            found |= {(match[1], match[2]) for match in _WORD.finditer(text)}
    return found
