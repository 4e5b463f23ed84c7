"""The tar in which an image is handed to an engine: docker-archive, made as a stream.

Source of the rule: Docker's image spec v1.2, "Combined Image JSON + Filesystem Changeset Format": ``manifest.json``,
the config, and a tar a layer. Both engines read it. A layer that the engine already has is sent as an empty file:

- dockerd looks at a layer's file only when it has no layer with that chain of diff_ids (``image/tarexport/load.go``);
  it would not even miss the file.
- Podman (containers/image, ``docker/internal/tarfile/src.go``) wants every file to be there, but reads it only when no
  layer in the storage has that diff_id, whatever lies below it.

Should an engine read an empty file all the same, it compares the diff_id and refuses; then everything is sent.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cbuild.canonical import CHUNK, canonical_json, hex_of, sha256_bytes
from cbuild.engine.api import LayerFile, LoadableImage


@dataclass
class Sent:
    """How much of an image went to the engine: bytes, layers with content, layers left out."""

    bytes: int = 0
    layers: int = 0
    skipped: int = 0


def docker_archive(image: LoadableImage, skip: AbstractSet[str], sent: Sent) -> Iterator[bytes]:
    """Yield the archive of image in chunks; layers (diff_ids) in skip are empty files. sent is kept up to date."""
    for chunk in _entries(image, skip, sent):
        sent.bytes += len(chunk)
        yield chunk


def _entries(image: LoadableImage, skip: AbstractSet[str], sent: Sent) -> Iterator[bytes]:
    config = hex_of(sha256_bytes(image.config)) + ".json"
    layers = {layer.diff_id: layer for layer in image.layers}
    manifest = [
        {
            "Config": config,
            "RepoTags": [image.reference],
            "Layers": [_file_name(layer.diff_id) for layer in image.layers],
        }
    ]
    yield from _small("manifest.json", canonical_json(manifest))
    yield from _small(config, image.config)
    for layer in layers.values():
        if layer.diff_id in skip:
            sent.skipped += 1
            yield _header(_file_name(layer.diff_id), 0)
        else:
            sent.layers += 1
            yield from _layer(layer)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _file_name(diff_id: str) -> str:
    return hex_of(diff_id) + ".tar"


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    # GNU: a size of 8 GiB or more needs base-256, which ustar lacks; below that the bytes are the same.
    return info.tobuf(tarfile.GNU_FORMAT)


def _small(name: str, data: bytes) -> Iterator[bytes]:
    yield _header(name, len(data)) + data + _padding(len(data))


def _layer(layer: LayerFile) -> Iterator[bytes]:
    size = layer.path.stat().st_size
    yield _header(_file_name(layer.diff_id), size)
    left = size
    with layer.path.open("rb") as stream:
        while left and (chunk := stream.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    if left:
        raise OSError(f"{layer.path} became shorter while it was read")
    yield _padding(size)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def chain_prefix(wanted: tuple[str, ...], stacks: Iterator[tuple[str, ...]]) -> frozenset[str]:
    """Return the diff_ids of the longest run of layers, from the bottom, that wanted shares with one of the stacks."""
    best = 0
    for stack in stacks:
        common = 0
        for mine, theirs in zip(wanted, stack, strict=False):
            if mine != theirs:
                break
            common += 1
        best = max(best, common)
    # A diff_id that occurs again above the shared run has another chain there, and its content is needed.
    return frozenset(wanted[:best]) - frozenset(wanted[best:])


def check_layers(image: LoadableImage) -> None:
    """Raise ValueError unless the config names exactly these layers in this order."""
    named = json.load(io.BytesIO(image.config)).get("rootfs", {}).get("diff_ids", [])
    if named != [layer.diff_id for layer in image.layers]:
        raise ValueError(f"the config of {image.reference} names other layers than were given")
