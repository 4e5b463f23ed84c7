"""``zc.buildout.easy_install.working_set`` for scripts of slapos.recipe.build: the installed eggs that are needed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbuild.recipe.api import UserError
from recipes.egg import ALWAYS, project, required


@dataclass(frozen=True)
class Installed:
    """An egg, with the names that pkg_resources has."""

    key: str
    project_name: str
    version: str
    location: str


class WorkingSet:
    """Eggs in the order in which they are imported from; entries: their directories."""

    def __init__(self, eggs: Sequence[Installed]) -> None:
        self._eggs = eggs
        self.entries = [egg.location for egg in eggs]

    def __iter__(self) -> Iterator[Installed]:
        """Iterate over the eggs."""
        return iter(self._eggs)


def working_set(specs: Iterable[str], path: Iterable[str], **_: object) -> WorkingSet:
    """Return what the requirements in specs need of the eggs in the directories of path, of which the first counts.

    UserError for one that isn't there: in a builder are the eggs of the parts that the part refers to.
    """
    there = {project(egg.name): egg for place in reversed(list(path)) for egg in sorted(Path(place).glob("*.egg"))}
    found: dict[str, Path] = {}
    pending = [(project(spec), True) for spec in reversed(list(specs))]
    while pending:
        name, always = pending.pop()
        if name in there and name not in found:
            found[name] = there[name]
            pending += reversed(list(required(there[name])))
        elif always and name not in {*found, *ALWAYS}:
            raise UserError(f"there is no egg of {name}; refer to the part that installs it.")
    return WorkingSet([_installed(egg) for egg in found.values()])


def offer() -> None:
    """Let scripts import it from where zc.buildout has it, unless the real one is there."""
    easy_install = sys.modules.get("zc.buildout.easy_install")
    if easy_install and not hasattr(easy_install, "working_set"):
        easy_install.working_set = working_set  # type: ignore[attr-defined]  # cbuild.recipe.compatible has made the module


def _installed(egg: Path) -> Installed:
    name, version, *_ = egg.name.removesuffix(".egg").split("-")
    return Installed(name.replace("_", "-").lower(), name.replace("_", "-"), version, str(egg))
