"""The files of a profile that are URLs: fetched like any source, kept in the store, pinned in cbuild.lock (EXT-8).

A URL that the lock has is that file and no other: it comes from the store, or from wherever its checksum is found. One
that the lock doesn't have is asked anew in each run, as in buildout; if it doesn't answer, its last content is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cbuild.errors import SourceError
from cbuild.events import Event, Report, silent
from cbuild.source.lock import Lock
from cbuild.source.request import Request
from cbuild.source.sources import Fetched, Sources
from cbuild.source.store import Sums
from cbuild.state.home import Home

MAX_SIZE = 1 << 26
"""Bytes of one file, as of a local one."""


class ProfileFiles:
    """Reads URLs for ``cbuild.profile.load``; ``save`` then pins what was read.

    lock: the lock file beside the profile. locked: refuse what it lacks. renew: ask every URL anew, whatever the lock
    says of it. report: gets what Sources report, and a ``warning`` when an old copy has to do.
    """

    def __init__(
        self, home: Home, lock: Path, *, locked: bool = False, renew: bool = False, report: Report = silent
    ) -> None:
        self._home = home
        self._lock = Lock.load(lock)
        self._locked = locked
        self._renew = renew
        self._report = report
        self._made: dict[tuple[object, ...], Sources] = {}

    def __call__(self, url: str, settings: Mapping[str, str]) -> bytes:
        """Return the bytes at url.

        settings: ``offline``, ``install-from-cache``, ``newest``, ``extends-cache``, ``mirrors`` of [buildout].
        SourceError: ``source-missing``, ``offline``, ``not-locked``, ``checksum-mismatch``, ``url-unsupported``.
        """
        request = Request(url)
        if self._renew:
            self._lock.forget(request)
        pinned = self._locked or request.checked or self._lock.get(request) is not None
        sources = self._sources(settings, Sources if pinned else _Newest)
        try:
            if isinstance(sources, _Newest):
                found = self._unpinned(request, sources, settings)
            else:
                found = sources.fetch(request)
        except SourceError as error:
            if error.reason == "checksum-mismatch" and not request.checked:
                error.resolution = (
                    "If the file as it is now is what you want, run `cbuild software --update-lock`, or take its"
                    " entry out of cbuild.lock; nothing of it was kept."
                )
            raise
        if found.size > MAX_SIZE:
            raise request.error(f"{request.shown} is larger than {MAX_SIZE} bytes", reason="source-missing")
        self._lock.record(request, Sums(found.md5, found.sha256.removeprefix("sha256:"), found.size))
        return found.path.read_bytes()

    def save(self) -> None:
        """Write the lock file, if something is new in it."""
        if not self._locked:
            self._lock.save()

    def _unpinned(self, request: Request, sources: _Newest, settings: Mapping[str, str]) -> Fetched:
        known = sources.remembered(request) or self._in_cache(request, sources, settings)
        if known is not None and (sources.offline or settings.get("newest") == "false"):
            return known
        try:
            return sources.fetch(request)
        except SourceError as error:
            if known is None or self._renew:
                raise
            self._report(Event("warning", request.shown, f"{error.brief}: taken as it was when it was last fetched."))
            return known

    def _in_cache(self, request: Request, sources: Sources, settings: Mapping[str, str]) -> Fetched | None:
        """Return buildout's own copy of the URL, if there is an ``extends-cache`` that has one."""
        cache = settings.get("extends-cache", "").strip()
        path = Path(cache).expanduser() / hashlib.md5(request.url.encode(), usedforsecurity=False).hexdigest()
        if not cache or not path.is_file():
            return None
        return sources.fetch(replace(request, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))

    def _sources(self, settings: Mapping[str, str], kind: type[Sources]) -> Sources:
        offline = "true" in (settings.get("offline"), settings.get("install-from-cache"))
        cache = settings.get("extends-cache", "").strip()
        mirrors = (*([str(Path(cache).expanduser().absolute())] if cache else []), *settings.get("mirrors", "").split())
        key = (offline, mirrors, kind)
        if key not in self._made:
            self._made[key] = kind(
                self._home, offline=offline, mirrors=mirrors, require_checksum=False, debian=False, report=self._report,
                lock=self._lock if kind is Sources else None, locked=self._locked,
            )  # fmt: skip
        return self._made[key]


class _Newest(Sources):
    """Sources without a lock that ask a URL without a checksum anew, although they remember what it gave."""

    def lookup(self, request: Request) -> Fetched | None:
        """Return the source if it is in the store and its checksum is known."""
        return super().lookup(request) if request.checked else None

    def remembered(self, request: Request) -> Fetched | None:
        """Return what the URL gave when it was last fetched."""
        return super().lookup(request)
