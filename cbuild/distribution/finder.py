"""Which files there are of a project, and what they need: from the lock, then from the indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cbuild.distribution import metadata
from cbuild.distribution.rules import normal
from cbuild.distribution.target import Target
from cbuild.errors import SourceError
from cbuild.source import Lock, LockedDistribution, Request, Sources
from cbuild.source.pypi import parse_filename
from cbuild.source.store import sums_of

if TYPE_CHECKING:
    from packaging.version import Version

    from cbuild.source.index import Link, Problem


@dataclass(frozen=True)
class Candidate:
    """One file of a project. rank: less is better; extras: those that are asked for; locked: the lock has it."""

    name: str
    version: Version
    request: Request
    rank: int
    yanked: bool = False
    locked: bool = False
    extras: frozenset[str] = frozenset()


@dataclass
class Finder:
    """Looks for a project's files.

    sources: fetches; told by the profile where to look. lock: what was chosen before. anew: look at the indices, too;
    otherwise only at the lock. wheels: leave source distributions out. sourced: projects whose wheels are left out.
    problems: by project, what pages said that couldn't be read. said: what candidates say about themselves, by URL.
    """

    sources: Sources
    lock: Lock
    target: Target
    anew: bool
    wheels: bool = False
    sourced: frozenset[str] = frozenset()
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    said: dict[str, LockedDistribution] = field(default_factory=dict)
    _known: dict[str, list[Candidate]] = field(default_factory=dict)

    def candidates(self, project: str) -> list[Candidate]:
        """Return what fits the target: what is locked first, then the newest first, wheels before sources."""
        if project not in self._known:
            found = {candidate.request.url: candidate for candidate in self._found(project)}
            found |= {candidate.request.url: candidate for candidate in self._locked(project)}
            order = sorted(found.values(), key=lambda one: (one.locked, one.version, -one.rank), reverse=True)
            self._known[project] = order
        return self._known[project]

    def metadata(self, candidate: Candidate) -> LockedDistribution:
        """Return what a candidate says about itself; fetches it unless the lock knows."""
        url = candidate.request.url
        if url not in self.said:
            self.said[url] = self.lock.distributions[url] if candidate.locked else self._read(candidate.request)
        return self.said[url]

    def _read(self, request: Request) -> LockedDistribution:
        fetched = self.sources.fetch(request)
        try:
            found = metadata.read(fetched.path, request.filename)
        except ValueError as problem:
            raise SourceError(
                f"{request.filename} is no Python distribution: {problem}.", reason="bad-distribution",
                resolution="Pin another version, or take the file out of find-links.",
            ) from None  # fmt: skip
        return LockedDistribution(found.requires, found.python, found.build)

    def _locked(self, project: str) -> Iterator[Candidate]:
        for url, said in self.lock.distributions.items():
            request = Request(url)
            entry = self.lock.get(request)
            if entry and normal(request.pypi[0]) == project and self.target.admits(said.python):
                yield from self._candidate(project, Request(url, sha256=entry.sha256), locked=True)

    def _found(self, project: str) -> Iterator[Candidate]:
        if not self.anew:
            return
        for _, links in self.sources.links(project, self.problems.setdefault(project, [])):
            for link in links:
                if self.target.admits(link.python):
                    yield from self._linked(project, link)

    def _linked(self, project: str, link: Link) -> Iterator[Candidate]:
        if "/" not in link.filename and not link.filename.startswith("."):
            parts = urlsplit(link.url)
            sha256 = link.sha256
            if sha256 is None and parts.scheme == "file" and self.sources.offline:
                # Without a checksum no file of a download cache counts.
                path = Path(url2pathname(parts.path))
                if not path.is_file():
                    return  # a page that is older than the directory
                sha256 = sums_of(path).sha256
            request = Request(f"pypi:{project}/{link.filename}", sha256=sha256)
            yield from self._candidate(project, request, yanked=link.yanked)

    def _candidate(
        self, project: str, request: Request, *, yanked: bool = False, locked: bool = False
    ) -> Iterator[Candidate]:
        named = parse_filename(request.filename)
        is_wheel = request.filename.endswith(".whl")
        if named is None or named[0] != project or (project in self.sourced if is_wheel else self.wheels):
            return
        rank = self.target.rank(request.filename)
        if rank is not None:
            yield Candidate(project, named[1], request, rank, yanked, locked)
