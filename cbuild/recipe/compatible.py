"""The names that recipes import from zc.buildout, backed by cbuild's API."""

from __future__ import annotations

import sys
from types import ModuleType

from cbuild.recipe import api


def install() -> None:
    """Make ``zc.buildout`` and ``zc.buildout.buildout`` importable, unless the real ones are installed."""
    if "zc.buildout" in sys.modules:
        return
    package, buildout = ModuleType("zc.buildout"), ModuleType("zc.buildout.buildout")
    for name in ("UserError", "MissingOption", "MissingSection", "Options", "Buildout"):
        setattr(buildout, name, getattr(api, name))
    package.UserError = api.UserError  # type: ignore[attr-defined]  # a module made here
    package.buildout = buildout  # type: ignore[attr-defined]  # a module made here
    package.__path__ = []
    parent = sys.modules.setdefault("zc", ModuleType("zc"))
    parent.__path__ = getattr(parent, "__path__", [])
    parent.buildout = package  # type: ignore[attr-defined]  # a module made here
    sys.modules |= {"zc.buildout": package, "zc.buildout.buildout": buildout}
