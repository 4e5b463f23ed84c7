"""The store as an OCI image layout: blobs by digest, images in the index.

Source of the rules: OCI image-spec 1.1, image-layout.md.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cbuild.canonical import CHUNK, canonical_json, hex_of, sha256_bytes, sha256_file, write_atomic
from cbuild.errors import HostError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
UNFINISHED = ".new-"
"""How the names of blobs begin that are being written."""

REFERENCE = "org.opencontainers.image.ref.name"
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """A blob: media type, ``sha256:…`` digest, size in bytes."""

    media_type: str
    digest: str
    size: int

    def as_dict(self) -> dict[str, object]:
        """Return the descriptor as image-spec's JSON."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Layout:
    """An OCI image layout directory; blobs are written once and never changed."""

    root: Path

    def blob(self, digest: str) -> Path:
        """Return the path at which the blob lies or would lie."""
        return self.root / "blobs" / "sha256" / hex_of(digest)

    def has(self, digest: str, size: int | None = None) -> bool:
        """Tell whether the blob is there, whole (blobs appear by rename), and has this size in bytes, if one is given.

        A file system that lost the end of a file in a crash is the one damage that is cheap to see.
        """
        try:
            status = self.blob(digest).stat()
        except FileNotFoundError:
            return False
        return stat.S_ISREG(status.st_mode) and size in (None, status.st_size)

    def is_sound(self, digest: str) -> bool:
        """Tell whether the blob's bytes have the digest that is its name; all are read, at about half a gigabyte/s."""
        try:
            return sha256_file(self.blob(digest)) == digest
        except FileNotFoundError:
            return False

    def write(self, data: bytes, media_type: str) -> Descriptor:
        """Store small data (a config, a manifest) and return its descriptor."""
        digest = sha256_bytes(data)
        if not self.has(digest, len(data)):
            with self.writing() as blob:
                blob.write(data)
        return Descriptor(media_type, digest, len(data))

    @contextmanager
    def writing(self) -> Iterator[BlobWriter]:
        """Write a big blob as a stream; it gets its name when the block ends well, and vanishes otherwise."""
        blobs = self.root / "blobs" / "sha256"
        blobs.mkdir(parents=True, exist_ok=True)
        handle, name = _locked_file(blobs)
        try:
            with os.fdopen(handle, "wb", buffering=CHUNK) as stream:
                writer = BlobWriter(stream)
                yield writer
                stream.flush()
                os.fchmod(stream.fileno(), 0o644)
                os.fsync(stream.fileno())
                # While the lock is still held: what is unlocked and has no name yet is somebody's leftover.
                Path(name).replace(self.blob(writer.digest))
        finally:
            Path(name).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Remove blobs whose writer was killed: a living one holds a lock on its file."""
        for path in (self.root / "blobs" / "sha256").glob(f"{UNFINISHED}*"):
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()

    def read_json(self, digest: str) -> dict[str, object]:
        """Return a config or manifest blob as a dict."""
        value: dict[str, object] = json.loads(self.blob(digest).read_bytes())
        return value

    def images(self) -> dict[str, Descriptor]:
        """Return the index: reference name to manifest descriptor; HostError (``store-damaged``) if it is none."""
        path = self.root / "index.json"
        try:
            index = json.loads(path.read_bytes())
            return {entry["annotations"][REFERENCE]: _descriptor(entry) for entry in index["manifests"]}
        except FileNotFoundError:
            return {}
        except (IsADirectoryError, ValueError, KeyError, TypeError) as error:
            raise HostError(
                f"The store's list of images, {path}, is damaged.",
                reason="store-damaged", file=str(path), details=f"{type(error).__name__}: {error}",
                resolution="Move it away and run again: images get their names when they are built again; state files "
                "and instances know theirs without.",
            ) from error  # fmt: skip

    def tag(self, reference: str, digest: str) -> None:
        """Let reference name the manifest with this digest in the index; two processes may do so at once."""
        manifest = Descriptor(MANIFEST, digest, self.blob(digest).stat().st_size)
        if self.images().get(reference) == manifest:
            return
        with self._changing() as images:
            images[reference] = manifest
        if not (self.root / "oci-layout").exists():
            write_atomic(self.root / "oci-layout", canonical_json({"imageLayoutVersion": "1.0.0"}))

    def untag(self, references: Collection[str]) -> None:
        """Take references out of the index; the blobs stay."""
        if references:
            with self._changing() as images:
                for reference in references:
                    images.pop(reference, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Descriptor]]:
        """Give the index for a block and write it as the block leaves it; one process at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            images = self.images()
            yield images
            entries = [
                {**descriptor.as_dict(), "annotations": {REFERENCE: name}}
                for name, descriptor in sorted(images.items())
            ]
            index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
            write_atomic(self.root / "index.json", canonical_json(index))


def _descriptor(entry: dict[str, Any]) -> Descriptor:
    """Return an entry of the index; KeyError, TypeError or ValueError for what is none."""
    media_type, digest, size = entry["mediaType"], entry["digest"], entry["size"]
    if not isinstance(media_type, str) or not isinstance(size, int) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{entry} names no image"[:300])
    return Descriptor(media_type, digest, size)


def _locked_file(directory: Path) -> tuple[int, str]:
    """Return handle and name of a new file with a lock on it; see Layout.remove_unfinished."""
    while True:
        handle, name = tempfile.mkstemp(dir=directory, prefix=UNFINISHED)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if Path(name).exists():
            return handle, name
        # Somebody's remove_unfinished came between the two.
        os.close(handle)


class BlobWriter:
    """A stream that hashes what passes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Append data."""
        self._hash.update(data)
        self.size += len(data)
        return self._stream.write(data)

    @property
    def digest(self) -> str:
        """Return ``sha256:…`` of what was written so far."""
        return "sha256:" + self._hash.hexdigest()
