"""Which paths below the prefix do a layer's bytes mention: run-time references, found as Nix finds them."""

from __future__ import annotations

import re

# Two components below the prefix tell the owner: parts/NAME, bin/NAME, or NAME for a file at the top.
DEPTH = 2
LONGEST = 512


class Scanner:
    """Collects mentioned paths from a stream of chunks; a reference that spans two chunks is found, too."""

    def __init__(self, prefix: str) -> None:
        """Look for prefix (``/opt/cbuild``) followed by path components."""
        self._pattern = re.compile(re.escape(prefix.encode()) + rb"((?:/[A-Za-z0-9._+@~-]+){1,%d})" % DEPTH)
        self._tail = b""
        self.found: set[str] = set()

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of a file; b"" ends the file."""
        if not chunk:
            self._tail = b""
            return
        data = self._tail + chunk
        for match in self._pattern.finditer(data):
            self.found.add(match[1].decode().strip("/"))
        self._tail = data[-LONGEST:]
