"""In which order parts are started when there is a choice: those first that the longest chain of work hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

UNKNOWN = 10.0
"""Seconds that a part is thought to take which was never built here and has no sources."""

PER_BYTE = 15e-6
"""Further seconds for each byte of its sources, packed as they are. On two processors m4, gettext, Python and perl took
15 to 30 s a MB, openssl 7; it only puts parts in order."""


def guess(size: int) -> float:
    """Return the seconds that a part with so many bytes of sources is thought to take."""
    return UNKNOWN + size * PER_BYTE


def longest_first(
    names: Sequence[str], requires: Mapping[str, Sequence[str]], seconds: Mapping[str, float | None]
) -> list[str]:
    """Return names by the seconds of the longest chain of parts that begins with each, the longest first.

    names: in plan order, which decides between equals. requires: each to all that it requires. So what a part
    requires always comes before it.
    """
    chain: dict[str, float] = {}
    for name in reversed(names):
        after = max((chain[other] for other in chain if name in requires[other]), default=0.0)
        known = seconds.get(name)
        chain[name] = after + max(UNKNOWN if known is None else known, 0.001)
    return sorted(names, key=lambda name: -chain[name])
