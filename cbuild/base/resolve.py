"""A base named by an image reference with a digest: from the store, an OCI layout, or a registry through skopeo."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.base import find, incoming, store
from cbuild.base.reference import Reference, parse
from cbuild.canonical import hex_of, sha256_bytes, sha256_file
from cbuild.errors import EngineError, SourceError, UsageError
from cbuild.events import Event
from cbuild.image.layout import MANIFEST, Layout

if TYPE_CHECKING:
    from cbuild.base.model import Base
    from cbuild.events import Report
    from cbuild.state.home import Home


def ensure(reference: str, home: Home, report: Report) -> Base:
    """Return the image that reference names, copied into the store when it isn't there.

    Errors: UsageError ``unknown-base``, ``base-without-digest``, ``bad-reference``; EngineError
    ``base-tool-missing``; SourceError ``base-missing``, ``base-damaged``.
    """
    inputs = sha256_bytes(reference.encode())
    base = store.recorded(home, reference, inputs) or _here(reference, home)
    if base is not None:
        return base
    if "/" not in reference and ":" not in reference and "@" not in reference:
        raise find.unknown(reference)
    parsed = parse(reference)
    if parsed.transport == "store":
        raise UsageError(
            f"the store has no image {reference}",
            reason="unknown-base",
            resolution="Name it with its registry (registry/name@sha256:…) or layout (oci:/path@sha256:…).",
        )
    with store.locked(home, hex_of(inputs)):
        base = store.recorded(home, reference, inputs)
        if base is None:
            report(Event("base-started", reference, f"Copying the base image {reference}."))
            base = _copied(parsed, reference, home)
            store.record(home, inputs, base)
            report(
                Event(
                    "base-built",
                    reference,
                    f"Copied the base image {reference}: {base.digest}.",
                    {"config": base.digest},
                )
            )
    return base


def _here(reference: str, home: Home) -> Base | None:
    """Return the image that the store has under this name, or whose manifest or config has this digest."""
    layout = Layout(home.oci)
    found = layout.images().get(reference)
    digest = found.digest if found else reference
    if not digest.startswith("sha256:"):
        return None
    try:
        blob = layout.read_json(digest)
        config = blob["config"]["digest"] if blob.get("mediaType") == MANIFEST else digest  # type: ignore[index]  # TypeError is caught
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return store.load(home, reference, config, None)


def _copied(parsed: Reference, name: str, home: Home) -> Base:
    """Bring the image into the store."""
    layout = Layout(home.oci)
    if parsed.transport == "oci":
        config, layers = incoming.take(Layout(Path(parsed.name)), parsed.digest, layout)
    else:
        home.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="skopeo-", dir=home.work) as scratch:
            there = Layout(Path(scratch))
            config, layers = incoming.take(there, _pull(parsed, there), layout)
    store.save(layout, parsed.tag, config, layers)
    base = store.load(home, name, sha256_bytes(config), None)
    if base is None:
        raise SourceError(f"the base image {name} vanished from the store", reason="base-missing")
    return base


def _pull(parsed: Reference, there: Layout) -> str:
    """Let skopeo copy from a registry into a layout; return the manifest's digest there.

    skopeo checks what it gets against the digest asked for, and takes this machine's platform out of an index. Its
    ``dir:`` keeps manifest and config as they are, to the byte; ``oci:`` would write Docker's formats anew.
    """
    if shutil.which("skopeo") is None:
        raise EngineError(
            f"the base image {parsed.tag} is in a registry, and skopeo is not here to copy it",
            reason="base-tool-missing",
            resolution="apt install skopeo",
        )
    command = ["skopeo", "copy", "--quiet", "--insecure-policy"]  # the digest decides, not a signature
    if parsed.loopback:
        command.append("--src-tls-verify=false")
    flat = there.root / "dir"
    command += [f"docker://{parsed.tag}", f"dir:{flat}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceError(
            f"the base image {parsed.tag} could not be copied",
            reason="base-missing",
            details=done.stderr.strip(),
            resolution="See that the registry answers and has this digest: `skopeo inspect` with the same name.",
        )
    there.blob("").mkdir(parents=True)
    for path in flat.iterdir():
        path.rename(there.blob(path.name))
    manifest = there.blob("manifest.json")
    digest = sha256_file(manifest)
    manifest.rename(there.blob(digest))
    return digest
