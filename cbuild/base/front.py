"""The package's front: a base image by its name, its description's path or a reference with a digest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbuild.base import find, store
from cbuild.events import Report, silent

if TYPE_CHECKING:
    from pathlib import Path

    from cbuild.base.model import Base
    from cbuild.state.home import Home


@dataclass(frozen=True)
class Shown:
    """What ``cbuild base show`` knows: base is None when it isn't in the store; locked maps package to version."""

    name: str
    base: Base | None
    size: int
    packages: tuple[tuple[str, str, str, str], ...]
    lock: Path | None
    seconds: float | None = None


def ensure(name_or_reference: str, home: Home, report: Report = silent) -> Base:
    """Return the base image, built with mmdebstrap or copied by skopeo when the store lacks it.

    name_or_reference: ``builder``, ``runtime``, the path of a ``.yaml`` description, or an image reference with a
    digest. A base that is there costs a few file reads. Two processes at once are safe: one makes it, one waits.
    Errors: UsageError (``unknown-base``, ``bad-base-description``, ``base-without-digest``), EngineError
    (``base-tool-missing``, ``base-build-failed``), SourceError (``base-lock``), DifferenceError (``base-differs``).
    """
    place = find.place(name_or_reference)
    if place is None:
        from cbuild.base import resolve  # skopeo's part, rarely needed  # noqa: PLC0415

        return resolve.ensure(name_or_reference, home, report)
    found = store.recorded(home, place.name, place.inputs())
    return found or _made(place, home, report)


def _made(place: find.Place, home: Home, report: Report) -> Base:
    """Build the base unless another process did so while we waited, or the store has what the lock names."""
    from cbuild.base import making  # YAML and tar: 30 ms that a built base doesn't cost  # noqa: PLC0415

    with store.locked(home, place.key):
        inputs = place.inputs()
        base = store.recorded(home, place.name, inputs) or making.from_lock(place, home)
        if base is None:
            base = making.make(place, home, report).base
        store.record(home, inputs, base)
        return base


def build(name: str, home: Home, report: Report = silent) -> Shown:
    """Build a base image anew, whether the store has it or not, and check it against its lock."""
    from cbuild.base import making  # as in _made  # noqa: PLC0415

    place = _described(name)
    with store.locked(home, place.key):
        inputs = place.inputs()
        made = making.make(place, home, report)
        store.record(home, inputs, made.base)
    return replace(show(name, home), seconds=made.seconds)


def lock(name: str, home: Home, report: Report = silent, *, upgrade: bool = True) -> Shown:
    """Build a base image and write its lock.

    upgrade: take the newest versions that the mirror has; otherwise hold those that are locked, where it has them.
    """
    from cbuild.base import (
        debian,  # as in _made
        lockfile,  # as in _made
        making,  # as in _made
    )

    place = _described(name)
    with store.locked(home, place.key):
        made = making.make(place, home, report, pinned=not upgrade, checked=False)
        lockfile.save(place.lock, lockfile.load(place.lock) | {debian.architecture(): made.locked})
        store.record(home, place.inputs(), made.base)
    return replace(show(name, home), seconds=made.seconds)


def show(name: str, home: Home) -> Shown:
    """Return what is known of a base image without building anything."""
    from cbuild.base import (
        debian,  # as in _made
        lockfile,  # as in _made
    )

    place = _described(name)
    locked = lockfile.load(place.lock).get(debian.architecture())
    base = store.recorded(home, place.name, place.inputs())
    return Shown(
        name=place.name,
        base=base,
        size=sum(layer.path.stat().st_size for layer in base.layers) if base else 0,
        packages=tuple((p.name, p.version, p.architecture, p.sha256) for p in locked.packages) if locked else (),
        lock=place.lock if place.lock.exists() else None,
    )


def _described(name: str) -> find.Place:
    """Return the description called name. UsageError (``unknown-base``) when there is none."""
    place = find.place(name)
    if place is None:
        raise find.unknown(name)
    return place
