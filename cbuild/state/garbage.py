"""What of the store nobody needs. Nothing is removed here: see cbuild.state.emptied.

Needed is what the noted state files name, what instances run, and of each part's name the result that was used last:
a state file that is lost, or a branch that is switched back to, costs no build. With a limit those go first that were
used longest ago.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cbuild.errors import UsageError
from cbuild.image.layout import Layout
from cbuild.state import installed, inventory, roots
from cbuild.state.home import Home, parts_in
from cbuild.state.installed import Installed
from cbuild.state.inventory import Held, Manifest

Kind = Literal["reference", "base", "result", "log", "answer", "image", "layer", "tree", "work", "source"]

OLD = 30 * 86400.0
"""Seconds after which small documents that nobody used go: answers, failures, times."""

BASE = "cbuild/base-"
"""How the references of base images begin that cbuild makes; the newest of each name stays."""

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Item:
    """Something to remove. name: for a person. size: bytes. used: last use, seconds since 1970, where it is known.

    paths: in the order in which they go.
    """

    kind: Kind
    name: str
    size: int
    used: float | None
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be removed, in this order: what names something goes before what it names.

    kept: bytes that stay (without instances and Podman's storage). roots: what they stay for: state files that are
    there, and ``instance NAME``. gone: state files that were noted and are there no more.
    """

    items: tuple[Item, ...]
    kept: int
    roots: tuple[str, ...]
    gone: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Return the bytes that are to be removed."""
        return sum(item.size for item in self.items)


@dataclass(frozen=True)
class _Needed:
    """keys: of state files; images: manifest digests; sources: sha256s in their locks."""

    states: tuple[Path, ...]
    gone: tuple[Path, ...]
    instances: tuple[str, ...]
    keys: frozenset[str]
    images: frozenset[str]
    sources: frozenset[str]


def find(home: Home, limit: int | None = None, *, sources: bool = False) -> Plan:
    """Return what nobody needs; with a limit (bytes for the whole store) as much more as can go.

    sources: fetched files, too. UsageError (``state-damaged``) for a state file that can't be read: nobody knows what
    it needs.
    """
    needed = _needed(home)
    finder = _Finder(home, needed, sources=sources)
    plan = finder.plan(finder.kept)
    if limit is not None and plan.kept > limit:
        plan = finder.within(limit)
    names = (*map(str, needed.states), *(f"instance {name}" for name in needed.instances))
    return replace(plan, roots=names, gone=needed.gone)


def _needed(home: Home) -> _Needed:
    noted = roots.known(home)
    states = [path for path in noted if os.path.lexists(path)]  # a link that leads nowhere can't be read: it isn't gone
    gone = [path for path in noted if not os.path.lexists(path)]
    read = [_state(path) for path in states]
    running = roots.instances(home)
    locked = [_text(path.parent / "cbuild.lock") for path in states]
    return _Needed(
        tuple(states), tuple(gone), tuple(sorted(running)),
        frozenset(part.key for state in read for part in state.parts),
        frozenset({*(state.image for state in read), *running.values()} - {""}),
        frozenset(digest for text in locked for digest in _DIGEST.findall(text)),
    )  # fmt: skip


def _state(path: Path) -> Installed:
    """Return what a state file says; one that a zc.buildout has written over since needs nothing of a store."""
    try:
        return installed.read(path)
    except UsageError as error:
        if error.reason != "state-foreign":
            raise
        return Installed()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class _Finder:
    """The store, read once; plans for different sets of results that are kept."""

    def __init__(self, home: Home, needed: _Needed, *, sources: bool) -> None:
        self._home = home
        self._needed = needed
        self._sources = sources
        self._layout = Layout(home.oci)
        self._blobs = inventory.blobs(self._layout)
        self._sizes = {digest: inventory.size(path) for digest, path in self._blobs.items()}
        self._manifests = list(inventory.manifests(self._layout, self._blobs))
        self._held = {held.key: held for held in inventory.results(home)}
        self._parts = {held.layer: held for held in self._held.values()}
        self._whole = sum(
            inventory.size(path) for path in home.root.glob("*") if path not in {home.instances, home.podman}
        )
        newest: dict[str, Held] = {}
        for held in self._held.values():
            newest[held.part] = max(newest.get(held.part, held), held, key=lambda one: one.used)
        # What recipes are imported from goes by one name, which is no part's (cbuild.build.site).
        sites = {held.key for held in self._held.values() if " " in held.part and time.time() - held.used < OLD}
        self.kept = {*(needed.keys & set(self._held)), *(held.key for held in newest.values()), *sites}

    def within(self, limit: int) -> Plan:
        """Return the plan that leaves at most limit bytes, or what must stay: unpacked layers go, then old results."""
        kept = set(self.kept)
        plan = self.plan(kept, trees=False)
        spare = sorted((self._held[key] for key in kept - self._needed.keys), key=lambda held: held.used)
        layers = Counter(self._held[key].layer for key in kept)
        over = plan.kept - limit
        images = {layer for manifest in self._live(kept) for layer in manifest.layers}
        for held in spare:
            if over <= 0:
                break
            kept.discard(held.key)
            layers[held.layer] -= 1
            if not layers[held.layer] and held.layer not in images:
                over -= held.size
        return self.plan(kept, trees=False)

    def plan(self, kept: set[str], *, trees: bool = True) -> Plan:
        """Return the plan that keeps these results; trees: keep their unpacked layers."""
        manifests = self._live(kept)
        images = {manifest.digest for manifest in manifests}
        layers = {self._held[key].layer for key in kept}
        blobs = {*layers, *(digest for one in manifests for digest in (one.digest, one.config, *one.layers))}
        unpacked = {*layers, *images} if trees else set()
        items = (
            *self._references(images),
            *self._bases(images),
            *self._results(kept),
            *self._documents(kept),
            *self._dead_blobs(blobs),
            *self._trees(unpacked),
            *self._work(),
            *(self._old_sources(kept) if self._sources else ()),
        )
        return Plan(items, self._whole - sum(item.size for item in items), (), ())

    def _live(self, kept: set[str]) -> list[Manifest]:
        """Return the images that stay: those needed, the newest bases, and bases that kept results were built in."""
        builders = {self._held[key].builder for key in kept}
        newest = {found.digest for name, found in self._layout.images().items() if name.startswith(BASE)}
        needed = self._needed.images
        used = {layer for one in self._manifests if one.digest in needed for layer in one.layers}
        bases = {base.config for base in inventory.bases(self._home)}
        return [
            one
            for one in self._manifests
            if one.digest in needed | newest
            or one.config in builders
            # A runtime is in the images that stand on it.
            or (one.config in bases and set(one.layers) <= used)
        ]

    def _references(self, images: set[str]) -> Iterator[Item]:
        for name, found in self._layout.images().items():
            if found.digest not in images:
                yield Item("reference", name, 0, None, ())

    def _bases(self, images: set[str]) -> Iterator[Item]:
        configs = {one.config for one in self._manifests if one.digest in images}
        for base in inventory.bases(self._home):
            if base.config not in configs:
                yield _item("base", base.name, [base.path])

    def _results(self, kept: set[str]) -> Iterator[Item]:
        for held in self._held.values():
            if held.key not in kept:
                name = f"{held.key.removeprefix('sha256:')}.json"
                paths = [self._home.results / name, self._home.keys / name]
                yield replace(_item("result", held.part, paths), used=held.used)

    def _documents(self, kept: set[str]) -> Iterator[Item]:
        hexes = {key.removeprefix("sha256:") for key in {*kept, *self._needed.keys}}
        for path in _files(self._home.keys, ".json"):
            if path.stem not in hexes and f"sha256:{path.stem}" not in self._held:
                yield _item("result", path.stem[:12], [path])
        failed = {path.stem for path in _files(self._home.failures, ".json") if not _is_old(path)}
        for path in _files(self._home.logs, ".log"):
            if not path.name.startswith("base-") and path.stem not in {*hexes, *failed}:
                yield _item("log", path.stem[:12], [path])
        for directory in (self._home.answers, self._home.failures, self._home.seconds):
            for path in _files(directory):
                if _is_old(path):
                    yield _item("answer", path.stem[:12], [path])

    def _dead_blobs(self, live: set[str]) -> Iterator[Item]:
        """Yield the blobs that nothing needs, documents first: they name the others."""
        documents = {digest for one in self._manifests for digest in (one.digest, one.config)}
        for digest in sorted(set(self._blobs) - live, key=lambda digest: (digest not in documents, digest)):
            held = self._parts.get(digest)
            kind: Kind = "image" if digest in documents else "layer"
            name = held.part if held else digest.removeprefix("sha256:")[:12]
            yield Item(kind, name, self._sizes[digest], held.used if held else None, (self._blobs[digest],))

    def _trees(self, live: set[str]) -> Iterator[Item]:
        """Yield the unpacked layers (and software) of this boot that aren't needed, and all of earlier boots."""
        hexes = {digest.removeprefix("sha256:") for digest in live}
        for path in sorted(self._home.trees.glob("*")):
            if path.name.removeprefix("software-") not in hexes:
                held = self._parts.get(f"sha256:{path.name}")
                yield _item("tree", held.part if held else path.name[:21], [path])
        for path in sorted(self._home.trees.parent.glob("*")):
            if path != self._home.trees:
                yield _item("tree", path.name, [path])

    def _work(self) -> Iterator[Item]:
        """Yield what was kept of failed builds, and what killed ones left."""
        for path in sorted(self._home.work.glob("*")):
            if path != self._home.trees.parent and not _in_use(path):
                yield _item("work", " ".join(parts_in(path)) or path.name, [path])

    def _old_sources(self, kept: set[str]) -> Iterator[Item]:
        needed = {*self._needed.sources, *(digest for key in kept for digest in self._held[key].sources)}
        root = self._home.sources
        for path in _files(root / "files"):
            if path.name not in needed:
                links = [
                    link for link in (root / "md5").glob("*") if link.is_symlink() and link.readlink().name == path.name
                ]
                packed = [root / "packed" / path.name] if (root / "packed" / path.name).exists() else []
                about = [found for found in [root / "about" / f"{path.name}.json"] if found.exists()]
                yield _item("source", path.name[:12], [*links, *about, *packed, path])


def _files(directory: Path, suffix: str = "") -> list[Path]:
    return sorted(path for path in directory.glob(f"[!.]*{suffix}") if path.is_file())


def _is_old(path: Path) -> bool:
    return time.time() - inventory.changed_at(path) > OLD


def _item(kind: Kind, name: str, paths: Iterable[Path]) -> Item:
    there = tuple(path for path in paths if path.exists() or path.is_symlink())
    return Item(kind, name, sum(inventory.size(path) for path in there), None, there)


def _in_use(directory: Path) -> bool:
    """Tell whether a run that lives has this directory (cbuild.build.runs)."""
    with suppress(FileNotFoundError, NotADirectoryError), (directory / "lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
