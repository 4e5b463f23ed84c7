"""The code that the one-shot container runs: which files, and their digest.

Whole packages, found by listing them: following imports (cbuild.recipe.code) parses every file and takes 0.2 s, which
would be most of a run with nothing to do. A test proves that nothing is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cbuild
import recipes
from cbuild.canonical import canonical_json, sha256_bytes

_MODULES = ("__init__", "canonical", "errors", "events")
_PACKAGES = ("instance", "profile", "recipe")
_STATE = ("__init__", "installed")


def files() -> Iterator[tuple[str, Path]]:
    """Yield the path in the container's tree of modules, and the file, of each."""
    root = Path(cbuild.__file__).parent
    chosen = [root / f"{name}.py" for name in _MODULES]
    chosen += [root / "state" / f"{name}.py" for name in _STATE]
    for package in _PACKAGES:
        chosen += sorted((root / package).glob("*.py"))
    yield from ((path.relative_to(root.parent).as_posix(), path) for path in chosen)
    for path in sorted(Path(recipes.__file__).parent.glob("*.py")):
        yield f"recipes/{path.name}", path


def digest() -> str:
    """Return ``sha256:…`` over names and contents: other code, another processing."""
    return sha256_bytes(canonical_json({name: sha256_bytes(path.read_bytes()) for name, path in files()}))


def copy(target: Path) -> None:
    """Copy them below target, readable for every user."""
    for name, path in files():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(0o644)
