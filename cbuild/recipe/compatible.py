"""The names that recipes import from zc.buildout, backed by cbuild's API."""

from __future__ import annotations

import shutil
import sys
from types import ModuleType

from cbuild.recipe import api


class Download:
    """``zc.buildout.download.Download``: the host fetches, and the recipe is run again with the file.

    options: those of [buildout]. Other arguments (cache, offline, logger, …) steer what cbuild does by its own rules.
    """

    def __init__(self, options: api.Options | None = None, *_: object, **__: object) -> None:
        if not isinstance(options, api.Options):
            raise api.UserError("zc.buildout.download.Download needs the options of [buildout].")
        self._buildout = options.buildout

    def __call__(self, url: str, md5sum: str | None = None, path: str | None = None, **_: object) -> tuple[str, bool]:
        """Return the file's path, and whether the caller has to remove it (never); with path it is copied there."""
        found = self._buildout.source(url, md5sum).path
        return (str(shutil.copyfile(found, path)) if path else str(found)), False

    download = download_cached = __call__


def install() -> None:
    """Make ``zc.buildout``, its ``buildout`` and ``download`` importable, unless the real ones are installed."""
    if "zc.buildout" in sys.modules:
        return
    names = ("zc.buildout", "zc.buildout.buildout", "zc.buildout.download")
    package, buildout, download = map(ModuleType, names)
    download.Download = Download  # type: ignore[attr-defined]  # a module made here
    for name in ("UserError", "MissingOption", "MissingSection", "Options", "Buildout"):
        setattr(buildout, name, getattr(api, name))
    package.UserError = api.UserError  # type: ignore[attr-defined]  # a module made here
    package.buildout = buildout  # type: ignore[attr-defined]  # a module made here
    package.download = download  # type: ignore[attr-defined]  # a module made here
    package.__path__ = []
    parent = sys.modules.setdefault("zc", ModuleType("zc"))
    parent.__path__ = getattr(parent, "__path__", [])
    parent.buildout = package  # type: ignore[attr-defined]  # a module made here
    sys.modules |= dict(zip(names, (package, buildout, download), strict=True))
