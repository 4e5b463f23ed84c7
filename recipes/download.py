"""Files from elsewhere: slapos.recipe.build:download and :download-unpacked (SLAPOS.md 1.3)."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from cbuild.recipe.api import Buildout, Options, UserError
from recipes import shell
from recipes.unpack import lift, unpack


def _source_url(name: str, options: Options) -> str:
    url = options.get("url", "").strip()
    if not url:
        raise UserError(f"[{name}] needs url.")
    if options.get("mode", "").strip():
        raise UserError(f"[{name}] mode is not supported: the file keeps 0644 (slapos.recipe.build refuses it, too).")
    return url


class Recipe:
    """One file: url, md5sum, filename (default: the name in the URL) or destination; sets location and target."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        url = _source_url(name, options)
        location = Path(options.get("location", "").strip() or Path(buildout["buildout"]["parts-directory"], name))
        filename = options.get("filename", "").strip() or Path(urlsplit(url).path).name
        self.target = Path(options.get("destination", "").strip() or location / filename)
        options["location"] = str(location)
        options["target"] = str(self.target)
        self.source = buildout.source(url, options.get("md5sum"))

    def install(self) -> list[str]:
        """Copy the fetched file to target."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.source.path, self.target)
        return [str(self.target)]

    update = install


class Unpacked:
    """An archive, unpacked: url, md5sum, strip-top-level-dir (unset: if there is just one); sets location, target."""

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        url = _source_url(name, options)
        default = str(Path(buildout["buildout"]["parts-directory"], name))
        self.location = Path(options.get("location", "").strip() or options.get("destination", "").strip() or default)
        options["location"] = options["target"] = str(self.location)
        self.environment = shell.environment(buildout, options)
        self.strip = options.flag("strip-top-level-dir", default=True)
        self.must_strip = options.get("strip-top-level-dir", "").strip() == "true"
        self.source = buildout.source(url, options.get("md5sum"))

    def install(self) -> list[str]:
        """Unpack the fetched archive into location."""
        self.location.mkdir(parents=True)
        unpack(self.source.path, self.location, shell.expand(self.environment))
        tops = list(self.location.iterdir())
        if self.must_strip and (len(tops) != 1 or not tops[0].is_dir()):
            raise UserError(f"strip-top-level-dir: {self.source.url} has {len(tops)} entries at its top, not one.")
        if self.strip:
            lift(self.location)
        return [str(self.location)]

    update = install
