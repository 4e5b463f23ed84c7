"""What a store holds after five profiles that share most of their parts, beside five stores with one profile each."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from bench.measure import say
from bench.site import Site, copy_bases, unbuilt
from bench.stack import SOFTWARE
from cbuild.state.home import Home

PROFILES = ("gzip", "libtasn1", "lzo", "xxhash", "zlib")
"""One software each: all five, and this one built in another way. They are built seven times: the quick ones."""

UNSHARED = "make-options +=\n  CFLAGS=-O1\n"
PARTS = ("oci", "keys", "results", "logs")
"""Directories of the store that builds fill; its base images are counted apart."""


def share(site: Site) -> None:
    """Build five softwares in one store, then each in a store of its own; compare what the stores hold (bytes)."""
    say(f"\nFive profiles of {len(PROFILES)} parts and what they need; four of five parts are the same in any two …")
    together = [_build(site, name) for name in PROFILES]
    before = _bases(site.home)
    one = _size(site.home) - before
    apart = 0
    for name in PROFILES:
        place = _alone(site, name)
        if _build(place, name) != together[PROFILES.index(name)]:
            raise AssertionError(f"another image of {name} from a store of its own")
        apart += _size(place.home) - before
        shutil.rmtree(place.home.root)
    say(f"  one store {one / 1e6:.1f} MB, five stores {apart / 1e6:.1f} MB, ratio {one / apart:.2f}")
    say(f"  base images, once a store: {before / 1e6:.1f} MB")


def _build(site: Site, name: str) -> str:
    """Build one of the softwares; return its image's digest."""
    directory = site.root / "bench-share" / name
    directory.mkdir(parents=True, exist_ok=True)
    parts = f"[buildout]\nextends = {SOFTWARE}\nparts = {' '.join(PROFILES)}\n"
    (directory / "software.cfg").write_text(f"{parts}\n[{name}]\n{UNSHARED}", encoding="utf-8")
    (directory / ".installed.cfg").unlink(missing_ok=True)
    document = site.cbuild("software", "--no-load", directory=directory)
    return str(document["image"]["digest"])


def _alone(site: Site, name: str) -> Site:
    """Return a site with an empty store that has the base images and the fetched sources."""
    home = unbuilt(site.root / f"home-{name}", site.home)
    return replace(site, home=home, environment={**site.environment, "CBUILD_HOME": str(home.root)})


def _bases(home: Home) -> int:
    """Return the size of the base images' layers."""
    alone = Home(home.root.parent / "home-bases")
    copy_bases(home, alone)
    size = _size(alone)
    shutil.rmtree(alone.root)
    return size


def _size(home: Home) -> int:
    files = (path for name in PARTS for path in Path(home.root, name).rglob("*"))
    return sum(os.lstat(path).st_size for path in files if path.is_file())
