"""What ``cbuild base`` does: build a base image, write its lock, show what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbuild.base import debian, find, lockfile, making, store
from cbuild.events import Report, silent

if TYPE_CHECKING:
    from pathlib import Path

    from cbuild.base.bootstrap import Package
    from cbuild.base.model import Base
    from cbuild.state.home import Home


@dataclass(frozen=True)
class Shown:
    """What is known of a base image.

    base: None when the store lacks it. size: of its layers, bytes. packages: what the lock names. lock: its file, if
    there is one. seconds: how long the build took that was just made, if one was.
    """

    name: str
    base: Base | None
    size: int
    packages: tuple[Package, ...]
    lock: Path | None
    seconds: float | None = None


def make(place: find.Place, home: Home, report: Report) -> Base:
    """Return the base: the one that another process made while this one waited, the one of the lock, or a new one."""
    with store.locked(home, place.key):
        inputs = place.inputs()
        base = store.recorded(home, place.name, inputs) or making.from_lock(place, home)
        if base is None:
            base = making.make(place, home, report).base
        store.record(home, inputs, base)
        return base


def build(name: str, home: Home, report: Report = silent) -> Shown:
    """Build a base image anew, whether the store has it or not, and check it against its lock."""
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
    place = _described(name)
    with store.locked(home, place.key):
        made = making.make(place, home, report, pinned=not upgrade, checked=False)
        lockfile.save(place.lock, lockfile.load(place.lock) | {debian.architecture(): made.locked})
        store.record(home, place.inputs(), made.base)
    return replace(show(name, home), seconds=made.seconds)


def show(name: str, home: Home) -> Shown:
    """Return what is known of a base image without building anything."""
    place = _described(name)
    locked = lockfile.load(place.lock).get(debian.architecture())
    base = store.recorded(home, place.name, place.inputs())
    return Shown(
        name=place.name,
        base=base,
        size=sum(layer.path.stat().st_size for layer in base.layers) if base else 0,
        packages=locked.packages if locked else (),
        lock=place.lock if place.lock.exists() else None,
    )


def _described(name: str) -> find.Place:
    """Return the description called name. UsageError (``unknown-base``) when there is none."""
    place = find.place(name)
    if place is None:
        raise find.unknown(name)
    return place
