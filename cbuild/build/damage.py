"""Layers whose bytes are not those that were stored: taken out of the store, so that the next run builds them again."""

from __future__ import annotations

from cbuild.engine.api import Engine, LoadableImage
from cbuild.errors import EngineError, HostError
from cbuild.image.layout import Layout


def damaged(layout: Layout, digest: str) -> HostError:
    """Remove a layer that isn't sound; return the error that says so."""
    path = layout.blob(digest)
    path.unlink(missing_ok=True)
    return HostError(
        f"The layer {digest} in the store was damaged.",
        reason="store-damaged",
        details=f"The bytes of {path} have another digest; a crash, the disk or somebody changed them. It was removed.",
        resolution="Run again: it is built again. If it happens again, check the disk.",
    )


def load(engine: Engine, layout: Layout, image: LoadableImage) -> None:
    """Hand image to engine. When it refuses, and that is because of a damaged layer, that is the error."""
    try:
        engine.load(image)
    except EngineError:
        for layer in image.layers:
            if not layout.is_sound(layer.diff_id):
                raise damaged(layout, layer.diff_id) from None
        raise
