"""Making a base image: description, mmdebstrap, canonical layer, image in the store."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.base import archive, bootstrap, debian, lockfile, store, tree
from cbuild.base.description import Description, load
from cbuild.base.find import FORMAT, Place
from cbuild.base.lockfile import Locked
from cbuild.canonical import canonical_json, sha256_bytes
from cbuild.errors import EngineError
from cbuild.events import Event, Report
from cbuild.image.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbuild.base.bootstrap import Package
    from cbuild.base.model import Base
    from cbuild.state.home import Home


@dataclass(frozen=True)
class Built:
    """A base that was just made: what it was made from, and how long it took (seconds)."""

    base: Base
    locked: Locked
    seconds: float
    size: int


def described(description: Description, directory: Path) -> str:
    """Return the digest of a description and its files: what a lock remembers to tell why an image changed."""
    files = {path: sha256_bytes(data) for path, data in tree.added_files(description, directory)}
    return sha256_bytes(canonical_json([FORMAT, description.as_dict(), files]))


def from_lock(place: Place, home: Home) -> Base | None:
    """Return the base that the lock names when the store has it already and the description is the lock's."""
    description = load(place.description)
    locked = lockfile.load(place.lock).get(debian.architecture())
    if locked is None or described(description, place.description.parent) != locked.description:
        return None
    return store.load(home, place.name, locked.config, description)


def make(
    place: Place,
    home: Home,
    report: Report,
    *,
    pinned: bool = True,
    checked: bool = True,
    mirrors: Sequence[str] | None = None,
) -> Built:
    """Build the base.

    pinned: hold every package at its locked version. checked: the packages and the image must be those of the lock.
    mirrors: sources.list lines, by default the machine's own. Errors: see lockfile.py and bootstrap.py.
    """
    started = time.monotonic()
    description = load(place.description)
    directory = place.description.parent
    architecture = debian.architecture()
    locked = lockfile.load(place.lock).get(architecture)
    if checked and locked is None:
        report(Event("warning", place.name, f"Nothing is locked for {architecture}: `cbuild base lock {place.name}`."))

    def check(packages: Sequence[Package]) -> None:
        if locked and checked:
            lockfile.check_packages(place.name, locked, packages)

    report(Event("base-started", place.name, f"Building the base image {place.name} with mmdebstrap."))
    with _scratch(home, place) as scratch:
        log = home.logs / f"base-{place.name}.log"
        raw = bootstrap.run(description, locked.pins() if locked and pinned else {}, scratch, log, mirrors)
        packages, diff_id = _layer(raw, description, directory, Layout(home.oci), check)
    config = store.config(description, architecture, diff_id)
    digest = sha256_bytes(config)
    text = described(description, directory)
    if locked and checked:
        lockfile.check_image(place.name, locked, text, digest, diff_id)
    store.save(Layout(home.oci), f"cbuild/base-{place.name}", config, [diff_id])
    base = store.load(home, place.name, digest, description)
    if base is None:
        raise EngineError(f"base image {place.name} vanished from the store", reason="base-build-failed")
    size = sum(layer.path.stat().st_size for layer in base.layers)
    built = Built(base, Locked(text, digest, diff_id, packages), time.monotonic() - started, size)
    report(Event("base-built", place.name, f"Built the base image {place.name}: {digest}.", _figures(built)))
    return built


def _figures(built: Built) -> dict[str, object]:
    """Return what a report says about a build."""
    return {
        "seconds": round(built.seconds, 1),
        "size": built.size,
        "packages": len(built.locked.packages),
        "config": built.locked.config,
        "layer": built.locked.layer,
    }


def _layer(
    raw: Path, description: Description, directory: Path, layout: Layout, check: Callable[[Sequence[Package]], None]
) -> tuple[tuple[Package, ...], str]:
    """Write the canonical layer of mmdebstrap's tar into the store; return the packages and the diff_id."""
    with tarfile.open(raw) as opened, raw.open("rb") as stream:
        found = tree.read(opened)
        notes = found[f"{tree.NOTES}/packages"]
        stream.seek(notes.offset)
        packages = bootstrap.packages(stream.read(notes.size))
        check(packages)
        shaped = tree.shape(found, description, directory, debian.triplet(debian.architecture()))
        with layout.writing() as out:
            archive.write(shaped, stream, description.epoch, out)
        return packages, out.digest


@contextmanager
def _scratch(home: Home, place: Place) -> Iterator[Path]:
    """Give a directory for one build; what a killed build left goes first (the caller holds the lock)."""
    home.work.mkdir(parents=True, exist_ok=True)
    prefix = f"base-{place.key}-"
    for stale in home.work.glob(f"{prefix}*"):
        shutil.rmtree(stale, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=home.work))
    path.chmod(0o755)  # mmdebstrap looks at it from another user namespace
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
