"""zc.buildout itself on a profile, in a process of its own: the other side of bench.profile.

    python -m bench.reference PROFILE.cfg

Prints one JSON line: seconds to read the profile, seconds to resolve every section that can be, and how many options
that are. Recipes are replaced by one that sets `location` and does nothing else; nothing is installed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any


class Recipe:
    """Stands for every recipe."""

    def __init__(self, _buildout: object, name: str, options: Any) -> None:  # noqa: ANN401 - zc.buildout has no types
        options.setdefault("location", f"/opt/{name}")


def main() -> None:
    """Read and resolve the profile that the command line names."""
    engine: Any = import_module("zc.buildout.buildout")
    engine._install_and_load = lambda *_, **__: Recipe  # noqa: SLF001 - there is no other place to put a recipe in
    with tempfile.TemporaryDirectory() as directory, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        printed, sys.stdout = sys.stdout, nowhere
        path = str(Path(sys.argv[1]).absolute())
        start = time.perf_counter()
        buildout = engine.Buildout(path, [("buildout", "directory", directory)], False, "annotate")
        read = time.perf_counter()
        options = 0
        for name in list(buildout._raw):  # noqa: SLF001 - without initialising them
            with suppress(Exception):
                options += len(buildout[name].keys())
        done = time.perf_counter()
        sys.stdout = printed
    print(json.dumps({"read": read - start, "resolve": done - read, "options": options}))  # noqa: T201 - the result


if __name__ == "__main__":
    main()
