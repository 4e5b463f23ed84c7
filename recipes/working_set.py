"""``zc.buildout.easy_install.working_set`` for scripts of slapos.recipe.build: the installed eggs that are needed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbuild.recipe.api import UserError
from recipes.project import ALWAYS, Needed, holding, project, required


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
    places = list(path)
    found: dict[Needed, Path] = {}
    pending = [(spec, asked) for spec in reversed(list(specs)) for asked in holding([spec])]
    while pending:
        spec, asked = pending.pop()
        if asked in found or asked[0] in ALWAYS:
            continue
        egg = next(filter(None, (_best(Path(place), spec) for place in places)), None)
        if egg is None:
            raise UserError(f"there is no egg for {spec}; refer to the part that installs it.")
        found[asked] = egg
        pending += [(name, (name, extras)) for name, extras in reversed(list(required(egg, asked[1])))]
    return WorkingSet([_installed(egg) for egg in dict.fromkeys(found.values())])


def _best(directory: Path, spec: str) -> Path | None:
    """Return the newest egg in directory that fits; one with patches is newer than the same without."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - in builders only
    from packaging.version import Version  # noqa: PLC0415 - as above

    wanted = Requirement(spec)
    eggs = {egg: Version(_version(egg)) for egg in directory.glob("*.egg") if project(egg.name) == project(wanted.name)}
    fitting = [egg for egg, version in eggs.items() if wanted.specifier.contains(version, prereleases=True)]
    return max(fitting, key=lambda egg: (eggs[egg], egg.name), default=None)


def offer() -> None:
    """Let scripts import it from where zc.buildout has it, unless the real one is there."""
    easy_install = sys.modules.get("zc.buildout.easy_install")
    if easy_install and not hasattr(easy_install, "working_set"):
        easy_install.working_set = working_set  # type: ignore[attr-defined]  # cbuild.recipe.compatible has made the module


def _installed(egg: Path) -> Installed:
    name = egg.name.partition("-")[0].replace("_", "-")
    return Installed(name.lower(), name, _version(egg), str(egg))


def _version(egg: Path) -> str:
    return egg.name.removesuffix(".egg").split("-")[1]
