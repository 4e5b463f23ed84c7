"""The time line of a build: a bar for each part, from when to when it was installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbuild.build.outcome import PartOutcome

NAME = 24
NARROWEST = 10
"""Columns of the bars at least, and of the names at most."""


def timeline(parts: Sequence[PartOutcome], columns: int) -> list[str]:
    """Return a line for each part that was installed now, in the order of their starts; none unless there are two.

    columns: how wide a line may be.
    """
    installed = sorted(((part.started, part) for part in parts if part.started is not None), key=lambda one: one[0])
    if len(installed) < 2:  # noqa: PLR2004 - one bar says nothing
        return []
    begin = installed[0][0]
    whole = max(started + part.seconds for started, part in installed) - begin or 1.0
    width = min(NAME, max(len(part.name) for _, part in installed))
    digits = len(f"{whole:.1f}")
    bar = max(NARROWEST, columns - width - 2 * digits - 10)
    lines = []
    for started, part in installed:
        first = started - begin
        last = first + part.seconds
        left = min(bar - 1, int(first / whole * bar))
        right = max(left + 1, min(bar, round(last / whole * bar)))
        drawn = " " * left + "=" * (right - left)
        lines.append(f"  {_short(part.name, width):{width}}  {drawn:{bar}}  {first:{digits}.1f} -{last:{digits}.1f} s")
    return lines


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 3] + "..."
