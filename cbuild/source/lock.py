"""cbuild.lock: the checksums of everything that a profile was ever built from, beside the profile."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cbuild.canonical import write_atomic
from cbuild.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cbuild.source.request import Request
    from cbuild.source.store import Sums

VERSION = 1

_T = TypeVar("_T")

_SUMS = {"md5": "[0-9a-f]{32}", "sha256": "[0-9a-f]{64}"}
_COMMIT = "[0-9a-f]{40,64}"


@dataclass(frozen=True)
class Locked:
    """What a URL gave: bare hex digits, and the size in bytes."""

    md5: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LockedDistribution:
    """What a Python distribution says about itself; its checksum is that of the URL ``pypi:NAME/FILE``.

    requires: requirements, with markers; python: the Pythons that it is for; build: what it takes to build it.
    """

    requires: tuple[str, ...] = ()
    python: str = ""
    build: tuple[str, ...] = ()


class Lock:
    """URL -> checksums. JSON with sorted keys, so that a file under version control changes only where it must.

    Sources reads it and records in it; whoever made it calls ``save``. distributions: those that were chosen, by URL.
    commits: what a branch or tag of a git repository was at, by URL.
    """

    def __init__(
        self,
        path: Path,
        sources: dict[str, Locked] | None = None,
        data: bytes | None = None,
        distributions: dict[str, LockedDistribution] | None = None,
        commits: dict[str, str] | None = None,
    ) -> None:
        self.path = path
        self.distributions = distributions or {}
        self.commits = commits or {}
        self._sources = sources or {}
        self._data = data
        self._known = {*self._sources, *self.distributions, *self.commits}

    @classmethod
    def load(cls, path: Path) -> Lock:
        """Return the file's content, empty without a file; UsageError ``lock-damaged`` or ``lock-version``."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls(path)
        except OSError as problem:
            if problem.errno not in {errno.EISDIR, errno.ELOOP}:
                raise
            raise _damaged(path, str(problem.strerror)) from None
        try:
            document = json.loads(data)
            if document["version"] != VERSION:
                raise UsageError(
                    f"{path} has version {document['version']}, this cbuild knows {VERSION}",
                    reason="lock-version",
                    resolution="Use the cbuild that wrote it, or delete it and build again.",
                    file=str(path),
                )
            sources = {url: _source(url, entry) for url, entry in document["sources"].items()}
            distributions = {url: _distribution(entry) for url, entry in document.get("distributions", {}).items()}
            commits = {url: _matching(_COMMIT, commit, url) for url, commit in document.get("commits", {}).items()}
        except json.JSONDecodeError as problem:
            raise _damaged(path, str(problem), problem.lineno) from None
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise _damaged(path, str(problem)) from None
        return cls(path, sources, data, distributions, commits)

    def get(self, request: Request) -> Locked | None:
        """Return what is recorded for the request's URL, unless the profile now gives another checksum."""
        entry = self._sources.get(request.shown)
        if entry is None or request.md5 not in {None, entry.md5} or request.sha256 not in {None, entry.sha256}:
            return None
        return entry

    def record(self, request: Request, sums: Sums) -> None:
        """Record what the request gave. A local file's path says nothing on another machine: it isn't recorded."""
        if request.kind != "local":
            self._sources[request.shown] = Locked(sums.md5, sums.sha256, sums.size)

    def forget(self, request: Request) -> None:
        """Take the URL's entry out."""
        self._sources.pop(request.shown, None)

    def save(self) -> bool:
        """Write the file if its bytes change (and never an empty one); return whether it was written.

        What another run has added meanwhile stays.
        """
        self._take_over()
        document: dict[str, object] = {
            "sources": {url: asdict(entry) for url, entry in self._sources.items()},
            "version": VERSION,
        }
        if self.distributions:
            document["distributions"] = {url: _said(entry) for url, entry in self.distributions.items()}
        if self.commits:
            document["commits"] = self.commits
        data = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
        if data == self._data or (self._data is None and not self._sources):
            return False
        write_atomic(self.path, data)
        self._data = data
        return True

    def _take_over(self) -> None:
        """Take the entries that have come into the file since it was loaded."""
        if not self.path.exists() or self.path.read_bytes() == self._data:
            return
        now = Lock.load(self.path)
        self._add(self._sources, now._sources)  # noqa: SLF001 - its own class
        self._add(self.distributions, now.distributions)
        self._add(self.commits, now.commits)
        self._data = now._data  # noqa: SLF001

    def _add(self, mine: dict[str, _T], theirs: dict[str, _T]) -> None:
        for url, entry in theirs.items():
            if url not in self._known:
                mine.setdefault(url, entry)


def _damaged(path: Path, details: str, line: int | None = None) -> UsageError:
    return UsageError(
        f"{path} is damaged",
        reason="lock-damaged",
        details=details,
        resolution="Restore it from version control, or delete it and build again.",
        file=str(path),
        line=line,
    )


def _source(url: str, entry: dict[str, Any]) -> Locked:
    """Return an entry of ``sources``; ValueError, KeyError or TypeError for one that cbuild can't have written."""
    size = entry["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or len(entry) > len(_SUMS) + 1:
        raise ValueError(f"{url}: {entry} is no md5, sha256 and size")
    md5, sha256 = (_matching(form, entry[name], f"{url}: {name}") for name, form in _SUMS.items())
    return Locked(md5, sha256, size)


def _matching(form: str, value: object, what: str) -> str:
    """Return a value that is a text of this form; ValueError for another."""
    if not isinstance(value, str) or not re.fullmatch(form, value):
        raise ValueError(f"{what} is {value!r}"[:300])
    return value


def _distribution(entry: dict[str, Any]) -> LockedDistribution:
    requires, python, build = entry.get("requires", []), entry.get("python", ""), entry.get("build", [])
    if not isinstance(python, str) or not all(isinstance(one, list) for one in (requires, build)):
        raise TypeError(f"{entry} is no distribution"[:300])
    if not all(isinstance(one, str) for one in (*requires, *build)):
        raise TypeError(f"{entry} is no distribution"[:300])
    return LockedDistribution(tuple(requires), python, tuple(build))


def _said(entry: LockedDistribution) -> dict[str, object]:
    """Return the entry without what is empty."""
    return {name: value for name, value in asdict(entry).items() if value}
