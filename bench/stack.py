"""A cold build of real programs beside zc.buildout with slapos.recipe.cmmi: the same tarballs, the same profile.

    python -m bench.stack PROFILE.cfg      a profile of your own, one round; `python -m bench stack` has a small one

What the store at $CBUILD_HOME has fetched is used, what it hasn't is fetched within cbuild's time.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Times, in_turns, say, show
from bench.peer import Peer
from bench.site import Site, site, unbuilt
from cbuild.state.home import Home

SOFTWARE = Path(__file__).parent / "stack_software" / "software.cfg"


def main() -> None:
    """Measure the profile that the command line names: cbuild first, which says what the peer has to be given."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit(__doc__)
    with site() as place:
        unbuilt(place.home.root, Home.default())
        own = _Own(place, f"[buildout]\nextends = {Path(sys.argv[1]).absolute()}\n")
        ours = in_turns([own.contender], 1)
        show(f"{own.parts} parts with cbuild; zc.buildout takes as long again", ours)
        peer = Peer(place, own.project, place.root / "peer")
        _show(own, peer, [*in_turns([peer.contender], 1), *ours])


def stack(site: Site) -> None:
    """Measure a small profile in two rounds, sources at hand."""
    own = _Own(site, SOFTWARE.read_text(encoding="utf-8"))
    say("\nFetching sources and building once …")
    own.build(0)
    peer = Peer(site, own.project, site.root / "peer")
    _show(own, peer, in_turns([peer.contender, own.contender], 2))


class _Own:
    """A project of a site. layers: bytes in the image, and of all parts, after a build."""

    def __init__(self, site: Site, profile: str) -> None:
        self._site = site
        self.project = site.root / "bench-stack"
        self.project.mkdir()
        (self.project / "software.cfg").write_text(profile, encoding="utf-8")
        self.contender = ("cbuild software", self.build)
        self.parts = 0
        self.layers = (0, 0)

    def build(self, _: int) -> None:
        """Compile every part, whatever was built before."""
        for directory in (self._site.home.results, self._site.home.keys, self._site.home.work, self._site.home.seconds):
            shutil.rmtree(directory, ignore_errors=True)
        (self.project / ".installed.cfg").unlink(missing_ok=True)
        parts = self._site.cbuild("software", "--no-load", directory=self.project)["parts"]
        if any(part["status"] != "built" for part in parts):
            raise AssertionError("not a cold build")
        self.parts = len(parts)
        self.layers = (sum(part["size"] for part in parts if part["in_image"]), sum(part["size"] for part in parts))


def _show(own: _Own, peer: Peer, times: Sequence[Times]) -> None:
    show(f"A cold build of {own.parts} parts from real tarballs, {os.cpu_count()} CPUs", times)
    if peer.without:
        say(f"  buildout without {', '.join(peer.without)}")
    image, whole = (size / 1e6 for size in own.layers)
    say(f"  buildout's directory {peer.size(0) / 1e6:.1f} MB")
    say(f"  cbuild's layers {image:.1f} MB, with build-only parts {whole:.1f} MB")


if __name__ == "__main__":
    main()
