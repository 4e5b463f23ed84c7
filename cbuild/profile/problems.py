"""Making ProfileErrors: near-misses and how references and sections are shown."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CANDIDATES = 5000
"""Beyond so many names the comparison would take longer than reading the profile."""

SHOWN_CHAIN = 12
SHOWN_LINE = 120
SHOWN_BEFORE = 60


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return ``Did you mean 'x' or 'y'?`` for the nearest names, or an empty string."""
    known = list(islice((item for item in candidates if item != name), MAX_CANDIDATES))
    folded = {item.casefold(): item for item in reversed(known)}
    near = get_close_matches(name[:200].casefold(), folded, n=3, cutoff=0.6)
    if not near:
        return ""
    return "Did you mean " + " or ".join(repr(folded[item]) for item in near) + "?"


def shorten(chain: Iterable[str]) -> tuple[str, ...]:
    """Return chain, with the middle of a very long one left out."""
    items = tuple(chain)
    if len(items) <= SHOWN_CHAIN:
        return items
    half = SHOWN_CHAIN // 2
    return (*items[:half], f"… {len(items) - 2 * half} more …", *items[-half:])


def excerpt(line: str, column: int) -> str:
    """Return a line of a file and, below it, a caret at column (from 1); a long line is cut around it."""
    start = max(0, column - 1 - SHOWN_BEFORE)
    shown = line[start : start + SHOWN_LINE].expandtabs(1)
    before, after = "…" if start else "", "…" if len(line) > start + SHOWN_LINE else ""
    return f"{before}{shown}{after}\n{' ' * (len(before) + column - 1 - start)}^"
