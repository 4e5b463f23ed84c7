"""Paths of the host out of values: a key, a state file and a builder see ``/profile`` instead.

Where a profile lies must not change a byte of what it builds (DESIGN section 2). What the files there contain counts
through the sources' digests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PROFILE = "/profile"

IMAGE = "/opt/cbuild"
"""The image's own directory; it stays as it is, even for a profile that lies in /opt."""

# Where a path may begin: not in the middle of another one, but after `-I` and in a file URL.
_START = r"""(?:(?<![\w./-])|(?<=^-[A-Za-z])|(?<=[\s"'=,]-[A-Za-z])|(?<=file://))"""


class Virtual:
    """Replaces the directories that profiles lie in by ``/profile``."""

    def __init__(self, directories: Iterable[str]) -> None:
        longest_first = sorted(
            {path.rstrip("/") for path in directories} - {"", IMAGE}, key=lambda path: (-len(path), path)
        )
        alternatives = "|".join(map(_alternative, longest_first))
        self._pattern = re.compile(rf"{_START}(?:{alternatives})(?![\w.-])") if longest_first else None

    def text(self, value: str) -> str:
        """Return value with every such directory replaced."""
        return self._pattern.sub(PROFILE, value) if self._pattern else value

    def options(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return options with every value replaced."""
        return {key: self.text(value) for key, value in options.items()}


def _alternative(path: str) -> str:
    """Return a pattern for path that leaves the image's own directory alone."""
    inside = IMAGE.removeprefix(f"{path}/")
    return re.escape(path) + (rf"(?!/{re.escape(inside)}(?![\w.-]))" if inside != IMAGE else "")
