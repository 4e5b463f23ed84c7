"""The code that a part's installation runs, as files and as a digest: the recipe, the runner, and what they import.

Only modules of cbuild and of recipes count; the standard library and jinja2 come with the builder, whose digest is in
the key on its own.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

from cbuild.canonical import canonical_json, sha256_bytes

RUNNER = "cbuild.recipe.run"
OURS = ("cbuild", "recipes")

_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|.*)|import[ \t]+(.*))", re.MULTILINE)
_NAME = re.compile(rb"[\w.]+")


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


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Return what may be a module's name in the import statements of a file.

    Read off the text: compiling every recipe at every run takes longer than all else that a run without work does. A
    word too many (a function's name, a line of a docstring) is no module and finds no file.
    """
    found: list[str] = []
    for module, names, modules in _IMPORT.findall(path.read_bytes()):
        if module:
            found += [module.decode(), *(f"{module.decode()}.{name.decode()}" for name in _NAME.findall(names))]
        else:
            found += [name.decode() for name in _NAME.findall(modules)]
    return tuple(found)
