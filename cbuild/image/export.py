"""An image out of the store, as an OCI image layout of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

from cbuild.image.layout import Layout


def export(layout: Layout, digest: str, reference: str, target: Path) -> None:
    """Write the image with this manifest digest to target, named reference; blobs that are there are kept."""
    other = Layout(target)
    manifest = cast("dict[str, Any]", layout.read_json(digest))
    for entry in [*manifest["layers"], manifest["config"], {"digest": digest}]:
        blob = other.blob(entry["digest"])
        if not blob.exists():
            blob.parent.mkdir(parents=True, exist_ok=True)
            partial = blob.with_name(f".new-{blob.name}")
            shutil.copyfile(layout.blob(entry["digest"]), partial)
            partial.replace(blob)
    other.tag(reference, digest)
