"""A base image that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbuild.base.description import Description
    from cbuild.engine.api import LayerFile


@dataclass(frozen=True)
class Base:
    """A base image in the store.

    name: the description's, or the reference it was asked for by. digest: the config's digest, which is the image ID.
    config: the OCI image config's bytes. layers: bottom first, uncompressed. manifest: the manifest's digest in the
    store. description: None for an image that was named by a reference.
    """

    name: str
    digest: str
    config: bytes
    layers: tuple[LayerFile, ...]
    manifest: str
    description: Description | None
