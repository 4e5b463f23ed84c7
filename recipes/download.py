"""Files from elsewhere: slapos.recipe.build:download and :download-unpacked (SLAPOS.md 1.3)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cbuild.recipe.api import Buildout, Options, Source, UserError
from recipes import files, shell
from recipes.unpack import lift, strip, unpack


class Recipe:
    """One file: url, md5sum, filename (default: the part's name) or destination; sets target, and location.

    The original's rules: only the last component of filename counts; a location of the profile's own is replaced; with
    destination there is none.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.source = _source(buildout, options)
        if "mode" in options:
            raise UserError(f"[{name}] mode is not supported: the file has 0644 (slapos.recipe.build refuses it, too).")
        destination = options.get("destination", "").strip()
        if destination:
            destination = _absolute(buildout, destination)
            self.target = self.made = Path(destination)
        else:
            self.made = Path(buildout["buildout"]["parts-directory"], name)
            self.target = self.made / (Path(options.get("filename", "").strip()).name or name)
            options["location"] = str(self.made)
        options["target"] = destination or str(self.target)

    def install(self) -> list[str]:
        """Copy the fetched file to target."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.target.unlink(missing_ok=True)
        shutil.copyfile(self.source.path, self.target)
        return [str(self.made)]

    update = install


class Unpacked:
    """An archive, unpacked: url, md5sum, destination, strip-top-level-dir (unset: if there is just one directory).

    Sets location and target, which are the same.
    """

    def __init__(self, buildout: Buildout, name: str, options: Options) -> None:
        self.source = _source(buildout, options)
        destination = options.get("destination", "").strip() or str(Path(buildout["buildout"]["parts-directory"], name))
        destination = _absolute(buildout, destination)
        self.location = Path(destination)
        options["location"] = options["target"] = destination
        self.environment = shell.environment(buildout, options)
        self.strip = options.flag("strip-top-level-dir") if options.get("strip-top-level-dir", "").strip() else None

    def install(self) -> list[str]:
        """Unpack the fetched archive into location."""
        self.location.mkdir(parents=True, exist_ok=True)
        unpack(self.source.path, self.location, shell.expand(self.environment))
        if self.strip:
            strip(self.location, self.source.url)
        elif self.strip is None:
            lift(self.location)
        return [str(self.location)]

    update = install


def _absolute(buildout: Buildout, path: str) -> str:
    # As it is written: others put names behind it.
    return os.path.join(buildout["buildout"]["directory"], path)  # noqa: PTH118 - a Path has no slash at its end


def _source(buildout: Buildout, options: Options) -> Source:
    url = options.get("url", "").strip()
    if not url:
        raise UserError(f"[{options.name}] needs url.")
    # Whether cbuild opens a connection is [buildout]'s affair, and every layer is shared: both have to be flags.
    options.flag("offline")
    options.flag("shared")
    return files.declare(buildout, url, options.get("md5sum"), options.get("alternate-url", ""))
