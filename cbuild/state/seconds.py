"""How long parts took when they were last installed: what a schedule is made from. Losing it loses nothing else."""

from __future__ import annotations

from pathlib import Path

from cbuild.canonical import canonical_json, hex_of, sha256_bytes
from cbuild.state.home import Home


def note(home: Home, part: str, recipe: str, seconds: float) -> None:
    """Keep how long a part of this name and recipe took."""
    path = _path(home, part, recipe)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{seconds}\n", encoding="ascii")


def last(home: Home, part: str, recipe: str) -> float | None:
    """Return how long a part of this name and recipe took last, whatever its options were; None if there was none."""
    try:
        return float(_path(home, part, recipe).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _path(home: Home, part: str, recipe: str) -> Path:
    return home.seconds / hex_of(sha256_bytes(canonical_json([part, recipe])))
