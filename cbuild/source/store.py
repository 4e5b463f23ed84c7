"""The store: every source once, named by its sha256, with an index by md5 and one by URL.

    files/<sha256>          the bytes, mode 0444
    about/<sha256>.json     md5, size, and where it was first had from
    md5/<md5>               a link to ../files/<sha256>
    urls/<sha256 of URL>    what a URL without a checksum of its own gave, so that it needs no second connection
    tmp/                    downloads under way: same file system, so that a rename is all that makes them whole

A name appears under files/ by rename only, after fsync, so that what has a name there is complete, whatever was
killed when, and however many processes write.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbuild.canonical import CHUNK, canonical_json, write_atomic
from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ABANDONED = 86400.0
"""Seconds after which a temporary file belongs to a process that was killed: no download takes a day."""


@dataclass(frozen=True)
class Sums:
    """Bare hex digits of both digests, and the size in bytes."""

    md5: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Stored:
    """A source in the store. origin: where it was first had from."""

    sums: Sums
    path: Path
    origin: str


class WrongChecksum(Exception):  # noqa: N818 - it is caught within this package, and says what happened
    """The bytes are not those that were asked for. sums: what they are."""

    def __init__(self, sums: Sums) -> None:
        super().__init__(f"md5 {sums.md5}, sha256 {sums.sha256}")
        self.sums = sums


@dataclass(frozen=True)
class Expected:
    """What the bytes must be; None is: anything."""

    md5: str | None = None
    sha256: str | None = None

    def admits(self, sums: Sums) -> bool:
        """Return whether the sums are those expected."""
        return self.md5 in {None, sums.md5} and self.sha256 in {None, sums.sha256}


class Store:
    """The directory root (Home.sources) as described above; made at the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False
        self.stopped = threading.Event()
        """Set to end every download and copy under way at its next chunk."""

    def find(self, expected: Expected) -> Stored | None:
        """Return what has the checksums, from the store alone: a few system calls, nothing is hashed."""
        sha256 = expected.sha256
        if sha256 is None and expected.md5 is not None:
            try:
                sha256 = (self.root / "md5" / expected.md5).readlink().name
            except OSError:
                return None
        if sha256 is None:
            return None
        path = self.root / "files" / sha256
        try:
            about = json.loads(self._about(sha256).read_bytes())
            stored = Stored(Sums(about["md5"], sha256, about["size"]), path, about["origin"])
            # A file system that lost the end of the file in a crash is the one damage that is cheap to see.
            whole = path.stat().st_size == stored.sums.size
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return stored if whole and expected.admits(stored.sums) else None

    def add(self, chunks: Iterable[bytes], expected: Expected, origin: str) -> Stored:
        """Keep the bytes if they are what is expected; WrongChecksum otherwise, and nothing is kept.

        chunks are written and hashed as they come. origin: for people, without passwords.
        """
        with self.temporary() as temporary:
            sums = _write(temporary, self._until_stopped(chunks))
            return self._keep(temporary, sums, expected, origin)

    def adopt(self, temporary: Path, expected: Expected, origin: str) -> Stored:
        """Keep a file that another program wrote below ``temporary()``: hashed, checked, moved."""
        sums = sums_of(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        return self._keep(temporary, sums, expected, origin)

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """Give the path of an empty file on the store's file system; whatever is left of it at the end is deleted."""
        directory = self.root / "tmp"
        directory.mkdir(parents=True, exist_ok=True)
        self._sweep(directory)
        handle, name = tempfile.mkstemp(dir=directory, prefix="fetch.")
        os.close(handle)
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def remember(self, url: str, sha256: str) -> None:
        """Keep what a URL that names no checksum gave."""
        write_atomic(self._url(url), canonical_json({"sha256": sha256, "url": url}))

    def remembered(self, url: str) -> str | None:
        """Return the sha256 of what the URL gave when it was fetched, None if it never was."""
        try:
            sha256 = json.loads(self._url(url).read_bytes())["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return sha256 if isinstance(sha256, str) else None

    def _until_stopped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.stopped.is_set():
                raise Unavailable("interrupted")
            yield chunk

    def _keep(self, temporary: Path, sums: Sums, expected: Expected, origin: str) -> Stored:
        if not expected.admits(sums):
            raise WrongChecksum(sums)
        known = self.find(Expected(sha256=sums.sha256))
        if known is None:
            about = canonical_json({"md5": sums.md5, "origin": origin, "size": sums.size})
            path = self.root / "files" / sums.sha256
            path.parent.mkdir(exist_ok=True)
            write_atomic(self._about(sums.sha256), about)
            temporary.chmod(0o444)
            temporary.replace(path)
            known = Stored(sums, path, origin)
        self._link(sums)
        return known

    def _link(self, sums: Sums) -> None:
        """Enter the md5; a link that is there may stay, unless somebody made two files of one md5."""
        link = self.root / "md5" / sums.md5
        target = f"../files/{sums.sha256}"
        with suppress(OSError):
            if str(link.readlink()) == target:
                return
        link.parent.mkdir(exist_ok=True)
        temporary = link.with_name(f".{sums.md5}.{os.getpid()}.{time.monotonic_ns()}")
        temporary.symlink_to(target)
        temporary.replace(link)

    def _about(self, sha256: str) -> Path:
        return self.root / "about" / f"{sha256}.json"

    def _url(self, url: str) -> Path:
        return self.root / "urls" / hashlib.sha256(url.encode()).hexdigest()

    def _sweep(self, directory: Path) -> None:
        """Delete what killed processes left, once a run."""
        if self._swept:
            return
        self._swept = True
        limit = time.time() - ABANDONED
        for path in directory.iterdir():
            with suppress(OSError):  # another process sweeps, too
                if path.stat().st_mtime < limit:
                    path.unlink()


def sums_of(path: Path) -> Sums:
    """Return both digests and the size of a file, in one read."""
    with path.open("rb") as stream:
        return _consume(iter(lambda: stream.read(CHUNK), b""), None)


def chunks_of(path: Path) -> Iterator[bytes]:
    """Give the file's bytes."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _write(path: Path, chunks: Iterable[bytes]) -> Sums:
    with path.open("wb") as stream:
        sums = _consume(chunks, stream.write)
        stream.flush()
        os.fsync(stream.fileno())
    return sums


def _consume(chunks: Iterable[bytes], write: object) -> Sums:
    # md5 names sources in profiles; it protects nothing here that sha256 doesn't.
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    for chunk in chunks:
        md5.update(chunk)
        sha256.update(chunk)
        size += len(chunk)
        if callable(write):
            write(chunk)
    return Sums(md5.hexdigest(), sha256.hexdigest(), size)
