"""What the store holds: results, images and blobs, with what each needs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbuild.image.layout import MANIFEST, UNFINISHED, Layout
from cbuild.state.home import Home


@dataclass(frozen=True)
class Held:
    """A result. key: ``sha256:…``; part: its name; layer: diff_id; size: of the layer, bytes.

    used: when it was used last, in seconds since 1970. builder: the config digest; sources: sha256s, bare hex.
    """

    key: str
    part: str
    layer: str
    size: int
    used: float
    builder: str
    sources: frozenset[str]


def results(home: Home) -> Iterator[Held]:
    """Yield what is kept of every key; of a damaged document what can be read."""
    for path in sorted(home.results.glob("[!.]*.json")):
        document = _read(home.keys / path.name)
        layer = _object(_read(path).get("layer"))
        sources = _object(document.get("sources"))
        size = layer.get("size")
        yield Held(
            key=f"sha256:{path.stem}",
            part=str(document.get("part", path.stem[:12])),
            layer=str(layer.get("diff_id", "")),
            size=size if isinstance(size, int) else 0,
            used=changed_at(path),
            builder=str(document.get("builder", "")),
            sources=frozenset(str(digest).rpartition(":")[2] for digest in sources.values()),
        )


@dataclass(frozen=True)
class Manifest:
    """An image: digests of its manifest, its config and its layers."""

    digest: str
    config: str
    layers: tuple[str, ...]


def manifests(layout: Layout, blobs: Mapping[str, Path]) -> Iterator[Manifest]:
    """Yield every image of the store, whether the index names it or not."""
    for digest, path in blobs.items():
        with path.open("rb") as stream:
            # Documents are JSON objects, layers are tars.
            if stream.read(1) != b"{":
                continue
        document = _read(layout.blob(digest))
        if document.get("mediaType") == MANIFEST:
            # One that doesn't say what it is made of is nobody's image.
            with suppress(KeyError, TypeError):
                layers = tuple(str(entry["digest"]) for entry in document["layers"])
                yield Manifest(digest, str(document["config"]["digest"]), layers)


@dataclass(frozen=True)
class BaseRecord:
    """A base image: the file that records it, its name, its config's digest."""

    path: Path
    name: str
    config: str


def bases(home: Home) -> Iterator[BaseRecord]:
    """Yield the base images that were built or copied."""
    for path in sorted(home.bases.glob("[!.]*.json")):
        document = _read(path)
        yield BaseRecord(path, str(document.get("name", "")), str(document.get("config", "")))


def blobs(layout: Layout) -> dict[str, Path]:
    """Return digest to path of every blob."""
    found = (layout.root / "blobs" / "sha256").glob("*")
    return {f"sha256:{path.name}": path for path in found if not path.name.startswith(UNFINISHED)}


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a directory; what a build removes meanwhile counts nothing."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(size(child) for child in path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return 0


def changed_at(path: Path) -> float:
    """Return when a file was last written or used (seconds since 1970); now for one that was just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return _object(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}


def _object(value: object) -> Mapping[str, Any]:
    """Return a JSON object; what is none has nothing to say."""
    return value if isinstance(value, dict) else {}
