"""The indices of every suite that may have a source, kept in the store and refreshed when they are old."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from cbuild.events import Event, Report
from cbuild.source import apt
from cbuild.source.aptindex import Index, PoolFile, build, parse
from cbuild.source.unavailable import Unavailable

WEEK = 7 * 86400.0
"""Seconds after which an index is refreshed before it is used."""
DAY = 86400.0
"""Seconds after which an index that lacks a file is refreshed: it may have come since."""
Question = Callable[[Index], list[PoolFile]]
Found = tuple[apt.Suite, PoolFile]


class Indices:
    """The databases below directory (Home.sources/apt), one a suite.

    suites: instead of what apt is configured with.
    """

    def __init__(self, directory: Path, report: Report, *, suites: tuple[apt.Suite, ...] | None = None) -> None:
        self.directory = directory
        self._report = report
        self._suites = suites
        self._lock = threading.Lock()
        self._refreshed: dict[apt.Suite, str] = {}

    def suites(self) -> tuple[apt.Suite, ...]:
        """Return the suites in the order in which they are asked; Unavailable if there is no apt."""
        with self._lock:
            if self._suites is None:
                if not apt.available():
                    raise Unavailable("this machine has no apt")
                self._suites = apt.suites(apt.configured())
            return self._suites

    def find(self, question: Question) -> Iterator[Found]:
        """Give the answers: from the indices that are there and fresh first, then from those that have to be fetched.

        Each suite's index is fetched only when the caller was not content with the answers before.
        """
        suites = self.suites()
        seen: set[tuple[str, str]] = set()
        for oldest, fetch in ((WEEK, False), (DAY, True)):
            for suite in suites:
                if fetch and not self._refresh(suite, oldest):
                    continue
                if not fetch and self._age(suite) > oldest:
                    continue
                for file in self._ask(suite, question):
                    # An index lists what another one listed, too: a place is tried once.
                    if (suite.uri, file.directory + file.name) not in seen:
                        seen.add((suite.uri, file.directory + file.name))
                        yield suite, file

    def problems(self) -> list[str]:
        """Return what kept an index from being fetched, in this run."""
        return [f"{suite.name}: {problem}" for suite, problem in self._refreshed.items() if problem]

    def _ask(self, suite: apt.Suite, question: Question) -> list[PoolFile]:
        path = self._path(suite)
        if not path.exists():
            return []
        try:
            with closing(Index(path)) as index:
                return question(index)
        except sqlite3.Error:
            path.unlink(missing_ok=True)  # damaged, whatever damaged it: it is fetched again
            return []

    def _refresh(self, suite: apt.Suite, oldest: float) -> bool:
        """Fetch the suite's index if it is older than that, once a run; return whether this run did."""
        with self._lock:
            if suite in self._refreshed:
                return not self._refreshed[suite]
            if self._age(suite) <= oldest:
                return False
            self._refreshed[suite] = ""
            try:
                self._fetch(suite)
            except Unavailable as problem:
                self._refreshed[suite] = str(problem)
                return False
            return True

    def _fetch(self, suite: apt.Suite) -> None:
        subject, what = f"{suite.uri} {suite.name}", f"Debian's index of sources, {suite.name}."
        self._report(Event("fetching", subject, f"Fetching {what}"))
        begin = time.monotonic()
        with apt.sources_index(suite, self.directory) as text:
            handle, name = tempfile.mkstemp(dir=self.directory, prefix="index.")
            os.close(handle)
            temporary = Path(name)
            try:
                build(temporary, parse(text))
                temporary.chmod(0o644)
                temporary.replace(self._path(suite))
            finally:
                temporary.unlink(missing_ok=True)
        size = self._path(suite).stat().st_size
        data: dict[str, object] = {"bytes": size, "seconds": round(time.monotonic() - begin, 3), "from": suite.uri}
        self._report(Event("fetched", subject, f"Fetched {what}", data))

    def _age(self, suite: apt.Suite) -> float:
        """Return the seconds since the index was fetched; infinite if it never was."""
        try:
            return time.time() - self._path(suite).stat().st_mtime
        except OSError:
            return float("inf")

    def _path(self, suite: apt.Suite) -> Path:
        return self.directory / (re.sub(r"[^A-Za-z0-9.-]+", "_", f"{suite.uri}{suite.name}") + ".sqlite")
