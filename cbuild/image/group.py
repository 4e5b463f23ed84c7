"""Which layers share one when there are too many: overlayfs stops at 127, engines before that.

The rule (docs/layers.md) depends on names and sizes alone: the biggest parts stay alone, since that is where sharing
pays; the others go into BUCKETS by the digest of their name, so that a new part moves no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cbuild.layer.write import Layer

LIMIT = 100
BUCKETS = 16


def group(layers: Mapping[str, Layer], room: int) -> list[tuple[str, ...]]:
    """Return the parts in groups, a layer each: shared ones first, then single parts, both in the order of layers.

    room: how many layers there may be. Parts that own a path together with another one are never put into a shared
    layer: which of two files wins depends on the order.
    """
    if len(layers) <= room:
        return [(name,) for name in layers]
    owners: dict[str, int] = {}
    for layer in layers.values():
        for path in layer.owns:
            owners[path] = owners.get(path, 0) + 1
    lonely = {name for name, layer in layers.items() if any(owners[path] > 1 for path in layer.owns)}
    together: list[tuple[str, ...]] = []
    if len(lonely) > room - BUCKETS:
        # Too many even so: all of them in one layer, where the later file wins as it would above.
        together, lonely = [tuple(name for name in layers if name in lonely)], set()
    left = [name for name in layers if not together or name not in together[0]]
    by_size = sorted(left, key=lambda name: (name not in lonely, -layers[name].size, name))
    alone = set(by_size[: room - BUCKETS - len(together)])
    buckets: dict[int, list[str]] = {}
    for name in left:
        if name not in alone:
            buckets.setdefault(hashlib.sha256(name.encode()).digest()[0] % BUCKETS, []).append(name)
    shared = [tuple(buckets[number]) for number in sorted(buckets)]
    return shared + together + [(name,) for name in layers if name in alone]
