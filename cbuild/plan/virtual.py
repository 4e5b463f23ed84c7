"""Paths of the host out of values: a key, a state file and a builder see ``/profile`` instead.

Where a profile lies must not change a byte of what it builds (DESIGN section 2). What the files there contain counts
through the sources' digests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PROFILE = "/profile"


class Virtual:
    """Replaces the directories that profiles lie in by ``/profile``."""

    def __init__(self, directories: Iterable[str]) -> None:
        longest_first = sorted({path.rstrip("/") for path in directories} - {""}, key=lambda path: (-len(path), path))
        alternatives = "|".join(re.escape(path) for path in longest_first)
        self._pattern = re.compile(rf"(?<![\w./-])(?:{alternatives})(?![\w.-])") if longest_first else None

    def text(self, value: str) -> str:
        """Return value with every such directory replaced."""
        return self._pattern.sub(PROFILE, value) if self._pattern else value

    def options(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return options with every value replaced."""
        return {key: self.text(value) for key, value in options.items()}
