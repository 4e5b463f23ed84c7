"""Where the descriptions lie, and what a base is made from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cbuild
from cbuild.canonical import canonical_json, hex_of, sha256_bytes
from cbuild.errors import UsageError, near

FORMAT = 1  # of the way from a description to an image; a new one builds every base again


@dataclass(frozen=True)
class Place:
    """A description's files: YAML, lock, and the digest of all that the image depends on."""

    name: str
    description: Path
    lock: Path

    def inputs(self) -> str:
        """Return the digest of the description, its lock and its extra files, as they are now.

        The files' directory goes by the description's name (``NAME/files``) or any other below ``NAME/``.
        """
        folder = self.description.with_suffix("")
        contents = {
            path.relative_to(folder).as_posix(): sha256_bytes(path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.parent.name != "__pycache__"
        }
        locked = sha256_bytes(self.lock.read_bytes()) if self.lock.exists() else None
        described = sha256_bytes(self.description.read_bytes())
        return sha256_bytes(canonical_json([FORMAT, self.name, described, locked, contents]))

    @property
    def key(self) -> str:
        """Return a short name for this place among others."""
        return f"{self.name}-{hex_of(sha256_bytes(str(self.description.absolute()).encode()))[:12]}"


def directory() -> Path:
    """Return base-images/: inside the package when cbuild is installed, beside it in a checkout."""
    package = Path(cbuild.__file__).parent
    installed = package / "base-images"
    return installed if installed.is_dir() else package.parent / "base-images"


def names() -> list[str]:
    """Return the names of the descriptions that cbuild has."""
    return sorted(path.stem for path in directory().glob("*.yaml"))


def place(name: str) -> Place | None:
    """Return the description that name stands for, one of cbuild's own or a ``.yaml`` file; None if there is none."""
    if name.endswith(".yaml"):
        path = Path(name)
    elif "/" in name or name.startswith("."):
        return None
    else:
        path = directory() / f"{name}.yaml"
    # Path.is_file() raises for a name that is too long.
    return Place(path.stem, path, path.with_suffix(".lock")) if os.path.isfile(path) else None  # noqa: PTH113 - as above


def unknown(name: str) -> UsageError:
    """Return the error for a name that no description has."""
    return UsageError(
        f"there is no base image {name!r}",
        reason="unknown-base",
        resolution=f"{near(name, names())} Known: {', '.join(names())}; a .yaml file; or an image reference with a "
        "digest (registry/name@sha256:…).".lstrip(),
    )
