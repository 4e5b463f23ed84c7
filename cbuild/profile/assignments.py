"""``SECTION:OPTION=VALUE`` on the command line (LANGUAGE.md, LAY-3 and INC-7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.errors import UsageError
from cbuild.profile.merge import Sections, apply
from cbuild.profile.syntax import Increment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Assignment:
    """One assignment; op is ``=``, ``+=`` or ``-=``. origin: who made it, in the place of a file's name."""

    section: str
    option: str
    op: str
    value: str
    origin: str = COMMAND_LINE


def parse_assignment(word: str) -> Assignment:
    """Return the assignment that a word of the command line means; the section is buildout if there is none.

    Raises UsageError ``bad-assignment``.
    """
    target, equals, value = word.partition("=")
    op = "="
    if target[-1:] in {"+", "-"}:
        target, op = target[:-1], f"{target[-1]}="
    section, colon, option = target.rpartition(":")
    section, option = section.strip() if colon else "buildout", option.strip()
    if not equals or not section or not option or ":" in section:
        raise UsageError(
            f"Invalid option: {word[:200]}",
            reason="bad-assignment",
            resolution="Write SECTION:OPTION=VALUE (also += and -=), or OPTION=VALUE for the section buildout.",
        )
    return Assignment(section, option, op, value.strip())


def assign(sections: Sections, assignments: Iterable[Assignment], below: Mapping[str, str]) -> None:
    """Change sections by assignments, in their order: the last one wins.

    below: built-in defaults of [buildout], on which increments of the command line build.
    """
    for item in assignments:
        change = {"=": None, "+=": Increment(add=item.value), "-=": Increment(remove=item.value)}[item.op]
        known = sections.get(item.section)
        if known is None:
            # Nothing below: += in a section that is new assigns (INC-5).
            value = "" if item.op == "-=" else item.value
            sections[item.section] = {item.option: value}
            continue
        base = known.get(item.option)
        if base is None and item.section == "buildout":
            base = below.get(item.option)
        known[item.option] = apply(base, item.value if change is None else None, change)
