"""zc.buildout with the recipes from PyPI, for a cold build of the same parts from the same tarballs on the host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.site import Site

DISTRIBUTIONS = ("zc.buildout==6.0.1", "slapos.recipe.cmmi==0.23", "slapos.recipe.build==0.66", "setuptools<81")
"""setuptools 81 has no pkg_resources, which slapos.recipe.build imports."""

RECIPES = ("slapos.recipe.cmmi", "slapos.recipe.build")
"""Other parts are left out: eggs would be built for the host's Python."""


class Peer:
    """A buildout of its own below directory, over the parts of a profile that cbuild has built in project."""

    def __init__(self, site: Site, project: Path, directory: Path) -> None:
        self._site = site
        self._directory = directory
        self.contender = ("buildout, make -j", self.build)
        planned = [part["name"] for part in site.cbuild("software", "--dry-run", directory=project)["parts"]]
        sections = _sections(site, project, planned)
        self.parts = [name for name in planned if sections[name]["recipe"].startswith(RECIPES)]
        self.without = sorted({*planned} - {*self.parts})
        self._text = _profile({name: sections[name] for name in self.parts}, self._sources(project))
        venv.create(directory / "venv", with_pip=True)
        pip = directory / "venv" / "bin" / "pip"
        site.run(str(pip), "install", "-q", "--disable-pip-version-check", *DISTRIBUTIONS)

    def build(self, number: int) -> None:
        """Build everything in a new directory, make using all processors; exits when a part fails."""
        place = self._directory / str(number)
        place.mkdir()
        (place / "buildout.cfg").write_text(self._text, encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": str(place), "MAKEFLAGS": f"-j{os.cpu_count() or 1}"}
        buildout = self._directory / "venv" / "bin" / "buildout"
        with (place / "log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                [buildout, "-N", "-o"], cwd=place, env=environment, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            sys.exit(f"the peer fails:\n{(place / 'log').read_text(errors='replace')[-4000:]}")

    def size(self, number: int) -> int:
        """Return the bytes of all files that a build installed."""
        files = (self._directory / str(number) / "parts").rglob("*")
        return sum(path.lstat().st_size for path in files if path.is_file() and not path.is_symlink())

    def _sources(self, project: Path) -> dict[str, Path]:
        """Return each URL of the profile with a file of the tarball's own name."""
        found: dict[str, Path] = {}
        for url, pinned in json.loads((project / "cbuild.lock").read_text(encoding="utf-8"))["sources"].items():
            digest = pinned["sha256"].rpartition(":")[2]
            target = self._directory / "tarballs" / digest[:8] / url.rpartition("/")[2].partition("?")[0]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._site.home.sources / "files" / digest, target)
            found[url] = target
        return found


def _sections(site: Site, project: Path, parts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return every section's options; only what recipes compute is still a reference, as ``@@PART:OPTION@@``.

    To slapos.recipe.cmmi @@LOCATION@@ is the location of the part that refers to it, unless the part that is meant
    replaces it first. So locations are named, and then what else is written so (`executable`).
    """

    def annotated() -> dict[str, dict[str, str]]:
        named = (f"{option}={value}" for option, value in written.items())
        document = site.cbuild("annotate", "software.cfg", *named, directory=project)
        return dict(document["sections"])

    written: dict[str, str] = {}
    for locations in (True, False):
        for name, options in annotated().items():
            for key, value in options.items() if name in parts else ():
                if (key == "location" or not locations) and value.startswith("@@LOCATION@@"):
                    written[f"{name}:{key}"] = value.replace("@@LOCATION@@", f"@@{name}:location@@")
    return {
        name: {key: value.replace(f"@@{name}:location@@", "@@LOCATION@@") for key, value in options.items()}
        for name, options in annotated().items()
    }


def _profile(sections: Mapping[str, Mapping[str, str]], sources: Mapping[str, Path]) -> str:
    """Return a profile without extends: annotate's values, where only what recipes compute is still a reference."""
    lines = ["[buildout]", f"parts = {' '.join(sections)}"]
    for name, options in sections.items():
        lines += ["", f"[{name}]", *(_option(key, value, sources) for key, value in options.items())]
    return "\n".join(lines) + "\n"


def _option(key: str, value: str, sources: Mapping[str, Path]) -> str:
    for url, path in sources.items():
        value = value.replace(url, str(path))
    # A dollar that begins no reference is escaped as in the profile, $${.
    value = re.sub(r"@@([^@:\s]+:[^@:\s]+)@@", r"${\1}", value)
    # buildout keeps the lines of a block as they are indented, if nothing stands behind the equals sign.
    return f"{key} = {value}" if "\n" not in value else f"{key} =\n  " + value.replace("\n", "\n  ")
