"""Python distributions that the scripts of slapos.recipe.build import: there while a part is made, in no layer."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from cbuild.recipe.api import Egg
from recipes.project import project
from recipes.wheel import Maker, unpack_wheel

DIRECTORY = "setup-eggs"
"""Below the directory for building, which is outside of what becomes a layer."""

VARIABLE = "PYTHONEXTRAPATH"
"""Tells programs that scripts start where the distributions are; plain Python doesn't read it."""

_UNSAFE = re.compile(r"[^A-Za-z0-9.]+")


def install(requirements: Sequence[str], eggs: Sequence[Egg]) -> list[Path]:
    """Install distributions with the builder's Python; return their directories, in the order of requirements.

    eggs: all that the requirements need. Of each requirement it is the distribution itself, then what it needs in turn;
    a source distribution is built with those of earlier requirements importable. UserError when a build fails.
    """
    eggs_left = {project(egg.name): egg for egg in eggs}
    found: list[Path] = []
    for requirement in requirements:
        found += _with_dependencies(requirement, eggs_left, tuple(found))
    return found + [_installed(egg, found) for egg in eggs_left.values()]


def pins(directories: Sequence[Path]) -> list[str]:
    """Return ``NAME==VERSION`` of each distribution in directories, sorted."""
    return sorted(f"{_UNSAFE.sub('-', one.name)}=={one.version}" for path in directories for one in _in(path))


@contextmanager
def exported(directories: Sequence[Path]) -> Iterator[None]:
    """Name directories, if there are any, in the environment variable for a block."""
    before = os.environ.get(VARIABLE)
    if directories:
        os.environ[VARIABLE] = os.pathsep.join([*map(str, directories), *([before] if before else [])])
    try:
        yield
    finally:
        if directories and before is None:
            os.environ.pop(VARIABLE, None)
        elif directories and before is not None:
            os.environ[VARIABLE] = before


def _with_dependencies(requirement: str, left: dict[str, Egg], earlier: Sequence[Path]) -> list[Path]:
    """Install those of left that requirement needs, and take them out of it; return their directories."""
    found: list[Path] = []
    pending = [project(requirement)]
    while pending:
        if egg := left.pop(pending.pop(0), None):
            found.append(_installed(egg, earlier))
            # Whatever extras and markers say: what was not chosen is not in left.
            pending += [project(text) for one in _in(found[-1]) for text in one.requires or ()]
    return found


def _installed(egg: Egg, earlier: Sequence[Path]) -> Path:
    """Install one distribution; return its directory."""
    build = Path(os.environ["CBUILD_BUILD"], DIRECTORY)
    target, wheel = build / egg.name, egg.source.path
    if wheel.suffix != ".whl":
        maker = Maker(sys.executable, build / "build", os.environ)
        room = maker.room(wheel)
        source = maker.unpacked(wheel, room)
        for tool in egg.tools:
            unpack_wheel(tool.path, room / "tools")
        wheel = maker.build(source, [room / "tools", *earlier], room)
    unpack_wheel(wheel, target)
    return target


def _in(directory: Path) -> Iterator[metadata.Distribution]:
    yield from metadata.distributions(path=[str(directory)])
