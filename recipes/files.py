"""The files that options name: sources from outside, or what another part makes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cbuild.recipe.api import Buildout, Source, UserError


class Made(Source):
    """A file below the buildout directory: a part makes it, so it is there when this part is installed."""

    def __init__(self, url: str, path: Path, md5sum: str) -> None:
        self.url = url
        self._path = path
        self._md5sum = md5sum

    @property
    def path(self) -> Path:
        """Return where it lies; UserError if it doesn't, or isn't what md5sum says."""
        if not self._path.is_file():
            raise UserError(f"{self._path} is not there (yet); refer to the part that makes it as ${{part:option}}.")
        found = hashlib.md5(self._path.read_bytes(), usedforsecurity=False).hexdigest() if self._md5sum else ""
        if found != self._md5sum:
            raise UserError(f"{self._path} has the md5sum {found}, not {self._md5sum}.")
        return self._path


def inside(buildout: Buildout, path: str) -> bool:
    """Return whether path lies below the buildout directory or the build directory: nothing of that is on the host."""
    return path.removeprefix("file://").startswith((buildout["buildout"]["directory"] + "/", "/build/"))


def declare(buildout: Buildout, url: str, md5sum: str | None = None, alternate: str = "") -> Source:
    """Return the file at url (or at alternate), declared as a source unless it is another part's."""
    url = url.strip()
    if inside(buildout, url):
        return Made(url, Path(url.removeprefix("file://")), (md5sum or "").strip().lower())
    return buildout.source(url, md5sum, alternate)


def checked(buildout: Buildout, text: str) -> Source:
    """Return the file that ``URL[#MD5]`` names."""
    url, _, md5sum = text.partition("#")
    return declare(buildout, url, md5sum or None)
