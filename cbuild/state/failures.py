"""Keys that failed when they were last tried, for people to look at: nothing is decided by it, a key is tried again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cbuild.canonical import canonical_json, hex_of, write_atomic
from cbuild.state.home import Home


@dataclass(frozen=True)
class Failure:
    """What went wrong, in one line; the run that tried, when it started (seconds since 1970), how long it took (s)."""

    part: str
    message: str
    run: str
    started: float
    seconds: float


def note(home: Home, key: str, failure: Failure) -> None:
    """Keep what happened to key."""
    write_atomic(_path(home, key), canonical_json(asdict(failure)))


def get(home: Home, key: str) -> Failure | None:
    """Return how key failed when it was last tried, None if it did not."""
    try:
        return Failure(**json.loads(_path(home, key).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def last(home: Home, part: str) -> tuple[str, Failure] | None:
    """Return the key and the failure of a part's last try that failed, whatever the key is now."""
    found = [
        (f"sha256:{path.stem}", failure)
        for path in home.failures.glob("[!.]*.json")
        if (failure := get(home, path.stem))
    ]
    return max((one for one in found if one[1].part == part), key=lambda one: one[1].started, default=None)


def forget(home: Home, key: str) -> None:
    """Key has a result now."""
    _path(home, key).unlink(missing_ok=True)


def _path(home: Home, key: str) -> Path:
    return home.failures / f"{hex_of(key)}.json"
