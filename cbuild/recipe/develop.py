"""The builder's side of a profile's own recipes: `develop` directories and their entry points (RCP-2).

Runs in the builder only: setup.py is the profile's code.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import tarfile
import tempfile
from importlib import import_module
from pathlib import Path
from typing import cast

from cbuild.recipe import compatible
from cbuild.recipe.api import RecipeClass, UserError

GROUP = "zc.buildout"


def load(spec: str, develop: list[str]) -> RecipeClass:
    """Return the class behind ``DISTRIBUTION[:ENTRY]``, looked for in the develop directories.

    UserError when no directory has the distribution or the distribution lacks the entry point.
    """
    distribution, _, entry = spec.partition(":")
    compatible.install()
    known = []
    for directory in develop:
        information = _egg_info(Path(directory))
        sys.path.insert(0, str(information.parent))
        name = information.name.removesuffix(".egg-info")
        known.append(name)
        if _normal(name) == _normal(distribution):
            return _entry(information, spec, entry.strip() or "default")
    raise UserError(f"No recipe {spec!r}: the develop directories have {', '.join(known) or 'nothing'}.")


def _egg_info(archive: Path) -> Path:
    """Unpack a develop directory (it comes as a tar), let its setup.py write ``.egg-info``; return that directory."""
    copy = Path(tempfile.mkdtemp(dir="/build"))
    with tarfile.open(archive) as tar:
        tar.extractall(copy)  # noqa: S202 - the host made this tar
    command = [sys.executable, "setup.py", "-q", "egg_info"]
    # The tar has one directory at its top, named as the tar is.
    done = subprocess.run(command, cwd=copy / archive.stem, check=False, capture_output=True, text=True)
    found = sorted(copy.rglob("*.egg-info"))
    if done.returncode or not found:
        raise UserError(f"setup.py of {archive.stem} failed:\n{done.stdout}{done.stderr}")
    return found[0]


def _entry(information: Path, spec: str, entry: str) -> RecipeClass:
    points = configparser.ConfigParser(delimiters=("=",))
    points.optionxform = str  # type: ignore[assignment,method-assign]  # names of entry points are case sensitive
    points.read(information / "entry_points.txt")
    if not points.has_option(GROUP, entry):
        raise UserError(f"No recipe {spec!r}: the distribution has no entry point {entry!r} in the group {GROUP}.")
    module, _, attribute = points.get(GROUP, entry).partition(":")
    return cast("RecipeClass", getattr(import_module(module.strip()), attribute.strip()))


def _normal(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(".", "_")
