"""SlapOS's own profiles: built on Docker, then every part once more on Podman in a different builder, and compared.

    python -m bench.corpus DIRECTORY [PART…]      parts of corpus/buildable.json below $CBUILD_SHARED; default: all

DIRECTORY keeps the store, the projects and the verdicts, so that a run goes on where the last one ended. All parts take
hours on two processors; the profiles aren't this repository's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.measure import say
from bench.site import CBUILD, ROOT, unbuilt
from cbuild.state.home import Home

MISSING = {"apache": "[apache]\npatches =\n[pcre]\npatches =\n"}
"""For parts whose patches neither the corpus nor Debian's archive has."""


def main() -> None:
    """Build, compare and verify what the command line names."""
    if not sys.argv[1:]:
        sys.exit(__doc__)
    corpus = Path(os.environ.get("CBUILD_SHARED") or ROOT.parent / "shared") / "corpus"
    marked = json.loads((corpus / "buildable.json").read_text(encoding="utf-8"))["parts"]
    names = sys.argv[2:] or list(marked)
    if unknown := [name for name in names if name not in marked]:
        sys.exit(f"not in buildable.json: {', '.join(unknown)}")
    found = _Corpus(Path(sys.argv[1]).absolute())
    good = [name for name in names if found.is_good(name, _profile(name, marked[name], corpus))]
    say(f"{len(found.equal)} of {len(found.verdicts)} layers the same on Podman in a different builder")
    if bad := sorted({*names} - {*good}):
        sys.exit(f"not so: {', '.join(bad)}")


def _profile(name: str, entry: dict[str, Any], corpus: Path) -> str:
    extends = [corpus / entry["profile"], *([] if entry["exact"] else [corpus / "overrides.cfg"])]
    text = "\n  ".join(["[buildout]\nextends =", *map(str, extends)])
    return f"{text}\nparts = {entry['section']}\n{MISSING.get(name, '')}"


class _Corpus:
    """A store, a project a part, and what was found out. verdicts: layer to `[part, whether it came out the same]`."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._file = place / "verdicts.json"
        self._home = unbuilt(place / "store", Home.default())
        self.verdicts: dict[str, list[Any]] = json.loads(self._file.read_text()) if self._file.exists() else {}

    @property
    def equal(self) -> list[str]:
        """The layers that came out the same."""
        return [layer for layer, (_, same) in self.verdicts.items() if same]

    def is_good(self, name: str, profile: str) -> bool:
        """Build a part with what it needs, verify what wasn't yet; tell whether all of it came out the same."""
        project = self._place / name
        project.mkdir(parents=True, exist_ok=True)
        (project / "software.cfg").write_text(profile, encoding="utf-8")
        built = self._cbuild(project, "software", "--no-load", "--engine", "docker")
        if "error" in built:
            say(f"{name}: {built['error']['brief']}\n{built['error']['details'][-2000:]}")
            return False
        seconds = sum(part["seconds"] for part in built["parts"] if part["status"] == "built")
        say(f"{name}: {len(built['parts'])} parts, {seconds:.0f} s of building, {built['image']['digest']}")
        layers = {part["name"]: part["layer"] for part in built["parts"]}
        self._verify(project, {part: layer for part, layer in layers.items() if layer not in self.verdicts})
        return {*layers.values()} <= {*self.equal}

    def _verify(self, project: Path, layers: dict[str, str]) -> None:
        if not layers:
            return
        verified = self._cbuild(project, "verify", *layers, "--engine", "podman")
        if "error" in verified:
            sys.exit(verified["error"]["brief"])
        for part in verified["parts"]:
            self.verdicts[layers[part["name"]]] = [part["name"], part["reproducible"]]
            if not part["reproducible"]:
                say(json.dumps(part)[:2000])
        self._file.write_text(json.dumps(self.verdicts, indent=1))

    def _cbuild(self, project: Path, *arguments: str) -> dict[str, Any]:
        environment = {**os.environ, "CBUILD_HOME": str(self._home.root), "PYTHONPATH": str(ROOT)}
        command = [*CBUILD, *arguments, "--json"]
        done = subprocess.run(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        document: dict[str, Any] = json.loads(done.stdout)
        return document


if __name__ == "__main__":
    main()
