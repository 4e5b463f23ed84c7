"""Sources of the profile's own: files and directories beside it, given by absolute or relative path."""

from __future__ import annotations

import glob
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

from cbuild.canonical import hex_of, sha256_bytes, write_atomic
from cbuild.errors import SourceError
from cbuild.layer import tar
from cbuild.layer.entries import collect
from cbuild.plan.place import Place
from cbuild.plan.virtual import PROFILE as VIRTUAL
from cbuild.source import Request, Sources
from cbuild.state import installed
from cbuild.state.home import Home

SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)

LEFT_OUT = {b".git", b".hg", b".svn", b"__pycache__", b".venv", b".tox", b".installed.cfg", b"cbuild.lock"}
"""What is no source: its content changes without the source changing. The last two a buildout writes."""

GIT = "git+file://"

PROFILE = "profile"
"""The name, inside the tar, of a directory that holds the profile: its own name is an accident of the checkout."""


class LocalFiles:
    """Turns what a profile names into requests; a directory becomes a tar of its files, equal files equal bytes.

    bases: the other directories that profiles lie in (cbuild.plan.virtual).
    """

    def __init__(self, directory: Path, sources: Sources, home: Home, bases: Sequence[str] = ()) -> None:
        self._directory = directory
        self._bases = (str(directory), *bases)
        self._packed = home.sources / "packed"
        self._store = os.fsencode(home.root)
        self._sources = sources

    def request(self, url: str, md5: str | None, place: Place) -> Request:
        """Return what to fetch for url; relative paths are relative to the profile's directory.

        place: where the profile says so. SourceError (``url-unsupported``, ``checksum-invalid``).
        """
        if not SCHEME.match(url) or url.startswith("file:"):
            path = self._real(Path(self._directory, url.removeprefix("file://")))
            is_directory = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for a name that is too long
            url = str(self._pack(path) if is_directory else path)
        elif url.startswith(f"{GIT}{VIRTUAL}/"):
            repository, at, ref = url.removeprefix(GIT).rpartition("@")
            url = f"{GIT}{self._real(Path(repository))}{at}{ref}"
        return Request(url, md5, file=place.file, line=place.line, section=place.section, option=place.option)

    def globbed(self, text: str, place: Place) -> list[str]:
        """Return the directories that a white-space separated list of paths and globs names, sorted."""
        found: list[str] = []
        for word in text.split():
            found_here = glob.glob(word, root_dir=self._directory)  # noqa: PTH207 - Path.glob fails at `.`
            matches = [Path(self._directory, match) for match in sorted(found_here)]
            if not matches or not all(path.is_dir() for path in matches):
                raise SourceError(
                    f"develop: {word} is no directory.", section=place.section, option=place.option,
                    file=place.file, line=place.line, details=f"looked for in {self._directory}",
                    resolution="Correct the name; it is relative to the profile's directory.",
                )  # fmt: skip
            found += map(str, matches)
        return found

    def _real(self, path: Path) -> Path:
        """Return where a path as builders see it lies here."""
        if not path.is_relative_to(VIRTUAL):
            return path
        found = [Path(base, path.relative_to(VIRTUAL)) for base in self._bases]
        there = (here for here in found if os.path.exists(here))  # noqa: PTH110 - as above
        return next(there, path)

    def _pack(self, directory: Path) -> Path:
        directory = Path(os.path.normpath(directory))
        name = PROFILE if self._directory.is_relative_to(directory) else directory.name
        stream = io.BytesIO()
        tar.write(collect(directory, name, {}, self._is_left_out), stream)
        path = self._packed / hex_of(sha256_bytes(stream.getvalue())) / f"{name}.tar"
        if not path.exists():
            write_atomic(path, stream.getvalue())
        return path

    def _is_left_out(self, item: os.DirEntry[bytes]) -> bool:
        # cbuild's state files have any name (`installed` in [buildout]), and there may be several.
        if item.name in LEFT_OUT or item.path == self._store:
            return True
        return item.is_file(follow_symlinks=False) and installed.is_ours(item.path)
