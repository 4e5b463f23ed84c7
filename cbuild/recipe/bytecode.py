"""Bytecode that a part made: all of it deleted, and compiled again the same way every time.

What a build leaves depends on what was imported when, on times, and on how warm the compiler was (references in a .pyc
follow reference counts). So it is compiled once more, by the Python that it is for: one process, files in order, with a
hash of the source in place of its time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cbuild.recipe import own

_CACHED = re.compile(r"(.+)\.(cpython-(\d)(\d+))(?:\.opt-([12]))?\.pyc$")
"""``module.cpython-311.opt-1.pyc`` (PEP 3147, PEP 488): module, tag, major, minor, level."""

_OLDEST = (3, 9)
"""The first Python whose compileall takes several levels; unchecked hashes are PEP 552's, 3.7."""


@dataclass(frozen=True)
class _Cached:
    """A .pyc in a __pycache__: its source, the version that it is for, its level of optimisation."""

    path: Path
    source: Path
    version: tuple[int, int]
    level: int


def renew(directory: str) -> None:
    """Renew the bytecode below directory that belongs to the user who runs this; others' parts are root's.

    Every .pyc goes whose source is there. Where some were in a directory, all sources there of this user's are
    compiled, for the same versions and levels. Without the Python that they were for they are gone: it compiles in
    memory.
    """
    every = list(own.files(directory, ".pyc", ".pyo"))
    found = [cached for path in every if (cached := _cached(path)) is not None]
    # Beside the source: Python 2's, which has the time of a source that the layer gives another time anyway.
    beside = [path for path in every if path.parent.name != "__pycache__" and path.with_suffix(".py").exists()]
    for path in [*beside, *(cached.path for cached in found)]:
        path.unlink()
    for version in sorted({cached.version for cached in found}):
        ours = [cached for cached in found if cached.version == version]
        python = _interpreter(version, Path(directory), ours[0].path)
        if python is not None and version >= _OLDEST:
            _compile(python, ours)


def _cached(path: Path) -> _Cached | None:
    match = _CACHED.match(path.name)
    if not match or path.parent.name != "__pycache__":
        return None
    source = path.parent.parent / f"{match[1]}.py"
    version = int(match[3]), int(match[4])
    return _Cached(path, source, version, int(match[5] or 0)) if source.exists() else None


def _interpreter(version: tuple[int, int], directory: Path, cached: Path) -> str | None:
    """Return the Python of this version: the one in whose prefix the bytecode lies, a part's, or the builder's own."""
    name = f"python{version[0]}.{version[1]}"
    prefixes = [
        parent.parent.parent for parent in cached.parents if parent.name == name and parent.parent.name == "lib"
    ]
    parts = sorted(directory.glob(f"parts/*/bin/{name}"))
    for path in [*(prefix / "bin" / name for prefix in prefixes), *parts]:
        if os.access(path, os.X_OK) and _runs(path, version):
            return str(path)
    return sys.executable if sys.version_info[:2] == version else None


def _runs(python: Path, version: tuple[int, int]) -> bool:
    """Tell whether it is what its name says, and works."""
    program = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-S", "-c", program], capture_output=True, env=_environment(), check=False)
    except OSError:
        return False
    return done.stdout.decode(errors="replace").split() == [str(number) for number in version]


def _compile(python: str, found: Iterable[_Cached]) -> None:
    levels: dict[Path, set[int]] = {}
    for cached in found:
        levels.setdefault(cached.source.parent, set()).add(cached.level)
    for chosen in sorted({tuple(sorted(levels_here)) for levels_here in levels.values()}):
        sources = [
            str(source)
            for parent in sorted(levels)
            if tuple(sorted(levels[parent])) == chosen
            for source in sorted(parent.glob("*.py"))
            if source.is_file() and own.is_own(source)
        ]
        # What doesn't compile (a template, a test of syntax errors) has no bytecode either way.
        subprocess.run(
            [python, "-S", "-m", "compileall", "-q", "-q", "-f", "-j1", "--invalidation-mode", "unchecked-hash",
             *(word for level in chosen for word in ("-o", str(level))), "-i", "-"],
            input="\n".join(sources).encode(), env=_environment(), cwd="/", check=False,
        )  # fmt: skip


def _environment() -> dict[str, str]:
    """Return an environment in which nothing of the build counts: before 3.11 the order in a frozenset did."""
    return {"LC_ALL": "C.UTF-8", "PATH": os.defpath, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
