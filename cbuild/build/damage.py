"""Layers whose bytes are not those that were stored: taken out of the store, so that the next run builds them again."""

from __future__ import annotations

from collections.abc import Iterable

from cbuild.errors import HostError
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


def find(layout: Layout, digests: Iterable[str]) -> HostError | None:
    """Return the error for the first of these layers that isn't sound; all are read."""
    return next((damaged(layout, digest) for digest in digests if not layout.is_sound(digest)), None)
