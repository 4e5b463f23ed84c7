"""Two parts that write one path: fine when one refers to the other or the bytes are equal, an error otherwise."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from cbuild.errors import PartError
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer

Contents = dict[str, tuple[object, ...]]


def check(layout: Layout, layers: Mapping[str, Layer], requires: Mapping[str, Collection[str]]) -> None:
    """Raise PartError (``path-conflict``) that names both parts and the path (DESIGN section 4)."""
    for one, other in _suspects(layers, requires):
        common = set(layers[one].owns) & set(layers[other].owns)
        mine, its = (_contents(layout, layers[name], common) for name in (one, other))
        for path in sorted(mine.keys() & its.keys()):
            if mine[path] != its[path]:
                raise PartError(
                    f"The parts {one} and {other} both write /{path}, and differently.",
                    reason="path-conflict",
                    section=other,
                    resolution=f"Give one of them another path, or let [{other}] refer to [{one}]: then its file wins.",
                )


def _suspects(layers: Mapping[str, Layer], requires: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that own something together; looking at what each owns is enough to find nearly always none."""
    owners: dict[str, list[str]] = {}
    for name, layer in layers.items():
        for path in layer.owns:
            owners.setdefault(path, []).append(name)
    pairs = {pair for names in owners.values() if len(names) > 1 for pair in combinations(names, 2)}
    yield from sorted((one, other) for one, other in pairs if one not in requires[other] and other not in requires[one])


def _contents(layout: Layout, layer: Layer, below: Collection[str]) -> Contents:
    """Return what is at each path of the layer that lies below one of the owned paths."""
    found: Contents = {}
    with tarfile.open(layout.blob(layer.diff_id), "r:") as tar:
        for member in tar:
            if not member.isdir() and any(f"/{path}" in f"/{member.name}" for path in below):
                data = tar.extractfile(member) if member.isfile() else None
                digest = hashlib.file_digest(data, "sha256").hexdigest() if data else ""  # type: ignore[arg-type]  # typeshed: IO is one
                found[member.name] = (member.type, member.mode, member.linkname, digest)
    return found
