"""The code that a part's installation runs, as files and as a digest: the recipe, the runner, and what they import.

Only modules of cbuild and of recipes count; the standard library and jinja2 come with the builder, whose digest is in
the key on its own.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cbuild.canonical import canonical_json, sha256_bytes

RUNNER = "cbuild.recipe.run"
OURS = ("cbuild", "recipes")


@cache
def closure(*modules: str) -> dict[str, Path]:
    """Return module name to source file for the modules and all that they import of ours, packages included."""
    found: dict[str, Path] = {}
    pending = list(modules)
    while pending:
        name = pending.pop()
        if name in found or name.partition(".")[0] not in OURS:
            continue
        path = _source(name)
        if path is not None:
            found[name] = path
            pending.extend(_imports(path))
            pending.append(name.rpartition(".")[0])
    return found


@cache
def digest(*modules: str) -> str:
    """Return ``sha256:…`` over the names and bytes of the closure of the modules."""
    files = closure(*modules)
    return sha256_bytes(canonical_json({name: sha256_bytes(_bytes(name, path)) for name, path in files.items()}))


def copy(target: Path, *modules: str) -> None:
    """Write the closure of the modules below target, as an importable tree."""
    for name, source in closure(*modules).items():
        relative = Path(*name.split("."))
        path = target / relative / "__init__.py" if source.name == "__init__.py" else target / f"{relative}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(name, source))


def _bytes(name: str, path: Path) -> bytes:
    # cbuild/__init__.py holds the version, which must not be in any key: an upgrade rebuilds what changed, not all.
    return b"" if name == "cbuild" else path.read_bytes()


def _source(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
