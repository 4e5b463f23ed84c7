"""A suite's index of sources as a small database: file name, checksums, size, directory in the pool.

The text is 20 MB to 50 MB a suite and asked in three ways (md5, sha256, name); the database is made once, in a
temporary file that is renamed when it is whole, and only read afterwards: no locks, and each look takes microseconds.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE file (name TEXT NOT NULL, directory TEXT NOT NULL, size INTEGER NOT NULL, md5 BLOB, sha256 BLOB NOT NULL);
"""
_INDICES = """
CREATE INDEX by_name ON file (name);
CREATE INDEX by_md5 ON file (md5);
CREATE INDEX by_sha256 ON file (sha256);
"""
_USELESS = (".dsc", ".asc")
"""What no build unpacks; it would be a third of the database."""
_COLUMNS = "SELECT name, directory, size, md5, sha256 FROM file WHERE "


@dataclass(frozen=True)
class PoolFile:
    """A file of a source package. directory: below the archive's base; md5 and sha256 in hex digits."""

    name: str
    directory: str
    size: int
    md5: str | None
    sha256: str

    @property
    def source(self) -> str:
        """Return the name of the source package."""
        return self.directory.rpartition("/")[2]


def parse(lines: Iterable[bytes]) -> Iterator[PoolFile]:
    """Give every file that a ``Sources`` index lists (Debian policy, deb-src-control)."""
    directory = ""
    blocks: dict[str, dict[str, tuple[str, str]]] = {}
    block: dict[str, tuple[str, str]] | None = None
    for line in lines:
        if line[:1] == b" ":
            if block is not None:
                digest, size, name = line.decode().split()
                block[name] = digest, size
            continue
        block = None
        if line == b"\n":
            yield from _files(directory, blocks)
            directory, blocks = "", {}
        elif line.startswith((b"Files:", b"Checksums-Sha256:")):
            block = blocks.setdefault(line.partition(b":")[0].decode(), {})
        elif line.startswith(b"Directory:"):
            directory = line[10:].decode().strip()
    yield from _files(directory, blocks)


def _files(directory: str, blocks: dict[str, dict[str, tuple[str, str]]]) -> Iterator[PoolFile]:
    md5 = blocks.get("Files", {})
    for name, (sha256, size) in blocks.get("Checksums-Sha256", {}).items():
        if name.endswith(_USELESS):
            continue
        yield PoolFile(name, directory, int(size), md5[name][0] if name in md5 else None, sha256)


def build(path: Path, files: Iterable[PoolFile]) -> None:
    """Write the database of the files to path, which must not exist; OSError for a full disk, as of any file."""
    try:
        _build(path, files)
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from None


def _build(path: Path, files: Iterable[PoolFile]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_SCHEMA)
        rows = (
            (f.name, f.directory, f.size, bytes.fromhex(f.md5 or "") or None, bytes.fromhex(f.sha256)) for f in files
        )
        database.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?)", rows)
        database.executescript(_INDICES)


class Index:
    """A database made by ``build``, open for reading; used and closed by one thread."""

    def __init__(self, path: Path) -> None:
        # "immutable": nothing changes the file while it has this name, so sqlite needs neither locks nor checks.
        self._database = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def by_sum(self, *, md5: str | None, sha256: str | None) -> list[PoolFile]:
        """Return the files with the checksum; sha256 goes before md5."""
        if sha256:
            return self._ask("sha256 = ?", bytes.fromhex(sha256))
        return self._ask("md5 = ?", bytes.fromhex(md5)) if md5 else []

    def by_name(self, source: str, name: str) -> list[PoolFile]:
        """Return the file of that name in that source package."""
        return [found for found in self._ask("name = ?", name) if found.source == source]

    def tarballs(self, source: str) -> list[PoolFile]:
        """Return every tarball of that source package."""
        return [file for file in self._ask("name GLOB ?", f"{source}_*.tar.*") if file.source == source]

    def originals(self, version: str) -> list[PoolFile]:
        """Return every upstream tarball of that upstream version (``SOURCE_VERSION.orig.tar.*``)."""
        escaped = version.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._ask("name LIKE ? ESCAPE '\\'", f"%\\_{escaped}.orig.tar.%")

    def _ask(self, condition: str, value: str | bytes) -> list[PoolFile]:
        rows = self._database.execute(_COLUMNS + condition, (value,))
        return [
            PoolFile(name, where, size, md5.hex() if md5 else None, sha.hex()) for name, where, size, md5, sha in rows
        ]
