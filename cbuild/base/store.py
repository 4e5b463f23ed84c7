"""Base images in the store: blobs in the OCI layout, records of what was built from what."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cbuild.base.description import Description, from_dict
from cbuild.base.model import Base
from cbuild.canonical import canonical_json, hex_of, sha256_bytes, write_atomic
from cbuild.engine.api import LayerFile
from cbuild.image.layout import CONFIG, LAYER, MANIFEST, Descriptor, Layout
from cbuild.state.use import using

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbuild.state.home import Home

FORMAT = 1


def config(description: Description, architecture: str, diff_id: str) -> bytes:
    """Return the OCI image config: nothing in it but the description, the architecture and the layer."""
    image = description.image
    created = datetime.fromtimestamp(description.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    running: dict[str, object] = {
        "Env": [f"{name}={value}" for name, value in image.env],
        "Labels": dict(image.labels),
        "Entrypoint": list(image.entrypoint),
        "Cmd": list(image.cmd),
        "WorkingDir": image.workdir,
        "User": image.user,
        "StopSignal": image.stop_signal,
    }
    return canonical_json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": {key: value for key, value in running.items() if value},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": created, "created_by": f"cbuild base {description.name}"}],
        }
    )


def save(layout: Layout, tag: str, config_bytes: bytes, layers: Sequence[str]) -> None:
    """Store config and manifest over layers (diff_ids that the store has) and let tag name the image."""
    written = layout.write(config_bytes, CONFIG)
    layout.tag(tag, layout.write(_manifest(layout, written, layers), MANIFEST).digest)


def _manifest(layout: Layout, written: Descriptor, layers: Sequence[str]) -> bytes:
    """Return the manifest: given by the config alone, since layers are stored uncompressed."""
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": written.as_dict(),
            "layers": [Descriptor(LAYER, digest, layout.blob(digest).stat().st_size).as_dict() for digest in layers],
        }
    )


def load(home: Home, name: str, digest: str, description: Description | None) -> Base | None:
    """Return the base with this config digest if the store has all of it; None otherwise."""
    layout = Layout(home.oci)
    try:
        data = layout.blob(digest).read_bytes()
        layers = json.loads(data)["rootfs"]["diff_ids"]
        manifest = sha256_bytes(_manifest(layout, Descriptor(CONFIG, digest, len(data)), layers))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not layout.has(manifest):
        return None
    files = tuple(LayerFile(layer, layout.blob(layer)) for layer in layers)
    return Base(name, digest, data, files, manifest, description)


def recorded(home: Home, name: str, inputs: str) -> Base | None:
    """Return the base that was made from these inputs (a digest), or None. A damaged record counts as none."""
    try:
        entry = json.loads((home.bases / f"{hex_of(inputs)}.json").read_bytes())
        if entry["format"] != FORMAT:
            return None
        description = from_dict(entry["description"]) if entry["description"] else None
        return load(home, name, entry["config"], description)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def record(home: Home, inputs: str, base: Base) -> None:
    """Note that inputs gave base."""
    document = {
        "format": FORMAT,
        "name": base.name,
        "config": base.digest,
        "description": base.description.as_dict() if base.description else None,
    }
    write_atomic(home.bases / f"{hex_of(inputs)}.json", canonical_json(document))


@contextmanager
def locked(home: Home, key: str) -> Iterator[None]:
    """Let one process at a time make the base that key stands for."""
    home.bases.mkdir(parents=True, exist_ok=True)
    with using(home), (home.bases / f".{key}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
