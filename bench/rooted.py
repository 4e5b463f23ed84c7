"""Twenty parts of which all refer to the first: the last one changed, the first one, and the first one to no effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import in_turns, say, show
from bench.site import Site
from bench.software import PARTS, build, names, work

ROUNDS = 3
ROOT, LEAF = names(PARTS)[0], names(PARTS)[-1]

Versions = dict[str, int]
"""Part to version; 0 for those that aren't there. A negative one changes a comment in the command, nothing else."""


def leaf_changed(site: Site) -> None:
    """Change what nothing refers to: one part, one step."""
    _compare(site, "The last of 20 parts changed", lambda version: {LEAF: version}, built=1)


def root_changed(site: Site) -> None:
    """Change what all others refer to: everything is built again; then so that it comes out the same."""
    _compare(
        site, "The first of 20 parts changed, which all others refer to", lambda version: {ROOT: version}, built=PARTS
    )
    _compare(site, "The first of 20 parts changed, and came out the same", lambda version: {ROOT: -version}, built=1)


def _compare(site: Site, title: str, change: Callable[[int], Versions], built: int) -> None:
    ours, theirs = site.root / "bench-rooted", site.root / "context-rooted"
    image = site.builder_image() if ours.exists() else _first(site, ours)
    _dockerfile(theirs, image, {})
    build(site, theirs)
    # Versions that no earlier run had: an engine that goes on running still has the steps of that run.
    version = int(time.time()) % 10**9

    def peer(number: int) -> None:
        _dockerfile(theirs, image, change(version + number))
        build(site, theirs)

    def own(number: int) -> None:
        _profile(ours, change(version + number))
        document = site.cbuild("software", "--no-load", directory=ours)
        if (count := sum(part["status"] == "built" for part in document["parts"])) != built:
            raise AssertionError(f"built {count}")

    show(title, in_turns([("docker build", peer), ("cbuild software --no-load", own)], ROUNDS))
    say(f"  parts that cbuild built: {built}")


def _first(site: Site, ours: Path) -> str:
    _profile(ours, {})
    site.cbuild("software", "--no-load", directory=ours)
    return site.builder_image()


def _work(name: str, versions: Versions) -> str:
    version = versions.get(name, 0)
    return work(name, max(version, 0)) + (f" && : {-version}" if version < 0 else "")


def _profile(directory: Path, versions: Versions) -> None:
    texts = [f"[buildout]\nparts = {' '.join(names(PARTS))}\n"]
    for name in names(PARTS):
        needs = "" if name == ROOT else f"test -d ${{{ROOT}:location}} && "
        texts.append(
            f"[{name}]\nrecipe = plone.recipe.command\nstop-on-error = true\nlocation = /opt/cbuild/parts/{name}\n"
            f"command = {needs}{_work(name, versions)}\n"
        )
    directory.mkdir(exist_ok=True)
    (directory / "software.cfg").write_text("\n".join(texts), encoding="utf-8")


def _dockerfile(directory: Path, image: str, versions: Versions) -> None:
    steps = [f"RUN {_work(name, versions)}" for name in names(PARTS)]
    directory.mkdir(exist_ok=True)
    (directory / "Dockerfile").write_text("\n".join([f"FROM {image}", *steps, ""]), encoding="utf-8")
