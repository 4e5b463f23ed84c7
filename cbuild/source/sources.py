"""Sources: where requests become files in the store."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbuild.errors import SourceError
from cbuild.events import Event, Report, silent
from cbuild.source.debian import ByChecksum, Pool, Repacked
from cbuild.source.fetch import Downloader
from cbuild.source.indices import Indices
from cbuild.source.places import Directory, Itself, Place, mirror
from cbuild.source.pypi import PyPI
from cbuild.source.store import Expected, Store, Stored, WrongChecksum, chunks_of, sums_of
from cbuild.source.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cbuild.source.lock import Lock
    from cbuild.source.request import Request
    from cbuild.state.home import Home

THREADS = 4


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
    ``places.mirror``. require_checksum: refuse a URL without one, unless the lock has it. lock: read for URLs without a
    checksum, and told everything that is found (the caller saves it). locked: refuse what the lock lacks.
    debian: search Debian's source archive. report: gets ``fetching`` and ``fetched``.
    One object serves one run: hosts that don't answer are remembered in it.
    """

    def __init__(
        self,
        home: Home,
        *,
        offline: bool = False,
        download_cache: Path | None = None,
        mirrors: Sequence[str] = (),
        require_checksum: bool = True,
        lock: Lock | None = None,
        locked: bool = False,
        debian: bool = True,
        report: Report = silent,
    ) -> None:
        self.offline = offline
        self._require_checksum = require_checksum
        self._lock = lock
        self._locked = locked
        self._report = report
        self._store = Store(home.sources)
        self._downloader = Downloader()
        # In the order in which they are asked; files on this machine are looked at when offline, too.
        self._here: list[Place] = [Directory(download_cache, self._store, "download-cache")] if download_cache else []
        others = [mirror(spec, self._store, self._downloader) for spec in mirrors]
        self._here += [place for place in others if isinstance(place, Directory)]
        indices = Indices(home.sources / "apt", report, offline=offline)
        self._there: list[Place] = [Itself(self._store, self._downloader)]
        self._there += [place for place in others if not isinstance(place, Directory)]
        # What a URL names by itself goes before a search, which may have to fetch indices first.
        pool: list[Place] = [Pool(self._store, indices)] if debian else []
        search: list[Place] = [ByChecksum(self._store, indices), Repacked(self._store, indices)] if debian else []
        self._there += [*pool, PyPI(self._store, self._downloader), *search]

    def lookup(self, request: Request) -> Fetched | None:
        """Return the source if it is in the store, or local (hashed each time, in one read); no connection."""
        if request.kind == "local":
            try:
                return self._local(request)
            except (Unavailable, WrongChecksum):
                return None
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
        if found := self.lookup(request):
            return found
        if request.kind == "local":
            return self._local_or_error(request)
        if self._locked and (self._lock is None or self._lock.get(request) is None):
            raise request.error(
                f"{request.shown} is not in the lock file",
                reason="not-locked",
                resolution="Build once without --locked and keep cbuild.lock under version control.",
            )
        return self._search(request)

    def fetch_all(self, requests: Iterable[Request]) -> list[Fetched]:
        """Return all of them in the order given; several are fetched at a time.

        What fails doesn't keep the others from being fetched: every failure is in the one SourceError at the end.
        """
        asked = list(requests)
        distinct = {(r.url, r.md5, r.sha256): r for r in reversed(asked)}
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="cbuild-fetch")
        try:
            done = dict(zip(distinct, pool.map(self._attempt, distinct.values()), strict=True))
        except BaseException:
            self._store.stopped.set()  # an interrupt: what runs ends at its next chunk
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        results = [(r, done[r.url, r.md5, r.sha256]) for r in asked]
        if problems := list(dict.fromkeys(p for _, p in results if isinstance(p, SourceError))):
            raise _together(problems)
        return [replace(found, request=r) for r, found in results if isinstance(found, Fetched)]

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
        return request.kind in {"debian", "pypi"} or not self._require_checksum

    def _local(self, request: Request) -> Fetched:
        path = request.path
        if not path.is_file():
            raise Unavailable("it is a directory" if path.is_dir() else "there is no such file")
        expected = Expected(request.md5, request.sha256)
        try:
            sums = sums_of(path)
            if not expected.admits(sums):
                raise WrongChecksum(sums)
            stored = self._store.find(Expected(sha256=sums.sha256))
            # Copied, not linked: whoever edits the file must not change what the store calls by the old name.
            stored = stored or self._store.add(chunks_of(path), Expected(sha256=sums.sha256), str(path))
        except OSError as problem:
            raise Unavailable(str(problem)) from None
        return self._fetched(request, stored)

    def _local_or_error(self, request: Request) -> Fetched:
        try:
            return self._local(request)
        except WrongChecksum as wrong:
            raise _mismatch(request, wrong, [], "the profile") from None
        except Unavailable as problem:
            raise request.error(
                f"{request.shown} can't be read",
                reason="source-missing",
                details=str(problem),
                resolution="Correct the path in the profile, or put the file there.",
            ) from None

    def _search(self, request: Request) -> Fetched:
        wanted = self._wanted(request)
        begin = time.monotonic()
        if not self.offline:
            self._report(Event("fetching", request.shown, request.filename or request.shown))
        tried: list[str] = []
        wrong: WrongChecksum | None = None
        for place in self._here if self.offline else [*self._here, *self._there]:
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
        raise self._failure(wanted, tried, wrong, "the profile" if request.checked else "cbuild.lock")

    def _accept(self, request: Request, wanted: Request, stored: Stored, seconds: float) -> Fetched:
        if not wanted.checked:
            if not self._may_remember(request):
                raise _unchecked(request, stored)
            self._store.remember(request.url, stored.sums.sha256)
        data: dict[str, object] = {"bytes": stored.sums.size, "from": stored.origin, "seconds": round(seconds, 3)}
        self._report(Event("fetched", request.shown, f"{stored.sums.size} bytes from {stored.origin}", data))
        return self._fetched(request, stored)

    def _failure(self, request: Request, tried: list[str], wrong: WrongChecksum | None, who: str) -> SourceError:
        if self.offline:
            return request.error(
                f"{request.shown} is not in the store, and this run is offline",
                reason="offline",
                details="\n".join(tried),
                resolution="Run once without -o, or put the file into a download-cache or a mirror directory.",
            )
        if wrong:
            return _mismatch(request, wrong, tried, who)
        sums = " ".join(
            f"{name} {value}" for name, value in (("md5", request.md5), ("sha256", request.sha256)) if value
        )
        return request.error(
            f"{request.shown} can't be had from anywhere",
            reason="source-missing",
            details="\n".join([f"wanted: {sums or 'no checksum given'}", *tried]),
            resolution="Correct the URL, or name a mirror that has a file with this checksum (mirrors, download-cache)."
            if request.checked
            else "Correct the URL, or give the checksum: mirrors are searched by checksum alone.",
        )

    def _fetched(self, request: Request, stored: Stored) -> Fetched:
        if self._lock is not None:
            self._lock.record(request, stored.sums)
        sums = stored.sums
        return Fetched(request, f"sha256:{sums.sha256}", sums.md5, sums.size, stored.path, stored.origin)


def _mismatch(request: Request, wrong: WrongChecksum, tried: list[str], who: str) -> SourceError:
    name = "sha256" if request.sha256 and request.sha256 != wrong.sums.sha256 else "md5"
    expected, found = getattr(request, name), getattr(wrong.sums, name)
    return request.error(
        f"{request.shown} has another checksum than {who} says",
        reason="checksum-mismatch",
        details="\n".join([f"expected {name}: {expected}", f"found {name}:    {found}", *tried]),
        resolution=f"If the new file is what you want, put its checksum into {who}; nothing of it was kept.",
    )


def _unchecked(request: Request, stored: Stored) -> SourceError:
    return request.error(
        f"{request.shown} has no checksum",
        reason="checksum-missing",
        details=f"{stored.sums.size} bytes were fetched:\nmd5sum = {stored.sums.md5}\nsha256 = {stored.sums.sha256}",
        resolution=f"Add this line to the section: md5sum = {stored.sums.md5}",
    )


def _together(problems: list[SourceError]) -> SourceError:
    """Return one error with all of them; the place in the profile is the first one's."""
    if len(problems) == 1:
        return problems[0]
    first = problems[0]
    reasons = {problem.reason for problem in problems}
    return SourceError(
        f"{len(problems)} sources can't be had",
        reason=first.reason if len(reasons) == 1 else "source-missing",
        details="\n\n".join(_told(problem) for problem in problems),
        resolution="\n".join(dict.fromkeys(problem.resolution for problem in problems)),
        file=first.file,
        line=first.line,
        section=first.section,
        option=first.option,
    )


def _told(problem: SourceError) -> str:
    where = f"{problem.file}:{problem.line}: " if problem.file else ""
    section = f"[{problem.section}] " if problem.section else ""
    details = "".join(f"\n  {line}" for line in problem.details.splitlines())
    return f"{where}{section}{problem.brief} ({problem.reason}){details}"
