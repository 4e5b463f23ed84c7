"""The install engine over a partition: what to uninstall, install and update (LANGUAGE.md, INS-3 to INS-7)."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cbuild.recipe.api import Options, Recipe

Installed = str | Iterable[str] | None


@dataclass(frozen=True)
class Recorded:
    """What the state file has of a part: its options, the paths it made, its signature."""

    options: Mapping[str, str]
    paths: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Part:
    """A part as it is wanted now."""

    name: str
    options: Options
    recipe: Recipe
    signature: str


@dataclass
class Outcome:
    """What was done, by part; `error` is what stopped it."""

    installed: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    uninstalled: list[str] = field(default_factory=list)
    failed: str | None = None
    error: Exception | None = None


def signatures(
    order: Sequence[str],
    own: Mapping[str, str],
    options: Mapping[str, Mapping[str, str]],
    refers: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Return each part's signature: its recipe's and, recursively, the digests of the sections it refers to (SLP-4).

    order: parts, each after those it refers to. own: part to its recipe's signature. options: all resolved sections.
    """
    digests: dict[str, str] = {}
    result: dict[str, str] = {}

    def digest(section: str) -> str:
        if section not in digests:
            digests[section] = "circular"  # mutual dependence is allowed (PRT-5); each counts once
            lines = [f"{key}={value}" for key, value in sorted(options.get(section, {}).items())]
            digests[section] = hashlib.sha256("\n".join([*lines, *named(section)]).encode()).hexdigest()[:32]
        return digests[section]

    def named(section: str) -> list[str]:
        others = set(refers.get(section, ())) - {"buildout", section}
        return [own.get(section, ""), *(f"{other}:{digest(other)}" for other in sorted(others))]

    for part in order:
        result[part] = " ".join(text for text in named(part) if text)
    return result


def apply(
    parts: Sequence[Part],
    recorded: Mapping[str, Recorded],
    save: Callable[[Mapping[str, Recorded]], None],
    aside: Path,
) -> Outcome:
    """Uninstall what is gone or changed, then install or update each part in order.

    save is called with the record after every part. A failing part ends it: what was done before it stays, recorded,
    and what was uninstalled and not installed again comes back. So differs a partition from a buildout (INS-5, INS-8):
    its old services run on and need their files. aside: a directory for what may have to come back; on the file system
    of the parts' paths.
    """
    outcome = Outcome()
    record = dict(recorded)
    wanted = {part.name: part for part in parts}
    _clear(aside)
    for name in reversed(list(record)):
        if name not in wanted or not _unchanged(record[name], wanted[name]):
            _move(record.pop(name).paths, aside / str(len(outcome.uninstalled)))
            outcome.uninstalled.append(name)
            save(record)
    for part in parts:
        before = record.get(part.name)
        try:
            made = _run(part, updating=before is not None)
        except Exception as error:  # noqa: BLE001 - a recipe may raise anything
            remove(part.options.created())
            outcome.failed, outcome.error = part.name, error
            break
        paths = tuple(dict.fromkeys([*(before.paths if before else ()), *made]))
        if before is None or paths != before.paths:
            record[part.name] = Recorded(part.options.copy(), paths, part.signature)
            save(record)
        (outcome.installed if before is None else outcome.updated).append(part.name)
    if outcome.failed is not None:
        for number, name in enumerate(outcome.uninstalled):
            if name not in outcome.installed:
                _move_back(recorded[name].paths, aside / str(number))
                record[name] = recorded[name]
        save(record)
    _clear(aside)
    return outcome


def _move(paths: Iterable[str], aside: Path) -> None:
    """Put what a part made aside; what isn't there is fine (INS-6)."""
    aside.mkdir(parents=True)
    for number, path in enumerate(paths):
        if not os.path.lexists(path):
            continue
        try:
            Path(path).rename(aside / str(number))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            remove([path])  # not in the partition: nothing of it runs


def _move_back(paths: Iterable[str], aside: Path) -> None:
    for number, path in enumerate(paths):
        kept = aside / str(number)
        if os.path.lexists(kept) and not os.path.lexists(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            kept.rename(path)


def _clear(aside: Path) -> None:
    if aside.is_dir():
        shutil.rmtree(aside)


def remove(paths: Iterable[str]) -> None:
    """Remove what a part made; what isn't there is fine (INS-6)."""
    for path in map(Path, paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _unchanged(before: Recorded, part: Part) -> bool:
    same = dict(before.options) == part.options.copy() and before.signature == part.signature
    return same and all(os.path.lexists(path) for path in before.paths)


def _run(part: Part, *, updating: bool) -> list[str]:
    action = getattr(part.recipe, "update", part.recipe.install) if updating else part.recipe.install
    made: Installed = action()
    if made is None:
        return []
    return [made] if isinstance(made, str) else [str(path) for path in made]
