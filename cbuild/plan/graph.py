"""From references between sections to what each part requires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def requirements(references: Graph, parts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return part to all the parts that it refers to, directly or through other sections, what is required first.

    references: section to sections. parts: in initialisation order; of two parts that refer to each other, the first
    to finish comes first (PRT-5), so only earlier parts count. ``[buildout]`` is everybody's and leads nowhere.
    """
    place = {name: index for index, name in enumerate(parts)}
    closed: dict[str, tuple[str, ...]] = {}
    for name in parts:
        found: set[str] = set()
        for direct in _direct(references, name, place):
            if place[direct] < place[name]:
                found |= {direct, *closed[direct]}
        # Not the order of the profile, which isn't in the key: what a part requires has fewer requirements than it has.
        closed[name] = tuple(sorted(found, key=lambda part: (len(closed[part]), part)))
    return closed


def _direct(references: Graph, part: str, parts: Mapping[str, int]) -> set[str]:
    """Return the parts reached from part through sections that are no parts."""
    found: set[str] = set()
    seen = {part, "buildout"}
    pending = list(references.get(part, ()))
    while pending:
        section = pending.pop()
        if section in seen:
            continue
        seen.add(section)
        if section in parts:
            found.add(section)
        else:
            pending.extend(references.get(section, ()))
    return found
