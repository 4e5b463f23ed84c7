"""The builder's side of recipes that aren't cbuild's: of `develop` directories and of distributions (RCP-2).

Runs in the builder only: setup.py and recipes are anybody's code.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, cast

from cbuild.recipe import compatible
from cbuild.recipe.api import Buildout, RecipeClass, UserError
from cbuild.recipe.needs import Needs

GROUP = "zc.buildout"

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def load(recipe: Mapping[str, Any], buildout: Buildout) -> RecipeClass:
    """Return the class behind ``REQUIREMENT[:ENTRY]``, of a develop directory or else of a distribution.

    recipe: spec, develop (tars of directories), requirements (those that the host has chosen distributions for), site
    (where these are unpacked). Needs when distributions are missing; UserError when there is no such entry point.
    """
    requirement, _, entry = recipe["spec"].partition(":")
    name = _project(requirement)
    directories = [_egg_info(Path(directory)) for directory in recipe["develop"]]
    sys.path[:0] = [*(str(directory.parent) for directory in directories), *filter(None, [recipe["site"]])]
    own = next((found for found in directories if _normal(found.name.removesuffix(".egg-info")) == name), None)
    wanted = list(_required(own)) if own else [requirement.strip()]
    if set(wanted) - set(recipe["requirements"]):
        raise Needs(recipe=sorted(wanted))
    compatible.install(buildout)
    points = _developed(own) if own else _installed(name, recipe["site"])
    return _entry(points, recipe["spec"], entry.strip() or "default")


def _required(information: Path) -> Iterator[str]:
    """Give what a developed distribution requires and the builder doesn't have."""
    path = information / "requires.txt"
    # Sections are extras and markers: neither is asked for.
    lines = path.read_text(encoding="utf-8").partition("[")[0].split("\n") if path.is_file() else []
    for line in filter(None, (line.strip() for line in lines)):
        if _project(line) != "zc_buildout" and not _here(_project(line)):
            yield line


def _here(project: str) -> bool:
    return any(_normal(found.name) == project for found in metadata.distributions())


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


def _developed(information: Path) -> dict[str, str]:
    points = configparser.ConfigParser(delimiters=("=",))
    points.optionxform = str  # type: ignore[assignment,method-assign]  # names of entry points are case sensitive
    points.read(information / "entry_points.txt")
    return dict(points.items(GROUP)) if points.has_section(GROUP) else {}


def _installed(project: str, site: str) -> dict[str, str]:
    found = next(one for one in metadata.distributions(path=[site]) if _normal(one.name) == project)
    return {point.name: point.value for point in found.entry_points if point.group == GROUP}


def _entry(points: Mapping[str, str], spec: str, entry: str) -> RecipeClass:
    if entry not in points:
        raise UserError(
            f"No recipe {spec!r}: the distribution has no entry point {entry!r} in the group {GROUP};"
            f" it has {', '.join(sorted(points)) or 'none'}."
        )
    module, _, attribute = points[entry].partition(":")
    found: Any = import_module(module.strip())
    for name in attribute.partition("[")[0].strip().split("."):
        found = getattr(found, name)
    return cast("RecipeClass", found)


def _project(requirement: str) -> str:
    match = _NAME.match(requirement.strip())
    return _normal(match[0]) if match else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name.strip()).lower()
