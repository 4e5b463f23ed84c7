"""Parts' layers on the runtime base: which parts belong to the image, and the image itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cbuild.canonical import canonical_json
from cbuild.image.group import LIMIT, group
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Descriptor, Layout
from cbuild.image.merge import merge
from cbuild.layer.write import Layer

CREATED = "1980-01-02T00:00:00Z"
"""cbuild.layer.tar.EPOCH as RFC 3339: an image's bytes must not know when it was made."""

PATH = "/opt/cbuild/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """An image in the store: manifest and config digests, size of all layers in bytes."""

    digest: str
    config: str
    size: int


def members(wanted: Sequence[str], layers: Mapping[str, Layer]) -> list[str]:
    """Return the parts that belong to the image, in the order of layers: wanted, and what those mention, and so on.

    A part is mentioned by the path of anything that it owns (DESIGN section 3), whether or not it was referred to.
    """
    owners: dict[str, set[str]] = {}
    for name, layer in layers.items():
        for path in layer.owns:
            owners.setdefault(path, set()).add(name)
    found: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            # What one part writes below another's prefix is nothing without the other.
            pending.extend(_owners([*layers[name].mentions, *layers[name].owns], owners))
    return [name for name in layers if name in found]


def _owners(paths: Iterable[str], owners: Mapping[str, set[str]]) -> set[str]:
    """Return the owners of paths; a full stop after a path in a text is no part of the path."""
    found: set[str] = set()
    for path in paths:
        for candidate in (path, path.rstrip(".-"), path.partition("/")[0]):
            if candidate in owners:
                found |= owners[candidate]
                break
    return found


def assemble(layout: Layout, base: Mapping[str, object], below: Sequence[str], layers: Mapping[str, Layer]) -> Image:
    """Store config and manifest of an image: the base's layers, then the parts', and return it.

    base: the runtime base's OCI config; below: its layers' diff_ids. layers: part to layer, in order; a part without
    files adds none, and beyond group.LIMIT layers small parts share some.
    """
    filled = {name: layer for name, layer in layers.items() if layer.owns}
    groups = group(filled, LIMIT - len(below))
    merged = [merge(layout, [filled[name].diff_id for name in names]) for names in groups]
    diff_ids = [*below, *merged]
    config = layout.write(canonical_json(_config(base, diff_ids, groups)), CONFIG)
    descriptors = [Descriptor(LAYER, digest, layout.blob(digest).stat().st_size) for digest in diff_ids]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.as_dict(),
        "layers": [descriptor.as_dict() for descriptor in descriptors],
    }
    written = layout.write(canonical_json(manifest), MANIFEST)
    return Image(written.digest, config.digest, sum(descriptor.size for descriptor in descriptors))


def _config(base: Mapping[str, object], diff_ids: list[str], groups: list[tuple[str, ...]]) -> dict[str, object]:
    settings = dict(base.get("config") or {})  # type: ignore[call-overload]  # image-spec: an object or absent
    environment = [line for line in settings.get("Env", ()) if not line.startswith("PATH=")]
    history = list(base.get("history") or ())  # type: ignore[call-overload]  # image-spec: a list or absent
    return {
        "architecture": base["architecture"],
        "os": base["os"],
        "created": CREATED,
        "config": settings | {"Env": [*environment, f"PATH={PATH}"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [
            *history,
            *({"created": CREATED, "created_by": f"cbuild part {' '.join(names)}"} for names in groups),
        ],
    }
