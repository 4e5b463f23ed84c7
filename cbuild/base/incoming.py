"""Images from elsewhere, taken into the store: every layer unpacked, every digest checked."""

from __future__ import annotations

import gzip
import json
import subprocess
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from cbuild.base import debian
from cbuild.base.reference import is_digest
from cbuild.canonical import CHUNK, sha256_file
from cbuild.errors import EngineError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cbuild.image.layout import Layout

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def take(source: Layout, digest: str, into: Layout) -> tuple[bytes, list[str]]:
    """Copy the image whose manifest (or index) has this digest; return its config's bytes and its diff_ids.

    The config stays as it is, to the byte: its digest is the image ID, here as there. SourceError
    ``base-damaged`` when a blob is missing or not what its digest says, EngineError ``base-architecture`` when an
    index has nothing for this machine.
    """
    try:
        return _take(source, digest, into)
    except (KeyError, TypeError, ValueError, EOFError, OSError, zlib.error) as error:
        raise _damaged(digest, f"{type(error).__name__}: {error}") from error


def _take(source: Layout, digest: str, into: Layout) -> tuple[bytes, list[str]]:
    """See take; whatever a malformed document makes Python raise comes through."""
    manifest = json.loads(_checked(source, digest).read_bytes())
    if manifest.get("mediaType") in _INDEXES or "manifests" in manifest:
        return _take(source, _platform(manifest, digest), into)
    config = _checked(source, manifest["config"]["digest"]).read_bytes()
    diff_ids: list[str] = json.loads(config)["rootfs"]["diff_ids"]
    for layer, diff_id in zip(manifest["layers"], diff_ids, strict=True):
        _well_formed(diff_id)
        if not into.has(diff_id):
            _unpack(source, layer, diff_id, into)
    return config, diff_ids


def _unpack(source: Layout, layer: Mapping[str, Any], diff_id: str, into: Layout) -> None:
    """Store one layer uncompressed, as its diff_id names it."""
    path = _checked(source, layer["digest"])
    with into.writing() as out, _plain(path) as stream:
        while data := stream.read(CHUNK):
            out.write(data)
        if out.digest != diff_id:
            raise _damaged(layer["digest"], f"unpacked it is {out.digest}, and the config says {diff_id}")


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open a layer for reading its uncompressed bytes; the first bytes tell the compression."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(b"\x1f\x8b"):
        with gzip.open(path) as unpacked:
            yield unpacked
    elif magic == b"\x28\xb5\x2f\xfd":
        # a truncated or damaged stream gives other bytes, and those are checked against the diff_id
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None  # noqa: S101  # a PIPE was asked for
            yield process.stdout
    else:
        with path.open("rb") as stream:
            yield stream


def _platform(index: Mapping[str, Any], digest: str) -> str:
    """Return the digest of the manifest for this machine."""
    wanted = debian.architecture()
    for entry in index["manifests"]:
        platform = entry.get("platform", {})
        if platform.get("os") == "linux" and platform.get("architecture") == wanted:
            found: str = entry["digest"]
            return found
    raise EngineError(f"the image {digest} has nothing for linux/{wanted}", reason="base-architecture")


def _well_formed(digest: str) -> None:
    """Raise ValueError unless digest is one: it becomes a file's name."""
    if not is_digest(digest):
        raise ValueError(f"{digest!r} is no sha256 digest")


def _checked(source: Layout, digest: str) -> Path:
    """Return a blob's path when it is there and has the bytes that its name says."""
    _well_formed(digest)
    path = source.blob(digest)
    if not path.is_file():
        raise _damaged(digest, f"it is not in {source.root}")
    if sha256_file(path) != digest:
        raise _damaged(digest, "its bytes have another digest")
    return path


def _damaged(digest: str, why: str) -> SourceError:
    """Return the error for an image that isn't what it says."""
    return SourceError(f"the base image's blob {digest} can't be used: {why}", reason="base-damaged")
