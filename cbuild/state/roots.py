"""What must stay in the store: state files that were written from it, and what instances run."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from cbuild.canonical import canonical_json, hex_of, sha256_bytes, write_atomic
from cbuild.state.home import Home


def note(home: Home, state: Path | None) -> None:
    """Remember that the state file at this path refers to the store; None: there is none."""
    if state is None:
        return
    path = _path(home, state.resolve())
    with suppress(OSError):  # a store that can't be written to loses nothing either
        if not path.exists():
            write_atomic(path, canonical_json({"path": str(state.resolve())}))


def known(home: Home) -> list[Path]:
    """Return the state files that were noted, whether they are still there or not."""
    found = []
    for path in home.roots.glob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(Path(json.loads(path.read_bytes())["path"]))
    return sorted(found)


def forget(home: Home, state: Path) -> None:
    """Forget a state file that is gone."""
    _path(home, state).unlink(missing_ok=True)


def instances(home: Home) -> dict[str, str]:
    """Return instance to the manifest digest of the image that it runs (cbuild.instance.document's field)."""
    found = {}
    for path in home.instances.glob("*/instance.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found[path.parent.name] = str(json.loads(path.read_bytes())["image"])
    return found


def _path(home: Home, state: Path) -> Path:
    return home.roots / f"{hex_of(sha256_bytes(str(state).encode()))}.json"
