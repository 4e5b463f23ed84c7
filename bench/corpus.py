"""SlapOS's own profiles on both engines, each with a store of its own: equal images, times, and whether they verify.

    python -m bench.corpus DIRECTORY [PART…]      parts of corpus/buildable.json below $CBUILD_SHARED; default: all

DIRECTORY keeps the stores and projects, so that a run goes on where the last one ended. All parts take hours on two
processors; the profiles aren't this repository's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.measure import say
from bench.site import CBUILD, ROOT, copy_bases
from cbuild.state.home import Home

ENGINES = ("docker", "podman")

MISSING = {"apache": "[apache]\npatches =\n[pcre]\npatches =\n"}
"""For parts whose patches neither the corpus nor Debian's archive has."""


def main() -> None:
    """Build, compare and verify what the command line names."""
    if not sys.argv[1:]:
        sys.exit(__doc__)
    place = Path(sys.argv[1]).absolute()
    corpus = Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared") / "corpus"
    marked = json.loads((corpus / "buildable.json").read_text(encoding="utf-8"))["parts"]
    names = sys.argv[2:] or list(marked)
    if unknown := [name for name in names if name not in marked]:
        sys.exit(f"not in buildable.json: {', '.join(unknown)}")
    different = [name for name in names if not _part(name, marked[name], corpus, place)]
    say(f"{len(names) - len(different)} of {len(names)} the same on both engines and in a different builder")
    if different:
        sys.exit(f"not so: {', '.join(different)}")


def _part(name: str, entry: dict[str, Any], corpus: Path, place: Path) -> bool:
    """Build and verify one part with what it needs; tell whether all came out the same."""
    extends = [corpus / entry["profile"], *([] if entry["exact"] else [corpus / "overrides.cfg"])]
    text = "\n  ".join(["[buildout]\nextends =", *map(str, extends)])
    text += f"\nparts = {entry['section']}\n{MISSING.get(name, '')}"
    digests, layers = set(), set()
    for engine in ENGINES:
        project = place / engine / name
        project.mkdir(parents=True, exist_ok=True)
        (project / "software.cfg").write_text(text, encoding="utf-8")
        built = _cbuild(place, engine, project, "software", "--no-load")
        if "error" in built:
            say(f"{name} on {engine}: {built['error']['brief']}\n{built['error']['details'][-2000:]}")
            return False
        digests.add(built["image"]["digest"])
        layers.add(tuple(part["layer"] for part in built["parts"]))
        seconds = sum(part["seconds"] for part in built["parts"] if part["status"] == "built")
        say(f"{name} on {engine}: {len(built['parts'])} parts, {seconds:.0f} s of building, {built['image']['digest']}")
    verified = _cbuild(place, "podman", place / "podman" / name, "verify", name)
    same = all(part["reproducible"] for part in verified.get("parts", [])) and "error" not in verified
    say(f"{name}: {'reproducible' if same else json.dumps(verified)[:2000]}")
    return same and len(digests) == len(layers) == 1


def _cbuild(place: Path, engine: str, project: Path, *arguments: str) -> dict[str, Any]:
    home = Home(place / f"{engine}-store")
    copy_bases(Home.default(), home)
    if not home.sources.exists():
        Home.default().sources.mkdir(parents=True, exist_ok=True)
        home.sources.symlink_to(Home.default().sources)
    environment = {**os.environ, "CBUILD_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*CBUILD, *arguments, "--engine", engine, "--json"],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    return document


if __name__ == "__main__":
    main()
