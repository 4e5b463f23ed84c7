"""Which files in the buildout directory the part that is being installed has made: others' are root's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def is_own(path: Path) -> bool:
    """Return whether a file belongs to the user who runs this."""
    return path.lstat().st_uid == os.getuid()


def files(directory: str, *endings: str) -> Iterator[Path]:
    """Give the part's own files below directory whose names end in one of these."""
    for parent, _, names in os.walk(directory):
        for name in names:
            if name.endswith(endings) and is_own(path := Path(parent, name)):
                yield path
