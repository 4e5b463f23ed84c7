"""Sources: where requests become files in the store."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cbuild.errors import FULL, SourceError
from cbuild.events import Event, Report, silent
from cbuild.source import problems
from cbuild.source.store import Expected, Store, Stored, WrongChecksum, chunks_of, sums_of
from cbuild.source.threads import each
from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cbuild.source.index import Link, Problem
    from cbuild.source.lock import Lock
    from cbuild.source.request import Request
    from cbuild.source.search import Places
    from cbuild.state.home import Home

THREADS = 4
Key = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Fetched:
    """A source that is here.

    sha256: ``sha256:<hex>``; md5: hex; size in bytes. path: in the store, read-only, named by content.
    origin: where the bytes were first had from, for people.
    """

    request: Request
    sha256: str
    md5: str
    size: int
    path: Path
    origin: str


class Sources:
    """Finds sources in the store, a download cache, at their URLs, and on mirrors by checksum, in this order.

    offline: open nothing. download_cache: buildout's directory. mirrors: directories and URL templates, see
    ``places.mirror``. links, index: ``find-links`` and ``index``, see ``search.places``. require_checksum: refuse a URL
    without one, unless the lock has it. lock: read for URLs without a checksum, and told everything that is found (the
    caller saves it). locked: refuse what the lock lacks. debian: search Debian's source archive. timeout: seconds
    without a byte after which a connection is dead. report: gets ``fetching`` and ``fetched``.
    One object serves one run: hosts that don't answer are remembered in it.
    """

    def __init__(
        self,
        home: Home,
        *,
        offline: bool = False,
        download_cache: Path | None = None,
        mirrors: Sequence[str] = (),
        links: Sequence[str] = (),
        index: str = "",
        require_checksum: bool = True,
        lock: Lock | None = None,
        locked: bool = False,
        debian: bool = True,
        timeout: float | None = None,
        report: Report = silent,
    ) -> None:
        self.offline = offline
        self._require_checksum = require_checksum
        self._lock = lock
        self._locked = locked
        self._report = report
        self._store = Store(home.sources)
        self._links = list(links)
        self._options = (download_cache, tuple(mirrors), self._links, index, debian, timeout)

    @cached_property
    def _places(self) -> Places:
        # Everything about networks takes a tenth of a second to import, and most runs need nothing of it.
        from cbuild.source.search import places  # noqa: PLC0415 - see above

        download_cache, mirrors, links, index, debian, timeout = self._options
        return places(
            self._store, download_cache=download_cache, mirrors=mirrors, links=links, index=index, debian=debian,
            timeout=timeout, report=self._report,
        )  # fmt: skip

    def look_at(self, links: Iterable[str]) -> None:
        """Look for Python distributions at links, too; offline nothing is opened but the download cache.

        The list is the index's own.
        """
        self._links += [link for link in links if link not in self._links and not self.offline]

    def links(self, project: str, problems: list[Problem]) -> Iterator[tuple[str, list[Link]]]:
        """Give the pages that have files of a Python project, those that go first first; see ``Index.pages``."""
        return self._places.index.pages(project, problems)

    def lookup(self, request: Request) -> Fetched | None:
        """Return the source if it is in the store, or local (hashed each time, in one read); no connection."""
        if request.kind == "local":
            try:
                return self._local(request)
            except (Unavailable, WrongChecksum):
                return None
        request = self._at_commit(request) or request
        wanted = self._wanted(request)
        expected = Expected(wanted.md5, wanted.sha256)
        if not wanted.checked and self._may_remember(request):
            expected = Expected(sha256=self._store.remembered(request.url))
        stored = self._store.find(expected)
        return self._fetched(request, stored) if stored else None

    def fetch(self, request: Request) -> Fetched:
        """Return the source, fetched if it has to be.

        SourceError: ``source-missing`` (with every place that was tried), ``checksum-mismatch``, ``checksum-missing``,
        ``offline``, ``not-locked``.
        """
        if request.kind == "local":
            return self._local_or_error(request)
        request = self._at_commit(request) or self._ask_commit(request)
        if self._locked and (self._lock is None or self._lock.get(request) is None):
            raise problems.not_locked(request)
        return self.lookup(request) or self._search(request)

    def fetch_all(self, requests: Iterable[Request]) -> list[Fetched]:
        """Return all of them in the order given; several are fetched at a time.

        What fails doesn't keep the others from being fetched: every failure is in the one SourceError at the end.
        """
        asked = list(requests)
        # What is here already (all of it, as a rule) is not worth a thread.
        done = {_key(request): self._attempt(request) for request in asked if self._at_hand(request)}
        distinct = {_key(request): request for request in reversed(asked) if _key(request) not in done}
        if distinct:
            done |= self._fetch_several(distinct)
        results = [(request, done[_key(request)]) for request in asked]
        if failed := list(dict.fromkeys(result for _, result in results if isinstance(result, SourceError))):
            raise problems.together(failed)
        return [replace(found, request=request) for request, found in results if isinstance(found, Fetched)]

    def _at_hand(self, request: Request) -> bool:
        """Return whether fetching it needs no connection; a local file isn't read for that."""
        return self.offline or request.kind == "local" or self.lookup(request) is not None

    def _fetch_several(self, requests: dict[Key, Request]) -> dict[Key, Fetched | SourceError]:
        _ = self._places  # made once, by this thread: a mistake in the mirrors is no source's error
        return each(self._attempt, requests, THREADS, self._store.stopped)

    def _attempt(self, request: Request) -> Fetched | SourceError:
        try:
            return self.fetch(request)
        except SourceError as problem:
            return problem

    def _wanted(self, request: Request) -> Request:
        """Return the request with what the lock knows about it."""
        entry = self._lock.get(request) if self._lock else None
        return replace(request, md5=entry.md5, sha256=entry.sha256) if entry else request

    def _may_remember(self, request: Request) -> bool:
        """Return whether a URL without a checksum may be answered from memory: these never change what they name."""
        if request.kind == "pypi" and request.filename:
            return False  # a directory of links may have another file of that name tomorrow; the lock says which
        return request.kind in {"debian", "pypi"} or request.git.pinned or not self._require_checksum

    def _at_commit(self, request: Request) -> Request | None:
        """Return the request with the commit that the lock has for a branch, None if it has none."""
        if request.kind != "git" or request.git.pinned:
            return request
        commit = self._lock.commits.get(request.shown) if self._lock else None
        return replace(request, url=request.git.at(commit)) if commit else None

    def _ask_commit(self, request: Request) -> Request:
        """Return the request with the commit that a branch is at now, which the lock has from now on."""
        if self._locked:
            raise problems.not_locked(request)
        if self.offline:
            raise problems.offline(request, [])
        from cbuild.source.git import commit_of  # noqa: PLC0415 - as _places

        try:
            commit = commit_of(request.git)
        except Unavailable as problem:
            raise problems.missing(request, [str(problem)]) from None
        if self._lock:
            self._lock.commits[request.shown] = commit
        return replace(request, url=request.git.at(commit))

    def _local(self, request: Request) -> Fetched:
        path = request.path
        expected = Expected(request.md5, request.sha256)
        try:
            if not path.is_file():
                raise Unavailable("it is a directory" if path.is_dir() else "there is no such file")
            sums = sums_of(path)
            if not expected.admits(sums):
                raise WrongChecksum(sums)
            stored = self._store.find(Expected(sha256=sums.sha256))
            # Copied, not linked: whoever edits the file must not change what the store calls by the old name.
            stored = stored or self._store.add(chunks_of(path), Expected(sha256=sums.sha256), str(path))
        except OSError as problem:
            if problem.errno in FULL:
                raise
            raise Unavailable(str(problem)) from None
        return self._fetched(request, stored)

    def _local_or_error(self, request: Request) -> Fetched:
        try:
            return self._local(request)
        except WrongChecksum as wrong:
            raise problems.mismatch(request, wrong, [], "the profile") from None
        except Unavailable as problem:
            raise problems.unreadable(request, str(problem)) from None

    def _search(self, request: Request) -> Fetched:
        wanted = self._wanted(request)
        begin = time.monotonic()
        if not self.offline:
            self._report(Event("fetching", request.shown, f"Fetching {request.filename or request.shown}."))
        tried: list[str] = []
        wrong: WrongChecksum | None = None
        for place in self._places.here if self.offline else (*self._places.here, *self._places.there):
            if self._store.stopped.is_set() or not place.serves(wanted):
                continue
            try:
                stored = place.get(wanted)
            except Unavailable as problem:
                tried.append(f"{place.name(wanted)}: {problem}")
            except WrongChecksum as problem:
                wrong = wrong or problem
                tried.append(f"{place.name(wanted)}: another file: {problem}")
                if request.kind != "remote":
                    break  # archives don't change what a name stands for: the checksum is the mistake
            else:
                return self._accept(request, wanted, stored, time.monotonic() - begin)
        if self.offline:
            raise problems.offline(wanted, tried)
        if wrong:
            raise problems.mismatch(wanted, wrong, tried, "the profile" if request.checked else "cbuild.lock")
        raise problems.missing(wanted, tried)

    def _accept(self, request: Request, wanted: Request, stored: Stored, seconds: float) -> Fetched:
        if not wanted.checked:
            if self._may_remember(request):
                self._store.remember(request.url, stored.sums.sha256)
            elif request.kind != "pypi":
                raise problems.unchecked(request, stored)
        data: dict[str, object] = {"bytes": stored.sums.size, "from": stored.origin, "seconds": round(seconds, 3)}
        message = f"Fetched {request.filename or request.shown} ({stored.sums.size} bytes, from {stored.origin})."
        self._report(Event("fetched", request.shown, message, data))
        return self._fetched(request, stored)

    def _fetched(self, request: Request, stored: Stored) -> Fetched:
        if self._lock is not None and not self._locked:
            self._lock.record(request, stored.sums)
        sums = stored.sums
        return Fetched(request, f"sha256:{sums.sha256}", sums.md5, sums.size, stored.path, stored.origin)


def _key(request: Request) -> Key:
    return request.url, request.md5, request.sha256
