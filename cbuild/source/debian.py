"""Debian's source archive as a place: by the name of a source package's file, by checksum, and repacked."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.events import Event
from cbuild.source import apt, recompress
from cbuild.source.store import Expected, Store, Stored, WrongChecksum
from cbuild.source.unavailable import Unavailable
from cbuild.source.url import split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cbuild.events import Report
    from cbuild.source.indices import Found, Indices
    from cbuild.source.request import Request

COMPONENTS = ("main", "contrib", "non-free")
NAME = "Debian's source archive"
_POOL = re.compile(r"/pool/(main|contrib|non-free)/[^/]+/([^/]+)/[^/]+$")
_VERSIONED = re.compile(r"(?:(?P<name>.+?)[-_])?[vV]?(?P<version>[0-9][0-9A-Za-z.+~_]*)")
STRANGERS = 4
"""Packages of another name but the same version that are tried (httpd's tarball is apache2's)."""
STRANGER_SIZE = 32 << 20


@dataclass(frozen=True)
class Pool:
    """``debian:SOURCE/FILE``, and URLs of the pool of some mirror, which are the same thing under a host's name."""

    store: Store
    indices: Indices

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        source, file = _pool_name(request)
        return f"{NAME}, {source}/{file}"

    def serves(self, request: Request) -> bool:
        """Return whether the request names a file of the pool."""
        return request.kind == "debian" or (request.checked and bool(_pool_name(request)[0]))

    def get(self, request: Request) -> Stored:
        """Return the file: straight from the pool when the checksum is known, otherwise checked by the signed index."""
        source, file = _pool_name(request)
        if request.checked:
            return self._direct(request, source, file)
        # A file's name is never used for other bytes, so that any suite's index is right about it.
        for suite, found in self.indices.find(lambda index: index.by_name(source, file)):
            return _fetch(self.store, suite.uri, f"{found.directory}/{file}", Expected(found.md5, found.sha256))
        names = {found.name for _, found in self.indices.find(lambda index: index.tarballs(source))}
        others = f"; {source} has {', '.join(sorted(names))}" if names else ""
        raise Unavailable(_nothing(self.indices, f"no suite's index lists it{others}"))

    def _direct(self, request: Request, source: str, file: str) -> Stored:
        problem: Unavailable | None = None
        for uri in dict.fromkeys(suite.uri for suite in self.indices.suites()):
            for component in COMPONENTS:
                path = f"pool/{component}/{_letter(source)}/{source}/{file}"
                try:
                    return _fetch(self.store, uri, path, Expected(request.md5, request.sha256))
                except Unavailable as unavailable:
                    problem = problem or unavailable
        raise problem or Unavailable("apt is configured with no archive")


@dataclass(frozen=True)
class ByChecksum:
    """Whatever the archive has with the request's checksum, under whatever name."""

    store: Store
    indices: Indices

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        del request
        return f"{NAME}, by checksum"

    def serves(self, request: Request) -> bool:
        """Return whether there is a checksum to look for."""
        return request.checked

    def get(self, request: Request) -> Stored:
        """Return the file."""
        problem: Unavailable | None = None
        for suite, found in self.indices.find(lambda index: index.by_sum(md5=request.md5, sha256=request.sha256)):
            try:
                expected = Expected(request.md5 or found.md5, request.sha256 or found.sha256)
                return _fetch(self.store, suite.uri, f"{found.directory}/{found.name}", expected)
            except WrongChecksum as wrong:
                problem = Unavailable(f"{found.directory}/{found.name} is another file: {wrong}")
            except Unavailable as unavailable:
                problem = unavailable
        raise problem or Unavailable(_nothing(self.indices, "no suite's index lists it"))


@dataclass(frozen=True)
class Repacked:
    """The same version's tar, which the archive has in another compression. It can take minutes: report says so."""

    store: Store
    indices: Indices
    report: Report

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        del request
        return f"{NAME}, in another compression"

    def serves(self, request: Request) -> bool:
        """Return whether it is a tar of a known version with a checksum to decide."""
        return request.checked and request.kind == "remote" and _versioned(request) is not None

    def get(self, request: Request) -> Stored:
        """Return the tar, packed again as the request's suffix says."""
        versioned = _versioned(request)
        suffix = recompress.suffix_of(request.filename)
        if versioned is None or suffix is None:
            raise Unavailable("its name has no version")
        tried = []
        for relation, candidate in self._candidates(request, versioned[1]):
            try:
                return self._repack(request, suffix, candidate, relation)
            except Unavailable as problem:
                tried.append(f"{candidate[1].name}: {problem}")
        raise Unavailable("; ".join(tried) or _nothing(self.indices, "no suite has this version under any name"))

    def _repack(self, request: Request, suffix: str, candidate: Found, relation: int) -> Stored:
        suite, file = candidate
        with ExitStack() as stack:
            packed = stack.enter_context(self.store.temporary())
            tar = stack.enter_context(self.store.temporary())
            apt.download(f"{suite.uri}{file.directory}/{file.name}", packed)
            recompress.unpack(packed, tar)
            # A stranger is worth the work only if what is in it has the name that was asked for.
            if relation == _STRANGER and recompress.top_directory(tar) != request.filename.removesuffix(suffix):
                raise Unavailable("another program")
            return self._pack(tar, suffix, request, f"{file.directory}/{file.name}")

    def _pack(self, tar: Path, suffix: str, request: Request, origin: str) -> Stored:
        expected = Expected(request.md5, request.sha256)
        tried = []
        for how, encode in recompress.encoders(suffix):
            self.report(Event("info", request.shown, f"Packing {origin} again with {how}."))
            try:
                return self.store.add(encode(tar), expected, f"Debian, {origin}, repacked by {how}")
            except WrongChecksum:
                tried.append(f"{how} gives another checksum")
            except Unavailable as problem:
                tried.append(f"{how}: {problem}")
        raise Unavailable(", ".join(tried))

    def _candidates(self, request: Request, version: str) -> Iterator[tuple[int, Found]]:
        """Give the upstream tarballs of that version, those of a like name first."""
        found: dict[str, tuple[int, int, Found]] = {}
        for spelling in dict.fromkeys((version, version.replace("_", "."))):
            for suite, file in self.indices.find(lambda index, v=spelling: index.originals(v)):  # type: ignore[misc]
                found.setdefault(file.sha256, (_relation(request, file.source), file.size, (suite, file)))
        strangers = 0
        for relation, size, candidate in sorted(found.values(), key=lambda row: row[:2]):
            if relation == _STRANGER:
                strangers += 1
                if strangers > STRANGERS or size > STRANGER_SIZE:
                    continue
            yield relation, candidate


_SAME, _ALIKE, _STRANGER = range(3)


def _relation(request: Request, source: str) -> int:
    """Return how much the source package's name is like the request's: pcre2 and pcre2, xz and xz-utils, or not."""
    versioned = _versioned(request)
    names = {part.lower() for part in split(request.url).path.split("/") if part}
    name = (versioned[0] if versioned else "").lower()
    if source == name:
        return _SAME
    if source in names or (name and (source.startswith(name) or name.startswith(source) or source == f"lib{name}")):
        return _ALIKE
    return _STRANGER


def _versioned(request: Request) -> tuple[str, str] | None:
    """Return name and version of ``NAME-VERSION.tar.*``; the name is empty for ``v1.0.tar.gz``."""
    suffix = recompress.suffix_of(request.filename)
    match = _VERSIONED.fullmatch(request.filename.removesuffix(suffix)) if suffix else None
    return (match["name"] or "", match["version"]) if match else None


def _pool_name(request: Request) -> tuple[str, str]:
    """Return source package and file; both empty if the request names no file of the pool."""
    if request.kind == "debian":
        return request.debian
    match = _POOL.search(split(request.url).path)
    return (match[2], request.filename) if match else ("", "")


def _letter(source: str) -> str:
    """Return the pool's directory for a source package (Debian's archive: libx for libraries, else one letter)."""
    return source[:4] if source.startswith("lib") else source[0]


def _fetch(store: Store, uri: str, path: str, expected: Expected) -> Stored:
    with store.temporary() as temporary:
        apt.download(uri + path, temporary)
        return store.adopt(temporary, expected, f"Debian, {path}")


def _nothing(indices: Indices, why: str) -> str:
    problems = indices.problems()
    return f"{why} ({'; '.join(problems)})" if problems else why
