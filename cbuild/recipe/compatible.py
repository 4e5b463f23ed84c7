"""The names that recipes import from zc.buildout, backed by cbuild's API."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from cbuild.recipe import api

NAMES = ("UserError", "MissingOption", "MissingSection", "Options", "Buildout", "dumps", "loads")
"""What ``zc.buildout.buildout`` has of ours; dumps and loads are of SlapOS's fork."""


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


def install(buildout: api.Buildout) -> None:
    """Make ``zc.buildout`` importable: the real one if it is on the path, adapted; otherwise the names that matter."""
    if "zc.buildout" in sys.modules:
        return
    if importlib.util.find_spec("zc") and importlib.util.find_spec("zc.buildout"):
        _adapt(buildout)
    else:
        _imitate()


def _adapt(buildout: api.Buildout) -> None:
    """Import the real zc.buildout, and put cbuild's API in the place of what would open connections."""
    package = importlib.import_module("zc.buildout")
    # Before anything of it makes classes of its own from it.
    package.UserError = api.UserError  # type: ignore[attr-defined]  # zc.buildout has no types
    real = importlib.import_module("zc.buildout.buildout")
    for name in NAMES:
        setattr(real, name, getattr(api, name))
    importlib.import_module("zc.buildout.download").Download = Download  # type: ignore[attr-defined]  # as above
    easy_install = importlib.import_module("zc.buildout.easy_install")
    for name in ("install", "build"):
        setattr(easy_install, name, _Offline(getattr(easy_install, name), buildout))


class _Offline:
    """A function of zc.buildout.easy_install that finds all that it looks for in one directory of links."""

    def __init__(self, function: Callable[..., object], buildout: api.Buildout) -> None:
        self._function = function
        self._buildout = buildout

    def __call__(self, requirements: str | Sequence[str], *arguments: object, **options: object) -> object:
        """Call the function as if its requirements were all that there is; Needs while the host hasn't them."""
        wanted = [requirements] if isinstance(requirements, str) else list(requirements)
        links = Path(tempfile.mkdtemp(dir=os.environ.get("CBUILD_BUILD")))
        for egg in self._buildout.distributions(*wanted) if wanted else ():
            for source in (egg.source, *egg.tools):
                link = links / source.path.name
                if not link.exists():
                    link.symlink_to(source.path)
        named = inspect.signature(self._function).bind(requirements, *arguments, **options).arguments
        # pip, which builds source distributions, looks for what builds them in the same directory.
        os.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links)}
        return self._function(**{**named, "links": (str(links),), "index": (links / "no-index").as_uri()})


def _imitate() -> None:
    names = ("zc.buildout", "zc.buildout.buildout", "zc.buildout.download", "zc.buildout.easy_install")
    package, buildout, download, easy_install = map(ModuleType, names)
    # The host chooses versions, by the profile's [versions]; scripts that change these tell zc.buildout, too.
    easy_install.default_versions = lambda versions=None: versions  # type: ignore[attr-defined]  # a module made here
    package.easy_install = easy_install  # type: ignore[attr-defined]  # a module made here
    download.Download = Download  # type: ignore[attr-defined]  # a module made here
    for name in NAMES:
        setattr(buildout, name, getattr(api, name))
    package.UserError = api.UserError  # type: ignore[attr-defined]  # a module made here
    package.buildout = buildout  # type: ignore[attr-defined]  # a module made here
    package.download = download  # type: ignore[attr-defined]  # a module made here
    package.__path__ = []
    parent = sys.modules.setdefault("zc", ModuleType("zc"))
    parent.__path__ = getattr(parent, "__path__", [])
    parent.buildout = package  # type: ignore[attr-defined]  # a module made here
    sys.modules |= dict(zip(names, (package, buildout, download, easy_install), strict=True))
