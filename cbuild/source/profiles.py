"""The files of a profile that are URLs: fetched like any source, kept in the store, pinned in cbuild.lock (EXT-8).

A URL that the lock has is that file and no other: it comes from the store, or from wherever its checksum is found. One
that the lock doesn't have is asked anew in each run, as in buildout. What it gave last is taken when nothing may be
opened; and with ``extends-cache`` when it doesn't answer or nothing newer is wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cbuild.canonical import write_atomic
from cbuild.errors import SourceError
from cbuild.events import Event, Report, silent
from cbuild.source.lock import Lock
from cbuild.source.places import is_mirror
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

        settings: ``offline``, ``install-from-cache``, ``newest``, ``extends-cache`` (absolute), ``mirrors`` of
        [buildout]. SourceError: ``source-missing``, ``offline``, ``not-locked``, ``checksum-mismatch``,
        ``url-unsupported``, ``no-cache-directory``.
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
        copy = _copy(request, settings)
        known = sources.remembered(request) or self._in_cache(request, sources, copy)
        if known is not None and (sources.offline or (copy and settings.get("newest") == "false")):
            return known
        try:
            found = sources.fetch(request)
        except SourceError as error:
            if known is None or self._renew:
                raise
            if copy is None:
                error.resolution = f"With -o cbuild takes what it gave last. {error.resolution}".rstrip()
                raise
            self._report(Event("warning", request.shown, f"{error.brief}: taken as it was when it was last fetched."))
            return known
        if copy is not None:
            write_atomic(copy, found.path.read_bytes())
        return found

    def _in_cache(self, request: Request, sources: Sources, copy: Path | None) -> Fetched | None:
        """Return buildout's own copy of the URL, if it has one."""
        if copy is None or not copy.is_file():
            return None
        return sources.fetch(replace(request, sha256=hashlib.sha256(copy.read_bytes()).hexdigest()))

    def _sources(self, settings: Mapping[str, str], kind: type[Sources]) -> Sources:
        offline = "true" in (settings.get("offline"), settings.get("install-from-cache"))
        cache = settings.get("extends-cache", "")
        # What can't be a mirror is told when the profile is read as a whole (cbuild.build.prepare).
        mirrors = (*([cache] if cache else []), *filter(is_mirror, settings.get("mirrors", "").split()))
        key = (offline, mirrors, kind)
        if key not in self._made:
            self._made[key] = kind(
                self._home, offline=offline, mirrors=mirrors, require_checksum=False, debian=False, report=self._report,
                lock=self._lock if kind is Sources else None, locked=self._locked,
            )  # fmt: skip
        return self._made[key]


def _copy(request: Request, settings: Mapping[str, str]) -> Path | None:
    """Return buildout's name for its copy of a URL (EXT-8); SourceError if there is no such directory."""
    cache = settings.get("extends-cache", "")
    if not cache:
        return None
    if not Path(cache).is_dir():
        raise request.error(
            f"There is no directory {cache} for extends-cache.",
            reason="no-cache-directory",
            resolution="Make it, or take the option out: cbuild keeps what it fetches in its own store.",
        )
    return Path(cache) / hashlib.md5(request.url.encode(), usedforsecurity=False).hexdigest()


class _Newest(Sources):
    """Sources without a lock that ask a URL without a checksum anew, although they remember what it gave."""

    def lookup(self, request: Request) -> Fetched | None:
        """Return the source if it is in the store and its checksum is known."""
        return super().lookup(request) if request.checked else None

    def remembered(self, request: Request) -> Fetched | None:
        """Return what the URL gave when it was last fetched."""
        return super().lookup(request)
