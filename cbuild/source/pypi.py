"""PyPI and its like: ``pypi:NAME==VERSION``, ``pypi:NAME/FILE``, and URLs in the layout of PyPI's file store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import url2pathname

from cbuild.source.request import Request
from cbuild.source.store import Expected, Store, Stored, WrongChecksum, chunks_of
from cbuild.source.unavailable import Unavailable
from cbuild.source.url import redact, split

if TYPE_CHECKING:
    from packaging.version import Version

    from cbuild.source.fetch import Downloader
    from cbuild.source.index import Index, Link, Problem

# files/<hash of the file in three pieces>/NAME, and the older .../<python version or "source">/<letter>/<project>/NAME
_LAYOUT = re.compile(r"/packages/(?:[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}|[a-z0-9.]+/[A-Za-z0-9]/[^/]+)/[^/]+$")
_SDIST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*-\d[A-Za-z0-9.]*(?:\.tar\.(?:gz|bz2|xz)|\.zip)")
SOURCES = (".tar.gz", ".tar.bz2", ".tar.xz", ".zip")


@dataclass(frozen=True)
class PyPI:
    """The place."""

    store: Store
    downloader: Downloader
    index: Index

    def name(self, request: Request) -> str:
        """Return what errors call it."""
        return f"the package index, {request.filename}" if request.filename else "the package index"

    def serves(self, request: Request) -> bool:
        """Return whether the request names a distribution, or is a URL of PyPI's file store with a checksum."""
        if request.kind == "pypi":
            return True
        return request.checked and request.kind == "remote" and bool(_LAYOUT.search(split(request.url).path))

    def get(self, request: Request) -> Stored:
        """Return the distribution; the sha256 that the index gives is checked as well."""
        name, version = request.pypi if request.kind == "pypi" else (_project(request.filename), "")
        problems: list[str] = []
        unread: list[Problem] = []
        for page, links in self.index.pages(name, unread):
            chosen = _choose(links, request, version)
            if chosen is None:
                problems.append(f"{redact(page)} has no {request.filename or version}")
            elif chosen.sha256 is None and not request.checked and version:
                problems.append(f"{redact(page)} gives no sha256 for {chosen.filename}, and the profile no checksum")
            else:
                try:
                    return self._fetch(chosen, request)
                except Unavailable as problem:
                    problems.append(str(problem))
        problems += [problem.text for problem in unread]
        raise Unavailable("; ".join(problems) or "no index is configured")

    def _fetch(self, link: Link, request: Request) -> Stored:
        expected = Expected(request.md5, request.sha256 or link.sha256)
        parts = split(link.url)
        if parts.scheme == "file":
            path = Path(url2pathname(parts.path))
            if not path.is_file():
                raise Unavailable(f"{redact(link.url)} is named there, and isn't there")
            return self.store.add(chunks_of(path), expected, f"find-links, {link.filename}")
        return self.downloader.get(link.url, self.store, expected)


@dataclass(frozen=True)
class ByName(PyPI):
    """The same for a file of a forge's that is called like a source distribution, which PyPI often has, too.

    The checksum decides: releases are as a rule the very file that was uploaded there.
    """

    def serves(self, request: Request) -> bool:
        """Return whether the request has a checksum, and a file named ``PROJECT-VERSION.tar.gz`` or the like."""
        return request.checked and request.kind == "remote" and bool(_SDIST.fullmatch(request.filename))

    def get(self, request: Request) -> Stored:
        """Return it; another file of the same name is as good as none."""
        try:
            return super().get(request)
        except WrongChecksum as problem:
            raise Unavailable(f"another file: {problem}") from None


def _project(filename: str) -> str:
    """Return the project of a distribution's file: up to the version."""
    if filename.endswith(".whl"):
        return filename.partition("-")[0]
    stem = next((filename.removesuffix(end) for end in SOURCES if filename.endswith(end)), filename)
    return stem.rpartition("-")[0]


def _choose(links: list[Link], request: Request, version: str) -> Link | None:
    if not version:
        named = [link for link in links if link.filename == request.filename]
        # Two pages of links may have different files of one name: the checksum says which is meant.
        return next((link for link in named if request.sha256 in {None, link.sha256}), named[0] if named else None)
    mine = [link for link in links if _is(link.filename, request.pypi[0], version)]
    if request.sha256 and (exact := [link for link in mine if link.sha256 == request.sha256]):
        return exact[0]
    return min(mine, key=_preference, default=None)


def _preference(link: Link) -> tuple[int, str]:
    """Return what sorts a source distribution first, then a wheel for every machine; others by name."""
    for rank, end in enumerate((*SOURCES, "-none-any.whl")):
        if link.filename.endswith(end):
            return rank, link.filename
    return len(SOURCES) + 1, link.filename


def _is(filename: str, name: str, version: str) -> bool:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - see parse_filename
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - see parse_filename

    found = parse_filename(filename)
    try:
        return found is not None and found == (canonicalize_name(name), Version(version))
    except InvalidVersion:
        return False


def parse_filename(filename: str) -> tuple[str, Version] | None:
    """Return normalised name and version that a distribution's file name says; None if it is no distribution's."""
    from packaging.utils import (  # noqa: PLC0415 - the package must be importable with the standard library alone
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[:2]
        # The same rules hold for the older kinds of source distributions; only gzip and zip are known there.
        end = next((end for end in SOURCES if filename.endswith(end)), None)
        return parse_sdist_filename(filename.removesuffix(end) + ".tar.gz") if end else None
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None
