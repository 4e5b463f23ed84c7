"""An image of the store as something that an engine can load."""

from __future__ import annotations

from typing import Any

from cbuild.canonical import hex_of
from cbuild.engine.api import LayerFile, LoadableImage
from cbuild.errors import UsageError
from cbuild.image.layout import LAYER, Layout


def loadable(layout: Layout, manifest_digest: str, reference: str) -> LoadableImage:
    """Return the image with this manifest digest; its layers are the store's own blobs.

    reference: the name that it gets in the engine. UsageError (unknown-image) if the store doesn't have all of it.
    """
    manifest = _blob(layout, manifest_digest)
    config = str(manifest["config"]["digest"])
    layers = []
    for entry in manifest["layers"]:
        # The store keeps layers uncompressed: a layer's digest is its diff_id.
        if entry["mediaType"] != LAYER or not layout.has(entry["digest"]):
            raise unknown_image(manifest_digest, f"Its layer {entry['digest']} is not there, or is compressed.")
        layers.append(LayerFile(diff_id=entry["digest"], path=layout.blob(entry["digest"])))
    _blob(layout, config)
    return LoadableImage(config=layout.blob(config).read_bytes(), layers=tuple(layers), reference=reference)


def config_digest(layout: Layout, manifest_digest: str) -> str:
    """Return the config's digest (the image ID in an engine) of the image with this manifest digest."""
    return str(_blob(layout, manifest_digest)["config"]["digest"])


def find(layout: Layout, image: str) -> str:
    """Return the manifest digest of an image named by digest (``sha256:…``, or its first digits) or by reference."""
    images = layout.images()
    if image in images:
        return images[image].digest
    digests = {found.digest for found in images.values()}
    if image.startswith("sha256:") and layout.has(image):
        return image
    wanted = hex_of(image)
    matching = {digest for digest in digests if len(wanted) >= _SHORTEST and hex_of(digest).startswith(wanted)}
    if len(matching) == 1:
        return matching.pop()
    raise unknown_image(image, "In the store: " + (", ".join(sorted(images)) or "none"))


def unknown_image(image: str, details: str) -> UsageError:
    """Return the error for an image that isn't in the store."""
    return UsageError(
        f"The image {image} is not in the store.",
        reason="unknown-image",
        details=details,
        resolution="Build it: cbuild software",
    )


# As git: fewer digits name too much by accident.
_SHORTEST = 7


def _blob(layout: Layout, digest: str) -> dict[str, Any]:
    try:
        return layout.read_json(digest)
    except (FileNotFoundError, ValueError) as error:
        raise unknown_image(digest, f"Its document is missing or damaged: {error}") from error
