"""Why is a part built again: two key documents, compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

REQUIRES = "requires/"
"""How a change begins that another part has brought."""


@dataclass(frozen=True)
class Change:
    """One difference: a path in the document (``options/url``), the old and the new value (None: absent)."""

    what: str
    old: object
    new: object


def changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
    """Return the differences of two key documents, sorted by what."""
    return list(_compare("", old, new))


def _compare(path: str, old: object, new: object) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _compare(f"{path}/{name}".strip("/"), old.get(name), new.get(name))
    elif old != new:
        yield Change(path, old, new)
