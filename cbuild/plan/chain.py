"""Over what the parts require: the edges that say it all, and the chain that takes longest."""

from __future__ import annotations

from collections.abc import Mapping

from cbuild.plan.graph import Graph


def direct(requires: Graph) -> dict[str, tuple[str, ...]]:
    """Return part to those of its requirements that no other of them requires: a graph without what is implied.

    requires: part to all that it requires, directly or not (cbuild.plan.graph.requirements).
    """
    return {
        part: tuple(name for name in names if not any(name in requires.get(other, ()) for other in names))
        for part, names in requires.items()
    }


def longest(requires: Graph, seconds: Mapping[str, float]) -> tuple[str, ...]:
    """Return the chain of parts, each required by the next, whose seconds make the biggest sum; () without parts.

    A run with any number of jobs takes at least this long. requires: parts in plan order (what is required comes
    first). Of equal chains it is the one whose end comes first.
    """
    total: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for part, names in requires.items():
        known = [name for name in names if name in total]
        before[part] = max(known, key=total.__getitem__, default=None)
        previous = before[part]
        total[part] = seconds.get(part, 0.0) + (total[previous] if previous else 0.0)
    last = max(total, key=total.__getitem__, default=None)
    chain: list[str] = []
    while last:
        chain.append(last)
        last = before[last]
    return tuple(reversed(chain))
