"""A cold build of real programs beside zc.buildout with slapos.recipe.cmmi: the same tarballs, the same profile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.measure import in_turns, say, show
from bench.site import Site

SOFTWARE = Path(__file__).parent / "stack_software" / "software.cfg"
PEER = ("zc.buildout==6.0.1", "slapos.recipe.cmmi==0.23", "setuptools<81")
"""setuptools 81 has no pkg_resources, which slapos.recipe.build imports."""

ROUNDS = 2


def stack(site: Site) -> None:
    """Compile everything from nothing, sources at hand; then the sizes of what came out."""
    ours, theirs = site.root / "bench-stack", site.root / "peer"
    ours.mkdir()
    shutil.copy(SOFTWARE, ours)
    say("\nFetching sources and building once …")
    document = site.cbuild("software", directory=ours)
    sources = _sources(site, ours)
    buildout = _peer(site, theirs)

    def own(_: int) -> None:
        _forget_parts(site)
        built = site.cbuild("software", "--no-load", directory=ours)
        if any(part["status"] != "built" for part in built["parts"]):
            raise AssertionError("not a cold build")

    def peer(number: int) -> None:
        _run_peer(buildout, theirs / str(number), sources)

    times = in_turns([("buildout, make -j", peer), ("cbuild software", own)], ROUNDS)
    show(f"A cold build of {len(document['parts'])} parts from real tarballs, {os.cpu_count()} CPUs", times)
    layers = sum(part["size"] for part in document["parts"] if part["in_image"])
    say(f"  buildout's directory {_size(theirs / '0' / 'parts') / 1e6:.1f} MB, cbuild's layers {layers / 1e6:.1f} MB")


def _sources(site: Site, project: Path) -> dict[str, Path]:
    """Return each URL of the profile with a file of the tarball's own name, for the peer."""
    found: dict[str, Path] = {}
    for url, pinned in json.loads((project / "cbuild.lock").read_text(encoding="utf-8"))["sources"].items():
        target = site.root / "tarballs" / url.rpartition("/")[2]
        target.parent.mkdir(exist_ok=True)
        shutil.copy(site.home.sources / "files" / pinned["sha256"].rpartition(":")[2], target)
        found[url] = target
    return found


def _peer(site: Site, directory: Path) -> Path:
    """Make a virtual environment with the peer from PyPI; return its buildout."""
    venv.create(directory / "venv", with_pip=True)
    pip = directory / "venv" / "bin" / "pip"
    site.run(str(pip), "install", "-q", "--disable-pip-version-check", *PEER)
    return directory / "venv" / "bin" / "buildout"


def _run_peer(buildout: Path, directory: Path, sources: dict[str, Path]) -> None:
    text = SOFTWARE.read_text(encoding="utf-8")
    for url, path in sources.items():
        text = text.replace(url, str(path))
    directory.mkdir()
    (directory / "buildout.cfg").write_text(text, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "MAKEFLAGS": f"-j{os.cpu_count() or 1}"}
    done = subprocess.run(
        [buildout, "-N", "-o"], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"the peer fails:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _forget_parts(site: Site) -> None:
    """Forget what was built; sources, base images and locks stay."""
    for directory in (site.home.results, site.home.keys, site.home.work, site.home.seconds):
        shutil.rmtree(directory, ignore_errors=True)
    (site.root / "bench-stack" / ".installed.cfg").unlink(missing_ok=True)


def _size(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
