"""The lock beside a description: which packages, to the byte, and which image they gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.base.bootstrap import Package
from cbuild.base.document import Document, parse
from cbuild.canonical import write_atomic
from cbuild.errors import DifferenceError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMAT = 1


@dataclass(frozen=True)
class Locked:
    """One architecture's part of a lock.

    description: the digest of the description and its files as they were. config: the image's ID. layer: its diff_id.
    """

    description: str
    config: str
    layer: str
    packages: tuple[Package, ...]

    def pins(self) -> dict[str, str]:
        """Return package to version."""
        return {package.name: package.version for package in self.packages}


def load(path: Path) -> dict[str, Locked]:
    """Return architecture to its lock; nothing when there is no file. UsageError (``bad-base-description``)."""
    if not path.exists():
        return {}
    document = parse(path)
    top = document.mapping(document.value, ())
    if top.get("format") != FORMAT:
        document.fail(("format",), f"format {top.get('format')!r} is not {FORMAT}", f"cbuild base lock {path.stem}")
    found = document.mapping(top.get("architectures"), ("architectures",))
    return {name: _locked(document, entry, ("architectures", name)) for name, entry in found.items()}


def _locked(document: Document, value: object, where: tuple[str, ...]) -> Locked:
    """Return one architecture's entry."""
    entry = document.mapping(value, where)

    def text(key: str) -> str:
        return document.string(entry.get(key), (*where, key))

    packages = []
    for place, line in enumerate(document.strings(entry.get("packages"), (*where, "packages"))):
        words = line.split()
        if len(words) != 4:  # noqa: PLR2004  # the four words that the message names
            document.fail((*where, "packages", str(place)), "a line is: name version architecture sha256")
        packages.append(Package(*words))
    return Locked(text("description"), text("config"), text("layer"), tuple(sorted(packages)))


def save(path: Path, locks: Mapping[str, Locked]) -> None:
    """Write the lock: sorted, one package a line, so that a change of a version is a line of a diff."""
    lines = [
        f"# Written by `cbuild base lock {path.stem}`: the packages (name, version, architecture, sha256 of the .deb)",
        "# that the base image is built from, and the image that they give.",
        f"format: {FORMAT}",
        "architectures:",
    ]
    for name, entry in sorted(locks.items()):
        lines += [
            f"  {name}:",
            f"    description: {entry.description}",
            f"    config: {entry.config}",
            f"    layer: {entry.layer}",
            "    packages:",
            *(f"      - {p.name} {p.version} {p.architecture} {p.sha256}" for p in sorted(entry.packages)),
        ]
    write_atomic(path, "".join(f"{line}\n" for line in lines).encode())


def check_packages(name: str, locked: Locked, offered: Sequence[Package]) -> None:
    """Raise SourceError (``base-lock``) unless offered are the locked packages: it lists each that differs."""
    want = {package.name: package for package in locked.packages}
    have = {package.name: package for package in offered}
    lines = []
    for key in sorted(want.keys() | have.keys()):
        if key not in have:
            lines.append(f"{key}: locked {want[key].version}, no longer needed")
        elif key not in want:
            lines.append(f"{key}: not in the lock, offered {have[key].version}")
        elif want[key].version != have[key].version:
            lines.append(f"{key}: locked {want[key].version}, offered {have[key].version}")
        elif want[key] != have[key]:
            lines.append(f"{key}: {want[key].version} has sha256 {have[key].sha256}, locked {want[key].sha256}")
    if lines:
        raise SourceError(
            f"the mirror does not offer what the lock of base image {name} names",
            reason="base-lock",
            details="\n".join(lines),
            resolution=f"`cbuild base lock {name}` takes what the mirror has now (every part is then built again); "
            "a mirror that keeps old versions (snapshot.debian.org) still has what is locked.",
        )


def check_image(name: str, locked: Locked, description: str, config: str, layer: str) -> None:
    """Raise DifferenceError (``base-differs``) unless the image is the locked one."""
    if (config, layer) == (locked.config, locked.layer):
        return
    changed = description != locked.description
    why = (
        f"{name}.yaml or its files changed since the lock was written."
        if changed
        else "The packages and the description are the same: mmdebstrap, tar or dpkg may be of another version here."
    )
    raise DifferenceError(
        f"base image {name} came out different from its lock",
        reason="base-differs",
        details=f"{why}\nlocked: config {locked.config}, layer {locked.layer}\nbuilt:  config {config}, layer {layer}",
        resolution=f"`cbuild base lock {name}` records the new image (every part is then built again).",
    )
