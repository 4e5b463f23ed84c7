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
from collections.abc import Iterator, Mapping, Sequence
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
    entry = entry.strip() or "default"
    own = provide([requirement.strip()], recipe, buildout)
    information = own.get(requirement.strip())
    points = developed(information, GROUP) if information else installed(project(requirement), recipe["site"], GROUP)
    if entry not in points:
        raise UserError(
            f"No recipe {recipe['spec']!r}: the distribution has no entry point {entry!r} in the group {GROUP};"
            f" it has {', '.join(sorted(points)) or 'none'}."
        )
    return cast("RecipeClass", imported(points[entry]))


def provide(requirements: Sequence[str], recipe: Mapping[str, Any], buildout: Buildout) -> dict[str, Path]:
    """Make requirements importable; return the ``.egg-info`` of those that develop directories have."""
    directories = [_egg_info(Path(directory)) for directory in recipe["develop"]]
    sys.path[:0] = [*(str(directory.parent) for directory in directories), *filter(None, [recipe["site"]])]
    names = {_normal(found.name.removesuffix(".egg-info")): found for found in directories}
    own = {one: names[project(one)] for one in requirements if project(one) in names}
    wanted = {one for one in requirements if one not in own}.union(*map(_required, own.values()))
    if wanted - set(recipe["requirements"]):
        raise Needs(recipe=sorted(wanted))
    compatible.install(buildout)
    return own


def _required(information: Path) -> Iterator[str]:
    """Give what a developed distribution requires and the builder doesn't have."""
    path = information / "requires.txt"
    # Sections are extras and markers: neither is asked for.
    lines = path.read_text(encoding="utf-8").partition("[")[0].split("\n") if path.is_file() else []
    for line in filter(None, (line.strip() for line in lines)):
        if project(line) != "zc_buildout" and not _here(project(line)):
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


def developed(information: Path, group: str) -> dict[str, str]:
    """Return the entry points of a develop directory, name to value."""
    points = configparser.ConfigParser(delimiters=("=",))
    points.optionxform = str  # type: ignore[assignment,method-assign]  # names of entry points are case sensitive
    points.read(information / "entry_points.txt")
    return dict(points.items(group)) if points.has_section(group) else {}


def installed(name: str, site: str, group: str) -> dict[str, str]:
    """Return the entry points of a distribution that is unpacked in site. name: see project."""
    found = next(one for one in metadata.distributions(path=[site]) if _normal(one.name) == name)
    return {point.name: point.value for point in found.entry_points if point.group == group}


def imported(point: str) -> Any:  # noqa: ANN401 - whatever it names
    """Return what the value of an entry point names."""
    module, _, attribute = point.partition("[")[0].partition(":")
    found: Any = import_module(module.strip())
    for name in filter(None, attribute.strip().split(".")):
        found = getattr(found, name)
    return found


def project(requirement: str) -> str:
    """Return the normalised name of what a requirement names."""
    match = _NAME.match(requirement.strip())
    return _normal(match[0]) if match else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name.strip()).lower()
