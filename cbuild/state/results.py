"""What each key gave: the store's memory. A result is written after its layer is whole, and never changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cbuild.canonical import canonical_json, hex_of, write_atomic
from cbuild.image.layout import Layout
from cbuild.layer.write import Layer
from cbuild.state.home import Home


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

    def __init__(self, home: Home) -> None:
        self._home = home
        self._layout = Layout(home.oci)

    def get(self, key: str) -> Result | None:
        """Return what key gave, if its layer is in the store."""
        try:
            found = json.loads(self._path(key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        layer = found["layer"]
        if not self._layout.has(layer["diff_id"]):
            return None
        own = Layer(layer["diff_id"], layer["size"], tuple(layer["owns"]), tuple(layer["mentions"]))
        return Result(
            own, tuple(found["paths"]), found["seconds"], tuple(found.get("lints", ())),
            found.get("run", ""), found.get("started", 0.0),
        )  # fmt: skip

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
