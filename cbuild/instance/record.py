"""The record of a partition's installed parts: `.installed.cfg` in the partition, as buildout would have it there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cbuild.instance.install import Recorded
from cbuild.state import installed


def load(path: Path) -> dict[str, Recorded]:
    """Return the recorded parts in the order in which they finished; UsageError if the file can't be read."""
    return {part.name: Recorded(part.options, part.paths, part.signature) for part in installed.read(path).parts}


def save(path: Path, parts: Mapping[str, Recorded]) -> None:
    """Write the record; a crash leaves the old one or this one."""
    entries = (
        installed.InstalledPart(name, part.options, part.paths, part.signature, key="", layer="")
        for name, part in parts.items()
    )
    installed.write(path, installed.Installed(tuple(entries)))
