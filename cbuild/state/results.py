"""What each key gave: the store's memory. A result is written after its layer is whole, and never changes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cbuild.canonical import canonical_json, hex_of, write_atomic
from cbuild.events import Event, Report, silent
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer
from cbuild.state.home import Home

DAY = 86400.0
"""Seconds; uses are noted once in that time."""


@dataclass(frozen=True)
class Result:
    """What installing a part gave: its layer, the paths that the recipe returned, and how long it took (seconds).

    lints: what was found that makes, or could make, the result depend on the machine; one line each.
    run: the run of cbuild that installed it; started: when, in seconds since 1970.
    """

    layer: Layer
    paths: tuple[str, ...]
    seconds: float
    lints: tuple[str, ...] = ()
    run: str = ""
    started: float = 0.0


class Results:
    """Results and key documents by key."""

    def __init__(self, home: Home, report: Report = silent) -> None:
        self._home = home
        self._layout = Layout(home.oci)
        self._report = report
        self._told: set[str] = set()

    def get(self, key: str) -> Result | None:
        """Return what key gave, if its layer is in the store; a damaged one counts as none, and is told of once."""
        damaged = self._path(key)
        try:
            result = _result(json.loads(damaged.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            pass
        else:
            if self._layout.has(result.layer.diff_id, result.layer.size):
                touch(damaged)
                return result
            damaged = self._layout.blob(result.layer.diff_id)
        if damaged.exists() and key not in self._told:
            self._told.add(key)
            self._report(Event("warning", key, f"{damaged} is damaged: what it belongs to is built again."))
        return None

    def put(self, key: str, document: dict[str, object], result: Result) -> None:
        """Keep the result and its key's document."""
        write_atomic(self._home.keys / f"{hex_of(key)}.json", canonical_json(document))
        write_atomic(self._path(key), canonical_json(asdict(result)))

    def document(self, key: str) -> dict[str, object] | None:
        """Return the key's document, if it was ever built here."""
        try:
            found: dict[str, object] = json.loads((self._home.keys / f"{hex_of(key)}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found

    def log(self, key: str) -> Path:
        """Return where the build log of key lies."""
        return self._home.logs / f"{hex_of(key)}.log"

    def _path(self, key: str) -> Path:
        return self._home.results / f"{hex_of(key)}.json"


def touch(path: Path) -> None:
    """Note that a document of the store was used: its mtime is the last use, to the day (see cbuild.state.garbage)."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > DAY:
            os.utime(path)


def _result(found: Mapping[str, Any]) -> Result:
    layer = found["layer"]
    return Result(
        Layer(layer["diff_id"], layer["size"], tuple(layer["owns"]), tuple(layer["mentions"])),
        tuple(found["paths"]),
        found["seconds"],
        tuple(found.get("lints", ())),
        found.get("run", ""),
        found.get("started", 0.0),
    )
